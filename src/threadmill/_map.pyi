import multiprocessing.pool
from typing import TypeVar

from typing_extensions import disjoint_base

from threadmill._results import ApplyResult

_T = TypeVar("_T")

@disjoint_base
class MapResult(ApplyResult[list[_T]], multiprocessing.pool.MapResult[_T]):
    @property
    def _chunksize(self) -> int: ...
    @property
    def _number_left(self) -> int: ...
    @property
    def _length(self) -> int: ...
