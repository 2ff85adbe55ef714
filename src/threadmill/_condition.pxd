# The lock of a future that other code has touched.


cdef class LazyCondition:
    cdef object lock
    cdef object condition           # made under the lock, which all that needs it holds

    cdef object made(self)
    # Locks it, whatever signal handlers raise meanwhile: returns the last of that, or None.
    cdef object lock_for_sure(self)
    # For the holder: wakes those who wait, if any.
    cdef int wake_all(self) except -1
