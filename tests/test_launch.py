"""Threads whose starter does not wait until they run."""

from __future__ import annotations

import threading

import pytest
from helpers import LIMIT, eventually, together

from threadmill import _launch


class Slow(threading.Thread):
    """Does not begin to run before it is let."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.let = threading.Event()

    def _bootstrap(self) -> None:
        self.let.wait(LIMIT)
        super()._bootstrap()  # type: ignore[misc]


def test_the_starter_goes_on_and_whoever_asks_waits() -> None:
    thread = Slow()
    _launch.launch(thread)
    assert thread.ident is None
    assert _launch.exists(thread)
    seen: list[bool] = []
    together(*[lambda: seen.append(thread._started.is_set())] * 3, thread.let.set)  # type: ignore[attr-defined]
    assert seen == [True] * 3
    assert thread.ident is not None
    thread.join(LIMIT)
    assert not thread.is_alive()


def test_it_can_be_joined_at_once() -> None:
    for _ in range(100):
        ran: list[int] = []
        thread = threading.Thread(target=ran.append, args=(1,))
        _launch.launch(thread)
        thread.join(LIMIT)
        assert ran == [1]


def test_one_that_never_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_launch, "MOST_TO_COME", 0.01)
    thread = Slow()
    _launch.launch(thread)
    assert not thread.is_alive()
    thread.let.set()
    monkeypatch.undo()
    thread.join(LIMIT)


def test_a_forked_child_does_not_wait_for_it() -> None:
    started = _launch.Launched()
    started.wait()
    started._at_fork_reinit()
    assert not started.is_set()  # at once: a second is its limit


def test_one_that_cannot_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError("can't start new thread")

    for name in ("_start_new_thread", "_start_joinable_thread"):
        monkeypatch.setattr(threading, name, refuse, raising=False)
    thread = threading.Thread(target=print)
    with pytest.raises(RuntimeError, match="can't start new thread"):
        _launch.launch(thread)
    assert not _launch.exists(thread)
    assert not thread.is_alive()


def test_a_thread_with_another_way_to_start() -> None:
    """Whose `_started` is no Event of the standard library's is started as it is."""
    events: list[str] = []

    class Own(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            events.append("waited")
            return super().wait(timeout)

    thread = threading.Thread(target=int)
    thread._started = Own()  # type: ignore[attr-defined]
    _launch.launch(thread)
    assert events == ["waited"]
    assert _launch.exists(thread)
    thread.join(LIMIT)


def test_asking_takes_no_lock() -> None:
    """As a signal handler does that has interrupted the first who sees the thread's end."""
    thread = threading.Thread(target=int)
    assert not _launch.is_alive(thread)
    go_on = threading.Event()
    other = threading.Thread(target=go_on.wait, args=(LIMIT,))
    for each in (thread, other):
        _launch.launch(each)
        assert each._started.is_set()  # type: ignore[attr-defined]
    lock = getattr(threading, "_shutdown_locks_lock", threading.Lock())
    with lock:
        eventually(lambda: not _launch.is_alive(thread))
    assert _launch.is_alive(other)
    go_on.set()
    for each in (thread, other):
        each.join(LIMIT)
        assert not _launch.is_alive(each)
