"""What programs read of the standard library pool's private parts, as views of the engine."""

from __future__ import annotations

import queue
from typing import Any, NoReturn

from threadmill._core import Engine


class TaskQueue:
    """`pool._taskqueue` and `pool._inqueue`: how much is queued. Nothing can be put or got here."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def qsize(self) -> int:
        """The number of entries that wait for a worker; a map or imap is one entry."""
        return self._engine.qsize()

    def empty(self) -> bool:
        return self.qsize() == 0


class ResultQueue:
    """`pool._outqueue`: workers hand their results over themselves, so it is always empty."""

    def qsize(self) -> int:
        return 0

    def empty(self) -> bool:
        return True

    def get(self, *_: Any) -> NoReturn:
        raise queue.Empty


class Cache:
    """`pool._cache`: true while work is queued or a worker is awake."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __len__(self) -> int:
        return self._engine.qsize() + self._engine.busy()
