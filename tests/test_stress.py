"""The stress test of tests/stress, in a child, with another seed each time, for THREADMILL_STRESS seconds."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import LIMIT

SECONDS = int(os.environ.get("THREADMILL_STRESS", "0"))


@pytest.mark.skipif(not SECONDS, reason="THREADMILL_STRESS=20 runs it for 20 s")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and POSIX signals")
def test_tasks_and_handles_are_conserved_whatever_goes_wrong() -> None:
    seed = random.randrange(10**6)
    command = [
        sys.executable,
        str(Path(__file__).parent / "stress"),
        f"--seconds={SECONDS}",
        f"--seed={seed}",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS + 3 * LIMIT, check=False)
    print(done.stdout)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
