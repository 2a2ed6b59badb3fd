"""Where a command looks, and for whom: the storage that an option names or the environment says; the user."""

from __future__ import annotations

import getpass
import os
import socket
from typing import TYPE_CHECKING

from simpleflow_steps.storage import default_storage, open_storage

if TYPE_CHECKING:
    from simpleflow_steps.storage import Storage


def open_place(where: str | None) -> Storage:
    """Open the storage of `--storage`."""
    return default_storage() if where is None else open_storage(where)


def who() -> str:
    """Name the person who gives the command."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # no name for this user id
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"
