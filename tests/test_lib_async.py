"""Event loops that hand work to an executor: asyncio, tornado and asgiref, on the standard library's
executor and on threadmill's."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import executor_helpers
import library_helpers
import pytest
from executor_helpers import NewExecutor
from helpers import LIMIT, Held, in_time, square
from library_helpers import library, thread_name

executor_class, new_executor = executor_helpers.executor_class, library_helpers.new_executor
held = library_helpers.held

name: contextvars.ContextVar[str] = contextvars.ContextVar("name", default="nobody")


def run(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Runs it in an event loop of its own; fails if it, or the end of the loop, hangs."""
    in_time(lambda: asyncio.run(main()))


def fail(error: BaseException) -> None:
    raise error


# --- asyncio -------------------------------------------------------------------------------------


def test_asyncio_awaits_results_and_errors(new_executor: NewExecutor) -> None:
    executor = new_executor(2, "mill")

    async def main() -> None:
        loop = asyncio.get_running_loop()
        assert await loop.run_in_executor(executor, square, 3) == 9
        assert (await loop.run_in_executor(executor, thread_name)).startswith("mill")
        error = KeyError("no such item")
        with pytest.raises(KeyError) as raised:
            await loop.run_in_executor(executor, fail, error)
        assert raised.value is error
        assert raised.traceback[-1].name == "fail"

    run(main)


def test_asyncio_gathers_many_in_order(new_executor: NewExecutor) -> None:
    executor = new_executor(4)

    async def main() -> None:
        loop = asyncio.get_running_loop()
        calls = [loop.run_in_executor(executor, square, i) for i in range(1000)]
        assert await asyncio.gather(*calls) == [square(i) for i in range(1000)]
        outcomes = [loop.run_in_executor(executor, divmod, 6, i) for i in (0, 1, 2)]
        error, *results = await asyncio.gather(*outcomes, return_exceptions=True)
        assert isinstance(error, ZeroDivisionError)
        assert results == [(6, 0), (3, 0)]

    run(main)


def test_asyncio_takes_it_as_its_default_executor(new_executor: NewExecutor) -> None:
    executor = new_executor(2, "mill")

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(executor)  # asks isinstance
        assert (await loop.run_in_executor(None, thread_name)).startswith("mill")
        name.set("caller")
        assert await asyncio.to_thread(name.get) == "caller"

        await loop.shutdown_default_executor()
        with pytest.raises(RuntimeError, match=r"^cannot schedule new futures after shutdown$"):
            executor.submit(square, 2)
        with pytest.raises(RuntimeError, match="Executor shutdown has been called"):
            loop.run_in_executor(None, square, 2)

    run(main)


def test_asyncio_waits_for_its_default_executor_in_the_end(
    new_executor: NewExecutor, held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    executor = new_executor(1)
    futures = []
    shutdown = executor.shutdown

    def release_and_shut_down(*args: Any, **kwargs: Any) -> None:
        held.release()  # not before the loop is at its end
        shutdown(*args, **kwargs)

    async def main() -> None:
        asyncio.get_running_loop().set_default_executor(executor)
        futures.extend([executor.submit(held, 1), executor.submit(square, 2)])

    monkeypatch.setattr(executor, "shutdown", release_and_shut_down)
    run(main)
    assert all(future.done() for future in futures)
    assert [future.result(LIMIT) for future in futures] == [1, 4]


def test_asyncio_cancels_what_has_not_begun(new_executor: NewExecutor, held: Held) -> None:
    executor = new_executor(1)
    ran: list[str] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        first = loop.run_in_executor(executor, held, "first")
        by_call = loop.run_in_executor(executor, ran.append, "by a call")
        source = executor.submit(ran.append, "by its source")
        by_source = asyncio.wrap_future(source)
        target = executor.submit(ran.append, "by its target")
        by_target = asyncio.wrap_future(target)
        by_timeout = loop.run_in_executor(executor, ran.append, "by a time limit")
        last = loop.run_in_executor(executor, ran.append, "last")

        assert by_call.cancel()
        assert source.cancel()
        assert by_target.cancel()
        await asyncio.sleep(0)  # asyncio hands cancellations on in the next round of the loop
        for cancelled in (by_call, by_source, by_target):
            with pytest.raises(asyncio.CancelledError):
                await cancelled
        assert target.cancelled()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(by_timeout, 0)

        held.release()
        assert await first == "first"
        await last
        assert ran == ["last"]

    run(main)


def test_asyncio_gives_up_on_what_has_begun(new_executor: NewExecutor, held: Held) -> None:
    """The task goes on, and its own future gets its result."""
    executor = new_executor(1)
    future = executor.submit(held, 5)
    held.wait_until_begun()

    async def main() -> None:
        wrapped = asyncio.wrap_future(future)
        assert wrapped.cancel()
        with pytest.raises(asyncio.CancelledError):
            await wrapped
        assert future.running()
        held.release()
        assert await asyncio.wrap_future(future) == 5
        assert wrapped.cancelled()

    run(main)


def test_asyncio_wraps_futures_in_every_state(new_executor: NewExecutor, held: Held) -> None:
    executor = new_executor(1)
    finished = executor.submit(square, 2)
    concurrent.futures.wait([finished], LIMIT)
    failed = executor.submit(fail, OSError("gone"))
    assert isinstance(failed.exception(LIMIT), OSError)
    running = executor.submit(held, 7)
    held.wait_until_begun()
    pending = executor.submit(square, 3)
    cancelled = executor.submit(square, 4)
    assert cancelled.cancel()

    async def main() -> None:
        futures: list[concurrent.futures.Future[Any]] = [finished, failed, running, pending, cancelled]
        wrapped = [asyncio.wrap_future(future) for future in futures]
        held.release()
        results = await asyncio.gather(*wrapped, return_exceptions=True)
        assert [results[i] for i in (0, 2, 3)] == [4, 7, 9]
        assert results[1] is failed.exception()
        assert isinstance(results[4], asyncio.CancelledError)

    run(main)


# --- tornado -------------------------------------------------------------------------------------


def test_tornado_runs_methods_and_calls_on_it(new_executor: NewExecutor) -> None:
    library("tornado")
    from tornado.concurrent import run_on_executor
    from tornado.ioloop import IOLoop

    class Service:
        executor = new_executor(2, "mill")
        other = new_executor(1, "other")

        @run_on_executor
        def square(self, x: int, *, plus: int) -> tuple[int, str]:
            return x * x + plus, thread_name()

        @run_on_executor(executor="other")
        def fail(self, error: Exception) -> None:
            assert thread_name().startswith("other")
            raise error

    async def main() -> None:
        service = Service()
        result, thread = await service.square(3, plus=1)
        assert result == 10
        assert thread.startswith("mill")
        error = ValueError("bad")
        with pytest.raises(ValueError, match=r"^bad$") as raised:
            await service.fail(error)
        assert raised.value is error

        loop = IOLoop.current()
        calls = [loop.run_in_executor(service.executor, square, i) for i in range(50)]
        assert [await call for call in calls] == [square(i) for i in range(50)]
        with pytest.raises(ZeroDivisionError):
            await loop.run_in_executor(service.executor, divmod, 1, 0)
        loop.set_default_executor(service.executor)
        assert (await loop.run_in_executor(None, thread_name)).startswith("mill")

    run(main)


# --- asgiref -------------------------------------------------------------------------------------


def test_asgirefs_sync_to_async_runs_on_it(new_executor: NewExecutor) -> None:
    sync = library("asgiref.sync")
    executor = new_executor(1, "mill")
    on_executor = partial(sync.sync_to_async, thread_sensitive=False, executor=executor)

    def greet(greeting: str, *, mark: str) -> tuple[str, str]:
        before = name.get()
        name.set("task")
        return f"{greeting} {before}{mark}", thread_name()

    async def call_back() -> str:
        return f"{name.get()} in {thread_name()}"

    async def main() -> None:
        name.set("caller")
        greeting, thread = await on_executor(greet)("hello", mark="!")
        assert greeting == "hello caller!"
        assert thread.startswith("mill")
        assert name.get() == "task"  # asgiref brings back what the call has set

        name.set("loop")
        back = await on_executor(lambda: sync.async_to_sync(call_back)())()
        assert back == f"loop in {thread_name()}"
        with pytest.raises(ZeroDivisionError):
            await on_executor(divmod)(1, 0)

    run(main)


def test_asgiref_keeps_contexts_apart(new_executor: NewExecutor) -> None:
    """Calls of several asyncio tasks, interleaved on one worker, each see their own task's values."""
    sync = library("asgiref.sync")
    get = sync.sync_to_async(name.get, thread_sensitive=False, executor=new_executor(1))

    async def call(value: str) -> list[str]:
        name.set(value)
        return [await get() for _ in range(20)]

    async def main() -> None:
        seen = await asyncio.gather(*(call(value) for value in "abc"))
        assert seen == [[value] * 20 for value in "abc"]

    run(main)
