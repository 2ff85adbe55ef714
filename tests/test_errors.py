"""Errors of tasks: the very exception, with its traceback, whatever it is; and the worker goes on."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any

import pytest
from helpers import LIMIT, NewPool, eventually, only_threadmill, square, together

Call = Callable[[Any, Any], Any]

# Each runs the task in the pool, with one argument, and gives its result.
CALLS: dict[str, Call] = {
    "apply": lambda pool, task: pool.apply(task, (0,)),
    "apply with keywords": lambda pool, task: pool.apply(task, (), {"item": 0}),
    "apply_async": lambda pool, task: pool.apply_async(task, (0,)).get(LIMIT),
    "map": lambda pool, task: pool.map(task, [0])[0],
    "map in chunks": lambda pool, task: pool.map(task, [0], 2)[0],
    "starmap": lambda pool, task: pool.starmap(task, [(0,)])[0],
    "imap": lambda pool, task: pool.imap(task, [0]).next(LIMIT),
    "imap in chunks": lambda pool, task: next(pool.imap(task, [0], 2)),
    "imap_unordered": lambda pool, task: pool.imap_unordered(task, [0]).next(LIMIT),
}
each_call = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)


class Odd(Exception):
    """An exception that cannot be made from its args, pickled or compared."""

    def __init__(self, first: object, *, second: object) -> None:
        super().__init__()
        self.both = first, second

    def __eq__(self, other: object) -> bool:
        raise NotImplementedError

    __hash__ = None  # type: ignore[assignment]


@each_call
def test_the_very_exception_is_raised(new_pool: NewPool, call: Call) -> None:
    error = Odd(1, second=lambda: 2)

    def task(item: int) -> None:
        raise error

    with pytest.raises(Odd) as caught:
        call(new_pool(1), task)
    assert caught.value is error
    assert error.__context__ is error.__cause__ is None


@each_call
def test_the_traceback_shows_where_it_was_raised(new_pool: NewPool, call: Call) -> None:
    def inner() -> None:
        raise KeyError("inner")

    def outer(item: int) -> None:
        inner()

    with pytest.raises(KeyError) as caught:
        call(new_pool(1), outer)
    frames = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert frames[0] == "test_the_traceback_shows_where_it_was_raised"
    assert frames[-2:] == ["outer", "inner"]


@each_call
def test_causes_and_notes_are_kept(new_pool: NewPool, call: Call) -> None:
    def task(item: int) -> None:
        try:
            1 // item
        except ZeroDivisionError as error:
            failure = KeyError("task")
            failure.add_note("a note")
            raise failure from error

    with pytest.raises(KeyError) as caught:
        call(new_pool(1), task)
    assert type(caught.value.__cause__) is ZeroDivisionError
    assert caught.value.__notes__ == ["a note"]


@each_call
def test_an_exception_may_be_a_result(new_pool: NewPool, call: Call) -> None:
    error = KeyError("returned")
    assert call(new_pool(1), lambda item: error) is error


@each_call
@pytest.mark.parametrize("func", [5, None, "abs"])
def test_what_cannot_be_called_fails_as_a_task(new_pool: NewPool, call: Call, func: Any) -> None:
    with pytest.raises(TypeError, match="not callable"):
        call(new_pool(1), func)


@each_call
def test_wrong_arguments_of_the_task_fail_as_a_task(new_pool: NewPool, call: Call) -> None:
    with pytest.raises(TypeError, match="argument"):
        call(new_pool(1), lambda: None)


@only_threadmill
@each_call
@pytest.mark.parametrize(
    "error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit(), BaseException("base")], ids=repr
)
def test_a_task_may_raise_anything(new_pool: NewPool, call: Call, error: BaseException) -> None:
    """It reaches whoever asks for the result; the worker survives. (The standard library hangs.)"""

    def task(item: int) -> None:
        raise error

    pool = new_pool(1)
    workers = {pool.apply(id, (pool,))}
    with pytest.raises(type(error)) as caught:
        call(pool, task)
    assert caught.value is error
    assert {pool.apply(id, (pool,))} == workers
    assert all(thread.is_alive() for thread in pool._pool)


@only_threadmill
def test_no_worker_is_lost_to_errors(new_pool: NewPool) -> None:
    pool = new_pool(2)

    def task(item: int) -> None:
        raise SystemExit(item)

    handles = [pool.apply_async(task, (i,)) for i in range(500)]
    for i, handle in enumerate(handles):
        with pytest.raises(SystemExit, match=f"^{i}$"):
            handle.get(LIMIT)
    assert [thread.is_alive() for thread in pool._pool].count(True) >= 1
    assert pool.map(square, range(100)) == [square(i) for i in range(100)]


def test_the_error_of_a_task_is_nowhere_else(
    new_pool: NewPool, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Neither printed nor logged: it belongs to the handle."""
    pool = new_pool(2)
    handles = [pool.apply_async(int, ("x",)), pool.map_async(int, ["x"])]
    for handle in handles:
        handle.wait(LIMIT)
    pool.close()
    pool.join()
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []


def test_many_threads_may_get_one_error(new_pool: NewPool) -> None:
    handle = new_pool(1).apply_async(int, ("x",))
    messages = []

    def get() -> None:
        for _ in range(50):
            with pytest.raises(ValueError, match="invalid literal") as caught:
                handle.get(LIMIT)
            messages.append(caught.value)

    together(*[get] * 8)
    assert len(messages) == 400
    assert len({id(message) for message in messages}) == 1


def test_a_task_may_raise_stop_iteration(new_pool: NewPool) -> None:
    def task(item: int) -> None:
        raise StopIteration("from the task")

    pool = new_pool(1)
    with pytest.raises(StopIteration, match="from the task"):
        pool.apply(task, (0,))
    values = pool.imap(task, [0, 0])
    for _ in range(2):
        with pytest.raises(StopIteration, match="from the task"):
            values.next(LIMIT)


@only_threadmill  # the standard library takes it for the end of the chunk, whose other items it drops
def test_a_maps_task_may_raise_stop_iteration(new_pool: NewPool) -> None:
    def task(item: int) -> None:
        raise StopIteration("from the task")

    with pytest.raises(StopIteration, match="from the task"):
        new_pool(1).map(task, [0])


def test_deep_recursion_in_a_task(new_pool: NewPool) -> None:
    def task(item: int) -> int:
        return task(item + 1)

    pool = new_pool(1)
    with pytest.raises(RecursionError):
        pool.apply(task, (0,))
    eventually(lambda: pool.apply(square, (3,)) == 9)
