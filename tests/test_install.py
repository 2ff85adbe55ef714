"""`threadmill.install()` and `uninstall()`: what they change, what they leave, and that all comes back."""

import asyncio
import concurrent.futures.thread
import multiprocessing.dummy
import multiprocessing.pool
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from helpers import LIMIT, square, together

import threadmill

STDLIB_POOL = multiprocessing.pool.ThreadPool
STDLIB_EXECUTOR = concurrent.futures.thread.ThreadPoolExecutor

PLACES = [
    (multiprocessing.pool, "ThreadPool", threadmill.ThreadPool),
    (concurrent.futures.thread, "ThreadPoolExecutor", threadmill.ThreadPoolExecutor),
    (concurrent.futures, "ThreadPoolExecutor", threadmill.ThreadPoolExecutor),
]


def there() -> list[Any]:
    """What the places hold, without asking for it as a program would."""
    return [vars(module).get(name) for module, name, _ in PLACES]


OURS = [ours for _, _, ours in PLACES]


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Each test must leave the places as they were; if it fails, they are put right for the others."""
    before = there()
    yield
    after = there()
    for (module, name, _), value in zip(PLACES, before, strict=True):
        if value is not None:
            setattr(module, name, value)
    assert after == before


def test_all_lookups_give_threadmills_classes() -> None:
    threadmill.install()
    try:
        assert multiprocessing.pool.ThreadPool is threadmill.ThreadPool
        assert concurrent.futures.ThreadPoolExecutor is threadmill.ThreadPoolExecutor
        assert concurrent.futures.thread.ThreadPoolExecutor is threadmill.ThreadPoolExecutor
        with multiprocessing.dummy.Pool(2, initargs=()) as pool:
            assert type(pool) is threadmill.ThreadPool
            assert pool.map(square, range(5)) == [0, 1, 4, 9, 16]
    finally:
        threadmill.uninstall()
    assert multiprocessing.pool.ThreadPool is STDLIB_POOL
    assert concurrent.futures.ThreadPoolExecutor is STDLIB_EXECUTOR
    assert concurrent.futures.thread.ThreadPoolExecutor is STDLIB_EXECUTOR
    with multiprocessing.dummy.Pool(2) as pool:
        assert type(pool) is STDLIB_POOL
        pool.close()
        pool.join()


def test_a_name_imported_before_follows_only_if_it_looks_up() -> None:
    from concurrent.futures import ThreadPoolExecutor
    from multiprocessing.dummy import Pool

    threadmill.install()
    try:
        assert ThreadPoolExecutor is STDLIB_EXECUTOR
        with Pool(1) as pool:
            assert type(pool) is threadmill.ThreadPool
    finally:
        threadmill.uninstall()


def test_both_are_idempotent() -> None:
    before = there()
    threadmill.uninstall()
    assert there() == before
    threadmill.install()
    threadmill.install()
    assert there() == OURS
    threadmill.uninstall()
    threadmill.uninstall()
    assert there() == before
    threadmill.install()
    assert there() == OURS
    threadmill.uninstall()


def test_other_classes_stay_untouched() -> None:
    class Derived(concurrent.futures.ThreadPoolExecutor):
        pass

    processes = concurrent.futures.ProcessPoolExecutor
    executor = STDLIB_EXECUTOR(1)
    threadmill.install()
    try:
        assert Derived.__bases__ == (STDLIB_EXECUTOR,)
        assert issubclass(threadmill.ThreadPoolExecutor, STDLIB_EXECUTOR)
        assert issubclass(threadmill.ThreadPool, STDLIB_POOL)
        assert concurrent.futures.ProcessPoolExecutor is processes
        assert multiprocessing.pool.Pool in STDLIB_POOL.__bases__
        assert type(executor) is STDLIB_EXECUTOR
        assert executor.submit(square, 3).result(LIMIT) == 9  # exists, so works on as what it is
    finally:
        threadmill.uninstall()
        executor.shutdown()


def test_a_pool_made_while_installed_works_on() -> None:
    threadmill.install()
    pool = multiprocessing.pool.ThreadPool(1)
    threadmill.uninstall()
    assert type(pool) is threadmill.ThreadPool
    assert pool.apply(square, (3,)) == 9
    pool.close()
    pool.join()


@pytest.mark.parametrize("asked", [False, True], ids=["nobody asks", "a program asks"])
def test_what_was_not_fetched_yet_is_not_fetched_afterwards(
    monkeypatch: pytest.MonkeyPatch, asked: bool
) -> None:
    """concurrent.futures fetches its class when it is first asked for it, up to Python 3.15."""
    monkeypatch.delitem(vars(concurrent.futures), "ThreadPoolExecutor", raising=False)
    threadmill.install()
    if asked:
        assert concurrent.futures.ThreadPoolExecutor is threadmill.ThreadPoolExecutor
    threadmill.uninstall()
    assert "ThreadPoolExecutor" not in vars(concurrent.futures)
    if hasattr(concurrent.futures, "__getattr__"):
        assert concurrent.futures.ThreadPoolExecutor is STDLIB_EXECUTOR


# --- others who put something into the places -------------------------------------------------------


class TheirPool(STDLIB_POOL):
    pass


@pytest.fixture
def their_pool(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Puts TheirPool in; `undo` takes it out again."""
    monkeypatch.setattr(multiprocessing.pool, "ThreadPool", TheirPool)
    return monkeypatch


def test_what_others_had_put_in_before_comes_back(their_pool: pytest.MonkeyPatch) -> None:
    threadmill.install()
    assert there() == OURS
    threadmill.uninstall()
    assert multiprocessing.pool.ThreadPool is TheirPool
    their_pool.undo()


def test_what_others_put_in_later_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    threadmill.install()
    monkeypatch.setattr(multiprocessing.pool, "ThreadPool", TheirPool)
    threadmill.uninstall()
    assert there() == [TheirPool, STDLIB_EXECUTOR, STDLIB_EXECUTOR]

    monkeypatch.undo()  # puts back what it found: threadmill's
    assert there() == [threadmill.ThreadPool, STDLIB_EXECUTOR, STDLIB_EXECUTOR]
    threadmill.uninstall()
    assert multiprocessing.pool.ThreadPool is STDLIB_POOL


def test_a_second_install_replaces_what_others_put_in() -> None:
    threadmill.install()
    for theirs in (TheirPool, STDLIB_POOL):
        setattr(*PLACES[0][:2], theirs)
        threadmill.install()
        assert there() == OURS
    threadmill.uninstall()
    assert multiprocessing.pool.ThreadPool is STDLIB_POOL


# --- threads, asyncio, the import of modules --------------------------------------------------------


def test_threads_that_install_at_once() -> None:
    before = there()
    for _ in range(20):
        together(*[threadmill.install] * 4)
        assert there() == OURS
        together(*[threadmill.uninstall] * 4)
        assert there() == before


def test_threads_that_install_and_uninstall_at_once() -> None:
    before = there()
    for _ in range(20):
        together(*[threadmill.install, threadmill.uninstall] * 2)
        assert there() in (before, OURS)
        threadmill.uninstall()
        assert there() == before


def test_asyncio_takes_threadmills_executor_by_default() -> None:
    async def program() -> Any:
        loop = asyncio.get_running_loop()
        assert await loop.run_in_executor(None, square, 3) == 9
        assert await asyncio.to_thread(square, 4) == 16
        return loop._default_executor  # type: ignore[attr-defined]

    threadmill.install()
    try:
        assert type(asyncio.run(program())) is threadmill.ThreadPoolExecutor
    finally:
        threadmill.uninstall()
    assert type(asyncio.run(program())) is STDLIB_EXECUTOR


def child(code: str) -> str:
    """What a program prints."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.skipif(sys.version_info < (3, 14), reason="InterpreterPoolExecutor is new in Python 3.14")
@pytest.mark.parametrize("first", ["", "import concurrent.futures.interpreter; "], ids=["later", "before"])
def test_interpreter_pools_derive_from_the_standard_librarys_class(first: str) -> None:
    """Whether they are imported before or later."""
    printed = child(
        f"{first}import threadmill; threadmill.install()\n"
        "from concurrent.futures import InterpreterPoolExecutor\n"
        "print(*(base.__module__ for base in InterpreterPoolExecutor.__mro__[:3]))"
    )
    assert printed == "concurrent.futures.interpreter concurrent.futures.thread concurrent.futures._base"


def test_install_without_subinterpreters() -> None:
    """Of a Python that is built without them, or has none yet."""
    printed = child(
        "import sys; sys.modules['_interpreters'] = None\n"
        "import threadmill; threadmill.install()\n"
        "import concurrent.futures; print(concurrent.futures.ThreadPoolExecutor.__module__)"
    )
    assert printed == "threadmill.executor"


def test_what_a_program_put_in_itself_is_not_taken_out() -> None:
    printed = child(
        "import threadmill, multiprocessing.pool as there\n"
        "there.ThreadPool = threadmill.ThreadPool\n"
        "threadmill.uninstall(); print(there.ThreadPool.__module__)\n"
        "threadmill.install(); threadmill.uninstall(); print(there.ThreadPool.__module__)"
    )
    assert printed.split() == ["threadmill.pool"] * 2


def test_importing_threadmill_installs_nothing() -> None:
    printed = child(
        "import threadmill, sys\n"
        "from concurrent.futures import ThreadPoolExecutor\n"
        "from multiprocessing.pool import ThreadPool\n"
        "print(ThreadPoolExecutor.__module__, ThreadPool.__module__, 'threadmill.run' in sys.modules)"
    )
    assert printed == "concurrent.futures.thread multiprocessing.pool False"
