"""A template has one written form, names only the fields that exist, and is filled once."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paritrana.core.certificates import (
    COLOURS,
    DESIGNS,
    FIELDS,
    FORMAT,
    KIND_NAMES,
    LONGEST_TEXT,
    TEXTS,
    BadTemplate,
    Facts,
    Kind,
    UnknownField,
    Words,
    fields_in,
    fill,
    read_template,
    roman,
    written,
)

IMAGE = "ab" * 32


def facts(**changes):
    values = {
        "kind": Kind.WINNER, "recipient": "Pemerintah Kabupaten Contoh 1", "title": Words("Terbaik I", "Best I"),
        "rank": 1, "category": Words("Pemerintah kabupaten/kota", "Regency and city governments"),
        "cycle": Words("Paritrana Award Contoh", "Paritrana Award of Contoh"), "year": 2025, "edition": "2026",
        "decree": "SK 1/2026", "issued_on": date(2026, 3, 2), "code": "7QK42M9XH3TC8WPA", "bundle": "0" * 64,
        "simulated": False,
    }  # fmt: skip
    return Facts(**(values | changes))


def document(**changes):
    texts = {name: {"id": f"{name} {{title}}", "en": f"{name} {{title}} in English"} for name in TEXTS}
    form = {
        "format": FORMAT, "kind": "winner", "paper": "landscape", "design": "guilloche", "colours": "blue",
        "background": "", "languages": ["id"], "texts": texts, "place": "Kota Contoh",
        "signatories": [{"name": "Contoh Satu", "office": {"id": "Gubernur", "en": "Governor"}, "image": IMAGE}],
        "logos": [{"image": "cd" * 32, "place": "left"}],
    }  # fmt: skip
    return form | changes


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("languages", [["id"], ["en"], ["id", "en"]])
def test_a_template_written_and_read_is_the_same(kind, languages):
    form = document(kind=kind.value, languages=languages, background=IMAGE)
    found = read_template(form)
    assert written(found) == form
    assert read_template(written(found)) == found
    assert found.images == {IMAGE, "cd" * 32}
    assert kind in KIND_NAMES


def test_a_template_without_pictures_needs_none():
    bare = read_template(document(logos=[], signatories=[]))
    assert bare.images == frozenset()


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"format": "paritrana-certificate/2"}, "/format"),
        ({"kind": "loser"}, "/kind"),
        ({"kind": 1}, "/kind"),
        ({"paper": "A3"}, "/paper"),
        ({"design": "clouds"}, "/design"),
        ({"colours": "grey"}, "/colours"),
        ({"background": "picture.png"}, "/background"),
        ({"background": None}, "/background"),
        ({"languages": ["en", "id"]}, "/languages"),
        ({"languages": []}, "/languages"),
        ({"place": "two\nlines"}, "/place"),
        ({"place": "x" * 121}, "/place"),
        ({"place": 7}, "/place"),
        ({"more": 1}, "/more"),
        ({"texts": []}, "/texts"),
        ({"texts": {}}, "/texts/above"),
        ({"signatories": {}}, "/signatories"),
        ({"signatories": [document()["signatories"][0]] * 4}, "/signatories"),
        ({"signatories": [{"name": "A", "office": {"id": "", "en": "B"}, "image": ""}]}, "/signatories/0/office"),
        ({"logos": [{"image": "", "place": "left"}]}, "/logos/0/image"),
        ({"logos": [{"image": IMAGE, "place": "below"}]}, "/logos/0/place"),
    ],
)
def test_a_template_of_another_form_is_refused_with_its_place(changes, where):
    with pytest.raises(BadTemplate) as refused:
        read_template(document(**changes))
    assert refused.value.params["where"] == where
    assert refused.value.params["problem"]


def test_what_is_no_object_is_no_template():
    with pytest.raises(BadTemplate) as refused:
        read_template([document()])
    assert refused.value.params["where"] == "/"


@pytest.mark.parametrize(("name", "text"), [("heading", ""), ("title", ""), ("body", "x" * (LONGEST_TEXT + 1))])
def test_a_text_that_is_needed_or_too_long_is_refused(name, text):
    form = document()
    form["texts"][name] = {"id": text, "en": "something"}
    with pytest.raises(BadTemplate) as refused:
        read_template(form)
    assert refused.value.params["where"].startswith(f"/texts/{name}")


@pytest.mark.parametrize(
    ("text", "named"),
    [("{name}", "{name}"), ("{}", "{}"), ("{recipient.__class__}", "{recipient.__class__}"), ("{recipient", "{"),
     ("title}", "}"), ("{{title}}", "{"), ("{ title }", "{ title }")],
)  # fmt: skip
def test_only_named_fields_are_fields(text, named):
    with pytest.raises(UnknownField) as refused:
        fields_in(text)
    assert refused.value.params["field"] == named
    form = document()
    form["texts"]["body"]["en"] = text
    with pytest.raises(UnknownField):
        read_template(form)


def test_every_field_is_filled_in_the_language_of_the_paper():
    text = " ".join(f"{{{name}}}" for name in FIELDS)
    assert fields_in(text) == FIELDS
    said = fill(text, facts(), "en", day="2 March 2026")
    assert said == (
        "Pemerintah Kabupaten Contoh 1 Best I I Regency and city governments Paritrana Award of Contoh 2025 2026 "
        "SK 1/2026 2 March 2026 7QK42M9XH3TC8WPA"
    )
    assert fill("{title}, {rank}{decree}.", facts(rank=None, decree=""), "id", day="") == "Terbaik I, ."


@given(st.text(max_size=40))
def test_a_value_is_never_read_as_a_text_with_fields(name):
    said = fill("{recipient}", facts(recipient=f"{name}{{title}}"), "id", day="")
    assert said == " ".join(f"{name}{{title}}".split())


def test_ranks_are_roman():
    assert [roman(number) for number in (1, 2, 3, 4, 9, 14, 39, 40, 0)] == [
        "I", "II", "III", "IV", "IX", "XIV", "XXXIX", "40", "0",
    ]  # fmt: skip


def test_designs_and_colours_are_named_once():
    assert len(set(DESIGNS)) >= 3
    assert len(set(COLOURS)) == len(COLOURS)
