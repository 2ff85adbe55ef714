# The lock of a future that other code has touched.


cdef class LazyCondition:
    cdef object lock
    cdef object condition           # while somebody waits on it; in the hands of who holds the lock

    # In critical sections of the condition: what to call under the lock for those who wait, or None.
    cdef object owed

    cdef object call(self, str name, tuple args)
    cdef object debt(self)
    # Whether the caller holds the lock, and what it waits for has come since it does.
    cdef bint owes_holder(self) except -1
    cdef int pay(self) except -1
    cdef int begin_to_hold(self) except -1
    # After `owed` was set, or the lock let go: makes the call unless somebody holds the lock, who will.
    cdef int pay_if_free(self) except -1
    # For the holder: wakes those who wait, if any.
    cdef int wake_all(self) except -1
