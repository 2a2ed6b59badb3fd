"""simpleflow and this package on one bucket: each honours the other's markers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from simpleflow_steps.storage import S3Storage, open_storage
from tests.step.stage import CALLS, Stage, simple

pytest.importorskip("simpleflow")

SIDE = Path(__file__).with_name("simpleflow_side.py")


@dataclass
class Shared:
    """One bucket: ours runs on `stage`, theirs runs with `simpleflow`."""

    stage: Stage
    simpleflow: Callable[..., dict[str, list[str]]]


@pytest.fixture
def shared(bucket_url: str, s3_server: Any) -> Shared:
    storage = open_storage(bucket_url)
    assert isinstance(storage, S3Storage)
    environment = {**os.environ, "AWS_ENDPOINT_URL_S3": s3_server.endpoint_url}

    def simpleflow(*names: str, force: str = "-") -> dict[str, list[str]]:
        prefix = f"{storage.location.prefix}/w/steps/"
        command = [sys.executable, str(SIDE), storage.location.bucket, prefix, force, *names]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        answer: dict[str, list[str]] = json.loads(done.stdout)
        return answer

    return Shared(Stage(storage), simpleflow)


def test_simpleflow_skips_what_we_have_done_and_we_skip_what_it_has_done(shared: Shared):
    shared.stage.run(simple("a", "load.clean"))

    assert shared.simpleflow("a", "load.clean", "b") == {"ran": ["b"], "done": ["a", "b", "load.clean"]}
    CALLS.clear()
    assert shared.stage.run(simple("a", "b", "c")) == ["a", None, "c"]
    assert CALLS == ["c"]
    assert set(shared.stage.markers()["b"]) == {"run_id", "workflow_id", "version"}


def test_each_forces_what_the_other_has_done(shared: Shared):
    shared.stage.run(simple("a"))

    assert shared.simpleflow("a", force="a")["ran"] == ["a"]
    assert shared.stage.run(simple("a")) == [None]
    assert shared.stage.run(simple("a"), force=["a"]) == ["a"]
    assert shared.stage.run(simple("a")) == ["a"]
    assert shared.simpleflow("a") == {"ran": [], "done": ["a"]}


def test_simpleflow_does_not_know_that_a_marker_can_be_invalid(shared: Shared):
    """The one difference: to simpleflow an empty object is a marker like any other."""
    shared.stage.write("a", b"")

    assert shared.simpleflow("a") == {"ran": [], "done": ["a"]}
    assert shared.stage.run(simple("a")) == ["a"]
