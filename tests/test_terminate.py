"""What terminating, breaking or dropping a pool does to the work that is under way: nothing hangs."""

from __future__ import annotations

import gc
import logging
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures.thread import BrokenThreadPool
from typing import Any

import pytest
from helpers import LIMIT, Held, Hold, NewPool, eventually, in_time, only_threadmill, square, together

import threadmill
from threadmill import PoolTerminated, ThreadPool

WORK: dict[str, Callable[[Any], Callable[[], Any]]] = {
    "apply_async": lambda pool: pool.apply_async(square, (1,)).get,
    "with callbacks": lambda pool: pool.apply_async(square, (1,), {}, print, print).get,
    "map_async of one": lambda pool: pool.map_async(square, [1]).get,
    "map_async": lambda pool: pool.map_async(square, range(100)).get,
    "map_async in chunks": lambda pool: pool.map_async(square, range(100), 7).get,
    "starmap_async": lambda pool: pool.starmap_async(square, [(1,), (2,)]).get,
    "imap": lambda pool: pool.imap(square, [1, 2]).next,
    "imap in chunks": lambda pool: pool.imap(square, [1, 2, 3], 2).__next__,
    "imap, bounded": lambda pool: pool.imap(square, [1, 2], buffersize=1).next,
    "imap_unordered": lambda pool: pool.imap_unordered(square, [1, 2]).next,
}


def test_it_is_a_runtime_error() -> None:
    assert issubclass(PoolTerminated, RuntimeError)
    assert threadmill.PoolTerminated is PoolTerminated


# --- terminate -----------------------------------------------------------------------------------


@only_threadmill
@pytest.mark.parametrize("submit", WORK.values(), ids=WORK)
def test_what_has_not_begun_fails_at_once(
    new_pool: NewPool, hold: Hold, submit: Callable[[Any], Callable[[], Any]]
) -> None:
    pool, task = new_pool(1), hold()
    running = pool.apply_async(task, (5,))
    task.wait_until_begun()
    get = submit(pool)
    pool.terminate()
    with pytest.raises(PoolTerminated, match=r"^the pool was terminated before this work began$"):
        in_time(get)
    assert not running.ready()
    task.release()
    assert running.get(LIMIT) == 5


@only_threadmill
@pytest.mark.parametrize("submit", WORK.values(), ids=WORK)
def test_who_waits_already_is_woken(
    new_pool: NewPool, hold: Hold, submit: Callable[[Any], Callable[[], Any]]
) -> None:
    pool, task = new_pool(1), hold()
    pool.apply_async(task)
    task.wait_until_begun()
    get = submit(pool)
    waiting = threading.Event()

    def wait() -> None:
        waiting.set()
        with pytest.raises(PoolTerminated):
            get()

    def terminate() -> None:
        assert waiting.wait(LIMIT)
        pool.terminate()

    together(wait, terminate)


@only_threadmill
def test_a_map_that_has_begun_fails_at_once(new_pool: NewPool, hold: Hold) -> None:
    pool, task = new_pool(2), hold()
    handle = pool.map_async(lambda item: task(item), range(10), chunksize=1)
    task.wait_until_begun()
    pool.terminate()
    with pytest.raises(PoolTerminated):
        handle.get(LIMIT)
    assert not task.released.is_set()


@only_threadmill
@pytest.mark.parametrize("chunksize", [None, 1])
def test_a_map_whose_items_have_all_begun_completes(
    new_pool: NewPool, hold: Hold, chunksize: int | None
) -> None:
    pool, task = new_pool(3), hold()
    meeting = threading.Barrier(3)

    def run(item: int) -> Any:
        meeting.wait(LIMIT)
        return task(item)

    handle = pool.map_async(run, range(2), chunksize=chunksize)
    meeting.wait(LIMIT)
    pool.terminate()
    task.release()
    assert handle.get(LIMIT) == [0, 1]


@only_threadmill
def test_an_iteration_gives_what_has_begun_and_then_ends(new_pool: NewPool, hold: Hold) -> None:
    pool, task = new_pool(1), hold()
    values = pool.imap(lambda item: task(item) if item == 2 else item, range(10))
    assert [values.next(LIMIT), values.next(LIMIT)] == [0, 1]
    task.wait_until_begun()
    pool.terminate()
    task.release()
    assert values.next(LIMIT) == 2
    with pytest.raises(PoolTerminated):
        values.next(LIMIT)
    assert list(values) == []


@only_threadmill
def test_an_unordered_iteration_fails_at_once(new_pool: NewPool, hold: Hold) -> None:
    """And then gives what had begun."""
    pool, task = new_pool(1), hold()
    values = pool.imap_unordered(lambda item: task(item) if item == 2 else item, range(10))
    assert [values.next(LIMIT), values.next(LIMIT)] == [0, 1]
    task.wait_until_begun()
    pool.terminate()
    with pytest.raises(PoolTerminated):
        values.next(LIMIT)
    task.release()
    assert list(values) == [2]


@only_threadmill
def test_a_bounded_iteration_that_waited_for_room_ends_too(new_pool: NewPool) -> None:
    pool = new_pool(1)
    values = pool.imap(square, range(10), buffersize=3)
    assert pool.apply(square, (9,)) == 81  # the worker has left the imap, which is full
    pool.terminate()
    assert [values.next(LIMIT) for _ in range(3)] == [0, 1, 4]
    with pytest.raises(PoolTerminated):
        values.next(LIMIT)
    assert list(values) == []


@only_threadmill
def test_a_task_may_terminate_its_pool(new_pool: NewPool) -> None:
    pool = new_pool(1)
    first = pool.apply_async(pool.terminate)
    pending = []
    try:
        while True:
            pending.append(pool.apply_async(square, (1,)))
    except ValueError:
        assert first.get(LIMIT) is None
    for handle in pending:
        with pytest.raises(PoolTerminated):
            handle.get(LIMIT)


# --- a failing initializer -----------------------------------------------------------------------


@only_threadmill
@pytest.mark.parametrize("error", [OSError("broken"), SystemExit(3)], ids=["OSError", "SystemExit"])
def test_a_failing_initializer_breaks_the_pool(
    new_pool: NewPool, hold: Hold, caplog: pytest.LogCaptureFixture, error: BaseException
) -> None:
    start = hold()

    def initializer() -> None:
        start()
        raise error

    pool = new_pool(2, initializer)
    pending = [submit(pool) for submit in WORK.values()]
    start.release()
    for get in pending:
        with pytest.raises(BrokenThreadPool, match="initializer failed") as caught:
            in_time(get)
        assert caught.value.__cause__ is error
    for name, submit in WORK.items():
        with pytest.raises(BrokenThreadPool):
            pytest.fail(f"{name} gave {in_time(submit(pool))}")
    pool.close()
    in_time(pool.join)
    assert {record.levelno for record in caplog.records} == {logging.CRITICAL}
    assert "initializer" in caplog.text


@only_threadmill
def test_one_failing_initializer_is_enough(new_pool: NewPool, caplog: pytest.LogCaptureFixture) -> None:
    calls = iter([None, None, OSError("broken")])
    lock = threading.Lock()

    def initializer() -> None:
        with lock:
            error = next(calls)
        if error is not None:
            raise error

    pool = new_pool(3, initializer)
    with pytest.raises(BrokenThreadPool):
        eventually(lambda: pool.apply_async(square, (1,)).wait(LIMIT))
    in_time(pool.terminate)
    in_time(pool.join)


# --- a thread that cannot be started -------------------------------------------------------------


class Unstartable(ThreadPool):
    """A pool whose threads the system refuses to start while `refuses` is true."""

    refuses = True

    def Process(self, ctx: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N802
        thread = ThreadPool.Process(ctx, *args, **kwargs)
        start = thread.start

        def refusable_start() -> None:
            if self.refuses:
                raise RuntimeError("can't start new thread")
            start()

        thread.start = refusable_start
        return thread


@pytest.fixture
def unstartable() -> Iterator[Unstartable]:
    pool = Unstartable(2)
    yield pool
    pool.terminate()
    in_time(pool.join)


@pytest.mark.parametrize("submit", WORK.values(), ids=WORK)
def test_without_any_thread_the_submitter_gets_the_error(
    unstartable: Unstartable, submit: Callable[[Any], Callable[[], Any]]
) -> None:
    with pytest.raises(RuntimeError, match=r"^can't start new thread$"):
        submit(unstartable)


def test_work_whose_submission_failed_is_never_done(unstartable: Unstartable) -> None:
    ran: list[str] = []
    with pytest.raises(RuntimeError):
        unstartable.apply_async(ran.append, ("ghost",))
    with pytest.raises(RuntimeError):
        unstartable.map_async(ran.append, ["ghost"] * 5)
    with pytest.raises(RuntimeError):
        unstartable.imap(ran.append, ["ghost"] * 5)
    unstartable.refuses = False
    unstartable.apply(ran.append, ("task",))
    unstartable.close()
    in_time(unstartable.join)
    assert ran == ["task"]


def test_work_waits_for_the_threads_there_are(unstartable: Unstartable) -> None:
    task = Held()
    unstartable.refuses = False
    first = unstartable.apply_async(task, (1,))
    task.wait_until_begun()
    unstartable.refuses = True
    second = unstartable.apply_async(square, (2,))
    third = unstartable.map_async(square, range(3))
    task.release()
    assert (first.get(LIMIT), second.get(LIMIT), third.get(LIMIT)) == (1, 4, [0, 1, 4])


# --- a dropped pool ------------------------------------------------------------------------------


def test_dropping_a_running_pool_warns(pool_class: Any) -> None:
    pool = pool_class(1)
    text = f"unclosed running multiprocessing pool {pool!r}"
    with warnings.catch_warnings(record=True, action="always") as caught:
        del pool
        gc.collect()
    (warning,) = caught
    assert warning.category is ResourceWarning
    assert str(warning.message) == text
    assert type(warning.source) is pool_class


@pytest.mark.parametrize("end", ["close", "terminate"])
def test_dropping_an_ended_pool_does_not_warn(pool_class: Any, end: str) -> None:
    pool = pool_class(1)
    getattr(pool, end)()
    pool.join()
    with warnings.catch_warnings(record=True, action="always") as caught:
        del pool
        gc.collect()
    assert caught == []


def workers_of(pool: Any) -> list[threading.Thread]:
    meeting = threading.Barrier(pool._processes)
    size = range(pool._processes)
    threads = pool.map(lambda _: (meeting.wait(LIMIT), threading.current_thread())[1], size, chunksize=1)
    return list(threads)


@pytest.mark.parametrize("in_a_cycle", [False, True])
def test_a_dropped_pool_leaves_no_thread(in_a_cycle: bool) -> None:
    pool = ThreadPool(3)
    workers = workers_of(pool)
    if in_a_cycle:
        pool.itself = pool  # type: ignore[attr-defined]
    with warnings.catch_warnings(action="ignore", category=ResourceWarning):
        del pool
        gc.collect()
    for worker in workers:
        worker.join(LIMIT)
        assert not worker.is_alive()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_dropped_pool_leaves_no_thread_where_warnings_are_errors() -> None:
    pool = ThreadPool(3)
    workers = workers_of(pool)
    with warnings.catch_warnings(action="error", category=ResourceWarning):
        del pool
        gc.collect()
    deadline = time.monotonic() + LIMIT / 10
    for worker in workers:
        worker.join(max(0, deadline - time.monotonic()))
        assert not worker.is_alive()


def test_what_is_queued_in_a_dropped_pool_is_done() -> None:
    task = Held()
    pool = ThreadPool(1)
    handles = [pool.apply_async(task, (i,)) for i in range(5)]
    values = pool.imap(square, range(5))
    with warnings.catch_warnings(action="ignore", category=ResourceWarning):
        del pool
        gc.collect()
    task.release()
    assert [handle.get(LIMIT) for handle in handles] == [0, 1, 2, 3, 4]
    assert list(values) == [0, 1, 4, 9, 16]
