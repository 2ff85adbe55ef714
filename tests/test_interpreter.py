"""What threadmill does to the interpreter that imports it."""

import subprocess
import sys
import sysconfig
import threading
import time
from pathlib import Path

import pytest

import threadmill

FREE_THREADED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.skipif(not FREE_THREADED, reason="this interpreter has a GIL")
def test_import_leaves_the_gil_off() -> None:
    child = run("import threadmill, sys; print(sys._is_gil_enabled())")
    assert child.stdout.strip() == "False", child.stderr


INTERPRETERS = "_interpreters" if sys.version_info >= (3, 13) else "_xxsubinterpreters"

SUBINTERPRETER = f"""
import {INTERPRETERS} as interpreters
import threadmill                       # works in the main interpreter
code = '''
try:
    import threadmill._core
except ImportError as error:
    print("refused:", error)
else:
    print("imported")
'''
interpreter = interpreters.create()
problem = interpreters.run_string(interpreter, code)
assert problem is None, problem
interpreters.destroy(interpreter)
assert threadmill.ThreadPool(1).apply(pow, (2, 3)) == 8
"""


def test_a_subinterpreter_is_refused_cleanly() -> None:
    child = run("import warnings; warnings.simplefilter('ignore')\n" + SUBINTERPRETER)
    assert child.returncode == 0, child.stderr
    assert child.stdout.startswith("refused:"), child.stdout


def test_importing_starts_no_thread() -> None:
    child = run("import threadmill, threading; print(threading.active_count())")
    assert child.stdout.strip() == "1", child.stderr


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs Linux's /proc")
def test_an_idle_pool_does_nothing() -> None:
    """No context switch in its workers while they sleep (Linux counts them for each thread)."""

    def switches(tid: int) -> int:
        status = Path(f"/proc/self/task/{tid}/status").read_text().splitlines()
        return sum(int(line.split()[1]) for line in status if "ctxt_switches" in line)

    def asleep(tid: int) -> bool:
        # Behind the thread's name, which may hold spaces, comes its state.
        return Path(f"/proc/self/task/{tid}/stat").read_text().rpartition(")")[2].split()[0] == "S"

    size = 8
    together = threading.Barrier(size)
    pool = threadmill.ThreadPool(size)
    try:
        tids = pool.map(lambda _: (together.wait(30), threading.get_native_id())[1], range(size), chunksize=1)
        assert len(set(tids)) == size
        deadline = time.monotonic() + 30
        while pool._engine.busy() or not all(asleep(tid) for tid in tids):
            assert time.monotonic() < deadline
        before = [switches(tid) for tid in tids]
        time.sleep(5)  # the time in which nothing must happen
        assert [switches(tid) for tid in tids] == before
    finally:
        pool.terminate()
        pool.join()
