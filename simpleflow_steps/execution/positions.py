"""Where a run stands in its waits: which signal ended which wait, and when each timer is to fire.

A resumed run plays `run()` from the start. The n-th wait for a signal inside a step, or outside any, is the same wait
in every run, so what ended it in one run ends it in the next: a signal is consumed once, and a timer goes on where it
was. A step that is played anew although it was done forgets its waits.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from simpleflow_steps import codec
from simpleflow_steps.execution.parts import fitting, from_part, to_part

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simpleflow_steps.storage import Storage

OUTSIDE = "*"  # the scope of what is in no step; no step has this name
STAMP = "%Y%m%dT%H%M%S.%fZ"


class Position(NamedTuple):
    """The n-th wait of one kind and name in one scope; `kind` is `signal` or `timer`.

    A very long scope or name is there as a digest.
    """

    generation: int
    scope: str
    kind: str
    name: str
    number: int


class Positions:
    """The waits of an execution, one small object for each, which its key tells whole.

    :param storage: where they live, under `{workflow_id}/waits/`
    """

    def __init__(self, storage: Storage, workflow_id: str) -> None:
        self._storage = storage
        self._prefix = f"{workflow_id}/waits/"
        self._numbers: Counter[tuple[int, str, str, str]] = Counter()

    def next(self, generation: int, scope: str | None, kind: str, name: str) -> Position:
        """Give the position of the next wait of this kind and name."""
        place = (generation, fitting(scope or OUTSIDE), kind, fitting(name))
        self._numbers[place] += 1
        return Position(*place, self._numbers[place])

    def list(self) -> dict[Position, str]:
        """List what ended each wait: a signal's id, or the time at which a timer fires."""
        found = {}
        for listed in self._storage.list(self._prefix):
            parts = [from_part(part) for part in listed.key[len(self._prefix) :].split("/")]
            if len(parts) == 6 and _is_number(parts[0]) and _is_number(parts[4]):
                found[Position(int(parts[0]), parts[1], parts[2], parts[3], int(parts[4]))] = parts[5]
        return found

    def remember(self, position: Position, value: str) -> None:
        """Say for good what ended, or will end, a wait."""
        body = codec.dumps({**position._asdict(), "value": value})
        self._storage.put(self._key(position, value), body)

    def forget(self, ended: Mapping[Position, str]) -> None:
        """Drop waits for good."""
        for position, value in ended.items():
            self._storage.delete(self._key(position, value))

    def restart(self, step: str) -> None:
        """Count the next waits of a step from the start."""
        for place in [place for place in self._numbers if place[1] == fitting(step)]:
            del self._numbers[place]

    def _key(self, position: Position, value: str) -> str:
        return self._prefix + "/".join(to_part(str(part)) for part in (*position, value))


def waits_inside(step: str, known: Mapping[Position, str]) -> dict[Position, str]:
    """Pick the waits inside a step."""
    return {position: value for position, value in known.items() if position.scope == fitting(step)}


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def write_time(moment: datetime) -> str:
    """Write a time as a position's value."""
    return moment.astimezone(UTC).strftime(STAMP)


def read_time(value: str) -> datetime | None:
    """Read a position's value as a time; None if it is none."""
    try:
        return datetime.strptime(value, STAMP).replace(tzinfo=UTC)
    except ValueError:
        return None
