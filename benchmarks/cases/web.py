"""Real HTTP: a local server in a process of its own, and a connection per worker that is kept open."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from benchmarks import web_server
from benchmarks.case import BEST_POOL, Case, Pass, Size, at_most, share
from benchmarks.cases.io import CPU, WALL, latencies, mapped
from benchmarks.peers import PEER_IDS
from benchmarks.subjects import EXECUTOR, FACES, LOOP, POOL, Subject
from threadmill.demo.resources import PerWorker

WORKERS = 16
TIMEOUT = 60


@contextmanager
def requests(subject: Subject, tasks: int, sigma: float | None) -> Iterator[Pass]:
    """With a sigma, each request takes the server its own time."""
    delays = [f"/{latency * 1000:.3f}" for latency in latencies(tasks, sigma)] if sigma else [""] * tasks
    with (
        web_server.running() as port,
        PerWorker(partial(http.client.HTTPConnection, web_server.HOST, port, TIMEOUT)) as connection,
    ):

        def get(index: int) -> bytes:
            own = connection()
            own.request("GET", f"/{index}{delays[index]}")
            return own.getresponse().read()

        expected = [web_server.document(index) for index in range(tasks)]
        yield from mapped(subject, WORKERS, get, range(tasks), expected)


CASES = (
    Case(
        "http",
        "2,000 keep-alive GETs of 1 KB on loopback, 16 workers",
        partial(requests, sigma=None),
        (*FACES, *PEER_IDS, LOOP),
        (WALL, CPU),
        Size(2000, 500, 20),
        (
            share(1, POOL, "wall", BEST_POOL),
            share(1, EXECUTOR, "wall", BEST_POOL),
            at_most(85e-6, POOL, "cpu"),
            at_most(85e-6, EXECUTOR, "cpu"),
        ),
        "http.client; the server is a process of its own.",
    ),
    Case(
        "http-tail",
        "500 keep-alive GETs that take the server lognormal times (median 15 ms, sigma 0.9), 16 workers",
        partial(requests, sigma=0.9),
        FACES,
        (WALL, CPU),
        Size(500, 200, 16),
        (share(1, POOL, "wall", BEST_POOL), share(1, EXECUTOR, "wall", BEST_POOL)),
        "The same times as in tail-16-0.9.",
        warmups=0,
        rounds=3,
    ),
)
