"""What only a whole process can show: its end, its main module, its signals."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import simpleflow_steps

ROOT = Path(simpleflow_steps.__file__).parents[1]
HANGS = 60


@pytest.fixture
def script(tmp_path):
    """Start a script with this package."""

    def start(text):
        path = tmp_path / "script.py"
        path.write_text(textwrap.dedent(text))
        return subprocess.Popen(
            [sys.executable, path],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start


def test_an_activity_that_hangs_after_its_time_out_does_not_keep_the_process(script):
    process = script("""
        import threading
        from simpleflow_steps import LocalExecutor, Workflow, activity

        @activity.with_attributes(start_to_close_timeout=0.1)
        def hang():
            threading.Event().wait()

        class Hanging(Workflow):
            def run(self):
                return type(self.submit(hang).exception.__cause__).__name__

        print(LocalExecutor(Hanging, storage="memory://script").run())
    """)
    told, errors = process.communicate(timeout=HANGS)

    assert (told, errors, process.returncode) == ("TaskTimeout\n", "", 0)


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_activities_of_a_script_run_in_processes(script, method):
    process = script(
        f"""
        import multiprocessing
        from concurrent.futures import ProcessPoolExecutor
        from simpleflow_steps import LocalExecutor, Workflow, activity

        @activity.with_attributes()
        def double(number: int) -> int:
            assert multiprocessing.parent_process() is not None
            return 2 * number

        @activity.with_attributes()
        class Shout:
            def __init__(self, text):
                self.text = text

            def execute(self):
                return self.text.upper()

        class Doubling(Workflow):
            def run(self):
                return self.submit(double, self.submit(double, 1)).result, self.submit(Shout, "a").result

        if __name__ == "__main__":
            with ProcessPoolExecutor(1, multiprocessing.get_context("{method}")) as pool:
                print(LocalExecutor(Doubling, storage="memory://script", pool=pool).run())
    """
    )
    told, errors = process.communicate(timeout=HANGS)

    assert (told, errors) == ("(4, 'A')\n", "")


def test_an_interrupt_ends_a_run_whose_activity_hangs(script):
    process = script("""
        import threading
        from simpleflow_steps import LocalExecutor, Workflow, activity

        @activity.with_attributes()
        def hang():
            print("hanging", flush=True)
            threading.Event().wait()

        class Hanging(Workflow):
            def run(self):
                return self.submit(hang).result

            def on_canceled(self, history):
                print("canceled", flush=True)

        LocalExecutor(Hanging, storage="memory://script").run()
    """)
    first = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    told, errors = process.communicate(timeout=HANGS)

    assert (first, told) == ("hanging\n", "canceled\n")
    assert errors.endswith("KeyboardInterrupt\n")
    assert process.returncode == -signal.SIGINT


def test_a_run_prints_nothing(script):
    process = script("""
        from simpleflow_steps import LocalExecutor, Workflow, activity

        @activity.with_attributes()
        def work(): ...

        class Quiet(Workflow):
            def run(self):
                self.submit(work)

        LocalExecutor(Quiet, storage="memory://script").run()
    """)

    assert process.communicate(timeout=HANGS) == ("", "")
