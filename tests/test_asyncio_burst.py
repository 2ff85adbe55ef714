"""Futures that end in a burst wake their event loop once, whatever else asyncio does with them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future as StdlibFuture
from typing import Any

import pytest
from helpers import LIMIT

from threadmill import Future, ThreadPoolExecutor
from threadmill._asyncio import _code_of_callback


def test_asyncios_callback_is_known() -> None:
    """If this fails on a new Python, each future wakes the loop again: see _asyncio.py."""
    assert _code_of_callback() is not None


class CountingLoop(asyncio.SelectorEventLoop):
    """Counts what wakes it from other threads."""

    wakes = 0

    def call_soon_threadsafe(self, *args: Any, **kwargs: Any) -> Any:
        self.wakes += 1
        return super().call_soon_threadsafe(*args, **kwargs)


def run(main: Callable[[], Any]) -> tuple[Any, int]:
    """What the coroutine gives, and how often its loop was woken meanwhile."""
    loop = CountingLoop()
    try:
        result = loop.run_until_complete(asyncio.wait_for(main(), LIMIT))
        return result, loop.wakes
    finally:
        loop.close()


@pytest.mark.parametrize("end", ["result", "exception", "cancel"])
def test_a_burst_wakes_the_loop_once(end: str) -> None:
    """The loop's thread is kept from running until all futures have ended."""

    def end_all(futures: list[Future[int]]) -> None:
        for i, future in enumerate(futures):
            if end == "cancel":
                assert future.cancel()
            elif end == "exception":
                future.set_exception(KeyError(i))
            else:
                future.set_result(i)

    async def main() -> list[Any]:
        futures: list[Future[int]] = [Future() for _ in range(100)]
        wrapped = [asyncio.wrap_future(future) for future in futures]
        thread = threading.Thread(target=end_all, args=(futures,))
        thread.start()
        thread.join(LIMIT)
        return await asyncio.gather(*wrapped, return_exceptions=True)

    results, wakes = run(main)
    if end == "result":
        assert results == list(range(100))
    else:
        kind = KeyError if end == "exception" else asyncio.CancelledError
        assert {type(result) for result in results} == {kind}
    assert wakes == 1


def test_a_burst_of_an_executor() -> None:
    """While the loop's thread waits for the workers, nothing but the first of them wakes it."""
    with ThreadPoolExecutor(2) as executor:

        async def main() -> list[int]:
            loop = asyncio.get_running_loop()
            wrapped = [loop.run_in_executor(executor, abs, -i) for i in range(200)]
            executor.submit(int).result(LIMIT)
            done = threading.Barrier(3)
            for _ in range(2):  # both workers are past the burst
                executor.submit(done.wait, LIMIT)
            done.wait(LIMIT)
            return await asyncio.gather(*wrapped)

        results, wakes = run(main)
    assert results == list(range(200))
    assert wakes == 1


def test_a_loop_that_is_closed() -> None:
    """A future that ends later than its loop harms nobody."""
    future: Future[int] = Future()

    async def main() -> None:
        asyncio.wrap_future(future)

    run(main)
    seen: list[object] = []
    future.add_done_callback(seen.append)
    try:
        future.set_result(1)
    except RuntimeError:
        pytest.fail("the closed loop's error reached the worker")
    assert seen == [future]


def test_cancelling_reaches_the_future() -> None:
    future: Future[int] = Future()

    async def main() -> None:
        wrapped = asyncio.wrap_future(future)
        wrapped.cancel()
        with pytest.raises(asyncio.CancelledError):
            await wrapped
        await asyncio.sleep(0)

    run(main)
    assert future.cancelled()


def test_other_callbacks_are_called_in_order() -> None:
    """asyncio's is only one of them."""
    order: list[str] = []

    async def main(future: StdlibFuture[int]) -> int:
        future.add_done_callback(lambda _: order.append("before"))
        wrapped = asyncio.wrap_future(future)
        future.add_done_callback(lambda _: order.append("after"))
        thread = threading.Thread(target=future.set_result, args=(7,))
        thread.start()
        thread.join(LIMIT)
        return await wrapped

    assert run(lambda: main(Future()))[0] == 7
    assert order == ["before", "after"]
