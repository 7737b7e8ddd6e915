"""Which page of a list an address asks for."""

import pytest
from flask import Flask

from paritrana.web.paging import paged

HUGE = "9" * 30


@pytest.mark.parametrize(
    ("asked", "page"),
    [("", 1), ("1", 1), ("3", 3), ("4", 3), (HUGE, 3), ("0", 1), ("-2", 1), ("two", 1), ("1e3", 1), ("2.0", 1)],
)
def test_a_page_that_is_not_there_is_the_nearest_one_that_is(asked, page):
    with Flask(__name__).test_request_context(f"/?page={asked}"):
        found = paged(101, 50)
    assert (found.no, found.pages) == (page, 3)
    assert list(range(101))[found.rows] == list(range(101))[(page - 1) * 50 : page * 50]
    assert found.start == (page - 1) * 50


def test_an_empty_list_has_one_page():
    with Flask(__name__).test_request_context("/"):
        found = paged(0, 50)
    assert (found.no, found.pages, [][found.rows]) == (1, 1, [])
