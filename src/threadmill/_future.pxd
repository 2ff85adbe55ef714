# FutureCore: the job of a submitted call, and the C half of Future.

from threadmill._call cimport Call
from threadmill._condition cimport LazyCondition
from threadmill._csrc cimport tm_atomic_u32


cdef enum Outcome:
    PENDING                         # not ended yet
    RETURNED
    RAISED
    CANCELLED                       # and those who wait for several futures have not been told
    NOTIFIED                        # cancelled, and they have


cdef class FutureCore(Call):
    cdef tm_atomic_u32 outcome      # an Outcome. With the next two, written by the claimer before it completes
    cdef object value
    cdef object error
    cdef bint submitted             # queued by an executor, which alone runs it
    # Made when they are needed; who makes one watches the latch. In critical sections of the future:
    cdef object callbacks           # a list, or None
    cdef LazyCondition condition    # what other code locks: guards `waiters`
    cdef object waiters             # a list, or None

    cdef bint ended(self) except -1
    cdef LazyCondition condition_of(self)
    cdef bint begin_to_watch(self, object callback, bint add) except -1
    # Before it is called: this very object.
    cdef int forget_callback(self, object callback) except -1
    cdef bint cancel_by_hand(self) except -1
    cdef int write(self, Outcome outcome, object value) except -1
    cdef int end_by_hand(self, Outcome outcome, object value) except -1
    cdef int call(self, object callback, bint in_worker) except -1
    cdef int end(self, Outcome outcome, object value) except -1
    cdef int owe(self, LazyCondition condition) except -1
    cdef int tell(self, LazyCondition condition) except -1
    cdef int notify_waiters(self) except -1
    cdef int call_callbacks(self, bint in_worker) except -1
    cdef int wait_for_end(self, object timeout) except -1
