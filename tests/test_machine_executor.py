"""What programs do with an executor, in random order: concurrent.futures.ThreadPoolExecutor and
threadmill.ThreadPoolExecutor do the same.

They differ in this: a future that is cancelled counts as notified at once in threadmill, and in the standard
library when a worker finds it. So cancelled futures are left out of `wait` and `as_completed`."""

from __future__ import annotations

import concurrent.futures
from concurrent.futures import CancelledError
from contextlib import suppress
from functools import partial
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, initialize, invariant, precondition, rule
from machine_helpers import (
    ERRORS,
    FATAL,
    LIMIT,
    RAISED,
    SETTINGS,
    Outcome,
    Side,
    in_time,
    outcome,
    told,
    until,
    until_true,
)
from machine_inputs import (
    INPUTS,
    ODD_CALLS,
    WRONG_EXECUTOR_PARAMETERS,
    WRONG_EXECUTORS,
    WRONG_SUBMITS,
    items_of,
)
from machine_iterations import Iteration
from machine_model import Batch, Call, Job, WithWorkers, Workers, in_batches

import threadmill

OURS = threadmill.ThreadPoolExecutor


class Recording(concurrent.futures.ThreadPoolExecutor):
    """The standard library's. Keeps the futures that its map makes."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.futures: list[Any] = []

    def submit(self, /, *args: Any, **kwargs: Any) -> Any:
        self.futures.append(super().submit(*args, **kwargs))
        return self.futures[-1]


ITEMS = ["value", "held", "held", "StopIteration", *ERRORS, *FATAL]
KINDS = ["submits", *ITEMS]  # not of a map: the first may submit before the last is queued
RETURN_WHEN = ["FIRST_COMPLETED", "FIRST_EXCEPTION", "ALL_COMPLETED"]
# How many entries each makes in what is heard: what is raised is logged.
CALLBACKS = {"notes": 1, "raises": 2, "adds": 2, "reads": 2, "cancels": 2, "no function": 1}


class ExecutorMachine(WithWorkers):
    tasks = Bundle("tasks")
    iterations = Bundle("iterations")

    def __init__(self) -> None:
        super().__init__()
        self.called_back: list[tuple[Job, str]] = []

    @initialize(size=st.sampled_from([1, 1, 2, 3]), life=st.integers(0, 40))
    def start(self, size: int, life: int) -> None:
        self.workers, self.life = Workers(size), life
        for side, cls in zip(self.sides, (Recording, OURS), strict=True):
            side.subject = cls(size)

    # --- submitting ------------------------------------------------------------------------------

    def submit_one(self, side: Side, call: Call) -> Any:
        return side.subject.submit(call.on, side)

    @rule(target=tasks, kind=st.sampled_from(KINDS))
    def submit_a_task(self, kind: str) -> Any:
        call = self.call(kind)
        return self.submit(Job(kind, [Batch([call])]), lambda side: self.submit_one(side, call))

    @rule(target=tasks, name=st.sampled_from(list(ODD_CALLS)))
    def submit_an_odd_call(self, name: str) -> Any:
        fn, args, names = ODD_CALLS[name]
        return self.submit(Job(name, [Batch([])]), lambda side: side.subject.submit(fn, *args, **names))

    @rule(
        target=iterations,
        kinds=st.lists(st.sampled_from(ITEMS), max_size=8),
        source=st.sampled_from(list(INPUTS)),
        others=st.lists(st.integers(0, 8), max_size=2),
        timeout=st.sampled_from([None, None, LIMIT, 0, -1.5]),
    )
    def map(self, kinds: list[str], source: str, others: list[int], timeout: float | None) -> Any:
        """`others` are the lengths of further inputs."""
        calls = self.calls(kinds)
        batches = in_batches(calls[: min([len(calls), *others])], 1)
        job = Iteration("map", batches, count=len(batches), generator=True)
        job.patient = timeout is None or timeout > 0

        def submit(side: Side) -> Any:
            call_of = dict(zip(items_of(source, len(calls)), calls, strict=True))
            inputs = [INPUTS[source](len(calls)), *map(range, others)]
            before = len(self.sides[0].subject.futures)
            values = side.subject.map(lambda item, *_: call_of[item].on(side), *inputs, timeout=timeout)
            if side.index == 0:
                job.futures = self.sides[0].subject.futures[before:]
            return values

        submitted = self.submit(job, submit)
        if submitted is not job and self.workers.open:  # the input is broken: what was read before is run
            self.workers.run(batches)
        return submitted

    @rule(name=st.sampled_from([*WRONG_SUBMITS, *WRONG_EXECUTOR_PARAMETERS, *WRONG_EXECUTORS]))
    def call_wrongly(self, name: str) -> None:
        def call(side: Side) -> Any:
            if name in WRONG_EXECUTORS:
                return WRONG_EXECUTORS[name]((Recording, OURS)[side.index])
            return {**WRONG_SUBMITS, **WRONG_EXECUTOR_PARAMETERS}[name](side.subject)

        self.same(call, words=name not in WRONG_EXECUTOR_PARAMETERS)

    # --- futures ---------------------------------------------------------------------------------

    @rule(job=tasks)
    def cancel(self, job: Job) -> None:
        if self.same(lambda side: job.of(side).cancel()).value is True:
            job.batches[0].dropped = True

    @rule(job=tasks, kind=st.sampled_from(list(CALLBACKS)))
    def add_done_callback(self, job: Job, kind: str) -> None:
        self.same(lambda side: job.of(side).add_done_callback(self.callback(side, kind)))
        self.called_back.append((job, kind))

    def callback(self, side: Side, kind: str) -> Any:
        if kind == "no function":
            return 5

        def call(future: Any) -> None:
            side.heard.append((kind, shown(future._state)))
            if kind == "raises":
                raise ValueError(kind)
            if kind == "adds":
                future.add_done_callback(self.callback(side, "notes"))
            if kind == "reads":
                side.heard.append(outcome(future.result))
            if kind == "cancels":
                side.heard.append(future.cancel())

        return call

    @rule(job=tasks, kind=st.sampled_from(FATAL))
    def add_a_callback_that_ends_all(self, job: Job, kind: str) -> None:
        """In a worker it ends that in the standard library, and is logged by threadmill."""

        def call(side: Side, _: object) -> None:
            raise RAISED[kind]()

        if done(job):
            self.same(lambda side: job.of(side).add_done_callback(partial(call, side)))

    @rule(jobs=st.lists(tasks, max_size=4), when=st.sampled_from(RETURN_WHEN))
    def wait(self, jobs: list[Job], when: str) -> None:
        named = [job for job in jobs if not job.batches[0].dropped]

        def numbers(side: Side) -> list[set[int]]:
            found = concurrent.futures.wait([job.of(side) for job in named], 0, when)
            return [{i for i, job in enumerate(named) if job.of(side) in futures} for futures in found]

        self.same(numbers)
        cancelled = {job.of(self.sides[1]) for job in jobs if job.batches[0].dropped}
        assert concurrent.futures.wait(cancelled, 0).done == cancelled

    @rule(jobs=st.lists(tasks, max_size=4))
    def as_completed(self, jobs: list[Job]) -> None:
        named = [job for job in jobs if not job.batches[0].dropped]

        def numbers(side: Side) -> tuple[set[int], Outcome]:
            found: set[int] = set()

            def go_on() -> None:
                for future in concurrent.futures.as_completed([job.of(side) for job in named], -1):
                    found.update(i for i, job in enumerate(named) if job.of(side) is future)

            return found, outcome(go_on)

        self.same(numbers)

    # --- iterations ------------------------------------------------------------------------------

    @rule(job=iterations, times=st.integers(1, 5))
    def next(self, job: Iteration, times: int) -> None:
        for _ in range(times):
            if not job.patient:
                self.wait_for_values(job)
            before = job.over
            job.next(self.sides, exactly=True)
            if job.over and not before:
                self.drop(job)

    def wait_for_values(self, job: Iteration) -> None:
        """Until those that should be there are: who does not wait for them would miss them."""
        done = [i for i, batch in enumerate(job.batches) if batch.ended]
        until(lambda: all(job.futures[i].done() for i in done), "the standard library has the values")
        executor = self.sides[1].subject
        until(
            lambda: len(executor._threads) - executor._idle_semaphore._value == len(self.workers.busy),
            "threadmill has the values",
        )

    @rule(job=iterations)
    def close(self, job: Iteration) -> None:
        self.same(lambda side: job.of(side).close())
        if job.got[0] and not job.over:  # else it has not begun, and there is nothing that would cancel
            self.drop(job)
        job.over = True

    def drop(self, job: Job) -> None:
        for batch in job.batches:
            batch.dropped |= batch in self.workers.waiting

    # --- the end ---------------------------------------------------------------------------------

    @precondition(WithWorkers.may_end)
    @rule(wait=st.booleans(), cancel_futures=st.booleans())
    def shutdown(self, wait: bool, cancel_futures: bool) -> None:
        """threadmill's says whether all workers have ended."""
        if wait and self.workers.busy:
            wait = False  # it would wait for them
        for side in self.sides:
            in_time(lambda side=side: side.subject.shutdown(wait, cancel_futures=cancel_futures))
        self.workers.open = False
        if cancel_futures:
            for batch in self.workers.waiting:
                batch.dropped = True
            self.workers.waiting.clear()

    @rule()
    def enter(self) -> None:
        self.same(lambda side: side.subject.__enter__() is side.subject)

    @precondition(lambda self: self.may_end() and not self.workers.busy)  # else it waits
    @rule()
    def leave(self) -> None:
        def leave(side: Side) -> None:
            with side.subject:
                pass

        self.same(lambda side: in_time(lambda: leave(side)))
        self.workers.open = False

    @rule()
    def fail_to_initialize(self) -> None:
        """threadmill's errors have a cause."""

        def seen(side: Side) -> list[Any]:
            with (Recording, OURS)[side.index](1, initializer=int, initargs=("x",)) as executor:
                errors = [executor.submit(len, "a").exception(LIMIT)]
                try:
                    executor.submit(len, "a")
                except concurrent.futures.BrokenExecutor as error:
                    errors.append(error)
                return [(type(error), str(error)) for error in errors] + [executor._broken]

        self.same(seen)

    def end(self) -> None:
        self.release_all()
        for side in self.sides:
            if side.subject is not None:
                in_time(side.subject.shutdown)

    # --- what can be seen ------------------------------------------------------------------------

    @invariant()
    def both_look_the_same(self) -> None:
        stdlib, ours = self.sides
        for side in self.sides:
            self.settle(side)
        for job in self.workers.jobs:
            if not isinstance(job, Iteration):
                assert look(job.of(ours)) == look(job.of(stdlib)), job
        assert ours.heard == stdlib.heard
        assert look_at_executor(ours.subject) == look_at_executor(stdlib.subject)

    def settle(self, side: Side) -> None:
        self.wait_for_workers(side)
        for job in self.workers.jobs:
            if not isinstance(job, Iteration) and done(job):
                until_true(partial(ends, job.of(side)), f"{side}: {job}")
        heard = sum(CALLBACKS[kind] for job, kind in self.called_back if done(job))
        until(lambda: len(side.heard) >= heard, f"{side}: {heard} heard")
        # After the end the standard library has other things in its queue. In threadmill's a map is one
        # entry.
        if self.workers.open and all(
            not isinstance(job, Iteration) or job.ended() for job in self.workers.jobs
        ):
            count = len(self.workers.waiting)
            until(lambda: side.subject._work_queue.qsize() == count, f"{side}: {count} wait")


def done(job: Job) -> bool:
    return job.batches[0].ended or job.batches[0].dropped


def ends(future: Any, limit: float) -> bool:
    with suppress(CancelledError, TimeoutError):
        future.exception(limit)
    return bool(future.done())


def shown(state: str) -> str:
    """When a cancelled future counts as notified is another matter."""
    return "CANCELLED" if state == "CANCELLED_AND_NOTIFIED" else state


def look(future: Any) -> list[Any]:
    flags = [future.done(), future.running(), future.cancelled(), shown(future._state), told(repr(future))]
    return [*flags, outcome(partial(future.result, 0)), outcome(partial(future.exception, 0))]


def look_at_executor(executor: Any) -> list[Any]:
    return [executor._shutdown, executor._broken, executor._max_workers]


TestExecutor = ExecutorMachine.TestCase
TestExecutor.settings = SETTINGS
