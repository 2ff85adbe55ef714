"""Results that come fast, whose consumer is not woken for each: none is kept from it for that."""

from __future__ import annotations

import itertools
import queue
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from helpers import LIMIT

import threadmill

Stream = Callable[[Callable[[int], int], Any], Iterator[int]]
MANY = 5_000


@pytest.fixture(params=["imap", "imap_unordered", "bounded imap", "executor.map"])
def stream(request: pytest.FixtureRequest) -> Iterator[Stream]:
    with threadmill.ThreadPool(2) as pool:
        yield {
            "imap": pool.imap,
            "imap_unordered": pool.imap_unordered,
            "bounded imap": lambda function, items: pool.imap(function, items, buffersize=7),
            "executor.map": lambda function, items: pool.as_executor().map(function, list(items)),
        }[request.param]


def test_a_slow_one_keeps_back_none_before_it(stream: Stream) -> None:
    """It ends when all others have been taken."""
    all_taken = threading.Event()

    def task(item: int) -> int:
        return item if item < MANY else all_taken.wait(LIMIT)

    results = stream(task, range(MANY + 1))
    taken = [next(results) for _ in range(MANY)]
    all_taken.set()
    assert sorted(taken) == list(range(MANY))
    assert next(results) is True


def test_fast_and_slow_by_turns(stream: Stream) -> None:
    """The next slow one is let go when all before it have been taken."""
    turns, each = 20, 100
    events = [threading.Event() for _ in range(turns)]

    def task(item: int) -> int:
        return events[item // each].wait(LIMIT) if item % each == each - 1 else item

    results = stream(task, range(turns * each))
    taken: list[int] = []
    for event in events:
        taken += itertools.islice(results, each - 1)
        event.set()
        taken.append(next(results))
    assert taken.count(True) - 1 == turns  # 1 is a result too
    assert set(range(turns * each)) - set(taken) == set(range(each - 1, turns * each, each))


@pytest.mark.parametrize("method", ["imap", "imap_unordered"])
def test_an_input_that_waits_for_the_result_before(method: str) -> None:
    letters: queue.SimpleQueue[int] = queue.SimpleQueue()
    with threadmill.ThreadPool(2) as pool:
        results = getattr(pool, method)(lambda item: item + 1, iter(letters.get, -1))
        letters.put(0)
        for round_ in range(1000):
            result = results.next(timeout=LIMIT)
            assert result == round_ + 1
            letters.put(result)
        letters.put(-1)
        assert results.next(timeout=LIMIT) == 1001
        with pytest.raises(StopIteration):
            results.next(timeout=LIMIT)
