"""A real process is killed before and after every one of its writes, and resumed by another one."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from simpleflow_steps.storage import Storage, open_storage
from simpleflow_steps.storage.s3.storage import S3Storage
from tests.durability import journal
from tests.durability.nursery import Nursery
from tests.durability.subject import SOURCES, assert_justified, assert_sound, tokens

PLAY = "tests.durability.subject:play"
WHENS = ("before", "after")
ROUNDS = int(os.environ.get("SFS_SOAK_ROUNDS", "10"))
FORCES: tuple[list[str], ...] = ([], ["fetch.a"], ["fetch"], ["stats"], ["stats.one"], ["daily"], ["report"], ["*"])
ON_S3 = pytest.mark.parametrize("s3_server", ["seaweedfs"], indirect=True)


class Bench:
    """One execution after another on one storage, played by processes."""

    def __init__(self, nursery: Nursery, url: str, folder: Path) -> None:
        self.nursery = nursery
        self.url = url
        self.folder = folder
        self.storage: Storage = open_storage(url)
        self.kills = 0
        self.begin("w")

    def begin(self, workflow_id: str) -> None:
        self.workflow_id = workflow_id
        self.path = self.folder / f"{workflow_id}.journal"

    def play(self, force: list[str] | None = None, kill: tuple[str, int] | None = None) -> bool:
        """Play a run, and check what it leaves; tell whether it was killed."""
        before, lines = self.done(), len(journal.read(self.path))
        code = self.nursery.run(
            PLAY, url=self.url, workflow_id=self.workflow_id, path=str(self.path), force=force or [], kill=kill
        )
        if code not in {0, -signal.SIGKILL} or (code and not kill):
            raise AssertionError(f"exit code {code}: {self.nursery.log.read_text()[-5000:]}")
        ran = {line["step"] for line in journal.read(self.path)[lines:]}
        assert_justified(before, ran, force or [])
        assert_sound(self.done(), self.path)
        self.kills += code != 0
        return code != 0

    def resume(self) -> None:
        """Play a run to its end."""
        self.play()

        assert self.done().keys() == SOURCES.keys()

    def done(self) -> dict[str, str]:
        """Give the tokens of what is done, once the requests that a killed process left on their way have arrived."""
        seen = list[dict[str, str]]()
        while len(seen) < 2 or seen[-2] != seen[-1]:
            if isinstance(self.storage, S3Storage):
                time.sleep(0.01)
            seen.append(tokens(self.storage, self.workflow_id))
        return seen[-1]


def kill_everywhere(bench: Bench, *, force: list[str] | None = None, anew: bool = False) -> int:
    """Kill a run before and after each of its writes, and resume it each time; tell how often.

    There is no "after" for a write that is refused, so the writes have come to their end when two in a row kill nobody.

    :param anew: whether each is the first run of an execution of its own
    """
    for when in WHENS:
        nth, missed = 0, 0
        while missed < 2:
            nth += 1
            if anew:
                bench.begin(f"{when}-{nth}")
            missed = 0 if bench.play(force, kill=(when, nth)) else missed + 1
            bench.resume()
    return bench.kills


def kill_again_and_again(bench: Bench, seed: int) -> None:
    """Kill one execution's runs at random writes, its resumes too."""
    random = Random(seed)
    bench.begin(f"seed-{seed}")
    for _ in range(random.randint(2, 6)):
        bench.play(random.choice(FORCES), kill=(random.choice(WHENS), random.randint(1, 20)))
    bench.resume()


class Killed:
    """What holds on any storage."""

    @pytest.fixture
    def bench(self, url: str, tmp_path: Path) -> Iterator[Bench]:
        with Nursery(tmp_path / "children.log", "tests.durability.subject:warm", url) as nursery:
            yield Bench(nursery, url, tmp_path)

    def test_a_first_run_may_be_killed_at_every_write(self, bench: Bench) -> None:
        assert kill_everywhere(bench, anew=True) >= 2 * 11

    def test_a_forced_run_may_be_killed_at_every_write(self, bench: Bench) -> None:
        bench.resume()

        assert kill_everywhere(bench, force=["fetch"]) >= 2 * 18

    def test_a_run_and_its_resumes_may_be_killed_anywhere(self, bench: Bench) -> None:
        for seed in range(ROUNDS):
            kill_again_and_again(bench, seed)

        assert bench.kills >= ROUNDS


class TestOnADirectory(Killed):
    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        return (tmp_path / "store").as_uri()


@ON_S3
class TestOnS3(Killed):
    @pytest.fixture
    def url(self, bucket_url: str) -> str:
        return bucket_url
