# The map's job.

from threadmill._context cimport Spare
from threadmill._core cimport Engine, Shift
from threadmill._csrc cimport tm_atomic_size
from threadmill._results cimport ApplyResult


cdef class MapResult(ApplyResult):
    # The input is in `args`: an exact list, an exact tuple, or None for a range that is computed.
    cdef Py_ssize_t start, step             # of the range
    cdef Py_ssize_t length                  # of the input
    cdef Py_ssize_t chunksize               # the user's, or 0
    cdef bint star
    # Slots that workers fill, each its own; no other thread sees the list until it is the result.
    cdef list results
    cdef tm_atomic_size next                # the first item that is not claimed yet, or beyond
    cdef tm_atomic_size left                # items not ended; who brings it to zero sees all slots
    cdef tm_atomic_size failed              # 1 once an item has raised; who sets it writes `error`
    cdef object error
    cdef tm_atomic_size readers             # of func, args and context. The owner leaves when the map is failed.

    cdef int get_out(self) except -1
    # `may_leave`: the shift is the worker's own, not that of a wait inside of a task.
    cdef int run_ranges(self, Engine engine, Shift *shift, size_t first, size_t claim, bint may_leave) except -1
    cdef int run_range(self, object func, Py_ssize_t i, Py_ssize_t end, Shift *shift) except -1
    cdef int run_items(self, object func, Py_ssize_t i, Py_ssize_t end, Spare *spare) except -1
    cdef int finish(self, Engine engine, Shift *shift) except -1


cdef MapResult new_map(object func, object iterable, Py_ssize_t chunksize, bint star, object context)
