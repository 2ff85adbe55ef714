"""Running one call: claims it, calls, and hands the outcome to what it is the task of."""

cimport cython
from cpython.object cimport PyObject
from cpython.tuple cimport PyTuple_CheckExact

from threadmill._context cimport PyContext_Enter, PyContext_Exit, enter, leave
from threadmill._core cimport TM_GIL, Engine, Job, Shift, tm_hand_over
from threadmill._csrc cimport tm_latch_claim, tm_latch_claimed


cdef extern from *:
    """
    #define tm_move_func(call) tm_move(&(call)->func)
    #define tm_move_args(call) tm_move(&(call)->args)
    #define tm_move_kwds(call) tm_move(&(call)->kwds)
    #define tm_move_context(call) tm_move(&(call)->context)
    """
    object tm_move_func(Call call)
    object tm_move_args(Call call)
    object tm_move_kwds(Call call)
    object tm_move_context(Call call)


cdef extern from "_python.h":
    object tm_own(PyObject *reference)
    object tm_take_exception()
    bint tm_may_form_cycles(object value)
    void tm_untrack_atoms(object tuple)
    PyObject *tm_call_tuple(object func, object args)
    PyObject *tm_call_unpacked(object func, object args, object kwds)


cdef extern from "Python.h":
    void PyObject_GC_Track(object job)
    bint PyObject_GC_IsTracked(object job)


cdef int track(object job) except -1:
    # Against another thread that does the same: tracking twice is a fatal error.
    with cython.critical_section(job):
        if not PyObject_GC_IsTracked(job):
            PyObject_GC_Track(job)
    return 0


cdef int track_with(object job, object outcome) except -1:
    return track(job) if tm_may_form_cycles(outcome) else 0


cdef class Call(Job):
    cdef int prepare(self, object func, object args, object kwds, object context) except -1:
        self.func = func
        self.args = args
        if PyTuple_CheckExact(args):
            tm_untrack_atoms(args)              # while 100,000 wait, the collector comes by often
        tm_hand_over(args)                      # it is the worker that lets go of it
        self.kwds = kwds
        self.context = context
        self.shared_context = TM_GIL or context is ...      # see Engine.capture
        return 0

    cdef int forget_task(self) except -1:
        with cython.critical_section(self):     # against _task()
            self.func = self.args = self.kwds = self.context = None
        return 0

    def _task(self):
        """(fn, args, kwargs) of one that waits in a queue, or has been taken out. Another thread may cancel it
        meanwhile."""
        with cython.critical_section(self):
            return self.func, self.args, self.kwds or {}

    def _cancel(self):
        """Ends it as cancelled. False if it has begun."""
        cdef bint pending = not tm_latch_claimed(&self.item.latch)
        self.fail(None)
        return pending

    cdef int settle(self, object value, bint success, Engine engine, Shift *shift) except -1:
        raise NotImplementedError

    cdef int help(self, Engine engine, Shift *shift) except -1:
        return self.run(engine, shift)

    cdef int run(self, Engine engine, Shift *shift) except -1:
        if not tm_latch_claim(&self.item.latch):
            return 0
        func, args = tm_move_func(self), tm_move_args(self)
        kwds, context = tm_move_kwds(self), tm_move_context(self)
        cdef PyObject *result
        if context is None:
            pass
        elif self.shared_context:
            enter(&shift.spare, context)
        else:
            PyContext_Enter(<PyObject *>context)
        if PyTuple_CheckExact(args) and kwds is None:
            result = tm_call_tuple(func, args)
        else:
            result = tm_call_unpacked(func, args, kwds)
        if result == NULL:
            value = tm_take_exception()
        else:
            value = tm_own(result)
        if context is None:
            pass
        elif self.shared_context:
            leave(&shift.spare)
        else:
            PyContext_Exit(<PyObject *>context)
        func = args = kwds = context = None     # gone before anybody learns that the task has ended
        return self.settle(value, result != NULL, engine, shift)
