"""What the page of a plenary and its minutes show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from paritrana.cycles.models import Category
from paritrana.cycles.queries import rubric_of
from paritrana.results import queries as results
from paritrana.results.models import ResultRun, Seal
from paritrana.results.plenary import queries
from paritrana.results.plenary.models import Decision, Plenary
from paritrana.results.plenary.queries import Attendance
from paritrana.results.plenary.titles import Titles, titles_of
from paritrana.results.plenary.words import DecisionWords
from paritrana.results.table import Ranking, open_run


@dataclass(frozen=True)
class Shown:
    """What the pages of a plenary show, read with a fixed number of statements."""

    category: Category
    run: ResultRun | None
    seal: Seal | None
    opened: Ranking | None
    inputs_digest: str
    basis: str
    sessions: Sequence[Plenary]
    attendance: Mapping[int, Attendance]  # by the number of the session
    decisions: Sequence[Decision]
    standing: Mapping[str, int]  # the nominations that compete, by candidate code
    titles: Titles | None
    say: DecisionWords

    @property
    def session(self) -> Plenary | None:
        """The session that goes on."""
        return next((one for one in self.sessions if one.closed_at is None), None)

    @property
    def moved(self) -> bool:
        """Whether the run is older than what it was computed from."""
        return self.run is not None and self.seal is None and self.run.inputs_digest != self.inputs_digest

    @property
    def ties(self) -> list[list[Mapping[str, Any]]]:
        """The groups that share a rank, best rank first."""
        tied = [row for row in ([] if self.opened is None else self.opened.rows) if row["tied"]]
        return [list(rows) for _rank, rows in groupby(tied, key=lambda row: row["rank"])]

    @property
    def in_force(self) -> list[Decision]:
        """The decisions that hold."""
        return queries.in_force(self.decisions)


def beside_the_rank(
    rows: Sequence[Mapping[str, Any]], names: Mapping[str, str], decisions: Sequence[Decision]
) -> dict[str, list[str]]:
    """What holds about each candidate, in sentences: decisions that name it, or the title of its rank."""
    say = DecisionWords(names, decisions)
    found: dict[str, list[str]] = {}
    for one in queries.in_force(decisions):
        about = [str(row["candidate"]) for row in rows if one.place is not None and row["rank"] == one.place]
        for code in dict.fromkeys([*map(str, one.candidates), *about]):
            found.setdefault(code, []).append(say(one))
    return found


def shown(category: Category) -> Shown:
    """Read the plenary of a category as it stands."""
    version = rubric_of(category)
    seal = results.seal_of(category)
    run = seal.run if seal is not None else results.latest_run(category)
    opened = None if run is None else open_run(run, version)
    digests = results.digests(category)
    sessions = queries.sessions_of(category)
    decisions = queries.decisions_of(category)
    holding = queries.in_force(decisions)
    names = {} if opened is None else opened.names
    titles, standing = None, results.nominations_by_code(category)
    if opened is not None:
        titles = titles_of(category, opened.rows, holding, standing)
    return Shown(
        category, run, seal, opened, digests.inputs, digests.basis, sessions,
        queries.attendance_in(category, sessions, version.quorum), decisions, standing, titles,
        DecisionWords(names, decisions),
    )  # fmt: skip
