"""Requests are counted, not assumed: by a storage that counts, and on the wire of real S3 servers."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import pytest

from simpleflow_steps import Group, Step
from simpleflow_steps.storage import S3Storage, open_storage
from simpleflow_steps.storage.s3 import probe
from tests.step.doubles import Watched
from tests.step.stage import CALLS, Stage, note, simple

PROBE = 3  # PUTs, once for each process and prefix: two creations and one replacement that must be refused
KNOWN_BUCKET = PROBE - 1  # the object that the probe needs is there
FRESH = {"PUT": 4}  # of a run as such: its lease and its record, at its start and at its end
RESUMED = {"PUT": 5, "GET": 1}  # the lease of the run before is found, read and replaced
WAITS = 1  # LIST, if a done step is played anew: what its waits have had is forgotten
NAMES = [f"s.{number}" for number in range(7)]
ON_S3 = pytest.mark.parametrize("storage", ["seaweedfs", "localstack"], indirect=True)
ON_SEAWEEDFS = pytest.mark.parametrize("storage", ["seaweedfs"], indirect=True)


def side_by_side(*names: str) -> Any:
    return lambda workflow: workflow.submit(Group(*(Step(name, (note, name)) for name in names))).result


def counted(stage: Stage, body: Any, **options: Any) -> dict[str, int]:
    """Count what one run asks of its storage."""
    watched = Watched(stage.storage)
    stage.run(body, storage=watched, **options)
    return watched.counts


def on_the_wire(stage: Stage, body: Any, **options: Any) -> Counter[str]:
    """Count the requests of one run as a process of its own would make them."""
    probe._probes.clear()
    fresh = open_storage(f"{stage.storage.url}&client=boto3")
    assert isinstance(fresh, S3Storage)
    requests: Counter[str] = Counter()

    def count(request: Any, **_: Any) -> None:
        listing = request.method == "GET" and "list-type=2" in urlsplit(request.url).query
        requests["LIST" if listing else request.method] += 1

    fresh._connection.client.meta.events.register("before-send.s3", count)
    stage.run(body, storage=fresh, **options)
    return requests


@pytest.mark.parametrize("kind", [simple, side_by_side])
def test_fresh_steps_cost_one_put_each_and_one_list(stage: Stage, kind):
    assert counted(stage, kind(*NAMES)) == {"list": 1, "put": len(NAMES)}


@pytest.mark.parametrize("kind", [simple, side_by_side])
def test_forced_steps_cost_two_puts_each(stage: Stage, kind):
    stage.run(kind(*NAMES))

    assert counted(stage, kind(*NAMES), force=["s"]) == {"list": 1, "put": 2 * len(NAMES)}


def test_a_resume_with_everything_done_costs_only_the_list(stage: Stage):
    def body(workflow: Any) -> Any:
        steps = Group(*(Step(name, (note, name)) for name in NAMES), Step("outer", Step("inner", note)))
        assert workflow.submit(steps).exception is None

    for name in (*NAMES, "outer", "inner"):
        stage.write(name, b"{}")

    assert counted(stage, body) == {"list": 1}
    assert CALLS == []


def test_steps_skipped_by_name_and_their_alternatives_cost_only_the_list(stage: Stage):
    stage.run(simple("a", "b"))

    def body(workflow: Any) -> Any:
        skipped = Step("a", note, activities_if_step_already_done=Step("b", note))
        assert workflow.submit(skipped).exception is None

    assert counted(stage, body, skip=["a"]) == {"list": 1}


def test_each_result_read_costs_one_get_however_often_it_is_read(stage: Stage):
    def body(workflow: Any) -> Any:
        step = workflow.submit(Step("a", (note, "a")))
        return [step.result, step.result, workflow.submit(note, step).result]

    stage.run(simple("a", "b"))

    assert counted(stage, body) == {"list": 1, "get": 1}


def test_a_step_runs_again_for_one_put_if_it_was_invalidated_already(stage: Stage):
    stage.write("a", b"")

    assert counted(stage, simple("a"), force=["a"]) == {"list": 1, "put": 1}


def test_dependents_cost_one_put_each_if_they_were_done(stage: Stage):
    stage.run(simple("x.1", "x.2", "y"))
    body = simple("a", force_steps_if_executed=["x", "no-such-step"])

    assert counted(stage, body) == {"list": 1, "put": 3}


@ON_S3
def test_on_the_wire_fresh_steps_cost_one_put_each_one_list_and_the_probe(stage: Stage):
    assert on_the_wire(stage, simple(*NAMES)) == {"LIST": 1, "PUT": PROBE + FRESH["PUT"] + len(NAMES)}


@ON_S3
def test_on_the_wire_a_resume_costs_only_the_list_and_what_each_run_costs(stage: Stage):
    stage.run(simple(*NAMES))

    def body(workflow: Any) -> None:
        for name in NAMES:
            workflow.submit(Step(name, note))

    assert on_the_wire(stage, body) == {"LIST": 1, "PUT": KNOWN_BUCKET + RESUMED["PUT"], "GET": RESUMED["GET"]}


@ON_S3
def test_on_the_wire_forced_steps_cost_two_puts_each(stage: Stage):
    stage.run(simple(*NAMES))

    assert on_the_wire(stage, simple(*NAMES), force=["s"]) == {
        "LIST": 1 + WAITS,
        "PUT": KNOWN_BUCKET + RESUMED["PUT"] + 2 * len(NAMES),
        "GET": RESUMED["GET"],
    }


@ON_SEAWEEDFS
def test_on_the_wire_2500_markers_cost_three_lists(stage: Stage):
    names = [f"s.{number:04}" for number in range(2500)]
    with ThreadPoolExecutor(16) as threads:
        list(threads.map(lambda name: stage.write(name, b"{}"), names))

    def body(workflow: Any) -> Any:
        return workflow.submit(Group(*(Step(name, note) for name in names))).exception

    assert on_the_wire(stage, body) == {"LIST": 3, "PUT": PROBE + FRESH["PUT"]}
    assert CALLS == []
