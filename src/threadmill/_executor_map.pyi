from collections.abc import Callable
from typing import Any, Self

from typing_extensions import disjoint_base

from threadmill._core import Engine, Outbox

@disjoint_base
class ExecutorMap(Outbox):
    def __new__(
        cls, engine: Engine, length: int, func: Callable[..., object], items: list[Any], star: bool
    ) -> Self: ...
    def _task(self) -> tuple[Callable[..., object], tuple[()], dict[str, Any]]: ...
    def _cancel(self) -> bool: ...
