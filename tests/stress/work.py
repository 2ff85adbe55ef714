"""The tasks. Each counts itself, does something, and gives or raises what is known beforehand."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import TYPE_CHECKING, ClassVar

from verdict import fail

if TYPE_CHECKING:
    from subjects import Subject

# The number of the work that was last submitted in this context; negative in its tasks.
mark: ContextVar[int] = ContextVar("mark", default=0)


class TaskError(Exception):
    pass


class TaskBaseError(BaseException):
    pass


# What tasks and callbacks raise, with the work's number and the item or the callback's name.
FLAWS: list[type[BaseException]] = [TaskError, TaskBaseError, SystemExit, KeyboardInterrupt]

Deed = Callable[["Work"], None]


class Work:
    """What the calls of one order do: for each item of range(size) there is one."""

    living: ClassVar[dict[int, str]] = {}  # what they are, by number
    numbers = itertools.count(1)

    def __init__(self, subject: Subject, size: int) -> None:
        self.number = next(self.numbers)
        self.process = os.getpid()
        self.subject = subject
        self.size = size
        self.deeds: dict[int, Deed] = {}  # what the calls do besides, by item
        self.flaws: dict[int, type[BaseException]] = {}  # what they raise
        self.begun: list[int] = []
        self.ended: list[int] = []
        self.called: list[str] = []  # the callbacks that were
        self.refused = False  # it must not run any more
        self.marks = {self.number}  # what it may find in its context
        self.outlives_fork = False  # an imap that waits for its consumer goes on in a forked child
        self.living[self.number] = f"{self}"

    def __del__(self) -> None:
        del self.living[self.number]

    def __call__(self, item: int, *_: int) -> int:
        self.begun.append(item)
        if self.begun.count(item) > 1:
            fail(f"{self} is done twice for item {item}")
        if self.refused:
            fail(f"{self} is done, though it was refused")
        if self.process != os.getpid() and not self.outlives_fork:
            fail(f"{self} is the parent's, and is done in a forked child")
        if self.subject.context and mark.get() not in self.marks:
            fail(f"{self} is done in the context of {mark.get()}")
        mark.set(-self.number)
        try:
            if item in self.deeds:
                self.deeds[item](self)
            if item in self.flaws:
                raise self.flaws[item](self.number, item)
        finally:
            mark.set(-self.number)
            self.ended.append(item)
        return self.value(item)

    def value(self, item: int) -> int:
        return self.number * 1000 + item

    def refuse(self) -> None:
        """Nobody may begin it any more, nor have begun it."""
        self.refused = True
        if self.begun:
            fail(f"{self} was refused, though it was done for {self.begun}")

    def outcome(self, item: int) -> object:
        """A key for what the call gives: see `key`."""
        if item in self.flaws:
            return self.flaws[item], (self.number, item)
        return self.value(item)

    def succeeds(self) -> bool:
        return not self.flaws

    def chunks(self, size: int) -> Iterator[range]:
        for first in range(0, self.size, size):
            yield range(first, min(first + size, self.size))

    def items_in_chunks(self, size: int) -> list[int]:
        """The items that are done, where an error skips the rest of its chunk."""
        done = []
        for chunk in self.chunks(size):
            for item in chunk:
                done.append(item)
                if item in self.flaws:
                    break
        return done

    def __repr__(self) -> str:
        return f"work {self.number} of {self.size} on {self.subject}"


def key(outcome: object) -> object:
    """Equal for equal values, and for errors of the same type and arguments."""
    if isinstance(outcome, BaseException):
        return type(outcome), outcome.args
    return outcome


class Callback:
    """For a handle: counts itself, does something, and may raise."""

    def __init__(self, work: Work, name: str, deed: Deed | None, flaw: type[BaseException] | None) -> None:
        self.work = work
        self.name = name
        self.deed = deed
        self.flaw = flaw

    def __call__(self, _: object) -> None:
        self.work.called.append(self.name)
        if self.deed is not None:
            self.deed(self.work)
        if self.flaw is not None:
            raise self.flaw(*self.key[1])

    @property
    def key(self) -> tuple[type[BaseException] | None, tuple[int, str]]:
        return self.flaw, (self.work.number, self.name)


class SourceError(Exception):
    """Raised by the input of an imap."""


class Source:
    """The input of a bounded imap: fails the run if more is read than the bound allows."""

    def __init__(self, work: Work, end: int, bound: int | None) -> None:
        self.work = work
        self.end = end  # where it raises, if that is before the work's
        self.bound = bound
        self.asked = 0  # how many values the consumer has begun to take

    def __iter__(self) -> Iterator[int]:
        for item in range(self.work.size):
            bounded = self.bound is not None and "end" not in self.work.subject.acts
            if bounded and item >= self.asked + self.bound:
                fail(
                    f"{self.work}: {item} items read, with a bound of {self.bound} and {self.asked} asked for"
                )
            if item == self.end:
                raise SourceError(self.work.number, item)
            yield item
