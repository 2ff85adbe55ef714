from collections.abc import Callable, Iterable, Iterator
from typing import Any, ParamSpec, TypeVar

from typing_extensions import disjoint_base

from threadmill._core import Engine
from threadmill.future import Future

_P = ParamSpec("_P")
_T = TypeVar("_T")

def is_patched() -> bool: ...

@disjoint_base
class ExecutorCore:
    _engine: Engine
    _owner: object
    def submit(self, fn: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]: ...
    def _submit(self, fn: Callable[..., _T], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Future[_T]: ...
    def _start_map(
        self,
        fn: Callable[..., _T],
        iterables: tuple[Iterable[Any], ...],
        timeout: float | None,
        buffersize: int | None,
    ) -> Iterator[_T]: ...
