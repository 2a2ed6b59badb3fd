"""A graph in the language of Graphviz."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from simpleflow_steps.clock import elapsed
from simpleflow_steps.drawing.graph import CHILD, FOLDED, FOLLOWED, FORCES, STEP, Box
from simpleflow_steps.drawing.states import LOOKS, SKIPPED
from simpleflow_steps.drawing.text import LONGEST, fit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from simpleflow_steps.drawing.graph import Arrow, Graph

SHAPES = {STEP: "box", FOLDED: "box3d", CHILD: "component"}
INK, SOFT, PALE = "#1d2733", "#9aa5b1", "#f6f8fa"
LINES = {
    FORCES: {"style": "dashed", "color": "#8a5a00", "arrowhead": "vee"},
    FOLLOWED: {"style": "solid", "color": "#66717d", "arrowhead": "normal"},
}
FONT = {"fontname": "Helvetica,Arial,sans-serif", "fontsize": "11", "fontcolor": INK}
NOTE = 300  # characters of a note
MOST_UNSEEN = 20
WIDE = 60  # characters of a line of a note


def to_dot(graph: Graph) -> str:
    """Write a graph as DOT."""
    return "\n".join([*_lines(graph), ""])


def quoted(text: str) -> str:
    """Write a text, with its line ends, as a string of DOT that shows it and does nothing else."""
    lines = (fit(line, NOTE) for line in text.split("\n"))
    escaped = (line.replace("\\", "\\\\").replace("&", "&amp;").replace('"', '\\"') for line in lines)
    return '"' + "\\n".join(escaped) + '"'


def _lines(graph: Graph) -> Iterator[str]:
    yield f"digraph {quoted(fit(graph.title))} {{"
    yield f"  graph [rankdir=LR, compound=true, newrank=true, bgcolor=white, nodesep=0.25, ranksep=0.5, {_list(FONT)}]"
    yield f"  node [shape=box, style=rounded, margin={quoted('0.14,0.07')}, {_list(FONT)}]"
    yield f"  edge [arrowsize=0.7, {_list(FONT)}]"
    for box in graph.boxes:
        yield from _box(box, 1)
    leaves = {box.id: [inner.id for inner in box.walk() if not inner.items] for box in graph.walk()}
    for arrow in graph.arrows:
        yield from _arrow(arrow, leaves)
    yield from _legend(graph)
    yield "}"


def _box(box: Box, depth: int) -> Iterator[str]:
    indent = "  " * depth
    if not box.items:
        looks = _look(box.state, filled="rounded,filled" if box.kind == STEP else "filled")
        yield f"{indent}{box.id} [label={quoted(_label(box))}, shape={SHAPES.get(box.kind, 'box')}, {_list(looks)}]"
        return
    yield f"{indent}subgraph cluster_{box.id} {{"
    yield f"{indent}  graph [label={quoted(_label(box))}, {_list(_look(box.state, filled='rounded,filled'))}]"
    for item in box.items:
        yield from _box(item, depth + 1)
    yield f"{indent}}}"


def _look(state: str | None, filled: str) -> dict[str, str]:
    if state is None:
        return {"style": filled, "fillcolor": PALE, "color": SOFT}
    look = LOOKS[state]
    return {"style": f"{filled},dashed" if look.dashed else filled, "fillcolor": look.fill, "color": look.line}


def _label(box: Box) -> str:
    symbol = f"{LOOKS[box.state].symbol} " if box.state else ""
    took = "" if box.seconds is None or box.state == SKIPPED else f"\n{elapsed(box.seconds)}"
    return f"{symbol}{fit(box.label, LONGEST)}{took}"


def _arrow(arrow: Arrow, leaves: Mapping[str, list[str]]) -> Iterator[str]:
    """Write an arrow; one to or from a box with boxes inside goes to one of these, and is cut off at its edge.

    The others get one that is not seen, so that all of them stand on the same side.
    """
    tails, heads = leaves[arrow.tail], leaves[arrow.head]
    tail, head = tails[len(tails) // 2], heads[len(heads) // 2]
    ends = dict(LINES[arrow.kind])
    if tail != arrow.tail:
        ends["ltail"] = f"cluster_{arrow.tail}"
    if head != arrow.head:
        ends["lhead"] = f"cluster_{arrow.head}"
    yield f"  {tail} -> {head} [{_list(ends)}]"
    for other in tails[:MOST_UNSEEN]:
        yield from (
            f"  {other} -> {each} [style=invis]" for each in heads[:MOST_UNSEEN] if (other, each) != (tail, head)
        )


def _legend(graph: Graph) -> Iterator[str]:
    yield "  subgraph cluster_legend {"
    yield f"    graph [label={quoted(fit(graph.title))}, {_list({'style': 'rounded', 'color': SOFT})}]"
    for number, state in enumerate(graph.states(), start=1):
        label = quoted(f"{LOOKS[state].symbol} {state}")
        yield f"    l{number} [label={label}, {_list(_look(state, filled='rounded,filled'))}]"
    for number, kind in enumerate(graph.arrow_kinds(), start=1):
        words = "forces, if it runs" if kind == FORCES else kind
        yield f'    k{number} [label="one step", {_list(_look(None, filled="rounded,filled"))}]'
        yield f'    k{number}x [label="another", {_list(_look(None, filled="rounded,filled"))}]'
        yield f"    k{number} -> k{number}x [label={quoted(words)}, {_list(LINES[kind])}]"
    for number, note in enumerate(graph.notes, start=1):
        text = "\n".join(textwrap.wrap(fit(note, NOTE), WIDE))
        yield f"    note{number} [label={quoted(text)}, shape=plaintext, style={quoted('')}]"
    yield "  }"


def _list(attributes: Mapping[str, str]) -> str:
    return ", ".join(f"{name}={quoted(value)}" for name, value in attributes.items())
