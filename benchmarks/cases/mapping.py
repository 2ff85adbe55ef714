"""map, imap and their bounded forms."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from benchmarks.case import (
    WORKERS,
    Case,
    Figure,
    Pass,
    Size,
    Stopwatch,
    Values,
    at_most,
    check,
    noop,
    share,
    times,
)
from benchmarks.peers import MAPPING_PEERS
from benchmarks.subjects import (
    EXECUTOR,
    EXECUTORS,
    LOOP,
    MAP,
    POOL,
    POOLS,
    STDLIB_EXECUTOR,
    STDLIB_POOL,
    Pool,
    Subject,
)

ITEM = Figure("item", "time per item")
BUFFER = 100
SLEEP, SLEEPERS = 0.001, 64

Mapping = Callable[[Pool, Callable[[int], int], Sequence[int]], Iterable[int]]


@contextmanager
def mapping(subject: Subject, tasks: int, way: Mapping, ordered: bool = True) -> Iterator[Pass]:
    items = list(range(tasks))
    expected = [noop(item) for item in items]
    with subject.open(WORKERS) as pool:
        pool.burst(noop, range(100))  # starts the threads

        def once() -> Values:
            watch = Stopwatch()
            results = list(way(pool, noop, items))
            watch.stop()
            check(results if ordered else sorted(results), expected)
            return {"item": watch.wall / tasks}

        yield once


def default_map(pool: Pool, function: Callable[[int], int], items: Sequence[int]) -> list[int]:
    return pool.map(function, items)


def imap(pool: Pool, function: Callable[[int], int], items: Sequence[int]) -> Iterable[int]:
    results: Iterable[int] = pool.raw.imap(function, items)
    return results


def imap_unordered(pool: Pool, function: Callable[[int], int], items: Sequence[int]) -> Iterable[int]:
    results: Iterable[int] = pool.raw.imap_unordered(function, items)
    return results


def bounded(pool: Pool, function: Callable[[int], int], items: Sequence[int]) -> Iterable[int]:
    """In order, no more than BUFFER items ahead of the consumer."""
    raw: Any = pool.raw
    if raw is None:  # a floor
        return pool.map(function, items)
    ordered = raw.imap if hasattr(raw, "imap") else raw.map
    results: Iterable[int] = ordered(function, items, buffersize=BUFFER)
    return results


def sleep(item: int) -> int:
    time.sleep(SLEEP)
    return item


@contextmanager
def bounded_sleeps(subject: Subject, tasks: int) -> Iterator[Pass]:
    items = range(tasks)
    expected = list(items)
    with subject.open(SLEEPERS) as pool:
        pool.map(sleep, range(SLEEPERS))

        def once() -> Values:
            watch = Stopwatch()
            results = list(bounded(pool, sleep, items))
            watch.stop()
            check(results, expected)
            unbounded = Stopwatch()
            results = pool.map(sleep, items)
            unbounded.stop()
            check(results, expected)
            return {"bounded": watch.wall, "unbounded": unbounded.wall}

        yield once


BOUNDED = (POOL, *EXECUTORS)
WITHOUT_BUFFERSIZE = () if sys.version_info >= (3, 14) else (STDLIB_EXECUTOR,)

CASES = (
    Case(
        "map",
        "A map of 1,000,000 items (pool.map)",
        partial(mapping, way=default_map),
        (*POOLS, LOOP, MAP),
        (ITEM,),
        Size(1_000_000, 100_000, 500),
        (
            share(1.15, POOL, "item", MAP),
            share(1, POOL, "item", STDLIB_POOL),
        ),
    ),
    Case(
        "executor-map",
        "A map of 100,000 items (executor.map)",
        partial(mapping, way=default_map),
        (*EXECUTORS, *MAPPING_PEERS, MAP),
        (ITEM,),
        Size(100_000, 20_000, 200),
        (
            times(60, EXECUTOR, "item", STDLIB_EXECUTOR),
            at_most(0.17e-6, EXECUTOR, "item"),
            times(30, EXECUTOR, "item", STDLIB_EXECUTOR, gil="without a GIL"),
        ),
        "Other libraries: their own map, with a tenth of the items.",
        in_parts=True,
    ),
    Case(
        "imap",
        "50,000 items through imap, chunksize 1",
        partial(mapping, way=imap),
        POOLS,
        (ITEM,),
        Size(50_000, 10_000, 200),
        (times(12, POOL, "item", STDLIB_POOL),),
    ),
    Case(
        "imap-unordered",
        "50,000 items through imap_unordered, chunksize 1",
        partial(mapping, way=imap_unordered, ordered=False),
        POOLS,
        (ITEM,),
        Size(50_000, 10_000, 200),
        (times(12, POOL, "item", STDLIB_POOL),),
    ),
    Case(
        "bounded",
        f"50,000 items in order, at most {BUFFER} ahead (buffersize)",
        partial(mapping, way=bounded),
        (*BOUNDED, MAP),
        (ITEM,),
        Size(50_000, 10_000, 200),
        (at_most(0.3e-6, EXECUTOR, "item"), at_most(0.3e-6, POOL, "item")),
        "The standard library's executor has buffersize from Python 3.14 on, its pool has none.",
        not_here=WITHOUT_BUFFERSIZE,
    ),
    Case(
        "bounded-sleeps",
        f"2,000 sleeps of 1 ms on {SLEEPERS} workers, in order, at most {BUFFER} ahead (buffersize)",
        bounded_sleeps,
        BOUNDED,
        (Figure("bounded", "time of all"), Figure("unbounded", "time of all by the unbounded map")),
        Size(2000, 2000, 128),
        (
            share(1.1, EXECUTOR, "bounded", EXECUTOR, "unbounded"),
            share(1.1, POOL, "bounded", POOL, "unbounded"),
        ),
        not_here=WITHOUT_BUFFERSIZE,
    ),
)
