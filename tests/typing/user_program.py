"""A user's program, as a type checker sees it; test_typing.py also runs it."""

import multiprocessing.pool
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar, assert_type

from threadmill import (
    ApplyResult,
    AsyncResult,
    IMapIterator,
    IMapUnorderedIterator,
    MapResult,
    PoolTerminated,
    ThreadPool,
    TimeoutError,
)

T = TypeVar("T")


def half(number: int) -> float:
    return number / 2


def repeat(text: str, times: int) -> str:
    return text * times


class NamedPool(ThreadPool):
    def __init__(self, name: str, processes: int | None = None) -> None:
        super().__init__(processes, initializer=print, initargs=("a worker of", name))
        self.name = name

    def submit(self, text: str) -> AsyncResult[int]:
        return self.apply_async(len, (text,))

    def apply_async(
        self,
        func: Callable[..., T],
        args: Iterable[Any] = (),
        kwds: Mapping[str, Any] = {},
        callback: Callable[[T], object] | None = None,
        error_callback: Callable[[BaseException], object] | None = None,
    ) -> AsyncResult[T]:
        return super().apply_async(func, args, kwds, callback, error_callback)


def collect(results: list[AsyncResult[T]]) -> list[T]:
    return [result.get() for result in results]


def written_for_the_standard_pool(pool: multiprocessing.pool.ThreadPool) -> list[float]:
    return pool.map(half, [1, 2])


def written_for_the_standard_handles(pool: ThreadPool) -> None:
    result: multiprocessing.pool.AsyncResult[int] = pool.apply_async(len, ("abc",))
    results: multiprocessing.pool.IMapIterator[float] = pool.imap(half, [1, 2])
    print(result.get(), results.next(1), *results)


def single_calls(pool: ThreadPool) -> None:
    assert_type(pool.apply(half, (3,)), float)
    assert_type(pool.apply(repeat, kwds={"text": "ab", "times": 2}), str)

    lengths: list[int] = []
    errors: list[BaseException] = []
    result = pool.apply_async(len, ["abc"], {}, lengths.append, error_callback=errors.append)
    assert_type(result, ApplyResult[int])
    assert_type(result, AsyncResult[int])
    assert_type(result.get(), int)
    assert_type(result.get(timeout=1.5), int)
    assert_type(result.wait(1), None)
    assert_type(result.ready(), bool)
    assert_type(result.successful(), bool)
    assert_type(collect([result, pool.apply_async(len, ("de",))]), list[int])

    def no_result() -> None: ...

    nothing: AsyncResult[None] = pool.apply_async(no_result)
    nothing.wait()


def maps(pool: ThreadPool) -> None:
    assert_type(pool.map(half, range(5)), list[float])
    assert_type(pool.map(lambda number: number + 1, {1, 2}, chunksize=2), list[int])
    assert_type(pool.starmap(repeat, [("a", 1), ("b", 2)]), list[str])

    halves: list[float] = []
    result = pool.map_async(half, [1, 2], callback=halves.extend, error_callback=print)
    assert_type(result, MapResult[float])
    assert_type(result.get(), list[float])
    as_base: AsyncResult[list[float]] = result
    as_base.wait()
    assert_type(pool.starmap_async(repeat, [("a", 1)], 1), MapResult[str])
    assert_type(pool.starmap_async(repeat, [("a", 1)]).get(1), list[str])


def iterators(pool: ThreadPool) -> None:
    results = pool.imap(half, iter([1, 2, 3]))
    # Quoted: like the standard library's, these cannot be subscripted at run time.
    assert_type(results, "IMapIterator[float]")
    assert isinstance(results, IMapIterator)
    assert_type(next(results), float)
    assert_type(results.next(timeout=1), float)
    assert_type(list(results), list[float])
    assert_type(pool.imap(half, [1], buffersize=8), "IMapIterator[float]")
    unordered = pool.imap_unordered(half, [1], 1)
    assert_type(unordered, "IMapUnorderedIterator[float]")
    assert isinstance(unordered, IMapUnorderedIterator)
    plain: Iterator[float] = pool.imap(half, [1])
    assert_type(list(plain), list[float])

    # With chunks it is a generator, which has no next(timeout).
    assert_type(pool.imap(half, [1, 2, 3], 2), Iterator[float])
    assert_type(pool.imap_unordered(half, [1, 2, 3], chunksize=2, buffersize=4), Iterator[float])


def life_cycle() -> None:
    with ThreadPool() as pool:
        assert_type(pool, ThreadPool)
        assert_type(written_for_the_standard_pool(pool), list[float])
    with NamedPool("mill", 2) as named:
        assert_type(named, NamedPool)
        assert_type(named.submit("abc").get(), int)
    pool = ThreadPool(2, print, ["hello"])
    try:
        pool.apply(half, (1,))
    except (TimeoutError, PoolTerminated, multiprocessing.TimeoutError) as error:
        print(error)
    pool.close()
    pool.terminate()
    pool.join()


def mistakes(pool: ThreadPool) -> None:
    """Not called. An unused `ignore` is an error, so each line tells that its mistake is found."""
    pool.map(half, ["a"])  # type: ignore[arg-type]
    pool.map(repeat, ["a"])  # type: ignore[arg-type]
    pool.starmap(repeat, [1])  # type: ignore[list-item]
    pool.apply_async(half, 1)  # type: ignore[arg-type]
    pool.apply_async(half, (1,), callback=repeat)  # type: ignore[arg-type]
    pool.imap(half, [1], 2).next(1)  # type: ignore[attr-defined]
    pool.imap(half, [1], buffersize="8")  # type: ignore[call-overload]
    wrong: AsyncResult[str] = pool.apply_async(half, (1,))  # type: ignore[arg-type]
    wrong.get(timeout="1")  # type: ignore[arg-type]
    ThreadPool("4")  # type: ignore[arg-type]


if __name__ == "__main__":
    with ThreadPool(2) as users_pool:
        single_calls(users_pool)
        written_for_the_standard_handles(users_pool)
        maps(users_pool)
        iterators(users_pool)
    life_cycle()
