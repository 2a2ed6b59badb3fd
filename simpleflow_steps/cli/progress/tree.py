"""An account as a tree: steps inside the steps around them, under the group of their name, children in their step."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.text import Text

from simpleflow_steps.cli.accounts import tries_text
from simpleflow_steps.cli.progress.notes import counted_bar, note_text
from simpleflow_steps.cli.text import one_line, plural, shown
from simpleflow_steps.execution.account import FAILED, RUNNING, seconds_since

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from simpleflow_steps.cli.progress.scene import Scene
    from simpleflow_steps.execution.account import Account, ChildAccount, GroupAccount, RunningStep

CHILD, GROUP = "child", "group"
Placed = tuple["Node", tuple[bool, ...]]


@dataclass(slots=True, eq=False)
class Node:
    """One row of the tree; its texts are safe to show."""

    state: str
    name: str
    seconds: float | None = None
    detail: Text = field(default_factory=Text)
    inside: list[Node] = field(default_factory=list)


def grow(scene: Scene) -> list[Node]:
    """Make the tree of what runs; what failed comes last."""
    account = scene.account
    steps = {step.name: _step_node(step, account.groups.get(step.name), scene.now) for step in account.running}
    groups = {name: _group_node(name, group) for name, group in account.groups.items() if _is_open(group, name, steps)}
    roots: list[Node] = []
    for name, node in groups.items():
        steps.get(account.groups[name].within or "", _Root(roots)).inside.append(node)
    for step in account.running:
        _around(step, account, steps, groups, roots).append(steps[step.name])
    for child_id, child in account.children.items():
        node = _child_node(child_id, child, scene.children.get(child_id))
        steps.get(child.step or "", _Root(roots)).inside.append(node)
    failed = [Node(FAILED, shown(name), detail=Text(one_line(error))) for name, error in account.failed.items()]
    return roots + failed


def fold(nodes: list[Node], most: int) -> list[Placed]:
    """Choose the rows that fit, those further out first, and put them in the tree's order.

    :return: each with whether it is the last one in what is around it, from the outermost on
    """
    chosen: set[Node] = set()
    failed = [node for node in nodes if node.state == FAILED][: max(most // 3, 1)]
    queue = deque([*failed, *(node for node in nodes if node not in failed)])
    while queue and len(chosen) < most:
        node = queue.popleft()
        chosen.add(node)
        queue.extend(node.inside)
    return list(_in_order(nodes, chosen, ()))


def count(nodes: list[Node], state: str) -> int:
    """Count the nodes of a state, at any depth."""
    return sum((node.state == state) + count(node.inside, state) for node in nodes)


@dataclass(slots=True)
class _Root:
    inside: list[Node]


def _in_order(nodes: list[Node], chosen: set[Node], lasts: tuple[bool, ...]) -> Iterator[Placed]:
    left = [node for node in nodes if node in chosen]
    for node in left:
        here = (*lasts, node is left[-1])
        yield node, here
        yield from _in_order(node.inside, chosen, here)


def _around(
    step: RunningStep, account: Account, steps: dict[str, Node], groups: dict[str, Node], roots: list[Node]
) -> list[Node]:
    """Find where a step belongs: in its group if that is inside the same step, else in that step."""
    head = step.name.partition(".")[0]
    group, outer = groups.get(head), steps.get(step.within or "")
    if group is not None and (outer is None or account.groups[head].within == step.within):
        return group.inside
    if outer is None and head != step.name:
        outer = steps.get(head)
    return roots if outer is None else outer.inside


def _is_open(group: GroupAccount, name: str, steps: dict[str, Node]) -> bool:
    return name not in steps and group.done + group.failed < group.total


def _step_node(step: RunningStep, group: GroupAccount | None, now: datetime) -> Node:
    parts = [Text(tries_text(step), "yellow")] if step.retries else []
    if group is not None:
        parts.append(_progress(group))
    parts.append(note_text(step.note))
    return Node(RUNNING, shown(step.name), seconds_since(step.started, now), _joined(parts))


def _group_node(name: str, group: GroupAccount) -> Node:
    return Node(GROUP, shown(name), detail=_progress(group))


def _progress(group: GroupAccount) -> Text:
    text = counted_bar(min(group.done, group.total), group.total)
    return text.append(f"  {group.failed:,} failed", "red") if group.failed else text


def _child_node(child_id: str, child: ChildAccount, scene: Scene | None) -> Node:
    parts = [Text(f"workflow {shown(child.workflow)}" if child.workflow else "")]
    if scene is not None and scene.account.total:
        parts.append(Text(f"{scene.account.done:,} of {plural(scene.account.total, 'step')} over"))
    state = FAILED if child.status == FAILED else CHILD
    return Node(state, shown(child_id), None, _joined(parts), [] if scene is None else grow(scene))


def _joined(parts: list[Text]) -> Text:
    return Text("  ").join(part for part in parts if part)
