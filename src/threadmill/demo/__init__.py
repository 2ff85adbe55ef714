"""`python -m threadmill demo`: I/O-heavy jobs on the standard library's pools and on threadmill's, side
by side. `command` reads the options, `show` runs the jobs."""


class DemoError(Exception):
    """What ends the demo with a message and exit code 1."""
