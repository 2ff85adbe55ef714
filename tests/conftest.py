"""Fixtures: a test that takes a pool runs on the standard library's pool and on threadmill's, so that
it shows that they agree; unless it is marked with `helpers.only_threadmill`."""

from __future__ import annotations

import ctypes
import gc
import multiprocessing.pool
import os
from collections.abc import Iterator
from typing import Any

import pytest
from helpers import Held, Hold, NewPool, in_time

import threadmill

if "ASAN_OPTIONS" in os.environ:  # make asan

    def pytest_sessionfinish(session: pytest.Session) -> None:
        """Looks for leaks here, not at exit: programs that tests start are to end while workers live, which
        hold their memory then."""
        gc.collect()
        if ctypes.CDLL(None)["__lsan_do_recoverable_leak_check"]():
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(params=[multiprocessing.pool.ThreadPool, threadmill.ThreadPool], ids=["stdlib", "threadmill"])
def pool_class(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture
def new_pool(pool_class: Any) -> Iterator[NewPool]:
    """Makes pools, and ends them with the test."""
    pools = []

    def new(*args: Any, **kwargs: Any) -> Any:
        pools.append(pool_class(*args, **kwargs))
        return pools[-1]

    yield new
    for pool in pools:
        pool.terminate()
    for pool in pools:
        in_time(pool.join)


@pytest.fixture
def hold(new_pool: NewPool) -> Iterator[Hold]:
    """Makes tasks that are held; releases those left before their pools are joined."""
    tasks = []

    def new() -> Held:
        tasks.append(Held())
        return tasks[-1]

    yield new
    for task in tasks:
        task.release()
