"""The smallest workflow with steps: fetch a day's orders, then add them up. What is done once is not done again.

    $ python basic.py
    fetching the orders of 2026-11-20
    adding up
    61.5
    $ python basic.py
    61.5

The second run found both steps done, and read the total from `.simpleflow/daily-2026-11-20/steps/total`.
"""

from simpleflow_steps import LocalExecutor, Workflow, WorkflowStepMixin, activity


@activity.with_attributes(retry=3, start_to_close_timeout=60)
def fetch(day: str) -> list[float]:
    print("fetching the orders of", day)
    return [12.5, 40.0, 9.0]


@activity.with_attributes()
def add_up(orders: list[float]) -> float:
    print("adding up")
    return sum(orders)


class Daily(Workflow, WorkflowStepMixin):
    name = "daily"

    def run(self, day: str) -> float:
        orders = self.submit(self.step("fetch", (fetch, day), force_steps_if_executed=["total"]))
        total: float = self.submit(self.step("total", (add_up, orders))).result
        return total


if __name__ == "__main__":
    print(LocalExecutor(Daily, workflow_id="daily-2026-11-20").run("2026-11-20"))
