"""`threadmill.Future`: a concurrent.futures.Future that costs a tenth."""

from __future__ import annotations

import concurrent.futures
from typing import TypeVar

from threadmill._future import FutureCore

T = TypeVar("T")


class Future(FutureCore[T], concurrent.futures.Future[T]):
    """What `submit` returns: as `concurrent.futures.Future`, which it is.

    Its condition and its lists of waiters and callbacks are made when somebody touches them. A future of
    an executor that is cancelled counts as notified at once: who waits for several futures is not kept
    until a worker finds it in the queue."""
