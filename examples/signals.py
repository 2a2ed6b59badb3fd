"""Signals and a timer: a draft goes to a reviewer, and is published an instant after the verdict.

    $ python signals.py
    the draft is there
    Ada says: good
    published: Buckets are enough
    $ python signals.py
    the draft is there
    Ada says: good
    published: Buckets are enough

The second run skipped its steps. Their signals are sent all the same, so whoever waits for them goes on.
"""

from __future__ import annotations

from simpleflow_steps import LocalExecutor, Workflow, WorkflowStepMixin, activity, futures


@activity.with_attributes()
def write(title: str) -> str:
    return title.capitalize()


@activity.with_attributes()
def publish(text: str) -> str:
    return f"published: {text}"


class Review(Workflow):
    """A child; without a `workflow_id`, its signal goes to its parent too."""

    name = "review"

    def run(self, text: str) -> None:
        verdict = "good" if text else "empty"
        self.submit(self.signal("verdict", {"by": "Ada", "says": verdict}))


class Publish(Workflow, WorkflowStepMixin):
    name = "publish"

    def run(self, title: str = "buckets are enough") -> str:
        text = self.submit(self.step("draft", (write, title), emit_signal=True))
        futures.wait(self.submit(self.wait_signal("step.draft")))
        print("the draft is there")

        self.submit(Review, text)
        verdict = self.submit(self.wait_signal("verdict")).result
        print(f"{verdict['by']} says: {verdict['says']}")

        futures.wait(self.submit(self.start_timer("a moment to breathe", 0.1)))
        published: str = self.submit(self.step("publish", (publish, text))).result
        return published


if __name__ == "__main__":
    print(LocalExecutor(Publish, workflow_id="publish").run())
