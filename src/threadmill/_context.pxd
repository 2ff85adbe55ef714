# Running tasks in copies of their submitter's contextvars context.

from cpython.object cimport PyObject


cdef extern from "Python.h":
    int PyContext_Enter(PyObject *context) except -1
    int PyContext_Exit(PyObject *context) except -1


cdef struct Spare:
    # A worker's copy of a snapshot, kept from one task to the next as long as none has changed it. Owned
    # references; all zeros is empty. On the worker's stack, touched by no other thread.
    PyObject *snapshot
    PyObject *copy


# A copy of the caller's context, which another thread will drop.
cdef object copy_current()
# Whether the caller's context, which is this one, or NULL, is known to be empty. Then an Ellipsis stands for its copy,
# which is not made, and whose references nobody counts.
cdef bint is_empty(PyObject *current) noexcept nogil
# Whether two contexts are known to hold the same.
cdef bint same(PyObject *one, PyObject *other) noexcept nogil
# Enters a copy of the snapshot (or of an empty context, for an Ellipsis) that no task has changed.
cdef int enter(Spare *spare, object snapshot) except -1
# Leaves it again, and lets go of it if the task has changed it.
cdef int leave(Spare *spare) except -1
# Whether the copy that was entered has been changed since.
cdef bint changed(Spare *spare) noexcept nogil
# Before the worker sleeps: pins nothing.
cdef int drop(Spare *spare) except -1
