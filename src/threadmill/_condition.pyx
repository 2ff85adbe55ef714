"""The lock of a future that other code has touched: a threading.Condition, most of which is made when it is
needed. `as_completed` and `wait` lock each future twice and never wait on it.

Their code is Python's: an interrupt in the middle of it may leave the lock held for ever. So no worker waits for
it. What is to be told to those who wait under the lock is *owed* if somebody holds it, and the holder pays when
it lets go, or somebody else before beginning to hold it. Nothing that is owed is overlooked: it is noted before
the lock is tried, and looked for after the lock is let go, both in critical sections of the condition; whichever
of the two comes second sees what the other did.
"""

cimport cython

import _thread
import threading


cdef class LazyCondition:
    """As threading.Condition(), on a recursive lock."""

    def __cinit__(self):
        self.lock = _thread.RLock()

    def acquire(self, blocking=True, timeout=-1):
        """See threading.RLock.acquire."""
        if blocking is True and timeout == -1:      # as `wait` and `as_completed` do, twice for each future
            self.lock.acquire()
        elif not self.lock.acquire(blocking, timeout):
            return False
        self.begin_to_hold()
        return True

    def release(self):
        """See threading.RLock.release."""
        self.lock.release()
        self.pay_if_free()

    def __enter__(self):
        self.lock.acquire()
        self.begin_to_hold()
        return True

    def __exit__(self, *_):
        self.lock.release()
        self.pay_if_free()

    @property
    def locked(self):
        """See threading.RLock.locked, of Python 3.14."""
        return self.lock.locked

    # --- what threading.Condition asks of its lock ---------------------------------------------------

    def _is_owned(self):
        return self.lock._is_owned()

    def _release_save(self):
        state = self.lock._release_save()
        self.pay_if_free()
        return state

    def _acquire_restore(self, state):
        self.lock._acquire_restore(state)
        self.begin_to_hold()

    # --- what is owed ----------------------------------------------------------------------------------

    cdef object debt(self):
        with cython.critical_section(self):
            return self.owed

    cdef bint owes_holder(self) except -1:
        return self.debt() is not None and self.lock._is_owned()

    cdef int pay(self) except -1:
        with cython.critical_section(self):
            owed, self.owed = self.owed, None
        if owed is not None:
            owed()
        return 0

    cdef int begin_to_hold(self) except -1:
        if self.debt() is not None:
            try:
                self.pay()
            except BaseException:
                self.lock.release()
                raise
        return 0

    cdef int pay_if_free(self) except -1:
        # Again after each payment: who came meanwhile to owe something found the lock held, by this.
        while self.debt() is not None and not self.lock._is_owned() and self.lock.acquire(False):
            try:
                self.pay()
            finally:
                self.lock.release()
        return 0

    # --- waiting ---------------------------------------------------------------------------------------

    cdef object call(self, str name, tuple args):
        condition = self.condition if self.lock._is_owned() else None
        if condition is None:
            condition = threading.Condition(self)       # which says what is wrong, if it is not owned
            if self.lock._is_owned():
                self.condition = condition
        try:
            return getattr(condition, name)(*args)
        finally:
            # It refers back here; with nobody left, there is no need for it.
            if self.lock._is_owned() and self.condition is condition and not condition._waiters:
                self.condition = None

    def wait(self, timeout=None):
        """See threading.Condition.wait."""
        return self.call("wait", (timeout,))

    def wait_for(self, predicate, timeout=None):
        """See threading.Condition.wait_for."""
        return self.call("wait_for", (predicate, timeout))

    def notify(self, n=1):
        """See threading.Condition.notify."""
        self.call("notify", (n,))

    def notify_all(self):
        """See threading.Condition.notify_all."""
        self.call("notify_all", ())

    cdef int wake_all(self) except -1:
        if self.condition is not None:
            self.condition.notify_all()
        return 0
