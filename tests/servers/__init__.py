"""Real servers for the tests: `python -m tests.servers -- COMMAND...` runs a command beside all of them."""

from __future__ import annotations

from tests.servers.localstack import LocalStack
from tests.servers.moto import Moto
from tests.servers.protocol import Endpoint, Recipe
from tests.servers.seaweedfs import SeaweedFS
from tests.servers.server import Server, ServerFailed, start_all

__all__ = ["RECIPES", "Endpoint", "LocalStack", "Moto", "Recipe", "SeaweedFS", "Server", "ServerFailed", "start_all"]

RECIPES: dict[str, Recipe] = {recipe.name: recipe for recipe in (SeaweedFS(), LocalStack(), Moto())}
