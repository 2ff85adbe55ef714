"""`as_completed` and `wait` by the futures' callbacks, where the standard library's lock each future twice.

A callback is there or not: so an interrupt at any point of these leaves nothing held, and the worker that ends
a future waits for nobody.
"""

from cpython.exc cimport PyErr_CheckSignals

from _queue import Empty, SimpleQueue
from concurrent.futures import _base
from concurrent.futures._base import ALL_COMPLETED, FIRST_COMPLETED, FIRST_EXCEPTION, DoneAndNotDoneFutures
from time import monotonic

from threadmill._core cimport SHORT_SLEEP_NS, deadline_after, is_main_thread, is_worker
from threadmill._csrc cimport tm_latch_claimed
from threadmill._future cimport FutureCore

# Now: somebody may put this module's in their places.
cdef object of_any_futures = _base.as_completed, wait_for_any = _base.wait


def as_completed(fs, timeout=None):
    """Gives the futures as they end or are cancelled, those first that have; one that comes twice, once.

    Raises TimeoutError when one is not there `timeout` seconds (None: never) after the first was asked for. As
    `concurrent.futures.as_completed`, which does it if not all of the futures were submitted to threadmill's executors.
    In a task, futures of the task's own pool that nobody has begun are run by the caller."""
    cdef list given
    cdef set pending = set(fs)
    fs = None                           # here and below: no future is held once it is given
    if not all_submitted(pending):
        given, pending = [pending], None
        yield from of_any_futures(given.pop(), timeout)
        return
    until = None if timeout is None else monotonic() + timeout
    cdef Py_ssize_t count = len(pending)
    ended = SimpleQueue()
    put = ended.put                     # one object: forget_callback looks for this very one
    try:
        for future in pending:
            (<FutureCore>future).add_done_callback(put)
        while pending:
            future = None
            given = [next_ended(ended, pending, until)]
            if given[0] is None:
                raise TimeoutError(f"{len(pending)} (of {count}) futures unfinished")
            pending.remove(given[0])
            yield given.pop()
    finally:
        for future in pending:
            (<FutureCore>future).forget_callback(put)


def wait(fs, timeout=None, return_when=ALL_COMPLETED):
    """Waits until the futures have ended or are cancelled: all, or with FIRST_COMPLETED one of them, or with
    FIRST_EXCEPTION one that has raised, or all; or for `timeout` seconds (None: for ever).

    Gives two sets, `done` and `not_done`. Raises ValueError for another `return_when`. What is said of
    `as_completed` holds here too."""
    if return_when not in (ALL_COMPLETED, FIRST_COMPLETED, FIRST_EXCEPTION):
        raise ValueError(f"Invalid return condition: {return_when!r}")
    cdef list futures = list(fs)
    if not all_submitted(futures):
        return wait_for_any(set(futures), timeout, return_when)
    if return_when == ALL_COMPLETED:
        wait_for_all(futures, timeout)
    else:
        wait_for_first(futures, timeout, return_when == FIRST_EXCEPTION)
    unique = set(futures)
    done = {future for future in unique if (<FutureCore>future).ended()}
    return DoneAndNotDoneFutures(done, unique - done)


cdef bint all_submitted(futures) except -1:
    """Those made by hand are not ended by their cancelling, but when their canceller says so: under their lock."""
    for future in futures:
        if not isinstance(future, FutureCore) or not (<FutureCore>future).submitted:
            return False
    return True


cdef object next_ended(ended, set pending, until):
    """The next that ends of those pending; None if none does by that time."""
    if is_worker() and ended.empty() and (until is None or until > monotonic()):
        for future in tuple(pending):   # tasks that are run here may end others
            if not tm_latch_claimed(&(<FutureCore>future).item.latch):
                (<FutureCore>future).help_out()
            if not ended.empty():
                break
    try:
        return get_by(ended, until)
    except Empty:
        return None


cdef object get_by(ended, until):
    if not is_main_thread():
        return ended.get(True, seconds_to(until))
    soon = monotonic() + SHORT_SLEEP_NS * 1e-9
    try:
        return ended.get(True, seconds_to(soon if until is None else min(soon, until)))
    except Empty:
        PyErr_CheckSignals()
        return ended.get(True, seconds_to(until))


cdef object seconds_to(until):
    return None if until is None else max(until - monotonic(), 0)


cdef int wait_for_all(list futures, timeout) except -1:
    """One after the other, from the last: when that has ended, most have."""
    deadline = deadline_after(timeout)
    cdef FutureCore future
    for future in reversed(futures):
        if not future.ended() and not future.wait_until(deadline):
            break
    return 0


cdef int wait_for_first(list futures, timeout, bint to_raise) except -1:
    endings = as_completed(futures, timeout)
    try:
        for future in endings:
            if not to_raise or (<FutureCore>future).error is not None:
                break
    except TimeoutError:
        pass
    finally:
        endings.close()
    return 0
