"""How soon Ctrl-C comes through in `get`, and what waiting costs: of interest where no signal ends a sleep,
as in a build with THREADMILL_OS_WAIT=pthread.

    python -m benchmarks.interrupts
"""

from __future__ import annotations

import os
import resource
import signal
import statistics
import threading
import time

import threadmill

TIMES = 40
SECONDS = 5


def main() -> None:
    gate = threading.Event()
    with threadmill.ThreadPool(1) as pool:
        handle = pool.apply_async(gate.wait)
        delays = [interrupted(handle, 0.12 + 0.003 * i) for i in range(TIMES)]
        before = resource.getrusage(resource.RUSAGE_SELF)
        handle.wait(SECONDS)
        after = resource.getrusage(resource.RUSAGE_SELF)
        gate.set()
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(
        f"Ctrl-C in get(): {statistics.median(delays) * 1e3:.1f} ms, "
        f"at most {max(delays) * 1e3:.1f} ms, of {TIMES}\n"
        f"a second of wait(): {(after.ru_nvcsw - before.ru_nvcsw) / SECONDS:.1f} sleeps, "
        f"{cpu / SECONDS * 1e3:.2f} ms of CPU time"
    )


def interrupted(handle: threadmill.AsyncResult[bool], pause: float) -> float:
    """Seconds from the signal, sent so long after the wait has begun, to the exception."""
    sent: list[float] = []

    def send() -> None:
        time.sleep(pause)
        sent.append(time.perf_counter())
        os.kill(os.getpid(), signal.SIGINT)

    sender = threading.Thread(target=send)
    sender.start()
    try:
        handle.get()
    except KeyboardInterrupt:
        caught = time.perf_counter()
    sender.join()
    return caught - sent[0]


if __name__ == "__main__":
    main()
