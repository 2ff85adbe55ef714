"""What many workers cost where tasks let go of the GIL for moments, and what they gain where tasks block: the
table of "The convoy" in ARCHITECTURE.md.

    python -m benchmarks.convoy
"""

from __future__ import annotations

import random
import statistics
import tempfile
import time
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import threadmill

ROUNDS = 5


def measure(name: str, workers: int, task: Callable[[Any], object], items: Sequence[Any]) -> None:
    """Prints the medians of the wall time, and of the CPU time of a task."""
    walls, cpus = [], []
    for _ in range(ROUNDS):
        with threadmill.ThreadPool(workers) as pool:
            wall, cpu = time.perf_counter(), time.process_time()
            pool.map(task, items)
            walls.append(time.perf_counter() - wall)
            cpus.append((time.process_time() - cpu) / len(items))
    print(
        f"{name}, {workers} workers: {statistics.median(walls) * 1e3:.0f} ms, "
        f"{statistics.median(cpus) * 1e6:.0f} us of CPU time a task"
    )


def read(path: Path) -> int:
    with open(path, "rb") as file:
        return len(file.read())


def main() -> None:
    rng = random.Random(1)
    with tempfile.TemporaryDirectory() as directory:
        paths = [Path(directory, str(i)) for i in range(500)]
        for path in paths:
            path.write_bytes(rng.randbytes(4096))
        for workers in (1, 8):
            measure("5,000 reads of 4 KB", workers, read, paths * 10)
    block = rng.randbytes(20_000)
    measure("500 compressions of 20 KB", 8, lambda _: zlib.compress(block, 1), range(500))
    for workers in (16, 64):
        measure("2,000 sleeps of 1 ms", workers, time.sleep, [0.001] * 2000)
    measure("200 sleeps, heavy-tailed", 16, time.sleep, [rng.lognormvariate(-4.2, 0.9) for _ in range(200)])


if __name__ == "__main__":
    main()
