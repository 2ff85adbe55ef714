# What the job types build on: the base of all jobs, and the engine that runs them.

from cpython.object cimport PyObject
from libc.stdint cimport int64_t, uint32_t

from threadmill._context cimport Spare
from threadmill._csrc cimport (
    tm_atomic_size, tm_item, tm_latch, tm_outbox, tm_reserve_result, tm_serial, tm_wait_result, tm_worker,
    tm_workq,
)


cdef extern from "_python.h":
    const bint TM_GIL
    void tm_incref_for_others(object value)
    void tm_hand_over(object value)
    object tm_weak_get(object reference)
    PyObject *tm_current_context()


cdef enum:
    # The main thread's first sleep in a wait: a signal that comes while it still looks does not interrupt
    # the sleep that follows, and is noticed when this one ends. Each of its sleeps, where no signal ends one.
    SHORT_SLEEP_NS = 50_000_000


cdef struct Shift:
    # One worker's stay in the loop: on its own stack, touched by no other thread but for `worker`.
    tm_worker worker
    tm_latch *owed_latch        # to be set as soon as the GIL is given up
    tm_outbox *owed_outbox      # to be notified then
    size_t *place               # where the job says which value it brings (idle.h)
    int64_t switched            # when this worker last gave the GIL up, as far as it knows
    int64_t clocked             # when it last looked at the clock,
    unsigned jobs               # how many jobs and items it has done since,
    unsigned jobs_per_clock     # and after how many it looks again
    Spare spare                 # for tasks that share a context


ctypedef tm_wait_result (*wait_function)(void *what, int64_t deadline) noexcept nogil


cdef struct Doomed:
    # Jobs that a thread has taken off the queue to end them: on its stack, and listed by the engine for a
    # forked child, in which that thread is not.
    tm_item *items                  # the first is being ended. Each has the queue's reference.
    unsigned long thread
    Doomed *next


cdef class Job:
    # A unit of work: what to do and what came of it. Several threads may reach for it (a worker, who
    # cancels it, a terminating pool); tm_latch_claim says who ends it. All fields are written at
    # creation, before it is queued, or by the claimer before it is published.
    cdef tm_item item
    cdef tm_workq *home             # the queue it was pushed to. Written before that.

    # Runs it in a worker, if it is not claimed yet. The caller holds a reference.
    cdef int run(self, Engine engine, Shift *shift) except -1
    # Runs what nobody has begun of it, in a worker that waits for it inside of another job.
    cdef int help(self, Engine engine, Shift *shift) except -1
    # Ends it with the error, unless it is claimed: it was taken off the queue and will not run. None: it
    # was cancelled.
    cdef int fail(self, object error) except -1
    # Publishes it: for the claimer, once everything is written.
    cdef int complete(self) except -1
    # Does only that, whoever watches.
    cdef int set_latch(self) except -1
    # Ends it with the error although it is claimed, unless it has ended: in a forked child, where the claimer
    # is not, and if run() itself fails.
    cdef int lose(self, object error) except -1
    # The same for a job that is watched (latch.h).
    cdef int complete_watched(self) except -1
    # Runs the user's callbacks; one job of an engine at a time. Their errors become its result.
    cdef int call_back(self) except -1
    # True once it is done, False if the deadline came first. Raises what a signal handler raises.
    cdef bint wait_until(self, int64_t deadline) except -1
    # The same, which the caller has looked at: what to wait for is `what`, of an imap (`box`) or of this job.
    cdef bint sleep(self, wait_function function, void *what, tm_outbox *box, bint ordered,
                    int64_t deadline) except -1
    cdef int help_here(self, tm_worker *worker) except -1
    # Does what nobody has begun of it, if the caller is a worker of its pool.
    cdef int help_out(self) except -1


cdef struct Look:
    # What a consumer waits for.
    tm_outbox *box
    uint32_t since      # tm_outbox_epoch() before it looked


cdef object END, LATE


cdef class Outbox(Job):
    # A job that gives many values, one by one: an object side for tm_outbox, whose contracts hold.
    # An error is told from a result by the lowest bit of its address.
    cdef tm_outbox box
    # Owned. An address, which the garbage collector does not clear, because __dealloc__ needs it; no
    # cycle is hidden by that: an engine refers to an outbox only while it is queued.
    cdef void *engine

    cdef tm_reserve_result reserve(self, size_t *index) noexcept
    cdef int reserve_all(self, size_t count) except -1
    cdef int cut(self, size_t count) except -1
    # When nobody can take them any more.
    cdef int drop_values(self) except -1
    cdef int put(self, size_t index, object value, bint is_error, bint ordered, Shift *shift) except -1
    cdef void notify(self, Shift *shift) noexcept
    cdef int end(self, bint unreserve) except -1
    cdef int fill(self, object error, bint ordered) except -1
    # The next value, or END, or LATE. Raises it if it is an error.
    cdef object take(self, bint ordered, int64_t deadline)
    cdef bint help_or_wait(self, tm_worker *worker, Look *look, bint ordered, int64_t deadline) except -1
    cdef int back_to_queue(self) except -1
    cdef bint lift(self) noexcept


cdef class Place:
    cdef readonly Engine engine
    cdef readonly bint searching    # see tm_workq_enter
    cdef tm_atomic_size taken


cdef class Engine:
    cdef tm_workq queue
    cdef tm_serial callbacks        # the jobs whose callbacks are due, in order of completion
    cdef object start_thread        # (place): makes and starts a thread that takes the place and calls work()
    cdef list starters              # of threads that start workers: their identifiers
    cdef readonly bint with_context     # whether tasks run in copies of their submitter's context
    cdef object __weakref__
    # Read and written in critical sections of the engine:
    cdef object stage               # of its life: RUN, CLOSE or TERMINATE
    cdef Doomed *doomed             # by threads that are at it
    cdef object refusal             # () -> the error for what is submitted once it is broken; or None
    cdef object failure             # () -> the error for what was submitted before, once terminated

    # With a GIL: a weak reference to the context in which the last job was submitted, which the next one
    # gets too if it is submitted in the same. Without a GIL, threads would contend for its reference count.
    cdef object snapshot

    cdef object capture(self)
    cdef bint push(self, Job job) except -1
    cdef int put_back(self, Job job) except -1
    cdef int start_another(self) except -1
    cdef int forget(self) except -1
    cdef int drain(self, object failure) except -1
    # Ends the jobs with failure(); None: as cancelled. Between begin and this nothing may let a fork in.
    cdef int begin_to_fail(self, Doomed *doomed) except -1
    cdef int fail_all(self, Doomed *doomed, object failure) except -1
    cdef int launch(self, bint searching, Job job) except -1
    cdef int publish(self, Job job, Shift *shift) except -1
    cdef int publish_after_callbacks(self, Job job) except -1
    # Runs callbacks that are due until none are, or until one of them waits for a job: see give_callbacks_up.
    cdef int run_callbacks(self) except -1
    # Gives the GIL up for a moment if this worker may have held it for long; returns the time.
    cdef int64_t breathe(self, Shift *shift) except -1
    # The same for a worker that has done one more job; only now and then.
    cdef int pace(self, Shift *shift) except -1
    # By a worker that has done one more item of a job and is at nothing else: as steps_aside.
    cdef bint done_one(self, Shift *shift) except -1
    # By a worker that has ended `count` items of a job and is at nothing else: true if it is to leave the rest of
    # them to others. Calls C only: nothing can be raised.
    cdef bint steps_aside(self, Shift *shift, size_t count) noexcept


cdef int64_t deadline_after(object timeout) except? -1


# Whether the caller is a worker, of any pool; the thread that signals come to.
cdef bint is_worker() noexcept
cdef bint is_main_thread() noexcept
