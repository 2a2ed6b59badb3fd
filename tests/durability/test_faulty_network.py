"""A workflow behind a network on which everything goes wrong ends as it does on one where nothing does."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from tenacity import wait_none

from simpleflow_steps import Group, LocalExecutor, Step, Workflow, WorkflowStepMixin, activity
from simpleflow_steps.activity import context
from simpleflow_steps.exceptions import StorageUnavailable
from simpleflow_steps.execution.lease import read_lease
from simpleflow_steps.step.marker import MarkerRegister
from simpleflow_steps.step.tasks import open_register
from simpleflow_steps.storage import MemoryStorage, Storage, open_storage
from tests.durability.proxy import RATES, Seeded, Trouble, fault_proxy
from tests.runs import last_run
from tests.servers import Endpoint

SEEDS = range(int(os.environ.get("SFS_PROXY_SEEDS", "12")))
LOUD = {**{trouble: 2 * rate for trouble, rate in RATES.items()}, Trouble.LOST: 0.15, Trouble.LATE: 0.03}
RERUNS = 25
LARGE = 200_000  # characters; a result of that size does not fit into its marker
FORCED = {"load": "new data"}
AGAIN = {"load", "rows.0", "rows.1", "rows.2", "join"}  # the forced one and those that depend on it


class Journal:
    """What the activities did, and which steps were marked when they began."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []
        self.again: list[str] = []
        self.register: MarkerRegister | None = None

    def note(self, step: str) -> None:
        self.calls.append((context().run_id, step))
        if self.register is not None:
            seen = self.register.list().get(step)
            if seen is not None and seen.done:
                self.again.append(step)


journal = Journal()


@activity.with_attributes()
def note(name: str, *inputs: Any) -> Any:
    journal.note(name)
    return "x" * LARGE if name == "large" else [name, *inputs]


def leaf(name: str, *inputs: Any, **options: Any) -> Step:
    return Step(name, (note, name, *inputs), **options)


class Daily(Workflow, WorkflowStepMixin):
    """Twelve steps: a row, a group whose members are forced by what is before them, a nest, a large result."""

    name = "daily"

    def run(self) -> Any:
        loaded = self.submit(leaf("load", force_steps_if_executed=["rows", "join"])).result
        rows = self.submit(Group(*(leaf(f"rows.{number}", loaded) for number in range(3)))).result
        joined = self.submit(leaf("join", rows)).result
        large = self.submit(leaf("large")).result
        nest = self.submit(Step("nest", Group(leaf("nest.a"), Step("nest.b", Group(leaf("nest.b.c")))))).result
        ends = [self.submit(leaf(name, joined)).result for name in ("tell", "end")]
        return [joined, len(large), nest, ends]


ROWS = [f"rows.{number}" for number in range(3)]
STEPS = ["end", "join", "large", "load", "nest", "nest.a", "nest.b", "nest.b.c", *ROWS, "tell"]


def run(storage: Storage, **options: Any) -> Any:
    return LocalExecutor(Daily, storage=storage, workflow_id="w", lease_ttl=600.0, **options).run()


def markers(storage: Storage) -> dict[str, Any]:
    """Give each done step's result."""
    register = open_register(storage, "w/steps")
    return {name: register.read_result(name).value for name, seen in register.list().items() if seen.done}


@pytest.fixture
def expected() -> Iterator[tuple[Any, dict[str, Any]]]:
    """Give what a run without faults gives and leaves."""
    journal.__init__()  # type: ignore[misc]
    result = run(storage := MemoryStorage())
    yield result, markers(storage)
    journal.__init__()  # type: ignore[misc]


def until_it_completes(storage: Callable[[], Storage], **options: Any) -> tuple[Any, int]:
    """Run again and again; each time is a process of its own to the storage."""
    for count in range(1, RERUNS + 1):
        try:
            return run(storage(), **options), count
        except StorageUnavailable:
            continue
        except Exception as error:
            if not _unavailable(error):
                raise
    raise AssertionError(f"{RERUNS} runs were not enough")


def _unavailable(error: BaseException | None) -> bool:
    if isinstance(error, ExceptionGroup):
        return all(_unavailable(each) for each in error.exceptions)
    return isinstance(error, StorageUnavailable) or (error is not None and _unavailable(error.__cause__))


@pytest.mark.parametrize("s3_server", ["seaweedfs"], indirect=True)
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.usefixtures("s3_credentials")
def test_whatever_the_network_does_the_end_is_the_same(
    seed: int,
    s3_server: Endpoint,
    bucket_url: str,
    expected: tuple[Any, dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tenacity.wait.wait_random_exponential", lambda **_: wait_none())
    direct = open_storage(bucket_url)
    parts = urlsplit(bucket_url)
    direct.put("first", b"the probe is made without faults", if_none_match="*")
    journal.calls.clear()
    journal.register = open_register(direct, "w/steps")
    with fault_proxy(s3_server.endpoint_url, Seeded(seed, LOUD), delay=0.005) as proxy:
        url = f"s3://{parts.netloc}{parts.path}?endpoint_url={proxy.url}"
        first, runs = until_it_completes(lambda: open_storage(url))
        once = Counter(step for _, step in journal.calls)
        state = markers(direct)
        # one more time, with a step that is forced, and with all that depends on it
        journal.calls.clear()
        forced, _ = until_it_completes(lambda: open_storage(url), force=FORCED)
        again = {step for _, step in journal.calls}
    result, results = expected

    assert (first, state) == (result, results), f"seed {seed}, {runs} runs"
    assert sorted(state) == sorted(STEPS)
    assert (forced, markers(direct)) == (result, results), f"seed {seed}"
    assert not journal.again, f"seed {seed}: ran although marked: {journal.again}"
    assert all(count <= runs for count in once.values()), once
    assert again == AGAIN, f"seed {seed}: {again}"
    assert last_run(direct, "w").status in {"completed", "running"}
    assert read_lease(direct, "w") is not None
    assert len({decision.trouble for decision in proxy.log}) > 6, Counter(proxy.script)


def test_the_workflow_without_faults_runs_each_step_once(expected: tuple[Any, dict[str, Any]]) -> None:
    storage = MemoryStorage()
    journal.calls.clear()
    assert run(storage) == expected[0]
    counts: dict[str, int] = defaultdict(int)
    for _, step in journal.calls:
        counts[step] += 1

    assert set(counts.values()) == {1}
    assert sorted(markers(storage)) == sorted(STEPS)
    assert run(storage) == expected[0]
