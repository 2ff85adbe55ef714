"""The exceptions that threadmill adds to the standard library's."""

from __future__ import annotations

import builtins
import multiprocessing

__all__ = ["PoolTerminated", "TimeoutError"]


class TimeoutError(multiprocessing.TimeoutError, builtins.TimeoutError):
    """A wait reached its timeout. Both `multiprocessing.TimeoutError`, which the standard library's
    pools raise, and the builtin `TimeoutError`, which one would expect."""


class PoolTerminated(RuntimeError):
    """The pool was terminated before this work began. The standard library would wait forever."""
