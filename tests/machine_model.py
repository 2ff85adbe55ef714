"""What the machines let workers do, and the account of it: what has begun, what waits, and what has ended."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from helpers import Held
from hypothesis import strategies as st
from hypothesis.stateful import invariant, multiple, precondition, rule
from machine_helpers import RAISED, Side, SideBySide, until, until_true


class Call:
    """One call that a worker makes, on either side."""

    def __init__(self, number: int, kind: str, then: Job | None = None) -> None:
        self.number = number
        self.kind = kind
        self.fails = kind in RAISED
        self.released = kind != "held"
        self.holds = (Held(), Held())
        self.then = then  # what it submits
        self.submit: Callable[[Side, Call], Any] | None = None

    def __repr__(self) -> str:
        return f"{self.kind} {self.number}"

    def on(self, side: Side, *_: Any) -> int:
        side.began.append(self.number)
        if self.kind == "held":
            self.holds[side.index]()
        if self.submit is not None and self.then is not None:
            self.then.handles[side.index] = self.submit(side, self.then.batches[0].calls[0])
        if self.kind in RAISED:
            raise RAISED[self.kind]()
        return self.number

    def release(self) -> None:
        self.released = True
        for hold in self.holds:
            hold.release()


@dataclass(eq=False)
class Batch:
    """Calls that one worker makes one after the other; the first that fails is the last. Without any, it
    still takes a worker."""

    calls: list[Call]
    made: int = 0
    ended: bool = False
    failed: bool = False
    dropped: bool = False  # cancelled


@dataclass(eq=False)
class Job:
    """What was submitted."""

    name: str
    batches: list[Batch]
    handles: list[Any] = field(default_factory=lambda: [None, None])

    def __repr__(self) -> str:
        return self.name

    def of(self, side: Side) -> Any:
        return self.handles[side.index]

    def ended(self) -> bool:
        return all(batch.ended for batch in self.batches)


class Workers:
    """What so many workers do with what is queued, in order."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.waiting: deque[Batch] = deque()
        self.busy: list[Batch] = []  # each holds at one of its calls
        self.began: list[int] = []
        self.jobs: list[Job] = []
        self.open = True

    def run(self, batches: list[Batch]) -> None:
        self.waiting.extend(batches)
        self._go_on()

    def release(self, batch: Batch) -> None:
        batch.calls[batch.made].release()
        if self._ends(batch):
            self.busy.remove(batch)
        self._go_on()

    def free(self) -> int:
        """How many would begin at once with what comes."""
        return self.size - len(self.busy)

    def held(self) -> list[Call]:
        return [batch.calls[batch.made] for batch in self.busy]

    def _go_on(self) -> None:
        while self.waiting and self.free():
            batch = self.waiting.popleft()
            if not batch.dropped and not self._ends(batch):
                self.busy.append(batch)

    def _ends(self, batch: Batch) -> bool:
        """Whether it ends, or is held."""
        while batch.made < len(batch.calls):
            call = batch.calls[batch.made]
            if call.number not in self.began:
                self._begin(call)
            if not call.released:
                return False
            batch.failed = call.fails
            batch.made = len(batch.calls) if call.fails else batch.made + 1
        batch.ended = True
        return True

    def _begin(self, call: Call) -> None:
        self.began.append(call.number)
        if call.then is not None and self.open:
            self.jobs.append(call.then)
            self.waiting.extend(call.then.batches)
        elif call.then is not None:
            call.fails = True  # it may not submit


def in_batches(calls: list[Call], size: int) -> list[Batch]:
    return [Batch(calls[i : i + size]) for i in range(0, len(calls), size)]


class WithWorkers(SideBySide):
    """The base of the machines of a pool and of an executor."""

    def __init__(self) -> None:
        super().__init__()
        self.numbers = 0
        self.workers = Workers(1)
        self.life = 0  # the steps before it may be closed
        self.age = 0

    def may_end(self) -> bool:
        return self.age >= self.life

    @invariant()
    def grow_older(self) -> None:
        self.age += 1

    def submit_one(self, side: Side, call: Call) -> Any:
        """Submits a single call."""
        raise NotImplementedError

    def calls(self, kinds: list[str]) -> list[Call]:
        return [self.call(kind) for kind in kinds]

    def call(self, kind: str) -> Call:
        self.numbers += 1
        if kind != "submits":
            return Call(self.numbers, kind)
        job = Job(f"submitted by {self.numbers}", [Batch([Call(-self.numbers, "value")])])
        call = Call(self.numbers, kind, job)
        call.submit = self.submit_one
        return call

    def submit(self, job: Job, call: Callable[[Side], Any]) -> Any:
        """The job, unless both sides refuse it."""
        handles = self.both(call)
        if handles is None:
            return multiple()
        job.handles[:] = handles
        self.workers.jobs.append(job)
        self.workers.run(job.batches)
        return job

    @precondition(lambda self: self.workers.busy)
    @rule(which=st.integers(0, 2))
    def release(self, which: int) -> None:
        self.workers.release(self.workers.busy[which % len(self.workers.busy)])

    def release_all(self) -> None:
        while self.workers.busy:
            self.workers.release(self.workers.busy[0])

    def wait_for_workers(self, side: Side) -> None:
        """Until they have begun what they can begin."""
        for call in self.workers.held():
            until_true(call.holds[side.index].begun.wait, f"{side} begins {call}")
        until(lambda: len(side.began) >= len(self.workers.began), f"{side} begins all")
        one_by_one: Callable[[list[int]], list[int]] = list if self.workers.size == 1 else sorted
        assert one_by_one(side.began) == one_by_one(self.workers.began), side
        for job in self.workers.jobs:
            until(lambda handles=job.handles: handles[side.index] is not None, f"{side}: {job}")
