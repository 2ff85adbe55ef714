"""An executor and its futures used by many threads at once: what is accepted is done or cancelled, once,
and everybody hears of it."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import as_completed, wait
from contextlib import suppress
from typing import Any

import executor_helpers
import pytest
from executor_helpers import AnyFuture, NewExecutor, only_threadmill, race
from helpers import LIMIT, eventually, in_time, square, together

executor_class, new_executor = executor_helpers.executor_class, executor_helpers.new_executor
hasty_switches = executor_helpers.hasty_switches

pytestmark = pytest.mark.usefixtures("hasty_switches")


def test_cancelling_while_workers_take(new_executor: NewExecutor) -> None:
    """Each task runs, or it is cancelled; never both, never neither."""
    executor = new_executor(2)
    ran, heard = [0] * 2000, [0] * 2000
    cancelled: list[set[int]] = [set(), set()]

    def run(i: int) -> int:
        ran[i] += 1
        return i

    def count(i: int) -> Callable[[AnyFuture], None]:
        def hear(_: AnyFuture) -> None:
            heard[i] += 1

        return hear

    futures: list[AnyFuture] = []

    def submit() -> None:
        for i in range(2000):
            futures.append(executor.submit(run, i))
            futures[i].add_done_callback(count(i))

    def cancel(who: int) -> None:
        for i in range(2000):
            while i >= len(futures):
                pass
            if futures[i].cancel():
                cancelled[who].add(i)

    together(submit, lambda: cancel(0), lambda: cancel(1))
    assert wait(futures, LIMIT).not_done == set()
    executor.shutdown()
    assert cancelled[0] == cancelled[1] == {i for i in range(2000) if futures[i].cancelled()}
    assert ran == [0 if i in cancelled[0] else 1 for i in range(2000)]
    assert heard == [1] * 2000


def test_waiting_while_workers_finish(new_executor: NewExecutor) -> None:
    executor = new_executor(3)

    def use(first: int) -> None:
        for round_ in range(20):
            futures = [executor.submit(square, first + i) for i in range(20)]
            if round_ % 2:
                assert wait(futures, LIMIT).not_done == set()
            else:
                assert set(as_completed(futures, LIMIT)) == set(futures)
            assert [future.result(0) for future in futures] == [square(first + i) for i in range(20)]
            assert wait(futures, LIMIT, return_when="FIRST_COMPLETED").done == set(futures)

    together(*[lambda n=n: use(n * 20) for n in range(4)])


def test_adding_callbacks_while_workers_finish(new_executor: NewExecutor) -> None:
    executor, heard = new_executor(2), list[int]()
    futures: list[AnyFuture] = []
    for i in range(1000):
        futures.append(executor.submit(square, i))
        futures[i].add_done_callback(lambda it: heard.append(it.result(0)))
        futures[i].add_done_callback(lambda it: heard.append(it.result(0)))
    executor.shutdown()
    assert sorted(heard) == sorted(2 * [square(i) for i in range(1000)])


@only_threadmill
def test_a_worker_that_is_about_to_be_started_is_waited_for(new_executor: NewExecutor) -> None:
    """Its place is reserved by one submit, but its thread is not made yet; another one's task is queued."""
    executor = new_executor(1)
    crew: Any = executor._crew  # type: ignore[attr-defined]
    about_to, go_on = threading.Event(), threading.Event()
    original = crew._next

    def next_thread() -> Any:
        about_to.set()
        assert go_on.wait(LIMIT)
        return original()

    crew._next = next_thread
    starter = threading.Thread(target=executor.submit, args=(square, 2))
    starter.start()
    assert about_to.wait(LIMIT)
    future = executor.submit(square, 3)
    shutdown: Any = executor.shutdown
    assert shutdown(timeout=0.05) is False
    go_on.set()
    assert shutdown(timeout=LIMIT) is True
    assert future.result(0) == 9
    starter.join(LIMIT)


@pytest.mark.parametrize("cancel", [False, True])
def test_submitting_while_the_executor_shuts_down(executor_class: Any, cancel: bool) -> None:
    """What was accepted completes, and nothing else is."""
    for _ in range(10):
        check_submitting_while_the_executor_shuts_down(executor_class(2), cancel)


def check_submitting_while_the_executor_shuts_down(executor: Any, cancel: bool) -> None:
    accepted: list[Any] = []
    some = threading.Event()

    def submit_for_ever() -> None:
        while True:
            accepted.append(executor.submit(square, 3))
            some.set()

    def submit() -> None:
        with pytest.raises(RuntimeError, match=r"^cannot schedule new futures after shutdown$"):
            submit_for_ever()

    def shut_down() -> None:
        assert some.wait(LIMIT)
        executor.shutdown(cancel_futures=cancel)

    together(submit, submit, shut_down)
    for future in accepted:
        if not (cancel and future.cancelled()):
            assert future.result(0) == 9


@only_threadmill
def test_draining_while_workers_take(new_executor: NewExecutor) -> None:
    """Each item goes to one of them."""
    executor, taken = new_executor(2), set[AnyFuture]()
    futures: list[AnyFuture] = []

    def submit() -> None:
        futures.extend(executor.submit(square, i) for i in range(2000))

    def drain() -> None:
        while len(futures) < 2000:
            with suppress(Exception):
                item = executor._work_queue.get_nowait()
                taken.add(item.future)

    together(submit, drain)
    in_time(executor.shutdown)
    assert [future for future in futures if not future.done()] == [f for f in futures if f in taken]


@only_threadmill
def test_cancelling_what_is_taken_out_of_the_queue(new_executor: NewExecutor) -> None:
    """Whoever looks at it sees the whole task, or that it is gone."""
    executor, held = new_executor(1), threading.Event()
    executor.submit(held.wait, LIMIT)
    eventually(executor._work_queue.empty)  # its worker is at that
    futures = [executor.submit(square, i) for i in range(1000)]

    def take(i: int) -> None:
        with suppress(queue.Empty):  # it is cancelled, and out
            item = executor._work_queue.get_nowait()
            assert item.future is futures[i]
            assert (item.fn, item.args) in [(square, (i,)), (None, None)]

    try:
        race(1000, take, lambda i: futures[i].cancel())
        assert all(future.cancelled() for future in futures)
    finally:
        held.set()
