"""A warning says everything in its sentence, because Python prints nothing else by default."""

from simpleflow_steps import LocalExecutor, Step, Workflow, WorkflowStepMixin
from tests.executors.activities import broken, echo, patient


class Talking(Workflow, WorkflowStepMixin):
    def run(self):
        self.submit(Step("load", (patient, 2)))
        self.submit(Step("report", echo))
        self.submit(Step("break", broken)).wait()


def test_warnings_carry_their_facts_in_the_sentence_and_as_fields(caplog):
    LocalExecutor(Talking, storage="memory://sentences", force=["lod"], skip=["report"]).run()

    told = {record.as_event: record for record in caplog.records if record.levelname == "WARNING"}
    assert {event: record.getMessage() for event, record in told.items()} == {
        "StepSkipped": "step skipped although it was never done: it has no result: report",
        "ActivityRetried": "attempt 1 of activity-patient failed, another follows in 0.01 s: ValueError: attempt 1",
        "StepFailed": "step failed: break: activity-tests.executors.activities.broken failed: ValueError: no",
        "NamesUnmatched": "a name to force or skip matched no step: lod; did you mean load?",
    }
    assert (told["ActivityRetried"].attempt, told["ActivityRetried"].wait) == (1, 0.01)
    assert told["StepFailed"].step == "break"
