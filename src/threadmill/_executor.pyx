"""The part of ThreadPoolExecutor that is called once per task."""

cimport cython
from libc.stdint cimport int64_t

import builtins
from collections import deque
from concurrent.futures import thread
from types import FunctionType

from threadmill._core cimport END, LATE, TM_GIL, Engine, deadline_after
from threadmill._csrc cimport tm_latch_done
from threadmill._executor_map cimport ExecutorMap
from threadmill._future cimport FutureCore
from threadmill._results cimport ApplyResult
from threadmill.future import Future


cdef extern from "_python.h":
    object tm_new(object cls)
    unsigned tm_type_version(object cls)


cdef extern from "Python.h":
    void PyObject_GC_UnTrack(object job)


cdef object MISSING = object()

# The standard library's executor, in whose `submit`'s place tracers put their own, to carry their scopes into
# tasks. `unpatched` is None if one had done so before threadmill was imported.
cdef object Original = thread.ThreadPoolExecutor
cdef object unpatched = Original.submit
if type(unpatched) is not FunctionType or unpatched.__globals__ is not vars(thread):
    unpatched = None


# What is read at once and without side effects.
cdef set AT_ONCE = {list, tuple, range, str, bytes}


cdef unsigned known_version = 0     # of Original: `submit` was the standard library's then


cdef bint patched() except -1:
    global known_version
    # The interpreter's lock protects a type's version; without it, each call looks.
    if TM_GIL and known_version != 0 and tm_type_version(Original) == known_version:
        return False
    if Original.submit is not unpatched:
        return True
    known_version = tm_type_version(Original)   # no other code runs since the look, which has set it
    return False


def is_patched():
    """Whether somebody has replaced the standard library's `submit`."""
    return patched()


# Neither engine nor owner can be in a cycle with an executor, so they need not be cleared, and are there when
# it is deallocated.
@cython.no_gc_clear
@cython.auto_pickle(False)
cdef class ExecutorCore:
    """Base of ThreadPoolExecutor: holds the engine. Written once, before the executor is used."""

    cdef public Engine _engine
    cdef public object _owner       # the pool whose workers these are; None: they are the executor's own

    def __dealloc__(self):
        if self._engine is not None and self._owner is None:
            self._engine.close()    # the workers end after what is queued

    def submit(self, fn=MISSING, /, *args, **kwargs):
        """Queues fn(*args, **kwargs) and returns its Future. RuntimeError after shutdown,
        BrokenThreadPool if an initializer has failed."""
        if fn is MISSING:
            raise TypeError("ThreadPoolExecutor.submit() missing 1 required positional argument: 'fn'")
        if patched():
            # Who replaced it has to see the call. It ends in the standard library's, which puts a work item
            # into `_work_queue`, and so in _submit.
            return Original.submit(self, fn, *args, **kwargs)
        return self.submit_call(fn, args, kwargs)

    def _submit(self, fn, args, kwargs):
        """`submit` itself."""
        return self.submit_call(fn, args, kwargs)

    cdef FutureCore submit_call(self, object fn, object args, dict kwargs):
        cdef Engine engine = self._engine
        if engine is None:
            raise RuntimeError("__init__ was not called")
        cdef FutureCore future = tm_new(Future)
        # Held by the queue or a worker, it cannot be garbage; it is tracked when it ends, if need be.
        PyObject_GC_UnTrack(future)
        future.submitted = True
        future.prepare(fn, args, kwargs if kwargs else None, engine.capture())
        if not engine.push(future):
            raise self._refused()
        return future

    def _start_map(self, fn, iterables, timeout, buffersize):
        """The iterator of `map`, the first tasks of which are queued."""
        cdef int64_t deadline = deadline_after(timeout)
        cdef Engine engine = self._engine
        context = engine.capture()
        if buffersize is None and iterables and all([type(iterable) in AT_ONCE for iterable in iterables]):
            star = len(iterables) > 1
            items = list(zip(*iterables) if star else iterables[0])
            if items:
                results = ExecutorMap(engine, len(items), fn, items, star)
                if not engine.push(results):
                    raise self._refused()
                return _all_results(results, deadline)
        # Else reading the input may take time, or fail, and what has been read already runs.
        inputs = zip(*iterables)
        ahead = deque()
        for args in inputs:
            ahead.append(self._submit_item(engine, fn, args, context))
            if len(ahead) == buffersize:
                return _results(engine, fn, inputs, context, ahead, buffersize, deadline)
        return _results(engine, fn, None, context, ahead, 0, deadline)

    cdef ApplyResult _submit_item(self, Engine engine, object fn, object args, object context):
        cdef ApplyResult job = queue_item(engine, fn, args, context)
        if job is None:
            raise self._refused()
        return job


cdef ApplyResult queue_item(Engine engine, object fn, object args, object context):
    """None if the engine is closed."""
    cdef ApplyResult job = ApplyResult.__new__(ApplyResult)
    job.prepare(fn, args, None, context)
    job.shared_context = True
    return job if engine.push(job) else None


cdef object outcome(ApplyResult job, int64_t deadline):
    """The result; cancels the job if it is late."""
    if not tm_latch_done(&job.item.latch) and not job.wait_until(deadline):
        job.fail(None)
        raise builtins.TimeoutError
    if job.success:
        return job.value
    raise job.value


def _all_results(ExecutorMap results, int64_t deadline):
    """The results of all items. Cancels those that have not begun when it ends early."""
    cdef list given = []
    try:
        while True:
            given.append(results.take(True, deadline))
            if given[0] is END:
                return
            if given[0] is LATE:
                raise builtins.TimeoutError
            yield given.pop()                   # so that it is not held here meanwhile
    finally:
        results.stop()


def _results(Engine engine, fn, inputs, context, ahead, Py_ssize_t buffersize, int64_t deadline):
    """The same of jobs, with at most `buffersize` taken from the inputs, if there are any left, beyond what has
    been given out. Does not hold the executor. RuntimeError if inputs are left when that is gone or shut down."""
    cdef ApplyResult job
    try:
        while True:
            while inputs is not None and len(ahead) < buffersize:
                args = next(inputs, None)
                if args is None:
                    inputs = None
                    break
                job = queue_item(engine, fn, args, context)
                args = None
                if job is None:
                    raise RuntimeError("cannot schedule new futures after shutdown")
                ahead.append(job)
            if not ahead:
                return
            job = None
            yield outcome(ahead.popleft(), deadline)
    finally:
        for job in ahead:
            job.fail(None)
