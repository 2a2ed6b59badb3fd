"""A race: a peer and ours run the same job in turn, fresh and then resumed, each run in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.comparison import Comparison
from benchmarks.peers.environment import make_environment
from benchmarks.peers.peer import PeerMissing
from benchmarks.row import Row, at_least, duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.peers.peer import Facts, Peer
    from benchmarks.setting import Setting

ROOT = Path(__file__).parents[2]
JOBS = Path(__file__).with_name("jobs")
SIZES, SMALL_SIZES = (100, 1_000), (5,)
ROUNDS = 3
ENOUGH = 40.0  # seconds after which a race has no further round
PATIENCE = 540.0  # seconds for one run
PHASES = ("fresh", "resumed")
AHEAD = at_least(1, "ahead")


@dataclass(frozen=True)
class Ours:
    """One way to run ours beside a peer.

    :param label: where it keeps its markers, and whether it reads the results of skipped steps
    :param judged: whether the goal is about it: the same durability, and the same results in hand
    """

    label: str
    client: str | None
    read: bool
    judged: bool
    phases: tuple[str, ...] = PHASES


@dataclass
class Runs:
    """The runs of one side in one phase: the job's seconds, and those of the whole process."""

    seconds: list[float] = field(default_factory=list)
    processes: list[float] = field(default_factory=list)
    replays: list[float] = field(default_factory=list)


def race(peer: Peer, setting: Setting) -> Iterator[Row]:
    """Run the races of one peer; one that cannot run is told as such."""
    try:
        environment = make_environment(peer)
        with peer.start(setting, environment) as facts:
            for shape in peer.shapes:
                for number in SMALL_SIZES if setting.quick else SIZES:
                    yield from _race(peer, setting, environment, facts, shape, number)
    except PeerMissing as error:
        yield Row(peer.title, "", "", note=str(error))


def _race(peer: Peer, setting: Setting, environment: Path, facts: Facts, shape: str, number: int) -> Iterator[Row]:
    sides = list(_sides(peer, setting))
    runs = {(side, phase): Runs() for side in (None, *sides) for phase in PHASES}
    began, rounds = time.monotonic(), 0
    while rounds == 0 or (rounds < ROUNDS and time.monotonic() - began < ENOUGH):
        rounds += 1
        asked = {"name": setting.prefix(), "folder": str(setting.place()), "number": number, "shape": shape}
        places = {side: _place(side, setting) for side in sides}
        for phase in PHASES:
            try:
                _run_peer(peer, environment, {**facts, **asked, "phase": phase}, runs[None, phase])
            except PeerMissing as error:
                yield Row(f"{peer.title}, {number:,} steps, {shape}, {phase}", "", "", note=str(error))
                return
            for side in sides:
                _run_ours(side, places[side], asked, phase, runs[side, phase])
    for phase in PHASES:
        for side in sides:
            if phase in side.phases:
                what = f"{number:,} steps", f"{shape}, {phase}"
                yield _row(peer, side, what, runs[None, phase], runs[side, phase])


def _sides(peer: Peer, setting: Setting) -> Iterator[Ours]:
    on_s3 = peer.store == "s3"
    read = ", results read" if peer.reads else ""
    if not on_s3:
        yield Ours(f"directory{read}", None, peer.reads, judged=True)
        if peer.reads:
            yield Ours("directory, no result read", None, read=False, judged=False, phases=("resumed",))
    for client in setting.clients():
        yield Ours(f"S3 with {client}{read}", client, peer.reads, judged=on_s3)


def _place(side: Ours, setting: Setting) -> str:
    return setting.url(side.client, setting.prefix()) if side.client else str(setting.place())


def _run_peer(peer: Peer, environment: Path, asked: dict[str, Any], runs: Runs) -> None:
    command = [str(environment / "bin/python"), "-P", "-W", "ignore", str(JOBS / peer.job), json.dumps(asked)]
    told = _run(command, asked.get("environment", {}), asked["folder"], runs)
    if "replay" in told:
        runs.replays.append(told["replay"])


def _run_ours(side: Ours, place: str, asked: dict[str, Any], phase: str, runs: Runs) -> None:
    if phase not in side.phases:
        side_asked = {**asked, "place": place, "read": False}
    else:
        side_asked = {**asked, "place": place, "read": side.read}
    command = [sys.executable, "-m", "benchmarks.job", json.dumps(side_asked)]
    _run(command, {"PYTHONPATH": str(ROOT)}, asked["folder"], runs)


def _run(command: list[str], variables: dict[str, str], folder: str, runs: Runs) -> dict[str, Any]:
    began = time.monotonic()
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **variables},
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise PeerMissing(f"it did not end within {PATIENCE:.0f} s") from error
    if done.returncode:
        raise PeerMissing(f"it failed: {(done.stderr.strip().splitlines() or ['nothing told'])[-1][:200]}")
    told: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    runs.seconds.append(told["seconds"])
    runs.processes.append(time.monotonic() - began)
    return told


def _row(peer: Peer, side: Ours, what: tuple[str, str], theirs: Runs, ours: Runs) -> Row:
    timed = Comparison(tuple(ours.seconds), tuple(theirs.seconds))
    notes = [f"whole processes {duration(ours.processes)} and {duration(theirs.processes)}"]
    if theirs.replays:
        notes.append(f"their replay alone {duration(theirs.replays)}")
    if what[1].endswith("resumed"):
        notes.append(peer.resumed)
    rounds = len(timed.ours)
    return Row(
        f"{peer.title}: {', '.join(what)}; ours: {side.label}",
        duration(timed.ours),
        duration(timed.theirs),
        timed.faster,
        AHEAD if side.judged else None,
        timed.noise if rounds > 1 else None,
        "; ".join([*notes, f"{rounds} round{'s' if rounds > 1 else ''}"]),
        timed,
        (f"{peer.title}; ours: {side.label}", *what) if side.judged else None,
    )
