"""The accounts: what was submitted, which outcomes it may have, and whether they fit what was done."""

from __future__ import annotations

import threading
from concurrent.futures import CancelledError
from contextlib import suppress
from typing import Any

from causes import OUTCOMES, REFUSALS, explains
from faults import StartInterrupted
from verdict import count, fail
from work import FLAWS, Callback, Work, key


class Order:
    """What one call has submitted: the work, and the handle once that is there."""

    def __init__(self, kind: str, work: Work) -> None:
        self.kind = kind
        self.work = work
        self.subject = work.subject
        self.handle: Any = None
        self.cancelled = False
        self.thread = threading.current_thread().name
        count(f"order: {kind}")

    def let_go(self) -> None:
        """Of the handle, and of errors, whose tracebacks hold who knows what."""
        self.handle = None

    def count_refusal(self, error: BaseException) -> None:
        count(f"refused: {type(error).__name__}")
        if not explains(REFUSALS, error, self.subject):
            fail(f"submitting {self} raised {error!r}")

    def refuse(self, error: BaseException) -> None:
        """Submitting it has raised."""
        self.count_refusal(error)
        if not isinstance(error, StartInterrupted):  # which leaves open whether the work is queued
            self.work.refuse()

    def is_given_up(self, outcome: object) -> bool:
        """Whether the outcome says that the work will not be done, or not all of it, and may say so."""
        return explains(OUTCOMES, outcome, self.subject) or (
            self.cancelled and isinstance(outcome, CancelledError)
        )

    def items_done(self) -> list[int]:
        """Those that are done if the work is not given up."""
        return list(range(self.work.size))

    def check_done(self) -> None:
        if not sorted(self.work.begun) == sorted(self.work.ended) == self.items_done():
            fail(f"{self} was done for {self.work.ended}, not for {self.items_done()}")

    def check_left(self) -> bool:
        """Of one whose handle is not held any more, when its pool is at its end. False if it has to be
        checked again, later."""
        if not self.subject.was_cut() and not self.cancelled:
            self.check_done()
        return True

    def __repr__(self) -> str:
        return f"{self.kind} of {self.work}, by {self.thread}"


class Single(Order):
    """One whose handle gives one outcome."""

    def expected(self) -> list[object]:
        """The keys of what it may give."""
        return [self.work.outcome(0)]

    def verify(self, outcome: object) -> None:
        """Of a value, or an exception that was raised."""
        count_outcome(outcome)
        if self.is_given_up(outcome):
            self.check_given_up()
            return
        self.check_done()
        if key(outcome) not in self.after_callbacks(self.expected()):
            fail(f"{self} ended with {outcome!r}")

    def check_given_up(self) -> None:
        self.work.refuse()

    def after_callbacks(self, expected: list[object]) -> list[object]:
        return expected

    def check_handle(self) -> None:
        """Of one that has given its outcome."""
        if not self.handle.ready():
            fail(f"{self} has ended, but is not ready")


class Submitted(Single):
    """A future. Its callbacks may still be under way when it has ended."""

    watchers = 0  # how many callbacks it has been given

    def watch(self, callbacks: list[Callback]) -> None:
        self.watchers = len(callbacks)
        for callback in callbacks:
            with suppress(*FLAWS):  # it may be called at once
                self.handle.add_done_callback(callback)

    def cancel(self) -> None:
        try:
            self.cancelled = self.handle.cancel()
        except tuple(FLAWS):  # of a callback, after the fact
            self.cancelled = True
        if self.cancelled:
            self.work.refuse()
        count(f"cancel: {self.cancelled}")

    def check_handle(self) -> None:
        if not self.handle.done():
            fail(f"{self} has ended, but is not done")

    def check_left(self) -> bool:
        super().check_left()
        called = len(self.work.called)
        # Whoever has ended the future may still be at its callbacks, unless it was a worker.
        if called > self.watchers or (
            called < self.watchers and not self.subject.was_cut() and not self.cancelled
        ):
            fail(f"{self} has called {called} callbacks of {self.watchers}")
        return called == self.watchers


class Applied(Single):
    """One of a pool, with callbacks that are called before it ends, and whose errors become its own."""

    def __init__(self, kind: str, work: Work, *callbacks: Callback) -> None:
        super().__init__(kind, work)
        self.callbacks = {callback.name: callback for callback in callbacks}

    def check_given_up(self) -> None:
        super().check_given_up()
        self.check_called(None)

    def after_callbacks(self, expected: list[object]) -> list[object]:
        callback = self.callbacks.get("callback" if self.work.succeeds() else "error_callback")
        self.check_called(callback)
        return expected if callback is None or callback.flaw is None else [callback.key]

    def check_called(self, callback: Callback | None) -> None:
        if self.work.called != ([] if callback is None else [callback.name]):
            fail(f"{self} has called {self.work.called}")


class Mapped(Applied):
    def __init__(self, kind: str, work: Work, chunksize: int | None, *callbacks: Callback) -> None:
        super().__init__(kind, work, *(callbacks if work.size else ()))  # as the standard library's
        self.chunksize = chunksize

    def items_done(self) -> list[int]:
        return self.work.items_in_chunks(self.chunksize or 1)

    def expected(self) -> list[object]:
        if self.work.succeeds():
            return [[self.work.value(item) for item in range(self.work.size)]]
        return [self.work.outcome(item) for item in self.items_done() if item in self.work.flaws]

    def check_given_up(self) -> None:
        self.check_called(None)  # some items may have been done, and others be under way


def count_outcome(outcome: object) -> None:
    count("outcome: " + (type(outcome).__name__ if isinstance(outcome, BaseException) else "value"))
