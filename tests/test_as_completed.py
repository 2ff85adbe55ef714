"""threadmill's as_completed and wait. (With CPython's own tests of them: test_conformance_executor.py.)"""

from __future__ import annotations

import concurrent.futures
import gc
import threading
import weakref
from collections.abc import Iterator
from typing import Any

import pytest
from helpers import LIMIT, Hold, eventually, in_time, together

import threadmill
from threadmill import Future, as_completed, wait


@pytest.fixture
def executor() -> Iterator[threadmill.ThreadPoolExecutor]:
    with threadmill.ThreadPoolExecutor(2) as executor:
        yield executor


def fail() -> None:
    raise KeyError("failed")


NAMES = [
    *["ALL_COMPLETED", "FIRST_COMPLETED", "FIRST_EXCEPTION", "BrokenExecutor", "CancelledError"],
    *["Executor", "InvalidStateError"],
]


def test_an_import_line_needs_only_another_module() -> None:
    assert set(concurrent.futures.__all__) - set(threadmill.__all__) <= {
        *["InterpreterPoolExecutor", "ProcessPoolExecutor"],
    }
    assert all(getattr(threadmill, name) is getattr(concurrent.futures, name) for name in NAMES)


def test_each_future_once_as_it_ends(executor: threadmill.ThreadPoolExecutor, hold: Hold) -> None:
    tasks = [hold(), hold()]
    done = executor.submit(int)
    done.result(LIMIT)
    futures = [executor.submit(task, i) for i, task in enumerate(tasks)]
    results = as_completed(iter([*futures, done, *futures]), LIMIT)
    assert next(results) is done
    for i in (1, 0):
        tasks[i].release()
        assert next(results) is futures[i]
    assert list(results) == []


def test_of_nothing() -> None:
    assert list(as_completed([], 0)) == []
    assert wait([]) == (set(), set())
    assert wait(iter([]), return_when="FIRST_COMPLETED") == (set(), set())


@pytest.mark.parametrize("timeout", [0, -1, 0.001])
def test_a_time_that_is_over(executor: threadmill.ThreadPoolExecutor, hold: Hold, timeout: float) -> None:
    done, late = executor.submit(int), executor.submit(hold())
    done.result(LIMIT)
    results = as_completed([late, done], timeout)
    assert next(results) is done
    with pytest.raises(TimeoutError, match=r"^1 \(of 2\) futures unfinished$"):
        next(results)
    assert late._done_callbacks == []
    assert wait([late, done], timeout) == ({done}, {late})
    assert wait([late], timeout, "FIRST_COMPLETED") == (set(), {late})
    assert late._done_callbacks == []


def test_who_leaves_early_is_forgotten(executor: threadmill.ThreadPoolExecutor, hold: Hold) -> None:
    slow, quick = executor.submit(hold()), executor.submit(int)
    slow.add_done_callback(print)
    results = as_completed([slow, quick], LIMIT)
    assert next(results) is quick
    results.close()
    assert slow._done_callbacks == [print]
    assert wait([slow, quick], LIMIT, "FIRST_COMPLETED") == ({quick}, {slow})
    assert slow._done_callbacks == [print]


def test_futures_of_others(executor: threadmill.ThreadPoolExecutor) -> None:
    """Then it is the standard library's function, which takes all that keep its protocol."""
    foreign, own, submitted = concurrent.futures.Future[Any](), Future[Any](), executor.submit(int)
    foreign.set_result(1)
    own.set_result(2)
    futures = {foreign, own, submitted}
    assert set(as_completed(futures, LIMIT)) == futures
    assert wait(futures, LIMIT) == (futures, set())
    for call in (lambda: list(as_completed([own, 7])), lambda: wait([own, 7])):  # type: ignore[list-item]
        with pytest.raises(AttributeError, match="_condition"):
            call()


def test_after_a_callback_that_leaves(executor: threadmill.ThreadPoolExecutor, hold: Hold) -> None:
    """It is cancelled all the same, and no callback of ours may be lost with it."""

    def leave(_: object) -> None:
        raise SystemExit

    for _ in range(2):
        executor.submit(hold())
    future = executor.submit(int)
    future.add_done_callback(leave)
    results = as_completed([future, executor.submit(hold())], LIMIT)
    watching = threading.Thread(target=next, args=(results,))
    watching.start()
    eventually(lambda: len(future._done_callbacks) == 2)
    with pytest.raises(SystemExit):
        future.cancel()
    watching.join(LIMIT)
    assert not watching.is_alive()


@pytest.mark.parametrize("future_class", [concurrent.futures.Future, Future])
def test_cancelled_by_hand(future_class: Any) -> None:
    """It has ended when its canceller has said so."""
    future = future_class()
    future.cancel()
    with pytest.raises(TimeoutError):
        next(as_completed([future], 0))
    assert wait([future], 0) == (set(), {future})
    future.set_running_or_notify_cancel()
    assert list(as_completed([future], 0)) == [future]
    assert wait([future], 0, "FIRST_COMPLETED") == ({future}, set())


def test_another_condition() -> None:
    with pytest.raises(ValueError, match=r"^Invalid return condition: 'SOME'$"):
        wait([], return_when="SOME")


def test_the_first_that_raises(executor: threadmill.ThreadPoolExecutor, hold: Hold) -> None:
    task = hold()
    slow = executor.submit(task, 1)
    quick = executor.submit(int)
    assert wait([slow, quick], LIMIT, "FIRST_COMPLETED") == ({quick}, {slow})
    failed = executor.submit(fail)
    done, not_done = wait([slow, quick, failed], LIMIT, "FIRST_EXCEPTION")
    assert done >= {failed}
    assert not_done == {slow}
    blocker = executor.submit(task)
    cancelled = executor.submit(int)
    assert cancelled.cancel()
    assert wait([slow, cancelled], 0.001, "FIRST_EXCEPTION") == ({cancelled}, {slow})
    assert wait([slow, cancelled], LIMIT, "FIRST_COMPLETED") == ({cancelled}, {slow})
    task.release()
    futures = {slow, cancelled, blocker}
    assert wait(futures, LIMIT, "FIRST_EXCEPTION") == (futures, set())


def test_it_holds_no_future_that_it_has_given(executor: threadmill.ThreadPoolExecutor) -> None:
    futures = [executor.submit(object) for _ in range(3)]
    refs = [weakref.ref(future) for future in futures]
    results = as_completed(futures, LIMIT)
    next(results)
    futures.clear()
    for left in (2, 1, 0):
        gc.collect()
        eventually(lambda left=left: sum(ref() is not None for ref in refs) == left)
        next(results, None)


@pytest.mark.parametrize("function", ["as_completed", "wait", "the first"])
def test_a_task_that_waits_for_tasks_behind_it(function: str) -> None:
    """The standard library's functions would wait for ever: the only worker is at this task."""
    with threadmill.ThreadPoolExecutor(1) as executor:

        def task(depth: int) -> int:
            futures = [executor.submit(task, depth - 1) for _ in range(3 if depth else 0)]
            if function == "as_completed":
                done = list(as_completed(futures))
            elif function == "wait":
                done = list(wait(futures).done)
            else:
                done, rest = [], set(futures)
                while rest:
                    first, rest = wait(rest, return_when="FIRST_COMPLETED")
                    done += first
            return 1 + sum(future.result() for future in done)

        assert in_time(lambda: executor.submit(task, 3).result(LIMIT)) == 1 + 3 + 9 + 27


@pytest.mark.parametrize("_", range(20))
def test_many_threads_wait_for_the_same(executor: threadmill.ThreadPoolExecutor, _: int) -> None:
    futures: list[Future[int]] = []
    submitted = threading.Event()
    heard: list[set[Any]] = []

    def submit() -> None:
        futures.extend(executor.submit(int) for _ in range(50))
        submitted.set()

    def gather() -> None:
        assert submitted.wait(LIMIT)
        heard.append(set(as_completed(futures, LIMIT)))
        heard.append(wait(futures, LIMIT).done)

    together(*[gather] * 4, submit)
    assert heard == [set(futures)] * 8
