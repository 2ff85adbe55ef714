"""Context variables: each task of both faces runs in a copy of its submitter's context, which the
standard library's pools leave to their users."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import suppress
from contextvars import Context, ContextVar, copy_context
from typing import Any

import executor_helpers
import pytest
from helpers import LIMIT, Held, eventually, in_time, together

import threadmill

VAR: ContextVar[Any] = ContextVar("VAR", default="nothing")

hasty_switches = executor_helpers.hasty_switches

# Each gives a call that gives what one task has returned.
Call = Callable[[Any, Callable[[], Any]], Callable[[], Any]]
POOL_CALLS: dict[str, Call] = {
    "apply_async": lambda pool, task: pool.apply_async(task).get,
    "with callbacks": lambda pool, task: pool.apply_async(task, (), {}, id, id).get,
    "map_async": lambda pool, task: first(pool.map_async(lambda _: task(), [1]).get),
    "map_async of many": lambda pool, task: first(pool.map_async(lambda _: task(), [1, 2, 3]).get),
    "map_async in chunks": lambda pool, task: first(pool.map_async(lambda _: task(), [1, 2, 3], 2).get),
    "starmap_async": lambda pool, task: first(pool.starmap_async(task, [()]).get),
    "imap": lambda pool, task: pool.imap(lambda _: task(), [1, 2]).next,
    "imap in chunks": lambda pool, task: pool.imap(lambda _: task(), [1, 2, 3], 2).__next__,
    "imap, bounded": lambda pool, task: pool.imap(lambda _: task(), [1], buffersize=1).next,
    "imap_unordered": lambda pool, task: pool.imap_unordered(lambda _: task(), [1]).next,
}
EXECUTOR_CALLS: dict[str, Call] = {
    "submit": lambda executor, task: executor.submit(task).result,
    "executor.map": lambda executor, task: executor.map(lambda _: task(), [1, 2]).__next__,
    "executor.map, bounded": lambda executor, task: (
        executor.map(lambda _: task(), [1, 2], buffersize=1).__next__
    ),
}
CALLS = [(threadmill.ThreadPool, call) for call in POOL_CALLS.values()]
CALLS += [(threadmill.ThreadPoolExecutor, call) for call in EXECUTOR_CALLS.values()]

each_call = pytest.mark.parametrize(("face", "call"), CALLS, ids=[*POOL_CALLS, *EXECUTOR_CALLS])
each_face = pytest.mark.parametrize(
    ("face", "call"),
    [
        (threadmill.ThreadPool, POOL_CALLS["apply_async"]),
        (threadmill.ThreadPoolExecutor, EXECUTOR_CALLS["submit"]),
    ],
    ids=["ThreadPool", "ThreadPoolExecutor"],
)


def first(get: Callable[[], list[Any]]) -> Callable[[], Any]:
    return lambda: get()[0]


@pytest.fixture
def new() -> Iterator[Callable[..., Any]]:
    """Makes pools and executors, and ends them with the test."""
    made = []

    def new(face: Any, *args: Any, **kwargs: Any) -> Any:
        made.append(face(*args, **kwargs))
        return made[-1]

    yield new
    for pool in made:
        end(pool)


def end(pool: Any) -> None:
    if isinstance(pool, threadmill.ThreadPool):
        pool.terminate()
        in_time(pool.join)
    else:
        in_time(lambda: pool.shutdown(cancel_futures=True))


def with_value(value: object, call: Callable[[], Any]) -> Any:
    """Makes the call in a context of its own in which VAR has the value."""

    def run() -> Any:
        VAR.set(value)
        return call()

    return Context().run(run)


# --- what a task sees ----------------------------------------------------------------------------


@each_call
def test_a_task_sees_its_submitters_context(new: Any, face: Any, call: Call) -> None:
    pool = new(face, 1)
    for value in ["first", "second"]:
        assert with_value(value, lambda: call(pool, VAR.get))() == value
    assert call(pool, VAR.get)() == "nothing"


@each_call
def test_as_it_is_at_the_submission(new: Any, face: Any, call: Call) -> None:
    """Not when a worker comes to it, nor when the result is asked for."""
    pool, task = new(face, 1), Held()
    call(pool, task)
    task.wait_until_begun()

    def submit_then_change() -> Any:
        get = call(pool, VAR.get)
        VAR.set("later")
        return get

    try:
        get = with_value("submitted", submit_then_change)
    finally:
        task.release()
    assert with_value("asked for", get) == "submitted"


@each_call
def test_what_a_task_sets_stays_in_it(new: Any, face: Any, call: Call) -> None:
    pool = new(face, 1)

    def change() -> Any:
        before = VAR.get()
        VAR.set("changed")
        return before, VAR.get()

    def submit_twice() -> None:
        for _ in range(2):
            assert call(pool, change)() == ("mine", "changed")
        assert VAR.get() == "mine"

    with_value("mine", submit_twice)
    assert call(pool, VAR.get)() == "nothing"


@each_call
def test_what_a_task_sets_in_an_empty_context_stays_in_it(new: Any, face: Any, call: Call) -> None:
    """Such contexts are not copied one by one."""
    pool = new(face, 1)

    def submit(get: Callable[[], Any]) -> Any:
        return Context().run(lambda: call(pool, get))()

    assert submit(lambda: list(copy_context())) == []
    assert submit(lambda: change_to(1)) == "nothing"
    assert submit(lambda: (list(copy_context()), call(pool, VAR.get)())) == ([], "nothing")
    assert with_value("mine", lambda: call(pool, VAR.get)()) == "mine"
    assert submit(lambda: list(copy_context())) == []


def change_to(item: int) -> Any:
    before = VAR.get()
    VAR.set(item)
    return before


EACH_ITEM: dict[str, Callable[[Any], list[Any]]] = {
    "map": lambda pool: pool.map(change_to, range(50)),
    "map by ones": lambda pool: pool.map(change_to, range(50), 1),
    "starmap": lambda pool: pool.starmap(change_to, [(i,) for i in range(50)]),
    "imap": lambda pool: list(pool.imap(change_to, range(50))),
    "imap, bounded": lambda pool: list(pool.imap(change_to, range(50), buffersize=3)),
    "imap_unordered": lambda pool: list(pool.imap_unordered(change_to, range(50))),
}


@pytest.mark.parametrize("run", EACH_ITEM.values(), ids=EACH_ITEM)
def test_each_item_of_a_map_has_a_context_of_its_own(new: Any, run: Callable[[Any], list[Any]]) -> None:
    assert with_value("mine", lambda: run(new(threadmill.ThreadPool, 1))) == ["mine"] * 50
    assert Context().run(lambda: run(new(threadmill.ThreadPool, 1))) == ["nothing"] * 50


def test_each_item_of_an_executors_map_too(new: Any) -> None:
    executor = new(threadmill.ThreadPoolExecutor, 1)
    assert with_value("mine", lambda: list(executor.map(change_to, range(50)))) == ["mine"] * 50


def test_tasks_of_one_submitter_run_at_once(new: Any) -> None:
    """They cannot share one context, which only one thread can be in."""
    meeting = threading.Barrier(3)
    pool, executor = new(threadmill.ThreadPool, 3), new(threadmill.ThreadPoolExecutor, 3)

    def meet(_: object) -> Any:
        meeting.wait(LIMIT)
        return VAR.get()

    for run in [lambda: pool.map(meet, range(3), 1), lambda: list(executor.map(meet, range(3)))]:
        assert with_value("mine", run) == ["mine"] * 3


@each_face
def test_a_task_submits_in_its_own_context(new: Any, face: Any, call: Call) -> None:
    pool = new(face, 2)

    def outer() -> Any:
        VAR.set("inner")
        return call(pool, VAR.get)()

    assert with_value("outer", lambda: call(pool, outer)()) == "inner"


@pytest.mark.usefixtures("hasty_switches")
@each_face
def test_many_submitters(new: Any, face: Any, call: Call) -> None:
    pool = new(face, 3)

    def submit(name: int) -> None:
        for i in range(300):
            get = with_value((name, i), lambda: call(pool, lambda: (VAR.get(), VAR.set("other"))[0]))
            assert get() == (name, i)

    together(*[lambda name=name: submit(name) for name in range(4)])


# --- workers -------------------------------------------------------------------------------------


@each_face
def test_workers_start_in_an_empty_context(new: Any, face: Any, call: Call) -> None:
    """Whatever their first submitter's is. Free-threaded CPython would hand that on."""
    seen: list[Context] = []
    pool = with_value("mine", lambda: new(face, 1, initializer=lambda: seen.append(copy_context())))
    assert with_value("mine", lambda: call(pool, VAR.get)()) == "mine"
    assert [list(context) for context in seen] == [[]]


class Thing:
    pass


@pytest.mark.parametrize("kept", [True, False])
@each_call
def test_a_context_goes_with_its_task(new: Any, face: Any, call: Call, kept: bool) -> None:
    """Neither the worker nor the thread nor the handle keeps it; seen without the garbage collector."""
    pool, refs = new(face, 2), []
    gc.collect()
    gc.disable()
    try:
        handles = []
        for _ in range(2):
            thing = Thing()
            refs.append(weakref.ref(thing))
            handles.append(with_value(thing, lambda: call(pool, int)))
            del thing
            assert handles[-1]() == 0
        if not kept or call is EXECUTOR_CALLS["executor.map, bounded"]:  # which is not at its end
            handles.clear()
        eventually(lambda: [ref() for ref in refs] == [None, None])
    finally:
        gc.enable()
    assert call(pool, int)() == 0


def failing() -> Iterator[int]:
    raise KeyError("input")
    yield 0


UNUSED: dict[str, Callable[[Any, Any], object]] = {
    "pool.map of nothing": lambda pool, executor: pool.map(int, []),
    "executor.map of nothing": lambda pool, executor: list(executor.map(int, [])),
    "a bounded map of nothing": lambda pool, executor: list(executor.map(int, [], buffersize=1)),
    "an input that fails": lambda pool, executor: executor.map(int, failing()),
    "another input that fails": lambda pool, executor: pool.map(int, failing()),
    "a cancelled task": lambda pool, executor: executor.submit(int).cancel(),
}


@pytest.mark.parametrize("use", UNUSED.values(), ids=UNUSED)
def test_a_context_that_no_task_needs_is_not_kept(new: Any, use: Callable[[Any, Any], object]) -> None:
    """Though no worker comes to clean up: the only one is at a task that does not end."""
    executor, begun, released = new(threadmill.ThreadPoolExecutor, 1), threading.Event(), threading.Event()
    executor.submit(lambda: (begun.set(), released.wait()))
    assert begun.wait(LIMIT)
    thing = Thing()
    ref = weakref.ref(thing)
    try:
        with suppress(KeyError):
            with_value(thing, lambda: use(executor.as_pool(), executor))
        del thing
        eventually(lambda: (gc.collect(), ref())[1] is None)
    finally:
        released.set()


# --- opting out ----------------------------------------------------------------------------------


@each_call
def test_without_contexts(new: Any, face: Any, call: Call) -> None:
    """Tasks run in their worker's, which is its own."""
    pool = new(face, 1, initializer=lambda: VAR.set("initial"), context=False)
    assert with_value("mine", lambda: call(pool, lambda: (VAR.get(), VAR.set("kept"))[0])()) == "initial"
    assert call(pool, VAR.get)() == "kept"
    assert VAR.get() == "nothing"


@each_call
def test_a_worker_without_contexts_has_none_of_its_submitters(new: Any, face: Any, call: Call) -> None:
    pool = new(face, 1, context=False)
    assert with_value("mine", lambda: call(pool, VAR.get)()) == "nothing"


@each_face
def test_the_choice_is_named(new: Any, face: Any, call: Call) -> None:
    assert call(new(face, 1, context=True), int)() == 0
    with pytest.raises(TypeError):
        new(face, 1, *[""] * (face is not threadmill.ThreadPool), None, (), True)
