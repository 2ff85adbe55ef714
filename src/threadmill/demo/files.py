"""The job files: small files written, read back and hashed."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from threadmill.demo import documents
from threadmill.demo.job import Job


class Files(Job[int, str]):
    def __init__(self, count: int, folder: Path) -> None:
        super().__init__()
        self.title = f"{count:,} files of {documents.SIZE // 1024} KB written, read back and hashed"
        self.items = range(count)
        self._folder = folder
        self._contents = [documents.content(index) for index in self.items]

    def task(self) -> AbstractContextManager[Callable[[int], str]]:
        # The files stay until the demo ends. ext4 passes over inodes deleted in the last few minutes, one
        # by one: a run after the removal of another's files would be several times as slow.
        folder = tempfile.mkdtemp(dir=self._folder)

        def write_read_hash(index: int) -> str:
            path = Path(folder, str(index))
            path.write_bytes(self._contents[index])
            return hashlib.sha256(path.read_bytes()).hexdigest()

        return nullcontext(write_read_hash)
