"""What the tests with real libraries share; a test module takes the fixtures over by name."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from executor_helpers import NewExecutor
from helpers import Held, in_time


@pytest.fixture
def new_executor(executor_class: Any, caplog: pytest.LogCaptureFixture) -> Iterator[NewExecutor]:
    """Makes executors, and ends them with the test. A library's callback has failed if this is logged."""
    executors = []

    def new(*args: Any, **kwargs: Any) -> Any:
        executors.append(executor_class(*args, **kwargs))
        return executors[-1]

    yield new
    for executor in executors:
        in_time(partial(executor.shutdown, cancel_futures=True))
    assert not [record for record in caplog.get_records("call") if record.name == "concurrent.futures"]


@pytest.fixture
def held() -> Iterator[Held]:
    task = Held()
    yield task
    task.release()


def library(module: str) -> Any:
    """The module; the test is skipped if it is not there."""
    return pytest.importorskip(module, reason=f"needs {module}, of the dependency group libraries")


def thread_name() -> str:
    return threading.current_thread().name
