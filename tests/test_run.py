"""`python -m threadmill run`: programs do as they do when Python itself runs them, but on threadmill."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import NamedTuple

import pytest
from helpers import LIMIT

from threadmill.demo.command import EXTRAS

# What a program finds, printed so that two runs can be compared.
SHOW = """
import sys
print(sys.argv, sys.path)
print(__name__, __file__, __package__, __spec__ and __spec__.name, type(__loader__), __builtins__)
print(sorted(vars()), sys.modules["__main__"].__dict__ is globals())
import beside
"""

PROGRAMS = {
    "finds the same": SHOW,
    "has a docstring and annotations": '"""Says what."""\nx: int = 1\nprint(__doc__, __annotations__)',
    "reads its input": "print(input(), input())",
    "exits": "import sys; sys.exit()",
    "exits with a number": "import sys; sys.exit(3)",
    "exits with a message": "import sys; print('out'); sys.exit('message')",
    "exits with an object": "raise SystemExit([1])",
    "raises": "def f(x):\n    return 1 / x\n\n\ndef g():\n    f(0)\n\n\ng()",
    "raises from": "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    raise ValueError('é') from e",
    "raises while it handles": "try:\n    1 / 0\nexcept ZeroDivisionError:\n    undefined",
    "raises a group": "raise ExceptionGroup('some', [ValueError(1), TypeError(2)])",
    "raises in an import": "import broken",
    "is no Python": "print('never')\nif x\n    pass",
    "raises what is no Exception": "class Own(BaseException):\n    pass\nraise Own(1)",
    "is interrupted": "import atexit; atexit.register(print, 'end')\nraise KeyboardInterrupt",
    "gets Ctrl-C": """
import signal
try:
    signal.raise_signal(signal.SIGINT)
finally:
    print("cleaned up")
""",
    "has a hook": """
import sys, traceback

def hook(kind, error, trace):
    print(kind, error, sys.excepthook is hook, error.__traceback__ is trace is sys.last_traceback)
    print(traceback.extract_tb(trace))
    sys.exit(5)

sys.excepthook = hook
1 / 0
""",
    "has atexit functions and a thread": """
import atexit, sys, threading
atexit.register(lambda: print("atexit", sys.excepthook is sys.__excepthook__))
main = threading.main_thread()
threading.Thread(target=lambda: (main.join(), print("thread"))).start()
print("main")
1 / 0
""",
    "has a thread that raises": """
import threading
thread = threading.Thread(target=lambda: 1 / 0)
thread.start()
thread.join()
""",
    "warns": "import warnings; warnings.warn('old', DeprecationWarning); warnings.warn('so')",
    "pickles its own": """
import pickle

class Own:
    pass

print(type(pickle.loads(pickle.dumps(Own()))) is Own, Own.__module__, pickle.dumps(Own(), 0))
""",
    "spawns processes": """
import multiprocessing
from concurrent.futures import ProcessPoolExecutor

def cube(x):
    return x ** 3, __name__

if __name__ == "__main__":
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as executor:
        print(list(executor.map(cube, range(3))))
""",
    "uses the pools": """
import asyncio, multiprocessing.dummy, multiprocessing.pool
from concurrent.futures import ThreadPoolExecutor, as_completed, wait

with multiprocessing.pool.ThreadPool(2) as pool:
    print(pool.map(str, range(3)))
with multiprocessing.dummy.Pool(2) as pool:
    print(pool.map(str, range(3)))
with ThreadPoolExecutor(2) as executor:
    print(list(executor.map(str, range(3))))
    futures = [executor.submit(pow, 2, n) for n in range(3)]
    print(sorted(future.result() for future in as_completed(futures)), len(wait(futures).done))
    raising = executor.submit(int, "x")
print(asyncio.run(asyncio.to_thread(pow, 2, 5)))
raising.result
print(raising.exception())
""",
}

# What lies beside the program.
FILES = {
    "beside.py": "print(__file__)",
    "broken.py": "1 / 0",
    "package/__init__.py": "import sys; print(sys.argv[0])",
    "package/__main__.py": SHOW,
    "package/module.py": SHOW.replace("import beside", "from . import beside"),
    "package/beside.py": "",
    "package/raises.py": "def f():\n    1 / 0\n\n\nf()",
    "package/wrong.py": "if x",
    "folder/__main__.py": SHOW,
    "folder/beside.py": "print(__file__)",
    "folder/raises/__main__.py": "1 / 0",
    "nothing/in/it.py": "",
}

ARGUMENTS = ["--help", "-m", "--", "-x", "--=y", "a b", "", "-1", "--version", "@file", "prog.py"]


class Outcome(NamedTuple):
    code: int
    out: str
    err: str


def python(*args: str, folder: Path) -> Outcome:
    child = subprocess.run(
        [sys.executable, *args],
        cwd=folder,
        input="one\ntwo\n",
        env=os.environ | {"PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1"},
        encoding="utf-8",
        capture_output=True,
        timeout=LIMIT,
        check=False,
    )
    return Outcome(child.returncode, child.stdout, child.stderr)


@pytest.fixture
def there(tmp_path: Path) -> Path:
    """A folder with the files, which is the current one of the child processes."""
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def same(folder: Path, *args: str, options: tuple[str, ...] = ()) -> Outcome:
    """The outcome of the program, which must be the same when Python runs it."""
    outcome = python(*options, "-m", "threadmill", "run", *args, folder=folder)
    assert outcome == python(*options, *args, folder=folder)
    return outcome


@pytest.mark.parametrize("text", PROGRAMS.values(), ids=PROGRAMS)
def test_a_program_does_the_same(there: Path, text: str) -> None:
    there.joinpath("prog.py").write_text(text, encoding="utf-8")
    same(there, "prog.py")


def test_arguments_are_the_programs(there: Path) -> None:
    there.joinpath("prog.py").write_text(SHOW)
    assert same(there, "prog.py", *ARGUMENTS).out.startswith(str(["prog.py", *ARGUMENTS]))
    assert repr(ARGUMENTS)[1:] in same(there, "-m", "package", *ARGUMENTS).out


@pytest.mark.parametrize(
    "name",
    ["package", "package.module", "package.raises", "package.wrong", "missing", "package.missing", "nothing"],
)
def test_a_module(there: Path, name: str) -> None:
    same(there, "-m", name, "argument")


PATHS = ["folder", "folder/", "./folder", "folder/raises", "nothing", "archive.zip"]
PATHS += ["folder/__main__.py", "./folder/__main__.py", "folder/../folder/__main__.py"]


@pytest.mark.parametrize("path", PATHS)
def test_a_path(there: Path, path: str) -> None:
    with zipfile.ZipFile(there / "archive.zip", "w") as archive:
        archive.write(there / "folder" / "__main__.py", "__main__.py")
        archive.write(there / "beside.py", "beside.py")
    outcome = same(there, path, "argument")
    assert outcome.out or outcome.code


def test_a_missing_program_is_named(there: Path) -> None:
    code, out, err = python("-m", "threadmill", "run", "missing.py", "argument", folder=there)
    message = f"can't open file {str(there / 'missing.py')!r}: [Errno 2] No such file or directory\n"
    assert (code, out, err) == (2, "", f"{sys.executable}: {message}")
    if os.name != "nt":
        for path in ("missing.py", "missing", "../missing.py", "beside.py/x"):
            same(there, path)


def test_a_compiled_program(there: Path) -> None:
    python(
        "-c", "import py_compile; py_compile.compile('folder/__main__.py', 'folder/prog.pyc')", folder=there
    )
    assert same(there, "folder/prog.pyc").out


def test_a_link_stands_for_its_target(there: Path) -> None:
    try:
        there.joinpath("link.py").symlink_to(Path("folder", "__main__.py"))
    except OSError:
        pytest.skip("no symbolic links here")
    assert str(Path("folder", "beside.py")) in same(there, "link.py").out


@pytest.mark.parametrize("args", [["prog.py"], ["folder"], ["-m", "package.module"]], ids=" ".join)
def test_a_safe_path_has_no_folder_of_the_program(there: Path, args: list[str]) -> None:
    there.joinpath("prog.py").write_text(SHOW)
    same(there, *args, options=("-P",))


def test_errors_of_warnings(there: Path) -> None:
    there.joinpath("prog.py").write_text("print('in')")
    assert same(there, "prog.py", options=("-W", "error")) == (0, "in\n", "")


# --- that it runs on threadmill ---------------------------------------------------------------------


def test_all_lookups_give_threadmills_classes(there: Path) -> None:
    there.joinpath("prog.py").write_text("""
import concurrent.futures.thread, multiprocessing.dummy, multiprocessing.pool
from concurrent.futures import ThreadPoolExecutor
pools = [multiprocessing.pool.ThreadPool(1), multiprocessing.dummy.Pool(1)]
classes = [*map(type, pools), ThreadPoolExecutor, concurrent.futures.thread.ThreadPoolExecutor]
print(*[cls.__module__.partition(".")[0] for cls in classes])
for pool in pools:
    pool.close()
    pool.join()
""")
    assert python("prog.py", folder=there).out == "multiprocessing multiprocessing concurrent concurrent\n"
    outcome = python("-W", "error", "-m", "threadmill", "run", "prog.py", folder=there)
    assert outcome == (0, " ".join(["threadmill"] * 4) + "\n", "")


def test_asyncio_to_thread(there: Path) -> None:
    there.joinpath("prog.py").write_text("""
import asyncio

async def main():
    print(await asyncio.to_thread(pow, 2, 5))
    print(type(asyncio.get_running_loop()._default_executor).__module__.partition(".")[0])

asyncio.run(main())
""")
    assert python("prog.py", folder=there).out.split() == ["32", "concurrent"]
    outcome = python("-W", "error", "-m", "threadmill", "run", "prog.py", folder=there)
    assert outcome == (0, "32\nthreadmill\n", "")


# --- the command itself -----------------------------------------------------------------------------


def test_help_and_wrong_usage(tmp_path: Path) -> None:
    code, out, _ = python("-m", "threadmill", "run", "--help", folder=tmp_path)
    assert code == 0
    assert out.startswith("usage: python -m threadmill run [-h] [-m] program ...")
    code, _, err = python("-m", "threadmill", "run", folder=tmp_path)
    assert code == 2
    assert "program" in err


def test_it_needs_no_extras(there: Path) -> None:
    there.joinpath("prog.py").write_text("print('in')")
    code = f"import sys; sys.modules.update(dict.fromkeys({EXTRAS})); from threadmill import cli; cli.main()"
    assert python("-c", code, "run", "prog.py", folder=there) == (0, "in\n", "")
