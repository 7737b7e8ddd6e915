"""People of the world at the pages of a cycle."""

from tests.home.conftest import visit
from tests.test_migrations import own

__all__ = ["own", "visit"]
