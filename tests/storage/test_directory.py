from __future__ import annotations

import errno
import multiprocessing
import os
import stat
import subprocess
import sys
import tempfile
import textwrap
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simpleflow_steps.exceptions import ObjectNotFound, PreconditionFailed, StorageDenied, StorageError
from simpleflow_steps.storage import DirectoryStorage, Storage, open_storage
from tests.storage.contract import StorageContract, folders_of, keys

PARTS = st.one_of(
    st.sampled_from(["", ".", "..", "a", "a%", "%", "%-", "%+", "%2E", "%lock", "%tmp", "b", "\\", "\n", "x" * 210]),
    st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=60),
)
KEYS = st.lists(PARTS, min_size=1, max_size=5).map("/".join).filter(lambda key: key and len(key.encode()) <= 1024)


class TestDirectoryStorage(StorageContract):
    most_calls = 76

    @pytest.fixture
    def storage(self, root: Path) -> Storage:
        return DirectoryStorage(root)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "new" / "root"


@pytest.fixture
def storage(root: Path) -> DirectoryStorage:
    return DirectoryStorage(root)


def files(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()} - {"%lock"}


def test_an_ordinary_key_is_its_own_path(storage: DirectoryStorage, root: Path) -> None:
    storage.put("daily-2026/steps/fetch.a b+é", b"body")

    assert (root / "daily-2026/steps/fetch.a b+é").read_bytes() == b"body"
    assert files(root) == {"daily-2026/steps/fetch.a b+é"}


@pytest.mark.parametrize("order", [("a", "a/b"), ("a/b", "a")])
def test_a_file_keeps_its_path_beside_a_directory(
    storage: DirectoryStorage, root: Path, order: tuple[str, str]
) -> None:
    for key in order:
        storage.put(key, b"body")
    storage.put("a/c", b"body")

    assert files(root) == {"a", "a%/b", "a%/c"}


def test_nothing_is_made_before_the_first_write(storage: DirectoryStorage, root: Path) -> None:
    assert keys(storage) == []
    assert list(storage.folders()) == []
    with pytest.raises(ObjectNotFound):
        storage.get("key")
    storage.delete("key")
    assert not root.parent.exists()


def test_a_relative_root_stays_where_it_was_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "there").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    storage = DirectoryStorage("relative")
    monkeypatch.chdir(tmp_path / "there")
    storage.put("key", b"body")

    assert (tmp_path / "here/relative/key").exists()


def test_every_write_has_an_etag_of_its_own(storage: DirectoryStorage) -> None:
    assert len({storage.put("key", b"same") for _ in range(100)}) == 100


def test_directories_that_a_delete_empties_are_removed(storage: DirectoryStorage, root: Path) -> None:
    storage.put("a/b/c", b"")
    storage.put("a/d", b"")
    storage.delete("a/b/c")

    assert not (root / "a/b").exists()
    assert (root / "a/d").exists()


def test_a_store_removed_under_our_feet_is_made_anew(storage: DirectoryStorage, root: Path) -> None:
    storage.put("a/b", b"body")
    subprocess.run(["rm", "-rf", str(root)], check=True)

    assert keys(storage) == []
    storage.put("a/c", b"body", if_none_match="*")
    assert keys(storage) == ["a/c"]


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wanted=st.lists(KEYS, min_size=1, max_size=6, unique=True), prefix=KEYS)
def test_any_keys_live_side_by_side_inside_the_root(wanted: list[str], prefix: str) -> None:
    with tempfile.TemporaryDirectory() as outside:
        root = Path(outside) / "some/where/root"
        storage = DirectoryStorage(root)
        etags = {key: storage.put(key, key.encode(), if_none_match="*") for key in wanted}

        assert [(each.key, each.etag) for each in storage.list()] == sorted(etags.items())
        assert {key: storage.get(key) for key in wanted} == {key: key.encode() for key in wanted}
        for start in (prefix, wanted[0][:3], wanted[0] + "/"):
            assert keys(storage, start) == sorted(key for key in wanted if key.startswith(start))
        for start in ("", prefix, wanted[0][:3], wanted[0], wanted[0] + "/", wanted[0][: wanted[0].rfind("/") + 1]):
            assert list(storage.folders(start)) == folders_of(wanted, start)
        assert [path for path in Path(outside).rglob("*") if path.is_file() and root not in path.parents] == []
        for key in wanted:
            storage.delete(key)
        assert [path.name for path in root.iterdir() if not path.name.startswith("%")] == []


def test_files_that_are_no_keys_are_not_listed(storage: DirectoryStorage, root: Path) -> None:
    storage.put("key", b"body")
    for name in ("50%", "%zz", "%41", "%2e", "x" * 201, "%-%"):
        (root / name).write_bytes(b"foreign")
    (root / "ab%+").mkdir()
    (root / "ab%+" / "c").write_bytes(b"foreign")
    Path(os.fsdecode(os.fsencode(root) + b"/\xff")).write_bytes(b"foreign")

    assert keys(storage) == ["key"]
    assert keys(storage, "ab") == []


def test_directories_without_keys_are_no_folders(storage: DirectoryStorage, root: Path) -> None:
    storage.put("folder/key", b"body")
    (root / "empty/and/deep").mkdir(parents=True)
    for name in ("foreign", "folder%%", "%41", "x" * 201, "ab%+"):
        (root / name).mkdir()
        (root / name / "50%").write_bytes(b"foreign")
    (root / "link").symlink_to(root / "folder")

    assert list(storage.folders()) == ["folder"]


def test_folders_are_known_without_a_look_at_what_they_hold(
    storage: DirectoryStorage, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(20):
        storage.put(f"w-{number}/lease", b"")
        storage.put(f"w-{number}/steps/deep/in/it", b"")
    looks: list[bytes] = []
    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: looks.append(path) or scandir(path))

    assert len(list(storage.folders("w-"))) == 20
    assert sorted(looks) == sorted(os.fsencode(path) for path in (root, *root.glob("w-*")))


def test_symbolic_links_lead_nowhere(storage: DirectoryStorage, root: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "file").write_bytes(b"secret")
    storage.put("key", b"body")
    (root / "directory").symlink_to(secret)
    (root / "link").symlink_to(secret / "file")

    assert keys(storage) == ["key"]
    for key in ("link", "directory/file"):
        with pytest.raises(ObjectNotFound):
            storage.get(key)
        storage.delete(key)
        storage.put(key, b"mine", if_none_match="*")
    assert (secret / "file").read_bytes() == b"secret"
    assert [path.name for path in secret.iterdir()] == ["file"]
    assert keys(storage) == ["directory/file", "key", "link"]


def test_leftovers_of_a_killed_process_are_harmless_and_old_ones_go(root: Path) -> None:
    DirectoryStorage(root).put("key", b"body")
    old, new = root / "%tmp/1-old", root / "%tmp/2-new"
    for leftover in (old, new):
        leftover.write_bytes(b"half")
    two_days_ago = time.time() - 48 * 3600
    os.utime(old, (two_days_ago, two_days_ago))

    storage = DirectoryStorage(root)
    storage.put("key", b"again")

    assert keys(storage) == ["key"]
    assert files(root) == {"key", "%tmp/2-new"}


def test_a_crash_between_the_two_renames_loses_nothing(
    storage: DirectoryStorage, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage.put("a/b", b"body")
    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", _fail_with(errno.EIO))
        with pytest.raises(StorageError, match="Input/output"):
            storage.put("a", b"body")

    assert keys(storage) == ["a/b"]
    storage.put("a", b"body", if_none_match="*")
    assert keys(storage) == ["a", "a/b"]
    assert files(root) == {"a", "a%/b"}


@pytest.mark.parametrize("call", ["write", "fsync"])
def test_a_full_disk_is_told_and_leaves_nothing(
    storage: DirectoryStorage, root: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    etag = storage.put("key", b"old")
    with monkeypatch.context() as patched:
        patched.setattr(os, call, _fail_with(errno.ENOSPC))
        with pytest.raises(StorageError, match=r"key 'key'.*No space left") as caught:
            storage.put("key", b"new")

    assert isinstance(caught.value.__cause__, OSError)
    assert storage.get("key").etag == etag
    assert files(root) == {"key"}


def test_a_write_in_pieces_is_whole(storage: DirectoryStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, body: write(descriptor, body[:3]))
    storage.put("key", b"0123456789")

    assert storage.get("key") == b"0123456789"


@pytest.mark.parametrize("body", [b"body", b""])
def test_what_a_write_says_is_there_survives_a_power_cut(
    storage: DirectoryStorage, monkeypatch: pytest.MonkeyPatch, body: bytes
) -> None:
    storage.put("w/steps/a", b"body")
    done: list[str] = []
    fsync, replace = os.fsync, os.replace

    def noted(descriptor: int) -> None:
        done.append("directory" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    monkeypatch.setattr(os, "replace", lambda *paths: done.append("name") or replace(*paths))
    storage.put("w/steps/a", body)

    assert done == ["file", "name", "directory"]


def test_a_write_asks_the_system_for_little(storage: DirectoryStorage) -> None:
    storage.put("w/steps/a", b"body")
    asked: Counter[str] = Counter()

    def note(_: object, event: str, called: Any) -> None:
        if event == "c_call" and called.__module__ in {"posix", "fcntl"}:
            asked[called.__name__] += 1

    sys.setprofile(note)
    try:
        storage.put("w/steps/b", b"body", if_none_match="*")
    finally:
        sys.setprofile(None)

    looks = {"lstat": 3, "stat": 1, "fstat": 2}  # each part of the key; whether the lock is still the one of all
    writes = {"urandom": 1, "write": 1, "utime": 1, "fsync": 2, "replace": 1}
    assert asked == {"open": 3, "close": 3, "flock": 1} | looks | writes


def test_a_file_in_place_of_the_root_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for where in (tmp_path / "file", tmp_path / "file" / "below"):
        storage = DirectoryStorage(where)
        with pytest.raises(StorageError, match="Not a directory"):
            storage.list()
        with pytest.raises(StorageError, match="Not a directory"):
            storage.folders()
        with pytest.raises(StorageError, match="Not a directory"):
            storage.get("key")
        with pytest.raises(StorageError, match="Not a directory"):
            storage.put("key", b"")


def test_a_root_that_may_only_be_read_is_read_and_not_written() -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        DirectoryStorage(root / "used").put("a/b", b"body")
        (root / "plain").mkdir()
        (root / "plain/key").write_bytes(b"body")
        for path in (root / "used", root / "plain", root):
            path.chmod(0o555)
        told = _as_nobody(root)
        for path in (root, root / "used"):
            path.chmod(0o755)

    assert told.stdout.splitlines() == ["['a/b']", "body", "StorageDenied", "StorageDenied", "['key']", "StorageDenied"]


def _as_nobody(root: Path) -> subprocess.CompletedProcess[str]:
    program = """
        import os, sys
        from simpleflow_steps.exceptions import StorageDenied
        from simpleflow_steps.storage import DirectoryStorage

        def refused(call, *arguments):
            try:
                call(*arguments)
            except StorageDenied:
                print("StorageDenied")

        if os.getuid() == 0:
            os.setuid(65534)
        used, plain = DirectoryStorage(sys.argv[1] + "/used"), DirectoryStorage(sys.argv[1] + "/plain")
        print([each.key for each in used.list()])
        print(used.get("a/b").decode())
        refused(used.put, "a/b", b"new")
        refused(used.delete, "a/b")
        print([each.key for each in plain.list()])
        refused(plain.put, "new", b"new")
    """
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), str(root)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )


def test_a_root_that_may_not_be_written_is_denied(storage: DirectoryStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "mkdir", _fail_with(errno.EROFS))

    with pytest.raises(StorageDenied, match="Read-only file system"):
        storage.put("key", b"body")


@pytest.mark.parametrize("replaces", [False, True])
def test_of_many_processes_one_wins_each_round(root: Path, replaces: bool) -> None:
    rounds, processes = 40, 4
    url = DirectoryStorage(root).url
    etags = [open_storage(url).put(f"deep/{number}", b"old") for number in range(rounds)] if replaces else None
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(processes)
    with context.Pool(processes, initializer=_remember, initargs=(barrier,)) as pool:
        wins = pool.starmap(_compete, [(url, number, rounds, etags) for number in range(processes)], chunksize=1)

    assert sorted(won for each in wins for won in each) == list(range(rounds))
    assert {open_storage(url).get(f"deep/{number}") for number in range(rounds)} <= {b"0", b"1", b"2", b"3"}


_BARRIER: list[Any] = []


def _remember(barrier: Any) -> None:
    _BARRIER.append(barrier)


def _compete(url: str, me: int, rounds: int, etags: list[str] | None) -> list[int]:
    storage, won = open_storage(url), []
    for number in range(rounds):
        condition = {"if_match": etags[number]} if etags else {"if_none_match": "*"}
        _BARRIER[0].wait()
        try:
            storage.put(f"deep/{number}", b"%d" % me, **condition)
        except PreconditionFailed:
            continue
        won.append(number)
    return won


def test_readers_never_miss_an_object_while_its_directory_moves(storage: DirectoryStorage) -> None:
    context = multiprocessing.get_context("spawn")
    storage.put("a/b", b"body")
    with context.Pool(1) as pool:
        mover = pool.apply_async(_move_to_and_fro, (storage.url,))
        seen = 0
        while not mover.ready():
            assert storage.get("a/b") == b"body"
            assert "a/b" in keys(storage, "a/")
            seen += 1
        mover.get()

    assert seen > 10


def _move_to_and_fro(url: str) -> None:
    storage = open_storage(url)
    root = Path(url.removeprefix("file://"))
    from simpleflow_steps.storage.locking import exclusive

    for _ in range(150):
        storage.put("a", b"")
        storage.delete("a")
        with exclusive(os.fsencode(root / "%lock")):
            (root / "a%").rename(root / "a")


def _fail_with(number: int) -> Any:
    def fail(*arguments: Any, **keywords: Any) -> Iterator[None]:
        raise OSError(number, os.strerror(number))

    return fail
