from contextlib import suppress

import pytest

from simpleflow_steps import Workflow
from simpleflow_steps.canvas import Group
from simpleflow_steps.exceptions import (
    AggregateException,
    ExecutionBlocked,
    InvalidInput,
    TaskCanceled,
    TaskFailed,
    WorkflowFailed,
    WorkflowStuck,
)
from simpleflow_steps.futures import Future
from tests.executors.activities import add, broken, careless, echo, once, thrice


def test_result_raises_task_failed_with_the_original_as_its_cause(play):
    def run(self):
        try:
            return self.submit(broken, "why").result
        except TaskFailed as failure:
            return str(failure), repr(failure.__cause__), "ValueError: why" in failure.details

    name = "activity-tests.executors.activities.broken"
    assert play(run) == (f"{name} failed: ValueError: why", "ValueError('why')", True)


def test_a_careless_activity_gives_none_and_tells_what_happened(play):
    def run(self):
        future = self.submit(careless)
        return future.result, repr(future.exception.__cause__)

    assert play(run) == (None, "ValueError('no')")


def test_a_failure_that_nobody_looked_at_fails_the_run(play):
    def run(self):
        self.submit(broken, "unseen")
        return "fine"

    with pytest.raises(TaskFailed, match="unseen"):
        play(run)


def test_several_failures_that_nobody_looked_at_fail_the_run_together(play):
    def run(self):
        self.submit(broken, "1")
        self.submit(Group((broken, "2"), echo))

    with pytest.raises(AggregateException) as caught:
        play(run)
    assert sorted(str(failure.__cause__) for failure in caught.value.exceptions) == ["1", "2"]


@pytest.mark.parametrize("look", ["exception", "result"])
def test_a_failure_that_was_looked_at_is_the_workflows_business(play, look):
    def run(self):
        failing = self.submit(broken)
        with suppress(TaskFailed):
            getattr(failing, look)
        return "fine"

    assert play(run) == "fine"


def test_a_careless_failure_that_nobody_looked_at_is_no_failure(play):
    def run(self):
        self.submit(careless)
        return "fine"

    assert play(run) == "fine"


def test_everything_submitted_is_done_before_the_run_is_over(play):
    done = []

    def run(self):
        self.submit(echo, 1).add_done_callback(done.append)

    play(run)

    assert len(done) == 1


@pytest.mark.parametrize("error", [ZeroDivisionError("mine"), TaskFailed("made up"), KeyError(1), TaskCanceled()])
def test_what_run_raises_comes_out_as_it_is(play, error):
    def run(self):
        raise error

    with pytest.raises(type(error)) as caught:
        play(run)
    assert str(caught.value) == str(error)


def test_fail_ends_the_run_with_reason_and_details(play):
    def run(self):
        self.fail("no data", {"day": 1})

    with pytest.raises(WorkflowFailed, match="no data") as caught:
        play(run)
    assert (caught.value.reason, caught.value.details) == ("no data", {"day": 1})


def test_fail_cannot_be_swallowed(play):
    def run(self):
        with suppress(Exception):
            self.fail("no data")
        return "fine"

    with pytest.raises(WorkflowFailed, match="no data"):
        play(run)


@pytest.mark.local_only("where a run is replayed, ExecutionBlocked says that it waits")
def test_control_flow_passes_through_what_catches_exceptions(play):
    blocked = ExecutionBlocked()

    def run(self):
        with suppress(Exception):
            raise blocked

    with pytest.raises(ExecutionBlocked) as caught:
        play(run)
    assert caught.value is blocked


def test_a_wait_that_nothing_can_end_is_an_error_and_no_hang(play):
    def run(self):
        return Future(self.executor).result

    with pytest.raises(WorkflowStuck, match="nothing under way can finish"):
        play(run)


def test_a_workflow_without_run_says_so(play):
    with pytest.raises(NotImplementedError, match=r"Flow.run\(\) is not written"):
        play(Workflow.run)


class Told(Workflow):
    told: list

    def on_completed(self, history):
        self.told.append(("completed", [marker.name for marker in history.markers()]))

    def on_failure(self, history, reason, details=None):
        self.told.append(("failed", reason, details.splitlines()[-1], [marker.name for marker in history.markers()]))

    def on_canceled(self, history):
        self.told.append(("canceled",))


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (None, ("completed", ["note"])),
        (ValueError("why"), ("failed", "why", "ValueError: why", ["note"])),
        (ValueError(), ("failed", "ValueError", "ValueError", ["note"])),
        (TaskCanceled(), ("canceled",)),
    ],
)
def test_hooks_are_told_how_the_run_ended(make_executor, error, told):
    class Flow(Told):
        def run(self):
            self.submit(self.record_marker("note"))
            if error:
                raise error

    Flow.told = []
    with suppress(ValueError, TaskCanceled):
        make_executor(Flow).run()

    assert Flow.told == [told]


def test_a_hook_that_raises_does_not_hide_the_failure(play):
    def run(self):
        raise ValueError("the real one")

    def on_failure(self, history, reason, details=None):
        raise RuntimeError("the hook's")

    with pytest.raises(ValueError, match="the real one"):
        play(run, attributes={"on_failure": on_failure})


def test_log_markers_are_kept_in_order_and_the_last_of_a_name_counts(play):
    def run(self):
        for name, details in [("a", 1), ("b", 2), ("a", 3)]:
            self.submit(self.record_marker(name, details))
        return [[(m.name, m.details) for m in self.list_markers(all=every)] for every in (False, True)]

    assert play(run) == [[("a", 3), ("b", 2)], [("a", 1), ("b", 2), ("a", 3)]]


DECISIONS = {
    "abort": lambda context: context.decide_abort(),
    "ignore": lambda context: context.decide_ignore(),
    "cancel": lambda context: context.decide_cancel(),
    "handled": lambda context: context.decide_handled("instead"),
    "retry": lambda context: context.decide_retry() if context.attempt_number < 4 else context,
    "retry later": lambda context: context.decide_retry(0.01) if context.attempt_number < 4 else context,
    "nothing": lambda context: None,
}


def deciding(decision):
    return {"on_task_failure": lambda self, context: DECISIONS[decision](context)}


def outcome(future):
    try:
        return future.state, future.result
    except (TaskFailed, TaskCanceled) as error:
        return future.state, type(error).__name__


@pytest.mark.parametrize(
    ("decision", "told"),
    [
        ("ignore", ("FINISHED", None)),
        ("cancel", ("CANCELLED", "TaskCanceled")),
        ("handled", ("FINISHED", "instead")),
        ("retry", ("FINISHED", 4)),
        ("retry later", ("FINISHED", 4)),
        ("nothing", ("FINISHED", "TaskFailed")),
    ],
)
def test_the_workflow_decides_what_a_failed_attempt_means(play, decision, told):
    def run(self):
        future = self.submit(once, 4)
        future.wait()
        return outcome(future)

    assert play(run, attributes=deciding(decision)) == told


def test_the_workflow_may_end_retries(play):
    seen = []

    def stop(self, context):
        seen.append((context.task_name, context.exception_class, context.attempt_number, context.retry_count))
        return context.decide_handled(None) if context.attempt_number == 2 else None

    play(lambda self: self.submit(thrice, 9).result, attributes={"on_task_failure": stop})

    assert list(dict.fromkeys(seen)) == [("activity-thrice", ValueError, 1, 0), ("activity-thrice", ValueError, 2, 1)]


def test_abort_fails_the_run_even_if_the_failure_is_swallowed(play):
    def run(self):
        with suppress(Exception):
            self.submit(broken, "serious").wait()
        return "fine"

    with pytest.raises(TaskFailed, match="serious"):
        play(run, attributes=deciding("abort"))


def test_an_ignored_failure_is_told(play):
    def run(self):
        return repr(self.submit(broken).exception.__cause__)

    assert play(run, attributes=deciding("ignore")) == "ValueError('no')"


def test_what_the_hook_raises_fails_the_task(play):
    def hook(self, context):
        raise RuntimeError("from the hook")

    with pytest.raises(RuntimeError, match="from the hook"):
        play(lambda self: self.submit(broken).result, attributes={"on_task_failure": hook})


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (print, "cannot submit <built-in function print>: decorate it with @activity.with_attributes"),
        (int, "cannot submit the class int: it is neither a Workflow nor an activity"),
        (None, "cannot submit None: pass an activity, a task or a canvas"),
        ([echo], "pass an activity, a task or a canvas"),
    ],
)
def test_what_cannot_be_submitted_is_refused(play, wrong, told):
    with pytest.raises(InvalidInput, match=told.replace("(", r"\(")):
        play(lambda self: self.submit(wrong))


def test_wrong_arguments_of_an_activity_are_refused_when_it_is_submitted(play):
    with pytest.raises(InvalidInput, match=r"add: missing a required argument: 'right'; it takes \(left: 'int'"):
        play(lambda self: self.submit(add, 1))


@pytest.mark.parametrize("args", [(), (1, 2)])
def test_wrong_arguments_of_run_are_refused(play, args):
    def run(self, day):
        pytest.fail("ran")

    with pytest.raises(InvalidInput, match=r"workflow .*Flow: .*; it takes \(day\)"):
        play(run, *args)
