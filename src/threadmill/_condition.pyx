"""The lock of a future that other code has touched: a threading.Condition, most of which is made when it is
needed. `as_completed` and `wait` lock each future twice and never wait on it."""

import _thread
import threading


cdef class LazyCondition:
    """As threading.Condition(), on a recursive lock."""

    def __cinit__(self):
        self.lock = _thread.RLock()

    def acquire(self, blocking=True, timeout=-1):
        """See threading.RLock.acquire."""
        if blocking is True and timeout == -1:      # as `wait` and `as_completed` do, twice for each future
            return self.lock.acquire()
        return self.lock.acquire(blocking, timeout)

    def release(self):
        """See threading.RLock.release."""
        self.lock.release()

    def __enter__(self):
        return self.lock.acquire()

    def __exit__(self, *_):
        self.lock.release()

    cdef object made(self):
        if not self.lock._is_owned():
            return threading.Condition(self.lock)       # it says what is wrong
        if self.condition is None:
            self.condition = threading.Condition(self.lock)
        return self.condition

    def wait(self, timeout=None):
        """See threading.Condition.wait."""
        return self.made().wait(timeout)

    def wait_for(self, predicate, timeout=None):
        """See threading.Condition.wait_for."""
        return self.made().wait_for(predicate, timeout)

    def notify(self, n=1):
        """See threading.Condition.notify."""
        self.made().notify(n)

    def notify_all(self):
        """See threading.Condition.notify_all."""
        self.made().notify_all()

    cdef int wake_all(self) except -1:
        if self.condition is not None:
            self.condition.notify_all()
        return 0
