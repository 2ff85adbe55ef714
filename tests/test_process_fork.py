"""Forks from whatever state, whose children and parents end as programs do."""

from __future__ import annotations

import os
import sysconfig

import pytest
from process_helpers import FACES, always

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")

# From Python 3.12 on, of any fork while threads live.
OPTIONS = ["-W", "ignore::DeprecationWarning"]

CHILDREN = """
import multiprocessing, signal, sys, threading
import threadmill

def use():
    assert [result(submit(pool, abs, -i)) for i in range(9)] == list(range(9))
    assert list(pool.map(abs, range(20))) == list(range(20))
    other = new(1)
    assert result(submit(other, abs, -2)) == 2
    end(other)

def forked():
    pid = os.fork()
    if pid == 0:
        signal.alarm(40)  # the default action ends it
    return pid

def succeeds(pid):
    return os.waitpid(pid, 0)[1] == 0

def fork_to_os_exit():
    pid = forked()
    if pid == 0:
        use()
        os._exit(0)
    assert succeeds(pid)

def fork_a_process():
    process = multiprocessing.get_context("fork").Process(target=use)
    process.start()
    process.join(40)
    assert process.exitcode == 0, process.exitcode

pool = new(2)
"""

# One after the other.
STATES = {
    "never used": "",
    "idle": "use()",
    "busy": "submit(pool, task); assert begun.wait(40)",
    "with queued work": "handles = [submit(pool, task) for _ in range(9)]",
    "one is ended": "ended, pool = pool, new(2); end(ended)",
}


@pytest.mark.parametrize("face", FACES)
def test_forks_of_main(face: str) -> None:
    """In each state, children that end by sys.exit, by os._exit and as a Process; then main ends."""
    program = f"""{FACES[face]}{CHILDREN}
import atexit
begun, release = threading.Event(), threading.Event()

def task():
    begun.set()
    assert release.wait(40)

for name, code in {STATES}.items():
    exec(code)
    fork_to_os_exit()
    fork_a_process()
    pid = forked()
    if pid == 0:
        atexit.register(say, "a child", name)
        use()
        sys.exit(0)
    assert succeeds(pid)
release.set()
use()
say("the parent")
"""
    always(program, *[f"a child {name}" for name in STATES], "the parent", options=OPTIONS)


@pytest.mark.parametrize("face", FACES)
def test_a_fork_in_a_task_and_in_a_callback(face: str) -> None:
    callback = {
        "pool": "pool.apply_async(int, callback=lambda _: fork()).get(40)",
        "executor": "future = submit(pool, begun.wait, 40); future.add_done_callback(lambda _: fork()); "
        "begun.set(); assert forked_in_callback.wait(40)",
    }[face]
    program = f"""{FACES[face]}{CHILDREN}
begun, forked_in_callback = threading.Event(), threading.Event()

def fork():
    fork_to_os_exit()
    fork_a_process()
    forked_in_callback.set()

result(submit(pool, fork))
forked_in_callback.clear()
{callback}
assert forked_in_callback.is_set()
use()
say("the parent")
"""
    always(program, "the parent", options=OPTIONS)


@pytest.mark.skipif(
    "TSAN_OPTIONS" in os.environ,
    reason="a check of ThreadSanitizer's own fails ((thr->slot) != 0) when the only thread of a child ends",
)
@pytest.mark.parametrize("face", FACES)
def test_a_child_whose_only_thread_is_a_worker_may_end_its_pool(face: str) -> None:
    """And so itself: with the last thread, the process ends."""
    program = f"""{FACES[face]}{CHILDREN}
def fork():
    pid = forked()
    if pid == 0:
        use()
        end(pool)
        say("the child")
    return pid

assert succeeds(result(submit(pool, fork)))
use()
"""
    always(program, "the child", options=OPTIONS)


@pytest.mark.skipif(
    bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
    reason="CPython: a lock that is being handed to another thread stays locked in the child",
)
@pytest.mark.parametrize("face", FACES)
def test_forks_while_other_threads_use_and_make_pools(face: str) -> None:
    """Of main, and of a thread."""
    program = f"""{FACES[face]}{CHILDREN}
sys.setswitchinterval(1e-6)

def work():
    while not over.is_set():
        use()

def make():
    while not over.is_set():
        end(new(1))

def fork():
    for _ in range(3):
        fork_to_os_exit()

over = threading.Event()
threads = [threading.Thread(target=target) for target in [work, make, fork]]
for thread in threads:
    thread.start()
for _ in range(3):
    fork_a_process()
    pid = forked()
    if pid == 0:
        use()
        say("a child")
        sys.exit(0)
    assert succeeds(pid)
threads[2].join()
over.set()
for thread in threads:
    thread.join()
use()
"""
    always(program, *["a child"] * 3, options=OPTIONS)
