# ApplyResult, the job of a single call, and base of the map's handle.

from threadmill._core cimport Engine, Job, Shift


cdef class ApplyResult(Job):
    cdef object func                # None once it has run
    cdef object args
    cdef object kwds                # None if there are none
    cdef object value               # the result, or the exception
    cdef object callback
    cdef object error_callback
    cdef bint success
    cdef object __weakref__

    # For the claimer: writes the result, runs the callbacks, publishes.
    cdef int settle(self, object value, bint success, Engine engine, Shift *shift) except -1
