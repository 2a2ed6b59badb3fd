"""The results that markers hold, as much of them as a page can show."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from simpleflow_steps.exceptions import ObjectNotFound, StepError
from simpleflow_steps.storage.sidebyside import side_by_side

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simpleflow_steps.step.marker import Marker, MarkerRegister

MOST_READ = 3_000  # markers
SHOWN = 2_000  # characters of a result
FIRST = 4 * SHOWN  # bytes of a large one that are read


def read_results(register: MarkerRegister, names: Sequence[str]) -> dict[str, dict[str, str]]:
    """Read what the markers of done steps tell, by the step's name: at the cost of one read for each.

    What cannot be read says why; a large result is cut and says so.
    """
    read = names[:MOST_READ]
    return dict(zip(read, side_by_side(lambda name: _told(register, name), read), strict=True))


def _told(register: MarkerRegister, name: str) -> dict[str, str]:
    try:
        marker = register.read(name)
        if marker is None:
            return {"marker": "written by simpleflow, or by hand"}
        return {"marker": _origin(marker), **_result(register, marker)}
    except (StepError, ObjectNotFound) as error:
        return {"marker": str(error)[:SHOWN]}


def _origin(marker: Marker) -> str:
    return f"written at {marker.finished:%Y-%m-%d %H:%M:%S} UTC by run {marker.run_id[:100]}"


def _result(register: MarkerRegister, marker: Marker) -> dict[str, str]:
    if marker.result_error is not None:
        return {"title": "The result was not stored", "result": marker.result_error[:SHOWN]}
    if marker.result_key is not None:
        return _large(register, marker.result_key)
    text = _as_text(marker.result)
    if len(text) <= SHOWN:
        return {"title": "Result", "result": text}
    return {"title": f"Result (its first {SHOWN} of {len(text)} characters)", "result": text[:SHOWN]}


def _large(register: MarkerRegister, key: str) -> dict[str, str]:
    """Read the beginning of a result that has an object of its own, which must be where such objects are."""
    if not key.startswith(f"{register.results}/") or {".", ".."} & set(key.split("/")):
        return {"title": "Result", "result": f"(the marker points outside {register.results}/)"}
    try:
        body = register.storage.get(key, first=FIRST)
    except ObjectNotFound:
        return {"title": "Result", "result": f"(gone: {key})"}
    text = bytes(body).decode(errors="replace")[:SHOWN]
    return {"title": f"Result (its beginning; it has {body.total} bytes, in {key})", "result": text}


def _as_text(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
