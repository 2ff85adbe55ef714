"""Starting a thread without waiting until it runs, and asking whether it still does."""

from __future__ import annotations

import threading

MOST_TO_COME = 1.0  # seconds for a thread that the system has made: longer only where it never will run


class Launched:
    """In the place of a thread's `_started`, an Event for which `Thread.start` waits. That takes two switches
    between threads, which cost more than all else of a start. Here the starter goes on, and waits only if it,
    or anybody else, asks whether the thread has started: to see whether it is alive, or to join it.

    An interrupt at any point leaves no lock held that the thread will want, as it may with an Event."""

    def __init__(self) -> None:
        self._has_started = False
        self.launched = False  # the thread exists
        self._gate = threading.Lock()  # held until the thread has started; after that by nobody for long
        self._gate.acquire()

    def set(self) -> None:
        """Once, by the thread."""
        self._has_started = True
        self._gate.release()

    def wait(self) -> None:
        """By `Thread.start`, when the thread exists."""
        self.launched = True

    def is_set(self) -> bool:
        if self.launched and not self._has_started and self._gate.acquire(timeout=MOST_TO_COME):
            self._gate.release()
        return self._has_started

    def _at_fork_reinit(self) -> None:
        """In the child, where it will not come any more."""
        self.launched = False


def launch(thread: threading.Thread) -> None:
    """`thread.start()`, which raises what that raises."""
    if type(getattr(thread, "_started", None)) is threading.Event:
        thread._started = Launched()  # type: ignore[attr-defined]
    thread.start()


def exists(thread: threading.Thread) -> bool:
    """Whether the system has made the thread. False, too, if `launch` was interrupted before it knew that."""
    return thread.ident is not None or getattr(getattr(thread, "_started", None), "launched", False)


def is_alive(thread: threading.Thread) -> bool:
    """`thread.is_alive()`, which up to CPython 3.12 takes a lock when it first sees that the thread ended:
    a signal handler that interrupts just that, and asks too, would wait for ever."""
    if not hasattr(thread, "_tstate_lock"):
        return thread.is_alive()
    if not thread._started.is_set():  # type: ignore[attr-defined]
        return False
    lock = thread._tstate_lock  # held as long as it runs; None: somebody has seen its end
    return lock is not None and lock.locked()
