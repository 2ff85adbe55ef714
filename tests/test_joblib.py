"""joblib on threadmill's pool: each test runs on joblib's own "threading" backend too, so that it shows
that they agree; unless it is marked with `only_threadmill`, with the reason."""

from __future__ import annotations

import functools
import importlib
import itertools
import re
import signal
import subprocess
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from multiprocessing import TimeoutError
from typing import Any

import pytest
from helpers import LIMIT, Held, eventually, in_time, square

pytest.importorskip("joblib", reason="joblib is not installed")

import joblib.parallel  # type: ignore[import-untyped]
from joblib import Parallel, delayed

import threadmill.joblib
from threadmill import PoolTerminated

only_threadmill = pytest.mark.parametrize("backend", ["threadmill"])
return_as = pytest.mark.parametrize("return_as", ["list", "generator", "generator_unordered"])

Task = tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]


@pytest.fixture(params=["threading", "threadmill"])
def backend(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture(autouse=True)
def _no_wait_ends_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a signal which is missing hangs."""
    monkeypatch.setattr(threadmill.joblib, "LONGEST_WAIT", 10 * LIMIT)


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    eventually(lambda: not set(threading.enumerate()) - before)


@pytest.fixture
def hold() -> Iterator[Callable[[], Held]]:
    """Makes tasks that are held; releases those left."""
    tasks: list[Held] = []

    def new() -> Held:
        tasks.append(Held())
        return tasks[-1]

    yield new
    for task in tasks:
        task.release()


def bounded(test: Callable[..., None]) -> Callable[..., None]:
    """The test in a thread of its own, which does all calls of joblib: fails if it hangs."""

    @functools.wraps(test)
    def run(**fixtures: Any) -> None:
        in_time(lambda: test(**fixtures))

    return run


def failing(error: BaseException) -> None:
    raise error


def worker_class() -> str:
    """Where what the calling thread runs was written."""
    return threading.current_thread()._target.__module__  # type: ignore[attr-defined, no-any-return]


# --- registration --------------------------------------------------------------------------------------


def test_importing_registers_the_backend_and_may_be_repeated() -> None:
    for _ in range(2):
        importlib.reload(threadmill.joblib)
        assert joblib.parallel.BACKENDS["threadmill"] is threadmill.joblib.ThreadmillBackend
    assert joblib.parallel.DEFAULT_BACKEND != "threadmill"


def test_without_joblib_the_import_says_so() -> None:
    program = """if True:
        import sys, threadmill
        from importlib.machinery import PathFinder

        assert not any(name == "joblib" or name.startswith("joblib.") for name in sys.modules)
        find = PathFinder.find_spec
        PathFinder.find_spec = lambda name, *args: None if name == "joblib" else find(name, *args)
        try:
            import threadmill.joblib
        except ModuleNotFoundError as error:
            print(error)
        """
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=LIMIT)
    assert (run.stdout, run.stderr) == ("No module named 'joblib'\n", "")


def test_the_context_manager_makes_code_run_on_the_pool(backend: str) -> None:
    with joblib.parallel_config(backend=backend, n_jobs=2):
        modules = set(Parallel()(delayed(worker_class)() for _ in range(10)))
    assert modules == {{"threading": "multiprocessing.pool", "threadmill": "threadmill._workers"}[backend]}


def test_a_backend_can_be_given_as_an_object() -> None:
    backend = threadmill.joblib.ThreadmillBackend()
    with joblib.parallel_config(backend=backend, n_jobs=2):
        assert Parallel()(delayed(worker_class)() for _ in range(3)) == ["threadmill._workers"] * 3
    assert Parallel(n_jobs=2, backend=backend)(delayed(square)(i) for i in range(3)) == [0, 1, 4]


# --- results -------------------------------------------------------------------------------------------


@bounded
def test_results_come_in_the_order_of_the_input(backend: str, hold: Callable[[], Held]) -> None:
    first = hold()

    def release(value: int) -> int:
        first.release()
        return value

    tasks = [delayed(first)(0), delayed(release)(1)] + [delayed(square)(i) for i in range(2, 300)]
    assert Parallel(n_jobs=2, backend=backend)(tasks) == [0, 1] + [i * i for i in range(2, 300)]


@bounded
@return_as
@pytest.mark.parametrize("timeout", [None, LIMIT])
@pytest.mark.parametrize("pre_dispatch", ["2 * n_jobs", "all", 1])
@pytest.mark.parametrize("n", [0, 1, 2, 100])
def test_every_mode_gives_all_results(
    backend: str, return_as: str, timeout: float | None, pre_dispatch: Any, n: int
) -> None:
    parallel = Parallel(
        n_jobs=3, backend=backend, return_as=return_as, timeout=timeout, pre_dispatch=pre_dispatch
    )
    for _ in range(2):
        results = list(parallel(delayed(square)(i) for i in range(n)))
        if return_as == "generator_unordered":
            results.sort()
        assert results == [i * i for i in range(n)]


@bounded
def test_tasks_run_in_as_many_threads_as_there_are_jobs(backend: str) -> None:
    together = threading.Barrier(3)

    def meet() -> int:
        together.wait(LIMIT)
        return threading.get_ident()

    idents = Parallel(n_jobs=3, backend=backend)(delayed(meet)() for _ in range(9))
    assert len(set(idents)) == 3
    assert threading.get_ident() not in idents


@bounded
def test_tasks_are_called_with_what_delayed_was_given(backend: str) -> None:
    assert Parallel(n_jobs=2, backend=backend)(
        [delayed(dict)(a=1), delayed(max)(3, 2, key=lambda x: -x)]
    ) == [
        {"a": 1},
        2,
    ]


# --- errors --------------------------------------------------------------------------------------------


@bounded
@return_as
@pytest.mark.parametrize("kind", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_error_ends_the_call_and_is_raised_with_its_traceback(
    backend: str, return_as: str, kind: type[BaseException]
) -> None:
    error = kind("no")
    tasks = (delayed(failing)(error) if i == 50 else delayed(square)(i) for i in itertools.count())
    with pytest.raises(kind, match="no") as caught:
        list(Parallel(n_jobs=2, backend=backend, return_as=return_as)(tasks))
    assert caught.value is error
    text = "".join(traceback.format_exception(error))
    assert "in failing\n" in text
    assert "direct cause" in text
    assert next(tasks)[0] is square  # the input has no end, and was not read to it


@bounded
@return_as
def test_an_error_is_raised_while_earlier_tasks_still_run(
    backend: str, return_as: str, hold: Callable[[], Held]
) -> None:
    held, never = hold(), hold()
    tasks = [delayed(held)(), delayed(failing)(ValueError("no")), delayed(never)()]
    with pytest.raises(ValueError, match="no"):
        list(Parallel(n_jobs=2, backend=backend, return_as=return_as, pre_dispatch=2)(tasks))
    assert not held.released.is_set()
    assert not never.begun.is_set()


@bounded
@return_as
@pytest.mark.parametrize("at", [0, 1, 5, 99])
def test_an_error_of_the_input_is_raised(backend: str, return_as: str, at: int) -> None:
    def tasks() -> Iterator[Task]:
        for i in range(100):
            if i == at:
                raise ValueError("input")
            yield delayed(square)(i)

    with pytest.raises(ValueError, match="input") as caught:
        list(Parallel(n_jobs=2, backend=backend, return_as=return_as)(tasks()))
    assert "in tasks\n" in "".join(traceback.format_exception(caught.value))


@bounded
@only_threadmill  # "threading" hangs: the thread that hands out its results dies of it
@return_as
@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("at", [5, 99])
def test_what_is_no_exception_is_raised_too(
    backend: str, return_as: str, kind: type[BaseException], at: int
) -> None:
    def tasks() -> Iterator[Task]:
        for i in range(100):
            if i == at:
                raise kind("input")
            yield delayed(square)(i)

    with Parallel(n_jobs=2, backend=backend, return_as=return_as) as parallel:
        with pytest.raises(kind, match="input"):
            list(parallel(tasks()))
        assert sorted(parallel(delayed(square)(i) for i in range(5))) == [0, 1, 4, 9, 16]


@bounded
def test_wrong_input_raises(backend: str) -> None:
    with pytest.raises(TypeError, match="not iterable"):
        Parallel(n_jobs=2, backend=backend)(5)
    with pytest.raises(TypeError, match="cannot unpack"):
        Parallel(n_jobs=2, backend=backend)([1, 2, 3])


@bounded
@return_as
def test_a_task_that_takes_longer_than_the_timeout_ends_the_call(
    backend: str, return_as: str, hold: Callable[[], Held]
) -> None:
    held = hold()
    parallel = Parallel(n_jobs=2, backend=backend, return_as=return_as, timeout=0.1)
    begin = time.monotonic()
    with pytest.raises(TimeoutError):
        list(parallel([delayed(square)(2)] * 2000 + [delayed(held)()]))
    assert time.monotonic() - begin >= 0.1
    held.release()
    assert sorted(parallel(delayed(square)(i) for i in range(9))) == [i * i for i in range(9)]


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="there is no Ctrl-C that a test could send")
def test_ctrl_c_interrupts_the_wait(backend: str, hold: Callable[[], Held]) -> None:
    held = hold()  # its limit bounds this test, whose call has to be made by the main thread
    main = threading.get_ident()

    def interrupt() -> None:
        signal.pthread_kill(main, signal.SIGINT)

    # a shell that starts the tests beside it leaves SIGINT ignored
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            Parallel(n_jobs=2, backend=backend)([delayed(held)(), delayed(interrupt)()])
    finally:
        signal.signal(signal.SIGINT, before)
    assert not held.released.is_set()


# --- generators ----------------------------------------------------------------------------------------


@bounded
def test_a_generator_gives_results_while_later_tasks_run(backend: str, hold: Callable[[], Held]) -> None:
    held = hold()
    results = Parallel(n_jobs=2, backend=backend, return_as="generator")(
        [delayed(square)(3), delayed(held)(4), delayed(square)(5)]
    )
    assert next(results) == 9
    held.release()
    assert list(results) == [4, 25]


@bounded
def test_an_unordered_generator_gives_first_what_is_there_first(
    backend: str, hold: Callable[[], Held]
) -> None:
    held = hold()
    results = Parallel(n_jobs=2, backend=backend, return_as="generator_unordered")(
        [delayed(held)(0)] + [delayed(square)(i) for i in range(1, 9)]
    )
    assert [next(results) for _ in range(8)] == [i * i for i in range(1, 9)]
    held.release()
    assert list(results) == [0]


@bounded
@pytest.mark.parametrize("return_as", ["generator", "generator_unordered"])
@pytest.mark.parametrize("end", ["close", "__repr__"])  # the latter does nothing: it is just dropped
def test_a_generator_that_is_given_up_cancels_what_has_not_begun(
    backend: str, return_as: str, end: str, hold: Callable[[], Held]
) -> None:
    held, never = hold(), hold()
    tasks = [delayed(square)(3), delayed(held)(), delayed(held)(), delayed(never)()]
    parallel = Parallel(n_jobs=2, backend=backend, return_as=return_as, pre_dispatch="all")
    results = parallel(tasks)
    assert next(results) == 9
    held.wait_until_begun()
    eventually(lambda: parallel.n_completed_tasks == 1)  # joblib counts a result after giving it
    given_up = [results]
    del results
    with pytest.warns(UserWarning, match="3 tasks which were still being processed .* cancelled"):
        getattr(given_up.pop(), end)()
    assert not held.released.is_set()
    assert not never.begun.is_set()
    held.release()
    assert sorted(parallel(delayed(square)(i) for i in range(3))) == [0, 1, 4]


@bounded
def test_a_generator_can_be_given_up_before_its_first_result(backend: str, hold: Callable[[], Held]) -> None:
    held = hold()
    results = Parallel(n_jobs=2, backend=backend, return_as="generator")([delayed(held)()] * 9)
    with pytest.warns(UserWarning, match="still being processed"):
        results.close()


@bounded
@pytest.mark.parametrize("return_as", ["generator", "generator_unordered"])
def test_a_generator_can_be_consumed_by_any_thread(backend: str, return_as: str) -> None:
    results = Parallel(n_jobs=2, backend=backend, return_as=return_as)(delayed(square)(i) for i in range(20))
    given = [in_time(lambda: next(results)) for _ in range(10)]
    given += in_time(lambda: list(results))
    assert sorted(given) == [i * i for i in range(20)]


@bounded
def test_a_second_call_is_refused_while_a_generator_runs_and_not_after(
    backend: str, hold: Callable[[], Held]
) -> None:
    held = hold()
    parallel = Parallel(n_jobs=2, backend=backend, return_as="generator")
    results = parallel([delayed(square)(1), delayed(held)(2)])
    assert next(results) == 1
    with pytest.raises(RuntimeError, match="already running"):
        parallel([delayed(square)(1)])
    held.release()
    eventually(lambda: parallel.n_completed_tasks == 2)
    assert next(results) == 2  # the first look after all are done ends the call

    results = parallel(delayed(square)(i) for i in range(6))
    eventually(lambda: parallel.n_completed_tasks == 6)
    assert [next(results), next(results)] == [0, 1]
    last = hold()
    others = parallel([delayed(last)(7)] * 2)
    assert list(results) == [4, 9, 16, 25]  # what is left of the first call does not wait for the second
    last.release()
    assert list(others) == [7, 7]


@bounded
@only_threadmill  # with "threading" they share one pool, and the first to end cuts the other off: it hangs
@pytest.mark.parametrize("managed", [False, True])
def test_calls_overlap(backend: str, managed: bool, hold: Callable[[], Held]) -> None:
    held = hold()
    with joblib.parallel_config(backend=backend, n_jobs=2):
        slow = Parallel(return_as="generator", pre_dispatch="all")
        with slow if managed else joblib.parallel_config():
            results = slow(delayed(held)(i) for i in range(9))
            for _ in range(2):
                assert Parallel()(delayed(square)(i) for i in range(9)) == [i * i for i in range(9)]
            with pytest.raises(ValueError, match="no"):
                Parallel()([delayed(failing)(ValueError("no"))])
            held.release()
            assert list(results) == list(range(9))


# --- reading the input, batches ---------------------------------------------------------------------------


@bounded
@pytest.mark.parametrize(("pre_dispatch", "read"), [("2 * n_jobs", 4), (3, 3), ("all", 50)])
def test_the_input_is_read_as_far_as_pre_dispatch_says(
    backend: str, pre_dispatch: Any, read: int, hold: Callable[[], Held]
) -> None:
    held = hold()
    numbers = iter(range(50))
    results = Parallel(n_jobs=2, backend=backend, return_as="generator", pre_dispatch=pre_dispatch)(
        delayed(held)(i) for i in numbers
    )
    held.wait_until_begun()
    assert list(itertools.islice(numbers, 1)) == [read] * (read < 50)
    held.release()
    assert list(results) == [i for i in range(50) if i != read]


@bounded
@pytest.mark.parametrize(("batch_size", "batches"), [("auto", 100), (1, 100), (10, 10)])
def test_batches_are_as_large_as_asked_for(backend: str, batch_size: Any, batches: int) -> None:
    parallel = Parallel(n_jobs=2, backend=backend, batch_size=batch_size, pre_dispatch="all")
    assert parallel(delayed(square)(i) for i in range(100)) == [i * i for i in range(100)]
    assert (parallel.n_dispatched_batches, parallel.n_completed_tasks) == (batches, 100)


@bounded
def test_progress_is_printed(backend: str, capsys: pytest.CaptureFixture[str]) -> None:
    Parallel(n_jobs=2, backend=backend, verbose=11)(delayed(square)(i) for i in range(6))
    lines = re.sub("elapsed: .*?s", "elapsed", capsys.readouterr().err).splitlines()
    name = {"threading": "ThreadingBackend", "threadmill": "ThreadmillBackend"}[backend]
    assert lines[0] == f"[Parallel(n_jobs=2)]: Using backend {name} with 2 concurrent workers."
    assert lines[-1] == "[Parallel(n_jobs=2)]: Done   6 out of   6 | elapsed finished"


@bounded
def test_a_print_progress_of_the_users_may_look_at_everything(backend: str) -> None:
    lengths = []

    class Watched(Parallel):  # type: ignore[misc]
        def print_progress(self) -> None:
            lengths.append(len(self._jobs))

    assert Watched(n_jobs=2, backend=backend)(delayed(square)(i) for i in range(20)) == [
        i * i for i in range(20)
    ]
    assert len(lengths) >= 20


# --- life cycle, nesting, hints ------------------------------------------------------------------------


@bounded
def test_a_context_keeps_the_threads(backend: str) -> None:
    together = threading.Barrier(2)

    def meet() -> int:
        together.wait(LIMIT)
        return threading.get_ident()

    with Parallel(n_jobs=2, backend=backend) as parallel:
        first = set(parallel(delayed(meet)() for _ in range(4)))
        assert set(parallel(delayed(meet)() for _ in range(4))) == first
        with pytest.raises(ValueError, match="no"):
            parallel([delayed(failing)(ValueError("no"))])
        assert len(set(parallel(delayed(meet)() for _ in range(4)))) == 2
    assert parallel(delayed(square)(i) for i in range(3)) == [0, 1, 4]


@bounded
def test_a_context_that_is_left_ends_its_generator(backend: str, hold: Callable[[], Held]) -> None:
    held = hold()
    with Parallel(n_jobs=2, backend=backend, return_as="generator") as parallel:
        results = parallel([delayed(square)(3)] + [delayed(held)()] * 9)
        assert next(results) == 9
    assert not held.released.is_set()
    with pytest.warns(UserWarning, match="cancelled"):
        results.close()


def levels(depth: int) -> list[Any]:
    here = type(joblib.parallel.get_active_backend()[0]).__name__
    return [here] if not depth else [here, *Parallel(n_jobs=2)([delayed(levels)(depth - 1)] * 2)[0]]


@bounded
def test_calls_within_tasks_use_threads_for_one_level(backend: str) -> None:
    name = {"threading": "ThreadingBackend", "threadmill": "ThreadmillBackend"}[backend]
    with joblib.parallel_config(backend=backend):
        assert levels(3) == [name, name, "SequentialBackend", "SequentialBackend"]


@bounded
def test_nested_calls_give_all_results(backend: str) -> None:
    def inner(i: int) -> list[int]:
        results: list[int] = Parallel(n_jobs=2)(delayed(square)(j) for j in range(i))
        return results

    outer = Parallel(n_jobs=3, backend=backend)(delayed(inner)(i) for i in range(20))
    assert outer == [[j * j for j in range(i)] for i in range(20)]


@bounded
def test_memory_is_shared_and_hints_keep_the_backend(backend: str) -> None:
    seen: list[int] = []
    with joblib.parallel_config(backend=backend, n_jobs=2):
        for hints in ({"require": "sharedmem"}, {"prefer": "threads"}, {"prefer": "processes"}):
            Parallel(**hints)(delayed(seen.append)(i) for i in range(10))
    assert sorted(seen) == sorted(3 * list(range(10)))


def test_numbers_of_jobs(backend: str) -> None:
    cpus = joblib.cpu_count()
    for asked, jobs in ((3, 3), (-1, cpus), (-2, max(1, cpus - 1)), (1, 1)):
        with joblib.parallel_config(backend=backend, n_jobs=asked):
            assert joblib.effective_n_jobs(asked) == joblib.effective_n_jobs(None) == jobs
            assert Parallel()(delayed(square)(i) for i in range(3)) == [0, 1, 4]
    assert Parallel(n_jobs=1, backend=backend)([delayed(threading.get_ident)()]) == [threading.get_ident()]
    with pytest.raises(ValueError, match="n_jobs == 0") as caught:
        Parallel(n_jobs=0, backend=backend)([delayed(square)(1)])
    assert caught.value.__context__ is None
    with pytest.raises(AssertionError, match="inner_max_num_threads"):
        joblib.parallel_config(backend=backend, inner_max_num_threads=2)


# --- what is threadmill's own --------------------------------------------------------------------------


@bounded
@only_threadmill  # it is what "threading" does
def test_a_call_that_waits_takes_no_naps(
    backend: str, monkeypatch: pytest.MonkeyPatch, hold: Callable[[], Held]
) -> None:
    held = hold()
    naps: list[float] = []

    class Time:
        time = staticmethod(time.time)
        sleep = staticmethod(naps.append)

    monkeypatch.setattr(joblib.parallel, "time", Time)
    with Parallel(n_jobs=2, backend=backend) as parallel:
        for n in (1, 1, 1, 100):
            assert parallel(delayed(square)(i) for i in range(n)) == [i * i for i in range(n)]
        with pytest.raises(ValueError, match="no"):
            parallel([delayed(held)(), delayed(failing)(ValueError("no"))])
    assert naps == []


@bounded
@only_threadmill  # the standard library's pool waits for its callbacks when it is terminated
def test_a_task_that_ends_after_its_call_starts_no_threads(backend: str, hold: Callable[[], Held]) -> None:
    held = hold()
    parallel = Parallel(n_jobs=2, backend=backend, return_as="generator")
    results = parallel(delayed(held)() for _ in itertools.count())
    held.wait_until_begun()
    with pytest.warns(UserWarning, match="still being processed"):
        results.close()
    with pytest.raises(PoolTerminated):  # as if the task had passed joblib's own check just before
        parallel._backend.submit(square, None)


@bounded
@return_as
def test_a_task_that_ends_after_its_call_is_not_taken_for_one_of_the_next(
    backend: str, return_as: str, hold: Callable[[], Held]
) -> None:
    held = hold()
    late: list[threading.Thread] = []

    def work() -> None:
        late.append(threading.current_thread())
        held()

    class Next(Parallel):  # type: ignore[misc]
        def _reset_run_tracking(self) -> None:
            super()._reset_run_tracking()
            if late:  # the call that begins has forgotten the last one's end, and has no id of its own yet
                held.release()
                late[0].join(LIMIT)
                assert not late[0].is_alive()

    parallel = Next(n_jobs=2, backend=backend, return_as=return_as, timeout=0.1)
    with pytest.raises(TimeoutError):
        list(parallel([delayed(work)()]))
    assert sorted(parallel(delayed(square)(i) for i in range(9))) == [i * i for i in range(9)]
    assert parallel.n_completed_tasks == 9


@bounded
@only_threadmill  # "threading" has this race of joblib's too, but looks too seldom to lose it
def test_a_result_is_not_looked_for_before_joblib_has_stored_it(
    backend: str, monkeypatch: pytest.MonkeyPatch, hold: Callable[[], Held]
) -> None:
    task, jobs = joblib.parallel.BatchCompletionCallBack, threadmill.joblib._Jobs
    pending = joblib.parallel.TASK_PENDING
    register, has_next = task._register_outcome, jobs.has_next
    held, looked = hold(), threading.Event()
    found_half: list[bool] = []

    def register_with_a_pause(self: Any, outcome: Any) -> None:
        self.status = outcome["status"]
        with self.parallel._backend._changed:
            self.parallel._backend._changed.notify_all()
        assert looked.wait(LIMIT)
        self.status = pending
        register(self, outcome)

    def has_next_and_tell(self: Any) -> bool:
        half = any(job.status != pending and not hasattr(job, "_result") for job in self)
        held.release()
        found: bool = has_next(self)
        if half:
            found_half.append(found)
            looked.set()
        return found

    monkeypatch.setattr(task, "_register_outcome", register_with_a_pause)
    monkeypatch.setattr(jobs, "has_next", has_next_and_tell)
    assert list(Parallel(n_jobs=2, backend=backend, return_as="generator")([delayed(held)(3)])) == [3]
    assert set(found_half) == {False}


def test_scikit_learn_runs_on_it(backend: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # importing others' packages is not what is tested
        pytest.importorskip("sklearn", reason="scikit-learn is not installed")
        from sklearn.datasets import make_classification  # type: ignore[import-untyped]
        from sklearn.ensemble import RandomForestClassifier  # type: ignore[import-untyped]
    samples, classes = make_classification(n_samples=80, random_state=0)
    alone = RandomForestClassifier(n_estimators=8, random_state=0).fit(samples, classes)
    with joblib.parallel_config(backend=backend):
        forest = RandomForestClassifier(n_estimators=8, n_jobs=2, random_state=0).fit(samples, classes)
        assert (forest.predict_proba(samples) == alone.predict_proba(samples)).all()
