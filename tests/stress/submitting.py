"""The operations that submit work. A signal may raise anywhere in this file: so an order is on its actor's
list before it is submitted, and one without a handle may be queued or not."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from random import Random

import deeds
from actor import Actor
from causes import REFUSALS, explains
from faults import StartInterrupted, is_fresh
from orders import Applied, Mapped, Order, Single, Submitted
from streams import ExecutorMap, Stream
from subjects import Faces, Subject
from verdict import count
from work import FLAWS, Callback, Source, Work, mark


def some_work(actor: Actor, subject: Subject, rng: Random, size: int) -> Work:
    work = Work(subject, size)
    if size and rng.random() < 0.25:
        work.flaws = {rng.randrange(size): rng.choice(FLAWS) for _ in range(rng.randint(1, 2))}
    if size and rng.random() < 0.5:
        work.deeds = {rng.randrange(size): deeds.for_tasks(actor, rng) for _ in range(rng.randint(1, 3))}
    return work


def some_size(actor: Actor, rng: Random) -> int:
    return rng.choice([0, 1, 2, 3, 5, 20, 40] if actor.depth == MOST_DEPTH else [1, 2, 3])


def some_items(work: Work, rng: Random) -> Iterable[int]:
    items = range(work.size)
    return rng.choice([items, list(items), tuple(items), (item for item in items)])


def some_callbacks(actor: Actor, work: Work, rng: Random) -> dict[str, Callback]:
    return {
        name: Callback(
            work,
            name,
            deeds.for_callbacks(actor, rng) if rng.random() < 0.3 else None,
            rng.choice(FLAWS) if rng.random() < 0.1 else None,
        )
        for name in ["callback", "error_callback"]
        if rng.random() < 0.4
    }


# --- submitting ------------------------------------------------------------------------------------


def place(actor: Actor, order: Order, submit: Callable[[], object]) -> None:
    """For calls that give a handle."""
    actor.orders.append(order)
    mark.set(order.work.number)
    try:
        order.handle = submit()
    except BaseException as error:
        if is_fresh(error):
            raise
        actor.orders.remove(order)
        order.refuse(error)


def do(order: Single, call: Callable[[], object]) -> None:
    """For calls that wait for the outcome."""
    mark.set(order.work.number)
    outcome: object
    try:
        outcome = call()
    except BaseException as error:
        outcome = error
    if is_fresh(outcome):
        raise outcome  # type: ignore[misc]
    if not isinstance(outcome, BaseException) or order.is_given_up(outcome):
        if not isinstance(outcome, StartInterrupted):  # the work may be queued
            order.verify(outcome)
    elif explains(REFUSALS, outcome, order.subject):
        order.refuse(outcome)
    else:
        order.verify(outcome)


def apply(actor: Actor, subject: Subject, faces: Faces, rng: Random) -> None:
    work = some_work(actor, subject, rng, 1)
    if rng.random() < 0.2:
        do(Applied("apply", work), lambda: faces.pool.apply(work, (0,)))
        return
    callbacks = some_callbacks(actor, work, rng)
    order = Applied("apply_async", work, *callbacks.values())
    args = rng.choice([(0,), [0]])
    place(actor, order, lambda: faces.pool.apply_async(work, args, {}, **callbacks))


def map_(actor: Actor, subject: Subject, faces: Faces, rng: Random) -> None:
    work = some_work(actor, subject, rng, some_size(actor, rng))
    name = rng.choice(["map", "starmap"])
    items = some_items(work, rng)
    arguments = items if name == "map" else [(item,) for item in items]
    chunksize = rng.choice([None, None, 1, 3, 50])
    if rng.random() < 0.2:
        method = getattr(faces.pool, name)
        do(Mapped(name, work, chunksize), lambda: method(work, arguments, chunksize))
        return
    callbacks = some_callbacks(actor, work, rng)
    order = Mapped(f"{name}_async", work, chunksize, *callbacks.values())
    method = getattr(faces.pool, f"{name}_async")
    place(actor, order, lambda: method(work, arguments, chunksize, **callbacks))


def imap(actor: Actor, subject: Subject, faces: Faces, rng: Random) -> None:
    work = some_work(actor, subject, rng, some_size(actor, rng))
    name = rng.choice(["imap", "imap_unordered"])
    chunksize, bound = rng.choice([1, 1, 1, 3]), rng.choice([None, None, 1, 4])
    end = rng.randrange(work.size) if work.size and chunksize == 1 and rng.random() < 0.1 else work.size
    source = Source(work, end, bound if chunksize == 1 else None)
    work.outlives_fork = bound is not None
    order = Stream(name, work, source)
    order.ordered = name == "imap"
    order.chunksize = chunksize
    if chunksize > 1:
        work.marks.add(-work.number)  # a chunk is one task
    order.bounded = bound is not None
    items = source if bound is not None or end < work.size else some_items(work, rng)
    method = getattr(faces.pool, name)
    place(actor, order, lambda: method(work, items, chunksize, buffersize=bound))


def submit(actor: Actor, subject: Subject, faces: Faces, rng: Random) -> None:
    work = some_work(actor, subject, rng, 1)
    order = Submitted("submit", work)
    watchers = []
    for _ in range(rng.choice([0, 0, 0, 1, 3])):
        deed = deeds.for_watchers(actor, rng) if rng.random() < 0.2 else None
        flaw = rng.choice(FLAWS) if rng.random() < 0.2 else None
        watchers.append(Callback(work, "watcher", deed, flaw))
    place(actor, order, lambda: faces.executor.submit(work, 0))
    if order.handle is not None:
        order.watch(watchers)


def executor_map(actor: Actor, subject: Subject, faces: Faces, rng: Random) -> None:
    work = some_work(actor, subject, rng, some_size(actor, rng))
    bound = rng.choice([None, None, 1, 4])
    source = Source(work, work.size, bound)
    order = ExecutorMap("executor.map", work, source)
    order.timeout = rng.choice([None] * 9 + [0.001])
    work.outlives_fork = True
    items: list[Iterable[int]] = [source if bound else some_items(work, rng)]
    if rng.random() < 0.2:
        items.append(range(work.size))
    place(actor, order, lambda: faces.executor.map(work, *items, timeout=order.timeout, buffersize=bound))


MOST_DEPTH = 3
SUBMISSIONS = [apply, map_, imap, submit, executor_map]


def submit_something(actor: Actor, subject: Subject) -> None:
    rng = Random(actor.rng.getrandbits(64))  # so that the next choices do not depend on what happens here
    faces = subject.faces
    if faces is not None:
        rng.choices(SUBMISSIONS, [4, 2, 2, 4, 2])[0](actor, subject, faces, rng)
    else:
        count("refused: dropped")
