# Included in _core.pyx: Outbox, the job of an imap, and the consumer's side of its values.

cdef object END = object(), LATE = object()


cdef class Outbox(Job):
    def __cinit__(self, Engine engine not None, size_t limit, *_):
        tm_item_init(&self.item, True)
        tm_outbox_init(&self.box, limit)
        Py_INCREF(engine)
        self.engine = <void *>engine

    def __dealloc__(self):
        if self.engine == NULL:                     # __cinit__ failed
            return
        self.drop_values()
        Py_DECREF(<Engine>self.engine)
        tm_outbox_free(&self.box)

    cdef int drop_values(self) except -1:
        cdef void *value = NULL
        cdef cbool unblocked
        if self.lift():                             # before a take says so
            (<Engine>self.engine).forget()          # it was neither queued nor run: it waited for room
        while tm_outbox_take(&self.box, &value, &unblocked) == TM_OUT_VALUE:
            Py_DECREF(<object><PyObject *>(<uintptr_t>value & ~<uintptr_t>1))
        return 0

    cdef tm_reserve_result reserve(self, size_t *index) noexcept:
        return tm_outbox_reserve(&self.box, index)

    cdef int reserve_all(self, size_t count) except -1:
        if not tm_outbox_reserve_all(&self.box, count):
            raise MemoryError
        return 0

    cdef int cut(self, size_t count) except -1:
        tm_outbox_cut(&self.box, count)
        return 0

    cdef int put(self, size_t index, object value, bint is_error, bint ordered, Shift *shift) except -1:
        cdef void *tagged = <void *>(<uintptr_t><PyObject *>value | <uintptr_t>is_error)
        tm_incref_for_others(value)
        if tm_outbox_put(&self.box, index, tagged) if ordered else tm_outbox_put_next(&self.box, tagged):
            self.notify(shift)
        return 0

    cdef void notify(self, Shift *shift) noexcept:
        """Wakes the consumers; with a GIL, not before a worker that is about to sleep has given it up."""
        if TM_GIL and shift != NULL and shift.owed_outbox == NULL:
            shift.owed_outbox = &self.box
        else:
            tm_outbox_notify(&self.box)

    cdef int end(self, bint unreserve) except -1:
        tm_outbox_end(&self.box, unreserve)
        return 0

    cdef int fill(self, object error, bint ordered) except -1:
        """Puts the error into all places that have been promised and have no value yet."""
        cdef size_t index = 0
        while tm_outbox_gap(&self.box, ordered, &index):
            self.put(index, error, True, ordered, NULL)
        return 0

    cdef object take(self, bint ordered, int64_t deadline):
        cdef void *tagged = NULL
        cdef cbool unblocked
        cdef tm_out_result result
        cdef tm_worker *worker = tm_worker_self()
        cdef bint helps = worker != NULL and worker.queue == self.home and deadline != 0
        cdef Look look
        look.box = &self.box
        while True:
            look.since = tm_outbox_epoch(&self.box)
            result = tm_outbox_take(&self.box, &tagged, &unblocked)
            if result == TM_OUT_VALUE:
                break
            if result == TM_OUT_END:
                return END
            if helps:
                if not self.help_or_wait(worker, &look, ordered, deadline):
                    return LATE
            elif not self.sleep(wait_for_outbox, &look, &self.box, ordered, deadline):
                return LATE
        value = <object><PyObject *>(<uintptr_t>tagged & ~<uintptr_t>1)
        Py_DECREF(value)                        # the slot's reference; `value` holds its own
        if unblocked:
            self.back_to_queue()
        if <uintptr_t>tagged & 1:
            raise value
        return value

    cdef bint help_or_wait(self, tm_worker *worker, Look *look, bint ordered, int64_t deadline) except -1:
        """As in wait_until. If the job is out, another worker has it, which may put it back and then wait for
        what the next item brings: so the caller sleeps no longer than that."""
        tm_outbox_count_helper(&self.box, 1)
        try:
            if not tm_workq_take_this(self.home, &self.item):
                return self.sleep(wait_for_outbox, look, &self.box, ordered, deadline)
        finally:
            tm_outbox_count_helper(&self.box, -1)
        Py_DECREF(self)                         # the queue's reference; the caller has its own
        self.help_here(worker)
        return True

    cdef int back_to_queue(self) except -1:
        """After it was taken out, or stopped at its bound."""
        tm_outbox_let_others_reserve(&self.box)
        (<Engine>self.engine).put_back(self)
        if tm_outbox_has_helpers(&self.box):
            tm_outbox_tell_helpers(&self.box)
        return 0

    cdef bint lift(self) noexcept:
        """Takes the bound away. True if the job had stopped at it, and was neither queued nor run."""
        return tm_outbox_unlimit(&self.box)

    def _unlimit(self):
        """Lets the input be read to its end, so that the pool can be joined."""
        if self.lift():
            self.back_to_queue()


cdef int visit_values(PyObject *outbox, visitproc visit, void *arg) noexcept:
    """The collector's look at the values that nobody has taken: an error may lead back to the outbox, by the
    frames of its traceback. (Called by subclasses' own; Cython makes none for what it does not know to be objects.)"""
    cdef size_t index = 0
    cdef void *value = NULL
    cdef int result
    while tm_outbox_next_value(<tm_outbox *>(<char *>outbox + box_offset), &index, &value):
        result = visit(<PyObject *>(<uintptr_t>value & ~<uintptr_t>1), arg)
        if result:
            return result
    return 0


cdef int clear_values(PyObject *outbox) noexcept:
    (<Outbox>outbox).drop_values()
    return 0
