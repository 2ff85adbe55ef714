"""What the state machines share. Each of them makes the same calls on the standard library's class and on
threadmill's, in random order, and compares what a program can see.

Tasks may be *held*: they run until the machine releases them. So the machine says what runs, what waits and
what has ended, and machine_model.py keeps account of it: that is waited for before the two are compared.

    THREADMILL_EXAMPLES=2000 python -m pytest -o faulthandler_timeout=0 tests/test_machine_*.py

looks for more. CI makes the same programs in each run, so that what it says depends on the code alone."""

from __future__ import annotations

import logging
import multiprocessing
import os
import pickle
import re
import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import hypothesis
from helpers import LIMIT
from hypothesis.stateful import RuleBasedStateMachine

import threadmill

T = TypeVar("T")

EXAMPLES = int(os.environ.get("THREADMILL_EXAMPLES", "60" if os.environ.get("CI") else "20"))

SETTINGS = hypothesis.settings(
    max_examples=EXAMPLES,
    stateful_step_count=30,
    deadline=None,
    derandomize=bool(os.environ.get("CI")) and "THREADMILL_EXAMPLES" not in os.environ,
    print_blob=True,
    report_multiple_bugs=False,
    suppress_health_check=list(hypothesis.HealthCheck),
)


class Stop(BaseException):
    """What a task may raise and most handlers let through. Not KeyboardInterrupt: that is the user's."""


RAISED: dict[str, Callable[[], BaseException]] = {
    "ValueError": lambda: ValueError("wrong", 7),
    "KeyError": lambda: KeyError("missing"),
    "OSError": lambda: OSError(2, "gone"),
    "StopIteration": lambda: StopIteration(3),
    "TimeoutError": lambda: TimeoutError("of the task"),
    "ExceptionGroup": lambda: ExceptionGroup("several", [ValueError(1)]),
    "SystemExit": lambda: SystemExit(3),
    "GeneratorExit": GeneratorExit,
    "Stop": lambda: Stop("all"),
}
ERRORS = ["ValueError", "KeyError", "OSError", "TimeoutError", "ExceptionGroup"]
FATAL = ["SystemExit", "GeneratorExit", "Stop"]  # no Exceptions


# --- what a program can see ----------------------------------------------------------------------


class Outcome(NamedTuple):
    """What a call gives, or the type and words of what it raises, and of what that tells of."""

    value: Any
    error: tuple[type, str, type | None] | None

    def without_words(self) -> Outcome:
        return self if self.error is None else Outcome(None, (self.error[0], "", None))


def outcome(call: Callable[[], Any]) -> Outcome:
    try:
        value = call()
        return Outcome(described(value) if isinstance(value, BaseException) else value, None)
    except (Exception, SystemExit, GeneratorExit, Stop) as error:
        return Outcome(None, described(error))


# Differences that the documentation names, or that only the names of classes make.
# threadmill's TimeoutError is the pools' and the builtin one at once.
# Which error pickling ends in depends on the attribute that is met first.
SAME_TYPES: dict[type, type] = {
    threadmill.TimeoutError: multiprocessing.TimeoutError,
    pickle.PicklingError: TypeError,
}
# Its classes live in other modules.
SAME_WORDS = re.compile(r"threadmill\.(pool|_results|_map|_imap)\.|multiprocessing\.pool\.")


# Cython words some errors in its own way.
OTHER_WORDS = {
    "raise: exception class must be a subclass of BaseException": "exceptions must derive from BaseException",
}


def described(error: BaseException) -> tuple[type, str, type | None]:
    told_of = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    cls = SAME_TYPES.get(type(error), type(error))
    return cls, told(str(error)), None if told_of is None else type(told_of)


def told(text: str) -> str:
    """Without what differs between any two objects."""
    text = OTHER_WORDS.get(text, text)
    # An exception that is false: from 3.14 on the standard library's Future raises it, but shows none.
    text = text.replace("raised EmptyGroup>", "returned NoneType>")
    return SAME_WORDS.sub("", re.sub(r"\b0x[0-9a-fA-F]+", "0x...", text))


# --- waiting -------------------------------------------------------------------------------------


class Patience:
    """The limit of a wait. After the first in vain hypothesis looks for a shorter program that fails too,
    with many more of them."""

    limit: float = LIMIT / 2


def until_true(wait: Callable[[float], object], what: object = "") -> None:
    """Calls something that waits up to so many seconds and says whether that was enough."""
    if not wait(Patience.limit):
        Patience.limit = 0.5
        raise AssertionError(f"never: {what or wait}")


def until(condition: Callable[[], object], what: object = "") -> None:
    """For what there is no event of."""

    def wait(limit: float) -> bool:
        deadline = time.monotonic() + limit
        while not condition():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.0005)
        return True

    until_true(wait, what)


def in_time(call: Callable[[], T]) -> T:
    """What a call gives or raises that may take time, but must not hang."""
    results: list[Callable[[], T]] = []

    def run() -> None:
        try:
            value = call()
            results.append(lambda: value)
        except BaseException as error:
            raised = error

            def again() -> T:
                raise raised

            results.append(again)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()

    def wait(limit: float) -> bool:
        thread.join(limit)
        return not thread.is_alive()

    until_true(wait, call)
    return results.pop()()


# --- what the two have to do ---------------------------------------------------------------------


class Side:
    """One of the two, and what was heard of it."""

    def __init__(self, index: int) -> None:
        self.index = index
        self.subject: Any = None
        self.began: list[int] = []  # the numbers of the calls that workers have begun
        self.heard: list[Any] = []  # what callbacks got, and what was logged

    def __repr__(self) -> str:
        return ("the standard library", "threadmill")[self.index]


class SideBySide(RuleBasedStateMachine):
    """The base of the machines."""

    def __init__(self) -> None:
        super().__init__()
        self.sides = (Side(0), Side(1))
        self.threads_before = set(threading.enumerate())
        self.log = Log(self.sides)
        self.log.open()

    def same(self, call: Callable[[Side], Any], words: bool = True) -> Outcome:
        """What the call gives or raises, which is the same on both sides; its words too, if so wanted."""
        stdlib, ours = [outcome(lambda side=side: call(side)) for side in self.sides]
        if not words:
            stdlib, ours = stdlib.without_words(), ours.without_words()
        assert ours == stdlib, f"threadmill: {ours}, the standard library: {stdlib}"
        return stdlib

    def both(self, call: Callable[[Side], Any], words: bool = True) -> tuple[Any, Any] | None:
        """The two values, which are compared later; None if both sides raise the same."""
        found: list[Any] = [None, None]

        def keep(side: Side) -> None:
            found[side.index] = call(side)

        return None if self.same(keep, words).error is not None else (found[0], found[1])

    def teardown(self) -> None:
        try:
            self.end()
            until(lambda: set(threading.enumerate()) <= self.threads_before, "all threads have gone")
        finally:
            self.log.close()

    def end(self) -> None:
        """Releases all that is held, and ends all threads."""


class Log(logging.Handler):
    """Takes down what the futures log, for the side that each is of."""

    logger = logging.getLogger("concurrent.futures")

    def __init__(self, sides: tuple[Side, Side]) -> None:
        super().__init__()
        self.sides = sides
        self.ours: Callable[[Any], bool] = lambda future: isinstance(future, threadmill.Future)

    def open(self) -> None:
        self.logger.addHandler(self)
        self.logger.propagate = False

    def close(self) -> None:
        self.logger.removeHandler(self)
        self.logger.propagate = True
        super().close()

    def emit(self, record: logging.LogRecord) -> None:
        if not isinstance(record.args, tuple) or not record.args:
            return  # not of a future
        error = None if record.exc_info is None else record.exc_info[1]
        words = re.sub(r"Future \d+ in", "Future ... in", told(record.getMessage()))
        side = self.sides[self.ours(record.args[0])]
        # Without what it tells of: in a worker of the standard library's that is the error of the task.
        side.heard.append((record.levelname, words, None if error is None else described(error)[:2]))
