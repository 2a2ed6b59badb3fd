from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tenacity import wait_none

from simpleflow_steps import Chain, FuncGroup, Group, Step, codec
from simpleflow_steps.codec import Encoded
from simpleflow_steps.events import StepCompleted
from simpleflow_steps.exceptions import (
    LeaseLost,
    MarkerCorrupt,
    ObjectTooLarge,
    PreconditionFailed,
    ResultNotStored,
    RunSuperseded,
    StorageUnavailable,
)
from simpleflow_steps.step.marker import MARKER_LIMIT, Marker, MarkerRegister, Seen, fresh_nonce
from simpleflow_steps.storage import MemoryStorage, Storage, open_storage
from simpleflow_steps.storage.fence import fenced
from tests.step.doubles import Call, Watched, at, at_key, raising
from tests.step.stage import CALLS, EVERYWHERE, IN_MEMORY, Stage, note, simple
from tests.storage.s3.faulty import Answer, faulty_server

NOW = datetime(2026, 1, 2, tzinfo=UTC)
WRITTEN = """{
  "step": "a",
  "workflow_id": "w",
  "run_id": "r",
  "name": "staged",
  "version": "1",
  "started": "2026-01-02T00:00:00.000005Z",
  "finished": "2026-01-02T00:00:00Z",
  "forced": true,
  "reasons": [
    "näh"
  ],
  "attempt": 1,
  "nonce": "n",
  "result": {
    "a": [
      1,
      2.5,
      {}
    ]
  },
  "result_shape": "m:f"
}"""
LOST_ANSWER = raising(PreconditionFailed("the answer to an earlier attempt was lost"))


def make_marker(**facts: Any) -> Marker:
    return Marker(
        **{
            "step": "a",
            "workflow_id": "w",
            "run_id": "r",
            "name": "staged",
            "version": "1",
            "started": NOW,
            "finished": NOW,
            "nonce": fresh_nonce(),
            **facts,
        }
    )


def foreign(result: Any = "foreign") -> bytes:
    return codec.written(make_marker(run_id="other", nonce="theirs", result=result))


def result() -> Encoded:
    return Encoded("mine")


@pytest.fixture
def register(storage: Storage) -> MarkerRegister:
    return MarkerRegister(storage, "w/steps", "w/results")


# The register


@EVERYWHERE
def test_a_marker_is_created_invalidated_and_replaced(register: MarkerRegister):
    created = register.mark(make_marker(), result, None, ours=False)
    invalidated = register.invalidate("a", created.seen)
    replaced = register.mark(make_marker(attempt=2), result, invalidated.seen, ours=True)

    assert (created.duplicate, created.seen.done, invalidated.seen.done) == (False, True, False)
    assert register.list() == {"a": replaced.seen}
    assert register.read("a").attempt == 2
    assert register.read_result("a").value == "mine"


@EVERYWHERE
def test_a_marker_that_another_run_created_first_is_taken(register: MarkerRegister):
    register.storage.put("w/steps/a", foreign())

    marked = register.mark(make_marker(), result, None, ours=False)

    assert marked.duplicate
    assert register.list() == {"a": marked.seen}
    assert register.read_result("a").value == "foreign"


@EVERYWHERE
def test_a_forced_step_replaces_what_another_run_created_first(register: MarkerRegister):
    register.storage.put("w/steps/a", foreign())

    marked = register.mark(make_marker(forced=True), result, None, ours=False)

    assert not marked.duplicate
    assert register.list() == {"a": marked.seen}
    assert register.read_result("a").value == "mine"


@IN_MEMORY
def test_a_forced_step_replaces_nothing_once_its_run_has_lost_the_lease(register: MarkerRegister):
    register.storage.put("w/steps/a", foreign())
    with fenced(raising(LeaseLost("gone"))), pytest.raises(LeaseLost):
        register.mark(make_marker(forced=True), result, None, ours=False)

    assert register.read_result("a").value == "foreign"


@EVERYWHERE
@pytest.mark.parametrize("body", [foreign(), b"{}"], ids=["ours", "simpleflow's"])
def test_a_marker_written_since_it_was_seen_is_never_overwritten(register: MarkerRegister, body):
    seen = register.mark(make_marker(), result, None, ours=False).seen
    register.storage.put("w/steps/a", body)

    with pytest.raises(RunSuperseded, match="step 'a' was marked done by another run"):
        register.invalidate("a", seen)

    assert register.storage.get("w/steps/a") == body


@EVERYWHERE
def test_a_marker_written_since_it_was_invalidated_is_never_overwritten(register: MarkerRegister):
    seen = register.invalidate("a", register.mark(make_marker(), result, None, ours=False).seen).seen
    register.storage.put("w/steps/a", foreign())

    with pytest.raises(RunSuperseded):
        register.mark(make_marker(), result, seen, ours=True)

    assert register.storage.get("w/steps/a") == foreign()


def revive(register: MarkerRegister) -> None:
    """Have a run that paused mark its step, after a second run marked it and a third invalidated it."""
    paused = register.invalidate("a", register.mark(make_marker(), result, None, ours=False).seen).seen
    second, third = (MarkerRegister(register.storage, "w/steps", "w/results") for _ in range(2))
    second.mark(make_marker(run_id="second"), result, second.list()["a"], ours=False)
    third.invalidate("a", third.list()["a"])
    with pytest.raises(RunSuperseded):
        register.mark(make_marker(), result, paused, ours=True)


def test_a_paused_run_cannot_revive_a_step_that_was_invalidated_again(register: MarkerRegister):
    revive(register)


@pytest.mark.xfail(reason="on S3 every empty object has the same ETag: only the lease keeps the paused run from this")
@pytest.mark.parametrize("storage", ["seaweedfs", "localstack"], indirect=True)
def test_a_paused_run_cannot_revive_a_step_on_s3_either(register: MarkerRegister):
    revive(register)


@EVERYWHERE
def test_a_marker_removed_since_it_was_seen_is_not_done(register: MarkerRegister):
    seen = register.mark(make_marker(), result, None, ours=False).seen
    register.storage.delete("w/steps/a")

    assert register.invalidate("a", seen).seen is None
    assert register.list() == {}


@EVERYWHERE
def test_a_marker_removed_since_it_was_invalidated_is_not_written(register: MarkerRegister):
    seen = register.invalidate("a", register.mark(make_marker(), result, None, ours=False).seen).seen
    register.storage.delete("w/steps/a")

    with pytest.raises(RunSuperseded, match="step 'a' was removed by another run"):
        register.mark(make_marker(), result, seen, ours=True)

    assert register.list() == {}


@EVERYWHERE
def test_a_marker_that_another_run_created_and_invalidated_is_not_written(register: MarkerRegister):
    register.storage.put("w/steps/a", b"")

    with pytest.raises(RunSuperseded, match="step 'a' was invalidated by another run"):
        register.mark(make_marker(), result, None, ours=False)


def test_an_invalidation_by_somebody_else_is_as_good(register: MarkerRegister):
    register.storage.put("w/steps/a", b"")

    invalidated = register.invalidate("a", Seen("older", 7))

    assert register.list() == {"a": invalidated.seen}


def test_a_lost_answer_to_a_mark_is_found_by_its_nonce(storage: Storage):
    register = MarkerRegister(Watched(storage, after=at("put", 1, LOST_ANSWER)), "w/steps", "w/results")

    marked = register.mark(make_marker(), result, None, ours=False)

    assert not marked.duplicate
    assert register.list() == {"a": marked.seen}


def test_a_lost_answer_to_an_invalidation_is_found_by_the_empty_marker(storage: Storage):
    register = MarkerRegister(Watched(storage, after=at("put", 2, LOST_ANSWER)), "w/steps", "w/results")
    seen = register.mark(make_marker(), result, None, ours=False).seen

    invalidated = register.invalidate("a", seen)

    assert register.list() == {"a": invalidated.seen}
    assert not invalidated.seen.done


def test_a_register_that_lost_once_writes_nothing_more(storage: Storage):
    watched = Watched(storage)
    register = MarkerRegister(watched, "w/steps", "w/results")
    seen = register.mark(make_marker(), result, None, ours=False).seen
    storage.put("w/steps/a", foreign())
    with pytest.raises(RunSuperseded):
        register.invalidate("a", seen)
    before = len(watched.writes)

    with pytest.raises(RunSuperseded):
        register.mark(make_marker(step="b"), result, None, ours=False)
    with pytest.raises(RunSuperseded):
        register.invalidate("c", Seen("etag", 1))

    assert len(watched.writes) == before


def test_only_markers_are_listed(register: MarkerRegister):
    for key in ("w/steps/a", "w/steps/a.b", "w/steps/a/b", "w/steps/", "w/stepsx", "w/steps.results/a", "x/steps/a"):
        register.storage.put(key, b"{}")

    assert set(register.list()) == {"a", "a.b"}


def test_every_nonce_is_fresh():
    assert len({fresh_nonce() for _ in range(100)}) == 100


# Reading


@pytest.mark.parametrize(
    "key",
    [
        "w/lease",
        "w/steps/b",
        "w/results",
        "w/resultsx/a",
        "results/a",
        "/etc/passwd",
        "w/results/../steps/b",
        "w/results/a/../../b",
        "w/results/./a",
        "",
    ],
)
def test_a_marker_may_not_point_outside_the_results(register: MarkerRegister, key):
    register.storage.put("w/steps/b", b'"secret"')
    register.storage.put("w/lease", b'"secret"')
    register.storage.put("w/steps/a", codec.written(make_marker(result_key=key)))

    with pytest.raises(MarkerCorrupt, match=r"its marker points at .* outside w/results/; clear the step"):
        register.read_result("a")


HOSTILE_SHAPES = ["os:system", "builtins:eval", "no_such_module:f", "subprocess:Popen", ":", "os", "a.b"]


@pytest.mark.parametrize("shape", HOSTILE_SHAPES)
def test_a_marker_may_not_name_what_is_no_activity(register: MarkerRegister, shape):
    register.storage.put("w/steps/a", codec.written(make_marker(result="true", result_shape=shape)))

    cure = "Import that module, run the workflow the way it ran before, or force the step"
    with pytest.raises(ResultNotStored, match=f"step 'a': its result cannot be read: .*{cure}"):
        register.read_result("a")


@pytest.mark.parametrize("shape", [7, {"each": 7}, {"x": "y"}, [[None]], {"each": None}, True])
def test_a_shape_that_does_not_fit_is_a_clear_error(register: MarkerRegister, shape):
    register.storage.put("w/steps/a", codec.written(make_marker(result="text", result_shape=shape)))

    with pytest.raises((ResultNotStored, MarkerCorrupt), match="step 'a'"):
        register.read_result("a")


def test_a_result_that_is_gone_is_a_clear_error(register: MarkerRegister):
    register.storage.put("w/steps/a", codec.written(make_marker(result_key="w/results/a/x.json")))

    with pytest.raises(ResultNotStored, match=r"its result w/results/a/x.json is gone; force the step"):
        register.read_result("a")


def test_a_result_full_of_garbage_is_a_clear_error(register: MarkerRegister):
    register.storage.put("w/steps/a", codec.written(make_marker(result_key="w/results/a/x.json")))
    register.storage.put("w/results/a/x.json", b"{")

    with pytest.raises(MarkerCorrupt, match=r"step 'a': result w/results/a/x.json is not JSON"):
        register.read_result("a")


def test_nothing_is_read_that_is_too_large_for_a_marker(register: MarkerRegister):
    register.storage.put("w/steps/a", b" " * (MARKER_LIMIT + 1))

    with pytest.raises(MarkerCorrupt, match=r"step 'a'.*1048577 bytes, more than 1048576; clear the step") as raised:
        register.read_result("a")

    assert isinstance(raised.value.__cause__, ObjectTooLarge)


def test_a_marker_is_written_for_people_without_what_it_does_not_have(register: MarkerRegister):
    facts = {"started": NOW.replace(microsecond=5), "forced": True, "reasons": ("näh",), "nonce": "n"}
    register.mark(make_marker(**facts), lambda: Encoded({"a": [1, 2.5, {}]}, "m:f"), None, ours=False)

    assert bytes(register.get("a")).decode() == WRITTEN


def test_a_marker_of_few_words_is_read(register: MarkerRegister):
    facts = {"step": "a", "workflow_id": "w", "run_id": "r", "name": "n", "version": "1", "nonce": "n"}
    times = {"started": "2026-11-20T08:15:02Z", "finished": "2026-11-20T09:15:02.5+01:00"}
    register.storage.put("w/steps/a", codec.dumps({**facts, **times}))

    marker = register.read("a")

    assert marker is not None
    assert (marker.forced, marker.reasons, marker.attempt, marker.result) == (False, (), 1, None)
    assert marker.finished - marker.started == timedelta(seconds=0.5)


def test_a_time_without_a_zone_does_not_fit(register: MarkerRegister):
    written = codec.written(make_marker()).replace(b"00Z", b"00", 1)
    register.storage.put("w/steps/a", written)

    with pytest.raises(MarkerCorrupt, match=r"marker w/steps/a: .*timezone.* - at `\$\.started`"):
        register.read("a")


def test_a_field_that_does_not_fit_is_named(register: MarkerRegister):
    register.storage.put("w/steps/a", b'{"nonce": "n", "step": 7}')

    with pytest.raises(
        MarkerCorrupt, match=r"marker w/steps/a: Expected `str`, got `int` - at `\$.step`; clear the step"
    ):
        register.read("a")


def test_fields_of_later_versions_are_no_fault(register: MarkerRegister):
    content = {**json.loads(codec.written(make_marker(result=5))), "later": {"x": 1}}
    register.storage.put("w/steps/a", json.dumps(content).encode())

    assert register.read_result("a").value == 5


def test_a_marker_says_what_the_design_says(stage: Stage):
    stage.run(simple("a"), force={"a": "because"}, attributes={"version": "7"})

    marker = stage.markers()["a"]
    assert list(marker) == [
        "step",
        "workflow_id",
        "run_id",
        "name",
        "version",
        "started",
        "finished",
        "forced",
        "reasons",
        "attempt",
        "nonce",
        "result",
    ]
    assert marker["run_id"] == stage.workflow.get_run_context()["run_id"]
    assert [marker[key] for key in ("step", "workflow_id", "name", "version")] == ["a", "w", "staged", "7"]
    assert marker["started"] <= marker["finished"]


# Runs that meet another run


def meddling(stage: Stage, name: str, body: bytes) -> Any:
    """Have another run write a marker while a step is running."""

    def meddle() -> Any:
        stage.write(name, body)
        return note, "mine"

    return FuncGroup(meddle)


@EVERYWHERE
def test_a_step_that_another_run_finished_first_takes_its_result(stage: Stage, caplog):
    def body(workflow: Any) -> Any:
        return workflow.submit(Step("a", meddling(stage, "a", foreign()))).result

    assert stage.run(body) == "foreign"
    assert [event.duplicate for event in stage.said(StepCompleted)] == [True]
    assert "another run marked step a first; its result is taken" in caplog.text
    assert stage.run(body) == "foreign"


@EVERYWHERE
def test_a_late_marker_of_an_older_run_does_not_stand_for_a_dependent_that_must_run(stage: Stage):
    def body(workflow: Any) -> Any:
        workflow.submit(Step("source", meddling(stage, "dependent", foreign()), force_steps_if_executed=["dependent"]))
        return workflow.submit(Step("dependent", (note, "mine"))).result

    assert stage.run(body) == "mine"
    assert stage.markers()["dependent"]["result"] == "mine"


@EVERYWHERE
@pytest.mark.parametrize("body", [foreign(), b"{}"], ids=["ours", "simpleflow's"])
def test_a_superseded_run_stops_and_writes_nothing_more(stage: Stage, body):
    watched = Watched(stage.storage)

    def superseded(workflow: Any) -> Any:
        forced = workflow.submit(Step("a", meddling(stage, "a", body), force=True))
        assert isinstance(forced.exception, RunSuperseded)
        for name in "bcd":
            workflow.submit(Step(name, note))
        return workflow.submit(Step("e", (note, "e"))).result

    stage.run(simple("a"))

    with pytest.raises(RunSuperseded):
        stage.run(superseded, storage=watched)
    assert watched.writes == ["w/steps/a", "w/steps/a"]
    assert stage.storage.get("w/steps/a") == body
    assert set(stage.markers()) == {"a"}


def test_a_workflow_cannot_swallow_that_it_was_superseded(stage: Stage):
    def body(workflow: Any) -> Any:
        for name in "ab":
            try:
                workflow.submit(Step(name, meddling(stage, name, b"{}"), force=True)).result  # noqa: B018
            except Exception:  # noqa: BLE001  as bad workflows do
                CALLS.append("swallowed")
        return "done"

    stage.run(simple("a", "b"))

    with pytest.raises(RunSuperseded):
        stage.run(body)
    assert json.loads(stage.storage.get("w/steps/b"))["run_id"] != "other"


def test_steps_at_once_end_when_one_learns_that_the_run_was_superseded(stage: Stage):
    names = [f"s{number}" for number in range(8)]

    def body(workflow: Any) -> Any:
        workflow.submit(Step("x", note)).exception  # noqa: B018
        stage.write("s0", foreign())
        return workflow.submit(Group(*(Step(name, (note, name), force=True) for name in names))).result

    stage.run(simple("x", *names))
    CALLS.clear()

    with pytest.raises(RunSuperseded):
        stage.run(body)
    assert json.loads(stage.storage.get("w/steps/s0"))["run_id"] == "other"
    assert "s0" not in CALLS


def test_a_marker_that_a_person_removed_is_created_again(stage: Stage):
    def body(workflow: Any) -> Any:
        workflow.submit(Step("a", note)).exception  # noqa: B018
        stage.storage.delete("w/steps/a")
        return workflow.submit(Step("a", (note, "second"), force=True)).result

    stage.run(simple("a"))

    assert stage.run(body) == "second"
    assert stage.markers()["a"]["result"] == "second"


@IN_MEMORY
def test_a_store_that_ignores_conditions_serves_a_single_runner(stage: Stage):
    blind = Watched(stage.storage, conditional=False)
    body = simple("a", "b", force_steps_if_executed=["c"])

    for options in ({}, {}, {"force": ["a"]}):
        assert stage.run(body, storage=blind, **options) == ["a", "b"]
    assert CALLS == ["a", "b", "a"]
    assert stage.done() == {"a", "b"}


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch):
    """Give a register on an S3 server that is known to honour conditions and answers what a test tells it."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setattr("tenacity.wait.wait_random_exponential", lambda **_: wait_none())
    refused = Answer(412, "PreconditionFailed")
    with faulty_server() as server:
        storage = open_storage(f"s3://bucket/{uuid4().hex}?endpoint_url={server.url}")
        server.answers = [refused, refused, Answer(headers={"ETag": '"e"'})]
        storage.put("probed", b"", if_none_match="*")
        server.requests.clear()
        yield server, MarkerRegister(storage, "w/steps", "w/results")


def test_a_conflict_settles_nothing_and_is_tried_again(answering):
    server, register = answering
    server.answers = [Answer(409, "ConditionalRequestConflict"), Answer(headers={"ETag": '"new"'})]

    marked = register.mark(make_marker(), result, Seen('"old"', 0), ours=True)

    assert marked.seen.etag == '"new"'
    assert server.conditions == ['"old"', '"old"']


def test_a_retry_that_finds_its_own_lost_write_has_written(answering):
    server, register = answering
    marker = make_marker()
    server.answers = [
        Answer(drop=True),
        Answer(412, "PreconditionFailed"),
        Answer(body=codec.written(marker), headers={"ETag": '"mine"'}),
    ]

    marked = register.mark(marker, result, None, ours=False)

    assert (marked.seen.etag, marked.duplicate) == ('"mine"', False)


def test_a_missing_marker_is_as_good_as_a_refusal(answering):
    server, register = answering
    server.answers = [Answer(404, "NoSuchKey")]

    assert register.invalidate("a", Seen('"old"', 9)).seen is None
    with pytest.raises(RunSuperseded, match="removed"):
        register.mark(make_marker(), result, Seen('"old"', 0), ours=True)


# Faults at any moment


def pipeline(workflow: Any) -> Any:
    a = Step("a", Chain((note, "a+"), (note, "a")), force_steps_if_executed=["b"])
    b = Step("b", Chain((note, "b+"), (note, "b")), force_steps_if_executed=["c"])
    c = Group(Step("c.1", Chain((note, "c.1+"), (note, "c.1"))), Step("c.2", Chain((note, "c.2+"), (note, "c.2"))))
    return workflow.submit(Chain(Group(a, Step("d", (note, "d"))), b, c)).result


DONE = {"a", "b", "c.1", "c.2", "d"}
FORCE = st.sampled_from([[], ["a"], ["b"], ["c"], ["a", "d"], ["*"]])
FAULTS = st.tuples(st.sampled_from(["before", "after"]), st.sampled_from(["put", "list"]), st.integers(1, 12))


def check_markers(stage: Stage) -> None:
    """No marker stands over half-new output, and none of a step whose dependent is older."""
    now = stage.workflow.get_run_context()["run_id"]
    found = {name: marker and marker["run_id"] == now for name, marker in stage.markers().items()}
    for name, is_new in found.items():
        assert is_new is not True or name in CALLS
        assert is_new is not False or f"{name}+" not in CALLS
    assert not (found.get("a") is True and found.get("b") is False)
    assert not (found.get("b") is True and False in (found.get("c.1"), found.get("c.2")))


@settings(max_examples=80, deadline=None)
@given(FORCE, FAULTS)
def test_a_storage_that_fails_at_any_call_leaves_markers_that_tell_the_truth(force, fault):
    moment, method, number = fault
    stage = Stage(MemoryStorage())
    stage.run(pipeline)
    CALLS.clear()
    broken = Watched(stage.storage, **{moment: at(method, number, raising(StorageUnavailable("no answer")))})

    try:
        stage.run(pipeline, storage=broken, force=force)
    except* StorageUnavailable:
        pass

    check_markers(stage)
    stage.run(pipeline)
    assert stage.done() == DONE


@settings(max_examples=80, deadline=None)
@given(FORCE, st.sets(st.integers(1, 12)))
def test_lost_answers_change_nothing(force, lost):
    def lose(call: Call) -> None:
        if call.method == "put" and call.number in lost:
            LOST_ANSWER()

    stage, calm = Stage(MemoryStorage()), Stage(MemoryStorage())
    for each, storage in ((stage, Watched(stage.storage, after=lose)), (calm, calm.storage)):
        CALLS.clear()
        each.run(pipeline)
        each.result = each.run(pipeline, storage=storage, force=force)
        each.calls = sorted(CALLS)

    assert stage.result == calm.result
    assert stage.calls == calm.calls
    assert stage.done() == calm.done() == DONE


def test_a_run_ends_with_the_storages_error_when_it_cannot_be_listed(stage: Stage):
    broken = Watched(stage.storage, before=at_key("list", "w/steps/", raising(StorageUnavailable("no answer"))))

    with pytest.raises(StorageUnavailable, match="no answer"):
        stage.run(simple("a", "b"), storage=broken)

    assert CALLS == []
    assert broken.counts == {"list": 1}
