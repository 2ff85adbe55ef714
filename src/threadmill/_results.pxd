# ApplyResult, the job of a single call, and base of the map's handle.

from threadmill._call cimport Call


cdef class ApplyResult(Call):
    cdef object value               # the result, or the exception
    cdef object callback
    cdef object error_callback
    cdef bint success
    cdef object __weakref__

    # For the claimer of a job that will not run.
    cdef int end_unrun(self, object error) except -1
