"""The requests to SWF: the only module of this executor that loads boto3."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Any

from boto3.session import Session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, stop_after_delay
from tenacity.wait import wait_random_exponential

from simpleflow_steps import log
from simpleflow_steps.exceptions import (
    EngineDenied,
    EngineError,
    EngineUnavailable,
    ExecutionNotFound,
    ExecutionRunning,
    InvalidInput,
)
from simpleflow_steps.executors.swf.payloads import check_swf_name, check_swf_type
from simpleflow_steps.storage.s3.faults import is_transient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_swf.client import SWFClient

POLL = 60  # seconds for which SWF keeps a poll open
PAGE = 1000  # events
ATTEMPTS = 6
GIVE_UP_AFTER = 45.0
TAKEN = {"DomainAlreadyExistsFault", "TypeAlreadyExistsFault"}
_DENIED = {
    "AccessDeniedException",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "MissingAuthenticationTokenException",
    "OperationNotPermittedFault",
    "UnrecognizedClientException",
}


class SwfClient:
    """Send requests about one domain, again when they fail for a passing reason, and raise only our own errors.

    :param domain: the SWF domain
    :param region: what boto3 finds if None
    :param endpoint_url: another server than that of AWS
    :param connections: how many requests may be under way at once
    """

    def __init__(
        self, domain: str, *, region: str | None = None, endpoint_url: str | None = None, connections: int = 50
    ) -> None:
        self.domain = check_swf_name("domain", domain)
        self.identity = f"{socket.gethostname()}:{os.getpid()}"[:256]
        config = Config(
            retries={"total_max_attempts": 1, "mode": "standard"},
            max_pool_connections=connections,
            connect_timeout=5,
            read_timeout=POLL + 10,
            tcp_keepalive=True,
        )
        try:
            self._swf: SWFClient = Session().client("swf", region_name=region, endpoint_url=endpoint_url, config=config)
        except NoRegionError:
            raise InvalidInput("no AWS region: pass region=..., or set AWS_DEFAULT_REGION") from None
        except (BotoCoreError, ValueError) as error:
            raise EngineError(f"SWF: {error}") from error

    def poll_decision(self, task_list: str, page: str | None = None) -> dict[str, Any]:
        """Wait for a decision task, or get the next page of its history; without a `taskToken` there is none."""
        more = {"nextPageToken": page} if page else {}
        where = {"domain": self.domain, "taskList": {"name": task_list}, "identity": self.identity}
        return self._request("poll_for_decision_task", **where, maximumPageSize=PAGE, **more)

    def decide(self, token: str, decisions: list[dict[str, Any]]) -> None:
        """Respond to a decision task.

        :raises ExecutionNotFound: if it is not open any more
        """
        self._request("respond_decision_task_completed", taskToken=token, decisions=decisions)

    def poll_activity(self, task_list: str) -> dict[str, Any]:
        """Wait for an activity task; without a `taskToken` there is none."""
        where = {"domain": self.domain, "taskList": {"name": task_list}, "identity": self.identity}
        return self._request("poll_for_activity_task", **where)

    def complete(self, token: str, result: str) -> None:
        """Say that an activity succeeded."""
        self._request("respond_activity_task_completed", taskToken=token, result=result)

    def fail(self, token: str, reason: str, details: str) -> None:
        """Say that an activity failed."""
        self._request("respond_activity_task_failed", taskToken=token, reason=reason, details=details)

    def cancel_activity(self, token: str, details: str) -> None:
        """Say that an activity has ended because its cancellation was requested."""
        self._request("respond_activity_task_canceled", taskToken=token, details=details)

    def heartbeat(self, token: str, details: str = "") -> bool:
        """Say that an activity is alive, and tell whether its cancellation was requested."""
        given = {"details": details} if details else {}
        return bool(self._request("record_activity_task_heartbeat", taskToken=token, **given)["cancelRequested"])

    def start(self, workflow_id: str, name: str, version: str, text: str, settings: dict[str, Any]) -> str:
        """Start an execution and give its run's id.

        :param settings: as `submission.settings_of` gives them
        :raises ExecutionRunning: if one of this id is open
        """
        given = {key: value for key, value in settings.items() if value is not None}
        kind = {"name": name, "version": version}
        what = {"domain": self.domain, "workflowId": workflow_id, "workflowType": kind, "input": text, **given}
        return str(self._request("start_workflow_execution", **what)["runId"])

    def signal(self, workflow_id: str, name: str, text: str, run_id: str | None = None) -> None:
        """Send a signal to an open execution."""
        where = _run(workflow_id, run_id)
        self._request("signal_workflow_execution", domain=self.domain, signalName=name, input=text, **where)

    def request_cancel(self, workflow_id: str, run_id: str | None = None) -> None:
        """Ask for the cancellation of an open execution."""
        self._request("request_cancel_workflow_execution", domain=self.domain, **_run(workflow_id, run_id))

    def terminate(self, workflow_id: str, run_id: str | None = None, reason: str = "") -> None:
        """End an open execution at once; its decider is not asked."""
        where = _run(workflow_id, run_id)
        self._request("terminate_workflow_execution", domain=self.domain, reason=reason[:256], **where)

    def describe(self, workflow_id: str, run_id: str) -> dict[str, Any]:
        """Give what SWF says of a run."""
        return self._request("describe_workflow_execution", domain=self.domain, execution=_exact(workflow_id, run_id))

    def history(self, workflow_id: str, run_id: str, *, newest_first: bool = False) -> Iterator[dict[str, Any]]:
        """Give the events of a run, page after page."""
        page: dict[str, Any] = {}
        where = {"domain": self.domain, "execution": _exact(workflow_id, run_id), "reverseOrder": newest_first}
        while True:
            found = self._request("get_workflow_execution_history", **where, maximumPageSize=PAGE, **page)
            yield from found["events"]
            if not found.get("nextPageToken"):
                return
            page = {"nextPageToken": found["nextPageToken"]}

    def executions(self, workflow_id: str, *, is_open: bool) -> list[dict[str, Any]]:
        """List the open or the closed runs of an execution, the newest first."""
        operation = "list_open_workflow_executions" if is_open else "list_closed_workflow_executions"
        who = {"executionFilter": {"workflowId": workflow_id}, "startTimeFilter": {"oldestDate": 0}}
        return list(self._request(operation, domain=self.domain, **who)["executionInfos"])

    def pending(self, kind: str, task_list: str) -> int:
        """Count the tasks, `"decision"` or `"activity"`, that wait in a task list."""
        where = {"domain": self.domain, "taskList": {"name": check_swf_name("task list", task_list)}}
        return int(self._request(f"count_pending_{kind}_tasks", **where)["count"])

    def register_domain(self, days: int = 30) -> bool:
        """Register the domain, which keeps closed executions for so many days; tell whether it was new."""
        return self._register("register_domain", name=self.domain, workflowExecutionRetentionPeriodInDays=str(days))

    def register_type(self, kind: str, name: str, version: str) -> bool:
        """Register a type, `"activity"` or `"workflow"`; tell whether it was new."""
        check_swf_type(kind, name, version)
        return self._register(f"register_{kind}_type", domain=self.domain, name=name, version=version)

    def _register(self, operation: str, **parameters: Any) -> bool:
        try:
            self._request(operation, **parameters)
        except EngineError as error:
            if error.code in TAKEN:
                return False
            raise
        return True

    def _request(self, operation: str, **parameters: Any) -> dict[str, Any]:
        try:
            found: dict[str, Any] = _retrying(operation)(getattr(self._swf, operation), **parameters)
        except (BotoCoreError, ClientError) as error:
            raise _translated(error, operation) from error
        return found


def _run(workflow_id: str, run_id: str | None) -> dict[str, str]:
    return {"workflowId": workflow_id, **({"runId": run_id} if run_id else {})}


def _exact(workflow_id: str, run_id: str) -> dict[str, str]:
    return {"workflowId": workflow_id, "runId": run_id}


def _retrying(operation: str) -> Retrying:
    def tell(state: RetryCallState) -> None:
        error = state.outcome and state.outcome.exception()
        log.debug(f"SWF request failed, trying again: {operation}: {error}", attempt=state.attempt_number)

    return Retrying(
        stop=stop_after_attempt(ATTEMPTS) | stop_after_delay(GIVE_UP_AFTER),
        wait=wait_random_exponential(multiplier=0.25, max=4),
        retry=retry_if_exception(is_transient),
        before_sleep=tell,
        reraise=True,
    )


def _translated(error: BotoCoreError | ClientError, operation: str) -> EngineError:
    what = operation.replace("_", " ")
    if isinstance(error, NoCredentialsError):
        return EngineDenied(f"SWF: {what}: no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
    if not isinstance(error, ClientError):
        return (
            EngineUnavailable(f"SWF: {what}: {error}") if is_transient(error) else EngineError(f"SWF: {what}: {error}")
        )
    code, message = error.response["Error"].get("Code", ""), error.response["Error"].get("Message", "")
    told = f"SWF: {what}: {code}: {message}"
    match code:
        case "UnknownResourceFault":
            cure = "; register it: sfs swf register" if message.lower().startswith("unknown domain") else ""
            return ExecutionNotFound(told + cure, code)
        case "WorkflowExecutionAlreadyStartedFault":
            return ExecutionRunning(told, code)
    if code in _DENIED:
        return EngineDenied(told, code)
    return EngineUnavailable(told, code) if is_transient(error) else EngineError(told, code)
