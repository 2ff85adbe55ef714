"""A temporary folder that Ctrl-C does not leave behind."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory


@contextmanager
def temporary_folder() -> Iterator[Path]:
    folder = TemporaryDirectory(prefix="threadmill-demo-")
    try:
        yield Path(folder.name)
    finally:
        try:
            folder.cleanup()
        except KeyboardInterrupt:  # removing thousands of files takes its time
            folder.cleanup()
            raise
