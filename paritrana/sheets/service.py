"""Changes of score sheets: opening, marking, submitting, stepping back, and the end of scoring (5 → 6)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from paritrana.accounts.models import Account
from paritrana.audit import service as audit
from paritrana.core.errors import BadInput, MissingReason, NotFound, ParitranaError, StaleVersion, WrongState
from paritrana.core.lifecycle import State
from paritrana.core.policy import Actor
from paritrana.core.quantities import Score
from paritrana.core.rubric import Scale
from paritrana.core.scoring import NotOnSheet, sheet_points, steps_above
from paritrana.core.words import N_
from paritrana.cycles.models import Category, Indicator, RubricVersion
from paritrana.cycles.queries import core_rubric
from paritrana.cycles.service import set_state
from paritrana.database import db, random_ref
from paritrana.interviews.service import touch_board
from paritrana.nominations.models import Nomination
from paritrana.nominations.queries import CANDIDATE_STATES
from paritrana.panels.queries import has_declared
from paritrana.sheets import queries
from paritrana.sheets.consolidations import queries as consolidations
from paritrana.sheets.consolidations.closing import close_unfinished
from paritrana.sheets.late.submissions import keep_submission
from paritrana.sheets.models import Mark, MarkRevision, MissingSheet, Sheet
from paritrana.sheets.notices import tell_submitted
from paritrana.sheets.queries import Circumstances, SeatOver

ABSTAINED = "abstained"


class NotDeclared(ParitranaError):
    """A sheet opens after its assessor has said that nothing stands between them and the candidate."""

    code = "not_declared"
    message = N_("Declare first whether there is a conflict of interest.")


class SheetClosed(ParitranaError):
    """A mark came after the assessor submitted the sheet, or stepped back."""

    code = "sheet_closed"
    message = N_("This sheet is submitted and locked. Its marks do not change any more.")


class CandidateWithdrawn(ParitranaError):
    """The nominee has withdrawn: nothing that is said of it counts."""

    code = "candidate_withdrawn"
    message = N_("This candidate has withdrawn. Nothing is scored any more; what was saved stays on record.")


class MarkingNotOpen(ParitranaError):
    """The indicator belongs to the interview, and the candidate's session has not been opened."""

    code = "marking_not_open"
    message = N_("This indicator can be scored once the interview of this candidate has begun.")


class EvidenceAsked(ParitranaError):
    """A verifier asked the nominee about evidence of the indicator and waits for the answer. Params: `no`."""

    code = "evidence_asked"
    message = N_("Change request %(no)s on this evidence is open. Score this indicator once it is answered.")


class RequestsOpen(ParitranaError):
    """A sheet cannot be locked while evidence that it judges may still change. Params: `codes`."""

    code = "requests_open"
    message = N_("A change request on the evidence of %(codes)s is open. Submit the sheet once it is answered.")


class IndicatorExcused(ParitranaError):
    """The chair decided that the indicator does not apply to this candidate. Params: `reason`."""

    code = "indicator_excused"
    message = N_("Not applicable: %(reason)s (chair's decision)")


class AboveCap(BadInput):
    """A mark above what the presenter's rank allows. Params: `max`, `value`."""

    code = "above_cap"
    message = N_("The mark must be between 0 and %(max)s. You wrote %(value)s.")


class MarkAndAbstention(BadInput):
    """A value and an abstention at once."""

    code = "mark_and_abstention"
    message = N_("Give a mark or abstain, not both.")


class MarkMoved(StaleVersion):
    """The mark was saved elsewhere after this page read it. `mark` is the stored one, None where there is none."""

    message = N_("This mark was saved on another page or device. Compare, then choose.")

    def __init__(self, mark: Mark | None) -> None:
        super().__init__()
        self.mark = mark


class SheetMoved(StaleVersion):
    """Marks were saved elsewhere after the page was made on which the sheet was looked through."""

    message = N_("Marks were saved on another page or device since. Look through the sheet once more, then submit it.")


class BlanksLeft(ParitranaError):
    """Indicators without a mark and without an abstention. Params: `n`, `codes`."""

    code = "blanks_left"
    message = N_("%(n)s indicators are not scored. Score or abstain, then submit.")


class SheetsMissing(MissingReason):
    """Sheets are not in and nothing says why. Params: `n`."""

    code = "sheets_missing"
    message = N_("Sheets not submitted: %(n)s. Write a reason for each of them.")


class ChairConcerned(ParitranaError):
    """Something is open of a candidate with whom the chair is in conflict: the deputy, who is chair then, decides."""

    code = "chair_concerned"
    message = N_("Something is open of a candidate you have stepped back from. The deputy closes the scoring.")


def open_sheet(nomination: Nomination, *, actor: Actor, at: datetime, assessor: Account | None = None) -> Sheet:
    """The actor's sheet for a candidate, or that of `assessor`, who wrote on paper; made at the first time.

    The caller commits. One that was withdrawn comes back with its marks after the conflict was waived. Raises
    `WrongState` outside interviews and scoring, `NotDeclared`, `SheetClosed` after stepping back, `SeatOver` without
    a seat.
    """
    assessor_id = assessor.id if assessor is not None else _account(actor)
    category = nomination.category
    audit.lock_stream(_stream(category))
    there = queries.find_sheet(nomination.id, assessor_id, category.attempt)
    if there is not None:
        if there.recused:
            raise SheetClosed
        if there.unseated:
            raise SeatOver
        if there.withdrawn_at is not None:
            _restore(there, actor=actor, at=at)
        return there
    if category.stored_state not in queries.MARKED_IN or nomination.state not in CANDIDATE_STATES:
        raise WrongState
    if not has_declared(assessor_id, nomination.id):
        raise NotDeclared
    sheet = Sheet(
        ref=random_ref("L"),
        category=category,
        nomination=nomination,
        assessor_id=assessor_id,
        attempt=category.attempt,
        revision_no=nomination.revision_no,
        opened_at=at,
        version=1,
        marks=[],
    )
    db.session.add(sheet)
    audit.record(
        _stream(category), "sheet.opened", actor, at=at, object_ref=sheet.ref, nomination=nomination.ref,
        assessor=assessor.ref if assessor is not None else None, **told(sheet),
    )  # fmt: skip
    return sheet


@dataclass(frozen=True)
class Saved:
    """A saved mark with the sheet and the circumstances it was judged in, as they stood at that moment."""

    mark: Mark
    sheet: Sheet
    where: Circumstances


def save_mark(
    sheet: Sheet,
    indicator: str,
    value: Decimal | None,
    *,
    abstain_note: str = "",
    panel_note: str = "",
    feedback: str = "",
    expected: int,
    actor: Actor,
    at: datetime,
) -> Mark:
    """Set what a sheet says about one indicator; the caller commits. Takes and raises what `save` does."""
    return save(
        sheet, indicator, value, abstain_note=abstain_note, panel_note=panel_note, feedback=feedback,
        expected=expected, actor=actor, at=at,
    ).mark  # fmt: skip


def save(
    sheet: Sheet,
    indicator: str,
    value: Decimal | None,
    *,
    abstain_note: str,
    panel_note: str,
    feedback: str,
    expected: int,
    actor: Actor,
    at: datetime,
) -> Saved:
    """Set what a sheet says about one indicator; the caller commits.

    No `value` with an `abstain_note` is an abstention, with neither the indicator is unmarked again. `expected` is the
    version that the sender saw, 0 for none. What is stored already is not stored again. Raises `NotOnSheet`,
    `MarkAndAbstention`, `OffScale`, `AboveCap`, `MarkingNotOpen`, `EvidenceAsked`, `IndicatorExcused`, `SheetClosed`,
    `SeatOver`, `WrongState`, `MarkMoved`.
    """
    audit.lock_stream(_stream(sheet.category))
    sheet = queries.fresh(sheet)
    if sheet.submitted_at is not None or sheet.withdrawn:
        raise SheetClosed
    if sheet.unseated:
        raise SeatOver
    if sheet.nomination.state not in CANDIDATE_STATES:
        raise CandidateWithdrawn
    if sheet.category.stored_state not in queries.MARKED_IN:
        raise WrongState
    where = queries.circumstances(sheet.nomination)
    known = check_mark(sheet, indicator, value, abstain_note, expected=expected, where=where)
    said = said_of(value, abstain_note, panel_note, feedback)
    if known is not None and says(known, said):
        return Saved(known, sheet, where)
    before = _standing(sheet, where)
    mark = write_mark(sheet, indicator, known, said, actor=actor, at=at)
    if _standing(sheet, where) != before:
        touch_board(sheet.category)
    return Saved(mark, sheet, where)


def check_mark(
    sheet: Sheet, indicator: str, value: Decimal | None, abstain_note: str, *, expected: int, where: Circumstances
) -> Mark | None:
    """The stored mark that a sheet which takes marks has for an indicator, where the next one may follow it.

    Raises `NotOnSheet`, `MarkAndAbstention`, `OffScale`, `AboveCap`, `MarkingNotOpen`, `EvidenceAsked`,
    `IndicatorExcused`, `MarkMoved`.
    """
    known = queries.mark_of(sheet, indicator)
    one = _indicator(sheet, indicator, where)
    if (known.version if known is not None else 0) != expected:
        raise MarkMoved(known)
    _check_value(value, abstain_note, one, known, where, scale_of(rubric_on(sheet)))
    return known


def said_of(value: Decimal | None, abstain_note: str, panel_note: str, feedback: str) -> dict[str, Any]:
    """What a mark keeps of what was typed."""
    return {
        "value": value,
        "reason": ABSTAINED if value is None and abstain_note.strip() else None,
        "abstain_note": abstain_note.strip(),
        "panel_note": panel_note.strip(),
        "feedback": feedback.strip(),
    }


def says(one: Any, said: Mapping[str, Any]) -> bool:
    """Whether a mark, in whatever table, says that."""
    return all(getattr(one, name) == given for name, given in said.items())


def _standing(sheet: Sheet, where: Circumstances) -> tuple[bool, bool]:
    """Whether a sheet says something, and whether it says everything: what the board of the day shows of it."""
    says = any(queries.is_said(one) for one in queries.marks_of(sheet).values())
    return says, not queries.blanks(sheet, rubric_on(sheet), where)


def write_mark(
    sheet: Sheet,
    indicator: str,
    known: Mark | None,
    said: Mapping[str, Any],
    *,
    actor: Actor,
    at: datetime,
    source: str | None = None,
) -> Mark:
    """Write the next version of a mark of the first round with its revision and its event; the caller has checked.

    `source` says where it comes from when it is not from the assessor's own hand on a device: `paper`.
    """
    mark = known
    if mark is None:
        mark = Mark(sheet=sheet, indicator=indicator, round=1, version=0)
        db.session.add(mark)
    for name, given in said.items():
        setattr(mark, name, given)
    mark.source = source
    mark.saved_at = at
    mark.version += 1
    db.session.flush()
    db.session.add(
        MarkRevision(
            mark_id=mark.id, version=mark.version, source=source, saved_by=_account(actor), saved_at=at, **said
        )
    )  # fmt: skip
    audit.record(
        _stream(sheet.category), "mark.saved", actor, at=at, object_ref=sheet.ref, nomination=sheet.nomination.ref,
        indicator=indicator, round=mark.round, version=mark.version, source=source, **said,
    )  # fmt: skip
    return mark


def submit_sheet(
    sheet: Sheet, *, seen: int | None = None, source: str | None = None, actor: Actor, at: datetime
) -> Sheet:
    """Lock a sheet with a receipt and a digest over its marks; the caller commits.

    `seen` is the `state_of_marks` of the page on which its assessor looked through them; `source` is `paper` where the
    assessor signed on paper and others act on it. Raises `SheetClosed`, `SeatOver`, `CandidateWithdrawn`, `WrongState`,
    `SheetMoved`, `RequestsOpen`, `BlanksLeft`.
    """
    audit.lock_stream(_stream(sheet.category))
    sheet = queries.fresh(sheet)
    if sheet.submitted_at is not None or sheet.withdrawn:
        raise SheetClosed
    if sheet.unseated:
        raise SeatOver
    if sheet.nomination.state not in CANDIDATE_STATES:
        raise CandidateWithdrawn
    if sheet.category.stored_state not in queries.MARKED_IN:
        raise WrongState
    if seen is not None and seen != state_of_marks(sheet):
        raise SheetMoved
    rubric, where = rubric_on(sheet), queries.circumstances(sheet.nomination)
    asked = [one.code for one in queries.judged(rubric) if one.code not in where.excused and where.request(one)]
    if asked:
        raise RequestsOpen(codes=", ".join(asked))
    left = queries.blanks(sheet, rubric, where)
    if left:
        raise BlanksLeft(n=len(left), codes=", ".join(one.code for one in left))
    content = content_of(sheet)
    kept = keep_submission(sheet, content, source=source, actor=actor, at=at)
    audit.record(
        _stream(sheet.category), "sheet.submitted", actor, at=at, object_ref=sheet.ref,
        nomination=sheet.nomination.ref, **told(sheet), submission=kept.version, source=source, marks=content["marks"],
    )  # fmt: skip
    tell_submitted(sheet, at=at)
    touch_board(sheet.category)
    return sheet


def state_of_marks(sheet: Sheet) -> int:
    """A number that grows with every mark that is saved on a sheet and with every lock or opening of it."""
    return sheet.version + sum(mark.version for mark in sheet.marks)


def told(sheet: Any) -> dict[str, Any]:
    """What an event says of a sheet as it stands now, beside its candidate and its marks."""
    return {
        "attempt": sheet.attempt,
        "revision": sheet.revision_no,
        "opened_at": sheet.opened_at,
        "submitted_at": sheet.submitted_at,
        "receipt": sheet.receipt_no,
        "digest": sheet.digest,
        "withdrawn_at": sheet.withdrawn_at,
        "version": sheet.version,
    }


def content_of(sheet: Sheet) -> dict[str, Any]:
    """What the digest of a sheet covers: whose candidate, which revision, and every mark; values as texts."""
    return {
        "sheet": sheet.ref,
        "nomination": sheet.nomination.ref,
        "attempt": sheet.attempt,
        "revision": sheet.revision_no,
        "marks": [
            {
                "indicator": code,
                "value": None if mark.value is None else format(mark.value, "f"),
                "reason": mark.reason,
                "abstain_note": mark.abstain_note,
                "panel_note": mark.panel_note,
                "feedback": mark.feedback,
                "version": mark.version,
            }
            for code, mark in sorted(queries.marks_of(sheet).items())
        ],
    }


def _restore(sheet: Sheet, *, actor: Actor, at: datetime) -> None:
    """Two people waived the conflict for which the sheet was withdrawn."""
    sheet.withdrawn_at = None
    sheet.version += 1
    audit.record(
        _stream(sheet.category), "sheet.restored", actor, at=at, object_ref=sheet.ref,
        nomination=sheet.nomination.ref, **told(sheet),
    )  # fmt: skip


def withdraw_sheet(nomination: Nomination, *, actor: Actor, at: datetime, account_id: int | None = None) -> None:
    """After a recusal, keep the sheet on record, sealed, and out of the result; the caller commits.

    It is the actor's own, or that of `account_id`, whom the chair took out.
    """
    who = account_id if account_id is not None else _account(actor)
    sheet = queries.find_sheet(nomination.id, who, nomination.category.attempt)
    if sheet is None or sheet.withdrawn_at is not None:
        return
    sheet.withdrawn_at = at
    sheet.version += 1
    audit.record(
        _stream(nomination.category), "sheet.withdrawn", actor, at=at, object_ref=sheet.ref, nomination=nomination.ref,
        **told(sheet),
    )  # fmt: skip


def close_scoring(
    category: Category, reasons: Mapping[tuple[int, int], str], *, unfinished: str = "", actor: Actor, at: datetime
) -> list[MissingSheet]:
    """End the scoring of a category (5 → 6); the caller commits.

    `reasons` says by (nomination, assessor) why a sheet that is due is not in, `unfinished` why second scorings that
    are open end as they are. Raises `ChairConcerned`, `SheetsMissing`, `ConsolidationsUnfinished`, `WrongState`.
    """
    audit.lock_stream(_stream(category))
    missing = queries.missing_sheets(category)
    still_open = [one.nomination for one in consolidations.unfinished(category)]
    if queries.concerns(missing, actor) or queries.in_conflict(still_open, actor):
        raise ChairConcerned
    told = {pair: text.strip() for pair, text in reasons.items() if text.strip()}
    silent = [one for one in missing if (one[1].id, one[0].account_id) not in told]
    if silent:
        raise SheetsMissing(n=len(silent))
    close_unfinished(category, unfinished, actor=actor, at=at)
    set_state(category, State.PLENARY, expected=State.SCORING, actor=actor, at=at)
    rows = []
    for seat, nomination in missing:
        row = MissingSheet(
            nomination_id=nomination.id,
            assessor_id=seat.account_id,
            attempt=category.attempt,
            reason=told[nomination.id, seat.account_id],
            stated_by=_account(actor),
            stated_at=at,
        )
        db.session.add(row)
        audit.record(
            _stream(category), "sheet.missing", actor, at=at, object_ref=nomination.ref, account=seat.account.ref,
            seat=seat.code, attempt=category.attempt, reason=row.reason,
        )  # fmt: skip
        rows.append(row)
    db.session.flush()
    return rows


def points_of(sheet: Sheet, where: Circumstances) -> tuple[Fraction, Fraction]:
    """The points of the marked indicators of a sheet, and the most these can earn, from its loaded marks."""
    rubric = rubric_on(sheet)
    return sheet_points(
        core_rubric(rubric),
        {code: mark.value for code, mark in queries.counting_marks_of(sheet, rubric).items()},
        caps=where.caps(rubric),
        not_applicable=tuple(where.excused),
    )


def rubric_on(sheet: Sheet) -> RubricVersion:
    """The rubric a sheet is marked by. Raises `NotFound` where the category has none."""
    rubric = sheet.category.rubric
    if rubric is None:
        raise NotFound
    return rubric


def _indicator(sheet: Sheet, code: str, where: Circumstances) -> Indicator:
    found = rubric_on(sheet).indicator(code)
    if found is None or found.source != "panel":
        raise NotOnSheet(indicator=code)
    if code in where.excused:
        raise IndicatorExcused(reason=where.excused[code])
    if not where.opened(found):
        raise MarkingNotOpen
    no = where.request(found)
    if no is not None:
        raise EvidenceAsked(no=no)
    return found


def _check_value(
    value: Decimal | None, abstain_note: str, one: Indicator, known: Mark | None, where: Circumstances, scale: Scale
) -> None:
    if value is None:
        return
    if abstain_note.strip():
        raise MarkAndAbstention
    steps_above(value, scale)
    cap = where.cap(one)
    # A mark stored before its cap was recorded stays, and counts as the cap.
    if cap is not None and value > cap.value and (known is None or known.value != value):
        raise AboveCap(max=Score(Fraction(cap.value)), value=Score(Fraction(value)))


def check_admitted(sheet: Sheet, code: str, value: Decimal | None, known: Mark | None, where: Circumstances) -> None:
    """What a mark that came after the lock must keep to when it is to count. Raises as `save`, but for the stage."""
    found = rubric_on(sheet).indicator(code)
    if found is None:
        raise NotOnSheet(indicator=code)
    if code in where.excused:
        raise IndicatorExcused(reason=where.excused[code])
    _check_value(value, "", found, known, where, scale_of(rubric_on(sheet)))


def scale_of(rubric: RubricVersion) -> Scale:
    """The scale of a rubric, for the core."""
    return Scale(rubric.scale_min, rubric.scale_max, rubric.scale_step)


def _stream(category: Category) -> str:
    return audit.judging(category.cycle.code)


def _account(actor: Actor) -> int:
    if actor.user_id is None:
        raise NotFound
    return actor.user_id
