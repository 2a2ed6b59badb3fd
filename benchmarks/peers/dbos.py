"""DBOS, whose steps are rows of a database."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.peers.peer import Peer, PeerMissing
from benchmarks.peers.server import free_port, running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.peers.peer import Facts
    from benchmarks.setting import Setting

DEBIAN = Path("/usr/lib/postgresql")
CURE = "Postgres is not here: apt-get install postgresql"
PACKAGES = ("dbos==3.4.0", "psycopg-binary")
RESUMED = "all steps recorded, killed before the end, then recovered; the wait for its queue included"


@contextmanager
def _postgres(setting: Setting, environment: Path) -> Iterator[Facts]:
    """Run a Postgres of our own, with its defaults: fsync and synchronous_commit are on."""
    programs = _programs()
    # root may not run it; Debian's package has made a user for it
    who: dict[str, Any] = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
    folder = Path(tempfile.mkdtemp(prefix="sfs-postgres-"))
    try:
        if who:
            shutil.chown(folder, "postgres", "postgres")
        data, port = folder / "data", free_port()
        made = [str(programs / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8"]
        subprocess.run(made, check=True, capture_output=True, cwd=folder, **who)
        server = [str(programs / "postgres"), "-D", str(data), "-p", str(port), "-h", "127.0.0.1", "-k", str(folder)]
        asked = [str(programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
        with running(server, lambda: subprocess.run(asked, check=False).returncode == 0, cwd=folder, **who):
            yield {"server": f"postgresql://postgres@127.0.0.1:{port}"}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path:
    found = sorted(DEBIAN.glob("*/bin/postgres"))
    if not found:
        raise PeerMissing(CURE)
    return found[-1].parent


ON_SQLITE = Peer(
    name="dbos-sqlite",
    title="DBOS 3.4, SQLite",
    environment="dbos",
    requirements=PACKAGES,
    job="run_dbos.py",
    store="disk",
    shapes=("row", "group"),
    reads=True,
    resumed=RESUMED,
)

ON_POSTGRES = replace(ON_SQLITE, name="dbos-postgres", title="DBOS 3.4, Postgres", start=_postgres)
