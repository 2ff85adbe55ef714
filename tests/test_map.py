"""map, starmap and their asynchronous forms: the results, the chunks, and the errors."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from helpers import LIMIT, Hold, NewPool, only_threadmill, square

# --- results -------------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_results_are_in_order(new_pool: NewPool, workers: int) -> None:
    pool = new_pool(workers)
    for length in [0, 1, 2, 3, 4, 5, 7, 8, 9, 40, 41, 1000]:
        for chunksize in [None, 1, 2, 3, 7, 8, 50, 2000, sys.maxsize]:
            items, results = [str(i) for i in range(length)], list(range(length))
            assert pool.map(int, items, chunksize) == results
            assert pool.starmap_async(int, [(item,) for item in items], chunksize).get(LIMIT) == results


def test_a_long_map(new_pool: NewPool) -> None:
    items = [object() for _ in range(100_000)]
    results = new_pool(4).map(lambda item: item, items)
    assert len(results) == len(items)
    assert all(result is item for result, item in zip(results, items, strict=True))


ITERABLES: dict[str, Any] = {
    "list": [3, 1, 2],
    "tuple": (3, 1, 2),
    "str": "312",
    "bytes": b"312",
    "dict": {3: "c", 1: "a", 2: "b"},
    "set": {3, 1, 2},
    "frozenset": frozenset([3]),
    "of None": [None, None],
    "range": range(5),
    "range by steps": range(3, 60, 7),
    "range backwards": range(5, -5, -3),
    "empty range": range(5, 5),
    "range at the end of C's integers": range(sys.maxsize - 2, sys.maxsize),
    "range across the end of C's integers": range(sys.maxsize - 1, sys.maxsize + 2),
    "range at the start of C's integers": range(-sys.maxsize - 1, -sys.maxsize + 1),
    "range beyond C's integers": range(10**30, 10**30 + 3),
    "range of far apart values": range(-(2**62), 2**62, 2**61),
    "range of one, by a huge step": range(0, 1, 10**30),
    "empty range from a huge start": range(10**30, 0),
    "empty range by a huge step": range(5, 0, 10**30),
}


@pytest.mark.parametrize("iterable", ITERABLES.values(), ids=ITERABLES)
def test_any_iterable(new_pool: NewPool, iterable: Any) -> None:
    pool = new_pool(2)
    for chunksize in [None, 1, 2]:
        assert pool.map(repr, iterable, chunksize) == [repr(item) for item in iterable]


def test_iterators(new_pool: NewPool) -> None:
    pool = new_pool(2)
    assert pool.map(square, iter([1, 2, 3])) == [1, 4, 9]
    assert pool.map(square, (i for i in range(50))) == [square(i) for i in range(50)]
    assert pool.map(square, map(int, "123")) == [1, 4, 9]


class Sequence:
    """The old protocol: __getitem__ only."""

    def __getitem__(self, index: int) -> int:
        return [5, 6][index]


class Reversed(list[int]):
    def __iter__(self) -> Iterator[int]:
        return reversed(self)


def test_the_iterables_own_protocol_counts(new_pool: NewPool) -> None:
    pool = new_pool(2)
    assert pool.map(square, Sequence()) == [25, 36]  # type: ignore[arg-type]
    assert pool.map(square, Reversed([1, 2, 3])) == [9, 4, 1]


class Liar:
    """Has three items, and says something else."""

    def __init__(self, length: int) -> None:
        self.length = length

    def __iter__(self) -> Iterator[int]:
        return iter([1, 2, 3])

    def __len__(self) -> int:
        return self.length


@only_threadmill
@pytest.mark.parametrize("length", [0, 1, 3, 100])
@pytest.mark.parametrize("chunksize", [None, 1, 2])
def test_what_an_iterable_says_of_its_length_does_not_matter(
    new_pool: NewPool, length: int, chunksize: int | None
) -> None:
    """The standard library believes it, and leaves items out or hangs."""
    assert new_pool(2).map_async(square, Liar(length), chunksize).get(LIMIT) == [1, 4, 9]


@only_threadmill
def test_a_list_that_is_shortened_meanwhile(new_pool: NewPool, hold: Hold) -> None:
    pool, blocker = new_pool(1), hold()
    pool.apply_async(blocker)
    items = list(range(1000))
    handle = pool.map_async(square, items)
    del items[500:]
    blocker.release()
    with pytest.raises(IndexError):
        handle.get(LIMIT)
    assert pool.apply(square, (3,)) == 9


def test_starmap_takes_any_iterables(new_pool: NewPool) -> None:
    items: list[Any] = [(2, 5), [2, 5], range(2, 6, 3), {2: 0, 5: 0}, iter([2, 5])]
    assert new_pool(2).starmap(pow, items) == [32] * 5


def test_starmap_of_something_else(new_pool: NewPool) -> None:
    pool = new_pool(2)
    with pytest.raises(TypeError):
        pool.starmap(pow, [(2, 5), 5])  # type: ignore[list-item]
    with pytest.raises(TypeError):
        pool.starmap(pow, [(2,)])


# --- nothing to do -------------------------------------------------------------------------------


@pytest.mark.parametrize("chunksize", [None, 1, 5])
@pytest.mark.parametrize("method", ["map_async", "starmap_async"])
def test_a_map_of_nothing_is_ready_at_once(new_pool: NewPool, method: str, chunksize: int | None) -> None:
    """And its callback is not called."""
    called: list[Any] = []
    pool = new_pool(1)
    handle = getattr(pool, method)(square, [], chunksize, called.append, called.append)
    assert handle.ready()
    assert handle.successful()
    assert handle.get(0) == []
    assert pool.apply(square, (3,)) == 9
    assert called == []


# --- chunks --------------------------------------------------------------------------------------


@pytest.mark.parametrize("chunksize", [2, 5, 9])
def test_a_chunk_is_worked_off_by_one_worker(new_pool: NewPool, chunksize: int) -> None:
    idents = new_pool(3).map(lambda _: threading.get_ident(), range(100), chunksize)
    for first in range(0, 100, chunksize):
        assert len(set(idents[first : first + chunksize])) == 1


def test_a_slow_chunk_holds_up_no_other(new_pool: NewPool, hold: Hold) -> None:
    """While the first of three chunks is held, the others are done."""
    pool, task = new_pool(2), hold()
    others = threading.Semaphore(0)

    def run(item: int) -> int:
        if item == 0:
            task()
        elif item >= 4:
            others.release()
        return item

    handle = pool.map_async(run, range(12), chunksize=4)
    for _ in range(8):
        assert others.acquire(timeout=LIMIT)
    assert not handle.ready()
    task.release()
    assert handle.get(LIMIT) == list(range(12))


@only_threadmill
def test_without_a_chunksize_a_slow_item_holds_up_none(new_pool: NewPool, hold: Hold) -> None:
    """All items but the held one are done; of the standard library's chunk of 13, twelve would wait."""
    pool, task = new_pool(2), hold()
    others = threading.Semaphore(0)
    handle = pool.map_async(lambda item: task() if item == 0 else others.release(), range(100))
    for _ in range(99):
        assert others.acquire(timeout=LIMIT)
    assert not handle.ready()
    task.release()
    handle.get(LIMIT)


# --- errors --------------------------------------------------------------------------------------


def raise_at(bad: int, ran: list[int]) -> Any:
    def run(item: int) -> int:
        ran.append(item)
        if item == bad:
            raise KeyError(item)
        return item

    return run


@pytest.mark.parametrize("workers", [1, 3])
def test_an_error_skips_the_rest_of_its_chunk(new_pool: NewPool, workers: int) -> None:
    ran: list[int] = []
    with pytest.raises(KeyError, match="5"):
        new_pool(workers).map(raise_at(5, ran), range(16), chunksize=4)
    assert sorted(ran) == [0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15]


@only_threadmill
@pytest.mark.parametrize("workers", [1, 3])
def test_without_a_chunksize_an_error_skips_nothing(new_pool: NewPool, workers: int) -> None:
    ran: list[int] = []
    with pytest.raises(KeyError, match="5"):
        new_pool(workers).map(raise_at(5, ran), range(1000))
    assert sorted(ran) == list(range(1000))


def test_an_error_is_raised_after_everything_has_ended(new_pool: NewPool, hold: Hold) -> None:
    pool, task = new_pool(2), hold()
    ended = []

    def run(item: int) -> None:
        if item == 0:
            task()
            ended.append(item)
        elif item == 1:
            task.wait_until_begun()
            raise KeyError(item)
        else:  # the worker that raised has come to its next item
            ended.append(item)
            task.release()

    handle = pool.map_async(run, range(3), chunksize=1)
    with pytest.raises(KeyError, match="1"):
        handle.get(LIMIT)
    assert sorted(ended) == [0, 2]


def test_the_first_error_to_arrive_is_raised(new_pool: NewPool, hold: Hold) -> None:
    pool, task = new_pool(2), hold()

    def run(item: int) -> None:
        if item == 0:
            task()
            raise KeyError("later")
        if item == 1:
            task.wait_until_begun()
            raise ValueError("first")
        task.release()  # in the worker that has raised the first error

    handle = pool.map_async(run, range(3), chunksize=1)
    with pytest.raises(ValueError, match="first"):
        handle.get(LIMIT)


def test_an_error_of_the_input_comes_before_any_work(new_pool: NewPool) -> None:
    def items() -> Iterator[int]:
        yield 1
        raise KeyError("input")

    ran: list[int] = []
    pool = new_pool(1)
    for method in [pool.map, pool.map_async, pool.starmap, pool.starmap_async]:
        with pytest.raises(KeyError, match="input"):
            method(ran.append, items())  # type: ignore[operator]
    assert pool.apply(square, (3,)) == 9
    assert ran == []
