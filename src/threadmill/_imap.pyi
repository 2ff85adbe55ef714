import multiprocessing.pool
from collections.abc import Callable, Iterator
from typing import Any, Self, TypeVar

from typing_extensions import disjoint_base

from threadmill._core import Engine, Outbox

_T = TypeVar("_T")

@disjoint_base
class IMapIterator(Outbox, multiprocessing.pool.IMapIterator[_T]):
    def __new__(
        cls, engine: Engine, limit: int, func: Callable[[Any], _T], source: Iterator[Any]
    ) -> Self: ...
    def __iter__(self) -> Self: ...
    def __next__(self) -> _T: ...  # type: ignore[override]  # only next() takes a timeout
    def next(self, timeout: float | None = None) -> _T: ...

class IMapUnorderedIterator(IMapIterator[_T], multiprocessing.pool.IMapUnorderedIterator[_T]): ...
