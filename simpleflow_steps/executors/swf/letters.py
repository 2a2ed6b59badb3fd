"""Signals to and from one run on SWF."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from simpleflow_steps import codec, log
from simpleflow_steps.exceptions import EngineError, InvalidInput, RecordCorrupt
from simpleflow_steps.execution.mailbox import Letter, Mailbox
from simpleflow_steps.executors.swf.starting import NAME_LIMIT, done
from simpleflow_steps.futures import Future
from simpleflow_steps.identity import check_workflow_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from simpleflow_steps.executors.swf.history import Event
    from simpleflow_steps.executors.swf.run import Run
    from simpleflow_steps.task import SignalTask

UNKNOWN = "UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION"
PASSED_ON = "simpleflow_steps:signal"
"""The one key of the input of a signal that goes on to parent and children; any other input is the payload itself."""


class Letters:
    """Receive a run's signals, and send its own.

    One that propagates goes to the parent and to the children, and from each of them on to its own, so that all
    executions of the family get it once; children that start later get it when they start.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self.box = Mailbox()
        self._passed_on: list[Letter] = []
        self._kept: dict[str, list[Letter]] = defaultdict(list)
        for letter in run.submission.letters:
            self.box.deliver(Letter(letter.name, letter.payload))

    def receive(self, event: Event) -> None:
        """Take a signal in, from whomever."""
        name = str(event.facts["signalName"])
        payload, sender = self._read(name, event.facts.get("input"))
        if sender is not None:
            self._pass_on(Letter(name, payload), but=sender)
        self.box.deliver(Letter(name, payload))

    def send(self, task: SignalTask) -> Future[Any]:
        """Send a signal; what is for this very run is delivered at once."""
        if codec.flaw(task.payload) is not None:
            raise InvalidInput(f"signal {task.name!r}: its payload is not JSON: {codec.flaw(task.payload)}")
        if len(task.name) > NAME_LIMIT:
            raise InvalidInput(f"signal name {task.name[:60]!r}...: SWF takes {NAME_LIMIT} characters at most")
        letter = Letter(task.name, task.payload)
        receiver = self._run.workflow_id if task.workflow_id is None else check_workflow_id(task.workflow_id)
        if receiver != self._run.workflow_id:
            return self._send_to(receiver, letter)
        if task.propagate:
            self._pass_on(letter, but=None)
        self.box.deliver(letter)
        return done(self._run, None)

    def greet(self, child_id: str) -> None:
        """Send a child that has just started what was passed on before, and what was for it alone."""
        for letter in self._passed_on:
            self._pass_to(child_id, letter)
        for letter in self._kept.pop(child_id, ()):
            self._signal(child_id, letter, letter.payload)

    def unread(self, late: Iterable[Event]) -> list[Letter]:
        """Give up the signals that nobody waited for, and those in events that the workflow did not come to."""
        signals = [event.facts for event in late if event.kind == "WorkflowExecutionSignaled"]
        arrived = [Letter(str(each["signalName"]), self._read("", each.get("input"))[0]) for each in signals]
        return self.box.take_all() + arrived

    def _read(self, name: str, text: str | None) -> tuple[Any, str | None]:
        """Give a signal's payload, and who passed it on; what is not JSON is a text that somebody sent by hand."""
        try:
            document = self._run.read(text, f"signal {name!r}")
        except RecordCorrupt:
            return text, None
        if isinstance(document, dict) and document.keys() == {PASSED_ON}:
            passed = document[PASSED_ON]
            return passed.get("payload"), str(passed.get("from"))
        return document, None

    def _pass_on(self, letter: Letter, but: str | None) -> None:
        self._passed_on.append(letter)
        relatives = [self._run.parent_id, *sorted(child.workflow_id for child in self._run.children if child.started)]
        for relative in relatives:
            if relative is not None and relative != but:
                self._pass_to(relative, letter)

    def _pass_to(self, receiver: str, letter: Letter) -> None:
        self._signal(receiver, letter, {PASSED_ON: {"payload": letter.payload, "from": self._run.workflow_id}})

    def _send_to(self, receiver: str, letter: Letter) -> Future[Any]:
        future: Future[Any] = Future(self._run)

        def heard(event: Event) -> None:
            cause = event.facts.get("cause")
            if cause == UNKNOWN:
                told = f"signal {letter.name!r}: no execution {receiver!r} is open; it is kept for a child of this id"
                log.warning(told, receiver=receiver)
                self._kept[receiver].append(letter)
            if event.kind == "ExternalWorkflowExecutionSignaled" or cause == UNKNOWN:
                future.set_finished(None)
            elif event.kind == "SignalExternalWorkflowExecutionFailed":
                told = f"signal {letter.name!r} to {receiver!r}: SWF answers {cause}"
                future.set_exception(EngineError(told, str(cause)))

        self._run.track(future)
        self._signal(receiver, letter, letter.payload, heard)
        return future

    def _signal(
        self, receiver: str, letter: Letter, document: Any, listen: Callable[[Event], object] | None = None
    ) -> None:
        self._run.ask(
            "SignalExternalWorkflowExecution",
            f"{receiver} {letter.name}",
            lambda: {
                "workflowId": receiver,
                "signalName": letter.name,
                "input": self._run.payloads.write(document, self._run.workflow_id),
            },
            listen,
        )
