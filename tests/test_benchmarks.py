"""The benchmarks: each case runs, wrong results are noticed, and what README.md shows was measured."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))  # pytest may have been started in another folder

pyperf = pytest.importorskip("pyperf", reason="the group bench is not installed")

from benchmarks import charts, instructions, report, smoke  # noqa: E402
from benchmarks.case import GIL, Case, Figure, Size, WrongResultError, at_most, share, times  # noqa: E402
from benchmarks.cases import io, overhead  # noqa: E402
from benchmarks.registry import CASES, SUBJECTS  # noqa: E402
from benchmarks.results import Results  # noqa: E402
from benchmarks.runner import Campaign  # noqa: E402
from benchmarks.subjects import (  # noqa: E402
    LOOP,
    POOL,
    POOLS,
    STDLIB_EXECUTOR,
    STDLIB_POOL,
    Loop,
    Subject,
    Task,
)

LIMIT = 300


def test_each_case_runs_on_each_subject_with_right_results() -> None:
    """In a process of its own: some of the other libraries change the one that they are in."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--smoke"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert all(f"{name}: run" in done.stdout or f"{name}: left out" in done.stdout for name in CASES)


class Careless(Loop):
    """Gives one wrong result."""

    def burst(self, function: Task, items: Sequence[Any]) -> list[Any]:
        results = super().burst(function, items)
        results[-1] = None
        return results


def test_a_wrong_result_is_an_error() -> None:
    with pytest.raises(WrongResultError, match="result 199 is None instead of 199"):
        smoke.run_once(CASES["burst"], Subject("careless", "floor", lambda _: Careless()))


def run(case: Case, rounds: int, told: list[str]) -> Any:
    campaign = Campaign([case], "full", rounds, 1, None, told.append, lambda case, seconds: None)
    campaign.run()
    return campaign.suite()


def tiny(name: str, subjects: Sequence[str]) -> Case:
    return dataclasses.replace(CASES[name], size=Size(20, 20, 20), subjects=subjects, short=False)


def test_the_subjects_of_a_case_take_turns() -> None:
    told: list[str] = []
    run(tiny("burst", [*POOLS, LOOP]), 2, told)
    assert told == [
        *(f"burst, round 1: {name}" for name in (POOL, STDLIB_POOL, LOOP)),
        *(f"burst, round 2: {name}" for name in (STDLIB_POOL, LOOP, POOL)),
    ]


def test_a_run_can_be_read_again_and_shown(tmp_path: Path) -> None:
    """What was measured, by which machine, without the machine's name and folders."""
    path = tmp_path / "run.json"
    run(tiny("round-trip", POOLS), 2, []).dump(str(path))
    text = path.read_text()
    for private in ("hostname", "python_executable", "python_config_args", str(Path.home()), str(ROOT)):
        assert private not in text
    results = Results.load(path)
    case = results.cases[0]
    for subject in POOLS:
        for figure in case.figures:
            values = results.by_round(case, subject, figure.id)
            assert list(values) == [0, 1]
            assert all(0 < value < LIMIT for value in values.values())
    page = report.page(results)
    assert f"CPython {sys.version.split()[0]} {GIL}" in page
    assert all(figure.label in page for figure in case.figures)
    if importlib.util.find_spec("matplotlib"):
        charts.draw(results, tmp_path / "first")
        charts.draw(results, tmp_path / "second")
        first, second = (tmp_path / name / "round-trip.svg" for name in ("first", "second"))
        assert first.read_bytes() == second.read_bytes()
        assert (tmp_path / "first" / "round-trip.png").stat().st_size > 0


TASK = Figure("task", "time per task")


def results_of(case: Case, figures: dict[str, Sequence[float]], monkeypatch: pytest.MonkeyPatch) -> Results:
    """As if these were measured, round by round."""
    monkeypatch.setitem(CASES, case.id, case)
    metadata = {"gil": GIL, "mode": "full", "unit": "second"}
    benchmarks = []
    for subject, values in figures.items():
        name = f"{case.id}/{subject}/task"
        runs = [
            pyperf.Run(
                [value],
                metadata=metadata | {"name": name, "round": number, "load_avg_1min": 0.0},
                collect_metadata=False,
            )
            for number, value in enumerate(values)
        ]
        benchmarks.append(pyperf.Benchmark(runs))
    return Results(pyperf.BenchmarkSuite(benchmarks), "made up")


def test_ratios_are_taken_within_a_round(monkeypatch: pytest.MonkeyPatch) -> None:
    """The medians' ratio would be 15."""
    case = Case("made-up", "Made up", overhead.burst, POOLS, [TASK], Size(1, 1, 1))
    figures = {STDLIB_POOL: [10e-6, 80e-6, 30e-6], POOL: [2e-6, 8e-6, 1e-6]}
    ratio = results_of(case, figures, monkeypatch).speed_up(case, POOL, "task")
    assert ratio is not None
    assert (ratio.low, ratio.median, ratio.high) == pytest.approx((7.5, 10, 20))


def test_goals_are_reached_or_not(monkeypatch: pytest.MonkeyPatch) -> None:
    best = "the best other pool"
    goals = (
        times(10, POOL, "task", STDLIB_POOL, gil=None),
        times(10.1, POOL, "task", STDLIB_POOL, gil=None),
        share(0.5, POOL, "task", LOOP),
        share(0.49, POOL, "task", LOOP),
        at_most(1e-6, POOL, "task", gil=None),
        at_most(0.9e-6, POOL, "task", gil=None),
        share(0.25, POOL, "task", best),
        share(0.24, POOL, "task", best),
        at_most(1, POOL, "task", gil="with the GIL" if GIL == "without a GIL" else "without a GIL"),
    )
    subjects = (*POOLS, STDLIB_EXECUTOR, LOOP)
    case = Case("made-up", "Made up", overhead.burst, subjects, [TASK], Size(1, 1, 1), goals)
    figures = {POOL: [1e-6], STDLIB_POOL: [10e-6], STDLIB_EXECUTOR: [4e-6], LOOP: [2e-6]}
    outcomes = results_of(case, figures, monkeypatch).outcomes(case)
    assert [outcome.reached for outcome in outcomes] == [True, False] * 4  # the last is for another Python


def test_all_goals_are_about_what_the_cases_measure() -> None:
    for case in CASES.values():
        assert all(subject in SUBJECTS for subject in case.subjects)
        figures = {figure.id for figure in case.figures}
        for goal in case.goals:
            assert goal.subject in case.subjects
            assert {goal.figure, goal.other_figure} - {""} <= figures
            assert goal.other in ("", "the best other pool", *case.subjects)


def test_the_greedy_schedule_gives_each_task_to_the_first_free_worker() -> None:
    assert io.greedy([3, 1, 1, 5], 2) == 7  # 3 | 1 1 5
    assert io.greedy([3, 1, 1, 5], 1) == 10


def test_a_count_of_instructions_off_by_more_than_5_percent_is_told() -> None:
    committed = {"submit": 1000, "map": 1000}
    assert instructions.deviations({"submit": 1050, "map": 950}, committed) == []
    found = instructions.deviations({"submit": 1051, "map": 949, "new": 1}, committed)
    assert [line.split(":")[0] for line in found] == ["submit", "map", "new"]


def test_the_committed_counts_are_of_all_hot_paths() -> None:
    for counts in json.loads(instructions.COUNTS.read_text()).values():
        assert set(counts) == set(instructions.PATHS)


def test_the_readme_has_the_committed_figures() -> None:
    """`python -m benchmarks --readme` puts them there."""
    committed = report.committed()
    if not committed:
        pytest.skip("no whole run has been committed yet: make bench")
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert report.readme_with(text, report.readme_part(committed)) == text


def test_the_committed_page_is_that_of_the_committed_figures() -> None:
    for results in report.committed():
        page = report.RESULTS / f"{results.name}.md"
        assert page.read_text(encoding="utf-8") == report.page(results)
