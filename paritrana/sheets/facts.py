"""The guards of this room: the sheet is the actor's own (`s`), it is locked (`k`), and every sheet is in."""

from typing import Any

from sqlalchemy import ColumnElement, and_

from paritrana.core.policy import Actor, Role
from paritrana.cycles.models import Category
from paritrana.nominations.models import Nomination
from paritrana.sheets import queries
from paritrana.sheets.models import Sheet


def own_item(actor: Actor, role: Role, subject: Any) -> bool:
    """Guard `s`: a sheet is its assessor's own while it is not withdrawn.

    A candidate or category is nobody's in particular: there the guard asks about the actor's own part in it.
    """
    if isinstance(subject, Sheet):
        return subject.assessor_id == actor.user_id and subject.withdrawn_at is None
    return True


def own_item_clause(actor: Actor, role: Role) -> ColumnElement[bool]:
    """The same for lists of sheets."""
    return and_(Sheet.assessor_id == actor.user_id, Sheet.withdrawn_at.is_(None))


def sheet_locked(actor: Actor, role: Role, subject: Any) -> bool:
    """Guard `k`: the actor's own sheet of the candidate is submitted."""
    nomination = _nomination(subject)
    if nomination is None or actor.user_id is None:
        return False
    sheet = queries.find_sheet(nomination.id, actor.user_id, nomination.category.attempt)
    return sheet is not None and sheet.submitted_at is not None and sheet.withdrawn_at is None


def all_sheets_in(actor: Actor, role: Role, subject: Any) -> bool:
    """Whether every sheet that is due in the category of the subject is submitted."""
    category = _category(subject)
    return category is not None and queries.all_in(category)


def _nomination(subject: Any) -> Nomination | None:
    found = subject if isinstance(subject, Nomination) else getattr(subject, "nomination", None)
    return found if isinstance(found, Nomination) else None


def _category(subject: Any) -> Category | None:
    found = subject if isinstance(subject, Category) else getattr(subject, "category", None)
    if found is None:
        found = getattr(_nomination(subject), "category", None)
    return found if isinstance(found, Category) else None
