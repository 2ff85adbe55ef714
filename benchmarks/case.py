"""What a case is: what is measured, on which subjects, and the figures to reach."""

from __future__ import annotations

import gc
import os
import sys
import sysconfig
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal

from benchmarks.subjects import Subject

WORKERS = 4
ROUND_VARIABLE = "THREADMILL_BENCHMARK_ROUND"

Values = dict[str, float]  # of one pass: the id of a figure → its value
Pass = Callable[[], Values]  # does the work once, checks the result, and gives the figures

Gil = Literal["with the GIL", "without a GIL"]
GIL: Gil = "with the GIL" if getattr(sys, "_is_gil_enabled", lambda: True)() else "without a GIL"


class WrongResultError(Exception):
    pass


@dataclass(frozen=True)
class Figure:
    """One of the figures of a case. The unit is one of pyperf's: second, byte or integer."""

    id: str
    label: str
    unit: str = "second"
    x: float = 0  # its place on the axis, where the figures of a case make a line


@dataclass(frozen=True)
class Goal:
    """What a subject has to reach. "times": the other's figure divided by its own is at least `bound`.
    "share": its own divided by the other's is at most `bound`. "at most": its own is at most `bound`."""

    subject: str
    figure: str
    kind: Literal["times", "share", "at most"]
    bound: float
    other: str = ""  # a subject, or BEST_POOL
    other_figure: str = ""  # by default `figure`
    gil: Gil | None = "with the GIL"  # the kind of Python that it is for; None: any


BEST_POOL = "the best other pool"


def times(bound: float, subject: str, figure: str, other: str, gil: Gil | None = "with the GIL") -> Goal:
    return Goal(subject, figure, "times", bound, other, gil=gil)


def share(bound: float, subject: str, figure: str, other: str, other_figure: str = "") -> Goal:
    return Goal(subject, figure, "share", bound, other, other_figure, gil=None)


def at_most(bound: float, subject: str, figure: str, gil: Gil | None = "with the GIL") -> Goal:
    return Goal(subject, figure, "at most", bound, gil=gil)


@dataclass(frozen=True)
class Size:
    """How much work: for the figures, for a quick look, and to see that a case runs at all."""

    full: int
    quick: int
    smoke: int


@dataclass(frozen=True)
class Case:
    """`prepare` makes what one process needs, and gives the function of a pass. Figures with the unit second
    are per task unless their label says otherwise."""

    id: str
    title: str
    prepare: Callable[[Subject, int], AbstractContextManager[Pass]]
    subjects: Sequence[str]
    figures: Sequence[Figure]
    size: Size
    goals: Sequence[Goal] = ()
    note: str = ""  # how to read it
    short: bool = False  # a pass is shorter than the clock and the scheduler like: pyperf calibrates it
    warmups: int = 1  # passes that do not count, in each process; 0 where a second pass would differ
    rounds: int | None = None  # at most so many
    in_parts: bool = False  # slow subjects get a part of the tasks only
    not_here: Sequence[str] = ()  # of the subjects, those that cannot do it in this version of Python
    lacks: Callable[[], str] = lambda: ""  # what this machine or Python lacks for it, if anything

    def size_for(self, subject: Subject, size: int) -> int:
        return max(1, size // subject.part) if self.in_parts else size


# --- for the passes ------------------------------------------------------------------------------


class Stopwatch:
    """Runs from its creation until `stop`: wall and CPU time of this process, in seconds. What rubbish there
    is from before is collected first."""

    def __init__(self) -> None:
        gc.collect()
        self._start = time.perf_counter(), time.process_time()

    def stop(self) -> None:
        wall, cpu = time.perf_counter(), time.process_time()
        self.wall, self.cpu = wall - self._start[0], cpu - self._start[1]


def check(results: Sequence[object], expected: Sequence[object]) -> None:
    """Compares with what a plain loop gave."""
    if len(results) != len(expected):
        raise WrongResultError(f"{len(results)} results instead of {len(expected)}")
    for index, (result, right) in enumerate(zip(results, expected, strict=True)):
        if result != right:
            raise WrongResultError(f"result {index} is {result!r} instead of {right!r}")


def noop(item: int) -> int:
    return item


def this_round() -> int:
    """The number of the round, for what is to differ between rounds but not within one."""
    return int(os.environ.get(ROUND_VARIABLE, "0"))


# --- what a machine may lack ---------------------------------------------------------------------


def lacks_gil() -> str:
    return "" if GIL == "with the GIL" else "this Python has no GIL"


def lacks_free_threading() -> str:
    return "" if GIL == "without a GIL" else "this Python has a GIL"


def lacks_second_cpu() -> str:
    return "" if len(available_cpus()) > 1 else "one CPU only"


def lacks_affinity() -> str:
    return "" if hasattr(os, "sched_setaffinity") else "this system cannot pin a process to a CPU"


def lacks_proc() -> str:
    return "" if sys.platform == "linux" else "needs Linux's /proc"


def available_cpus() -> set[int]:
    if sys.platform == "linux":
        return os.sched_getaffinity(0)
    return set(range(os.cpu_count() or 1))


def python_name() -> str:
    """For example cpython-3.14t."""
    free_threaded = "t" if sysconfig.get_config_var("Py_GIL_DISABLED") else ""
    return f"{sys.implementation.name}-{sys.version_info.major}.{sys.version_info.minor}{free_threaded}"
