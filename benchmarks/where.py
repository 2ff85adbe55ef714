"""Where the instructions of a hot path go: `python -m benchmarks.where apply_async`. Needs valgrind.

For each function the instructions per task, with those that it calls and without, counted as by
`benchmarks.instructions`. The names of the extension modules' functions are given as in their sources. One
that calls itself by way of others (the interpreter's evaluation loop) counts what it calls more than once.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.hot_paths import MORE_PATHS, PATHS
from benchmarks.instructions import LIMIT, callgrind

FEW, MORE = 10_000, 20_000
LEAST = 10  # instructions per task, of what is shown
ROW = re.compile(r"^\s*([\d,]+) \([^)]*\)\s+(?:[^\s:]*:)?(\S+)")

Costs = dict[str, int]  # function → instructions


def readable(name: str) -> str:
    """`__pyx_f_10threadmill_5_core_6Engine_push` → `_core.Engine.push`."""
    if not (found := re.match(r"__pyx_(?:f|p[fw]|(tp_[a-z]+))_(?=\d)", name)):
        return name
    slot = f" ({found[1]})" if found[1] else ""
    rest, parts = name[found.end() :], list[str]()
    while found := re.match(r"(\d+)(?=[A-Za-z_])", rest):
        length, rest = int(found[1]), rest[found.end() :]
        if length >= len(rest) or rest[length] != "_":  # `33work`: the number of a method
            break
        parts.append(rest[:length])
        rest = rest[length + 1 :]
    return ".".join([*parts[1:], rest]) + slot


def costs(profile: Path, inclusive: bool) -> Costs:
    done = subprocess.run(
        [
            "callgrind_annotate",
            f"--inclusive={'yes' if inclusive else 'no'}",
            "--threshold=100",
            "--auto=no",
            profile,
        ],
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=True,
    )
    found: Costs = {}
    for row in map(ROW.match, done.stdout.splitlines()):
        if row and row[2] != "PROGRAM" and row[2][0] not in "0(":  # without a name
            name = readable(row[2].removesuffix("'2"))
            count = int(row[1].replace(",", ""))
            # It has a row for each file that inlined code in it comes from, and for each level of recursion.
            found[name] = max(found.get(name, 0), count) if inclusive else found.get(name, 0) + count
    return found


def per_task(path: str, inclusive: bool, folder: Path) -> Iterator[tuple[str, int]]:
    few, more = (costs(folder / f"{path}.{tasks}", inclusive) for tasks in (FEW, MORE))
    for name, count in more.items():
        yield name, round((count - few.get(name, 0)) / (MORE - FEW))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("path", choices=PATHS | MORE_PATHS)
    path = parser.parse_args().path
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for tasks in (FEW, MORE):
            callgrind(path, tasks, f"{folder}/{path}.{tasks}")
        inclusive, own = dict(per_task(path, True, folder)), dict(per_task(path, False, folder))
    print(f"with what it calls, and without, per task of {path}; {sum(own.values()):,} in all\n")
    for function, count in sorted(inclusive.items(), key=lambda item: -item[1]):
        if count >= LEAST:
            print(f"{count:7,} {own.get(function, 0):7,}  {function}")


if __name__ == "__main__":
    main()
