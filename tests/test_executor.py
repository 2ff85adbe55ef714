"""ThreadPoolExecutor: making one, submitting to it, its futures and its threads."""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import os
import queue
import threading
import traceback
from concurrent.futures import CancelledError, as_completed, wait
from typing import Any

import executor_helpers
import pytest
from executor_helpers import NewExecutor, only_threadmill
from helpers import LIMIT, Hold, in_time, square

import threadmill

executor_class, new_executor = executor_helpers.executor_class, executor_helpers.new_executor
hold = executor_helpers.hold


def threads_of(executor: Any, size: int) -> list[threading.Thread]:
    """So many of its threads, each met at a task of its own."""
    meeting = threading.Barrier(size)
    tasks = [executor.submit(lambda: (meeting.wait(LIMIT), threading.current_thread())) for _ in range(size)]
    return [task.result(LIMIT)[1] for task in tasks]


# --- making one ----------------------------------------------------------------------------------


def test_it_is_an_executor(executor_class: Any) -> None:
    assert issubclass(executor_class, concurrent.futures.ThreadPoolExecutor)
    assert executor_class.__name__ == "ThreadPoolExecutor"


def test_the_default_size(new_executor: NewExecutor) -> None:
    cpus = getattr(os, "process_cpu_count", os.cpu_count)() or 1
    assert new_executor()._max_workers == new_executor(None)._max_workers == min(32, cpus + 4)
    assert new_executor(max_workers=3)._max_workers == 3


@pytest.mark.parametrize("size", [0, -1, -0.5])
def test_there_must_be_a_worker(new_executor: NewExecutor, size: float) -> None:
    with pytest.raises(ValueError, match=r"^max_workers must be greater than 0$"):
        new_executor(size)


@pytest.mark.parametrize("size", [1.5, float("inf")])
def test_a_size_that_is_not_whole(new_executor: NewExecutor, size: Any) -> None:
    assert new_executor(size).submit(square, 3).result(LIMIT) == 9


@pytest.mark.parametrize("size", ["1", [], object()])
def test_a_size_is_a_number(new_executor: NewExecutor, size: Any) -> None:
    with pytest.raises(TypeError):
        new_executor(size)


@pytest.mark.parametrize("initializer", ["f", 1, ()])
def test_an_initializer_can_be_called(new_executor: NewExecutor, initializer: Any) -> None:
    with pytest.raises(TypeError, match=r"^initializer must be a callable$"):
        new_executor(1, "", initializer)


@pytest.mark.parametrize("arguments", [{"workers": 1}, {"processes": 1}])
def test_an_unknown_argument(new_executor: NewExecutor, arguments: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        new_executor(**arguments)


def test_a_subclass_may_have_its_own_arguments(executor_class: Any) -> None:
    class Named(executor_class):  # type: ignore[misc]
        def __init__(self, name: str) -> None:
            super().__init__(1, name)
            self.name = name

    with Named("mine") as executor:
        (thread,) = threads_of(executor, 1)
    assert (executor.name, thread.name) == ("mine", "mine_0")


# --- submit --------------------------------------------------------------------------------------


def test_a_task_gets_its_arguments(new_executor: NewExecutor) -> None:
    executor = new_executor(1)

    def give(*args: Any, **kwargs: Any) -> Any:
        return args, kwargs

    assert executor.submit(give).result(LIMIT) == ((), {})
    assert executor.submit(give, 1, [2]).result(LIMIT) == ((1, [2]), {})
    names = {"fn": 1, "self": 2, "args": 3, "kwargs": 4, "timeout": 5, "context": 6}
    assert executor.submit(give, 0, **names).result(LIMIT) == ((0,), names)


def test_the_function_has_no_name(new_executor: NewExecutor) -> None:
    executor = new_executor(1)
    for arguments in [{"fn": square}, {"fn": square, "x": 1}, {}]:
        with pytest.raises(TypeError):
            executor.submit(**arguments)


def test_something_that_cannot_be_called(new_executor: NewExecutor) -> None:
    with pytest.raises(TypeError, match="not callable"):
        new_executor(1).submit(None).result(LIMIT)  # type: ignore[arg-type]


def test_what_it_gives(new_executor: NewExecutor) -> None:
    future = new_executor(1).submit(square, 3)
    assert isinstance(future, concurrent.futures.Future)
    assert future.result() == future.result(0) == 9
    assert future.exception() is None
    assert (future.done(), future.running(), future.cancelled(), future.cancel()) == (
        True,
        False,
        False,
        False,
    )
    assert repr(future) == f"<Future at {id(future):#x} state=finished returned int>"


@only_threadmill
def test_its_futures_are_threadmills(new_executor: NewExecutor) -> None:
    assert isinstance(new_executor(1).submit(int), threadmill.Future)


@pytest.mark.parametrize(
    "error", [KeyError("failed"), StopIteration(3), SystemExit(3), KeyboardInterrupt(), GeneratorExit()]
)
def test_a_task_may_raise_anything(new_executor: NewExecutor, error: BaseException) -> None:
    """The error comes through the future, and the worker lives on."""
    executor = new_executor(1)

    def fail() -> None:
        raise error

    before = threads_of(executor, 1)
    future = executor.submit(fail)
    assert future.exception(LIMIT) is error
    with pytest.raises(type(error)) as caught:
        future.result(LIMIT)
    assert caught.value is error
    assert "in fail" in "".join(traceback.format_tb(error.__traceback__))
    assert repr(future) == f"<Future at {id(future):#x} state=finished raised {type(error).__name__}>"
    assert threads_of(executor, 1) == before


def test_tasks_run_in_the_order_of_their_submission(new_executor: NewExecutor, hold: Hold) -> None:
    executor, task = new_executor(1), hold()
    executor.submit(task)
    ran: list[int] = []
    futures = [executor.submit(ran.append, i) for i in range(100)]
    task.release()
    assert [future.result(LIMIT) for future in as_completed(futures, LIMIT)] == [None] * 100
    assert ran == list(range(100))


def test_a_running_and_a_pending_future(new_executor: NewExecutor, hold: Hold) -> None:
    executor, task = new_executor(1), hold()
    first, second = executor.submit(task, 1), executor.submit(task, 2)
    task.wait_until_begun()
    assert (first.running(), first.done(), first.cancel(), first.cancelled()) == (True, False, False, False)
    assert (second.running(), second.done(), second.cancelled()) == (False, False, False)
    assert [future._state for future in (first, second)] == ["RUNNING", "PENDING"]
    assert repr(second) == f"<Future at {id(second):#x} state=pending>"
    with pytest.raises(TimeoutError):
        first.result(0)
    assert wait([first, second], 0) == (set(), {first, second})
    task.release()
    assert [future.result(LIMIT) for future in (first, second)] == [1, 2]


def test_a_cancelled_task_does_not_run(new_executor: NewExecutor, hold: Hold) -> None:
    executor, task = new_executor(1), hold()
    executor.submit(task)
    ran: list[int] = []
    heard: list[tuple[Any, int]] = []
    futures = [executor.submit(ran.append, i) for i in range(5)]
    futures[2].add_done_callback(lambda it: heard.append((it, threading.get_ident())))
    assert futures[2].cancel() is futures[2].cancel() is futures[2].cancelled() is True
    assert heard == [(futures[2], threading.get_ident())]
    with pytest.raises(CancelledError):
        futures[2].result()
    task.release()
    assert wait(futures, LIMIT).not_done == set()
    assert ran == [0, 1, 3, 4]


@only_threadmill
@pytest.mark.parametrize("early", [True, False])
def test_cancelling_needs_no_worker(new_executor: NewExecutor, hold: Hold, early: bool) -> None:
    """Who waits is told at once; the standard library's futures leave that to a worker."""
    executor, task = new_executor(1), hold()
    running = executor.submit(task)
    future = executor.submit(square, 3)
    if early:
        future.cancel()
    it = as_completed([running, future], LIMIT)
    canceller = threading.Thread(target=future.cancel)
    canceller.start()
    assert in_time(lambda: next(it)) is future
    assert wait([future], 0).done == {future}
    assert not running.done()
    canceller.join(LIMIT)


# --- callbacks in a worker -----------------------------------------------------------------------


def test_a_callback_runs_in_the_worker(new_executor: NewExecutor, hold: Hold) -> None:
    """When the result is there; the next task comes after it."""
    executor, task = new_executor(1), hold()
    heard: list[Any] = []
    future = executor.submit(task, 7)
    for name in "ab":
        future.add_done_callback(
            lambda it, name=name: heard.append((name, it.result(0), threading.current_thread()))
        )
    following = executor.submit(lambda: heard.append("next"))
    task.release()
    following.result(LIMIT)
    (thread,) = threads_of(executor, 1)
    assert heard == [("a", 7, thread), ("b", 7, thread), "next"]


def test_a_callback_may_use_the_executor(new_executor: NewExecutor, hold: Hold) -> None:
    executor, task, results = new_executor(1), hold(), queue.SimpleQueue[Any]()
    future = executor.submit(task, 7)
    future.add_done_callback(lambda it: results.put(executor.submit(square, it.result())))
    task.release()
    assert results.get(timeout=LIMIT).result(LIMIT) == 49


ERRORS = [OSError("broken"), SystemExit(3), KeyboardInterrupt()]


@only_threadmill
@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_no_error_of_a_callback_harms_the_worker(
    new_executor: NewExecutor, hold: Hold, caplog: pytest.LogCaptureFixture, error: BaseException
) -> None:
    """The standard library's worker dies of SystemExit, and is never replaced."""
    executor, task = new_executor(1), hold()
    future, heard = executor.submit(task, 7), list[Any]()

    def fail(_: object) -> None:
        raise error

    future.add_done_callback(fail)
    future.add_done_callback(heard.append)
    task.release()
    threads = threads_of(executor, 1)
    assert heard == [future]
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("concurrent.futures", logging.ERROR)
    assert record.getMessage() == f"exception calling callback for {future!r}"
    assert record.exc_info is not None
    assert record.exc_info[1] is error
    assert threads_of(executor, 1) == threads


# --- asyncio -------------------------------------------------------------------------------------


def test_a_loop_runs_tasks_in_it(new_executor: NewExecutor) -> None:
    executor = new_executor(2)

    async def main() -> list[Any]:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(executor)
        calls = [loop.run_in_executor(executor, square, i) for i in range(50)]
        calls += [loop.run_in_executor(None, square, 50), asyncio.to_thread(square, 51)]
        calls += [loop.run_in_executor(executor, int, "x")]
        async with asyncio.timeout(LIMIT):
            return await asyncio.gather(*calls, return_exceptions=True)

    *results, error = asyncio.run(main())
    assert results == [square(i) for i in range(52)]
    assert isinstance(error, ValueError)
    assert executor._shutdown  # by the loop, whose it became
