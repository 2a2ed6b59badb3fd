"""A server's process: its folder, its starts, its end."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from tests.servers.protocol import Endpoint, Recipe

ATTEMPTS = 4  # weed ends by itself in one start of ten
PATIENCE = 45.0  # seconds for one start
GENTLE_STOP = 15.0


class ServerFailed(Exception):
    """A server did not come up."""


class Server:
    """Run one server from `start` to `stop`, alone in its process group and its folder."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self._attempts = 0
        self._started = 0.0
        self._folder: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._endpoint_url = ""

    @property
    def endpoint(self) -> Endpoint:
        """Where it listens."""
        return Endpoint(self.recipe.name, self._endpoint_url)

    def start(self) -> None:
        """Start it, without waiting until it is ready."""
        self._attempts += 1
        self._started = time.monotonic()
        self._folder = Path(tempfile.mkdtemp(prefix=f"sfs-{self.recipe.name}-"))
        (self._folder / "own").mkdir()
        launch = self.recipe.prepare(self._folder / "own")
        self._endpoint_url = launch.endpoint_url
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                launch.command,
                env={**_environment(), **launch.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def is_ready(self) -> bool:
        """Say whether it works now; if this start came to nothing, start it again.

        :raises ServerFailed: after the last start, with the end of its log
        """
        if self._process is None:
            self.start()
        elif self._process.poll() is not None or time.monotonic() - self._started > PATIENCE:
            self._start_again()
        return self.recipe.is_ready(self._endpoint_url)

    def _start_again(self) -> None:
        log = self._log_end()
        self.stop()
        if self._attempts >= ATTEMPTS:
            raise ServerFailed(f"{self.recipe.name} did not come up in {ATTEMPTS} starts; its log ends with:\n{log}")
        self.start()

    def _log_end(self) -> str:
        return (self._folder / "log").read_text(errors="replace")[-2000:] if self._folder else ""

    def stop(self) -> None:
        """End it and everything that it started, and remove its folder. Nothing happens if it does not run."""
        process, self._process = self._process, None
        if process is not None:
            if self.recipe.stop_gently and process.poll() is None:
                process.terminate()
                with suppress(subprocess.TimeoutExpired):
                    process.wait(GENTLE_STOP)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


def start_all(servers: Sequence[Server]) -> dict[str, ServerFailed]:
    """Start servers side by side and wait until each is ready, or has failed; give those that failed, stopped."""
    failures: dict[str, ServerFailed] = {}
    pending = list(servers)
    while pending:
        for server in list(pending):
            try:
                ready = server.is_ready()
            except ServerFailed as error:
                failures[server.recipe.name] = error
                pending.remove(server)
            else:
                if ready:
                    pending.remove(server)
        time.sleep(0.1)
    return failures


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
