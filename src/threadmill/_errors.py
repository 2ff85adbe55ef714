"""The exceptions that threadmill adds to the standard library's."""

from __future__ import annotations

import builtins
import multiprocessing

__all__ = ["PoolForked", "PoolTerminated", "TimeoutError"]


class TimeoutError(multiprocessing.TimeoutError, builtins.TimeoutError):
    """A wait reached its timeout. Both `multiprocessing.TimeoutError`, which the standard library's
    pools raise, and the builtin `TimeoutError`, which one would expect."""


class PoolTerminated(RuntimeError):
    """The pool was terminated before this work began. The standard library would wait forever."""


class PoolForked(RuntimeError):
    """The process was forked while this work was unfinished: the parent does it, the child cannot."""
