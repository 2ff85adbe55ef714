"""What must not get lost, nor pile up: errors of odd kinds, tracebacks, tasks and results in great numbers"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from helpers import LIMIT, in_time, square

from threadmill import ThreadPool


@pytest.fixture
def pool() -> Iterator[ThreadPool]:
    """With one worker, which has to be as good as before in the end."""
    with ThreadPool(1) as pool:
        yield pool
        seen: list[int] = []
        assert pool.apply_async(square, (3,), callback=seen.append).get(LIMIT) == 9
        assert seen == [9]
    in_time(pool.join)


# Each runs the task in the pool, or in its other face, and raises what it raises.
Get = Callable[[Any], object]
GETS: dict[str, Callable[[ThreadPool, Callable[..., Any]], Callable[[], object]]] = {
    "apply_async": lambda pool, task: pool.apply_async(task, (0,)).get,
    "map_async": lambda pool, task: pool.map_async(task, [0, 0]).get,
    "submit": lambda pool, task: pool.as_executor().submit(task, 0).result,
}
each_get = pytest.mark.parametrize("begin", GETS.values(), ids=GETS)
Begin = Callable[[ThreadPool, Callable[..., Any]], Callable[[], object]]


# --- an error that is raised many times ------------------------------------------------------------


class Thing:
    """Something that can be referred to weakly."""


def fail(_: object) -> None:
    raise KeyError("failed")


def names(error: BaseException) -> list[str]:
    """The functions in its traceback."""
    return [frame.name for frame in traceback.extract_tb(error.__traceback__)]
