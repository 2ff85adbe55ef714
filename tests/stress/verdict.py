"""What a run has seen, and its end when it has seen what must not be."""

from __future__ import annotations

import faulthandler
import itertools
import os
import sys
import threading
import time
import traceback
from typing import NoReturn

from threadmill import _core

LIMIT = 60.0  # seconds for any operation: far more than even a busy machine needs, so only a hang reaches it

_counters: dict[str, itertools.count[int]] = {}
_failing = threading.Lock()  # taken for good by the first to fail


def count(kind: str) -> None:
    next(_counters.setdefault(kind, itertools.count()))


def counts(prefix: str) -> str:
    """The kinds that begin so, with their numbers. To be asked once, at the end."""
    kinds = sorted(kind for kind in _counters if kind.startswith(prefix))
    return ", ".join(f"{kind.removeprefix(prefix)} {next(_counters[kind]):,}" for kind in kinds)


def fail(message: str) -> NoReturn:
    """Ends the process, from whatever thread, with the message and the stacks of all threads."""
    _failing.acquire(timeout=LIMIT)
    try:
        stack = "".join(traceback.format_stack()[:-1])
        text = (
            f"\nVIOLATION in {threading.current_thread().name} of process {os.getpid()}: {message}\n{stack}\n"
        )
        os.write(2, text.encode())
        faulthandler.dump_traceback(all_threads=True)
    finally:
        os._exit(1)


def engines() -> str:
    """What those do that are alive."""
    return "\n".join(
        f"{engine.state}: {engine.qsize()} queued, {engine.workers()} workers, {engine.busy()} busy, "
        f"{engine.at_jobs()} at jobs"
        for engine in _core.engines_alive()
    )


class Watchdog:
    """Fails the run if an operation takes longer than LIMIT."""

    def __init__(self) -> None:
        self.begun: dict[int, tuple[float, str]] = {}  # by thread
        threading.Thread(target=self.watch, name="watchdog", daemon=True).start()

    def begin(self, what: str) -> None:
        """The calling thread begins something else."""
        self.begun[threading.get_ident()] = time.monotonic(), what

    def rest(self) -> None:
        """The calling thread does nothing that has a limit."""
        self.begun.pop(threading.get_ident(), None)

    def watch(self) -> None:
        while True:
            # If this thread gets to nothing any more, because one that hangs holds the GIL.
            faulthandler.dump_traceback_later(2 * LIMIT, exit=True)
            time.sleep(0.5)
            for ident, (since, what) in list(self.begun.items()):
                if time.monotonic() - since > LIMIT:
                    frame = sys._current_frames().get(ident)
                    where = "".join(traceback.format_stack(frame))
                    fail(f"{what} hangs, in thread {ident:#x}, at\n{where}Engines:\n{engines()}")


watchdog = Watchdog()
