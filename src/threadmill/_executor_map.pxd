# The job of an executor's map whose input has been read.

from threadmill._core cimport Engine, Outbox, Shift
from threadmill._csrc cimport tm_atomic_size


cdef class ExecutorMap(Outbox):
    cdef object func
    cdef object context             # as in Call
    cdef list items                 # The job's own. An item is moved out by who claims it.
    cdef size_t length
    cdef bint star                  # items are tuples of arguments
    cdef tm_atomic_size next        # the first item that is not claimed yet, or beyond
    # Of func, context and items. Who makes `next` reach the length leaves for the owner.
    cdef tm_atomic_size readers

    # The next item, or beyond. Calls C only: nothing can be raised.
    cdef size_t claim(self) noexcept
    # The first item that nobody had claimed, or beyond: from here on nothing begins.
    cdef size_t claim_all(self) except? 0
    cdef int get_out(self) except -1
    cdef int begin(self, Engine engine, Shift *shift, bint goes_on) except -1
    cdef int let_go(self) except -1
    # Begins with an item that is claimed, as a reader, and leaves. `goes_on`: with those after it.
    cdef int run_items(self, size_t index, Engine engine, Shift *shift, bint goes_on) except -1
    # Lets nothing begin any more.
    cdef int stop(self) except -1
