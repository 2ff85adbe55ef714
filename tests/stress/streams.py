"""The accounts of what gives one outcome after another: imap, and the map of executors."""

from __future__ import annotations

from collections import Counter

from causes import REFUSALS, explains
from faults import Interrupted
from orders import Order, count_outcome
from verdict import fail
from work import Source, SourceError, Work, key


class Stream(Order):
    ordered = True
    chunksize = 1
    bounded = False

    def __init__(self, kind: str, work: Work, source: Source) -> None:
        super().__init__(kind, work)
        self.source = source
        self.got: list[object] = []  # values and exceptions
        self.has_ended = False  # it gave no more

    def let_go(self) -> None:
        super().let_go()
        self.got.clear()

    def ends_at_error(self) -> bool:
        """Whether it is a generator, which ends at the first error, and at a signal."""
        return self.chunksize > 1

    def items_done(self) -> list[int]:
        if self.source.end < self.work.size:
            return list(range(self.source.end))
        return self.work.items_in_chunks(self.chunksize)

    def expected(self) -> list[object]:
        """The keys of all that it gives, in the order of the input, if it is not given up."""
        work = self.work
        if self.source.end < work.size:
            return [*map(work.outcome, range(self.source.end)), (SourceError, (work.number, self.source.end))]
        if not self.ends_at_error():
            return [work.outcome(item) for item in range(work.size)]
        keys: list[object] = []
        for chunk in work.chunks(self.chunksize):
            flawed = [item for item in chunk if item in work.flaws]
            if flawed:
                return [*keys, work.outcome(flawed[0])]
            keys += [work.value(item) for item in chunk]
        return keys

    def given(self) -> list[object]:
        """What it has given, without what signal handlers have raised in between."""
        return [got for got in self.got if not isinstance(got, Interrupted) or got.starting]

    def verify(self) -> None:
        """What it has given; if it is at its end, that this is all."""
        given = self.given()
        errors = [outcome for outcome in given if self.is_given_up(outcome)]
        if len(errors) > 1 or (self.ordered and errors and given[-1] is not errors[0]):
            fail(f"{self} gave {given}")
        keys = [key(outcome) for outcome in given if outcome not in errors]
        torn = self.ends_at_error() and len(given) < len(self.got)
        whole = self.has_ended and not errors and not torn
        if self.ordered:
            fits = keys == self.expected()[: None if whole else len(keys)]
        else:
            fits = self.fits_unordered(keys, whole)
        if not fits:
            fail(f"{self} gave {given}, and {'then ended' if whole else 'no more was taken'}")
        if whole and (self.work.succeeds() or not self.ends_at_error()):
            self.check_done()
        for outcome in given:
            count_outcome(outcome)

    def verify_in_child(self, lost: type[BaseException]) -> None:
        """The same in a forked child, where any of its values may be lost, and all that were to come."""
        all_in_order, work = self.expected(), self.work
        all_that_may_be = [*all_in_order, *map(work.outcome, range(work.size))]
        for place, outcome in enumerate(self.given()):
            expected = all_in_order[place : place + 1] if self.ordered else all_that_may_be
            if not (isinstance(outcome, lost) or self.is_given_up(outcome) or key(outcome) in expected):
                fail(f"in a forked child: {self} gave {self.got}")

    def fits_unordered(self, keys: list[object], whole: bool) -> bool:
        work = self.work
        if not self.ends_at_error():
            expected, found = Counter(self.expected()), Counter(keys)
            return found == expected if whole else found <= expected
        failed = bool(keys) and isinstance(keys[-1], tuple)  # the error of any chunk may come first
        errors = [work.outcome(item) for item in self.items_done() if item in work.flaws]
        if failed and keys.pop() not in errors:
            return False
        values = {work.value(item) for item in range(work.size)}
        return (
            len(set(keys)) == len(keys)
            and values >= set(keys)
            and (failed or not whole or values == set(keys))
        )

    def check_left(self) -> bool:
        return self.bounded or super().check_left()


class ExecutorMap(Stream):
    """Submits its tasks one by one, the later ones perhaps when values are taken, and cancels what has not
    begun when it ends early."""

    timeout: float | None = None

    def refuse(self, error: BaseException) -> None:
        self.count_refusal(error)

    def is_given_up(self, outcome: object) -> bool:
        return (
            super().is_given_up(outcome)
            or explains(REFUSALS, outcome, self.subject)
            or (self.timeout is not None and isinstance(outcome, TimeoutError))
        )

    def ends_at_error(self) -> bool:
        return True

    def check_left(self) -> bool:
        return True
