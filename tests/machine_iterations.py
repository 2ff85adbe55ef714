"""Iterators over results, which are taken one at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any

from machine_helpers import LIMIT, Outcome, Side, in_time, outcome
from machine_model import Job


@dataclass(eq=False, repr=False)
class Iteration(Job):
    """What imap or an executor's map gives."""

    count: int = 0  # of the batches that are values; one after them stands for the end of the input
    ordered: bool = True
    generator: bool = False  # ends at the first error, and has no next() that takes a limit
    patient: bool = True  # else it has a limit, which is over
    futures: list[Any] = field(default_factory=list)  # in the standard library
    taken: int = 0
    over: bool = False
    got: tuple[list[Outcome], list[Outcome]] = field(default_factory=lambda: ([], []))

    def there(self) -> int:
        """How many values there are to take, for certain."""
        count = 0
        for batch in self.batches[: self.count]:
            if not (batch.ended or batch.dropped) and self.ordered:
                break
            if (batch.failed or batch.dropped) and self.generator:
                return count + 1 if self.ordered else 0
            count += batch.ended * max(1, len(batch.calls))
        return count

    def next(self, sides: tuple[Side, Side], exactly: bool) -> None:
        """Takes the next one on both sides, unless that could wait for ever; `exactly` if they must come
        in the same order. Where the end is, threadmill knows when a worker gets there: the standard library
        before."""
        there, ended = self.taken < self.there(), self.over or self.ended()
        at_once = not self.generator or not self.patient
        if not (there or ended or (self.taken < self.count and at_once)):
            return
        for side in sides:
            values = self.of(side)
            limit = LIMIT if there or ended else 0
            take = partial(next, values) if self.generator else partial(values.next, limit)
            self.got[side.index].append(
                outcome(lambda take=take: in_time(take) if self.generator else take())
            )
        stdlib, ours = self.got
        self.taken += there
        self.over |= self.generator and stdlib[-1].error is not None
        if exactly or self.ordered:
            assert ours == stdlib, self
        elif ended and not there:
            assert sorted(map(repr, ours)) == sorted(map(repr, stdlib)), self

    def rest(self, side: Side) -> list[Outcome]:
        """All that are left on that side, and the end."""
        most = sum(len(batch.calls) for batch in self.batches) + 3
        return [outcome(partial(next, self.of(side))) for _ in range(most)]
