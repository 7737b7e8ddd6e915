"""One world for all tests of access of a worker: it takes seconds to build and a blink to bring back."""

from collections.abc import Iterator

import pytest

from paritrana.clock import SetClock
from tests.access.stage import Stage
from tests.conftest import START, Workshop, release


@pytest.fixture(scope="session")
def world_of_access(workshop: Workshop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The world, built once for a worker."""
    engine = workshop.engine("sqlite")
    app = workshop.build(engine.fresh("access"), tmp_path_factory.mktemp("access"))
    clock = SetClock(START)
    app.extensions["clock"] = clock
    yield Stage(app, clock)
    release(app)
    engine.drop("access")
