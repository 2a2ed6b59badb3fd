"""The command `sfs` and its groups, each loaded when it is asked for."""

from __future__ import annotations

import sys
from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from simpleflow_steps.cli.failures import INTERRUPTED, say_error

if TYPE_CHECKING:
    from collections.abc import Callable

COMMANDS = {
    "completion": "simpleflow_steps.cli.completion:completion",
    "gc": "simpleflow_steps.cli.gc:gc",
    "graph": "simpleflow_steps.cli.graph:graph",
    "lease": "simpleflow_steps.cli.lease:lease",
    "ls": "simpleflow_steps.cli.ls:ls",
    "report": "simpleflow_steps.cli.report:report",
    "resume": "simpleflow_steps.cli.resume:resume",
    "run": "simpleflow_steps.cli.run:run",
    "runs": "simpleflow_steps.cli.runs:runs",
    "signal": "simpleflow_steps.cli.signal:signal",
    "status": "simpleflow_steps.cli.status:status",
    "steps": "simpleflow_steps.cli.steps:steps",
    "swf": "simpleflow_steps.cli.swf.group:swf",
    "version": "simpleflow_steps.cli.version:version",
}


class LazyGroup(click.Group):
    """A group whose commands are imported one by one, when they are needed.

    Outermost of all commands, it also turns what click raises into one line and an exit code.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        """Name the commands."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; where a shell asks what may come next, one that offers values too."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), name)
        if ctx.resilient_parsing:
            from simpleflow_steps.cli.completing import offer_values

            offer_values(command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is meant, or say which ones are called alike."""
        name = args[0]
        if name in COMMANDS or name.startswith("-") or ctx.resilient_parsing:
            return super().resolve_command(ctx, args)
        near = ", ".join(map(repr, get_close_matches(name, COMMANDS)))
        raise click.UsageError(f"No such command {name!r}." + (f" Did you mean {near}?" if near else ""), ctx)

    def main(self, *args: Any, standalone_mode: bool = True, **extra: Any) -> Any:
        """Run the command line, and leave with its exit code."""
        click_main: Callable[..., Any] = super().main
        if not standalone_mode:
            return click_main(*args, standalone_mode=False, **extra)
        sys.exit(_guarded(lambda: click_main(*args, standalone_mode=False, **extra)))


def _guarded(call: Callable[[], Any]) -> int:
    try:
        code = call()
    except click.ClickException as error:
        return _told(error)
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    return code if isinstance(code, int) else 0


def _told(error: click.ClickException) -> int:
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
        return error.exit_code
    say_error(error.format_message())
    if isinstance(error, click.UsageError) and error.ctx is not None:
        click.echo(f"Try '{error.ctx.command_path} --help' for help.", err=True)
    return error.exit_code


def _show_version(ctx: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked:
        from simpleflow_steps.cli.version import line

        click.echo(line())
        ctx.exit()


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_show_version, help="Show it.")
def main() -> None:
    """Durable workflows on nothing but a bucket.

    A workflow is a Python class with named steps. Every step that is done leaves a marker in the storage; run the
    workflow again and it skips them.

    \b
    sfs run daily:Daily 2026-11-20        run the workflow Daily of daily.py
    sfs status daily-20                   whether it is running, and how far it is
    sfs ls daily-                         the executions whose ids begin so
    sfs resume daily-20                   go on, with the same input
    sfs runs ls daily-20                  how its runs went
    sfs steps ls daily-20                 what is done
    sfs steps clear daily-20 report       have a step run again
    sfs graph daily-20                    a picture of its steps
    sfs report daily-20                   a page about its runs, to open in a browser
    sfs gc daily-20                       what is left over and may go
    sfs completion bash                   how to complete all this with the tab key
    sfs swf start daily:Daily 2026-11-20  have it run on Amazon SWF

    Everything lives where --storage says, or else the environment variable SIMPLEFLOW_STORAGE: s3://BUCKET/PREFIX,
    file:///DIRECTORY or a plain path; without them in .simpleflow/ under the current directory.

    Exit codes: 0 completed, 1 the workflow failed, 2 wrong use, 3 another run has the execution,
    4 storage out of reach, 130 and 143 interrupted.
    """
