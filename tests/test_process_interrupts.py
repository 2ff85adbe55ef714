"""Ctrl-C in each call that waits: it comes at once, even if it was pressed just before the sleep."""

from __future__ import annotations

import json
import statistics
from pathlib import Path

import pytest
from process_helpers import EXECUTOR, FACES, POOL, always, run_often

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs Linux's /proc")

# `while_it_sleeps` and `early` make a call, interrupt it, and give the time from signal to KeyboardInterrupt.
# The call of the former sets `about_to` just before it waits.
TOOLS = """
import random, signal, threading, time

STATUS = f"/proc/self/task/{threading.get_native_id()}/status"

def state_of_main():
    with open(STATUS) as status:
        return [line for line in status if line.startswith(("State", "voluntary_ctxt_switches"))]

def wait_until_main_sleeps(late=False):
    if late:  # for longer than the first sleep of a wait may be
        time.sleep(0.06)
    # For longer than 5 ms, after which a thread that waits for the GIL would ask for it.
    before, looks = None, 0
    while looks < 3:
        time.sleep(0.003)
        now = state_of_main()
        looks = looks + 1 if now == before and "sleeping" in now[0] else 0
        before = now

def interrupt_main(late=False):
    about_to.wait(40)
    wait_until_main_sleeps(late)
    sent.append(time.monotonic())
    os.kill(os.getpid(), signal.SIGINT)

def while_it_sleeps(call, late=False):
    about_to.clear()
    sender = threading.Thread(target=interrupt_main, args=[late])
    sender.start()
    try:
        call()
    except KeyboardInterrupt:
        latency = time.monotonic() - sent.pop()
    sender.join()
    return latency

about_to, sent = threading.Event(), []

def interrupt(_, frame):
    # Not where CPython itself cannot stand it: a thread that starts may never be up, and what the callback of
    # a weak reference raises is ignored.
    while frame is not None:
        of_weakref = frame.f_globals["__name__"] in ("weakref", "_weakrefset")
        if of_weakref or frame.f_code is threading.Thread.start.__code__:
            signal.setitimer(signal.ITIMER_REAL, 1e-4, 0)
            return
        frame = frame.f_back
    signal.setitimer(signal.ITIMER_REAL, 0)
    raise KeyboardInterrupt

def early(call, again):
    delay = random.uniform(1e-6, 3e-4)
    begin = time.monotonic()
    try:
        signal.setitimer(signal.ITIMER_REAL, delay, again)
        call()
    except KeyboardInterrupt:
        latency = time.monotonic() - begin - delay
    return latency

signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGALRM, interrupt)

begun, release = threading.Semaphore(0), threading.Event()

def task(*_):
    begun.release()
    assert release.wait(40)
    return 3
"""

POOL_WAITS = {
    "apply": "pool.apply(task)",
    "get": "handle.get()",
    "get, with a limit": "handle.get(40)",
    "wait": "handle.wait()",
    "wait, with a limit": "handle.wait(40)",
    "map": "pool.map(task, [1, 2, 3])",
    "get of a map": "pool.map_async(task, [1, 2, 3]).get(40)",
    "starmap": "pool.starmap(task, [(1, 2), (3, 4)])",
    "imap": "next(values)",
    "imap, with a limit": "values.next(40)",
    "imap of chunks": "next(pool.imap(task, range(8), 2))",
    "imap, bounded": "next(pool.imap(task, range(8), buffersize=2))",
    "imap_unordered": "next(pool.imap_unordered(task, [1, 2]))",
}
EXECUTOR_WAITS = {
    "result": "handle.result()",
    "result, with a limit": "handle.result(40)",
    "exception": "handle.exception()",
    "exception, with a limit": "handle.exception(40)",
    "executor.map": "next(pool.map(task, [1, 2, 3]))",
    "executor.map, with a limit": "next(pool.map(task, [1, 2, 3], timeout=40))",
    "executor.map, bounded": "next(pool.map(task, [1, 2, 3], buffersize=2))",
}
JOINS = {
    "join after close": (POOL, "pool.close()", "pool.join()"),
    "join after terminate": (POOL, "pool.terminate()", "pool.join()"),
    "shutdown": (EXECUTOR, "", "pool.shutdown()"),
    "shutdown, with a limit": (EXECUTOR, "", "pool.shutdown(timeout=40)"),
}
# Of the standard library, on our futures.
FOREIGN_WAITS = {
    "wait for futures": (EXECUTOR, "", "concurrent.futures.wait([handle], 40)"),
    "as_completed": (EXECUTOR, "", "next(concurrent.futures.as_completed([handle]))"),
}
OWN_WAITS = {
    name: (POOL, "values = pool.imap(task, [1, 2, 3])", call) for name, call in POOL_WAITS.items()
} | {name: (EXECUTOR, "", call) for name, call in EXECUTOR_WAITS.items()}
WAITS = OWN_WAITS | JOINS | FOREIGN_WAITS


@pytest.mark.parametrize("wait", WAITS)
def test_each_wait_is_interrupted_at_once(wait: str) -> None:
    """Five times while it sleeps, and 20 times at any moment, also just before the sleep: no signal is lost.
    Joins wait on CPython's own locks, which may miss one, and get more. The task goes on, and gives its
    result."""
    face, before, call = WAITS[wait]
    again, times = 1 if wait in JOINS else 0, 0 if wait in FOREIGN_WAITS else 20
    program = f"""{face}{TOOLS}
import concurrent.futures
pool = new(2)
handle, _ = submit(pool, task), submit(pool, task)
assert all(begun.acquire(timeout=40) for _ in range(2))
{before}
wait = lambda: {call}
say([while_it_sleeps(lambda: (about_to.set(), wait()), late=i == 4) for i in range(5)])
say([early(wait, {again}) for _ in range({times})])
release.set()
say(result(handle))
"""
    asleep: list[float] = []
    at_any_time: list[float] = []
    for out in run_often(program):
        first, second, got = map(json.loads, out.splitlines())
        asleep += first
        at_any_time += second
        assert got == 3
    # The median, since the machine may be busy with other things.
    assert statistics.median(asleep) < 0.1
    assert statistics.median(at_any_time or [0]) < 0.1


@pytest.mark.parametrize("face", FACES)
def test_a_pool_is_as_good_as_before(face: str) -> None:
    """Though the signal may come at any point of making it, submitting and starting its threads."""
    program = f"""{FACES[face]}{TOOLS}
def call():
    pool = new(2)
    pools.append(pool)
    while True:
        submit(pool, abs, -2)
        result(submit(pool, abs, -2))

pools = []
for _ in range(50):
    early(call, 0)
    for pool in pools:
        assert [result(handle) for handle in [submit(pool, abs, -i) for i in range(9)]] == list(range(9))
        end(pool)
    pools.clear()
"""
    always(program, options=["-W", "ignore::ResourceWarning"])  # of one that it was about to make


# Ctrl-C when main sleeps in the block or at its end, which cancels the backlog, and then ...
WITH = """
def interrupter():
    interrupt_main()
    while not all(future.cancelled() for future in queued):
        time.sleep(0.001)
    say("cancelled")
    wait_until_main_sleeps()
    say("still waiting")
    {then}

pool = new(1)
try:
    with pool:
        running = submit(pool, task)
        queued = [submit(pool, say, "never") for _ in range(3)]
        assert begun.acquire(timeout=40)
        threading.Thread(target=interrupter).start()
        about_to.set()
        {wait}
except KeyboardInterrupt:
    say("interrupted")
say(running.done())
release.set()
"""
SLEEPS = {"in the block": "running.result()", "at its end": ""}


@pytest.mark.parametrize("wait", SLEEPS.values(), ids=SLEEPS)
def test_an_executors_block_cancels_the_backlog_and_waits_for_what_runs(wait: str) -> None:
    program = EXECUTOR + TOOLS + WITH.format(wait=wait, then="release.set()")
    always(program, "cancelled", "still waiting", "interrupted", "True")


@pytest.mark.parametrize("wait", SLEEPS.values(), ids=SLEEPS)
def test_a_second_interrupt_leaves_an_executors_block_at_once(wait: str) -> None:
    program = EXECUTOR + TOOLS + WITH.format(wait=wait, then="os.kill(os.getpid(), signal.SIGINT)")
    always(program, "cancelled", "still waiting", "interrupted", "False")


def test_a_pools_block_is_left_at_once() -> None:
    """What runs goes on, and the rest ends with PoolTerminated."""
    program = f"""{POOL}{TOOLS}
from threadmill import PoolTerminated

def block():
    with new(1) as pool:
        running.append(submit(pool, task))
        queued.append(submit(pool, say, "never"))
        assert begun.acquire(timeout=40)
        about_to.set()
        pool.map(say, ["never"])

running, queued = [], []
print([while_it_sleeps(block) for _ in range(5)], flush=True)
release.set()
for handle in running:
    say(result(handle))
for handle in queued:
    try:
        result(handle)
    except PoolTerminated:
        say("terminated")
"""
    latencies: list[float] = []
    for out in run_often(program):
        first, *others = out.splitlines()
        latencies += json.loads(first)
        assert others == ["3"] * 5 + ["terminated"] * 5
    assert statistics.median(latencies) < 0.1
