"""Reads of runs, seals and titles, and the one read of everything a ranking is computed from."""

import hashlib
import heapq
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Select,
    String,
    Text,
    and_,
    case,
    cast,
    collate,
    func,
    literal,
    or_,
    select,
    true,
    type_coerce,
    union_all,
)
from sqlalchemy.orm import defer, joinedload

from paritrana.accounts.models import Account
from paritrana.core import ranking
from paritrana.core.consolidation import FIRST, SECOND
from paritrana.core.errors import NotFound
from paritrana.core.ranking import RECUSED, Candidate, Cap, Computed, Contest, Mark, NotApplicable
from paritrana.core.rubric import Rubric, Source
from paritrana.cycles.models import Category, Cycle, Indicator, Proposal, RubricVersion
from paritrana.cycles.queries import core_rubric, rubric_of
from paritrana.database import UtcDateTime, canonical, db
from paritrana.interviews import queries as interviews
from paritrana.interviews.models import Attendance, InterviewSession
from paritrana.nominations.models import Nomination
from paritrana.nominations.queries import CANDIDATE_STATES, nominations_of
from paritrana.panels.models import JUDGING, Recusal, not_waived
from paritrana.panels.models import Seat as PanelSeat
from paritrana.panels.queries import conflicts_in
from paritrana.reference.models import Organisation, TargetFigure
from paritrana.results.corrections.models import Correction
from paritrana.results.models import Award, ResultRun, Seal
from paritrana.results.plenary.queries import DECIDED, order_traces, orders_of
from paritrana.sheets.models import Mark as SheetMark
from paritrana.sheets.models import Sheet
from paritrana.sheets.reopening.queries import reopened_after_others
from paritrana.verification.counted import Counted, counted_values, told
from paritrana.verification.models import Finding, GateFinding, Override, Verification
from paritrana.verification.values import gates_decided, not_applicable

SEAL_ACT = "seal_results"
SCORED_AGAIN = "consolidation:"  # begins the keys of a bundle's provenance that hold both rounds of an indicator
SHEET = "sheet:"  # begins the keys of a bundle's provenance that hold the digest of a submitted sheet
FINDINGS = "findings:"  # begins those that hold the digest of what was found for a candidate
REOPENED = "reopened:"  # begins the keys of a bundle's provenance that name sheets which were opened again
SET_VALUE = "override:"  # begins the keys of a bundle's provenance that mark values which were set, not computed


@dataclass(frozen=True)
class Inputs:
    """What a ranking is computed from, and what else a run records of it."""

    contest: Contest
    rubric: RubricVersion
    nominations: Mapping[str, Nomination]  # by candidate code
    sheets_in: int
    sheets_due: int
    sheets_digest: str
    digests: Mapping[str, str]  # keys and texts for the provenance: the digest of every counted sheet and finding
    set_values: Mapping[str, str]  # keys and texts for the provenance: which computed values two people set, and why
    reopened: Mapping[str, str]  # the same for sheets that were opened again after others' marks could be read
    scored_again: Mapping[str, str]  # the same for what was scored again: both rounds, and which of them counts


def inputs(category: Category) -> Inputs:
    """The contest of a category as submitted, verified and decided by the plenary (a fixed number of statements).

    Marks come from submitted sheets. A sheet whose assessor is out for the candidate counts as recused in every
    indicator; a computed indicator without a value has no row. Raises `BadContest` when the inputs contradict.
    """
    version = rubric_of(category)
    rubric = core_rubric(version)
    nominations = nominations_of(category, CANDIDATE_STATES)
    codes = {one.id: one.candidate_code for one in nominations}
    seats = db.session.execute(
        select(
            PanelSeat.account_id,
            PanelSeat.code,
            and_(PanelSeat.ended_at.is_(None), PanelSeat.role.in_(JUDGING)).label("marks"),
        ).where(PanelSeat.category_id == category.id)
    ).all()
    seat_codes = {account_id: code for account_id, code, _marks in seats}
    sheets = [sheet for sheet in _sheets(category) if sheet.nomination_id in codes and sheet.assessor_id in seat_codes]
    conflicts = conflicts_in(category)
    recused = {
        (sheet.assessor_id, sheet.nomination_id)
        for sheet in sheets
        if sheet.withdrawn_at is not None or (sheet.assessor_id, sheet.nomination_id) in conflicts
    }
    counted = [sheet for sheet in sheets if sheet.submitted_at is not None and _pair(sheet) not in recused]
    active = {account_id for account_id, _code, marks in seats if marks}
    judging = active | {sheet.assessor_id for sheet in sheets}
    failed, excused = gates_decided(list(codes)), not_applicable(list(codes))
    values = counted_values(category, version, nominations)
    marks, again = _marks(category, counted, codes, seat_codes, version.counted_round)
    contest = Contest(
        cycle=_cycle(category.cycle),
        category=ranking.Category(category.slug, category.title_id),
        rubric=rubric,
        assessors=tuple(sorted(seat_codes[one] for one in judging)),
        candidates=tuple(
            Candidate(one.candidate_code, one.organisation.name, tuple(failed[one.id])) for one in nominations
        ),
        # In the order of the bundle, which then has nothing to sort and to check again.
        marks=tuple(sorted([*marks, *_recused(rubric, recused, codes, seat_codes)], key=itemgetter(0, 1, 2))),
        computed=tuple(
            Computed(codes[nomination_id], indicator, Decimal(found.value))
            for (nomination_id, indicator), found in values.items()
            if found.value is not None
        ),
        caps=tuple(
            Cap(codes[nomination_id], indicator, cap.value, str(cap.reason))
            for (nomination_id, indicator), cap in interviews.caps_for(version, nominations).items()
        ),
        not_applicable=tuple(
            NotApplicable(codes[nomination_id], indicator, reason)
            for nomination_id, reasons in excused.items()
            for indicator, reason in reasons.items()
        ),
        decisions=orders_of(category, [one.candidate_code for one in nominations]),
    )
    out = {pair for pair in conflicts | recused if pair[0] in active and pair[1] in codes}
    # Whoever left owes nothing any more, but what was submitted before counts.
    left = sum(sheet.assessor_id not in active for sheet in counted)
    lines = sorted([codes[one.nomination_id], seat_codes[one.assessor_id], one.digest or ""] for one in counted)
    return Inputs(
        contest=contest,
        rubric=version,
        nominations={one.candidate_code: one for one in nominations},
        sheets_in=len(counted),
        sheets_due=len(active) * len(codes) - len(out) + left,
        sheets_digest=hashlib.sha256(canonical(lines)).hexdigest(),
        digests={f"{SHEET}{candidate}:{seat}": digest for candidate, seat, digest in lines}
        | _finding_digests(category),
        set_values=_set_values(values, codes),
        reopened={
            f"{REOPENED}{candidate}:{seat}": "opened again after the marks of others could be read"
            for candidate, seat in reopened_after_others(category)
        },
        scored_again=again,
    )


def _finding_digests(category: Category) -> dict[str, str]:
    """For each candidate a digest over what was found for every claimed figure (one statement)."""
    rows = db.session.execute(
        select(Nomination.candidate_code, Finding.kind, Finding.figure, Finding.verdict, Finding.found, Finding.version)
        .join(Verification, Verification.nomination_id == Nomination.id)
        .join(Finding, Finding.verification_id == Verification.id)
        .where(Nomination.category_id == category.id, Nomination.state.in_(CANDIDATE_STATES))
    )
    by_candidate: dict[str, list[list[Any]]] = {}
    for candidate, *found in rows:
        by_candidate.setdefault(candidate, []).append(found)
    return {
        f"{FINDINGS}{candidate}": hashlib.sha256(canonical(sorted(found, key=itemgetter(0, 1)))).hexdigest()
        for candidate, found in by_candidate.items()
    }


def _set_values(values: Mapping[tuple[int, str], Counted], codes: Mapping[int, str]) -> dict[str, str]:
    return {
        f"{SET_VALUE}{codes[nomination_id]}:{indicator}": canonical(told(found.override)).decode()
        for (nomination_id, indicator), found in values.items()
        if found.override is not None
    }


def _cycle(cycle: Cycle) -> ranking.Cycle:
    return ranking.Cycle(cycle.code, cycle.assessment_year, cycle.edition_label, cycle.tier, cycle.region_code)


def _pair(sheet: Any) -> tuple[int, int]:
    return sheet.assessor_id, sheet.nomination_id


def _sheets(category: Category) -> Sequence[Any]:
    return db.session.execute(
        select(
            Sheet.id, Sheet.nomination_id, Sheet.assessor_id, Sheet.digest, Sheet.submitted_at, Sheet.withdrawn_at
        ).where(Sheet.category_id == category.id, Sheet.attempt == category.attempt)
    ).all()


def _marks(
    category: Category,
    counted: Sequence[Any],
    codes: Mapping[int, str],
    seat_codes: Mapping[int, str],
    counted_round: int,
) -> tuple[list[Mark], dict[str, str]]:
    """The marks of these sheets; where an indicator was scored again, the mark of the round that the rubric counts.

    With it, for the provenance, both rounds of every indicator of a candidate that was scored again.
    """
    pairs = {sheet.id: (codes[sheet.nomination_id], seat_codes[sheet.assessor_id]) for sheet in counted}
    rounds: dict[int, dict[tuple[str, str, str], Mark]] = {FIRST: {}, SECOND: {}}
    exact = cache(Decimal)  # a thousand candidates are judged with the same few hundred values
    rows: Any = db.session.execute(
        select(
            SheetMark.sheet_id,
            SheetMark.indicator,
            SheetMark.round,
            type_coerce(SheetMark.value, Text),
            SheetMark.reason,
        )
        .join(Sheet, Sheet.id == SheetMark.sheet_id)
        .where(
            Sheet.category_id == category.id,
            Sheet.attempt == category.attempt,
            Sheet.submitted_at.is_not(None),
            or_(SheetMark.value.is_not(None), SheetMark.reason.is_not(None)),
        )
    )
    for sheet, indicator, number, text, reason in rows:
        if sheet in pairs:
            candidate, assessor = pairs[sheet]
            value = None if text is None else exact(text)
            rounds[number][candidate, indicator, assessor] = Mark(candidate, indicator, assessor, value, reason)
    counting = rounds[FIRST] | (rounds[SECOND] if counted_round >= SECOND else {})
    return list(counting.values()), _both_rounds(rounds, counted_round)


def _both_rounds(rounds: Mapping[int, Mapping[tuple[str, str, str], Mark]], counted_round: int) -> dict[str, str]:
    """What the provenance says of every indicator of a candidate that was scored again."""
    said: dict[tuple[str, str], dict[int, dict[str, str]]] = {
        key[:2]: {FIRST: {}, SECOND: {}} for key in rounds[SECOND]
    }
    for number, marks in rounds.items() if said else ():
        for (candidate, indicator, assessor), mark in marks.items():
            if (candidate, indicator) in said:
                told = str(mark.reason) if mark.value is None else format(mark.value, "f")
                said[candidate, indicator][number][assessor] = told
    return {
        f"{SCORED_AGAIN}{candidate}:{indicator}": canonical(
            {"counted_round": counted_round, "first": told[FIRST], "second": told[SECOND]}
        ).decode()
        for (candidate, indicator), told in said.items()
    }


def _recused(
    rubric: Rubric, pairs: Collection[tuple[int, int]], codes: Mapping[int, str], seat_codes: Mapping[int, str]
) -> list[Mark]:
    return [
        Mark(codes[nomination], one.code, seat_codes[assessor], None, RECUSED)
        for assessor, nomination in pairs
        for one in rubric.indicators
        if one.source == Source.PANEL
    ]


def inputs_digest(category: Category) -> str:
    """A digest that moves when anything moves that `inputs` reads (one statement, whatever the number of marks).

    A submitted sheet is told by its own digest, findings by their number and the sum of their versions.
    """
    return digests(category).inputs


class Digests(NamedTuple):
    """Over what a ranking is computed from; `basis` leaves out what the plenary decided about it."""

    inputs: str
    basis: str


def digests(category: Category) -> Digests:
    """Both digests of what a category's ranking is computed from (one statement)."""
    traces: Any = db.session.execute(union_all(*_traces(category), order_traces(category)))
    rows: list[tuple[Any, ...]] = sorted(tuple(row) for row in traces)
    basis = [row for row in rows if row[0] != DECIDED]
    inputs = _digest(category, rows)
    return Digests(inputs, inputs if len(basis) == len(rows) else _digest(category, basis))


def _digest(category: Category, rows: Sequence[tuple[Any, ...]]) -> str:
    cycle = category.cycle
    head: list[Any] = [
        category.rubric_version_id, category.attempt, category.title_id, cycle.edition_label, cycle.election_held,
        cycle.target_instrument, cycle.target_year,
    ]  # fmt: skip
    return hashlib.sha256(canonical([head, rows])).hexdigest()


def _traces(category: Category) -> list[Select[tuple[str, int, str]]]:
    """Kind, number and a short text of every row whose change may change a ranking."""

    def text(*parts: Any) -> Any:
        joined: Any = literal("")
        for part in parts:
            joined = joined + literal(":") + cast(part, String)
        return joined

    def gone(moment: Any) -> Any:
        return case((moment.is_(None), literal("in")), else_=literal("out"))

    mine = Nomination.category_id == category.id
    return [
        select(literal("nomination"), Nomination.id, text(Nomination.revision_no, Organisation.name))
        .join(Organisation, Organisation.id == Nomination.organisation_id)
        .where(mine, Nomination.state.in_(CANDIDATE_STATES)),
        select(
            literal("seat"),
            PanelSeat.id,
            text(
                PanelSeat.code,
                gone(PanelSeat.ended_at),
                case((PanelSeat.role.in_(JUDGING), literal("")), else_=PanelSeat.role),
            ),
        ).where(PanelSeat.category_id == category.id),
        select(
            literal("sheet"), Sheet.id, text(func.coalesce(Sheet.digest, literal("")), gone(Sheet.withdrawn_at))
        ).where(Sheet.category_id == category.id, Sheet.attempt == category.attempt),
        select(literal("again"), Sheet.id, text(func.count(), func.sum(SheetMark.version)))
        .join(SheetMark, SheetMark.sheet_id == Sheet.id)
        .where(Sheet.category_id == category.id, Sheet.attempt == category.attempt, SheetMark.round == SECOND)
        .group_by(Sheet.id),
        select(literal("recusal"), Recusal.id, literal("")).where(Recusal.category_id == category.id, not_waived()),
        select(literal("finding"), Verification.id, text(func.count(), func.sum(Finding.version)))
        .join(Finding, Finding.verification_id == Verification.id)
        .join(Nomination, Nomination.id == Verification.nomination_id)
        .where(mine)
        .group_by(Verification.id),
        select(literal("gate"), GateFinding.id, text(GateFinding.version))
        .join(Verification, Verification.id == GateFinding.verification_id)
        .join(Nomination, Nomination.id == Verification.nomination_id)
        .where(mine),
        select(literal("override"), Override.id, text(Override.version))
        .join(Verification, Verification.id == Override.verification_id)
        .join(Nomination, Nomination.id == Verification.nomination_id)
        .where(mine, Override.state == "confirmed"),
        select(literal("attendance"), Attendance.id, text(Attendance.version, InterviewSession.attempt))
        .join(InterviewSession, InterviewSession.id == Attendance.session_id)
        .where(InterviewSession.category_id == category.id),
        select(literal("target"), TargetFigure.id, text(TargetFigure.value)).where(
            TargetFigure.year == category.cycle.target_year,
            TargetFigure.instrument == category.cycle.target_instrument,
        ),
    ]


def latest_run(category: Category) -> ResultRun | None:
    """The newest run of a category, where there is one; its bundle, which is large, is read when it is asked for."""
    return db.session.scalar(
        select(ResultRun)
        .where(ResultRun.category_id == category.id)
        .options(defer(ResultRun.bundle))
        .order_by(ResultRun.no.desc())
        .limit(1)
    )


def newest_with_proposal(category: Category) -> tuple[ResultRun | None, Proposal | None]:
    """The newest run of a category, without its bundle, and the proposal to seal that waits (one statement)."""
    waiting = and_(Proposal.category_id == ResultRun.category_id, Proposal.act == SEAL_ACT, Proposal.state == "waiting")
    found = db.session.execute(
        select(ResultRun, Proposal)
        .outerjoin(Proposal, waiting)
        .where(ResultRun.category_id == category.id)
        .options(defer(ResultRun.bundle))
        .order_by(ResultRun.no.desc())
        .limit(1)
    ).one_or_none()
    return (None, None) if found is None else (found[0], found[1])


def run_in_force(category: Category) -> ResultRun | None:
    """The corrected or sealed run of a category, or else its newest, without the bundle (one statement)."""
    return db.session.scalar(
        select(ResultRun)
        .outerjoin(Correction, Correction.run_id == ResultRun.id)
        .outerjoin(Seal, Seal.run_id == ResultRun.id)
        .where(ResultRun.category_id == category.id)
        .options(defer(ResultRun.bundle))
        .order_by(Correction.id.is_(None), Correction.no.desc(), Seal.id.is_(None), ResultRun.no.desc())
        .limit(1)
    )


def last_correction_no(category: Category) -> int:
    """The number of the newest correction; 0 where the result stands as it was sealed."""
    return db.session.scalar(select(func.max(Correction.no)).where(Correction.category_id == category.id)) or 0


def all_awards_of(category: Category) -> Sequence[Award]:
    """The titles of a category with those that a correction ended (one statement)."""
    return db.session.scalars(select(Award).where(Award.category_id == category.id).order_by(Award.id)).all()


def last_run_no(category: Category) -> int:
    """The number of the newest run; 0 before the first."""
    return db.session.scalar(select(func.max(ResultRun.no)).where(ResultRun.category_id == category.id)) or 0


def seal_of(category: Category) -> Seal | None:
    """The seal of a category with its run, where it is sealed; the bundle is read when it is asked for."""
    return db.session.scalar(
        select(Seal)
        .where(Seal.category_id == category.id)
        .options(joinedload(Seal.run, innerjoin=True).defer(ResultRun.bundle))
    )


def seals_of(category_ids: Collection[int]) -> Mapping[int, Seal]:
    """The seals of these categories with their runs, by category (one statement)."""
    found = db.session.scalars(
        select(Seal).where(Seal.category_id.in_(category_ids)).options(joinedload(Seal.run, innerjoin=True))
    )
    return {seal.category_id: seal for seal in found}


def awards_of(category: Category) -> Sequence[Award]:
    """The titles of a category with their holders, by rank (one statement)."""
    return awards_in([category.id])


def awards_in(category_ids: Collection[int]) -> Sequence[Award]:
    """The titles of these categories with their holders, by category and rank (one statement)."""
    return db.session.scalars(
        select(Award)
        .join(Award.nomination)
        .join(Nomination.organisation)
        .where(Award.category_id.in_(category_ids), Award.ended_at.is_(None))
        .options(joinedload(Award.nomination, innerjoin=True).joinedload(Nomination.organisation, innerjoin=True))
        .order_by(Award.category_id, Award.rank, Nomination.candidate_code)
    ).all()


def get_award(cycle: str, cat: str, candidate: str) -> Award:
    """The title of one candidate, by its code, with its category, cycle and holder. Raises `NotFound`."""
    found = db.session.scalar(
        select(Award)
        .join(Award.nomination)
        .join(Award.category)
        .join(Category.cycle)
        .where(Cycle.code == cycle, Category.slug == cat, Nomination.candidate_code == candidate)
        .where(Award.ended_at.is_(None))
        .options(
            joinedload(Award.category, innerjoin=True).joinedload(Category.cycle, innerjoin=True),
            joinedload(Award.nomination, innerjoin=True).joinedload(Nomination.organisation, innerjoin=True),
        )
    )
    if found is None:
        raise NotFound
    return found


def nominations_by_code(category: Category) -> Mapping[str, int]:
    """The ids of the candidates of a category by their codes (one statement)."""
    rows = db.session.execute(
        select(Nomination.candidate_code, Nomination.id).where(
            Nomination.category_id == category.id, Nomination.state.in_(CANDIDATE_STATES)
        )
    ).all()
    return dict(rows)


def get_seal_proposal(cycle: str, cat: str, proposal: str) -> Proposal:
    """A proposal to seal the result of a category. Raises `NotFound`."""
    return get_proposal_of(SEAL_ACT, cycle, cat, proposal)


def get_proposal_of(act: str, cycle: str, cat: str, ref: str) -> Proposal:
    """The proposal `ref` for `act` in a category of a cycle, both loaded. Raises `NotFound`."""
    found = db.session.scalar(
        select(Proposal)
        .join(Proposal.category)
        .join(Category.cycle)
        .where(Cycle.code == cycle, Category.slug == cat, Proposal.ref == ref, Proposal.act == act)
        .options(joinedload(Proposal.category, innerjoin=True).joinedload(Category.cycle, innerjoin=True))
    )
    if found is None:
        raise NotFound
    return found


# All marks of a category ----------------------------------------------------------------------------------------------


class MarkRow(NamedTuple):
    """One mark as it leaves in a file. `counts` tells whether a run reads it: one round of each mark counts.

    A recused pair has one row for each judged indicator, without a value; what its sheet says stays with its assessor.
    """

    candidate: str
    assessor: str
    position: int  # of the indicator in its rubric
    round: int
    candidate_name: str
    assessor_name: str
    indicator: str
    value: Decimal | None
    reason: str | None  # abstained, recused
    note: str  # the reason of an abstention in the assessor's words
    sheet: str
    submitted_at: datetime | None
    version: int | None
    counts: bool = True


class SetValue(NamedTuple):
    """A value that two people set for a candidate in place of the computed one, as it leaves in a file."""

    candidate: str
    indicator: str
    value: Decimal
    computed: Decimal | None
    reason: str


def set_values_of(category: Category) -> Sequence[SetValue]:
    """What is set in a category, by candidate code and indicator, codes compared by code point (one statement)."""
    rows = db.session.execute(
        select(Nomination.candidate_code, Override.indicator, Override.value, Override.computed, Override.reason)
        .join(Verification, Verification.id == Override.verification_id)
        .join(Nomination, Nomination.id == Verification.nomination_id)
        .where(
            Nomination.category_id == category.id,
            Nomination.state.in_(CANDIDATE_STATES),
            Override.state == "confirmed",
            Override.value.is_not(None),
        )
    ).all()
    return sorted(
        SetValue(candidate, indicator, Decimal(value or 0), None if computed is None else Decimal(computed), reason)
        for candidate, indicator, value, computed, reason in rows
    )


STREAMED = 2000  # rows that are in memory at once


def marks_of(category: Category, nominations: Collection[int] | None = None) -> Iterator[MarkRow]:
    """Every mark of the submitted sheets of a category (six statements, memory for `STREAMED` rows).

    By candidate code, assessor code, place of the indicator and round, codes compared by code point. The rows that
    count are the marks that `inputs` reads. `nominations` are the ids of the only candidates that are wanted.
    """
    conflicts = conflicts_in(category)
    wanted = true() if nominations is None else Nomination.id.in_(nominations)
    recused = _recused_rows(category, conflicts, wanted)
    rows = heapq.merge(_submitted_rows(category, conflicts, wanted), recused, key=itemgetter(0, 1, 2, 3))
    return _with_what_counts(rows, rubric_of(category).counted_round)


def by_code(column: Any) -> Any:
    """A column in the order of code points: that of every SQLite, and of the collation "C" of PostgreSQL."""
    return collate(column, "C" if db.engine.dialect.name == "postgresql" else "BINARY")


def _sheets_with_people(category: Category, *columns: Any) -> Select[Any]:
    """The sheets of the present attempt with candidate, seat and their names, before `columns`."""
    return (
        select(Nomination.candidate_code, PanelSeat.code, *columns)
        .select_from(Sheet)
        .join(Nomination, and_(Nomination.id == Sheet.nomination_id, Nomination.state.in_(CANDIDATE_STATES)))
        .join(Organisation, Organisation.id == Nomination.organisation_id)
        .join(PanelSeat, and_(PanelSeat.account_id == Sheet.assessor_id, PanelSeat.category_id == Sheet.category_id))
        .join(Account, Account.id == Sheet.assessor_id)
        .where(Sheet.category_id == category.id, Sheet.attempt == category.attempt)
    )


def _submitted_rows(
    category: Category, conflicts: Collection[tuple[int, int]], wanted: ColumnElement[bool]
) -> Iterator[MarkRow]:
    rows = db.session.execute(
        _sheets_with_people(
            category, Indicator.position, SheetMark.round, Organisation.name, Account.name, SheetMark.indicator,
            SheetMark.value, SheetMark.reason, SheetMark.abstain_note, Sheet.ref,
            type_coerce(Sheet.submitted_at, DateTime(timezone=True)), SheetMark.version, Sheet.assessor_id,
            Sheet.nomination_id,
        )
        .join(SheetMark, SheetMark.sheet_id == Sheet.id)
        .join(
            Indicator,
            and_(
                Indicator.rubric_version_id == category.rubric_version_id, Indicator.code == SheetMark.indicator
            ),
        )
        .where(
            wanted,
            Sheet.submitted_at.is_not(None),
            Sheet.withdrawn_at.is_(None),
            or_(SheetMark.value.is_not(None), SheetMark.reason.is_not(None)),
        )
        .order_by(by_code(Nomination.candidate_code), by_code(PanelSeat.code), Indicator.position, SheetMark.round),
        execution_options={"yield_per": STREAMED},
    )  # fmt: skip
    # The moment is made aware once for each sheet: for each mark it would cost more than all other columns together.
    aware, written, moment = UtcDateTime(), None, None
    for row in rows:
        if row[11] != written:
            written, moment = row[11], aware.process_result_value(row[11], db.engine.dialect)
        if not conflicts or (row[13], row[14]) not in conflicts:
            yield MarkRow._make((*row[:11], moment, row[12], True))


def _recused_rows(
    category: Category, conflicts: Collection[tuple[int, int]], wanted: ColumnElement[bool]
) -> list[MarkRow]:
    sheets = db.session.execute(
        _sheets_with_people(
            category, Organisation.name, Account.name, Sheet.ref, Sheet.submitted_at, Sheet.withdrawn_at,
            Sheet.assessor_id, Sheet.nomination_id,
        ).where(
            wanted,
            or_(Sheet.withdrawn_at.is_not(None), Sheet.nomination_id.in_({candidate for _, candidate in conflicts})),
        )
    ).all()  # fmt: skip
    judged = db.session.execute(
        select(Indicator.position, Indicator.code).where(
            Indicator.rubric_version_id == category.rubric_version_id, Indicator.source == Source.PANEL.value
        )
    ).all()
    return sorted(
        MarkRow(one[0], one[1], position, 1, one[2], one[3], code, None, RECUSED, "", one[4], one[5], None)
        for one in sheets
        if one[6] is not None or (one[7], one[8]) in conflicts
        for position, code in judged
    )


def _with_what_counts(rows: Iterable[MarkRow], counted: int) -> Iterator[MarkRow]:
    """The rows again; of one mark the last round up to `counted` counts."""
    held: MarkRow | None = None
    for row in rows:
        if row.round > counted:
            row = row._replace(counts=False)
        if held is not None:
            yield held._replace(counts=False) if row.counts and held[:3] == row[:3] else held
        held = row
    if held is not None:
        yield held
