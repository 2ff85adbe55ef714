"""What the tests share of pools that are used by their own inputs, callbacks and destructors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from helpers import in_time, square

from threadmill import ThreadPoolExecutor

each_size = pytest.mark.parametrize("size", [1, 3])

Wait = Callable[[Any, int], int]

# Each waits for work of the pool, which comes to square(i).
WAITS: dict[str, Wait] = {
    "apply": lambda pool, i: pool.apply(square, (i,)),
    "map": lambda pool, i: sum(pool.map(square, [i, 0])),
    "imap": lambda pool, i: sum(pool.imap(square, [i, 0])),
    "a callback": lambda pool, i: pool.apply_async(square, (i,), callback=give).get(),
}
each_wait = pytest.mark.parametrize("wait", WAITS.values(), ids=WAITS)


def give(item: Any) -> Any:
    return item


def outcomes(values: Any) -> list[Any]:
    """What an iteration gives, and the types of the errors that it raises, up to its end."""
    found: list[Any] = []
    while True:
        try:
            found.append(in_time(lambda: next(values, StopIteration)))
        except Exception as error:
            found.append(type(error))
        if found[-1] is StopIteration:
            return found[:-1]
        assert len(found) < 100


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    """With one worker."""
    executor = ThreadPoolExecutor(1)
    yield executor
    executor.shutdown(wait=False, cancel_futures=True)
    in_time(executor.shutdown)
