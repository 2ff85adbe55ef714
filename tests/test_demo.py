"""`python -m threadmill demo`: its results, its errors, and what it leaves behind (nothing)."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any
from urllib.request import ProxyHandler, build_opener

import pytest

import threadmill
from threadmill.cli import main
from threadmill.demo import documents
from threadmill.demo.command import EXTRAS, JOBS
from threadmill.demo.server_process import document_server

LIMIT = 120  # seconds for any wait: a busy machine makes each round trip of a thread a hundred times as long

POOLS = ["ThreadPool", "ThreadPoolExecutor", "threadmill.ThreadPool", "threadmill.ThreadPoolExecutor"]

needs_extras = pytest.mark.skipif(
    any(find_spec(name) is None for name in EXTRAS), reason="a part of threadmill[demo] is missing"
)


def run(*args: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """The demo in a child process whose warnings are errors and whose temporary files go to `folder`."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "threadmill", "demo", *args],
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )


def environment(folder: Path) -> dict[str, str]:
    return os.environ | dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder)) | {"PYTHONUTF8": "1"}


@pytest.fixture
def temporary(tmp_path: Path) -> Iterator[Path]:
    """A folder for temporary files, which must be empty in the end."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    yield folder
    assert not list(folder.iterdir())


# --- the whole demo ------------------------------------------------------------------------------


@needs_extras
def test_quick_demo(tmp_path: Path, temporary: Path) -> None:
    file = tmp_path / "results.json"
    child = run("--quick", "--workers", "4", "--json", str(file), folder=temporary)
    assert child.returncode == 0, child.stderr
    assert [line.partition(":")[0] for line in child.stderr.splitlines()] == list(JOBS)
    for name in POOLS:
        assert child.stdout.count(f"  {name} ") == len(JOBS)

    results = json.loads(file.read_text(encoding="utf-8"))
    assert results["threadmill"] == threadmill.__version__
    assert results["host"]["python"].split(".")[:2] == [str(part) for part in sys.version_info[:2]]
    assert results["host"]["gil"] is getattr(sys, "_is_gil_enabled", lambda: True)()
    assert results["host"]["cpu_count"] == os.cpu_count()
    assert (results["workers"], results["repeat"]) == (4, 2)
    assert [(job["job"], job["tasks"]) for job in results["jobs"]] == [(name, JOBS[name][1]) for name in JOBS]
    for job in results["jobs"]:
        check_figures(job)


def check_figures(job: dict[str, Any]) -> None:
    assert [figures["pool"] for figures in job["pools"]] == POOLS
    assert not job["failures"]
    assert len(job["loop"]) == (job["job"] != "fetch")
    for figures in job["pools"] + job["loop"]:
        assert figures["wall"] == median(figures["walls"]) > 0
        assert figures["wall_per_task"] == pytest.approx(figures["wall"] / job["tasks"])
        assert figures["cpu_per_task"] >= 0
        assert figures["speedup"] == job["pools"][0]["wall"] / figures["wall"]
    for figures in job["pools"]:
        if job["job"] == "burst":
            assert figures["p50"] is figures["p99"] is None
        else:
            assert 0 < figures["p50"] <= figures["p99"]


# --- the user's own URLs -------------------------------------------------------------------------


@needs_extras
def test_own_urls(tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    urls, file = tmp_path / "urls.txt", tmp_path / "results.json"
    with document_server() as base:
        good, missing = [f"{base}{index}" for index in range(20)], f"{base}none"
        urls.write_text("\n".join(["# documents", "", *good, missing]), encoding="utf-8")
        child = run(
            "--jobs", "fetch", "--urls", str(urls), "--repeat", "1", "--json", str(file), folder=temporary
        )
    assert child.returncode == 0, child.stderr
    assert "1 of 21 fetches failed" in child.stdout
    assert f"{missing}: HTTPError: 404" in child.stdout
    assert "Traceback" not in child.stdout + child.stderr
    (job,) = json.loads(file.read_text(encoding="utf-8"))["jobs"]
    assert job["tasks"] == 21
    assert list(job["failures"]) == [missing]


@needs_extras
def test_a_server_that_is_not_there(tmp_path: Path, temporary: Path) -> None:
    urls = tmp_path / "urls.txt"
    with document_server() as base:
        urls.write_text(f"{base}0\n", encoding="utf-8")
    child = run("--jobs", "fetch", "--urls", str(urls), "--repeat", "1", folder=temporary)
    assert child.returncode == 0, child.stderr
    assert "1 of 1 fetches failed" in child.stdout
    assert "Traceback" not in child.stdout + child.stderr


# --- errors --------------------------------------------------------------------------------------


@needs_extras
def test_a_wrong_result_is_an_error(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    right = threadmill.ThreadPool.map

    def swapped(pool: Any, function: Callable[[Any], Any], items: Any) -> list[Any]:
        first, *rest = right(pool, function, items)
        return [*rest, first]

    monkeypatch.setattr(threadmill.ThreadPool, "map", swapped)
    assert main(["demo", "--quick", "--jobs", "files"]) == 1
    assert "error: files on threadmill.ThreadPool: result 0 is " in capfd.readouterr().err


@needs_extras
def test_a_wrong_document_is_an_error(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(documents, "content", lambda index: b"what the server does not send")
    assert main(["demo", "--quick", "--jobs", "fetch"]) == 1
    assert "error: fetch on ThreadPool: result 0 is " in capfd.readouterr().err


@pytest.mark.parametrize("name", EXTRAS)
def test_missing_extras(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    assert main(["demo", "--quick"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert name in line
    assert 'pip install "threadmill[demo]"' in line


def test_the_command_line_needs_no_extras() -> None:
    block = f"import sys; sys.modules |= dict.fromkeys({EXTRAS})"
    code = f"{block}; from threadmill.cli import main; main(['demo', '-h'])"
    child = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=LIMIT, check=False
    )
    assert child.returncode == 0, child.stderr
    assert "--urls" in child.stdout


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ([], "COMMAND"),
        (["mill"], "invalid choice: 'mill'"),
        (["demo", "--jobs", "fly"], "invalid choice: 'fly'"),
        (["demo", "--workers", "0"], "invalid positive value: '0'"),
        (["demo", "--repeat", "many"], "invalid positive value: 'many'"),
        (["demo", "--json", "{folder}"], "cannot write"),
        (["demo", "--json", "{folder}/none/results.json"], "cannot write"),
        (["demo", "--urls", "{folder}/none"], "cannot read"),
        (["demo", "--urls", "{folder}"], "cannot read"),
        (["demo", "--urls", "{folder}/empty"], "there are no URLs in"),
        (["demo", "--urls", "{folder}/binary"], "is not a text file"),
        (["demo", "--urls", "{folder}/ftp"], "line 2: not an http or https URL: ftp://localhost/"),
        (["demo", "--urls", "{folder}/hostless"], "line 1: not an http or https URL: http://"),
        (["demo", "--urls", "{folder}/malformed"], "line 1: not an http or https URL: http://[::1"),
        (["demo", "--urls", "{folder}/good", "--jobs", "files"], "--urls needs the job fetch"),
    ],
)
def test_bad_arguments(
    args: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {
        "empty": b"# nothing\n\n",
        "binary": b"http://localhost/\xff",
        "ftp": b"http://localhost/\nftp://localhost/",
        "hostless": b"http://",
        "malformed": b"http://[::1",
        "good": b"http://localhost/",
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    with pytest.raises(SystemExit) as ended:
        main([arg.format(folder=tmp_path) for arg in args])
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


# --- the embedded server -------------------------------------------------------------------------


@pytest.mark.parametrize("count", [JOBS["fetch"][0], 20_000])
def test_latencies_are_heavy_tailed(count: int) -> None:
    latencies = [documents.latency(index) for index in range(count)]
    assert 0.012 < median(latencies) < 0.018
    assert 0.005 < sum(latency > 0.150 for latency in latencies) / count < 0.015


def test_documents_depend_on_seed_and_index_only() -> None:
    assert documents.latency(7) == documents.latency(7) != documents.latency(8)
    assert documents.latency(7) != documents.latency(7, seed=1)
    assert documents.content(7) == documents.content(7) != documents.content(8)
    assert documents.content(7) != documents.content(7, seed=1)
    assert len(documents.content(7)) == documents.SIZE


@needs_extras
def test_the_server_takes_as_long_as_it_should() -> None:
    index = max(range(JOBS["fetch"][0]), key=documents.latency)
    with document_server() as base:
        start = time.monotonic()
        with build_opener(ProxyHandler({})).open(f"{base}{index}", timeout=LIMIT) as answer:
            assert answer.read() == documents.content(index)
        assert time.monotonic() - start >= documents.latency(index)


# --- the end -------------------------------------------------------------------------------------

# Ctrl-C may be ignored by whoever started the tests, and their children inherit that.
INTERRUPTIBLE = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from threadmill.cli import main
sys.exit(main(["demo", "--jobs", *sys.argv[1:]]))
"""


class Demo:
    """A running demo. Its server writes to the same standard error, so `errors` ends with the last of
    the two."""

    def __init__(self, job: str, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", INTERRUPTIBLE, job],
            env=environment(folder),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        with self.process.stderr as stream:
            for line in stream:
                self._lines.put(line)
        self._lines.put(None)

    def line(self) -> str | None:
        """The next line of its messages; None once it and its server have ended."""
        return self._lines.get(timeout=LIMIT)

    def end(self) -> None:
        self.process.kill()
        self.process.wait(LIMIT)
        self._reader.join(LIMIT)


@contextmanager
def running(job: str, folder: Path) -> Iterator[Demo]:
    """The demo, at work on `job`."""
    demo = Demo(job, folder)
    try:
        line = demo.line()
        assert line is not None
        assert line.startswith(job)
        yield demo
    finally:
        demo.end()


@needs_extras
@pytest.mark.skipif(sys.platform == "win32", reason="sends a POSIX signal")
@pytest.mark.parametrize("job", JOBS)
def test_ctrl_c(job: str, temporary: Path) -> None:
    with running(job, temporary) as demo:
        demo.process.send_signal(signal.SIGINT)
        assert list(iter(demo.line, None)) == []
        assert demo.process.wait(LIMIT) == 130


@needs_extras
def test_a_killed_demo_takes_its_server_along(tmp_path: Path) -> None:
    with running("fetch", tmp_path) as demo:
        demo.process.kill()
        assert list(iter(demo.line, None)) == []
