"""Forms as programs send them: with nothing in them, or with words that mean nothing."""

from collections.abc import Iterator
from decimal import Decimal

import pytest
from flask import Flask
from werkzeug.datastructures import MultiDict
from wtforms import FormField

from paritrana.web.forms import Form, MoneyField
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


class Purse(Form):
    """Amounts with sen and without."""

    whole = MoneyField("Budget")
    exact = MoneyField("Rate", sen=True)


def test_sen_are_taken_where_they_are_asked_for_and_nowhere_else(asked: Flask) -> None:
    form = Purse(formdata=MultiDict({"whole": "1.500,50", "exact": "1.500,50"}), meta={"csrf": False})
    assert not form.validate()
    assert form.exact.data == Decimal("1500.50")
    assert form.whole.errors
    assert not form.exact.errors
    same = Purse(formdata=MultiDict({"whole": "1.500,00", "exact": "1.500"}), meta={"csrf": False})
    assert same.validate()
    assert (same.whole.data, same.exact.data) == (1500, Decimal(1500))


def test_the_problems_of_a_form_inside_a_form_are_named_at_their_own_fields(asked: Flask) -> None:
    class Outer(Form):
        purse = FormField(Purse)

    form = Outer(formdata=MultiDict({"purse-whole": "x", "purse-exact": "1"}), meta={"csrf": False})
    assert not form.validate()
    assert [target for target, _said in form.problems] == ["purse-whole"]
