"""Who holds a lease: a run in a process on a machine, and whether that process is still there."""

from __future__ import annotations

import functools
import getpass
import os
import platform
from pathlib import Path

from msgspec import Struct

GONE = frozenset("ZXx")  # the states of a process that has ended, in /proc/PID/stat
_live_runs: set[str] = set()


class Holder(Struct, frozen=True, kw_only=True, gc=False):
    """A process, named so that another one on the same machine can tell whether it is gone.

    `boot_id` and `pid_namespace` say which processes the pid counts among; `pid_start` is its start in clock ticks
    after boot, because pids are used again. They are None where the system does not tell them.
    """

    host: str
    user: str
    pid: int
    pid_start: int | None = None
    boot_id: str | None = None
    pid_namespace: int | None = None


def this_process() -> Holder:
    """Describe the running process."""
    return _describe(os.getpid())


def is_gone(holder: Holder, run_id: str) -> bool:
    """Tell whether a holder is certainly not running any more: only its own machine can know, any other says False."""
    here = this_process()
    known = None not in (here.boot_id, here.pid_namespace, holder.pid_start)
    if not known or (holder.boot_id, holder.pid_namespace) != (here.boot_id, here.pid_namespace):
        return False
    if (holder.pid, holder.pid_start) == (here.pid, here.pid_start):
        return run_id not in _live_runs
    seen = _process(holder.pid)
    if seen is None:
        return not _exists(holder.pid)
    state, start = seen
    return state in GONE or start != holder.pid_start


class Living:
    """Count a run among the live ones of this process."""

    def __init__(self, run_id: str) -> None:
        self._run_id = run_id
        _live_runs.add(run_id)

    def end(self) -> None:
        """Count it no more."""
        _live_runs.discard(self._run_id)


@functools.lru_cache(maxsize=1)
def _describe(pid: int) -> Holder:
    started = _process(pid)
    return Holder(
        host=platform.node(),
        user=_user(),
        pid=pid,
        pid_start=started[1] if started else None,
        boot_id=_read(Path("/proc/sys/kernel/random/boot_id")),
        pid_namespace=_pid_namespace(),
    )


def _process(pid: int) -> tuple[str, int] | None:
    """Give a process's state and its start in ticks, None if there is none or it is hidden."""
    text = _read(Path(f"/proc/{pid}/stat"))
    if text is None:
        return None
    # the name, in parentheses, may hold anything; field 3 follows its last parenthesis
    fields = text.rpartition(")")[2].split()
    return fields[0], int(fields[19])


def _exists(pid: int) -> bool:
    """Tell whether there is a process that /proc may only be hiding."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # it is another's, or a number that no process here can have
        return True
    return True


def _pid_namespace() -> int | None:
    try:
        return Path("/proc/self/ns/pid").stat().st_ino
    except OSError:
        return None


def _read(path: Path) -> str | None:
    try:
        return path.read_text().strip()
    except OSError:
        return None


def _user() -> str:
    try:
        return getpass.getuser().encode(errors="replace").decode()  # a variable may hold any bytes
    except (KeyError, OSError):
        return str(os.getuid())
