"""An employer, a small business, a village and a province, from an empty nomination to computed values on the pages."""

import re
from datetime import timedelta

import pytest

from paritrana.cycles.queries import rubric_of
from paritrana.database import db, random_ref
from paritrana.nominations import queries
from paritrana.nominations.models import Nomination
from paritrana.nominations.rows import kinds_asked, page_name
from paritrana.panels.service import declare
from paritrana.reference.models import Organisation
from paritrana.verification import queries as verification
from paritrana.verification.values import computed_values
from tests.factories import grant, person, sign_in, world
from tests.nominations.pages import TYPED, as_typed, fields_in, fields_of, pdf, send, text_of, without_rows

LATER = timedelta(days=21)

# Category of the world, how the organisation is known, and what its figures are worth by the rules of its rubric.
CANDIDATES = {
    "badan-usaha": (
        {"kind": "enterprise", "size_class": "medium", "sector": "manufaktur", "region_code": "99.04"},
        {"P1": "10.00", "P2": "9.50", "P3": "9.17", "P4": "7.00", "P5": "9.00", "P6": "10.00", "P7": "7.50"},
    ),
    "umk": (
        {"kind": "small_micro", "size_class": "micro", "sector": "kuliner", "region_code": "99.04"},
        {"U1": "10.00", "U2": "9.17", "U3": "10.00", "U4": "8.00"},
    ),
    "desa": (
        {"kind": "village", "region_code": "99.04"},
        {"V2": "9.00", "V3": "7.50", "V4": "4.20", "V6": "8.70"},
    ),
    "provinsi": (
        {"kind": "local_government", "region_code": "99"},
        {"A3": "4.00", "B1": "9.00", "B2": "2.33", "C1": "10.00", "C2": "8.20", "C3": "4.67", "C4": "6.00"},
    ),
}

# The employer reports twenty wages less than it has workers, which its gate asks about; everything else agrees.
ASKED = {("badan-usaha", "compliance"): 1}


@pytest.fixture
def here(db_session):
    return world(categories=tuple(CANDIDATES), kind="real")


@pytest.mark.parametrize("slug", CANDIDATES)
def test_a_candidate_of_every_category_gets_from_an_empty_form_to_computed_values(client, app, here, clock, slug):
    described, expected = CANDIDATES[slug]
    organisation = Organisation(ref=random_ref("O"), name="Contoh Mandiri", fictitious=False, **described)
    db.session.add(organisation)
    db.session.flush()
    grant(person("candidate"), "nominee", organisation=organisation)
    db.session.commit()
    sign_in(client, "candidate")
    ref = hand_in(client, slug)
    verify(app, here, clock, ref)
    nomination = queries.get_nomination(ref)
    values = computed_values(nomination.category, rubric_of(nomination.category), [nomination])
    assert {code: one.value for (_id, code), one in values.items()} == expected


def hand_in(client, slug):
    """Open a draft, state every condition, fill every kind of evidence with a document, check and send; the number."""
    new = fields_of(client, "/nominations/new")
    opened = send(client, "/nominations/new", new, category=f"contoh-2025/{slug}")
    assert opened.status_code == 303, text_of(opened)
    address = opened.location
    gates = fields_of(client, f"{address}/eligibility")
    stated = {name.replace("-note", "-answer"): "yes" for name in gates if name.endswith("-note")}
    assert send(client, f"{address}/eligibility", gates, **stated).status_code == 303
    nomination = db.session.query(Nomination).one()
    rubric = rubric_of(nomination.category)
    for no, kind in enumerate(kinds_asked(rubric)):
        place = f"{address}/evidence/{page_name(kind)}"
        typed = as_typed(kind, TYPED[kind](rubric.category_kind))
        sums = send(client, f"{place}/arithmetic", without_rows(client, place), **typed)
        assert sums.status_code == 200
        asked = text_of(sums).count("Needs attention")
        assert asked == ASKED.get((slug, kind), 0), (kind, text_of(sums))
        files = {"files": [pdf(f"{kind}.pdf", tail=bytes([no]))], "requirement": ""}
        saved = send(client, place, without_rows(client, place), **typed, **files, completed="yes")
        assert saved.status_code == 303, text_of(saved)
    check = text_of(client.get(f"{address}/check", query_string={"lang": "en"}))
    assert "Send nomination" in check
    sent = send(client, f"{address}/submit", fields_of(client, f"{address}/check", f"{address}/submit"), statement="1")
    assert sent.status_code == 303, text_of(sent)
    return nomination.ref


def verify(app, here, clock, ref):
    """A verifier finds every figure as claimed, on the pages, by the verdict alone."""
    clock.set(here.now + LATER)
    nomination = queries.get_nomination(ref)
    declare(nomination, False, "", actor=here.actor("verifier-1"), at=here.now + LATER)
    db.session.commit()
    client = app.test_client()
    sign_in(client, "verifier-1")
    for item in verification.case_of(nomination).items:
        first = f"/verification/{ref}/items/{page_name(item.kind)}"
        pages = -(-len(item.rows) // rows_on(client, first)) if item.rows else 0
        for page in range(1, pages + 1):
            answer = client.get(first, query_string={"lang": "en", "page": page})
            place = first if page == 1 else f"{first}?page={page}"
            fields = fields_in(answer, place)
            fields |= {name: "matches" for name in fields if re.fullmatch(r"row-\d+-verdict", name)}
            data = fields | {"then": "stay"}
            saved = client.post(place, data=data, headers={"Sec-Fetch-Site": "same-origin"})
            assert saved.status_code == 303, text_of(saved)
    assert verification.case_of(queries.get_nomination(ref)).open == 0


def rows_on(client, page):
    """How many figures one page of findings holds."""
    return len(re.findall(r'id="row-\d+" data-row', text_of(client.get(page))))
