"""`threadmill.ThreadPoolExecutor`: the face of `concurrent.futures.ThreadPoolExecutor` on its engine."""

from __future__ import annotations

import concurrent.futures
import itertools
import math
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, cast

from threadmill import _exit, _views
from threadmill._core import Engine
from threadmill._executor import ExecutorCore, is_patched
from threadmill._map_by_submit import map_by_submit
from threadmill._pool import check_buffersize
from threadmill._workers import BROKEN, MOST_WORKERS, Crew

if TYPE_CHECKING:
    from threadmill.pool import ThreadPool

T = TypeVar("T")

# The standard library's default: the CPUs this process may use, as far as the version knows them.
_cpu_count: Callable[[], int | None] = getattr(os, "process_cpu_count", os.cpu_count)

_SUBMIT = ExecutorCore.submit  # whatever is put in its place, even in the class, `map` goes through
_lock = threading.RLock()  # protects the making of each executor's own lock; signal handlers may want it too


class ThreadPoolExecutor(ExecutorCore, concurrent.futures.ThreadPoolExecutor):
    """A pool of up to `max_workers` threads (None: four more than CPUs, at most 32), with the methods,
    messages and guarantees of `concurrent.futures.ThreadPoolExecutor`.

    Threads start when there is work for them, are named after `thread_name_prefix`, and call
    `initializer(*initargs)` first. Each task runs in a copy of the contextvars context in which it was
    submitted; with `context=False`, in the one of its thread, as in the standard library. When the
    interpreter exits, `at_exit="wait"` has all that is queued done, as the standard library has; "cancel"
    cancels it and waits for what runs; "abandon" does not wait either.

    Where it differs from the standard library: a callback that raises SystemExit does not end its worker;
    `map` takes `buffersize` on all versions, and keeps to it strictly. It starts its threads itself, so
    `_work_queue` cannot be replaced, nor `_adjust_thread_count` overridden: that raises TypeError."""

    if TYPE_CHECKING:  # inherited, but typeshed has it not
        _counter: Callable[[], int]

    def __init__(
        self,
        max_workers: int | None = None,
        thread_name_prefix: str = "",
        initializer: Callable[..., object] | None = None,
        initargs: Iterable[Any] = (),
        *,
        context: bool = True,
        at_exit: _exit.Policy = "wait",
    ) -> None:
        _exit.check(at_exit)
        if max_workers is None:
            max_workers = min(32, (_cpu_count() or 1) + 4)
        if max_workers <= 0:
            raise ValueError("max_workers must be greater than 0")
        if initializer is not None and not callable(initializer):
            raise TypeError("initializer must be a callable")
        for name in ("_adjust_thread_count", "prepare_context"):
            if _function(type(self), name) is not _function(ThreadPoolExecutor, name):
                raise TypeError(
                    f"threadmill's executor starts its threads itself: {name} cannot be overridden"
                )
        prefix = thread_name_prefix or f"ThreadPoolExecutor-{self._counter()}"
        self._max_workers = max_workers
        self._thread_name_prefix = prefix
        self._initializer = cast("Any", initializer)
        self._initargs = tuple(initargs)
        size = math.ceil(min(max_workers, MOST_WORKERS))
        daemon = at_exit == "abandon"
        crew = self._crew = Crew(size, _namer(prefix), daemon, initializer, self._initargs)
        self._engine = Engine(size, crew.start, context)
        _exit.register(self._engine, crew, at_exit, None)

    # --- submitting ------------------------------------------------------------------------------

    def map(
        self,
        fn: Callable[..., T],
        *iterables: Iterable[Any],
        timeout: float | None = None,
        chunksize: int = 1,  # noqa: ARG002  # for executors of processes
        buffersize: int | None = None,
    ) -> Iterator[T]:
        """An iterator of fn(*args) for args in zip(*iterables), in order. The tasks are queued before it
        returns: all of them, or `buffersize`, and then no more than that beyond what has been taken.

        The iterator raises the error of a task at its place, and TimeoutError if a result is not there
        `timeout` seconds after the call; then, and when it is closed, what has not begun is cancelled."""
        limit = check_buffersize(buffersize)
        if type(self).submit is _SUBMIT and "submit" not in self.__dict__ and not is_patched():
            return self._start_map(fn, iterables, timeout, None if buffersize is None else limit)
        return map_by_submit(self, fn, iterables, timeout, None if buffersize is None else limit)

    def _refused(self) -> RuntimeError:
        if _exit.exiting() and not self._shut_down:
            return RuntimeError("cannot schedule new futures after interpreter shutdown")
        return RuntimeError("cannot schedule new futures after shutdown")

    def as_pool(self) -> ThreadPool:
        """A ThreadPool with this executor's workers: closing or shutting down either does so to both."""
        from threadmill.pool import ThreadPool

        return ThreadPool._over(self)

    @classmethod
    def _over(cls, pool: ThreadPool) -> ThreadPoolExecutor:
        self = cls.__new__(cls)
        self._max_workers = pool._processes
        self._thread_name_prefix = f"ThreadPoolExecutor-{self._counter()}"
        self._initializer = cast("Any", pool._initializer)
        self._initargs = tuple(pool._initargs)
        self._crew, self._owner, self._engine = pool._crew, pool, pool._engine
        return self

    # --- life cycle ------------------------------------------------------------------------------

    _shut_down = False  # by a call

    def shutdown(  # type: ignore[override]  # the standard library's returns None
        self, wait: bool = True, *, cancel_futures: bool = False, timeout: float | None = None
    ) -> bool:
        """Takes no more work; what is queued is still done, or with `cancel_futures` cancelled. With
        `wait`, returns when all workers have ended, but for the caller if it is one, or after `timeout`
        seconds (None: never). Returns whether they have ended."""
        self._shut_down = True
        if cancel_futures:
            self._engine.terminate(None)
        else:
            self._engine.close()
        return self._crew.join(self._engine, timeout if wait else 0)

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Shuts down and waits. After Ctrl-C, in the block or in this wait, what is queued is cancelled, and
        only what runs is waited for; another Ctrl-C ends that."""
        interrupted = error_type is not None and issubclass(error_type, KeyboardInterrupt)
        try:
            self.shutdown(cancel_futures=interrupted)
        except KeyboardInterrupt:
            if not interrupted:
                self.shutdown(cancel_futures=True)
            raise

    # --- what programs read of the standard library's private parts --------------------------------

    # typeshed has them as plain attributes.
    @property
    def _threads(self) -> set[threading.Thread]:  # type: ignore[override]
        return set(self._crew.started_threads())

    @property  # type: ignore[override]
    def _work_queue(self) -> _views.WorkQueue:
        return _views.WorkQueue(self._engine, self._put)

    @_work_queue.setter
    def _work_queue(self, _: object) -> NoReturn:
        raise TypeError("threadmill's executor has its own queue: _work_queue cannot be replaced")

    def _put(self, item: Any) -> None:
        """Queues a work item of the standard library's `submit`, in which a call ends if that is patched."""
        own: concurrent.futures.Future[Any] = item.future

        def tell(future: concurrent.futures.Future[Any]) -> None:  # of what kept the item from running
            if future.cancelled():
                if own.cancel():
                    own.set_running_or_notify_cancel()
            elif (error := future.exception()) is not None:
                own.set_exception(error)

        context = getattr(concurrent.futures.thread, "WorkerContext", None)
        args = () if context is None else (context(None, ()),)
        self._submit(item.run, args, {}).add_done_callback(tell)

    # What the standard library's `submit` calls from Python 3.14 on.
    _resolve_work_item_task: Any = staticmethod(lambda fn, args, kwargs: (fn, args, kwargs))

    @property
    def _idle_semaphore(self) -> _views.IdleSemaphore:  # type: ignore[override]
        return _views.IdleSemaphore(self._engine, self._crew)

    @property
    def _shutdown(self) -> bool:  # type: ignore[override]
        return self._engine.state != "RUN"

    @property
    def _shutdown_lock(self) -> threading.Lock:  # type: ignore[override]
        with _lock:
            lock: threading.Lock = self.__dict__.setdefault("_made_shutdown_lock", threading.Lock())
        return lock

    @property
    def _broken(self) -> str | bool:  # type: ignore[override]
        return BROKEN if self._engine.is_broken() else False

    def _adjust_thread_count(self) -> None:
        """Nothing: `submit` starts the threads."""


def _function(cls: type, name: str) -> object:
    method = getattr(cls, name, None)
    return getattr(method, "__func__", method)


def _namer(prefix: str) -> Callable[..., threading.Thread]:
    """Makes threads with the standard library's names."""
    numbers = itertools.count()

    def new_thread(target: Callable[..., object], args: tuple[Any, ...]) -> threading.Thread:
        return threading.Thread(name=f"{prefix}_{next(numbers)}", target=target, args=args)

    return new_thread
