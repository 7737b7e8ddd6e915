"""Opening a submitted sheet again: asked with a reason, agreed by the chair and another assessor."""

from datetime import datetime
from typing import Any

from paritrana.audit import service as audit
from paritrana.core.errors import MissingReason, ParitranaError, WrongState
from paritrana.core.lifecycle import State
from paritrana.core.policy import MARKING, Actor
from paritrana.core.words import N_
from paritrana.database import db, random_ref
from paritrana.sheets import queries, service
from paritrana.sheets.late.service import OwnSheet
from paritrana.sheets.models import Sheet
from paritrana.sheets.notices import tell_reopened
from paritrana.sheets.reopening.models import Reopening
from paritrana.sheets.reopening.queries import heads, others_in, reopenings_on


class NotSubmitted(ParitranaError):
    """There is nothing to open: the sheet is not locked."""

    code = "not_submitted"
    message = N_("This sheet is open. Change it and submit it.")


class AlreadyAsked(ParitranaError):
    """A request about the sheet waits already."""

    code = "reopening_asked"
    message = N_("You have asked before. The chair and another assessor have to agree.")


class ReopeningEnded(ParitranaError):
    """The request was decided before."""

    code = "reopening_ended"
    message = N_("This request was decided before. Load the page again.")


class AskerLeft(ParitranaError):
    """The seat of the assessor who asked has ended: an open sheet would count no more, and nobody could submit it."""

    code = "asker_left"
    message = N_("The seat of the assessor who asked has ended. The sheet stays locked and counts.")


class NotYourPart(ParitranaError):
    """The actor has no part in this request, or has taken it."""

    code = "not_your_part"
    message = N_(
        "The chair agrees, and another assessor; for the chair's own sheet an organiser is in the chair's place."
    )


def ask(sheet: Sheet, reason: str, *, actor: Actor, at: datetime) -> Reopening:
    """The assessor of a submitted sheet asks to open it again; the caller commits.

    Raises `MissingReason`, `NotSubmitted`, `AlreadyAsked`, `WrongState` outside the scoring.
    """
    if not reason.strip():
        raise MissingReason
    audit.lock_stream(audit.judging(sheet.category.cycle.code))
    sheet = queries.fresh(sheet)
    if sheet.category.stored_state is not State.SCORING or sheet.withdrawn:
        raise WrongState
    if sheet.submitted_at is None:
        raise NotSubmitted
    if any(one.state == "asked" for one in reopenings_on(sheet)):
        raise AlreadyAsked
    made = Reopening(
        ref=random_ref("A"), sheet=sheet, reason=reason.strip(), asked_by=actor.account_id, asked_at=at,
        state="asked", after_others=False,
    )  # fmt: skip
    db.session.add(made)
    db.session.flush()
    _record(made, "reopening.asked", actor, at)
    return made


def agree(reopening: Reopening, reason: str, *, actor: Actor, at: datetime) -> bool:
    """Agree as the chair, with a reason, or as another assessor; gives whether the sheet is open now.

    The caller commits. Raises `MissingReason`, `OwnSheet`, `NotYourPart`, `ReopeningEnded`, `AskerLeft`, `WrongState`.
    """
    sheet = _waiting(reopening, actor)
    if sheet.unseated:
        raise AskerLeft
    if leads(reopening, actor):
        if reopening.led_by is not None:
            raise NotYourPart
        if not reason.strip():
            raise MissingReason
        reopening.led_by, reopening.led_reason = actor.account_id, reason.strip()
    elif seconds(reopening, actor) and reopening.seconded_by is None:
        reopening.seconded_by = actor.account_id
    else:
        raise NotYourPart
    if reopening.led_by is None or reopening.seconded_by is None:
        db.session.flush()
        _record(reopening, "reopening.agreed", actor, at)
        return False
    reopening.after_others = others_in(sheet)
    reopening.state, reopening.ended_at = "opened", at
    sheet.submitted_at = sheet.receipt_no = sheet.digest = None
    sheet.version += 1
    db.session.flush()
    _record(reopening, "reopening.opened", actor, at)
    audit.record(
        audit.judging(sheet.category.cycle.code), "sheet.reopened", actor, at=at, object_ref=sheet.ref,
        nomination=sheet.nomination.ref, **service.told(sheet), after_others=reopening.after_others,
    )  # fmt: skip
    tell_reopened(sheet, reopening.reason, at=at)
    return True


def refuse(reopening: Reopening, reason: str, *, actor: Actor, at: datetime) -> None:
    """The chair, or the organiser in the chair's place, leaves the sheet locked; the caller commits.

    Raises as `agree`.
    """
    _waiting(reopening, actor)
    if not leads(reopening, actor) or reopening.led_by is not None:
        raise NotYourPart
    if not reason.strip():
        raise MissingReason
    reopening.led_by, reopening.led_reason = actor.account_id, reason.strip()
    reopening.state, reopening.ended_at = "refused", at
    db.session.flush()
    _record(reopening, "reopening.refused", actor, at)


def leads(reopening: Reopening, actor: Actor) -> bool:
    """Whether the actor speaks as the chair: an organiser does for a sheet of the chair's own."""
    category = reopening.category
    if category.cycle_id in actor.organises:
        return reopening.asked_by in heads(category.id)
    if reopening.asked_by in heads(category.id):
        return False
    return category.id in actor.chairs and reopening.asked_by != actor.user_id


def seconds(reopening: Reopening, actor: Actor) -> bool:
    """Whether the actor is another assessor of the panel, neither the one who asks nor the chair."""
    marking = reopening.category.id in {seat.category_id for seat in actor.seats.values() if seat.role in MARKING}
    return marking and actor.user_id not in (reopening.asked_by, reopening.led_by)


def told(reopening: Any, sheet: str, asker: str, leader: str | None, seconder: str | None) -> dict[str, Any]:
    """What an event says of a request as it stands now."""
    return {
        "sheet": sheet,
        "reason": reopening.reason,
        "asked_by": asker,
        "asked_at": reopening.asked_at,
        "state": reopening.state,
        "led_by": leader,
        "led_reason": reopening.led_reason,
        "seconded_by": seconder,
        "after_others": reopening.after_others,
        "ended_at": reopening.ended_at,
    }


def _waiting(reopening: Reopening, actor: Actor) -> Sheet:
    audit.lock_stream(audit.judging(reopening.category.cycle.code))
    db.session.refresh(reopening)
    sheet = queries.fresh(reopening.sheet)
    if reopening.asker.person_id == actor.person_id:
        raise OwnSheet
    if reopening.state != "asked" or sheet.submitted_at is None:
        raise ReopeningEnded
    if sheet.category.stored_state is not State.SCORING or sheet.withdrawn:
        raise WrongState
    return sheet


def _record(reopening: Reopening, kind: str, actor: Actor, at: datetime) -> None:
    db.session.refresh(reopening)
    leader, seconder = reopening.leader, reopening.seconder
    audit.record(
        audit.judging(reopening.category.cycle.code), kind, actor, at=at, object_ref=reopening.ref,
        **told(
            reopening, reopening.sheet.ref, reopening.asker.ref, leader.ref if leader else None,
            seconder.ref if seconder else None,
        ),
    )  # fmt: skip
