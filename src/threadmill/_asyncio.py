"""Futures that end in a burst wake an event loop once.

`loop.run_in_executor` and `asyncio.wrap_future` add a done-callback to a future which calls
`loop.call_soon_threadsafe`: a system call for each future. Here such a callback is recognised, and what
it would do is left in the loop's mailbox; only who finds that empty wakes the loop.
"""

from __future__ import annotations

import sys
import threading
from collections import deque
from collections.abc import Callable
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio
    from concurrent.futures import Future

NAME = "_call_set_state"
NEEDED = {"_set_state", "dest_loop", "destination"}

Letter = tuple[Callable[[Any], object], Callable[[Any, Any], object], Any, Any]


class Mailbox:
    """The ended futures of one loop that it has not been told of yet."""

    def __init__(self) -> None:
        # Protects both, between the threads that end futures and the loop's. Recursive: a signal handler or a
        # destructor may end a future meanwhile.
        self._lock = threading.RLock()
        self._letters: list[Letter] = []
        self._told = False  # the loop has been, and will open it

    def leave(self, loop: asyncio.AbstractEventLoop, letter: Letter) -> None:
        try:
            with self._lock:
                self._letters.append(letter)
                if not self._told:
                    loop.call_soon_threadsafe(self._open, loop)
                    self._told = True  # not before: an interrupt in between must not leave it untold for good
        except RuntimeError:  # closed: asyncio's own callback knows what to do then
            for callback, _, _, future in self._take():
                callback(future)

    def _take(self) -> list[Letter]:
        with self._lock:
            letters, self._letters = self._letters, []
            self._told = False
        return letters

    def _open(self, loop: asyncio.AbstractEventLoop) -> None:
        letters = deque(self._take())
        while letters:
            _, set_state, destination, future = letters.popleft()
            try:
                set_state(destination, future)
            except Exception as error:
                context = {"message": "Exception in a callback", "exception": error, "future": destination}
                loop.call_exception_handler(context)
            except BaseException:  # it ends this run of the loop, not the next one
                with self._lock:
                    self._letters[:0] = letters
                loop.call_soon(self._open, loop)
                raise


MAILBOX = "_threadmill_mailbox"  # kept in the loop itself: its letters refer to the loop, and go with it
_lock = threading.RLock()  # so that no loop gets two


def _code_of_callback() -> CodeType | None:
    """asyncio's code of such callbacks, if it is as it was when this was written."""
    chain = sys.modules["asyncio.futures"]._chain_future
    found = [
        const for const in chain.__code__.co_consts if isinstance(const, CodeType) and const.co_name == NAME
    ]
    return found[0] if len(found) == 1 and set(found[0].co_freevars) >= NEEDED else None


def deliver(callback: FunctionType, future: Future[Any]) -> bool:
    """Takes care of the callback if it is asyncio's; False if it is not."""
    if callback.__name__ != NAME or "asyncio.futures" not in sys.modules:
        return False
    code = callback.__code__
    if code is not _code_of_callback() or callback.__closure__ is None:
        return False
    values = (cell.cell_contents for cell in callback.__closure__)
    cells = dict(zip(code.co_freevars, values, strict=True))
    loop = cells["dest_loop"]
    if loop is None:
        return False
    mailbox = getattr(loop, MAILBOX, None)
    if mailbox is None:
        with _lock:
            mailbox = getattr(loop, MAILBOX, None) or Mailbox()
            try:
                setattr(loop, MAILBOX, mailbox)
            except AttributeError:  # a loop without room for it is woken by each future
                return False
    mailbox.leave(loop, (callback, cells["_set_state"], cells["destination"], future))
    return True
