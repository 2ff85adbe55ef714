"""One set of workers, two faces: `pool.as_executor()` and `executor.as_pool()`."""

from __future__ import annotations

import gc
import threading
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from concurrent.futures.thread import BrokenThreadPool
from contextvars import ContextVar
from typing import Any

import pytest
from helpers import LIMIT, Held, in_time, square, together

from threadmill import PoolTerminated, ThreadPool, ThreadPoolExecutor

VAR: ContextVar[str] = ContextVar("VAR", default="nothing")

Faces = tuple[ThreadPool, ThreadPoolExecutor]
NewFaces = Callable[..., Faces]


def from_pool(size: int, **kwargs: Any) -> Faces:
    pool = ThreadPool(size, **kwargs)
    return pool, pool.as_executor()


def from_executor(size: int, **kwargs: Any) -> Faces:
    executor = ThreadPoolExecutor(size, **kwargs)
    return executor.as_pool(), executor


@pytest.fixture(params=[from_pool, from_executor])
def new_faces(request: pytest.FixtureRequest) -> Iterator[NewFaces]:
    """Makes the two faces of one set of workers, and ends them with the test."""
    made = []

    def new(size: int, **kwargs: Any) -> Faces:
        made.append(request.param(size, **kwargs))
        return made[-1]

    yield new
    for pool, _ in made:
        pool.terminate()
    for pool, executor in made:
        in_time(pool.join)
        in_time(executor.shutdown)


@pytest.fixture
def task() -> Iterator[Held]:
    task = Held()
    yield task
    task.release()


# --- work ----------------------------------------------------------------------------------------


def test_both_use_the_same_workers(new_faces: NewFaces) -> None:
    pool, executor = new_faces(1)
    assert (type(pool), type(executor)) == (ThreadPool, ThreadPoolExecutor)
    assert pool.apply(threading.get_ident) == executor.submit(threading.get_ident).result(LIMIT)
    assert set(pool._pool) == executor._threads
    assert pool._processes == executor._max_workers == 1
    assert repr(pool) == f"<{ThreadPool.__module__}.ThreadPool state=RUN pool_size=1>"


def test_they_share_the_number_of_workers(new_faces: NewFaces) -> None:
    pool, executor = new_faces(4)
    meeting = threading.Barrier(4)
    waits = [pool.apply_async(meeting.wait, (LIMIT,)) for _ in range(2)]
    futures = [executor.submit(meeting.wait, LIMIT) for _ in range(2)]
    assert sorted([w.get(LIMIT) for w in waits] + [f.result(LIMIT) for f in futures]) == [0, 1, 2, 3]
    assert len(executor._threads) == 4


def test_they_share_the_queue(new_faces: NewFaces, task: Held) -> None:
    """Work is done in the order in which it comes, through whichever."""
    pool, executor = new_faces(1)
    executor.submit(task)
    task.wait_until_begun()
    ran: list[int] = []
    for i in range(10):
        if i % 2:
            pool.apply_async(ran.append, (i,))
        else:
            executor.submit(ran.append, i)
    assert executor._work_queue.qsize() == pool._taskqueue.qsize() == 10
    task.release()
    assert pool.apply(square, (3,)) == 9
    assert ran == list(range(10))


def test_all_methods(new_faces: NewFaces) -> None:
    pool, executor = new_faces(2)
    squares = [square(i) for i in range(50)]
    assert pool.map(square, range(50)) == list(executor.map(square, range(50))) == squares
    assert list(pool.imap(square, range(50), buffersize=3)) == squares
    assert list(executor.map(square, range(50), buffersize=3)) == squares


def test_a_face_of_a_face(new_faces: NewFaces) -> None:
    pool, executor = new_faces(1)
    again, and_again = pool.as_executor(), executor.as_pool()
    assert again.submit(square, 3).result(LIMIT) == and_again.apply(square, (3,)) == 9
    assert again._threads == executor._threads == set(and_again._pool)
    again.shutdown()
    with pytest.raises(ValueError, match=r"^Pool not running$"):
        and_again.apply(square, (3,))


@pytest.mark.parametrize("context", [True, False])
def test_they_share_what_the_workers_were_told(new_faces: NewFaces, context: bool) -> None:
    pool, executor = new_faces(1, initializer=VAR.set, initargs=("worker's",), context=context)
    expected = "mine" if context else "worker's"
    before = VAR.set("mine")
    try:
        assert [pool.apply(VAR.get), executor.submit(VAR.get).result(LIMIT)] == [expected] * 2
    finally:
        VAR.reset(before)


# --- the end -------------------------------------------------------------------------------------

ENDS: dict[str, Callable[[Any, Any], object]] = {
    "close": lambda pool, executor: pool.close(),
    "terminate": lambda pool, executor: pool.terminate(),
    "shutdown": lambda pool, executor: executor.shutdown(wait=False),
    "cancel": lambda pool, executor: executor.shutdown(wait=False, cancel_futures=True),
}

each_end = pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
End = Callable[[Any, Any], object]


def outcome(get: Callable[..., Any]) -> Any:
    try:
        return in_time(get)
    except (CancelledError, PoolTerminated) as error:
        return type(error)


@each_end
def test_either_ends_both(new_faces: NewFaces, end: End) -> None:
    pool, executor = new_faces(2)
    assert pool.apply(square, (3,)) == 9
    end(pool, executor)
    with pytest.raises(ValueError, match=r"^Pool not running$"):
        pool.apply(square, (3,))
    with pytest.raises(RuntimeError, match=r"^cannot schedule new futures after shutdown$"):
        executor.submit(square, 3)
    assert pool._state in ("CLOSE", "TERMINATE")
    assert executor._shutdown is True
    threads = executor._threads
    in_time(pool.join)
    in_time(executor.shutdown)
    assert not any(thread.is_alive() for thread in threads)


@each_end
def test_what_becomes_of_pending_work(new_faces: NewFaces, task: Held, end: End) -> None:
    """It does not depend on whose it is."""
    pool, executor = new_faces(1)
    running = executor.submit(task, 7)
    task.wait_until_begun()
    gets: list[Callable[..., Any]] = [
        executor.submit(square, 3).result,
        executor.map(square, [3]).__next__,
        executor.map(square, [3], buffersize=1).__next__,
        pool.apply_async(square, (3,)).get,
        pool.imap(square, [3]).next,
        pool.map_async(square, [3]).get,
    ]
    end(pool, executor)
    ended = {ENDS["terminate"]: PoolTerminated, ENDS["cancel"]: CancelledError}.get(end)
    if ended is not None:
        assert [outcome(get) for get in gets] == [ended] * 6
    task.release()
    assert running.result(LIMIT) == 7
    if ended is None:
        assert [outcome(get) for get in gets] == [9, 9, 9, 9, 9, [9]]


def test_a_with_block_ends_both(new_faces: NewFaces) -> None:
    pool, executor = new_faces(1)
    with executor:
        handle = pool.apply_async(square, (3,))
    assert handle.get(0) == 9
    with pytest.raises(ValueError, match=r"^Pool not running$"):
        pool.apply(square, (3,))


def test_a_failing_initializer_breaks_both(task: Held) -> None:
    executor = ThreadPoolExecutor(1, initializer=lambda: task() or 1 // 0)
    pool = executor.as_pool()
    gets = [executor.submit(square, 3).result, pool.apply_async(square, (3,)).get]
    task.release()
    for get in [*gets, lambda: executor.submit(square, 3), lambda: pool.apply(square, (3,))]:
        with pytest.raises(BrokenThreadPool):
            in_time(get)
    in_time(executor.shutdown)


def test_ending_by_both_at_once(new_faces: NewFaces) -> None:
    for _ in range(8):
        pool, executor = new_faces(2)
        futures = [executor.submit(square, i) for i in range(50)]
        together(*[lambda end=end, faces=(pool, executor): end(*faces) for end in ENDS.values()])
        in_time(pool.join)
        for i, future in enumerate(futures):
            assert outcome(lambda future=future: future.result(0)) in [
                square(i),
                CancelledError,
                PoolTerminated,
            ]


# --- dropped -------------------------------------------------------------------------------------


def test_one_face_is_enough(new_faces: NewFaces) -> None:
    """The other may be a temporary one: nothing is closed, and nobody is warned."""
    pool, executor = new_faces(1)
    for i in range(5):
        assert pool.as_executor().submit(square, i).result(LIMIT) == square(i)
        assert executor.as_pool().apply(square, (i,)) == square(i)
        gc.collect()
    assert pool.apply(square, (3,)) == executor.submit(square, 3).result(LIMIT) == 9


@pytest.mark.parametrize("kept", [0, 1])
@pytest.mark.parametrize("new", [from_pool, from_executor])
def test_workers_end_with_the_last_face(new: Callable[[int], Faces], kept: int) -> None:
    face: Any = new(2)[kept]
    gc.collect()
    if kept == 0:
        thread = face.apply(threading.current_thread)
    else:
        thread = face.submit(threading.current_thread).result(LIMIT)
    with warnings.catch_warnings(action="ignore", category=ResourceWarning):
        del face
        gc.collect()
    thread.join(LIMIT)
    assert not thread.is_alive()


def test_what_is_queued_outlives_both(task: Held) -> None:
    pool, executor = from_executor(1)
    handle = pool.apply_async(task, (7,))
    future = executor.submit(square, 3)
    del pool, executor
    gc.collect()
    task.release()
    assert (handle.get(LIMIT), future.result(LIMIT)) == (7, 9)
