# The jobs of imap and imap_unordered.

from threadmill._core cimport Outbox


cdef class IMapIterator(Outbox):
    cdef object func
    cdef object source              # the input's iterator. Only who has the job out of the queue reads it.
    cdef bint ordered
    cdef object __weakref__


cdef class IMapUnorderedIterator(IMapIterator):
    pass
