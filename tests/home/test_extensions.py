"""Deadlines at the door: to the second, in every zone, and extended in public by two people."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from paritrana.audit import service as audit
from paritrana.audit.models import Event, EventBody
from paritrana.core.errors import SamePerson, WrongState
from paritrana.core.lifecycle import NotLater, State
from paritrana.cycles import queries, service
from paritrana.cycles.invariants import CHECKS
from paritrana.cycles.models import CALENDAR, DeadlineExtension, Proposal
from paritrana.database import db
from paritrana.nominations.queries import get_nomination
from tests.factories import sign_in, world
from tests.home.test_home import words
from tests.nominations.pages import draft, fields_in, fields_of, filled, send, text_of

PAGE = "/manage/contoh-2025/deadlines"
FORM = f"{PAGE}/kabkota"
ZONES = ("Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura")
LATER = timedelta(days=3)


@pytest.fixture
def real(db_session):
    """A cycle whose clock is the system's: its deadlines pass by themselves."""
    return world(kind="real")


def typed(to: datetime, reason: str = "The network in three regencies was down.") -> dict[str, str]:
    local = to.astimezone(ZoneInfo("Asia/Makassar"))
    return {
        "on-day": str(local.day), "on-month": str(local.month), "on-year": str(local.year),
        "time": local.strftime("%H.%M.%S"), "reason": reason,
    }  # fmt: skip


def extend(here, to, at=None):
    """Two people extend the deadline past the pages."""
    moment = at or here.now
    proposal = service.propose_extension(
        here.category, to, "The network was down.", actor=here.actor("organiser-1"),
        at=queries.cycle_time(here.cycle, moment),
    )  # fmt: skip
    found = service.confirm_extension(proposal, proposal.digest, actor=here.actor("chair"), at=moment)
    db.session.commit()
    return found


def broken():
    return [one for check in CHECKS for one in check.look()]


def test_two_people_extend_a_deadline_and_everybody_reads_it(visit, real):
    organiser, chair, nominee = visit("organiser-1"), visit("chair"), visit("nominee-1")
    mine = draft(real)
    old = real.category.closes_at
    new = old + LATER
    answer = organiser.send(FORM, FORM, **typed(new))
    assert answer.status_code == 303, words(text_of(answer))
    assert real.category.closes_at == old
    assert "Waiting for another person" in words(organiser.read(PAGE))
    assert "Extension of the deadline" in words(organiser.read("/manage/contoh-2025"))
    assert "Confirm the extension of the deadline" in words(chair.read("/home"))
    page = chair.read(PAGE)
    assert "The network in three regencies was down." in page
    address = re.search(rf'action="({FORM}/P-[^"/]+)"', page)[1]
    digest = re.search(r'name="digest" value="([0-9a-f]{64})"', page)[1]
    assert chair.send(address, PAGE, digest=digest, answer="confirm").status_code == 303
    db.session.expire_all()
    assert real.category.closes_at == new
    assert real.category.grace_ends_at == new + timedelta(hours=6)
    assert real.category.stored_state is State.OPEN
    public = visit("employer")
    for reader, address in (
        (nominee, f"/nominations/{mine.ref}"), (nominee, "/nominations"), (visit("nominee-2"), "/nominations"),
        (public, "/cycles/contoh-2025"), (public, "/notices"), (organiser, PAGE), (public, "/manage/contoh-2025"),
    ):  # fmt: skip
        if address == "/manage/contoh-2025":
            assert reader.open(address).status_code == 404
            continue
        said = words(reader.read(address))
        assert "25 March 2026, 11:00:00 WITA" in said, address
        assert "22 March 2026, 11:00:00 WITA" in said, address
        assert "The network in three regencies was down." in said, address
    for address in ("/notices", "/cycles/contoh-2025", f"/nominations/{mine.ref}"):
        said = words(nominee.read(address))
        assert "25 Mar 10:00:00 WIB, 25 Mar 12:00:00 WIT" in said, address
    assert broken() == []


def test_the_event_of_an_extension_carries_the_whole_calendar(real):
    before = service.calendar_of(real.category)
    extend(real, before["closes_at"] + LATER)
    row = db.session.execute(
        select(EventBody.body, Event.stream)
        .join(Event, (Event.stream == EventBody.stream) & (Event.seq == EventBody.seq))
        .where(Event.kind == "deadline.extended")
    ).one()
    assert row.stream == audit.intake("contoh-2025")
    for name in CALENDAR:
        assert f'"{name}":'.encode() in row.body
    after = service.calendar_of(real.category)
    moved = {name for name in CALENDAR if after[name] != before[name]}
    assert moved == set(CALENDAR) - {"opens_at"}
    assert {after[name] - before[name] for name in moved} == {LATER}
    assert broken() == []


def test_an_extension_is_later_reasoned_and_in_time(visit, real, clock):
    organiser = visit("organiser-1")
    old = real.category.closes_at
    for to, reason, said in (
        (old, "Why", "The new deadline must be later than the one in force: 22 March 2026, 11:00:00 WITA."),
        (old - timedelta(seconds=1), "Why", "The new deadline must be later than the one in force"),
        (old + timedelta(days=400), "Why", "no more than one year after the deadline in force"),
        (old + LATER, "  ", "Enter reason"),
    ):
        answer = organiser.send(FORM, FORM, **typed(to, reason))
        assert answer.status_code == 422
        assert said in words(text_of(answer))
        assert typed(to, reason)["time"] in text_of(answer)
    with pytest.raises(NotLater):
        service.propose_extension(real.category, old, "Why", actor=real.actor("organiser-1"), at=real.now)
    assert db.session.query(Proposal).count() == 0
    clock.set(old + timedelta(seconds=1))
    assert visit("organiser-1").send(FORM, PAGE, **typed(old + LATER)).status_code == 409
    with pytest.raises(WrongState):
        service.propose_extension(
            real.category, old + LATER, "Why", actor=real.actor("organiser-1"), at=old + timedelta(seconds=1)
        )


def test_what_is_proposed_dies_with_the_deadline(visit, real, clock):
    old = real.category.closes_at
    proposal = service.propose_extension(
        real.category, old + LATER, "Why", actor=real.actor("organiser-1"), at=real.now
    )
    db.session.commit()
    late = old + timedelta(seconds=1)
    with pytest.raises(WrongState):
        service.confirm_extension(proposal, proposal.digest, actor=real.actor("chair"), at=late)
    db.session.rollback()
    service.store_due_moves(real.category, at=late)
    db.session.commit()
    assert proposal.state == "void"
    assert real.category.closes_at == old
    clock.set(late)
    page = words(visit("organiser-1").read(PAGE))
    assert "It can be extended only while the category is open for nominations." in page
    assert broken() == []


def test_the_chair_sends_it_back_and_nobody_confirms_the_own_proposal(visit, real):
    old = real.category.closes_at
    proposal = service.propose_extension(
        real.category, old + LATER, "Why", actor=real.actor("organiser-1"), at=real.now
    )
    db.session.commit()
    with pytest.raises(SamePerson):
        service.confirm_extension(proposal, proposal.digest, actor=real.actor("organiser-1"), at=real.now)
    db.session.rollback()
    chair = visit("chair")
    assert chair.send(f"{FORM}/{proposal.ref}", PAGE, answer="refuse").status_code == 303
    again = service.propose_extension(real.category, old + LATER, "Why", actor=real.actor("organiser-1"), at=real.now)
    db.session.commit()
    assert visit("organiser-2").send(f"{FORM}/{again.ref}/withdraw", PAGE).status_code == 303
    db.session.expire_all()
    assert real.category.closes_at == old
    assert {one.state for one in db.session.scalars(select(Proposal))} == {"withdrawn"}
    assert db.session.query(DeadlineExtension).count() == 0


def test_a_second_extension_starts_where_the_first_ended_and_the_old_proposal_is_void(real):
    old = real.category.closes_at
    extend(real, old + LATER)
    extend(real, old + 2 * LATER)
    rows = queries.extensions_of([real.category.id])[real.category.id]
    assert [(row.no, row.closes_before, row.closes_after) for row in rows] == [
        (2, old + LATER, old + 2 * LATER), (1, old, old + LATER),
    ]  # fmt: skip
    assert broken() == []


def test_an_extension_lets_a_waiting_simulated_clock_run_on_without_a_jump(db_session):
    here = world()
    old = here.category.closes_at
    at = old + timedelta(days=9)  # the system's clock has run on, the cycle's waits at the deadline
    assert queries.cycle_time(here.cycle, at) == old
    extend(here, old + LATER, at=at)
    assert queries.cycle_time(here.cycle, at) == old
    assert queries.cycle_time(here.cycle, at + timedelta(hours=1)) == old + timedelta(hours=1)
    assert queries.cycle_time(here.cycle, at + timedelta(days=30)) == old + LATER
    assert broken() == []


# To the second -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("second", [-1, 0, 1])
def test_saving_and_sending_hold_to_the_second_in_every_zone(client, real, clock, zone, second):
    real.cycle.timezone = zone
    local = datetime(2026, 3, 27, 23, 59, 59, tzinfo=ZoneInfo(zone))
    real.category.closes_at, real.category.grace_ends_at = local, local + timedelta(hours=6)
    nomination = filled(real)
    page = f"/nominations/{nomination.ref}"
    clock.set(local - timedelta(minutes=2))
    sign_in(client, "nominee-1")
    saving = fields_of(client, f"{page}/evidence/coverage")
    sending = fields_of(client, f"{page}/check", f"{page}/submit") | {"statement": "1"}
    clock.set(local + timedelta(seconds=second))
    saved = send(client, f"{page}/evidence/coverage", saving, note="the last word")
    sent = send(client, f"{page}/submit", sending)
    db.session.expire_all()
    if second <= 0:
        assert (saved.status_code, sent.status_code) == (303, 303)
        assert get_nomination(nomination.ref).state == "submitted"
        return
    assert (saved.status_code, sent.status_code) == (409, 409)
    assert "the last word" in text_of(saved)
    name = {"Asia/Jakarta": "WIB", "Asia/Makassar": "WITA", "Asia/Jayapura": "WIT"}[zone]
    for answer in (saved, sent):
        said = words(text_of(answer))
        assert f"23:59:59 {name}" in said  # when it closed
        assert f"28 Mar 2026, 00:00:00 {name}" in said  # when this came
    assert get_nomination(nomination.ref).state == "draft"
    assert get_nomination(nomination.ref).evidence[0].note == ""


def test_a_form_that_was_open_goes_through_when_the_deadline_is_extended_meanwhile(client, real, clock):
    nomination = filled(real)
    page, old = f"/nominations/{nomination.ref}", real.category.closes_at
    clock.set(old - timedelta(minutes=1))
    sign_in(client, "nominee-1")
    saving = fields_of(client, f"{page}/evidence/coverage")
    extend(real, old + LATER, at=old)
    clock.set(old + timedelta(minutes=5))
    saved = send(client, f"{page}/evidence/coverage", saving, note="after the old deadline")
    assert saved.status_code == 303
    late = send(client, f"{page}/evidence/coverage", saving, note="a stale page")
    assert late.status_code == 409  # the version, not the deadline
    assert "a stale page" in text_of(late)
    assert "Two versions" in text_of(late)


def test_the_time_a_browser_states_is_never_read(client, real, clock):
    nomination = filled(real)
    page, old = f"/nominations/{nomination.ref}", real.category.closes_at
    clock.set(old - timedelta(minutes=1))
    sign_in(client, "nominee-1")
    saving = fields_of(client, f"{page}/evidence/coverage")
    clock.set(old + timedelta(seconds=1))
    data = saving | {"note": "from a slow clock", "at": "2026-01-01T00:00:00Z", "saved_at": "2026-01-01T00:00:00Z"}
    answer = client.post(
        f"{page}/evidence/coverage", data=data,
        headers={"Sec-Fetch-Site": "same-origin", "Date": "Thu, 01 Jan 2026 00:00:00 GMT"},
    )  # fmt: skip
    assert answer.status_code == 409
    assert fields_in(answer, f"{page}/evidence/coverage")["note"] == "from a slow clock"
