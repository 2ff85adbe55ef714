"""Programs that hang with the standard library's pools. With threadmill's each of them ends.

THREADMILL_STDLIB_HANGS=1 has them run with the standard library's classes too, to see that they hang
there: so they do in Python 3.11 to 3.13."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from helpers import LIMIT

LONG = 2  # seconds: none of the programs needs so much when it has begun, if it ends at all

THREADMILL = "from threadmill import ThreadPool, ThreadPoolExecutor\n"
STDLIB = """\
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.pool import ThreadPool
"""
HEAD = """\
import os, signal, threading
from concurrent.futures import as_completed, wait

def show(call):
    try:
        result = call()
    except BaseException as error:
        result = type(error).__name__
    print(result, flush=True)

def leave(*_):
    raise SystemExit(3)

print("begun", flush=True)
"""
# The only worker is at a task.
BUSY_POOL = """\
begun, end = threading.Event(), threading.Event()
pool = ThreadPool(1)
running = pool.apply_async(lambda: begun.set() or end.wait())
begun.wait()
"""
BUSY_EXECUTOR = """\
begun, end = threading.Event(), threading.Event()
executor = ThreadPoolExecutor(1)
running = executor.submit(lambda: begun.set() or end.wait())
begun.wait()
"""
SHORT_ITEMS = """\
class Items(list):
    def __len__(self):
        return 100
pool = ThreadPool(1)
handle = pool.map_async(abs, Items([-3]))
"""


@dataclass(frozen=True)
class Program:
    code: str
    printed: str  # with threadmill's classes


PROGRAMS = {
    # --- the end of a pool ---
    # python/cpython#79659
    "get() after terminate()": Program(
        BUSY_POOL + "pending = pool.apply_async(abs, (-3,)); pool.terminate(); end.set(); show(pending.get)",
        "PoolTerminated",
    ),
    # python/cpython#126743
    "get() after the with block": Program(
        BUSY_POOL + "with pool:\n    pending = pool.map_async(abs, [-3])\nend.set(); show(pending.get)",
        "PoolTerminated",
    ),
    "terminate() while the input blocks": Program(
        """\
reading, end = threading.Event(), threading.Event()
def items():
    reading.set()
    end.wait()
    yield -3
pool = ThreadPool(1)
values = pool.imap(abs, items())
reading.wait()
show(pool.terminate)
end.set()
show(values.next)
show(values.next)
""",
        "None\n3\nPoolTerminated",
    ),
    # python/cpython#87893
    "waiting for what shutdown() has cancelled": Program(
        BUSY_EXECUTOR
        + """\
pending = executor.submit(abs, -3)
executor.shutdown(wait=False, cancel_futures=True)
show(lambda: next(as_completed([pending])).cancelled())
end.set()
""",
        "True",
    ),
    # python/cpython#92001
    "waiting for what was cancelled, while no worker is free": Program(
        BUSY_EXECUTOR
        + """\
pending = executor.submit(abs, -3)
pending.cancel()
show(lambda: len(wait([pending]).done))
end.set()
""",
        "1",
    ),
    # python/cpython#121649
    "shutdown() in a signal handler, while submit() starts a thread": Program(
        """\
executor = ThreadPoolExecutor(1)
signal.signal(signal.SIGINT, lambda *_: executor.shutdown(wait=False))
start = threading.Thread.start
def start_and_interrupt(thread):
    start(thread)
    signal.raise_signal(signal.SIGINT)
threading.Thread.start = start_and_interrupt
show(executor.submit(abs, -3).result)
""",
        "3",
    ),
    # --- errors ---
    # python/cpython#101081
    "a task that exits": Program("show(lambda: ThreadPool(1).apply(leave))", "SystemExit"),
    # python/cpython#101081
    "an item of a map that exits": Program("show(lambda: ThreadPool(1).map(leave, [1, 2]))", "SystemExit"),
    # python/cpython#83371
    "a callback that raises": Program("show(ThreadPool(1).apply_async(list, callback=int).get)", "TypeError"),
    # python/cpython#83371
    "a task after a callback that raises": Program(
        "pool = ThreadPool(1); pool.apply_async(list, callback=int); show(lambda: pool.apply(int))", "0"
    ),
    "a callback that cannot be called": Program(
        "show(lambda: ThreadPool(1).apply_async(int, callback=5).get())", "TypeError"
    ),
    "a done callback that exits": Program(
        BUSY_EXECUTOR
        + "running.add_done_callback(leave); end.set(); show(lambda: executor.submit(abs, -3).result())",
        "3",
    ),
    # python/cpython#87472
    "an initializer that raises": Program(
        "show(lambda: ThreadPool(1, leave).apply(abs, (-3,)))", "BrokenThreadPool"
    ),
    "an initializer that raises, with a task cancelled": Program(
        """\
go_on = threading.Event()
executor = ThreadPoolExecutor(1, initializer=lambda: go_on.wait() and leave())
first, second = executor.submit(abs, -2), executor.submit(abs, -3)
first.cancel()
go_on.set()
show(second.result)
""",
        "BrokenThreadPool",
    ),
    # --- the input of a map ---
    "an imap whose input exits": Program(
        "show(ThreadPool(1).imap(abs, (leave() for _ in [1])).next)", "SystemExit"
    ),
    "a chunksize that is not whole": Program(
        "show(lambda: ThreadPool(1).map(abs, [1, 2, 3], chunksize=1.5))", "TypeError"
    ),
    "an input that is shorter than it says": Program(SHORT_ITEMS + "show(handle.get)", "[3]"),
    "join() after an input that is shorter than it says": Program(
        SHORT_ITEMS + "pool.close(); show(pool.join)", "None"
    ),
    # --- a pool that is used from within ---
    "a task that waits for another": Program(
        "pool = ThreadPool(1); show(lambda: pool.apply(lambda: pool.apply(abs, (-3,))))", "3"
    ),
    "a future that waits for another": Program(
        """\
executor = ThreadPoolExecutor(1)
show(executor.submit(lambda: executor.submit(abs, -3).result()).result)
""",
        "3",
    ),
    "a future that waits for itself": Program(
        """\
given, futures = threading.Event(), []
executor = ThreadPoolExecutor(1)
futures.append(executor.submit(lambda: given.wait() and futures[0].result()))
given.set()
show(futures[0].result)
""",
        "DeadlockError",
    ),
    "a callback that waits for a task": Program(
        """\
pool = ThreadPool(1)
show(pool.apply_async(int, callback=lambda _: show(lambda: pool.apply(abs, (-3,)))).get)
""",
        "3\n0",
    ),
    "a done callback that waits for a task": Program(
        BUSY_EXECUTOR
        + """\
called = threading.Event()
running.add_done_callback(lambda _: (show(executor.submit(abs, -3).result), called.set()))
end.set()
called.wait()
""",
        "3",
    ),
    "an input that waits for a task": Program(
        """\
pool = ThreadPool(2)
show(lambda: list(pool.imap(abs, (pool.apply(abs, (i,)) for i in range(3)))))
""",
        "[0, 1, 2]",
    ),
    "a pool in a forked child": Program(
        """\
pool = ThreadPool(1)
pool.apply(int)
if os.fork() == 0:
    show(lambda: pool.apply(abs, (-3,)))
    os._exit(0)
os.wait()
""",
        "3",
    ),
    "an executor in a forked child": Program(
        """\
executor = ThreadPoolExecutor(1)
executor.submit(int).result()
if os.fork() == 0:
    show(executor.submit(abs, -3).result)
    os._exit(0)
os.wait()
""",
        "3",
    ),
}

each_program = pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)


@contextmanager
def started(program: Program, imports: str) -> Iterator[subprocess.Popen[bytes]]:
    """The program, from when it has imported what it needs."""
    if "fork" in program.code and not hasattr(os, "fork"):
        pytest.skip("needs fork")
    command = [sys.executable, "-W", "ignore", "-c", imports + HEAD + program.code]
    with subprocess.Popen(
        command, bufsize=0, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    ) as child:
        try:
            assert child.stdout is not None
            assert child.stdout.readline().split() == [b"begun"]
            yield child
        finally:
            end(child)


def end(child: subprocess.Popen[bytes]) -> None:
    """With the child that it may have forked."""
    if child.returncode is None:
        if sys.platform == "win32":
            child.kill()
        else:
            os.killpg(child.pid, signal.SIGKILL)


@each_program
def test_it_ends(program: Program) -> None:
    with started(program, THREADMILL) as child:
        printed, errors = child.communicate(timeout=LIMIT)
    assert printed.decode().splitlines() == program.printed.splitlines(), errors.decode()
    assert child.returncode == 0, errors.decode()


@pytest.mark.skipif("THREADMILL_STDLIB_HANGS" not in os.environ, reason="takes a minute: see above")
@each_program
def test_the_standard_library_hangs_there(program: Program) -> None:
    with started(program, STDLIB) as child, pytest.raises(subprocess.TimeoutExpired):
        print(*child.communicate(timeout=LONG))
