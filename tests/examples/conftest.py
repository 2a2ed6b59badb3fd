"""A directory of one's own, with the examples in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.examples.console import ROOT, make_tools


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    return make_tools(tmp_path / "tools")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Give a directory that holds nothing but the examples."""
    place = tmp_path / "place"
    place.mkdir()
    for example in (ROOT / "examples").iterdir():
        (place / example.name).symlink_to(example)
    return place
