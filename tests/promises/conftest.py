"""The world of the walk, which these tests share, and what a browser and an attacker send to it."""

from collections.abc import Iterator

import pytest

from paritrana.clock import SetClock
from tests.access.stage import Stage
from tests.conftest import START, Workshop, release


@pytest.fixture
def engine_name() -> str:
    """What is asked here is asked of pages and of the protocol; other tests run on both engines."""
    return "sqlite"


@pytest.fixture(scope="session")
def built(workshop: Workshop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The world, built once for a worker."""
    engine = workshop.engine("sqlite")
    app = workshop.build(engine.fresh("promises"), tmp_path_factory.mktemp("promises"))
    clock = SetClock(START)
    app.extensions["clock"] = clock
    yield Stage(app, clock)
    release(app)
    engine.drop("promises")


@pytest.fixture
def stage(built: Stage) -> Iterator[Stage]:
    """The world as it was built, whatever the last test did to it."""
    built.enter(5)
    yield built
    built.enter(5)
