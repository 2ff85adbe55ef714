"""What tasks and callbacks do besides."""

from __future__ import annotations

import gc
import time
from random import Random

import collecting
from actor import Actor
from verdict import count
from work import Deed, Work

from threadmill import blocking


def sleep(_: Work) -> None:
    time.sleep(0.0005)


def sleep_in_spare_time(_: Work) -> None:
    with blocking():
        time.sleep(0.0005)


def collect_garbage(_: Work) -> None:
    gc.collect(0)


def close(work: Work) -> None:
    work.subject.acts.add("end")
    if work.subject.faces is not None:
        work.subject.faces[0].close()


def terminate(work: Work) -> None:
    work.subject.acts |= {"end", "terminate"}
    if work.subject.faces is not None:
        work.subject.faces[0].terminate()


def nest(outer: Actor, seed: int, depth: int) -> Deed:
    """Submits some work to its own pool, and waits for the results."""
    submit = outer.submit

    def deed(work: Work) -> None:
        actor = Actor(Random(seed), depth, submit)
        count(f"nested: {depth}")
        for _ in range(actor.rng.randint(1, 2)):
            submit(actor, work.subject)
        while actor.orders:
            collecting.finish(actor, actor.orders[0])

    return deed


def submit_more(outer: Actor, seed: int) -> Deed:
    """Submits some work to its own pool, and does not wait for it."""
    submit = outer.submit

    def deed(work: Work) -> None:
        actor = Actor(Random(seed), 0, submit)
        submit(actor, work.subject)
        for order in list(actor.orders):
            collecting.drop(actor, order)

    return deed


def for_tasks(actor: Actor, rng: Random) -> Deed:
    seed = rng.getrandbits(64)
    if actor.depth and rng.random() < 0.5:
        return nest(actor, seed, actor.depth - 1)
    if actor.depth and rng.random() < 0.3:
        return submit_more(actor, seed)
    return rng.choice([sleep, sleep, sleep, sleep_in_spare_time, collect_garbage])


def for_callbacks(actor: Actor, rng: Random) -> Deed:
    chance = rng.random()
    if chance < 0.02:
        return rng.choice([close, terminate])
    if actor.depth and chance < 0.3:
        return rng.choice([nest(actor, rng.getrandbits(64), 0), submit_more(actor, rng.getrandbits(64))])
    return sleep


def for_watchers(actor: Actor, rng: Random) -> Deed:
    """For callbacks of futures, which are called by any thread, under whatever it does."""
    return submit_more(actor, rng.getrandbits(64)) if actor.depth else sleep
