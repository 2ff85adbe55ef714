"""Under gevent and eventlet, which put greenlets in the place of threads, a pool says that it cannot work."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest
from helpers import LIMIT
from library_helpers import library

PATCH = {
    "gevent": "from gevent import monkey; monkey.patch_all",
    "eventlet": "import eventlet; eventlet.monkey_patch",
}
# eventlet warns that it is not kept up any more, and so does what it imports.
QUIET = "import warnings; warnings.simplefilter('ignore'); "

each_library = pytest.mark.parametrize("name", PATCH)


def run(name: str, arguments: str, code: str) -> None:
    """Runs a program that begins with the library's patches."""
    library(name)
    program = f"{QUIET}{PATCH[name]}({arguments})\n{textwrap.dedent(code)}"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=LIMIT, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


@each_library
@pytest.mark.parametrize("make", ["ThreadPool(2)", "ThreadPoolExecutor(2)", "install()"])
def test_it_says_so(name: str, make: str) -> None:
    run(
        name,
        "",
        f"""
        import threadmill
        try:
            threadmill.{make}
        except RuntimeError as error:
            assert str(error).startswith("{name} has replaced threads by greenlets"), error
        else:
            raise AssertionError("made")
        """,
    )


@each_library
def test_also_if_the_patch_comes_after_the_pool(name: str) -> None:
    library(name)
    run(
        name,
        "thread=False" if name == "gevent" else "thread=False, os=True",
        f"""
        import threadmill
        pool, executor = threadmill.ThreadPool(2), threadmill.ThreadPoolExecutor(2)
        {PATCH[name]}(**{{"thread": True}})
        for submit in (lambda: pool.apply_async(int), lambda: executor.submit(int)):
            try:
                submit()
            except RuntimeError as error:
                assert "has replaced threads by greenlets" in str(error), error
            else:
                raise AssertionError("taken")
        """,
    )


@each_library
def test_without_the_patch_of_threads_it_works(name: str) -> None:
    run(
        name,
        "thread=False",
        """
        import threadmill
        with threadmill.ThreadPool(2) as pool, threadmill.ThreadPoolExecutor(2) as executor:
            assert pool.map(abs, [-1, -2, -3]) == [1, 2, 3]
            assert list(executor.map(abs, [-1, -2, -3])) == [1, 2, 3]
            assert executor.submit(abs, -4).result(30) == 4
        """,
    )
