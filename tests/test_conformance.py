"""The interpreter's own tests of its thread pool, with threadmill's class in the place of its own."""

from __future__ import annotations

import functools
import multiprocessing.pool
import threading
import unittest
from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest
from helpers import in_time

import threadmill

# Tests that threadmill is meant to fail, and why. Each must fail, so that none is here without need,
# and must exist: what only some versions have, or fail, goes under a condition on sys.version_info.
DEVIATIONS: dict[str, str] = {}

FEWEST_TESTS = 25  # as many as Python 3.11 has

stdlib: Any = pytest.importorskip(
    "test._test_multiprocessing", reason="this interpreter comes without its own tests of multiprocessing"
)


class TestThreadPool(stdlib._TestPool, stdlib.ThreadsMixin, unittest.TestCase):  # type: ignore[misc]
    """Put together as the interpreter does it. The pools come from `multiprocessing.dummy.Pool`, which
    looks up `multiprocessing.pool.ThreadPool` at each call."""

    pool: multiprocessing.pool.ThreadPool
    threads_before: set[threading.Thread]

    @classmethod
    def setUpClass(cls) -> None:
        cls.threads_before = set(threading.enumerate())
        patch = mock.patch.object
        cls.enterClassContext(patch(multiprocessing.pool, "ThreadPool", threadmill.ThreadPool))
        # Every pool but threadmill's calls this, so no test can fall back to one of them unnoticed.
        other_pool = AssertionError("this pool is not threadmill's")
        cls.enterClassContext(patch(multiprocessing.pool.Pool, "__init__", side_effect=other_pool))
        # Before 3.11.8 and 3.12.2, test_terminate has tasks of this length, 5 minutes, and waits for
        # them if they have begun (gh-113205). Later versions have tasks of 1 second.
        cls.enterClassContext(patch(stdlib.support, "LONG_TIMEOUT", 1))
        super().setUpClass()
        assert type(cls.pool) is threadmill.ThreadPool

    @classmethod
    def tearDownClass(cls) -> None:
        # Joined here first, because it has no time limit there.
        cls.pool.terminate()
        in_time(cls.pool.join)
        super().tearDownClass()
        assert cls.threads_before.issuperset(threading.enumerate()), "the tests have left threads behind"


def adopted(test: Callable[[Any], None]) -> Callable[[Any], None]:
    """The test with a time limit, and with what is expected of it."""

    @functools.wraps(test)
    def run(self: Any) -> None:
        in_time(functools.partial(test, self))

    reason = DEVIATIONS.get(test.__name__)
    return pytest.mark.xfail(reason=reason, strict=True)(run) if reason else run


TESTS = unittest.defaultTestLoader.getTestCaseNames(TestThreadPool)
for _name in TESTS:
    setattr(TestThreadPool, _name, adopted(getattr(TestThreadPool, _name)))


def test_no_test_is_missing() -> None:
    assert len(TESTS) >= FEWEST_TESTS
    assert set(TESTS) >= DEVIATIONS.keys()
    classes = [name for name in vars(stdlib) if name.startswith("_TestPool")]
    assert [name for name in classes if "threads" in getattr(stdlib, name).ALLOWED_TYPES] == ["_TestPool"]
