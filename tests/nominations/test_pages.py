"""The nominee's pages at the door: what is shown, what is refused, and that nothing typed is lost."""

import re

import pytest

from paritrana.core.lifecycle import State
from paritrana.database import db
from paritrana.nominations import queries, service
from paritrana.nominations.models import EvidenceItem, Nomination
from tests.factories import sign_in, world
from tests.nominations.pages import (
    alike,
    as_typed,
    coverage,
    draft,
    fields_in,
    fields_of,
    filled,
    send,
    text_of,
    villages,
    vulnerable,
)

PAGES = (
    "", "/eligibility", "/evidence/coverage", "/evidence/non_asn_protection", "/evidence/vulnerable_workers",
    "/evidence/permit_compliance", "/evidence/village_allocation", "/evidence/regulation", "/evidence/budget",
    "/evidence/csr", "/evidence/development_target", "/evidence/innovation", "/check",
)  # fmt: skip


@pytest.fixture
def here(app, db_session):
    return world()


@pytest.fixture
def nominee(client, here):
    sign_in(client, "nominee-1")
    return client


def test_a_nominee_opens_a_draft_and_sees_that_it_is_not_sent(nominee, here):
    fields = fields_of(nominee, "/nominations/new")
    answer = send(nominee, "/nominations/new", fields, category="contoh-2025/kabkota")
    assert answer.status_code == 303
    page = text_of(nominee.get(answer.location, query_string={"lang": "en"}))
    assert "Nomination not sent yet" in page
    assert "0 of 14 tasks completed" in page
    nomination = db.session.query(Nomination).one()
    assert (nomination.state, nomination.candidate_code) == ("draft", "99.01")


def test_opening_it_twice_opens_it_once(nominee, here):
    fields = fields_of(nominee, "/nominations/new") | {"category": "contoh-2025/kabkota"}
    first = send(nominee, "/nominations/new", fields)
    second = send(nominee, "/nominations/new", fields)
    assert (first.status_code, second.status_code, second.location) == (303, 303, first.location)
    anew = send(nominee, "/nominations/new", fields, idempotency_key="another-key-of-this-page")
    assert anew.status_code == 409
    assert db.session.query(Nomination).count() == 1


@pytest.mark.parametrize("place", PAGES)
def test_every_page_opens_empty_and_filled_in_both_languages(nominee, here, place):
    empty, full = draft(here, "nominee-2", "regency-2"), filled(here)
    grantless = nominee.get(f"/nominations/{empty.ref}{place}")
    assert grantless.status_code == 404
    for language in ("id", "en"):
        answer = nominee.get(f"/nominations/{full.ref}{place}", query_string={"lang": language})
        assert answer.status_code == 200, text_of(answer)


@pytest.mark.parametrize("place", PAGES)
def test_another_tenants_nomination_answers_like_one_that_is_not_there(nominee, here, place):
    foreign = draft(here, "nominee-2", "regency-2")
    db.session.commit()
    theirs = nominee.get(f"/nominations/{foreign.ref}{place}")
    nobodys = nominee.get(f"/nominations/N-0000-0000{place}")
    assert (theirs.status_code, nobodys.status_code) == (404, 404)
    assert alike(theirs, foreign.ref) == alike(nobodys, foreign.ref)


def test_figures_are_stored_as_they_were_meant(nominee, here):
    nomination = draft(here)
    place = f"/nominations/{nomination.ref}/evidence/vulnerable_workers"
    fields = fields_of(nominee, place)
    key = fields["line"]
    answer = send(
        nominee, place, fields,
        **{
            "target-people": "20.000", "target-source": "DTSEN", "target-year": "2025",
            f"lines-{key}-group": "tobacco_farmer", f"lines-{key}-people": "5,600", f"lines-{key}-months": "3",
            f"lines-{key}-amount": "Rp365600000", f"lines-{key}-funding_source": "dbhcht",
            f"lines-{key}-decree_number": "188/2025", f"lines-{key}-decree_date-day": "2",
            f"lines-{key}-decree_date-month": "3", f"lines-{key}-decree_date-year": "2025", "note": "Tahap pertama",
        },
    )  # fmt: skip
    assert answer.status_code == 303, text_of(answer)
    item = queries.evidence_of(nomination)["vulnerable_workers"]
    assert item.data["fields"] == {"target.people": 20000, "target.source": "DTSEN", "target.year": 2025}
    (line,) = item.data["lines"]
    assert (line["people"], line["months"], line["amount"], line["decree_date"]) == (5600, 3, 365600000, "2025-03-02")
    page = text_of(nominee.get(place, query_string={"lang": "id"}))
    assert "+29,54%" in page
    assert "3,89" in page


def test_the_fragment_while_typing_says_what_the_saved_page_says(nominee, here):
    nomination = draft(here)
    place = f"/nominations/{nomination.ref}/evidence/vulnerable_workers"
    fields = fields_of(nominee, place)
    key = fields["line"]
    typed = {
        f"lines-{key}-group": "fisher", f"lines-{key}-people": "5600", f"lines-{key}-months": "3",
        f"lines-{key}-amount": "365600000", f"lines-{key}-funding_source": "apbd_regency",
    }  # fmt: skip
    fragment = send(nominee, f"{place}/arithmetic", fields, **typed)
    assert fragment.status_code == 200
    assert "<html" not in text_of(fragment)
    assert db.session.query(EvidenceItem).count() == 0
    calculated = send(nominee, place, fields, do="calculate", **typed)
    assert calculated.status_code == 200
    assert db.session.query(EvidenceItem).count() == 0
    send(nominee, place, fields, **typed)
    saved = nominee.get(place, query_string={"lang": "en"})

    def panel(text: str) -> str:
        return " ".join(text.split())

    assert panel(text_of(fragment)) in panel(text_of(calculated))
    assert panel(text_of(fragment)) in panel(text_of(saved))


def test_a_number_that_cannot_be_read_keeps_everything_typed(nominee, here):
    nomination = draft(here)
    place = f"/nominations/{nomination.ref}/evidence/coverage"
    fields = fields_of(nominee, place)
    answer = send(
        nominee, place, fields, **{"pu-participants": "15.00", "bpu-participants": "9.000", "note": "Belum lengkap"}
    )
    assert answer.status_code == 422
    page = text_of(answer)
    assert "<title>Error:" in page
    assert 'href="#pu-participants"' in page
    assert "15000 or 15,000" in page
    again = fields_in(answer, place)
    assert (again["pu-participants"], again["bpu-participants"], again["note"]) == ("15.00", "9.000", "Belum lengkap")
    assert db.session.query(EvidenceItem).count() == 0


def test_a_stale_page_shows_both_versions_and_keeps_the_typed_one(nominee, here):
    nomination = draft(here)
    place = f"/nominations/{nomination.ref}/evidence/coverage"
    fields = fields_of(nominee, place)
    service.save_evidence(
        nomination, "coverage", coverage(), note="dari rekan", explanation_reason="", explanation="", completed=False,
        expected=0, actor=here.actor("nominee-1"), at=here.now,
    )  # fmt: skip
    db.session.commit()
    answer = send(nominee, place, fields, **{"pu-participants": "41234", "note": "dari saya"})
    assert answer.status_code == 409
    page = text_of(answer)
    assert "41,234" in page
    assert "40,000" in page
    assert "Nominee 1 changed this at 2 Mar 2026, 11:00:00 WITA" in page
    again = fields_in(answer, place)
    assert (again["pu-participants"], again["note"]) == ("41234", "dari saya")
    assert queries.evidence_of(nomination)["coverage"].data["fields"]["pu.participants"] == 40000
    assert send(nominee, place, again).status_code == 303
    assert queries.evidence_of(nomination)["coverage"].data["fields"]["pu.participants"] == 41234


def test_a_form_without_a_version_is_refused(nominee, here):
    nomination = draft(here)
    place = f"/nominations/{nomination.ref}/evidence/coverage"
    assert send(nominee, place, fields_of(nominee, place), version=None).status_code == 428


def test_lines_of_other_pages_stay_when_one_page_is_saved(nominee, here):
    nomination = draft(here)
    service.save_evidence(
        nomination, "village_allocation", villages(30), note="", explanation_reason="", explanation="",
        completed=False, expected=0, actor=here.actor("nominee-1"), at=here.now,
    )  # fmt: skip
    db.session.commit()
    place = f"/nominations/{nomination.ref}/evidence/village_allocation"
    second = f"{place}/2"
    fields = fields_of(nominee, second)
    assert len(fields["line"]) == 12
    assert send(nominee, second, fields, **{"lines-v0013-people": "77"}).status_code == 303
    lines = queries.evidence_of(nomination)["village_allocation"].data["lines"]
    assert [line["people"] for line in lines] == [100] * 12 + [77] + [100] * 17
    assert [line["key"] for line in lines] == [f"v{no:04d}" for no in range(1, 31)]
    removed = send(nominee, second, fields_of(nominee, second), do="remove:v0013")
    assert removed.status_code == 303
    assert len(queries.evidence_of(nomination)["village_allocation"].data["lines"]) == 29
    assert nominee.get(f"{place}/9").status_code == 404


def test_a_row_is_added_after_the_last_one_and_a_blank_one_is_not_kept(nominee, here):
    nomination = draft(here)
    service.save_evidence(
        nomination, "village_allocation", villages(12), note="", explanation_reason="", explanation="",
        completed=False, expected=0, actor=here.actor("nominee-1"), at=here.now,
    )  # fmt: skip
    db.session.commit()
    place = f"/nominations/{nomination.ref}/evidence/village_allocation"
    answer = send(nominee, place, fields_of(nominee, place), do="add")
    assert answer.location.endswith("/village_allocation/2?add=1")
    page = nominee.get(answer.location)
    fields = fields_in(page, f"{place}/2")
    key = fields["line"]
    assert send(nominee, f"{place}/2", fields).status_code == 303
    assert len(queries.evidence_of(nomination)["village_allocation"].data["lines"]) == 12
    fields = fields_in(nominee.get(f"{place}/2?add=1"), f"{place}/2") if key else {}
    new = fields["line"]
    assert send(nominee, f"{place}/2", fields, **{f"lines-{new}-name": "Desa 13"}).status_code == 303
    assert queries.evidence_of(nomination)["village_allocation"].data["lines"][-1] == {"key": new, "name": "Desa 13"}


def test_a_difference_needs_an_explanation_or_the_row_keeps_asking(nominee, here):
    nomination = draft(here)
    service.save_evidence(
        nomination, "vulnerable_workers", vulnerable(amount=365_600_000), note="", explanation_reason="",
        explanation="", completed=True, expected=0, actor=here.actor("nominee-1"), at=here.now,
    )  # fmt: skip
    db.session.commit()
    place = f"/nominations/{nomination.ref}/evidence/vulnerable_workers"
    tasks = f"/nominations/{nomination.ref}"
    assert "Difference not explained yet" in text_of(nominee.get(tasks, query_string={"lang": "en"}))
    answer = send(
        nominee, place, fields_of(nominee, place), explanation_reason="includes_jht", explanation="Termasuk JHT"
    )
    assert answer.status_code == 303
    assert "Difference not explained yet" not in text_of(nominee.get(tasks, query_string={"lang": "en"}))


def test_conditions_are_stated_and_a_stale_statement_is_kept(nominee, here):
    nomination = draft(here)
    place = f"/nominations/{nomination.ref}/eligibility"
    fields = fields_of(nominee, place)
    assert send(nominee, place, fields, **{"period-answer": "yes", "period-note": "SK 2025"}).status_code == 303
    assert queries.statements_of(nomination)["period"].answer == "yes"
    stale = send(nominee, place, fields, **{"period-answer": "no", "period-note": "ternyata tidak"})
    assert stale.status_code == 409
    assert "SK 2025" in text_of(stale)
    again = fields_in(stale, place)
    assert (again["period-answer"], again["period-note"]) == ("no", "ternyata tidak")
    assert queries.statements_of(nomination)["period"].answer == "yes"
    assert send(nominee, place, again).status_code == 303
    assert queries.statements_of(nomination)["period"].answer == "no"


@pytest.mark.parametrize("place", ["/evidence/coverage", "/eligibility"])
def test_after_the_deadline_a_form_is_refused_with_what_was_typed(client, app, db_session, clock, place):
    here = world(kind="real")
    sign_in(client, "nominee-1")
    nomination = draft(here)
    address = f"/nominations/{nomination.ref}{place}"
    name = "note" if "coverage" in place else "period-note"
    clock.advance(days=20)  # the second of the deadline itself
    sign_in(client, "nominee-1")  # the session was not used for days, which is not what is tested here
    in_time = send(client, address, fields_of(client, address), **{name: "masih sempat"})
    assert in_time.status_code == 303, text_of(in_time)
    fields = fields_of(client, address)
    clock.advance(seconds=1)
    late = send(client, address, fields, **{name: "terlambat sedikit"})
    assert late.status_code == 409
    assert "terlambat sedikit" in text_of(late)
    assert "Entry closed" in text_of(late)
    page = client.get(address, query_string={"lang": "en"})
    assert "masih sempat" in text_of(page)
    assert "Entry is closed" in text_of(page)


def test_a_closed_category_offers_no_nomination(client, db_session):
    world(state=State.CLOSED)
    sign_in(client, "nominee-1")
    page = text_of(client.get("/nominations", query_string={"lang": "en"}))
    assert "None can be opened until a category opens" in page
    fields = {"category": "contoh-2025/kabkota", "organisation": "x"}
    form = client.get("/nominations/new", query_string={"lang": "en"})
    assert "No open category" in text_of(form)
    token = text_of(form).split('name="csrf_token" value="')[1].split('"')[0]
    answer = send(client, "/nominations/new", fields | {"csrf_token": token, "idempotency_key": "some-long-key"})
    assert answer.status_code == 422


def test_an_organiser_opens_a_draft_for_an_organisation_but_does_not_see_it(client, here):
    sign_in(client, "organiser-1")
    fields = fields_of(client, "/nominations/new")
    chosen = here.organisations["regency-7"].ref
    answer = send(client, "/nominations/new", fields, category="contoh-2025/kabkota", organisation=chosen)
    assert answer.status_code == 303
    nomination = db.session.query(Nomination).one()
    assert nomination.organisation_id == here.organisations["regency-7"].id
    assert client.get(f"/nominations/{nomination.ref}").status_code == 404


def test_who_is_not_signed_in_is_asked_to_sign_in(client, here):
    nomination = draft(here)
    for page in ("/nominations", f"/nominations/{nomination.ref}", "/nominations/N-0000-0000"):
        answer = client.get(page)
        assert answer.status_code in {302, 303, 401}
        assert nomination.organisation.name not in text_of(answer)


def test_an_employer_has_evidence_of_its_own(client, db_session):
    here = world(categories=("kabkota", "badan-usaha"))
    sign_in(client, "employer")
    page = text_of(client.get("/nominations", query_string={"lang": "en"}))
    assert "badan-usaha" in page
    assert "kabkota" not in page
    nomination = draft(here, "employer", "employer", "badan-usaha")
    page = text_of(client.get(f"/nominations/{nomination.ref}", query_string={"lang": "en"}))
    assert "/evidence/compliance" in page
    assert "/evidence/coverage" not in page
    assert client.get(f"/nominations/{nomination.ref}/evidence/coverage").status_code == 404
    assert client.get(f"/nominations/{nomination.ref}/evidence/compliance").status_code == 200


def test_pages_cost_the_same_statements_whatever_the_number_of_lines(nominee, here, statements):
    nomination = filled(here)

    def cost(page: str) -> int:
        with statements() as sent:
            assert nominee.get(page).status_code == 200
        return len([one for one in sent if one.lstrip().upper().startswith("SELECT")])

    pages = [f"/nominations/{nomination.ref}{place}" for place in ("", "/check", "/evidence/village_allocation")]
    pages.append("/nominations")
    before = [cost(page) for page in pages]
    item = queries.evidence_of(nomination)["village_allocation"]
    service.save_evidence(
        nomination, "village_allocation", villages(60), note="", explanation_reason="", explanation="", completed=True,
        expected=item.version, actor=here.actor("nominee-1"), at=here.now,
    )  # fmt: skip
    db.session.commit()
    assert [cost(page) for page in pages] == before
    assert max(before) <= 16


def test_a_long_form_has_an_index_that_says_what_of_each_part_is_saved(nominee, here):
    nomination = draft(here)
    base = f"/nominations/{nomination.ref}/evidence"
    fields = fields_of(nominee, f"{base}/coverage")
    typed = {name: value for name, value in as_typed("coverage", coverage()).items() if name.startswith("pu-")}
    assert send(nominee, f"{base}/coverage", fields, **typed).status_code == 303
    page = text_of(nominee.get(f"{base}/coverage", query_string={"lang": "en"}))
    index = page.partition('<nav class="p-parts')[2].partition("</nav>")[0]
    assert "Parts of this page: 1 of 7 complete" in index
    said = [" ".join(re.sub("<[^>]+>", " ", row).split()) for row in re.findall(r"<li>(.*?)</li>", index)]
    assert said[0] == "Wage workers (PU) Entries 4 of 4"
    assert said[1].endswith("Entries 0 of 4")
    assert said[-1] == "Documents Documents 0 of 2"
    places = re.findall(r'href="#([a-z0-9-]+)"', index)
    assert len(places) == 7
    assert all(f'id="{place}"' in page for place in places)
    assert "p-parts" not in text_of(nominee.get(f"{base}/innovation"))
