"""close, terminate, join and `with`. The end of the interpreter: test_process_exit.py."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from helpers import LIMIT, Hold, NewPool, in_time, only_threadmill, square

SUBMITS: dict[str, Callable[[Any], Any]] = {
    "apply": lambda pool: pool.apply(square, (1,)),
    "apply_async": lambda pool: pool.apply_async(square, (1,)),
    "map": lambda pool: pool.map(square, [1]),
    "map of nothing": lambda pool: pool.map(square, []),
    "map_async": lambda pool: pool.map_async(square, [1]),
    "starmap": lambda pool: pool.starmap(square, [(1,)]),
    "starmap_async": lambda pool: pool.starmap_async(square, [(1,)]),
    "imap": lambda pool: pool.imap(square, [1]),
    "imap in chunks": lambda pool: pool.imap(square, [1], 2),
    "imap_unordered": lambda pool: pool.imap_unordered(square, [1]),
    "imap_unordered in chunks": lambda pool: pool.imap_unordered(square, [1], 2),
    "with": lambda pool: pool.__enter__(),
}


@pytest.mark.parametrize("end", ["close", "terminate"])
def test_an_ended_pool_takes_no_work(new_pool: NewPool, end: str) -> None:
    pool = new_pool(1)
    for _ in range(2):  # again once it is joined
        getattr(pool, end)()
        for name, submit in SUBMITS.items():
            with pytest.raises(ValueError, match=r"^Pool not running$"):
                pytest.fail(f"{name} gave {submit(pool)}")
        pool.join()


def test_a_running_pool_cannot_be_joined(new_pool: NewPool) -> None:
    pool = new_pool(1)
    with pytest.raises(ValueError, match=r"^Pool is still running$"):
        pool.join()
    assert pool.apply(square, (3,)) == 9


def test_ending_twice_does_nothing(new_pool: NewPool) -> None:
    pool = new_pool(2)
    pool.apply(square, (3,))
    for name in ["close", "close", "join", "join", "terminate", "terminate", "join", "join"]:
        assert in_time(getattr(pool, name)) is None


def test_close_does_not_revive_a_terminated_pool(new_pool: NewPool) -> None:
    pool = new_pool(1)
    pool.terminate()
    pool.close()
    assert pool._state == "TERMINATE"
    in_time(pool.join)


def test_what_is_queued_is_done_after_close(new_pool: NewPool, hold: Hold) -> None:
    pool, task = new_pool(1), hold()
    handles = [pool.apply_async(task, (i,)) for i in range(3)]
    handles.append(pool.map_async(square, range(20)))
    values = pool.imap(square, range(20))
    task.wait_until_begun()
    pool.close()
    task.release()
    in_time(pool.join)
    squares = [square(i) for i in range(20)]
    assert [handle.get(0) for handle in handles] == [0, 1, 2, squares]
    assert list(values) == squares


def test_close_of_an_idle_pool_ends_its_threads(new_pool: NewPool) -> None:
    pool = new_pool(3)
    meeting = threading.Barrier(3)
    workers = pool.map(lambda _: (meeting.wait(LIMIT), threading.current_thread())[1], range(3), chunksize=1)
    pool.close()
    for worker in workers:
        worker.join(LIMIT)
        assert not worker.is_alive()


@pytest.mark.parametrize("end", ["close", "terminate"])
def test_join_waits_for_running_tasks_and_the_end_does_not(new_pool: NewPool, hold: Hold, end: str) -> None:
    pool, task = new_pool(2), hold()
    order: list[str] = []

    def run() -> None:
        task()
        order.append("task")

    def join() -> None:
        pool.join()
        order.append("join")

    pool.apply_async(run)
    task.wait_until_begun()
    in_time(getattr(pool, end))
    joiner = threading.Thread(target=join)
    joiner.start()
    assert order == []
    task.release()
    joiner.join(LIMIT)
    assert order == ["task", "join"]


# --- with ----------------------------------------------------------------------------------------


def test_with_gives_the_pool_and_terminates_it(new_pool: NewPool, hold: Hold) -> None:
    pool, task = new_pool(1), hold()
    with pool as entered:
        assert entered is pool
        with pool as again:
            assert again is pool
            pool.apply_async(task)
            task.wait_until_begun()
        # Not waited for: the task is held still.
    assert pool._state == "TERMINATE"


def test_with_lets_errors_pass(new_pool: NewPool) -> None:
    with pytest.raises(KeyError), new_pool(1):
        raise KeyError


# --- from within ---------------------------------------------------------------------------------


@only_threadmill
@pytest.mark.parametrize("end", ["close", "terminate"])
def test_a_task_may_end_and_join_its_own_pool(new_pool: NewPool, end: str) -> None:
    """`join` leaves out the thread that calls it."""
    pool = new_pool(2)

    def task() -> str:
        getattr(pool, end)()
        pool.join()
        return "joined"

    assert pool.apply_async(task).get(LIMIT) == "joined"


@only_threadmill
@pytest.mark.parametrize("end", ["close", "terminate"])
def test_a_callback_may_end_its_own_pool(new_pool: NewPool, end: str) -> None:
    pool = new_pool(1)
    handle = pool.apply_async(square, (3,), callback=lambda _: getattr(pool, end)())
    assert handle.get(LIMIT) == 9
    in_time(pool.join)
