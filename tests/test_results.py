"""The handles of asynchronous calls: what they tell, and how one waits for them."""

from __future__ import annotations

import builtins
import multiprocessing
import pickle
import signal
import sys
import threading
import time
import types
from collections.abc import Callable
from typing import Any

import pytest
from helpers import LIMIT, Hold, NewPool, eventually, only_threadmill, square, together

import threadmill

SUBMITS: dict[str, Callable[[Any, Any], Any]] = {
    "apply_async": lambda pool, task: pool.apply_async(task, (7,)),
    "map_async": lambda pool, task: pool.map_async(task, [7]),
    "starmap_async": lambda pool, task: pool.starmap_async(task, [(7,)]),
}

each_handle = pytest.mark.parametrize("submit", SUBMITS.values(), ids=SUBMITS)
Submit = Callable[[Any, Any], Any]


def fail(_: object) -> None:
    raise KeyError("failed")


# --- types ---------------------------------------------------------------------------------------


def test_one_class_has_two_names() -> None:
    assert threadmill.AsyncResult is threadmill.ApplyResult


def test_the_class_is_generic() -> None:
    alias = threadmill.AsyncResult[int]
    assert isinstance(alias, types.GenericAlias)
    assert (alias.__origin__, alias.__args__) == (threadmill.AsyncResult, (int,))


@only_threadmill
def test_the_types_of_the_handles(new_pool: NewPool) -> None:
    pool = new_pool(1)
    assert type(pool.apply_async(square, (1,))) is threadmill.ApplyResult
    assert type(pool.map_async(square, [1])) is threadmill.MapResult
    assert type(pool.starmap_async(square, [(1,)])) is threadmill.MapResult
    assert type(pool.imap(square, [1])) is threadmill.IMapIterator
    assert type(pool.imap_unordered(square, [1])) is threadmill.IMapUnorderedIterator
    assert issubclass(threadmill.MapResult, threadmill.ApplyResult)
    assert issubclass(threadmill.IMapUnorderedIterator, threadmill.IMapIterator)


def test_the_timeout_error_is_both() -> None:
    """The standard library's pools raise the first, and everybody expects the second."""
    assert issubclass(threadmill.TimeoutError, multiprocessing.TimeoutError)
    assert issubclass(threadmill.TimeoutError, builtins.TimeoutError)


@each_handle
def test_a_handle_cannot_be_pickled(new_pool: NewPool, submit: Submit) -> None:
    handle = submit(new_pool(1), square)
    with pytest.raises((TypeError, NotImplementedError)):
        pickle.dumps(handle)


@each_handle
def test_two_handles_differ(new_pool: NewPool, submit: Submit) -> None:
    pool = new_pool(1)
    first, second = submit(pool, square), submit(pool, square)
    assert len({first, second}) == 2


# --- from pending to ready -----------------------------------------------------------------------


@each_handle
def test_a_pending_handle(new_pool: NewPool, hold: Hold, submit: Submit) -> None:
    pool, task = new_pool(1), hold()
    handle = submit(pool, task)
    task.wait_until_begun()
    assert not handle.ready()
    assert not handle._event.is_set()
    with pytest.raises(ValueError, match=r"^<.*> not ready$"):
        handle.successful()
    for timeout in [0, 0.0, -1, 0.01, float("-inf")]:
        assert handle.wait(timeout) is None
        with pytest.raises(multiprocessing.TimeoutError):
            handle.get(timeout)
    assert not handle.ready()
    task.release()
    assert handle.wait(LIMIT) is None
    assert handle.ready()


@each_handle
def test_a_successful_handle(new_pool: NewPool, submit: Submit) -> None:
    handle = submit(new_pool(1), square)
    expected = 49 if submit is SUBMITS["apply_async"] else [49]
    assert handle.get() == handle.get(0) == handle.get(timeout=None) == expected
    assert handle.ready()
    assert handle.successful()
    assert handle.wait() is handle.wait(timeout=0) is None
    assert handle._event.is_set()
    assert handle._event.wait(0)


@each_handle
def test_a_failed_handle(new_pool: NewPool, submit: Submit) -> None:
    handle = submit(new_pool(1), fail)
    handle.wait(LIMIT)
    assert handle.ready()
    assert not handle.successful()
    for _ in range(2):
        with pytest.raises(KeyError, match="failed"):
            handle.get()


@only_threadmill
def test_a_timeout_is_of_threadmills_class(new_pool: NewPool, hold: Hold) -> None:
    task = hold()
    handle = new_pool(1).apply_async(task)
    with pytest.raises(threadmill.TimeoutError):
        handle.get(0)


@pytest.mark.parametrize("timeout", ["1", [], object()])
def test_a_timeout_is_a_number(new_pool: NewPool, hold: Hold, timeout: Any) -> None:
    handle = new_pool(1).apply_async(hold())
    with pytest.raises(TypeError):
        handle.get(timeout)
    with pytest.raises(TypeError):
        handle.wait(timeout)


@pytest.mark.parametrize("timeout", [threading.TIMEOUT_MAX * 1.01, 1e300, float("inf")])
def test_a_timeout_may_be_too_long(new_pool: NewPool, hold: Hold, timeout: float) -> None:
    handle = new_pool(1).apply_async(hold())
    with pytest.raises(OverflowError):
        handle.get(timeout)


@pytest.mark.parametrize("timeout", [None, LIMIT, LIMIT + 0.5, 10**9, threading.TIMEOUT_MAX])
def test_a_long_wait_sleeps(new_pool: NewPool, hold: Hold, timeout: float | None) -> None:
    """It needs no CPU while it waits."""
    task = hold()
    handle = new_pool(1).apply_async(task, (7,))
    waking = threading.Timer(0.3, task.release)
    waking.start()
    before = time.thread_time()
    assert handle.get(timeout) == 7
    assert time.thread_time() - before < 0.15
    waking.join(LIMIT)


@pytest.mark.parametrize("in_main_thread", [True, False])
def test_a_timeout_is_not_cut_short(new_pool: NewPool, hold: Hold, in_main_thread: bool) -> None:
    handle = new_pool(1).apply_async(hold())
    elapsed = []

    def wait() -> None:
        start = time.monotonic()
        handle.wait(0.2)
        elapsed.append(time.monotonic() - start)

    if in_main_thread:
        wait()
    else:
        together(wait)
    assert elapsed[0] >= 0.2


# --- many who wait -------------------------------------------------------------------------------


@each_handle
def test_all_who_wait_get_the_result(new_pool: NewPool, hold: Hold, submit: Submit) -> None:
    task = hold()
    handle = submit(new_pool(1), task)
    waiting = threading.Barrier(9)
    results = []

    def wait() -> None:
        waiting.wait(LIMIT)
        results.append(handle.get(LIMIT))

    def release() -> None:
        waiting.wait(LIMIT)
        task.release()

    together(*[wait] * 8, release)
    assert results == [handle.get(0)] * 8


# Each of them waits for a task that interrupts and does not end.
WAITS: dict[str, Callable[[Any, Any], Any]] = {
    "apply": lambda pool, task: pool.apply(task),
    "get": lambda pool, task: pool.apply_async(task).get(LIMIT),
    "wait": lambda pool, task: pool.apply_async(task).wait(),
    "map": lambda pool, task: pool.map(task, [1]),
    "imap": lambda pool, task: next(pool.imap(task, [1])),
    "imap_unordered": lambda pool, task: pool.imap_unordered(task, [1]).next(LIMIT),
}


@only_threadmill
@pytest.mark.skipif(sys.platform == "win32", reason="sends a POSIX signal to a thread")
@pytest.mark.parametrize("wait", WAITS.values(), ids=WAITS)
def test_a_wait_can_be_interrupted(new_pool: NewPool, hold: Hold, wait: Callable[[Any, Any], Any]) -> None:
    """By Ctrl-C, though it may come just before the wait, which the standard library's then sleeps
    through; and the pool is as good as before."""
    pool, task = new_pool(2), hold()
    main = threading.get_ident()

    def interrupt(*_: object) -> None:
        signal.pthread_kill(main, signal.SIGINT)
        task()

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            wait(pool, interrupt)
    finally:
        signal.signal(signal.SIGINT, before)
    assert pool.apply(square, (3,)) == 9


# --- private parts -------------------------------------------------------------------------------


@each_handle
def test_private_parts_of_a_pending_handle(new_pool: NewPool, hold: Hold, submit: Submit) -> None:
    pool, task = new_pool(1), hold()
    handle, other = submit(pool, task), submit(pool, task)
    assert isinstance(handle._job, int)
    assert handle._job != other._job
    assert handle._callback is handle._error_callback is None
    assert hasattr(handle, "_pool")
    assert hasattr(handle, "_cache")
    assert not handle._event.wait(0)


@each_handle
def test_private_parts_of_a_ready_handle(new_pool: NewPool, submit: Submit) -> None:
    pool = new_pool(1)
    good, bad = submit(pool, square), submit(pool, fail)
    good.wait(LIMIT)
    bad.wait(LIMIT)
    assert good._success is True
    assert good._value == good.get()
    assert bad._success is False
    assert isinstance(bad._value, KeyError)
    eventually(lambda: good._pool is bad._pool is None)


def test_the_callbacks_of_a_pending_handle_can_be_read(new_pool: NewPool, hold: Hold) -> None:
    pool, task = new_pool(1), hold()
    handle = pool.apply_async(task, callback=repr, error_callback=str)
    assert (handle._callback, handle._error_callback) == (repr, str)


@pytest.mark.parametrize(("items", "chunksize"), [(10, None), (10, 1), (10, 2), (10, 5), (10, 10)])
def test_what_is_left_of_a_map(new_pool: NewPool, hold: Hold, items: int, chunksize: int | None) -> None:
    """Progress bars show `_number_left`, in chunks, or that times `_chunksize`, in items."""
    pool, blocker = new_pool(1), hold()
    pool.apply_async(blocker)
    handle = pool.map_async(square, range(items), chunksize)
    assert handle._number_left * handle._chunksize >= items
    if chunksize is not None:
        assert (handle._number_left, handle._chunksize) == (items // chunksize, chunksize)
    blocker.release()
    handle.wait(LIMIT)
    assert handle._number_left == 0
