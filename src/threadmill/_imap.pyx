"""The jobs of imap: workers pull the input themselves.

The job goes round: the worker that takes it from the queue is the only one that reads the input; it
takes one item, puts the job back for the next worker, and then runs its item. So the input needs no
lock and no thread of its own, and is read no faster than workers are free.
"""

from cpython.object cimport PyObject
from cpython.ref cimport Py_DECREF
from libc.stdint cimport int64_t

from concurrent.futures import CancelledError

from threadmill._context cimport Spare, changed, enter, leave
from threadmill._core cimport END, LATE, Engine, Outbox, Shift, deadline_after
from threadmill._csrc cimport (
    TM_FOREVER, TM_FULL, TM_FULL_AWAITED, TM_NO_MEMORY, TM_RESERVED, tm_latch_claim, tm_latch_claimed,
    tm_reserve_result,
)
from threadmill._errors import TimeoutError


cdef extern from "_python.h":
    object tm_own(PyObject *reference)
    object tm_take_exception()
    PyObject *tm_call_one(object func, object item)


cdef extern from "Python.h":
    PyObject *PyIter_Next(object iterator)
    PyObject *PyErr_Occurred()


cdef class IMapIterator(Outbox):
    """What `imap` returns: gives the results in the order of the input. As
    `multiprocessing.pool.IMapIterator`."""

    def __cinit__(self, Engine engine, size_t limit, func, source, *_):
        self.context = engine.capture()
        self.func = func
        self.source = source
        self.ordered = True

    def __iter__(self):
        return self

    def __next__(self):
        return self.next_value(TM_FOREVER)

    def next(self, timeout=None):
        """The next result, waiting for it up to `timeout` seconds (None: for ever).

        Raises what its task raised, TimeoutError, and StopIteration at the end."""
        return self.next_value(deadline_after(timeout))

    cdef object next_value(self, int64_t deadline):
        value = self.take(self.ordered, deadline)
        if value is END:
            raise StopIteration
        if value is LATE:
            raise TimeoutError
        return value

    cdef int help(self, Engine engine, Shift *shift) except -1:
        return self.run(engine, shift)

    cdef int run(self, Engine engine, Shift *shift) except -1:
        if tm_latch_claimed(&self.item.latch):
            self.let_go()
            return engine.forget()
        func = self.func
        if self.context is None:
            return self.run_next(engine, shift, func, NULL)
        enter(&shift.spare, self.context)
        self.run_next(engine, shift, func, &shift.spare)
        return leave(&shift.spare)

    cdef int let_go(self) except -1:
        self.source = self.func = self.context = None
        return 0

    cdef int run_next(self, Engine engine, Shift *shift, object func, Spare *spare) except -1:
        cdef size_t index = 0
        cdef tm_reserve_result reserved = self.reserve(&index)
        if reserved == TM_FULL:                 # whoever takes a value puts the job back
            return 0
        if reserved == TM_FULL_AWAITED:
            self.notify(shift)
            return 0
        if reserved == TM_NO_MEMORY:
            self.fail(MemoryError())
            return engine.forget()
        shift.place[0] = index
        cdef PyObject *item = PyIter_Next(self.source)
        if item == NULL:
            self.let_go()
            if PyErr_Occurred() != NULL:
                self.put(index, tm_take_exception(), True, self.ordered, shift)
                self.end(False)
            else:
                self.end(True)
            return engine.forget()
        self.back_to_queue()
        # From here on another worker may be reading the input.
        if spare != NULL and changed(spare):    # by the input's iterator
            context = <object>spare.snapshot    # leave() lets go of it, and the job may have by now
            leave(spare)
            enter(spare, context)
        cdef PyObject *result = tm_call_one(func, <object>item)
        Py_DECREF(<object>item)
        if result == NULL:
            return self.put(index, tm_take_exception(), True, self.ordered, shift)
        return self.put(index, tm_own(result), False, self.ordered, shift)

    cdef int fail(self, object error) except -1:
        """Ends the values with the error, after those that are being worked on."""
        cdef size_t index = 0
        if tm_latch_claim(&self.item.latch):
            self.let_go()
            self.lift()
            if self.reserve(&index) == TM_RESERVED:
                self.put(index, CancelledError() if error is None else error, True, self.ordered, NULL)
            self.end(False)
        return 0

    cdef int lose(self, object error) except -1:
        cdef size_t index = 0
        cdef bint at_its_end = self.source is None
        tm_latch_claim(&self.item.latch)
        self.let_go()
        self.lift()
        self.fill(error, self.ordered)
        if not at_its_end and self.reserve(&index) == TM_RESERVED:
            self.put(index, error, True, self.ordered, NULL)
        self.end(False)
        return 0


cdef class IMapUnorderedIterator(IMapIterator):
    """What `imap_unordered` returns: gives the results as they come. As
    `multiprocessing.pool.IMapUnorderedIterator`."""

    def __cinit__(self, *_):
        self.ordered = False
