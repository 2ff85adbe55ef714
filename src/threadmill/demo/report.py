"""The results as a table for people and as JSON for programs."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

from rich.console import Console
from rich.table import Table

import threadmill
from threadmill.demo.compare import Comparison
from threadmill.demo.pools import BASELINE

SHOWN_FAILURES = 10
UNITS = (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6))


def host() -> dict[str, Any]:
    """What the figures depend on besides the pools."""
    return {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "gil": getattr(sys, "_is_gil_enabled", lambda: True)(),
        "cpu_count": os.cpu_count(),
        "platform": platform.platform(),
    }


def as_json(comparisons: Sequence[Comparison], workers: int, repeat: int) -> str:
    results = {
        "threadmill": threadmill.__version__,
        "host": host(),
        "workers": workers,
        "repeat": repeat,
        "unit": "seconds",
        "jobs": [asdict(comparison) for comparison in comparisons],
    }
    return json.dumps(results, indent=2) + "\n"


def print_report(console: Console, comparisons: Sequence[Comparison], workers: int, repeat: int) -> None:
    about = host()
    gil = "with the GIL" if about["gil"] else "without a GIL"
    print_line = partial(console.print, markup=False, highlight=False, soft_wrap=True)
    print_line(
        f"threadmill {threadmill.__version__}, {about['implementation']} {about['python']} {gil}, "
        f"{about['cpu_count']} CPUs, {workers} workers; medians of {repeat}"
    )
    console.print(_table(comparisons))
    for comparison in comparisons:
        print_line(f"{comparison.job}: {comparison.title}")
    print_line(
        "\nCPU: of this process. p50, p99: of the tasks' latencies within the workers; of roundtrip, from\n"
        f"the submission to the result. speed: times as fast as the standard library's {BASELINE}."
    )
    for comparison in comparisons:
        if failures := len(comparison.failures):
            print_line(f"\n{failures} of {comparison.tasks} fetches failed; the times include them:")
        for url, message in list(comparison.failures.items())[:SHOWN_FAILURES]:
            print_line(f"  {url}: {message}")


def _table(comparisons: Sequence[Comparison]) -> Table:
    table = Table(box=None, padding=(0, 0, 0, 1), pad_edge=False)
    table.add_column("", no_wrap=True)
    for heading in ("wall", "per task", "CPU/task", "p50", "p99", "speed"):
        table.add_column(heading, justify="right", no_wrap=True)
    for comparison in comparisons:
        table.add_row(comparison.job, style="bold")
        for figures in comparison.pools + comparison.loop:
            times = (figures.wall, figures.wall_per_task, figures.cpu_per_task, figures.p50, figures.p99)
            table.add_row(f"  {figures.pool}", *map(duration, times), f"{_three_digits(figures.speedup)}x")
        table.add_row()
    return table


def duration(seconds: float | None) -> str:
    """`seconds` in a fitting unit, with three digits."""
    if seconds is None:
        return "-"
    unit, size = next(((unit, size) for unit, size in UNITS if seconds >= size), UNITS[-1])
    return f"{_three_digits(seconds / size)} {unit}"


def _three_digits(value: float) -> str:
    return f"{value:.{max(0, 3 - len(str(int(value))))}f}"
