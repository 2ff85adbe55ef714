"""Nothing is kept longer than it is needed: shown without the garbage collector's help."""

from __future__ import annotations

import gc
import itertools
import sys
import weakref
from collections.abc import Iterator
from typing import Any

import pytest
from helpers import LIMIT, Hold, NewPool, eventually, only_threadmill

pytestmark = only_threadmill

HAS_GIL = getattr(sys, "_is_gil_enabled", lambda: True)()


@pytest.fixture(autouse=True)
def _no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


class Thing:
    """Something that can be referred to weakly, called, and raised in an error."""

    def __call__(self, *_: object) -> None:
        pass


def give(item: object) -> object:
    return item


def make(*_: object) -> Thing:
    return Thing()


def fail(item: object) -> None:
    raise KeyError(item)


class Watch:
    """Remembers things without keeping them."""

    def __init__(self) -> None:
        self.refs: list[weakref.ref[Any]] = []

    def new(self) -> Thing:
        thing = Thing()
        self.refs.append(weakref.ref(thing))
        return thing

    def alive(self) -> int:
        return sum(ref() is not None for ref in self.refs)

    def all_gone(self) -> bool:
        assert self.refs
        return self.alive() == 0

    def all_gone_inside(self) -> bool:
        """For what is inside of a result or error that a worker has made: without a GIL, the interpreter
        leaves that to the worker, which may sleep, or to the collector."""
        if not HAS_GIL:
            gc.collect()
        return self.all_gone()


@pytest.fixture
def watch() -> Watch:
    return Watch()


# --- single calls --------------------------------------------------------------------------------


def test_function_and_arguments_go_when_the_task_has_ended(new_pool: NewPool, watch: Watch) -> None:
    handle = new_pool(1).apply_async(watch.new(), (watch.new(),))
    handle.get(LIMIT)
    eventually(watch.all_gone)
    assert handle.ready()


def test_keyword_arguments_go_too(new_pool: NewPool, watch: Watch) -> None:
    handle = new_pool(1).apply_async(dict, [], {"key": watch.new()})
    handle.get(LIMIT).clear()
    eventually(watch.all_gone)


def test_callbacks_go_when_they_have_run(new_pool: NewPool, watch: Watch) -> None:
    pool = new_pool(1)
    handles = [
        pool.apply_async(int, (), {}, watch.new(), watch.new()),
        pool.apply_async(int, ("x",), {}, watch.new(), watch.new()),
        pool.map_async(int, [1], None, watch.new(), watch.new()),
        pool.map_async(int, ["x"], None, watch.new(), watch.new()),
        pool.map_async(int, [], None, watch.new(), watch.new()),
    ]
    for handle in handles:
        handle.wait(LIMIT)
    eventually(watch.all_gone)
    assert len(handles) == 5


@pytest.mark.parametrize("end", ["a result", "an error", "terminate", "refused"])
def test_a_cycle_through_a_callback_is_collected(
    new_pool: NewPool, hold: Hold, watch: Watch, end: str
) -> None:
    """The collector does not look at a method such as list.append while its task waits. Later it does."""
    pool, task = new_pool(1), hold()
    if end == "refused":
        pool.close()
    else:
        pool.apply_async(task)
        task.wait_until_begun()
    holders: list[list[Any]] = [[watch.new()], [watch.new()]]
    for holder in holders:
        holder.append(holder.append)
    callbacks = {"callback": holders[0][1], "error_callback": holders[1][1]}
    try:
        handle = pool.apply_async(int, ("x",) if end == "an error" else (), **callbacks)
    except ValueError:
        assert end == "refused"
    else:
        assert [gc.is_tracked(callback) for callback in callbacks.values()] == [not HAS_GIL] * 2
        if end == "terminate":
            pool.terminate()
        task.release()
        handle.wait(LIMIT)
        del handle
    del holders, holder, callbacks
    assert watch.alive() == 2
    eventually(lambda: gc.collect() >= 0 and watch.all_gone())


@pytest.mark.parametrize("task", [give, fail])
def test_the_outcome_goes_with_the_handle(new_pool: NewPool, watch: Watch, task: Any) -> None:
    handle = new_pool(1).apply_async(task, (watch.new(),))
    handle.wait(LIMIT)
    assert watch.alive() == 1
    del handle
    eventually(watch.all_gone_inside)


def test_an_error_that_was_raised_goes_too(new_pool: NewPool, watch: Watch) -> None:
    pool = new_pool(1)

    def get() -> None:
        handle = pool.apply_async(fail, (watch.new(),))
        try:
            handle.get(LIMIT)
        except KeyError:
            del handle  # the traceback holds this frame

    get()
    eventually(watch.all_gone_inside)


def test_handles_that_nobody_kept(new_pool: NewPool, watch: Watch) -> None:
    pool = new_pool(2)
    for _ in range(100):
        pool.apply_async(give, (watch.new(),))
        pool.apply_async(fail, (watch.new(),))
        pool.map_async(give, [watch.new(), watch.new()])
        pool.imap(give, [watch.new()])
    eventually(watch.all_gone_inside)


def test_a_result_that_refers_to_its_handle_is_collected(new_pool: NewPool, watch: Watch) -> None:
    pool = new_pool(1)
    for handle in [pool.apply_async(list, ([watch.new()],)), pool.map_async(give, [watch.new()])]:
        handle.get(LIMIT).append(handle)
    del handle
    assert pool.apply(int) == 0  # the worker has let go of what came before
    gc.collect()
    eventually(watch.all_gone)


# --- maps ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("chunksize", [None, 1, 3])
def test_the_input_of_a_map_goes_when_it_has_ended(
    new_pool: NewPool, watch: Watch, chunksize: int | None
) -> None:
    pool = new_pool(2)
    handles = [
        pool.map_async(watch.new(), [watch.new() for _ in range(50)], chunksize),
        pool.starmap_async(watch.new(), [(watch.new(),) for _ in range(50)], chunksize),
    ]
    for handle in handles:
        handle.get(LIMIT)
    eventually(watch.all_gone)
    assert len(handles) == 2


@pytest.mark.parametrize("task", [give, fail])
def test_the_outcome_of_a_map_goes_with_the_handle(new_pool: NewPool, watch: Watch, task: Any) -> None:
    handle = new_pool(2).map_async(task, [watch.new() for _ in range(50)])
    handle.wait(LIMIT)
    assert watch.alive() >= 1
    del handle
    eventually(watch.all_gone_inside)


# --- imaps ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["imap", "imap_unordered"])
@pytest.mark.parametrize("chunksize", [1, 3])
def test_each_value_goes_once_it_is_taken(
    new_pool: NewPool, watch: Watch, method: str, chunksize: int
) -> None:
    values = getattr(new_pool(1), method)(give, (watch.new() for _ in range(30)), chunksize)
    for _ in values:
        pass
    del _
    eventually(watch.all_gone_inside)


@pytest.mark.parametrize("method", ["imap", "imap_unordered"])
@pytest.mark.parametrize("buffersize", [None, 2])
def test_values_that_nobody_took_go_with_the_iterator(
    new_pool: NewPool, watch: Watch, method: str, buffersize: int | None
) -> None:
    pool = new_pool(1)
    things = (watch.new() for _ in range(30))
    values = getattr(pool, method)(give, things, buffersize=buffersize)
    next(values)
    assert pool.apply(int) == 0  # the iterator is at its end, or full
    assert watch.alive() == (29 if buffersize is None else 2)
    del values, things
    eventually(watch.all_gone)


def test_function_and_input_go_at_the_end(new_pool: NewPool, watch: Watch) -> None:
    def items(thing: Thing) -> Iterator[int]:
        yield from range(3)

    values = new_pool(1).imap(watch.new(), items(watch.new()))
    assert list(values) == [None] * 3
    eventually(watch.all_gone)
    assert list(values) == []


# --- the end of a pool -----------------------------------------------------------------------------


def test_a_terminated_pool_lets_go_of_what_it_did_not_begin(
    new_pool: NewPool, hold: Hold, watch: Watch
) -> None:
    pool, task = new_pool(1), hold()
    pool.apply_async(task)
    task.wait_until_begun()
    kept = [
        pool.apply_async(watch.new(), (watch.new(),), {}, watch.new(), watch.new()),
        pool.map_async(watch.new(), [watch.new()], None, watch.new(), watch.new()),
        pool.imap(watch.new(), (thing for thing in [watch.new()])),
    ]
    pool.terminate()
    eventually(watch.all_gone)
    assert len(kept) == 3


def test_a_joined_pool_keeps_nothing(new_pool: NewPool, watch: Watch) -> None:
    pool = new_pool(2)
    for _ in range(50):
        pool.apply_async(give, (watch.new(),))
    pool.close()
    pool.join()
    assert watch.all_gone()


def test_a_handle_keeps_no_pool(pool_class: Any) -> None:
    with pool_class(1) as pool:
        handles = [pool.apply_async(int), pool.map_async(give, [1]), pool.imap(give, [1])]
        handles[0].get(LIMIT)
    ref = weakref.ref(pool)
    del pool
    eventually(lambda: ref() is None)
    assert len(handles) == 3


def test_handles_can_be_referred_to_weakly(new_pool: NewPool) -> None:
    pool = new_pool(1)
    for handle in [pool.apply_async(int), pool.map_async(give, [1]), pool.imap(give, [1])]:
        assert weakref.ref(handle)() is handle


def test_memory_does_not_grow_with_the_number_of_tasks(new_pool: NewPool) -> None:
    """The blocks that Python has allocated, after each of some rounds of work: no trend."""
    pool = new_pool(2)

    def work() -> int:
        for _ in range(2000):
            pool.apply(give, (1,))
        pool.map(give, range(2000))
        pool.map(give, [None] * 2000, 7)
        assert sum(1 for _ in pool.imap(give, range(2000))) == 2000
        assert sum(1 for _ in itertools.islice(pool.imap(give, range(2000), buffersize=9), 500)) == 500
        gc.collect()
        return sys.getallocatedblocks()

    work()
    blocks = [work() for _ in range(4)]
    assert blocks[-1] - blocks[0] < 1000
