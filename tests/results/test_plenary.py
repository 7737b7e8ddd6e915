"""The plenary: who is there, what two people record as decided beside the ranking, and what follows from it."""

import json
from decimal import Decimal

import pytest
from flask import current_app
from sqlalchemy import func, select, update
from sqlalchemy.exc import DBAPIError

from paritrana.accounts.models import Account
from paritrana.audit import service as audit
from paritrana.audit.models import Event, EventBody
from paritrana.core.bundle import compare, parse
from paritrana.core.errors import MissingReason, SamePerson, WrongState
from paritrana.core.policy import Actor
from paritrana.core.policy import Seat as PolicySeat
from paritrana.core.ranking import State as CandidateState
from paritrana.cycles.models import Proposal
from paritrana.cycles.queries import get_proposal, rubric_of
from paritrana.cycles.service import ProposalVoid, ProposalWaiting
from paritrana.database import db, random_ref
from paritrana.nominations.models import Nomination
from paritrana.operations.invariants import broken_rules
from paritrana.panels.models import Seat
from paritrana.results import queries as results
from paritrana.results import service as sealing
from paritrana.results.models import Award, ResultRun
from paritrana.results.plenary import queries, service
from paritrana.results.plenary.closing import DecisionWaits, PlenaryStillOpen
from paritrana.results.plenary.models import (
    ORDER,
    OTHER_WINNER,
    TITLE,
    WITHDRAWAL,
    WITHHOLD,
    Decision,
    Plenary,
    PlenaryAttendance,
)
from paritrana.results.plenary.service import Votes, Wish
from paritrana.results.service import NoRun, RunMoved
from paritrana.results.workbench.queries import warnings_of
from tests.factories import NOW
from tests.factories_results import (
    acknowledge_all,
    category_of,
    contest,
    fail_gate,
    nominations,
    recuse,
    run,
)
from tests.results.plenaries import LONG, close, confirm, decide, in_session, propose, seal, seats, tied

RULES = {
    f"{table}.{rule}"
    for table in ("plenary", "plenary_attendance", "plenary_decision")
    for rule in ("without_event", "event_without_row", "event_differs")
} | {"plenary_decision.two_persons", "proposal.event_differs", "result.recomputed", "award.event_differs"}


@pytest.fixture
def here(app, db_session):
    made = contest(4, value=tied)
    run(made)
    return made


def rows_of(made):
    return {row["candidate"]: row for row in json.loads(made.bundle)["result"]}


def kinds(here):
    stream = audit.judging(here.cycle.code)
    return [one.kind for one in db.session.scalars(select(Event).where(Event.stream == stream).order_by(Event.seq))]


def body_of(kind):
    found = db.session.scalars(
        select(EventBody).join(EventBody.event).where(Event.kind == kind).order_by(Event.seq.desc())
    ).first()
    return found.document["values"]


def broken():
    """The rules about plenary, proposals and titles that do not hold."""
    return list(broken_rules(current_app.extensions["settings"], at=NOW, only=RULES))


def counted():
    """How many rows there are that a refused act must not add."""
    db.session.rollback()
    return [
        db.session.scalar(select(func.count()).select_from(one))
        for one in (Plenary, PlenaryAttendance, Decision, Proposal, ResultRun, Event)
    ]


def refused(error, here, kind, **said):
    """A proposal is refused with `error` and leaves nothing behind."""
    before = counted()
    with pytest.raises(error):
        propose(here, kind, **said)
    assert counted() == before


def holders(here):
    awards = db.session.scalars(select(Award).order_by(Award.rank, Award.id)).all()
    return [(one.rank, one.title_id, one.nomination.candidate_code, one.tied) for one in awards]


# --- the session ------------------------------------------------------------------------------------------------------


def test_people_come_and_go_and_every_change_is_kept_with_its_event(here):
    opened = in_session(here, 5)
    first, *others = seats(here)
    assert [queries.attendance_of(opened, 5).present, queries.attendance_of(opened, 6).enough] == [5, False]
    service.set_attendance(
        category_of(here), [one.code for one in others], actor=here.actor("organiser-1"), at=here.now
    )
    db.session.commit()
    rows = [(one.no, one.present) for one in queries.attendance_rows(opened) if one.seat_id == first.id]
    assert rows == [(1, True), (2, False)]
    assert queries.attendance_of(opened, 5).present == 8
    assert body_of("plenary.attended")["seats"][0] == {"seat": first.code, "no": 2, "present": False}
    before = kinds(here)
    service.set_attendance(category_of(here), [one.code for one in others], actor=here.actor("chair"), at=here.now)
    assert kinds(here) == before
    assert broken() == []


def test_two_seats_of_one_person_count_once(here):
    opened = in_session(here)
    a, b = seats(here)[2:4]
    b.account.person_id = a.account.person_id
    db.session.commit()
    assert queries.attendance_of(opened, 5).present == 8


def test_whoever_is_in_conflict_with_a_candidate_is_not_in_the_plenary(here):
    recuse(here, "assessor-3", nominations(here)[3])
    run(here)
    opened = in_session_without(here, "assessor-3")
    found = queries.attendance_of(opened, 5)
    assert found.present == 8
    assert [one.seat.account.name for one in found.members if one.recused] == ["Assessor 3"]
    everybody = [one.code for one in seats(here)]
    with pytest.raises(service.NotOfThePanel):
        service.set_attendance(category_of(here), everybody, actor=here.actor("chair"), at=here.now)
    db.session.rollback()
    recuse(here, "assessor-4", nominations(here)[3])
    assert queries.attendance_of(db.session.get_one(Plenary, opened.id), 5).present == 7


def in_session_without(here, name):
    codes = [one.code for one in seats(here) if one.account_id != here.accounts[name].id]
    opened = service.open_plenary(category_of(here), codes, actor=here.actor("chair"), at=here.now)
    db.session.commit()
    return opened


def test_one_session_goes_on_at_a_time_and_a_closed_one_never_changes(here):
    first = in_session(here)
    with pytest.raises(PlenaryStillOpen):
        in_session(here)
    db.session.rollback()
    close(here)
    with pytest.raises(service.NoPlenary):
        close(here)
    db.session.rollback()
    with pytest.raises(service.NoPlenary):
        service.set_attendance(category_of(here), [], actor=here.actor("chair"), at=here.now)
    db.session.rollback()
    second = in_session(here, 6)
    assert (first.minutes_number, second.no) == ("BA-01/2026", 2)
    assert kinds(here).count("plenary.opened") == 2
    assert broken() == []


def test_a_session_voids_a_waiting_seal_and_the_seal_waits_for_its_end(here):
    made = results.latest_run(category_of(here))
    acknowledge_all(here, made)
    waiting = sealing.propose_seal(category_of(here), made.digest, actor=here.actor("chair"), at=here.now)
    db.session.commit()
    in_session(here)
    assert get_proposal(waiting.ref).state == "void"
    with pytest.raises(PlenaryStillOpen):
        sealing.propose_seal(category_of(here), made.digest, actor=here.actor("chair"), at=here.now)
    db.session.rollback()
    propose(here, TITLE, candidates=("99.04",), title_id="Apresiasi", title_en="Appreciation")
    with pytest.raises(DecisionWaits):
        sealing.propose_seal(category_of(here), made.digest, actor=here.actor("chair"), at=here.now)
    with pytest.raises(DecisionWaits):
        service.close_plenary(category_of(here), "BA-1", actor=here.actor("chair"), at=here.now)


# --- the order within a tie -------------------------------------------------------------------------------------------


def test_an_order_within_an_exact_tie_makes_a_new_run_that_anybody_can_recompute(here):
    before = results.latest_run(category_of(here))
    assert [rows_of(before)[code]["rank"] for code in ("99.01", "99.02", "99.03")] == [1, 1, 3]
    in_session(here)
    made = decide(here, ORDER, candidates=("99.02", "99.01"))
    after = results.latest_run(category_of(here))
    assert after.no == before.no + 1
    rows = rows_of(after)
    assert [rows["99.02"]["rank"], rows["99.01"]["rank"]] == [1, 2]
    assert {rows[code]["tie_broken_by"] for code in ("99.01", "99.02")} == {"decision"}
    bundle = json.loads(after.bundle)
    assert bundle["decisions"] == [{"order": ["99.02", "99.01"], "reason": LONG}]
    assert list(compare(parse(after.bundle))) == []
    assert [row["total"] for row in rows.values()] == [row["total"] for row in rows_of(before).values()]
    assert before.bundle == db.session.get_one(ResultRun, before.id).bundle
    assert (made.no, made.present, made.quorum, made.run_id) == (1, 9, 5, before.id)
    told = body_of("decision.recorded")
    assert (told["candidates"], told["votes_for"], told["run"]) == (["99.02", "99.01"], 7, before.no)
    assert broken() == []


def test_the_withdrawal_of_an_order_makes_them_tied_again(here):
    in_session(here)
    decide(here, ORDER, candidates=("99.02", "99.01"))
    decide(here, WITHDRAWAL, withdraws=1)
    latest = results.latest_run(category_of(here))
    assert {rows_of(latest)[code]["rank"] for code in ("99.01", "99.02")} == {1}
    assert latest.no == 3
    refused(service.NothingToWithdraw, here, WITHDRAWAL, withdraws=1)
    refused(service.NothingToWithdraw, here, WITHDRAWAL, withdraws=2)
    decide(here, ORDER, candidates=("99.01", "99.02"))
    assert rows_of(results.latest_run(category_of(here)))["99.01"]["rank"] == 1


@pytest.mark.parametrize(
    "candidates", [("99.01", "99.03"), ("99.03", "99.04"), ("99.01", "99.02", "99.03"), ("99.01",), ("99.77",)]
)
def test_an_order_of_others_than_all_who_share_a_rank_is_refused(here, candidates):
    in_session(here)
    refused(service.NotTied, here, ORDER, candidates=candidates)


def test_an_order_names_everybody_once(here):
    in_session(here)
    refused(service.NotTied, here, ORDER, candidates=("99.01", "99.02", "99.01"))


def test_an_order_where_the_rubric_does_not_ask_the_plenary_is_refused(here):
    version = rubric_of(category_of(here))
    version.tie_break = [one for one in version.tie_break if one != "decision"]
    db.session.commit()
    run(here)
    in_session(here)
    refused(service.OrderWithoutEffect, here, ORDER, candidates=("99.01", "99.02"))


def test_an_order_about_somebody_who_withdraws_stays_on_record_and_out_of_the_bundle(here):
    in_session(here)
    decide(here, ORDER, candidates=("99.02", "99.01"))
    withdraw(here, "99.02")
    latest = run(here)
    assert json.loads(latest.bundle).get("decisions", []) == []
    assert rows_of(latest)["99.01"]["rank"] == 1
    assert len(queries.decisions_in_force(category_of(here))) == 1


def withdraw(here, code):
    db.session.execute(update(Nomination).where(Nomination.candidate_code == code).values(state="withdrawn"))
    db.session.commit()


# --- titles -----------------------------------------------------------------------------------------------------------


def test_titles_follow_ranks_and_decisions_at_the_seal_and_the_ranking_stays(here):
    in_session(here)
    decide(here, ORDER, candidates=("99.02", "99.01"))
    before = results.latest_run(category_of(here))
    decide(here, OTHER_WINNER, place=1, candidates=("99.03",))
    decide(here, WITHHOLD, place=3)
    decide(here, TITLE, candidates=("99.04",), title_id="Apresiasi Desa", title_en="Village appreciation")
    assert results.latest_run(category_of(here)).id == before.id
    close(here)
    sealed = seal(here)
    assert sealed.run_id == before.id
    assert holders(here) == [
        (1, "Terbaik I", "99.03", False),
        (2, "Terbaik II", "99.01", False),
        (4, "Apresiasi Desa", "99.04", False),
    ]
    assert broken() == []


def test_those_who_share_a_rank_share_its_title_until_something_is_decided(here):
    seal(here)
    assert holders(here) == [
        (1, "Terbaik I", "99.01", True),
        (1, "Terbaik I", "99.02", True),
        (3, "Terbaik III", "99.03", False),
    ]


def test_a_title_goes_only_to_a_ranked_candidate_that_does_not_hold_one(here):
    fail_gate(here, nominations(here)[3])
    latest = run(here)
    assert rows_of(latest)["99.04"]["state"] == CandidateState.INELIGIBLE
    in_session(here)
    refused(service.CalculatedHolder, here, OTHER_WINNER, place=1, candidates=("99.02",))
    refused(service.WithoutRank, here, OTHER_WINNER, place=1, candidates=("99.04",))
    refused(service.WithoutRank, here, TITLE, candidates=("99.04",), title_id="x", title_en="x")
    refused(service.WithoutRank, here, TITLE, candidates=("99.77",), title_id="x", title_en="x")
    refused(service.HoldsTitle, here, TITLE, candidates=("99.03",), title_id="x", title_en="x")
    refused(service.NoSuchTitle, here, WITHHOLD, place=4)
    decide(here, WITHHOLD, place=1)
    refused(service.AlreadyDecided, here, WITHHOLD, place=1)
    refused(service.AlreadyDecided, here, OTHER_WINNER, place=1, candidates=("99.03",))
    decide(here, OTHER_WINNER, place=2, candidates=("99.03",))
    refused(service.AlreadyDecided, here, OTHER_WINNER, place=3, candidates=("99.03",))
    refused(service.AlreadyDecided, here, TITLE, candidates=("99.03",), title_id="x", title_en="x")
    decide(here, TITLE, candidates=("99.01",), title_id="Apresiasi", title_en="Appreciation")
    close(here)
    seal(here)
    assert [one[1:3] for one in holders(here)] == [("Apresiasi", "99.01"), ("Terbaik II", "99.03")]


def test_a_decision_about_marks_that_moved_warns_before_the_seal(here):
    in_session(here)
    decide(here, WITHHOLD, place=3)
    close(here)
    latest = results.latest_run(category_of(here))
    assert "decisions" not in {one.code for one in warnings_of(category_of(here), latest)}
    recuse(here, "assessor-3", nominations(here)[3])
    latest = run(here)
    found = {one.code: one.found for one in warnings_of(category_of(here), latest)}
    assert found["decisions"] == 1


def test_a_title_of_somebody_who_withdraws_is_not_given(here):
    in_session(here)
    decide(here, OTHER_WINNER, place=1, candidates=("99.03",))
    decide(here, TITLE, candidates=("99.04",), title_id="Apresiasi", title_en="Appreciation")
    withdraw(here, "99.03")
    withdraw(here, "99.04")
    run(here)
    close(here)
    seal(here)
    assert [one[2] for one in holders(here)] == ["99.01", "99.02"]


def test_a_mention_of_somebody_who_comes_to_hold_the_title_of_a_rank_has_no_effect(here):
    in_session(here)
    decide(here, TITLE, candidates=("99.04",), title_id="Apresiasi", title_en="Appreciation")
    withdraw(here, "99.03")
    run(here)
    close(here)
    seal(here)
    assert [one[1:3] for one in holders(here)] == [
        ("Terbaik I", "99.01"), ("Terbaik I", "99.02"), ("Terbaik III", "99.04"),
    ]  # fmt: skip


# --- two people, quorum, states ---------------------------------------------------------------------------------------


def test_one_person_alone_decides_nothing_whatever_the_account(here):
    other = second_account(here, here.accounts["chair"])
    run(here)
    in_session(here, 10)
    proposal = propose(here, WITHHOLD, place=3)
    before = counted()
    with pytest.raises(SamePerson):
        confirm(here, proposal, "chair")
    assert counted() == before
    with pytest.raises(SamePerson):
        service.confirm_decision(proposal, proposal.digest, actor=other, at=here.now)
    db.session.rollback()
    assert db.session.scalars(select(Decision)).all() == []
    confirm(here, proposal)
    assert broken() == []


def second_account(here, account):
    """Another account of the same person, seated in the panel."""
    other = Account(
        ref=random_ref("U"), person_id=account.person_id, email="again@contoh.test", name="Again", position="",
        password=account.password, fs_uniquifier=random_ref("F", 8), created_at=here.now,
    )  # fmt: skip
    db.session.add(other)
    db.session.flush()
    db.session.add(
        Seat(category_id=here.category.id, account_id=other.id, role="member", code="J99", decree_number="SK",
             seated_at=here.now)
    )  # fmt: skip
    db.session.commit()
    seat = PolicySeat(here.category.id, "member")
    return Actor(user_id=other.id, person_id=other.person_id, ref=other.ref, name="Again", fresh=True,
                 seats={here.category.id: seat})  # fmt: skip


def test_below_the_quorum_nothing_is_decided_not_even_confirmed(here):
    in_session(here, 4)
    refused(service.BelowPlenaryQuorum, here, WITHHOLD, place=3, votes=Votes(4, 0, 0))
    five = [one.code for one in seats(here)[:5]]
    service.set_attendance(category_of(here), five, actor=here.actor("chair"), at=here.now)
    db.session.commit()
    proposal = propose(here, WITHHOLD, place=3, votes=Votes(4, 0, 1))
    service.set_attendance(category_of(here), five[:4], actor=here.actor("chair"), at=here.now)
    db.session.commit()
    before = counted()
    with pytest.raises(service.BelowPlenaryQuorum):
        confirm(here, proposal)
    assert counted() == before
    assert get_proposal(proposal.ref).state == "waiting"


def test_only_those_who_are_there_record_a_decision(here):
    in_session(here, 6)
    proposal = propose(here, WITHHOLD, place=3, votes=Votes(6, 0, 0))
    with pytest.raises(service.NotPresent):
        confirm(here, proposal, "assessor-9")
    db.session.rollback()
    codes = [one.code for one in seats(here) if one.account_id != here.accounts["chair"].id]
    service.set_attendance(category_of(here), codes, actor=here.actor("organiser-1"), at=here.now)
    db.session.commit()
    refused(service.NotPresent, here, WITHHOLD, place=2, votes=Votes(8, 0, 0))


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"votes": Votes(7, 1, 0)}, service.VotesOfOthers),
        ({"votes": Votes(4, 4, 1)}, service.NotCarried),
        ({"reason": "  "}, MissingReason),
        ({"reason": "Singkat."}, service.ReasonTooShort),
        ({"digest": "0" * 64}, RunMoved),
    ],
)
def test_votes_reason_and_run_are_those_of_the_plenary(here, said, error):
    in_session(here)
    refused(error, here, WITHHOLD, place=3, **said)


def test_without_a_session_or_a_run_nothing_is_decided(app, db_session):
    here = contest(3)
    in_session(here)
    with pytest.raises(NoRun):
        service.propose_decision(
            category_of(here), Wish(WITHHOLD, "", Votes(9, 0, 0), LONG, place=3), actor=here.actor("chair"), at=here.now
        )
    db.session.rollback()
    run(here)
    close(here)
    refused(service.NoPlenary, here, WITHHOLD, place=3)


def test_a_decision_about_somebody_who_has_withdrawn_is_refused_with_its_name(here):
    in_session(here)
    withdraw(here, "99.03")
    before = counted()
    with pytest.raises(service.CandidateGone) as refusal:
        propose(here, OTHER_WINNER, place=1, candidates=("99.03",))
    assert refusal.value.params == {"name": "Pemerintah Kabupaten Contoh 3"}
    assert counted() == before
    refused(service.CandidateGone, here, ORDER, candidates=("99.03", "99.01"))


def test_a_run_that_moved_voids_what_waits(here):
    in_session(here)
    proposal = propose(here, WITHHOLD, place=3)
    with pytest.raises(ProposalWaiting):
        propose(here, WITHHOLD, place=3)
    db.session.rollback()
    recuse(here, "assessor-9", nominations(here)[3])
    with pytest.raises(ProposalVoid):
        confirm(here, proposal)
    db.session.rollback()
    refused(RunMoved, here, WITHHOLD, place=2, votes=Votes(8, 0, 0))
    run(here)
    assert get_proposal(proposal.ref).state == "void"


def test_outside_the_plenary_nothing_is_opened_or_decided(here):
    in_session(here)
    proposal = propose(here, WITHHOLD, place=3)
    category_of(here).state = 5
    db.session.commit()
    with pytest.raises(WrongState):
        propose(here, WITHHOLD, place=2)
    db.session.rollback()
    with pytest.raises(WrongState):
        confirm(here, proposal)
    db.session.rollback()
    with pytest.raises(WrongState):
        close(here)
    db.session.rollback()
    assert db.session.scalars(select(Decision)).all() == []


def test_decisions_and_attendance_only_grow(here):
    in_session(here)
    made = decide(here, WITHHOLD, place=3)
    for statement in (
        update(Decision).where(Decision.id == made.id).values(reason="x"),
        update(PlenaryAttendance).values(present=False),
    ):
        with pytest.raises(DBAPIError):
            db.session.execute(statement)
        db.session.rollback()


def test_a_seal_that_was_proposed_before_a_decision_does_not_stand(here):
    in_session(here)
    close(here)
    made = results.latest_run(category_of(here))
    acknowledge_all(here, made)
    proposal = sealing.propose_seal(category_of(here), made.digest, actor=here.actor("chair"), at=here.now)
    db.session.commit()
    in_session(here)
    decide(here, WITHHOLD, place=3)
    close(here)
    with pytest.raises(ProposalVoid):
        sealing.confirm_seal(proposal, proposal.digest, actor=here.actor("organiser-1"), at=here.now)
    db.session.rollback()
    assert Decimal(category_of(here).state) == 6
