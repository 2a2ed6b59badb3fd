"""The embedded executor: a workflow on this machine, its activities in threads or in any pool."""

from __future__ import annotations

from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal

from simpleflow_steps import log
from simpleflow_steps.clock import SystemClock
from simpleflow_steps.codec import check_arguments, reference
from simpleflow_steps.events import RunFinished, RunStarted, event_of
from simpleflow_steps.exceptions import (
    ContinueAsNew,
    InvalidInput,
    RunStopped,
)
from simpleflow_steps.execution.asked import Asked, no_order
from simpleflow_steps.execution.mailbox import Letter
from simpleflow_steps.execution.middleware import make_middlewares
from simpleflow_steps.execution.playing import (
    WELL,
    play,
    report_unmatched,
    status_after,
    tell,
    tell_end,
    told_of,
)
from simpleflow_steps.executors.local.execution import Execution
from simpleflow_steps.executors.local.interruption import heeded_signals
from simpleflow_steps.executors.local.pools import Pools
from simpleflow_steps.executors.local.post_office import PostOffice
from simpleflow_steps.executors.local.tenure import Tenure, Terms, new_record
from simpleflow_steps.identity import check_workflow_id, new_run_id, workflow_id_of
from simpleflow_steps.settings import load_settings
from simpleflow_steps.step.known import NOTHING_KNOWN
from simpleflow_steps.step.workflow import WorkflowStepMixin
from simpleflow_steps.storage import default_storage, open_storage
from simpleflow_steps.task import check_task_name
from simpleflow_steps.telemetry import NoTelemetry, find_telemetry
from simpleflow_steps.workflow import Workflow, call_hook

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from concurrent.futures import Executor as Pool

    from simpleflow_steps.clock import Clock
    from simpleflow_steps.events import Event
    from simpleflow_steps.execution.plan import Plan
    from simpleflow_steps.executors.protocol import RunContext
    from simpleflow_steps.storage import Storage
    from simpleflow_steps.telemetry import Telemetry


class LocalExecutor:
    """Run a workflow here and now.

    :param workflow_class: the workflow
    :param storage: where markers and everything else live: a URL, a path or a storage; if None, what the environment
        says, else the directory `.simpleflow`
    :param workflow_id: the name of the execution; if None, what the workflow's `get_workflow_id` says, else the
        workflow's name and a digest of its input
    :param force: names of steps to run although they are done; a mapping gives the reasons too
    :param skip: names of steps not to run although they are not done; force beats skip
    :param from_: names of steps to force together with all that came after them in the order of the past runs
    :param until: names of steps after which the run stops, once all of them are over; `run` gives None then
    :param only: names of steps to force while all others are skipped, whatever else asks for them
    :param pool: any `concurrent.futures.Executor` for the activities; threads of its own if None
    :param max_workers: how many threads, if there is no pool
    :param on_conflict: if another run holds the execution: `"fail"` at once, or `"wait"` for it
    :param lease_ttl: how many seconds this run holds the execution without renewing; what the environment says if None
    :param grace_period: how many seconds an interrupted run lets its running activities finish; what the environment
        says if None
    :param middlewares: `{"pre": [...], "post": [...]}`: functions, or their dotted names, to call around each activity
    :param on_event: called with every `simpleflow_steps.events.Event`, one at a time for each execution, in its thread
    :param clock: what tells the time and waits; another one than the machine's is for tests
    :raises InvalidInput: naming the argument that is wrong
    """

    def __init__(  # noqa: PLR0913  the surface that users hold
        self,
        workflow_class: type[Workflow],
        *,
        storage: Any = None,
        workflow_id: str | None = None,
        force: Iterable[str] | Mapping[str, str] = (),
        skip: Iterable[str] | Mapping[str, str] = (),
        from_: Iterable[str] | Mapping[str, str] = (),
        until: Iterable[str] | Mapping[str, str] = (),
        only: Iterable[str] | Mapping[str, str] = (),
        pool: Pool | None = None,
        max_workers: int | None = None,
        on_conflict: Literal["fail", "wait"] = "fail",
        lease_ttl: float | None = None,
        grace_period: float | None = None,
        middlewares: Mapping[str, Iterable[Any]] | None = None,
        on_event: Callable[[Event], object] | None = None,
        clock: Clock | None = None,
    ) -> None:
        _check(workflow_class, pool, max_workers)
        settings = load_settings()
        self.workflow_class = workflow_class
        self.workflow_id = None if workflow_id is None else check_workflow_id(workflow_id)
        self.storage: Storage = default_storage() if storage is None else open_storage(storage)
        self.clock: Clock = clock or SystemClock()
        self.post_office = PostOffice()
        self._terms = Terms.read(on_conflict, lease_ttl, settings)
        self._grace = settings.grace_or(grace_period)
        self._root: Execution | None = None
        self._new_asked = partial(Asked, settings, force=force, skip=skip, from_=from_, until=until, only=only)
        self._asked = self._new_asked()
        self._pool = pool
        self._max_workers = max_workers
        self._middlewares = make_middlewares(middlewares)
        self._on_event = on_event
        self.telemetry: Telemetry = NoTelemetry()
        self._running = Lock()
        self.pools = self._make_pools()

    def run(self, *args: Any, **kwargs: Any) -> Any:
        """Run the workflow with this input to its end and give its result.

        SIGINT and SIGTERM, in the main thread, let the running activities finish for a grace period, and leave with
        what their handlers raise: `KeyboardInterrupt`, `SystemExit`.

        :raises TaskFailed: if an activity or child workflow failed and the workflow did not handle it
        :raises LeaseHeld: if another run holds the execution
        :raises RunSuperseded: if another run of the same execution took over
        :raises StorageError: if the storage cannot be reached or refuses
        """
        bound = check_arguments(self.workflow_class, args, kwargs)
        if not self._running.acquire(blocking=False):
            raise InvalidInput("this LocalExecutor is running already: make another one for another execution")
        try:
            with heeded_signals(lambda act: self._root is not None and self._root.loop.heed(act)) as act_on_signals:
                return self._run(bound.args, bound.kwargs, act_on_signals)
        finally:
            self._root = None
            self._running.release()

    def plan(self, *args: Any, **kwargs: Any) -> Plan:
        """Say what `run` with this input would do with each known step, and why; nothing is run or written.

        It is known from the markers and the past runs. `run` decides in the same way, so that both agree on every step
        that `run` comes to, unless a step that no past run met, or that came in another order, forces it.

        :raises StorageError: if the storage cannot be reached or refuses
        """
        from simpleflow_steps.execution.plan import Plan, make_plan  # noqa: PLC0415  for who plans alone

        bound = check_arguments(self.workflow_class, args, kwargs)
        workflow_id = self.workflow_id or workflow_id_of(self.workflow_class, bound.args, bound.kwargs)
        context = self.run_context(self.workflow_class, workflow_id, bound.args, bound.kwargs)
        workflow = Execution(self, self.workflow_class, context).workflow
        if not isinstance(workflow, WorkflowStepMixin):
            return Plan(workflow_id, ())
        return make_plan(self.storage, workflow_id, workflow.step_book.register, self._new_asked())

    def _run(self, args: tuple[Any, ...], kwargs: dict[str, Any], act_on_signals: Callable[[], None]) -> Any:
        workflow_id = self.workflow_id or workflow_id_of(self.workflow_class, args, kwargs)
        self.pools = self._make_pools()
        self._asked = self._new_asked()
        self.telemetry = find_telemetry()
        generation = 0
        try:
            while True:
                context = self.run_context(self.workflow_class, workflow_id, args, kwargs)
                self._root = Execution(self, self.workflow_class, context, generation)
                try:
                    return self.play(self._root, args, kwargs)
                except RunStopped:
                    return None
                except ContinueAsNew as following:
                    bound = check_arguments(self.workflow_class, following.run_args, following.run_kwargs)
                    args, kwargs = bound.args, bound.kwargs
                    generation += 1
                    act_on_signals()
        finally:
            self.pools.shutdown()
            self.post_office.end_broadcasts()
            self.telemetry.end()

    def signal(self, name: str, payload: Any = None, *, workflow_id: str | None = None) -> None:
        """Send a signal to the execution, or to one of its children by id; from any thread, before or during the
        run.
        """
        letter = Letter(check_task_name("signal name", name), payload)
        receiver = self.workflow_id if workflow_id is None else check_workflow_id(workflow_id)
        if receiver is None:
            self.post_office.broadcast(letter)
        else:
            self.post_office.send(receiver, letter)

    def run_context(
        self,
        workflow: type[Workflow],
        workflow_id: str,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        parent: RunContext | None = None,
    ) -> RunContext:
        """Make the context of a new run."""
        return {
            "name": workflow.get_name(),
            "version": workflow.version,
            "workflow_id": workflow_id,
            "run_id": new_run_id(self.clock.now()),
            "parent_workflow_id": parent["workflow_id"] if parent else None,
            "tag_list": list(call_hook(workflow, "get_tag_list", args, kwargs)),
        }

    @property
    def is_followed(self) -> bool:
        """Whether anybody follows the runs from outside."""
        return self._on_event is not None or not isinstance(self.telemetry, NoTelemetry)

    def emit(self, event: Event) -> None:
        """Tell whoever follows; what goes wrong there does not touch the run."""
        self.telemetry.hear(event)
        if self._on_event is not None:
            tell(self._on_event, event)

    def play(self, execution: Execution, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Play one run from start to end, in the thread that calls it."""
        context = execution.get_run_context()
        workflow_id, parent = context["workflow_id"], context["parent_workflow_id"]
        if not self.post_office.open(workflow_id, lambda letter: execution.post(execution.mailbox.deliver, letter)):
            raise InvalidInput(
                f"execution {workflow_id!r} is running already: give the child another get_workflow_id()"
            )
        with log.bound(workflow_id=workflow_id, run_id=context["run_id"]), self.telemetry.around():
            tenure = self._begin(execution, args, kwargs)
            about = {"workflow": context["name"], "version": context["version"]}
            execution.emit(event_of(execution, RunStarted, parent_workflow_id=parent, **about))
            log.info("run started", workflow=context["name"])
            status, error = "failed", None
            try:
                result = self._play(execution, args, kwargs)
            except BaseException as raised:
                status, error = "superseded" if execution.superseded else status_after(raised), raised
                self._end_badly(execution, status, raised)
                raise
            else:
                status = "completed"
                return result
            finally:
                execution.loop.end()
                self.post_office.close(workflow_id, execution.unread)
                error = None if status in WELL else error
                tenure.end(status, error)
                told = {"status": status, "parent_workflow_id": parent, **told_of(error)}
                execution.emit(event_of(execution, RunFinished, **told))
                log.info("run ended", status=status)

    def _begin(self, execution: Execution, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tenure:
        """Take the execution's lease and begin the run's record."""
        context = execution.get_run_context()
        asked = self._asked.as_reasons()
        asked["from_"] = asked.pop("from")
        facts = {"target": reference(type(execution.workflow)), "generation": execution.generation, **asked}
        record = new_record(context, args, kwargs, self.clock, **facts)
        lost = partial(execution.post, execution.abort)
        tenure = Tenure(self.storage, record, execution.history, self._terms, self.clock, lost=lost)
        try:
            tenure.begin()
        except BaseException:
            self.post_office.close(context["workflow_id"], execution.unread)
            raise
        execution.hold(tenure)
        return tenure

    def _play(self, execution: Execution, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        self._steer(execution.workflow, execution.get_run_context())
        result = play(execution, args, kwargs)
        report_unmatched(execution, self._asked, is_root=execution.is_root)
        execution.workflow.on_completed(execution.history)
        return result

    def _steer(self, workflow: Workflow, context: RunContext) -> None:
        """Hand the workflow what is asked for, with what its past runs tell if that matters to it."""
        if not isinstance(workflow, WorkflowStepMixin):
            return
        known = NOTHING_KNOWN
        if self._asked.needs_past:
            from simpleflow_steps.execution.past import read_past  # noqa: PLC0415  for who steers by it alone

            known = read_past(self.storage, context["workflow_id"], but=context["run_id"]).steps
        self._asked.tell(workflow.steering, context["workflow_id"], known)
        if self._asked.without_order(known):
            done = [name for name, seen in workflow.step_book.register.list().items() if seen.done]
            for name in self._asked.without_order(known, done):
                log.warning(no_order(name), selector=name)

    def _end_badly(self, execution: Execution, status: str, raised: BaseException) -> None:
        """Let what runs finish, unless the user wants to leave now, and tell the workflow."""
        if status == "continued":
            return
        try:
            execution.close(None if isinstance(raised, Exception | RunStopped) else self._grace)
        finally:
            # whoever interrupts a second time does not wait for what runs
            execution.children.cancel()
            tell_end(execution, status, raised)

    def _make_pools(self) -> Pools:
        return Pools(self._pool, self._max_workers, self._middlewares)


def _check(workflow_class: object, pool: object, max_workers: object) -> None:
    if not (isinstance(workflow_class, type) and issubclass(workflow_class, Workflow)):
        raise InvalidInput(f"LocalExecutor({workflow_class!r}): pass a class that inherits from Workflow")
    if max_workers is not None and (type(max_workers) is not int or max_workers < 1):
        raise InvalidInput(f"max_workers={max_workers!r}: pass a number of 1 or more")
    if pool is not None and not callable(getattr(pool, "submit", None)):
        raise InvalidInput(f"pool={pool!r}: pass a concurrent.futures.Executor")
