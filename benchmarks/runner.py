"""Runs cases: a process for each subject in each round, the subjects by turns."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pyperf

import threadmill
from benchmarks.case import GIL, ROUND_VARIABLE, Case
from benchmarks.registry import SUBJECTS, left_out, subjects_of
from benchmarks.subjects import Subject

ROOT = Path(__file__).parent.parent
LIMIT = 900  # seconds for one process
MIN_TIME = 0.02  # seconds: what pyperf calibrates a value of a short case to

Mode = Literal["full", "quick"]

# What is kept of pyperf's description of a run. What names a person's machine or folders is not.
KEPT = {
    "aslr", "calibrate_loops", "cpu_count", "cpu_model_name", "date", "inner_loops", "load_avg_1min", "loops",
    "name", "perf_version", "platform", "python_compiler", "python_implementation", "python_version", "timer",
    "unit",
}  # fmt: skip


class BenchmarkError(Exception):
    pass


@dataclass
class Campaign:
    """Cases that are run together, and what has come out so far."""

    cases: Sequence[Case]
    mode: Mode
    rounds: int
    peer_rounds: int  # other libraries take part in so many of the rounds
    subjects: Sequence[str] | None  # None: all
    on_process: Callable[[str], None]  # is told what is run next
    on_case: Callable[
        [str, float], None
    ]  # is told which case has ended, when `suite` has it, and its seconds
    failures: dict[str, str] = field(default_factory=dict)
    _runs: list[pyperf.Run] = field(default_factory=list)

    def run(self) -> None:
        for case in self.cases:
            if not case.lacks() and subjects_of(case, self.subjects):
                start = time.monotonic()
                self._run_case(case)
                self.on_case(case.id, time.monotonic() - start)

    def suite(self) -> pyperf.BenchmarkSuite:
        missing = left_out(self.cases) | self.failures
        common: dict[str, Any] = {
            "gil": GIL,
            "mode": self.mode,
            "threadmill_version": threadmill.__version__,
            "left_out": "; ".join(f"{name}: {reason}" for name, reason in missing.items()) or "nothing",
        }
        measured = {run.get_metadata()["name"].split("/")[1] for run in self._runs}
        for subject in SUBJECTS.values():
            if subject.package and subject.id in measured:
                common[f"version_{subject.package}"] = subject.version()
        benchmarks: dict[str, list[pyperf.Run]] = {}
        for run in self._runs:
            metadata = run.get_metadata()
            whole = pyperf.Run(
                run.values, warmups=run.warmups, metadata=metadata | common, collect_metadata=False
            )
            benchmarks.setdefault(metadata["name"], []).append(whole)
        return pyperf.BenchmarkSuite([pyperf.Benchmark(runs) for runs in benchmarks.values()])

    def _run_case(self, case: Case) -> None:
        subjects = subjects_of(case, self.subjects)
        size = case.size.full if self.mode == "full" else case.size.quick
        loops = {subject.id: 1 for subject in subjects}
        if case.short and self.mode == "full":
            for subject in (subject for subject in subjects if subject.kind != "peer"):
                for run in self._process(case, subject, size, 0, ["--calibrate-loops", "--values=1"]):
                    loops[subject.id] = run.get_metadata()["calibrate_loops"]
        for number in range(min(self.rounds, case.rounds or self.rounds)):
            turn = number % len(subjects)
            for subject in subjects[turn:] + subjects[:turn]:
                if (subject.kind == "peer" and number >= self.peer_rounds) or subject.id in self.failures:
                    continue
                options = ["--values=1", f"--loops={loops[subject.id]}"]
                self._runs += self._process(case, subject, size, number, options)

    def _process(
        self, case: Case, subject: Subject, size: int, number: int, options: Sequence[str]
    ) -> list[pyperf.Run]:
        """The runs of one process, with what is kept of their descriptions."""
        self.on_process(f"{case.id}, round {number + 1}: {subject.id}")
        warmups = 0 if subject.kind == "peer" else case.warmups
        with tempfile.TemporaryDirectory() as folder:
            output = Path(folder, "runs.json")
            command = [
                *(sys.executable, "-m", "benchmarks.worker"),
                *(f"--case={case.id}", f"--subject={subject.id}", f"--size={size}"),
                *("--worker", f"--warmups={warmups}", f"--min-time={MIN_TIME}", f"--output={output}"),
                *options,
            ]
            environment = os.environ | {ROUND_VARIABLE: str(number)}
            done = subprocess.run(
                command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=LIMIT, check=False
            )
            if done.returncode != 0 or not output.exists():
                return self._failed(case, subject, done.stderr)
            benchmarks = pyperf.BenchmarkSuite.load(str(output)).get_benchmarks()
        size = case.size_for(subject, size)
        return [cleaned(run, number, size) for benchmark in benchmarks for run in benchmark.get_runs()]

    def _failed(self, case: Case, subject: Subject, message: str) -> list[pyperf.Run]:
        """Another library may fail: it is left out from then on."""
        if subject.kind != "peer":
            raise BenchmarkError(f"{case.id} on {subject.id} failed:\n{message}")
        lines = message.strip().splitlines() or ["without a message"]
        self.failures[subject.id] = f"failed in {case.id}: {lines[-1]}"
        return []


def cleaned(run: pyperf.Run, number: int, size: int) -> pyperf.Run:
    metadata = {name: value for name, value in run.get_metadata().items() if name in KEPT}
    metadata |= {"round": number, "size": size}
    metadata["platform"] = re.sub(r"(\d+\.\d+).*", r"\1", metadata["platform"])  # Linux-6.12
    warmups = None if run.values else run.warmups  # those of a calibration are all it has
    return pyperf.Run(run.values, warmups=warmups, metadata=metadata, collect_metadata=False)
