from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from simpleflow_steps import LocalExecutor, Step, activity
from simpleflow_steps.exceptions import InvalidStorageURL
from simpleflow_steps.storage import DirectoryStorage, MemoryStorage, S3Storage, Storage, open_storage
from tests.step.doubles import is_of_the_run
from tests.step.stage import CALLS, EVERYWHERE, Stage, note, simple, workflow_of


@activity.with_attributes()
def large() -> list[str]:
    CALLS.append("large")
    return ["0123456789" * 100] * 100


def keys(storage: Storage) -> list[str]:
    return [listed.key for listed in storage.list() if not is_of_the_run(listed.key)]


def returning(value: Any) -> Any:
    return lambda self: value


# Where the markers are


def test_another_bucket_takes_the_markers(stage: Stage):
    markers = MemoryStorage("markers-of-this-test")
    attributes = {"get_step_bucket": returning(markers.url)}

    stage.run(simple("a"), attributes=attributes)
    stage.run(simple("a"), attributes=attributes)

    assert keys(markers) == ["w/steps/a"]
    assert keys(stage.storage) == []
    assert CALLS == ["a"]
    markers.delete("w/steps/a")


def test_large_results_move_with_their_markers(stage: Stage, tmp_path: Path):
    where = (tmp_path / "m").as_uri()
    attributes = {"get_step_bucket": returning(where), "get_step_path_prefix": returning("shared/marks/")}

    def body(workflow: Any) -> Any:
        return workflow.submit(Step("a", large)).result

    assert stage.run(body, attributes=attributes) == stage.run(body, attributes=attributes)
    found = keys(DirectoryStorage(tmp_path / "m"))
    assert [key.rpartition("/")[0] for key in found] == ["shared/marks.results/a", "shared/marks"]
    assert CALLS == ["large"]


@pytest.fixture
def endpoint(s3_server, s3_credentials, bucket_url) -> tuple[str, str]:
    """Give an S3 server's host, and a bucket on it."""
    return s3_server.endpoint_url.removeprefix("http://"), bucket_url.removeprefix("s3://").partition("/")[0]


@pytest.mark.parametrize("form", ["host/bucket", "url"])
def test_markers_go_to_any_s3_server(stage: Stage, endpoint, form, bucket_url):
    host, bucket = endpoint
    prefix = bucket_url.partition("?")[0].rpartition("/")[2]
    where = f"{host}/{bucket}" if form == "host/bucket" else f"s3://{bucket}?endpoint_url=http://{host}"
    attributes = {"get_step_bucket": returning(where), "get_step_path_prefix": returning(f"{prefix}/steps")}

    stage.run(simple("a"), attributes=attributes)

    assert keys(open_storage(bucket_url)) == ["steps/a"]
    assert keys(stage.storage) == []


def test_a_bucket_that_is_only_named_is_reached_as_the_executors_own(endpoint, bucket_url):
    host, bucket = endpoint
    prefix = bucket_url.partition("?")[0].rpartition("/")[2]
    workflow = workflow_of(
        simple("a"), get_step_bucket=returning(bucket), get_step_path_prefix=returning(f"{prefix}/steps")
    )
    elsewhere = f"s3://{bucket}/{prefix}/elsewhere?endpoint_url=http://{host}"

    for _ in range(2):
        LocalExecutor(workflow, storage=elsewhere, workflow_id="w").run()

    found = [key for key in keys(open_storage(bucket_url)) if not key.startswith("elsewhere/")]
    assert found == ["steps/a"]
    assert keys(open_storage(elsewhere)) == []
    assert CALLS == ["a"]


def test_the_listing_activity_looks_where_the_markers_are(endpoint, bucket_url):
    host, bucket = endpoint
    prefix = bucket_url.partition("?")[0].rpartition("/")[2]

    def body(workflow: Any) -> Any:
        simple("a")(workflow)
        return workflow.submit(workflow.get_steps_done_activity()).result

    workflow = workflow_of(body, get_step_bucket=returning(bucket), get_step_path_prefix=returning(f"{prefix}/steps/"))
    elsewhere = f"s3://{bucket}/{prefix}/elsewhere?endpoint_url=http://{host}"

    assert LocalExecutor(workflow, storage=elsewhere, workflow_id="w").run() == ["a"]


def test_a_bucket_that_is_none_is_one_clear_error(stage: Stage):
    with pytest.raises(InvalidStorageURL):
        stage.run(simple("a"), attributes={"get_step_bucket": returning("gopher://x")})

    assert stage.contents() == {}


@EVERYWHERE
@pytest.mark.parametrize("prefix", ["all/steps", "all/steps/"])
def test_another_prefix_may_be_shared_between_executions(stage: Stage, prefix):
    attributes = {"get_step_path_prefix": returning(prefix)}

    stage.run(simple("a"), attributes=attributes, workflow_id="first")
    assert stage.run(simple("a", "b"), attributes=attributes, workflow_id="second") == ["a", "b"]

    assert keys(stage.storage) == ["all/steps/a", "all/steps/b"]
    assert CALLS == ["a", "b"]
    assert {name: marker["workflow_id"] for name, marker in stage.markers("all/steps/").items()} == {
        "a": "first",
        "b": "second",
    }


def test_prefixes_that_begin_alike_are_kept_apart(stage: Stage):
    for prefix in ("p/x", "p/xy", "p"):
        stage.run(simple("a"), attributes={"get_step_path_prefix": returning(prefix)})

    assert CALLS == ["a", "a", "a"]


def test_what_lies_deeper_under_the_prefix_is_no_marker_and_never_touched(stage: Stage):
    stage.storage.put("p/runs/1.json", b"{}")
    attributes = {"get_step_path_prefix": returning("p")}

    stage.run(simple("a", force_steps_if_executed=["*"]), attributes=attributes)

    assert stage.storage.get("p/runs/1.json") == b"{}"


def test_an_execution_is_named_by_its_workflow_and_input(stage: Stage):
    for day in ("mon", "tue", "mon"):
        stage.run(lambda workflow, day: workflow.submit(Step("a", (note, day))).result, day, workflow_id=None)

    assert CALLS == ["mon", "tue"]


# What is asked for


def test_the_environment_asks_for_steps_too(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    stage.run(simple("a.b", "c"))
    CALLS.clear()
    monkeypatch.setenv("SIMPLEFLOW_FORCE", "a, c")
    monkeypatch.setenv("SIMPLEFLOW_SKIP", "c,d")

    stage.run(simple("a.b", "c", "d"), force=["c"])

    assert CALLS == ["a.b", "c"]
    reasons = {entry["step"]: entry["reasons"] for entry in stage.log}
    assert reasons == {
        "a.b": ["Asked for by SIMPLEFLOW_FORCE"],
        "c": ["Asked for at submission (force)", "Asked for by SIMPLEFLOW_FORCE"],
        "d": ["Asked for by SIMPLEFLOW_SKIP"],
    }


# The storage without an argument


def default_storage_of_a_run() -> Storage:
    executor = LocalExecutor(workflow_of(simple("a")), workflow_id="w")
    return executor.storage


def test_without_anything_markers_lie_in_a_directory_here(tmp_path: Path):
    LocalExecutor(workflow_of(simple("a")), workflow_id="w").run()

    assert (tmp_path / ".simpleflow" / "w" / "steps" / "a").is_file()


def test_the_environment_names_the_storage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SIMPLEFLOW_STORAGE", str(tmp_path / "there"))
    monkeypatch.setenv("STEP_BUCKET", "not-this-one")

    LocalExecutor(workflow_of(simple("a")), workflow_id="w").run()

    assert keys(DirectoryStorage(tmp_path / "there")) == ["w/steps/a"]
    assert not (tmp_path / ".simpleflow").exists()


def test_simpleflows_variables_name_the_bucket(endpoint, monkeypatch: pytest.MonkeyPatch):
    host, bucket = endpoint
    monkeypatch.setenv("SIMPLEFLOW_S3_HOST", host)
    monkeypatch.setenv("STEP_BUCKET", bucket)

    storage = default_storage_of_a_run()

    assert isinstance(storage, S3Storage)
    assert (storage.location.bucket, storage.location.endpoint_url) == (bucket, f"http://{host}")


def test_simpleflows_bucket_lies_at_amazon_unless_a_host_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("STEP_BUCKET", "some-bucket")

    storage = default_storage_of_a_run()

    assert isinstance(storage, S3Storage)
    assert (storage.location.bucket, storage.location.endpoint_url) == ("some-bucket", None)
