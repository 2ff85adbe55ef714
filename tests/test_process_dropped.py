"""A thousand pools, and nothing is left of them."""

from __future__ import annotations

import os
import sysconfig
from pathlib import Path

import pytest
from process_helpers import FACES, always

pytestmark = [
    pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs Linux's /proc"),
    pytest.mark.skipif("TSAN_OPTIONS" in os.environ, reason="ThreadSanitizer has a thread of its own"),
]

# Without a GIL, memory is freed late, and not the same each time. AddressSanitizer keeps what was freed.
MEMORY_IS_STEADY = not sysconfig.get_config_var("Py_GIL_DISABLED") and "ASAN_OPTIONS" not in os.environ

# Every fifth is ended and joined, ended, dropped, dropped in a cycle, and dropped with work that waits.
ENDS = {
    "pool": "pool.terminate(); pool.join()",
    "executor": "pool.shutdown()",
}


@pytest.mark.parametrize("face", FACES)
def test_a_thousand_pools_leave_nothing(face: str) -> None:
    """No thread, no file descriptor, no engine, and no memory."""
    program = f"""{FACES[face]}
import gc, sys, time
from threadmill._core import engines_alive

def use(i):
    pool = new(2)
    handles = [submit(pool, abs, -n) for n in range(5)]
    assert list(pool.map(abs, range(3))) == [0, 1, 2]
    if i % 5 == 0:
        {ENDS[face]}
    elif i % 5 == 1:
        end(pool)
    elif i % 5 == 2:
        pool.cycle = [pool]
    elif i % 5 == 3:
        submit(pool, abs, pool.map(abs, [1]) and -1)
        return
    assert [result(handle) for handle in handles] == list(range(5))

def counts():
    return len(os.listdir("/proc/self/task")), len(os.listdir("/proc/self/fd")), len(engines_alive())

def settle():
    deadline = time.monotonic() + 40
    while gc.collect() or counts() != before:
        assert time.monotonic() < deadline, (counts(), before)
        time.sleep(0.001)

def memory():
    gc.collect()  # empties the free lists, which the last threads to end have filled
    with open("/proc/self/statm") as sizes:
        return sys.getallocatedblocks(), int(sizes.read().split()[1])

before, used = counts(), []
for number in (200, 400, 400):
    for i in range(number):
        use(i)
    settle()
    used.append(memory())
say("engines:", before[2])
(_, _), (old_blocks, old_pages), (blocks, pages) = used
say("memory grows:", {MEMORY_IS_STEADY} and (blocks - old_blocks > 200 or pages - old_pages > 256))
"""
    options = ["-W", "ignore::ResourceWarning"]
    always(program, "engines: 0", "memory grows: False", options=options)
