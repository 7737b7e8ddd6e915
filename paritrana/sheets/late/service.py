"""Changes by late marks: keeping what came after the lock, and the chair's decision on it."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from paritrana.audit import service as audit
from paritrana.core.errors import MissingReason, ParitranaError
from paritrana.core.lifecycle import State
from paritrana.core.policy import Actor
from paritrana.core.scoring import NotOnSheet, steps_above
from paritrana.core.words import N_
from paritrana.database import db, random_ref
from paritrana.nominations.queries import CANDIDATE_STATES
from paritrana.sheets import queries, service
from paritrana.sheets.late.models import LateDecision, LateMark
from paritrana.sheets.late.submissions import keep_submission
from paritrana.sheets.models import Sheet
from paritrana.sheets.queries import SeatOver
from paritrana.sheets.service import CandidateWithdrawn, MarkAndAbstention, SheetClosed

SAID = ("value", "reason", "abstain_note", "panel_note", "feedback")


class StillOpen(ParitranaError):
    """A mark was delivered as a late one although the sheet takes marks."""

    code = "sheet_open"
    message = N_("This sheet is open. Send the mark as usual.")


class LateDecided(ParitranaError):
    """Somebody has decided about the late mark before."""

    code = "late_decided"
    message = N_("This late mark was decided before. Load the page again.")


class ClosedWithTheSeat(ParitranaError):
    """The sheet was open when the seat of its assessor ended: nothing makes it count."""

    code = "closed_with_the_seat"
    message = N_("The sheet was open when its assessor's seat ended. It stays on record, and no mark on it counts.")


class OwnSheet(ParitranaError):
    """A chair does not decide about the own sheet: the deputy does."""

    code = "own_sheet"
    message = N_("This is your own sheet. Another person decides about it.")


def locked(sheet: Sheet) -> bool:
    """Whether a sheet takes no marks any more: it is submitted, or the scoring of its category is over."""
    return sheet.submitted_at is not None or sheet.category.stored_state not in queries.MARKED_IN


def deliver(
    sheet: Sheet,
    indicator: str,
    value: Decimal | None,
    *,
    abstain_note: str,
    panel_note: str,
    feedback: str,
    device_at: str,
    actor: Actor,
    at: datetime,
) -> LateMark | None:
    """Keep a mark that came after the lock; the caller commits. None where the sheet says the same already.

    What waits for the chair with the same words is not kept twice. Raises `StillOpen`, `SheetClosed` after stepping
    back, `SeatOver`, `CandidateWithdrawn`, `NotOnSheet`, `MarkAndAbstention`, `OffScale`.
    """
    audit.lock_stream(audit.judging(sheet.category.cycle.code))
    sheet = queries.fresh(sheet)
    if sheet.withdrawn:
        raise SheetClosed
    if sheet.unseated:
        raise SeatOver
    if sheet.nomination.state not in CANDIDATE_STATES:
        raise CandidateWithdrawn
    if not locked(sheet):
        raise StillOpen
    rubric = service.rubric_on(sheet)
    one = rubric.indicator(indicator)
    if one is None or one.source != "panel":
        raise NotOnSheet(indicator=indicator)
    if value is not None:
        if abstain_note.strip():
            raise MarkAndAbstention
        steps_above(value, service.scale_of(rubric))
    said = service.said_of(value, abstain_note, panel_note, feedback)
    mark = queries.mark_of(sheet, indicator)
    if mark is not None and service.says(mark, said):
        return None
    waiting = _waiting(sheet, indicator)
    if waiting is not None and service.says(waiting, said):
        return waiting
    late = LateMark(
        ref=random_ref("T"), sheet=sheet, indicator=indicator, **said, device_at=device_at, received_at=at,
        received_by=actor.account_id, decision=None,
    )  # fmt: skip
    db.session.add(late)
    db.session.flush()
    audit.record(
        audit.judging(sheet.category.cycle.code), "mark.received_late", actor, at=at, object_ref=late.ref,
        **told(late, sheet.ref),
    )  # fmt: skip
    return late


def decide(late: LateMark, admitted: bool, reason: str, *, actor: Actor, at: datetime) -> LateDecision:
    """Admit a late mark as the next version of the mark, or leave it uncounted; the caller commits.

    An admitted mark locks the sheet anew, with another digest and receipt; a sheet that was never submitted counts once
    nothing on it is blank, but one that was open when the seat ended never does. Raises `MissingReason`, `LateDecided`,
    `OwnSheet`, `SheetClosed`, `ClosedWithTheSeat`, `IndicatorExcused`, `AboveCap`.
    """
    if not reason.strip():
        raise MissingReason
    sheet = late.sheet
    stream = audit.judging(sheet.category.cycle.code)
    audit.lock_stream(stream)
    sheet = queries.fresh(sheet)
    if sheet.assessor.person_id == actor.person_id:
        raise OwnSheet
    if sheet.withdrawn or not locked(sheet) or sheet.category.stored_state not in (State.SCORING, State.PLENARY):
        raise SheetClosed
    if admitted and sheet.unseated and sheet.submitted_at is None:
        raise ClosedWithTheSeat
    if db.session.scalar(select(LateDecision.id).where(LateDecision.late_id == late.id)) is not None:
        raise LateDecided
    decision = LateDecision(
        late=late, admitted=admitted, reason=reason.strip(), decided_by=actor.account_id, decided_at=at
    )
    db.session.add(decision)
    audit.record(
        stream, "mark.late_decided", actor, at=at, object_ref=late.ref, sheet=sheet.ref, admitted=admitted,
        reason=decision.reason,
    )  # fmt: skip
    if admitted:
        _count(late, sheet, stream, actor=actor, at=at)
    return decision


def _count(late: LateMark, sheet: Sheet, stream: str, *, actor: Actor, at: datetime) -> None:
    where = queries.circumstances(sheet.nomination)
    known = queries.mark_of(sheet, late.indicator)
    service.check_admitted(sheet, late.indicator, late.value, known, where)
    said = {name: getattr(late, name) for name in SAID}
    service.write_mark(sheet, late.indicator, known, said, actor=actor, at=at)
    sheet = queries.fresh(sheet)
    if sheet.submitted_at is None and queries.blanks(sheet, service.rubric_on(sheet), where):
        return
    content = service.content_of(sheet)
    kept = keep_submission(sheet, content, kind="admitted", actor=actor, at=at)
    audit.record(
        stream, "sheet.late_admitted", actor, at=at, object_ref=sheet.ref, nomination=sheet.nomination.ref,
        **service.told(sheet), submission=kept.version, marks=content["marks"],
    )  # fmt: skip


def told(late: Any, sheet_ref: str) -> dict[str, Any]:
    """What an event says of a late mark."""
    return {
        "sheet": sheet_ref,
        "indicator": late.indicator,
        **{name: getattr(late, name) for name in SAID},
        "device_at": late.device_at,
        "received_at": late.received_at,
    }


def _waiting(sheet: Sheet, indicator: str) -> LateMark | None:
    """The last undecided late mark of an indicator."""
    return db.session.scalars(
        select(LateMark)
        .where(LateMark.sheet_id == sheet.id, LateMark.indicator == indicator, ~LateMark.decision.has())
        .order_by(LateMark.id.desc())
    ).first()
