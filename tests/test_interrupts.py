"""Ctrl-C when the main thread has been waiting for longer than its first sleep, which is short."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from helpers import LIMIT, Hold, NewPool, in_time, only_threadmill, square

# Each of them waits for a task that interrupts and does not end.
WAITS: dict[str, Callable[[Any, Any], Any]] = {
    "get": lambda pool, task: pool.apply_async(task).get(),
    "get, with a limit": lambda pool, task: pool.apply_async(task).get(LIMIT),
    "map": lambda pool, task: pool.map(task, [1]),
    "imap": lambda pool, task: next(pool.imap(task, [1])),
    "imap, with a limit": lambda pool, task: pool.imap(task, [1]).next(LIMIT),
    "submit": lambda pool, task: pool.as_executor().submit(task).result(),
}


@only_threadmill
@pytest.mark.parametrize("wait_for", WAITS.values(), ids=WAITS)
def test_a_long_wait_can_be_interrupted(
    new_pool: NewPool, hold: Hold, wait_for: Callable[[Any, Any], Any]
) -> None:
    """Also where a signal does not end a sleep of the system's: on the pthread back end, and on Windows."""
    pool, task = new_pool(2), hold()
    main = threading.get_ident()

    def interrupt(*_: object) -> None:
        time.sleep(0.2)  # not to wait for anything: should the main thread be late, it is interrupted anyway
        if sys.platform == "win32":
            signal.raise_signal(signal.SIGINT)
        else:
            signal.pthread_kill(main, signal.SIGINT)
        task()

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            wait_for(pool, interrupt)
    finally:
        signal.signal(signal.SIGINT, before)
    assert pool.apply(square, (3,)) == 9


@only_threadmill
@pytest.mark.skipif(sys.platform != "linux", reason="counts the switches of a thread")
def test_a_wait_wakes_up_rarely(new_pool: NewPool) -> None:
    """Not at all on Linux after the first 50 ms, and 20 times a second with the pthread back end."""
    import resource

    def switches() -> int:
        return resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw

    before = switches()
    new_pool(1).apply(time.sleep, (2,))
    assert switches() - before < 60


def interrupted() -> BaseException:
    """In the place of what makes the error of an engine's jobs."""
    raise KeyboardInterrupt


@only_threadmill
def test_an_interrupt_while_a_job_is_given_up(new_pool: NewPool) -> None:
    """It has its outcome all the same, and the workers leave."""
    pool = new_pool(1)
    values = pool.imap(square, range(10), buffersize=1)
    pool.apply(int)  # it is full now
    pool._engine.break_off(interrupted)
    pool.close()
    with pytest.raises(KeyboardInterrupt):  # which puts the job back
        next(values)
    with pytest.raises(KeyboardInterrupt):
        in_time(lambda: next(values))
    assert list(values) == []
    in_time(pool.join)


@only_threadmill
def test_an_interrupt_while_jobs_are_given_up(new_pool: NewPool, hold: Hold) -> None:
    pool, task = new_pool(1), hold()
    pool.apply_async(task)
    task.wait_until_begun()
    handles = [pool.apply_async(square, (3,)) for _ in range(3)]
    with pytest.raises(KeyboardInterrupt):
        pool._engine.terminate(interrupted)
    for handle in handles:
        with pytest.raises(KeyboardInterrupt):
            handle.get(LIMIT)
    task.release()
    in_time(pool.join)
