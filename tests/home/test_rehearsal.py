"""A rehearsal: the day of a cycle with invented candidates, which nobody else finds and which has no result."""

import itertools
import re
from collections.abc import Callable
from datetime import timedelta

import pypdfium2
import pytest
from flask import current_app
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError

from paritrana.accounts.models import RoleGrant
from paritrana.clock import SetClock
from paritrana.core.errors import RehearsalHasNoResult, WrongState
from paritrana.core.lifecycle import State
from paritrana.cycles.models import Category, Cycle
from paritrana.cycles.queries import get_cycle
from paritrana.cycles.service import set_state
from paritrana.database import db
from paritrana.home.rehearsing import make_rehearsal, throw_away
from paritrana.interviews.models import InterviewDay, InterviewSession
from paritrana.nominations.models import Nomination
from paritrana.operations.invariants import broken_rules
from paritrana.panels.models import Seat
from paritrana.publication.service import propose_publication
from paritrana.reference.models import Organisation
from paritrana.reference.queries import organisations_of
from paritrana.results.service import propose_seal
from tests.factories import World, world
from tests.home.conftest import Visitor
from tests.interviews.stages import planned, shortlisted

PAGE = "/manage/contoh-2025/rehearsals"
MADE = "/manage/contoh-2025-latihan-1"
DAY = "/interviews/contoh-2025-latihan-1-1"
BAND = "REHEARSAL: nothing of it counts, and nothing is published"
PUBLIC = (
    "/", "/notices", "/verify", "/cycles/contoh-2025", "/cycles/contoh-2025/method",
    "/cycles/contoh-2025/results/kabkota", "/cycles/contoh-2025-latihan-1", "/cycles/contoh-2025-latihan-1/method",
    "/cycles/contoh-2025-latihan-1/results/kabkota", "/cycles/contoh-2025-latihan-1/results/kabkota.json",
    "/cycles/contoh-2025-latihan-1/results/kabkota/99.01",
)  # fmt: skip


def day(here: World, after: int = 1) -> dict[str, str]:
    on = (here.now + timedelta(days=after)).date()
    return {"on-day": str(on.day), "on-month": str(on.month), "on-year": str(on.year)}


def rehearsed(here: World, candidates: int = 3) -> Cycle:
    """A rehearsal of the world's cycle on the next day."""
    made = make_rehearsal(
        get_cycle(here.cycle.code), (here.now + timedelta(days=1)).date(), candidates,
        actor=here.actor("organiser-1"), at=here.now,
    )  # fmt: skip
    db.session.commit()
    return made


def category_of(made: Cycle) -> Category:
    return db.session.scalars(select(Category).where(Category.cycle_id == made.id)).one()


def test_an_organiser_makes_a_rehearsal_that_stands_in_the_interviews(visit: Callable[..., Visitor], db_session):
    here = world()
    organiser = visit("organiser-1")
    answer = organiser.send(PAGE, PAGE, candidates="4", **day(here))
    assert (answer.status_code, answer.location) == (303, MADE)
    page = organiser.read(MADE)
    assert BAND in page
    assert "Rehearsal 1: Paritrana Award Contoh 2025" in page
    made = db.session.scalars(select(Cycle).where(Cycle.rehearses_id == here.cycle.id)).one()
    category = category_of(made)
    assert category.stored_state is State.INTERVIEW
    assert category.rubric_version_id == here.category.rubric_version_id
    invented = select(Organisation.name).where(Organisation.rehearsal).order_by(Organisation.name)
    assert db.session.scalars(invented).all() == [f"Kabupaten Latihan {letter}" for letter in "ABCD"]
    states = db.session.scalars(select(Nomination.state).where(Nomination.category_id == category.id)).all()
    assert states == ["shortlisted"] * 4
    seats = select(Seat.role, Seat.account_id).where(Seat.ended_at.is_(None)).order_by(Seat.account_id)
    mine, theirs = (
        db.session.execute(seats.where(Seat.category_id == one.id)).all() for one in (category, here.category)
    )
    assert mine == theirs != []
    decrees = set(db.session.scalars(select(Seat.decree_number).where(Seat.category_id == category.id)))
    assert decrees == {"SK 1/2026 (latihan)"}
    slots = db.session.scalars(select(InterviewSession).where(InterviewSession.category_id == category.id)).all()
    assert len(slots) == 4
    assert {one.day.on for one in slots} == {(here.now + timedelta(days=1)).date()}
    organisers = select(func.count()).where(RoleGrant.role == "organiser", RoleGrant.cycle_id == made.id)
    assert db.session.scalar(organisers) == 2
    assert list(broken_rules(current_app.extensions["settings"], at=here.now)) == []


def test_the_slots_of_the_cycle_are_moved_to_the_day(db_session):
    here = world()
    planned(here, shortlisted(here, SetClock(here.now), 2))
    before = db.session.scalars(select(InterviewSession).order_by(InterviewSession.planned_at)).all()
    made = make_rehearsal(
        get_cycle(here.cycle.code), (here.now + timedelta(days=90)).date(), 3, actor=here.actor("organiser-1"),
        at=here.now,
    )  # fmt: skip
    after = db.session.scalars(
        select(InterviewSession)
        .join(InterviewSession.day)
        .where(InterviewDay.cycle_id == made.id)
        .order_by(InterviewSession.planned_at)
    ).all()
    shift = after[0].planned_at - before[0].planned_at
    assert after[0].day.on == (here.now + timedelta(days=90)).date()
    assert [one.planned_at - shift for one in after[:2]] == [one.planned_at for one in before]
    assert [one.room for one in after] == ["Aula", "Aula", "Ruang latihan"]
    assert after[2].planned_at == after[1].planned_at + timedelta(minutes=after[1].minutes)


def test_every_kind_of_category_has_its_invented_candidates(db_session):
    """No slot is at the same time as another one, because the same panel hears them all."""
    here = world(categories=("kabkota", "badan-usaha", "umk", "desa"))
    made = rehearsed(here, 2)
    rows = db.session.scalars(
        select(InterviewSession)
        .join(InterviewSession.day)
        .where(InterviewDay.cycle_id == made.id)
        .order_by(InterviewSession.planned_at)
    ).all()
    names = {one.nomination.organisation.name for one in rows}
    assert names == {
        f"{kind} {letter}"
        for kind in ("Kabupaten Latihan", "PT Latihan", "Usaha Latihan", "Desa Latihan")
        for letter in "AB"
    }
    assert all(
        one.planned_at + timedelta(minutes=one.minutes) <= after.planned_at for one, after in itertools.pairwise(rows)
    )
    assert list(broken_rules(current_app.extensions["settings"], at=here.now)) == []


@pytest.mark.parametrize(
    ("fields", "status", "said"),
    [
        ({"candidates": "0"}, 422, "Choose a number from 1 to 12."),
        ({"candidates": "13"}, 422, "Choose a number from 1 to 12."),
        ({"candidates": "banyak"}, 422, "error"),
        ({"candidates": "3", "after": -2}, 422, "Choose today or a later day."),
        ({"candidates": "3", "other": "x"}, 400, ""),
    ],
)  # fmt: skip
def test_what_cannot_be_a_rehearsal_is_refused(visit, db_session, fields, status, said):
    here = world()
    sent = dict(fields)
    answer = visit("organiser-1").send(PAGE, PAGE, **day(here, sent.pop("after", 1)), **sent)
    assert answer.status_code == status
    assert said in answer.get_data(as_text=True)
    assert db.session.scalar(select(func.count()).select_from(Cycle)) == 1


def test_without_a_chair_there_is_nothing_to_rehearse(visit, db_session):
    here = world()
    db.session.execute(text("UPDATE seat SET role = 'member' WHERE role = 'chair'"))
    db.session.commit()
    answer = visit("organiser-1").send(PAGE, PAGE, candidates="3", **day(here))
    assert answer.status_code == 409
    assert "Nothing can be rehearsed yet" in answer.get_data(as_text=True)


def test_a_rehearsal_is_not_rehearsed_and_a_cycle_is_not_thrown_away(visit, db_session):
    here = world()
    rehearsed(here)
    organiser = visit("organiser-1")
    answer = organiser.send(f"{MADE}/rehearsals", f"{MADE}/rehearsals", candidates="3", **day(here))
    assert answer.status_code == 409
    assert "This is a rehearsal itself." in answer.get_data(as_text=True)
    assert organiser.send(f"{PAGE}/end", PAGE, sure="y").status_code == 409
    assert "h-new" in organiser.read(PAGE)


@pytest.mark.parametrize("name", ["nominee-1", "verifier-1", "auditor", "administrator"])
def test_who_does_not_take_part_finds_nothing_of_it(visit, db_session, name):
    """Every answer is the same, byte for byte, with and without a rehearsal."""
    here = world()
    somebody = visit(name)
    addresses = (*PUBLIC, "/home", "/nominations", MADE, f"{MADE}/schedule", f"{MADE}/progress", "/home/messages")
    before = [seen(somebody.client, one) for one in addresses]
    rehearsed(here)
    assert [seen(somebody.client, one) for one in addresses] == before


def test_the_public_answers_are_the_same_with_and_without_a_rehearsal(client, db_session):
    here = world()
    before = [seen(client, one) for one in PUBLIC]
    rehearsed(here)
    assert [seen(client, one) for one in PUBLIC] == before
    assert [status for status, _body in before[-5:]] == [404] * 5


def seen(client, address: str) -> tuple[int, str]:
    """Status and bytes of an answer, without what is drawn anew each time and the reader's own menu."""
    answer = client.get(address, query_string={"lang": "en"})
    body = answer.get_data(as_text=True)
    body = re.sub(r'((name="(csrf_token|idempotency_key)" value|data-csrf)=")[^"]+', r"\1", body)
    return answer.status_code, re.sub(r'<nav class="p-nav".*?</nav>', "", body, flags=re.DOTALL)


def test_pages_of_the_cycle_itself_know_nothing_of_its_rehearsal(visit, db_session):
    """An organiser of the cycle, who organises the rehearsal too, reads the same on every page of the cycle."""
    here = world()
    organiser = visit("organiser-1")
    pages = [f"/manage/contoh-2025{part}" for part in ("", "/panel", "/nominations", "/schedule", "/progress",
             "/quality", "/outbox", "/publication", "/certificates", "/deadlines")]  # fmt: skip
    before = [seen(organiser.client, one) for one in pages]
    rehearsed(here)
    assert [seen(organiser.client, one) for one in pages] == before


def test_the_sentence_of_the_band_stands_on_pages_papers_and_mails(visit, db_session):
    here = world()
    made = rehearsed(here)
    ref = db.session.scalars(select(Nomination.ref).where(Nomination.category_id == category_of(made).id)).first()
    organiser, chair = visit("organiser-1"), visit("chair")
    for address in (MADE, f"{MADE}/schedule", f"{MADE}/rehearsals", f"{MADE}/outbox", f"{MADE}/panel",
                    DAY):  # fmt: skip
        assert BAND in organiser.read(address), address
    assert BAND in chair.read(f"/assessments/{ref}/sheet")
    assert BAND not in organiser.read(PAGE)
    minutes = organiser.open(f"{DAY}/minutes.pdf").data
    assert "REHEARSAL" in words_of(minutes)


def words_of(pdf: bytes) -> str:
    return "".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(pdf))


# No result ------------------------------------------------------------------------------------------------------------


def test_a_rehearsal_is_never_sealed_or_published(db_session):
    here = world()
    category = category_of(rehearsed(here))
    organiser = here.actor("organiser-1")
    with pytest.raises(RehearsalHasNoResult):
        propose_seal(category, "0" * 64, actor=here.actor("chair"), at=here.now)
    with pytest.raises(RehearsalHasNoResult):
        propose_publication(category, "0" * 64, actor=organiser, at=here.now)
    with pytest.raises(RehearsalHasNoResult):
        set_state(category, State.SEALED, expected=State.PLENARY, actor=organiser, at=here.now)


@pytest.mark.parametrize(("language", "said"), [("id", "Ini latihan"), ("en", "This is a rehearsal")])
def test_the_door_says_why_nothing_is_sealed(visit, db_session, language, said):
    here = world()
    category = category_of(rehearsed(here))
    category.state = int(State.PLENARY)
    db.session.commit()
    chair = visit("chair")
    token = re.search(r'name="csrf_token" value="([^"]+)"', chair.read("/home"))
    assert token is not None
    answer = chair.client.post(
        f"{MADE}/ranking/kabkota/seal", query_string={"lang": language},
        data={"csrf_token": token[1], "idempotency_key": "k" * 20, "digest": "0" * 64},
        headers={"Sec-Fetch-Site": "same-origin"},
    )  # fmt: skip
    assert answer.status_code == 409
    assert said in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE category SET state = 7 WHERE id = :category",
        "UPDATE cycle SET rehearses_id = NULL WHERE id = :cycle",
        "UPDATE cycle SET rehearses_id = :cycle WHERE id <> :cycle",
        "UPDATE cycle SET kind = 'real', offset_seconds = 0, held_seconds = 0, waits_at = NULL WHERE id = :cycle",
        "INSERT INTO award (category_id, nomination_id, rank, tied, title_id, title_en) "
        "SELECT :category, min(id), 1, :no, 'x', 'x' FROM nomination WHERE category_id = :category",
        "UPDATE cycle SET closed_at = rates_as_of WHERE id <> :cycle",
        "UPDATE organisation SET fictitious = :no WHERE rehearsal",
    ],
)
def test_the_database_refuses_what_no_service_would_do(db_session, statement):
    here = world()
    made = rehearsed(here)
    values = {"category": category_of(made).id, "cycle": made.id, "no": False}
    with pytest.raises(IntegrityError):
        db.session.execute(text(statement), {name: value for name, value in values.items() if f":{name}" in statement})
    db.session.rollback()


def test_invented_organisations_stand_in_rehearsals_only(db_session):
    here = world()
    rehearsed(here)
    codes = [f"99.{no:02d}" for no in range(1, 10)]
    assert not any(one.rehearsal for one in organisations_of(codes))
    again = rehearsed(here)
    assert again.code == "contoh-2025-latihan-2"
    assert db.session.scalar(select(func.count()).where(Organisation.rehearsal)) == 3


# Thrown away ----------------------------------------------------------------------------------------------------------


def test_a_rehearsal_that_is_thrown_away_is_found_by_nobody(visit, db_session):
    here = world()
    people = {name: visit(name) for name in ("organiser-1", "organiser-2", "chair", "assessor-3")}
    addresses = ("/home", "/assessments", "/consolidations", "/home/messages", MADE, DAY)
    before = {name: [seen(one.client, each) for each in addresses] for name, one in people.items()}
    made = rehearsed(here)
    code = made.code
    assert {name: [seen(one.client, each) for each in addresses] for name, one in people.items()} != before
    organiser = people["organiser-1"]
    assert organiser.send(f"{MADE}/rehearsals/end", f"{MADE}/rehearsals").status_code == 422
    answer = organiser.send(f"{MADE}/rehearsals/end", f"{MADE}/rehearsals", sure="y")
    assert (answer.status_code, answer.location) == (303, "/home")
    organiser.read("/home")  # the word that it is done is shown once
    after = {name: [seen(one.client, each) for each in addresses] for name, one in people.items()}
    assert after == before
    assert organiser.open(f"{MADE}/rehearsals").status_code == 404
    db.session.expire_all()
    assert get_cycle(code).closed_at is not None
    assert list(broken_rules(current_app.extensions["settings"], at=here.now)) == []


def test_it_is_thrown_away_once(db_session):
    here = world()
    made = rehearsed(here)
    throw_away(made, actor=here.actor("organiser-1"), at=here.now)
    with pytest.raises(WrongState):
        throw_away(made, actor=here.actor("organiser-1"), at=here.now)
