"""Wrong arguments raise a clear error at the call, and the pool is as good as before."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from helpers import LIMIT, NewPool, only_threadmill, square

MAPS = ["map", "map_async", "starmap", "starmap_async"]
IMAPS = ["imap", "imap_unordered"]


@pytest.fixture
def pool(new_pool: NewPool) -> Iterator[Any]:
    pool = new_pool(2)
    yield pool
    assert pool.apply_async(square, (3,)).get(LIMIT) == 9


# --- the input -----------------------------------------------------------------------------------


@pytest.mark.parametrize("method", MAPS)
@pytest.mark.parametrize("iterable", [5, None, object()], ids=["int", "None", "object"])
def test_a_map_of_what_is_not_iterable(pool: Any, method: str, iterable: Any) -> None:
    with pytest.raises(TypeError, match="not iterable"):
        getattr(pool, method)(square, iterable)


@only_threadmill
@pytest.mark.parametrize("method", IMAPS)
@pytest.mark.parametrize("chunksize", [1, 2])
@pytest.mark.parametrize("iterable", [5, None, object()], ids=["int", "None", "object"])
def test_an_imap_of_what_is_not_iterable(pool: Any, method: str, chunksize: int, iterable: Any) -> None:
    """The standard library's ends the thread that reads the input, and hangs."""
    with pytest.raises(TypeError, match="not iterable"):
        getattr(pool, method)(square, iterable, chunksize)


class Refusing:
    def __iter__(self) -> Iterator[int]:
        raise KeyError("no iterator")


@only_threadmill
@pytest.mark.parametrize("method", MAPS + IMAPS)
def test_an_input_that_gives_no_iterator(pool: Any, method: str) -> None:
    with pytest.raises(KeyError, match="no iterator"):
        getattr(pool, method)(square, Refusing())


@only_threadmill
@pytest.mark.parametrize("method", MAPS)
def test_an_input_may_raise_anything(pool: Any, method: str) -> None:
    def items() -> Iterator[int]:
        yield 1
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        getattr(pool, method)(square, items())


# --- chunksize -----------------------------------------------------------------------------------


@pytest.mark.parametrize("method", IMAPS)
@pytest.mark.parametrize("chunksize", [0, -1])
def test_the_chunks_of_an_imap_are_not_empty(pool: Any, method: str, chunksize: int) -> None:
    with pytest.raises(ValueError, match=rf"^Chunksize must be 1\+, not {chunksize}$"):
        getattr(pool, method)(square, [1], chunksize)


@only_threadmill
@pytest.mark.parametrize("method", MAPS)
@pytest.mark.parametrize("chunksize", [0, -1, -sys.maxsize])
def test_the_chunks_of_a_map_are_not_empty(pool: Any, method: str, chunksize: int) -> None:
    """The standard library gives a list of None."""
    with pytest.raises(ValueError, match=rf"^Chunksize must be 1\+, not {chunksize}$"):
        getattr(pool, method)(square, [1], chunksize)


@only_threadmill
@pytest.mark.parametrize("method", MAPS + IMAPS)
@pytest.mark.parametrize("chunksize", [1.0, 1.5, "1", []])
def test_the_chunksize_is_a_whole_number(pool: Any, method: str, chunksize: Any) -> None:
    """Of the standard library's methods, some accept a float, some hang."""
    with pytest.raises(TypeError):
        getattr(pool, method)(square, [1], chunksize)


@only_threadmill
@pytest.mark.parametrize("method", ["imap", "imap_unordered"])
def test_an_imap_needs_a_chunksize(pool: Any, method: str) -> None:
    with pytest.raises(TypeError):
        getattr(pool, method)(square, [1], None)


# --- callbacks -----------------------------------------------------------------------------------


@only_threadmill
@pytest.mark.parametrize("method", ["apply_async", "map_async", "starmap_async"])
@pytest.mark.parametrize("kind", ["callback", "error_callback"])
def test_callbacks_are_callable(pool: Any, method: str, kind: str) -> None:
    """The standard library finds out in the thread that hands out results, and hangs."""
    with pytest.raises(TypeError, match=rf"^{kind} must be a callable or None$"):
        getattr(pool, method)(square, [], **{kind: 5})


# --- arguments of the task -------------------------------------------------------------------------


@pytest.mark.parametrize("args", [5, None])
def test_the_arguments_are_iterable(pool: Any, args: Any) -> None:
    with pytest.raises(TypeError):
        pool.apply(square, args)


@pytest.mark.parametrize("kwds", [5, [("x", 3)], {5: 3}, "x"], ids=repr)
def test_the_keywords_are_a_mapping_of_names(pool: Any, kwds: Any) -> None:
    with pytest.raises(TypeError):
        pool.apply(square, (), kwds)


class Mapping:
    """Not a dict, but enough for `**`."""

    def keys(self) -> list[str]:
        return ["x"]

    def __getitem__(self, key: str) -> int:
        return 3


@pytest.mark.parametrize("make", [list, iter, set, tuple])
def test_any_iterable_is_good_for_the_arguments(pool: Any, make: Any) -> None:
    assert pool.apply(square, make([3])) == 9


@pytest.mark.parametrize("kwds", [{"x": 3}, Mapping()], ids=["dict", "mapping"])
def test_any_mapping_is_good_for_the_keywords(pool: Any, kwds: Any) -> None:
    assert pool.apply(square, (), kwds) == 9
    assert pool.apply(square, [], kwds) == 9


def test_an_argument_given_twice(pool: Any) -> None:
    with pytest.raises(TypeError, match="multiple values"):
        pool.apply(square, (3,), {"x": 3})


def test_an_error_in_reading_the_arguments_is_the_tasks(pool: Any) -> None:
    def args() -> Iterator[int]:
        yield 1
        raise KeyError("args")

    with pytest.raises(KeyError, match="args"):
        pool.apply_async(square, args()).get(LIMIT)


# --- the calls themselves --------------------------------------------------------------------------

WRONG_CALLS: dict[str, Callable[[Any], Any]] = {
    "apply()": lambda pool: pool.apply(),
    "apply_async()": lambda pool: pool.apply_async(),
    "apply_async(spelling)": lambda pool: pool.apply_async(square, argz=(3,)),
    "apply_async(too many)": lambda pool: pool.apply_async(square, (3,), {}, None, None, None),
    "map(square)": lambda pool: pool.map(square),
    "map(callback)": lambda pool: pool.map(square, [1], callback=print),
    "map_async(square)": lambda pool: pool.map_async(square),
    "starmap(square)": lambda pool: pool.starmap(square),
    "imap(square)": lambda pool: pool.imap(square),
    "imap(callback)": lambda pool: pool.imap(square, [1], callback=print),
    "imap_unordered(square)": lambda pool: pool.imap_unordered(square),
}


@pytest.mark.parametrize("call", WRONG_CALLS.values(), ids=WRONG_CALLS)
def test_a_wrong_call(pool: Any, call: Callable[[Any], Any]) -> None:
    with pytest.raises(TypeError, match="argument"):
        call(pool)
