"""What the rubric builder asks of later rooms: whether anything was marked, and what was published."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, select

from paritrana.core.bundle import parse
from paritrana.core.ranking import Contest
from paritrana.core.rubric import Rubric
from paritrana.core.rubric_trial import fits
from paritrana.cycles.models import Category
from paritrana.cycles.rubrics.queries import published_like
from paritrana.database import db
from paritrana.publication.queries import publications_in_force
from paritrana.sheets.models import Mark, Sheet


def is_marked(category: Category) -> bool:
    """Whether any sheet of a category, of whatever attempt, holds a mark (one statement)."""
    marks = select(Mark.id).join(Sheet, Sheet.id == Mark.sheet_id).where(Sheet.category_id == category.id)
    return bool(db.session.scalar(select(exists(marks))))


@dataclass(frozen=True)
class Past:
    """A published contest of the same kind of category; `fits` says whether its indicators are the same."""

    category: Category
    contest: Contest
    fits: bool

    @property
    def ref(self) -> str:
        """How the address of a trial names it."""
        return f"{self.category.cycle.code}/{self.category.slug}"


def past_contests(kind: str, rubric: Rubric, at: datetime) -> list[Past]:
    """What was published for this kind of category, newest year first, as it stands at `at` (two statements)."""
    categories = published_like(kind)
    bundles = publications_in_force(categories, at) if categories else {}
    contests = [(one, parse(bundles[one.id].bundle).contest) for one in categories if one.id in bundles]
    return [Past(one, contest, fits(rubric, contest.rubric)) for one, contest in contests]
