# ApplyResult, the job of a single call, and base of the map's handle.

from threadmill._call cimport Call


cdef class ApplyResult(Call):
    cdef object value               # the result, or the exception
    cdef object callback
    cdef object error_callback
    cdef bint success
    cdef object __weakref__

    # For who has queued one with callbacks: the collector need not look at them until it ends.
    cdef int untrack_callbacks(self) except -1
    cdef object take_callback(self)

    # For the claimer of a job that will not run.
    cdef int end_unrun(self, object error) except -1
