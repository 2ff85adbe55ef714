"""The job of a map: one for all items, of which workers claim ranges.

A claim is one item while items are slow, and more as they prove fast, up to what takes CLAIM_NS: so
that a slow item holds up nothing that takes longer than that. With a chunksize of the user's, a claim
is exactly one chunk. Whoever takes the job from the queue puts it back before it begins, as long as
items are left to claim: so one entry brings one worker after another.
"""

from cpython.list cimport PyList_CheckExact
from cpython.object cimport PyObject
from cpython.ref cimport Py_DECREF
from cpython.tuple cimport PyTuple_CheckExact
from libc.stdint cimport int64_t

from threadmill._context cimport Spare, changed, enter, leave
from threadmill._core cimport Engine, Shift, tm_hand_over
from threadmill._csrc cimport *
from threadmill._results cimport ApplyResult


cdef extern from "_python.h":
    object tm_take_exception()
    PyObject *tm_list_item(object list, Py_ssize_t i)
    PyObject *tm_tuple_item(object tuple, Py_ssize_t i)
    PyObject *tm_call_one(object func, object item)
    PyObject *tm_call_tuple(object func, object args)
    PyObject *tm_call_unpacked(object func, object args, object kwds)


cdef extern from "Python.h":
    list PyList_New(Py_ssize_t length)
    void PyList_SET_ITEM(object list, Py_ssize_t i, PyObject *item)
    Py_ssize_t PY_SSIZE_T_MAX
    PyObject *PyLong_FromSsize_t(Py_ssize_t value)
    void PyObject_GC_Track(object list)
    void PyObject_GC_UnTrack(object list)


cdef int64_t CLAIM_NS = 10_000


cdef class MapResult(ApplyResult):
    """What `map_async` and `starmap_async` return. As `multiprocessing.pool.MapResult`."""

    cdef int get_out(self) except -1:
        if tm_readers_leave(&self.readers):
            self.forget_task()
        return 0

    cdef int run(self, Engine engine, Shift *shift) except -1:
        cdef size_t claim = self.chunksize if self.chunksize else 1
        cdef size_t first = atomic_fetch_add_explicit(&self.next, claim, memory_order_relaxed)
        cdef size_t length = self.length
        if self.item.shared:
            if first + claim < length and not tm_latch_claimed(&self.item.latch):
                engine.put_back(self)
            else:
                engine.forget()
        # Only with items of its own, which `left` counts: so nobody can be in finish() meanwhile.
        if first < length and tm_readers_enter(&self.readers):
            self.run_ranges(engine, shift, first, claim, True)
            self.get_out()
        return 0

    cdef int help(self, Engine engine, Shift *shift) except -1:
        cdef size_t claim = self.chunksize if self.chunksize else 1
        cdef size_t first = atomic_fetch_add_explicit(&self.next, claim, memory_order_relaxed)
        cdef size_t length = self.length
        if first < length and tm_readers_enter(&self.readers):
            self.run_ranges(engine, shift, first, claim, False)
            self.get_out()
        return 0

    cdef int run_ranges(self, Engine engine, Shift *shift, size_t first, size_t claim,
                        bint may_leave) except -1:
        cdef size_t length = self.length
        func = self.func
        cdef int64_t before, now = engine.breathe(shift)
        cdef size_t end
        while first < length:
            end = min(first + claim, length)
            before = now
            self.run_range(func, first, end, shift)
            # acq_rel: releases this range's slots and `error`, acquires the others' for the last one.
            if atomic_fetch_sub_explicit(&self.left, end - first, memory_order_acq_rel) == end - first:
                func = None                             # gone before anybody learns that the map has ended
                if tm_latch_claim(&self.item.latch):
                    self.finish(engine, shift)
                return 0
            now = engine.breathe(shift)
            if may_leave and engine.steps_aside(shift, end - first):   # the job is in the queue while items are left
                return 0
            if self.chunksize == 0:
                claim = next_claim(claim, now - before)
            first = atomic_fetch_add_explicit(&self.next, claim, memory_order_relaxed)
        return 0

    cdef int run_range(self, object func, Py_ssize_t i, Py_ssize_t end, Shift *shift) except -1:
        if self.context is None:
            return self.run_items(func, i, end, NULL)
        enter(&shift.spare, self.context)
        self.run_items(func, i, end, &shift.spare)
        return leave(&shift.spare)

    cdef int run_items(self, object func, Py_ssize_t i, Py_ssize_t end, Spare *spare) except -1:
        cdef PyObject *item
        cdef PyObject *result
        # Read once: each use of an attribute counts its references, which all workers of the map would fight for.
        args = self.args
        results = self.results
        while i < end:
            if tm_latch_claimed(&self.item.latch):      # terminated
                return 0
            if args is None:
                item = PyLong_FromSsize_t(self.start + i * self.step)
            elif PyTuple_CheckExact(args):
                item = tm_tuple_item(args, i)
            else:
                item = tm_list_item(args, i)            # the user may have shortened it
            result = NULL
            if item != NULL:
                if not self.star:
                    result = tm_call_one(func, <object>item)
                elif PyTuple_CheckExact(<object>item):
                    result = tm_call_tuple(func, <object>item)
                else:
                    result = tm_call_unpacked(func, <object>item, None)
                Py_DECREF(<object>item)
            if result != NULL:
                tm_hand_over(<object>result)
                PyList_SET_ITEM(results, i, result)
            else:
                error = tm_take_exception()
                # relaxed: `error` is published by the subtraction from `left`.
                if atomic_exchange_explicit(&self.failed, 1, memory_order_relaxed) == 0:
                    self.error = error
                error = None
                if self.chunksize:                     # the rest of a failing chunk is skipped
                    return 0
            i += 1
            if spare != NULL and changed(spare):        # the next item gets another copy
                leave(spare)
                enter(spare, self.context)
        return 0

    cdef int fail(self, object error) except -1:
        # relaxed: if all items have been claimed, who claimed them ends it; its entry may still be queued.
        cdef size_t length = self.length
        if atomic_load_explicit(&self.next, memory_order_relaxed) >= length:
            return 0
        if tm_latch_claim(&self.item.latch):
            self.end_unrun(error)
            self.get_out()
        return 0

    cdef int finish(self, Engine engine, Shift *shift) except -1:
        self.forget_task()      # the others have no items left to read it for
        results, self.results = self.results, None
        error, self.error = self.error, None
        if atomic_load_explicit(&self.failed, memory_order_relaxed):
            return self.settle(error, False, engine, shift)
        PyObject_GC_Track(results)
        return self.settle(results, True, engine, shift)

    @property
    def _chunksize(self):
        return max(self.chunksize, 1)

    @property
    def _number_left(self):
        cdef size_t size = max(self.chunksize, 1)
        return (atomic_load_explicit(&self.left, memory_order_relaxed) + size - 1) // size

    @property
    def _length(self):
        return self.length


cdef size_t next_claim(size_t claim, int64_t elapsed):
    """Twice as much if this one took less than half of CLAIM_NS; one again if far more."""
    if elapsed < CLAIM_NS // 2:
        return 2 * claim
    return claim if elapsed < 2 * CLAIM_NS else 1


cdef MapResult new_map(object func, object iterable, Py_ssize_t chunksize, bint star, object context):
    """A map over all items of the iterable, not yet queued. Raises what iterating raises."""
    cdef MapResult job = MapResult.__new__(MapResult)
    job.star = star
    job.chunksize = chunksize
    args = None
    if type(iterable) is range and computable(iterable):
        job.length = len(iterable)
        if job.length:
            job.start = iterable[0]
        if job.length > 1:                              # else the step may be beyond a C integer
            job.step = iterable[1] - job.start
    else:
        if not PyList_CheckExact(iterable) and not PyTuple_CheckExact(iterable):
            iterable = list(iterable)
        args = iterable
        job.length = len(iterable)
    if job.length == 0:
        job.value = []
        job.success = True
        job.complete()
        return job
    job.prepare(func, args, None, context)
    tm_readers_init(&job.readers)
    tm_item_init(&job.item, job.length > max(chunksize, 1))
    atomic_store_explicit(&job.left, job.length, memory_order_relaxed)
    job.results = PyList_New(job.length)
    PyObject_GC_UnTrack(job.results)
    return job


cdef bint computable(object values) except -1:
    """Whether start + i * step is in the range of a C integer all along."""
    return not values or (abs(values[0]) < PY_SSIZE_T_MAX // 2 and abs(values[-1]) < PY_SSIZE_T_MAX // 2)
