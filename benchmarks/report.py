"""Renders results as Markdown: the table of the goals, for README.md, and a page with everything."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.case import BEST_POOL, Case, Figure, Goal
from benchmarks.registry import SUBJECTS
from benchmarks.results import NOTHING, Outcome, Results, Spread

RESULTS = Path(__file__).parent / "results"
BEGIN, END = "<!-- benchmarks -->", "<!-- /benchmarks -->"
SCALES: dict[str, list[tuple[float, str]]] = {
    "second": [(1.0, "s"), (1e-3, "ms"), (1e-6, "µs")],
    "byte": [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"), (1, "B")],
    "integer": [(1, "")],
}


def digits(value: float) -> str:
    """Three of them, or all before the point."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def scale(value: float, unit: str) -> tuple[float, str]:
    """The size and the name of the unit in which to show the value."""
    if unit == "byte" and value < 10_000:  # of a task
        return 1, "B"
    scales = SCALES[unit]
    return next((scale for scale in scales if value >= scale[0] * 0.9995), scales[-1])


def quantity(value: float, unit: str) -> str:
    if value < NOTHING:
        return "0"
    size, name = scale(value, unit)
    return f"{digits(value / size)} {name}".rstrip()


def spread(found: Spread | None, unit: str) -> str:
    if found is None:
        return "–"
    if found.low == found.high:
        return quantity(found.median, unit)
    size, _ = scale(found.median, unit)
    return f"{quantity(found.median, unit)} ({digits(found.low / size)}–{digits(found.high / size)})"


def factor(found: Spread | None) -> str:
    if found is None:
        return "–"
    if found.low == found.high:
        return f"{digits(found.median)}×"
    return f"{digits(found.median)}× ({digits(found.low)}–{digits(found.high)})"


def machine(results: Results) -> str:
    data = results.metadata
    python = (
        f"{data['python_implementation'].replace('cpython', 'CPython')} {data['python_version'].split()[0]}"
    )
    return (
        f"{python} {data['gil']}, threadmill {data['threadmill_version']}, {data['cpu_count']} CPUs "
        f"({data.get('cpu_model_name', 'of unknown make')}), {data['platform']}"
    )


def goal_text(goal: Goal, figure: Figure, case: Case) -> str:
    if goal.kind == "at most":
        return f"≤ {quantity(goal.bound, figure.unit)}"
    other = goal.other if goal.other == BEST_POOL else f"`{goal.other}`"
    if goal.other_figure and goal.other_figure != goal.figure:
        named = next(found.label for found in case.figures if found.id == goal.other_figure)
        other = named if goal.other == goal.subject else f"{other}, {named}"
    sign = "≥" if goal.kind == "times" else "≤"
    if goal.kind == "times" and goal.other == SUBJECTS[goal.subject].baseline:
        return f"{sign} {digits(goal.bound)}×"
    verb = "as fast as" if goal.kind == "times" else "of"
    return f"{sign} {digits(goal.bound)}× {verb} {other}"


def outcome_row(results: Results, case: Case, outcome: Outcome) -> list[str]:
    goal = outcome.goal
    figure = results.figure(case, goal.figure)
    baseline = SUBJECTS[goal.subject].baseline
    aim = goal_text(goal, figure, case)
    if goal.kind != "at most" and not (goal.kind == "times" and goal.other == baseline):
        aim += f": {digits(outcome.got.median)}×"
    return [
        f"{case.title}: {figure.label}" if len(case.figures) > 1 else case.title,
        f"`{goal.subject.removeprefix('threadmill.')}`",
        spread(results.spread(case, goal.subject, goal.figure), figure.unit),
        spread(results.spread(case, baseline, goal.figure), figure.unit),
        factor(results.speed_up(case, goal.subject, goal.figure)),
        aim,
        "–" if results.metadata["mode"] != "full" else "yes" if outcome.reached else "**no**",
    ]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


GOALS_HEAD = ("case", "class", "threadmill", "standard library", "ratio", "goal", "reached")
HOW = (
    "Medians of {rounds} round(s), in each of which every subject had a process of its own, by turns; a "
    "ratio is the median of the rounds' ratios. In brackets: the middle half."
)


def goals_table(results: Results) -> str:
    rows = [
        outcome_row(results, case, outcome) for case in results.cases for outcome in results.outcomes(case)
    ]
    return table(GOALS_HEAD, rows)


def readme_part(all_results: Sequence[Results]) -> str:
    """What README.md has between the two markers."""
    parts = [
        f"{machine(results)}. {HOW.format(rounds=results.rounds)}\n\n{goals_table(results)}"
        for results in all_results
    ]
    return "\n" + "\n".join(parts) + "\n"


def readme_with(text: str, part: str) -> str:
    """README.md's text with this part between the markers."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"README.md has no {BEGIN} and {END}")
    return before + begin + part + end + after


def committed(folder: Path = RESULTS) -> list[Results]:
    return [Results.load(path) for path in sorted(folder.glob("*.json"))]


def page(results: Results, charts: bool = True) -> str:
    """Everything that was measured."""
    usual, most = results.loads
    data = results.metadata
    versions = [
        f"{key.removeprefix('version_')} {value}"
        for key, value in sorted(data.items())
        if key.startswith("version_")
    ]
    parts = [
        f"# Benchmarks: {results.name}\n",
        f"{machine(results)}; {data['python_compiler']}. Load: {usual:.2f}, at most {most:.2f}.\n",
        f"{HOW.format(rounds=results.rounds)}\n",
    ]
    if data["mode"] != "full":
        parts.append("**A quick run, with smaller numbers than the goals are meant for.**\n")
    if versions:
        parts.append(f"Other libraries: {', '.join(versions)}.\n")
    parts += [
        f"Left out: {data['left_out']}.\n",
        "## Goals\n",
        goals_table(results),
        "## All figures\n",
    ]
    parts += [case_part(results, case, charts) for case in results.cases]
    if unsteady := results.unsteady:
        listed = "\n".join(f"* {name}" for name in unsteady)
        parts.append(
            "## Unsteady\n\nThe middle half of these is wider than ±10 % of the median; "
            f"`python -m pyperf check` says more.\n\n{listed}\n"
        )
    return "\n".join(parts)


def case_part(results: Results, case: Case, charts: bool) -> str:
    subjects = results.subjects(case)
    if len(case.figures) > 3:  # a line: one row for each figure
        head = ["", *(f"`{subject}`" for subject in subjects)]
        rows = [
            [figure.label, *(spread(results.spread(case, name, figure.id), figure.unit) for name in subjects)]
            for figure in case.figures
        ]
    else:
        head = ["", *(part for figure in case.figures for part in (figure.label, "ratio"))]
        rows = [
            [
                f"`{name}`",
                *(
                    part
                    for figure in case.figures
                    for part in (
                        spread(results.spread(case, name, figure.id), figure.unit),
                        factor(results.speed_up(case, name, figure.id)),
                    )
                ),
            ]
            for name in subjects
        ]
    parts = [f"### {case.title}\n", table(head, rows)]
    if case.note:
        parts.append(f"{case.note}\n")
    if charts:
        parts.append(f"![{case.title}]({results.name}/{case.id}.svg)\n")
    return "\n".join(parts)
