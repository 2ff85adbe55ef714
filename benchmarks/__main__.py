"""python -m benchmarks: runs cases and writes JSON, a page and charts."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks import charts, report
from benchmarks.case import python_name
from benchmarks.registry import CASES, SUBJECTS, missing
from benchmarks.results import Results
from benchmarks.runner import ROOT, BenchmarkError, Campaign
from benchmarks.smoke import smoke

ROUNDS, QUICK_ROUNDS = 5, 1
PEER_ROUNDS = 2
QUICK_SUBJECTS = "threadmill,stdlib,floor"
QUIET = 0.5  # load above which figures are noise


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    if options.list:
        show_list()
        return 0
    if options.smoke:
        return smoke([CASES[name] for name in chosen(options.cases, CASES, "case") or CASES])
    if options.report:
        for path in options.report:
            write(Path(path), options.charts)
        return 0
    if options.readme:
        readme = ROOT / "README.md"
        text = readme.read_text(encoding="utf-8")
        readme.write_text(report.readme_with(text, report.readme_part(report.committed())), encoding="utf-8")
        return 0
    names = chosen(options.cases, CASES, "case") or list(CASES)
    subjects = chosen(options.subjects or (QUICK_SUBJECTS if options.quick else None), SUBJECTS, "subject")
    if os.getloadavg()[0] > QUIET:
        print(
            f"The machine is busy (load {os.getloadavg()[0]:.2f}): the figures will be unsteady.", flush=True
        )
    whole = not (options.cases or options.subjects or options.quick or options.rounds)
    folder = Path(options.output or (report.RESULTS if whole else ROOT / "build" / "benchmarks"))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{python_name()}.json"

    def after_case(case: str, seconds: float) -> None:
        show_progress("")
        print(f"{case:20} {seconds:4.0f} s", flush=True)
        campaign.suite().dump(str(path), replace=True)

    campaign = Campaign(
        [CASES[name] for name in names],
        "quick" if options.quick else "full",
        options.rounds or (QUICK_ROUNDS if options.quick else ROUNDS),
        PEER_ROUNDS,
        subjects,
        show_progress,
        after_case,
    )
    start = time.monotonic()
    try:
        campaign.run()
    except BenchmarkError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    print(f"{'in all':20} {time.monotonic() - start:4.0f} s\n")
    if not path.exists():
        print("nothing to measure")
        return 1
    write(path, options.charts)
    return 0


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--cases", metavar="ID,...", help="only these cases; see --list")
    parser.add_argument("--subjects", metavar="ID,...", help="only these, or those of a kind; see --list")
    parser.add_argument(
        "--quick", action="store_true", help="one round of smaller numbers, without other libraries"
    )
    parser.add_argument(
        "--smoke", action="store_true", help="each case once in this process, for errors only"
    )
    parser.add_argument(
        "--rounds", type=int, help=f"processes for each subject in each case (default: {ROUNDS})"
    )
    parser.add_argument(
        "--output",
        metavar="FOLDER",
        help="default: benchmarks/results for a whole run, build/benchmarks for others",
    )
    parser.add_argument("--no-charts", dest="charts", action="store_false", help="JSON and table only")
    parser.add_argument(
        "--report", nargs="+", metavar="JSON", help="run nothing: page and charts of these results"
    )
    parser.add_argument(
        "--readme", action="store_true", help="run nothing: write the committed figures into README.md"
    )
    parser.add_argument(
        "--list", action="store_true", help="the cases and the subjects, and what is missing here"
    )
    return parser.parse_args(arguments)


def chosen(wanted: str | None, known: Mapping[str, object], what: str) -> list[str] | None:
    """The names, of which some may be kinds, of subjects."""
    if wanted is None:
        return None
    names: list[str] = []
    for name in wanted.split(","):
        of_kind = [found for found, subject in known.items() if getattr(subject, "kind", None) == name]
        if not of_kind and name not in known:
            raise SystemExit(f"unknown {what}: {name}; there are {', '.join(known)}")
        names += of_kind or [name]
    return names


def show_list() -> None:
    for case in CASES.values():
        lacks = case.lacks()
        print(f"{case.id:20} {case.title}{f'  (not here: {lacks})' if lacks else ''}")
    print()
    for subject in SUBJECTS.values():
        reason = missing(subject)
        print(f"{subject.id:40} {subject.kind}{f'  (not here: {reason})' if reason else ''}")


def show_progress(what: str) -> None:
    if sys.stdout.isatty():
        print(f"\r\033[K{what}", end="", flush=True)


def write(path: Path, with_charts: bool) -> None:
    """The page and the charts beside the JSON."""
    results = Results.load(path)
    if with_charts:
        try:
            charts.draw(results, path.with_suffix(""))
        except ImportError:
            print("no charts: matplotlib is not installed")
            with_charts = False
    page = path.with_suffix(".md")
    page.write_text(report.page(results, with_charts), encoding="utf-8")
    print(report.goals_table(results))
    print(f"written: {path}, {page}")


if __name__ == "__main__":
    sys.exit(main())
