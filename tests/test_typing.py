"""The annotations and the stubs: consistent, true to the compiled modules, and of use to a program."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SAMPLE = "tests/typing/user_program.py"
ALLOWLIST = "tests/typing/stubtest_allowlist.txt"
COMPILED = [f"threadmill.{path.stem}" for path in sorted((ROOT / "src" / "threadmill").glob("*.pyx"))]

needs_mypy = pytest.mark.skipif(importlib.util.find_spec("mypy") is None, reason="mypy is not installed")


def check(*arguments: str) -> None:
    """Runs Python with the arguments in a child, which must succeed."""
    child = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert child.returncode == 0, child.stdout + child.stderr


@needs_mypy
def test_the_package_and_a_users_program_pass_the_type_checker(tmp_path: Path) -> None:
    check("-m", "mypy", "--strict", f"--cache-dir={tmp_path}", "src/threadmill", "tests/typing")


@needs_mypy
def test_the_stubs_match_the_compiled_modules() -> None:
    check("-m", "mypy.stubtest", f"--allowlist={ALLOWLIST}", *COMPILED)


def test_the_users_program_runs() -> None:
    """So what the stubs say of the names, the arguments and the subscripts that it uses is true."""
    check(SAMPLE)
