"""What programs read of the standard library pool's private parts, as views of the engine."""

# ruff: noqa: ARG002  # the arguments are the standard library's
from __future__ import annotations

import queue
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from threadmill._call import Call
from threadmill._core import Engine
from threadmill._executor_map import ExecutorMap
from threadmill._future import FutureCore
from threadmill._workers import Crew


class TaskQueue:
    """`pool._taskqueue` and `pool._inqueue`: how much is queued. Nothing can be put or got here."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def qsize(self) -> int:
        """The number of entries that wait for a worker; a map or imap is one entry."""
        return self._engine.qsize()

    def empty(self) -> bool:
        return self.qsize() == 0


class ResultQueue:
    """`pool._outqueue`: workers hand their results over themselves, so it is always empty."""

    def qsize(self) -> int:
        return 0

    def empty(self) -> bool:
        return True

    def get(self, *_: Any) -> NoReturn:
        raise queue.Empty


class Cache:
    """`pool._cache`: true while work is queued or a worker is awake."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __len__(self) -> int:
        return self._engine.qsize() + self._engine.busy()


if TYPE_CHECKING:
    Queued = Call | ExecutorMap


class NoFuture:
    """In the place of the future that an `executor.map` does not have."""

    def __init__(self, job: Queued) -> None:
        self._job = job

    def cancel(self) -> bool:
        return self._job._cancel()


class WorkItem:
    """What `executor._work_queue` gives: a task that waits, or a whole map, with all versions' names."""

    def __init__(self, job: Queued) -> None:
        self.job: Queued | None = job
        self.future = job if isinstance(job, FutureCore) else NoFuture(job)
        self.fn: Callable[..., Any]
        self.args: tuple[Any, ...]
        self.kwargs: Mapping[str, Any]
        self.task = self.fn, self.args, self.kwargs = job._task()


class WorkQueue(TaskQueue):
    """`executor._work_queue`: tasks that wait can be taken out, and put back."""

    def __init__(self, engine: Engine, put_foreign: Callable[[Any], None]) -> None:
        super().__init__(engine)
        self._put_foreign = put_foreign

    def get(self, block: bool = True, timeout: float | None = None) -> WorkItem:
        """The first task that waits. queue.Empty if there is none: unlike the standard library's, it does
        not block, as only workers may wait here."""
        job = self._engine.take()
        if job is None:
            raise queue.Empty
        return WorkItem(job)

    def get_nowait(self) -> WorkItem:
        return self.get(block=False)

    def put(self, item: WorkItem | None, block: bool = True, timeout: float | None = None) -> None:
        """Queues a task that was taken out. None, which would wake the standard library's workers, is
        ignored."""
        if isinstance(item, WorkItem):
            job, item.job = item.job, None  # once
            if job is not None:
                self._engine.put(job)
        elif item is not None:
            self._put_foreign(item)

    put_nowait = put


class IdleSemaphore:
    """`executor._idle_semaphore`: how many workers sleep. It cannot be acquired: nobody counts by it."""

    def __init__(self, engine: Engine, crew: Crew) -> None:
        self._engine = engine
        self._crew = crew

    @property
    def _value(self) -> int:
        return max(0, len(self._crew.started_threads()) - self._engine.busy())

    def acquire(self, blocking: bool = True, timeout: float | None = None) -> bool:
        return False

    def release(self, n: int = 1) -> None:
        pass
