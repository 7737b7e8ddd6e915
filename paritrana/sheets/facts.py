"""The guards of this room: the sheet is the actor's own (`s`), it is locked (`k`), and every sheet is in."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, and_, not_, select, true

from paritrana.accounts.models import Account
from paritrana.core.policy import Actor, Role
from paritrana.cycles.models import Category
from paritrana.nominations.models import Nomination
from paritrana.sheets import queries
from paritrana.sheets.models import Sheet


def own_item(actor: Actor, role: Role, subject: Any) -> bool:
    """Guard `s`: a sheet is its assessor's own until the assessor steps back from the candidate.

    A candidate or category is nobody's in particular: there the guard asks about the actor's own part in it.
    """
    if isinstance(subject, Sheet):
        return subject.assessor_id == actor.user_id and not subject.withdrawn
    return True


def own_item_clause(actor: Actor, role: Role) -> ColumnElement[bool]:
    """The same for lists of sheets."""
    return and_(Sheet.assessor_id == actor.user_id, not_(queries.withdrawn()))


def own_part_clause(actor: Actor, role: Role) -> ColumnElement[bool]:
    """The same for lists of nominations, which are nobody's in particular."""
    return true()


def of_candidate(
    clause: Callable[[Actor, Role], ColumnElement[bool]],
) -> Callable[[Actor, Role], ColumnElement[bool]]:
    """For lists of sheets, what `clause` says of the candidates they are about."""

    def of_sheet(actor: Actor, role: Role) -> ColumnElement[bool]:
        return Sheet.nomination_id.in_(select(Nomination.id).where(clause(actor, role)).correlate(None))

    return of_sheet


def not_own(actor: Actor, role: Role, subject: Any) -> bool:
    """Whether what the subject is about, a sheet or something on one, belongs to another person than the actor."""
    sheet = subject if isinstance(subject, Sheet) else getattr(subject, "sheet", None)
    return not isinstance(sheet, Sheet) or sheet.assessor.person_id != actor.person_id


def not_own_clause(actor: Actor, role: Role) -> ColumnElement[bool]:
    """The same for lists of sheets."""
    return Sheet.assessor_id.not_in(select(Account.id).where(Account.person_id == actor.person_id))


def sheet_locked(actor: Actor, role: Role, subject: Any) -> bool:
    """Guard `k`: the actor's own sheet of the candidate is submitted."""
    nomination = _nomination(subject)
    if nomination is None or actor.user_id is None:
        return False
    sheet = queries.find_sheet(nomination.id, actor.user_id, nomination.category.attempt)
    return sheet is not None and sheet.submitted_at is not None and not sheet.withdrawn


def sheet_locked_clause(actor: Actor, role: Role) -> ColumnElement[bool]:
    """The same for lists of nominations."""
    return queries.locked_by(actor.user_id)


def all_sheets_in(actor: Actor, role: Role, subject: Any) -> bool:
    """Whether every sheet that is due in the category of the subject is submitted."""
    category = _category(subject)
    return category is not None and queries.all_in(category)


def all_sheets_in_clause(actor: Actor, role: Role) -> ColumnElement[bool]:
    """The same for lists of nominations."""
    return queries.all_in_clause()


def _nomination(subject: Any) -> Nomination | None:
    found = subject if isinstance(subject, Nomination) else getattr(subject, "nomination", None)
    return found if isinstance(found, Nomination) else None


def _category(subject: Any) -> Category | None:
    found = subject if isinstance(subject, Category) else getattr(subject, "category", None)
    if found is None:
        found = getattr(_nomination(subject), "category", None)
    return found if isinstance(found, Category) else None
