"""Builds and runs pingpong.c on the files of the C core."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
SOURCES = [ROOT / "benchmarks" / "pingpong.c", ROOT / "csrc" / "src" / "os_wait.c"]
PROGRAM = ROOT / "build" / "benchmarks" / "pingpong"
LIMIT = 120  # seconds


def compiler() -> str | None:
    return shutil.which(os.environ.get("CC") or "cc")


@cache
def build() -> Path:
    """The program; made anew if a source is newer."""
    sources = [*SOURCES, *(ROOT / "csrc" / "src").glob("*.h"), *(ROOT / "csrc" / "src").glob("os_wait*")]
    if not PROGRAM.exists() or PROGRAM.stat().st_mtime < max(path.stat().st_mtime for path in sources):
        cc = compiler()
        if cc is None:
            raise FileNotFoundError("there is no C compiler")
        PROGRAM.parent.mkdir(parents=True, exist_ok=True)
        new = PROGRAM.with_suffix(f".{os.getpid()}")
        flags = ["-std=c11", "-D_GNU_SOURCE", "-O2", "-pthread", f"-I{ROOT / 'csrc' / 'src'}"]
        subprocess.run([cc, *flags, "-o", new, *SOURCES], check=True, timeout=LIMIT)
        new.replace(PROGRAM)
    return PROGRAM


def pingpong(way: str, trips: int) -> tuple[float, float, float]:
    """Median, 99th percentile and CPU time of a round trip between two threads, in seconds. The way they wait
    is "sleep" or "spin"."""
    done = subprocess.run(
        [build(), way, str(trips)], capture_output=True, text=True, check=True, timeout=LIMIT
    )
    median, p99, cpu = (float(part) * 1e-9 for part in done.stdout.split())
    return median, p99, cpu
