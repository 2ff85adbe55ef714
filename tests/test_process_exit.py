"""The end of a program that has pools: what is done, what is dropped, and that nothing more is said."""

from __future__ import annotations

import pytest
from process_helpers import EXECUTOR, FACES, POOL, RUNS, STDLIB_EXECUTOR, UNCAUGHT, always, run_often

POLICIES = ["wait", "cancel", "abandon"]


@pytest.mark.parametrize("face", FACES)
def test_pools_without_work(face: str) -> None:
    """Never used, idle, and ended, with each policy; held by the module, and by a cycle only."""
    program = f"""{FACES[face]}
def use(pool, uses):
    if uses:
        assert [result(submit(pool, abs, -i)) for i in range(5)] == list(range(5))
        assert list(pool.map(abs, range(20))) == list(range(20))
    if uses == 2:
        end(pool)

pools = [new(2, at_exit=policy) for policy in {POLICIES} for _ in range(6)]
for i, pool in enumerate(pools):
    use(pool, i // 2 % 3)
    pool.itself = [pool]
del pool, pools[::2]
"""
    always(program)


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("busy", [0, 1, 3])
def test_workers_without_work_have_ended_before_the_interpreter_does(face: str, busy: int) -> None:
    """Else it would stop them anywhere, also where CPython without a GIL has just handed one a lock that the
    main thread needs. Those at a task are not waited for."""
    program = f"""
import atexit, threading, time
atexit.register(lambda: say(threading.active_count()))  # after all that is registered later
{FACES[face]}
begun, never = threading.Barrier(4), threading.Event()

def wait(last):
    begun.wait(20)
    if last < {busy}:
        never.wait(60)

pool = new(4, at_exit="abandon")
handles = [submit(pool, wait, i) for i in range(3)]
begun.wait(20)
until = time.monotonic() + 20
while pool._engine.at_jobs() > {busy}:  # a job ends a moment after its result is there
    assert time.monotonic() < until
    time.sleep(0.001)
"""
    always(program, 1 + busy)


# In a pool of one worker: for whom it is, what is under way, and the numbers that are told, by policy. `held`
# is a task, or a callback, that waits for the end of main and then works on for a moment, which an exit that
# does not wait for it would not live to see.
WORK = {
    "queued calls": (
        ["pool", "executor"],
        "handles = [submit(pool, held if i == 0 else tell, i) for i in range(4)]",
        {"wait": "0123", "cancel": "0", "abandon": ""},
    ),
    "an imap": (
        ["pool"],
        "values = pool.imap(lambda i: held(i) if i == 2 else tell(i), range(6)); next(values); next(values)",
        {"wait": "012345", "cancel": "012", "abandon": "01"},
    ),
    "a map of an executor": (
        ["executor"],
        "values = pool.map(lambda i: held(i) if i == 2 else tell(i), range(6)); next(values); next(values)",
        {"wait": "012345", "cancel": "012", "abandon": "01"},
    ),
    "an imap that waits for room": (
        ["pool"],
        "values = pool.imap(tell, range(6), buffersize=2); next(values); pool.apply(int); begun.set()",
        {"wait": "012345", "cancel": "012", "abandon": "012"},
    ),
    "a bounded map of an executor": (
        ["executor"],
        "values = pool.map(tell, range(6), buffersize=2); next(values); pool.submit(begun.set).result()",
        {"wait": "01", "cancel": "01", "abandon": "01"},
    ),
    "calls of a pool's executor": (
        ["pool"],
        "view = pool.as_executor(); view.submit(held, 0); handles = [view.submit(tell, i) for i in (1, 2)]",
        {"wait": "012", "cancel": "0", "abandon": ""},
    ),
    "calls of an executor's pool": (
        ["executor"],
        "view = pool.as_pool(); view.apply_async(held, (0,)); handles = view.map_async(tell, (1, 2))",
        {"wait": "012", "cancel": "0", "abandon": ""},
    ),
    "an imap of an executor's pool that waits for room": (
        ["executor"],
        "view = pool.as_pool(); values = view.imap(tell, range(6), buffersize=2); next(values);"
        " view.apply(int); begun.set()",
        {"wait": "012345", "cancel": "012", "abandon": "012"},
    ),
    "a callback": (
        ["pool"],
        "handle = pool.apply_async(int, callback=held); submit(pool, tell, 1)",
        {"wait": "01", "cancel": "0", "abandon": ""},
    ),
    "a callback of a future": (
        ["executor"],
        "pool.submit(go.wait).add_done_callback(lambda _: held(0)); submit(pool, tell, 1); go.set()",
        {"wait": "01", "cancel": "0", "abandon": ""},
    ),
}


@pytest.mark.parametrize(("name", "face"), [(name, face) for name in WORK for face in WORK[name][0]])
def test_what_the_policy_says_is_done(name: str, face: str) -> None:
    """A pool for each policy. With "abandon", what runs goes on for ever."""
    _, work, said = WORK[name]
    program = f"""{FACES[face]}
import threading

def begin(policy):
    pool = new(1, at_exit=policy)
    begun, go = threading.Event(), threading.Event()

    def tell(i):
        say(policy, i)

    def held(i):
        begun.set()
        assert ends[policy].wait(40)
        threading.Event().wait(0.02)
        tell(i)

    {work}
    assert begun.wait(40)
    return locals()

ends = {{policy: threading.Event() for policy in {POLICIES}}}
kept = [begin(policy) for policy in {POLICIES}]
threading._register_atexit(ends["wait"].set)
threading._register_atexit(ends["cancel"].set)
"""
    for out in run_often(program):
        lines = [line.split() for line in out.splitlines()]
        assert {p: "".join(number for policy, number in lines if policy == p) for p in POLICIES} == said


HELD = """
import threading
begun, main_ends = threading.Event(), threading.Event()

def held(*words):
    begun.set()
    assert main_ends.wait(40)
    threading.Event().wait(0.02)
    say(*words)

"""
AT_THE_END = "threading._register_atexit(main_ends.set)\n"  # before threadmill's own, which came before it


@pytest.mark.parametrize(("face", "error"), [("pool", "PoolTerminated"), ("executor", "CancelledError")])
def test_what_is_cancelled_at_exit_says_so(face: str, error: str) -> None:
    program = f"""{FACES[face]}{HELD}
import atexit
pool = new(1, at_exit="cancel")
handles = [submit(pool, held, "held")] + [submit(pool, say, "never") for _ in range(3)]

def look():
    for handle in handles:
        try:
            say(handle.get(0) if hasattr(handle, "get") else handle.result(0))
        except BaseException as error:
            say(type(error).__name__)

atexit.register(look)
assert begun.wait(40)
{AT_THE_END}
"""
    always(program, "held", "None", error, error, error)


# --- how main ends -------------------------------------------------------------------------------

ENDS = {
    "the end of the program": ("", 0, ""),
    "sys.exit": ("import sys; sys.exit(3)", 3, ""),
    "an error": ("1 / 0", 1, UNCAUGHT + "ZeroDivisionError: division by zero\n"),
    "after a shutdown": ("end(pool)", 0, ""),
    "dropped": ("pool.itself = pool; del pool", 0, ""),
}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("face", ["pool", "executor", "stdlib executor"])
def test_what_is_queued_is_done(face: str, end: str) -> None:
    head = {"pool": POOL, "executor": EXECUTOR, "stdlib executor": STDLIB_EXECUTOR}[face]
    code, returncode, errors = ENDS[end]
    program = f"""{head}{HELD}
pool = new(1{", at_exit='wait'" if face == "pool" else ""})
for i in range(4):
    submit(pool, held if i == 0 else say, i)
{AT_THE_END}
{code}
"""
    runs = 1 if face == "stdlib executor" else RUNS
    always(program, *"0123", returncode=returncode, errors=errors, runs=runs)


CANCELLED = {
    "executor": (EXECUTOR, "submit(executor, held, 0)"),
    "stdlib executor": (STDLIB_EXECUTOR, "submit(executor, held, 0)"),
    "imap of its pool": (EXECUTOR, "values = executor.as_pool().imap(held, range(9), buffersize=1)"),
}


@pytest.mark.parametrize("what", CANCELLED)
def test_what_runs_is_waited_for_after_a_shutdown_that_cancels(what: str) -> None:
    """Even if more of it would wait for room that nobody makes."""
    face, work = CANCELLED[what]
    program = f"""{face}{HELD}
executor = new(1)
{work}
assert begun.wait(40)
for _ in range(100):
    submit(executor, say, "never")
executor.shutdown(wait=False, cancel_futures=True)
{AT_THE_END}
"""
    always(program, "0", runs=1 if what == "stdlib executor" else RUNS)


@pytest.mark.parametrize("end", ENDS)
def test_a_pool_is_not_waited_for(end: str) -> None:
    """A ThreadPool's tasks may go on for ever, in Python code too."""
    code, returncode, errors = ENDS[end]
    program = f"""{POOL}
import itertools, threading
begun = threading.Barrier(3)

def spin():
    begun.wait(40)
    while True:
        pass

pool, other = new(2), new(1)
for _ in range(9):
    submit(pool, spin)
values = other.imap_unordered(str, itertools.count())
begun.wait(40)
{code}
"""
    always(program, returncode=returncode, errors=errors)


@pytest.mark.parametrize("face", FACES)
def test_os_exit_leaves_all_work(face: str) -> None:
    program = f"""{FACES[face]}{HELD}
pool, other = new(2), new(2, at_exit="wait")
for task in [held] * 3 + [say] * 3:
    submit(pool, task, "never")
    submit(other, task, "never")
assert begun.wait(40)
os._exit(3)
"""
    always(program, returncode=3)


# --- dropped pools -------------------------------------------------------------------------------

WARNING = (
    r"Exception ignored .*<function ThreadPool.__del__ at 0x[0-9a-f]+>:?\n"
    + UNCAUGHT
    + r"ResourceWarning: unclosed running multiprocessing pool "
    r"<threadmill\.pool\.ThreadPool state=RUN pool_size=1>\n"
)


@pytest.mark.parametrize("face", FACES)
def test_a_pool_that_was_dropped_while_it_ran(face: str) -> None:
    """Of a ThreadPool, one warning, and as an error one; an executor may be dropped."""
    program = f"""{FACES[face]}
pool = new(1)
result(submit(pool, abs, -2))
del pool
say("dropped")
"""
    always(program, "dropped", errors=WARNING if face == "pool" else "")


@pytest.mark.parametrize("face", FACES)
def test_dropped_pools_do_what_is_queued(face: str) -> None:
    """Though what is queued, not the program, holds them; and the exit waits for it if it is to."""
    program = f"""{FACES[face]}{HELD}
pool = new(1, at_exit="wait")
submit(pool, held, 0)
submit(pool, lambda pool: say(1), pool)
assert begun.wait(40)
{AT_THE_END}
del pool
"""
    always(program, "0", "1")
