"""imap's and imap_unordered's `buffersize`, which the standard library has from CPython 3.16 on."""

from __future__ import annotations

import gc
import itertools
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from helpers import LIMIT, in_time, square, together

from threadmill import ThreadPool

each_method = pytest.mark.parametrize("method", ["imap", "imap_unordered"])


class Input:
    """An endless input that counts what has been read of it."""

    def __init__(self) -> None:
        self.read = 0

    def __iter__(self) -> Iterator[int]:
        return self

    def __next__(self) -> int:
        self.read += 1
        return self.read - 1


@pytest.fixture
def pool() -> Iterator[ThreadPool]:
    """With one worker: it does what comes after an imap when the imap has come to a stop."""
    pool = ThreadPool(1)
    yield pool
    pool.terminate()
    in_time(pool.join)


@each_method
@pytest.mark.parametrize("size", [1, 2, 3, 8, 9, 50])
def test_so_many_items_are_read_ahead_and_no_more(pool: ThreadPool, method: str, size: int) -> None:
    source = Input()
    values = getattr(pool, method)(square, source, buffersize=size)
    for taken in range(20):
        assert pool.apply(square, (3,)) == 9
        assert source.read == taken + size
        assert values.next(LIMIT) == square(taken)


@each_method
@pytest.mark.parametrize("size", [1, 2, 3, 20])
def test_the_bound_holds_with_many_workers(method: str, size: int) -> None:
    """At no time have more items been read than were asked for, plus the buffer."""
    asked = 0
    excess = []

    def items() -> Iterator[int]:
        for i in range(2000):
            excess.append(i + 1 - asked - size)
            yield i

    with ThreadPool(4) as pool:
        values = getattr(pool, method)(square, items(), buffersize=size)
        results = []
        for _ in range(2000):
            asked += 1
            results.append(values.next(LIMIT))
        assert list(values) == []
    assert sorted(results) == [square(i) for i in range(2000)]
    assert max(excess) <= 0


@each_method
def test_a_buffer_as_large_as_the_pool_keeps_all_workers_busy(method: str) -> None:
    meeting = threading.Barrier(4)
    with ThreadPool(4) as pool:
        values = getattr(pool, method)(lambda _: meeting.wait(LIMIT), range(40), buffersize=4)
        assert sum(1 for _ in values) == 40


@each_method
def test_the_bound_holds_in_chunks(pool: ThreadPool, method: str) -> None:
    source = Input()
    values = getattr(pool, method)(square, source, 3, buffersize=6)
    assert pool.apply(square, (3,)) == 9
    assert source.read == 6
    assert list(itertools.islice(values, 7)) == [square(i) for i in range(7)]
    assert pool.apply(square, (3,)) == 9
    assert source.read <= 9 + 6


@each_method
@pytest.mark.parametrize("size", [1, 3, 100])
def test_all_results_come(pool: ThreadPool, method: str, size: int) -> None:
    squares = [square(i) for i in range(30)]
    assert list(getattr(pool, method)(square, range(30), buffersize=size)) == squares
    assert list(getattr(pool, method)(square, range(30), 4, buffersize=size)) == squares
    assert list(getattr(pool, method)(square, [], buffersize=size)) == []
    assert list(getattr(pool, method)(square, range(30), buffersize=None)) == squares


@each_method
def test_an_error_takes_one_place(pool: ThreadPool, method: str) -> None:
    values = getattr(pool, method)(lambda item: 6 // item, [1, 0, 2, 0, 3], buffersize=1)
    results: list[Any] = []
    while len(results) < 5:
        try:
            results.append(values.next(LIMIT))
        except ZeroDivisionError as error:
            results.append(type(error))
    assert results == [6, ZeroDivisionError, 3, ZeroDivisionError, 2]


@each_method
def test_many_may_take(method: str) -> None:
    taken: list[int] = []
    with ThreadPool(2) as pool:
        values = getattr(pool, method)(square, range(2000), buffersize=3)
        together(*[lambda: taken.extend(values)] * 4)
    assert sorted(taken) == [square(i) for i in range(2000)]


# --- the end of the pool -------------------------------------------------------------------------


@each_method
@pytest.mark.parametrize("chunksize", [1, 2])
def test_join_reads_the_rest_of_the_input(pool: ThreadPool, method: str, chunksize: int) -> None:
    """So that it does not wait for ever, as CPython's does (issue 155477)."""
    values = getattr(pool, method)(square, range(50), chunksize, buffersize=2)
    assert next(values) == 0
    pool.close()
    in_time(pool.join)
    assert list(values) == [square(i) for i in range(1, 50)]


@each_method
@pytest.mark.parametrize("taken", [0, 1, 5])
def test_a_dropped_iterator_does_not_hold_up_the_pool(pool: ThreadPool, method: str, taken: int) -> None:
    values = getattr(pool, method)(square, itertools.count(), buffersize=3)
    for i in range(taken):
        assert values.next(LIMIT) == square(i)
    del values
    assert pool.apply(square, (3,)) == 9
    pool.close()
    in_time(pool.join)


@each_method
def test_one_that_is_garbage_in_a_cycle_does_not_either(pool: ThreadPool, method: str) -> None:
    class Holder:
        pass

    holder: Any = Holder()
    holder.itself = holder
    holder.values = getattr(pool, method)(square, itertools.count(), buffersize=3)
    assert pool.apply(square, (3,)) == 9  # it waits for room now
    del holder
    gc.collect()
    pool.close()
    in_time(pool.join)


def test_a_closed_pool_still_reads_for_the_consumer(pool: ThreadPool) -> None:
    values = pool.imap(square, range(100), buffersize=2)
    pool.close()
    assert list(values) == [square(i) for i in range(100)]
    in_time(pool.join)


# --- bad sizes -----------------------------------------------------------------------------------


@each_method
@pytest.mark.parametrize("chunksize", [1, 2])
@pytest.mark.parametrize("size", [0, -1])
def test_there_must_be_room(pool: ThreadPool, method: str, chunksize: int, size: int) -> None:
    with pytest.raises(ValueError, match=r"^buffersize must be None or > 0$"):
        getattr(pool, method)(square, [1], chunksize, buffersize=size)


@each_method
@pytest.mark.parametrize("chunksize", [1, 2])
@pytest.mark.parametrize("size", [1.0, 1.5, "1", []])
def test_the_size_is_a_whole_number(pool: ThreadPool, method: str, chunksize: int, size: Any) -> None:
    with pytest.raises(TypeError, match=r"^buffersize must be an integer or None$"):
        getattr(pool, method)(square, [1], chunksize, buffersize=size)
