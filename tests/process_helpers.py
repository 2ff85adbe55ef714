"""What the tests share that run a program in a process of its own, again and again."""

from __future__ import annotations

import concurrent.futures
import os
import re
import signal
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Iterable

import pytest

FREE_THREADED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
RUNS = int(os.environ.get("THREADMILL_RUNS", "20" if os.environ.get("CI") else "3"))
AT_A_TIME = 2
LIMIT = 50  # seconds for one run; a hang is found before pytest itself gives up on the test

# The head of a program, one for each face. `say` writes a line at once and whole, in whichever thread.
SHARED = """\
import os

def say(*words):
    os.write(1, (" ".join(map(str, words)) + "\\n").encode())

"""
AS_POOL = """\

def submit(pool, function, *args):
    return pool.apply_async(function, args)

def result(handle):
    return handle.get(40)

def end(pool):
    pool.close()

"""
AS_EXECUTOR = """\

def submit(pool, function, *args):
    return pool.submit(function, *args)

def result(handle):
    return handle.result(40)

def end(pool):
    pool.shutdown(wait=False)

"""
POOL = SHARED + "from threadmill import ThreadPool as new\n" + AS_POOL
EXECUTOR = SHARED + "from threadmill import ThreadPoolExecutor as new\n" + AS_EXECUTOR
STDLIB_EXECUTOR = SHARED + "from concurrent.futures import ThreadPoolExecutor as new\n" + AS_EXECUTOR
FACES = {"pool": POOL, "executor": EXECUTOR}

# The traceback of an error that nobody has caught, alone.
UNCAUGHT = r"Traceback \(most recent call last\):\n(  .*\n)+"

# Without a GIL, CPython hands a mutex to who has waited for it for a millisecond, though that thread may get
# to nothing any more, at a fork or when the interpreter ends (python/cpython#133130). Of the latter the stack
# tells: the last thread waits for the lock of a queue of references, which is CPython's alone. Pools let
# their workers end before that, but for those at a task that is abandoned, or if the machine is very slow.
ABANDONED = re.compile(r"at PyMutex_Lock\S* .*\n.*\n.*at (PyThreadState_Clear|_Py_HandlePending)")


def run_often(
    program: str, *options: str, returncode: int = 0, errors: str = "", runs: int = RUNS
) -> list[str]:
    """Runs the program that often, and gives what each run has printed. All must exit with the code, having
    written to stderr what the pattern `errors` matches: nothing."""
    command = [sys.executable, "-X", "faulthandler", "-W", "error", *options, "-c", program]
    failed = threading.Event()

    def run(_: int) -> str:
        if failed.is_set():  # no more hangs, each of which takes as long as the limit
            return ""
        try:
            return _run(command, returncode, errors)
        except BaseException:
            failed.set()
            raise

    with concurrent.futures.ThreadPoolExecutor(AT_A_TIME) as executor:
        return list(executor.map(run, range(runs)))


def _run(command: list[str], returncode: int, errors: str) -> str:
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as child:
        try:
            out, err = child.communicate(timeout=LIMIT)
            hangs = False
        except subprocess.TimeoutExpired:
            hangs = True
            out, err = _abort(child)
    if hangs and FREE_THREADED and ABANDONED.search(err):
        pytest.skip("CPython hangs at its end, on a lock of its own that a stopped thread was handed")
    told = f"\n--- stdout\n{out}--- stderr\n{err}--- program\n{command[-1]}"
    assert not hangs, f"the program hangs{told}"
    assert child.returncode == returncode, f"exit code {child.returncode}{told}"
    assert re.fullmatch(errors, err), f"stderr{told}"
    return out


def _abort(child: subprocess.Popen[str]) -> tuple[str, str]:
    """Ends the child and its children; faulthandler tells on stderr where their threads are."""
    if sys.platform == "win32":
        child.kill()
        return child.communicate()
    os.killpg(child.pid, signal.SIGABRT)
    try:
        return child.communicate(timeout=10)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        return child.communicate()


def always(
    program: str,
    *lines: object,
    any_order: bool = False,
    options: Iterable[str] = (),
    returncode: int = 0,
    errors: str = "",
    runs: int = RUNS,
) -> None:
    """Each run of the program prints these lines, and then ends as `run_often` says."""
    expected = [str(line) for line in lines]
    for out in run_often(program, *options, returncode=returncode, errors=errors, runs=runs):
        printed = out.splitlines()
        if any_order:
            printed.sort()
            expected.sort()
        assert printed == expected, f"{printed} is printed, not {expected}, by\n{program}"
