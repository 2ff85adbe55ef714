"""The end of a ThreadPoolExecutor: shutdown, leaving a `with` block, being dropped. What the exit of the
interpreter does is in test_executor_exit.py."""

from __future__ import annotations

import gc
import threading
import weakref
from concurrent.futures import CancelledError, as_completed, wait
from typing import Any

import executor_helpers
import pytest
from executor_helpers import NewExecutor, only_threadmill
from helpers import LIMIT, Held, Hold, eventually, in_time, square, together

executor_class, new_executor = executor_helpers.executor_class, executor_helpers.new_executor
hold = executor_helpers.hold

REFUSED = r"^cannot schedule new futures after shutdown$"


def end(*threads: threading.Thread) -> None:
    """Waits until they have ended."""
    for thread in threads:
        thread.join(LIMIT)
        assert not thread.is_alive()


# --- shutdown ------------------------------------------------------------------------------------


def test_after_shutdown_nothing_is_accepted(new_executor: NewExecutor) -> None:
    executor = new_executor(1)
    future = executor.submit(square, 3)
    for _ in range(2):
        executor.shutdown()
        with pytest.raises(RuntimeError, match=REFUSED):
            executor.submit(square, 3)
    assert future.result(0) == 9


def test_shutdown_of_an_executor_that_did_nothing(new_executor: NewExecutor) -> None:
    executor = new_executor(1)
    in_time(executor.shutdown)
    in_time(lambda: executor.shutdown(True, cancel_futures=True))


@pytest.mark.parametrize("arguments", [(True, True), (True, False, True)])
def test_whether_to_cancel_is_named(new_executor: NewExecutor, arguments: tuple[bool, ...]) -> None:
    with pytest.raises(TypeError):
        new_executor(1).shutdown(*arguments)  # type: ignore[misc]


def test_shutdown_waits_for_all_that_was_submitted(new_executor: NewExecutor, hold: Hold) -> None:
    executor, task = new_executor(2), hold()
    futures = [executor.submit(task, i) for i in range(20)]
    shut = threading.Event()

    def shut_down() -> None:
        executor.shutdown()
        shut.set()

    def release() -> None:
        task.wait_until_begun()
        eventually(lambda: executor._shutdown)
        assert not shut.is_set()
        task.release()

    threads = executor._threads.copy()
    together(shut_down, release)
    assert [future.result(0) for future in futures] == list(range(20))
    assert not any(thread.is_alive() for thread in threads)


def test_shutdown_without_a_wait(new_executor: NewExecutor, hold: Hold) -> None:
    """Returns at once; the work is done, and the threads end."""
    executor, task = new_executor(1), hold()
    futures = [executor.submit(task, i) for i in range(5)]
    executor.shutdown(wait=False)
    with pytest.raises(RuntimeError, match=REFUSED):
        executor.submit(square, 3)
    assert not any(future.done() for future in futures)
    task.release()
    assert [future.result(LIMIT) for future in futures] == [0, 1, 2, 3, 4]
    end(*executor._threads)


def test_idle_threads_end_with_a_shutdown_without_a_wait(new_executor: NewExecutor) -> None:
    executor, meeting = new_executor(3), threading.Barrier(3)
    for future in [executor.submit(meeting.wait, LIMIT) for _ in range(3)]:
        future.result(LIMIT)
    executor.shutdown(wait=False)
    end(*executor._threads)


@pytest.mark.parametrize("early", [True, False])
def test_cancelling_what_is_pending(new_executor: NewExecutor, hold: Hold, early: bool) -> None:
    """Also if the executor had been shut down before."""
    executor, task, heard = new_executor(1), hold(), list[Any]()
    running = executor.submit(task, 7)
    task.wait_until_begun()
    pending = [executor.submit(square, i) for i in range(5)]
    pending[1].add_done_callback(heard.append)
    assert pending[2].cancel()
    if early:
        executor.shutdown(wait=False)
    executor.shutdown(wait=False, cancel_futures=True)
    assert all(future.cancelled() for future in pending)
    assert heard == [pending[1]]
    with pytest.raises(CancelledError):
        pending[0].result()
    assert running.running()
    task.release()
    executor.shutdown()
    assert running.result(0) == 7


@only_threadmill
def test_cancelling_tells_who_waits(new_executor: NewExecutor, hold: Hold) -> None:
    """The standard library's executor leaves them waiting for ever."""
    executor, task = new_executor(1), hold()
    executor.submit(task)
    pending = [executor.submit(square, i) for i in range(5)]
    results: list[Any] = []
    start = threading.Barrier(3)

    def shut_down() -> None:
        start.wait(LIMIT)
        executor.shutdown(wait=False, cancel_futures=True)

    together(
        lambda: (start.wait(LIMIT), results.append(wait(pending, LIMIT).done)),
        lambda: (start.wait(LIMIT), results.append(set(as_completed(pending, LIMIT)))),
        shut_down,
    )
    assert results == [set(pending)] * 2


def test_many_shut_down_at_once(new_executor: NewExecutor, hold: Hold) -> None:
    executor, task = new_executor(2), hold()
    futures = [executor.submit(task, i) for i in range(9)]
    start = threading.Barrier(5)
    calls = [lambda: (start.wait(LIMIT), executor.shutdown(), [f.result(0) for f in futures])] * 4
    together(*calls, lambda: (start.wait(LIMIT), task.release()))
    assert [future.result(0) for future in futures] == list(range(9))


@only_threadmill
@pytest.mark.parametrize("cancel", [True, False])
def test_a_task_may_shut_its_executor_down(new_executor: NewExecutor, hold: Hold, cancel: bool) -> None:
    """It waits for the other workers, not for itself, as the standard library's tries to."""
    executor, task, start = new_executor(2), hold(), hold()

    def shut_down() -> None:
        start()
        executor.shutdown(cancel_futures=cancel)
        assert other.result(0) == 7

    other = executor.submit(task, 7)
    future = executor.submit(shut_down)
    start.wait_until_begun()
    pending = executor.submit(square, 3)
    start.release()
    eventually(lambda: executor._shutdown)
    task.release()
    assert future.result(LIMIT) is None
    if cancel:
        assert pending.cancelled()
    else:
        assert pending.result(LIMIT) == 9
    in_time(executor.shutdown)


def shut_down_in_a_callback(executor: Any, task: Held, wait: bool) -> None:
    future, shut = executor.submit(task, 7), threading.Event()
    future.add_done_callback(lambda _: (executor.shutdown(wait), shut.set()))
    task.release()
    assert shut.wait(LIMIT)
    assert future.result(0) == 7
    in_time(executor.shutdown)


def test_a_callback_may_shut_its_executor_down(new_executor: NewExecutor, hold: Hold) -> None:
    shut_down_in_a_callback(new_executor(1), hold(), False)


@only_threadmill
def test_a_callback_may_wait_for_the_shutdown(new_executor: NewExecutor, hold: Hold) -> None:
    """As a task may."""
    shut_down_in_a_callback(new_executor(1), hold(), True)


# --- with ----------------------------------------------------------------------------------------


def test_a_with_block_waits(executor_class: Any) -> None:
    with executor_class(2) as executor:
        futures = [executor.submit(square, i) for i in range(50)]
        assert type(executor) is executor_class
    assert [future.result(0) for future in futures] == [square(i) for i in range(50)]
    with pytest.raises(RuntimeError, match=REFUSED):
        executor.submit(square, 3)


def test_an_error_leaves_a_with_block(new_executor: NewExecutor) -> None:
    """Which waits all the same."""
    executor = new_executor(1)
    futures = []

    def fail() -> None:
        with executor:
            futures.append(executor.submit(square, 3))
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert futures[0].result(0) == 9
    with executor as again:  # it is no use, but no error
        assert again is executor
    assert not executor.__exit__(None, None, None)


# --- dropped -------------------------------------------------------------------------------------


@pytest.mark.parametrize("in_a_cycle", [False, True])
def test_a_dropped_executor_leaves_no_thread(executor_class: Any, in_a_cycle: bool) -> None:
    executor, meeting = executor_class(3), threading.Barrier(3)
    for future in [executor.submit(meeting.wait, LIMIT) for _ in range(3)]:
        future.result(LIMIT)
    threads = executor._threads.copy()
    if in_a_cycle:
        executor.itself = executor
    ref = weakref.ref(executor)
    del executor
    eventually(lambda: (gc.collect(), ref())[1] is None)
    end(*threads)


def test_a_dropped_executor_does_what_is_queued(executor_class: Any) -> None:
    executor, task = executor_class(1), Held()
    futures = [executor.submit(task, i) for i in range(5)]
    threads = executor._threads.copy()
    del executor
    gc.collect()
    task.release()
    assert [future.result(LIMIT) for future in futures] == [0, 1, 2, 3, 4]
    end(*threads)


def test_a_task_may_hold_its_executor(executor_class: Any) -> None:
    """The last reference goes in a worker."""
    executor, task = executor_class(1), Held()
    future = executor.submit(lambda executor: task(7), executor)
    threads = executor._threads.copy()
    task.wait_until_begun()
    del executor
    task.release()
    assert future.result(LIMIT) == 7
    end(*threads)
