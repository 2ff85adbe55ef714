"""Runs a job on all pools by turns, checks the results, and sums the runs up."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any

from threadmill.demo import DemoError
from threadmill.demo.job import Job, Run
from threadmill.demo.pools import BASELINE, POOLS


@dataclass(frozen=True)
class Figures:
    """A job on one pool: medians of the repetitions, in seconds."""

    pool: str
    wall: float
    wall_per_task: float
    cpu_per_task: float  # of all threads of this process
    p50: float | None  # of the tasks' latencies
    p99: float | None
    speedup: float  # times as fast as the standard library's ThreadPool, by `wall`
    walls: list[float]  # of each repetition


@dataclass(frozen=True)
class Comparison:
    """A job on all pools."""

    job: str
    title: str
    tasks: int
    pools: list[Figures]
    loop: list[Figures]  # of a plain loop; empty where none is run
    failures: dict[str, str]  # URL → message


def compare(
    name: str, job: Job[Any, Any], workers: int, repeat: int, on_run: Callable[[str], None]
) -> Comparison:
    """Runs `job` on each pool `repeat` times. Calls `on_run` with the pool's name before each run."""
    runs: dict[str, list[Run[Any]]] = {pool: [] for pool in POOLS}
    loops: list[Run[Any]] = []
    for repetition in range(repeat):
        if job.known is None:
            loops.append(job.loop())
        expected = job.known or loops[-1].results
        for pool in _rotated(list(POOLS), repetition):
            on_run(pool)
            gc.collect()  # so that no pool pays for what another has left
            run = job.run(partial(POOLS[pool], workers))
            if problem := job.check(run.results, expected):
                raise DemoError(f"{name} on {pool}: {problem}")
            runs[pool].append(run)
    baseline = median(run.wall for run in runs[BASELINE])
    return Comparison(
        job=name,
        title=job.title,
        tasks=len(job.items),
        pools=[_figures(pool, runs[pool], baseline) for pool in POOLS],
        loop=[_figures("plain loop", loops, baseline)] if loops else [],
        failures=job.failures,
    )


def _rotated(pools: list[str], by: int) -> list[str]:
    """No pool always goes first."""
    by %= len(pools)
    return pools[by:] + pools[:by]


def _figures(pool: str, runs: Sequence[Run[Any]], baseline: float) -> Figures:
    tasks = len(runs[0].results)
    wall = median(run.wall for run in runs)
    return Figures(
        pool=pool,
        wall=wall,
        wall_per_task=wall / tasks,
        cpu_per_task=median(run.cpu for run in runs) / tasks,
        p50=_percentile(runs, 0.50),
        p99=_percentile(runs, 0.99),
        speedup=baseline / wall,
        walls=[run.wall for run in runs],
    )


def _percentile(runs: Sequence[Run[Any]], share: float) -> float | None:
    if not runs[0].latencies:
        return None
    return median(sorted(run.latencies)[round(share * (len(run.latencies) - 1))] for run in runs)
