"""Every computed value is explained to whoever may see it: formula, figures with their verdicts, steps, result."""

import re

import pytest

from paritrana.core.computed import Computation, FigureRef, label_of
from paritrana.core.lifecycle import State
from paritrana.core.quantities import Label, People, Text
from paritrana.cycles.queries import rubric_of
from paritrana.database import db
from paritrana.nominations import queries as nominations_queries
from paritrana.nominations import service as nominations
from paritrana.verification import queries, service
from paritrana.verification.explanation import Explanation, Given, without_names
from paritrana.verification.service import Entry
from paritrana.verification.values import claimed_value, computed_values
from tests.factories import sign_in, world
from tests.factories_results import category_of, contest, publish
from tests.factories_results import nominations as candidates
from tests.nominations.pages import filled, text_of
from tests.verification.cases import LATER, declared, judge_all, sent

CODES = ("B1", "B2", "C1", "C2", "C3")
RESULT = "/cycles/contoh-2025/results/kabkota"


@pytest.fixture
def here(app, db_session):
    return world(kind="real")


def page(client, address, status=200, **more):
    answer = client.get(address, query_string={"lang": "en", **more})
    assert answer.status_code == status, text_of(answer)
    return " ".join(re.sub(r"<[^>]+>", " ", text_of(answer)).split())


def found(nomination, kind, key, value, verdict, here, note="Page 1 says so."):
    row = next(row for row in queries.case_of(nomination).item(kind).rows if row.figure.key == key)
    entry = Entry(key, value, verdict, 1, "1", note, row.finding.version if row.finding else 0)
    service.record_findings(
        nomination,
        kind,
        [entry],
        revision_no=nomination.revision_no,
        actor=here.actor("verifier-1"),
        at=here.now + LATER,
    )
    db.session.commit()


@pytest.mark.parametrize("code", CODES)
def test_a_nominee_sees_what_its_own_draft_would_give_and_that_it_counts_nowhere(here, client, code):
    nomination = filled(here, "nominee-1", "regency-1")
    db.session.commit()
    sign_in(client, "nominee-1")
    said = page(client, f"/nominations/{nomination.ref}/explanation/{code}")
    rubric = rubric_of(nomination.category)
    indicator = next(one for one in rubric.indicators if one.code == code)
    evidence = {kind: item.data for kind, item in nominations_queries.evidence_of(nomination).items()}
    value = claimed_value(nomination.category, rubric, nomination, indicator, evidence)
    assert value.value is not None
    assert f"{value.value} on the scale from 0.00 to 10.00" in said
    assert "It counts nowhere" in said
    assert "Claimed, not verified" in said
    assert "Formula in words" in said
    assert f"Value: {value.value}" in said
    assert computed_values(nomination.category, rubric, [nomination])[nomination.id, code].value is None


def test_only_computed_indicators_have_an_explanation(here, client):
    nomination = filled(here, "nominee-1", "regency-1")
    db.session.commit()
    sign_in(client, "nominee-1")
    page(client, f"/nominations/{nomination.ref}/explanation/A1", 404)
    page(client, f"/nominations/{nomination.ref}/explanation/Z9", 404)


def test_a_verifier_sees_claim_finding_verdict_and_the_page_it_rests_on(here, client, clock):
    (nomination,) = sent(here, clock)
    declared(here, nomination, "verifier-1")
    judge_all(here, nomination)
    claimed = next(
        r.figure.claimed for r in queries.case_of(nomination).item("coverage").rows if r.figure.key == "pu.participants"
    )
    found(nomination, "coverage", "pu.participants", claimed - 40, "differs", here)
    value = computed_values(nomination.category, rubric_of(nomination.category), [nomination])[nomination.id, "C1"]
    sign_in(client, "verifier-1")
    answer = client.get(f"/verification/{nomination.ref}/explanation/C1", query_string={"lang": "en"})
    said = page(client, f"/verification/{nomination.ref}/explanation/C1")
    assert f"{value.value} on the scale" in said
    assert "Does not match" in said
    assert "doc. 1 p. 1" in said
    assert f"{claimed:,}" in said
    assert f"{claimed - 40:,}" in said
    assert f"/verification/{nomination.ref}/items/coverage" in text_of(answer)
    assert f"/nominations/{nomination.ref}/documents/1/file" in text_of(answer)


def test_a_figure_without_a_verdict_leaves_no_value_and_is_named(here, client, clock):
    (nomination,) = sent(here, clock)
    declared(here, nomination, "verifier-1")
    sign_in(client, "verifier-1")
    said = page(client, f"/verification/{nomination.ref}/explanation/C1")
    assert "not calculated yet" in said
    assert "Without a verdict" in said
    assert "There are no steps before every figure has a verdict." in said


def test_officers_declare_before_they_read_and_an_auditor_says_why(here, make_app, client, clock):
    (nomination,) = sent(here, clock)
    address = f"/verification/{nomination.ref}/explanation/C1"
    sign_in(client, "verifier-1")
    assert client.get(address).status_code == 303
    auditor = client.application.test_client()
    sign_in(auditor, "auditor")
    assert "Why do you open this?" in page(auditor, address, 422)
    assert "Formula in words" in page(auditor, address, reason="sampling of the year")
    nominee = client.application.test_client()
    sign_in(nominee, "nominee-1")
    page(nominee, address, 404)


def test_a_member_of_the_panel_sees_verified_figures_and_no_claim(app, db_session, client):
    here = contest(2, state=State.SCORING)
    nomination = candidates(here)[0]
    declared(here, nomination, "assessor-3")
    sign_in(client, "assessor-3")
    sheet = text_of(client.get(f"/assessments/{nomination.ref}/sheet", query_string={"lang": "en"}))
    address = f"/verification/{nomination.ref}/explanation/C1"
    assert address in sheet
    said = page(client, address)
    assert "Verified" in said
    assert "Claimed" not in said


def test_after_the_publication_the_nominee_sees_both_values(app, db_session, client):
    here = contest(2)
    nomination = candidates(here)[0]
    address = f"/nominations/{nomination.ref}/explanation/C1"
    sign_in(client, "nominee-1")
    assert "From verified figures" not in page(client, address)
    publish(here)
    said = page(client, address)
    assert "From verified figures. Nobody types this value." in said
    assert "With your own figures" in said


def test_everybody_reads_how_a_published_value_came_about_and_nothing_that_was_claimed(app, db_session, client):
    here = contest(3)
    page(client, f"{RESULT}/99.01", 404)
    made = publish(here)
    rows = {one["candidate"]: one for one in made.table["rows"]}
    values = computed_values(category_of(here), rubric_of(here.category), candidates(here))
    for nomination in candidates(here):
        said = page(client, f"{RESULT}/{nomination.candidate_code}")
        for code in CODES:
            assert f"Value: {values[nomination.id, code].value}" in said
        assert rows[nomination.candidate_code]["total"] in said
        assert "Claimed" not in said
        assert "Matches" in said
    page(client, f"{RESULT}/99.09", 404)
    text = text_of(client.get(RESULT))
    assert f"{RESULT}/99.01" in text


def test_the_public_page_shows_no_steps_that_lead_to_another_value(app, db_session, client):
    here = contest(2)
    publish(here)
    nomination = candidates(here)[0]
    verification = queries.find_verification(nomination)
    finding = next(one for one in verification.findings if one.figure == "pu.participants")
    finding.found = "1"
    db.session.commit()
    said = page(client, f"{RESULT}/{nomination.candidate_code}")
    assert "The steps of this value are not shown here." in said


def test_words_that_a_nominee_typed_are_told_to_nobody_outside(here):
    nomination = filled(here)
    rubric = rubric_of(nomination.category)
    indicator = next(one for one in rubric.indicators if one.code == "B2")
    refs = [FigureRef("vulnerable_workers", f"lines.{line}.people") for line in ("k1", "k2", "k1")]
    given = [
        Given(ref, label_of(ref), Text("Kelompok Ibu Contoh"), Label("x"), People(4), People(3), "differs", 1, "2")
        for ref in refs
    ]
    outside = without_names(Explanation(indicator, (), Computation("1.00", None, (), (), ()), given)).inputs
    assert [(one.heading, one.line, one.claimed, one.found) for one in outside] == [
        (None, 1, None, People(3)), (None, 2, None, People(3)), (None, 1, None, People(3)),
    ]  # fmt: skip


def test_the_number_of_statements_does_not_grow_with_lines(here, client, clock, statements):
    (nomination,) = sent(here, clock)
    declared(here, nomination, "verifier-1")
    sign_in(client, "verifier-1")
    page(client, f"/verification/{nomination.ref}/explanation/C1")  # the first page of a session asks more
    counts = set()
    for code in ("B1", "B2", "C1"):
        with statements() as seen:
            page(client, f"/verification/{nomination.ref}/explanation/{code}")
        counts.add(len(seen))
    assert len(counts) == 1
    assert counts.pop() < 40


def test_a_sent_nomination_is_explained_as_it_was_sent(here, client):
    nomination = filled(here, "nominee-1", "regency-1")
    nominations.submit(nomination, actor=here.actor("nominee-1"), at=here.now)
    db.session.commit()
    sign_in(client, "nominee-1")
    address = f"/nominations/{nomination.ref}/explanation/C2"
    before = page(client, address)
    for item in nominations_queries.evidence_of(nomination).values():
        item.data = {}
    db.session.commit()
    assert page(client, address) == before


def test_an_indicator_that_rests_on_the_plan_shows_its_path(here, client):
    rubric = rubric_of(here.category)
    indicator = next(one for one in rubric.indicators if one.code == "C1")
    address = f"/nominations/{filled(here).ref}/explanation/C1"
    sign_in(client, "nominee-1")
    assert '<svg xmlns="http://www.w3.org/2000/svg"' not in text_of(client.get(address))
    indicator.evidence_kinds = [*indicator.evidence_kinds, "development_target"]
    answer = text_of(client.get(address, query_string={"lang": "en"}))
    assert answer.count('<svg xmlns="http://www.w3.org/2000/svg"') == 1
    assert "52.15" in answer  # the target of the plan
