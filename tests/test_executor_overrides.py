"""Programs that change a ThreadPoolExecutor: `map` submits as they do, and what cannot work says so."""

from __future__ import annotations

import concurrent.futures
import queue
from typing import Any

import executor_helpers
import pytest
from executor_helpers import NewExecutor, only_threadmill
from helpers import LIMIT, square

import threadmill

executor_class, new_executor = executor_helpers.executor_class, executor_helpers.new_executor


@pytest.mark.parametrize("where", ["subclass", "instance", "class"])
def test_map_submits_as_all_do(executor_class: Any, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    """Programs and tracers wrap `submit`, and rely on that."""
    seen = []
    inner = executor_class.submit

    def submit(self: Any, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        seen.append((fn, args, kwargs))
        return inner(self, lambda: -fn(*args, **kwargs))

    if where == "class":
        monkeypatch.setattr(executor_class, "submit", submit)
    elif where == "subclass":
        executor_class = type("Traced", (executor_class,), {"submit": submit})
    with executor_class(2) as executor:
        if where == "instance":
            executor.submit = lambda *args, **kwargs: submit(executor, *args, **kwargs)
        assert list(executor.map(pow, [2, 3], [3, 2])) == [-8, -9]
    assert seen == [(pow, (2, 3), {}), (pow, (3, 2), {})]


def test_submit_may_give_any_future(new_executor: NewExecutor) -> None:
    executor = new_executor(1)

    def submit(fn: Any, *args: Any) -> Any:
        future: concurrent.futures.Future[Any] = concurrent.futures.Future()
        future.set_result(("inline", fn(*args)))
        return future

    executor.submit = submit  # type: ignore[method-assign]
    assert list(executor.map(square, [2, 3])) == [("inline", 4), ("inline", 9)]


def test_submit_may_refuse(new_executor: NewExecutor) -> None:
    """In the midst of a map: its error is the caller's, and what it has accepted is done."""
    executor = new_executor(1)
    inner, ran = executor.submit, list[int]()

    def submit(fn: Any, item: int) -> Any:
        if item == 3:
            raise queue.Full
        return inner(fn, item)

    executor.submit = submit  # type: ignore[method-assign]
    with pytest.raises(queue.Full):
        executor.map(ran.append, range(9))
    executor.shutdown()
    assert ran == [0, 1, 2]


@only_threadmill
@pytest.mark.parametrize("where", ["subclass", "instance", "class"])
def test_a_bounded_map_submits_so_too(
    executor_class: Any, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    seen = []
    inner = executor_class.submit

    def submit(self: Any, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        seen.append((fn, args, kwargs))
        return inner(self, fn, *args, **kwargs)

    if where == "class":
        monkeypatch.setattr(executor_class, "submit", submit)
    elif where == "subclass":
        executor_class = type("Traced", (executor_class,), {"submit": submit})
    with executor_class(2) as executor:
        if where == "instance":
            executor.submit = lambda *args, **kwargs: submit(executor, *args, **kwargs)
        assert list(executor.map(square, range(9), buffersize=2)) == [square(i) for i in range(9)]
    assert seen == [(square, (i,), {}) for i in range(9)]


# --- what cannot work, and says so ---------------------------------------------------------------


@only_threadmill
def test_another_queue(new_executor: NewExecutor) -> None:
    """A bounded or a sorted one, as many programs assign it, would never be looked at."""
    executor = new_executor(1)
    with pytest.raises(TypeError):
        executor._work_queue = queue.Queue(5)  # type: ignore[assignment]
    assert executor.submit(square, 3).result(LIMIT) == 9


def test_another_queue_in_a_subclass() -> None:
    class Bounded(threadmill.ThreadPoolExecutor):  # type: ignore[misc, valid-type]
        def __init__(self, size: int) -> None:
            super().__init__(1)
            self._work_queue = queue.Queue(size)

    with pytest.raises(TypeError):
        Bounded(5)


def test_another_way_to_start_threads() -> None:
    """As in the recipes for daemon threads, which would not be called."""

    class Daemons(threadmill.ThreadPoolExecutor):  # type: ignore[misc, valid-type]
        def _adjust_thread_count(self) -> None:
            pass

    with pytest.raises(TypeError):
        Daemons(1)
