"""The stress test of stress/: it finds nothing now, and it finds what it is there for."""

from __future__ import annotations

import os
import random
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

STRESS = str(Path(__file__).with_name("stress"))
SECONDS = 20 if os.environ.get("CI") else 3


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS + 90, check=False)


def test_random_operations_under_faults() -> None:
    command = [sys.executable, STRESS, "--seconds", str(SECONDS), "--seed", str(random.randrange(10**6))]
    print("to repeat it:", shlex.join(command))
    child = run(*command)
    print(child.stdout)
    assert child.returncode == 0, child.stderr
    assert child.stderr == ""


# What is broken, and how the run says so.
BROKEN = {
    "a task that is done twice": (
        """
def apply_async(pool, *arguments, **keywords):
    real(pool, *arguments, **keywords)
    return real(pool, *arguments, **keywords)
real, ThreadPool.apply_async = ThreadPool.apply_async, apply_async
""",
        "is done twice",
    ),
    "a task that is not done": (
        """
def submit(executor, *arguments):
    future = threadmill.Future()
    future.cancel()
    return future
ThreadPoolExecutor.submit = submit
""",
        "CancelledError",
    ),
    "a task whose handle nobody holds, and that is not done": (
        """
import deeds
deeds.submit_more = lambda *_: lambda work: work.subject.left.append(Single("dropped", Work(work.subject, 1)))
from orders import Single
from work import Work
""",
        "was done for [], not for [0]",
    ),
    "a handle that hangs": (
        "ThreadPoolExecutor.submit = lambda *_: threadmill.Future()",
        "hangs, in thread",
    ),
    "a wrong value": (
        """
def map(pool, task, items, chunksize=None):
    return real(pool, task, items, chunksize)[::-1]
real, ThreadPool.map = ThreadPool.map, map
""",
        "ended with [",
    ),
    "results out of order": (
        "ThreadPool.imap = ThreadPool.imap_unordered",
        " gave [",
    ),
    "a callback that is not called": (
        """
def apply_async(pool, task, args, kwds, callback=None, error_callback=None):
    return real(pool, task, args, kwds)
real, ThreadPool.apply_async = ThreadPool.apply_async, apply_async
""",
        "has called []",
    ),
    "input that is read beyond its bound": (
        """
def imap(pool, task, items, chunksize, buffersize):
    return real(pool, task, items, chunksize, buffersize=buffersize and 2 * buffersize)
real, ThreadPool.imap = ThreadPool.imap, imap
""",
        "items read, with a bound of",
    ),
    "an error without a cause": (
        """
def submit(executor, *arguments):
    raise RuntimeError("cannot schedule new futures after shutdown")
ThreadPoolExecutor.submit = submit
""",
        "raised RuntimeError('cannot schedule new futures after shutdown')",
    ),
    "a context that is not the submitter's": (
        """
def new(*arguments, context, **keywords):
    real(*arguments, context=False, **keywords)
real, ThreadPool.__init__ = ThreadPool.__init__, new
""",
        "is done in the context of",
    ),
    "a join that does not wait": (
        "ThreadPool.join = lambda pool: None",
        "has been joined, but is not at its end",
    ),
    "a thread that is left": (
        """
def join(pool):
    real(pool)
    threading.Thread(target=threading.Event().wait, daemon=True).start()
real, ThreadPool.join = ThreadPool.join, join
""",
        "threads that live on",
    ),
    "a pool that is not freed": (
        """
def close(pool):
    kept.append(pool)
    real(pool)
kept, real, ThreadPool.close = [], ThreadPool.close, close
""",
        "engines that live on",
    ),
    "an error in a forked child": (
        """
import children
def use(subject):
    raise ValueError("in the child")
children.use = use
""",
        "the forked child",
    ),
}


@pytest.mark.parametrize(("change", "message"), BROKEN.values(), ids=BROKEN)
def test_it_notices(change: str, message: str) -> None:
    if "children" in change and not hasattr(os, "fork"):
        pytest.skip("needs fork")
    # A fork is rare, and ends this one at once.
    seconds = 60 if "children" in change else 2
    program = f"""
import runpy, sys, threading
sys.path.insert(0, {STRESS!r})
import verdict
verdict.LIMIT = 4.0
import threadmill
from threadmill import ThreadPool, ThreadPoolExecutor
{change}
sys.argv[1:] = ["--seconds", "{seconds}", "--seed", "1"]
runpy.run_path({STRESS!r}, run_name="__main__")
"""
    child = run(sys.executable, "-c", program)
    assert child.returncode == 1
    assert "VIOLATION" in child.stderr
    assert message in child.stderr, child.stderr[:2000]
