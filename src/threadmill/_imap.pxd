# The jobs of imap and imap_unordered.

from cpython.object cimport PyObject
from libc.stdint cimport int64_t

from threadmill._context cimport Spare
from threadmill._core cimport Engine, Outbox, Shift


cdef class IMapIterator(Outbox):
    cdef object func
    # The input, which only who has the job out of the queue reads: its iterator, or all items, the first one last.
    cdef object source
    cdef list pile
    cdef bint ordered
    cdef bint star                  # items are tuples of arguments
    cdef object context             # as in Call

    cdef object next_value(self, int64_t deadline)
    # The next item of the input, a new reference; NULL if there is none, or with an error.
    cdef PyObject *read(self) noexcept
    cdef int let_go(self) except -1
    cdef int run_next(self, Engine engine, Shift *shift, object func, Spare *spare) except -1
    cdef object __weakref__


cdef class IMapUnorderedIterator(IMapIterator):
    pass


cdef class ExecutorMap(IMapIterator):
    # Lets nothing begin any more. For a thread that may have the job neither out of the queue nor in it.
    cdef int stop(self) except -1
