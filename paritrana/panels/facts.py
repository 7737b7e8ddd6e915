"""The guards of this room: an officer is in conflict with no candidate (`N`), or not with this one (`n`)."""

from typing import Any

from sqlalchemy import ColumnElement, and_, not_

from paritrana.core.policy import Actor, Role
from paritrana.cycles.models import Category
from paritrana.nominations.models import Nomination
from paritrana.panels import queries


def unconflicted(actor: Actor, role: Role, subject: Any) -> bool:
    """Guard `n`: the officer is in no conflict with the candidate the subject is about.

    Who sits in the panel of a category does not verify there: both roles exclude each other per candidate. A subject
    without a candidate is a whole category; then none of its candidates may be in conflict.
    """
    nomination = _nomination(subject)
    if nomination is None:
        return category_unconflicted(actor, role, subject)
    if role is Role.VERIFIER and nomination.category_id in actor.seats:
        return False
    return not queries.is_conflicted(actor, nomination, judging=role is not Role.VERIFIER)


def unconflicted_clause(actor: Actor, role: Role) -> ColumnElement[bool]:
    """The same for lists of nominations."""
    free = not_(queries.conflict_clause(actor, judging=role is not Role.VERIFIER))
    if role is Role.VERIFIER and actor.seats:
        return and_(free, Nomination.category_id.not_in(actor.seats))
    return free


def category_unconflicted(actor: Actor, role: Role, subject: Any) -> bool:
    """Guard `N`: the officer is in conflict with no candidate of the category the subject belongs to."""
    category = _category(subject)
    return category is not None and not queries.conflicted_in(actor, category, judging=role is not Role.VERIFIER)


def category_unconflicted_clause(actor: Actor, role: Role) -> ColumnElement[bool]:
    """The same for lists of nominations."""
    away = queries.categories_in_conflict(actor, judging=role is not Role.VERIFIER)
    return Nomination.category_id.not_in(away)


def _nomination(subject: Any) -> Nomination | None:
    if isinstance(subject, Nomination):
        return subject
    found = getattr(subject, "nomination", None)
    return found if isinstance(found, Nomination) else None


def _category(subject: Any) -> Category | None:
    if isinstance(subject, Category):
        return subject
    found = getattr(subject, "category", None)
    if found is None:
        found = getattr(_nomination(subject), "category", None)
    return found if isinstance(found, Category) else None
