"""The guards of this room: a change request is open (`q`), and the actor is not the first person of a close."""

from typing import Any

from sqlalchemy import ColumnElement, exists, not_, select

from paritrana.core.policy import Actor, Role
from paritrana.database import db
from paritrana.nominations.models import Nomination
from paritrana.verification.models import ChangeRequest, Verification


def open_request(actor: Actor, role: Role, subject: Any) -> bool:
    """Guard `q`: the request, or any request about the nomination, waits for an answer."""
    if isinstance(subject, ChangeRequest):
        return subject.state == "open"
    nomination = _nomination(subject)
    if nomination is None:
        return False
    return bool(db.session.scalar(select(_open_requests().where(Verification.nomination_id == nomination.id).exists())))


def open_request_clause(actor: Actor, role: Role) -> ColumnElement[bool]:
    """The same for lists of nominations."""
    return exists(_open_requests().where(Verification.nomination_id == Nomination.id).correlate(Nomination))


def not_first_person(actor: Actor, role: Role, subject: Any) -> bool:
    """Whether the close that waits, if one does, was proposed by another person."""
    nomination = _nomination(subject)
    if nomination is None:
        return False
    return not db.session.scalar(
        select(_proposed_by(actor).where(Verification.nomination_id == nomination.id).exists())
    )


def not_first_person_clause(actor: Actor, role: Role) -> ColumnElement[bool]:
    """The same for lists of nominations."""
    return not_(exists(_proposed_by(actor).where(Verification.nomination_id == Nomination.id).correlate(Nomination)))


def _open_requests() -> Any:
    return (
        select(ChangeRequest.id)
        .join(Verification, Verification.id == ChangeRequest.verification_id)
        .where(ChangeRequest.state == "open")
    )


def _proposed_by(actor: Actor) -> Any:
    return select(Verification.id).where(
        Verification.state == "proposed", Verification.proposed_person_id == actor.person_id
    )


def _nomination(subject: Any) -> Nomination | None:
    if isinstance(subject, Nomination):
        return subject
    found = getattr(subject, "nomination", None)
    return found if isinstance(found, Nomination) else None
