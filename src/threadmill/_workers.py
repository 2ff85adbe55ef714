"""The threads of one pool: real `threading.Thread` objects, started when they are needed."""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures.thread import BrokenThreadPool
from contextlib import suppress
from contextvars import Context
from dataclasses import dataclass
from functools import partial
from multiprocessing.dummy import DummyProcess
from typing import Any

from threadmill import _core, _greenlets, _launch
from threadmill._core import Engine, Place
from threadmill._errors import PoolForked
from threadmill._imap import IMapIterator
from threadmill._registry import Registry

logger = logging.getLogger("concurrent.futures")  # as the standard library's executor

Initializer = Callable[..., object]


# Seconds:
RECHECK = 0.05
MOST_TO_LEAVE = 0.1  # of which a worker needs far less, if it is not in its initializer


@dataclass(eq=False)
class Seat:
    """What a thread shares with its crew."""

    place: Place | None = None  # what it gets when it is started
    started: bool = False  # so that it may be joined; said by it and by its starter, who may be interrupted


@dataclass(eq=False)
class Hand:
    """A thread of a crew."""

    thread: threading.Thread
    seat: Seat

    def has_left(self) -> bool:
        return self.seat.started and not _launch.is_alive(self.thread)


BROKEN = "A thread initializer failed, the thread pool is not usable anymore"
MOST_WORKERS = 2**31 - 1  # what an engine counts to

_crews: Registry[Crew, None] = Registry()


class Crew:
    """Makes and starts worker threads. Neither it nor a thread that sleeps refers to the pool, so a
    pool that nobody holds is collected; a thread that was not started does not refer to the engine."""

    def __init__(
        self,
        size: int,
        new_thread: Callable[..., threading.Thread],
        daemon: bool,
        initializer: Initializer | None = None,
        initargs: tuple[Any, ...] = (),
    ) -> None:
        _greenlets.check()
        self.size = size
        self.new_thread = new_thread  # (target=, args=)
        self.daemon = daemon
        self.initializer = initializer
        self.initargs = initargs
        self.bounded: Registry[IMapIterator[Any], None] | None = None  # imaps with a buffersize, if any
        # No lock protects these: an interrupt, or a fork, may come at any point of the Python code that would
        # hold it, and leave it held for ever. Each step is one atomic operation of a list or a deque.
        self.hands: list[Hand] = []
        self.unused: deque[Hand] = deque()  # those of them that nobody has started
        _crews[self] = None

    def after_fork(self) -> None:
        """In a forked child: no thread is left, but the caller if it is one of them."""
        self.hands = [hand for hand in self.hands if hand.thread is threading.current_thread()]
        self.unused = deque()

    def start(self, place: Place) -> None:
        """Starts a thread for the place. Raises what starting it raises. An interrupt may come at any point
        of this: whoever takes the place says whether there is a worker."""
        _greenlets.check()
        hand = self._next()
        thread = hand.thread
        hand.seat.place = place
        try:
            if isinstance(thread, DummyProcess):  # which lets only the thread that made it start it
                thread._parent = threading.current_thread()
            # In an empty context, for a thread may inherit its starter's, and so pin it for life.
            Context().run(_launch.launch, thread)
            hand.seat.started = True
        except BaseException:
            if not _launch.exists(thread):
                self._remove(hand)
            raise

    def join(self, engine: Engine, timeout: float | None = None) -> bool:
        """Waits until all workers of the engine, which is closed, have ended, but for the calling thread, up
        to `timeout` seconds (None: for ever). Whether they have. Input that an imap has not read because of
        its buffersize is read now, or they would not end."""
        deadline = None if timeout is None else time.monotonic() + timeout
        if timeout != 0 and self.bounded is not None:
            for iterator in self.bounded.alive():
                iterator._unlimit()
        here = threading.current_thread()
        own = here in self.started_threads()
        pause = 0.001

        def left() -> float:
            return threading.TIMEOUT_MAX if deadline is None else max(0, deadline - time.monotonic())

        while True:
            threads = [
                hand.thread
                for hand in tuple(self.hands)
                if _launch.is_alive(hand.thread) and hand.thread is not here
            ]
            for thread in threads:
                thread.join(left())
                if _launch.is_alive(thread):
                    return False
            if not threads:
                if engine.workers() <= own + engine.starting_here():
                    return True
                # A place is reserved whose thread is not up yet; or an interrupted join has marked one
                # as ended that has not, as up to Python 3.12.
                if left() == 0:
                    return False
                time.sleep(min(pause, left()))
                pause = min(2 * pause, RECHECK)

    def watch(self, iterator: IMapIterator[Any]) -> None:
        """Remembers an imap with a buffersize, which join() has to lift."""
        if self.bounded is None:
            self.bounded = self.__dict__.setdefault("_bounded", Registry())
        self.bounded[iterator] = None

    def all_threads(self) -> list[threading.Thread]:
        """The threads of all places, started or not."""
        while len(self.hands) < self.size:
            self.unused.append(self._make_hand())
        return [hand.thread for hand in tuple(self.hands)]

    def started_threads(self) -> list[threading.Thread]:
        """The threads that were started, not those that a worker is about to start: they can be joined."""
        return [hand.thread for hand in tuple(self.hands) if hand.seat.started]

    def _next(self) -> Hand:
        """The next thread to be started."""
        if len(self.hands) >= self.size:  # workers that were lent have left
            for hand in tuple(self.hands):
                if hand.has_left():
                    self._remove(hand)
        try:
            return self.unused.popleft()
        except IndexError:
            return self._make_hand()

    def _remove(self, hand: Hand) -> None:
        with suppress(ValueError):  # another thread has done so
            self.hands.remove(hand)

    def _make_hand(self) -> Hand:
        seat = Seat()
        thread = self.new_thread(target=worker, args=(seat, self.initializer, self.initargs))
        thread.daemon = self.daemon
        hand = Hand(thread, seat)
        self.hands.append(hand)
        return hand


def worker(seat: Seat, initializer: Initializer | None, initargs: tuple[Any, ...]) -> None:
    """What a worker thread runs."""
    seat.started = True
    place, seat.place = seat.place, None
    if place is None or not place.take():  # its starter has given up on it
        return
    engine, searching = place.engine, place.searching
    del place
    if initializer is not None:
        if searching:  # while the initializer runs, others are woken or started for what is queued
            engine.give_up_search()
            searching = False
        try:
            initializer(*initargs)
        except BaseException as error:
            logger.critical("Exception in initializer:", exc_info=True)
            engine.break_off(partial(_core.caused, BrokenThreadPool, BROKEN, error))
    engine.work(searching)


def after_fork_in_child() -> None:
    """Makes all pools usable in the child. First the threads, which the ends of jobs may ask for."""
    _core._after_fork()
    for crew in _crews.alive():
        crew.after_fork()
    lost = [job for engine in _core.engines_alive() for job in engine.after_fork()]
    _core.lose_all(lost, PoolForked("the process was forked before this was done; the parent does it"))


def _let_leave() -> None:
    """At exit, when all pools have ended: waits, but not for long, until all workers have too that are at no
    job. From then on the interpreter stops a thread wherever it is, also where CPython without a GIL has just
    handed it a lock that the main thread needs (python/cpython#133130)."""
    until = time.monotonic() + MOST_TO_LEAVE
    pause = 0.0001
    while time.monotonic() < until:
        threads = [hand.thread for crew in _crews.alive() for hand in tuple(crew.hands)]
        if sum(map(_launch.is_alive, threads)) <= sum(map(Engine.at_jobs, _core.engines_alive())):
            break
        time.sleep(pause)
        pause = min(2 * pause, RECHECK)


atexit.register(_let_leave)  # before any pool's: so it runs after them

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=after_fork_in_child)
