"""Who holds which title: by the rank, unless the plenary decided otherwise. The ranking itself is only read."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from paritrana.cycles.models import Category
from paritrana.results.plenary.models import OTHER_WINNER, TITLE, WITHHOLD, Decision

Rows = Sequence[Mapping[str, Any]]  # the `result` of a bundle


@dataclass(frozen=True)
class Holder:
    """One candidate with its title. `rank` is the place whose title it is; of a special mention the own rank."""

    candidate: str
    rank: int
    tied: bool
    title_id: str
    title_en: str


@dataclass(frozen=True)
class Place:
    """A rank with a title: who holds it by calculation, who holds it, and the decision between the two."""

    rank: int
    title_id: str
    title_en: str
    calculated: Sequence[str]
    holders: Sequence[str]
    decision: Decision | None

    @property
    def tied(self) -> bool:
        """Whether several hold the title."""
        return len(self.holders) > 1


@dataclass(frozen=True)
class Mention:
    """A title that the plenary gave. `rank` is None where the candidate has none, or holds the title of a place."""

    candidate: str
    rank: int | None
    tied: bool
    decision: Decision


@dataclass(frozen=True)
class Titles:
    """The titles of a category: those of the places in their order, and those that the plenary added."""

    places: Sequence[Place]
    mentions: Sequence[Mention]

    @property
    def holders(self) -> list[Holder]:
        """Everybody with a title; nobody has two."""
        placed = [
            Holder(code, one.rank, one.tied, one.title_id, one.title_en) for one in self.places for code in one.holders
        ]
        return placed + [
            Holder(one.candidate, one.rank, one.tied, one.decision.title_id, one.decision.title_en)
            for one in self.mentions
            if one.rank is not None
        ]


def titles_of(category: Category, rows: Rows, decisions: Iterable[Decision], standing: Iterable[str]) -> Titles:
    """The titles that follow from a ranking and from the decisions in force.

    Those who share a rank share its title, and the ranks they take up go without one. `standing` are the candidates
    who have not withdrawn: a decision about anybody else has no effect. Whoever gets the title of another place
    leaves the own one, and a mention for a holder of a place has no effect.
    """
    there = set(standing)
    ranked = {str(row["candidate"]): row for row in rows if row["rank"] is not None}
    given = [one for one in decisions if set(one.candidates) <= there & set(ranked)]
    by_place = {one.place: one for one in given if one.kind in (OTHER_WINNER, WITHHOLD)}
    moved = {code for one in by_place.values() for code in one.candidates}
    places = []
    for title in category.titles:
        if title.rank > category.ranks:
            continue
        calculated = [code for code, row in ranked.items() if row["rank"] == title.rank]
        decision = by_place.get(title.rank)
        holders = [code for code in calculated if code not in moved] if decision is None else list(decision.candidates)
        places.append(Place(title.rank, title.title_id, title.title_en, calculated, holders, decision))
    placed = {code for one in places for code in one.holders}
    mentions = []
    for one in given:
        if one.kind == TITLE:
            code = one.candidates[0]
            row = ranked[code]
            mentions.append(Mention(code, None if code in placed else row["rank"], row["tied"], one))
    return Titles(places, mentions)
