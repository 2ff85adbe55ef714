"""The interpreter's own tests of its thread executor, of its futures, and of what asyncio does with them,
with threadmill's classes in the place of its own."""

from __future__ import annotations

import concurrent.futures
import contextlib
import functools
import logging
import re
import subprocess
import sys
import threading
import unittest
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any
from unittest import mock

import pytest
from helpers import LIMIT, eventually, in_time

import threadmill

# Tests that threadmill is meant to fail, and why. Each must fail, so that none is here without need,
# and must exist: what only some versions have, or fail, goes under a condition on sys.version_info.
DEVIATIONS: dict[str, str] = {}

# Where the tests are; which of them are meant, by "Class.test"; and how many there are at least.
SUITES: dict[str, tuple[list[str], str, int]] = {
    "test.test_concurrent_futures": (
        ["test_as_completed", "test_future", "test_init", "test_shutdown", "test_thread_pool", "test_wait"],
        r"ThreadPool|FutureTests",
        65,  # as many as Python 3.13 has
    ),
    "test.test_asyncio": (
        ["test_base_events", "test_events", "test_futures", "test_tasks", "test_threads"],
        r"ToThread|.*(executor|wrap_future|coroutine_threadsafe|gc_in_other_thread|loop_new_process)",
        40,  # Python 3.11 has more on some systems
    ),
}

# Not run, as their children would import the standard library's executor: CHILDREN stand for them.
LEFT_OUT = {
    "ThreadPoolShutdownTest.test_interpreter_shutdown",
    "ThreadPoolShutdownTest.test_submit_after_interpreter_shutdown",
    "ThreadPoolShutdownTest.test_hang_gh83386",
    "ThreadPoolShutdownTest.test_cancel_futures_wait_false",
}

# They count the threads at once, but the next thread is started when the last one has found its task; or the
# tasks that have begun, when none may have.
COUNTING = {
    "ThreadPoolShutdownTest.test_cancel_futures",
    "ThreadPoolShutdownTest.test_threads_terminate",
    "ThreadPoolExecutorTest.test_saturation",
}

# It sets a signal handler, which only the main thread may. That handler is its time limit.
IN_MAIN_THREAD = "ThreadPoolShutdownTest.test_hang_gh94440"


@contextlib.contextmanager
def swapped() -> Iterator[None]:
    """The standard library's names of the classes stand for threadmill's, and its own classes cannot be
    used, so no test can fall back to one of them unnoticed."""
    patch = mock.patch.object
    support, script_helper = import_module("test.support"), import_module("test.support.script_helper")
    own = AssertionError("this is the standard library's class")
    child = AssertionError("no class can be swapped in a child: see LEFT_OUT")
    with (
        patch(concurrent.futures.ThreadPoolExecutor, "__init__", side_effect=own),
        patch(concurrent.futures.Future, "__init__", side_effect=own),
        patch(concurrent.futures, "ThreadPoolExecutor", threadmill.ThreadPoolExecutor),
        patch(concurrent.futures, "Future", threadmill.Future),
        patch(concurrent.futures._base, "Future", threadmill.Future),
        patch(script_helper, "assert_python_ok", side_effect=child),
        # More than a test may take: else one that has missed a wake-up would pass when this is over.
        patch(support, "SHORT_TIMEOUT", 2 * LIMIT),
    ):
        yield


class Unhurried(threadmill.ThreadPoolExecutor):
    """Waits after each submission until the task has begun, or all threads have been started."""

    def submit(self, *args: Any, **kwargs: Any) -> Any:
        future = super().submit(*args, **kwargs)
        eventually(lambda: self._work_queue.empty() or len(self._threads) == self._max_workers)
        return future


class Swapped(unittest.TestCase):
    """The first base of all adopted classes."""

    threads_before: set[threading.Thread]
    executor_type: type[threadmill.ThreadPoolExecutor]

    @classmethod
    def setUpClass(cls) -> None:
        cls.threads_before = set(threading.enumerate())
        cls.enterClassContext(swapped())
        super().setUpClass()

    def setUp(self) -> None:
        # Without the handlers of pytest: some tests look at what is logged if there are none.
        self.enterContext(mock.patch.object(logging.root, "handlers", []))
        if f"{type(self).__name__}.{self._testMethodName}" in COUNTING:
            self.executor_type = Unhurried
        super().setUp()

    def tearDown(self) -> None:
        if hasattr(self, "executor"):  # shut down here first, because it has no time limit there
            assert isinstance(self.executor, threadmill.ThreadPoolExecutor)
            in_time(self.executor.shutdown)
        super().tearDown()

    @classmethod
    def tearDownClass(cls) -> None:
        super().tearDownClass()
        eventually(lambda: cls.threads_before.issuperset(threading.enumerate()))


class SwappedFunctions(Swapped):
    """With threadmill's as_completed and wait, too."""

    @classmethod
    def setUpClass(cls) -> None:
        for name in ("as_completed", "wait"):
            cls.enterClassContext(mock.patch.object(concurrent.futures, name, getattr(threadmill, name)))
        super().setUpClass()


def adopt(case: type[unittest.TestCase], pattern: str) -> Iterator[str]:
    """Makes a class of this module from one of the interpreter's, with the tests that are meant; of tests of
    as_completed and wait, two."""
    adopted = type(case.__name__, (Swapped, case), {"__module__": __name__})
    for name in unittest.defaultTestLoader.getTestCaseNames(case):
        test_id = f"{case.__name__}.{name}"
        meant = re.match(pattern, test_id)
        run = meant and test_id not in LEFT_OUT
        setattr(adopted, name, expected(test_id, getattr(case, name)) if run else None)
        if meant:
            yield test_id
    globals()[case.__name__] = adopted
    if re.search("Wait|AsCompleted", case.__name__):
        name = f"{case.__name__}OfFunctions"
        globals()[name] = type(name, (SwappedFunctions, adopted), {"__module__": __name__})


def expected(test_id: str, test: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The test with a time limit, and with what is expected of it."""

    @functools.wraps(test)
    def run(self: Any) -> None:
        in_time(functools.partial(test, self))

    # Event loops want the main thread, too. The limit there is that of pytest, in pyproject.toml.
    unlimited = test_id == IN_MAIN_THREAD or test.__module__.startswith("test.test_asyncio.")
    adopted = test if unlimited else run
    reason = DEVIATIONS.get(test_id)
    return pytest.mark.xfail(reason=reason, strict=True)(adopted) if reason else adopted


def adopt_all(suite: str) -> list[str]:
    names, pattern, _ = SUITES[suite]
    test_ids: list[str] = []
    with swapped():  # because of the futures of all states that they make when they are imported
        package = import_module(suite)
        is_package = hasattr(package, "__path__")  # else, before 3.11.6, it has all tests itself
        for module in [import_module(f"{suite}.{name}") for name in names] if is_package else [package]:
            for case in [case for case in vars(module).values() if isinstance(case, type)]:
                if issubclass(case, unittest.TestCase) and case.__module__ == module.__name__:
                    test_ids += adopt(case, pattern)
    return test_ids


TESTS: dict[str, list[str]] = {}
ABSENT: dict[str, str] = {}
for _suite in SUITES:
    try:
        TESTS[_suite] = adopt_all(_suite)
    except (ImportError, unittest.SkipTest) as _reason:
        ABSENT[_suite] = f"this interpreter comes without its own tests: {_reason}"


@pytest.mark.parametrize("suite", SUITES)
def test_no_test_is_missing(suite: str) -> None:
    if suite in ABSENT:
        pytest.skip(ABSENT[suite])
    found = TESTS[suite]
    assert len(found) >= SUITES[suite][2]
    assert len(found) == len(set(found)), "two classes have one name"
    if not ABSENT:
        assert set().union(*TESTS.values()) >= {*DEVIATIONS, *LEFT_OUT, *COUNTING, IN_MAIN_THREAD}


EXECUTOR = "import time, threadmill\nexecutor = threadmill.ThreadPoolExecutor(5)\n"
TASK = EXECUTOR + "def task():\n    time.sleep(0.5)\n    print('done')\nexecutor.submit(task)\n"
# What a child does, what it may print (one that cancels a task may come too late), and its error.
CHILDREN = {
    "exits": (TASK, ["done"], ""),
    "exits after shutdown": (TASK + "executor.shutdown(False)", ["done"], ""),
    "exits after cancelling": (TASK + "executor.shutdown(False, cancel_futures=True)", ["done", ""], ""),
    "submits at exit": (
        "import atexit\natexit.register(lambda: executor.submit(print, 'done'))\n" + EXECUTOR,
        [""],
        "RuntimeError: cannot schedule new futures after interpreter shutdown",
    ),
}


@pytest.mark.parametrize(("code", "printed", "error"), CHILDREN.values(), ids=CHILDREN)
def test_a_child_that(code: str, printed: list[str], error: str) -> None:
    child = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=LIMIT, check=True
    )
    assert child.stdout.strip() in printed
    assert error in child.stderr if error else not child.stderr
