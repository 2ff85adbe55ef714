"""A stress test of both pools: several threads make random operations on a changing set of pools, while
thread starts fail, signal handlers raise and the process forks. Every task and every handle is accounted for.

    python tests/stress --seconds 120 --seed 1

The choices of each thread depend on the seed only; how they interleave does not."""

from __future__ import annotations

import argparse
import faulthandler
import gc
import logging
import os
import random
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable
from random import Random

import children
import collecting
import ending
from actor import Actor
from faults import FailingStarts, Interrupted, Signals, is_fresh, mark_caught, watch_lost_errors
from orders import Order
from subjects import Subject, Subjects
from submitting import MOST_DEPTH, submit_something
from verdict import LIMIT, count, counts, fail, watchdog
from work import Work

from threadmill import _core, _exit, _workers


class Run:
    def __init__(self, seed: int, seconds: float) -> None:
        self.seed = seed
        self.fds = open_fds()
        self.threads = set(threading.enumerate())
        self.starts = FailingStarts(seed)
        self.signals = Signals(seed, self.starts) if hasattr(signal, "SIGUSR1") else None
        self.subjects = Subjects(seed, 4, self.starts)
        self.until = time.monotonic() + seconds

    def choose(self, actor: Actor, rng: Random) -> tuple[str, Callable[[], object]]:
        """What the actor does next, and its name."""
        subjects = self.subjects

        def submit() -> None:
            subject = subjects.places[place]
            if subject is not None:
                actor.submit(actor, subject)

        def fork() -> None:
            children.fork(actor, subjects, self.starts, self.signals)

        place = rng.randrange(len(subjects.places))
        operations: list[tuple[float, str, Callable[[], object]]] = [
            (60, "submit", submit),
            (30, "finish", lambda: collecting.finish_one(actor, rng)),
            (10, "take", lambda: collecting.take_some(actor, rng)),
            (3, "drop", lambda: collecting.drop_one(actor, rng)),
            (5, "cancel", lambda: collecting.cancel_one(actor, rng)),
            (3, "wait for several", lambda: collecting.wait_for_several(actor, rng)),
            (1, "end", lambda: ending.end_one(subjects, rng)),
            (3, "renew", lambda: ending.renew_one(subjects, rng)),
            (0.2, "collect garbage", ending.collect_garbage),
        ]
        if hasattr(os, "fork"):
            operations.append((0.1, "fork", fork))
        weights = [weight for weight, _, _ in operations]
        _, name, operation = rng.choices(operations, weights)[0]
        return name, operation

    def act(self, number: int) -> None:
        """What each thread does."""
        actor = Actor(Random(f"{self.seed} thread {number}"), MOST_DEPTH, submit_something)
        while time.monotonic() < self.until:
            rng = Random(
                actor.rng.getrandbits(64)
            )  # so that the next choices do not depend on what happens here
            self.make(*self.choose(actor, rng))
            while len(actor.orders) > 30:
                self.make("finish", lambda: collecting.finish(actor, actor.orders[0]))
        while actor.orders:
            self.make("finish", lambda: collecting.finish(actor, actor.orders[0]))
        watchdog.rest()

    def make(self, name: str, operation: Callable[[], object]) -> None:
        watchdog.begin(name)
        count(f"operation: {name}")
        try:
            operation()
        except Interrupted as error:
            if not is_fresh(error):
                raise
            mark_caught(error)

    # --- the end ---------------------------------------------------------------------------------------

    def finish(self) -> None:
        watchdog.begin("the end")
        if self.signals is not None:
            self.signals.stop()
        self.starts.on = False
        for subject in [*self.subjects.retired, *self.subjects.places]:
            if subject is not None:
                self.end(subject)
        self.subjects.retired.clear()
        self.subjects.places.clear()
        while Subject.late:
            self.check_late(Subject.late.pop())
        self.eventually("engines that live on", _core.engines_alive)
        self.eventually("engines that the exit waits for", lambda: list(_exit._pools))
        self.eventually("crews that live on", lambda: _workers._crews.alive())
        self.eventually("threads that live on", lambda: set(threading.enumerate()) - self.threads)
        self.eventually("file descriptors left open", lambda: max(0, open_fds() - self.fds))
        gc.collect()
        # A thread is not listed any more a moment before what is local to it goes, as an actor's orders.
        self.eventually("works that live on", lambda: list(Work.living.values()))
        watchdog.rest()

    def check_late(self, order: Order) -> None:
        """In a frame of its own, which does not hold the last one while the works that live are counted."""
        if not order.check_left():
            fail(f"{order} has not called all its callbacks, but {len(order.work.called)}")

    def end(self, subject: Subject) -> None:
        if subject.faces is not None:
            subject.acts.add("end")
            subject.faces.pool.close()
            ending.join(subject)
            subject.let_go(False)
        else:
            self.eventually(f"what is left of {subject}", subject.what_is_left)
            subject.check_left()

    def eventually(self, what: str, left: Callable[[], object]) -> None:
        until = time.monotonic() + LIMIT / 2
        while left():
            gc.collect()
            if time.monotonic() > until:
                fail(f"{what}: {left()}")
            time.sleep(0.001)


def open_fds() -> int:
    return len(os.listdir("/dev/fd")) if os.path.isdir("/dev/fd") else 0


def main() -> None:
    parser = argparse.ArgumentParser(prog="python tests/stress", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--threads", type=int, default=5, help="the main thread is one of them")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)

    sys.setswitchinterval(1e-6)
    faulthandler.enable()
    if hasattr(signal, "SIGALRM"):  # the limit of forked children
        faulthandler.register(signal.SIGALRM, all_threads=True, chain=True)
    warnings.simplefilter("ignore", ResourceWarning)  # of pools that are dropped
    warnings.simplefilter("ignore", DeprecationWarning)  # of forks with threads
    logging.getLogger("concurrent.futures").setLevel(
        logging.CRITICAL + 1
    )  # errors of callbacks and initializers
    watch_lost_errors()

    start = time.monotonic()
    run = Run(options.seed, options.seconds)
    threads = [
        threading.Thread(target=run.act, args=(i,), name=f"actor {i}") for i in range(1, options.threads)
    ]
    for thread in threads:
        thread.start()
    run.act(0)
    for thread in threads:
        thread.join()
    run.finish()
    print(f"seed {options.seed}, {time.monotonic() - start:.0f} s")
    for kind in [
        "operation",
        "order",
        "nested",
        "outcome",
        "refused",
        "cancel",
        "end",
        "retired",
        "error",
        "fault",
    ]:
        print(f"{kind}: {counts(kind + ': ')}")


if __name__ == "__main__":
    main()
