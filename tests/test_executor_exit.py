"""What the interpreter's exit does to a ThreadPoolExecutor; each test in an interpreter of its own."""

from __future__ import annotations

from typing import Any

import executor_helpers
import pytest
from executor_helpers import run_child

executor_class = executor_helpers.executor_class


class Child:
    """Runs code with a ThreadPoolExecutor of the class; `print` keeps lines whole, and at once."""

    def __init__(self, executor_class: Any) -> None:
        module = executor_class.__module__.partition(".")[0]
        module = "concurrent.futures" if module == "concurrent" else module
        self.head = f"""
import os
from {module} import ThreadPoolExecutor

def print(item):
    os.write(1, f"{{item}}\\n".encode())
"""

    def __call__(self, code: str, returncode: int = 0) -> tuple[list[str], str]:
        child = run_child(self.head + code)
        assert child.returncode == returncode, child.stderr
        return child.stdout.splitlines(), child.stderr


@pytest.fixture
def child(executor_class: Any) -> Child:
    return Child(executor_class)


BACKLOG = """
import threading
main_ends = threading.Event()

def task(i):
    if i == 0:
        assert main_ends.wait(30)
    print(i)

executor = ThreadPoolExecutor(2)
for i in range(6):
    executor.submit(task, i)
"""

ENDS = {
    "the end of the program": "",
    "sys.exit": "import sys; sys.exit()",
    "an error": "1 / 0",
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
@pytest.mark.parametrize("before", ["", "executor.shutdown(wait=False); ", "del executor; "])
def test_what_is_queued_is_done(child: Child, end: str, before: str) -> None:
    lines, errors = child(BACKLOG + before + "main_ends.set(); " + end, returncode=1 if "1 / 0" in end else 0)
    assert sorted(lines) == ["0", "1", "2", "3", "4", "5"]
    assert ("ZeroDivisionError" in errors) == ("1 / 0" in end)
    assert "Exception ignored" not in errors


def test_cancelled_work_is_not_done(child: Child) -> None:
    """As a program does that is to exit soon; what runs is waited for."""
    lines, errors = child(
        """
import threading
begun, main_ends = threading.Event(), threading.Event()
executor = ThreadPoolExecutor(1)
executor.submit(lambda: (begun.set(), main_ends.wait(30), print("running")))
for i in range(100):
    executor.submit(print, i)
assert begun.wait(30)
executor.shutdown(wait=False, cancel_futures=True)
main_ends.set()
"""
    )
    assert (lines, errors) == (["running"], "")


def test_idle_workers_do_not_hold_up_the_exit(child: Child) -> None:
    lines, errors = child(
        """
executor = ThreadPoolExecutor(4)
others = [ThreadPoolExecutor(2) for _ in range(20)]
assert [e.submit(pow, 2, 3).result() for e in [executor, *others]] == [8] * 21
assert list(executor.map(abs, range(100))) == list(range(100))
cycle = [ThreadPoolExecutor(1)]
cycle[0].itself = cycle
cycle[0].submit(print, "done").result()
"""
    )
    assert (lines, errors) == (["done"], "")


@pytest.mark.parametrize("used", ["", "executor.submit(int).result()"])
def test_submitting_at_exit(child: Child, used: str) -> None:
    lines, errors = child(
        f"""
import atexit
executor = ThreadPoolExecutor(1)
{used}
def late():
    for submit in [lambda: executor.submit(print, "never"), lambda: executor.map(print, ["never"]),
                   lambda: ThreadPoolExecutor(1).submit(print, "never")]:
        try:
            submit()
        except RuntimeError as error:
            print(error)
    executor.shutdown()
    print("shut down")
atexit.register(late)
"""
    )
    *refusals, last = lines
    after = [
        "cannot schedule new futures after shutdown",
        "cannot schedule new futures after interpreter shutdown",
    ]
    assert len(refusals) == 3
    assert set(refusals) <= set(after)
    assert refusals[2] == after[1]  # that one has not been shut down
    assert (last, errors) == ("shut down", "")


def test_a_task_that_submits_while_the_interpreter_exits(child: Child) -> None:
    """What was accepted is done, and then nothing more is."""
    lines, errors = child(
        """
import time
count = {"accepted": 0, "done": 0}

def inner():
    count["done"] += 1

def outer():
    for _ in range(30_000):
        try:
            executor.submit(inner)
        except RuntimeError as error:
            print(error)
            return
        count["accepted"] += 1
        time.sleep(0.001)

executor = ThreadPoolExecutor(1)
executor.submit(outer).add_done_callback(lambda future: print(future.exception()))

import atexit
atexit.register(lambda: print(count["accepted"] - count["done"]))
"""
    )
    assert lines == ["cannot schedule new futures after interpreter shutdown", "None", "0"]
    assert errors == ""


def test_an_exit_in_the_midst_of_callbacks(child: Child) -> None:
    lines, errors = child(
        """
import threading
main_ends = threading.Event()
executor = ThreadPoolExecutor(1)
future = executor.submit(main_ends.wait, 30)
for name in "abc":
    future.add_done_callback(lambda _, name=name: print(name))
del executor, future
main_ends.set()
"""
    )
    assert (lines, errors) == (["a", "b", "c"], "")
