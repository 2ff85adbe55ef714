"""The system starts no more threads: here since there is no room in memory for their stacks."""

from __future__ import annotations

import sys

import pytest
from process_helpers import FACES, always

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits the memory as Linux does")

NO_ROOM = """
import resource, threading
threading.stack_size(1 << 28)
usual = resource.getrlimit(resource.RLIMIT_AS)

def no_more_threads():
    with open("/proc/self/statm") as sizes:
        used = int(sizes.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + (1 << 27), usual[1]))

def threads_again():
    resource.setrlimit(resource.RLIMIT_AS, usual)

"""

SUBMITS = {
    "pool": [
        "pool.apply(say, ['never'])",
        "pool.apply_async(say, ['never'])",
        "pool.map(say, ['never'] * 3)",
        "pool.starmap(say, [('never',)])",
        "pool.imap(say, ['never'])",
        "pool.imap_unordered(say, ['never'], 2)",
        "new(2, say, ['never'])",
    ],
    "executor": [
        "pool.submit(say, 'never')",
        "pool.map(say, ['never'] * 3)",
        "pool.map(say, ['never'] * 3, buffersize=2)",
    ],
}


@pytest.mark.parametrize("face", FACES)
def test_without_a_thread_submitting_raises_and_the_task_is_never_done(face: str) -> None:
    attempts = ", ".join(f"lambda: {submit}" for submit in SUBMITS[face])
    program = f"""{FACES[face]}{NO_ROOM}
pool = new(2)
no_more_threads()
for attempt in [{attempts}]:
    try:
        attempt()
    except RuntimeError as error:
        say(error)
threads_again()
say(result(submit(pool, abs, -2)), list(pool.map(abs, range(3))))
"""
    refusals = ["can't start new thread"] * len(SUBMITS[face])
    always(program, *refusals, "2 [0, 1, 2]")


@pytest.mark.parametrize("face", FACES)
def test_with_a_thread_the_work_waits_for_it(face: str) -> None:
    maps = "pool.map_async(abs, range(3)).get" if face == "pool" else "pool.map(abs, range(3)).__next__"
    program = f"""{FACES[face]}{NO_ROOM}
begun, release = threading.Event(), threading.Event()
pool = new(3)
first = submit(pool, lambda: (begun.set(), release.wait(40)))
assert begun.wait(40)
no_more_threads()
others = [submit(pool, say, i) for i in range(3)]
get = {maps}
release.set()
assert result(first) == (None, True)
assert [result(other) for other in others] == [None] * 3
say(get())
threads_again()
say(result(submit(pool, abs, -2)))
"""
    always(program, 0, 1, 2, [0, 1, 2] if face == "pool" else 0, 2)
