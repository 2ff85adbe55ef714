"""An interpreted function: on the way in, the interpreter gives the GIL up if somebody waits for it, stops
for the collector, and does whatever else it asks of threads that run Python code."""


def give_way() -> None:
    pass
