"""The threads of a ThreadPoolExecutor: when they start, what they are, what happens if they cannot."""

from __future__ import annotations

import gc
import logging
import threading
import weakref
from concurrent.futures import BrokenExecutor, as_completed
from concurrent.futures.thread import BrokenThreadPool
from typing import Any

import executor_helpers
import pytest
from executor_helpers import NewExecutor, only_threadmill
from helpers import LIMIT, Hold, eventually, in_time, square

from threadmill import _workers

executor_class, new_executor = executor_helpers.executor_class, executor_helpers.new_executor
hold = executor_helpers.hold

BROKEN = r"^A thread initializer failed, the thread pool is not usable anymore$"


def meet(executor: Any, size: int) -> list[threading.Thread]:
    """So many of its threads, each met at a task of its own."""
    meeting = threading.Barrier(size)
    tasks = [executor.submit(lambda: (meeting.wait(LIMIT), threading.current_thread())) for _ in range(size)]
    return [task.result(LIMIT)[1] for task in tasks]


# --- when they start -----------------------------------------------------------------------------


def test_threads_start_when_there_is_work(new_executor: NewExecutor) -> None:
    before = threading.active_count()
    executor = new_executor(4)
    assert (threading.active_count(), len(executor._threads)) == (before, 0)
    meet(executor, 1)
    assert (threading.active_count(), len(executor._threads)) == (before + 1, 1)
    eventually(lambda: executor._idle_semaphore._value == 1)
    meet(executor, 1)
    assert len(executor._threads) == 1
    meet(executor, 4)
    assert (threading.active_count(), len(executor._threads)) == (before + 4, 4)


def test_there_are_never_more_than_asked_for(new_executor: NewExecutor, hold: Hold) -> None:
    executor, task = new_executor(3), hold()
    futures = [executor.submit(task, i) for i in range(20)]
    eventually(lambda: len(executor._threads) == 3)  # threadmill's workers start one another
    task.release()
    assert [future.result(LIMIT) for future in futures] == list(range(20))
    assert len(executor._threads) == 3


def test_tasks_run_at_once(new_executor: NewExecutor) -> None:
    assert len(set(meet(new_executor(20), 20))) == 20


def test_a_busy_worker_does_not_hold_up_the_others(new_executor: NewExecutor, hold: Hold) -> None:
    executor, task = new_executor(2), hold()
    executor.submit(task)
    task.wait_until_begun()
    assert [executor.submit(square, i).result(LIMIT) for i in range(50)] == [square(i) for i in range(50)]


# --- what they are -------------------------------------------------------------------------------


def test_the_threads(new_executor: NewExecutor) -> None:
    executor = new_executor(3, "crew")
    threads = set(meet(executor, 3))
    assert executor._threads == threads
    assert isinstance(executor._threads, set)
    assert threads <= set(threading.enumerate())
    assert {thread.name for thread in threads} == {"crew_0", "crew_1", "crew_2"}
    assert not any(thread.daemon for thread in threads)


def test_names_by_default(new_executor: NewExecutor) -> None:
    first, second = new_executor(1), new_executor(1, thread_name_prefix="")
    names = [meet(executor, 1)[0].name for executor in (first, second)]
    assert names == [f"{executor._thread_name_prefix}_0" for executor in (first, second)]
    numbers = [int(name.removeprefix("ThreadPoolExecutor-").removesuffix("_0")) for name in names]
    assert numbers[1] == numbers[0] + 1


def test_profilers_and_tracers_see_the_threads(new_executor: NewExecutor) -> None:
    seen: set[int] = set()
    threading.setprofile(lambda *_: seen.add(threading.get_ident()))
    try:
        threads = meet(new_executor(2), 2)
    finally:
        threading.setprofile(None)  # type: ignore[arg-type]
    assert seen >= {thread.ident for thread in threads}


# --- the initializer -----------------------------------------------------------------------------


def test_each_worker_is_initialized_once(new_executor: NewExecutor) -> None:
    local, calls = threading.local(), list[Any]()

    def initializer(*args: Any) -> None:
        calls.append((args, threading.current_thread()))
        local.value = args

    executor = new_executor(3, "crew", initializer, (1, 2))
    threads = meet(executor, 3)
    assert executor.submit(lambda: local.value).result(LIMIT) == (1, 2)
    assert sorted(calls, key=repr) == sorted([((1, 2), thread) for thread in threads], key=repr)
    assert new_executor(initializer=local.__init__).submit(square, 3).result(LIMIT) == 9


@only_threadmill
def test_what_is_submitted_while_a_worker_starts_has_others_started(
    new_executor: NewExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that is being started is to look for work; one with an initializer leaves that to others."""
    go_on, worker, calls = threading.Event(), _workers.worker, list[None]()

    def wait_and_work(*args: Any) -> None:
        assert go_on.wait(LIMIT)
        worker(*args)

    monkeypatch.setattr(_workers, "worker", wait_and_work)
    executor = new_executor(5, "crew", lambda: calls.append(None))
    meeting = threading.Barrier(3)
    tasks = [executor.submit(meeting.wait, LIMIT) for _ in range(3)]
    go_on.set()
    assert sorted(task.result(LIMIT) for task in tasks) == [0, 1, 2]
    assert (len(calls), len(executor._threads)) == (3, 3)


@pytest.mark.parametrize("error", [OSError("broken"), SystemExit(3)], ids=["OSError", "SystemExit"])
def test_a_failing_initializer_breaks_the_executor(
    new_executor: NewExecutor, hold: Hold, caplog: pytest.LogCaptureFixture, error: BaseException
) -> None:
    start = hold()

    def initializer() -> None:
        start()
        raise error

    executor = new_executor(1, "", initializer)
    pending = [executor.submit(square, i) for i in range(5)]
    heard: list[Any] = []
    pending[3].add_done_callback(lambda it: heard.append(type(it.exception())))
    start.release()
    for future in pending:
        with pytest.raises(BrokenThreadPool, match=BROKEN):
            future.result(LIMIT)
    assert set(as_completed(pending, LIMIT)) == set(pending)
    eventually(lambda: heard == [BrokenThreadPool])
    for _ in range(2):
        with pytest.raises(BrokenThreadPool, match=BROKEN):
            executor.submit(square, 3)
        with pytest.raises(BrokenExecutor, match=BROKEN):
            executor.map(square, [1])
    assert executor._broken
    in_time(executor.shutdown)
    (record,) = caplog.records
    assert (record.levelno, record.getMessage()) == (logging.CRITICAL, "Exception in initializer:")
    assert record.exc_info is not None
    assert record.exc_info[1] is error


@only_threadmill
def test_a_broken_executor_with_a_cancelled_task(new_executor: NewExecutor, hold: Hold) -> None:
    """In the standard library's, what is queued behind that never completes."""
    start = hold()
    executor = new_executor(1, "", lambda: start() or 1 // 0)
    cancelled, pending = executor.submit(square, 1), executor.submit(square, 2)
    assert cancelled.cancel()
    start.release()
    with pytest.raises(BrokenThreadPool, match=BROKEN):
        pending.result(LIMIT)
    assert cancelled.cancelled()


def test_one_failing_initializer_is_enough(new_executor: NewExecutor, hold: Hold) -> None:
    """What runs already goes on."""
    calls = iter([None, OSError("broken")])
    lock = threading.Lock()

    def initializer() -> None:
        with lock:
            error = next(calls)
        if error is not None:
            raise error

    executor, task = new_executor(2, "", initializer), hold()
    running = executor.submit(task, 7)
    task.wait_until_begun()
    pending = executor.submit(square, 3)
    with pytest.raises(BrokenThreadPool, match=BROKEN):
        pending.result(LIMIT)
    task.release()
    assert running.result(LIMIT) == 7
    with pytest.raises(BrokenThreadPool, match=BROKEN):
        executor.submit(square, 3)


# --- a thread that cannot be started -------------------------------------------------------------


class Refusal:
    """The system starts no more threads, while this lasts."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.monkeypatch = monkeypatch

    def __enter__(self) -> None:
        def refuse(_: threading.Thread) -> None:
            raise RuntimeError("can't start new thread")

        self.monkeypatch.setattr(threading.Thread, "start", refuse)

    def __exit__(self, *_: object) -> None:
        self.monkeypatch.undo()


@only_threadmill
def test_work_whose_submission_failed_is_never_done(
    new_executor: NewExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The standard library's executor raises and does it all the same."""
    executor, ran = new_executor(2), list[str]()
    with Refusal(monkeypatch):
        for submit in [lambda: executor.submit(ran.append, "x"), lambda: executor.map(ran.append, "x")]:
            with pytest.raises(RuntimeError, match=r"^can't start new thread$"):
                submit()
    executor.submit(ran.append, "task").result(LIMIT)
    assert ran == ["task"]


class Thing:
    def __call__(self) -> None:
        pass


@only_threadmill
def test_work_whose_submission_failed_is_not_kept(
    new_executor: NewExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    executor, things = new_executor(2), [Thing(), Thing()]
    refs = [weakref.ref(thing) for thing in things]
    with Refusal(monkeypatch), pytest.raises(RuntimeError):
        executor.submit(*things)
    del things
    gc.collect()
    assert [ref() for ref in refs] == [None, None]


@only_threadmill
def test_work_waits_for_the_threads_there_are(
    new_executor: NewExecutor, hold: Hold, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The standard library's executor raises, and does it all the same."""
    executor, task = new_executor(2), hold()
    first = executor.submit(task, 1)
    task.wait_until_begun()
    with Refusal(monkeypatch):
        second = executor.submit(square, 2)
    task.release()
    assert (first.result(LIMIT), second.result(LIMIT)) == (1, 4)


@only_threadmill
def test_a_thread_that_is_about_to_start_is_not_among_them(
    new_executor: NewExecutor, hold: Hold, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Workers start one another, and who joins all threads must not meet one that cannot be joined yet."""
    executor = new_executor(2)
    starting, go_on = threading.Event(), threading.Event()
    start = threading.Thread.start

    def start_late(thread: threading.Thread) -> None:
        if threading.current_thread() is not threading.main_thread():
            starting.set()
            assert go_on.wait(LIMIT)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_late)
    outer = executor.submit(lambda: executor.submit(square, 3))
    assert starting.wait(LIMIT)
    assert [thread.is_alive() for thread in executor._threads] == [True]
    go_on.set()
    assert outer.result(LIMIT).result(LIMIT) == square(3)
    assert len(executor._threads) == 2
