"""The examples of the guide to ThreadPool that threadmill is made from. Each is a program in `guide/`: the
guide's own lines and layout, with only the import changed, and what it takes to run the example by itself."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from helpers import LIMIT

from threadmill.demo import documents
from threadmill.demo.server_process import document_server

GUIDE = Path(__file__).with_name("guide")
SQUARES = [x * x for x in range(10)]
DURATION = re.compile(r"Execution time: \d+\.\d\d seconds")


def run(program: str, *args: str) -> list[str]:
    """The lines that the example prints, in a process of its own whose warnings are errors."""
    child = subprocess.run(
        [sys.executable, "-W", "error", str(GUIDE / program), *args],
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    # Errors in threads and in destructors show in stderr alone.
    assert (child.returncode, child.stderr) == (0, "")
    return child.stdout.splitlines()


# --- what each prints ----------------------------------------------------------------------------


def squares(lines: list[str]) -> None:
    assert lines == [str(SQUARES)]


def squares_and_duration(lines: list[str]) -> None:
    *results, duration = lines
    squares(results)
    assert DURATION.fullmatch(duration)


def a_line_for_each_callback(lines: list[str]) -> None:
    # In order of completion, which is anyone's guess.
    assert sorted(lines) == sorted(f"Task completed with result: {square}" for square in SQUARES)


def each_result_or_its_error(lines: list[str]) -> None:
    *errors, results = lines
    # Which tasks fail is random, but each number is in exactly one of the two, and the results in order.
    failed = [int(line.removeprefix("An error occurred: Error processing ")) for line in errors]
    assert len(set(failed)) == len(failed)
    assert results == str([x * x for x in range(10) if x not in failed])


def all_batches(lines: list[str]) -> None:
    assert lines == ["1000000 True"]


def squares_and_profile(lines: list[str]) -> None:
    results, *profile = lines
    squares([results])
    assert " function calls " in profile[0]
    for function in (r"profiling\.py:\d+\(main\)", r"pool\.py:\d+\(map\)"):
        assert any(re.search(function, line) for line in profile), function


# Those that need nothing but themselves.
EXAMPLES: dict[str, Callable[[list[str]], None]] = {
    "basic_usage.py": squares_and_duration,
    "asynchronous.py": squares,
    "callbacks.py": a_line_for_each_callback,
    "error_handling.py": each_result_or_its_error,
    "batching.py": all_batches,
    "profiling.py": squares_and_profile,
    "executor.py": squares,
}


@pytest.fixture(scope="module")
def printed() -> Iterator[dict[str, Future[list[str]]]]:
    """All of them run at once, since most of their time is `time.sleep`, three seconds in each."""
    with ThreadPoolExecutor(len(EXAMPLES)) as threads:
        yield {program: threads.submit(run, program) for program in EXAMPLES}


@pytest.mark.parametrize("program", EXAMPLES)
def test_example(program: str, printed: dict[str, Future[list[str]]]) -> None:
    EXAMPLES[program](printed[program].result())


# --- concurrent requests -------------------------------------------------------------------------


def test_concurrent_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("aiohttp", "requests"):
        pytest.importorskip(module, reason=f"needs {module}, a part of threadmill[demo]")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    invalid = "nowhere"  # for the example's handling of errors, which needs no network either
    with document_server() as base:
        urls = [f"{base}{index}" for index in range(20)]
        *fetched, failed, duration = run("concurrent_requests.py", *urls, invalid)
    assert fetched == [
        f"URL: {url}, Status: 200, Content Length: {len(documents.content(index))}"
        for index, url in enumerate(urls)
    ]
    assert failed.startswith(f"URL: {invalid}, Error: ")
    assert DURATION.fullmatch(duration)
