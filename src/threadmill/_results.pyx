"""The handle of a single call: task, result and handle in one object."""

cimport cython
from cpython.object cimport Py_TYPE

from concurrent.futures import CancelledError
from types import GenericAlias

from threadmill._call cimport Call, track_with
from threadmill._core cimport Engine, Shift, deadline_after, tm_hand_over
from threadmill._csrc cimport tm_latch_claim, tm_latch_done
from threadmill._errors import TimeoutError


cdef extern from "Python.h":
    void PyObject_GC_UnTrack(object job)


cdef extern from "_python.h":
    void tm_untrack_method(object callback)
    void tm_track_method(object callback)


cdef int add_context(object error, object context) except -1:
    """Puts `context` at the end of the error's chain, as if it had been handled when that one was raised."""
    seen = set()
    while error is not context and id(error) not in seen:
        if error.__context__ is None:
            error.__context__ = context
            break
        seen.add(id(error))
        error = error.__context__
    return 0


cdef class ApplyResult(Call):
    """What `apply_async` returns. As `multiprocessing.pool.ApplyResult`, also called `AsyncResult`."""

    __class_getitem__ = classmethod(GenericAlias)

    def __cinit__(self):
        # While a job waits or runs, the queue or a worker holds it, so it cannot be garbage, and the
        # collector need not walk it: track_with() has it walked if its result asks for that. Subclasses
        # made in Python have a __dict__ that may hold anything, so they stay tracked.
        if Py_TYPE(self).tp_dictoffset == 0:
            PyObject_GC_UnTrack(self)

    def get(self, timeout=None):
        """The result, waiting for it up to `timeout` seconds (None: for ever).

        Raises the task's exception, TimeoutError, or PoolTerminated if the task will not run."""
        if not tm_latch_done(&self.item.latch) and not self.wait_until(deadline_after(timeout)):
            raise TimeoutError
        if self.success:
            return self.value
        raise self.value

    def wait(self, timeout=None):
        """Waits until the result is there, up to `timeout` seconds (None: for ever)."""
        if not tm_latch_done(&self.item.latch):
            self.wait_until(deadline_after(timeout))

    def ready(self):
        """Whether the result, or the exception, is there."""
        return tm_latch_done(&self.item.latch)

    def successful(self):
        """Whether the task ended without an exception. ValueError if it has not ended."""
        if not tm_latch_done(&self.item.latch):
            raise ValueError(f"{self!r} not ready")
        return self.success

    cdef int fail(self, object error) except -1:
        if tm_latch_claim(&self.item.latch):
            self.forget_task()
            self.end_unrun(error)
        return 0

    cdef int lose(self, object error) except -1:
        if not tm_latch_done(&self.item.latch):
            tm_latch_claim(&self.item.latch)
            self.end_unrun(error)
        return 0

    cdef int untrack_callbacks(self) except -1:
        with cython.critical_section(self):     # it may have ended
            tm_untrack_method(self.callback)
            tm_untrack_method(self.error_callback)
        return 0

    cdef object take_callback(self):
        """The one for this outcome; lets go of both."""
        with cython.critical_section(self):     # against the properties below
            callback, error_callback = self.callback, self.error_callback
            self.callback = self.error_callback = None
        tm_track_method(callback)
        tm_track_method(error_callback)
        return callback if self.success else error_callback

    cdef int end_unrun(self, object error) except -1:
        self.take_callback()
        self.value = CancelledError() if error is None else error
        self.success = False                    # it may have succeeded, and be due for its callback
        track_with(self, self.value)
        return self.complete()

    cdef int settle(self, object value, bint success, Engine engine, Shift *shift) except -1:
        self.value = value
        tm_hand_over(value)
        self.success = success
        if self.callback is not None or self.error_callback is not None:
            return engine.publish_after_callbacks(self)
        track_with(self, self.value)
        return engine.publish(self, shift)

    cdef int call_back(self) except -1:
        callback = self.take_callback()
        if callback is not None:
            try:
                callback(self.value)
            except BaseException as error:
                # As CPython 3.16 does; before, it would have ended the thread that hands out results.
                if not self.success:
                    add_context(error, self.value)
                self.value = error
                self.success = False
        track_with(self, self.value)
        return 0

    # --- what programs read of the standard library's private parts ---------------------------------

    @property
    def _job(self):
        return <size_t><void *>self

    @property
    def _event(self):
        return _Event(self)

    @property
    def _success(self):
        return self.success if tm_latch_done(&self.item.latch) else None

    @property
    def _value(self):
        return self.value if tm_latch_done(&self.item.latch) else None

    @property
    def _callback(self):
        with cython.critical_section(self):
            return self.callback

    @property
    def _error_callback(self):
        with cython.critical_section(self):
            return self.error_callback

    @property
    def _cache(self):
        return {}

    @property
    def _pool(self):
        return None             # a handle does not hold its pool; the standard library's lets go when ready


cdef class _Event:
    """`result._event`: the part of threading.Event that can be asked of a result."""

    cdef ApplyResult job

    def __cinit__(self, ApplyResult job):
        self.job = job

    def is_set(self):
        return self.job.ready()

    def wait(self, timeout=None):
        self.job.wait(timeout)
        return self.job.ready()
