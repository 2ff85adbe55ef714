from collections.abc import Callable
from typing import Any

from typing_extensions import disjoint_base

from threadmill._core import Job

@disjoint_base
class Call(Job):
    def _task(self) -> tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]: ...
    def _cancel(self) -> bool: ...
