"""The job of an executor's map whose input has been read: a list.

Workers claim one item after the other, without a lock, until none is left, and put each result into its
place. Whoever takes the job from the queue puts it back before it begins, as long as items are left: so one
entry brings one worker after another. Never is more than one item claimed at a time, since a task may wait
for what the next one does.
"""

cimport cython
from cpython.list cimport PyList_GET_ITEM
from cpython.object cimport PyObject
from cpython.ref cimport Py_DECREF

from concurrent.futures import CancelledError

from threadmill._context cimport Spare, changed, enter, leave
from threadmill._core cimport Engine, Outbox, Shift, tm_hand_over
from threadmill._csrc cimport (
    atomic_exchange_explicit, atomic_fetch_add_explicit, atomic_load_explicit, memory_order_relaxed,
    tm_readers_enter, tm_readers_init, tm_readers_leave,
)


cdef extern from "_python.h":
    object tm_own(PyObject *reference)
    object tm_take_exception()
    PyObject *tm_list_take(list items, Py_ssize_t i)
    PyObject *tm_call_one(object func, object item)
    PyObject *tm_call_tuple(object func, object args)


cdef class ExecutorMap(Outbox):
    """Its values, which are taken in order, are the results of func(item), or with `star` of func(*item)."""

    def __cinit__(self, Engine engine, size_t length, func, list items, bint star):
        self.context = engine.capture()
        self.func = func
        self.items = items
        self.length = length
        self.star = star
        tm_readers_init(&self.readers)
        self.reserve_all(length)
        cdef Py_ssize_t i
        for i in range(<Py_ssize_t>length):
            tm_hand_over(<object>PyList_GET_ITEM(items, i))

    cdef size_t claim(self) noexcept:
        # relaxed: the items were written before the job was queued, and each has one reader.
        cdef size_t index = atomic_fetch_add_explicit(&self.next, 1, memory_order_relaxed)
        if index + 1 == self.length:
            tm_readers_leave(&self.readers)     # for the owner: the caller is a reader, so not the last one
        return index

    cdef size_t claim_all(self) except? 0:
        cdef size_t index = atomic_exchange_explicit(&self.next, self.length, memory_order_relaxed)
        if index < self.length:
            self.get_out()
        return index

    cdef int get_out(self) except -1:
        return self.let_go() if tm_readers_leave(&self.readers) else 0

    cdef int let_go(self) except -1:
        with cython.critical_section(self):     # against _task()
            self.func = self.context = self.items = None
        return 0

    cdef int run(self, Engine engine, Shift *shift) except -1:
        return self.begin(engine, shift, True)

    cdef int help(self, Engine engine, Shift *shift) except -1:
        return self.begin(engine, shift, False)

    cdef int begin(self, Engine engine, Shift *shift, bint goes_on) except -1:
        if not tm_readers_enter(&self.readers):
            return engine.forget()
        cdef size_t index = self.claim()
        if index + 1 < self.length:
            self.back_to_queue()
        else:
            engine.forget()
        return self.run_items(index, engine, shift, goes_on) if index < self.length else self.get_out()

    cdef int run_items(self, size_t index, Engine engine, Shift *shift, bint goes_on) except -1:
        # Read once: each use of an attribute counts its references, which all workers of the map would fight for.
        func, context, items = self.func, self.context, self.items
        cdef Spare *spare = NULL if context is None else &shift.spare
        cdef bint failed
        cdef size_t place
        cdef PyObject *item
        cdef PyObject *result
        if spare != NULL:
            enter(spare, context)
        while True:
            shift.place[0] = place = index
            item = tm_list_take(items, index)
            result = tm_call_tuple(func, <object>item) if self.star else tm_call_one(func, <object>item)
            Py_DECREF(<object>item)
            failed = result == NULL
            value = tm_take_exception() if failed else tm_own(result)
            index = self.claim() if goes_on and not engine.done_one(shift) else self.length
            if index >= self.length:
                break
            self.put(place, value, failed, True, NULL)
            value = None                        # so that it is not held here meanwhile
            if spare != NULL and changed(spare):
                leave(spare)
                enter(spare, context)
        if spare != NULL:
            leave(spare)
        # Before the value, which may be the last one: with that nothing is left of the map.
        func = context = items = None
        self.get_out()
        return self.put(place, value, failed, True, shift)

    cdef int fail(self, object error) except -1:
        """Ends the values with the error, after those that are being worked on."""
        cdef size_t index = self.claim_all()
        if index < self.length:
            self.put(index, CancelledError() if error is None else error, True, True, NULL)
            self.cut(index + 1)
        return 0

    cdef int lose(self, object error) except -1:
        cdef size_t index = self.claim_all()
        if index < self.length:
            self.cut(index + 1)
        self.let_go()                           # its readers are gone
        return self.fill(error, True)

    cdef int stop(self) except -1:
        self.claim_all()
        return 0

    def _task(self):
        """(fn, args, kwargs) of one that waits in a queue: it has no arguments of its own."""
        with cython.critical_section(self):
            return self.func, (), {}

    def _cancel(self):
        """Ends it as cancelled, by the thread that has taken it out of the queue."""
        cdef bint pending = atomic_load_explicit(&self.next, memory_order_relaxed) < self.length
        self.fail(None)
        return pending
