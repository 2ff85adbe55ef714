"""`python -m threadmill run`: an unmodified program, with threadmill's classes installed.

The program is to find itself as Python would have started it. So `__main__` is a new module, Python
itself ends the process (exit codes, Ctrl-C, atexit), and where Python uses `runpy`, it is used here.
"""

from __future__ import annotations

import argparse
import builtins
import os
import pkgutil
import runpy
import sys
from collections.abc import Callable
from functools import partial
from importlib.machinery import SourceFileLoader, SourcelessFileLoader
from types import ModuleType, TracebackType

from threadmill._install import install

DESCRIPTION = """
Runs a program with threadmill.ThreadPool and threadmill.ThreadPoolExecutor in place of the standard
library's classes: see threadmill.install(). What follows the program is the program's. Processes that the
program starts do not use threadmill, unless they are forked.
"""

WINDOWS = os.name == "nt"

Hook = Callable[[type[BaseException], BaseException, TracebackType | None], object]

# What Python itself calls for `python -m` and for folders and zip files; the public functions of runpy
# differ: they run the program in a module that does not outlive the call. Without the second argument,
# sys.argv[0] becomes the module's file.
_run_as_main: Callable[..., object] = runpy._run_module_as_main  # type: ignore[attr-defined]


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "run",
        help="run a program on threadmill's pools instead of the standard library's",
        description=DESCRIPTION,
        allow_abbrev=False,
    )
    parser.add_argument(
        "-m", action="store_true", dest="module", help="the program is a module, as in python -m"
    )
    parser.add_argument("program", help="a Python file, or a folder or zip file that holds a __main__.py")
    parser.add_argument("args", nargs=argparse.REMAINDER, help="the arguments of the program")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Runs the program, for which it takes over the process: `__main__`, sys.argv and sys.path become the
    program's and stay so. Raises what the program raises, SystemExit too."""
    install()
    main = _new_main()
    if args.module:
        sys.argv[:] = ["-m", *args.args]
        _start(partial(_run_as_main, args.program))
        return 0

    sys.argv[:] = [args.program, *args.args]
    path = _full_path(args.program)
    in_folder = pkgutil.get_importer(path) is not None
    if not sys.flags.safe_path:
        del sys.path[0]  # the current folder, for `python -m threadmill`
    if in_folder:
        sys.path.insert(0, path)
        _start(partial(_run_as_main, "__main__", False))
        return 0

    if not sys.flags.safe_path:
        sys.path.insert(0, os.path.dirname(path if WINDOWS else os.path.realpath(path)))
    loader = (SourcelessFileLoader if path.endswith(".pyc") else SourceFileLoader)("__main__", path)
    try:
        source = loader.get_data(path)
    except OSError as error:
        message = f"can't open file {path!r}: [Errno {error.errno}] {error.strerror}"
        print(f"{sys.orig_argv[0]}: {message}", file=sys.stderr)
        return 2
    vars(main).update(__file__=path, __loader__=loader)
    _start(partial(_run_script, loader, path, source, vars(main)))
    return 0


def _new_main() -> ModuleType:
    """A `__main__` as the interpreter makes it, in place of ours."""
    ours = vars(sys.modules["__main__"])
    main = sys.modules["__main__"] = ModuleType("__main__")
    vars(main)["__builtins__"] = builtins
    if "__annotations__" in ours:  # up to Python 3.13
        vars(main)["__annotations__"] = {}
    if "__cached__" in ours:  # up to Python 3.14
        vars(main)["__cached__"] = None
    return main


def _full_path(program: str) -> str:
    """As Python makes it of the name of a program, which tracebacks show; `..` stays in it."""
    return os.path.abspath(program) if WINDOWS else os.path.join(os.getcwd(), program)


def _run_script(
    loader: SourceFileLoader | SourcelessFileLoader, path: str, source: bytes, variables: dict[str, object]
) -> None:
    # A SourceFileLoader's get_code would write a .pyc file.
    code = (
        compile(source, path, "exec", dont_inherit=True)
        if isinstance(loader, SourceFileLoader)
        else loader.get_code("__main__")
    )
    assert code is not None
    exec(code, variables)


# --- errors --------------------------------------------------------------------------------------


def _start(program: Callable[[], object]) -> None:
    """Calls it. An error passes through, so that Python ends the process as it always does, but the hook
    that will show the error is not told of the frames that lead to the program."""
    try:
        program()
    except SystemExit:
        raise
    except BaseException:
        sys.excepthook = partial(_show, sys.excepthook)
        raise


def _show(hook: Hook, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    sys.excepthook = hook
    sys.last_traceback = trace = _of_the_program(trace)
    hook(kind, error.with_traceback(trace), trace)


def _of_the_program(trace: TracebackType | None) -> TracebackType | None:
    """The part of the traceback below the frames of this file."""

    def is_ours(entry: TracebackType) -> bool:
        return entry.tb_frame.f_globals is globals()

    while trace is not None and not is_ours(trace):
        trace = trace.tb_next
    while trace is not None and is_ours(trace):
        trace = trace.tb_next
    return trace
