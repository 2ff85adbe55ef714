from collections.abc import Callable
from typing import Any

from typing_extensions import disjoint_base

from threadmill._call import Call

STATES: tuple[str, ...]

@disjoint_base
class FutureCore(Call):
    def __init__(self) -> None: ...
    def _task(self) -> tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]: ...
