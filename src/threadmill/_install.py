"""`install()` and `uninstall()`: threadmill's classes in the places where programs look up the standard
library's."""

from __future__ import annotations

import concurrent.futures.thread
import importlib
import multiprocessing.pool
import threading
from contextlib import suppress
from types import ModuleType

from threadmill import _greenlets
from threadmill.executor import ThreadPoolExecutor
from threadmill.pool import ThreadPool

# `multiprocessing.dummy.Pool` is none of them: it is a function that looks ThreadPool up when it is called.
# The order matters, for both directions: concurrent.futures takes its class from concurrent.futures.thread
# when it is first asked for it, which may be at any time in another thread.
_PLACES: tuple[tuple[ModuleType, str, type], ...] = (
    (multiprocessing.pool, "ThreadPool", ThreadPool),
    (concurrent.futures.thread, "ThreadPoolExecutor", ThreadPoolExecutor),
    (concurrent.futures, "ThreadPoolExecutor", ThreadPoolExecutor),
)

_changing = threading.RLock()  # protects `_replaced` and the places, against other threads that (un)install
_replaced: dict[tuple[ModuleType, str], object] = {}  # what ours has displaced last
_NOTHING = object()


def install() -> None:
    """Puts threadmill's classes where the standard library's are looked up, so that code which knows
    nothing of threadmill uses it: ThreadPool in `multiprocessing.pool`, ThreadPoolExecutor in
    `concurrent.futures` and `concurrent.futures.thread`. With them change what looks them up there:
    `multiprocessing.dummy.Pool`, and the executor that asyncio makes for `to_thread` and
    `run_in_executor(None, ...)`.

    It changes what is looked up from now on: not pools and executors that exist, nor names that
    modules have imported already, nor classes already derived from the standard library's, nor
    ProcessPoolExecutor and InterpreterPoolExecutor. So it belongs at the very start of a program. As the
    names mean threadmill's classes then, `isinstance(x, concurrent.futures.ThreadPoolExecutor)` is
    False of executors that were not made of them; of the standard library, only the event loops'
    `set_default_executor` asks that, and refuses such executors.

    A second call does nothing, unless something else has been put into one of the places since then:
    it is replaced too, and is what `uninstall` puts back. May be called by any thread. Child processes
    inherit it if they are forked."""
    # InterpreterPoolExecutor derives from whatever is in concurrent.futures.thread when its module is
    # first imported: that has to be now. Not there before Python 3.14 or without subinterpreters.
    _greenlets.check()
    with suppress(ImportError):
        importlib.import_module("concurrent.futures.interpreter")
    with _changing:
        for module, name, ours in _PLACES:
            there = _look(module, name)
            if there is not ours:
                _replaced[module, name] = there
                setattr(module, name, ours)


def uninstall() -> None:
    """Puts back what `install` has replaced. A place in which something else has been put since then
    stays as it is; if ours comes back there (at the end of a mock, say), another call puts back what was
    there before. Does nothing if nothing is installed. Pools and executors that exist, and names that
    modules have imported, stay threadmill's. May be called by any thread."""
    with _changing:
        for module, name, ours in _PLACES:
            if (module, name) in _replaced and _look(module, name) is ours:
                before = _replaced[module, name]
                if before is _NOTHING:
                    delattr(module, name)
                else:
                    setattr(module, name, before)


def _look(module: ModuleType, name: str) -> object:
    """What the module itself holds, or _NOTHING: getattr() would make `concurrent.futures` fetch its class,
    and could not tell that it had not been fetched before."""
    return vars(module).get(name, _NOTHING)
