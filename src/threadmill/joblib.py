"""A joblib backend: after `import threadmill.joblib`, `joblib.parallel_config(backend="threadmill")` runs
joblib's and scikit-learn's parallel code on threadmill's pool. Needs joblib 1.5 or newer."""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Callable
from functools import partial
from threading import Condition, Lock, get_ident
from typing import Any

import joblib.parallel  # type: ignore[import-untyped, import-not-found, unused-ignore]

from threadmill._errors import PoolTerminated
from threadmill.pool import ThreadPool

__all__ = ["ThreadmillBackend"]

if not hasattr(joblib.parallel.ThreadingBackend, "submit"):
    raise ImportError("threadmill.joblib needs joblib 1.5 or newer")

# Seconds of waiting after which joblib has a look of its own, and the nap of 10 ms that follows. So a
# joblib that comes to wait for something else costs time but does not hang, and a Ctrl-C that does not
# interrupt the wait (on Windows; or if another thread got the signal) is noticed.
LONGEST_WAIT = 1.0
# The same if there is a `timeout`, which joblib measures by these looks.
LONGEST_TIMED_WAIT = 0.05


class ThreadmillBackend(joblib.parallel.ThreadingBackend):  # type: ignore[misc]
    """joblib's "threading" backend on `threadmill.ThreadPool`, woken by results instead of looking for
    them every 10 ms.

    Where it differs from "threading", which hangs there: calls that overlap under one `parallel_config`
    do not share a pool, so the end of one does not cut the other off; and if a worker that reads the
    input gets a KeyboardInterrupt or SystemExit from it, the call raises that."""

    parallel: Any = None
    _pool: ThreadPool | None = None
    _changed: Condition

    def configure(self, n_jobs: int = 1, parallel: Any = None, **kwargs: Any) -> int:
        if parallel is self.parallel or n_jobs in (0, 1):  # which is refused, or done without a pool
            return super().configure(n_jobs, parallel, **kwargs)  # type: ignore[no-any-return]
        # joblib shares this backend among all that a parallel_config governs. Each gets its own instead.
        backend = copy.copy(self)
        backend.parallel, backend._pool = parallel, None
        backend._changed = Condition(Lock())
        raise joblib.parallel.FallbackToBackend(backend)

    def start_call(self) -> None:
        self.parallel._jobs = _Jobs(self)
        self._nested = ThreadmillBackend(nesting_level=1)  # one for all tasks: see configure

    def get_nested_backend(self) -> tuple[Any, int | None]:
        if self.nesting_level == 0:
            return self._nested, None
        return super().get_nested_backend()  # type: ignore[no-any-return]

    def submit(self, func: Callable[[], Any], callback: Any = None) -> Any:
        return super().submit(func, partial(self._complete, self.parallel._jobs, callback))

    def _get_pool(self) -> ThreadPool:
        pool = self._pool
        if pool is None:
            if self.parallel._aborting:  # set before the pool went: this follows a task that ended late
                raise PoolTerminated("the call has ended")
            pool = self._pool = ThreadPool(self._n_jobs)
        return pool

    def _complete(self, jobs: deque[Any], callback: Any, outcome: Any) -> None:
        """The pool's callback. joblib's keeps the outcome, then submits the next task."""
        parallel = self.parallel
        with parallel._lock:  # joblib takes it too when it begins a call, and would mix up the two:
            if parallel._jobs is not jobs:  # the call has ended, by an error or a timeout
                return
            try:
                callback(outcome)
            except BaseException as error:
                if not parallel._aborting:
                    # What joblib does itself with an Exception of the input.
                    failed = type(callback)(0, 1, parallel)
                    parallel._register_new_job(failed)
                    failed._register_outcome({"result": error, "status": joblib.parallel.TASK_ERROR})
        if self.wants_each() or self.is_over():
            with self._changed:  # who waits looks under this lock: it cannot miss what happened before
                self._changed.notify_all()

    def wants_each(self) -> bool:
        """Whether joblib needs to see each outcome by itself. Else it is woken once, for all of them."""
        return self.parallel.return_generator or self.parallel.timeout is not None

    def is_over(self) -> bool:
        """Whether there is no outcome to wait for any more."""
        return self.parallel._aborting or not self.parallel._wait_retrieval()


class _Jobs(deque[Any]):
    """The tasks whose results joblib has not taken yet.

    joblib asks for its length before each look at it, and sleeps if there is nothing to see. No hook of
    a backend's comes before that sleep, so this is where to wait until there is something."""

    def __init__(self, backend: ThreadmillBackend) -> None:
        super().__init__()
        self.backend = backend
        self.caller = get_ident()

    def __len__(self) -> int:
        backend, parallel = self.backend, self.backend.parallel
        # When the call is over, joblib puts another list into its place. No other thread waits: a worker,
        # in a print_progress of the user's, would wait for itself.
        if parallel._jobs is self and get_ident() == self.caller:
            with backend._changed:
                backend._changed.wait_for(
                    self.has_next if backend.wants_each() else backend.is_over,
                    LONGEST_WAIT if parallel.timeout is None else LONGEST_TIMED_WAIT,
                )
            if parallel._aborting:
                parallel._raise_error_fast()  # joblib would do so after its sleep
        return super().__len__()

    def has_next(self) -> bool:
        """Whether there is an outcome to be taken, or nothing to wait for."""
        # joblib sets a task's status before its _result, which it expects where it sees the status.
        if super().__len__() and (not self.backend.parallel.return_ordered or hasattr(self[0], "_result")):
            return True
        return self.backend.is_over()


joblib.parallel.register_parallel_backend("threadmill", ThreadmillBackend)
