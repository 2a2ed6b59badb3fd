"""What every command shares: options, and an end with one line and an exit code."""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from simpleflow_steps.cli.failures import exit_code, tell
from simpleflow_steps.cli.interrupts import interruptible

BROKEN_PIPE = 141  # what a shell makes of SIGPIPE

debug_option = click.option("--debug", is_flag=True, help="Show the traceback of an error.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")
storage_option = click.option(
    "--storage",
    metavar="URL",
    help="s3://BUCKET/PREFIX?endpoint_url=...&region=..., file:///DIRECTORY or a path.  "
    "[env: SIMPLEFLOW_STORAGE; default: .simpleflow]",
)


class Command(click.Command):
    """A command that ends with one clear line and an exit code, whatever happens in it."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            with interruptible():
                try:
                    super().invoke(ctx)
                finally:
                    _flush()
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except BrokenPipeError:
            _stop_writing()
            ctx.exit(BROKEN_PIPE)
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001  the last place to catch anything
            tell(error, debug=ctx.params.get("debug", False))
            ctx.exit(exit_code(error))


def _flush() -> None:
    """Learn now whether all that was printed could be written."""
    if sys.stdout is not None:
        sys.stdout.flush()


def _stop_writing() -> None:
    """Keep Python from complaining at its exit about what it could not write."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
