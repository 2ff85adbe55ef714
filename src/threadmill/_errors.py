"""The exceptions that threadmill adds to the standard library's."""

from __future__ import annotations

import builtins
import multiprocessing

__all__ = ["DeadlockError", "PoolForked", "PoolTerminated", "TimeoutError"]


class TimeoutError(multiprocessing.TimeoutError, builtins.TimeoutError):
    """A wait reached its timeout. Both `multiprocessing.TimeoutError`, which the standard library's
    pools raise, and the builtin `TimeoutError`, which one would expect."""


class DeadlockError(RuntimeError):
    """A task would wait for ever: for itself, or for one that waits for it, perhaps through others."""


class PoolTerminated(RuntimeError):
    """The pool was terminated before this work began. The standard library would wait forever."""


class PoolForked(RuntimeError):
    """The process was forked while this work was unfinished: the parent does it, the child cannot."""
