"""The part of ThreadPool that is called once per task or per map."""

cimport cython

from operator import index

from threadmill._core cimport Engine
from threadmill._imap cimport IMapIterator, IMapUnorderedIterator
from threadmill._map cimport MapResult, new_map
from threadmill._results cimport ApplyResult


cdef extern from "Python.h":
    Py_ssize_t PY_SSIZE_T_MAX


cdef object not_running():
    return ValueError("Pool not running")


cdef int check_callable(object value, str name) except -1:
    if value is not None and not callable(value):
        raise TypeError(f"{name} must be a callable or None")
    return 0


cpdef Py_ssize_t check_chunksize(object chunksize) except -1:
    """TypeError or ValueError unless it is a whole number of at least 1; returns it."""
    cdef Py_ssize_t size = index(chunksize)
    if size < 1:
        raise ValueError(f"Chunksize must be 1+, not {chunksize}")
    return size


cpdef Py_ssize_t check_buffersize(object buffersize) except -1:
    """TypeError or ValueError unless it is an integer above 0, or None, which is no bound; returns it."""
    if buffersize is None:
        return PY_SSIZE_T_MAX
    if not isinstance(buffersize, int):
        raise TypeError("buffersize must be an integer or None")
    if buffersize < 1:
        raise ValueError("buffersize must be None or > 0")
    return min(buffersize, PY_SSIZE_T_MAX)


@cython.auto_pickle(False)      # the standard library's Pool says what pickling a pool raises
cdef class PoolCore:
    """Base of ThreadPool: holds the engine. `_engine` is written once, before the pool is used."""

    cdef public Engine _engine

    cdef Engine running(self):
        """The engine. ValueError if __init__ was not called."""
        if self._engine is None:
            raise not_running()
        return self._engine

    def apply_async(self, func, args=(), kwds={}, callback=None, error_callback=None):  # no-cython-lint
        """Queues func(*args, **kwds) and returns its AsyncResult.

        When the task has ended, and before the result is ready, `callback` is called with the result
        or `error_callback` with the exception, one call of a pool at a time. What it raises becomes
        the task's outcome. ValueError if the pool is closed."""
        cdef Engine engine = self.running()
        cdef ApplyResult job = ApplyResult.__new__(ApplyResult)
        job.prepare(func, args, kwds if kwds else None, engine.capture())
        if callback is not None or error_callback is not None:
            check_callable(callback, "callback")
            check_callable(error_callback, "error_callback")
            job.callback = callback
            job.error_callback = error_callback
        if not engine.push(job):
            raise not_running()
        if callback is not None or error_callback is not None:
            job.untrack_callbacks()
        return job

    def _map_async(self, func, iterable, bint star, chunksize, callback, error_callback):
        """The MapResult of one of the four map methods."""
        check_callable(callback, "callback")
        check_callable(error_callback, "error_callback")
        cdef Engine engine = self.running()
        cdef Py_ssize_t size = 0 if chunksize is None else check_chunksize(chunksize)
        cdef MapResult job = new_map(func, iterable, size, star, engine.capture())
        if job.length:
            job.callback = callback
            job.error_callback = error_callback
            if not engine.push(job):
                raise not_running()
        return job

    def _imap(self, func, iterable, bint ordered, Py_ssize_t limit):
        """The iterator of imap or imap_unordered for single items, at most `limit` of them ahead."""
        cdef Engine engine = self.running()
        cls = IMapIterator if ordered else IMapUnorderedIterator
        cdef IMapIterator iterator = cls(engine, limit, func, iter(iterable))
        if not engine.push(iterator):
            raise not_running()
        return iterator
