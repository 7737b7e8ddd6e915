"""The twelve months of contributions at the door: typed, kept, counted into the totals, and read by the verifier."""

import html
import re

import pytest

from paritrana.core.evidence import payments
from paritrana.core.evidence.choices import ENTERPRISE
from paritrana.database import db, random_ref
from paritrana.nominations import queries
from paritrana.nominations.importing.layout import sheets_of
from paritrana.nominations.months import months_of
from paritrana.reference.models import Organisation
from tests.factories import grant, person, sign_in, world
from tests.nominations.pages import as_typed, compliance, fields_in, fields_of, send, text_of

TOTALS = ("payments.months_on_time", "payments.arrears_months")


@pytest.fixture
def here(app, db_session):
    return world(categories=("badan-usaha",), kind="real")


@pytest.fixture
def place(here, client):
    """The address of the form of an employer's compliance, in a new draft."""
    organisation = Organisation(
        ref=random_ref("O"), name="Contoh Mandiri", fictitious=False, kind="enterprise", size_class="medium",
        sector="manufaktur", region_code="99.04",
    )  # fmt: skip
    db.session.add(organisation)
    db.session.flush()
    grant(person("candidate"), "nominee", organisation=organisation)
    db.session.commit()
    sign_in(client, "candidate")
    new = fields_of(client, "/nominations/new")
    opened = send(client, "/nominations/new", new, category="contoh-2025/badan-usaha")
    return f"{opened.location}/evidence/compliance"


def grid(in_time, late, unpaid):
    """The inputs of so many months; a paid one has its day."""
    said = ["in_time"] * in_time + ["late"] * late + ["unpaid"] * unpaid
    found = {}
    for (state, on), value in zip(payments.KEYS, said, strict=False):
        found[state.replace(".", "-")] = value
        if value != "unpaid":
            name = on.replace(".", "-")
            found |= {f"{name}-day": "10", f"{name}-month": "6", f"{name}-year": "2025"}
    return found


def stored(place):
    ref = place.split("/")[2]
    return queries.evidence_of(queries.get_nomination(ref))["compliance"].data["fields"]


def words_of(answer):
    return " ".join(html.unescape(re.sub("<[^>]+>", " ", text_of(answer))).split())


def test_the_totals_follow_from_twelve_months_and_the_sum_is_shown_without_a_script(client, place):
    typed = as_typed("compliance", compliance()) | {key.replace(".", "-"): "" for key in TOTALS} | grid(10, 1, 1)
    sums = words_of(send(client, f"{place}/arithmetic", fields_of(client, place), **typed))
    assert "10 + 1 + 1 = 12" in sums
    assert send(client, place, fields_of(client, place), **typed).status_code == 303
    fields = stored(place)
    assert [fields[key] for key in TOTALS] == [10, 1]
    assert fields["payments.month_12"] == "unpaid"
    assert fields["payments.month_01_day"] == "2025-06-10"
    shown = fields_of(client, place)
    assert shown["payments-months_on_time"] == "10"
    assert {name: shown[name] for name in grid(10, 1, 1)} == grid(10, 1, 1)


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("id", "Bulan dibayar tepat waktu: 11 seperti tercetak, 10 menurut isian per bulan. Periksa keduanya."),
        ("en", "Months paid on time: 11 as printed, 10 by the months. Check both."),
    ],
)
def test_a_printed_total_that_differs_is_kept_and_asked_about(client, place, language, sentence):
    typed = as_typed("compliance", compliance()) | grid(10, 2, 0)
    assert send(client, place, fields_of(client, place), **typed).status_code == 303
    assert stored(place)["payments.months_on_time"] == 11
    assert sentence in words_of(client.get(place, query_string={"lang": language}))


def test_every_input_of_the_months_has_its_own_words(client, place):
    page = text_of(client.get(place, query_string={"lang": "en"}))
    for (state, on), (label, of_day) in zip(payments.KEYS, payments.LABELS, strict=True):
        assert f'<label for="{state.replace(".", "-")}" class="visually-hidden">{label}</label>' in page
        assert re.search(rf'<legend class="visually-hidden">{of_day}', page)
        assert f'id="{on.replace(".", "-")}-day"' in page


def test_a_day_that_is_none_is_refused_by_its_month_and_all_months_stay(client, place):
    typed = as_typed("compliance", compliance()) | grid(12, 0, 0) | {"payments-month_02_day-day": "31",
                                                                      "payments-month_02_day-month": "2"}  # fmt: skip
    answer = send(client, place, fields_of(client, place), **typed)
    assert answer.status_code == 422
    assert "Write day of payment for February as day, month and year" in text_of(answer)
    kept = fields_in(answer, place)
    assert {name: kept[name] for name in grid(12, 0, 0) if "month_02" not in name} == {
        name: value for name, value in grid(12, 0, 0).items() if "month_02" not in name
    }
    assert kept["payments-month_02_day-day"] == "31"


def test_the_import_asks_for_the_months_and_none_of_them_is_required():
    sheets = {one.kind: one for one in sheets_of(["compliance"], election_held=False, candidate=ENTERPRISE) if one.kind}
    columns = {one.key: one for one in sheets["compliance"].columns}
    for state, on in payments.KEYS:
        assert columns[state].spec.kind == "choice"
        assert columns[on].spec.kind == "date"
        assert not columns[state].spec.required


def test_the_months_are_read_in_words(client, place):
    typed = as_typed("compliance", compliance()) | grid(11, 0, 1)
    assert send(client, place, fields_of(client, place), **typed).status_code == 303
    rows = months_of("compliance", {"fields": stored(place)})
    assert len(rows) == 12
    assert [row[1].value for row in rows].count("Paid in time") == 11
    assert rows[11][2] is None
