# The lock of a future that other code has touched.


cdef class LazyCondition:
    cdef object lock
    cdef object condition           # made under the lock, which all that needs it holds

    cdef object made(self)
    # For the holder: wakes those who wait, if any.
    cdef int wake_all(self) except -1
