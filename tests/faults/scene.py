"""What stands in the database before anything fails: sheets to be marked, a draft to be filled, people who may."""

from dataclasses import dataclass

from paritrana.clock import SetClock, SystemClock
from paritrana.database import db
from paritrana.nominations.rows import page_name
from tests.factories import world
from tests.interviews.stages import shortlisted
from tests.nominations.pages import draft
from tests.sheets.desks import opened
from tests.verification.cases import LATER

ASSESSOR, NOMINEE = "assessor-3", "employer"
ASSESSORS = (ASSESSOR, "assessor-4", "assessor-5")
DEADLINES = (
    "closes_at", "grace_ends_at", "verification_until", "interviews_until", "scoring_until", "plenary_until",
    "publication_planned",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scene:
    """The references that addresses are made of."""

    candidate: str
    sheets: dict[str, str]  # by assessor
    draft: str
    kind: str  # a kind of evidence, as it stands in addresses


def build() -> Scene:
    """Make the scene in the present application's database, so that it is the present by the machine's own clock."""
    here = world(categories=("kabkota", "badan-usaha"), now=SystemClock().now() - LATER)
    nomination = shortlisted(here, SetClock(here.now), 1)[0]
    sheets = {name: opened(here, nomination, name).ref for name in ASSESSORS}
    category = here.categories["badan-usaha"]
    for moment in DEADLINES:
        setattr(category, moment, getattr(category, moment) + 10 * LATER)
    mine = draft(here, NOMINEE, "employer", "badan-usaha")
    db.session.commit()
    return Scene(nomination.ref, sheets, mine.ref, page_name("compliance"))
