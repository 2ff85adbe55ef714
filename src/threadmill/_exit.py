"""What becomes of a pool's work when the interpreter exits."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Literal, get_args

from threadmill._core import Engine
from threadmill._registry import Registry
from threadmill._workers import Crew

# wait: what is queued is done. cancel: it is dropped, and what runs is waited for. abandon: neither.
Policy = Literal["wait", "cancel", "abandon"]
Failure = Callable[[], BaseException] | None  # of what is dropped; None: it is cancelled

# No lock: an interrupt or a fork in the midst of what it protects would leave it held.
_pools: Registry[Engine, tuple[Crew, Policy, Failure]] = Registry()
_exiting = False


def check(policy: str) -> None:
    if policy not in get_args(Policy):
        raise ValueError(f"at_exit must be one of {', '.join(get_args(Policy))}, not {policy!r}")


def register(engine: Engine, crew: Crew, policy: Policy, failure: Failure) -> None:
    """Keeps to the policy as long as the engine lives."""
    _pools[engine] = crew, policy, failure
    if _exiting:  # else _at_exit will see it
        engine.close()  # nobody would wait for it any more


def exiting() -> bool:
    """Whether the interpreter waits for threads already."""
    return _exiting


def _at_exit() -> None:
    global _exiting
    _exiting = True
    pools = [(engine, _pools[engine]) for engine in _pools.alive()]
    for engine, (_, policy, failure) in pools:
        if policy == "wait":
            engine.close()
        else:
            engine.terminate(failure)
    for engine, (crew, policy, _) in pools:
        if policy != "abandon":
            crew.join(engine)


# As the standard library's executor: before the interpreter waits for threads; atexit would come after.
threading._register_atexit(_at_exit)  # type: ignore[attr-defined]
