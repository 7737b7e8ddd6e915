"""Long lists in pages: which page an address asks for, and which rows stand on it."""

from dataclasses import dataclass

from flask import request


@dataclass(frozen=True)
class Paging:
    """One page of a list: its number from 1, how many pages there are, and how many rows a page has."""

    no: int
    pages: int
    size: int

    @property
    def start(self) -> int:
        """How many rows stand before the page."""
        return (self.no - 1) * self.size

    @property
    def rows(self) -> slice:
        """The rows of the page, out of all."""
        return slice(self.start, self.start + self.size)


def paged(total: int, size: int) -> Paging:
    """The page that `?page=` names, of a list of `total` rows.

    A number beyond the last page gives the last one, anything that is no number the first.
    """
    pages = max(1, -(-total // size))
    return Paging(min(max(request.args.get("page", 1, type=int), 1), pages), pages, size)
