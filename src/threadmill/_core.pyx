"""The engine: runs jobs on worker threads. Private: the faces are in Python."""

cimport cython
from cpython.exc cimport PyErr_CheckSignals, PyErr_SetObject, PyErr_WriteUnraisable
from cpython.object cimport PyObject
from cpython.pystate cimport PyThreadState
from cpython.pythread cimport PyThread_get_thread_ident
from cpython.ref cimport Py_DECREF, Py_INCREF
from libc.stdint cimport int64_t, uintptr_t

import threading
from weakref import WeakValueDictionary

from threadmill._context cimport copy_current, drop, is_empty, same
from threadmill._csrc cimport *
from threadmill._errors import DeadlockError
from threadmill._give_way import give_way
from threadmill._registry import Registry


cdef extern from "_python.h":
    Job tm_own(void *object)


cdef extern from "Python.h":
    PyThreadState *PyEval_SaveThread() nogil
    void PyEval_RestoreThread(PyThreadState *state) nogil
    object PyWeakref_NewRef(object value, PyObject *callback)
    ctypedef int (*visitproc)(PyObject *value, void *arg)
    ctypedef struct PyTypeObject:
        int (*tp_traverse)(PyObject *self, visitproc visit, void *arg)
        int (*tp_clear)(PyObject *self)


# How long a thread looks before it sleeps (spin.h): less than one sleep and wake costs.
cdef int64_t SPIN_NS = 10_000
# The interpreter asks a thread that runs Python code to give the GIL up, or to stop for the collector where
# there is none, but not one that runs C functions only: a worker runs a Python function this often.
cdef int64_t SWITCH_NS = 1_000_000
# ... looking at the clock after at most so many jobs.
cdef unsigned MOST_JOBS_PER_CLOCK = 256

# An engine's stages: the names of the standard library's pool.
cdef str RUN = "RUN", CLOSE = "CLOSE", TERMINATE = "TERMINATE"

cdef tm_spin spin                   # of all threads that wait: for jobs, or for their results
cdef tm_atomic_size yielded         # how many of them are in a wait, and so without the GIL
cdef unsigned long main_thread
_engines = Registry()
# Without a GIL, also by the addresses of their queues: jobs know no more of their engines. Never iterated over:
# each step is one operation of a dict.
_homes = WeakValueDictionary()
cdef Py_ssize_t item_offset         # of `item` in every Job: constant, found at import
cdef Py_ssize_t box_offset          # of `box` in every Outbox: likewise
cdef Py_ssize_t queue_offset        # of `queue` in every Engine: likewise
cdef Py_ssize_t callbacks_offset    # of `callbacks` in every Engine: likewise


include "_core_job.pxi"
include "_core_outbox.pxi"


@cython.auto_pickle(False)
cdef class Place:
    """A worker's place, reserved in the queue: the right to be a worker, or the duty to give it back."""

    def take(self):
        """True for exactly one caller."""
        # relaxed: the fields are written before the place is handed to a thread that starts.
        return atomic_exchange_explicit(&self.taken, 1, memory_order_relaxed) == 0


cdef class Engine:
    """A work queue, and the loop that worker threads run over it."""

    def __cinit__(self, unsigned max_workers, start_thread, bint with_context):
        tm_spin_set_limit(&spin, SPIN_NS)       # the process may have been pinned since import
        tm_workq_init(&self.queue, max_workers, &spin, &yielded if TM_GIL else NULL)
        tm_serial_init(&self.callbacks)
        self.start_thread = start_thread
        self.with_context = with_context
        self.stage = RUN
        self.starters = []
        _engines[self] = None
        if not TM_GIL:
            _homes[<size_t>&self.queue] = self

    def __dealloc__(self):
        # Workers refer to the engine, so there is none that could still run what waits.
        cdef tm_item *item = tm_workq_drain(&self.queue)
        cdef tm_item *next
        while item != NULL:
            next = item.next
            Py_DECREF(job_of(item))
            item = next
        tm_workq_destroy(&self.queue)
        tm_serial_destroy(&self.callbacks)

    # --- the submitter's side -------------------------------------------------------------------

    cdef object capture(self):
        """The context for what the caller submits now."""
        if not self.with_context:
            return None
        cdef PyObject *current = tm_current_context()
        if is_empty(current):
            return ...
        if not TM_GIL:
            return copy_current()
        with cython.critical_section(self):
            snapshot = tm_weak_get(self.snapshot)
            if snapshot is not None and current != NULL and same(current, <PyObject *>snapshot):
                return snapshot
            context = copy_current()
            self.snapshot = PyWeakref_NewRef(context, NULL)
            return context

    cdef bint push(self, Job job) except -1:
        """Queues the job. False if the engine is closed. Raises the refusal if it is broken, and what the
        thread's start raises if there is no other worker: then the job has not run and will not."""
        job.home = &self.queue
        tm_incref_for_others(job)
        cdef tm_push_result result = tm_workq_push(&self.queue, &job.item)
        if result == TM_REFUSED:
            Py_DECREF(job)
            self.check()
            return False
        if result == TM_START:
            self.launch(True, job)
        return True

    cdef int launch(self, bint searching, Job job) except -1:
        """Starts a worker for a place that is reserved, for the job if it is not None. Raises what that raises,
        unless the thread cannot be started and others are there, or have done the job: then what is left waits
        for them, and it returns False. If no worker is left, what is queued ends: the job, and what others have
        pushed meanwhile, counting on this worker."""
        cdef Doomed doomed
        cdef bint alive, lost
        cdef tm_item *item
        here = PyThread_get_thread_ident()
        self.starters.append(here)              # first of all: what follows may be interrupted
        cdef Place place
        try:
            place = Place.__new__(Place)
            place.engine = self
            place.searching = searching
            self.start_thread(place)
        except BaseException as error:
            # Wherever in start_thread an interrupt came: either the thread has taken the place, or this has.
            if place.take():
                place.engine = None                 # whoever still has it does not keep the engine
                self.begin_to_fail(&doomed)
                alive = tm_workq_start_failed(&self.queue, searching, &doomed.items)
                lost = not alive and job is None
                item = doomed.items
                while item != NULL and not lost:
                    lost = item == &job.item
                    item = item.next
                self.fail_all(&doomed, lambda: error)
                if not lost and isinstance(error, RuntimeError):
                    return 0
            raise
        finally:
            self.starters.remove(here)
        return 1

    cdef int put_back(self, Job job) except -1:
        """Queues a shared job again, at the front; fails it if the engine was terminated meanwhile."""
        tm_incref_for_others(job)
        cdef tm_push_result result = tm_workq_put_back(&self.queue, &job.item)
        if result == TM_REFUSED:
            self.forget()                       # first: what follows may raise
            Py_DECREF(job)
            with cython.critical_section(self):
                failure = self.failure
            fail_with(job, failure)
        elif result == TM_START:
            self.start_another()
        return 0

    cdef int start_another(self) except -1:
        """For work that does not hang on it: other workers are alive, or their start is retried with
        the next push."""
        try:
            self.launch(True, None)
        except BaseException as error:
            report(self, error)
        return 0

    cdef int forget(self) except -1:
        """A shared job that was taken out will not be put back."""
        tm_workq_forget(&self.queue)
        return 0

    def check(self):
        """Raises the refusal if the engine is broken."""
        with cython.critical_section(self):
            refusal = self.refusal
        if refusal is not None:
            raise refusal()

    def start_all(self):
        """Starts all workers that there may be, or as many as can be started."""
        while tm_workq_reserve(&self.queue) and self.launch(False, None):
            pass

    @property
    def state(self):
        """RUN, CLOSE or TERMINATE, as the last of the calls below has left it."""
        with cython.critical_section(self):
            return self.stage

    @state.setter
    def state(self, state):
        """For those who set `pool._state`: changes nothing else."""
        with cython.critical_section(self):
            self.stage = state

    def give_up_search(self):
        """For a worker that was started to search, and has something else to do first."""
        cdef cbool start
        tm_workq_give_up_search(&self.queue, &start)
        if start:
            self.start_another()

    def close(self):
        """Refuses what comes; the workers end when nothing is left."""
        with cython.critical_section(self):
            if self.stage is RUN:
                self.stage = CLOSE
        tm_workq_close(&self.queue)

    def terminate(self, failure):
        """Closes, and ends all jobs that no worker has begun with failure(). None: they are cancelled."""
        with cython.critical_section(self):
            self.stage = TERMINATE
        self.drain(failure)

    def break_off(self, failure):
        """Ends all jobs that no worker has begun with failure(), and refuses what comes with it too. In failure()
        no interrupt may come (see `caused`): it would become the outcome of a job."""
        with cython.critical_section(self):
            self.refusal = failure
        self.drain(failure)

    cdef int drain(self, failure) except -1:
        cdef Doomed doomed
        with cython.critical_section(self):
            self.failure = failure
        self.begin_to_fail(&doomed)
        doomed.items = tm_workq_drain(&self.queue)
        return self.fail_all(&doomed, failure)

    cdef int begin_to_fail(self, Doomed *doomed) except -1:
        doomed.items = NULL
        doomed.thread = PyThread_get_thread_ident()
        with cython.critical_section(self):
            doomed.next = self.doomed
            self.doomed = doomed
        return 0

    cdef int fail_all(self, Doomed *doomed, failure) except -1:
        cdef tm_item *item = doomed.items
        cdef Doomed **link
        first = None
        while item != NULL:
            if item.shared:
                self.forget()
            item = item.next
        while doomed.items != NULL:
            job = job_of(doomed.items)
            try:
                fail_with(job, failure)
            except BaseException as error:          # of a callback, or an interrupt: the others end too
                first = error if first is None else first
            doomed.items = doomed.items.next
            Py_DECREF(job)                          # the queue's reference; `job` holds its own
        with cython.critical_section(self):
            link = &self.doomed
            while link[0] != doomed:
                link = &link[0].next
            link[0] = doomed.next
        if first is not None:
            raise first
        return 0

    def after_fork(self):
        """In a forked child: as if new. Gives what was queued or under way, for lose_all()."""
        return left_by_fork(self)

    def is_broken(self):
        """Whether break_off() was called."""
        with cython.critical_section(self):
            return self.refusal is not None

    def take(self):
        """Takes the first job out of the queue, which then is the caller's. None if there is none."""
        cdef tm_item *item = tm_workq_take(&self.queue)
        if item == NULL:
            return None
        job = job_of(item)
        Py_DECREF(job)
        return job

    def put(self, Job job):
        """Queues a job that was taken out. False if the engine is closed."""
        return self.push(job)

    def qsize(self):
        """The number of entries that wait; a map or imap is one."""
        return tm_workq_length(&self.queue)

    def workers(self):
        """The number of workers that are alive or being started."""
        cdef unsigned workers, idle
        tm_workq_count(&self.queue, &workers, &idle)
        return workers

    def starting_here(self):
        """The number of workers that the calling thread is about to start: in a signal handler or a destructor,
        which has interrupted it."""
        return self.starters.count(PyThread_get_thread_ident())

    def busy(self):
        """The number of workers that do not sleep."""
        cdef unsigned workers, idle
        tm_workq_count(&self.queue, &workers, &idle)
        return workers - idle

    def at_jobs(self):
        """The number of workers that are at a job."""
        return tm_workq_running(&self.queue)

    # --- the worker's side ----------------------------------------------------------------------

    def work(self, bint searching):
        """Runs jobs in the calling thread until the engine is closed and worked off."""
        cdef Shift shift
        cdef PyThreadState *state
        cdef tm_item *item
        cdef cbool start
        cdef bint more
        begin_shift(&shift)
        shift.place = &shift.worker.place
        tm_workq_enter(&self.queue, &shift.worker, searching)
        while True:
            item = tm_workq_pop(&self.queue, &shift.worker, &start)
            if item == NULL:
                drop(&shift.spare)
                state = PyEval_SaveThread()
                pay(&shift, &self.queue)
                more = tm_workq_wait(&self.queue, &shift.worker)
                PyEval_RestoreThread(state)
                if not more:
                    return
                continue
            pay(&shift, &self.queue)
            job = take_job(item)
            if start:
                self.start_another()
            try:
                job.run(self, &shift)
            except BaseException as error:
                report(job, error)                  # the engine's own; what tasks raise are results
                job.lose(error)
            tm_workq_ended(&shift.worker)
            job = None
            self.pace(&shift)

    cdef int64_t breathe(self, Shift *shift) except -1:
        cdef int64_t now = tm_os_now()
        if now - shift.switched > SWITCH_NS:
            try:
                give_way()
            except BaseException as error:          # sent to this thread, by whomever
                report(self, error)
            shift.switched = now = tm_os_now()
            if TM_GIL:
                tm_workq_look_around(&self.queue, now)
        return now

    cdef int pace(self, Shift *shift) except -1:
        cdef int64_t now
        cdef bint slow
        shift.jobs += 1
        if shift.jobs >= shift.jobs_per_clock:
            shift.jobs = 0
            now = self.breathe(shift)
            slow = now - shift.clocked > SWITCH_NS // 4
            shift.jobs_per_clock = 1 if slow else min(2 * shift.jobs_per_clock, MOST_JOBS_PER_CLOCK)
            shift.clocked = now
        return 0

    cdef bint done_one(self, Shift *shift) except -1:
        self.pace(shift)
        return self.steps_aside(shift, 1)

    cdef bint steps_aside(self, Shift *shift, size_t count) noexcept:
        if not TM_GIL:
            return False
        tm_workq_gets_on(&self.queue, count)
        return tm_workq_crowded(&self.queue) and tm_workq_step_aside(&shift.worker)

    cdef int publish(self, Job job, Shift *shift) except -1:
        """Sets the latch of a job whose result is written: if somebody sleeps on it and this worker is
        about to sleep too, not before the GIL is free for that somebody."""
        if (TM_GIL and tm_workq_length(&self.queue) == 0 and shift.owed_latch == NULL
                and tm_latch_hold_waiters(&job.item.latch)):
            shift.owed_latch = &job.item.latch
            return 0
        return job.complete()

    cdef int publish_after_callbacks(self, Job job) except -1:
        """The same for a job with callbacks. If another thread is at callbacks, it does these too."""
        tm_incref_for_others(job)
        return self.run_callbacks() if tm_serial_enter(&self.callbacks, &job.item) else 0

    cdef int run_callbacks(self) except -1:
        cdef tm_worker *worker = tm_worker_self()
        cdef tm_nested nested
        cdef Job job
        nested.item = NULL
        nested.serial = &self.callbacks
        nested.outer = worker.nested
        worker.nested = &nested
        try:
            while nested.serial != NULL:            # else another worker may be at them
                nested.item = tm_serial_next(&self.callbacks)
                if nested.item == NULL:
                    break
                job = take_job(nested.item)
                job.call_back()
                job.complete()
        finally:
            worker.nested = nested.outer
        return 0


cdef void begin_shift(Shift *shift) noexcept:
    """All but `place`, which is the caller's to say, and `worker`."""
    shift.owed_latch = NULL
    shift.owed_outbox = NULL
    shift.spare.snapshot = shift.spare.copy = NULL
    shift.switched = shift.clocked = tm_os_now()
    shift.jobs = 0
    shift.jobs_per_clock = 1


cdef void pay(Shift *shift, tm_workq *queue) noexcept nogil:
    if shift.owed_latch != NULL:
        tm_workq_pay(queue, &shift.owed_latch)
    if shift.owed_outbox != NULL:
        tm_outbox_notify(shift.owed_outbox)
        shift.owed_outbox = NULL


def lend_place():
    """Lends the calling worker's place to another one. What take_place_back() gets; 0 if there is no such
    worker, or it has done so already."""
    cdef tm_worker *worker = tm_worker_self()
    cdef cbool start = False
    if worker == NULL or not tm_workq_lend(worker, &start):
        return 0
    if start:
        (<Engine><PyObject *>(<char *>worker.queue - queue_offset)).start_another()
    return <uintptr_t>worker


def take_place_back(uintptr_t place):
    """In the same thread; does nothing in another one, where a generator may have been closed."""
    if place != 0 and place == <uintptr_t>tm_worker_self():
        tm_workq_return(<tm_worker *>place)


def _find_main_thread():
    """At import, and in a forked child, where the forking thread is it."""
    global main_thread
    main_thread = threading.main_thread().ident


def engines_alive():
    """All that there are now."""
    return _engines.alive()


include "_core_fork.pxi"


cdef Job _probe = Job()
item_offset = <char *>&_probe.item - <char *><PyObject *>_probe
_probe = None
cdef Engine _other_probe = Engine(1, None, False)
cdef Outbox _third_probe = Outbox(_other_probe, 1)
box_offset = <char *>&_third_probe.box - <char *><PyObject *>_third_probe
_third_probe = None
(<PyTypeObject *>Outbox).tp_traverse = visit_values
(<PyTypeObject *>Outbox).tp_clear = clear_values
queue_offset = <char *>&_other_probe.queue - <char *><PyObject *>_other_probe
callbacks_offset = <char *>&_other_probe.callbacks - <char *><PyObject *>_other_probe
_other_probe = None
tm_spin_init(&spin, SPIN_NS)
_find_main_thread()
