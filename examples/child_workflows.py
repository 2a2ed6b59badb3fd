"""A workflow of workflows: one child a shop, side by side, each with its own steps under its own id.

    $ python child_workflows.py
    paris: 3 sold, lyon: 5 sold
    $ find .simpleflow -path '*steps*' -type f | sort
    .simpleflow/close-2026-11-20.lyon/steps/sales
    .simpleflow/close-2026-11-20.paris/steps/sales
    .simpleflow/close-2026-11-20/steps/shops

Run it again, and the parent's one step is skipped with all that is in it.
"""

from __future__ import annotations

from simpleflow_steps import Group, LocalExecutor, Workflow, WorkflowStepMixin, activity

SOLD = {"paris": 3, "lyon": 5}


@activity.with_attributes(retry=2)
def count_sales(shop: str) -> int:
    return SOLD[shop]


class CloseShop(Workflow, WorkflowStepMixin):
    name = "close-shop"

    def run(self, shop: str, day: str) -> int:  # noqa: ARG002  the day is part of its name
        sales: int = self.submit(self.step("sales", (count_sales, shop))).result
        return sales

    @classmethod
    def get_workflow_id(cls, shop: str, day: str) -> str:
        """Name the execution by its input, so that it finds its markers again, whoever starts it."""
        return f"close-{day}.{shop}"


class CloseDay(Workflow, WorkflowStepMixin):
    name = "close-day"

    def run(self, day: str = "2026-11-20") -> dict[str, int]:
        shops = Group(*((CloseShop, shop, day) for shop in SOLD))
        sold = self.submit(self.step("shops", shops)).result
        return dict(zip(SOLD, sold, strict=True))

    @classmethod
    def get_workflow_id(cls, day: str = "2026-11-20") -> str:
        return f"close-{day}"


if __name__ == "__main__":
    result = LocalExecutor(CloseDay).run()
    print(", ".join(f"{shop}: {sold} sold" for shop, sold in result.items()))
