"""One chart for each case, as SVG and PNG: medians on a logarithmic axis, with their spread."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.case import Case
from benchmarks.registry import SUBJECTS
from benchmarks.report import machine, quantity
from benchmarks.results import NOTHING, Results

COLOURS = {"threadmill": "#0b6e99", "stdlib": "#c0504d", "peer": "#8a8a8a", "floor": "#3a7d34"}
MARKS = {"threadmill": "o", "stdlib": "s", "peer": "^", "floor": "D"}


def draw(results: Results, folder: Path) -> None:
    """Writes the charts of all cases into the folder."""
    import matplotlib as mpl

    mpl.use("Agg")
    # The same figures make the same file; text stays text.
    mpl.rcParams.update({"svg.hashsalt": "threadmill", "svg.fonttype": "none", "font.size": 9})
    folder.mkdir(parents=True, exist_ok=True)
    for case in results.cases:
        chart = lines(results, case) if case.figures[0].x else bars(results, case)
        for suffix in ("svg", "png"):
            metadata = {"Date": None} if suffix == "svg" else {"Software": None}
            chart.savefig(folder / f"{case.id}.{suffix}", metadata=metadata, dpi=90, bbox_inches="tight")


def bars(results: Results, case: Case) -> Any:
    """A panel for each figure, a row for each subject."""
    from matplotlib.figure import Figure as Chart

    subjects = results.subjects(case)[::-1]
    chart = Chart(figsize=(3.2 + 3.6 * len(case.figures), 1.1 + 0.3 * len(subjects)))
    panels = chart.subplots(1, len(case.figures), sharey=True, squeeze=False)[0]
    for panel, figure in zip(panels, case.figures, strict=True):
        for row, name in enumerate(subjects):
            found = results.spread(case, name, figure.id)
            if found is None:
                continue
            kind = SUBJECTS[name].kind
            values = results.by_round(case, name, figure.id).values()
            if found.median >= NOTHING:
                lowest = max(min(values), found.median / 1000)
                panel.plot([lowest, max(values)], [row, row], color=COLOURS[kind], linewidth=1)
                panel.plot(
                    [max(found.low, lowest), found.high],
                    [row, row],
                    color=COLOURS[kind],
                    linewidth=5,
                    alpha=0.4,
                )
                panel.plot([found.median], [row], MARKS[kind], color=COLOURS[kind])
            text = quantity(found.median, figure.unit)
            panel.annotate(
                text,
                (1, row),
                xycoords=("axes fraction", "data"),
                xytext=(4, 0),
                textcoords="offset points",
                va="center",
            )
        if panel.lines:  # else all are 0
            panel.set_xscale("log")
            panel.margins(x=0.08)
            logarithmic(panel.xaxis, figure.unit)
        panel.set_xlabel(figure.label)
        panel.grid(axis="x", alpha=0.3)
        panel.set_yticks(range(len(subjects)), subjects)
        panel.set_ylim(-0.6, len(subjects) - 0.4)
    finish(chart, results, case)
    return chart


def lines(results: Results, case: Case) -> Any:
    """A line for each subject over the figures' places."""
    from matplotlib.figure import Figure as Chart

    chart = Chart(figsize=(6.5, 3.8))
    panel = chart.subplots()
    for name in results.subjects(case):
        found = [
            (figure.x, spread) for figure in case.figures if (spread := results.spread(case, name, figure.id))
        ]
        kind = SUBJECTS[name].kind
        x = [place for place, _ in found]
        style = "--" if "Executor" in name else "-"
        panel.plot(
            x, [spread.median for _, spread in found], MARKS[kind] + style, color=COLOURS[kind], label=name
        )
        panel.fill_between(
            x,
            [spread.low for _, spread in found],
            [spread.high for _, spread in found],
            color=COLOURS[kind],
            alpha=0.2,
        )
    panel.set_xscale("log")
    panel.set_yscale("log")
    panel.set_xlabel(case.figures[0].label.split()[-1])
    logarithmic(panel.yaxis, case.figures[0].unit)
    panel.grid(alpha=0.3)
    panel.legend()
    finish(chart, results, case)
    return chart


def logarithmic(axis: Any, unit: str) -> None:
    """Ticks at powers of ten; where that makes too few, also between them."""
    from matplotlib.ticker import LogLocator

    low, high = axis.get_view_interval()
    axis.set_major_locator(
        LogLocator(subs=(1,) if high / low > 300 else (1, 3) if high / low > 20 else (1, 2, 5))
    )
    axis.set_major_formatter(lambda value, _: quantity(value, unit))
    axis.set_minor_formatter("")


def finish(chart: Any, results: Results, case: Case) -> None:
    chart.suptitle(case.title)
    below = -0.25 / chart.get_figheight()  # a quarter of an inch
    chart.text(0.5, below, machine(results), ha="center", va="top", fontsize=6, color="#555555")
