"""ThreadPool: its construction, its workers, and what programs read of its private parts."""

from __future__ import annotations

import multiprocessing.dummy
import multiprocessing.pool
import os
import pickle
import re
import subprocess
import sys
import threading
from typing import Any

import pytest
from helpers import LIMIT, Hold, NewPool, eventually, only_threadmill, square, together

import threadmill

# --- construction --------------------------------------------------------------------------------


def test_default_size_is_the_number_of_cpus(new_pool: NewPool) -> None:
    count = os.process_cpu_count if sys.version_info >= (3, 13) else os.cpu_count
    assert new_pool()._processes == new_pool(None)._processes == (count() or 1)


@pytest.mark.skipif(sys.version_info < (3, 13), reason="-X cpu_count is new in Python 3.13")
def test_default_size_follows_the_interpreters_option(pool_class: Any) -> None:
    code = f"from {pool_class.__module__} import ThreadPool; pool = ThreadPool(); print(len(pool._pool))"
    command = [sys.executable, "-X", "cpu_count=3", "-c", f"{code}; pool.terminate()"]
    child = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=True)
    assert child.stdout == "3\n"


@pytest.mark.parametrize("processes", [0, -1])
def test_there_must_be_a_worker(pool_class: Any, processes: int) -> None:
    with pytest.raises(ValueError, match=r"^Number of processes must be at least 1$"):
        pool_class(processes)


@pytest.mark.parametrize("processes", [2.0, 1.5, "2", []])
def test_the_size_is_a_whole_number(pool_class: Any, processes: Any) -> None:
    with pytest.raises(TypeError):
        pool_class(processes)


def test_the_initializer_is_callable(pool_class: Any) -> None:
    with pytest.raises(TypeError, match=r"^initializer must be a callable$"):
        pool_class(1, 5)


@only_threadmill  # the standard library's raises in __del__ besides
@pytest.mark.parametrize("name", ["maxtasksperchild", "ctx", "max_workers"])
def test_other_arguments_are_refused(pool_class: Any, name: str) -> None:
    with pytest.raises(TypeError, match=name):
        pool_class(1, **{name: None})


def test_a_pool_is_one_of_the_standard_librarys(new_pool: NewPool) -> None:
    """So that `isinstance` says yes, which dask and others ask."""
    pool = new_pool(processes=1)
    assert isinstance(pool, multiprocessing.pool.ThreadPool)
    assert isinstance(pool, multiprocessing.pool.Pool)


def test_all_arguments_may_be_named(new_pool: NewPool) -> None:
    pool = new_pool(processes=2, initializer=None, initargs=())
    call: dict[str, Any] = {"func": max, "callback": None, "error_callback": None}
    one: dict[str, Any] = {"func": abs, "iterable": [-1], "chunksize": 1}
    assert pool.apply(func=max, args=(1, 2), kwds={"key": abs}) == 2
    assert pool.apply_async(args=(1, 2), kwds={"key": abs}, **call).get(LIMIT) == 2
    assert pool.map(**one) == [1]
    assert pool.map_async(**one, callback=None, error_callback=None).get(LIMIT) == [1]
    assert pool.starmap(func=max, iterable=[(1, 2)], chunksize=1) == [2]
    assert pool.starmap_async(iterable=[(1, 2)], chunksize=1, **call).get(LIMIT) == [2]
    assert list(pool.imap(**one)) == list(pool.imap_unordered(**one)) == [1]


def test_repr(pool_class: Any, new_pool: NewPool) -> None:
    pool = new_pool(3)
    name = f"{pool_class.__module__}.{pool_class.__qualname__}"
    assert repr(pool) == f"<{name} state=RUN pool_size=3>"
    pool.close()
    assert repr(pool).startswith(f"<{name} state=CLOSE ")


def test_a_pool_cannot_be_pickled(new_pool: NewPool) -> None:
    with pytest.raises(NotImplementedError, match=r"^pool objects cannot be passed between processes or "):
        pickle.dumps(new_pool(1))


@only_threadmill
def test_the_name_of_a_subclass_is_shown(new_pool: NewPool) -> None:
    class Mine(threadmill.ThreadPool):
        pass

    with Mine(1) as pool:
        assert "Mine state=RUN pool_size=1" in repr(pool)


def test_a_pool_that_was_not_initialised_does_not_crash() -> None:
    """A subclass that forgets to call super().__init__ gets an exception."""
    code = """if True:
        import threadmill

        class Forgetful(threadmill.ThreadPool):
            def __init__(self): pass

        calls = {
            "apply": (int,), "apply_async": (int,), "map": (int, [1]), "starmap_async": (int, [()]),
            "imap": (int, [1]), "imap_unordered": (int, [1]), "__enter__": (), "__repr__": (),
            "close": (), "terminate": (), "join": (),
        }
        for name, args in calls.items():
            try:
                getattr(Forgetful(), name)(*args)
            except Exception:
                pass
        """
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=LIMIT, check=False)
    assert (child.returncode, child.stderr) == (0, b"")


# --- workers -------------------------------------------------------------------------------------


@only_threadmill
def test_no_thread_is_started_before_there_is_work(new_pool: NewPool) -> None:
    before = set(threading.enumerate())
    new_pool(4)
    assert set(threading.enumerate()) <= before


def test_all_workers_run_at_once(new_pool: NewPool) -> None:
    """Five tasks that wait for each other: each needs a worker of its own."""
    meeting = threading.Barrier(5)
    new_pool(5).map_async(lambda _: meeting.wait(LIMIT), range(5), chunksize=1).get(LIMIT)


def test_all_workers_run_at_once_for_single_tasks(new_pool: NewPool) -> None:
    meeting = threading.Barrier(5)
    pool = new_pool(5)
    for _ in range(20):
        handles = [pool.apply_async(meeting.wait, (LIMIT,)) for _ in range(5)]
        assert sorted(handle.get(LIMIT) for handle in handles) == [0, 1, 2, 3, 4]


def test_no_more_threads_than_asked_for(new_pool: NewPool) -> None:
    pool = new_pool(3)

    def submit() -> None:
        handles = [pool.apply_async(threading.get_ident) for _ in range(200)]
        idents.update(handle.get(LIMIT) for handle in handles)

    idents: set[int] = set()
    together(submit, submit, submit, submit)
    assert 1 <= len(idents) <= 3
    assert len(pool._pool) == 3


def test_workers_are_daemon_threads(new_pool: NewPool) -> None:
    pool = new_pool(3)
    meeting = threading.Barrier(3)
    workers = pool.map(lambda _: (meeting.wait(LIMIT), threading.current_thread())[1], range(3), chunksize=1)
    assert set(pool._pool) == set(workers)
    for worker in workers:
        assert worker.daemon
        assert isinstance(worker, multiprocessing.dummy.DummyProcess)
        assert re.fullmatch(r"Thread-\d+ \(worker\)", worker.name)
        assert worker.exitcode is None
    pool.close()
    pool.join()
    assert [(worker.is_alive(), worker.exitcode) for worker in workers] == [(False, 0)] * 3


def test_one_worker_does_its_tasks_in_order(new_pool: NewPool) -> None:
    pool = new_pool(1)
    done: list[int] = []
    handles = [pool.apply_async(done.append, (i,)) for i in range(200)]
    for handle in handles:
        handle.get(LIMIT)
    assert done == list(range(200))


def test_each_worker_calls_the_initializer_at_once(new_pool: NewPool) -> None:
    """Before there is any work: the initializers wait for each other."""
    meeting = threading.Barrier(4)
    called: list[Any] = []

    def initializer(*args: Any) -> None:
        meeting.wait(LIMIT)
        called.append(args)

    pool = new_pool(3, initializer, ("a", 1))
    meeting.wait(LIMIT)
    assert pool.apply(square, (3,)) == 9
    pool.close()
    pool.join()
    assert called == [("a", 1)] * 3


def test_the_initializer_runs_in_the_workers(new_pool: NewPool) -> None:
    here = threading.local()
    pool = new_pool(2, setattr, (here, "name", "worker"))
    meeting = threading.Barrier(2)
    names = pool.map(lambda _: (meeting.wait(LIMIT), here.name)[1], range(2), chunksize=1)
    assert names == ["worker", "worker"]


# --- private parts -------------------------------------------------------------------------------


def test_private_parts_of_a_new_pool(new_pool: NewPool) -> None:
    pool = new_pool(3, square, (1,))
    assert len(pool._pool) == pool._processes == 3
    assert all(isinstance(thread, threading.Thread) for thread in pool._pool)
    assert pool._state == "RUN"
    assert pool._initializer is square
    assert pool._initargs == (1,)
    assert pool._check_running() is None
    assert pool._taskqueue.qsize() == pool._outqueue.qsize() == 0
    eventually(lambda: pool._inqueue.qsize() == 0)
    eventually(lambda: len(pool._cache) == 0)


def test_the_state_is_told(new_pool: NewPool) -> None:
    pool = new_pool(1)
    pool.close()
    assert pool._state == "CLOSE"
    with pytest.raises(ValueError, match=r"^Pool not running$"):
        pool._check_running()
    pool.terminate()
    assert pool._state == "TERMINATE"


def test_the_cache_is_not_empty_until_all_is_done(new_pool: NewPool, hold: Hold) -> None:
    pool, task = new_pool(2), hold()
    handle = pool.apply_async(task)
    task.wait_until_begun()
    assert pool._cache
    task.release()
    handle.get(LIMIT)
    eventually(lambda: not pool._cache)


@only_threadmill
def test_the_task_queue_counts_what_waits(new_pool: NewPool, hold: Hold) -> None:
    pool, task = new_pool(1), hold()
    handles = [pool.apply_async(task) for _ in range(4)]
    task.wait_until_begun()
    assert pool._taskqueue.qsize() == pool._inqueue.qsize() == 3
    assert not pool._taskqueue.empty()
    task.release()
    for handle in handles:
        handle.get(LIMIT)
    assert pool._taskqueue.qsize() == 0
    assert pool._taskqueue.empty()
