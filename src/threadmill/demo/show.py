"""Runs the jobs and shows the results."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from threadmill.demo.bare import Burst, RoundTrip
from threadmill.demo.compare import compare
from threadmill.demo.database import Queries
from threadmill.demo.fetch import FetchUrls, documents_job
from threadmill.demo.files import Files
from threadmill.demo.folder import temporary_folder
from threadmill.demo.job import Job
from threadmill.demo.pools import POOLS
from threadmill.demo.report import as_json, print_report

# Each makes a job with the given number of tasks, whose files go to the given folder.
MAKERS: dict[str, Callable[[int, Path], AbstractContextManager[Job[Any, Any]]]] = {
    "fetch": lambda count, _: documents_job(count),
    "files": lambda count, folder: nullcontext(Files(count, folder)),
    "sqlite": lambda count, folder: nullcontext(Queries(count, folder)),
    "burst": lambda count, _: nullcontext(Burst(count)),
    "roundtrip": lambda count, _: nullcontext(RoundTrip(count)),
}

COLUMNS = (
    BarColumn(),
    TextColumn("run"),
    MofNCompleteColumn(),
    TimeElapsedColumn(),
    TextColumn("{task.description}"),
)


def show(
    jobs: Mapping[str, int],
    *,
    urls: Sequence[str] | None,
    workers: int,
    repeat: int,
    json_file: Path | None,
) -> None:
    """Runs `jobs`, names with their numbers of tasks. With `urls`, fetch fetches these."""
    makers = MAKERS | ({"fetch": lambda *_: nullcontext(FetchUrls(urls))} if urls else {})
    comparisons = []
    console = Console(stderr=True)
    # Refreshed between the runs only: a refreshing thread would take its share of the GIL from the pools.
    progress = Progress(
        *COLUMNS, console=console, auto_refresh=False, transient=True, disable=not console.is_terminal
    )
    with temporary_folder() as folder, progress:
        bar = progress.add_task("", total=len(jobs) * len(POOLS) * repeat)
        for name, count in jobs.items():
            with makers[name](count, folder) as job:
                if progress.disable:
                    print(f"{name}: {job.title}", file=sys.stderr, flush=True)
                on_run = partial(_show_run, progress, bar, name)
                comparisons.append(compare(name, job, workers, repeat, on_run))
    print_report(Console(), comparisons, workers, repeat)
    if json_file is not None:
        json_file.write_text(as_json(comparisons, workers, repeat), encoding="utf-8")


def _show_run(progress: Progress, bar: TaskID, job: str, pool: str) -> None:
    progress.update(bar, advance=1, description=f"{job} on {pool}", refresh=True)
