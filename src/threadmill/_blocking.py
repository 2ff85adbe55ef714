"""Tasks that wait for what their pool cannot see."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from threadmill._core import lend_place, take_place_back


@contextmanager
def blocking() -> Iterator[None]:
    """Lends the pool whose task this is a spare worker for the time of the block:

        with threadmill.blocking():
            event.wait()

    For waits that the pool cannot see, such as for an Event, a foreign lock, `concurrent.futures.wait` or
    another pool, if what is waited for may depend on tasks that are queued behind this one. The spare
    worker is started only if work waits, and leaves after the block, when it has ended the task it is at.
    Waiting for results of the pool's own does not need it. Blocks may be nested; outside of a pool's workers
    they do nothing."""
    place = lend_place()
    try:
        yield
    finally:
        take_place_back(place)
