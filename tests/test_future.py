"""Futures made by hand: what they tell, in each state. Callbacks are in test_future_callbacks.py, the
futures of executors in test_executor.py."""

from __future__ import annotations

import concurrent.futures
import logging
import pickle
import threading
import time
import types
import weakref
from collections.abc import Callable
from concurrent.futures import CancelledError, InvalidStateError
from typing import Any

import executor_helpers
import pytest
from executor_helpers import AnyFuture
from helpers import LIMIT, together

import threadmill

future_class = executor_helpers.future_class


def pending(future: AnyFuture) -> None:
    pass


def running(future: AnyFuture) -> None:
    assert future.set_running_or_notify_cancel() is True


def returned(future: AnyFuture) -> None:
    running(future)
    future.set_result(7)


def raised(future: AnyFuture) -> None:
    running(future)
    future.set_exception(KeyError("failed"))


def cancelled(future: AnyFuture) -> None:
    assert future.cancel() is True


def notified(future: AnyFuture) -> None:
    cancelled(future)
    assert future.set_running_or_notify_cancel() is False


Bring = Callable[[AnyFuture], None]

in_each_state = pytest.mark.parametrize("bring", [pending, running, returned, raised, cancelled, notified])
gone = pytest.mark.parametrize("bring", [cancelled, notified])
done = pytest.mark.parametrize("bring", [returned, raised, cancelled, notified])


# --- the class -----------------------------------------------------------------------------------


def test_it_is_a_future(future_class: Any) -> None:
    assert isinstance(future_class(), concurrent.futures.Future)
    assert future_class.__name__ == "Future"


def test_the_class_is_generic(future_class: Any) -> None:
    alias = future_class[int]
    assert isinstance(alias, types.GenericAlias)
    assert (alias.__origin__, alias.__args__) == (future_class, (int,))


def test_it_takes_attributes_and_weak_references(future_class: Any) -> None:
    future = future_class()
    future.note = "mine"
    assert future.note == "mine"
    assert weakref.ref(future)() is future
    assert len({future, future_class(), future_class()}) == 3


def test_it_cannot_be_pickled(future_class: Any) -> None:
    with pytest.raises(TypeError):
        pickle.dumps(future_class())


def test_a_subclass(future_class: Any) -> None:
    class Noisy(future_class):  # type: ignore[misc]
        def __init__(self, name: str) -> None:
            super().__init__()
            self.heard = [name]

        def cancel(self) -> bool:
            self.heard.append("cancel")
            return bool(super().cancel())

        def set_result(self, result: object) -> None:
            self.heard.append("set_result")
            super().set_result(result)

    first, second = Noisy("first"), Noisy("second")
    first.set_result(7)
    second.cancel()
    assert first.result(0) == 7
    assert (first.heard, second.heard) == (["first", "set_result"], ["second", "cancel"])
    assert repr(second).startswith("<Noisy at ")


# --- states --------------------------------------------------------------------------------------

STATES: dict[Bring, tuple[str, str, bool, bool, bool]] = {
    # the state, as the program sees it and as a person does; running, cancelled, done
    pending: ("PENDING", "pending", False, False, False),
    running: ("RUNNING", "running", True, False, False),
    returned: ("FINISHED", "finished returned int", False, False, True),
    raised: ("FINISHED", "finished raised KeyError", False, False, True),
    cancelled: ("CANCELLED", "cancelled", False, True, True),
    notified: ("CANCELLED_AND_NOTIFIED", "cancelled", False, True, True),
}


@in_each_state
def test_what_a_future_tells(future_class: Any, bring: Bring) -> None:
    future = future_class()
    bring(future)
    state, description, *flags = STATES[bring]
    assert [future.running(), future.cancelled(), future.done()] == flags
    assert future._state == state
    assert repr(future) == f"<Future at {id(future):#x} state={description}>"


@pytest.mark.parametrize("bring", [pending, running])
@pytest.mark.parametrize("timeout", [0, 0.0, -1, 0.01, float("-inf")])
def test_there_is_no_outcome_yet(future_class: Any, bring: Bring, timeout: float) -> None:
    future = future_class()
    bring(future)
    for ask in [future.result, future.exception]:
        with pytest.raises(TimeoutError) as caught:
            ask(timeout)
        assert type(caught.value) is concurrent.futures.TimeoutError


def test_a_result(future_class: Any) -> None:
    future, result = future_class(), [7]
    assert future.set_result(result) is None
    assert future.result() is future.result(0) is future.result(timeout=-1) is future._result is result
    assert future.exception() is future.exception(timeout=0) is future._exception is None


@pytest.mark.parametrize("error", [KeyError("failed"), SystemExit(3), KeyboardInterrupt(), StopIteration(1)])
def test_an_exception(future_class: Any, error: BaseException) -> None:
    future = future_class()
    assert future.set_exception(error) is None
    assert future.exception() is future.exception(0) is future._exception is error
    for _ in range(2):
        with pytest.raises(type(error)) as caught:
            future.result(0)
        assert caught.value is error
    assert future._result is None


def test_an_exception_may_be_false() -> None:
    """CPython before 3.14 takes it for none."""

    class EmptyGroup(Exception):
        def __len__(self) -> int:
            return 0

    future = threadmill.Future()
    future.set_exception(EmptyGroup())
    with pytest.raises(EmptyGroup):
        future.result(0)


def test_an_exception_may_be_the_result(future_class: Any) -> None:
    future, error = future_class(), KeyError("harmless")
    future.set_result(error)
    assert future.result(0) is error
    assert future.exception(0) is None


@gone
def test_a_cancelled_future_has_no_outcome(future_class: Any, bring: Bring) -> None:
    future = future_class()
    bring(future)
    for ask in [future.result, future.exception]:
        with pytest.raises(CancelledError) as caught:
            ask()
        assert type(caught.value) is concurrent.futures.CancelledError


@in_each_state
def test_cancelling(future_class: Any, bring: Bring) -> None:
    """Again and again makes no difference; what has begun cannot be cancelled."""
    future = future_class()
    bring(future)
    expected = bring in (pending, cancelled, notified)
    assert [future.cancel(), future.cancel(), future.cancelled()] == [expected] * 3
    if bring is not pending:
        assert future._state == STATES[bring][0]


@done
@pytest.mark.parametrize(("setter", "value"), [("set_result", 1), ("set_exception", OSError())])
def test_an_outcome_is_set_once(future_class: Any, bring: Bring, setter: str, value: Any) -> None:
    future = future_class()
    bring(future)
    before = future._state, future._result, future._exception
    with pytest.raises(InvalidStateError) as caught:
        getattr(future, setter)(value)
    assert str(caught.value) == f"{future._state}: {future!r}"
    assert (future._state, future._result, future._exception) == before


@pytest.mark.parametrize("bring", [running, returned, raised, notified])
def test_a_task_begins_once(future_class: Any, caplog: pytest.LogCaptureFixture, bring: Bring) -> None:
    future = future_class()
    bring(future)
    with pytest.raises(RuntimeError, match=r"^Future in unexpected state$"):
        future.set_running_or_notify_cancel()
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("concurrent.futures", logging.CRITICAL)
    assert record.getMessage() == f"Future {id(future)} in unexpected state: {STATES[bring][0]}"


def test_a_task_need_not_begin(future_class: Any) -> None:
    future = future_class()
    future.set_result(7)
    assert future.result(0) == 7


# --- waits ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("timeout", ["1", [], object()])
def test_a_timeout_is_a_number(future_class: Any, timeout: Any) -> None:
    for ask in [future_class().result, future_class().exception]:
        with pytest.raises(TypeError):
            ask(timeout)


@pytest.mark.parametrize("timeout", [threading.TIMEOUT_MAX * 1.01, 1e300, float("inf")])
def test_a_timeout_may_be_too_long(future_class: Any, timeout: float) -> None:
    with pytest.raises(OverflowError):
        future_class().result(timeout)


def test_a_timeout_is_not_cut_short(future_class: Any) -> None:
    for ask in [future_class().result, future_class().exception]:
        start = time.monotonic()
        with pytest.raises(TimeoutError):
            ask(0.1)
        assert time.monotonic() - start >= 0.1


@done
def test_all_who_wait_are_woken(future_class: Any, bring: Bring) -> None:
    """With and without a limit, for the result, the exception or the state."""
    future = future_class()
    start = threading.Barrier(5)

    def wait(ask: Callable[[], Any]) -> None:
        start.wait(LIMIT)
        try:
            assert ask() in [7, future._exception]
        except (KeyError, CancelledError):
            assert bring is not returned

    def look() -> int:
        with future._condition:
            assert future._condition.wait_for(future.done, LIMIT)
        return 7

    waits = [future.result, lambda: future.result(LIMIT), lambda: future.exception(timeout=LIMIT), look]
    together(*[lambda ask=ask: wait(ask) for ask in waits], lambda: (start.wait(LIMIT), bring(future)))


@pytest.mark.parametrize("timeout", [None, LIMIT, 10**9, threading.TIMEOUT_MAX])
def test_a_long_wait_sleeps(future_class: Any, timeout: float | None) -> None:
    """It needs no CPU while it waits."""
    future = future_class()
    finishing = threading.Timer(0.2, future.set_result, [7])
    finishing.start()
    before = time.thread_time()
    assert future.result(timeout) == 7
    assert time.thread_time() - before < 0.1
    finishing.join(LIMIT)
