"""`sfs version`: which version this is."""

from __future__ import annotations

import click

from simpleflow_steps.cli.command import Command


@click.command(cls=Command)
def version() -> None:
    """Show the version, of Python too."""
    click.echo(line())


def line() -> str:
    """Give one line that says which version this is."""
    import platform
    from importlib import metadata

    try:
        installed = metadata.version("simpleflow-steps")
    except metadata.PackageNotFoundError:
        installed = "(not installed)"
    return f"simpleflow-steps {installed}, Python {platform.python_version()}"
