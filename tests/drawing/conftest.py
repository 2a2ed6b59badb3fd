"""Executions to tell of, pages about them, and a browser to read these in."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver

from simpleflow_steps import LocalExecutor, Workflow, WorkflowStepMixin, activity
from simpleflow_steps.canvas import Group
from simpleflow_steps.drawing.page import to_html
from simpleflow_steps.drawing.report import Report, read_report
from simpleflow_steps.drawing.results import read_results
from simpleflow_steps.exceptions import TaskFailed
from simpleflow_steps.step.tasks import open_register
from simpleflow_steps.storage import Storage, open_storage
from tests.browser import browser, why_missing
from tests.servers.environment import in_ci

SHOP = "shop-2026"


@activity.with_attributes()
def count(number: int) -> dict[str, int]:
    return {"counted": number}


@activity.with_attributes(retry=1)
def ask() -> str:
    if activity.context().attempt == 1:
        raise ConnectionError("nobody there")
    return "x" * 5_000


@activity.with_attributes()
def pay(broke: bool) -> str:
    if broke:
        raise ValueError("no money left")
    return "paid"


class Stock(Workflow, WorkflowStepMixin):
    name = "stock"

    def run(self) -> Any:
        return self.submit(self.step("look", (count, 1))).result


class Shop(Workflow, WorkflowStepMixin):
    name = "shop"

    def run(self, broke: bool) -> None:
        self.submit(self.step("load", (count, 1), force_steps_if_executed=["stats"])).result  # noqa: B018
        years = [self.step(f"stats.{year}", (count, year)) for year in (2012, 2013, 2014)]
        self.submit(Group(*years)).result  # noqa: B018
        self.submit(self.step("ask", ask)).result  # noqa: B018
        self.submit(Stock).result  # noqa: B018
        self.submit(self.step("pay", (pay, broke))).result  # noqa: B018
        self.submit(self.step("report", Group(self.step("report.pdf", (count, 3))))).result  # noqa: B018


def play_shop(storage: Storage, *, broke: bool, **asked: Any) -> None:
    """Run the shop, well or not."""
    with suppress(TaskFailed):
        LocalExecutor(Shop, storage=storage, workflow_id=SHOP, **asked).run(broke)


def report_of(storage: Storage, workflow_id: str = SHOP, last: int = 20) -> Report:
    """Read all that a page tells."""
    register = open_register(storage, f"{workflow_id}/steps")
    report = read_report(storage, workflow_id, register, last)
    return Report(report.head, report.now, report.runs, report.done, read_results(register, report.done))


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Storage:
    """Give a storage with three runs: a whole one, one with some years forced, one that failed."""
    storage = open_storage(str(tmp_path_factory.mktemp("shop")))
    play_shop(storage, broke=False)
    play_shop(storage, broke=False, force={"stats": "new <b>data</b>"})
    play_shop(storage, broke=True, force=["pay"])
    return storage


@pytest.fixture(scope="module")
def chromium() -> Iterator[webdriver.Chrome]:
    """Give a browser; one for all tests of a module."""
    if reason := why_missing():
        pytest.fail(reason) if in_ci() else pytest.skip(reason)
    with browser() as driver:
        yield driver


@pytest.fixture
def page(tmp_path: Path) -> Callable[[Report], Path]:
    """Write a report as a page."""

    def write(report: Report) -> Path:
        file = tmp_path / "report.html"
        file.write_text(to_html(report, "simpleflow-steps, under test"), encoding="utf-8")
        return file

    return write


@pytest.fixture
def rewritten(shop: Storage, tmp_path: Path) -> Callable[..., Storage]:
    """Give a copy of the shop whose newest run says something else."""

    def write(**changes: Any) -> Storage:
        place = tmp_path / "rewritten"
        shutil.copytree(shop.url.removeprefix("file://"), place)
        storage = open_storage(str(place))
        key = max(found.key for found in storage.list(f"{SHOP}/runs/"))
        storage.put(key, json.dumps({**json.loads(storage.get(key)), **changes}).encode())
        return storage

    return write
