"""`threadmill.ThreadPool`: the face of `multiprocessing.pool.ThreadPool` on threadmill's engine."""

from __future__ import annotations

import atexit
import multiprocessing.pool
import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from multiprocessing.pool import CLOSE, INIT, RUN, TERMINATE, mapstar  # type: ignore[attr-defined]
from operator import index
from threading import Thread
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar, overload

from threadmill import _exit, _views
from threadmill._core import Engine
from threadmill._errors import PoolTerminated
from threadmill._imap import IMapIterator, IMapUnorderedIterator
from threadmill._map import MapResult
from threadmill._pool import PoolCore, check_buffersize, check_chunksize
from threadmill._registry import Registry
from threadmill._results import ApplyResult
from threadmill._workers import MOST_WORKERS, Crew

if TYPE_CHECKING:
    from threadmill.executor import ThreadPoolExecutor

AsyncResult = ApplyResult

S = TypeVar("S")
T = TypeVar("T")

_terminated = partial(PoolTerminated, "the pool was terminated before this work began")
_running_pools: Registry[ThreadPool, None] = Registry()

# The standard library's default: the CPUs this process may use, as far as the version knows them.
_cpu_count: Callable[[], int | None] = getattr(os, "process_cpu_count", os.cpu_count)


class ThreadPool(PoolCore, multiprocessing.pool.ThreadPool):
    """A pool of `processes` worker threads (None: one for each CPU), with the methods, messages and
    guarantees of `multiprocessing.pool.ThreadPool`.

    Threads start when there is work for them, or all at once if there is an `initializer`, which each
    of them calls first with `*initargs`. Each task runs in a copy of the contextvars context in which it
    was submitted; with `context=False`, in the one of its thread, as in the standard library. When the
    interpreter exits, `at_exit="abandon"` drops what is queued and does not wait for what runs, as the
    standard library; "cancel" waits for what runs, and "wait" has all that is queued done.

    Where it differs from the standard library, which hangs or loses work there: what `terminate`
    cuts off fails with PoolTerminated; a failing initializer fails all work with BrokenThreadPool;
    tasks may raise anything, SystemExit too; errors of callbacks become their task's outcome (as in
    CPython 3.16); wrong arguments raise at the call; without a `chunksize` each item of a map is a
    task of its own, so an error skips no other item."""

    _processes = 0  # of a pool whose __init__ failed
    _owner: object = None  # the executor whose workers these are; None: they are the pool's own

    if TYPE_CHECKING:  # inherited, but typeshed has it not

        @staticmethod
        def _get_tasks(func: Callable[..., Any], it: Iterator[Any], size: int) -> Iterator[Any]: ...

    def __init__(
        self,
        processes: int | None = None,
        initializer: Callable[..., object] | None = None,
        initargs: Iterable[Any] = (),
        *,
        context: bool = True,
        at_exit: _exit.Policy = "abandon",
    ) -> None:
        _exit.check(at_exit)
        if processes is None:
            processes = _cpu_count() or 1
        if processes < 1:
            raise ValueError("Number of processes must be at least 1")
        if initializer is not None and not callable(initializer):
            raise TypeError("initializer must be a callable")
        self._processes = index(processes)
        self._initializer = initializer
        self._initargs = initargs
        # typeshed has only the Process of Pool, which makes processes.
        new_thread: Callable[..., Thread] = partial(self.Process, None)  # type: ignore[arg-type, assignment]
        self._crew = Crew(self._processes, new_thread, True, initializer, tuple(initargs))
        self._engine = Engine(min(self._processes, MOST_WORKERS), self._crew.start, context)
        if at_exit == "abandon":
            _running_pools[self] = None
        else:
            _exit.register(self._engine, self._crew, at_exit, _terminated)
        if initializer is not None:
            try:
                self._engine.start_all()
            except BaseException:
                self.terminate()  # it never was: nobody is to be warned that it runs
                raise

    # --- submitting ------------------------------------------------------------------------------

    def apply(self, func: Callable[..., T], args: Iterable[Any] = (), kwds: Mapping[str, Any] = {}) -> T:
        """func(*args, **kwds) in a worker; waits for it. Raises what it raises."""
        return self.apply_async(func, args, kwds).get()

    def map(self, func: Callable[[S], T], iterable: Iterable[S], chunksize: int | None = None) -> list[T]:
        """[func(item) for item in iterable], the calls in the workers. Raises the first error to
        arrive, after all items have ended.

        With a `chunksize`, so many items at a time go to one worker, and an error skips the rest of
        its chunk; without, workers take as much as suits the time that items take."""
        return self.map_async(func, iterable, chunksize).get()

    def map_async(
        self,
        func: Callable[[S], T],
        iterable: Iterable[S],
        chunksize: int | None = None,
        callback: Callable[[list[T]], object] | None = None,
        error_callback: Callable[[BaseException], object] | None = None,
    ) -> MapResult[T]:
        """`map` without the wait: returns its MapResult. For the callbacks see `apply_async`."""
        self._check_running()
        return self._map_async(func, iterable, False, chunksize, callback, error_callback)

    def starmap(
        self, func: Callable[..., T], iterable: Iterable[Iterable[Any]], chunksize: int | None = None
    ) -> list[T]:
        """[func(*args) for args in iterable]: see `map`."""
        return self.starmap_async(func, iterable, chunksize).get()

    def starmap_async(
        self,
        func: Callable[..., T],
        iterable: Iterable[Iterable[Any]],
        chunksize: int | None = None,
        callback: Callable[[list[T]], object] | None = None,
        error_callback: Callable[[BaseException], object] | None = None,
    ) -> MapResult[T]:
        """`starmap` without the wait: see `map_async`."""
        self._check_running()
        return self._map_async(func, iterable, True, chunksize, callback, error_callback)

    @overload  # type: ignore[override]  # typeshed leaves the generator out
    def imap(
        self,
        func: Callable[[S], T],
        iterable: Iterable[S],
        chunksize: Literal[1] = 1,
        *,
        buffersize: int | None = None,
    ) -> IMapIterator[T]: ...
    @overload
    def imap(
        self, func: Callable[[S], T], iterable: Iterable[S], chunksize: int, *, buffersize: int | None = None
    ) -> Iterator[T]: ...
    def imap(
        self,
        func: Callable[[S], T],
        iterable: Iterable[S],
        chunksize: int = 1,
        *,
        buffersize: int | None = None,
    ) -> Iterator[T]:
        """Gives func(item) for each item, in order, as soon as it is there. Workers read the input as
        they become free, at most `buffersize` items ahead of what has been taken (None: no bound).

        An error of a task is raised at its place, and the iteration can go on after it; an error of
        the input ends it. With a `chunksize` above 1, a worker takes so many items at a time, and the
        result is a generator, which ends at the first error."""
        return self._start_imap(func, iterable, True, chunksize, buffersize)

    @overload  # type: ignore[override]  # typeshed leaves the generator out
    def imap_unordered(
        self,
        func: Callable[[S], T],
        iterable: Iterable[S],
        chunksize: Literal[1] = 1,
        *,
        buffersize: int | None = None,
    ) -> IMapUnorderedIterator[T]: ...
    @overload
    def imap_unordered(
        self, func: Callable[[S], T], iterable: Iterable[S], chunksize: int, *, buffersize: int | None = None
    ) -> Iterator[T]: ...
    def imap_unordered(
        self,
        func: Callable[[S], T],
        iterable: Iterable[S],
        chunksize: int = 1,
        *,
        buffersize: int | None = None,
    ) -> Iterator[T]:
        """`imap` that gives the results in the order in which they arrive."""
        return self._start_imap(func, iterable, False, chunksize, buffersize)

    def _start_imap(
        self,
        func: Callable[[S], T],
        iterable: Iterable[S],
        ordered: bool,
        chunksize: int,
        buffersize: int | None,
    ) -> Iterator[T]:
        self._check_running()
        size, limit = check_chunksize(chunksize), check_buffersize(buffersize)
        if size == 1:
            return self._watch(self._imap(func, iterable, ordered, limit), buffersize)
        tasks = self._get_tasks(func, iter(iterable), size)
        chunks = self._watch(self._imap(mapstar, tasks, ordered, max(1, limit // size)), buffersize)
        return (item for chunk in chunks for item in chunk)

    def _watch(self, iterator: IMapIterator[T], buffersize: int | None) -> IMapIterator[T]:
        if buffersize is not None:
            self._crew.watch(iterator)
        return iterator

    def as_executor(self) -> ThreadPoolExecutor:
        """A ThreadPoolExecutor with this pool's workers: closing or shutting down either does so to both."""
        from threadmill.executor import ThreadPoolExecutor

        return ThreadPoolExecutor._over(self)

    @classmethod
    def _over(cls, executor: ThreadPoolExecutor) -> ThreadPool:
        self = cls.__new__(cls)
        self._processes = executor._crew.size
        self._initializer, self._initargs = executor._initializer, executor._initargs
        self._crew, self._owner, self._engine = executor._crew, executor, executor._engine
        return self

    # --- life cycle ------------------------------------------------------------------------------

    def close(self) -> None:
        """Takes no more work; what is queued is still done. Does nothing if not running."""
        if self._state == RUN:
            _running_pools.pop(self, None)
            self._engine.close()

    def terminate(self) -> None:
        """Takes no more work and drops what no worker has begun, whose handles raise PoolTerminated.
        Returns at once; tasks that run are not interrupted, and their handles get their results."""
        if self._state in (RUN, CLOSE):
            _running_pools.pop(self, None)
            self._engine.terminate(_terminated)

    def join(self) -> None:
        """Waits until all workers have ended. ValueError if the pool still runs. Input that an `imap`
        has not read because of its buffersize is read now."""
        if self._state == RUN:
            raise ValueError("Pool is still running")
        if self._state not in (CLOSE, TERMINATE):
            raise ValueError("In unknown state")
        self._crew.join(self._engine)

    def __enter__(self) -> Self:
        self._check_running()
        return self

    def __exit__(self, *_: object) -> None:
        self.terminate()

    def __del__(self, _warn: Callable[..., None] = warnings.warn) -> None:
        if self._state == RUN and self._owner is None:
            try:
                _warn(f"unclosed running multiprocessing pool {self!r}", ResourceWarning, source=self)
            finally:  # where warnings are errors, that raises
                self._engine.close()

    def __repr__(self) -> str:
        cls = type(self)
        return f"<{cls.__module__}.{cls.__qualname__} state={self._state} pool_size={self._processes}>"

    # --- what programs read of the standard library's private parts --------------------------------

    @property
    def _state(self) -> str:
        return INIT if self._engine is None else self._engine.state

    @_state.setter
    def _state(self, state: str) -> None:
        self._engine.state = state

    def _check_running(self) -> None:
        if self._state != RUN:
            raise ValueError("Pool not running")

    @property
    def _pool(self) -> list[Thread]:
        return self._crew.all_threads()

    @property
    def _taskqueue(self) -> _views.TaskQueue:
        return _views.TaskQueue(self._engine)

    _inqueue = _taskqueue

    @property
    def _outqueue(self) -> _views.ResultQueue:
        return _views.ResultQueue()

    @property
    def _cache(self) -> _views.Cache:
        return _views.Cache(self._engine)


def _terminate_all() -> None:
    """At interpreter exit: what is queued is dropped, and nothing is waited for."""
    for pool in _running_pools.alive():
        pool.terminate()


# Not multiprocessing's Finalize, which does nothing in a forked child.
atexit.register(_terminate_all)
