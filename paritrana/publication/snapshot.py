"""What a published version says: the rows of the result page, made once and then only shown.

The snapshot is a document of texts and whole numbers in both languages, so that the public page asks nothing else.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from paritrana.core.rubric import Rubric
from paritrana.cycles.models import Category, RubricVersion
from paritrana.database import canonical
from paritrana.results.table import Json, Ranking, Standing, described

POLICIES = ("winners", "ranked", "all")


def snapshot(
    category: Category,
    raw: bytes,
    rubric: RubricVersion,
    core: Rubric,
    *,
    titles: Mapping[str, tuple[str, str]],
    panel: Sequence[tuple[str, int]],
    facts: Mapping[str, Any],
) -> Json:
    """The table of a bundle under the category's policy of what is shown.

    `titles` are the titles of the holders by candidate (Indonesian, English), `panel` the seats by constituency,
    `facts` what the page says of the way to the result. Whoever is not shown with a number is named in `others`.
    """
    ranking = Ranking(raw, core)
    policy = category.public_table
    standings = ranking.standings()
    shown = [one for one in standings if one.rank is not None and (policy != "winners" or one.candidate in titles)]
    numbered = {one.candidate for one in shown}
    others = sorted((one for one in standings if one.candidate not in numbered), key=lambda one: one.name)
    return {
        "policy": policy,
        "ranks": category.ranks,
        "rubric": described(rubric),
        "rows": [_row(one, titles.get(one.candidate)) for one in shown],
        "others": [
            {"candidate": one.candidate, "name": one.name, "reasons": list(one.reasons) if policy == "all" else []}
            for one in others
        ],
        "candidates": len(standings),
        "assessors": ranking.assessors,
        "marks": ranking.marks,
        "panel": [{"constituency": name, "seats": seats} for name, seats in panel],
        **facts,
    }


def _row(one: Standing, title: tuple[str, str] | None) -> Json:
    return {
        "candidate": one.candidate,
        "name": one.name,
        "rank": one.rank,
        "tied": one.tied,
        "broken_by": one.broken_by,
        "total": one.total,
        "stages": dict(one.stages),
        "aspects": dict(one.aspects),
        "points": dict(one.points),
        "assessors": one.assessors,
        "not_applicable": [dict(each) for each in one.not_applicable],
        "caps": [dict(each) for each in one.caps],
        "set_values": [dict(each) for each in one.set_values],
        "title_id": title[0] if title else None,
        "title_en": title[1] if title else None,
    }


def digest_of(table: Json) -> str:
    """SHA-256 of a snapshot."""
    return hashlib.sha256(canonical(table)).hexdigest()
