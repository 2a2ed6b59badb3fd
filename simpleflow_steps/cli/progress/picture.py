"""The picture of a run, at most as wide and as high as its terminal."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.text import Text

from simpleflow_steps.cli.progress.lines import STATE_COLUMNS, STYLES, TIME_COLUMNS
from simpleflow_steps.cli.progress.notes import bar
from simpleflow_steps.cli.progress.tree import CHILD, GROUP, Node, count, fold, grow
from simpleflow_steps.cli.text import shown
from simpleflow_steps.clock import elapsed
from simpleflow_steps.execution.account import COMPLETED, FAILED, RUNNING, SKIPPED, WAITING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from simpleflow_steps.cli.progress.scene import Scene
    from simpleflow_steps.execution.account import Account

NARROW = 48  # columns; below that there is no room for columns of states and times
MOST_ROWS = 30
SPARE_ROWS = 3  # the totals, the fold and the line of the cursor
STATE_STYLES = {**STYLES, CHILD: "magenta", GROUP: "default", WAITING: "bright_black"}
PLAIN = str.maketrans({"━": "#", "─": "-", "…": ".", "├": "|", "└": "`", "│": "|"})


@dataclass(frozen=True, slots=True)
class Frame:
    """What a picture must fit into."""

    columns: int
    rows: int
    ascii_only: bool = False

    @property
    def is_narrow(self) -> bool:
        """Whether there is no room for columns."""
        return self.columns < NARROW

    @property
    def room(self) -> int:
        """How many rows there are for the tree."""
        return max(min(self.rows - SPARE_ROWS, MOST_ROWS), 0)


@dataclass(frozen=True, slots=True)
class Totals:
    """The last line: how many steps are in each state, and what else is said of the whole."""

    counts: Mapping[str, int]
    seconds: float | None
    title: str
    said: tuple[str, ...] = field(default=())


def draw(scene: Scene, totals: Totals, frame: Frame) -> list[Text]:
    """Draw the tree of what runs, and the totals below it."""
    nodes = grow(scene)
    placed = fold(nodes, frame.room)
    rows = [_row(node, lasts, frame) for node, lasts in placed]
    hidden = _running_in(scene) - sum(node.state == RUNNING for node, _ in placed)
    hidden_children = count(nodes, CHILD) - sum(node.state == CHILD for node, _ in placed)
    if said := _more(hidden, hidden_children):
        rows.append(Text(said, "bright_black"))
    rows.append(_totals_line(totals, scene.account, frame))
    return [_fitted(row, frame) for row in rows]


def _running_in(scene: Scene) -> int:
    return scene.account.counts.get(RUNNING, 0) + sum(map(_running_in, scene.children.values()))


def _more(running: int, children: int) -> str:
    parts = [f"{running:,} more running"] if running > 0 else []
    parts += [f"{children:,} more child workflows"] if children > 0 else []
    return f"… {', '.join(parts)}" if parts else ""


def _row(node: Node, lasts: tuple[bool, ...], frame: Frame) -> Text:
    took = "" if node.seconds is None else elapsed(node.seconds)
    style = STATE_STYLES.get(node.state, "")
    if frame.is_narrow:
        word = f"{node.state} " if node.state in (FAILED, CHILD) else ""
        parts = [Text().append(word + node.name, style), Text(took), node.detail]
        return Text(" " * (len(lasts) - 1)).append_text(Text(" ").join(part for part in parts if part))
    state = "" if node.state == GROUP else node.state
    text = Text().append(f"{state:<{STATE_COLUMNS}} {took:>{TIME_COLUMNS}}  ", style)
    text.append(_guides(lasts), "bright_black").append(node.name, "default")
    return text.append("  ").append_text(_dimmed(node.detail)) if node.detail else text


def _dimmed(detail: Text) -> Text:
    return Text("", "bright_black").append_text(detail)


def _guides(lasts: tuple[bool, ...]) -> str:
    """Draw the lines that lead to a row; those of the outermost rows lead nowhere."""
    if len(lasts) == 1:
        return ""
    return "".join("  " if last else "│ " for last in lasts[1:-1]) + ("└ " if lasts[-1] else "├ ")


def _totals_line(totals: Totals, account: Account, frame: Frame) -> Text:
    text = _long_totals(totals, account)
    return _short_totals(totals, account) if frame.is_narrow or text.cell_len > frame.columns else text


def _long_totals(totals: Totals, account: Account) -> Text:
    counts, text = totals.counts, Text()
    for state in (RUNNING, COMPLETED, SKIPPED, FAILED, WAITING):
        if counts.get(state) or state == COMPLETED:
            text.append(f"{counts.get(state, 0):,} {state}", STATE_STYLES[state]).append("  ")
    if account.foretold and account.total:
        share = account.done / account.total
        text.append_text(bar(share)).append(f" {int(share * 100)}%  ")
    return text.append("  ".join(_rest(totals)), "bright_black")


def _short_totals(totals: Totals, account: Account) -> Text:
    text = Text(f"{account.done:,}/{account.total:,}" if account.foretold else f"{account.done:,} done")
    text.append(f" {totals.counts[FAILED]:,} failed" if totals.counts.get(FAILED) else "", STYLES[FAILED])
    return text.append("".join(f" {part}" for part in _rest(totals)))


def _rest(totals: Totals) -> Iterable[str]:
    if totals.seconds is not None:
        yield elapsed(totals.seconds)
    yield from totals.said
    yield shown(totals.title)


def _fitted(text: Text, frame: Frame) -> Text:
    if frame.ascii_only:
        plain = text.plain.translate(PLAIN).encode("ascii", "backslashreplace").decode()
        text = Text(plain)
    text.no_wrap = True
    text.truncate(frame.columns, overflow="crop" if frame.ascii_only else "ellipsis")
    return text
