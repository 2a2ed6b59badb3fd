"""Measure, print and save: `python -m benchmarks [NAME...] [--quick] [--json FILE] [--readme]`.

Without names, everything: the measures against the limit and the races with the peers. What is not measured now stays
in the file as it was. SeaweedFS is started for it, as for the tests.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from benchmarks import report
from benchmarks.measures import MEASURES
from benchmarks.peers import RACES
from benchmarks.setting import Setting
from tests.servers import Endpoint
from tests.servers.environment import variable_of

if TYPE_CHECKING:
    from collections.abc import Sequence

SERVER = "seaweedfs"
EVERYTHING = {**MEASURES, **RACES}
RESULTS = Path(__file__).with_name("results.json")


def main(arguments: Sequence[str]) -> int:
    """Measure what is asked for, beside a server that is started if there is none."""
    asked = _parse(arguments)
    endpoint_url = os.environ.get(variable_of(SERVER))
    if not endpoint_url:
        command = [sys.executable, "-m", "tests.servers", SERVER, "--", sys.executable, "-m", "benchmarks", *arguments]
        os.execv(sys.executable, command)
    _use_credentials()
    bucket = _make_bucket(endpoint_url)
    document = report.read(asked.json)
    with tempfile.TemporaryDirectory(prefix="sfs-benchmarks-") as folder:
        setting = Setting(endpoint_url, bucket, Path(folder), asked.quick)
        for name in asked.names or EVERYTHING:
            _measure(name, setting, document)
            report.write(document, asked.json)
    if asked.readme:
        report.write_readme(document)
    return 0


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"what to measure: {', '.join(EVERYTHING)}")
    parser.add_argument("--quick", action="store_true", help="few steps and rounds, to see that it works")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to save; results.md lies beside it")
    parser.add_argument("--readme", action="store_true", help="put the table in the README too")
    asked = parser.parse_args(arguments)
    if unknown := sorted(set(asked.names) - EVERYTHING.keys()):
        parser.error(f"nothing is called {', '.join(unknown)}; there are {', '.join(EVERYTHING)}")
    if asked.json is None:
        asked.json = Path("quick.json") if asked.quick else RESULTS
    return asked


def _use_credentials() -> None:
    os.environ["AWS_ACCESS_KEY_ID"] = Endpoint.access_key
    os.environ["AWS_SECRET_ACCESS_KEY"] = Endpoint.secret_key
    os.environ["AWS_DEFAULT_REGION"] = "us-east-1"


def _make_bucket(endpoint_url: str) -> str:
    import boto3

    name = f"benchmarks-{uuid4().hex}"
    boto3.client("s3", endpoint_url=endpoint_url).create_bucket(Bucket=name)
    return name


def _measure(name: str, setting: Setting, document: report.Document) -> None:
    began, before, rows = time.monotonic(), os.getloadavg()[0], []
    print(f"== {name}", flush=True)
    for row in EVERYTHING[name](setting):
        rows.append(row)
        print(report.lines(row), flush=True)
    report.add(document, name, rows, (before, os.getloadavg()[0]))
    document["measures"] = {each: document["measures"][each] for each in EVERYTHING if each in document["measures"]}
    print(f"   {time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
