"""What the machines hand to pools and executors."""

from __future__ import annotations

import copy
import pickle
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any


class Sized:
    """Iterable, with a length, and no more."""

    def __init__(self, items: list[Any]) -> None:
        self.items = items

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.items)


class Sequence:
    """Iterable by its items only."""

    def __init__(self, items: list[Any]) -> None:
        self.items = items

    def __getitem__(self, index: int) -> Any:
        return self.items[index]


def broken(items: Iterable[Any]) -> Iterator[Any]:
    """Fails at its end."""
    yield from items
    raise LookupError("the input is broken")


# What makes an input of so many items, each of which says which call it is for.
INPUTS: dict[str, Callable[[int], Any]] = {
    "list": lambda n: list(range(n)),
    "tuple": lambda n: tuple(range(n)),
    "range": range,
    "str": lambda n: "abcdefgh"[:n],
    "bytes": lambda n: bytes(range(n)),
    "dict": lambda n: dict.fromkeys(range(n)),
    "deque": lambda n: deque(range(n)),
    "generator": lambda n: (i for i in range(n)),
    "iterator": lambda n: iter(list(range(n))),
    "Sized": lambda n: Sized(list(range(n))),
    "Sequence": lambda n: Sequence(list(range(n))),
    "broken": lambda n: broken(range(n)),
}


def items_of(source: str, count: int) -> list[Any]:
    return list(INPUTS["list" if source == "broken" else source](count))


# Functions, arguments and names that fail in a worker, or do what one would not expect.
ODD_CALLS: dict[str, tuple[Any, Any, Any]] = {
    "no function": (5, (), {}),
    "a wrong argument": (int, ("x",), {}),
    "too few arguments": (len, (), {}),
    "a wrong name": (sorted, ([],), {"wrong": 1}),
    "names": (dict, (), {"a": 1}),
    "a class": (dict, ([("a", 1)],), {"b": 2}),
    "an exception": (ValueError, ("harmless",), {}),
    "arguments in a list": (max, [1, 2], {}),
    "arguments in a string": (max, "ab", {}),
}
# Of a pool only: an executor takes them one by one.
ODD_ARGUMENTS: dict[str, tuple[Any, Any, Any]] = {
    "no arguments": (len, 5, {}),
    "no names": (dict, (), 5),
    "names that are no strings": (dict, (), {1: 2}),
}

# Wrong calls that raise at once.
WRONG_CALLS: dict[str, Callable[[Any], Any]] = {
    "imap chunksize=0": lambda pool: pool.imap(len, [], 0),
    "imap chunksize=-1": lambda pool: pool.imap(len, [], chunksize=-1),
    "imap_unordered chunksize=0": lambda pool: pool.imap_unordered(len, [], 0),
    "map of no input": lambda pool: pool.map(len, 5),
    "map_async of None": lambda pool: pool.map_async(len, None),
    "starmap of no input": lambda pool: pool.starmap(len, 5),
    "pickle": pickle.dumps,
    "copy": copy.copy,
    "no attribute": lambda pool: pool.nothing,
}
# ... each side in its own words.
WRONG_PARAMETERS: dict[str, Callable[[Any], Any]] = {
    "apply_async()": lambda pool: pool.apply_async(),
    "apply_async(wrong=)": lambda pool: pool.apply_async(len, wrong=1),
    "map(f)": lambda pool: pool.map(len),
    "imap(f)": lambda pool: pool.imap(len),
    "imap chunksize=text": lambda pool: pool.imap(len, [], "1"),
    "close(1)": lambda pool: pool.close(1),
}
# An unknown name is not among them: with that, the standard library's fails in __del__ too.
WRONG_POOLS: dict[str, Callable[[Any], Any]] = {
    "0": lambda cls: cls(0),
    "-1": lambda cls: cls(processes=-1),
    "1.5": lambda cls: cls(1.5),
    "text": lambda cls: cls("2"),
    "initializer": lambda cls: cls(1, 5),
}
WRONG_SUBMITS: dict[str, Callable[[Any], Any]] = {
    "submit()": lambda executor: executor.submit(),
    "submit(fn=)": lambda executor: executor.submit(fn=len),
    "map of no input": lambda executor: executor.map(len, 5),
    "map of one and no input": lambda executor: executor.map(pow, [1], None),
}
WRONG_EXECUTOR_PARAMETERS: dict[str, Callable[[Any], Any]] = {
    "map()": lambda executor: executor.map(),
    "map timeout=text": lambda executor: executor.map(len, ["a"], timeout="1"),
    "map timeout=[]": lambda executor: executor.map(len, ["a"], timeout=[]),
    "map(wrong=)": lambda executor: executor.map(len, [], wrong=1),
    "shutdown(wrong=)": lambda executor: executor.shutdown(wrong=1),
    "shutdown(True, True)": lambda executor: executor.shutdown(True, True),
    "pickle": pickle.dumps,
    "deepcopy": copy.deepcopy,
}
WRONG_EXECUTORS: dict[str, Callable[[Any], Any]] = {
    "0": lambda cls: cls(0),
    "-1": lambda cls: cls(max_workers=-1),
    "-0.5": lambda cls: cls(-0.5),
    "text": lambda cls: cls("2"),
    "initializer": lambda cls: cls(1, initializer=5),
}
