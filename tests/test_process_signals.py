"""Signal handlers that call what they have interrupted."""

from __future__ import annotations

import signal
import sys

import pytest
from process_helpers import FACES, always

pytestmark = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs signals by timers")

CALLS = {
    "pool": {
        "new": "pools.append(new(2))",
        "submit": "handles.append(submit(pools[-1], abs, -2))",
        "map": "handles.append(pools[-1].map_async(abs, [-2, -2]))",
        "imap": "kept.append(pools[-1].imap(abs, [-2, -2], buffersize=1))",
        "close": "pools[-1].close()",
        "terminate": "pools[-1].terminate()",
    },
    "executor": {
        "new": "pools.append(new(2))",
        "submit": "handles.append(submit(pools[-1], abs, -2))",
        "map": "kept.append(pools[-1].map(abs, [-2, -2]))",
        "shutdown": "pools[-1].shutdown(wait=False)",
        "shutdown and cancel": "pools[-1].shutdown(wait=False, cancel_futures=True)",
        "shutdown, cancel and wait": "pools[-1].shutdown(cancel_futures=True)",
    },
}
CASES = [(face, name) for face in CALLS for name in CALLS[face]]


@pytest.mark.parametrize(("face", "name"), CASES)
def test_a_handler_may_call_whatever_it_has_interrupted(face: str, name: str) -> None:
    """Main makes all these calls, again and again, and 100 signals come. All that was taken on ends."""
    joins = "wait" in name and sys.version_info < (3, 13)
    # Before Python 3.13, a thread cannot be joined by a handler that has interrupted its join.
    calls = [call for other, call in CALLS[face].items() if not joins or "shutdown" not in other]
    program = f"""{FACES[face]}
import signal
from concurrent.futures import CancelledError
from threadmill import PoolTerminated

def handler(*_):
    global left
    left -= 1
    try:
        {CALLS[face][name]}
    except (ValueError, RuntimeError):  # ended
        pass
    if left:
        signal.setitimer(signal.ITIMER_REAL, 1e-4)

pools, handles, kept = [new(2)], [], []
calls = [{", ".join(f"lambda: {call}" for call in calls)}]
left = 100
signal.signal(signal.SIGALRM, handler)
signal.setitimer(signal.ITIMER_REAL, 1e-4)
while left:
    for call in calls:
        try:
            call()
        except (ValueError, RuntimeError):
            pass
for pool in pools:
    end(pool)
for handle in handles:
    try:
        assert result(handle) in (2, [2, 2])
    except (CancelledError, PoolTerminated):
        pass
"""
    always(program, options=["-W", "ignore::ResourceWarning"])
