# Included in _core.pyx: Job, the base of all work, and how a thread waits for one.

cdef Job job_of(tm_item *item):
    return <Job><PyObject *>(<char *>item - item_offset)


cdef Job take_job(tm_item *item):
    """The same, with the reference that the item's list held."""
    return tm_own(<char *>item - item_offset)


cdef int report(object where, object error) except -1:
    """Tells sys.unraisablehook. In an `except` clause the error is no more the current one, as which that
    expects it."""
    PyErr_SetObject(type(error), error)
    PyErr_WriteUnraisable(where)
    return 0


cdef int fail_with(Job job, failure) except -1:
    """Ends it with failure(); None: as cancelled. If that raises, the job ends with what it raises, and so does
    the call: whatever comes, no handle waits for ever."""
    try:
        error = None if failure is None else failure()
    except BaseException as raised:
        job.fail(raised)
        raise
    return job.fail(error)


def caused(cls, message, cause):
    """An error with a cause, made without Python code, between whose lines a signal handler may raise."""
    error = cls(message)
    error.__cause__ = cause
    return error


cdef int64_t deadline_after(object timeout) except? -1:
    """The time on tm_os_now's clock. None: never. Not positive: at once."""
    if timeout is None:
        return TM_FOREVER
    cdef double seconds = timeout
    if seconds > threading.TIMEOUT_MAX:
        raise OverflowError("timeout value is too large")
    if not seconds > 0:             # a NaN is not positive, as in the standard library
        return 0
    cdef int64_t now = tm_os_now()
    # Half of what is left of the clock, some 146 years, is as good as all of it and cannot overflow.
    return now + <int64_t>min(seconds * 1e9, <double>((TM_FOREVER - now) // 2))


cdef bint is_worker() noexcept:
    return tm_worker_self() != NULL


cdef bint is_main_thread() noexcept:
    return PyThread_get_thread_ident() == main_thread


cdef tm_wait_result wait_for_latch(void *latch, int64_t deadline) noexcept nogil:
    return tm_latch_wait(<tm_latch *>latch, deadline, &spin)


cdef tm_wait_result wait_for_outbox(void *what, int64_t deadline) noexcept nogil:
    cdef Look *look = <Look *>what
    return tm_outbox_wait(look.box, look.since, deadline, &spin)


cdef bint wait(wait_function function, void *what, int64_t deadline) except -1:
    """Waits without the GIL. False at the deadline; raises what a signal handler raises."""
    cdef PyThreadState *state
    cdef tm_wait_result result
    cdef int64_t until
    cdef bint briefly = is_main_thread()
    while True:
        until = min(deadline, tm_os_now() + SHORT_SLEEP_NS) if briefly else deadline
        state = PyEval_SaveThread()
        if TM_GIL:
            atomic_fetch_add_explicit(&yielded, 1, memory_order_relaxed)
        result = function(what, until)
        if TM_GIL:
            atomic_fetch_sub_explicit(&yielded, 1, memory_order_relaxed)
        PyEval_RestoreThread(state)
        if result == TM_WAIT_TIMEOUT and until == deadline:
            return False
        if result != TM_WAIT_TIMEOUT and result != TM_WAIT_INTR:
            return True
        PyErr_CheckSignals()
        briefly = briefly and not tm_os_interrupts


cdef tm_wait_result sleep_out(void *nobody_wakes, int64_t until) noexcept nogil:
    return tm_os_wait(<tm_atomic_u32 *>nobody_wakes, 0, until)


cdef int nap(tm_workq *home, int64_t deadline) except -1:
    """What nap.h says, before a wait for a job of that queue. With a GIL a worker wakes who waits only when it
    gives that up, which is rare enough."""
    cdef Engine engine = _homes.get(<size_t>home)   # None: it is gone, so the job has ended by now
    if engine is None:
        return 0
    cdef int64_t now = tm_os_now()
    cdef int64_t length = tm_workq_nap(&engine.queue, PyThread_get_thread_ident(), now)
    cdef tm_atomic_u32 nobody_wakes
    store_u32(&nobody_wakes, 0, memory_order_relaxed)
    if length != 0:
        wait(sleep_out, &nobody_wakes, min(deadline, now + length))
    return 0


cdef int give_callbacks_up(tm_worker *worker) except -1:
    """For a worker that will wait for a job, in a callback perhaps: what it waits for may itself wait for a
    callback. It runs those that are due, and leaves those that come to others."""
    cdef tm_nested *nested = worker.nested
    cdef tm_serial *serial
    while nested != NULL:
        serial = nested.serial
        if serial != NULL:
            nested.serial = NULL
            (<Engine><PyObject *>(<char *>serial - callbacks_offset)).run_callbacks()
        nested = nested.outer
    return 0


cdef class Job:
    cdef int run(self, Engine engine, Shift *shift) except -1:
        raise NotImplementedError

    cdef int fail(self, object error) except -1:
        raise NotImplementedError

    cdef int lose(self, object error) except -1:
        raise NotImplementedError

    cdef int call_back(self) except -1:
        raise NotImplementedError

    cdef int complete(self) except -1:
        return 0 if tm_latch_finish(&self.item.latch) else self.complete_watched()

    cdef int set_latch(self) except -1:
        tm_latch_set(&self.item.latch)
        return 0

    cdef int complete_watched(self) except -1:
        raise NotImplementedError

    cdef int help(self, Engine engine, Shift *shift) except -1:
        return 0

    cdef int help_out(self) except -1:
        cdef tm_worker *worker = tm_worker_self()
        if worker != NULL and worker.queue == self.home:
            self.help_here(worker)
        return 0

    cdef bint wait_until(self, int64_t deadline) except -1:
        # A worker must not wait for what nobody has begun: it might be the one that has to.
        if deadline != 0:
            self.help_out()
        return (tm_latch_done(&self.item.latch)
                or self.sleep(wait_for_latch, &self.item.latch, NULL, False, deadline))

    cdef bint sleep(self, wait_function function, void *what, tm_outbox *box, bint ordered,
                    int64_t deadline) except -1:
        cdef tm_worker *worker = tm_worker_self()
        cdef tm_waiting waiting
        if worker == NULL or deadline == 0:
            if not TM_GIL and box == NULL and deadline != 0:
                nap(self.home, deadline)
                if tm_latch_done(&self.item.latch):
                    return True
            return wait(function, what, deadline)
        give_callbacks_up(worker)
        if deadline != TM_FOREVER:
            return wait(function, what, deadline)
        if not tm_waits_begin(&waiting, worker, &self.item, box, ordered):
            raise DeadlockError("this would wait for ever: what it waits for waits for it")
        try:
            return wait(function, what, deadline)
        finally:
            tm_waits_end(&waiting)

    cdef int help_here(self, tm_worker *worker) except -1:
        cdef Engine engine = <Engine><PyObject *>(<char *>worker.queue - queue_offset)
        cdef Shift shift
        cdef tm_nested nested
        begin_shift(&shift)
        nested.item = &self.item
        nested.serial = NULL
        shift.place = &nested.place
        nested.outer = worker.nested
        worker.nested = &nested
        try:
            self.help(engine, &shift)
        finally:
            worker.nested = nested.outer
            pay(&shift, worker.queue)
            drop(&shift.spare)
        return 0
