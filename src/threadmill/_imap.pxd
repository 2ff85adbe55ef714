# The jobs of imap and imap_unordered.

from libc.stdint cimport int64_t

from threadmill._context cimport Spare
from threadmill._core cimport Engine, Outbox, Shift


cdef class IMapIterator(Outbox):
    cdef object func
    cdef object source              # the input's iterator. Only who has the job out of the queue reads it.
    cdef bint ordered
    cdef object context             # as in Call

    cdef object next_value(self, int64_t deadline)
    cdef int let_go(self) except -1
    cdef int run_next(self, Engine engine, Shift *shift, object func, Spare *spare) except -1
    cdef object __weakref__


cdef class IMapUnorderedIterator(IMapIterator):
    pass
