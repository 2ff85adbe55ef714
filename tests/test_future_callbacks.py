"""Who is told that a future is done: callbacks, `wait`, `as_completed`, asyncio."""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, as_completed, wait
from typing import Any

import executor_helpers
import pytest
from executor_helpers import AnyFuture
from helpers import LIMIT, in_time, together

import threadmill

future_class = executor_helpers.future_class

FINISHES: dict[str, Callable[[AnyFuture], object]] = {
    "set_result": lambda future: future.set_result(7),
    "set_exception": lambda future: future.set_exception(KeyError("failed")),
    "cancel": lambda future: future.cancel(),
}

each_finish = pytest.mark.parametrize("finish", FINISHES.values(), ids=FINISHES)
Finish = Callable[[AnyFuture], object]


def outcome(future: AnyFuture) -> Any:
    """What a done future has, without a wait."""
    try:
        return future.result(0)
    except (KeyError, CancelledError) as error:
        return type(error)


OUTCOMES = {
    FINISHES["set_result"]: 7,
    FINISHES["set_exception"]: KeyError,
    FINISHES["cancel"]: CancelledError,
}


# --- callbacks -----------------------------------------------------------------------------------


@each_finish
def test_callbacks_run_in_order_when_the_outcome_is_there(future_class: Any, finish: Finish) -> None:
    """In the thread that brings it, before the call that does so returns."""
    future = future_class()
    heard: list[Any] = []

    def hear(name: str) -> Callable[[AnyFuture], None]:
        return lambda it: heard.append((name, it is future, outcome(it), threading.get_ident()))

    for name in "abc":
        assert future.add_done_callback(hear(name)) is None
    assert heard == []
    finish(future)
    assert heard == [(name, True, OUTCOMES[finish], threading.get_ident()) for name in "abc"]


@each_finish
def test_a_callback_runs_at_once_if_the_future_is_done(future_class: Any, finish: Finish) -> None:
    future = future_class()
    finish(future)
    heard: list[AnyFuture] = []
    future.add_done_callback(heard.append)
    future.add_done_callback(fn=heard.append)
    assert heard == [future, future]


def test_callbacks_run_once_for_each_time_they_were_added(future_class: Any) -> None:
    future, heard = future_class(), list[AnyFuture]()
    future.add_done_callback(heard.append)
    future.add_done_callback(heard.append)
    future.cancel()
    future.cancel()
    future.set_running_or_notify_cancel()
    assert heard == [future, future]


def test_a_callback_may_add_a_callback(future_class: Any) -> None:
    """It runs at once, before those that wait for their turn."""
    future, heard = future_class(), list[str]()

    def first(_: AnyFuture) -> None:
        future.add_done_callback(lambda _: heard.append("added"))
        heard.append("first")

    future.add_done_callback(first)
    future.add_done_callback(lambda _: heard.append("second"))
    future.set_result(7)
    assert heard == ["added", "first", "second"]


def test_a_callback_may_do_anything_with_its_future(future_class: Any) -> None:
    future, heard = future_class(), list[Any]()

    def look(it: AnyFuture) -> None:
        heard.extend([it.done(), it.cancel(), it.exception(), it.result(LIMIT), repr(it)])
        heard.extend([wait([it]).done == {it}, list(as_completed([it])) == [it], it._condition.acquire()])
        it._condition.release()

    future.add_done_callback(look)
    in_time(lambda: future.set_result(7))
    assert heard == [True, False, None, 7, repr(future), True, True, True]


@pytest.mark.parametrize("early", [True, False])
def test_errors_of_callbacks_are_logged(
    future_class: Any, caplog: pytest.LogCaptureFixture, early: bool
) -> None:
    """And no other callback suffers."""
    future, heard = future_class(), list[AnyFuture]()
    error = OSError("broken")

    def fail(_: AnyFuture) -> None:
        raise error

    if not early:
        future.set_result(7)
    future.add_done_callback(fail)
    future.add_done_callback(heard.append)
    if early:
        future.set_result(7)
    assert heard == [future]
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("concurrent.futures", logging.ERROR)
    assert record.getMessage() == f"exception calling callback for {future!r}"
    assert record.exc_info is not None
    assert record.exc_info[1] is error
    assert future.result(0) == 7


def test_an_exit_in_a_callback_is_its_cancellers(future_class: Any, caplog: pytest.LogCaptureFixture) -> None:
    """And no other callback suffers, where the standard library calls no more."""
    future, heard = future_class(), list[AnyFuture]()

    def leave(code: int) -> Callable[[AnyFuture], None]:
        def leave(_: AnyFuture) -> None:
            raise SystemExit(code)

        return leave

    for callback in leave(3), heard.append, leave(4), heard.append:
        future.add_done_callback(callback)
    with pytest.raises(SystemExit, match=r"^3$"):
        future.cancel()
    assert future.cancelled()
    assert heard == ([future] * 2 if future_class is threadmill.Future else [])
    assert caplog.records == []


def test_an_exit_in_a_late_callback_is_its_callers(future_class: Any) -> None:
    future = future_class()
    future.set_result(7)

    def leave(_: AnyFuture) -> None:
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        future.add_done_callback(leave)


def test_something_that_cannot_be_called(future_class: Any, caplog: pytest.LogCaptureFixture) -> None:
    future = future_class()
    future.add_done_callback(None)
    future.set_result(7)
    assert len(caplog.records) == 1
    assert "exception calling callback" in caplog.text


def test_callbacks_can_be_read_and_removed(future_class: Any) -> None:
    future, heard = future_class(), list[Any]()
    assert future._done_callbacks == []
    future.add_done_callback(heard.append)
    future.add_done_callback(print)
    assert future._done_callbacks == [heard.append, print]
    future._done_callbacks.remove(heard.append)
    future._done_callbacks[:] = [lambda it: heard.append("mine")]
    future.set_result(7)
    assert heard == ["mine"]


# --- wait and as_completed -----------------------------------------------------------------------


@each_finish
def test_waiters_are_told(future_class: Any, finish: Finish) -> None:
    """Whatever is in `_waiters` hears of the outcome; of a cancelled future when that is notified."""
    future, heard = future_class(), list[Any]()

    class Waiter:
        def __getattr__(self, name: str) -> Any:
            return lambda *args: heard.append((name, *args))

    gone = Waiter()
    with future._condition:
        assert future._waiters == []
        future._waiters.append(gone)
        future._waiters.append(Waiter())
        future._waiters.remove(gone)
    finish(future)
    if finish is FINISHES["cancel"]:
        assert heard == []
        future.set_running_or_notify_cancel()
    names = {7: "add_result", KeyError: "add_exception", CancelledError: "add_cancelled"}
    assert heard == [(names[OUTCOMES[finish]], future)]


def finish_all(futures: list[AnyFuture]) -> None:
    first, second, third = futures
    first.set_result(7)
    second.set_exception(KeyError("failed"))
    third.cancel()
    third.set_running_or_notify_cancel()


@pytest.mark.parametrize("early", [True, False])
def test_waiting_for_all(future_class: Any, early: bool) -> None:
    """Futures of either class, though some come more than once."""
    futures = [future_class(), concurrent.futures.Future(), future_class()]
    if early:
        finish_all(futures)
    results: list[Any] = []
    waits = [
        lambda: results.append(wait([*futures, *futures], LIMIT)),
        lambda: results.append((set(as_completed([*futures, *futures], LIMIT)), set())),
    ]
    together(*waits, *[] if early else [lambda: finish_all(futures)])
    assert results == [(set(futures), set())] * 2
    assert [future._waiters for future in futures] == [[]] * 3


def test_as_completed_gives_them_as_they_complete(future_class: Any) -> None:
    futures = [future_class() for _ in range(4)]
    futures[3].set_result("done before")
    it = as_completed(futures, LIMIT)
    given = [next(it)]
    for i in [1, 2, 0]:
        futures[i].set_result(i)
        given.append(next(it))
    assert [future.result(0) for future in given] == ["done before", 1, 2, 0]
    with pytest.raises(StopIteration):
        next(it)


def test_who_gives_up_waiting_is_forgotten(future_class: Any) -> None:
    futures = [future_class(), future_class()]
    futures[0].set_result(7)
    it = as_completed(futures, timeout=0)
    assert next(it) is futures[0]
    with pytest.raises(TimeoutError, match=r"^1 \(of 2\) futures unfinished$"):
        next(it)
    assert wait(futures, timeout=0) == ({futures[0]}, {futures[1]})
    abandoned = as_completed(futures)
    next(abandoned)
    abandoned.close()
    assert [future._waiters for future in futures] == [[], []]


@pytest.mark.parametrize(
    ("until", "finishing"),
    [("FIRST_COMPLETED", "set_result"), ("FIRST_COMPLETED", "cancel"), ("FIRST_EXCEPTION", "set_exception")],
)
def test_waiting_for_the_first(future_class: Any, until: str, finishing: str) -> None:
    first, other = future_class(), future_class()

    def finish() -> None:
        FINISHES[finishing](first)
        if finishing == "cancel":
            first.set_running_or_notify_cancel()

    def look() -> None:
        assert wait([other, first], LIMIT, return_when=until) == ({first}, {other})

    together(finish, look)
    look()
    other.cancel()
    assert wait([other], 0).not_done == {other}  # nobody has taken note


# --- asyncio -------------------------------------------------------------------------------------


@each_finish
def test_asyncio_awaits_it(future_class: Any, finish: Finish) -> None:
    future = future_class()

    async def main() -> Any:
        try:
            async with asyncio.timeout(LIMIT):
                return await asyncio.wrap_future(future)
        except (KeyError, asyncio.CancelledError) as error:
            return type(error)

    results: list[Any] = []
    together(lambda: results.append(asyncio.run(main())), lambda: finish(future))
    cancelled = finish is FINISHES["cancel"]
    assert results == [asyncio.CancelledError if cancelled else OUTCOMES[finish]]


def test_asyncio_cancels_it(future_class: Any) -> None:
    future = future_class()

    async def main() -> None:
        asyncio.wrap_future(future).cancel()
        await asyncio.sleep(0)  # one turn of the loop

    asyncio.run(main())
    assert future.cancelled()
