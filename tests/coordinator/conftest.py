"""A world with the small catalog of the commands' tests, deployed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

from coordinator.main import answer
from interlock.catalog import Json
from interlock.declare import declare
from interlock.reading.files import load_catalog, load_environment
from interlock.runtime import snapshot
from interlock.runtime.declaration_file import parse
from tests.coordinator.memory import World
from tests.interlock.board.shelf import MemoryShelf

ROOT = Path(__file__).parents[2]
Ask = Callable[..., tuple[int, dict[str, Json]]]


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> World:
    """What `world` is a copy of."""
    folder = tmp_path_factory.mktemp("catalog") / "small"
    folder.mkdir()
    (folder / "all.yaml").write_text((ROOT / "tests/interlock/commands/small.yaml").read_text())
    world = World()
    world.declare(declare(load_catalog(folder.parent), load_environment(ROOT / "environments", "local")))
    return world


@pytest.fixture
def world(deployed: World) -> World:
    """The small catalog, deployed as declared."""
    world = World(objects=dict(deployed.objects), jobs=dict(deployed.jobs), written=dict(deployed.written))
    world._generation = deployed._generation
    return world


@pytest.fixture(scope="package", autouse=True)
def _read_once() -> Iterator[None]:
    """A declaration is read once for each content: every request reads it again, and each test asks for the same one."""
    snapshot.parse = cache(parse)
    yield
    snapshot.parse = parse


@pytest.fixture
def shelf() -> MemoryShelf:
    """Where the board lies: empty."""
    return MemoryShelf()


@pytest.fixture
def ask(world: World) -> Ask:
    """Sends a request to the coordinator."""

    def call(request: Mapping[str, object] | bytes, method: str = "POST", content_type: str = "application/json"):
        body = request if isinstance(request, bytes) else json.dumps(request).encode()
        return answer(method, content_type, body, world.outside)

    return call
