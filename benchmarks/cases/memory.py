"""What tasks take of the memory, and what is left of it.

Bytes per task are tracemalloc's: exact, and of Python's own allocations, of which a task consists. What a
process holds, at its peak or in the end, is what the system counts (/proc/self/status): only that shows what
the allocator does not give back.
"""

from __future__ import annotations

import gc
import threading
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from benchmarks.case import WORKERS, Case, Figure, Pass, Size, Values, at_most, check, lacks_proc, noop
from benchmarks.case import share as at_most_share
from benchmarks.subjects import (
    EXECUTOR,
    EXECUTOR_NO_CONTEXT,
    FACES,
    POOL,
    POOL_NO_CONTEXT,
    STDLIB_EXECUTOR,
    Subject,
)

LIMIT = 600
MIB = 1 << 20
ITEM = 1024  # bytes


@contextmanager
def task_bytes(subject: Subject, tasks: int) -> Iterator[Pass]:
    items = range(1000, 1000 + tasks)
    with subject.open(1) as pool:
        pool.burst(noop, range(100))
        submit: Any = getattr(pool.raw, "apply_async", None)
        is_pool = submit is not None

        def once() -> Values:
            released = threading.Event()
            arguments = [(item,) for item in items] if is_pool else list(items)
            handles: list[Any] = [None] * tasks
            held = pool.raw.apply_async(released.wait) if is_pool else pool.raw.submit(released.wait)
            gc.collect()
            tracemalloc.start()
            try:
                before = tracemalloc.get_traced_memory()[0]
                if is_pool:
                    for index, args in enumerate(arguments):
                        handles[index] = submit(noop, args)
                else:
                    put = pool.raw.submit
                    for index, item in enumerate(arguments):
                        handles[index] = put(noop, item)
                queued = tracemalloc.get_traced_memory()[0]
                released.set()
                for handle in (held, *handles):
                    handle.wait(LIMIT) if is_pool else handle.exception(LIMIT)
                gc.collect()
                done = tracemalloc.get_traced_memory()[0]
            finally:
                tracemalloc.stop()
            results = [handle.get() if is_pool else handle.result() for handle in handles]
            check(results, [noop(item) for item in items])
            return {"queued": (queued - before) / tasks, "held": (done - before) / tasks}

        yield once


def of_this_process(name: str) -> int:
    """An entry of /proc/self/status, in bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise LookupError(name)


@contextmanager
def kept(subject: Subject, tasks: int) -> Iterator[Pass]:
    with subject.open(WORKERS) as pool:
        pool.burst(noop, range(1000))

        def once() -> Values:
            gc.collect()
            before = of_this_process("VmRSS")
            check(pool.burst(noop, range(tasks)), range(tasks))
            gc.collect()
            return {"kept": max(0, of_this_process("VmRSS") - before)}

        yield once


@contextmanager
def peak(subject: Subject, items: int) -> Iterator[Pass]:
    with subject.open(WORKERS) as pool:
        pool.burst(noop, range(1000))
        mapped = pool.raw.imap if hasattr(pool.raw, "imap") else pool.raw.map

        def once() -> Values:
            gc.collect()
            with suppress(OSError):  # else the peak so far stays, which is near enough
                Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
            before = of_this_process("VmRSS")
            total = sum(mapped(len, (bytes(ITEM) for _ in range(items))))
            check([total], [items * ITEM])
            return {"peak": max(0, of_this_process("VmHWM") - before)}

        yield once


CASES = (
    Case(
        "task-bytes",
        "100,000 tasks queued, then done and their handles held",
        task_bytes,
        (*FACES, POOL_NO_CONTEXT, EXECUTOR_NO_CONTEXT),
        (Figure("queued", "bytes per queued task", "byte"), Figure("held", "bytes per held result", "byte")),
        Size(100_000, 10_000, 100),
        (
            at_most(280, POOL, "queued"),
            at_most(360, EXECUTOR, "queued"),
            at_most(200, POOL_NO_CONTEXT, "queued"),
            at_most(280, EXECUTOR_NO_CONTEXT, "queued"),
        ),
        "By tracemalloc. A pool's task includes the tuple of its argument only where the pool makes it: "
        "an executor's does.",
        warmups=0,
        rounds=2,
    ),
    Case(
        "kept",
        "What a process keeps when 200,000 tasks are done and forgotten",
        kept,
        FACES,
        (Figure("kept", "memory kept", "byte"),),
        Size(200_000, 20_000, 100),
        (at_most(12 * MIB, POOL, "kept"), at_most(12 * MIB, EXECUTOR, "kept")),
        "By the system's count. “Freed when done” is taken to mean a tenth of what the standard library's "
        "pools keep: Python's allocator gives memory back by 1 MiB at a time.",
        warmups=0,
        rounds=3,
        lacks=lacks_proc,
    ),
    Case(
        "peak",
        "imap, or executor.map, over a generator of 200,000 items of 1 KB",
        peak,
        FACES,
        (Figure("peak", "peak memory", "byte"),),
        Size(200_000, 20_000, 100),
        (
            at_most(5 * MIB, POOL, "peak", gil=None),
            at_most_share(1 / 4, EXECUTOR, "peak", STDLIB_EXECUTOR),
        ),
        "By the system's count.",
        warmups=0,
        rounds=3,
        lacks=lacks_proc,
    ),
)
