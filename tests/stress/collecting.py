"""The operations on what was submitted: its outcomes are waited for, taken in part, or left alone. A signal
may raise anywhere in this file: an order stays on its actor's list until its outcome has been verified."""

from __future__ import annotations

import concurrent.futures
import threading
from itertools import islice
from random import Random
from typing import Any

from actor import Actor
from faults import is_fresh
from orders import Order, Single, Submitted
from streams import Stream
from verdict import count, fail

import threadmill

PENDING = object()


def outcome_of(order: Single, timeout: float | None) -> object:
    """A value, or the exception that was raised; PENDING if there is none yet."""
    outcome: object
    try:
        outcome = order.handle.result(timeout) if isinstance(order, Submitted) else order.handle.get(timeout)
    except BaseException as error:
        outcome = error
    if is_fresh(outcome):
        raise outcome  # type: ignore[misc]
    if timeout is not None and isinstance(outcome, TimeoutError):
        count("outcome: not yet")
        return PENDING
    return outcome


def take(order: Stream, most: int) -> None:
    """What it gives next, up to so many outcomes."""
    got = order.got
    most += len(got)
    while not order.has_ended and len(got) < most:
        before = len(got)
        order.source.asked += 1
        try:
            # In one step, so that no signal comes between the two.
            got.extend(islice(order.handle, 1))
        except BaseException as error:
            got.append(error)
            if is_fresh(error):
                raise
        order.has_ended = len(got) == before


def take_in_time(order: Stream) -> None:
    """The next of an imap, if it comes soon. Not in the main thread, where a signal might come in between."""
    order.source.asked += 1
    try:
        order.got.append(order.handle.next(0.001))
    except StopIteration:
        order.has_ended = True
    except TimeoutError:
        count("outcome: not yet")
    except BaseException as error:
        order.got.append(error)


def finish(actor: Actor, order: Order, timeout: float | None = None) -> None:
    """Waits for all outcomes and verifies them."""
    if order.handle is None:
        actor.orders.remove(order)
    elif isinstance(order, Stream):
        take(order, order.work.size + 2)
        if order.has_ended:
            order.verify()
            actor.leave(order)
    elif isinstance(order, Single):
        outcome = outcome_of(order, timeout)
        if outcome is not PENDING:
            order.verify(outcome)
            order.check_handle()
            actor.leave(order)


def drop(actor: Actor, order: Order) -> None:
    """Lets go of it, without a look at the outcomes that have not been taken."""
    count("dropped")
    if order.handle is None:
        actor.orders.remove(order)
    else:
        if isinstance(order, Stream):
            order.verify()
        actor.leave(order)


# --- the operations ----------------------------------------------------------------------------------


def finish_one(actor: Actor, rng: Random) -> None:
    if actor.orders:
        finish(actor, rng.choice(actor.orders), rng.choice([None, None, 0, 0.001]))


def take_some(actor: Actor, rng: Random) -> None:
    streams = [order for order in actor.orders if isinstance(order, Stream) and order.handle is not None]
    if not streams:
        return
    stream = rng.choice(streams)
    in_main_thread = threading.current_thread() is threading.main_thread()
    if rng.random() < 0.3 and not in_main_thread and isinstance(stream.handle, threadmill.IMapIterator):
        take_in_time(stream)
    else:
        take(stream, rng.randint(1, 5))


def drop_one(actor: Actor, rng: Random) -> None:
    if actor.orders:
        drop(actor, rng.choice(actor.orders))


def cancel_one(actor: Actor, rng: Random) -> None:
    orders = futures_of(actor)
    if orders:
        rng.choice(orders).cancel()


def wait_for_several(actor: Actor, rng: Random) -> None:
    futures = [order.handle for order in futures_of(actor)]
    module: Any = rng.choice([concurrent.futures, threadmill])
    if rng.random() < 0.5:
        if sorted(map(id, module.as_completed(futures))) != sorted(map(id, futures)):
            fail("as_completed has not given each future once")
        return
    when = rng.choice([concurrent.futures.FIRST_COMPLETED, concurrent.futures.ALL_COMPLETED])
    timeout = rng.choice([None, 0.001])
    done, pending = module.wait(futures, timeout, when)
    if done | pending != set(futures) or not all(future.done() for future in done):
        fail("wait has given other futures than it got, or some that are not done")
    if timeout is None and ((pending and when == concurrent.futures.ALL_COMPLETED) or (not done and futures)):
        fail("wait has not waited")


def futures_of(actor: Actor) -> list[Submitted]:
    return [order for order in actor.orders if isinstance(order, Submitted) and order.handle is not None]
