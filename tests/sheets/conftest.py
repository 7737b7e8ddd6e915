"""What the tests of sheets share."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient


@pytest.fixture
def door(door: Callable[[str], FlaskClient]) -> Callable[..., FlaskClient]:
    """A signed-in browser; where no name is said, that of the assessor in the third seat."""
    return lambda name="assessor-3": door(name)
