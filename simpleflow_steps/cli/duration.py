"""Durations as people write them: `30d`, `12h`, `1d12h`."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterable

_UNITS = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_DURATION = re.compile("".join(rf"(?:(?P<{name}>[0-9]{{1,9}}){letter})?" for letter, name in _UNITS.items()))


def read_duration(_: click.Context, __: click.Parameter, text: str | None) -> timedelta | None:
    """Read the value of an option, as click calls it.

    :raises click.BadParameter: saying how a duration is written
    """
    if text is None:
        return None
    match = _DURATION.fullmatch(text)
    if not text or match is None:
        raise click.BadParameter(f"{text!r} is no duration: write 30d, 12h, 45m or 1d12h")
    try:
        return _duration(match.groupdict().items())
    except OverflowError:
        raise click.BadParameter(f"{text!r} is longer than any calendar") from None


def _duration(counts: Iterable[tuple[str, str | None]]) -> timedelta:
    return timedelta(**{unit: int(count) for unit, count in counts if count})
