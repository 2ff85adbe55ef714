"""The C half of Future: what a concurrent.futures.Future does, without a lock until somebody asks for one.

The latch (latch.h) says who runs a future and when it has ended. Only if other code has touched the
condition or the waiters, or has added callbacks, the latch is *watched*, and whoever completes the future
does what the standard library's does: under the condition, telling the waiters.
"""

cimport cython

from concurrent.futures import CancelledError, InvalidStateError
from concurrent.futures._base import LOGGER
import builtins
from types import FunctionType, GenericAlias

from threadmill._asyncio import deliver
from threadmill._call cimport Call, track, track_with
from threadmill._condition cimport LazyCondition
from threadmill._core cimport Engine, Shift, deadline_after, tm_hand_over
from threadmill._csrc cimport *


cdef extern from "Python.h":
    int PyObject_GenericSetAttr(object instance, object name, object value) except -1


cdef tuple STATES = ("PENDING", "RUNNING", "CANCELLED", "CANCELLED_AND_NOTIFIED", "FINISHED")


# relaxed: what goes with the outcome is read after the latch has said so (acquire). Atomic, for cancel() looks
# before, and a cancelled future becomes NOTIFIED after.
cdef inline Outcome outcome_of(FutureCore future) noexcept:
    return <Outcome>load_u32(&future.outcome, memory_order_relaxed)


cdef inline void set_outcome(FutureCore future, Outcome outcome) noexcept:
    store_u32(&future.outcome, outcome, memory_order_relaxed)


cdef class FutureCore(Call):
    __class_getitem__ = classmethod(GenericAlias)

    def __init__(self):
        pass                        # not the standard library's, which makes the locks

    # --- what users call ---------------------------------------------------------------------------

    def result(self, timeout=None):
        """The result of the call, waiting for it up to `timeout` seconds (None: for ever).

        Raises the call's exception, CancelledError if it was cancelled, TimeoutError."""
        self.wait_for_end(timeout)
        if self.error is not None:
            raise self.error
        return self.value

    def exception(self, timeout=None):
        """The exception of the call, or None, waiting for it up to `timeout` seconds (None: for ever).

        Raises CancelledError if it was cancelled, TimeoutError."""
        self.wait_for_end(timeout)
        return self.error

    def cancel(self):
        """Cancels the call unless it has begun. False if it has; True if it is cancelled now."""
        if not self.submitted:
            return self.cancel_by_hand()
        if tm_latch_claim_to_finish(&self.item.latch):
            _task = self.func, self.args, self.kwds, self.context
            self.forget_task()      # what goes with it goes at the end: its destructors may call back
            # Nobody else will touch it, so those who wait for several are told at once. (The standard
            # library leaves that to a worker that finds it in the queue.)
            self.end(NOTIFIED, None)
            return True
        if tm_latch_finishing(&self.item.latch) and outcome_of(self) == PENDING:
            self.wait_until(TM_FOREVER)         # another thread cancels it at this moment
        return outcome_of(self) >= CANCELLED

    cdef bint cancel_by_hand(self) except -1:
        """Under the condition, as all that is done to a future that no engine runs."""
        with self.condition_of():
            if not tm_latch_claim(&self.item.latch):
                return self.ended() and outcome_of(self) >= CANCELLED
            set_outcome(self, CANCELLED)
            self.set_latch()
            self.condition.wake_all()
        self.call_callbacks(False)
        return True

    def cancelled(self):
        """Whether it was cancelled."""
        return self.ended() and outcome_of(self) >= CANCELLED

    def running(self):
        """Whether it is being executed."""
        return self._state == "RUNNING"

    def done(self):
        """Whether it has ended or was cancelled."""
        return self.ended()

    def add_done_callback(self, fn):
        """Calls fn(future) when the future has ended or is cancelled: at once if it has or is. Callbacks
        are called in the order in which they were added, in the thread that ends the future; their
        errors are logged. One that is no Exception is raised where the future is cancelled, but not before
        all are called: the standard library calls no more then."""
        if not self.begin_to_watch(fn, True):
            self.call(fn, False)

    # --- what executors call -------------------------------------------------------------------------

    def set_running_or_notify_cancel(self):
        """For executors: False if the future was cancelled, and tells those who wait; True if not, and
        then it runs. RuntimeError if it has run or runs."""
        with self.condition_of():
            if tm_latch_claim(&self.item.latch):
                return True
            if self.ended() and outcome_of(self) == CANCELLED:
                set_outcome(self, NOTIFIED)
                self.notify_waiters()
                return False
        LOGGER.critical("Future %s in unexpected state: %s", id(self), self._state)
        raise RuntimeError("Future in unexpected state")

    def set_result(self, result):
        """For executors: ends the future with a result. InvalidStateError if it has ended, or if it is
        run by a threadmill executor, which will set its own."""
        self.end_by_hand(RETURNED, result)

    def set_exception(self, exception):
        """For executors: ends the future with an exception. InvalidStateError as for `set_result`."""
        self.end_by_hand(RAISED, exception)

    cdef int end_by_hand(self, Outcome outcome, object value) except -1:
        with self.condition_of():               # against others who call the same
            if not tm_latch_claim(&self.item.latch) and (self.submitted or self.ended()):
                raise InvalidStateError(f"{self._state}: {self!r}")
            self.write(outcome, value)
            self.set_latch()
            self.notify_waiters()
            self.condition.wake_all()
        return self.call_callbacks(False)

    # --- the engine's side ---------------------------------------------------------------------------

    cdef int settle(self, object value, bint success, Engine engine, Shift *shift) except -1:
        self.write(RETURNED if success else RAISED, value)
        tm_hand_over(value)
        track_with(self, value)
        return engine.publish(self, shift)

    cdef int fail(self, object error) except -1:
        if error is None:
            self.cancel()
        elif tm_latch_claim_to_finish(&self.item.latch):
            _task = self.func, self.args, self.kwds, self.context
            self.forget_task()
            self.end(RAISED, error)
        return 0

    cdef int lose(self, object error) except -1:
        if self.ended():
            return self.call_callbacks(True)    # to which a thread that is not here had not come
        tm_latch_claim(&self.item.latch)
        self.condition = None                   # a thread that is not here may hold it
        self.forget_task()
        return self.end(RAISED, error)

    cdef int write(self, Outcome outcome, object value) except -1:
        if outcome == RETURNED:
            self.value = value
        elif outcome == RAISED:
            self.error = value
        set_outcome(self, outcome)
        return 0

    cdef int end(self, Outcome outcome, object value) except -1:
        self.write(outcome, value)
        track(self)
        return self.complete()

    cdef int complete_watched(self) except -1:
        """Sets the latch, and tells whom there is to tell: under the condition, if there is one."""
        track(self)
        cdef LazyCondition condition = None
        with cython.critical_section(self):     # so that none is made between the look and the set
            condition = self.condition
            if condition is None:
                self.set_latch()
        raised = None           # by a signal handler or a waiter: whoever else is to be told is told first
        if condition is not None:
            try:
                if condition.lock.acquire(False):
                    try:
                        self.set_latch()
                        self.tell(condition)
                    finally:
                        condition.release()
                else:
                    self.owe(condition)
            except BaseException as error:
                raised = error
        self.call_callbacks(not outcome_of(self) >= CANCELLED)
        if raised is not None:
            raise raised
        return 0

    cdef int owe(self, LazyCondition condition) except -1:
        """Sets the latch; whoever holds the condition tells whom there is to tell, when it lets go."""
        debt = lambda: self.tell(condition)  # no-cython-lint: a cdef function has no def
        with cython.critical_section(condition):        # together, for _state
            condition.owed = debt
            self.set_latch()
        return condition.pay_if_free()

    cdef int tell(self, LazyCondition condition) except -1:
        """Under the condition: tells those who wait for the end, which has come."""
        try:
            if outcome_of(self) != CANCELLED:
                self.notify_waiters()
        finally:
            condition.wake_all()
        return 0

    cdef int notify_waiters(self) except -1:
        raised = None
        for waiter in list(self.waiters or ()):
            try:
                if outcome_of(self) >= CANCELLED:
                    waiter.add_cancelled(self)
                elif outcome_of(self) == RAISED:
                    waiter.add_exception(self)
                else:
                    waiter.add_result(self)
            except BaseException as error:
                raised = error
        if raised is not None:
            raise raised
        return 0

    cdef int call_callbacks(self, bint in_worker) except -1:
        cdef bint more = True
        first = callback = None
        while more:
            # One by one: a forked child goes on where a thread that it has not was. (No break in here: with it,
            # Cython 3.3 does not drop its reference to the future.)
            with cython.critical_section(self):
                more = bool(self.callbacks)
                callback = self.callbacks.pop(0) if more else None
                self.callbacks = self.callbacks or None
            try:
                if more:
                    self.call(callback, in_worker)
            except BaseException as error:      # for the canceller, once all are called
                first = error if first is None else first
        if first is not None:
            raise first
        return 0

    cdef int call(self, object callback, bint in_worker) except -1:
        try:
            # No Python code, in which an interrupt may come, is asked about callbacks like that of as_completed.
            if type(callback) is not FunctionType or not deliver(callback, self):
                callback(self)
        except BaseException as error:
            if not in_worker and not isinstance(error, Exception):
                raise
            LOGGER.exception("exception calling callback for %r", self)
        return 0

    # --- waiting and watching --------------------------------------------------------------------------

    cdef bint ended(self) except -1:
        return tm_latch_done(&self.item.latch)

    cdef int wait_for_end(self, object timeout) except -1:
        if not tm_latch_done(&self.item.latch):
            if not self.wait_until(deadline_after(timeout)):
                raise builtins.TimeoutError
            with cython.critical_section(self):
                condition = self.condition
            if condition is not None and not self.submitted:
                with condition:                 # who has ended it by hand may not have done with it
                    pass
        if outcome_of(self) >= CANCELLED:
            raise CancelledError
        return 0

    cdef bint begin_to_watch(self, object callback, bint add) except -1:
        """Watches, and adds the callback. False if the future has ended."""
        cdef bint watching
        with cython.critical_section(self):
            watching = tm_latch_watch(&self.item.latch)
            if watching and add:
                if self.callbacks is None:
                    self.callbacks = []
                self.callbacks.append(callback)
        if watching:
            track(self)
        else:
            self.wait_until(TM_FOREVER)         # it has ended, or does at this moment
        return watching

    cdef int forget_callback(self, object callback) except -1:
        with cython.critical_section(self):
            if self.callbacks is not None:
                self.callbacks = [other for other in self.callbacks if other is not callback]
        return 0

    cdef LazyCondition condition_of(self):
        cdef LazyCondition condition
        with cython.critical_section(self):
            condition = self.condition
        if condition is None:
            made = LazyCondition()
            with cython.critical_section(self):
                if self.condition is None:
                    self.condition = made
                condition = self.condition
        self.begin_to_watch(None, False)
        return condition

    # --- what programs touch of the standard library's private parts ------------------------------------

    @property
    def _condition(self):
        return self.condition_of()

    @property
    def _waiters(self):
        self.begin_to_watch(None, False)
        with cython.critical_section(self):
            if self.waiters is None:
                self.waiters = []
            return self.waiters

    @property
    def _done_callbacks(self):
        cdef bint watching = self.begin_to_watch(None, False)
        with cython.critical_section(self):
            if watching and self.callbacks is None:
                self.callbacks = []
            return self.callbacks if self.callbacks is not None else []

    @_done_callbacks.setter
    def _done_callbacks(self, callbacks):
        self.begin_to_watch(None, False)
        with cython.critical_section(self):
            self.callbacks = callbacks

    @property
    def _state(self):
        cdef LazyCondition condition
        if self.ended():
            with cython.critical_section(self):
                condition = self.condition
            # For who holds the condition, nothing changes before those who wait are told, as it lets go.
            if condition is not None and condition.owes_holder():
                return STATES[outcome_of(self) < CANCELLED]
            return STATES[4 if outcome_of(self) <= RAISED else outcome_of(self) - CANCELLED + 2]
        return STATES[tm_latch_claimed(&self.item.latch)]

    @_state.setter
    def _state(self, state):
        """As if it had been brought there: for tests. The caller holds the condition or is alone."""
        cdef int index = STATES.index(state)
        if index < 4:
            set_outcome(self, (PENDING, PENDING, CANCELLED, NOTIFIED)[index])
        elif outcome_of(self) == PENDING:
            set_outcome(self, RETURNED)
        tm_latch_put(&self.item.latch, index >= 1, False)
        if index >= 2:
            self.set_latch()

    @property
    def _result(self):
        return self.value

    @_result.setter
    def _result(self, result):
        self.value = result

    @property
    def _exception(self):
        return self.error

    @_exception.setter
    def _exception(self, exception):
        self.error = exception

    def _invoke_callbacks(self):
        self.call_callbacks(False)

    def _get_snapshot(self):
        """(done, cancelled, result, exception), as CPython 3.15's."""
        if not self.ended():
            return False, False, None, None
        if outcome_of(self) >= CANCELLED:
            return True, True, None, None
        return True, False, self.value, self.error

    def __setattr__(self, name, value):
        track(self)                 # the attribute may lead back here
        PyObject_GenericSetAttr(self, name, value)

    def __repr__(self):
        state = {"CANCELLED_AND_NOTIFIED": "CANCELLED"}.get(self._state, self._state).lower()
        told = f"<{type(self).__name__} at {<size_t><void *>self:#x} state={state}"
        if state != "finished":
            return f"{told}>"
        if self.error is not None:
            return f"{told} raised {type(self.error).__name__}>"
        return f"{told} returned {type(self.value).__name__}>"
