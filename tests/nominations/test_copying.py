"""A draft that begins as a copy of an earlier year: its marks, its refusals, its documents, and what `check` says."""

import pytest
from sqlalchemy import select

from paritrana.audit.models import Event
from paritrana.cycles import service as cycles
from paritrana.cycles.queries import rubric_of
from paritrana.database import db
from paritrana.nominations import queries, service
from paritrana.nominations.invariants import CHECKS
from paritrana.nominations.models import Nomination
from tests.factories import SYSTEM, rubric, sign_in, world
from tests.nominations.pages import coverage, draft, fields_of, filled, send, text_of, villages


@pytest.fixture
def here(db_session):
    return world()


def earlier(here, year=2024, *, slug="kabkota", who="nominee-1", organisation="regency-1", whole=True):
    """What the organisation filled in for an earlier year, and the world of that year."""
    cycle = cycles.create_cycle(
        {
            "code": f"contoh-{year}", "kind": "simulated", "title_id": f"Paritrana {year}",
            "title_en": f"Paritrana {year}", "assessment_year": year, "edition_label": str(year + 1),
            "tier": "province", "region_code": "99", "timezone": "Asia/Makassar", "target_instrument": "rpjmn",
            "target_year": 2025, "election_held": False, "rates_as_of": here.now, "decree": "SK 1",
        },
        actor=SYSTEM, at=here.now,
    )  # fmt: skip
    stored = rubric(f"{slug}-default")
    now = here.category
    category = cycles.add_category(
        cycle,
        {
            "position": 1, "slug": slug, "kind": stored.category_kind, "title_id": slug, "title_en": slug, "state": 1,
            "rubric_version_id": stored.id, "ranks": 3, "opens_at": now.opens_at, "closes_at": now.closes_at,
            "grace_ends_at": now.grace_ends_at, "verification_until": now.verification_until,
            "interviews_until": now.interviews_until, "scoring_until": now.scoring_until,
            "plenary_until": now.plenary_until, "publication_planned": now.publication_planned,
        },
        {1: ("I", "I"), 2: ("II", "II"), 3: ("III", "III")}, actor=SYSTEM, at=here.now,
    )  # fmt: skip
    db.session.commit()
    there = type(here)(cycle, {slug: category}, here.organisations, here.accounts, here.now)
    if not whole:
        nomination = draft(there, who, organisation, slug)
        service.save_evidence(
            nomination, "coverage", coverage(), note="", explanation_reason="", explanation="", completed=True,
            expected=0, actor=there.actor(who), at=there.now,
        )  # fmt: skip
        db.session.commit()
        return nomination
    nomination = filled(there, who, organisation, slug)
    service.submit(nomination, actor=there.actor(who), at=there.now)
    db.session.commit()
    return nomination


@pytest.fixture
def nominee(client, here):
    sign_in(client, "nominee-1")
    return client


def copied(client, nomination):
    """Press the button of the page."""
    page = f"/nominations/{nomination.ref}/copy"
    return send(client, page, fields_of(client, page, page))


def events(name):
    return db.session.scalars(select(Event).where(Event.kind == name)).all()


def broken():
    return [found for check in CHECKS for found in check.look()]


def test_last_years_figures_come_as_marked_figures_and_nothing_else_comes(nominee, here):
    old = earlier(here)
    nomination = draft(here)
    offer = text_of(nominee.get(f"/nominations/{nomination.ref}", query_string={"lang": "en"}))
    assert "Begin with the figures of 2024?" in offer
    assert copied(nominee, nomination).status_code == 303
    db.session.rollback()
    items, before = queries.evidence_of(nomination), queries.evidence_of(old)
    assert items["coverage"].data == before["coverage"].data
    assert set(items) == {kind for kind in before if ":" not in kind}
    assert not any(item.completed or item.explanation or item.note for item in items.values())
    assert all(item.copied["year"] == 2024 for item in items.values())
    assert queries.attachments_of(nomination) == []
    assert queries.statements_of(nomination) == {}
    page = text_of(nominee.get(f"/nominations/{nomination.ref}/evidence/coverage", query_string={"lang": "en"}))
    assert page.count("from 2024, check") == len(items["coverage"].copied["figures"]) > 8
    assert "2024, check" not in text_of(nominee.get(f"/nominations/{old.ref}/evidence/coverage"))
    (event,) = events("nomination.copied")
    assert event.content.document["values"]["source"] == old.ref
    assert event.content.document["values"]["year"] == 2024
    assert broken() == []


def test_the_checks_of_this_year_are_asked_anew(nominee, here):
    earlier(here)
    nomination = draft(here)
    copied(nominee, nomination)
    page = text_of(
        nominee.get(f"/nominations/{nomination.ref}/evidence/vulnerable_workers", query_string={"lang": "en"})
    )
    assert "lies in the period" in page  # the decree of 2025 in the figures; what was checked for 2024 is not kept
    item = queries.evidence_of(nomination)["vulnerable_workers"]
    old = item.data["lines"][0] | {"decree_date": "2024-03-02"}
    service.save_evidence(
        nomination, "vulnerable_workers", {**item.data, "lines": [old]}, note="", explanation_reason="",
        explanation="", completed=True, expected=1, actor=here.actor("nominee-1"), at=here.now,
    )  # fmt: skip
    db.session.commit()
    page = text_of(
        nominee.get(f"/nominations/{nomination.ref}/evidence/vulnerable_workers", query_string={"lang": "en"})
    )
    assert "is outside 1 January–31 December 2025" in page


def test_an_unchecked_copy_cannot_be_sent_and_saving_takes_the_mark_away(nominee, here):
    earlier(here)
    nomination = draft(here)
    copied(nominee, nomination)
    said = [one.place for one in service.what_blocks(nomination) if "copied" in one.message]
    assert len(said) == len(queries.evidence_of(nomination))
    address = f"/nominations/{nomination.ref}/evidence/coverage"
    assert send(nominee, address, fields_of(nominee, address, address)).status_code == 303
    db.session.rollback()
    assert queries.evidence_of(nomination)["coverage"].copied is None
    assert "from 2024" not in text_of(nominee.get(address, query_string={"lang": "en"}))
    assert len([one for one in service.what_blocks(nomination) if "copied" in one.message]) == len(said) - 1
    assert broken() == []


def test_only_the_lines_of_the_saved_page_lose_their_mark(nominee, here):
    old = earlier(here)
    item = next(one for one in old.evidence if one.kind == "village_allocation")
    item.data = villages(30)
    db.session.commit()
    nomination = draft(here)
    copied(nominee, nomination)
    address = f"/nominations/{nomination.ref}/evidence/village_allocation"
    assert send(nominee, address, fields_of(nominee, address, address)).status_code == 303
    db.session.rollback()
    left = queries.evidence_of(nomination)["village_allocation"].copied["figures"]
    assert {figure.split(".")[1] for figure in left} == {f"v{no:04d}" for no in range(13, 31)}
    page = text_of(nominee.get(f"{address}/2", query_string={"lang": "en"}))
    assert page.count("from 2024, check") == 12 * 4


def test_pressed_twice_there_is_one_copy(nominee, here):
    earlier(here)
    nomination = draft(here)
    page = f"/nominations/{nomination.ref}/copy"
    form = fields_of(nominee, page, page)
    first = send(nominee, page, form)
    second = send(nominee, page, form)  # the same press
    third = send(nominee, page, form | {"idempotency_key": "another-press-0001"})
    assert {one.status_code for one in (first, second, third)} == {303}
    assert len(events("nomination.copied")) == 1
    assert {item.version for item in queries.evidence_of(nomination).values()} == {1}


def test_a_draft_with_entries_is_not_overwritten(nominee, here):
    earlier(here)
    nomination = draft(here)
    page = f"/nominations/{nomination.ref}/copy"
    form = fields_of(nominee, page, page)
    service.save_evidence(
        nomination, "coverage", {"fields": {"pu.participants": 7}}, note="", explanation_reason="", explanation="",
        completed=False, expected=0, actor=here.actor("nominee-1"), at=here.now,
    )  # fmt: skip
    db.session.commit()
    refused = send(nominee, page, form)
    assert refused.status_code == 409
    assert "This draft already has entries" in text_of(refused)
    assert queries.evidence_of(nomination)["coverage"].data["fields"] == {"pu.participants": 7}
    assert events("nomination.copied") == []


def test_without_an_earlier_nomination_there_is_nothing_to_copy(nominee, here):
    nomination = draft(here)
    earlier(here, who="nominee-2", organisation="regency-2")  # of another organisation
    page = f"/nominations/{nomination.ref}"
    assert "Begin with the figures" not in text_of(nominee.get(page, query_string={"lang": "en"}))
    refused = send(nominee, f"{page}/copy", fields_of(nominee, "/nominations/new", "/nominations/new"))
    assert refused.status_code == 409
    assert "has no nomination in a matching category of an earlier cycle" in text_of(refused)


def test_another_organisations_draft_is_not_there(nominee, here):
    earlier(here, who="nominee-2", organisation="regency-2")
    other = draft(here, "nominee-2", "regency-2")
    assert nominee.get(f"/nominations/{other.ref}/copy").status_code == 404
    form = fields_of(nominee, "/nominations/new", "/nominations/new")
    for place in ("copy", "copy/documents"):
        assert send(nominee, f"/nominations/{other.ref}/{place}", form).status_code == 404
    assert queries.evidence_of(other) == {}


def test_the_newest_earlier_year_is_taken_and_a_simulation_never_feeds_a_real_cycle(here):
    earlier(here, 2023, whole=False)
    newer = earlier(here, 2024)
    real = db.session.get(Nomination, newer.id)
    nomination = draft(here)
    assert queries.find_earlier(nomination).id == newer.id
    real.category.cycle.kind, real.category.cycle.waits_at = "historical", None
    db.session.flush()
    assert queries.find_earlier(nomination).category.cycle.assessment_year == 2023


def test_documents_come_only_by_choice_with_the_warning_confirmed(nominee, here):
    old = earlier(here)
    nomination = draft(here)
    copied(nominee, nomination)
    place = f"/nominations/{nomination.ref}/copy"
    page = text_of(nominee.get(place, query_string={"lang": "en"}))
    assert "The period differs" in page
    first = queries.attachments_of(old)[0]
    form = fields_of(nominee, place, f"{place}/documents")
    assert "document" not in form  # nothing is chosen beforehand
    unconfirmed = send(nominee, f"{place}/documents", form, document=str(first.no))
    assert unconfirmed.status_code == 422
    assert f'value="{first.no}" checked' in text_of(unconfirmed)
    assert queries.attachments_of(nomination) == []
    fresh = fields_of(nominee, place, f"{place}/documents")
    assert send(nominee, f"{place}/documents", fresh, document=str(first.no), fits="1").status_code == 303
    fresh = fields_of(nominee, place, f"{place}/documents")
    assert send(nominee, f"{place}/documents", fresh, document=str(first.no), fits="1").status_code == 303
    (one,) = queries.attachments_of(nomination)
    assert (one.blob_id, one.kind, one.reused_year) == (first.blob_id, first.kind, 2024)
    assert "taken over from 2024" in text_of(
        nominee.get(f"/nominations/{nomination.ref}/evidence/{first.kind}", query_string={"lang": "en"})
    )
    assert broken() == []
    fresh = fields_of(nominee, place, f"{place}/documents")
    assert send(nominee, f"{place}/documents", fresh, document="999", fits="1").status_code == 404


def test_a_copy_that_was_checked_can_be_sent_and_names_what_was_taken_over(here):
    old = earlier(here)
    nomination, actor = draft(here), here.actor("nominee-1")
    assert service.copy_earlier(nomination, actor=actor, at=here.now)
    for kind, item in queries.evidence_of(nomination).items():
        service.save_evidence(
            nomination, kind, item.data, note="", explanation_reason="", explanation="", completed=True, expected=1,
            actor=actor, at=here.now,
        )  # fmt: skip
    for gate in rubric_of(nomination.category).gates:
        service.state_gate(nomination, gate["code"], "yes", "", expected=0, actor=actor, at=here.now)
    papers = queries.attachments_of(old)
    service.attach_again(nomination, [one.no for one in papers], actor=actor, at=here.now)
    sent = service.submit(nomination, actor=actor, at=here.now)
    assert [one["reused_year"] for one in sent.content["attachments"]] == [2024] * len(papers)
    assert broken() == []


def test_what_a_field_does_not_take_any_more_is_left_out(here):
    old = earlier(here)
    item = next(one for one in old.evidence if one.kind == "vulnerable_workers")
    line = item.data["lines"][0] | {"group": "a group of old", "gone": 1}
    item.data = {"fields": {**item.data["fields"], "forgotten": 3}, "lines": [line]}
    coverage = next(one for one in old.evidence if one.kind == "non_asn_protection")
    coverage.data = {"fields": {**coverage.data["fields"], "election_official.target": 5}}
    db.session.commit()
    nomination = draft(here)
    assert service.copy_earlier(nomination, actor=here.actor("nominee-1"), at=here.now)
    items = queries.evidence_of(nomination)
    assert "group" not in items["vulnerable_workers"].data["lines"][0]
    assert items["vulnerable_workers"].data["lines"][0]["people"] == line["people"]
    assert "forgotten" not in items["vulnerable_workers"].data["fields"]
    assert "election_official.target" not in items["non_asn_protection"].data["fields"]  # no election this year


def test_check_names_a_copy_that_is_not_ones_own(here):
    earlier(here, who="nominee-2", organisation="regency-2")
    nomination = draft(here)
    other = db.session.scalars(select(Nomination).where(Nomination.id != nomination.id)).one()
    nomination.copied_from_id = other.id
    db.session.flush()
    assert {one.rule for one in broken()} == {"nomination.copied_from", "nomination.event_differs"}
