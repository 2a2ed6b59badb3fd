"""The input of an execution on SWF: the workflow's arguments, and what was asked for when it was submitted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from simpleflow_steps.exceptions import RecordCorrupt
from simpleflow_steps.execution.asked import Asked
from simpleflow_steps.executors.swf.decisions import duration
from simpleflow_steps.executors.swf.payloads import check_swf_name
from simpleflow_steps.settings import Settings
from simpleflow_steps.workflow import call_hook

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simpleflow_steps.workflow import Workflow

OURS = "simpleflow_steps"
DECISION_TIMEOUT = 60.0
WORKER_TIMEOUT = 60.0
TASK_LIST = "default"
TAGS = 5  # of one execution
TAG_LIMIT = 256
YEAR = 31_536_000.0  # seconds; SWF takes no longer execution


class Unread(BaseModel):
    """A signal that the run before has left unread."""

    model_config = ConfigDict(frozen=True)

    name: str
    payload: Any = None


class Submission(BaseModel):
    """What an execution, its children and the runs that continue it share, beside their arguments.

    :param storage: the URL of the storage of markers and long payloads
    :param target: the workflow's class as `module:qualname`, for deciders that were not given it
    :param task_list: where workflows and activities go that name no task list of their own
    :param alone: whether all go there, whatever they name
    :param decision_timeout: how many seconds a decider may take for one decision
    :param worker_timeout: after how many seconds without a sign of life a worker counts as lost
    :param timeout: how many seconds the execution may take
    :param generation: how many runs it has continued
    :param letters: signals that the run before has left unread
    """

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    storage: str | None = None
    target: str | None = None
    task_list: str | None = None
    alone: bool = False
    decision_timeout: float = Field(default=DECISION_TIMEOUT, gt=0)
    worker_timeout: float = Field(default=WORKER_TIMEOUT, gt=0)
    timeout: float = Field(default=YEAR, gt=0)
    generation: int = 0
    letters: tuple[Unread, ...] = ()
    force: dict[str, str] = Field(default_factory=dict)
    skip: dict[str, str] = Field(default_factory=dict)
    from_: dict[str, str] = Field(default_factory=dict, alias="from")
    until: dict[str, str] = Field(default_factory=dict)
    only: dict[str, str] = Field(default_factory=dict)

    def list_for(self, named: str | None) -> str:
        """Give the task list of something that names one, or none."""
        own = None if self.alone or named == TASK_LIST else named
        return check_swf_name("task list", own or self.task_list or TASK_LIST)

    def asked(self) -> Asked:
        """Give the lists of the submission, whatever this process's environment says."""
        lists = {"force": self.force, "skip": self.skip, "from_": self.from_, "until": self.until, "only": self.only}
        return Asked(Settings({}), **lists)


def settings_of(
    workflow: type[Workflow], submission: Submission, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> dict[str, Any]:
    """Give the settings of an execution as SWF takes them, whether it is started, is a child, or goes on as new."""
    tags = [str(tag)[:TAG_LIMIT] for tag in call_hook(workflow, "get_tag_list", args, kwargs)]
    priority = workflow.task_priority
    return {
        "taskList": {"name": submission.list_for(workflow.task_list)},
        "taskPriority": None if priority is None else str(priority),
        "executionStartToCloseTimeout": duration(min(submission.timeout, YEAR)),
        "taskStartToCloseTimeout": duration(submission.decision_timeout),
        "childPolicy": "TERMINATE",
        "tagList": tags[:TAGS] or None,
    }


def write_input(arguments: Mapping[str, Any], submission: Submission) -> dict[str, Any]:
    """Put an execution's input together.

    :param arguments: `{"args": [...], "kwargs": {...}}`, as JSON, which is also simpleflow's input
    """
    ours = submission.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return {"args": arguments["args"], "kwargs": arguments["kwargs"], OURS: ours}


def read_input(document: Any, what: str) -> tuple[list[Any], dict[str, Any], Submission]:
    """Give the arguments, still as JSON, and the rest; an input that simpleflow wrote has no rest.

    :raises RecordCorrupt: if it is no input
    """
    if document is None:
        return [], {}, Submission()
    found = document if isinstance(document, dict) else {"args": None}
    args, kwargs = found.get("args", []), found.get("kwargs", {})
    if not isinstance(args, list) or not isinstance(kwargs, dict):
        raise RecordCorrupt(f'{what} is not {{"args": [...], "kwargs": {{...}}}}')
    try:
        return args, kwargs, Submission.model_validate(found.get(OURS, {}))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise RecordCorrupt(f"{what}: {OURS}.{where}: {first['msg']}") from None
