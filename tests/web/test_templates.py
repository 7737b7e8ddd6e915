"""The frame of the pages, the switch of language, the fields, and the files that every page loads."""

import gzip
import re
import xml.dom.minidom
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import pytest
from flask import Flask, render_template_string

from paritrana.core.quantities import Amount, Count, Day, Label, Months, People, Percent, Points, Score, Text, Year
from paritrana.web import forms, language, template_filters
from tests.web.sample import Refused, SampleForm

PACKAGE = Path(__file__).resolve().parents[2] / "paritrana"
SENT = {
    "people": "15.00", "amount": "1.234", "mark": "8,5", "months": "3,89", "on-day": "31", "on-month": "2",
    "on-year": "2025", "reason": "none", "name": "<b>longer than ten</b>", "note": "n" * 21,
}  # fmt: skip


# The frame -----------------------------------------------------------------------------------------------------------


def test_a_page_has_one_heading_landmarks_a_skip_link_and_its_language(web):
    page = web.get("/").get_data(as_text=True)
    assert page.lstrip().startswith("<!doctype html>")
    assert '<html lang="id"' in page
    assert page.count("<h1>") == 1
    assert page.count('<main id="content"') == page.count("<footer") == page.count('<header class="p-bar"') == 1
    assert page.index('href="#content"') < page.index("<header")
    assert "<title>Sample · Paritrana</title>" in page
    assert '<link rel="alternate" hreflang="en" href="/?lang=en">' in page


def test_every_address_in_the_frame_is_of_this_site(web):
    page = web.get("/").get_data(as_text=True)
    addresses = re.findall(r'(?:href|src|action)="([^"]*)"', page)
    assert all(re.match(r"/(?!/)|#", address) for address in addresses)


def test_the_title_names_page_and_object_and_says_first_that_there_is_an_error(web):
    assert "<title>Evidence · Kab. A · Paritrana</title>" in web.get("/form").get_data(as_text=True)
    page = web.post("/form?lang=en", data=SENT).get_data(as_text=True)
    assert "<title>Error: Evidence · Kab. A · Paritrana</title>" in page


def test_a_menu_has_at_most_six_items_and_marks_the_present_one(web_app):
    items = [{"label": f"Item {place}", "url": f"/{place}", "current": place == 2} for place in range(8)]
    with web_app.test_request_context("/"):
        page = render_template_string("{% extends 'base.html' %}", nav_items=items, simulated=True, demo=True)
    assert page.count('href="/5"') == 1
    assert 'href="/6"' not in page
    assert page.count('aria-current="page"') == 1
    assert 'class="p-band"' in page
    assert 'class="p-demo"' in page


def test_the_simulation_band_and_the_demonstration_line_are_absent_otherwise(web):
    page = web.get("/").get_data(as_text=True)
    assert 'class="p-band"' not in page
    assert 'class="p-demo"' not in page


# The language --------------------------------------------------------------------------------------------------------


def test_the_language_is_that_of_the_address_then_of_the_cookie_then_indonesian(web):
    assert '<html lang="id"' in web.get("/", headers={"Accept-Language": "en"}).get_data(as_text=True)
    assert '<html lang="en"' in web.get("/?lang=en").get_data(as_text=True)
    assert '<html lang="id"' in web.get("/").get_data(as_text=True)
    web.set_cookie("lang", "en")
    assert '<html lang="en"' in web.get("/").get_data(as_text=True)
    assert '<html lang="id"' in web.get("/?lang=id").get_data(as_text=True)
    assert '<html lang="en"' in web.get("/?lang=fr").get_data(as_text=True)


def test_the_switch_remembers_the_choice_and_returns_to_the_page(web):
    answer = web.post("/language", data={"lang": "en", "next": "/form?page=2&lang=id"})
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/form?page=2"
    cookie = answer.headers["Set-Cookie"]
    assert re.match(r"lang=en;.*HttpOnly.*SameSite=Lax", cookie)
    assert '<html lang="en"' in web.get("/form").get_data(as_text=True)


@pytest.mark.parametrize(
    "wish",
    ["//evil.example/", "https://evil.example/", "/\\evil.example", "\\\\evil", "javascript:alert(1)", "", "form",
     "/nowhere", "/language", "/\nform", "/\t/evil.example", "///evil.example"],
)  # fmt: skip
def test_the_switch_returns_to_pages_of_this_site_only(web, wish):
    answer = web.post("/language", data={"lang": "en", "next": wish})
    assert answer.headers["Location"] == "/"


def test_an_unknown_language_is_refused(web):
    assert web.post("/language", data={"lang": "fr", "next": "/"}).status_code == 400


def test_a_get_changes_no_language(web):
    assert web.get("/language").status_code == 405
    assert "Set-Cookie" not in web.get("/?lang=en").headers


def test_the_switch_stands_on_this_page_without_its_lang(web_app):
    with web_app.test_request_context("/form?a=1&lang=en"):
        assert language.this_page() == "/form?a=1"
        assert language.in_language("id") == "/form?a=1&lang=id"


# Forms ---------------------------------------------------------------------------------------------------------------


def _problems(page):
    summary = page.partition('class="p-summary-error"')[2].partition("</ul>")[0]
    return re.findall(r'<a href="#([^"]+)">([^<]+)</a>', summary)


def test_a_refused_form_keeps_what_was_typed_and_names_every_field(web):
    answer = web.post("/form?lang=en", data=SENT)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert _problems(page) == [
        ("people", "Write people as 15000 or 15,000"),
        ("amount", "1.234 can mean Rp1,234 or Rp1.23. Choose one."),
        ("mark", "The mark must be between 0 and 8. You wrote 8,5."),
        ("months", "Write months as whole months from 0 to 12. You wrote 3,89."),
        ("on-day", "Write date of the decree as day, month and year, for example 21 November 2025"),
        ("reason", "Choose reason from the list"),
        ("done-0", "Choose an answer: Finished?"),
        ("name", "Name has 22 characters. Shorten it to 10."),
        ("note", "Note has 21 characters. Shorten it to 20."),
    ]
    for name in ("people", "amount", "mark", "months", "on-day", "on-year"):
        assert re.search(rf'<input[^>]*name="{name}"[^>]*value="{re.escape(SENT[name])}"', page), name
    assert '<option value="2" selected>' in page
    assert "&lt;b&gt;longer than ten&lt;/b&gt;" in page
    assert "<b>longer" not in page


def test_each_link_of_the_summary_leads_to_an_invalid_field_with_the_same_sentence(web):
    page = web.post("/form?lang=en", data=SENT).get_data(as_text=True)
    for target, sentence in _problems(page):
        assert f'id="{target}"' in page
        assert page.count(sentence) == 2
    for name in ("people", "amount", "mark", "months"):
        field = re.search(rf'<input[^>]*id="{name}"[^>]*>', page)[0]
        assert 'aria-invalid="true"' in field
        assert f"{name}-error" in re.search(r'aria-describedby="([^"]+)"', field)[1]
        assert f'id="{name}-error"' in page


def test_an_amount_that_reads_two_ways_offers_both_readings_as_buttons(web):
    page = web.post("/form?lang=en", data=SENT).get_data(as_text=True)
    buttons = re.findall(r'<button[^>]*name="amount" value="([^"]+)">([^<]+)</button>', page)
    assert buttons == [("1,234", "Rp1,234"), ("1.23", "Rp1.23")]
    chosen = web.post("/form?lang=en", data={"people": "5", "amount": ["1.234", "1,234"], "done": "yes"})
    assert chosen.status_code == 200


def test_every_typed_field_is_plain_text_with_the_right_keyboard(web):
    page = web.get("/form").get_data(as_text=True)
    assert 'type="number"' not in page
    for name, keyboard in (("people", "numeric"), ("amount", "decimal"), ("mark", "decimal"), ("on-year", "numeric")):
        field = re.search(rf'<input[^>]*id="{name}"[^>]*>', page)[0]
        assert 'type="text"' in field
        assert f'inputmode="{keyboard}"' in field
        assert 'autocomplete="off"' in field
    assert "required" not in re.sub(r"aria-required", "", page)
    assert "novalidate" in page
    assert page.count("data-once") == 1


def test_every_page_shown_has_a_new_key_and_carries_the_version(web):
    def key():
        return re.search(r'name="idempotency_key" value="([^"]+)"', web.get("/form").get_data(as_text=True))[1]

    assert key() != key()
    page = web.post("/form", data=SENT | {"version": "7", "idempotency_key": "one"}).get_data(as_text=True)
    assert 'name="version" value="7"' in page
    assert 'value="one"' not in page


def test_a_form_reads_typed_values_and_its_version(web_app):
    data = {"people": "15.000", "amount": "Rp3.024.000.000", "mark": "7,5", "months": "12", "on-day": "1",
            "on-month": "3", "on-year": "2025", "done": "yes",
            "name": "  A ", "version": "4", "idempotency_key": "k1"}  # fmt: skip
    with web_app.test_request_context("/form", method="POST", data=data):
        form = SampleForm()
        assert form.validate(), form.errors
        assert (form.people.data, form.amount.data, str(form.mark.data), form.months.data) == (
            15000,
            3024000000,
            "7.5",
            12,
        )
        assert form.on.data.isoformat() == "2025-03-01"
        assert form.name.data == "A"
        assert form.expected_version == 4
        assert form.idempotency_key.data == "k1"


@pytest.mark.parametrize("version", ["", "x", "-1", "1.0"])
def test_a_change_without_a_version_is_refused_with_428(web_app, version):
    with web_app.test_request_context("/form", method="POST", data={"version": version}):
        with pytest.raises(forms.VersionMissing) as caught:
            _ = SampleForm().expected_version
        assert caught.value.status == 428


def test_stored_values_stand_in_the_fields_as_people_write_them(web_app):
    row = SimpleNamespace(
        people=15000, amount=3024000000, mark=Decimal("7.5"), months=3, on=date(2025, 3, 1), version=9
    )
    with web_app.test_request_context("/form"):
        form = SampleForm(formdata=None, obj=row)
        shown = [form[name]._value() for name in ("people", "amount", "mark", "months", "version")]
        assert shown == ["15.000", "3.024.000.000", "7,50", "3", "9"]
        assert form.on.parts == ("1", "3", "2025")


def test_a_refusal_of_a_service_can_stand_at_its_field(web_app):
    with web_app.test_request_context("/form?lang=en", method="POST", data={"people": "5", "done": "yes"}):
        form = SampleForm()
        assert form.validate()
        form.refuse(Refused(count=Count(15000)), form.people)
        form.refuse(Refused(count=2))
        assert form.problems == [("", "Only 2 people."), ("people", "Only 15,000 people.")]


# Values of the core --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "indonesian", "english"),
    [
        (Amount(83360000, signed=True), "+Rp83.360.000", "+Rp83,360,000"),
        (People(5600), "5.600", "5,600"),
        (Count(1170), "1.170", "1,170"),
        (Percent(Fraction(2604, 100)), "26,04%", "26.04%"),
        (Points(Fraction(32, 10)), "+3,2 poin persentase", "+3.2 percentage points"),
        (Months(Fraction(389, 100)), "3,89", "3.89"),
        (Months(Fraction(12)), "12", "12"),
        (Score(Fraction(15, 2)), "7,50", "7.50"),
        (Year(2025), "2025", "2025"),
        (Day(date(2025, 3, 1)), "1 Maret 2025", "1 March 2025"),
        (Text("Kab. <A>"), "Kab. <A>", "Kab. <A>"),
        (Label("Not known to any catalogue"), "Not known to any catalogue", "Not known to any catalogue"),
        ("plain", "plain", "plain"),
        (7, 7, 7),
    ],
)
def test_a_value_of_the_core_is_written_with_its_unit(web_app, value, indonesian, english):
    for chosen, shown in (("id", indonesian), ("en", english)):
        with web_app.test_request_context(f"/?lang={chosen}"):
            assert template_filters.quantity(value) == shown


def test_a_check_becomes_one_sentence(web_app):
    check = SimpleNamespace(
        message="Matches: %(people)s × %(rate)s × %(months)s = %(amount)s",
        params={"people": People(15000), "rate": Amount(16800), "months": 12, "amount": Amount(3024000000)},
    )
    with web_app.test_request_context("/?lang=en"):
        assert template_filters.sentence(check) == "Matches: 15,000 × Rp16,800 × 12 = Rp3,024,000,000"


def test_a_plain_sentence_is_told_in_the_language_of_the_reader(web_app):
    for chosen, shown in (("id", "Tidak ada yang disimpan atau diubah."), ("en", "Nothing was stored or changed.")):
        with web_app.test_request_context(f"/?lang={chosen}"):
            assert template_filters.sentence("Nothing was stored or changed.") == shown


def test_outside_a_request_and_without_tokens_the_language_is_indonesian():
    app = Flask("paritrana")
    language.init_app(app)  # an application without the token of forms
    with app.app_context():
        assert language.chosen_language() == "id"
    with app.test_request_context("/?lang=en"):
        assert language.chosen_language() == "en"


def test_nothing_is_written_as_a_dash_never_as_zero(web_app):
    with web_app.test_request_context("/"):
        for shown in (
            template_filters.number,
            template_filters.decimal2,
            template_filters.money,
            template_filters.percent,
        ):
            assert shown(None) == "–"
        assert template_filters.day(None) == template_filters.moment(None) == "–"


def test_labels_inside_a_sentence_keep_their_abbreviations():
    assert template_filters.in_sentence("Number of people") == "number of people"
    assert template_filters.in_sentence("SOP in force since") == "SOP in force since"


# Files of every page -------------------------------------------------------------------------------------------------


def test_the_icons_are_few_small_and_all_there():
    text = (PACKAGE / "static" / "icons.svg").read_text("utf-8")
    assert len(text.encode()) <= 12_000
    drawn = re.findall(r'<symbol id="([^"]+)"', text)
    assert len(drawn) == len(set(drawn)) <= 40
    xml.dom.minidom.parseString(text)  # noqa: S318 (our own file)
    used = set()
    for template in PACKAGE.rglob("templates/**/*.html"):
        used |= set(re.findall(r'\bicon\("([a-z]+)"\)', template.read_text("utf-8")))
    assert used <= set(drawn)
    states = {"done", "open", "doing", "attention", "problem", "ok", "locked", "neutral"}
    assert states | {"unsaved", "device", "sending", "two", "award", "mark"} <= set(drawn)


def test_no_script_or_style_of_ours_reaches_another_host_or_uses_a_dangerous_sink():
    for name in ("app.js", "trusted.js"):
        text = re.sub(r"(?m)^\s*//.*$", "", (PACKAGE / "static" / name).read_text("utf-8"))
        assert "http://" not in text
        assert "https://" not in text
        assert not re.search(
            r"\beval\(|new Function|document\.write|insertAdjacentHTML|outerHTML|parseFloat|toFixed", text
        )
    assert "innerHTML" not in (PACKAGE / "static" / "app.js").read_text("utf-8")
    assert "url(" not in (PACKAGE / "static" / "paritrana.css").read_text("utf-8")


def test_every_page_loads_within_its_weight(web):
    page = web.get("/").data
    addresses = set(re.findall(r'(?:href|src)="(/(?:static|bootstrap/static)/[^"#]+)', page.decode()))
    size = len(gzip.compress(page))
    for address in addresses:
        answer = web.get(address)
        size += len(gzip.compress(answer.data))
        answer.close()
    assert len(addresses) + 1 <= 8
    assert size <= 60_000


@pytest.mark.parametrize("template", sorted((PACKAGE / "templates").rglob("*.html")), ids=lambda path: path.name)
def test_every_shared_template_compiles_and_says_what_it_is_for(web_app, template):
    source = template.read_text("utf-8")
    web_app.jinja_env.from_string(source)
    if template.parent.name == "macros":
        assert source.startswith("{#-")
