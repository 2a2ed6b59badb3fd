from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from simpleflow_steps import Group, LocalExecutor, Step, Workflow, WorkflowStepMixin, activity
from simpleflow_steps.events import ActivityFinished, ActivityStarted, Event, RunFinished, RunStarted, StepCompleted
from simpleflow_steps.exceptions import TaskFailed
from simpleflow_steps.storage import MemoryStorage
from simpleflow_steps.telemetry import NoTelemetry, find_telemetry

LONG = 20
PREFIX = "simpleflow_steps."


class Traces(SpanProcessor):
    """Every span, and those that nobody has ended."""

    def __init__(self) -> None:
        self.open: set[int] = set()
        self.exporter = InMemorySpanExporter()

    def on_start(self, span: Any, parent_context: Any = None) -> None:
        self.open.add(span.context.span_id)

    def on_end(self, span: ReadableSpan) -> None:
        self.open.remove(span.context.span_id)
        self.exporter.export([span])

    @property
    def spans(self) -> list[ReadableSpan]:
        """The spans that ended, in the order in which they started."""
        return sorted(self.exporter.get_finished_spans(), key=lambda span: span.start_time)

    def paths(self) -> list[str]:
        """Each span with those around it, outermost first."""
        known = {span.context.span_id: span for span in self.spans}

        def path(span: ReadableSpan) -> str:
            around = known.get(span.parent.span_id) if span.parent else None
            return f"{path(around)} > {span.name}" if around else span.name

        return sorted(path(span) for span in known.values())

    def find(self, name: str) -> ReadableSpan:
        (span,) = self.all(name)
        return span

    def all(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.spans if span.name == name]


def provide(monkeypatch: pytest.MonkeyPatch, *processors: SpanProcessor) -> None:
    """Set the provider up; the API's own function for this works once in a process."""
    provider = TracerProvider(shutdown_on_exit=False)
    for processor in processors:
        provider.add_span_processor(processor)
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)


@pytest.fixture
def traces(monkeypatch: pytest.MonkeyPatch) -> Iterator[Traces]:
    traces = Traces()
    provide(monkeypatch, traces)
    yield traces
    assert traces.open == set()
    assert not trace.get_current_span().is_recording()


def own_span(name: str) -> Any:
    return trace.get_tracer("the program's").start_as_current_span(name)


@activity.with_attributes(name="work")
def work(number: int = 0) -> int:
    with own_span(f"inside {number}"):
        return number


@activity.with_attributes(name="wait")
async def wait(number: int) -> int:
    await asyncio.sleep(0)
    with own_span(f"inside {number}"):
        await asyncio.sleep(0)
    return number


@activity.with_attributes(name="flaky", retry=1)
def flaky() -> str:
    activity.heartbeat({"attempt": activity.context().attempt})
    if activity.context().attempt == 1:
        raise ConnectionError("nobody there")
    return "there"


@activity.with_attributes(name="broken")
def broken() -> None:
    raise ValueError("no money")


def run(body: Callable[..., Any], *args: Any, **options: Any) -> Any:
    attributes = {"name": "flow", "version": "7", "run": body}
    flow = type("Flow", (Workflow, WorkflowStepMixin), attributes)
    return LocalExecutor(flow, **{"storage": MemoryStorage(), "workflow_id": "w", **options}).run(*args)


def attributes(span: ReadableSpan) -> dict[str, Any]:
    found = span.attributes or {}
    return {name.removeprefix(PREFIX): value for name, value in found.items() if not name.endswith((".id", ".version"))}


def nested(self: Any) -> Any:
    inner = Group((work, 1), self.step("inner", Group((work, 2), (work, 3))))
    return self.submit(self.step("outer", inner)).result


def test_steps_are_inside_the_run_or_their_step_and_activities_inside_them(traces):
    assert run(nested) == [1, [2, 3]]

    outer, inner = "workflow flow > step outer", "workflow flow > step outer > step inner"
    assert traces.paths() == [
        "workflow flow",
        outer,
        f"{outer} > activity work",
        f"{outer} > activity work > inside 1",
        inner,
        *[f"{inner} > activity work"] * 2,
        f"{inner} > activity work > inside 2",
        f"{inner} > activity work > inside 3",
    ]


def test_a_span_says_of_which_run_it_is(traces):
    events: list[Event] = []
    run(nested, on_event=events.append)

    ours = [span for span in traces.spans if not span.name.startswith("inside")]
    assert {span.attributes[f"{PREFIX}workflow.id"] for span in ours} == {"w"}
    assert {span.attributes[f"{PREFIX}run.id"] for span in ours} == {events[0].run_id}
    assert traces.find("workflow flow").attributes[f"{PREFIX}workflow.version"] == "7"


def test_a_span_says_what_became_of_it(traces):
    run(lambda self: self.submit(self.step("a", (work, 1))).result, force={"a": "new prices"})

    assert attributes(traces.find("workflow flow")) == {"workflow.name": "flow", "run.status": "completed"}
    assert attributes(traces.find("step a")) == {
        "step.name": "a",
        "step.forced": True,
        "step.reasons": ("new prices",),
        "step.status": "completed",
        "step.duplicate": False,
    }
    assert attributes(traces.find("activity work")) == {
        "activity.name": "work",
        "activity.attempt": 1,
        "step.name": "a",
        "activity.status": "completed",
    }
    assert {span.status.status_code for span in traces.spans} == {StatusCode.UNSET}


def test_a_span_has_the_times_of_its_events(traces):
    events: list[Any] = []
    run(lambda self: self.submit(self.step("a", (work, 1))).result, on_event=events.append)

    def when(kind: type[Event]) -> int:
        (event,) = [event for event in events if type(event) is kind]
        return round(event.at.timestamp() * 1e6)

    run_span, step, attempt = (traces.find(name) for name in ("workflow flow", "step a", "activity work"))
    assert (run_span.start_time // 1000, run_span.end_time // 1000) == (when(RunStarted), when(RunFinished))
    assert step.end_time // 1000 == when(StepCompleted)
    assert (attempt.start_time // 1000, attempt.end_time // 1000) == (when(ActivityStarted), when(ActivityFinished))


def test_each_attempt_is_a_span_and_each_retry_an_event_of_its_step(traces):
    run(lambda self: self.submit(self.step("a", flaky)).result)

    first, second = traces.all("activity flaky")
    step = traces.find("step a")
    (retry,) = step.events
    assert (first.status.status_code, first.status.description) == (StatusCode.ERROR, "nobody there")
    assert (second.status.status_code, step.status.status_code) == (StatusCode.UNSET, StatusCode.UNSET)
    assert first.end_time <= second.start_time
    assert (retry.name, retry.attributes[f"{PREFIX}retry.error"]) == ("retry", "ConnectionError: nobody there")


def test_a_heartbeat_is_an_event_of_its_attempt(traces):
    run(lambda self: self.submit(flaky).result)

    told = [
        [(event.name, *event.attributes.values()) for event in span.events] for span in traces.all("activity flaky")
    ]
    assert told == [
        [("heartbeat", "{'attempt': 1}"), ("exception", "nobody there", "ConnectionError")],
        [("heartbeat", "{'attempt': 2}")],
    ]


def test_a_failure_is_the_error_of_all_that_it_fails(traces):
    with pytest.raises(TaskFailed):
        run(lambda self: self.submit(self.step("pay", broken)).result)

    told = {span.name: (span.status.status_code, span.status.description) for span in traces.spans}
    whole = "activity-broken failed: ValueError: no money"
    assert told == {
        "workflow flow": (StatusCode.ERROR, whole),
        "step pay": (StatusCode.ERROR, whole),
        "activity broken": (StatusCode.ERROR, "no money"),
    }
    (raised,) = traces.find("workflow flow").events
    assert dict(raised.attributes) == {"exception.message": whole, "exception.type": "TaskFailed"}
    assert dict(traces.find("step pay").events[0].attributes) == dict(raised.attributes)
    assert attributes(traces.find("step pay"))["step.status"] == "failed"


def test_the_message_of_an_exception_is_cut(traces):
    @activity.with_attributes(name="verbose")
    def verbose() -> None:
        raise ValueError("x" * 1_000_000)

    with pytest.raises(TaskFailed):
        run(lambda self: self.submit(verbose).result)

    assert {len(span.status.description) for span in traces.spans} == {4099}


def test_a_skipped_step_is_a_span_that_says_so(traces):
    storage = MemoryStorage()
    run(lambda self: self.submit(self.step("a", (work, 1))).result, storage=storage)
    run(lambda self: self.submit(self.step("a", (work, 1))).result, storage=storage)

    skipped = traces.all("step a")[1]
    assert attributes(skipped) == {
        "step.name": "a",
        "step.forced": False,
        "step.reasons": ("Step was already played",),
        "step.status": "skipped",
        "step.done": True,
    }
    assert len(traces.all("activity work")) == 1


def test_what_is_done_instead_of_a_step_is_inside_its_span(traces):
    step = Step("a", (work, 1), activities_if_step_already_done=(work, 2))
    run(lambda self: self.submit(step).result, skip=["a"])

    assert attributes(traces.find("step a"))["step.status"] == "skipped"
    assert "workflow flow > step a > activity work > inside 2" in traces.paths()


def test_an_invalidated_step_is_an_event_of_the_run(traces):
    storage = MemoryStorage()
    run(lambda self: self.submit(self.step("b", (work, 1))).result, storage=storage)
    first = Step("a", (work, 2), force_steps_if_executed=["b"])
    run(lambda self: self.submit(first).result, storage=storage)

    (event,) = traces.all("workflow flow")[1].events
    assert (event.name, event.attributes[f"{PREFIX}step.name"]) == ("step invalidated", "b")


class Child(Workflow, WorkflowStepMixin):
    name = "child"

    def run(self, number: int) -> int:
        return self.submit(self.step("a", (work, number))).result


def test_a_child_is_inside_the_step_that_started_it(traces):
    def parent(self: Any) -> Any:
        return self.submit(self.step("outer", Group((Child, 1)))).result, self.submit(Child, 2).result

    assert run(parent) == ([1], 2)

    stepped, plain = "workflow flow > step outer > workflow child", "workflow flow > workflow child"
    assert [path for path in traces.paths() if path.endswith("inside 1")] == [
        f"{stepped} > step a > activity work > inside 1"
    ]
    assert [path for path in traces.paths() if path.endswith("inside 2")] == [
        f"{plain} > step a > activity work > inside 2"
    ]


def test_activities_side_by_side_see_their_own_span_each(traces):
    together = threading.Barrier(4)

    @activity.with_attributes(name="meet")
    def meet(number: int) -> None:
        together.wait(LONG)
        with own_span(f"inside {number}"):
            together.wait(LONG)

    run(lambda self: self.submit(Group(*((meet, n) for n in range(4)))).result, max_workers=4)

    around = {span.parent.span_id for span in traces.spans if span.name.startswith("inside")}
    assert around == {span.context.span_id for span in traces.all("activity meet")}
    assert len(around) == 4


def test_an_async_activity_sees_its_span(traces):
    run(lambda self: self.submit(self.step("a", Group(*((wait, n) for n in range(3))))).result)

    inside = [path for path in traces.paths() if "inside" in path]
    assert inside == [f"workflow flow > step a > activity wait > inside {n}" for n in range(3)]


def test_activities_in_processes_have_spans_that_they_do_not_see(traces):
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        run(lambda self: self.submit(self.step("a", (work, 1))).result, pool=pool)

    assert traces.paths() == ["workflow flow", "workflow flow > step a", "workflow flow > step a > activity work"]


def test_the_callers_span_is_around_the_run(traces):
    with own_span("the caller's"):
        run(lambda self: self.submit(work).result)

    assert "the caller's > workflow flow > activity work" in traces.paths()


def test_a_span_that_the_workflow_makes_is_around_what_it_submits_there(traces):
    def body(self: Any) -> Any:
        with own_span("mine"):
            return self.submit(self.step("a", (work, 1))).result

    run(body)

    assert "workflow flow > mine > step a > activity work > inside 1" in traces.paths()


def test_a_retry_is_where_its_activity_was_submitted(traces):
    def body(self: Any) -> Any:
        trying = self.submit(flaky)
        with own_span("mine"):
            return trying.result

    run(body)

    assert traces.paths().count("workflow flow > activity flaky") == 2


def test_a_run_that_continues_as_new_is_linked_to_the_next(traces):
    def body(self: Any, again: int) -> Any:
        self.submit(work, again).wait()
        return self.continue_as_new(again - 1) if again else "done"

    assert run(body, 2) == "done"

    runs = traces.all("workflow flow")
    assert [attributes(span)["run.status"] for span in runs] == ["continued", "continued", "completed"]
    assert [[link.context for link in span.links] for span in runs] == [[], [runs[0].context], [runs[1].context]]
    assert {span.parent for span in runs} == {None}


def test_a_cancelled_run_closes_its_spans(traces):
    reached, go_on = threading.Event(), threading.Event()

    @activity.with_attributes(name="hang")
    def hang() -> None:
        reached.set()
        go_on.wait(LONG)

    class Hanging(Workflow, WorkflowStepMixin):
        name = "hanging"

        def run(self) -> None:
            self.submit(self.step("a", hang)).wait()

    def body(self: Any) -> None:
        child = self.submit(Hanging)
        assert reached.wait(LONG)
        child.cancel()

    run(body)
    go_on.set()

    told = {span.name: attributes(span) for span in traces.spans}
    assert told["workflow hanging"]["run.status"] == "canceled"
    assert told["step a"]["step.status"] == "canceled"
    assert told["activity hang"]["activity.status"] == "canceled"
    assert {span.status.status_code for span in traces.spans} == {StatusCode.UNSET}


def test_an_interrupted_run_closes_its_spans(traces):
    reached, go_on = threading.Event(), threading.Event()

    @activity.with_attributes(name="hang")
    def hang() -> None:
        reached.set()
        go_on.wait(LONG)

    @activity.with_attributes(name="look")
    def look() -> bool:
        return reached.wait(LONG)

    def body(self: Any) -> None:
        self.submit(self.step("a", hang))
        assert self.submit(look).result
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(body, grace_period=0.01)
    go_on.set()

    assert attributes(traces.find("workflow flow"))["run.status"] == "interrupted"
    assert attributes(traces.find("activity hang"))["activity.status"] == "canceled"


def test_an_attempt_that_times_out_is_an_error(traces):
    go_on = threading.Event()

    @activity.with_attributes(name="slow", start_to_close_timeout=0.01)
    def slow() -> None:
        go_on.wait(LONG)

    with pytest.raises(TaskFailed):
        run(lambda self: self.submit(slow).result)
    go_on.set()

    span = traces.find("activity slow")
    assert attributes(span)["activity.status"] == "timed_out"
    assert span.status.description == "no end within start_to_close_timeout=0.01 s"


def test_an_attempt_that_never_began_is_an_error_of_no_length(traces):
    class Full(ProcessPoolExecutor):
        def submit(self, *args: Any, **kwargs: Any) -> Any:
            raise RuntimeError("no room")

    with pytest.raises(TaskFailed):
        run(lambda self: self.submit(work).result, pool=Full(1))

    span = traces.find("activity work")
    assert (span.start_time, span.status.description) == (span.end_time, "no room")


def test_an_exporter_that_fails_does_not_harm_the_run(monkeypatch):
    class Broken(InMemorySpanExporter):
        def export(self, spans: Any) -> Any:
            raise OSError("collector out of reach")

    provide(monkeypatch, SimpleSpanProcessor(Broken()))

    assert run(nested) == [1, [2, 3]]


@pytest.mark.parametrize("method", ["on_start", "on_end"])
def test_a_processor_that_fails_does_not_harm_the_run_and_is_told(monkeypatch, caplog, method):
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("out of order")

    processor = SpanProcessor()
    monkeypatch.setattr(processor, method, fail)
    provide(monkeypatch, processor)

    assert run(lambda self: self.submit(self.step("a", (wait_plainly, 1))).result) == 1
    assert "a span was lost: tracing raised RuntimeError('out of order')" in caplog.messages


@activity.with_attributes(name="plain")
def wait_plainly(number: int) -> int:
    return number


def test_without_a_provider_nothing_is_traced():
    assert isinstance(find_telemetry(), NoTelemetry)


def test_with_a_provider_that_does_nothing_nothing_is_traced(monkeypatch):
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", trace.NoOpTracerProvider())

    assert isinstance(find_telemetry(), NoTelemetry)


def test_a_disabled_sdk_traces_nothing(monkeypatch):
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    provide(monkeypatch)

    assert isinstance(find_telemetry(), NoTelemetry)


def test_a_run_imports_no_opentelemetry_by_itself():
    program = """
import sys
from simpleflow_steps import LocalExecutor, Workflow

class Nothing(Workflow):
    def run(self):
        return 1

LocalExecutor(Nothing, storage="memory://n").run()
print(*(name for name in sys.modules if name.startswith("opentelemetry")))
"""
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert told.stdout == "\n"
