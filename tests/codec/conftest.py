import os
import subprocess
import sys
from pathlib import Path

import pytest

from simpleflow_steps import codec

ROOT = Path(codec.__file__).parents[2]


@pytest.fixture
def python():
    """Run Python in another process, with this package, and give what it printed."""

    def run(*arguments, cwd=None, **environment):
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=cwd,
            env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run
