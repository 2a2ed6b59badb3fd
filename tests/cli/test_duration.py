from __future__ import annotations

from datetime import timedelta

import click
import pytest

from simpleflow_steps.cli.duration import read_duration

COMMAND = click.Command("sfs")
OPTION = click.Option(["--older-than"])


def _read(text: str | None) -> timedelta | None:
    return read_duration(click.Context(COMMAND), OPTION, text)


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("30d", timedelta(days=30)),
        ("12h", timedelta(hours=12)),
        ("2w", timedelta(weeks=2)),
        ("1d12h", timedelta(days=1, hours=12)),
        ("90m", timedelta(minutes=90)),
        ("0s", timedelta(0)),
    ],
)
def test_reads_what_people_write(text: str, duration: timedelta) -> None:
    assert _read(text) == duration


def test_nothing_given_is_nothing() -> None:
    assert _read(None) is None


@pytest.mark.parametrize("text", ["", "30", "d", "-1d", "1.5d", "12h1d", "3x", " 1d", "1d\n", "٣d"])
def test_anything_else_is_told_with_the_cure(text: str) -> None:
    with pytest.raises(click.BadParameter, match=r"is no duration: write 30d, 12h, 45m or 1d12h"):
        _read(text)


def test_more_than_a_calendar_holds_is_told() -> None:
    with pytest.raises(click.BadParameter, match="longer than any calendar"):
        _read("999999999w")
