"""What steps cost on SWF: `python -m benchmarks.swf [--steps N] [--growth N...] [--json FILE]`.

Decisions, requests and events for each step, beside simpleflow on the same server (moto's, over HTTP, which counts);
how the history grows with the steps, and with it the memory of the decider.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.servers.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).parents[1]
OURS = """
from simpleflow_steps import Workflow, WorkflowStepMixin, activity
from simpleflow_steps.canvas import Group

@activity.with_attributes()
def work(number: int) -> int:
    return number

class Row(Workflow, WorkflowStepMixin):
    name = "row"
    def run(self, number: int) -> int:
        for each in range(number):
            self.submit(self.step(f"s{each}", (work, each))).result
        return number

class Wide(Workflow, WorkflowStepMixin):
    name = "wide"
    def run(self, number: int) -> int:
        for first in range(0, number, 100):
            steps = [self.step(f"s{each}", (work, each)) for each in range(first, min(first + 100, number))]
            self.submit(Group(*steps)).result
        return number
"""
THEIRS = """
from simpleflow import Workflow, activity, futures
from simpleflow.step.workflow import WorkflowStepMixin

@activity.with_attributes(version="1", task_list="any")
def work(number):
    return number

class Steps(Workflow, WorkflowStepMixin):
    version = "1"
    task_list = "any"
    def get_step_bucket(self):
        return "steps"  # a plain name: boto3 is told the endpoint by the environment

class Row(Steps):
    name = "their-row"
    def run(self, number):
        for each in range(number):
            futures.wait(self.submit(self.step(f"s{each}", (work, each))))

class Wide(Steps):
    name = "their-wide"
    def run(self, number):
        futures.wait(*[self.submit(self.step(f"s{each}", (work, each))) for each in range(number)])
"""
SFS = [sys.executable, "-m", "simpleflow_steps", "swf"]
WAIT = "600"


def serve(port: int) -> None:
    """Be moto's server, and count what is asked; `/counts` tells and forgets."""
    from moto.server import DomainDispatcherApplication, create_backend_app  # type: ignore[attr-defined]
    from werkzeug.serving import run_simple

    counts: Counter[str] = Counter()
    moto = DomainDispatcherApplication(create_backend_app)

    def counted(environ: dict[str, Any], start: Any) -> list[bytes]:
        if environ["PATH_INFO"] == "/counts":
            body = json.dumps(counts).encode()
            counts.clear()
            start("200 OK", [("Content-Length", str(len(body)))])
            return [body]
        answer = list(moto(environ, start))
        name = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2] or f"S3 {environ['REQUEST_METHOD']}"
        if name.startswith("PollFor") and not any(b"taskToken" in part for part in answer):
            name = "empty polls"
        counts[name] += 1
        return answer

    run_simple("127.0.0.1", port, counted, threaded=True)


def main(arguments: Sequence[str]) -> int:
    """Measure, print, and save if that is asked for."""
    parser = argparse.ArgumentParser("python -m benchmarks.swf", description=__doc__)
    parser.add_argument("--steps", type=int, default=20, metavar="N", help="of the race")
    parser.add_argument("--growth", type=int, nargs="*", default=[100, 300, 1000], metavar="N", help="steps, in turn")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to save")
    parser.add_argument("--serve", type=int, metavar="PORT", help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    if asked.serve:
        serve(asked.serve)
        return 0
    with tempfile.TemporaryDirectory(prefix="sfs-swf-") as folder, _server(Path(folder)):
        found = {"race": list(_race(asked.steps)), "growth": [_grow(number) for number in asked.growth]}
    _print(found)
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=2) + "\n")
    return 0


@contextmanager
def _server(folder: Path) -> Iterator[None]:
    import boto3

    port = free_port()
    (folder / "ours.py").write_text(OURS)
    (folder / "theirs.py").write_text(THEIRS)
    os.environ |= {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
        "AWS_DEFAULT_REGION": "us-east-1",
        "SWF_DOMAIN": "benchmark",
        "PYTHONPATH": f"{ROOT}:{folder}",
        "SIMPLEFLOW_STORAGE": "s3://steps/ours",
    }
    command = [sys.executable, "-m", "benchmarks.swf", "--serve", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        _wait_for_answer()
        boto3.client("s3").create_bucket(Bucket="steps")
        boto3.client("swf").register_domain(name="benchmark", workflowExecutionRetentionPeriodInDays="1")
        os.chdir(folder)
        yield
    finally:
        process.kill()
        process.wait()


def _wait_for_answer() -> None:
    for _ in range(300):
        try:
            _counts()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError("moto's server does not answer")


def _counts() -> dict[str, int]:
    with urllib.request.urlopen(f"{os.environ['AWS_ENDPOINT_URL']}/counts", timeout=60) as answer:
        found: dict[str, int] = json.load(answer)
    return found


def _race(number: int) -> Iterator[dict[str, Any]]:
    """Have both run the same steps, one after another and side by side."""
    simpleflow = str(Path(sys.executable).with_name("simpleflow"))
    for shape in ("Row", "Wide"):
        given = json.dumps({"args": [number]})
        their = [simpleflow, "standalone", "--domain", "benchmark", "--workflow-id", f"their-{shape}"]
        their += ["--nb-workers", "1", "--nb-deciders", "1", "--input", given, f"theirs.{shape}"]
        our = [
            *SFS,
            "standalone",
            f"ours:{shape}",
            str(number),
            "--workflow-id",
            f"our-{shape}",
            "--log-level",
            "error",
        ]
        for who, command, name in (("simpleflow 0.36", their, "their"), ("simpleflow_steps", our, "our")):
            _counts()
            began = time.monotonic()
            subprocess.run(command, check=True, capture_output=True, timeout=600)
            yield {
                "who": who,
                "shape": shape.lower(),
                "steps": number,
                "seconds": round(time.monotonic() - began, 1),
                "requests": _counts(),
                "events": _events(f"{name}-{shape}"),
            }


def _events(workflow_id: str) -> dict[str, int]:
    told = subprocess.run([*SFS, "history", workflow_id, "--json"], check=True, capture_output=True).stdout
    return Counter(event["eventType"] for event in json.loads(told))


def _grow(number: int) -> dict[str, Any]:
    """Run so many steps, a hundred at a time, with a decider and a worker of their own."""
    workflow_id = f"growth-{number}"
    began = time.monotonic()
    with _serving("decider", "ours:Wide") as decider, _serving("worker", "ours", "--concurrency", "16"):
        before = _memory(decider)
        start = ["start", "ours:Wide", str(number), "--workflow-id", workflow_id, "--wait", "--timeout", WAIT]
        subprocess.run([*SFS, *start], check=True, capture_output=True)
        after = _memory(decider)
    seconds = round(time.monotonic() - began, 1)
    return {"steps": number, "seconds": seconds, "before": before, "after": after, "events": _events(workflow_id)}


@contextmanager
def _serving(*words: str) -> Iterator[int]:
    """Start deciders or workers, and give the process that serves."""
    command = [*SFS, *words, "--grace", "2"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        while (found := re.search(r"is ready\s+pid=(\d+)", process.stderr.readline())) is None:
            assert process.poll() is None
        with Path(f"{words[0]}.log").open("w") as log:
            draining = subprocess.Popen(["cat"], stdin=process.stderr, stdout=log)
        yield int(found[1])
    finally:
        process.terminate()
        process.wait()
        draining.wait()


def _memory(pid: int) -> float:
    """Give the most memory that a process had at once, in MB."""
    text = Path(f"/proc/{pid}/status").read_text()
    return round(int(text.split("VmHWM:")[1].split()[0]) / 1000, 1)


def _print(found: dict[str, Any]) -> None:
    print("| beside | shape | steps | decisions a step | requests a step | events a step | S3 a step |")
    print("|---|---|---|---|---|---|---|")
    for row in found["race"]:
        steps, requests = row["steps"], row["requests"]
        bucket = sum(count for name, count in requests.items() if name.startswith("S3"))
        sent = sum(requests.values()) - bucket - requests.get("empty polls", 0)
        figures = (requests["RespondDecisionTaskCompleted"], sent, sum(row["events"].values()), bucket)
        print(f"| {row['who']} | {row['shape']} | {steps} | {' | '.join(f'{f / steps:.1f}' for f in figures)} |")
    print("\n| steps | events | a step | decisions | decider's memory before and after | seconds |")
    print("|---|---|---|---|---|---|")
    for row in found["growth"]:
        events = sum(row["events"].values())
        decisions = row["events"]["DecisionTaskCompleted"]
        memory = f"{row['before']} MB, {row['after']} MB"
        print(
            f"| {row['steps']} | {events} | {events / row['steps']:.1f} | {decisions} | {memory} | {row['seconds']} |"
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
