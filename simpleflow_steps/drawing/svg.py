"""A graph as SVG, drawn by the program `dot` of Graphviz."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

from simpleflow_steps.drawing.dot import to_dot
from simpleflow_steps.exceptions import InvalidInput

if TYPE_CHECKING:
    from simpleflow_steps.drawing.graph import Graph

PATIENCE = 60.0  # seconds


def to_svg(graph: Graph) -> str:
    """Draw a graph.

    :raises InvalidInput: if there is no `dot`, or if it cannot draw this one in a minute
    """
    program = shutil.which("dot")
    if program is None:
        raise InvalidInput(
            "--format svg needs the program dot of Graphviz, which is not on the PATH: install graphviz "
            "(apt-get install graphviz, brew install graphviz), or take --format mermaid or dot"
        )
    try:
        drawn = subprocess.run(  # noqa: S603  a program of its own name, and text on its standard input
            [program, "-Tsvg"],
            input=to_dot(graph).encode(),
            capture_output=True,
            check=True,
            timeout=PATIENCE,
        )
    except subprocess.TimeoutExpired:
        raise InvalidInput(
            f"dot has not drawn this graph in {PATIENCE:.0f} seconds: fold more of it, such as with --fold 5"
        ) from None
    except subprocess.CalledProcessError as error:
        told = error.stderr.decode(errors="replace").strip()
        raise InvalidInput(f"dot cannot draw this graph ({told[:200]}): take --format mermaid or dot") from None
    return drawn.stdout.decode()
