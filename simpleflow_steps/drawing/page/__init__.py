"""A report as one HTML page that holds all it needs and asks for nothing."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from importlib import resources
from typing import TYPE_CHECKING, Any

from simpleflow_steps.drawing.text import fit

if TYPE_CHECKING:
    from simpleflow_steps.drawing.report import Report

SCRIPTS = ("text.js", "tree.js", "rows.js", "details.js", "timeline.js", "main.js")
ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Cpath fill='%230b6e4f' "
    "d='M1 11h4v4H1zm5-5h4v9H6zm5-5h4v14h-4z'/%3E%3C/svg%3E"
)


def to_html(report: Report, version: str) -> str:
    """Write a report as a page.

    :param version: what made it
    """
    style, script = _file("report.css"), _script()
    data = {"report": {**report.head, "version": version}, "now": report.now, "results": report.results}
    data |= {f"run-{number}": run for number, run in enumerate(report.runs)}
    parts = {
        "policy": f"default-src 'none'; script-src '{_digest(script)}'; style-src '{_digest(style)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'",
        "title": html.escape(f"{fit(report.head['id'])}: {fit(report.head['status'])}"),
        "icon": ICON,
        "style": style,
        "script": script,
        "data": "\n".join(
            f'<script type="application/json" id="{name}">{to_json(each)}</script>' for name, each in data.items()
        ),
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], _file("report.html"))


def to_json(document: Any) -> str:
    """Write JSON that no HTML parser takes for anything else: it has no `<`, `>` or `&`, and is plain ASCII."""
    text = json.dumps(document, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _script() -> str:
    return '(() => {\n"use strict";\n' + "\n".join(map(_file, SCRIPTS)) + "})();"


def _file(name: str) -> str:
    return resources.files(__name__).joinpath(name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
