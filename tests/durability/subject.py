"""The workflow that is killed and raced: steps that are nested, forced, side by side and dependent on one another.

Each activity gives a token that is fresh every time, and is told the tokens of what it depends on. So the markers
themselves say whether anything was made from something that has changed since.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

from simpleflow_steps import Chain, Group, LocalExecutor, Workflow, WorkflowStepMixin, activity
from simpleflow_steps.exceptions import ResultNotStored
from simpleflow_steps.step.marker import MarkerRegister
from simpleflow_steps.storage import Storage, open_storage
from simpleflow_steps.testing import Fault, FaultyStorage, Kills
from tests.durability import journal

SOURCES = {
    "fetch.a": (),
    "fetch.b": (),
    "daily": (),
    "stats.one": ("fetch.a",),
    "stats.two": ("fetch.b",),
    "stats": ("fetch.a", "fetch.b"),
    "report": ("stats", "daily"),
}
"""Each step, and the steps whose tokens it is told."""

DEPENDENTS = {
    "fetch.a": ("stats", "stats.one", "stats.two", "report"),
    "fetch.b": ("stats", "stats.one", "stats.two", "report"),
    "daily": ("report",),
    "stats": ("report",),
}
ALWAYS = {"daily"}


@activity.with_attributes()
def work(path: str, step: str, sources: dict[str, str], seconds: float) -> str:
    token, run = uuid4().hex, activity.context().run_id
    journal.note(path, "start", step=step, run=run, token=token, sources=sources)
    time.sleep(seconds)
    journal.note(path, "end", step=step, run=run, token=token, sources=sources)
    return token


class Subject(Workflow, WorkflowStepMixin):
    name = "subject"

    def run(self, path: str, seconds: float = 0.001) -> str:
        def do(step: str, **sources: Any) -> Any:
            return (
                work,
                path,
                step,
                {name.replace("_", "."): token_of(value) for name, value in sources.items()},
                seconds,
            )

        below = ["stats", "report"]
        a = self.submit(self.step("fetch.a", do("fetch.a"), force_steps_if_executed=below))
        b = self.submit(self.step("fetch.b", do("fetch.b"), force_steps_if_executed=below))
        daily = self.submit(self.step("daily", do("daily"), force=True, force_steps_if_executed=["report"]))
        nested = Group(
            self.step("stats.one", do("stats.one", fetch_a=a.result)),
            self.step("stats.two", do("stats.two", fetch_b=b.result)),
        )
        chain = Chain(nested, do("stats", fetch_a=a.result, fetch_b=b.result))
        stats = self.submit(self.step("stats", chain, force_steps_if_executed=["report"]))
        report = self.step("report", do("report", stats=stats.result, daily=daily.result))
        return token_of(self.submit(report).result)


def token_of(result: Any) -> str:
    """Give a step's own token: of several results, its last activity's."""
    while isinstance(result, list):
        result = result[-1]
    return str(result)


def warm(url: str) -> None:
    """Load what every child needs, boto3 too, and learn once whether the store honours conditions."""
    open_storage(url).put("warm", uuid4().bytes, if_none_match="*")


def play(url: str, workflow_id: str, path: str, force: Iterable[str] = (), kill: tuple[str, int] | None = None) -> None:
    """Run the workflow, in a process that may be killed before or after its n-th write."""
    plan = [Fault(Kills(kill[0]), nth=kill[1])] if kill else []  # type: ignore[arg-type]
    storage = FaultyStorage(open_storage(url), plan)
    LocalExecutor(Subject, storage=storage, workflow_id=workflow_id, force=list(force)).run(path)


def tokens(storage: Storage, workflow_id: str) -> dict[str, str]:
    """Give the tokens of the steps that are done."""
    register = MarkerRegister(storage, f"{workflow_id}/steps", f"{workflow_id}/results")
    found = {}
    for name, seen in register.list().items():
        with suppress(ResultNotStored):  # a write that was on its way has made it not done
            if seen.done:
                found[name] = token_of(register.read_result(name).value)
    return found


def assert_sound(done: dict[str, str], path: str | Path, *, alone: bool = True) -> None:
    """Check that every done step was done in full, and from what its sources are now.

    :param alone: whether one process at a time was at work, so that nothing may have begun since either
    """
    lines = journal.read(path)
    ends = {line["token"]: line for line in lines if line["what"] == "end"}
    for step, token in done.items():
        assert token in ends, f"{step} is done, but its activity never ended"
        assert ends[token]["step"] == step
        for source, known in ends[token]["sources"].items():
            assert done.get(source, known) == known, f"{step} is done from an older {source}"
        last = [line["token"] for line in lines if line["what"] == "start" and line["step"] == step][-1]
        assert not alone or token == last, f"{step} is done, but its activity was started again since"


def assert_justified(before: Collection[str], ran: Collection[str], forced: Collection[str] = ()) -> None:
    """Check that what was done did not run again, save what was forced, by name or as dependent on what ran."""
    covered = (step for step in SOURCES for name in forced if name == "*" or f"{step}.".startswith(f"{name}."))
    allowed = {*ALWAYS, *covered}
    allowed |= {dependent for step in ran for dependent in DEPENDENTS.get(step, ())}
    again = set(before) & set(ran) - allowed

    assert not again, f"{again} were done and ran again; {ran} ran"
