# The job of a single call: the task half of ApplyResult and of Future.

from threadmill._core cimport Engine, Job, Shift


cdef class Call(Job):
    cdef object func                # None once it has run, as the next three
    cdef object args                # an exact tuple, or whatever the user gave
    cdef object kwds                # None if there are none
    cdef object context             # the submitter's, as for enter(); None if the task runs in the worker's own
    cdef bint shared_context        # other jobs may have the same one: run in a copy

    # Fills it in.
    cdef int prepare(self, object func, object args, object kwds, object context) except -1
    # For the claimer: writes the outcome and publishes it.
    cdef int settle(self, object value, bint success, Engine engine, Shift *shift) except -1
    # Lets go of the task.
    cdef int forget_task(self) except -1


# Lets the collector see the job again.
cdef int track(object job) except -1
# The same, only if the outcome could be part of a cycle.
cdef int track_with(object job, object outcome) except -1
