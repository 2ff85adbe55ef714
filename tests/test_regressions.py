"""Interleavings that were found by reading, each forced."""

from __future__ import annotations

import linecache
import os
import subprocess
import sys
import threading
from typing import Any

import pytest
from helpers import LIMIT, Held, in_time, square

from threadmill import IMapIterator, ThreadPool, ThreadPoolExecutor


def test_a_map_with_a_callback_that_one_worker_finishes() -> None:
    """It is due for its callback while the queue still holds it: both lists keep what is behind it."""
    with ThreadPool(1) as pool:
        for _ in range(20):
            seen: list[Any] = []
            first = pool.map_async(square, range(2), callback=seen.append)
            second = pool.apply_async(square, (7,))
            third = pool.map_async(square, range(5), callback=seen.append)
            assert first.get(LIMIT) == [0, 1]
            assert second.get(LIMIT) == 49
            assert third.get(LIMIT) == [0, 1, 4, 9, 16]
            assert seen == [[0, 1], [0, 1, 4, 9, 16]]


def test_a_call_with_a_callback_that_its_waiter_does() -> None:
    """The same for what is done by a worker that waits for it, and stays in the queue as a husk."""

    def outer(pool: ThreadPool) -> int:
        inner = pool.apply_async(square, (3,), callback=abs)
        later = pool.apply_async(square, (4,))
        return int(inner.get() + later.get())

    with ThreadPool(1) as pool:
        handles = [pool.apply_async(outer, (pool,), callback=abs) for _ in range(20)]
        assert [handle.get(LIMIT) for handle in handles] == [25] * 20


def test_sizes_that_no_machine_has() -> None:
    ThreadPool(2**40).terminate()
    with pytest.raises(TypeError):
        IMapIterator()  # type: ignore[call-arg]


def test_cancelling_goes_on_after_an_error() -> None:
    """A callback that raises what is no Exception does not keep the others from being cancelled."""

    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    task = Held()
    with ThreadPoolExecutor(1) as executor:
        executor.submit(task)
        task.wait_until_begun()
        futures = [executor.submit(int) for _ in range(5)]
        futures[0].add_done_callback(interrupt)
        with pytest.raises(KeyboardInterrupt):
            executor.shutdown(wait=False, cancel_futures=True)
        assert all(future.cancelled() for future in futures)
        task.release()


def test_a_worker_is_woken_while_another_one_starts() -> None:
    """An initializer that needs a task of the pool gets it from a worker that is there."""
    ran = threading.Event()
    initialized = threading.Semaphore(0)
    calls = iter([False, True])
    executor: Any = None

    def initializer() -> None:
        if next(calls):
            executor.submit(ran.set)
            assert ran.wait(LIMIT)
        initialized.release()

    executor = ThreadPoolExecutor(2, initializer=initializer)
    first, second = Held(), Held()
    executor.submit(first)
    first.wait_until_begun()
    executor.submit(second)  # starts the second worker, while the first is at its task
    first.release()
    second.release()
    for _ in range(2):
        assert initialized.acquire(timeout=LIMIT)
    in_time(executor.shutdown)


def test_what_counted_on_a_thread_that_could_not_start() -> None:
    """One thread's push starts the first worker, another's counts on it; the start fails."""
    executor: Any = ThreadPoolExecutor(1)
    about_to, go_on = threading.Event(), threading.Event()

    def refuse() -> Any:
        about_to.set()
        assert go_on.wait(LIMIT)
        return hand

    class NoThread(threading.Thread):
        def start(self) -> None:
            raise RuntimeError("can't start new thread")

    original = executor._crew._next
    executor._crew.new_thread = lambda target, args: NoThread(target=target, args=args)
    hand = original()
    executor._crew._next = refuse
    errors: list[BaseException] = []

    def submit() -> None:
        try:
            executor.submit(square, 2)
        except RuntimeError as error:
            errors.append(error)

    starter = threading.Thread(target=submit)
    starter.start()
    assert about_to.wait(LIMIT)
    future = executor.submit(square, 3)
    go_on.set()
    starter.join(LIMIT)
    assert [str(error) for error in errors] == ["can't start new thread"]
    with pytest.raises(RuntimeError, match="can't start new thread"):
        future.result(LIMIT)
    in_time(executor.shutdown)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork.*:DeprecationWarning")
def test_a_callback_that_another_jobs_worker_is_at_when_the_process_forks() -> None:
    code = """if True:
        import os, signal, threading, threadmill
        pool = threadmill.ThreadPool(2)
        busy, go_on, at_it, end = (threading.Event() for _ in range(4))
        first = pool.apply_async(int, callback=lambda _: (busy.set(), go_on.wait(60)))
        busy.wait(60)
        second = pool.apply_async(int, callback=lambda _: (at_it.set(), end.wait(60)))
        pool.apply(int)  # the other worker has left the second job to the one at callbacks
        go_on.set()
        at_it.wait(60)
        if os.fork() == 0:
            signal.alarm(60)
            try:
                second.get(50)
            except threadmill.PoolForked:
                os._exit(0)
            os._exit(1)
        status = os.wait()[1]
        end.set()
        assert second.get(60) == 0
        assert status == 0, status
        """
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], timeout=2 * LIMIT, check=True)


def interrupted_at(line: int, call: Any) -> bool:
    """Makes the call, with an interrupt at the so-many-th line of the Python code that starts a worker.
    Whether it came to that."""
    left = line

    def trace(frame: Any, event: str, _: object) -> Any:
        nonlocal left
        if not frame.f_code.co_filename.endswith("_workers.py"):
            return None
        # Not where a `with` ends: the interpreter lets no interrupt come between its line and its exit.
        source = linecache.getline(frame.f_code.co_filename, frame.f_lineno)
        if event == "line" and not source.lstrip().startswith("with "):
            left -= 1
            if left == 0:
                raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return False


@pytest.mark.parametrize("others", [0, 1])
def test_starting_a_worker_may_be_interrupted_anywhere(others: int) -> None:
    """The pool is as good as before: what is submitted is done, and it can be joined."""
    line, interrupted = 0, True
    while interrupted:
        line += 1
        pool, task = ThreadPool(2), Held()
        running = [pool.apply_async(task) for _ in range(others)]
        if others:
            task.wait_until_begun()
        interrupted = interrupted_at(line, lambda pool=pool: pool.apply_async(square, (2,)))
        task.release()
        for handle in running:
            handle.get(LIMIT)
        assert pool.apply_async(square, (3,)).get(LIMIT) == 9
        assert pool.map_async(square, range(4), 1).get(LIMIT) == [0, 1, 4, 9]
        pool.close()
        in_time(pool.join)
    assert line > 10
