"""The rows that a page and a file share: the marks of a category, one line for each mark or one for each sheet."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import itemgetter

from paritrana.core.ranking import RECUSED
from paritrana.cycles.models import RubricVersion
from paritrana.results.queries import MarkRow


@dataclass(frozen=True)
class SheetRow:
    """What one assessor said of one candidate: the marks that count by indicator, and those that do not."""

    candidate: str
    candidate_name: str
    assessor: str
    assessor_name: str
    sheet: str
    submitted_at: datetime | None
    marks: Mapping[str, MarkRow]
    uncounted: Sequence[MarkRow]

    @property
    def recused(self) -> bool:
        """Whether the assessor is out for this candidate, so that nothing on the sheet counts."""
        return any(one.reason == RECUSED for one in self.marks.values())


def by_sheet(rows: Iterable[MarkRow]) -> Iterator[SheetRow]:
    """The rows of `queries.marks_of` in groups of one sheet, in the same order."""
    for _pair, group in groupby(rows, key=itemgetter(0, 1)):
        marks = list(group)
        first = marks[0]
        yield SheetRow(
            candidate=first.candidate,
            candidate_name=first.candidate_name,
            assessor=first.assessor,
            assessor_name=first.assessor_name,
            sheet=first.sheet,
            submitted_at=first.submitted_at,
            marks={one.indicator: one for one in marks if one.counts},
            uncounted=[one for one in marks if not one.counts],
        )


def judged(rubric: RubricVersion) -> list[str]:
    """The codes of the indicators that the panel marks, in the order of the rubric: the columns of the wide table."""
    return [one.code for one in rubric.indicators if one.source == "panel"]
