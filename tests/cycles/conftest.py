"""People of the world at the pages of a cycle."""

from tests.home.conftest import visit

__all__ = ["visit"]
