"""What docs/swf.md says: the permissions are those that the code needs, the commands are there."""

from __future__ import annotations

import json
import re
from pathlib import Path

import boto3
from botocore import xform_name

from tests.cli.conftest import ROOT, Sfs

PAGE = (ROOT / "docs/swf.md").read_text()
SOURCES = ROOT / "simpleflow_steps/executors/swf"
MODEL = boto3.client("swf", region_name="us-east-1").meta.service_model
DECISIONS = set(MODEL.shape_for("DecisionType").enum)


def allowed() -> set[str]:
    """Name the actions of SWF in the policies of the page."""
    policies = [json.loads(block) for block in re.findall(r"^```json\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)]
    actions = {action for policy in policies for each in policy["Statement"] for action in each["Action"]}
    return {action.removeprefix("swf:") for action in actions if action.startswith("swf:")}


def requested() -> set[str]:
    """Name the requests that the client sends, from its source."""
    text = (SOURCES / "client.py").read_text()
    quoted = set(re.findall(r'"(\w+)"', text))
    made = {f"register_{kind}_type" for kind in ("activity", "workflow")}
    made |= {f"count_pending_{kind}_tasks" for kind in ("activity", "decision")}
    return {name for name in MODEL.operation_names if xform_name(name) in quoted | made}


def decided() -> set[str]:
    """Name the decisions that the decider makes, from its sources."""
    texts = [path.read_text() for path in Path(SOURCES).glob("*.py") if path.name != "history.py"]
    return {name for text in texts for name in re.findall(r'"(\w+)"', text)} & DECISIONS


def test_the_policies_name_exactly_what_is_sent() -> None:
    assert allowed() == (requested() | decided()) - {"RegisterDomain"}


def test_every_command_of_the_page_is_there(sfs: Sfs) -> None:
    named = set(re.findall(r"sfs swf (\w+)", PAGE))
    listed = set(re.findall(r"^  (\w+)  ", sfs("swf", "--help").stdout.partition("Commands:")[2], re.MULTILINE))

    assert named == listed


def test_its_links_lead_somewhere() -> None:
    headings = {
        re.sub(r"[^\w -]", "", line.lstrip("# ")).lower().replace(" ", "-")
        for line in PAGE.splitlines()
        if line.startswith("#")
    }

    assert all(anchor in headings for anchor in re.findall(r"\]\(#([^)]+)\)", PAGE))
    assert all((ROOT / "docs" / path).exists() for path in re.findall(r"\]\((\.\.[^)#]+)", PAGE))
