"""An account in words, for a line and for a field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simpleflow_steps.cli.text import as_json, one_line
from simpleflow_steps.clock import elapsed
from simpleflow_steps.execution.account import STATES, seconds_since

if TYPE_CHECKING:
    from datetime import datetime

    from simpleflow_steps.execution.account import Account, RunningStep

MOST_NAMED = 3
NOTE_KEPT = 40  # characters of a heartbeat


def counts_text(account: Account) -> str:
    """Say how many steps are in each state: `2 running, 1 completed`."""
    return ", ".join(f"{account.counts[state]} {state}" for state in STATES if account.counts.get(state))


def running_text(step: RunningStep, now: datetime) -> str:
    """Say for how long a step runs, and what else is known of it: `load (12.0s, attempt 2)`."""
    seconds = seconds_since(step.started, now)
    facts = [] if seconds is None else [elapsed(seconds)]
    facts += [tries_text(step)] if step.retries else []
    return f"{step.name} ({', '.join(facts)})" if facts else step.name


def tries_text(step: RunningStep) -> str:
    """Say which attempt runs; of a step in which several activities were retried, how often they were."""
    return f"attempt {step.attempt}" if step.attempt == step.retries + 1 else f"{step.retries} retries"


def account_line(account: Account) -> str:
    """Say in one line how far a run is: counts, the innermost steps that run, with what they say, and what failed."""
    around = {step.within for step in account.running}
    inner = [step for step in account.running if step.name not in around]
    running = [_told(step) for step in inner[:MOST_NAMED]]
    more = account.counts.get("running", 0) - len(account.running) + len(inner) - len(running)
    parts = [counts_text(account) or "no steps yet"]
    parts += [f"running: {', '.join(running)}" + (f" and {more} more" if more > 0 else "")] if running else []
    parts += [f"failed: {', '.join(list(account.failed)[:MOST_NAMED])}"] if account.failed else []
    return one_line("; ".join(parts))


def _told(step: RunningStep) -> str:
    facts = [tries_text(step)] if step.retries else []
    facts += [] if step.note is None else [_short(step.note)]
    return f"{step.name} ({', '.join(facts)})" if facts else step.name


def _short(note: Any) -> str:
    text = one_line(note if isinstance(note, str) else as_json(note, indent=None))
    return text if len(text) <= NOTE_KEPT else f"{text[:NOTE_KEPT]}..."
