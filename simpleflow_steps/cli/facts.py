"""What the body of a marker tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simpleflow_steps import codec
from simpleflow_steps.cli.runids import short_run
from simpleflow_steps.exceptions import MarkerCorrupt, ObjectNotFound

if TYPE_CHECKING:
    from simpleflow_steps.step.marker import Marker, MarkerRegister

FOREIGN = "simpleflow, or by hand"


@dataclass(frozen=True, slots=True)
class Facts:
    """A marker as it was read; without one, `problem` says why it cannot be read, or else simpleflow wrote it."""

    marker: Marker | None = None
    problem: str | None = None

    @property
    def run(self) -> str:
        """Name the run that wrote it, in few characters."""
        if self.marker is None:
            return "" if self.problem else "?"
        return "by hand" if self.marker.by_hand else short_run(self.marker.run_id)

    @property
    def seconds(self) -> float | None:
        """How long the step took."""
        marker = self.marker
        return None if marker is None or marker.by_hand else (marker.finished - marker.started).total_seconds()

    @property
    def result_size(self) -> int | None:
        """How many bytes its result has; None if there is none."""
        return None if self.marker is None else result_size(self.marker)

    @property
    def why(self) -> str:
        """Say what is worth saying about it in one line."""
        if self.marker is None:
            return f"corrupt: {self.problem}" if self.problem else f"written by {FOREIGN}"
        if self.marker.result_error:
            return "; ".join([*self.marker.reasons, f"no result: {self.marker.result_error}"])
        return "; ".join(self.marker.reasons)

    def document(self) -> dict[str, Any]:
        """Give it as JSON."""
        if self.marker is None:
            return {"problem": self.problem} if self.problem else {"written_by": FOREIGN}
        shown = {"run_id", "started", "finished", "forced", "reasons", "attempt", "by_hand", "result_error"}
        told = codec.document(self.marker, without_none=True)
        found = {field: value for field, value in told.items() if field in shown}
        return {**found, "seconds": self.seconds, "result_size": self.result_size}


def read_facts(register: MarkerRegister, name: str) -> Facts | None:
    """Read a marker; None if it was invalidated or removed since it was listed."""
    try:
        body = register.get(name)
        return Facts(register.parse(name, body)) if body else None
    except ObjectNotFound:
        return None
    except MarkerCorrupt as error:
        return Facts(problem=str(error))


def result_size(marker: Marker) -> int | None:
    """Count the bytes of a result as it is stored; None if there is none."""
    if marker.result_key is not None:
        return marker.result_size
    return None if marker.result is None else len(codec.dumps(marker.result))
