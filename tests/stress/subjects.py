"""The pools that a run uses: made at random, shared by all threads, and ended by any of them."""

from __future__ import annotations

import itertools
import threading
import weakref
from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from faults import UNSTARTABLE, FailingStarts, StartInterrupted
from verdict import count, fail

from threadmill import ThreadPool, ThreadPoolExecutor

if TYPE_CHECKING:
    from orders import Order


class InitializerError(Exception):
    pass


class Initializer:
    """Raises at one of its calls, if at all."""

    def __init__(self, bad_call: int) -> None:
        self.calls = itertools.count(1)
        self.bad_call = bad_call

    def __call__(self) -> None:
        if next(self.calls) == self.bad_call:
            raise InitializerError


class Faces(NamedTuple):
    pool: ThreadPool
    executor: ThreadPoolExecutor


class Subject:
    """A pool with both of its faces, and what has been done to it."""

    numbers = itertools.count(1)
    late: ClassVar[list[Order]] = []  # to be checked again when all is over

    def __init__(self, rng: Random, starts: FailingStarts) -> None:
        self.number = next(self.numbers)
        # Noted before it is done: "end", and how: "terminate" or "cancel". "break": it may break itself.
        self.acts: set[str] = set()
        self.left: list[Order] = []  # whose handles nobody holds
        self.context = rng.random() < 0.7
        self.size = rng.randint(1, 4)
        initializer: Callable[[], None] | None = None
        if rng.random() < 0.4:
            initializer = Initializer(rng.choice([0, 0, 0, 1, 2]))
            if initializer.bad_call:
                self.acts.add("break")
        keywords: dict[str, Any] = {
            "initializer": initializer,
            "context": self.context,
            "at_exit": rng.choice(["wait", "cancel", "abandon"]),
        }
        if rng.random() < 0.5:
            pool = ThreadPool(self.size, **keywords)
            executor = pool.as_executor()
        else:
            executor = ThreadPoolExecutor(self.size, **keywords)
            pool = executor.as_pool()
        self.faces: Faces | None = Faces(pool, executor)  # None: it was let go
        self.engine = weakref.ref(pool._engine)
        self.strikes = starts.strikes_of(pool._engine)

    def was_cut(self) -> bool:
        """Whether something has happened that keeps work that was accepted from being done."""
        return bool(self.acts & {"terminate", "cancel", "break"} or self.strikes)

    def let_go(self, in_a_cycle: bool) -> None:
        """Of both faces, which ends a pool that runs."""
        self.acts.add("end")
        faces, self.faces = self.faces, None
        if faces is not None and in_a_cycle:
            faces.pool.faces = faces  # type: ignore[attr-defined]

    def has_ended(self) -> bool:
        """Whether nothing is queued, and no worker is left."""
        engine = self.engine()
        return engine is None or (engine.workers() == 0 and engine.qsize() == 0)

    def what_is_left(self) -> str:
        """Nothing, or how far it is from its end."""
        engine = self.engine()
        if engine is None or self.has_ended():
            return ""
        return f"{engine.qsize()} queued, {engine.workers()} workers, {engine.busy()} busy, {engine.state}"

    def check_joined(self) -> None:
        """After a wait for its end that was not in vain."""
        if not self.has_ended():
            fail(f"{self} has been joined, but is not at its end")

    def check_left(self) -> None:
        """What nobody waits for: at its end."""
        while self.left:
            order = self.left.pop()
            if not order.check_left():
                self.late.append(order)

    def __repr__(self) -> str:
        faults = [*sorted(self.acts), *self.strikes]
        return f"pool {self.number} with {self.size} workers ({', '.join(faults) or 'nothing done to it'})"


class Subjects:
    """The pools that are in use, by place, and those that were."""

    def __init__(self, seed: int, size: int, starts: FailingStarts) -> None:
        self.starts = starts
        self.lock = threading.Lock()
        self.retired: list[Subject] = []
        self.places: list[Subject | None] = [None] * size
        for place in range(size):
            self.renew(place, None, Random(f"{seed} subject {place}"))

    def renew(self, place: int, old: Subject | None, rng: Random) -> bool:
        """Puts a new one into the place, unless it is not the old one's any more. The old one is retired."""
        try:
            new = Subject(rng, self.starts)
        except (RuntimeError, StartInterrupted) as error:
            if type(error) is RuntimeError and str(error) != UNSTARTABLE:
                raise
            count("error: pool not made")
            return False
        with self.lock:
            mine = self.places[place] is old
            if mine:
                self.places[place] = new
            unused = old if mine else new
            if unused is not None:
                self.retired.append(unused)
        return mine
