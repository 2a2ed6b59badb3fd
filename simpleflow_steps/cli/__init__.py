"""The command line, `sfs`: one file a command group.

To import it loads click and nothing heavier; a command imports what it needs when it runs.
"""

from simpleflow_steps.cli.app import main

__all__ = ["main"]
