"""Which errors may say that work is refused or given up, and what must have happened to its pool before."""

from __future__ import annotations

from concurrent.futures import CancelledError
from concurrent.futures.thread import BrokenThreadPool

from faults import UNSTARTABLE, Interrupted, StartInterrupted
from subjects import Subject

from threadmill import PoolTerminated

# "start": the start of one of its threads has failed. The others are acts of Subject.
BROKEN_OR_UNSTARTED = {
    (BrokenThreadPool, "A thread initializer failed, the thread pool is not usable anymore"): "break",
    (RuntimeError, UNSTARTABLE): "start",
    (StartInterrupted, ""): "start",
}
REFUSALS = BROKEN_OR_UNSTARTED | {
    (ValueError, "Pool not running"): "end",
    (RuntimeError, "cannot schedule new futures after shutdown"): "end",
}
OUTCOMES = BROKEN_OR_UNSTARTED | {
    (PoolTerminated, "the pool was terminated before this work began"): "terminate",
    (CancelledError, ""): "cancel",
    (Interrupted, ""): "start",  # it was the start of a worker that was interrupted
}
Table = dict[tuple[type[BaseException], str], str]


def explains(table: Table, outcome: object, subject: Subject) -> bool:
    """Whether the outcome is an error of the table, and what it says has happened to the pool."""
    if not isinstance(outcome, BaseException):
        return False
    act = table.get((type(outcome), str(outcome)))
    return act in subject.acts or (act == "start" and bool(subject.strikes))
