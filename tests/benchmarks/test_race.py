from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.peers import PEERS, race
from benchmarks.peers.peer import Facts, PeerMissing
from benchmarks.setting import Setting

PEER = replace(PEERS[0], title="a peer", store="disk", shapes=("row",), reads=True, job="job.py")


@pytest.fixture
def setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Setting:
    """Give a place where a peer's environment is Python's own, and its job takes what it says."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python").symlink_to("/bin/sh")
    monkeypatch.setattr(Setting, "clients", lambda _: iter(()))
    return Setting("http://127.0.0.1:1", "bucket", tmp_path, quick=True)


def test_a_peer_that_cannot_be_installed_is_told(setting: Setting, monkeypatch: pytest.MonkeyPatch):
    def missing(_: object) -> Path:
        raise PeerMissing("not installed: no matching distribution")

    monkeypatch.setattr(race, "make_environment", missing)

    (row,) = race.race(PEER, setting)

    assert (row.what, row.note) == ("a peer", "not installed: no matching distribution")


def test_a_peer_whose_job_fails_is_told(setting: Setting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(race, "make_environment", lambda _: tmp_path)

    (row,) = race.race(PEER, setting)

    assert row.what == "a peer, 5 steps, row, fresh"
    assert row.note.startswith("it failed: ")


def test_fresh_runs_race_with_fresh_ones_and_resumed_with_resumed(
    setting: Setting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def run_peer(_: object, __: Path, asked: Facts, runs: race.Runs) -> None:
        runs.seconds.append(1_000.0 if asked["phase"] == "fresh" else 500.0)
        runs.processes.append(2_000.0)

    monkeypatch.setattr(race, "make_environment", lambda _: tmp_path)
    monkeypatch.setattr(race, "_run_peer", run_peer)
    monkeypatch.setattr(race, "ROUNDS", 1)

    rows = list(race.race(PEER, setting))

    assert [(row.race and row.race[2], row.beside, row.verdict) for row in rows] == [
        ("row, fresh", "1,000 s", "met"),
        ("row, resumed", "500 s", "met"),
        (None, "500 s", ""),
    ]
