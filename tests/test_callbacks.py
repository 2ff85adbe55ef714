"""Callbacks: when they run, one at a time and in which order, and what becomes of their errors."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from helpers import LIMIT, Hold, NewPool, only_threadmill, square


def fail(item: object) -> None:
    raise KeyError(item)


SUBMITS: dict[str, Callable[..., Any]] = {
    "apply_async": lambda pool, task, **callbacks: pool.apply_async(task, (3,), **callbacks),
    "map_async": lambda pool, task, **callbacks: pool.map_async(task, [3], **callbacks),
    "starmap_async": lambda pool, task, **callbacks: pool.starmap_async(task, [(3,)], **callbacks),
}
each_handle = pytest.mark.parametrize("submit", SUBMITS.values(), ids=SUBMITS)
Submit = Callable[..., Any]


def unexpected(value: object) -> None:
    raise AssertionError(value)


@each_handle
def test_the_callback_gets_the_result(new_pool: NewPool, submit: Submit) -> None:
    called: list[Any] = []
    handle = submit(new_pool(1), square, callback=called.append, error_callback=unexpected)
    result = handle.get(LIMIT)
    assert called == [result]
    assert called[0] is result


@each_handle
def test_the_error_callback_gets_the_error(new_pool: NewPool, submit: Submit) -> None:
    called: list[Any] = []
    handle = submit(new_pool(1), fail, callback=unexpected, error_callback=called.append)
    with pytest.raises(KeyError) as caught:
        handle.get(LIMIT)
    assert called == [caught.value]


@each_handle
@pytest.mark.parametrize("task", [square, fail])
def test_either_callback_may_be_left_out(new_pool: NewPool, submit: Submit, task: Any) -> None:
    pool = new_pool(1)
    for callbacks in [{"callback": unexpected}, {"error_callback": unexpected}]:
        if (task is square) != ("callback" in callbacks):
            handle = submit(pool, task, **callbacks)
            handle.wait(LIMIT)
            assert handle.successful() == (task is square)


@each_handle
@pytest.mark.parametrize(("task", "kind"), [(square, "callback"), (fail, "error_callback")])
def test_a_callback_runs_before_the_result_is_ready(
    new_pool: NewPool, hold: Hold, submit: Submit, task: Any, kind: str
) -> None:
    callback = hold()
    handle = submit(new_pool(2), task, **{kind: callback})
    callback.wait_until_begun()
    assert not handle.ready()
    handle.wait(0)
    assert not handle._event.is_set()
    callback.release()
    handle.wait(LIMIT)
    assert handle.ready()


def test_a_map_calls_back_once(new_pool: NewPool) -> None:
    called: list[Any] = []
    handle = new_pool(3).map_async(square, range(50), 3, callback=called.append)
    assert handle.get(LIMIT) == [square(i) for i in range(50)]
    assert called == [handle.get()]


def test_callbacks_of_a_pool_run_one_at_a_time(new_pool: NewPool) -> None:
    pool = new_pool(4)
    busy = threading.Lock()
    called: list[int] = []

    def callback(value: int) -> None:
        assert busy.acquire(blocking=False)  # otherwise the error becomes the result
        called.append(value)
        busy.release()

    handles = [pool.apply_async(square, (i,), callback=callback) for i in range(2000)]
    handles.append(pool.map_async(square, [2], callback=lambda values: callback(values[0])))
    assert [handle.get(LIMIT) for handle in handles] == [square(i) for i in range(2000)] + [[4]]
    assert sorted(called) == sorted([square(i) for i in range(2000)] + [4])


def test_callbacks_run_in_the_order_of_completion(new_pool: NewPool, hold: Hold) -> None:
    pool, task = new_pool(2), hold()
    called: list[str] = []
    slow = pool.apply_async(task, ("slow",), callback=called.append)
    task.wait_until_begun()
    fast = [pool.apply_async(str, (i,), callback=called.append) for i in range(5)]
    for handle in fast:
        handle.get(LIMIT)
    task.release()
    slow.get(LIMIT)
    assert called == ["0", "1", "2", "3", "4", "slow"]


def test_a_slow_callback_holds_up_the_callbacks_after_it(new_pool: NewPool, hold: Hold) -> None:
    """And the results that are to follow those."""
    pool, callback = new_pool(2), hold()
    called: list[int] = []
    first = pool.apply_async(square, (1,), callback=callback)
    callback.wait_until_begun()
    second = pool.apply_async(square, (2,), callback=called.append)
    second.wait(0.05)
    assert called == []
    assert not second.ready()
    callback.release()
    assert (second.get(LIMIT), first.get(0)) == (4, 1)
    assert called == [4]


@only_threadmill
def test_a_slow_callback_holds_up_nothing_else(new_pool: NewPool, hold: Hold) -> None:
    """The standard library's would hold up all results of the pool."""
    pool, callback = new_pool(2), hold()
    pool.apply_async(square, (1,), callback=callback)
    callback.wait_until_begun()
    waiting = [pool.apply_async(square, (2,), callback=print) for _ in range(3)]
    assert pool.apply_async(square, (3,)).get(LIMIT) == 9
    assert not any(handle.ready() for handle in waiting)


def test_a_callback_may_submit_more(new_pool: NewPool) -> None:
    pool = new_pool(1)
    last = threading.Event()

    def again(value: int) -> None:
        if value:
            pool.apply_async(int, (value - 1,), callback=again)
        else:
            last.set()

    pool.apply_async(int, (100,), callback=again)
    assert last.wait(LIMIT)


def test_a_callback_runs_though_the_handle_was_dropped(new_pool: NewPool, hold: Hold) -> None:
    pool, task = new_pool(1), hold()
    called = threading.Event()
    pool.apply_async(task, callback=lambda _: called.set())
    task.release()
    assert called.wait(LIMIT)


# --- errors of callbacks: as in CPython 3.16; before, the standard library hangs -------------------


class Boom(Exception):
    pass


@only_threadmill
@each_handle
@pytest.mark.parametrize("error", [Boom(), SystemExit(3), KeyboardInterrupt()], ids=repr)
def test_the_error_of_a_callback_becomes_the_result(
    new_pool: NewPool, submit: Submit, error: BaseException
) -> None:
    def callback(_: object) -> None:
        raise error

    pool = new_pool(1)
    handle = submit(pool, square, callback=callback, error_callback=unexpected)
    with pytest.raises(type(error)) as caught:
        handle.get(LIMIT)
    assert caught.value is error
    assert error.__context__ is None
    assert not handle.successful()
    assert pool.apply(square, (3,)) == 9


@only_threadmill
@each_handle
def test_the_error_of_an_error_callback_keeps_the_tasks(new_pool: NewPool, submit: Submit) -> None:
    def callback(_: BaseException) -> None:
        raise Boom

    handle = submit(new_pool(1), fail, error_callback=callback)
    with pytest.raises(Boom) as caught:
        handle.get(LIMIT)
    assert isinstance(caught.value.__context__, KeyError)


@only_threadmill
@each_handle
def test_an_error_callback_may_raise_what_it_gets(new_pool: NewPool, submit: Submit) -> None:
    def callback(error: BaseException) -> None:
        raise error

    handle = submit(new_pool(1), fail, error_callback=callback)
    with pytest.raises(KeyError) as caught:
        handle.get(LIMIT)
    assert caught.value.__context__ is None


@only_threadmill
@each_handle
def test_the_tasks_error_is_at_the_end_of_the_callbacks_own_chain(new_pool: NewPool, submit: Submit) -> None:
    def callback(_: BaseException) -> None:
        try:
            raise OSError("in between")
        except OSError:
            raise Boom  # noqa: B904

    handle = submit(new_pool(1), fail, error_callback=callback)
    with pytest.raises(Boom) as caught:
        handle.get(LIMIT)
    between = caught.value.__context__
    assert isinstance(between, OSError)
    assert isinstance(between.__context__, KeyError)


@only_threadmill
@each_handle
def test_an_error_callback_may_raise_from_what_it_gets(new_pool: NewPool, submit: Submit) -> None:
    def callback(error: BaseException) -> None:
        raise Boom from error

    handle = submit(new_pool(1), fail, error_callback=callback)
    with pytest.raises(Boom) as caught:
        handle.get(LIMIT)
    assert isinstance(caught.value.__cause__, KeyError)


@only_threadmill
def test_many_failing_callbacks(new_pool: NewPool) -> None:
    pool = new_pool(3)
    handles = [pool.apply_async(square, (i,), callback=fail) for i in range(500)]
    for handle in handles:
        with pytest.raises(KeyError):
            handle.get(LIMIT)
    assert pool.map(square, range(10)) == [square(i) for i in range(10)]


@only_threadmill
@pytest.mark.parametrize("callback_too", [False, True])
@pytest.mark.parametrize("size", [1, 3])
def test_a_callback_may_wait_for_another_handle(new_pool: NewPool, size: int, callback_too: bool) -> None:
    """Which nobody has begun, or whose own callback is due behind this one."""
    pool = new_pool(size)
    given = threading.Event()
    others: list[Any] = []
    seen: list[Any] = []

    def callback(_: object) -> None:
        assert given.wait(LIMIT)
        seen.append([other.get() for other in others])

    first = pool.apply_async(int, callback=callback)
    others.extend(
        pool.apply_async(square, (i,), callback=seen.append if callback_too else None) for i in range(20)
    )
    given.set()
    first.get(LIMIT)
    squares = [square(i) for i in range(20)]
    assert sorted(value for value in seen if not isinstance(value, list)) == (squares if callback_too else [])
    assert [value for value in seen if isinstance(value, list)] == [squares]


@only_threadmill
def test_callbacks_may_wait_for_tasks_that_wait_for_callbacks(new_pool: NewPool) -> None:
    pool = new_pool(2)
    given = threading.Event()
    inner: list[Any] = []

    def task() -> int:
        assert given.wait(LIMIT)
        return inner[0].get() + 1

    def callback(_: object) -> None:
        assert given.wait(LIMIT)
        waits.get()

    first = pool.apply_async(int, callback=callback)
    waits = pool.apply_async(task)
    inner.append(pool.apply_async(square, (3,), callback=square))
    given.set()
    first.get(LIMIT)
    assert waits.get(LIMIT) == 10
