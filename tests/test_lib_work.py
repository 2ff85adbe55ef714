"""Libraries that have their work done by an executor: dask, s3transfer, tqdm, grpc and APScheduler, on
the standard library's executor and on threadmill's."""

from __future__ import annotations

import concurrent.futures
import io
import os
import queue
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC
from functools import partial
from typing import Any

import executor_helpers
import library_helpers
import pytest
from executor_helpers import NewExecutor
from helpers import LIMIT, NewPool, in_time, square
from library_helpers import library, thread_name

executor_class, new_executor = executor_helpers.executor_class, library_helpers.new_executor


# --- dask ----------------------------------------------------------------------------------------


def compute_with_two_workers(**scheduler: Any) -> set[threading.Thread]:
    """Lets dask compute what is known, and two tasks that need each other; returns their threads."""
    dask = library("dask")
    bag = library("dask.bag")
    meeting = threading.Barrier(2)

    def meet() -> threading.Thread:
        meeting.wait(LIMIT)
        return threading.current_thread()

    compute = partial(dask.compute, **scheduler)
    assert in_time(lambda: compute(bag.range(100, npartitions=10).map(square).sum())) == (328350,)
    even = bag.range(100, npartitions=7).filter(lambda i: i % 2 == 0)
    words = even.map(str).foldby(len, lambda longest, word: max(longest, word), "")
    assert in_time(lambda: compute(even, words)) == (list(range(0, 100, 2)), [(1, "8"), (2, "98")])

    total = dask.delayed(sum)([dask.delayed(square)(i) for i in range(20)])
    tree = dask.delayed(divmod)(total, dask.delayed(square)(10))
    assert in_time(lambda: compute(tree)) == ((24, 70),)
    with pytest.raises(ZeroDivisionError):
        in_time(lambda: compute(dask.delayed(divmod)(total, 0)))

    return set(in_time(lambda: compute(dask.delayed(meet)(), dask.delayed(meet)())))


def test_dask_computes_on_a_pool(new_pool: NewPool) -> None:
    dask = library("dask")
    pool = new_pool(2)
    workers = set(pool._pool)  # type: ignore[attr-defined]
    assert len(workers) == 2
    with dask.config.set(pool=pool):
        # In another thread than the one that has just looked at the workers.
        assert compute_with_two_workers(scheduler="threads") == workers


def test_dask_computes_on_an_executor_as_its_pool(new_executor: NewExecutor) -> None:
    dask = library("dask")
    executor = new_executor(2)
    with dask.config.set(pool=executor):
        assert compute_with_two_workers(scheduler="threads") == executor._threads


def test_dask_computes_on_an_executor_as_its_scheduler(new_executor: NewExecutor) -> None:
    executor = new_executor(2)
    assert compute_with_two_workers(scheduler=executor) == executor._threads


# --- s3transfer ----------------------------------------------------------------------------------


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Any, Any]]:
    """A client of S3 with dummy credentials, and the stub that answers in place of the network."""
    library("s3transfer")
    for variable in [variable for variable in os.environ if variable.startswith("AWS_")]:
        monkeypatch.delenv(variable)  # a developer's own profile or endpoint
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    session = library("botocore.session").Session()
    session.set_credentials("dummy", "dummy")
    client = session.create_client("s3", region_name="us-east-1")
    with closing(client), library("botocore.stub").Stubber(client) as stub:
        yield client, stub
        stub.assert_no_pending_responses()


def test_s3transfer_uploads(executor_class: Any, s3: tuple[Any, Any]) -> None:
    client, stub = s3
    manager_class = library("s3transfer.manager").TransferManager
    sent = {}

    def note(params: dict[str, Any], **_: Any) -> None:
        sent[params["Key"]] = params["Body"].read()
        params["Body"].seek(0)

    client.meta.events.register("provide-client-params.s3.PutObject", note)
    things = {f"{i}.txt": f"text {i}\n".encode() * i for i in range(20)}
    for _ in things:
        stub.add_response("put_object", {})

    def upload() -> None:
        with manager_class(client, executor_cls=executor_class) as manager:
            transfers = [manager.upload(io.BytesIO(data), "box", key) for key, data in things.items()]
            assert [transfer.result() for transfer in transfers] == [None] * len(things)
            assert all(transfer.done() for transfer in transfers)

    in_time(upload)
    assert sent == things


def test_s3transfer_downloads_in_parts(executor_class: Any, s3: tuple[Any, Any]) -> None:
    client, stub = s3
    s3transfer = library("s3transfer.manager")
    data = bytes(range(250))
    stub.add_response("head_object", {"ContentLength": len(data), "ETag": '"1"'})
    for start in range(0, len(data), 100):
        part = data[start : start + 100]
        body = library("botocore.response").StreamingBody(io.BytesIO(part), len(part))
        whole = f"bytes {start}-{start + len(part) - 1}/{len(data)}"
        stub.add_response("get_object", {"Body": body, "ContentLength": len(part), "ContentRange": whole})
    # The stub has one order of answers, so there is one worker for requests, beside the one that writes.
    parts = {"multipart_threshold": 100, "multipart_chunksize": 100}
    config = s3transfer.TransferConfig(max_request_concurrency=1, **parts)
    target = io.BytesIO()

    def download() -> None:
        with s3transfer.TransferManager(client, config, executor_cls=executor_class) as manager:
            manager.download("box", "data", target).result()

    in_time(download)
    assert target.getvalue() == data


def test_s3transfer_hands_on_errors(executor_class: Any, s3: tuple[Any, Any]) -> None:
    client, stub = s3
    manager_class = library("s3transfer.manager").TransferManager
    client_error = library("botocore.exceptions").ClientError
    stub.add_client_error("head_object", "404", "Not Found", 404)

    def download() -> None:
        with manager_class(client, executor_cls=executor_class) as manager:
            transfer = manager.download("box", "no such thing", io.BytesIO())
            with pytest.raises(client_error, match="Not Found"):
                transfer.result()

    in_time(download)


# --- tqdm ----------------------------------------------------------------------------------------


@pytest.fixture
def bar() -> Any:
    """A class of progress bars that are not shown, start no thread, and note what they are told."""
    tqdm: Any = library("tqdm")

    class Bar(tqdm.tqdm):  # type: ignore[misc]
        monitor_interval = 0
        updates: list[float] = []  # noqa: RUF012  # of the class: tqdm makes the instance

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, file=io.StringIO(), **kwargs)

        def update(self, n: float = 1) -> Any:
            self.updates.append(n)
            return super().update(n)

    return Bar


def test_tqdm_maps_with_it(executor_class: Any, bar: Any) -> None:
    """tqdm sets a `submit` of its own on the instance, and counts what `map` sends through that."""
    executor_map = library("tqdm.contrib.concurrent")._executor_map
    items = range(200)
    results = in_time(lambda: executor_map(executor_class, square, items, max_workers=3, tqdm_class=bar))
    assert results == [square(i) for i in items]
    assert bar.updates == [1] * len(items)


def test_tqdms_thread_map_with_the_class_in_the_standard_librarys_place(
    executor_class: Any, bar: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    thread_map = library("tqdm.contrib.concurrent").thread_map
    made = []

    class Noting(executor_class):  # type: ignore[misc]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            made.append(self)

    monkeypatch.setattr(concurrent.futures, "ThreadPoolExecutor", Noting)
    prefix = {"tqdm_class": bar, "thread_name_prefix": "mill"}
    results = in_time(lambda: thread_map(lambda x, y: (x + y, thread_name()), "abc", "xyz", **prefix))
    assert [text for text, _ in results] == ["ax", "by", "cz"]
    assert all(thread.startswith("mill") for _, thread in results)
    assert len(made) == 1
    assert bar.updates == [1] * 3

    with pytest.raises(ZeroDivisionError):
        in_time(lambda: thread_map(divmod, [1, 1, 1], [1, 0, 1], max_workers=1, tqdm_class=bar))


# --- grpc ----------------------------------------------------------------------------------------


def test_grpcs_server_handles_calls_on_it(new_executor: NewExecutor) -> None:
    grpc = library("grpc")
    executor = new_executor(4, "mill")

    def name_thread(request: bytes, context: Any) -> bytes:
        return thread_name().encode()

    def name_own_thread(request: bytes, context: Any) -> bytes:
        return thread_name().encode()

    # A handler's own executor, which grpc takes only if isinstance says that it is one.
    name_own_thread.experimental_thread_pool = new_executor(1, "own")  # type: ignore[attr-defined]

    def count(request: bytes, context: Any) -> Iterator[bytes]:
        for i in range(int(request)):
            yield b"%d" % i

    def total(requests: Iterator[bytes], context: Any) -> bytes:
        return b"%d" % sum(map(int, requests))

    def refuse(request: bytes, context: Any) -> bytes:
        raise LookupError("no such item")

    handlers = {
        "name_thread": grpc.unary_unary_rpc_method_handler(name_thread),
        "name_own_thread": grpc.unary_unary_rpc_method_handler(name_own_thread),
        "square": grpc.unary_unary_rpc_method_handler(lambda request, _: b"%d" % square(int(request))),
        "count": grpc.unary_stream_rpc_method_handler(count),
        "total": grpc.stream_unary_rpc_method_handler(total),
        "refuse": grpc.unary_unary_rpc_method_handler(refuse),
    }
    server = grpc.server(executor, options=[("grpc.so_reuseport", 0)])
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("test.Mill", handlers)])
    port = server.add_insecure_port("127.0.0.1:0")
    direct = [("grpc.enable_http_proxy", 0)]
    server.start()
    try:
        with grpc.insecure_channel(f"127.0.0.1:{port}", options=direct) as channel:
            call = channel.unary_unary("/test.Mill/name_thread")
            assert call(b"", timeout=LIMIT).startswith(b"mill")
            call = channel.unary_unary("/test.Mill/name_own_thread")
            assert call(b"", timeout=LIMIT).startswith(b"own")

            call = channel.unary_unary("/test.Mill/square")
            pending = [call.future(b"%d" % i, timeout=LIMIT) for i in range(50)]
            assert [int(future.result(LIMIT)) for future in pending] == [square(i) for i in range(50)]

            stream = channel.unary_stream("/test.Mill/count")(b"5", timeout=LIMIT)
            assert list(stream) == [b"0", b"1", b"2", b"3", b"4"]
            call = channel.stream_unary("/test.Mill/total")
            assert call(iter([b"1", b"2", b"3"]), timeout=LIMIT) == b"6"
            with pytest.raises(grpc.RpcError, match="no such item"):
                channel.unary_unary("/test.Mill/refuse")(b"", timeout=LIMIT)
    finally:
        assert server.stop(None).wait(LIMIT)


# --- APScheduler ---------------------------------------------------------------------------------


def run_jobs(executor: Any) -> None:
    """Has APScheduler run two jobs once on it, and waits for what it tells its listeners of them."""
    events = library("apscheduler.events")
    background = library("apscheduler.schedulers.background")

    scheduler = background.BackgroundScheduler(executors={"default": executor}, timezone=UTC)
    done: queue.SimpleQueue[Any] = queue.SimpleQueue()
    scheduler.add_listener(done.put, events.EVENT_JOB_EXECUTED | events.EVENT_JOB_ERROR)
    scheduler.start()
    try:
        scheduler.add_job(thread_name, id="succeeds")
        event = done.get(timeout=LIMIT)
        assert (event.code, event.job_id) == (events.EVENT_JOB_EXECUTED, "succeeds")
        assert event.retval.startswith("mill")
        scheduler.add_job(divmod, args=(1, 0), id="fails")
        event = done.get(timeout=LIMIT)
        assert (event.code, event.job_id) == (events.EVENT_JOB_ERROR, "fails")
        assert isinstance(event.exception, ZeroDivisionError)
    finally:
        in_time(scheduler.shutdown)
    with pytest.raises(RuntimeError, match=r"^cannot schedule new futures after shutdown$"):
        executor._pool.submit(square, 2)


def test_apscheduler_runs_jobs_on_a_pool_given_to_it(new_executor: NewExecutor) -> None:
    pool: Any = library("apscheduler.executors.pool")

    class Mill(pool.BasePoolExecutor):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(new_executor(2, "mill"))

    run_jobs(Mill())


def test_apscheduler_runs_jobs_with_the_class_in_the_standard_librarys_place(
    executor_class: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool: Any = library("apscheduler.executors.pool")
    monkeypatch.setattr(concurrent.futures, "ThreadPoolExecutor", executor_class)
    executor = pool.ThreadPoolExecutor(2, {"thread_name_prefix": "mill"})
    assert type(executor._pool) is executor_class
    run_jobs(executor)
