"""ThreadPoolExecutor.map's `buffersize`, which the standard library has from CPython 3.14 on."""

from __future__ import annotations

import itertools
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import executor_helpers
import pytest
from executor_helpers import OURS, STDLIB, NewExecutor, Overriding, classes
from helpers import LIMIT, Hold, in_time, square

executor_class, new_executor = executor_helpers.executor_class, executor_helpers.new_executor
hold = executor_helpers.hold

with_buffersize = classes(*[STDLIB][: sys.version_info >= (3, 14)], OURS, Overriding)
strictly = classes(OURS, Overriding)


class Input:
    """An endless input that counts what has been read of it."""

    def __init__(self) -> None:
        self.read = 0

    def __iter__(self) -> Iterator[int]:
        return self

    def __next__(self) -> int:
        self.read += 1
        return self.read - 1


@with_buffersize
@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_all_results_come(new_executor: NewExecutor, size: int) -> None:
    executor, squares = new_executor(3), [square(i) for i in range(30)]
    assert list(executor.map(square, range(30), buffersize=size)) == squares
    assert list(executor.map(square, range(30), timeout=LIMIT, chunksize=4, buffersize=size)) == squares
    assert list(executor.map(pow, range(9), itertools.repeat(2), buffersize=size)) == squares[:9]
    assert list(executor.map(square, [], buffersize=size)) == []
    assert list(executor.map(square, range(30), buffersize=None)) == squares


@with_buffersize
@pytest.mark.parametrize("size", [1, 2, 50])
def test_so_much_is_read_at_the_call(new_executor: NewExecutor, hold: Hold, size: int) -> None:
    """And submitted: the work begins."""
    source, task = Input(), hold()
    results = new_executor(1).map(task, source, buffersize=size)
    assert source.read == size
    task.wait_until_begun()
    task.release()
    assert list(itertools.islice(results, 100)) == list(range(100))


@strictly
@pytest.mark.parametrize("size", [1, 2, 3, 50])
def test_the_bound_is_strict(new_executor: NewExecutor, size: int) -> None:
    """Never have more items been read than were yielded, plus the buffer; CPython's reads one more
    before it has the result that makes room (issue 131466)."""
    ended: set[int] = set()
    early: list[int] = []

    def items() -> Iterator[int]:
        for i in range(300):
            if i >= size and i - size not in ended:
                early.append(i)
            yield i

    def run(item: int) -> int:
        time.sleep(0.0005)  # the time that the work takes
        ended.add(item)
        return item

    for taken, result in enumerate(new_executor(2).map(run, items(), buffersize=size)):
        assert result == taken
    assert early == []


@strictly
@pytest.mark.parametrize("size", [1, 2, 3, 50])
def test_as_much_is_read_as_there_is_room_for(new_executor: NewExecutor, size: int) -> None:
    source = Input()
    results = new_executor(2).map(square, source, buffersize=size)
    for taken in range(100):
        assert taken + size - 1 <= source.read <= taken + size
        assert next(results) == square(taken)


@with_buffersize
def test_a_buffer_as_large_as_the_executor_keeps_all_workers_busy(new_executor: NewExecutor) -> None:
    meeting = threading.Barrier(4)
    results = new_executor(4).map(lambda _: meeting.wait(LIMIT), range(4), buffersize=4)
    assert sorted(results) == [0, 1, 2, 3]


# --- its end -------------------------------------------------------------------------------------


@with_buffersize
@pytest.mark.parametrize("how", ["close", "drop", "error", "timeout"])
def test_what_has_not_begun_is_cancelled(new_executor: NewExecutor, hold: Hold, how: str) -> None:
    executor, task, ran = new_executor(1), hold(), list[int]()

    def run(item: int) -> int:
        ran.append(item)
        if item == 1 and how == "error":
            raise KeyError(item)
        if item == 2:
            task()
        return item

    source = Input()
    results: Any = executor.map(run, source, buffersize=4, timeout=0.3 if how == "timeout" else None)
    task.wait_until_begun()
    assert next(results) == 0
    if how == "close":
        results.close()
    elif how == "error":
        with pytest.raises(KeyError):
            next(results)
    elif how == "timeout":
        assert next(results) == 1
        with pytest.raises(TimeoutError):
            next(results)
    if how != "drop":
        assert list(results) == []
    del results
    task.release()
    in_time(executor.shutdown)
    assert ran == [0, 1, 2]
    assert source.read <= 7


@with_buffersize
def test_an_error_of_the_input(new_executor: NewExecutor) -> None:
    """At the call, if it comes so early; else from the iterator, and nothing after it."""

    def items(count: int) -> Iterator[int]:
        yield from range(count)
        raise KeyError("input")

    executor = new_executor(1)
    with pytest.raises(KeyError, match="input"):
        executor.map(square, items(1), buffersize=2)
    results = executor.map(square, items(4), buffersize=2)
    taken: list[int] = []
    with pytest.raises(KeyError, match="input"):
        taken.extend(results)
    assert taken == [0, 1, 4, 9][: len(taken)]
    assert list(results) == []


@with_buffersize
def test_a_shutdown_in_between(new_executor: NewExecutor) -> None:
    """Nothing more can be submitted, and the results do not just end."""
    executor = new_executor(1)
    results = executor.map(square, range(10), buffersize=3)
    assert next(results) == 0
    executor.shutdown()
    with pytest.raises(RuntimeError, match=r"^cannot schedule new futures after shutdown$"):
        list(results)


@strictly
def test_a_dropped_executor_does_not_cut_it_short(executor_class: Any) -> None:
    """As CPython's silently does: the rest is done, or it is an error."""
    results = executor_class(1).map(square, range(10), buffersize=3)
    given: list[int] = []
    try:
        given.extend(results)
    except RuntimeError:
        return
    assert given == [square(i) for i in range(10)]


# --- bad sizes -----------------------------------------------------------------------------------


@with_buffersize
@pytest.mark.parametrize("size", [0, -1])
def test_there_must_be_room(new_executor: NewExecutor, size: int) -> None:
    with pytest.raises(ValueError, match=r"^buffersize must be None or > 0$"):
        new_executor(1).map(square, [1], buffersize=size)


@with_buffersize
@pytest.mark.parametrize("size", [1.0, 1.5, "1", []])
def test_the_size_is_a_whole_number(new_executor: NewExecutor, size: Any) -> None:
    source = Input()
    with pytest.raises(TypeError, match=r"^buffersize must be an integer or None$"):
        new_executor(1).map(square, source, buffersize=size)
    assert source.read == 0
