"""The private parts of a ThreadPoolExecutor that programs use: its queue above all."""

from __future__ import annotations

import queue
import sys
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError
from functools import partial
from typing import Any

import executor_helpers
import pytest
from executor_helpers import NewExecutor, only_threadmill
from helpers import LIMIT, Held, Hold, eventually, in_time, square

executor_class, new_executor = executor_helpers.executor_class, executor_helpers.new_executor
hold = executor_helpers.hold


def busy(executor: Any, task: Held) -> Any:
    """Makes its one worker work on the task."""
    future = executor.submit(task)
    task.wait_until_begun()
    return future


def test_what_can_be_read(new_executor: NewExecutor) -> None:
    executor = new_executor(2, "crew")
    assert (executor._max_workers, executor._thread_name_prefix) == (2, "crew")
    assert (executor._shutdown, executor._broken, executor._threads) == (False, False, set())
    assert executor._idle_semaphore._value == 0
    with executor._shutdown_lock:
        pass
    executor.submit(square, 3).result(LIMIT)
    (thread,) = executor._threads
    assert isinstance(thread, threading.Thread)
    eventually(lambda: executor._idle_semaphore._value == 1)
    executor.shutdown()
    assert executor._shutdown is True
    assert executor._broken is False


def test_how_much_is_queued(new_executor: NewExecutor, hold: Hold) -> None:
    executor, task = new_executor(1), hold()
    assert (executor._work_queue.qsize(), executor._work_queue.empty()) == (0, True)
    busy(executor, task)
    assert (executor._work_queue.qsize(), executor._work_queue.empty()) == (0, True)
    futures = [executor.submit(square, i) for i in range(5)]
    assert (executor._work_queue.qsize(), executor._work_queue.empty()) == (5, False)
    task.release()
    assert [future.result(LIMIT) for future in futures] == [square(i) for i in range(5)]
    eventually(executor._work_queue.empty)


def test_the_queue_of_an_idle_executor_is_empty(new_executor: NewExecutor) -> None:
    executor = new_executor(1)
    for get in [
        executor._work_queue.get_nowait,
        lambda: executor._work_queue.get(block=False),
        lambda: executor._work_queue.get(False),
    ]:
        with pytest.raises(queue.Empty):
            get()


@pytest.mark.parametrize("how", ["get_nowait", "get"])
def test_the_queue_can_be_drained(new_executor: NewExecutor, hold: Hold, how: str) -> None:
    """As google-cloud-pubsub does: what is taken out is never run."""
    executor, task, ran = new_executor(1), hold(), list[int]()
    running = busy(executor, task)
    futures = [executor.submit(ran.append, i) for i in range(5)]
    get = (
        executor._work_queue.get_nowait
        if how == "get_nowait"
        else partial(executor._work_queue.get, block=False)
    )
    items = drain(get)
    assert [item.future for item in items] == futures
    assert executor._work_queue.qsize() == 0
    task.release()
    running.result(LIMIT)
    executor.submit(ran.append, 5).result(LIMIT)
    assert ran == [5]
    assert [future._state for future in futures] == ["PENDING"] * 5


def drain(get: Callable[[], Any]) -> list[Any]:
    items = []
    while True:
        try:
            items.append(get())
        except queue.Empty:
            return items


def task_of(item: Any) -> Any:
    """What a program reads of an item; from 3.14 on it has a `task`."""
    return item.task if sys.version_info >= (3, 14) else (item.fn, item.args, item.kwargs)


def test_the_parts_of_an_item(new_executor: NewExecutor, hold: Hold) -> None:
    executor = new_executor(1)
    busy(executor, hold())
    future = executor.submit(sorted, [2, 1], reverse=True)
    item = executor._work_queue.get_nowait()
    assert item.future is future
    assert task_of(item) == (sorted, ([2, 1],), {"reverse": True})
    executor.submit(square, 3)
    assert task_of(executor._work_queue.get_nowait()) == (square, (3,), {})


@only_threadmill
def test_the_parts_of_an_item_in_all_versions(new_executor: NewExecutor, hold: Hold) -> None:
    executor = new_executor(1)
    busy(executor, hold())
    executor.submit(sorted, [2, 1], reverse=True)
    item = executor._work_queue.get_nowait()
    assert item.task == (item.fn, item.args, item.kwargs) == (sorted, ([2, 1],), {"reverse": True})


def test_an_item_can_be_put_back(new_executor: NewExecutor, hold: Hold) -> None:
    """It comes last then."""
    executor, task, ran = new_executor(1), hold(), list[int]()
    busy(executor, task)
    futures = [executor.submit(ran.append, i) for i in range(5)]
    items = [executor._work_queue.get_nowait() for _ in range(3)]
    for item in reversed(items):
        executor._work_queue.put(item)
    assert executor._work_queue.qsize() == 5
    task.release()
    assert [future.result(LIMIT) for future in futures] == [None] * 5
    assert ran == [3, 4, 2, 1, 0]


def test_an_item_that_is_out_can_be_cancelled(new_executor: NewExecutor, hold: Hold) -> None:
    executor, task, ran = new_executor(1), hold(), list[int]()
    busy(executor, task)
    future = executor.submit(ran.append, 1)
    item = executor._work_queue.get_nowait()
    assert item.future.cancel()
    executor._work_queue.put(item)
    task.release()
    executor.submit(ran.append, 2).result(LIMIT)
    assert future.cancelled()
    assert ran == [2]


def test_an_item_that_is_out_survives_a_shutdown(new_executor: NewExecutor, hold: Hold) -> None:
    executor = new_executor(1)
    task = hold()
    busy(executor, task)
    future = executor.submit(square, 3)
    item = executor._work_queue.get_nowait()
    executor.shutdown(wait=False, cancel_futures=True)
    assert not future.done()
    task.release()
    assert item.future.cancel()


def test_putting_nothing(new_executor: NewExecutor) -> None:
    """Which the standard library does to wake a worker."""
    executor = new_executor(1)
    executor._work_queue.put(None)
    assert executor.submit(square, 3).result(LIMIT) == 9
    executor._work_queue.put(None)
    assert executor.submit(square, 4).result(LIMIT) == 16
    eventually(executor._work_queue.empty)


@only_threadmill
def test_a_map_is_in_the_queue(new_executor: NewExecutor, hold: Hold) -> None:
    """As one entry; it may be taken out and put back as all others."""
    executor, task = new_executor(1), hold()
    busy(executor, task)
    results = executor.map(square, range(3))
    future = executor.submit(square, 3)
    assert executor._work_queue.qsize() == 2
    items = [executor._work_queue.get_nowait() for _ in range(2)]
    assert items[1].future is future
    assert [task_of(item) for item in items] == [(square, (), {}), (square, (3,), {})]
    for item in items:
        executor._work_queue.put(item)
    task.release()
    assert in_time(lambda: list(results)) == [0, 1, 4]
    assert future.result(LIMIT) == 9


@only_threadmill
def test_a_map_can_be_drained(new_executor: NewExecutor, hold: Hold) -> None:
    """And cancelled: then who iterates is told."""
    executor, task = new_executor(1), hold()
    busy(executor, task)
    results = executor.map(square, range(3))
    items = drain(executor._work_queue.get_nowait)
    assert [item.future.cancel() for item in items] == [True]
    with pytest.raises(CancelledError):
        in_time(lambda: next(results))
