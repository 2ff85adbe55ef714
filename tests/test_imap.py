"""imap and imap_unordered: order, laziness, errors at their places, and the bounded buffer."""

from __future__ import annotations

import itertools
import multiprocessing
import threading
import types
from collections.abc import Iterator
from typing import Any

import pytest
from helpers import LIMIT, Hold, NewPool, in_time, only_threadmill, square, together

import threadmill

each_method = pytest.mark.parametrize("method", ["imap", "imap_unordered"])

# --- results -------------------------------------------------------------------------------------


@pytest.mark.parametrize("chunksize", [1, 2, 7, 5000])
@pytest.mark.parametrize("length", [0, 1, 2, 13, 1000])
def test_results(new_pool: NewPool, length: int, chunksize: int) -> None:
    pool = new_pool(3)
    squares = [square(i) for i in range(length)]
    assert list(pool.imap(square, range(length), chunksize)) == squares
    assert sorted(pool.imap_unordered(square, range(length), chunksize)) == squares


def test_imap_keeps_the_order_of_the_input(new_pool: NewPool, hold: Hold) -> None:
    pool, task = new_pool(2), hold()
    last = threading.Event()

    def run(item: int) -> int:
        if item == 0:
            task()
        if item == 9:
            last.set()
        return item

    values = pool.imap(run, range(10))
    assert last.wait(LIMIT)
    with pytest.raises(multiprocessing.TimeoutError):
        values.next(0.01)
    task.release()
    assert list(values) == list(range(10))


def test_imap_unordered_gives_results_as_they_come(new_pool: NewPool, hold: Hold) -> None:
    pool, task = new_pool(2), hold()
    values = pool.imap_unordered(lambda item: task(item) if item == 0 else item, range(10))
    assert [values.next(LIMIT) for _ in range(9)] == list(range(1, 10))
    with pytest.raises(multiprocessing.TimeoutError):
        values.next(0.01)
    task.release()
    assert list(values) == [0]


@each_method
def test_it_is_an_iterator_with_a_next_that_takes_a_timeout(new_pool: NewPool, method: str) -> None:
    values = getattr(new_pool(1), method)(square, [1, 2, 3, 4])
    assert iter(values) is values
    assert [values.next(), next(values), values.next(LIMIT), values.next(timeout=None)] == [1, 4, 9, 16]
    for _ in range(3):
        with pytest.raises(StopIteration):
            next(values)
        with pytest.raises(StopIteration):
            values.next(timeout=0)


@each_method
def test_in_chunks_it_is_a_generator(new_pool: NewPool, method: str) -> None:
    values = getattr(new_pool(1), method)(square, [1, 2, 3], 2)
    assert isinstance(values, types.GeneratorType)
    assert sorted(values) == [1, 4, 9]


@only_threadmill
@each_method
def test_a_timeout_of_next_is_of_threadmills_class(new_pool: NewPool, hold: Hold, method: str) -> None:
    pool, task = new_pool(1), hold()
    values = getattr(pool, method)(task, [7])
    for timeout in [0, -1, 0.01]:
        with pytest.raises(threadmill.TimeoutError):
            values.next(timeout)
    task.release()
    assert values.next(LIMIT) == 7


@each_method
@pytest.mark.parametrize("chunksize", [1, 3])
def test_results_that_nobody_took_outlive_the_pool(new_pool: NewPool, method: str, chunksize: int) -> None:
    pool = new_pool(2)
    values = getattr(pool, method)(square, range(20), chunksize)
    pool.close()
    in_time(pool.join)
    assert sorted(values) == [square(i) for i in range(20)]


@only_threadmill  # the standard library's gives TimeoutError to one whose value another one took first
@each_method
def test_many_may_take_from_one_iterator(new_pool: NewPool, method: str) -> None:
    """Each result goes to one of them, and all of them come to the end."""
    values = getattr(new_pool(2), method)(square, range(2000))
    taken: list[int] = []
    together(*[lambda: taken.extend(values)] * 4)
    assert sorted(taken) == [square(i) for i in range(2000)]


# --- the input -----------------------------------------------------------------------------------


@each_method
@pytest.mark.parametrize("chunksize", [1, 2])
def test_the_caller_does_not_wait_for_the_input(
    new_pool: NewPool, hold: Hold, method: str, chunksize: int
) -> None:
    held = hold()

    def items() -> Iterator[int]:
        yield 1
        yield 2
        held()
        yield 3

    values = getattr(new_pool(2), method)(square, items(), chunksize)
    assert sorted(itertools.islice(values, 2)) == [1, 4]
    held.wait_until_begun()
    held.release()
    assert list(values) == [9]


@only_threadmill
@each_method
@pytest.mark.parametrize("chunksize", [1, 3])
def test_endless_input(new_pool: NewPool, method: str, chunksize: int) -> None:
    """It is read no faster than workers are free; the standard library reads as fast as it can."""
    pool = new_pool(2)
    values = getattr(pool, method)(square, itertools.count(), chunksize)
    assert len(list(itertools.islice(values, 100))) == 100
    pool.terminate()
    in_time(pool.join)


@only_threadmill
@each_method
def test_input_is_not_read_while_all_workers_are_busy(new_pool: NewPool, hold: Hold, method: str) -> None:
    pool, task = new_pool(2), hold()
    read: list[int] = []
    begun = threading.Semaphore(0)

    def items() -> Iterator[int]:
        for i in range(10):
            read.append(i)
            yield i

    def run(item: int) -> Any:
        begun.release()
        return task(item)

    values = getattr(pool, method)(run, items())
    assert begun.acquire(timeout=LIMIT)
    assert begun.acquire(timeout=LIMIT)
    assert read == [0, 1]
    task.release()
    assert sorted(values) == list(range(10))


def failing_input(good: int, error: BaseException) -> Iterator[int]:
    yield from range(good)
    raise error


@pytest.mark.parametrize("good", [0, 1, 5])
def test_an_error_of_the_input_is_raised_at_its_place(new_pool: NewPool, good: int) -> None:
    """After the good items, and then the iteration is over."""
    values = new_pool(2).imap(square, failing_input(good, KeyError("input")))
    assert [values.next(LIMIT) for _ in range(good)] == [square(i) for i in range(good)]
    with pytest.raises(KeyError, match="input"):
        values.next(LIMIT)
    for _ in range(2):
        with pytest.raises(StopIteration):
            values.next(LIMIT)


def test_an_error_of_the_input_is_raised_once_among_unordered_results(new_pool: NewPool) -> None:
    values = new_pool(2).imap_unordered(square, failing_input(5, KeyError("input")))
    results, errors = outcomes(values)
    assert sorted(results) == [0, 1, 4, 9, 16]
    assert [type(error) for error in errors] == [KeyError]


@each_method
def test_in_chunks_an_error_of_the_input_loses_its_chunk(new_pool: NewPool, method: str) -> None:
    values = getattr(new_pool(1), method)(square, failing_input(5, KeyError("input")), 2)
    assert sorted(itertools.islice(values, 4)) == [0, 1, 4, 9]
    with pytest.raises(KeyError, match="input"):
        next(values)
    assert list(values) == []


@only_threadmill
@each_method
@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit()], ids=repr)
def test_the_input_may_raise_anything(new_pool: NewPool, method: str, error: BaseException) -> None:
    pool = new_pool(1)
    values = getattr(pool, method)(square, failing_input(1, error))
    assert values.next(LIMIT) == 0
    with pytest.raises(type(error)) as caught:
        values.next(LIMIT)
    assert caught.value is error
    assert list(values) == []
    assert pool.apply(square, (3,)) == 9


# --- errors of tasks -----------------------------------------------------------------------------


def outcomes(values: Any) -> tuple[list[Any], list[BaseException]]:
    """All results and all errors of an iteration."""
    results, errors = [], []
    while True:
        try:
            results.append(values.next(LIMIT))
        except StopIteration:
            return results, errors
        except Exception as error:
            errors.append(error)


@each_method
def test_an_error_does_not_end_the_iteration(new_pool: NewPool, method: str) -> None:
    values = getattr(new_pool(3), method)(lambda item: 6 // (item % 3), range(30))
    results, errors = outcomes(values)
    assert sorted(results) == [3] * 10 + [6] * 10
    assert [type(error) for error in errors] == [ZeroDivisionError] * 10


def test_an_error_is_raised_in_the_place_of_its_result(new_pool: NewPool) -> None:
    values = new_pool(2).imap(lambda item: 6 // item, [1, 0, 2])
    assert values.next(LIMIT) == 6
    with pytest.raises(ZeroDivisionError):
        values.next(LIMIT)
    assert values.next(LIMIT) == 3


def test_in_chunks_an_error_loses_its_chunk_and_ends_the_iteration(new_pool: NewPool) -> None:
    values = new_pool(1).imap(lambda item: 6 // item, [1, 2, 3, 0, 6, 6], 2)
    assert [next(values), next(values)] == [6, 3]
    with pytest.raises(ZeroDivisionError):
        next(values)
    assert list(values) == []
