"""What there is of one kind, as long as it lives."""

from __future__ import annotations

import weakref
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Registry(weakref.WeakKeyDictionary[K, V]):
    """Threads may add to it while others look, and forks and interrupts may come at any point: each step is
    one operation of a dict. (To iterate over a weak collection that changes raises RuntimeError.)"""

    def alive(self) -> list[K]:
        """All that there are now."""
        return [key for ref in self.keyrefs() if (key := ref()) is not None]
