"""Other libraries' thread pools, each used as its documentation shows. One that is not installed is left out.

Each function of a peer imports it when it is called, so that nothing else pays for it.
"""

from __future__ import annotations

import importlib
from abc import abstractmethod
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

from benchmarks.subjects import Pool, Subject, Task, clock


class FastThreadPool(Pool):
    """Keeps results in a list of its own: no handles, and no order."""

    def __init__(self, workers: int) -> None:
        self.raw = importlib.import_module("fastthreadpool").Pool(workers)

    def burst(self, function: Task, items: Sequence[Any]) -> list[Any]:
        submit, done = self.raw.submit, self.raw.done
        done.clear()
        for item in items:
            submit(function, item)
        self.raw.join()
        results = list(done)
        results.sort()
        return results

    def end(self) -> None:
        self.raw.shutdown()


class Gevent(Pool):
    """gevent.threadpool: the hub of the calling thread collects the results."""

    def __init__(self, workers: int) -> None:
        self.raw = importlib.import_module("gevent.threadpool").ThreadPool(workers)

    def burst(self, function: Task, items: Sequence[Any]) -> list[Any]:
        spawn = self.raw.spawn
        handles = [spawn(function, item) for item in items]
        return [handle.get() for handle in handles]

    def map(self, function: Task, items: Sequence[Any]) -> list[Any]:
        return list(self.raw.map(function, items))

    def end(self) -> None:
        self.raw.join()
        self.raw.kill()


class Joblib(Pool):
    """joblib's threading backend: a Parallel that is kept open."""

    def __init__(self, workers: int) -> None:
        joblib = importlib.import_module("joblib")
        self.raw = joblib.Parallel(workers, backend="threading").__enter__()
        self._delayed = joblib.delayed

    def burst(self, function: Task, items: Sequence[Any]) -> list[Any]:
        task = self._delayed(function)
        results: list[Any] = self.raw(task(item) for item in items)
        return results

    def end(self) -> None:
        self.raw.__exit__(None, None, None)


class Pebble(Pool):
    def __init__(self, workers: int) -> None:
        self.raw = importlib.import_module("pebble").ThreadPool(max_workers=workers)

    def burst(self, function: Task, items: Sequence[Any]) -> list[Any]:
        schedule = self.raw.schedule
        futures = [schedule(function, args=(item,)) for item in items]
        return [future.result() for future in futures]

    def map(self, function: Task, items: Sequence[Any]) -> list[Any]:
        return list(self.raw.map(function, items).result())

    def end(self) -> None:
        self.raw.close()
        self.raw.join()


class Dask(Pool):
    """dask's threaded scheduler on a graph without edges. The workers of a call end with it."""

    def __init__(self, workers: int) -> None:
        self.raw = importlib.import_module("dask.threaded").get
        self._workers = workers

    def burst(self, function: Task, items: Sequence[Any]) -> list[Any]:
        graph = {f"task-{index}": (function, item) for index, item in enumerate(items)}
        return list(self.raw(graph, list(graph), num_workers=self._workers))

    def end(self) -> None:
        pass


AsyncTask = Callable[[Any], Awaitable[Any]]


class AsyncPool(Pool):
    """to_thread of an event loop, which runs during each call of this class."""

    def __init__(self, workers: int) -> None:
        self._workers = workers

    @abstractmethod
    def run(self, main: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        """Runs `main` in an event loop."""

    @abstractmethod
    def in_thread(self, function: Task) -> AsyncTask:
        """The function as one to be awaited, that runs in one of the threads."""

    @abstractmethod
    async def all(self, calls: Sequence[Callable[[], Coroutine[Any, Any, None]]]) -> None:
        """Runs the calls in a task group."""

    def burst(self, function: Task, items: Sequence[Any]) -> list[Any]:
        results: list[Any] = [None] * len(items)

        async def main() -> None:
            task = self.in_thread(function)

            def call(index: int) -> Callable[[], Coroutine[Any, Any, None]]:
                async def one() -> None:
                    results[index] = await task(items[index])

                return one

            await self.all([call(index) for index in range(len(items))])

        self.run(main)
        return results

    def trips(self, function: Task, items: Sequence[Any]) -> tuple[list[Any], list[int]]:
        results: list[Any] = []
        stamps: list[int] = []

        async def main() -> None:
            task = self.in_thread(function)
            stamps.append(clock())
            for item in items:
                results.append(await task(item))
                stamps.append(clock())

        self.run(main)
        return results, stamps

    def end(self) -> None:
        pass


class Anyio(AsyncPool):
    def run(self, main: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        return importlib.import_module("anyio").run(main)

    def in_thread(self, function: Task) -> AsyncTask:
        run_sync = importlib.import_module("anyio.to_thread").run_sync
        limiter = importlib.import_module("anyio").CapacityLimiter(self._workers)
        return lambda item: run_sync(function, item, limiter=limiter)

    async def all(self, calls: Sequence[Callable[[], Coroutine[Any, Any, None]]]) -> None:
        async with importlib.import_module("anyio").create_task_group() as group:
            for call in calls:
                group.start_soon(call)


class Trio(AsyncPool):
    def run(self, main: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        return importlib.import_module("trio").run(main)

    def in_thread(self, function: Task) -> AsyncTask:
        trio = importlib.import_module("trio")
        limiter = trio.CapacityLimiter(self._workers)
        return lambda item: trio.to_thread.run_sync(function, item, limiter=limiter)

    async def all(self, calls: Sequence[Callable[[], Coroutine[Any, Any, None]]]) -> None:
        async with importlib.import_module("trio").open_nursery() as nursery:
            for call in calls:
                nursery.start_soon(call)


PEERS = (
    Subject("fastthreadpool", "peer", FastThreadPool, package="fastthreadpool"),
    Subject("gevent.threadpool", "peer", Gevent, package="gevent", part=10),
    Subject("joblib.threading", "peer", Joblib, package="joblib", part=10),
    Subject("pebble.ThreadPool", "peer", Pebble, package="pebble", part=10),
    Subject("anyio.to_thread", "peer", Anyio, package="anyio", part=10),
    Subject("trio.to_thread", "peer", Trio, package="trio", part=10),
    Subject("dask.threaded", "peer", Dask, package="dask", part=10),
)
PEER_IDS = tuple(subject.id for subject in PEERS)
MAPPING_PEERS = ("gevent.threadpool", "joblib.threading", "pebble.ThreadPool")  # have a map of their own
