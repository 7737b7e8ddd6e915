"""Reads over change requests as conversations: what was asked and answered about each figure, round after round."""

from collections.abc import Sequence

from sqlalchemy import select

from paritrana.cycles.models import Category
from paritrana.database import db
from paritrana.nominations.models import Nomination
from paritrana.nominations.queries import CANDIDATE_STATES
from paritrana.reference.models import Organisation
from paritrana.verification.models import ChangeRequest, Verification


def names_with_open_requests(category: Category) -> Sequence[str]:
    """The candidates of a category whom a change request still asks, by name (one statement)."""
    return db.session.scalars(
        select(Organisation.name)
        .join(Nomination, Nomination.organisation_id == Organisation.id)
        .where(
            Nomination.category_id == category.id,
            Nomination.state.in_(CANDIDATE_STATES),
            Nomination.id.in_(
                select(Verification.nomination_id)
                .join(ChangeRequest, ChangeRequest.verification_id == Verification.id)
                .where(ChangeRequest.state == "open")
            ),
        )
        .order_by(Organisation.name)
    ).all()
