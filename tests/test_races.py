"""Many threads at one pool: every result is right, every handle completes, whoever ends the pool when."""

from __future__ import annotations

import itertools
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from helpers import LIMIT, in_time, square, together

from threadmill import PoolTerminated, ThreadPool


@pytest.fixture
def _hasty_switches() -> Iterator[None]:
    """Threads take turns as often as possible."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("_hasty_switches")
def test_many_threads_submit() -> None:
    def submit(first: int) -> None:
        handles = [pool.apply_async(square, (first + i,)) for i in range(2000)]
        assert [handle.get(LIMIT) for handle in handles] == [square(first + i) for i in range(2000)]

    with ThreadPool(4) as pool:
        together(*[lambda n=n: submit(n * 2000) for n in range(8)])


@pytest.mark.usefixtures("_hasty_switches")
def test_many_threads_use_all_methods() -> None:
    squares = [square(i) for i in range(200)]

    def use() -> None:
        for chunksize in [1, 3, 50]:
            assert pool.map(square, range(200), chunksize) == squares
            assert list(pool.imap(square, range(200), chunksize)) == squares
            assert sorted(pool.imap_unordered(square, range(200), chunksize)) == squares
            assert list(pool.imap(square, range(200), chunksize, buffersize=5)) == squares
            assert pool.map(square, range(200)) == squares
            assert pool.apply(square, (3,)) == 9

    with ThreadPool(3) as pool:
        together(*[use] * 4)


@pytest.mark.usefixtures("_hasty_switches")
def test_tasks_submit_tasks() -> None:
    """A tree of tasks; each submits two and waits for none."""
    total = 2**11 - 1
    count = threading.Semaphore(0)

    def grow(depth: int) -> None:
        count.release()
        if depth:
            pool.apply_async(grow, (depth - 1,))
            pool.apply_async(grow, (depth - 1,))

    with ThreadPool(3) as pool:
        pool.apply_async(grow, (10,))
        for _ in range(total):
            assert count.acquire(timeout=LIMIT)


@pytest.mark.parametrize("end", ["close", "terminate"])
def test_submitting_while_the_pool_ends(end: str) -> None:
    """What was accepted completes, with its result if the pool is closed."""
    for _ in range(20):
        check_submitting_while_the_pool_ends(end)


def check_submitting_while_the_pool_ends(end: str) -> None:
    pool = ThreadPool(2)
    accepted: list[Any] = []
    some = threading.Event()

    def submit_for_ever() -> None:
        for i in itertools.count():
            accepted.append((i, pool.apply_async(square, (i,))))
            some.set()

    def submit() -> None:
        with pytest.raises(ValueError, match=r"^Pool not running$"):
            submit_for_ever()

    def finish() -> None:
        assert some.wait(LIMIT)
        getattr(pool, end)()
        pool.join()

    together(submit, submit, submit, finish)
    for i, handle in accepted:
        try:
            assert handle.get(0) == square(i)  # complete, since the pool is joined
        except PoolTerminated:
            assert end == "terminate"


@pytest.mark.parametrize("method", ["map", "starmap", "imap", "imap_unordered"])
def test_terminating_a_map_under_way(method: str) -> None:
    """Its input is freed while workers work on it."""
    for _ in range(60):
        check_terminating_a_map_under_way(method)


def check_terminating_a_map_under_way(method: str) -> None:
    pool = ThreadPool(3)
    some = threading.Event()

    def run(*item: Any) -> int:
        some.set()
        return len(item)

    def work() -> None:
        items = ((str(i), [i]) for i in range(10_000))
        with suppress(PoolTerminated):
            for _ in getattr(pool, method)(run, items):
                pass

    def end() -> None:
        assert some.wait(LIMIT)
        pool.terminate()

    together(work, end)
    in_time(pool.join)


def test_ending_a_pool_from_many_threads() -> None:
    for _ in range(30):
        pool = ThreadPool(2)
        handles = [pool.apply_async(square, (i,)) for i in range(50)]

        def end(name: str, pool: ThreadPool = pool) -> None:
            getattr(pool, name)()
            pool.join()

        together(*[lambda name=name, end=end: end(name) for name in ["close", "terminate"] * 3])
        for i, handle in enumerate(handles):
            with suppress(PoolTerminated):
                assert handle.get(0) == square(i)


def test_making_and_ending_many_pools() -> None:
    before = set(threading.enumerate())

    def use() -> None:
        for i in range(50):
            with ThreadPool(1 + i % 4) as pool:
                assert pool.map(square, range(i)) == [square(j) for j in range(i)]
            pool.join()

    together(*[use] * 4)
    assert set(threading.enumerate()) <= before


def test_a_pool_of_many_threads() -> None:
    """More threads than any machine has CPUs."""
    meeting = threading.Barrier(200)
    with ThreadPool(200) as pool:
        places = pool.map(lambda _: meeting.wait(LIMIT), range(200), chunksize=1)
        assert sorted(places) == list(range(200))
        assert pool.map(square, range(20_000)) == [square(i) for i in range(20_000)]
