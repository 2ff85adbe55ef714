"""Callbacks and destructors that use the pool that calls them, and pools whose last reference goes in their
own worker. Tasks that use their pool are in test_nesting.py."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from typing import Any

import pytest
import reentry_helpers
from helpers import LIMIT, Held, Hold, NewPool, eventually, in_time, only_threadmill, square
from reentry_helpers import Wait, each_size, each_wait, give, outcomes

from threadmill import PoolTerminated, ThreadPool, ThreadPoolExecutor

executor = reentry_helpers.executor

# --- callbacks -------------------------------------------------------------------------------------


@only_threadmill
@each_size
@each_wait
def test_a_callback_waits_for_tasks(new_pool: NewPool, size: int, wait: Wait) -> None:
    """In the standard library, it runs in the thread that hands out results, and hangs."""
    pool = new_pool(size)
    called: list[int] = []
    handles = [
        pool.apply_async(give, (i,), callback=lambda i: called.append(wait(pool, i))) for i in range(20)
    ]
    for handle in handles:
        handle.get(LIMIT)
    assert sorted(called) == [square(i) for i in range(20)]


@only_threadmill
@each_size
def test_callbacks_within_callbacks(new_pool: NewPool, size: int) -> None:
    pool = new_pool(size)
    called: list[int] = []

    def callback(depth: int) -> None:
        called.append(depth)
        if depth:
            pool.apply_async(give, (depth - 1,), callback=callback).get()

    pool.apply_async(give, (50,), callback=callback).get(LIMIT)
    assert called == list(range(50, -1, -1))


@only_threadmill
@pytest.mark.parametrize("kind", ["callback", "error_callback"])
def test_a_callback_terminates_the_pool(new_pool: NewPool, hold: Hold, kind: str) -> None:
    """python/cpython#87129. All that waited fails, callbacks and all."""
    pool, task = new_pool(1), hold()
    failures: list[BaseException] = []
    handle = pool.apply_async(
        lambda: task() or (1 // 0 if kind == "error_callback" else 7),
        **{kind: lambda _: pool.terminate()},
    )
    pending = [pool.apply_async(square, (i,), {}, give, failures.append) for i in range(5)]
    values = pool.imap(square, range(5))
    task.release()
    handle.wait(LIMIT)
    assert handle.successful() == (kind == "callback")
    for waiting in pending:
        with pytest.raises(PoolTerminated):
            waiting.get(LIMIT)
    assert outcomes(values) == [PoolTerminated]
    assert failures == []  # only what has run calls back
    in_time(pool.join)


def test_a_done_callback_waits_for_tasks(executor: ThreadPoolExecutor) -> None:
    task, called = Held(), list[Any]()
    last = threading.Event()

    def callback(_: object) -> None:
        called.append(executor.submit(square, 3).result())
        called.append(list(executor.map(square, range(5))))
        last.set()

    executor.submit(task).add_done_callback(callback)
    task.release()
    assert last.wait(LIMIT)
    assert called == [9, [0, 1, 4, 9, 16]]


# --- the last reference ----------------------------------------------------------------------------


class Last:
    """Calls something when nobody holds it any more."""

    def __init__(self, call: Callable[[], object]) -> None:
        self.call = call

    def __call__(self, *_: object) -> None:
        pass

    def __del__(self) -> None:
        self.call()


DROPS: dict[str, Callable[[Any, Last], object]] = {
    "a function": lambda pool, last: pool.apply_async(last),
    "an argument": lambda pool, last: pool.apply_async(lambda _: None, (last,)),
    "a callback": lambda pool, last: pool.apply_async(int, (), {}, last),
    "an item of a map": lambda pool, last: pool.map_async(lambda _: None, [last]),
    "an item of an imap": lambda pool, last: pool.imap(lambda _: None, iter([last])),
    "an input": lambda pool, last: pool.imap(give, (last and i for i in range(3))),
    "a result that nobody wants": lambda pool, last: pool.apply_async(give, (last,)) and None,
    "values that nobody takes": lambda pool, last: pool.imap(give, [last], buffersize=1) and None,
}


@pytest.mark.parametrize("drop", DROPS.values(), ids=DROPS)
def test_a_destructor_waits_for_a_task(drop: Callable[[Any, Last], object]) -> None:
    called: list[int] = []
    with ThreadPool(1) as pool:
        kept = drop(pool, Last(lambda: called.append(pool.apply(square, (3,)))))
        eventually(lambda: called)
        assert called == [9]
        assert pool.apply_async(square, (4,)).get(LIMIT) == 16
        del kept
    in_time(pool.join)


HOLDERS: dict[str, Callable[[Any, Any], Any]] = {
    "a task": lambda pool, drop: pool.apply_async(drop, (7,)),
    "a callback": lambda pool, drop: pool.apply_async(give, (7,), callback=drop),
}


@pytest.mark.filterwarnings("ignore:unclosed running:ResourceWarning")
@pytest.mark.parametrize("submit", HOLDERS.values(), ids=HOLDERS)
def test_the_last_reference_to_the_pool_goes_in(pool_class: Any, submit: Callable[[Any, Any], Any]) -> None:
    """python/cpython#83541. The worker ends then, and does not wait for itself."""
    held = Held()
    pool = pool_class(1)
    kept = [pool]

    def drop(value: int) -> int:
        held()
        kept.clear()
        gc.collect()
        return value

    handle = submit(pool, drop)
    threads = list(pool._pool)
    held.wait_until_begun()
    del pool
    held.release()
    assert handle.get(LIMIT) == 7
    for thread in threads:
        thread.join(LIMIT)
        assert not thread.is_alive()
