"""threadmill: drop-ins for the standard library's two thread pools, many times faster per task."""

from concurrent.futures import (
    ALL_COMPLETED,
    FIRST_COMPLETED,
    FIRST_EXCEPTION,
    BrokenExecutor,
    CancelledError,
    Executor,
    InvalidStateError,
)
from importlib.metadata import version

from threadmill._as_completed import as_completed, wait
from threadmill._blocking import blocking
from threadmill._errors import DeadlockError, PoolForked, PoolTerminated, TimeoutError
from threadmill._imap import IMapIterator, IMapUnorderedIterator
from threadmill._install import install, uninstall
from threadmill._map import MapResult
from threadmill._results import ApplyResult
from threadmill.executor import ThreadPoolExecutor
from threadmill.future import Future
from threadmill.pool import AsyncResult, ThreadPool

__version__ = version("threadmill")

__all__ = [
    "ALL_COMPLETED",
    "FIRST_COMPLETED",
    "FIRST_EXCEPTION",
    "ApplyResult",
    "AsyncResult",
    "BrokenExecutor",
    "CancelledError",
    "DeadlockError",
    "Executor",
    "Future",
    "IMapIterator",
    "IMapUnorderedIterator",
    "InvalidStateError",
    "MapResult",
    "PoolForked",
    "PoolTerminated",
    "ThreadPool",
    "ThreadPoolExecutor",
    "TimeoutError",
    "as_completed",
    "blocking",
    "install",
    "uninstall",
    "wait",
]
