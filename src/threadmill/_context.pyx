"""Running tasks in copies of their submitter's contextvars context.

A task of a map gets a copy of its own, as far as it can tell: a worker goes on with the same copy as long
as no task has set a variable in it. Contexts are immutable mappings behind one pointer, which a set
replaces, so one comparison tells. Where that pointer stands in the object is no public fact. It is found
out at import, by trying; where that fails, each task gets a copy.
"""

from contextvars import ContextVar, Context
from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF, Py_XDECREF

cdef extern from "_python.h":
    void tm_hand_over(object value)

cdef extern from "Python.h":
    object PyContext_CopyCurrent()
    object PyContext_Copy(object context)


cdef Py_ssize_t vars_offset = -1    # of the pointer to the mapping in a context; -1: not known


cdef inline void *word_at(PyObject *context, Py_ssize_t offset) noexcept nogil:
    return (<void **>(<char *>context + offset))[0]


cdef object empty = Context()       # nobody enters it
cdef PyObject *EMPTY = <PyObject *>empty


cdef object copy_current():
    context = PyContext_CopyCurrent()
    tm_hand_over(context)
    return context


cdef bint same(PyObject *one, PyObject *other) noexcept nogil:
    return vars_offset >= 0 and word_at(one, vars_offset) == word_at(other, vars_offset)


cdef bint is_empty(PyObject *current) noexcept nogil:
    return vars_offset >= 0 and (current == NULL or same(current, EMPTY))


cdef int enter(Spare *spare, object snapshot) except -1:
    cdef PyObject *original = <PyObject *>snapshot
    if snapshot is ...:
        original = EMPTY
    if spare.snapshot != original:
        drop(spare)
        copy = PyContext_Copy(<object>original)
        Py_INCREF(copy)
        spare.copy = <PyObject *>copy
        Py_INCREF(<object>original)
        spare.snapshot = original
    return PyContext_Enter(spare.copy)


cdef int leave(Spare *spare) except -1:
    PyContext_Exit(spare.copy)
    return drop(spare) if changed(spare) else 0


cdef bint changed(Spare *spare) noexcept nogil:
    # Nobody else can enter the copy, so its pointer is this thread's; the snapshot's never changes.
    return not same(spare.copy, spare.snapshot)


cdef int drop(Spare *spare) except -1:
    cdef PyObject *copy = spare.copy
    cdef PyObject *snapshot = spare.snapshot
    spare.copy = spare.snapshot = NULL
    Py_XDECREF(copy)
    Py_XDECREF(snapshot)
    return 0


def _find_vars_offset():
    """The one word that copies share, that differs between other contexts, and that a set replaces."""
    variable = ContextVar("threadmill._context.variable")
    context, other = Context(), Context()
    context.run(variable.set, 1)
    other.run(variable.set, 2)
    same, changed = context.copy(), context.copy()
    changed.run(variable.set, 3)
    found = [
        offset
        for offset in range(sizeof(PyObject), Context.__basicsize__, sizeof(void *))
        if word_at(<PyObject *>context, offset) == word_at(<PyObject *>same, offset) != NULL
        and word_at(<PyObject *>context, offset) != word_at(<PyObject *>changed, offset)
        and word_at(<PyObject *>context, offset) != word_at(<PyObject *>other, offset)
    ]
    return found[0] if len(found) == 1 else -1


vars_offset = _find_vars_offset()


def _finds_changes():
    """For tests: whether an unchanged context is told from a changed one."""
    return vars_offset >= 0
