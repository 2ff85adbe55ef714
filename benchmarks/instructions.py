"""Counts the instructions of the hot paths, which repeat where times do not, and compares them with the
committed counts: `python -m benchmarks.instructions`, or `make instructions`. Needs valgrind.

The count of a path is that of MORE tasks less that of FEW, per task, so what a run costs without any task
drops out. It depends on the version of Python and on the compiler: there is an entry for each.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.case import python_name
from benchmarks.hot_paths import PATHS
from threadmill import _core

ROOT = Path(__file__).parent.parent
COUNTS = Path(__file__).with_suffix(".json")
FEW, MORE = 10_000, 40_000
TOLERANCE = 0.05
LIMIT = 600  # seconds for one run

Counts = dict[str, int]  # path → instructions per task


def build_name() -> str:
    """The Python and the compiler of the extension modules: for example "cpython-3.11, gcc 12"."""
    content = Path(_core.__file__ or "").read_bytes()
    # clang's files name gcc as well, in the parts that come from its runtime.
    for compiler, pattern in (("clang", rb"clang version (\d+)"), ("gcc", rb"GCC: \([^)]*\) (\d+)")):
        if found := re.search(pattern, content):
            return f"{python_name()}, {compiler} {found[1].decode()}"
    return f"{python_name()}, another compiler"


def callgrind(path: str, tasks: int, profile: str = os.devnull) -> int:
    """Runs a path in a process of its own and writes its profile. The instructions of the whole process."""
    done = subprocess.run(
        [
            *("valgrind", "--tool=callgrind", f"--callgrind-out-file={profile}"),
            *(sys.executable, "-m", "benchmarks.hot_paths", path, str(tasks)),
        ],
        cwd=ROOT,
        env=os.environ | {"PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode != 0 or found is None:
        raise SystemExit(f"{path} failed under valgrind:\n{done.stderr}")
    return int(found[1])


def count() -> Counts:
    # Once without valgrind: else the first run would compile modules, and the others not.
    subprocess.run(
        [sys.executable, "-m", "benchmarks.hot_paths", "map", "1"], cwd=ROOT, check=True, timeout=LIMIT
    )
    runs = [(path, tasks) for path in PATHS for tasks in (FEW, MORE)]
    with ThreadPoolExecutor(2) as executor:
        totals = dict(zip(runs, executor.map(lambda run: callgrind(*run), runs), strict=True))
    return {path: round((totals[path, MORE] - totals[path, FEW]) / (MORE - FEW)) for path in PATHS}


def deviations(counts: Counts, committed: Counts) -> list[str]:
    """What is not as committed."""
    found = []
    for path, number in counts.items():
        if path not in committed:
            found.append(f"{path}: there is no committed count")
        elif abs(number - committed[path]) > TOLERANCE * committed[path]:
            change = number / committed[path] - 1
            found.append(
                f"{path}: {number:,} instead of {committed[path]:,} instructions per task ({change:+.1%})"
            )
    return found


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.instructions", description=__doc__)
    parser.add_argument("--update", action="store_true", help="write the counts of this build to the file")
    update = parser.parse_args().update
    if shutil.which("valgrind") is None:
        print("counting instructions needs valgrind (Debian: valgrind)", file=sys.stderr)
        return 1
    committed: dict[str, Counts] = json.loads(COUNTS.read_text()) if COUNTS.exists() else {}
    build, counts = build_name(), count()
    for path, number in counts.items():
        print(f"{path:12} {number:6,} instructions per task ({build})")
    if update:
        committed[build] = counts
        COUNTS.write_text(json.dumps(committed, indent=2, sort_keys=True) + "\n")
        return 0
    if build not in committed:
        print(f"no counts of {build} are committed: make instructions UPDATE=1 adds them")
        return 0
    found = deviations(counts, committed[build])
    for line in found:
        print(line, file=sys.stderr)
    if found:
        print("If that is as it should be: make instructions UPDATE=1", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
