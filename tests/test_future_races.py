"""Futures made by hand and used by many threads at once: every outcome is one that some order of the
calls gives, and everybody hears of it once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, InvalidStateError, as_completed, wait
from contextlib import suppress
from typing import Any

import executor_helpers
import pytest
from executor_helpers import AnyFuture, race
from helpers import LIMIT

future_class, hasty_switches = executor_helpers.future_class, executor_helpers.hasty_switches

pytestmark = pytest.mark.usefixtures("hasty_switches")

ROUNDS = 300


@pytest.fixture
def futures(future_class: Any) -> list[AnyFuture]:
    """One for each round."""
    return [future_class() for _ in range(ROUNDS)]


def test_adding_callbacks_while_it_completes(futures: list[AnyFuture]) -> None:
    heard: list[list[tuple[str, int]]] = [[] for _ in futures]

    def add(name: str) -> Callable[[int], None]:
        def add_some(i: int) -> None:
            for j in range(3):
                futures[i].add_done_callback(lambda it, j=j: heard[i].append((name, j, it.result(0))))

        return add_some

    race(ROUNDS, add("a"), lambda i: futures[i].set_result(i), add("b"))
    for i, calls in enumerate(heard):
        assert sorted(calls) == [(name, j, i) for name in "ab" for j in range(3)]


def test_waiting_while_it_completes(futures: list[AnyFuture]) -> None:
    """In all the ways there are."""

    def hear(i: int) -> None:
        told = threading.Event()
        futures[i].add_done_callback(lambda _: told.set())
        assert told.wait(LIMIT)

    def look(i: int) -> None:
        with futures[i]._condition:
            assert futures[i]._condition.wait_for(futures[i].done, LIMIT)

    race(
        ROUNDS,
        lambda i: futures[i].set_result(i),
        lambda i: check(futures[i].result(LIMIT) == i),
        lambda i: check(futures[i].exception(LIMIT) is None),
        lambda i: check(wait([futures[i]], LIMIT).done == {futures[i]}),
        lambda i: check(list(as_completed([futures[i]], LIMIT)) == [futures[i]]),
        hear,
        look,
    )
    assert [future._waiters for future in futures] == [[]] * ROUNDS


def check(true: bool) -> None:
    assert true


def test_waiting_while_one_of_many_completes(future_class: Any) -> None:
    futures = [[future_class() for _ in range(3)] for _ in range(ROUNDS)]

    def look(i: int) -> None:
        done, not_done = wait(futures[i], LIMIT, return_when="FIRST_COMPLETED")
        assert (len(done), len(not_done)) in [(1, 2), (2, 1)]

    def count(i: int) -> None:
        given = as_completed(futures[i], LIMIT)
        assert {next(given), next(given)} == {futures[i][0], futures[i][2]}
        given.close()

    race(
        ROUNDS,
        lambda i: futures[i][0].set_result(i),
        lambda i: futures[i][2].set_exception(KeyError(i)),
        look,
        look,
        count,
    )


def test_cancelling_while_it_begins(futures: list[AnyFuture]) -> None:
    """Either the task begins or it is cancelled, and who waits is told of both."""
    began, cancelled = [False] * ROUNDS, [[False, False] for _ in range(ROUNDS)]
    heard: list[list[bool]] = [[] for _ in futures]

    def begin(i: int) -> None:
        began[i] = futures[i].set_running_or_notify_cancel()
        if began[i]:
            futures[i].set_result(i)

    def cancel(who: int) -> Callable[[int], None]:
        def call(i: int) -> None:
            cancelled[i][who] = futures[i].cancel()

        return call

    def look(i: int) -> None:
        futures[i].add_done_callback(lambda it: heard[i].append(it.cancelled()))
        assert wait([futures[i]], LIMIT).done == {futures[i]}
        with suppress(CancelledError):
            assert futures[i].result(LIMIT) == i

    race(ROUNDS, begin, cancel(0), cancel(1), look)
    for i, future in enumerate(futures):
        assert cancelled[i] == [not began[i]] * 2
        assert future.cancelled() == (not began[i])
        assert heard[i] == [not began[i]]


def test_many_set_the_result(futures: list[AnyFuture]) -> None:
    """One of them does."""
    won: list[list[Any]] = [[] for _ in futures]
    heard: list[list[Any]] = [[] for _ in futures]

    def settle(value: str) -> Callable[[int], None]:
        def call(i: int) -> None:
            with suppress(InvalidStateError):
                futures[i].set_result(value)
                won[i].append(value)

        return call

    def cancel(i: int) -> None:
        if futures[i].cancel():
            won[i].append("cancelled")

    for future, calls in zip(futures, heard, strict=True):
        future.add_done_callback(lambda it, calls=calls: calls.append(it.cancelled() or it.result(0)))
    race(ROUNDS, settle("a"), cancel, settle("b"))
    for values, calls in zip(won, heard, strict=True):
        assert len(values) == 1
        assert calls == [values[0] if values[0] in "ab" else True]


# --- who holds the condition ---------------------------------------------------------------------


def begin(future: AnyFuture) -> bool:
    return future.set_running_or_notify_cancel()


def finish(future: AnyFuture) -> bool:
    with suppress(InvalidStateError):
        future.set_result(7)
        return True
    return False


@pytest.mark.parametrize("act", [begin, finish])
def test_who_holds_the_condition_is_not_disturbed(
    futures: list[AnyFuture], act: Callable[[AnyFuture], bool]
) -> None:
    """Another thread cancels the future at that moment: that comes before all that the holder does and
    sees, or after it."""
    held = threading.Barrier(2)
    acted, cancelled = [False] * ROUNDS, [False] * ROUNDS
    seen: list[set[str]] = [set() for _ in futures]

    def hold(i: int) -> None:
        with futures[i]._condition:
            held.wait(LIMIT)
            seen[i] = {futures[i]._state for _ in range(50)}
            acted[i] = act(futures[i])

    def cancel(i: int) -> None:
        held.wait(LIMIT)
        cancelled[i] = futures[i].cancel()

    race(ROUNDS, hold, cancel)
    assert [i for i in range(ROUNDS) if cancelled[i] == acted[i]] == []
    assert [future.cancelled() for future in futures] == cancelled
    assert [states for states in seen if len(states) != 1 or "RUNNING" in states] == []
