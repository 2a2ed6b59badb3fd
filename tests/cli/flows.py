"""Workflows for the tests of the command line, which copy this file to where they run."""

import logging
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

from simpleflow_steps import Workflow, WorkflowStepMixin, activity
from simpleflow_steps.canvas import Group


@activity.with_attributes()
def double(number: int) -> int:
    return number * 2


@activity.with_attributes()
def fail(text: str) -> None:
    raise ValueError(text)


@activity.with_attributes(retry=1)
def flaky() -> int:
    if activity.context().attempt == 1:
        raise OSError("not yet")
    return 1


@activity.with_attributes()
def nap(seconds: float) -> float:
    activity.heartbeat("dozing")
    print(f"asleep for {seconds}")  # noqa: T201
    time.sleep(seconds)
    return seconds


@activity.with_attributes()
def chatter() -> None:
    print("printed by python")  # noqa: T201
    subprocess.run([sys.executable, "-c", "print('printed by a process')"], check=True)
    logging.getLogger("mine").warning("logged by me")


class Stepped(Workflow, WorkflowStepMixin):
    pass


class Daily(Stepped):
    name = "daily"

    def run(self, number: int = 1, *, day: date = date(2026, 11, 20)) -> dict:
        load = self.submit(self.step("load", (double, number), force_steps_if_executed=["report"]))
        years = [self.submit(self.step(f"stats.{year}", (double, year))) for year in (2012, 2013)]
        report = self.submit(self.step("report", (double, load)))
        return {"day": day, "report": report.result, "stats": [year.result for year in years]}


class Abc(Stepped):
    def run(self) -> None:
        for name in ("a", "b", "c"):
            self.submit(self.step(name, (double, 1))).result  # noqa: B018


class Failing(Stepped):
    def run(self, text: str = "bad day") -> None:
        self.submit(self.step("good", (double, 1))).result  # noqa: B018
        self.submit(self.step("broken", (fail, text))).result  # noqa: B018


class FailingTwice(Stepped):
    def run(self) -> None:
        self.submit(Group((fail, "one"), (fail, "two"))).result  # noqa: B018


class Raising(Workflow):
    def run(self) -> None:
        raise KeyError("what")


class Leaving(Workflow):
    def run(self) -> None:
        sys.exit(7)


class BadName(Stepped):
    def run(self) -> None:
        self.submit(self.step("a..b", (double, 1))).result  # noqa: B018


class Flaky(Stepped):
    def run(self) -> int:
        return self.submit(self.step("shaky", (flaky,))).result


class Chatty(Stepped):
    def run(self) -> str:
        print("printed by the workflow")  # noqa: T201
        self.submit(self.step("talk", (chatter,))).result  # noqa: B018
        return "quiet"


class Odd(Workflow):
    def run(self) -> object:
        return {"it": object, "inf": float("inf")}


class Hostile(Stepped):
    def run(self) -> str:
        name = "evil[red]\u202e31m"
        self.add_forced_steps([name], "because \x1b[31m\nof [bold]")
        self.submit(self.step(name, (double, 1))).result  # noqa: B018
        return "\x1b]0;owned\x07"


class Sleepy(Stepped):
    def run(self, seconds: float = 60.0) -> None:
        self.submit(self.step("first", (double, 1))).result  # noqa: B018
        self.submit(self.step("long", (nap, seconds))).result  # noqa: B018


class Napping(Stepped):
    def run(self, seconds: float = 0.6) -> None:
        naps = [self.submit(self.step(f"nap.{number}", (nap, seconds * number))) for number in (1, 2, 3)]
        for each in naps:
            each.result  # noqa: B018


class Many(Stepped):
    def run(self, count: int) -> int:
        steps = [self.submit(self.step(f"part.{number:05}", (double, number))) for number in range(count)]
        return sum(step.result for step in steps)


class Child(Stepped):
    def run(self) -> int:
        return self.submit(self.step("inner", (double, 2))).result


class Parent(Stepped):
    def run(self) -> int:
        return self.submit(Child).result


class Approved(Stepped):
    def run(self) -> object:
        return self.submit(self.wait_signal("approved")).result


class ApprovedStep(Stepped):
    def run(self) -> object:
        return self.submit(self.step("ask", self.wait_signal("approved"))).result


@activity.with_attributes(retry=1)
def tell(seconds: float, details: object, failing: bool = False) -> None:
    if failing and activity.context().attempt == 1:
        raise OSError("not yet")
    activity.heartbeat(details)
    end = time.monotonic() + seconds
    while time.monotonic() < end and not Path("enough").exists():
        time.sleep(0.02)


class Whispering(Stepped):
    def run(self, seconds: float) -> None:
        self.submit(self.step("whisper", (tell, seconds, 1234))).result  # noqa: B018


class Telling(Stepped):
    """Have something of everything that can be shown."""

    def run(self, seconds: float) -> None:
        load = [
            self.step("load.1", (double, 1)),
            self.step("load.2", (tell, seconds, {"done": 3, "total": 10, "file": "x"}, True)),
            self.step("load.3", (double, 1)),
        ]
        around = Group(
            self.step("load", Group(*load, max_parallel=1)),
            self.step("tell", (tell, seconds, 0.3)),
            self.step("deep", Group(self.step("deeper", (Whispering, seconds)))),
        )
        self.submit(Group(self.step("broken", (fail, "bad luck")), raises_on_failure=False))
        self.submit(around).result  # noqa: B018


class Crowd(Stepped):
    def run(self, count: int, seconds: float = 0.7) -> None:
        self.submit(Group(*[self.step(f"crowd.{number}", (tell, seconds, "hush")) for number in range(count)])).result  # noqa: B018


class Nested(Stepped):
    def run(self) -> int:
        inner = self.step("inner", (double, 2), force_steps_if_executed=["after"])
        self.submit(self.step("outer", inner)).result  # noqa: B018
        return self.submit(self.step("after", (double, 1))).result
