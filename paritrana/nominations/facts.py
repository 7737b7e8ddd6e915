"""The guards of this room: a nominee acts for its own organisation only (`o`), late only with declared files (`g`)."""

from typing import Any

from sqlalchemy import ColumnElement, exists, select

from paritrana.core.policy import Actor, Role
from paritrana.cycles.models import Category, Cycle
from paritrana.nominations import queries
from paritrana.nominations.models import FileDeclaration, Nomination


def own(actor: Actor, role: Role, subject: Any) -> bool:
    """Guard `o`: the nomination, or what hangs on it, belongs to an organisation of the actor.

    A category belongs to nobody; there the guard asks whether the actor may speak for any organisation at all, and the
    service checks that this organisation fits.
    """
    if isinstance(subject, Category):
        return bool(actor.organisations)
    nomination = subject if isinstance(subject, Nomination) else getattr(subject, "nomination", None)
    return nomination is not None and nomination.organisation_id in actor.organisations


def own_clause(actor: Actor, role: Role) -> ColumnElement[bool]:
    """The same for lists of nominations."""
    return Nomination.organisation_id.in_(actor.organisations)


def in_grace(actor: Actor, role: Role, subject: Any) -> bool:
    """Guard `g`: this file was announced in time, or, asked of a nomination, one that is still on its way was.

    Nothing can be announced after the deadline, so what is announced was announced in time.
    """
    if isinstance(subject, FileDeclaration):
        return subject.state != "ended"
    return isinstance(subject, Nomination) and bool(queries.open_declarations(subject))


def in_grace_clause(actor: Actor, role: Role) -> ColumnElement[bool]:
    """The same for lists of nominations."""
    return exists().where(FileDeclaration.nomination_id == Nomination.id, FileDeclaration.state == "open")


def publishable_clause(actor: Actor, role: Role) -> ColumnElement[bool]:
    """Guard `publishable` for lists of nominations: a rehearsal has no result and no public page."""
    rehearsed = select(Category.id).join(Category.cycle).where(Cycle.rehearses_id.is_not(None))
    return Nomination.category_id.not_in(rehearsed)
