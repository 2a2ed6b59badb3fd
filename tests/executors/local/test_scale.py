import sys

import pytest

from simpleflow_steps import activity, futures
from simpleflow_steps.canvas import Chain, Group
from simpleflow_steps.executors.local.execution import Execution


@activity.with_attributes(name="work", start_to_close_timeout=600, heartbeat_timeout=600)
def work(number, *_):
    return number


def chain(self, number):
    return self.submit(Chain(*[(work, n) for n in range(number)])).result


def group(self, number):
    return self.submit(Group(*[(work, n) for n in range(number)])).result


def limited(self, number):
    return self.submit(Group(*[(work, n) for n in range(number)], max_parallel=5)).result


def mapped(self, number):
    return futures.wait(*self.map(work, range(number)))


def row(self, number):
    made = [self.submit(work, 0)]
    for n in range(1, number):
        made.append(self.submit(work, n, made[-1]))
    return futures.wait(*made)


def turns_and_calls(local, monkeypatch, run, number):
    """Count how often the run's loop turns, and the function calls of the run's own thread."""
    turns, calls, turn = 0, 0, Execution.turn

    def counted(self):
        nonlocal turns
        turns += 1
        turn(self)

    def count(frame, event, _):
        nonlocal calls
        calls += event == "call"

    monkeypatch.setattr(Execution, "turn", counted)
    executor = local(run)
    sys.setprofile(count)
    try:
        assert executor.run(number) == list(range(number))
    finally:
        sys.setprofile(None)
        monkeypatch.undo()
    return turns, calls


@pytest.mark.parametrize("run", [chain, group, limited, mapped, row])
def test_ten_times_the_activities_take_ten_times_the_work(local, monkeypatch, run):
    turns, calls = turns_and_calls(local, monkeypatch, run, 1_000)
    many_turns, many_calls = turns_and_calls(local, monkeypatch, run, 10_000)

    assert many_turns <= 10.2 * turns
    assert many_calls <= 11 * calls
