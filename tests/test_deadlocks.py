"""Tasks that wait for each other in a cycle get an error; the others are waited for."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

import pytest
from helpers import LIMIT, in_time

import threadmill
from threadmill import DeadlockError, ThreadPool, ThreadPoolExecutor

MESSAGE = "would wait for ever"


@pytest.fixture
def pool() -> Iterator[ThreadPool]:
    with ThreadPool(3) as pool:
        yield pool
    in_time(pool.join)


@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_cycle_of_futures(length: int) -> None:
    """One of them is told so; it ends, and so do those that wait for it."""
    with ThreadPoolExecutor(length) as executor:
        given = threading.Event()
        ready = threading.Barrier(length)
        futures: list[Future[Any]] = []

        def task(i: int) -> object:
            assert given.wait(LIMIT)
            ready.wait(LIMIT)
            return futures[(i + 1) % length].result()

        futures.extend(executor.submit(task, i) for i in range(length))
        given.set()
        for future in futures:
            with pytest.raises(DeadlockError, match=MESSAGE):
                future.result(LIMIT)


def test_a_cycle_through_two_pools() -> None:
    with ThreadPool(1) as pool, ThreadPoolExecutor(1) as executor:
        given, ready = threading.Event(), threading.Barrier(2)
        handles: list[Any] = []

        def in_pool() -> object:
            assert given.wait(LIMIT)
            ready.wait(LIMIT)
            return handles[1].result()

        def in_executor() -> object:
            assert given.wait(LIMIT)
            ready.wait(LIMIT)
            return handles[0].get()

        handles.append(pool.apply_async(in_pool))
        handles.append(executor.submit(in_executor))
        given.set()
        with pytest.raises(DeadlockError):
            handles[0].get(LIMIT)
        with pytest.raises(DeadlockError):
            handles[1].result(LIMIT)


def test_a_cycle_on_one_stack() -> None:
    """The worker does the inner task itself, which waits for the outer one."""
    with ThreadPoolExecutor(1) as executor:
        given = threading.Event()
        outer: list[Future[Any]] = []

        def task() -> object:
            assert given.wait(LIMIT)
            return executor.submit(lambda: outer[0].result()).result()

        outer.append(executor.submit(task))
        given.set()
        with pytest.raises(DeadlockError):
            outer[0].result(LIMIT)


def test_an_item_that_waits_for_its_own_map(pool: ThreadPool) -> None:
    given = threading.Event()
    handles: list[Any] = []

    def task(i: int) -> int:
        assert given.wait(LIMIT)
        return i if i < 9 else handles[0].get()

    handles.append(pool.map_async(task, range(10)))
    given.set()
    with pytest.raises(DeadlockError):
        handles[0].get(LIMIT)


@pytest.mark.parametrize("method", ["imap", "imap_unordered"])
@pytest.mark.parametrize("buffersize", [None, 1, 4])
@pytest.mark.parametrize("workers", [1, 3])
def test_items_that_wait_for_their_own_iterator(method: str, buffersize: int | None, workers: int) -> None:
    """The last of them cannot get a value: none is left that another one could bring."""
    with ThreadPool(workers) as pool:
        given = threading.Event()
        iterators: list[Any] = []

        def task(i: int) -> object:
            assert given.wait(LIMIT)
            return next(iterators[0], None)

        iterators.append(getattr(pool, method)(task, range(5), buffersize=buffersize))
        given.set()

        def consume() -> list[object]:
            outcomes: list[object] = []
            while True:
                try:
                    outcomes.append(next(iterators[0]))
                except StopIteration:
                    return outcomes
                except DeadlockError as error:
                    outcomes.append(error)

        assert any(isinstance(outcome, DeadlockError) for outcome in in_time(consume))
    in_time(pool.join)


def test_a_callback_that_waits_for_its_own_handle(pool: ThreadPool) -> None:
    given = threading.Event()
    handles: list[Any] = []

    def callback(_: object) -> None:
        assert given.wait(LIMIT)
        handles[0].get()

    handles.append(pool.apply_async(int, callback=callback))
    given.set()
    with pytest.raises(DeadlockError):
        handles[0].get(LIMIT)


def test_a_wait_with_a_limit_is_in_no_cycle(pool: ThreadPool) -> None:
    """It ends by itself, and then so does the one that waits for it."""
    executor = pool.as_executor()
    given, ready = threading.Event(), threading.Barrier(2)
    futures: list[Future[Any]] = []

    def patient() -> object:
        assert given.wait(LIMIT)
        ready.wait(LIMIT)
        return futures[1].result()

    def impatient() -> object:
        assert given.wait(LIMIT)
        ready.wait(LIMIT)
        with pytest.raises(TimeoutError):
            futures[0].result(0.2)
        return "gave up"

    futures.extend(map(executor.submit, [patient, impatient]))
    given.set()
    assert [future.result(LIMIT) for future in futures] == ["gave up"] * 2


def test_what_waits_in_a_line_is_waited_for() -> None:
    """Each for the one before it, and the first for an event: no cycle."""
    with ThreadPoolExecutor(8) as executor:
        begun = [threading.Event() for _ in range(8)]
        end = threading.Event()
        futures: list[Future[int]] = []

        def task(i: int) -> int:
            begun[i].set()
            if i == 0:
                assert end.wait(LIMIT)
                return 0
            return futures[i - 1].result() + 1

        for i in range(8):
            futures.append(executor.submit(task, i))
            assert begun[i].wait(LIMIT)
        end.set()
        assert futures[-1].result(LIMIT) == 7


@pytest.mark.parametrize("seed", range(5))
def test_random_graphs_of_tasks(seed: int) -> None:
    """Who is on a circle, or waits for one, gets the error; who is not gets a result."""
    random_ = random.Random(seed)
    size = 40
    after = [[random_.randrange(size) for _ in range(random_.choice([0, 0, 1, 2]))] for _ in range(size)]

    def reachable(i: int) -> set[int]:
        found: set[int] = set()
        todo = [i]
        while todo:
            for j in after[todo.pop()]:
                if j not in found:
                    found.add(j)
                    todo.append(j)
        return found

    circular = {i for i in range(size) if i in reachable(i)}
    doomed = {i for i in range(size) if i in circular or reachable(i) & circular}
    with ThreadPoolExecutor(size) as executor:
        given = threading.Barrier(size + 1)
        futures: list[Future[int]] = []

        def task(i: int) -> int:
            given.wait(LIMIT)
            return 1 + sum(futures[j].result() for j in after[i])

        futures.extend(executor.submit(task, i) for i in range(size))
        given.wait(LIMIT)
        failed = {i for i in range(size) if isinstance(futures[i].exception(LIMIT), DeadlockError)}
    assert failed == doomed


def test_it_is_a_runtime_error() -> None:
    assert issubclass(threadmill.DeadlockError, RuntimeError)
