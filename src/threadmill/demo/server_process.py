"""Starts and ends the embedded document server."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Timer
from typing import IO

from threadmill.demo import DemoError

LIMIT = 30  # seconds for the server to start, and to end


@contextmanager
def document_server() -> Iterator[str]:
    """Runs the server; gives the URL to which the index of a document is to be appended."""
    process = subprocess.Popen(
        [sys.executable, "-m", "threadmill.demo.server"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        # Out of Ctrl-C's reach, which is the demo's to handle.
        start_new_session=True,
        creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process.stdout:
        try:
            yield _first_line(process.stdout, give_up=process.kill)
        finally:
            process.stdin.close()
            try:
                process.wait(LIMIT)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _first_line(stream: IO[str], give_up: Callable[[], None]) -> str:
    guard = Timer(LIMIT, give_up)
    guard.start()
    try:
        line = stream.readline().strip()
    finally:
        guard.cancel()
    if not line:
        raise DemoError("the document server did not start")
    return line
