"""What a run does to the library from outside: thread starts that fail, and signals whose handler raises."""

from __future__ import annotations

import itertools
import os
import random
import signal
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Any

from verdict import count, fail

import threadmill
from threadmill import _workers
from threadmill._core import Engine
from threadmill._registry import Registry

UNSTARTABLE = "can't start new thread"


class StartInterrupted(BaseException):
    """Raised by the start of a thread, as Ctrl-C would be."""


class Interrupted(BaseException):
    """Raised by a signal handler, in the main thread."""

    def __init__(self, starting: bool) -> None:
        super().__init__()
        self.starting = starting  # in the start of a worker, which may end other work with this error
        self.caught = False


def is_fresh(error: object) -> bool:
    """Whether a signal handler has just raised it: it may also be the outcome of work that it ended."""
    return (
        isinstance(error, Interrupted)
        and not error.caught
        and threading.current_thread() is threading.main_thread()
    )


# --- thread starts -------------------------------------------------------------------------------


class FailingStarts:
    """In the place of `threading.Thread.start`: fails for some workers, and remembers their engines."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.on = True
        self.numbers = itertools.count()
        self.strikes: Registry[Engine, list[str]] = (
            Registry()
        )  # without a lock, which a forked child may find held
        self.real_start = threading.Thread.start
        threading.Thread.start = lambda thread: self.start(thread)  # type: ignore[method-assign]

    def start(self, thread: Any) -> None:
        chance = 1.0
        if self.on and thread._target is _workers.worker:
            chance = random.Random(f"{self.seed} {next(self.numbers)}").random()
        if chance > 0.06:
            self.real_start(thread)
            return
        fault = "refused" if chance < 0.03 else "interrupted" if chance < 0.045 else "interrupted late"
        count(f"fault: start {fault}")
        self.strikes_of(thread._args[0].place.engine).append(fault)
        if fault == "refused":
            raise RuntimeError(UNSTARTABLE)
        if fault == "interrupted late":
            self.real_start(thread)
        raise StartInterrupted

    def strikes_of(self, engine: Engine) -> list[str]:
        """The faults that have hit the engine, to which those to come are added."""
        return self.strikes.setdefault(engine, [])


# --- signals -------------------------------------------------------------------------------------

PACKAGE = str(Path(threadmill.__file__).parent)
# Our files whose code may be interrupted anywhere.
OPEN_FILES = {str(Path(__file__).with_name(name)) for name in ["submitting.py", "collecting.py", "ending.py"]}
# Callbacks, and what the library calls in their place.
CALLBACK_FILES = {str(Path(__file__).with_name("work.py")), str(Path(PACKAGE) / "_asyncio.py")}


class Signals:
    """A thread that sends signals, whose handler raises in the main thread where that is fair."""

    def __init__(self, seed: int, starts: FailingStarts) -> None:
        self.random = random.Random(f"{seed} signals")
        self.starts = starts
        self.over = threading.Event()
        self.armed = True
        self.thread = threading.Thread(target=self.send, name="signals")
        signal.signal(signal.SIGUSR1, self.handle)
        self.thread.start()

    def send(self) -> None:
        main = threading.main_thread().ident
        assert main is not None
        while not self.over.wait(self.random.random() * 0.02):
            if self.random.random() < 0.5:
                os.kill(os.getpid(), signal.SIGUSR1)
            else:
                signal.pthread_kill(main, signal.SIGUSR1)

    def handle(self, _: int, frame: FrameType | None) -> None:
        if self.armed:
            self.raise_in(frame)

    def raise_in(self, frame: FrameType | None) -> None:
        """Where ours and the library's code may be interrupted: not in the standard library's, which may
        leave a lock locked then, nor in callbacks and destructors, which lose errors."""
        starting: Engine | None = None
        is_open = False
        while frame is not None:
            code = frame.f_code
            is_open = is_open or code.co_filename in OPEN_FILES
            if code.co_name == "__del__" or code.co_filename in CALLBACK_FILES:
                return
            if not is_open and not code.co_filename.startswith(PACKAGE):
                return
            if code is _workers.Crew.start.__code__:
                starting = frame.f_locals["place"].engine
            frame = frame.f_back
        if starting is not None:
            self.starts.strikes_of(starting).append("signal")
        count("fault: signal")
        raise Interrupted(starting is not None)

    def stop(self) -> None:
        self.armed = False
        self.over.set()
        self.thread.join()


def mark_caught(error: BaseException | None) -> None:
    """Marks it, and those during whose handling it was raised."""
    while error is not None:
        if isinstance(error, Interrupted):
            error.caught = True
        error = error.__context__


# --- errors that nobody gets ---------------------------------------------------------------------


def report_unraisable(unraisable: Any) -> None:
    """Workers that are started on the side, for work that others will do too, may fail to start."""
    error = unraisable.exc_value
    if isinstance(unraisable.object, Engine) and (
        isinstance(error, (StartInterrupted, Interrupted)) or str(error) == UNSTARTABLE
    ):
        count("error: unraisable")
    else:
        fail(f"unraisable {error!r} in {unraisable.object!r}: {unraisable.err_msg}")


def report_thread(args: threading.ExceptHookArgs) -> None:
    sys.__excepthook__(args.exc_type, args.exc_value or args.exc_type(), args.exc_traceback)
    fail(f"{args.exc_type.__name__} in thread {args.thread and args.thread.name}")


def watch_lost_errors() -> None:
    sys.unraisablehook = report_unraisable
    threading.excepthook = report_thread
