"""An input of a map that uses the pool that reads it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import reentry_helpers
from helpers import LIMIT, Hold, NewPool, in_time, only_threadmill, square
from reentry_helpers import Wait, each_size, each_wait, give, outcomes

from threadmill import DeadlockError, PoolTerminated, ThreadPoolExecutor, TimeoutError

executor = reentry_helpers.executor

each_method = pytest.mark.parametrize("method", ["imap", "imap_unordered"])

# With and without a bound.
BOUNDS: dict[str, dict[str, int]] = {"unbounded": {}, "buffersize=1": {"buffersize": 1}}
each_bound = pytest.mark.parametrize("bound", BOUNDS.values(), ids=BOUNDS)


# --- the input of an imap, which workers read ------------------------------------------------------


@each_method
@each_size
def test_an_input_submits(new_pool: NewPool, method: str, size: int) -> None:
    pool = new_pool(size)
    handles = getattr(pool, method)(give, (pool.apply_async(square, (i,)) for i in range(20)))
    assert sorted(handle.get(LIMIT) for handle in handles) == [square(i) for i in range(20)]


@only_threadmill
@each_method
@each_size
@each_bound
@each_wait
def test_an_input_waits_for_tasks(new_pool: NewPool, method: str, size: int, bound: Any, wait: Wait) -> None:
    """In the standard library, the thread that reads it is the one that hands out tasks, and hangs."""
    pool = new_pool(size)
    values = getattr(pool, method)(give, (wait(pool, i) for i in range(10)), **bound)
    assert sorted(outcomes(values)) == [square(i) for i in range(10)]


def ending(pool: Any, how: str) -> Iterator[int]:
    """An input that ends the pool after two items."""
    yield 0
    yield 1
    getattr(pool, how)()
    yield 2
    yield 3


@only_threadmill
@each_method
@each_size
@each_bound
def test_an_input_closes_the_pool(new_pool: NewPool, method: str, size: int, bound: Any) -> None:
    pool = new_pool(size)
    values = getattr(pool, method)(give, ending(pool, "close"), **bound)
    assert sorted(outcomes(values)) == [0, 1, 2, 3]
    in_time(pool.join)


@only_threadmill
@each_method
@each_size
@each_bound
def test_an_input_terminates_the_pool(new_pool: NewPool, method: str, size: int, bound: Any) -> None:
    """What it gives next is worked on still, for it has begun. The standard library's terminate waits for the
    thread that calls it."""
    pool = new_pool(size)
    values = getattr(pool, method)(give, ending(pool, "terminate"), **bound)
    found = outcomes(values)
    assert found.count(PoolTerminated) == 1
    assert sorted(item for item in found if item is not PoolTerminated) == [0, 1, 2]
    in_time(pool.join)


@only_threadmill
@each_method
@each_bound
def test_terminating_while_the_input_blocks(new_pool: NewPool, hold: Hold, method: str, bound: Any) -> None:
    """That does not wait for it, as the standard library's does; who waits for the next value is told when
    the input has given its next item."""
    pool, held = new_pool(2), hold()
    values = getattr(pool, method)(give, (held(item) for item in range(5)), **bound)
    held.wait_until_begun()
    in_time(pool.terminate)
    held.release()
    assert sorted(outcomes(values), key=str) == [0, PoolTerminated]
    in_time(pool.join)


@only_threadmill
@each_method
@each_size
@pytest.mark.parametrize(
    ("take", "error"),
    [(next, DeadlockError), (lambda values: values.next(0.01), TimeoutError)],
    ids=["for ever", "for some time"],
)
def test_an_input_takes_its_own_values(
    new_pool: NewPool, method: str, size: int, take: Callable[[Any], Any], error: type[Exception]
) -> None:
    """Those that are there, or on their way. One more can come only when it gives the item for that."""
    pool = new_pool(size)
    given = threading.Event()
    iterators: list[Any] = []

    def items() -> Iterator[str]:
        yield "first"
        assert given.wait(LIMIT)
        assert next(iterators[0]) == "first"
        with pytest.raises(error):
            take(iterators[0])
        yield "last"

    iterators.append(getattr(pool, method)(give, items()))
    given.set()
    pool.close()
    in_time(pool.join)
    assert outcomes(iterators[0]) == ["last"]


# --- the input of an executor's map, which its consumer reads --------------------------------------


@each_bound
@pytest.mark.parametrize("in_a_task", [False, True])
def test_the_input_of_a_map_waits_for_tasks(
    executor: ThreadPoolExecutor, bound: Any, in_a_task: bool
) -> None:
    def consume() -> list[int]:
        items = (executor.submit(square, i).result() for i in range(10))
        return list(executor.map(give, items, **bound))

    results = executor.submit(consume).result(LIMIT) if in_a_task else in_time(consume)
    assert results == [square(i) for i in range(10)]


@pytest.mark.parametrize("wait", [False, True])
def test_the_input_of_a_map_shuts_the_executor_down(executor: ThreadPoolExecutor, wait: bool) -> None:
    def items() -> Iterator[int]:
        yield 0
        executor.shutdown(wait)
        yield 1

    assert outcomes(executor.map(give, items(), buffersize=1)) == [0, RuntimeError]
    with pytest.raises(RuntimeError, match="after shutdown"):
        in_time(lambda: executor.map(give, items()))
