from __future__ import annotations

from typing import Any

from simpleflow_steps import Workflow, WorkflowStepMixin, activity
from simpleflow_steps.canvas import Chain, Group
from simpleflow_steps.drawing.source import subject_of_source


@activity.with_attributes()
def work(*args: Any) -> int:
    return 1


class Child(Workflow, WorkflowStepMixin):
    name = "child"

    def run(self) -> None: ...


class Based(Workflow, WorkflowStepMixin):
    def closing(self) -> None:
        self.submit(self.step("close", work))


class Whole(Based):
    def run(self, names: list[str]) -> None:
        self.submit(self.step("load", (work, 1), force_steps_if_executed=["stats", "report"]))
        for year in (2012, 2013):
            self.submit(self.step(f"stats.{year}", (work, year), False, None, False, ["report"]))
        inner = self.step("inner", Group(work, work))
        self.submit(self.step("report", Chain(self.step("report.pdf", work), inner, Child)))
        for name in names:
            self.submit(self.step(name, work, force_steps_if_executed=names))
        self.submit(self.step("vague", work, force_steps_if_executed=[*names]))
        raise AssertionError("run was executed")


def test_the_source_tells_of_steps_without_running_them() -> None:
    subject = subject_of_source(Whole, "whole")

    assert list(subject.steps) == ["load", "stats.{year}", "inner", "report", "report.pdf", "vague", "close"]
    assert subject.steps["load"].dependents == ("stats", "report")
    assert subject.steps["stats.{year}"].dependents == ("report",)
    assert subject.steps["report.pdf"].within == "report"
    assert [(child.label, child.within) for child in subject.children] == [("Child (child)", "report")]


def test_what_it_does_not_tell_is_said() -> None:
    notes = "\n".join(subject_of_source(Whole, "whole").notes)

    assert "Nothing has run" in notes
    assert "made as it runs in 1 places" in notes
    assert "A name with braces" in notes
    assert "What vague forces is made as it runs." in notes


def test_a_class_without_source_is_unknown_and_not_an_error() -> None:
    scope: dict[str, Any] = {"Workflow": Workflow, "__name__": "nowhere"}
    exec("class Made(Workflow):\n    def run(self): ...", scope)

    subject = subject_of_source(scope["Made"], "made")

    assert subject.steps == {}
    assert "The source of Made.run cannot be read: what it does is unknown." in subject.notes
