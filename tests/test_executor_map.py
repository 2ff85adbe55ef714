"""ThreadPoolExecutor.map: results, errors, timeouts, and what ends it."""

from __future__ import annotations

import concurrent.futures
import itertools
import threading
import time
import weakref
from collections.abc import Iterator
from concurrent.futures import CancelledError
from typing import Any

import executor_helpers
import pytest
from executor_helpers import OURS, STDLIB, NewExecutor, Overriding, classes
from helpers import LIMIT, Hold, eventually, in_time, square

executor_class, new_executor = executor_helpers.executor_class, executor_helpers.new_executor
hold = executor_helpers.hold

pytestmark = classes(STDLIB, OURS, Overriding)


# --- results -------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, 2, 100])
def test_results_come_in_order(new_executor: NewExecutor, size: int) -> None:
    results = new_executor(3).map(square, range(size))
    assert iter(results) is results
    assert list(results) == [square(i) for i in range(size)]
    assert list(results) == []


def test_a_slow_first_item_comes_first(new_executor: NewExecutor, hold: Hold) -> None:
    task, others = hold(), threading.Barrier(4)

    def run(item: int) -> int:
        if item == 0:
            task()
        elif others.wait(LIMIT) == 0:
            task.release()
        return item

    assert list(new_executor(5).map(run, range(5))) == [0, 1, 2, 3, 4]


def test_many_inputs(new_executor: NewExecutor) -> None:
    """As many items as the shortest has."""
    executor = new_executor(2)
    assert list(executor.map(pow, [2, 3, 4], [3, 2])) == [8, 9]
    assert list(executor.map(lambda *args: args, "ab", itertools.count(), [None] * 9)) == [
        ("a", 0, None),
        ("b", 1, None),
    ]
    assert list(executor.map(pow, [], [1])) == list(executor.map(int)) == []


@pytest.mark.parametrize("chunksize", [0, -1, 1, 3, 100])
def test_chunks_make_no_difference(new_executor: NewExecutor, chunksize: int) -> None:
    """And keep no items together: these tasks wait for each other."""
    meeting = threading.Barrier(6)
    places = list(new_executor(6).map(lambda _: meeting.wait(LIMIT), range(6), chunksize=chunksize))
    assert sorted(places) == list(range(6))


def test_an_item_may_wait_for_the_next_ones(new_executor: NewExecutor) -> None:
    """However quick those before were: none is kept for the worker that is at another one."""
    meeting = threading.Barrier(3)

    def run(item: int) -> int:
        return item if item < 3000 else meeting.wait(LIMIT)

    results = list(new_executor(3).map(run, range(3003)))
    assert results[:3000] == list(range(3000))
    assert sorted(results[3000:]) == [0, 1, 2]


def test_work_begins_before_a_result_is_asked_for(new_executor: NewExecutor, hold: Hold) -> None:
    task = hold()
    source = iter(range(10))
    results = new_executor(1).map(task, source)
    task.wait_until_begun()
    assert next(source, "all read") == "all read"
    task.release()
    assert list(results) == list(range(10))


class Reviving:
    """An input that ends when the list is empty, until there is more in it."""

    def __init__(self, items: list[int]) -> None:
        self.items = items

    def __iter__(self) -> Iterator[int]:
        return self

    def __next__(self) -> int:
        if not self.items:
            raise StopIteration
        return self.items.pop(0)


def test_the_input_is_read_once(new_executor: NewExecutor) -> None:
    """At the call, to its end; it is not asked again, though it may have more later."""
    items = [1, 2]
    results = new_executor(1).map(square, Reviving(items))
    assert next(results) == 1
    items += [3]
    assert list(results) == [4]


def test_results_may_be_left(new_executor: NewExecutor, hold: Hold) -> None:
    """Nobody asks for the first, and all is done."""
    executor, task, ran = new_executor(1), hold(), list[int]()
    executor.submit(task)
    executor.map(ran.append, range(10))
    task.release()
    executor.shutdown()
    assert ran == list(range(10))


def test_a_map_does_not_keep_its_executor(executor_class: Any) -> None:
    executor = executor_class(1)
    results = executor.map(square, range(5))
    ref = weakref.ref(executor)
    assert next(results) == 0
    del executor
    eventually(lambda: ref() is None)
    assert list(results) == [1, 4, 9, 16]


# --- errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", [5, None, square])
def test_something_that_is_no_input(new_executor: NewExecutor, source: Any) -> None:
    with pytest.raises(TypeError):
        new_executor(1).map(square, source)


def test_an_error_of_the_input_is_raised_at_the_call(new_executor: NewExecutor) -> None:
    """What has been read before is done all the same."""
    executor, ran = new_executor(1), list[int]()

    def items() -> Iterator[int]:
        yield from range(3)
        raise KeyError("input")

    with pytest.raises(KeyError, match="input"):
        executor.map(ran.append, items())
    executor.shutdown()
    assert ran == [0, 1, 2]


class Run:
    """A task that notes its items, fails at 0, and holds up its worker at 2."""

    def __init__(self, hold: Hold) -> None:
        self.ran: list[int] = []
        self.held = hold()

    def __call__(self, item: int) -> float:
        self.ran.append(item)
        if item == 2:
            self.held()
        return 6 / item

    def end(self, executor: Any) -> list[int]:
        """Lets the worker go on; what it has run when there is nothing more."""
        self.held.release()
        in_time(executor.shutdown)
        return self.ran


@pytest.mark.parametrize("bounds", [{}, {"timeout": LIMIT}])
def test_an_error_of_a_task_ends_it(new_executor: NewExecutor, hold: Hold, bounds: Any) -> None:
    """At its place; what has not begun is cancelled."""
    executor, task = new_executor(1), Run(hold)
    results = executor.map(task, [1, 0, 2, 3, 4], **bounds)
    assert next(results) == 6
    task.held.wait_until_begun()
    with pytest.raises(ZeroDivisionError):
        next(results)
    assert list(results) == []
    assert task.end(executor) == [1, 0, 2]


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit(), CancelledError()])
def test_a_task_may_raise_anything(new_executor: NewExecutor, error: BaseException) -> None:
    def fail(_: object) -> None:
        raise error

    executor = new_executor(1)
    with pytest.raises(type(error)) as caught:
        next(executor.map(fail, [1, 2]))
    assert caught.value is error
    assert list(executor.map(square, [3])) == [9]


def test_a_task_cannot_end_it_by_stopping_an_iteration(new_executor: NewExecutor) -> None:
    """That would pass for the end of the results."""
    results = new_executor(1).map(next, [iter([1]), iter([]), iter([3])])
    assert next(results) == 1
    with pytest.raises(RuntimeError, match="StopIteration"):
        next(results)


def test_a_result_goes_once_it_is_taken(new_executor: NewExecutor) -> None:
    class Thing:
        pass

    results = new_executor(1).map(lambda thing: thing, (Thing() for _ in range(3)))
    refs = [weakref.ref(result) for result in results]
    eventually(lambda: [ref() for ref in refs] == [None] * 3)
    assert list(results) == []


@pytest.mark.parametrize("how", ["close", "drop"])
def test_an_iteration_that_is_ended(new_executor: NewExecutor, hold: Hold, how: str) -> None:
    executor, task = new_executor(1), Run(hold)
    results: Any = executor.map(task, [1, 2, 3, 4])
    assert next(results) == 6
    task.held.wait_until_begun()
    if how == "close":
        results.close()
        assert list(results) == []
    del results
    assert task.end(executor) == [1, 2]


# --- timeouts ------------------------------------------------------------------------------------


def test_a_timeout_ends_it(new_executor: NewExecutor, hold: Hold) -> None:
    executor, task = new_executor(1), Run(hold)
    results = executor.map(task, [2, 3, 4], timeout=0.1)
    task.held.wait_until_begun()
    with pytest.raises(TimeoutError) as caught:
        next(results)
    assert type(caught.value) is concurrent.futures.TimeoutError
    assert list(results) == []
    assert task.end(executor) == [2]


@pytest.mark.parametrize("timeout", [0, -1, 0.0])
def test_no_time_at_all(new_executor: NewExecutor, hold: Hold, timeout: float) -> None:
    results = new_executor(1).map(hold(), [1], timeout=timeout)
    with pytest.raises(TimeoutError):
        next(results)


def test_time_runs_from_the_call(new_executor: NewExecutor, hold: Hold) -> None:
    results = new_executor(1).map(hold(), [1], timeout=0.6)
    time.sleep(0.65)  # the time that has to pass
    start = time.monotonic()
    with pytest.raises(TimeoutError):
        next(results)
    assert time.monotonic() - start < 0.5


def test_what_is_there_needs_no_time(new_executor: NewExecutor) -> None:
    executor = new_executor(1)
    results = executor.map(square, range(5), timeout=0)
    executor.shutdown()
    assert list(results) == [0, 1, 4, 9, 16]


def test_a_timeout_is_a_number(new_executor: NewExecutor) -> None:
    with pytest.raises(TypeError):
        new_executor(1).map(square, [1], timeout="1")  # type: ignore[arg-type]


# --- the end of the executor ---------------------------------------------------------------------


def test_after_a_shutdown(new_executor: NewExecutor) -> None:
    """An input without items needs no executor."""
    executor = new_executor(1)
    before = executor.map(square, range(5))
    executor.shutdown()
    assert list(before) == [0, 1, 4, 9, 16]
    with pytest.raises(RuntimeError, match=r"^cannot schedule new futures after shutdown$"):
        executor.map(square, [1])
    assert list(executor.map(square, [])) == []


def test_a_shutdown_that_cancels(new_executor: NewExecutor, hold: Hold) -> None:
    executor, task = new_executor(1), Run(hold)
    results = executor.map(task, [2, 1, 1])
    task.held.wait_until_begun()
    executor.shutdown(wait=False, cancel_futures=True)
    task.held.release()
    assert next(results) == 3
    with pytest.raises(CancelledError):
        next(results)
    assert task.end(executor) == [2]
