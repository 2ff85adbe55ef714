"""Forked children: each uses the pools that it inherits for a moment, and leaves."""

from __future__ import annotations

import os
import select
import signal
import sys
import sysconfig
import threading
import traceback
from concurrent.futures.thread import BrokenThreadPool

from actor import Actor
from collecting import PENDING, outcome_of, take
from faults import FailingStarts, Signals
from orders import Order, Single
from streams import Stream
from subjects import Subject, Subjects
from verdict import LIMIT, count, fail

from threadmill import PoolForked, ThreadPool

FREE_THREADED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))

_few = threading.Semaphore(2)


def fork(actor: Actor, subjects: Subjects, starts: FailingStarts, signals: Signals | None) -> None:
    """Waits for the child, unless there are two already."""
    if not _few.acquire(blocking=False):
        return
    told, tell = os.pipe()
    try:
        pid = os.fork()
        if pid == 0:
            os.write(tell, b"up")
            signal.alarm(int(LIMIT / 2))  # which dumps the stacks: see faulthandler.register in __main__
            starts.on = False
            if signals is not None:
                signals.armed = False
            be_a_child(actor, subjects)
        count("fault: fork")
        if FREE_THREADED and not select.select([told], [], [], LIMIT / 2)[0]:
            # CPython hangs before os.fork() returns, on a lock of a dictionary: one that was being handed to
            # another thread stays locked in the child (python/cpython#133130).
            count("fault: fork in vain")
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return
        status = os.waitpid(pid, 0)[1]
        if status:
            fail(f"the forked child {pid} ended with {status}")
    finally:
        os.close(told)
        os.close(tell)
        _few.release()


def be_a_child(actor: Actor, subjects: Subjects) -> None:
    try:
        for order in actor.orders:
            see(order)
        for subject in subjects.places:
            if subject is not None:
                use(subject)
        with ThreadPool(2) as pool:
            check(pool.map(abs, range(10)), list(range(10)))
        pool.join()
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(1)


def check(got: object, expected: object) -> None:
    if got != expected:
        fail(f"in a forked child: got {got}, not {expected}")


def see(order: Order) -> None:
    """What was done is done; what was not is lost; nothing hangs."""
    if order.handle is None:
        return
    if isinstance(order, Stream):
        take(order, order.work.size + 2)
        order.verify_in_child(PoolForked)
    elif isinstance(order, Single):
        outcome = outcome_of(order, LIMIT / 4)
        if outcome is PENDING:
            fail(f"in a forked child: {order} hangs")
        if type(outcome) is not PoolForked:
            order.verify(outcome)


def use(subject: Subject) -> None:
    """As if it were new, unless it was closed."""
    faces = subject.faces
    if faces is None:
        return
    try:
        check(faces.pool.map(abs, range(10)), list(range(10)))
        check(list(faces.pool.imap(abs, range(10), buffersize=3)), list(range(10)))
        check(
            [future.result() for future in [faces.executor.submit(abs, i) for i in range(5)]], list(range(5))
        )
    except ValueError as error:
        if str(error) != "Pool not running" or "end" not in subject.acts:
            raise
    except BrokenThreadPool:
        if "break" not in subject.acts:
            raise
    subject.acts.add("end")
    faces.pool.close()
    faces.pool.join()
