"""A worker that waits for work of its own pool does it itself if nobody has begun it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import TimeoutError
from typing import Any

import pytest
from helpers import LIMIT, in_time, together

import threadmill
from threadmill import ThreadPool, ThreadPoolExecutor


@pytest.fixture
def pool() -> Iterator[ThreadPool]:
    with ThreadPool(1) as pool:
        yield pool
    in_time(pool.join)


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    executor = ThreadPoolExecutor(1)
    yield executor
    in_time(executor.shutdown)


# Each is the sum of what `leaf` gives for the children of a node, done by the pool or the executor.
Sum = Callable[[Any, Callable[[int], int], list[int]], int]
IN_POOL: dict[str, Sum] = {
    "apply": lambda pool, f, xs: sum(pool.apply(f, (x,)) for x in xs),
    "apply_async": lambda pool, f, xs: sum(h.get() for h in [pool.apply_async(f, (x,)) for x in xs]),
    "apply_async, last first": lambda pool, f, xs: sum(
        h.get() for h in reversed([pool.apply_async(f, (x,)) for x in xs])
    ),
    "apply_async with a callback": lambda pool, f, xs: sum(
        h.get() for h in [pool.apply_async(f, (x,), callback=abs) for x in xs]
    ),
    "get with a timeout": lambda pool, f, xs: sum(
        h.get(LIMIT) for h in [pool.apply_async(f, (x,)) for x in xs]
    ),
    "map": lambda pool, f, xs: sum(pool.map(f, xs)),
    "map in chunks": lambda pool, f, xs: sum(pool.map(f, xs, 2)),
    "starmap": lambda pool, f, xs: sum(pool.starmap(f, [(x,) for x in xs])),
    "imap": lambda pool, f, xs: sum(pool.imap(f, xs)),
    "imap in chunks": lambda pool, f, xs: sum(pool.imap(f, xs, 2)),
    "imap with a buffersize": lambda pool, f, xs: sum(pool.imap(f, xs, buffersize=1)),
    "imap_unordered": lambda pool, f, xs: sum(pool.imap_unordered(f, xs)),
}
IN_EXECUTOR: dict[str, Sum] = {
    "submit": lambda executor, f, xs: sum(h.result() for h in [executor.submit(f, x) for x in xs]),
    "exception": lambda executor, f, xs: sum(
        h.result() for h in [executor.submit(f, x) for x in xs] if h.exception() is None
    ),
    "map": lambda executor, f, xs: sum(executor.map(f, xs)),
    "map with a buffersize": lambda executor, f, xs: sum(executor.map(f, xs, buffersize=1)),
}


def tree(summed: Sum, pool: Any, depth: int = 4, width: int = 3) -> int:
    """The leaves of a tree, each node of which is a task that waits for its children."""

    def node(depth: int) -> int:
        return summed(pool, node, [depth - 1] * width) if depth else 1

    return node(depth)


@pytest.mark.parametrize("summed", IN_POOL.values(), ids=IN_POOL)
def test_fork_and_join_on_one_worker(pool: ThreadPool, summed: Sum) -> None:
    assert in_time(lambda: tree(summed, pool)) == 3**4


@pytest.mark.parametrize("summed", IN_EXECUTOR.values(), ids=IN_EXECUTOR)
def test_fork_and_join_on_one_worker_of_an_executor(executor: ThreadPoolExecutor, summed: Sum) -> None:
    assert in_time(lambda: tree(summed, executor)) == 3**4


@pytest.mark.parametrize("summed", IN_POOL.values(), ids=IN_POOL)
def test_fork_and_join_on_a_few_workers(summed: Sum) -> None:
    with ThreadPool(3) as pool:
        sums: list[int] = []
        together(*[lambda: sums.append(tree(summed, pool)) for _ in range(3)])
        assert sums == [3**4] * 3
    in_time(pool.join)


def test_the_submitters_context_is_the_tasks(executor: ThreadPoolExecutor) -> None:
    """Inside of another task too, whose own is as it was afterwards."""
    from contextvars import ContextVar

    name: ContextVar[str] = ContextVar("name", default="nobody's")

    def inner() -> str:
        seen = name.get()
        name.set("inner")
        return seen

    def outer() -> list[str]:
        name.set("outer")
        return [
            *[executor.submit(inner).result() for _ in range(2)],
            *executor.map(lambda _: inner(), [0, 0]),
            name.get(),
        ]

    assert in_time(executor.submit(outer).result) == ["outer"] * 5


def test_an_error_of_the_inner_task(pool: ThreadPool) -> None:
    def inner() -> None:
        raise KeyError("inner")

    def outer() -> str:
        with pytest.raises(KeyError, match="inner"):
            pool.apply(inner)
        return "caught"

    assert pool.apply_async(outer).get(LIMIT) == "caught"


def test_a_look_is_no_wait(pool: ThreadPool) -> None:
    """With a timeout of zero nothing is done."""

    def outer() -> bool:
        handle = pool.apply_async(threading.get_ident)
        with pytest.raises(TimeoutError):
            handle.get(0)
        return handle.ready()

    assert pool.apply_async(outer).get(LIMIT) is False


def test_other_pools_work_is_left_to_them(pool: ThreadPool) -> None:
    with ThreadPool(1) as other:
        here, there = pool.apply(lambda: (threading.get_ident(), other.apply(threading.get_ident)))
        assert here != there
        assert other.apply(threading.get_ident) == there


def test_both_faces_help_each_other(pool: ThreadPool) -> None:
    executor = pool.as_executor()
    assert pool.apply_async(lambda: executor.submit(lambda: pool.apply(abs, (-3,))).result()).get(LIMIT) == 3


def test_terminated_while_it_waits(pool: ThreadPool) -> None:
    """What the worker waits for is dropped by another thread, and it goes on with the error."""
    begun, ended = threading.Event(), threading.Event()

    def inner() -> None:
        begun.set()
        assert ended.wait(LIMIT)

    def outer() -> str:
        handles = [pool.apply_async(inner) for _ in range(2)]
        handles[0].get()
        with pytest.raises(threadmill.PoolTerminated):
            handles[1].get()
        return "told"

    handle = pool.apply_async(outer)
    assert begun.wait(LIMIT)
    pool.terminate()
    ended.set()
    assert handle.get(LIMIT) == "told"


def test_endless_recursion_ends_as_such(pool: ThreadPool) -> None:
    def endless() -> None:
        pool.apply(endless)

    with pytest.raises(RecursionError):
        pool.apply_async(endless).get(LIMIT)
    assert pool.apply_async(abs, (-3,)).get(LIMIT) == 3
