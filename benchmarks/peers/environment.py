"""The environments of the peers, made when they are first asked for and kept under `.venvs`."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.peers.peer import PeerMissing

if TYPE_CHECKING:
    from benchmarks.peers.peer import Peer

ENVIRONMENTS = Path(__file__).parents[1] / ".venvs"


def make_environment(peer: Peer) -> Path:
    """Give a peer's environment, with its packages installed.

    :raises PeerMissing: if they cannot be
    """
    folder = ENVIRONMENTS / peer.environment
    stamp = folder / "installed.txt"
    wanted = "\n".join(peer.requirements)
    if stamp.exists() and stamp.read_text() == wanted:
        return folder
    print(f"installing {', '.join(peer.requirements)}", file=sys.stderr, flush=True)
    venv.create(folder, with_pip=True)
    command = [str(folder / "bin/python"), "-m", "pip", "install", "--quiet", *peer.requirements]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PeerMissing(f"not installed: {_last_line(done.stderr)}")
    stamp.write_text(wanted)
    return folder


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["pip told nothing"])[-1]
