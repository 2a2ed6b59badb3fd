"""Activities put together: side by side, one after another, and built when reached.

    $ python chain_and_group.py
    read 3 shelves: [12, 7, 23]
    sum and label: [42, '42 books']
    one box for every 20 books: ['box 1', 'box 2', 'box 3']

A step may hold any of these; its result is theirs.
"""

from __future__ import annotations

from simpleflow_steps import Chain, FuncGroup, Group, LocalExecutor, Workflow, WorkflowStepMixin, activity

SHELVES = {"a": 12, "b": 7, "c": 23}


@activity.with_attributes()
def count(shelf: str) -> int:
    return SHELVES[shelf]


@activity.with_attributes()
def add(numbers: list[int]) -> int:
    return sum(numbers)


@activity.with_attributes()
def label(total: int) -> str:
    return f"{total} books"


@activity.with_attributes()
def pack(box: int) -> str:
    return f"box {box}"


def boxes_for(total: int) -> Group:
    """Build a group once the number is known; a FuncGroup calls this when it is reached."""
    return Group(*((pack, box) for box in range(1, total // 20 + 2)))


class Library(Workflow, WorkflowStepMixin):
    name = "library"

    def run(self) -> list[str]:
        # Side by side, two at a time; results come in the order of the arguments.
        counts = self.submit(self.step("count", Group(*((count, s) for s in SHELVES), max_parallel=2)))
        print(f"read {len(SHELVES)} shelves: {counts.result}")

        # One after another; each gets the result of the one before. A future is an argument like any other.
        summed = self.submit(self.step("sum", Chain((add, counts), label, send_result=True)))
        print(f"sum and label: {summed.result}")

        # A canvas may hold canvases, and a step may hold any of them.
        packed = self.submit(self.step("pack", Chain((add, counts), FuncGroup(boxes_for), send_result=True)))
        boxes: list[str] = packed.result[-1]
        print(f"one box for every 20 books: {boxes}")
        return boxes


if __name__ == "__main__":
    LocalExecutor(Library, storage="memory://library").run()
