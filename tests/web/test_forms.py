"""Forms as programs send them: with nothing in them, or with words that mean nothing."""

from collections.abc import Iterator

import pytest
from flask import Flask
from werkzeug.datastructures import MultiDict

from tests.web.sample import SampleForm, make_web_app


@pytest.fixture
def asked() -> Iterator[Flask]:
    """A request to the sample application."""
    app = make_web_app()
    with app.test_request_context("/form", method="POST"):
        yield app


def form_of(**fields: str) -> SampleForm:
    return SampleForm(formdata=MultiDict(fields), meta={"csrf": False})


def test_a_form_that_is_sent_without_a_date_has_none(asked: Flask) -> None:
    for sent in ({}, {"people": "1"}):
        assert form_of(**sent).on.data is None


@pytest.mark.parametrize("typed", ["None", "nowhere"])
def test_what_is_not_on_offer_is_refused_whatever_it_is_called(asked: Flask, typed: str) -> None:
    form = form_of(people="1", reason=typed, done=typed)
    assert not form.validate()
    assert form.reason.errors
    assert form.done.errors
    assert form_of(people="1", reason="", done="yes").validate()


def test_of_a_field_that_comes_twice_the_first_counts_and_must_be_filled(asked: Flask) -> None:
    fields = MultiDict([("people", "1"), ("done", ""), ("done", "yes"), ("name", ""), ("name", "Sari")])
    form = SampleForm(formdata=fields, meta={"csrf": False})
    assert not form.validate()
    assert form.done.errors
