"""Reads the JSON of a run: medians, spreads, ratios taken round by round, and which goals are reached."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pyperf

from benchmarks.case import BEST_POOL, Case, Figure, Goal
from benchmarks.registry import CASES, SUBJECTS

UNSTEADY = 0.10  # the middle half of the values is wider than this share of their median, on either side
NOTHING = 1e-9  # what is less is 0: see worker.ZERO
ByRound = Mapping[int, float]


@dataclass(frozen=True)
class Spread:
    """A median, and the middle half of the values about it."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread:
        found = list(values)
        if len(found) == 1:
            return cls(found[0], found[0], found[0])
        low, median, high = statistics.quantiles(found, n=4, method="inclusive")
        return cls(median, low, high)

    @property
    def unsteady(self) -> bool:
        return self.high - self.low > 2 * UNSTEADY * self.median


@dataclass(frozen=True)
class Outcome:
    """What has become of a goal: the figure that it is about, or the ratio."""

    goal: Goal
    got: Spread
    reached: bool


class Results:
    """The figures of one run on one Python."""

    def __init__(self, suite: pyperf.BenchmarkSuite, name: str) -> None:
        self.name = name
        self.metadata: dict[str, str] = {}
        self._values: dict[tuple[str, str, str], dict[int, float]] = {}
        self._sizes: dict[str, int] = {}
        self._loads: list[float] = []
        for benchmark in suite.get_benchmarks():
            self.metadata |= {key: str(value) for key, value in benchmark.get_metadata().items()}
            case, subject, figure = benchmark.get_name().split("/")
            for run in benchmark.get_runs():
                if run.values:
                    metadata = run.get_metadata()
                    values = self._values.setdefault((case, subject, figure), {})
                    values[metadata["round"]] = statistics.median(run.values)
                    self._loads.append(metadata.get("load_avg_1min", 0.0))

    @classmethod
    def load(cls, path: Path) -> Results:
        return cls(pyperf.BenchmarkSuite.load(str(path)), path.stem)

    @cached_property
    def cases(self) -> list[Case]:
        """Those that were run and that this version has, in the order of the report."""
        found = {case for case, _, _ in self._values}
        return [case for case in CASES.values() if case.id in found]

    def subjects(self, case: Case) -> list[str]:
        found = {subject for name, subject, _ in self._values if name == case.id}
        return [subject for subject in case.subjects if subject in found]

    def by_round(self, case: Case, subject: str, figure: str) -> ByRound:
        """Empty if there is no such figure."""
        return self._values.get((case.id, subject, figure), {})

    def spread(self, case: Case, subject: str, figure: str) -> Spread | None:
        values = self.by_round(case, subject, figure)
        return Spread.of(values.values()) if values else None

    def ratio(self, above: ByRound, below: ByRound) -> Spread | None:
        """Of what was measured in the same rounds."""
        rounds = [number for number in above if number in below]
        if not rounds or any(below[number] < NOTHING for number in rounds):
            return None
        return Spread.of(above[number] / below[number] for number in rounds)

    def speed_up(self, case: Case, subject: str, figure: str) -> Spread | None:
        """Against the subject's baseline."""
        baseline = self.by_round(case, SUBJECTS[subject].baseline, figure)
        return self.ratio(baseline, self.by_round(case, subject, figure))

    def best(self, case: Case, figure: str, kinds: Sequence[str]) -> tuple[str, Spread] | None:
        """The subject of these kinds with the lowest median."""
        found = [
            (subject, spread)
            for subject in self.subjects(case)
            if SUBJECTS[subject].kind in kinds and (spread := self.spread(case, subject, figure))
        ]
        return min(found, key=lambda pair: pair[1].median, default=None)

    def outcomes(self, case: Case) -> list[Outcome]:
        """Of the goals that are meant for this kind of Python, and whose figures are there."""
        goals = [goal for goal in case.goals if goal.gil in (None, self.metadata["gil"])]
        return [outcome for goal in goals if (outcome := self._outcome(case, goal))]

    def _outcome(self, case: Case, goal: Goal) -> Outcome | None:
        own = self.by_round(case, goal.subject, goal.figure)
        if not own:
            return None
        if goal.kind == "at most":
            got = Spread.of(own.values())
            return Outcome(goal, got, max(got.median, NOTHING) <= max(goal.bound, NOTHING))
        other = self._other(case, goal)
        ratio = self.ratio(other, own) if goal.kind == "times" else self.ratio(own, other)
        if ratio is None:
            return None
        reached = ratio.median >= goal.bound if goal.kind == "times" else ratio.median <= goal.bound
        return Outcome(goal, ratio, reached)

    def _other(self, case: Case, goal: Goal) -> ByRound:
        if goal.other != BEST_POOL:
            return self.by_round(case, goal.other, goal.other_figure or goal.figure)
        best = self.best(case, goal.figure, ("stdlib", "peer"))
        return {} if best is None else self.by_round(case, best[0], goal.figure)

    def figure(self, case: Case, name: str) -> Figure:
        return next(figure for figure in case.figures if figure.id == name)

    @property
    def rounds(self) -> int:
        return max(len(values) for values in self._values.values())

    @property
    def loads(self) -> tuple[float, float]:
        """The machine's load, median and greatest."""
        return statistics.median(self._loads), max(self._loads)

    @property
    def unsteady(self) -> list[str]:
        """The figures whose spread is wide."""
        return [
            f"{case}, {subject}, {figure}"
            for (case, subject, figure), values in self._values.items()
            if len(values) > 1 and Spread.of(values.values()).unsteady
        ]
