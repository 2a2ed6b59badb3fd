"""A storage that breaks in the middle: one clear error, nothing half-written, and a resume that completes."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from tenacity import wait_none

from simpleflow_steps import LocalExecutor, Step, Workflow, WorkflowStepMixin, activity
from simpleflow_steps.exceptions import BucketNotFound, SimpleflowStepsError, StorageDenied, StorageError
from simpleflow_steps.execution.lease import read_lease
from simpleflow_steps.step.tasks import open_register
from simpleflow_steps.storage import DirectoryStorage, Storage, durable, open_storage
from tests.conftest import REGION
from tests.durability import proxy as proxies
from tests.durability.proxy import FaultProxy, Request, Trouble, fault_proxy
from tests.runs import last_run
from tests.servers import Endpoint

STEPS = ("first", "second", "third", "last")
BREAKS_IN = "second"
CALLS: list[str] = []
BREAK: list[Callable[[], object]] = []
"""What happens in the activity of the second step, once."""


@activity.with_attributes()
def work(name: str) -> str:
    CALLS.append(name)
    while name == BREAKS_IN and BREAK:
        BREAK.pop()()
    return name * 1000


class Daily(Workflow, WorkflowStepMixin):
    name = "daily"

    def run(self) -> list[Any]:
        return [self.submit(Step(name, (work, name))).result for name in STEPS]


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    CALLS.clear()
    BREAK.clear()
    monkeypatch.setattr("tenacity.wait.wait_random_exponential", lambda **_: wait_none())


def run(storage: Storage) -> Any:
    return LocalExecutor(Daily, storage=storage, workflow_id="w").run()


def break_in_the_middle(storage: Storage, broken: Callable[[], object]) -> StorageError:
    """Run with a storage that breaks in the second step, and give the one error of the run."""
    BREAK.append(broken)
    with pytest.raises(StorageError) as raised:
        run(storage)
    assert CALLS == ["first", "second"]
    return raised.value


def assert_whole(storage: Storage, done: list[str]) -> None:
    """Every object that is there can be read, and the markers are those of the steps that were done."""
    register = open_register(storage, "w/steps")
    assert sorted(name for name, seen in register.list().items() if seen.done) == done
    assert [register.read_result(name).value for name in done] == [name * 1000 for name in done]
    read_lease(storage, "w")
    if done:
        assert last_run(storage, "w").workflow == "daily"


def assert_resumes(storage: Storage, first: str = BREAKS_IN) -> None:
    CALLS.clear()

    assert run(storage) == [name * 1000 for name in STEPS]
    assert tuple(CALLS) == STEPS[STEPS.index(first) :]
    assert_whole(storage, sorted(STEPS))
    assert last_run(storage, "w").status == "completed"


def leftovers(root: Path) -> list[str]:
    return [each.name for each in (root / "%tmp").iterdir()]


def mount(*arguments: str) -> None:
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"nothing may be mounted here: {done.stderr.strip()}")


def unmount(path: Path) -> None:
    subprocess.run(["umount", "-l", str(path)], check=True)


class TestADirectory:
    @pytest.fixture
    def disk(self, tmp_path: Path) -> Iterator[Path]:
        """Give a real disk of 128 KiB."""
        place = tmp_path / "disk"
        place.mkdir()
        if not shutil.which("mount") or os.geteuid() != 0:
            pytest.skip("only root may mount a disk")
        mount("-t", "tmpfs", "-o", "size=128k", "tmpfs", str(place))
        try:
            yield place
        finally:
            unmount(place)

    def test_on_a_disk_that_is_full(self, disk: Path) -> None:
        storage, filler = DirectoryStorage(disk / "store"), disk / "filler"

        def fill() -> None:
            with pytest.raises(OSError, match="No space left"):
                filler.write_bytes(b"x" * 200_000)

        error = break_in_the_middle(storage, fill)

        assert "No space left" in str(error)
        assert storage.url in str(error)
        assert_whole(storage, ["first"])
        assert leftovers(storage.root) == []
        filler.unlink()
        assert_resumes(storage)

    def test_that_becomes_read_only(self, disk: Path) -> None:
        storage = DirectoryStorage(disk / "store")
        error = break_in_the_middle(storage, lambda: mount("-o", "remount,ro", str(disk)))

        assert isinstance(error, StorageDenied)
        assert "Read-only" in str(error)
        assert storage.url in str(error)
        assert_whole(storage, ["first"])
        mount("-o", "remount,rw", str(disk))
        assert_resumes(storage)

    @pytest.mark.parametrize(
        ("number", "kind"),
        [(errno.ENOSPC, StorageError), (errno.EROFS, StorageDenied), (errno.EIO, StorageError)],
    )
    def test_whose_files_cannot_be_written_to_the_end(
        self, number: int, kind: type[StorageError], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        storage = DirectoryStorage(tmp_path / "store")
        with monkeypatch.context() as patch:

            def half(descriptor: int, body: bytes) -> None:
                os.write(descriptor, bytes(body)[: len(body) // 2])
                raise OSError(number, os.strerror(number))

            error = break_in_the_middle(storage, lambda: patch.setattr(durable, "_write", half))

        assert isinstance(error, kind)
        assert os.strerror(number) in str(error)
        assert_whole(storage, ["first"])
        assert leftovers(storage.root) == []
        assert_resumes(storage)

    def test_that_is_removed_is_made_again_by_the_next_run(self, tmp_path: Path) -> None:
        storage = DirectoryStorage(tmp_path / "store")
        BREAK.append(lambda: shutil.rmtree(storage.root))
        with suppress(SimpleflowStepsError):
            run(storage)

        assert run(storage) == [name * 1000 for name in STEPS]
        assert_whole(storage, sorted(STEPS))


class Denying:
    """Answer 403 from some moment on."""

    def __init__(self) -> None:
        self.expired = False

    def decide(self, request: Request) -> Trouble:
        return Trouble.ERROR if self.expired else Trouble.NONE


@pytest.mark.parametrize("s3_server", ["seaweedfs"], indirect=True)
class TestABucket:
    def test_that_is_deleted(self, fresh_bucket: str, s3_server: Endpoint) -> None:
        s3 = _client(s3_server)
        name = urlsplit(fresh_bucket).netloc

        def delete() -> None:
            keys = [{"Key": each["Key"]} for each in s3.list_objects_v2(Bucket=name).get("Contents", ())]
            s3.delete_objects(Bucket=name, Delete={"Objects": keys, "Quiet": True})
            s3.delete_bucket(Bucket=name)

        storage = open_storage(fresh_bucket)
        error = break_in_the_middle(storage, delete)
        s3.create_bucket(Bucket=name)

        assert isinstance(error, BucketNotFound), repr(error)
        assert name in str(error)
        assert list(storage.list()) == []
        assert_resumes(storage, first="first")

    @pytest.mark.parametrize("code", ["ExpiredToken", "InvalidAccessKeyId", "AccessDenied"])
    def test_whose_credentials_expire(
        self, code: str, bucket_url: str, s3_server: Endpoint, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(proxies, "ANSWERS", {Trouble.ERROR: (403, code)})
        denying, parts = Denying(), urlsplit(bucket_url)
        with fault_proxy(s3_server.endpoint_url, denying) as proxy:
            storage = open_storage(f"s3://{parts.netloc}{parts.path}?endpoint_url={proxy.url}")
            error = break_in_the_middle(storage, lambda: setattr(denying, "expired", True))
            asked = len(proxy.log)
            denying.expired = False

            assert isinstance(error, StorageDenied)
            assert code in str(error)
            assert storage.url in str(error)
            assert _in_vain(proxy) <= 4, f"a denied request is not tried again: {proxy.log[asked - 10 :]}"
            assert_whole(storage, ["first"])
            assert_resumes(storage)

    def test_whose_server_goes_away(self, bucket_url: str, s3_server: Endpoint) -> None:
        parts, gone = urlsplit(bucket_url), Denying()
        with fault_proxy(s3_server.endpoint_url, gone) as proxy:
            storage = open_storage(f"s3://{parts.netloc}{parts.path}?endpoint_url={proxy.url}")
            error = break_in_the_middle(storage, lambda: setattr(gone, "expired", True))
            gone.expired = False

            assert isinstance(error, ConnectionError)
            assert storage.url in str(error)
            assert_whole(storage, ["first"])
            assert_resumes(storage)


def _in_vain(proxy: FaultProxy) -> int:
    return sum(decision.trouble is Trouble.ERROR for decision in proxy.log)


def _client(server: Endpoint) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=server.endpoint_url,
        region_name=REGION,
        aws_access_key_id=server.access_key,
        aws_secret_access_key=server.secret_key,
    )
