from collections.abc import Callable, Iterable, Mapping
from typing import Any, SupportsIndex, TypeVar

from typing_extensions import disjoint_base

from threadmill._core import Engine
from threadmill._imap import IMapIterator
from threadmill._map import MapResult
from threadmill._results import ApplyResult

_S = TypeVar("_S")
_T = TypeVar("_T")

def check_chunksize(chunksize: SupportsIndex) -> int: ...
def check_buffersize(buffersize: int | None) -> int: ...

@disjoint_base
class PoolCore:
    _engine: Engine
    def apply_async(
        self,
        func: Callable[..., _T],
        args: Iterable[Any] = (),
        kwds: Mapping[str, Any] = {},
        callback: Callable[[_T], object] | None = None,
        error_callback: Callable[[BaseException], object] | None = None,
    ) -> ApplyResult[_T]: ...
    def _map_async(
        self,
        func: Callable[..., _T],
        iterable: Iterable[Any],
        star: bool,
        chunksize: SupportsIndex | None,
        callback: Callable[[list[_T]], object] | None,
        error_callback: Callable[[BaseException], object] | None,
    ) -> MapResult[_T]: ...
    def _imap(
        self, func: Callable[[_S], _T], iterable: Iterable[_S], ordered: bool, limit: int
    ) -> IMapIterator[_T]: ...
