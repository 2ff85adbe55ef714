"""A forked child uses inherited pools as if they were new, and gets nothing of the parent's work."""

from __future__ import annotations

import os
import signal
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from helpers import LIMIT, Hold, square, together

from threadmill import PoolForked, ThreadPool, ThreadPoolExecutor, as_completed

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork"),
    # From Python 3.12 on, of any fork while threads live.
    pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork.*:DeprecationWarning"),
]


def in_child(check: Callable[[], object]) -> None:
    """Calls `check` in a forked child, which fails if it raises or hangs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        signal.alarm(LIMIT)
        try:
            check()
            os._exit(0)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(1)
    assert os.waitpid(pid, 0)[1] == 0, "the child failed: see its traceback"


@pytest.fixture
def pool() -> Iterator[ThreadPool]:
    with ThreadPool(2) as pool:
        yield pool
    pool.join()


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as executor:
        yield executor


def use(pool: ThreadPool, executor: ThreadPoolExecutor) -> None:
    assert pool.map(square, range(100)) == [square(i) for i in range(100)]
    assert list(pool.imap(square, range(20), buffersize=3)) == [square(i) for i in range(20)]
    assert pool.apply_async(square, (3,), callback=str).get(LIMIT) == 9
    assert [f.result(LIMIT) for f in [executor.submit(square, i) for i in range(50)]] == list(
        map(square, range(50))
    )
    assert list(executor.map(square, range(20))) == [square(i) for i in range(20)]


def end(pool: ThreadPool, executor: ThreadPoolExecutor) -> None:
    pool.close()
    pool.join()
    executor.shutdown()


@pytest.mark.parametrize("used", [False, True])
def test_idle_pools(pool: ThreadPool, executor: ThreadPoolExecutor, used: bool) -> None:
    if used:
        use(pool, executor)

    def check() -> None:
        use(pool, executor)
        end(pool, executor)

    in_child(check)
    use(pool, executor)


def test_unfinished_work_fails_in_the_child_and_goes_on_in_the_parent(
    pool: ThreadPool, executor: ThreadPoolExecutor
) -> None:
    begun, release = threading.Barrier(5), threading.Event()

    def task() -> int:
        begun.wait(LIMIT)
        assert release.wait(LIMIT)
        return 1

    running: list[Any] = [pool.apply_async(task) for _ in range(2)]
    futures = [executor.submit(task) for _ in range(2)]
    begun.wait(LIMIT)
    queued: list[Any] = [
        pool.apply_async(int),
        pool.map_async(square, range(10)),
        pool.apply_async(int, callback=str),
    ]
    values = [
        pool.imap(square, range(3)),
        pool.imap_unordered(square, range(3)),
        executor.map(square, range(3)),
    ]
    futures += [executor.submit(int) for _ in range(3)]
    called: list[Any] = []
    futures[-1].add_done_callback(called.append)
    with futures[0]._condition:  # held when the process forks

        def check() -> None:
            for handle in running + queued:
                with pytest.raises(PoolForked, match="the parent does it"):
                    handle.get(LIMIT)
            for future in futures:
                with pytest.raises(PoolForked, match="the parent does it"):
                    future.result(LIMIT)
            for iterator in values:
                with pytest.raises(PoolForked, match="the parent does it"):
                    next(iterator)
            assert called == [futures[-1]]
            use(pool, executor)
            end(pool, executor)

        in_child(check)
    release.set()
    assert [handle.get(LIMIT) for handle in running] == [1, 1]
    assert [handle.get(LIMIT) for handle in queued] == [0, [square(i) for i in range(10)], 0]
    assert [sorted(iterator) for iterator in values] == [[0, 1, 4]] * 3
    assert [future.result(LIMIT) for future in futures] == [1, 1, 0, 0, 0]
    assert called == [futures[-1]]


def test_a_map_and_an_imap_under_way(pool: ThreadPool) -> None:
    begun, release = threading.Barrier(3), threading.Event()

    def task(item: int) -> int:
        if item in (1, 11):
            begun.wait(LIMIT)
            assert release.wait(LIMIT)
        return item

    handle = pool.map_async(task, range(5), 1)
    values = pool.imap(task, range(10, 15))
    begun.wait(LIMIT)

    def check() -> None:
        with pytest.raises(PoolForked):
            handle.get(LIMIT)
        got: list[int] = []
        with pytest.raises(PoolForked):
            got.extend(next(values) for _ in range(5))
        assert got == [10]
        assert pool.apply(square, (3,)) == 9

    in_child(check)
    release.set()
    assert handle.get(LIMIT) == list(range(5))
    assert list(values) == list(range(10, 15))


def test_what_was_done_stays_done(pool: ThreadPool, executor: ThreadPoolExecutor) -> None:
    handle, future = pool.apply_async(square, (3,)), executor.submit(square, 3)
    handle.wait(LIMIT)
    assert future.result(LIMIT) == 9
    in_child(lambda: handle.get(0) + future.result(0))


def test_callbacks_that_were_due(executor: ThreadPoolExecutor, hold: Hold) -> None:
    """The worker that was at them is not in the child."""
    task, callback = hold(), hold()
    future = executor.submit(task, 1)
    future.add_done_callback(callback)
    heard: list[object] = []
    future.add_done_callback(heard.append)
    completed = as_completed([future])
    other = executor.submit(int)
    other.result(LIMIT)
    assert next(as_completed([other, future])) is other
    task.release()
    callback.wait_until_begun()

    def check() -> None:
        assert heard == [future]
        assert list(completed) == [future]

    in_child(check)
    assert heard == []


def test_an_imap_that_waits_for_room_goes_on(pool: ThreadPool) -> None:
    values = pool.imap(square, range(10), buffersize=2)
    assert next(values) == 0
    pool.apply(int)  # it is full now

    def check() -> None:
        assert list(values) == [square(i) for i in range(1, 10)]

    in_child(check)
    assert list(values) == [square(i) for i in range(1, 10)]


def test_forking_in_a_task(pool: ThreadPool, executor: ThreadPoolExecutor) -> None:
    """The child's only thread is a worker."""

    def task() -> bool:
        in_child(lambda: use(pool, executor))
        return True

    assert pool.apply_async(task).get(LIMIT)
    assert executor.submit(task).result(LIMIT)


@pytest.mark.parametrize("end_first", [False, True])
def test_a_closed_pool_stays_closed(end_first: bool) -> None:
    with ThreadPool(1) as pool, ThreadPoolExecutor(1) as executor:
        pool.apply(int)
        executor.submit(int).result(LIMIT)
        pool.close()
        executor.shutdown()
        if end_first:
            pool.join()

        def check() -> None:
            with pytest.raises(ValueError, match="Pool not running"):
                pool.apply(int)
            with pytest.raises(RuntimeError, match="after shutdown"):
                executor.submit(int)
            end(pool, executor)

        in_child(check)


def test_forks_while_others_submit(pool: ThreadPool, executor: ThreadPoolExecutor) -> None:
    """At whatever the other threads and the workers are."""
    over = threading.Event()

    def submit() -> None:
        while not over.is_set():
            use(pool, executor)

    def fork() -> None:
        try:
            for _ in range(15):
                in_child(lambda: use(pool, executor))
        finally:
            over.set()

    together(submit, submit, fork)
    use(pool, executor)


def test_a_child_of_a_child(pool: ThreadPool, executor: ThreadPoolExecutor) -> None:
    def check() -> None:
        use(pool, executor)
        in_child(lambda: use(pool, executor))
        use(pool, executor)

    in_child(check)
