import os

import pytest

from simpleflow_steps import LocalExecutor, Workflow
from simpleflow_steps.canvas import Chain, Group
from simpleflow_steps.exceptions import TaskFailed
from simpleflow_steps.storage import MemoryStorage
from tests.executors.activities import add, broken, echo, incompatible, process, thrice, who

distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def dask():
    """Give the pool of a real cluster: a scheduler and a worker in a process of its own."""
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=2, processes=True, dashboard_address=None, host="127.0.0.1"
        ) as cluster,
        cluster.get_client() as client,
    ):
        yield client.get_executor(pure=False)


def run(function, pool):
    workflow = type("OnDask", (Workflow,), {"run": function})
    return LocalExecutor(workflow, storage=MemoryStorage(), pool=pool, workflow_id="w").run()


def test_activities_run_on_a_dask_cluster(dask):
    def on_dask(self):
        group = Group((add, 1, 2), (echo, [3]), (thrice, 3), process, who, max_parallel=2)
        return self.submit(Chain(group, (add, self.submit(echo, 4), 5))).result

    (summed, echoed, attempt, pid, context), dataflow = run(on_dask, dask)

    assert (summed, echoed, attempt, dataflow) == (3, [3], 3, 9)
    assert pid != os.getpid()
    assert context["workflow_id"] == "w"


def test_a_failure_comes_back_from_a_dask_cluster(dask):
    with pytest.raises(TaskFailed) as caught:
        run(lambda self: self.submit(broken, "far away").result, dask)

    assert repr(caught.value.__cause__) == "ValueError('far away')"


def test_an_exception_that_cannot_travel_is_told(dask):
    with pytest.raises(TaskFailed, match="7 does not travel"):
        run(lambda self: self.submit(incompatible).result, dask)


def test_the_cluster_outlives_the_run(dask):
    run(lambda self: self.submit(echo).result, dask)

    assert dask.submit(int, "3").result() == 3
