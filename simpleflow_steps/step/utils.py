"""simpleflow's questions about step names, on plain lists: same arguments, same answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simpleflow_steps.step.names import covers

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping


def should_force_step(step_name: str, force_steps: Iterable[str]) -> bool:
    """Tell whether a name in `force_steps` covers the step."""
    return any(covers(selector, step_name) for selector in force_steps)


def should_skip_step(step_name: str, skipped_steps: Iterable[str]) -> bool:
    """Tell whether a name in `skipped_steps` covers the step."""
    return any(covers(selector, step_name) for selector in skipped_steps)


def step_will_run(
    step_name: str,
    force_steps: Iterable[str],
    skipped_steps: Iterable[str],
    steps_done: Collection[str],
    force: bool = False,
) -> bool:
    """Tell whether the step runs: forced, or else neither skipped nor done."""
    if force or should_force_step(step_name, force_steps):
        return True
    return not should_skip_step(step_name, skipped_steps) and step_name not in steps_done


def step_is_forced(step_name: str, force_steps: Iterable[str], force: bool) -> bool:
    """Tell whether the step runs because somebody asked for it."""
    return force or should_force_step(step_name, force_steps)


def step_is_skipped_by_force(step_name: str, skipped_steps: Iterable[str]) -> bool:
    """Tell whether the step is skipped because somebody asked for it."""
    return should_skip_step(step_name, skipped_steps)


def get_step_force_reasons(step_name: str, step_force_reasons: Mapping[str, Iterable[str]]) -> list[str]:
    """List the reasons of every name that covers the step, in the mapping's order, repeated ones included."""
    return _reasons(step_name, step_force_reasons)


def get_step_skip_reasons(step_name: str, step_skip_reasons: Mapping[str, Iterable[str]]) -> list[str]:
    """List the reasons of every name that covers the step, in the mapping's order, repeated ones included."""
    return _reasons(step_name, step_skip_reasons)


def _reasons(step_name: str, reasons: Mapping[str, Iterable[str]]) -> list[str]:
    return [reason for selector, listed in reasons.items() if covers(selector, step_name) for reason in listed]
