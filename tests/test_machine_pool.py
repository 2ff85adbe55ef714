"""What programs do with a pool, in random order: multiprocessing.pool.ThreadPool and threadmill.ThreadPool do
the same.

After `terminate` they differ: of what it cut off, only threadmill's handles tell."""

from __future__ import annotations

import multiprocessing.pool
from collections.abc import Callable
from functools import partial
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, initialize, invariant, precondition, rule
from machine_helpers import (
    ERRORS,
    SETTINGS,
    Side,
    described,
    in_time,
    outcome,
    told,
    until,
    until_true,
)
from machine_inputs import (
    INPUTS,
    ODD_ARGUMENTS,
    ODD_CALLS,
    WRONG_CALLS,
    WRONG_PARAMETERS,
    WRONG_POOLS,
    items_of,
)
from machine_iterations import Iteration
from machine_model import Batch, Call, Job, WithWorkers, Workers, in_batches

import threadmill

CLASSES = (multiprocessing.pool.ThreadPool, threadmill.ThreadPool)

# Only Exceptions: others end a worker of the standard library's, and their task never ends.
KINDS = ["value", "held", "held", "submits", *ERRORS]
MAY_FAIL = [*ERRORS, "submits"]
# In a chunk of the standard library's a StopIteration is the end: results are too few, or in wrong places.
SINGLE = [*KINDS, "StopIteration"]
# None that raises: that ends the thread of the standard library's that hands out results.
CALLBACKS = st.sets(st.sampled_from(["callback", "error_callback"]))
SOURCES = st.sampled_from(list(INPUTS))
ALL_ODD_CALLS = {**ODD_CALLS, **ODD_ARGUMENTS}
ASK = st.sampled_from(["get", "wait"])
UNCUT = "map_async chunksize=None"
CUT = {f"map_async chunksize={size}" for size in (1, 2, 3, 10)}
TERMINATED = described(threadmill.PoolTerminated("the pool was terminated before this work began"))
METHODS = ["apply", "map", "starmap", "imap", "imap_unordered"]


class PoolMachine(WithWorkers):
    jobs = Bundle("jobs")
    iterations = Bundle("iterations")

    def __init__(self) -> None:
        super().__init__()
        self.state = "RUN"
        self.cut_off: list[Job] = []
        self.lost: list[Job] = []  # of these, those that had not all begun
        self.not_to_begin: set[int] = set()

    @initialize(size=st.sampled_from([1, 1, 2, 3]), life=st.integers(0, 40))
    def start(self, size: int, life: int) -> None:
        self.workers, self.life = Workers(size), life
        for side, cls in zip(self.sides, CLASSES, strict=True):
            side.subject = cls(size)

    # --- submitting ------------------------------------------------------------------------------

    def submit_one(self, side: Side, call: Call) -> Any:
        return side.subject.apply_async(call.on, (side,))

    def callbacks(self, side: Side, which: set[str]) -> dict[str, Any]:
        number = self.numbers

        def hear(name: str, value: Any) -> None:
            side.heard.append((number, name, described(value) if isinstance(value, Exception) else value))

        return {name: partial(hear, name) for name in which}

    @rule(target=jobs, kind=st.sampled_from(SINGLE), which=CALLBACKS)
    def apply_async(self, kind: str, which: set[str]) -> Any:
        call = self.call(kind)
        return self.submit(
            Job("apply_async", [Batch([call])]),
            lambda side: side.subject.apply_async(call.on, (side,), **self.callbacks(side, which)),
        )

    @rule(target=jobs, name=st.sampled_from(list(ALL_ODD_CALLS)))
    def apply_async_of_an_odd_call(self, name: str) -> Any:
        return self.submit(
            Job(name, [Batch([])]), lambda side: side.subject.apply_async(*ALL_ODD_CALLS[name])
        )

    @rule(
        target=jobs,
        kinds=st.lists(st.sampled_from(KINDS), max_size=8),
        source=SOURCES,
        chunksize=st.sampled_from([None, 1, 2, 3, 10]),
        method=st.sampled_from(["map_async", "starmap_async"]),
        which=CALLBACKS,
    )
    def map_async(
        self, kinds: list[str], source: str, chunksize: int | None, method: str, which: set[str]
    ) -> Any:
        calls = self.calls(self.certain(kinds, chunksize is not None))
        return self.submit(
            Job(f"map_async chunksize={chunksize}", in_batches(calls, chunksize or 1)),
            lambda side: getattr(side.subject, method)(
                *task_and_input(side, calls, source, method), chunksize, **self.callbacks(side, which)
            ),
        )

    def certain(self, kinds: list[str], cut: bool) -> list[str]:
        """Leaves out what a map does not do in the same way each time, or not on both sides. Of several
        errors several workers may raise any. Without a chunksize, the standard library makes up to 4
        chunks for each worker, and threadmill none: that shows if an error skips the rest of its chunk,
        or something holds it up."""
        several = self.workers.size > 1
        if several:
            first = next((kind for kind in kinds if kind in MAY_FAIL), "")
            kinds = [first if kind in MAY_FAIL else kind for kind in kinds]
        if not cut and len(kinds) > 4 * self.workers.size:
            kinds = ["value" if kind in MAY_FAIL else kind for kind in kinds]
        if not cut and several:
            kinds = ["value" if kind == "held" else kind for kind in kinds]
        return kinds

    @rule(
        target=iterations,
        kinds=st.lists(st.sampled_from(SINGLE), max_size=8),
        source=SOURCES,
        chunksize=st.sampled_from([1, 1, 2, 3, 10]),
        method=st.sampled_from(["imap", "imap_unordered"]),
    )
    def imap(self, kinds: list[str], source: str, chunksize: int, method: str) -> Any:
        if chunksize > 1:
            kinds = [kind for kind in kinds if kind != "StopIteration"]
            if (
                method == "imap_unordered" and self.workers.size > 1
            ):  # an error is the end, and may come at any time
                kinds = [kind for kind in kinds if kind not in MAY_FAIL]
                source = "list" if source == "broken" else source
        calls = self.calls(kinds)
        # An input that breaks in a chunk takes that along.
        whole = len(calls) // chunksize * chunksize if source == "broken" else len(calls)
        values = in_batches(calls[:whole], chunksize)
        if source == "broken":
            values.append(Batch([], failed=True))
        job = Iteration(f"{method} chunksize={chunksize}", [*values, Batch([])], count=len(values))
        job.ordered, job.generator = method == "imap", chunksize > 1
        return self.submit(
            job,
            lambda side: getattr(side.subject, method)(
                *task_and_input(side, calls, source, method), chunksize
            ),
        )

    @precondition(lambda self: self.workers.free())
    @rule(
        method=st.sampled_from(METHODS),
        kinds=st.lists(st.sampled_from(["value", "submits", *ERRORS]), min_size=1, max_size=8),
        source=st.sampled_from([source for source in INPUTS if source != "broken"]),
    )
    def call_and_wait(self, method: str, kinds: list[str], source: str) -> None:
        """Nothing is held, and a worker is free."""
        calls = self.calls(self.certain(kinds, "map" not in method))
        if method == "apply":
            del calls[1:]
        elif "unordered" in method:
            calls = [call for call in calls if self.workers.size == 1]

        def run(side: Side) -> Any:
            if method == "apply":
                return side.subject.apply(calls[0].on, (side,))
            results = getattr(side.subject, method)(*task_and_input(side, calls, source, method))
            return results if isinstance(results, list) else list(results)

        self.same(lambda side: in_time(lambda: run(side)))
        if self.state == "RUN":
            self.workers.run(in_batches(calls, 1))

    # --- waiting ---------------------------------------------------------------------------------

    @rule(job=jobs, ask=ASK, timeout=st.sampled_from([0, -1, 0.0, False, float("nan")]))
    def ask(self, job: Job, ask: str, timeout: float) -> None:
        if job not in self.cut_off:
            self.same(lambda side: getattr(job.of(side), ask)(timeout), job.name not in ODD_ARGUMENTS)

    @rule(job=jobs, ask=ASK, timeout=st.sampled_from(["1", [], float("inf"), 1e300]))
    def ask_with_a_wrong_timeout(self, job: Job, ask: str, timeout: Any) -> None:
        if job not in self.cut_off:
            self.same(lambda side: getattr(job.of(side), ask)(timeout), words=False)

    @rule(job=iterations, times=st.integers(1, 5))
    def next(self, job: Iteration, times: int) -> None:
        for _ in range(times):
            if job not in self.cut_off:
                job.next(self.sides, exactly=self.workers.size == 1)

    # --- the end ---------------------------------------------------------------------------------

    @precondition(WithWorkers.may_end)
    @rule()
    def close(self) -> None:
        self.same(lambda side: side.subject.close())
        self.workers.open = False
        if self.state == "RUN":
            self.state = "CLOSE"

    @precondition(lambda self: self.state == "RUN" or not self.workers.busy)  # else it waits
    @rule()
    def join(self) -> None:
        self.same(lambda side: in_time(side.subject.join))

    @rule()
    def enter(self) -> None:
        self.same(lambda side: side.subject.__enter__() is side.subject)

    @rule(name=st.sampled_from([*WRONG_CALLS, *WRONG_PARAMETERS, *WRONG_POOLS]))
    def call_wrongly(self, name: str) -> None:
        def call(side: Side) -> Any:
            if name in WRONG_POOLS:
                return WRONG_POOLS[name](CLASSES[side.index])
            return {**WRONG_CALLS, **WRONG_PARAMETERS}[name](side.subject)

        self.same(call, words=name not in WRONG_PARAMETERS)

    @precondition(WithWorkers.may_end)
    @rule(how=st.sampled_from(["terminate", "__exit__", "with"]))
    def terminate(self, how: str) -> None:
        def end(side: Side) -> None:
            if how == "terminate":
                side.subject.terminate()
            elif how == "__exit__":
                side.subject.__exit__(None, None, None)
            else:
                with side.subject:
                    pass

        if self.same(lambda side: in_time(lambda: end(side))).error is None:
            self.state = "TERMINATE"
            self.workers.open = False
            self.cut()

    def cut(self) -> None:
        """Takes out what the standard library has lost, and looks at threadmill's handles of it."""
        waiting = list(self.workers.waiting)
        self.workers.waiting.clear()
        for call in [call for batch in waiting for call in batch.calls]:
            call.release()  # it may be in a chunk that the standard library has begun
        self.cut_off += [job for job in self.workers.jobs if not job.ended()]
        self.workers.jobs = [job for job in self.workers.jobs if job.ended()]
        for job in self.cut_off:
            values = job.batches[: job.count] if isinstance(job, Iteration) else job.batches
            lost = [batch for batch in values if batch in waiting]
            if lost and job.name != UNCUT:  # of which threadmill's workers take as much as suits them
                self.lost.append(job)
                self.not_to_begin.update(call.number for batch in lost for call in batch.calls)
                assert isinstance(job, Iteration) or self.ours_was_terminated(job), job

    def ours_was_terminated(self, job: Job) -> bool:
        return outcome(partial(job.of(self.sides[1]).get, 0)).error == TERMINATED

    def end(self) -> None:
        self.release_all()
        for side in self.sides:
            if side.subject is not None:
                in_time(side.subject.terminate)
                in_time(side.subject.join)
        ours = self.sides[1]
        assert not self.not_to_begin.intersection(ours.began)
        for job in self.cut_off:
            if isinstance(job, Iteration):
                errors = [taken.error for taken in in_time(partial(job.rest, ours))]
                # A generator has its end at an earlier error.
                assert TERMINATED in errors or job.generator or job not in self.lost, job
            elif job.name != UNCUT:
                assert self.ours_was_terminated(job) == (job in self.lost), job

    # --- what can be seen ------------------------------------------------------------------------

    @invariant()
    def both_look_the_same(self) -> None:
        stdlib, ours = self.sides
        for side in self.sides:
            self.settle(side)
        for job in self.workers.jobs:
            if not isinstance(job, Iteration):
                assert look(job, ours) == look(job, stdlib), job
        assert look_at_pool(ours.subject) == look_at_pool(stdlib.subject)
        if not self.cut_off:
            assert ours.heard == stdlib.heard

    def settle(self, side: Side) -> None:
        if self.state != "TERMINATE":
            self.wait_for_workers(side)
        for job in self.workers.jobs:
            if job.ended() and not isinstance(job, Iteration):
                until_true(partial(ends, job.of(side)), f"{side}: {job}")
            if job.name in CUT:
                left = sum(not batch.ended for batch in job.batches)
                until(
                    lambda job=job, left=left: job.of(side)._number_left == left,
                    f"{side}: {left} left of {job}",
                )
        if self.state == "RUN":
            pool, busy = side.subject, bool(self.workers.busy)
            until(lambda: bool(pool._cache) == busy, f"{side}: something in _cache is {busy}")
            # In threadmill's queue a map or an iteration is one entry, if any.
            unfinished = [job for job in self.workers.jobs if not job.ended()]
            if not any(len(job.batches) > 1 or isinstance(job, Iteration) for job in unfinished):
                count = len(self.workers.waiting)
                until(lambda: pool._inqueue.qsize() == count, f"{side}: {count} wait")


def task_and_input(
    side: Side, calls: list[Call], source: str, method: str
) -> tuple[Callable[[Any], int], Any]:
    call_of = dict(zip(items_of(source, len(calls)), calls, strict=True))
    items = INPUTS[source](len(calls))
    return lambda item: call_of[item].on(side), [[item] for item in items] if "star" in method else items


def ends(handle: Any, limit: float) -> bool:
    handle.wait(limit)
    return bool(handle.ready())


def look(job: Job, side: Side) -> list[Any]:
    handle = job.of(side)
    got, kept = outcome(partial(handle.get, 0)), outcome(lambda: handle._value)
    if job.name in ODD_ARGUMENTS:
        got, kept = got.without_words(), outcome(lambda: type(handle._value))
    seen = [got, outcome(handle.successful), handle.ready(), handle._event.is_set()]
    return [*seen, kept, handle._success] if handle.ready() else seen


def look_at_pool(pool: Any) -> list[Any]:
    return [pool._state, told(repr(pool)), pool._processes, len(pool._pool)]


TestPool = PoolMachine.TestCase
TestPool.settings = SETTINGS
