"""Compares threadmill's two pools with the standard library's in one run, case by case.

    python benchmarks/compare.py [--rounds N] [case ...]

The two alternate, so that a change of the machine's speed hits both; each figure is a median, and the
ratio is the median of the ratios of neighbouring rounds. Every case checks its result.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import gc
import statistics
import threading
import time
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor as StdlibExecutor
from multiprocessing.pool import ThreadPool as StdlibPool
from typing import Any

import threadmill

WORKERS = 4
Pool = Any
Case = Callable[[Pool], float]  # seconds per task; gets the pool class


def noop(x: int) -> int:
    return x


def timed(function: Callable[[], object], expected: object, tasks: int) -> float:
    start = time.perf_counter()
    result = function()
    seconds = time.perf_counter() - start
    assert result == expected, "wrong result"
    return seconds / tasks


def burst(pool: Pool, tasks: int = 100_000) -> float:
    """Submit all, then collect."""

    def run() -> int:
        handles = [pool.apply_async(noop, (i,)) for i in range(tasks)]
        return sum(handle.get() for handle in handles)

    return timed(run, tasks * (tasks - 1) // 2, tasks)


def batches(pool: Pool) -> float:
    """The same in batches of 1,000."""
    return statistics.median(burst(pool, 1000) for _ in range(100))


def round_trip(pool: Pool, trips: int = 2000) -> float:
    """Submit one and wait for it, again and again."""
    return timed(lambda: sum(pool.apply_async(noop, (1,)).get() for _ in range(trips)), trips, trips)


def callbacks(pool: Pool, tasks: int = 20_000) -> float:
    """Submit with a callback, then collect."""
    seen: list[int] = []

    def run() -> int:
        handles = [pool.apply_async(noop, (i,), callback=seen.append) for i in range(tasks)]
        for handle in handles:
            handle.wait()
        return sum(seen)

    return timed(run, tasks * (tasks - 1) // 2, tasks)


def map_(pool: Pool, tasks: int = 1_000_000) -> float:
    """map of a list of no-ops."""
    items = list(range(tasks))
    return timed(lambda: pool.map(noop, items), items, tasks)


def map_range(pool: Pool, tasks: int = 1_000_000) -> float:
    """map of a range."""
    return timed(lambda: len(pool.map(noop, range(tasks))), tasks, tasks)


def imap(pool: Pool, tasks: int = 50_000) -> float:
    """imap, chunksize 1."""
    return timed(lambda: sum(pool.imap(noop, range(tasks))), tasks * (tasks - 1) // 2, tasks)


def imap_unordered(pool: Pool, tasks: int = 50_000) -> float:
    """imap_unordered, chunksize 1."""
    return timed(lambda: sum(pool.imap_unordered(noop, range(tasks))), tasks * (tasks - 1) // 2, tasks)


def life(_: Pool, pool_class: Pool, rounds: int = 50) -> float:
    """Create, one task, close, join."""

    def run() -> int:
        total = 0
        for _ in range(rounds):
            pool = pool_class(WORKERS)
            total += pool.apply(noop, (1,))
            pool.close()
            pool.join()
        return total

    return timed(run, rounds, rounds)


# --- the executor ----------------------------------------------------------------------------------


def submit_burst(executor: Pool, tasks: int = 100_000) -> float:
    """Submit all, then collect."""

    def run() -> int:
        futures = [executor.submit(noop, i) for i in range(tasks)]
        return sum(future.result() for future in futures)

    return timed(run, tasks * (tasks - 1) // 2, tasks)


def submit_batches(executor: Pool) -> float:
    """The same in batches of 1,000."""
    return statistics.median(submit_burst(executor, 1000) for _ in range(100))


def submit_round_trip(executor: Pool, trips: int = 2000) -> float:
    """Submit one and wait for it, again and again: the median."""
    latencies = []
    for _ in range(trips):
        start = time.perf_counter()
        assert executor.submit(noop, 1).result() == 1
        latencies.append(time.perf_counter() - start)
    return statistics.median(latencies)


def executor_map(executor: Pool, tasks: int = 100_000) -> float:
    """executor.map of no-ops."""
    return timed(lambda: list(executor.map(noop, range(tasks))), list(range(tasks)), tasks)


def as_completed(executor: Pool, tasks: int = 20_000) -> float:
    """Submit all, then collect as they end."""

    def run() -> int:
        futures = [executor.submit(noop, i) for i in range(tasks)]
        return sum(future.result() for future in concurrent.futures.as_completed(futures))

    return timed(run, tasks * (tasks - 1) // 2, tasks)


def wait(executor: Pool, tasks: int = 20_000) -> float:
    """Submit all, then wait for all."""

    def run() -> int:
        return len(concurrent.futures.wait([executor.submit(noop, i) for i in range(tasks)]).done)

    return timed(run, tasks, tasks)


def bytes_queued(executor: Pool, tasks: int = 20_000) -> float:
    """Bytes of a future and its entry in the queue; shown in millions of bytes."""
    blocker = threading.Event()
    for _ in range(WORKERS):
        executor.submit(blocker.wait)
    items = list(range(1000, 1000 + tasks))
    futures: list[Any] = [None] * tasks
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for i in range(tasks):
        futures[i] = executor.submit(noop, items[i])
    size = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    blocker.set()
    assert [future.result() for future in futures] == items
    return size / tasks / 1e6  # printed times 1e6


def floor(tasks: int = 1_000_000) -> float:
    items = list(range(tasks))
    return timed(lambda: list(map(noop, items)), items, tasks)


POOL_CASES: dict[str, Callable[..., float]] = {
    "burst": burst,
    "batches": batches,
    "round_trip": round_trip,
    "callbacks": callbacks,
    "map": map_,
    "map_range": map_range,
    "imap": imap,
    "imap_unordered": imap_unordered,
    "life": life,
}
EXECUTOR_CASES: dict[str, Callable[..., float]] = {
    "submit_burst": submit_burst,
    "submit_batches": submit_batches,
    "submit_round_trip": submit_round_trip,
    "executor_map": executor_map,
    "as_completed": as_completed,
    "wait": wait,
    "bytes_queued": bytes_queued,
}
CASES = POOL_CASES | EXECUTOR_CASES


def measure(name: str, classes: tuple[Pool, Pool]) -> float:
    """One round of a case on the pool or the executor of `classes`."""
    if name == "life":
        return life(None, classes[0])
    gc.collect()
    if name in EXECUTOR_CASES:
        with classes[1](WORKERS) as executor:
            list(executor.map(noop, range(1000)))
            return EXECUTOR_CASES[name](executor)
    pool = classes[0](WORKERS)
    try:
        pool.map(noop, range(1000))
        return POOL_CASES[name](pool)
    finally:
        pool.close()
        pool.join()


STDLIB = (StdlibPool, StdlibExecutor)
THREADMILL = (threadmill.ThreadPool, threadmill.ThreadPoolExecutor)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("cases", nargs="*", metavar="case", help=", ".join(CASES))
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    unknown = set(args.cases) - set(CASES)
    if unknown:
        parser.error(f"unknown case: {', '.join(sorted(unknown))}")
    print(f"{'case':18} {'stdlib µs':>10} {'threadmill µs':>14} {'ratio':>7}")
    for name in args.cases or CASES:
        pairs = [(measure(name, STDLIB), measure(name, THREADMILL)) for _ in range(args.rounds)]
        stdlib, ours = (statistics.median(column) * 1e6 for column in zip(*pairs, strict=True))
        ratio = statistics.median(a / b for a, b in pairs)
        print(f"{name:18} {stdlib:10.3f} {ours:14.3f} {ratio:6.1f}x", flush=True)
    print(f"{'list(map(...))':18} {statistics.median(floor() for _ in range(args.rounds)) * 1e6:25.3f}")


if __name__ == "__main__":
    main()
