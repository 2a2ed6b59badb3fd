"""Objects in the clouds through obstore, the extra `fast`. Importing this loads no obstore."""

from __future__ import annotations

from simpleflow_steps.storage.cloud.location import CloudLocation
from simpleflow_steps.storage.cloud.storage import CloudStorage

__all__ = ["CloudLocation", "CloudStorage"]
