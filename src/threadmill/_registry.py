"""What there is of one kind, as long as it lives."""

from __future__ import annotations

import weakref
from typing import Generic, TypeVar

T = TypeVar("T")


class Registry(Generic[T]):
    """Weak. Threads may add to it while others look, and forks and interrupts may come at any point: each
    step is one operation of a dict. (A WeakSet that changes while it is looked at raises RuntimeError.)"""

    def __init__(self) -> None:
        self._members: weakref.WeakKeyDictionary[T, None] = weakref.WeakKeyDictionary()

    def add(self, member: T) -> None:
        self._members[member] = None

    def discard(self, member: T) -> None:
        self._members.pop(member, None)

    def alive(self) -> list[T]:
        """All that there are now."""
        return [member for ref in self._members.keyrefs() if (member := ref()) is not None]
