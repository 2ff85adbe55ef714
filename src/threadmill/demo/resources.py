"""One resource for each worker thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar


class Closable(Protocol):
    def close(self) -> None: ...


C = TypeVar("C", bound=Closable)


class PerWorker(Generic[C]):
    """Gives each thread that calls it a resource of its own, made at the first call. Leaving the `with`
    block closes them all."""

    def __init__(self, make: Callable[[], C]) -> None:
        self._make = make
        self._local = threading.local()
        self._made: list[C] = []
        self._lock = threading.Lock()

    def __call__(self) -> C:
        try:
            resource: C = self._local.resource
        except AttributeError:
            resource = self._local.resource = self._make()
            with self._lock:
                self._made.append(resource)
        return resource

    def __enter__(self) -> PerWorker[C]:
        return self

    def __exit__(self, *_: object) -> None:
        for resource in self._made:
            resource.close()
