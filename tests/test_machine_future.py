"""All methods of Future in random order: concurrent.futures.Future and threadmill.Future do the same."""

from __future__ import annotations

import concurrent.futures
import copy
import pickle
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, invariant, rule
from machine_helpers import (
    ERRORS,
    FATAL,
    LIMIT,
    RAISED,
    SETTINGS,
    Outcome,
    Side,
    SideBySide,
    Stop,
    outcome,
    told,
    until,
    until_true,
)

import threadmill

CLASSES = (concurrent.futures.Future, threadmill.Future)

RETURN_WHEN = [concurrent.futures.FIRST_COMPLETED, concurrent.futures.FIRST_EXCEPTION, "ALL_COMPLETED", "no"]


class EmptyGroup(Exception):
    """An exception that is false."""

    def __len__(self) -> int:
        return 0


# What set_exception takes without a look.
EXCEPTIONS: dict[str, Callable[[], Any]] = {
    **{kind: RAISED[kind] for kind in [*ERRORS, *FATAL, "StopIteration"]},
    "a class": lambda: KeyError,
    "None": lambda: None,
    "no exception": lambda: 5,
}
if sys.version_info >= (3, 14):  # before, the standard library takes it for none
    EXCEPTIONS["an empty group"] = EmptyGroup

ASK = st.sampled_from(["result", "exception"])
TIMEOUTS: list[float] = [0, 0.0, -1, False, float("-inf"), float("nan")]
# What none can be. If there is nothing to wait for, nobody looks at it.
NO_TIMEOUTS: list[Any] = ["1", [], float("inf"), 1e300]


@dataclass(eq=False)
class Pair:
    number: int
    futures: tuple[Any, Any]
    stops: bool = False  # a callback of it does: those behind it are called, but not by the standard library

    def __repr__(self) -> str:
        return f"future {self.number}"

    def of(self, side: Side) -> Any:
        return self.futures[side.index]


@dataclass
class Waiting:
    """A thread on each side that waits for futures."""

    pairs: list[Pair]
    how: str
    threads: list[threading.Thread]
    outcomes: list[Outcome | None]

    def is_over(self) -> bool:
        """Whether there is nothing to wait for, by the standard library."""
        states = [pair.futures[0]._state for pair in self.pairs]
        if self.how in ("result", "exception"):
            return states[0] in ("CANCELLED", "CANCELLED_AND_NOTIFIED", "FINISHED")
        ended = [state in ("CANCELLED_AND_NOTIFIED", "FINISHED") for state in states]
        failed = [pair.futures[0]._exception is not None for pair in self.pairs]
        if self.how == "FIRST_COMPLETED":
            return any(ended)
        return all(ended) or (self.how == "FIRST_EXCEPTION" and any(failed))


class FutureMachine(SideBySide):
    pairs = Bundle("pairs")

    def __init__(self) -> None:
        super().__init__()
        self.made: list[Pair] = []
        self.waits: list[Waiting] = []
        self.log.ours = lambda of: isinstance(of, threadmill.Future) or of in self.ids_of_ours()

    def ids_of_ours(self) -> set[int]:
        return {id(pair.futures[1]) for pair in self.made}

    @rule(target=pairs)
    def make(self) -> Pair:
        pair = Pair(len(self.made), (CLASSES[0](), CLASSES[1]()))
        self.made.append(pair)
        return pair

    # --- what executors call -------------------------------------------------------------------------

    @rule(pair=pairs)
    def set_running_or_notify_cancel(self, pair: Pair) -> None:
        self.same(lambda side: pair.of(side).set_running_or_notify_cancel())

    @rule(pair=pairs, result=st.sampled_from([None, 7, "text", ValueError("harmless")]))
    def set_result(self, pair: Pair, result: Any) -> None:
        self.same(lambda side: pair.of(side).set_result(result))

    @rule(pair=pairs, kind=st.sampled_from(list(EXCEPTIONS)))
    def set_exception(self, pair: Pair, kind: str) -> None:
        self.same(lambda side: pair.of(side).set_exception(EXCEPTIONS[kind]()))

    # --- what users call -----------------------------------------------------------------------------

    @rule(pair=pairs)
    def cancel(self, pair: Pair) -> None:
        self.same(lambda side: pair.of(side).cancel())

    @rule(
        pair=pairs,
        ask=st.sampled_from(["result", "exception"]),
        timeout=st.sampled_from(TIMEOUTS + NO_TIMEOUTS),
    )
    def ask(self, pair: Pair, ask: str, timeout: Any) -> None:
        self.same(lambda side: getattr(pair.of(side), ask)(timeout), words=timeout not in NO_TIMEOUTS)

    @rule(pair=pairs, kind=st.sampled_from(["notes", "raises", "stops", "cancels", "adds", "sets", "reads"]))
    def add_done_callback(self, pair: Pair, kind: str) -> None:
        if pair.stops:
            return
        pair.stops = kind == "stops"
        self.same(lambda side: pair.of(side).add_done_callback(partial(self.call_back, side, pair, kind)))

    @rule(pair=pairs, callback=st.sampled_from([None, 5, "text", lambda: None, int]))
    def add_what_cannot_be_called_back(self, pair: Pair, callback: Any) -> None:
        if not pair.stops:
            self.same(lambda side: pair.of(side).add_done_callback(callback))

    def call_back(self, side: Side, pair: Pair, kind: str, future: Any) -> None:
        side.heard.append((kind, pair.number, future is pair.of(side), future._state))
        if kind == "raises":
            raise ValueError(kind)
        if kind == "stops":
            raise Stop(kind)
        if kind == "cancels":
            side.heard.append(future.cancel())
        if kind == "adds":
            future.add_done_callback(partial(self.call_back, side, pair, "notes"))
        if kind == "sets":
            future.set_result(kind)
        if kind == "reads":
            side.heard.append(outcome(future.result))

    # --- several of them -----------------------------------------------------------------------------

    @rule(several=st.lists(pairs, max_size=4), when=st.sampled_from(RETURN_WHEN))
    def wait(self, several: list[Pair], when: str) -> None:
        def numbers(side: Side) -> list[set[int]]:
            found = concurrent.futures.wait([pair.of(side) for pair in several], 0, when)
            return [{pair.number for pair in several if pair.of(side) in futures} for futures in found]

        self.same(numbers)

    @rule(several=st.lists(pairs, max_size=4))
    def as_completed(self, several: list[Pair]) -> None:
        def numbers(side: Side) -> tuple[set[int], Outcome]:
            found = set()
            pending = concurrent.futures.as_completed([pair.of(side) for pair in several], -1)

            def go_on() -> None:
                for future in pending:
                    found.update(pair.number for pair in several if pair.of(side) is future)

            return found, outcome(go_on)

        self.same(numbers)

    @rule(
        several=st.lists(pairs, min_size=1, max_size=3),
        how=st.sampled_from(["result", "exception", *RETURN_WHEN[:3], "as_completed"]),
    )
    def wait_in_a_thread(self, several: list[Pair], how: str) -> None:
        waiting = Waiting(several, how, [], [None, None])
        if waiting.is_over():
            return
        for side in self.sides:
            before = [len(pair.of(side)._waiters) for pair in several]
            thread = threading.Thread(target=self.waits_in_a_thread, args=(waiting, side), daemon=True)
            thread.start()
            waiting.threads.append(thread)
            if how not in ("result", "exception"):
                until(lambda s=side, b=before: [len(p.of(s)._waiters) for p in several] > b, "it waits")
        self.waits.append(waiting)

    def waits_in_a_thread(self, waiting: Waiting, side: Side) -> None:
        futures = [pair.of(side) for pair in waiting.pairs]
        names = {id(pair.of(side)): pair.number for pair in waiting.pairs}

        def wait() -> Any:
            if waiting.how in ("result", "exception"):
                return getattr(futures[0], waiting.how)(LIMIT)
            if waiting.how == "as_completed":
                return {names[id(future)] for future in concurrent.futures.as_completed(futures, LIMIT)}
            found = concurrent.futures.wait(futures, LIMIT, waiting.how)
            return [{names[id(future)] for future in futures} for futures in found]

        waiting.outcomes[side.index] = outcome(wait)

    # --- what can be seen ----------------------------------------------------------------------------

    @rule(pair=pairs, way=st.sampled_from([pickle.dumps, copy.deepcopy]))
    def cannot_be_copied(self, pair: Pair, way: Callable[[Any], Any]) -> None:
        """copy.copy() makes of the standard library's one that shares its lock, but not its state."""
        self.same(lambda side: way(pair.of(side)), words=False)

    @rule(pair=pairs)
    def hold_the_condition(self, pair: Pair) -> None:
        def look(side: Side) -> Any:
            with pair.of(side)._condition:
                return self.look(pair, side), pair.of(side)._condition.wait(0)

        self.same(look)

    def look(self, pair: Pair, side: Side) -> list[Any]:
        future = pair.of(side)
        flags = [future.done(), future.running(), future.cancelled(), future._state, told(repr(future))]
        values = [future._result, type(future._exception), str(future._exception)]
        return flags + values

    @invariant()
    def both_look_the_same(self) -> None:
        for waiting in [waiting for waiting in self.waits if waiting.is_over()]:
            self.waits.remove(waiting)
            for thread in waiting.threads:
                until_true(lambda limit, t=thread: (t.join(limit), not t.is_alive())[1], waiting)
            assert waiting.outcomes[1] == waiting.outcomes[0], waiting
        stdlib, ours = self.sides
        for pair in self.made:
            assert self.look(pair, ours) == self.look(pair, stdlib), pair
            if not pair.of(stdlib).done():
                waiters, callbacks = [
                    [len(getattr(pair.of(side), name)) for side in self.sides]
                    for name in ("_waiters", "_done_callbacks")
                ]
                assert waiters[0] == waiters[1], pair
                assert callbacks[0] == callbacks[1], pair
        assert ours.heard == stdlib.heard

    def end(self) -> None:
        for pair in self.made:
            for future in pair.futures:
                for finish in [
                    future.cancel,
                    future.set_running_or_notify_cancel,
                    lambda f=future: f.set_result(0),
                ]:
                    outcome(finish)


TestFuture = FutureMachine.TestCase
TestFuture.settings = SETTINGS
