"""Who makes the operations: a thread, or a task that submits to its own pool."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from orders import Order
from subjects import Subject


@dataclass
class Actor:
    rng: Random
    depth: int  # how deep its tasks may nest
    submit: Callable[[Actor, Subject], None]  # something, to that pool
    orders: list[Order] = field(default_factory=list)  # whose outcomes it has not seen yet

    def leave(self, order: Order) -> None:
        """What is left to be seen of it is, when the pool is at its end."""
        order.let_go()
        order.subject.left.append(order)
        self.orders.remove(order)
