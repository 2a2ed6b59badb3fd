"""A graph as Mermaid text, which GitHub, GitLab and many wikis draw."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simpleflow_steps.clock import elapsed
from simpleflow_steps.drawing.graph import CHILD, FOLDED, FOLLOWED, FORCES, GROUP, STEP, Box
from simpleflow_steps.drawing.states import LOOKS, SKIPPED
from simpleflow_steps.drawing.text import LONGEST, fit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simpleflow_steps.drawing.graph import Graph

PLAIN = frozenset(" ,./_")  # beside letters and digits; anything else may mean something to Mermaid
SHAPES = {STEP: '("{}")', FOLDED: '[["{}"]]', CHILD: '[/"{}"/]'}
LINES = {FORCES: "-.->", FOLLOWED: "-->"}
NOTE = 300  # characters of a note


def to_mermaid(graph: Graph) -> str:
    """Write a graph as a Mermaid flowchart."""
    return "\n".join([*_lines(graph), ""])


def quoted(text: str, longest: int = LONGEST) -> str:
    """Write a text so that Mermaid, and the HTML that it makes, can only show it."""
    return "".join(map(_quoted, fit(text, longest)))


def _quoted(character: str) -> str:
    if character.isalnum() or character in PLAIN:
        return character
    # a word joiner, which nobody sees, keeps Mermaid from finding formulas ($$) and icons (fa:) in what is shown
    return f"#{ord(character)};" + ("#8288;" if character in "$:" else "")


def _lines(graph: Graph) -> Iterator[str]:
    yield "flowchart LR"
    for box in graph.boxes:
        yield from _box(box, 1)
    for arrow in graph.arrows:
        yield f"  {arrow.tail} {LINES[arrow.kind]} {arrow.head}"
    yield from _legend(graph)
    yield from (f"  class {box.id} {_class(box.state)}" for box in graph.walk() if box.items)
    for state in graph.states():
        look = LOOKS[state]
        dash = ",stroke-dasharray:4 3" if look.dashed else ""
        yield f"  classDef {_class(state)} fill:{look.fill},stroke:{look.line},color:#1d2733{dash}"
    yield "  classDef plain fill:#f6f8fa,stroke:#9aa5b1,color:#1d2733"


def _box(box: Box, depth: int) -> Iterator[str]:
    indent = "  " * depth
    if not box.items:
        shape = SHAPES.get(box.kind, SHAPES[STEP]).format(_label(box))
        yield f"{indent}{box.id}{shape}:::{_class(box.state)}"
        return
    yield f'{indent}subgraph {box.id}["{_label(box)}"]'
    yield f"{indent}  direction LR"
    for item in box.items:
        yield from _box(item, depth + 1)
    yield f"{indent}end"


def _label(box: Box) -> str:
    symbol = f"{LOOKS[box.state].symbol} " if box.state else "" if box.kind == GROUP else "… "
    took = "" if box.seconds is None or box.state == SKIPPED else f"<br/>{quoted(elapsed(box.seconds))}"
    return f"{symbol}{quoted(box.label)}{took}"


def _legend(graph: Graph) -> Iterator[str]:
    yield f'  subgraph legend["{quoted(graph.title)}"]'
    yield "    direction LR"
    for state in graph.states():
        yield f'    l_{_class(state)}("{LOOKS[state].symbol} {state}"):::{_class(state)}'
    for number, kind in enumerate(graph.arrow_kinds(), start=1):
        words = "forces, if it runs" if kind == FORCES else kind
        yield f'    k{number}["one step"]:::plain {LINES[kind]}|"{words}"| k{number}x["another"]:::plain'
    for number, note in enumerate(graph.notes, start=1):
        yield f'    note{number}["{quoted(note, NOTE)}"]:::plain'
    yield "  end"
    yield "  class legend plain"


def _class(state: str | None) -> str:
    return "plain" if state is None else f"s_{state.replace(' ', '_')}"
