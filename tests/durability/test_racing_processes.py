"""Several processes run one execution at once, and are paused for longer than their lease, and killed."""

from __future__ import annotations

import hashlib
import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest

from simpleflow_steps.storage import Storage, open_storage
from tests.durability import journal
from tests.durability.nursery import Nursery
from tests.durability.subject import SOURCES, assert_sound, tokens
from tests.durability.witness import COMPLETED, SUPERSEDED

RACE = "tests.durability.witness:race"
ROUNDS = int(os.environ.get("SFS_SOAK_ROUNDS", "5"))
FIRST_SEED = int(os.environ.get("SFS_SOAK_SEED", "0"))
BATCH = 25  # rounds for each test, so that many workers may share them
TTL = 0.8
FORCES: tuple[list[str], ...] = ([], [], ["fetch.a"], ["fetch"], ["stats"], ["*"])
NO_BODY = f'"{hashlib.md5(b"", usedforsecurity=False).hexdigest()}"'
"""The etag that all invalidated markers have on S3, where the lease alone tells one from another."""


@dataclass
class Round:
    """One race: who takes part, and what is done to them, all drawn from a seed."""

    nursery: Nursery
    url: str
    seed: int
    path: Path
    pids: list[int] = field(default_factory=list)
    codes: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.workflow_id = f"race-{self.seed}"
        self.random = Random(self.seed)

    def play(self) -> None:
        """Start the processes and pause and kill them, until all have ended; then let one more finish the work."""
        start = time.monotonic()
        plan = sorted(self._plan(), key=lambda act: act[0])
        while plan or len(self.codes) < len(self.pids):
            while plan and plan[0][0] <= time.monotonic() - start:
                moment, do, *arguments = plan.pop(0)
                for later in do(*arguments) or ():
                    plan.append((moment + later[0], *later[1:]))
                plan.sort(key=lambda act: act[0])
            for pid in self.living:
                if (code := self.nursery.ended(pid)) is not None:
                    self.codes[pid] = code
            assert time.monotonic() - start < 60, (
                f"seed {self.seed} does not end: {self.nursery.log.read_text()[-5000:]}"
            )
            time.sleep(0.005)
        assert self.nursery.wait(self._start([])) == COMPLETED

    @property
    def living(self) -> list[int]:
        return [pid for pid in self.pids if pid not in self.codes]

    def _plan(self) -> Iterator[tuple[Any, ...]]:
        random = self.random
        for number in range(random.randint(2, 8)):
            yield random.uniform(0, 0.3) if number else 0.0, self._add, random.choice(FORCES)
        for _ in range(random.randint(1, 6)):
            yield random.uniform(0.02, 2 * TTL), self._hit, random.random(), random.random()

    def _add(self, force: list[str]) -> None:
        self.pids.append(self._start(force))

    def _start(self, force: list[str]) -> int:
        return self.nursery.start(
            RACE,
            url=self.url,
            workflow_id=self.workflow_id,
            path=str(self.path),
            ttl=TTL,
            seconds=0.02,
            force=force,
        )

    def _hit(self, whom: float, how: float) -> list[tuple[Any, ...]]:
        """Pause or kill somebody: the holder, most of the time."""
        living = self.living
        if not living:
            return []
        claims = [line["pid"] for line in journal.read(self.path) if line["what"] == "claim"]
        victim = claims[-1] if claims and claims[-1] in living and whom < 0.7 else living[int(whom * len(living))]
        if how < 0.4:
            journal.note(self.path, "kill", pid=victim)
            os.kill(victim, signal.SIGKILL)
            return []
        os.kill(victim, signal.SIGSTOP)
        journal.note(self.path, "pause", pid=victim)
        return [(TTL * (1.1 + how), self._continue, victim)]

    def _continue(self, victim: int) -> None:
        with suppress(ProcessLookupError):  # it may have been killed, and waited for
            os.kill(victim, signal.SIGCONT)

    def check(self) -> None:
        """Check the promises against what the processes noted and what the storage has."""
        lines = journal.read(self.path)
        killed = {line["pid"] for line in lines if line["what"] == "kill"}
        odd = {
            pid: code
            for pid, code in self.codes.items()
            if code not in {COMPLETED, SUPERSEDED} and not (pid in killed and code == -signal.SIGKILL)
        }
        storage = open_storage(self.url)
        done = tokens(storage, self.workflow_id)

        assert not odd, f"ended oddly: {odd}: {self.nursery.log.read_text()[-5000:]}"
        assert done.keys() == SOURCES.keys()
        assert_one_holder(lines)
        assert_no_older_write(lines)
        assert_newest_left(lines, storage)
        assert_sound(done, self.path, alone=False)


def assert_one_holder(lines: list[dict[str, Any]]) -> None:
    """Check that no two processes ever held a lease that both could trust."""
    holds: dict[int, list[float]] = {}
    for line in lines:
        if line["what"] == "claim":
            hold = holds.setdefault(line["pid"], [line["at"], line["until"]])
            hold[1] = max(hold[1], line["until"])
    for line in lines:
        if line["what"] in {"release", "kill"} and (ended := holds.get(line["pid"])):
            ended[1] = min(ended[1], line["at"])
    # who was paused while it took the lease may find that it has run out already
    in_order = sorted((start, end, pid) for pid, (start, end) in holds.items() if start < end)
    for (_, end, one), (start, _, other) in pairwise(in_order):
        assert end <= start, f"{one} held the lease until {end}, and {other} from {start}"
    for line in lines:
        if line["what"] == "check":
            others = [pid for pid, (start, end) in holds.items() if start < line["held"] < end and pid != line["pid"]]
            assert not others, f"{line['pid']} passed its check while {others} held the lease"


def ranks(lines: list[dict[str, Any]]) -> dict[int, int]:
    """Give the order in which the processes had the lease."""
    claims = sorted((line["until"], line["pid"]) for line in lines if line["what"] == "claim")
    return {pid: rank for rank, pid in enumerate(dict.fromkeys(pid for _, pid in claims))}


def assert_no_older_write(lines: list[dict[str, Any]]) -> None:
    """Check that no process wrote a marker that one which had the lease after it had already written."""
    rank = ranks(lines)
    sent = {(line["pid"], line["number"]): line["at"] for line in lines if line["what"] == "write"}
    written = [line for line in lines if line["what"] == "written"]
    for old in written:
        for new in written:
            if old["key"] != new["key"] or rank[old["pid"]] >= rank[new["pid"]] or old["if_match"] == NO_BODY:
                continue
            late = sent[old["pid"], old["number"]] > new["at"] or old["if_match"] == new["etag"]
            assert not late, f"{old} was written over {new}"


def assert_newest_left(lines: list[dict[str, Any]], storage: Storage) -> None:
    """Check that each marker is by the last process that wrote it, as far as the processes lived to tell."""
    rank = ranks(lines)
    author = {(line["key"], line["body"]): line["pid"] for line in lines if line["what"] == "write"}
    for key in {line["key"] for line in lines if line["what"] == "written"}:
        left = author[key, hashlib.sha256(storage.get(key)).hexdigest()]
        newest = max(rank[line["pid"]] for line in lines if line["what"] == "written" and line["key"] == key)
        assert rank[left] >= newest, f"{key} is by {left}, although a newer run wrote it"


@pytest.mark.parametrize("first", range(FIRST_SEED, FIRST_SEED + ROUNDS, BATCH))
class Races:
    """What holds on any storage."""

    def test_never_hold_one_lease_twice_nor_lose_what_is_newer(self, url: str, tmp_path: Path, first: int) -> None:
        with Nursery(tmp_path / "children.log", "tests.durability.subject:warm", url) as nursery:
            for seed in range(first, min(first + BATCH, FIRST_SEED + ROUNDS)):
                race = Round(nursery, url, seed, tmp_path / f"{seed}.journal")
                try:
                    race.play()
                    race.check()
                except AssertionError as error:
                    error.add_note(f"SFS_SOAK_SEED={seed} SFS_SOAK_ROUNDS=1 plays this round again; {race.path}")
                    raise


class TestOnADirectory(Races):
    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        return (tmp_path / "store").as_uri()


@pytest.mark.parametrize("s3_server", ["seaweedfs"], indirect=True)
class TestOnS3(Races):
    @pytest.fixture
    def url(self, bucket_url: str) -> str:
        return bucket_url
