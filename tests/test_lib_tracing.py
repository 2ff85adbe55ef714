"""Libraries that follow work into its thread: OpenTelemetry and sentry-sdk. Both patch the standard
library's `ThreadPoolExecutor.submit` and `Thread.start`. What must hold: a task sees the context of who
submitted it, on a worker that was started under another one too, and leaves nothing to the next task."""

from __future__ import annotations

import concurrent.futures
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

import executor_helpers
import library_helpers
import pytest
from executor_helpers import NewExecutor
from helpers import LIMIT, Held, NewPool, only_threadmill, square
from library_helpers import library

executor_class, new_executor = executor_helpers.executor_class, library_helpers.new_executor
held = library_helpers.held


# --- any -----------------------------------------------------------------------------------------


def test_map_goes_through_a_submit_that_was_put_into_the_class(
    executor_class: Any, new_executor: NewExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As tracers put it there, if they find this class in the place of the standard library's."""
    submit = executor_class.submit
    seen = []

    def noting(self: Any, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        seen.append(args)
        return submit(self, fn, *args, **kwargs)

    monkeypatch.setattr(executor_class, "submit", noting)
    executor = new_executor(2)
    assert executor.submit(square, 3).result(LIMIT) == 9
    assert list(executor.map(square, range(4), timeout=LIMIT)) == [0, 1, 4, 9]
    assert seen == [(3,), (0,), (1,), (2,), (3,)]


# --- OpenTelemetry -------------------------------------------------------------------------------


class Traces:
    """Opens spans, and knows afterwards which was the parent of which."""

    def __init__(self, tracer: Any, exporter: Any) -> None:
        self._tracer = tracer
        self._exporter = exporter

    def span(self, name: str) -> AbstractContextManager[Any]:
        span: AbstractContextManager[Any] = self._tracer.start_as_current_span(name)
        return span

    def task(self, name: str) -> str:
        with self.span(name):
            return name

    def parents(self) -> dict[str, str | None]:
        """The name of each span that has ended, and of its parent."""
        spans = self._exporter.get_finished_spans()
        names = {span.context.span_id: span.name for span in spans}
        traces = {span.context.span_id: span.context.trace_id for span in spans}
        for span in spans:
            assert span.parent is None or span.context.trace_id == traces[span.parent.span_id]
        return {span.name: span.parent and names[span.parent.span_id] for span in spans}


@pytest.fixture
def traces(caplog: pytest.LogCaptureFixture) -> Iterator[Traces]:
    """With ThreadingInstrumentor at work."""
    threading_instrumentor = library("opentelemetry.instrumentation.threading").ThreadingInstrumentor()
    sdk = library("opentelemetry.sdk.trace")
    export = library("opentelemetry.sdk.trace.export")
    exporter = library("opentelemetry.sdk.trace.export.in_memory_span_exporter").InMemorySpanExporter()
    provider = sdk.TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(export.SimpleSpanProcessor(exporter))
    threading_instrumentor.instrument()
    try:
        yield Traces(provider.get_tracer("tests"), exporter)
    finally:
        threading_instrumentor.uninstrument()
        provider.shutdown()
    # It logs, rather than raises, when a context is left in another one than it was entered in.
    assert not [record for record in caplog.get_records("call") if record.name.startswith("opentelemetry")]


def test_opentelemetrys_parent_of_a_task_is_its_submitters_span(
    new_executor: NewExecutor, traces: Traces
) -> None:
    executor = new_executor(2)

    def outer() -> str:
        with traces.span("outer"):
            return executor.submit(traces.task, "inner").result(LIMIT)

    with traces.span("caller"):
        assert executor.submit(traces.task, name="task").result(LIMIT) == "task"
        assert executor.submit(outer).result(LIMIT) == "inner"
    with traces.span("mapper"):
        results = executor.map(traces.task, ["a", "b", "c"], timeout=LIMIT)
    assert list(results) == ["a", "b", "c"]

    expected: dict[str, str | None] = {"caller": None, "task": "caller", "outer": "caller", "inner": "outer"}
    expected |= {"mapper": None} | dict.fromkeys("abc", "mapper")
    assert traces.parents() == expected


def test_opentelemetrys_parents_of_several_tasks_on_one_worker(
    new_executor: NewExecutor, traces: Traces, held: Held
) -> None:
    """The worker is started under one span, and keeps none of it for tasks of others, or of none."""
    executor = new_executor(1)
    with traces.span("first"):
        executor.submit(held)
        futures = [executor.submit(traces.task, "of first")]
        with traces.span("second"):
            futures.append(executor.submit(traces.task, "of second"))
        futures.append(executor.submit(traces.task, "of first again"))
    futures.append(executor.submit(traces.task, "of none"))
    held.release()
    assert [future.result(LIMIT) for future in futures]

    expected: dict[str, str | None] = {"first": None, "second": "first", "of none": None}
    expected |= {"of first": "first", "of second": "second", "of first again": "first"}
    assert traces.parents() == expected


def by_apply_async(pool: Any, task: Callable[[str], str], names: list[str]) -> Callable[[], list[str]]:
    handles = [pool.apply_async(task, (name,)) for name in names]
    return lambda: [handle.get(LIMIT) for handle in handles]


def by_map_async(pool: Any, task: Callable[[str], str], names: list[str]) -> Callable[[], list[str]]:
    return partial(pool.map_async(task, names).get, LIMIT)


def by_starmap_async(pool: Any, task: Callable[[str], str], names: list[str]) -> Callable[[], list[str]]:
    return partial(pool.starmap_async(task, [(name,) for name in names], chunksize=2).get, LIMIT)


def by_imap(pool: Any, task: Callable[[str], str], names: list[str]) -> Callable[[], list[str]]:
    results = pool.imap(task, names)
    return lambda: [results.next(LIMIT) for _ in names]


@only_threadmill  # the standard library's pool runs tasks in its workers' contexts
@pytest.mark.parametrize("send", [by_apply_async, by_map_async, by_starmap_async, by_imap])
def test_opentelemetrys_parents_of_a_pools_tasks(
    new_pool: NewPool, traces: Traces, held: Held, send: Callable[..., Callable[[], list[str]]]
) -> None:
    pool = new_pool(1)
    with traces.span("first"):
        pool.apply_async(held)
        of_first = send(pool, traces.task, ["a", "b", "c"])
        with traces.span("second"):
            of_second = send(pool, traces.task, ["d", "e", "f"])
    of_none = send(pool, traces.task, ["g", "h", "i"])
    held.release()
    assert of_first() + of_second() + of_none() == list("abcdefghi")

    expected: dict[str, str | None] = {"first": None, "second": "first"}
    expected |= dict.fromkeys("abc", "first") | dict.fromkeys("def", "second") | dict.fromkeys("ghi")
    assert traces.parents() == expected


# --- sentry --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sentry_client() -> Iterator[list[Any]]:
    """The SDK with its ThreadingIntegration, and what it would send. It patches once in a process, and
    has no way to undo that, so it is set up once for all tests, and undone by hand."""
    sdk = library("sentry_sdk")
    from sentry_sdk.integrations.threading import ThreadingIntegration
    from sentry_sdk.transport import Transport

    sent: list[Any] = []

    class Memory(Transport):
        def capture_envelope(self, envelope: Any) -> None:
            sent.extend(item.payload.json for item in envelope.items)

    executor = concurrent.futures.ThreadPoolExecutor
    submit = executor.submit
    with pytest.MonkeyPatch.context() as patches:
        patches.setattr(executor, "submit", submit)
        patches.setattr(threading.Thread, "start", threading.Thread.start)
        sdk.init(
            dsn="http://key@127.0.0.1/1",
            transport=Memory(),
            default_integrations=False,
            integrations=[ThreadingIntegration()],
            traces_sample_rate=1.0,
            # Else it asks git, and starts a thread to watch its own health.
            release="1",
            enable_backpressure_handling=False,
        )
        assert executor.submit is not submit
        yield sent
        sdk.get_client().close(timeout=0)
        sdk.get_global_scope().set_client(None)


@pytest.fixture
def sent(sentry_client: list[Any]) -> Iterator[list[Any]]:
    """What the SDK would have sent: the events of this test, which is a scope of its own."""
    import sentry_sdk

    sentry_client.clear()
    with sentry_sdk.isolation_scope():
        yield sentry_client


def tags(sent: list[Any]) -> dict[str, dict[str, str]]:
    """The messages that were captured, each with its tags."""
    return {event["message"]: event.get("tags", {}) for event in sent}


def tag_and_capture(message: str, **tags: str) -> None:
    import sentry_sdk

    sentry_sdk.set_tags(tags)
    sentry_sdk.capture_message(message)


def test_sentrys_tags_of_the_submitter_are_on_the_events_of_its_task(
    new_executor: NewExecutor, sent: list[Any]
) -> None:
    import sentry_sdk

    executor = new_executor(2)
    sentry_sdk.set_tag("request", "7")
    with sentry_sdk.new_scope() as scope:
        scope.set_tag("step", "parse")
        executor.submit(tag_and_capture, "in a scope").result(LIMIT)
        assert list(executor.map(tag_and_capture, ["mapped"], timeout=LIMIT)) == [None]
    executor.submit(tag_and_capture, "outside").result(LIMIT)

    both = {"request": "7", "step": "parse"}
    assert tags(sent) == {"in a scope": both, "mapped": both, "outside": {"request": "7"}}


def test_sentrys_tags_of_several_submitters_on_one_worker(
    new_executor: NewExecutor, sent: list[Any], held: Held
) -> None:
    import sentry_sdk

    executor = new_executor(1)
    futures = [executor.submit(held)]
    for request in "12":
        with sentry_sdk.isolation_scope() as scope:
            scope.set_tag("request", request)
            futures.append(executor.submit(tag_and_capture, f"of {request}"))
    futures.append(executor.submit(tag_and_capture, "of none"))
    held.release()
    for future in futures:
        future.result(LIMIT)

    assert tags(sent) == {"of 1": {"request": "1"}, "of 2": {"request": "2"}, "of none": {}}


def test_sentrys_tags_of_a_task_end_with_it(new_executor: NewExecutor, sent: list[Any]) -> None:
    """Neither the next task on its worker nor its submitter sees them."""
    import sentry_sdk

    executor = new_executor(1)
    sentry_sdk.set_tag("request", "7")
    executor.submit(tag_and_capture, "task", own="yes").result(LIMIT)
    assert list(executor.map(partial(tag_and_capture, own="too"), ["mapped"], timeout=LIMIT)) == [None]
    executor.submit(tag_and_capture, "next task").result(LIMIT)
    tag_and_capture("submitter")

    request = {"request": "7"}
    own = {"task": request | {"own": "yes"}, "mapped": request | {"own": "too"}}
    assert tags(sent) == own | {"next task": request, "submitter": request}


def test_sentrys_parent_of_a_task_is_its_submitters_span(new_executor: NewExecutor, sent: list[Any]) -> None:
    import sentry_sdk

    def task() -> tuple[str, str | None]:
        with sentry_sdk.start_span(name="task") as span:
            return span.trace_id, span.parent_span_id

    executor = new_executor(1)
    for name in ("first", "second"):
        with sentry_sdk.start_transaction(name=name) as transaction:
            seen = executor.submit(task).result(LIMIT)
            assert seen == (transaction.trace_id, transaction.span_id)
            with sentry_sdk.start_span(name="step") as step:
                seen = executor.submit(task).result(LIMIT)
                assert seen == (transaction.trace_id, step.span_id)
    assert [len(event["spans"]) for event in sent] == [3, 3]


def test_sentry_leaves_the_futures_as_they_are(
    new_executor: NewExecutor, sent: list[Any], held: Held
) -> None:
    executor = new_executor(1)
    assert executor.submit(divmod, 7, 2).result(LIMIT) == (3, 1)
    assert isinstance(executor.submit(divmod, 7, 0).exception(LIMIT), ZeroDivisionError)
    running = executor.submit(held, "running")
    held.wait_until_begun()
    cancelled, cut_off = executor.submit(divmod, 7, 2), executor.submit(divmod, 7, 2)
    assert cancelled.cancel()
    executor.shutdown(wait=False, cancel_futures=True)
    assert cancelled.cancelled()
    assert cut_off.cancelled()
    held.release()
    assert running.result(LIMIT) == "running"
    with pytest.raises(RuntimeError, match=r"^cannot schedule new futures after shutdown$"):
        executor.submit(divmod, 7, 2)


@only_threadmill  # the standard library's pool runs tasks in its workers' contexts
def test_sentrys_tags_are_on_the_events_of_a_pools_tasks(new_pool: NewPool, sent: list[Any]) -> None:
    import sentry_sdk

    pool = new_pool(1)
    for request in "12":
        with sentry_sdk.isolation_scope() as scope:
            scope.set_tag("request", request)
            pool.apply_async(tag_and_capture, (f"of {request}",)).get(LIMIT)
            pool.map_async(tag_and_capture, [f"mapped of {request}"]).get(LIMIT)
    pool.apply_async(tag_and_capture, ("of none",)).get(LIMIT)

    expected = {f"{how} {i}": {"request": i} for i in "12" for how in ("of", "mapped of")}
    assert tags(sent) == expected | {"of none": {}}
