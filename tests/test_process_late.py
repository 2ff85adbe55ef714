"""Pools in use while the interpreter exits: by atexit handlers, tasks, and threads that main leaves."""

from __future__ import annotations

import pytest
from process_helpers import EXECUTOR, FACES, POOL, RUNS, STDLIB_EXECUTOR, always

# What is done once main has ended. Python 3.12 starts no threads then: the pool has one from before.
USES_A_POOL = """
def use():
    say(result(submit(pool, abs, -2)), pool.map(abs, range(3)), list(pool.imap(abs, range(3), buffersize=1)))
    with new(1) as other:
        say(other.map(abs, []))

pool = new(2)
pool.apply(int)
"""
USES_AN_EXECUTOR = """
def use():
    for attempt in [lambda: submit(pool, say, "never"), lambda: list(pool.map(say, ["never"])),
                    lambda: submit(unused, say, "never"), lambda: submit(new(1), say, "never"),
                    lambda: submit(ended, say, "never")]:
        try:
            attempt()
        except RuntimeError as error:
            say(error)
    pool.shutdown()

unused, pool, ended = new(1), new(1), new(1)
pool.submit(int).result()
ended.shutdown()
"""
REFUSED = ["cannot schedule new futures after interpreter shutdown"] * 4 + [
    "cannot schedule new futures after shutdown"
]


def test_a_pool_in_an_atexit_handler() -> None:
    """Works, as with the standard library's; those of multiprocessing end it after the program's."""
    program = f"""{POOL}{USES_A_POOL}
import atexit
atexit.register(use)
"""
    always(program, "2 [0, 1, 2] [0, 1, 2]", "[]")


def test_an_executor_in_an_atexit_handler() -> None:
    program = f"""{EXECUTOR}{USES_AN_EXECUTOR}
import atexit
atexit.register(use)
"""
    always(program, *REFUSED)


# A thread that main does not wait for, but the interpreter: it goes on once main has ended.
LEFT_THREAD = """
import threading

def run():
    at_exit.wait(40)
    use()

at_exit = threading.Event()
"""


def test_a_pool_in_a_thread_that_main_leaves() -> None:
    program = f"""{POOL}{USES_A_POOL}{LEFT_THREAD}
threading.Thread(target=run).start()
threading._register_atexit(at_exit.set)
"""
    always(program, "2 [0, 1, 2] [0, 1, 2]", "[]")


def test_an_executor_in_a_thread_that_main_leaves() -> None:
    """Registered before threadmill's, `at_exit.set` is called after."""
    program = f"""
import threading
at_exit = threading.Event()
threading._register_atexit(at_exit.set)
{EXECUTOR}{USES_AN_EXECUTOR}
def run():
    at_exit.wait(40)
    use()

threading.Thread(target=run).start()
"""
    always(program, *REFUSED)


@pytest.mark.parametrize("face", ["executor", "stdlib executor"])
def test_a_task_that_submits_until_it_is_refused(face: str) -> None:
    """What was accepted is done, and then nothing more is."""
    program = f"""{EXECUTOR if face == "executor" else STDLIB_EXECUTOR}
import atexit, time

def count(i):
    done.append(i)

def endless():
    i = 0
    while True:
        submit(pool, count, i)
        accepted.append(i)
        i += 1
        time.sleep(0.001)

done, accepted = [], []
pool = new(1)
submit(pool, endless).add_done_callback(lambda future: say(future.exception()))
atexit.register(lambda: say(done == accepted))
"""
    always(program, REFUSED[0], "True", runs=RUNS if face == "executor" else 1)


# What the program's own daemon threads do for ever, until they are stopped wherever they are.
LOOPS = {
    "submitting": "submit(pool, abs, -2)",
    "waiting": "result(submit(pool, abs, -2))",
    "map": "list(pool.map(abs, range(20)))",
    "streaming": "list(stream(abs, range(20), buffersize=3))",
    "callbacks": "call_back()",
    "new pools": "other = new(1); submit(other, abs, -2); end(other)",
}
OF_FACE = {
    "pool": """
stream = pool.imap
def call_back():
    pool.apply_async(abs, (-2,), callback=abs)
""",
    "executor": """
stream = pool.map
def call_back():
    pool.submit(abs, -2).add_done_callback(id)
""",
}


@pytest.mark.parametrize("loop", LOOPS.values(), ids=LOOPS)
@pytest.mark.parametrize("face", FACES)
def test_daemon_threads_that_use_a_pool_for_ever(face: str, loop: str) -> None:
    program = f"""{FACES[face]}
import sys, threading
sys.setswitchinterval(1e-5)
pool = new(2)
{OF_FACE[face]}
def run():
    for times in range(10**9):
        try:
            {loop}
        except Exception:  # it takes no more work
            pass
        if times == 10:
            under_way.release()

under_way = threading.Semaphore(0)
for _ in range(2):
    threading.Thread(target=run, daemon=True).start()
for _ in range(2):
    assert under_way.acquire(timeout=40)
"""
    always(program)
