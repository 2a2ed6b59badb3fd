"""Workflows for the tests of `sfs swf`, which copy this file to where they run."""

import os
import sys
import time

from simpleflow_steps import Workflow, WorkflowStepMixin, activity


@activity.with_attributes()
def double(number: int) -> int:
    return number * 2


@activity.with_attributes()
def fail(text: str) -> None:
    raise ValueError(text)


@activity.with_attributes(task_list="apart")
def far(number: int) -> int:
    return number + 1


@activity.with_attributes()
def nap(seconds: float) -> float:
    sys.stderr.write(f"asleep in {os.getpid()}\n")
    sys.stderr.flush()
    time.sleep(seconds)
    return seconds


class Stepped(Workflow, WorkflowStepMixin):
    pass


class Daily(Stepped):
    name = "daily"

    def run(self, number: int = 1) -> dict:
        load = self.submit(self.step("load", (double, number), force_steps_if_executed=["report"]))
        report = self.submit(self.step("report", (double, load)))
        return {"load": load.result, "report": report.result}


class Failing(Stepped):
    def run(self, text: str = "bad day") -> None:
        self.submit(self.step("broken", (fail, text))).result  # noqa: B018


class Waiting(Stepped):
    def run(self) -> object:
        return self.submit(self.wait_signal("go")).result


class Sleepy(Stepped):
    def run(self, seconds: float = 60) -> float:
        self.submit(self.step("first", (double, 1))).result  # noqa: B018
        return self.submit(self.step("long", (nap, seconds))).result


class Far(Stepped):
    def run(self) -> int:
        return self.submit(far, 1).result
