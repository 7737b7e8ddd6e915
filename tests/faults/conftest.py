"""A scene on SQLite that the tests of a worker share as a file, and servers on grounds of their own."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import Workshop, release
from tests.faults.ground import GROUNDS, Ground
from tests.faults.scene import Scene, build
from tests.faults.server import Server


@pytest.fixture(scope="session")
def prepared(workshop: Workshop, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Scene]:
    """The database file with the scene in it, closed."""
    folder = tmp_path_factory.mktemp("scene")
    engine = workshop.engine("sqlite")
    address = engine.fresh("scene")
    app = workshop.build(address, folder)
    with app.app_context():
        scene = build()
    release(app)
    target = folder / "paritrana.db"
    shutil.copyfile(address.removeprefix("sqlite:///"), target)
    engine.drop("scene")
    return target, scene


@pytest.fixture
def scene(prepared: tuple[Path, Scene]) -> Scene:
    """The references of the scene."""
    return prepared[1]


# Real small disks where the machine lets us mount them; a limit to the size of files stands in for them elsewhere.
FIRST = sorted(GROUNDS)[-1]


@pytest.fixture(params=[pytest.param(one, marks=() if one == FIRST else pytest.mark.slow) for one in sorted(GROUNDS)])
def ground(request: pytest.FixtureRequest, prepared: tuple[Path, Scene]) -> Iterator[Ground]:
    """Every kind of ground there is here, with the scene on it."""
    made = GROUNDS[request.param]()
    shutil.copyfile(prepared[0], made.seen("instance") / "paritrana.db")
    yield made
    made.close()


@pytest.fixture
def serve(ground: Ground) -> Iterator[Callable[..., Server]]:
    """Starts servers on the ground and ends them with the test."""
    started: list[Server] = []

    def start(**more: object) -> Server:
        started.append(Server(ground, **more))  # type: ignore[arg-type]
        return started[-1].start()

    yield start
    for server in started:
        server.stop()
