"""Reads for the feedback to a nominee: the published values of its category, and what was written for it."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from paritrana.core.bundle import parse
from paritrana.core.feedback import Compared, Level, compared
from paritrana.core.lifecycle import State
from paritrana.cycles.models import Category, RubricVersion
from paritrana.cycles.queries import public_now
from paritrana.database import db
from paritrana.nominations.models import Nomination
from paritrana.nominations.queries import CANDIDATE_STATES
from paritrana.publication import queries
from paritrana.publication.models import Publication
from paritrana.results.exports.queries import remarks_on
from paritrana.results.queries import SHEET
from paritrana.results.table import set_values_in

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Published:
    """A published result opened for feedback: its values, the rows of its result, and what the provenance tells."""

    field: Compared
    rows: Mapping[str, Json]  # of the result, by candidate
    sheets: frozenset[tuple[str, str]]  # candidate and seat of every sheet that counts
    set_values: Mapping[str, Sequence[Json]]


KEPT: Final = 4  # published results per process
_opened: dict[str, Published] = {}


def find_published(nomination: Nomination, at: datetime) -> tuple[Publication, Published] | None:
    """The publication in force at `at` that has this nomination among its candidates, where there is one.

    One statement. A published bundle never changes, so a process keeps the last ones it opened by their digests.
    """
    publication = queries.publication_in_force(nomination.category, at)
    if publication is None or publication.source_key is not None:
        return None
    found = _opened.pop(publication.digest, None) or _open(publication.bundle)
    _opened[publication.digest] = found
    for oldest in list(_opened)[:-KEPT]:
        _opened.pop(oldest, None)
    return (publication, found) if nomination.candidate_code in found.rows else None


def _open(bundle: bytes) -> Published:
    data = json.loads(bundle)
    rows = {row["candidate"]: row for row in data["result"]}
    provenance = data.get("provenance") or {}
    counted = (key.removeprefix(SHEET).partition(":") for key in provenance if key.startswith(SHEET))
    return Published(
        field=compared(parse(bundle).contest, [code for code, row in rows.items() if row["rank"] is not None]),
        rows=rows,
        sheets=frozenset((candidate, seat) for candidate, _sep, seat in counted),
        set_values=set_values_in(provenance),
    )


def levels_of(rubric: RubricVersion) -> dict[str, list[Level]]:
    """The described levels of each indicator, rising."""
    return {
        one.code: sorted(
            (Level(Decimal(said["score"]), {"id": said["id"], "en": said["en"]}) for said in one.levels),
            key=lambda level: level.score,
        )
        for one in rubric.indicators
    }


def written_for(nomination: Nomination, published: Published, counted_round: int) -> list[tuple[str, str]]:
    """What assessors wrote for the nominee on sheets that count: (indicator, words), in an order that names nobody.

    One statement.
    """
    return sorted(
        (one.indicator, one.for_candidate)
        for one in remarks_on(nomination)
        if one.for_candidate
        and one.round <= counted_round
        and (nomination.candidate_code, one.assessor) in published.sheets
    )


FRESH: Final = timedelta(days=30)  # how long the first page tells of a new result


def newly_public(organisation_ids: Collection[int], at: datetime) -> Sequence[Nomination]:
    """The nominations of these organisations whose result became public not long before `at`.

    Two statements.
    """
    if not organisation_ids:
        return []
    recent = (
        select(Publication.id)
        .where(Publication.category_id == Category.id, Publication.published_at > at - FRESH)
        .exists()
    )
    return db.session.scalars(
        select(Nomination)
        .join(Nomination.category)
        .where(
            Nomination.organisation_id.in_(organisation_ids),
            Nomination.state.in_(CANDIDATE_STATES),
            Category.state < int(State.ARCHIVED),
            public_now(at),
            recent,
        )
        .options(
            joinedload(Nomination.category, innerjoin=True).joinedload(Category.cycle, innerjoin=True),
            joinedload(Nomination.organisation, innerjoin=True),
        )
        .order_by(Nomination.id)
    ).all()
