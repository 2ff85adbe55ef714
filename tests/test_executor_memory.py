"""An executor and its futures keep nothing longer than it is needed: shown without the garbage
collector's help. test_memory.py is about the pool, and explains `all_gone_inside`."""

from __future__ import annotations

import gc
import sys
import weakref
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import as_completed, wait
from typing import Any

import executor_helpers
import pytest
from executor_helpers import NewExecutor, only_threadmill
from helpers import LIMIT, Hold, eventually, in_time

import threadmill

executor_class, new_executor = executor_helpers.executor_class, executor_helpers.new_executor
hold = executor_helpers.hold

HAS_GIL = getattr(sys, "_is_gil_enabled", lambda: True)()


@pytest.fixture(autouse=True)
def _no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


class Thing:
    """Something that can be referred to weakly, and called."""

    def __call__(self, *_: object) -> None:
        pass


class Watch:
    """Remembers things without keeping them."""

    def __init__(self) -> None:
        self.refs: list[weakref.ref[Any]] = []

    def new(self) -> Thing:
        thing = Thing()
        self.refs.append(weakref.ref(thing))
        return thing

    def alive(self) -> int:
        return sum(ref() is not None for ref in self.refs)

    def all_gone(self) -> bool:
        return self.alive() == 0

    def all_gone_inside(self) -> bool:
        """For what is inside of a result or error that a worker has made."""
        if not HAS_GIL:
            gc.collect()
        return self.all_gone()


@pytest.fixture
def watch() -> Watch:
    return Watch()


def give(thing: object) -> object:
    return thing


def fail(thing: object) -> None:
    raise KeyError(thing)


# --- futures -------------------------------------------------------------------------------------


def test_function_and_arguments_go_when_the_task_has_ended(new_executor: NewExecutor, watch: Watch) -> None:
    future = new_executor(1).submit(watch.new(), watch.new(), watch.new())
    future.result(LIMIT)
    eventually(watch.all_gone)
    assert future.done()


def test_keyword_arguments_go_too(new_executor: NewExecutor, watch: Watch) -> None:
    future = new_executor(1).submit(dict, key=watch.new())
    future.result(LIMIT).clear()
    eventually(watch.all_gone)


@only_threadmill
def test_what_a_cancelled_task_holds_goes_at_once(
    new_executor: NewExecutor, hold: Hold, watch: Watch
) -> None:
    """The standard library's stays in the queue until a worker comes to it."""
    executor = new_executor(1)
    executor.submit(hold())
    future = executor.submit(watch.new(), watch.new(), key=watch.new())
    assert watch.alive() == 3
    future.cancel()
    eventually(watch.all_gone)
    assert future.cancelled()


def test_a_destructor_may_use_the_future(new_executor: NewExecutor, hold: Hold) -> None:
    """Though it is the future's cancellation that calls it."""
    executor, task = new_executor(1), hold()
    executor.submit(task)

    class Last:
        def __del__(self) -> None:
            heard.extend([future.cancel(), future.done(), repr(future)])
            future.add_done_callback(heard.append)

    heard: list[Any] = []
    future = executor.submit(give, Last())
    assert in_time(future.cancel)
    task.release()
    executor.shutdown()
    assert heard == [True, True, repr(future), future]


@only_threadmill
def test_callbacks_go_when_they_have_run(new_executor: NewExecutor, watch: Watch) -> None:
    """The standard library keeps them with the future."""
    executor = new_executor(1)
    futures = [executor.submit(give, 1), executor.submit(fail, 1)]
    for future in futures:
        future.add_done_callback(watch.new())
        wait([future], LIMIT)
        future.add_done_callback(watch.new())
    eventually(watch.all_gone)


@pytest.mark.parametrize("task", [give, fail])
def test_the_outcome_goes_with_the_future(new_executor: NewExecutor, watch: Watch, task: Any) -> None:
    future = new_executor(1).submit(task, watch.new())
    future.exception(LIMIT)
    assert watch.alive() == 1
    del future
    eventually(watch.all_gone_inside)


WAITS: dict[str, Callable[..., Iterable[Any]]] = {
    "wait": wait,
    "as_completed": as_completed,
    "own wait": threadmill.wait,
    "own as_completed": threadmill.as_completed,
}


@pytest.mark.parametrize("method", ["result", "exception", *WAITS])
def test_however_it_was_taken(new_executor: NewExecutor, watch: Watch, method: str) -> None:
    executor = new_executor(1)

    def take() -> None:
        future = executor.submit(fail, watch.new())
        try:
            if method in ("result", "exception"):
                getattr(future, method)(LIMIT)
            else:
                list(WAITS[method]([future], LIMIT))
        except KeyError:
            pass
        finally:
            del future  # the traceback holds this frame

    take()
    eventually(watch.all_gone_inside)


def test_futures_that_nobody_kept(new_executor: NewExecutor, watch: Watch) -> None:
    executor = new_executor(2)
    for _ in range(100):
        executor.submit(give, watch.new())
        executor.submit(fail, watch.new())
    eventually(watch.all_gone_inside)


def check_that_it_goes(executor_class: Any, task: Any) -> None:
    with executor_class(1) as executor:
        future = executor.submit(task, 1)
        future.add_done_callback(give)
    ref = weakref.ref(executor)
    del executor
    eventually(lambda: ref() is None)
    assert future.done()


def test_a_future_keeps_no_executor(executor_class: Any) -> None:
    check_that_it_goes(executor_class, give)


@only_threadmill
def test_a_failed_future_keeps_no_executor(executor_class: Any) -> None:
    """In the standard library, the frames of the error do."""
    check_that_it_goes(executor_class, fail)


def test_futures_as_keys(new_executor: NewExecutor) -> None:
    executor = new_executor(1)
    names = {executor.submit(give, i): i for i in range(20)}
    assert {future.result(LIMIT): i for future, i in names.items()} == {i: i for i in range(20)}
    assert all(weakref.ref(future)() is future for future in names)


# --- maps ----------------------------------------------------------------------------------------


def test_the_input_of_a_map_goes(new_executor: NewExecutor, watch: Watch) -> None:
    results = new_executor(2).map(
        watch.new(), [watch.new() for _ in range(50)], (watch.new() for _ in range(50))
    )
    assert list(results) == [None] * 50
    eventually(watch.all_gone)
    assert list(results) == []


@only_threadmill  # without a GIL, the standard library's go when the collector comes
@pytest.mark.parametrize("iterables", [1, 2])
def test_items_of_a_map_go_when_their_tasks_have_ended(
    new_executor: NewExecutor, watch: Watch, hold: Hold, iterables: int
) -> None:
    """Not only when all have."""
    executor, last = new_executor(1), hold()
    tasks = [Thing] * 20 + [last]
    results = executor.map(
        lambda task, *_: task() and None, tasks, *[[watch.new() for _ in tasks] for _ in range(iterables)]
    )
    last.wait_until_begun()
    eventually(lambda: watch.alive() <= iterables)
    last.release()
    assert in_time(lambda: list(results)) == [None] * 21


@only_threadmill  # as above
def test_results_of_a_map_are_not_kept_by_its_iterator(new_executor: NewExecutor, watch: Watch) -> None:
    results = new_executor(1).map(lambda _: watch.new(), range(20))
    for left in reversed(range(20)):
        result = next(results)
        eventually(lambda: len(watch.refs) == 20)
        del result
        eventually(lambda left=left: watch.alive() == left)


@pytest.mark.parametrize("task", [give, fail])
@pytest.mark.parametrize("taken", [0, 1, 5])
def test_what_nobody_took_goes_with_the_iterator(
    new_executor: NewExecutor, watch: Watch, task: Any, taken: int
) -> None:
    executor = new_executor(1)

    def take() -> None:
        results = executor.map(task, [watch.new() for _ in range(30)])
        try:
            for _ in range(taken):
                next(results)
        except KeyError:
            pass
        finally:
            del results  # the traceback holds this frame

    take()
    eventually(watch.all_gone_inside)


# --- the end -------------------------------------------------------------------------------------


def test_cancelled_work_goes(new_executor: NewExecutor, hold: Hold, watch: Watch) -> None:
    executor, task = new_executor(1), hold()
    executor.submit(task)
    task.wait_until_begun()
    kept = [executor.submit(watch.new(), watch.new()) for _ in range(5)]
    executor.shutdown(wait=False, cancel_futures=True)
    eventually(watch.all_gone)
    assert all(future.cancelled() for future in kept)


def test_an_executor_that_is_shut_down_keeps_nothing(new_executor: NewExecutor, watch: Watch) -> None:
    executor = new_executor(2)
    for _ in range(50):
        executor.submit(give, watch.new())
    executor.shutdown()
    eventually(watch.all_gone_inside)


@pytest.mark.parametrize("size", [1, 3])
def test_a_dropped_executor_goes_with_its_workers(executor_class: Any, watch: Watch, size: int) -> None:
    executor = executor_class(size, "crew", watch.new(), (watch.new(),))
    for future in [executor.submit(give, watch.new()) for _ in range(20)]:
        future.result(LIMIT)
    threads = executor._threads.copy()
    ref = weakref.ref(executor)
    del executor, future
    eventually(lambda: ref() is None)
    for thread in threads:
        thread.join(LIMIT)
        assert not thread.is_alive()
    eventually(watch.all_gone_inside)


def test_memory_does_not_grow_with_the_number_of_tasks(new_executor: NewExecutor) -> None:
    """The blocks that Python has allocated, after each of some rounds of work: no trend."""
    executor = new_executor(2)

    def work() -> int:
        for _ in range(500):
            executor.submit(give, 1).result(LIMIT)
        futures = [executor.submit(give, 1) for _ in range(500)]
        for future in as_completed(futures, LIMIT):
            future.add_done_callback(give)
        assert sum(1 for _ in executor.map(give, range(500))) == 500
        del futures, future
        gc.collect()
        return sys.getallocatedblocks()

    work()
    blocks = [work() for _ in range(4)]
    assert blocks[-1] - blocks[0] < 1000
