"""Futures whose condition somebody holds while they complete. It may be held for ever: an interrupt in the
middle of `wait` or `as_completed`, which are Python code, can leave it so. No worker waits for it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, as_completed, wait
from typing import Any

import executor_helpers
import pytest
from executor_helpers import NewExecutor, only_threadmill, race
from helpers import LIMIT, Hold, in_time, square

executor_class, new_executor = executor_helpers.executor_class, executor_helpers.new_executor
hold, hasty_switches = executor_helpers.hold, executor_helpers.hasty_switches

ROUNDS = 300


class Waiter:
    """As those of `wait`: what goes into `_waiters`."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return lambda _: self.heard.append(name)


# What completes a future, which runs or is queued, and what a waiter hears of it.
COMPLETIONS: dict[str, tuple[Callable[[Any, Any, Any], object], str]] = {
    "return": (lambda executor, task, future: task.release(), "add_result"),
    "cancel": (lambda executor, task, future: in_time(future.cancel), "add_cancelled"),
    "shutdown": (
        lambda executor, task, future: in_time(lambda: executor.shutdown(wait=False, cancel_futures=True)),
        "add_cancelled",
    ),
}


@only_threadmill
@pytest.mark.parametrize(("complete", "told"), COMPLETIONS.values(), ids=COMPLETIONS)
def test_the_holder_sees_no_change_and_tells(
    new_executor: NewExecutor, hold: Hold, complete: Callable[[Any, Any, Any], object], told: str
) -> None:
    """All others see at once that the future is done; the holder's waiters hear when it lets go."""
    executor, task, waiter = new_executor(1), hold(), Waiter()
    running, queued = executor.submit(task, 7), executor.submit(square, 3)
    task.wait_until_begun()
    future: Any = running if told == "add_result" else queued
    with future._condition:
        before = future._state
        complete(executor, task, future)
        in_time(lambda: future.exception(LIMIT) if told == "add_result" else None)
        assert future.done()
        assert in_time(lambda: future._state) != before
        assert future._state == before  # so the standard library's code counts on hearing of it
        future._waiters.append(waiter)
        assert waiter.heard == []
    assert waiter.heard == [told]
    assert future._state != before


@only_threadmill
def test_a_condition_that_is_never_let_go_holds_up_no_worker(new_executor: NewExecutor, hold: Hold) -> None:
    executor, task = new_executor(1), hold()
    future: Any = executor.submit(task, 7)
    task.wait_until_begun()
    future._condition.acquire()
    task.release()
    assert executor.submit(square, 3).result(LIMIT) == 9  # by the same worker
    assert in_time(lambda: future.result(LIMIT)) == 7
    in_time(executor.shutdown)
    # Nor the thread that was interrupted.
    assert wait([future], LIMIT).done == {future}
    assert list(as_completed([future], LIMIT)) == [future]


@only_threadmill
def test_a_holder_that_waits_for_a_notification_lets_go(new_executor: NewExecutor, hold: Hold) -> None:
    executor, task = new_executor(1), hold()
    future: Any = executor.submit(task, 7)
    task.wait_until_begun()
    with future._condition:
        task.release()
        assert executor.submit(square, 3).result(LIMIT) == 9  # the notification is due
        assert future._condition.wait(LIMIT)


@only_threadmill
def test_a_waiter_that_raises_leaves_nothing_held(new_executor: NewExecutor, hold: Hold) -> None:
    """An interrupt in its code, for instance. Each other one is told."""

    class Raising(Waiter):
        def add_result(self, _: object) -> None:
            raise KeyboardInterrupt

    executor, task, waiter = new_executor(1), hold(), Waiter()
    future: Any = executor.submit(task, 7)
    task.wait_until_begun()
    future._condition.acquire()
    future._waiters.extend([Raising(), waiter])
    task.release()
    assert executor.submit(square, 3).result(LIMIT) == 9
    with pytest.raises(KeyboardInterrupt):
        future._condition.release()
    assert waiter.heard == ["add_result"]
    assert in_time(lambda: future._condition.acquire(False))


@pytest.mark.usefixtures("hasty_switches")
def test_waiting_while_several_complete(new_executor: NewExecutor) -> None:
    """Whoever counts on hearing of a future hears of it once, at whatever moment that completes."""
    executor, gates = new_executor(3), [threading.Event() for _ in range(ROUNDS)]
    rounds = [[executor.submit(gate.wait, LIMIT) for _ in range(3)] for gate in gates]

    def wait_for_each(i: int) -> None:
        left = set(rounds[i])
        while left:
            done, left = wait(left, LIMIT, FIRST_COMPLETED)
            assert done

    def wait_for_all(i: int) -> None:
        assert wait(rounds[i], LIMIT).done == set(rounds[i])

    def take_each(i: int) -> None:
        assert set(as_completed(rounds[i], LIMIT)) == set(rounds[i])

    race(ROUNDS, lambda i: gates[i].set(), wait_for_each, wait_for_all, take_each)
