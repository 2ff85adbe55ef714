"""The command line, `python -m threadmill COMMAND`.

A command is a module with `add_to(commands)`, which adds its parser and sets the parser's default `run`
to a function from the parsed arguments to the exit code.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence

import threadmill
from threadmill import run as program
from threadmill.demo import command as demo

COMMANDS = (demo, program)
INTERRUPTED = 130  # what shells report of a program that Ctrl-C ended


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line `argv` (None: this process's own); returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m threadmill", description=threadmill.__doc__)
    parser.add_argument("--version", action="version", version=f"threadmill {threadmill.__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add_to(commands)
    args = parser.parse_args(argv)
    run: Callable[[argparse.Namespace], int] = args.run
    try:
        return run(args)
    except KeyboardInterrupt:
        if run is program.run:  # the program's own: Python shows it and ends by the signal
            raise
        return INTERRUPTED
