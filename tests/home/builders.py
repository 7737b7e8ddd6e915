"""Nominations in a given state, as the rooms before would leave them."""

from paritrana.database import db, random_ref
from paritrana.nominations.models import Nomination
from tests.factories import World


def nominate(made: World, number: int, state: str = "draft", category: str = "kabkota") -> Nomination:
    """The nomination of regency `number`; one that was sent has the number of its first revision."""
    organisation = made.organisations[f"regency-{number}"]
    nomination = Nomination(
        ref=random_ref("N"),
        category_id=made.categories[category].id,
        organisation_id=organisation.id,
        candidate_code=organisation.region_code,
        state=state,
        revision_no=0 if state == "draft" else 1,
        created_at=made.now,
        created_by=made.accounts["organiser-1"].id,
    )
    db.session.add(nomination)
    db.session.flush()
    return nomination
