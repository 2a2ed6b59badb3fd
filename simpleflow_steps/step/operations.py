"""What steps ask of their storage, as data: an executor whose workers are elsewhere sends it to them.

Called, an operation is carried out here and now. `describe` writes it as JSON, from which `operation_of` makes it
again, in whatever process; its answer crosses back in the same way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from msgspec import Struct

from simpleflow_steps.codec import Encoded, NotARecord, NotJSON, NotStorable, as_record, document
from simpleflow_steps.exceptions import InvalidInput
from simpleflow_steps.step.marker import Marker, MarkerRegister, Seen, StoredResult, Written, decode_stored
from simpleflow_steps.storage import open_storage

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self


class StepOperation(Struct, frozen=True):
    """One operation on the markers of an execution."""

    kind: ClassVar[str]
    markers: MarkerRegister

    def __call__(self) -> Any:
        """Carry it out."""
        raise NotImplementedError

    def describe(self) -> dict[str, Any]:
        """Write it as JSON."""
        place = {"storage": self.markers.storage.url, "prefix": self.markers.prefix, "results": self.markers.results}
        return {"operation": self.kind, **place, **self._arguments()}

    def write_answer(self, answer: Any) -> Any:
        """Write what it gave as JSON."""
        raise NotImplementedError

    def read_answer(self, written: Any) -> Any:
        """Read what `write_answer` wrote."""
        raise NotImplementedError

    def _arguments(self) -> dict[str, Any]:
        raise NotImplementedError

    @classmethod
    def _read(cls, register: MarkerRegister, described: dict[str, Any], nonce: str) -> Self:
        raise NotImplementedError


class ListMarkers(StepOperation, frozen=True):
    """List every marker."""

    kind: ClassVar[str] = "list"

    def __call__(self) -> dict[str, Seen]:
        """List them."""
        return self.markers.list()

    def write_answer(self, answer: dict[str, Seen]) -> Any:
        """Write the listing."""
        return {name: _write_seen(seen) for name, seen in answer.items()}

    def read_answer(self, written: Any) -> dict[str, Seen]:
        """Read the listing."""
        return {name: Seen(*seen) for name, seen in written.items()}

    def _arguments(self) -> dict[str, Any]:
        return {}

    @classmethod
    def _read(cls, register: MarkerRegister, described: dict[str, Any], nonce: str) -> Self:  # noqa: ARG003
        return cls(register)


class _Write(StepOperation, frozen=True):
    """An operation that writes a marker."""

    def write_answer(self, answer: Written) -> Any:
        """Write what the write left."""
        return {"seen": _write_seen(answer.seen), "duplicate": answer.duplicate}

    def read_answer(self, written: Any) -> Written:
        """Read what the write left."""
        return Written(_read_seen(written["seen"]), bool(written["duplicate"]))


class InvalidateStep(_Write, frozen=True):
    """Make a done step not done."""

    name: str
    seen: Seen
    kind: ClassVar[str] = "invalidate"

    def __call__(self) -> Written:
        """Invalidate it."""
        return self.markers.invalidate(self.name, self.seen)

    def _arguments(self) -> dict[str, Any]:
        return {"step": self.name, "seen": _write_seen(self.seen)}

    @classmethod
    def _read(cls, register: MarkerRegister, described: dict[str, Any], nonce: str) -> Self:  # noqa: ARG003
        return cls(register, described["step"], Seen(*described["seen"]))


class MarkStep(_Write, frozen=True):
    """Mark a step done, with the arguments of `MarkerRegister.mark`."""

    marker: Marker
    encode: Callable[[], Encoded]
    seen: Seen | None
    ours: bool
    kind: ClassVar[str] = "mark"

    def __call__(self) -> Written:
        """Mark it."""
        return self.markers.mark(self.marker, self.encode, self.seen, self.ours)

    def _arguments(self) -> dict[str, Any]:
        marker = document(self.marker, without_none=True)
        del marker["nonce"]
        return {"marker": marker, "result": self._result(), "seen": _write_seen(self.seen), "ours": self.ours}

    def _result(self) -> dict[str, Any]:
        try:
            encoded = self.encode()
        except (NotStorable, NotJSON) as error:
            return {"error": str(error)}
        return {"value": encoded.value, "shape": encoded.shape}

    @classmethod
    def _read(cls, register: MarkerRegister, described: dict[str, Any], nonce: str) -> Self:
        """Take the nonce that is the same at each attempt, so that one knows the write of another as its own."""
        result = described["result"]

        def encode() -> Encoded:
            if "error" in result:
                raise NotStorable(result["error"])
            return Encoded(result["value"], result["shape"])

        marker = as_record(Marker, {**described["marker"], "nonce": nonce})
        return cls(register, marker, encode, _read_seen(described["seen"]), bool(described["ours"]))


class ReadResult(StepOperation, frozen=True):
    """Read a done step's result."""

    name: str
    kind: ClassVar[str] = "read"

    def __call__(self) -> StoredResult:
        """Read it."""
        return self.markers.read_result(self.name)

    def answer(self) -> Encoded:
        """Read it without the types that it stands for, which a worker need not know."""
        return self.markers.read_encoded(self.name)

    def write_answer(self, answer: Encoded) -> Any:
        """Write the result as it is stored."""
        return {"value": answer.value, "shape": answer.shape}

    def read_answer(self, written: Any) -> StoredResult:
        """Give the result its types back."""
        return decode_stored(self.name, Encoded(written["value"], written["shape"]))

    def _arguments(self) -> dict[str, Any]:
        return {"step": self.name}

    @classmethod
    def _read(cls, register: MarkerRegister, described: dict[str, Any], nonce: str) -> Self:  # noqa: ARG003
        return cls(register, described["step"])


OPERATIONS: dict[str, type[StepOperation]] = {
    each.kind: each for each in (ListMarkers, InvalidateStep, MarkStep, ReadResult)
}


def carry_out(described: dict[str, Any], nonce: str) -> Any:
    """Carry out a described operation and give its answer as JSON.

    :param nonce: a text of its own for each operation, and the same at each attempt at it
    :raises InvalidInput: if it describes none
    """
    operation = operation_of(described, nonce)
    return operation.write_answer(operation.answer() if isinstance(operation, ReadResult) else operation())


def operation_of(described: dict[str, Any], nonce: str) -> StepOperation:
    """Make an operation of its description.

    :raises InvalidInput: if it describes none
    """
    try:
        kind = OPERATIONS[described["operation"]]
        place = open_storage(described["storage"])
        return kind._read(MarkerRegister(place, described["prefix"], described["results"]), described, nonce)  # noqa: SLF001
    except (KeyError, TypeError, NotARecord) as error:
        raise InvalidInput(f"this describes no operation on steps: {error!r}") from None


def _write_seen(seen: Seen | None) -> list[Any] | None:
    return None if seen is None else [seen.etag, seen.size]


def _read_seen(written: Any) -> Seen | None:
    return None if written is None else Seen(*written)
