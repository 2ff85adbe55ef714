"""What replaces threads by greenlets, where a pool of threads cannot work."""

from __future__ import annotations

import sys

ADVICE = {
    "gevent": "use gevent.pool or gevent.threadpool, or gevent.monkey.patch_all(thread=False)",
    "eventlet": "use eventlet.GreenPool or eventlet.tpool, or eventlet.monkey_patch(thread=False)",
}


def check() -> None:
    """RuntimeError if the threads of this program are not threads. A worker that sleeps would hold up all
    greenlets, those that could give it work among them."""
    for library in ADVICE:
        if _has_patched(library):
            raise RuntimeError(
                f"{library} has replaced threads by greenlets, in which threadmill's workers would block"
                f" each other: {ADVICE[library]}"
            )


def _has_patched(library: str) -> bool:
    if library == "gevent":
        monkey = sys.modules.get("gevent.monkey")
        return monkey is not None and bool(monkey.is_module_patched("threading"))
    patcher = sys.modules.get("eventlet.patcher")
    return patcher is not None and bool(patcher.is_monkey_patched("thread"))
