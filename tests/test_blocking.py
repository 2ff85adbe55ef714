"""`threadmill.blocking()` lends a pool a spare worker while one waits for what the pool cannot see."""

from __future__ import annotations

import concurrent.futures
import os
import threading
from collections.abc import Iterator

import pytest
from helpers import LIMIT, Held, eventually, in_time, together

import threadmill
from threadmill import ThreadPool, ThreadPoolExecutor


@pytest.fixture
def pool() -> Iterator[ThreadPool]:
    with ThreadPool(1) as pool:
        yield pool
    in_time(pool.join)


def test_a_task_waits_for_one_that_is_queued_behind_it(pool: ThreadPool) -> None:
    event = threading.Event()

    def wait() -> bool:
        with threadmill.blocking():
            return event.wait(LIMIT)

    waits = pool.apply_async(wait)
    pool.apply_async(event.set)
    assert waits.get(LIMIT)


def test_the_queued_one_may_come_later(pool: ThreadPool) -> None:
    """No thread is started before there is work for it."""
    event, begun = threading.Event(), threading.Event()

    def wait() -> bool:
        with threadmill.blocking():
            begun.set()
            return event.wait(LIMIT)

    waits = pool.apply_async(wait)
    assert begun.wait(LIMIT)
    assert pool._engine.workers() == 1
    pool.apply_async(event.set)
    assert waits.get(LIMIT)


def test_as_many_as_wait() -> None:
    """Each of a chain on one worker waits for the one behind it, by the standard library's `wait`."""
    with ThreadPoolExecutor(1) as executor:

        def task(depth: int) -> int:
            if depth == 0:
                return 0
            inner = executor.submit(task, depth - 1)
            with threadmill.blocking():
                concurrent.futures.wait([inner])
            return inner.result(0) + 1

        assert executor.submit(task, 20).result(LIMIT) == 20
        eventually(lambda: executor._engine.workers() <= 1)
        assert executor.submit(abs, -3).result(LIMIT) == 3


def test_no_more_work_at_once_than_before(pool: ThreadPool) -> None:
    """After the block the spare worker leaves when it has ended what it is at; a sleeping one at once."""
    event, held, second = threading.Event(), Held(), Held()

    def wait() -> None:
        with threadmill.blocking():
            assert event.wait(LIMIT)
        second("me")

    waits = pool.apply_async(wait)
    spare = pool.apply_async(held)
    queued = pool.apply_async(int)
    held.wait_until_begun()
    event.set()
    second.wait_until_begun()
    held.release()
    spare.get(LIMIT)
    eventually(lambda: pool._engine.workers() == 1)
    assert not queued.ready()
    second.release()
    waits.get(LIMIT)
    queued.get(LIMIT)


def test_a_sleeping_spare_leaves(pool: ThreadPool) -> None:
    event, slept = threading.Event(), threading.Event()

    def wait() -> None:
        with threadmill.blocking():
            pool.apply_async(slept.set)
            assert slept.wait(LIMIT)
            eventually(lambda: pool._engine.busy() == 1)
            assert pool._engine.workers() == 2
        assert event.wait(LIMIT)

    waits = pool.apply_async(wait)
    assert slept.wait(LIMIT)
    eventually(lambda: pool._engine.workers() == 1)
    event.set()
    waits.get(LIMIT)


def test_blocks_may_be_nested(pool: ThreadPool) -> None:
    """They lend one place in all, until the outermost ends."""
    event = threading.Event()

    def wait() -> int:
        with threadmill.blocking():
            with threadmill.blocking():
                pass
            pool.apply_async(event.set)
            assert event.wait(LIMIT)
        return pool._engine.workers()

    assert pool.apply_async(wait).get(LIMIT) <= 2


def test_an_error_in_the_block(pool: ThreadPool) -> None:
    def fail() -> None:
        with threadmill.blocking():
            pool.apply_async(int)
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        pool.apply_async(fail).get(LIMIT)
    eventually(lambda: pool._engine.workers() == 1)


def test_a_block_that_is_never_left(pool: ThreadPool) -> None:
    """By a generator that nobody goes on with: the place is taken back when the worker has no more work."""

    def generator() -> Iterator[None]:
        with threadmill.blocking():
            yield

    kept = generator()
    pool.apply(next, (kept,))
    held = [Held() for _ in range(2)]
    eventually(lambda: pool._engine.busy() == 0)
    handles = [pool.apply_async(task) for task in held]
    held[0].wait_until_begun()
    assert pool._engine.workers() == 1
    kept.close()  # in another thread
    held[0].release()
    held[1].release()
    for handle in handles:
        handle.get(LIMIT)


def test_outside_of_a_pool_it_does_nothing() -> None:
    with threadmill.blocking():
        pass


def test_many_at_once() -> None:
    """Workers that come and go all the time lose no task and leave no thread."""
    before = threading.active_count()
    with ThreadPool(2) as pool:

        def task(i: int) -> int:
            lock = threading.Lock()
            with threadmill.blocking(), lock:
                return i

        def use() -> None:
            assert pool.map(task, range(300)) == list(range(300))
            assert [h.get(LIMIT) for h in [pool.apply_async(task, (i,)) for i in range(300)]] == list(
                range(300)
            )

        together(use, use, use)
        eventually(lambda: pool._engine.workers() <= 2)
        pool.close()
        in_time(pool.join)
    eventually(lambda: threading.active_count() == before)


def test_threads_that_have_left_are_forgotten() -> None:
    with ThreadPoolExecutor(1) as executor:

        def task() -> None:
            event = threading.Event()
            executor.submit(event.set)
            with threadmill.blocking():
                assert event.wait(LIMIT)

        for _ in range(50):
            executor.submit(task).result(LIMIT)
        eventually(lambda: executor._engine.workers() == 1)
        assert len(executor._crew.hands) < 10


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork.*:DeprecationWarning")
def test_a_child_forked_in_the_block() -> None:
    with ThreadPool(1) as pool:

        def task() -> int:
            with threadmill.blocking():
                pid = os.fork()
                if pid == 0:
                    try:
                        assert pool.apply_async(abs, (-3,)).get(LIMIT) == 3
                        os._exit(0)
                    finally:
                        os._exit(1)
                return os.waitpid(pid, 0)[1]

        assert pool.apply_async(task).get(LIMIT) == 0
