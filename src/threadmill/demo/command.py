"""The options of `python -m threadmill demo`. Needs none of the extras that the demo itself needs."""

from __future__ import annotations

import argparse
import importlib.util
import sys
from functools import partial
from pathlib import Path

from threadmill.demo import DemoError
from threadmill.demo.urls import url_list

EXTRAS = ("aiohttp", "requests", "rich")
WORKERS = 16

# How many tasks each job has: normally, and with --quick.
JOBS = {
    "fetch": (500, 60),
    "files": (2000, 200),
    "sqlite": (5000, 500),
    "burst": (20_000, 2000),
    "roundtrip": (2000, 100),
}
REPEAT = (5, 2)

DESCRIPTION = """
Runs real, I/O-heavy jobs on the standard library's ThreadPool and ThreadPoolExecutor and on
threadmill's, by turns, checks every result, and shows the medians side by side. The jobs: fetch
(HTTP requests to a server of the demo's own), files (small files written, read back and hashed), sqlite
(queries on a file), burst and roundtrip (the bare cost of a task). Needs no network.
"""


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "demo", help="compare the pools on I/O-heavy jobs", description=DESCRIPTION, allow_abbrev=False
    )
    parser.add_argument(
        "--jobs", nargs="+", choices=JOBS, default=list(JOBS), metavar="JOB", help=", ".join(JOBS)
    )
    parser.add_argument(
        "--urls",
        type=url_list,
        metavar="FILE",
        help="fetch these URLs, one a line, instead of the demo's own; each is fetched once by each pool "
        "in each repetition, and its content is not checked",
    )
    parser.add_argument(
        "--workers", type=positive, default=WORKERS, metavar="N", help="threads of each pool (%(default)s)"
    )
    parser.add_argument(
        "--repeat", type=positive, metavar="N", help=f"repetitions ({REPEAT[0]}, with --quick {REPEAT[1]})"
    )
    parser.add_argument(
        "--quick", action="store_true", help="fewer tasks and repetitions: a few seconds in all"
    )
    parser.add_argument(
        "--json",
        type=output,
        metavar="FILE",
        help="write the results, with facts about this machine, to FILE",
    )
    parser.set_defaults(run=partial(run, parser))


def positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def output(text: str) -> Path:
    """A file that can be written, as far as can be told before the work."""
    path = Path(text)
    if path.is_dir() or not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"cannot write {text}")
    return path


def run(parser: argparse.ArgumentParser, args: argparse.Namespace) -> int:
    if args.urls and "fetch" not in args.jobs:
        parser.error("--urls needs the job fetch")
    if missing := [name for name in EXTRAS if importlib.util.find_spec(name) is None]:
        print(f'the demo needs {", ".join(missing)}: pip install "threadmill[demo]"', file=sys.stderr)
        return 2

    from threadmill.demo.show import show  # here, as it needs the extras

    try:
        show(
            {name: JOBS[name][args.quick] for name in JOBS if name in args.jobs},
            urls=args.urls,
            workers=args.workers,
            repeat=args.repeat or REPEAT[args.quick],
            json_file=args.json,
        )
    except (DemoError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0
