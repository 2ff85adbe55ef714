# The jobs of imap and imap_unordered.

from threadmill._context cimport Spare
from threadmill._core cimport Engine, Outbox, Shift


cdef class IMapIterator(Outbox):
    cdef object func
    cdef object source              # the input's iterator. Only who has the job out of the queue reads it.
    cdef bint ordered
    cdef object context             # the submitter's, or None

    cdef int run_next(self, Engine engine, Shift *shift, object func, Spare *spare) except -1
    cdef object __weakref__


cdef class IMapUnorderedIterator(IMapIterator):
    pass
