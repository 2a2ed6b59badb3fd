"""Failures: tried again, timed out, tolerated, and raised. A step is done only when all of it succeeded.

    $ python failing_and_retrying.py
    ask: attempt 1
    ask: attempt 2
    ask: attempt 3
    nap gave None
    pay failed: ValueError: no money
    steps done: ['ask']
    $ python failing_and_retrying.py
    nap gave None
    pay failed: ValueError: no money
    steps done: ['ask']

The second run asked nobody again: it went on where the first one had failed.
"""

from __future__ import annotations

import time

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from simpleflow_steps import LocalExecutor, Workflow, WorkflowStepMixin, activity, futures
from simpleflow_steps.exceptions import TaskFailed

patiently = Retrying(
    retry=retry_if_exception_type(ConnectionError),
    stop=stop_after_attempt(5),
    wait=wait_random_exponential(multiplier=0.01, max=0.1),
)


@activity.with_attributes(retry=patiently)
def ask() -> str:
    """Answer at the third attempt; `retry=2` would do too, without a wait between them."""
    attempt = activity.context().attempt
    print("ask: attempt", attempt)
    if attempt < 3:
        raise ConnectionError("nobody there")
    return "yes"


@activity.with_attributes(start_to_close_timeout=0.1, raises_on_failure=False)
def nap() -> str:
    """Take too long. `raises_on_failure=False`: whoever wants the result gets None."""
    time.sleep(0.5)
    return "rested"


@activity.with_attributes()
def pay() -> None:
    raise ValueError("no money")


class Shop(Workflow, WorkflowStepMixin):
    name = "shop"

    def run(self) -> list[str]:
        futures.wait(self.submit(self.step("ask", ask)))  # raises if all five attempts failed
        print("nap gave", self.submit(self.step("nap", nap)).result)
        try:
            futures.wait(self.submit(self.step("pay", pay)))  # raises: the activity failed
        except TaskFailed as failure:
            print("pay failed:", failure.reason)
        return self.get_steps_done()


if __name__ == "__main__":
    print("steps done:", LocalExecutor(Shop, workflow_id="shop").run())
