"""One hot path of threadmill, for counting its instructions: `python -m benchmarks.hot_paths PATH TASKS`.

Made to repeat, whatever else the machine does: one worker, on one CPU, where nobody spins; threads take turns
only where one waits; the garbage collector is off; the map has a chunksize, since without one its workers
take as many items at a time as suits the time that these need.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from concurrent.futures import as_completed

import threadmill

CHUNK = 1000


def nothing(item: int) -> int:
    return item


def apply_async(tasks: int) -> int:
    with threadmill.ThreadPool(1) as pool:
        handles = [pool.apply_async(nothing, (1,)) for _ in range(tasks)]
        return sum(handle.get() for handle in handles)


def submit(tasks: int) -> int:
    with threadmill.ThreadPoolExecutor(1) as executor:
        futures = [executor.submit(nothing, 1) for _ in range(tasks)]
        return sum(future.result() for future in futures)


def pool_map(tasks: int) -> int:
    with threadmill.ThreadPool(1) as pool:
        return sum(pool.map(nothing, [1] * tasks, CHUNK))


def callbacks(tasks: int) -> int:
    seen = list[int]()
    with threadmill.ThreadPool(1) as pool:
        for handle in [pool.apply_async(nothing, (1,), callback=seen.append) for _ in range(tasks)]:
            handle.wait()
    return sum(seen)


def completed(tasks: int) -> int:
    with threadmill.ThreadPoolExecutor(1) as executor:
        futures = [executor.submit(nothing, 1) for _ in range(tasks)]
        return sum(future.result() for future in as_completed(futures))


PATHS: dict[str, Callable[[int], int]] = {"apply_async": apply_async, "submit": submit, "map": pool_map}
# Not compared with committed counts: most of these is not threadmill's.
MORE_PATHS = {"callbacks": callbacks, "as_completed": completed}


def main(path: str, tasks: int) -> None:
    if sys.platform == "linux":
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    sys.setswitchinterval(1000)
    gc.disable()
    assert (PATHS | MORE_PATHS)[path](tasks) == tasks


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
