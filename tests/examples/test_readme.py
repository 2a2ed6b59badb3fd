from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

from tests.examples.console import ROOT, assert_plays, matches, run

README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)
NAME = re.compile(r"# (\w+\.py)\n")


def blocks(language: str) -> list[str]:
    return [block for found, block in BLOCKS if found == language]


def test_every_block_says_what_it_is() -> None:
    assert {language for language, _ in BLOCKS} == {"python", "console", "sh", "mermaid"}


def test_the_blocks_do_what_the_page_says(place: Path, tools: Path) -> None:
    for language, block in BLOCKS:
        if language == "console":
            assert_plays(block, place, tools)
        elif named := NAME.match(block):
            (place / named[1]).write_text(block)
        elif language == "python" and "import" in block:
            (place / "snippet.py").write_text(block)
            assert run("python snippet.py", place, tools).returncode == 0, block


def test_the_graph_is_the_one_that_the_weather_has(place: Path, tools: Path) -> None:
    run("sfs run weather:Weather --workflow-id seattle-weather", place, tools)

    (shown,) = blocks("mermaid")
    assert matches(shown, run("sfs graph seattle-weather", place, tools).stdout)


def test_the_first_lines_shown_are_those_of_the_first_workflow() -> None:
    shown, workflow = blocks("python")[:2]

    statements = [line.strip().removesuffix(".result") for line in shown.splitlines()]
    assert all(line in workflow.replace("total: float", "total") for line in statements)


def test_the_first_workflow_is_the_basic_example() -> None:
    shown = ast.parse(blocks("python")[1])
    example = ast.parse((ROOT / "examples/basic.py").read_text())

    assert ast.dump(ast.Module(example.body[1:], [])) == ast.dump(shown)


def test_what_it_tells_to_make_can_be_made() -> None:
    targets = re.findall(r"^make (\w+)", "".join(blocks("sh")), flags=re.MULTILINE)

    assert targets
    assert subprocess.run(["make", "--dry-run", *targets], cwd=ROOT, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\((?!https?:)([^)#]+)\)", README))))
def test_a_link_leads_somewhere(link: str) -> None:
    assert (ROOT / link).exists()
