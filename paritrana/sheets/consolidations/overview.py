"""The second scorings of a cycle for those who run it: which are open, and whose answers are due. Nothing of a mark."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import and_, func, not_, select, true
from sqlalchemy.orm import contains_eager

from paritrana.accounts.models import Account
from paritrana.core.consolidation import SECOND
from paritrana.core.policy import Act, Actor
from paritrana.cycles.models import Category, Cycle
from paritrana.cycles.queries import get_cycle
from paritrana.database import db
from paritrana.nominations.models import Nomination
from paritrana.panels.queries import conflict_clause, conflicts_in
from paritrana.sheets.models import Consolidation, Mark, Sheet
from paritrana.sheets.queries import withdrawn
from paritrana.web.access import allowed, current_actor, may

bp = Blueprint("second_scorings", __name__, template_folder="../templates")


@dataclass(frozen=True)
class Standing:
    """One second scoring, how many of the panel answer in it, and who has not answered everything yet."""

    consolidation: Consolidation
    asked: int
    due: Sequence[str]


@bp.get("/manage/<cycle>/consolidations")
@allowed(Act.SEE_PROGRESS, cycle=get_cycle)
def second_scorings(cycle: Cycle) -> ResponseReturnValue:
    """Open and closed second scorings by category."""
    actor = current_actor()
    return render_template(
        "sheets/second_scorings.html",
        cycle=cycle,
        simulated=cycle.simulated,
        parts=[(one, standings_of(one, actor)) for one in cycle.categories if may(Act.SEE_PROGRESS, one)],
    )


def standings_of(category: Category, actor: Actor) -> list[Standing]:
    """The second scorings of the present attempt, open ones first (a fixed number of statements).

    A chair does not learn of those of a candidate with whom the chair is in conflict.
    """
    runs = category.cycle_id in actor.organises | actor.audits
    found = db.session.scalars(
        select(Consolidation)
        .join(Consolidation.nomination)
        .where(
            Consolidation.category_id == category.id,
            Consolidation.attempt == category.attempt,
            true() if runs else not_(conflict_clause(actor)),
        )
        .options(contains_eager(Consolidation.nomination).joinedload(Nomination.organisation, innerjoin=True))
        .order_by(Consolidation.closed_at.is_not(None), Consolidation.opened_at, Consolidation.id)
    ).all()
    if not found:
        return []
    conflicts = conflicts_in(category)
    rows = db.session.execute(
        select(Consolidation.id, Consolidation.nomination_id, Account.id, Account.name, func.count(Mark.id))
        .join(Sheet, and_(Sheet.nomination_id == Consolidation.nomination_id, Sheet.attempt == Consolidation.attempt))
        .join(Account, Account.id == Sheet.assessor_id)
        .outerjoin(Mark, and_(Mark.sheet_id == Sheet.id, Mark.round == SECOND))
        .where(
            Consolidation.id.in_([one.id for one in found]), Sheet.submitted_at.is_not(None), not_(withdrawn())
        )
        .group_by(Consolidation.id, Consolidation.nomination_id, Account.id, Account.name)
        .order_by(Account.name, Account.id)
    ).all()  # fmt: skip
    standings = []
    for one in found:
        asked = [
            (name, answered)
            for number, nomination_id, account_id, name, answered in rows
            if number == one.id and (account_id, nomination_id) not in conflicts
        ]
        late = [name for name, answered in asked if answered < len(one.indicators)]
        standings.append(Standing(one, len(asked), late if one.closed_at is None else []))
    return standings
