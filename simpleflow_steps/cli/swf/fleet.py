"""What `sfs swf decider` and `sfs swf worker` do: keep processes running, each of which serves."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Literal

from simpleflow_steps.cli import logs
from simpleflow_steps.cli.swf.connection import domain_of
from simpleflow_steps.cli.swf.service import Service
from simpleflow_steps.cli.swf.supervisor import Supervisor
from simpleflow_steps.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Sequence


def serve(
    role: Literal["decider", "worker"],
    targets: Sequence[str],
    processes: int,
    grace: float | None,
    domain: str | None,
    log_level: str,
    log_format: str,
    **options: Any,
) -> int:
    """Serve until a signal ends it, and give the exit code."""
    logs.configure(log_level, log_format, colors=False)
    seconds = load_settings().grace_period if grace is None else grace
    service = Service(
        role=role,
        targets=tuple(targets),
        domain=domain_of(domain),
        grace=seconds,
        log_level=log_level,
        log_format=log_format,
        **options,
    )
    command = [sys.executable, "-m", "simpleflow_steps.cli.swf.member", service.model_dump_json(exclude_defaults=True)]
    return Supervisor(command, name=role, count=processes, grace=seconds).run()
