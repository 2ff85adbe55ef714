"""The job sqlite: queries on a database file."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from threadmill.demo.job import Job
from threadmill.demo.resources import PerWorker

ROWS = 20_000
AUTHORS = 500

QUERY = "SELECT count(*), sum(size), max(title) FROM documents WHERE author = ?"

Row = tuple[Any, ...]


def create(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE documents (author INTEGER, size INTEGER, title TEXT)")
        connection.executemany(
            "INSERT INTO documents VALUES (?, ?, ?)",
            ((row % AUTHORS, row * row % 4099, f"Document {row}") for row in range(ROWS)),
        )
        connection.execute("CREATE INDEX by_author ON documents (author)")


class Queries(Job[int, Row]):
    def __init__(self, count: int, folder: Path) -> None:
        super().__init__()
        self.title = f"{count:,} queries on a SQLite file, a connection per worker"
        self.items = range(count)
        path = folder / "documents.sqlite"
        create(path)
        # The job closes the connections of the workers when these have ended: not in the same thread.
        self._connect = partial(
            sqlite3.connect, f"{path.as_uri()}?mode=ro", uri=True, check_same_thread=False
        )

    @contextmanager
    def task(self) -> Iterator[Callable[[int], Row]]:
        with PerWorker(self._connect) as connection:

            def query(index: int) -> Row:
                row: Row = connection().execute(QUERY, (index % AUTHORS,)).fetchone()
                return row

            yield query
