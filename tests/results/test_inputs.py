"""What goes into a ranking: submitted sheets, verified figures, caps, gates; and in how many reads."""

import json
from decimal import Decimal

import pytest
from sqlalchemy import update

from paritrana.core.bundle import compare, parse
from paritrana.core.lifecycle import State
from paritrana.core.ranking import rank
from paritrana.database import db
from paritrana.interviews.models import Attendance, InterviewDay, InterviewSession
from paritrana.panels.models import Seat
from paritrana.results import queries
from paritrana.sheets.models import Mark, Sheet
from paritrana.verification.models import GateFinding, Verification
from tests.factories import world
from tests.factories_results import category_of, contest, fail_gate, lose_figure, nominations, recuse, run


@pytest.fixture
def here(app, db_session):
    return contest(3)


def inputs(here):
    return queries.inputs(category_of(here))


def test_submitted_marks_and_computed_values_become_a_contest(here):
    given = inputs(here)
    assert [one.code for one in given.contest.candidates] == ["99.01", "99.02", "99.03"]
    assert given.contest.candidates[0].name == "Pemerintah Kabupaten Contoh 1"
    assert sorted(given.contest.assessors) == [f"J{no}" for no in range(1, 10)]
    assert len(given.contest.marks) == 3 * 9 * 7
    assert {one.indicator for one in given.contest.computed} == {"B1", "B2", "C1", "C2", "C3"}
    assert (given.sheets_in, given.sheets_due) == (27, 27)
    assert [row.rank for row in rank(given.contest)] == [1, 2, 3]


def test_a_sheet_that_is_not_submitted_does_not_count(here):
    sheet = db.session.query(Sheet).order_by(Sheet.id).first()
    sheet.submitted_at = sheet.digest = None
    db.session.commit()
    given = inputs(here)
    assert (given.sheets_in, given.sheets_due) == (26, 27)
    assert len(given.contest.marks) == 26 * 7


def test_an_abstention_is_told_and_an_unmarked_leaf_is_left_out(here):
    first, second = db.session.query(Mark).order_by(Mark.id).limit(2)
    first.value, first.reason, first.abstain_note = None, "abstained", "tidak tahu"
    second.value = None
    db.session.commit()
    marks = inputs(here).contest.marks
    assert len(marks) == 3 * 9 * 7 - 1
    assert [mark.reason for mark in marks if mark.value is None] == ["abstained"]


def test_the_second_round_takes_the_place_of_the_first(here):
    old = db.session.query(Mark).order_by(Mark.id).first()
    db.session.add(
        Mark(sheet_id=old.sheet_id, indicator=old.indicator, round=2, value=Decimal("1.25"), saved_at=here.now)
    )
    db.session.commit()
    values = [mark.value for mark in inputs(here).contest.marks if mark.indicator == old.indicator]
    assert values.count(Decimal("1.25")) == 1
    assert len(values) == 27


def test_whoever_is_recused_late_is_out_of_the_mean_and_stays_in_the_record(here):
    recuse(here, "assessor-3", nominations(here)[0])
    given = inputs(here)
    out = [mark for mark in given.contest.marks if mark.reason == "recused"]
    assert {(mark.candidate, mark.assessor, mark.value) for mark in out} == {("99.01", "J3", None)}
    assert len(out) == 7
    assert (given.sheets_in, given.sheets_due) == (26, 26)


def test_whoever_sits_in_the_region_of_a_candidate_is_out_for_it(here):
    here.accounts["assessor-4"].office_region_code = "99.02"
    db.session.commit()
    out = {(m.candidate, m.assessor) for m in inputs(here).contest.marks if m.reason == "recused"}
    assert out == {("99.02", "J4")}


def test_a_withdrawn_sheet_counts_as_recused(here):
    sheet = db.session.query(Sheet).order_by(Sheet.id).first()
    sheet.withdrawn_at = here.now
    db.session.commit()
    assert len([m for m in inputs(here).contest.marks if m.reason == "recused"]) == 7


def test_an_unverifiable_figure_leaves_the_candidate_incomplete(here):
    lose_figure(here, nominations(here)[0])
    result = rank(inputs(here).contest)
    assert result["99.01"].state == "incomplete"
    assert {one.indicator for one in result["99.01"].reasons} <= {"C1", "C2", "C3"}
    assert result["99.01"].total is None


def test_a_failed_gate_and_an_indicator_that_does_not_apply_are_told(here):
    first, second = nominations(here)[:2]
    fail_gate(here, first)
    verification = db.session.query(Verification).filter_by(nomination_id=second.id).one()
    db.session.add(
        GateFinding(
            verification_id=verification.id, subject="not_applicable", gate="B3", proposed="not_applicable",
            proposed_reason="x", proposed_by=here.accounts["verifier-1"].id, proposed_by_name="V",
            proposed_at=here.now, decided="not_applicable", decided_reason="tidak ada anggaran",
            decided_by=here.accounts["chair"].id, decided_by_name="K", decided_at=here.now,
        )
    )  # fmt: skip
    db.session.commit()
    contest_ = inputs(here).contest
    result = rank(contest_)
    assert result["99.01"].state == "ineligible"
    assert [one.gate for one in result["99.01"].reasons] == ["period"]
    assert [tuple(one) for one in contest_.not_applicable] == [("99.02", "B3", "tidak ada anggaran")]
    assert "B3" not in result["99.02"].points


def test_attendance_caps_the_marks_of_the_interview(here):
    candidate = nominations(here)[0]
    day = InterviewDay(code="contoh-2025-1", cycle_id=here.cycle.id, no=1, on=here.now.date())
    db.session.add(day)
    db.session.flush()
    session = InterviewSession(
        ref="I-1", day_id=day.id, no=1, category_id=here.category.id, nomination_id=candidate.id,
        planned_at=here.now, minutes=20, state="closed",
    )  # fmt: skip
    db.session.add(session)
    db.session.flush()
    ladder = next(one.caps for one in inputs(here).rubric.indicators if one.caps)
    before = queries.inputs_digest(category_of(here))
    db.session.add(
        Attendance(
            session_id=session.id, presenter_rank=ladder[1]["code"], position="Wakil", mode="in_person",
            arrived_at=here.now, identity_seen=True, mandate_letter=True, recorded_by=here.accounts["organiser-1"].id,
            recorded_by_name="O", recorded_at=here.now,
        )
    )  # fmt: skip
    db.session.commit()
    assert [(one.candidate, one.indicator, str(one.value)) for one in inputs(here).contest.caps] == [
        ("99.01", "E1", ladder[1]["cap"])
    ]
    assert queries.inputs_digest(category_of(here)) != before


@pytest.mark.parametrize("change", ["recusal", "finding", "gate", "sheet", "seat", "withdrawal"])
def test_whatever_moves_an_input_moves_its_digest(here, change):
    before = queries.inputs_digest(category_of(here))
    assert queries.inputs_digest(category_of(here)) == before
    candidate = nominations(here)[0]
    if change == "recusal":
        recuse(here, "assessor-3", candidate)
    elif change == "finding":
        lose_figure(here, candidate)
    elif change == "gate":
        fail_gate(here, candidate)
    elif change == "sheet":
        db.session.execute(update(Sheet).where(Sheet.nomination_id == candidate.id).values(digest="f" * 64))
    elif change == "seat":
        db.session.execute(update(Seat).where(Seat.code == "J9").values(ended_at=here.now))
    else:
        candidate.state = "withdrawn"
    db.session.commit()
    assert queries.inputs_digest(category_of(here)) != before


@pytest.mark.parametrize("count", [2, 40])
def test_reading_the_inputs_takes_as_many_statements_for_two_as_for_forty(app, db_session, statements, count):
    here = contest(count)
    category = category_of(here)
    db.session.commit()
    with statements() as sent:
        given = queries.inputs(category)
        list(given.contest.candidates)
    assert len([one for one in sent if one.startswith("SELECT")]) <= 19  # the last of them reads the plenary's orders


def test_the_stored_bundle_recomputes_to_itself(here):
    made = run(here)
    bundle = parse(made.bundle)
    assert compare(bundle) == []
    assert bundle.provenance is not None
    assert bundle.provenance["run"] == "1"
    assert bundle.provenance["rubric_digest"] == made.rubric_digest
    assert json.loads(made.bundle)["cycle"]["code"] == "contoh-2025"


def test_no_candidates_give_an_empty_ranking(app, db_session):
    made = run(world(state=State.PLENARY))
    assert compare(parse(made.bundle)) == []
    assert made.sheets_due == 0
