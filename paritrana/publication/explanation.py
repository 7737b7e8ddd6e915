"""The public page of one candidate of a published result: its points, and how each computed value came about."""

import json
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from paritrana.certificates.queries import codes_by_candidate
from paritrana.core.errors import NotFound
from paritrana.core.policy import Act
from paritrana.cycles.models import Category, RubricVersion
from paritrana.cycles.queries import get_category, rubric_of
from paritrana.database import db
from paritrana.nominations.models import Nomination
from paritrana.nominations.queries import current_revision
from paritrana.nominations.rows import SENT_AS
from paritrana.publication import queries
from paritrana.publication.models import Publication
from paritrana.publication.site.coverage import verified_coverage
from paritrana.publication.site.words import SEGMENTS
from paritrana.results import words as ranking_words
from paritrana.scopes import everybody
from paritrana.verification.explanation import STATE_SHAPES, STATES, Explanation, explained, without_names
from paritrana.verification.queries import find_verification
from paritrana.verification.values import computed_values
from paritrana.web.access import allowed, may, now

bp = Blueprint("explanation", __name__, template_folder="templates")


@bp.get("/cycles/<cycle>/results/<cat>/<candidate>")
@allowed(Act.READ_PUBLIC_RESULT, category=get_category)
def candidate(category: Category, candidate: str) -> ResponseReturnValue:
    """What one candidate earned, from the published version, and every computed value with its verified figures.

    Only who stands in the published table with its points has a page.
    """
    publication = queries.publication_in_force(category, now())
    row = _row_of(publication, candidate)
    if publication is None or row is None:
        raise NotFound
    rubric = rubric_of(category)
    values = _sealed_values(publication, candidate)
    nomination = _nomination_of(category, candidate)
    set_values = {one["indicator"]: one for one in row.get("set_values", [])}
    with everybody("what is published is explained to everybody, with the verified figures of its own candidate"):
        explanations = _explanations(
            category, rubric, nomination, values | {code: one["computed"] for code, one in set_values.items()}
        )
    return render_template(
        "publication/candidate.html",
        category=category,
        cycle=category.cycle,
        simulated=category.cycle.simulated,
        publication=publication,
        table=publication.table,
        row=row,
        rubric=rubric,
        values=values,
        set_values=set_values,
        explanations=explanations,
        coverage=verified_coverage(explanations.values(), category.cycle.assessment_year),
        segments=SEGMENTS,
        place=None if nomination is None else nomination.organisation.region,
        certificate=codes_by_candidate(category).get(candidate),
        own_words=_own_words(nomination),
        states=STATES,
        state_shapes=STATE_SHAPES,
        ranking_words=ranking_words,
    )


def _row_of(publication: Publication | None, candidate: str) -> Mapping[str, Any] | None:
    """The row of a candidate in a result that this system made; a historical table has no candidates of ours."""
    if publication is None or publication.source_key is not None:
        return None
    return next((row for row in publication.table["rows"] if row["candidate"] == candidate), None)


def _sealed_values(publication: Publication, candidate: str) -> dict[str, str | None]:
    """The computed values of a candidate as they stand in the published bundle, by indicator."""
    rows = json.loads(publication.bundle).get("computed", [])
    return {one["indicator"]: one["value"] for one in rows if one["candidate"] == candidate}


def _nomination_of(category: Category, candidate: str) -> Nomination | None:
    return db.session.scalar(
        select(Nomination)
        .where(Nomination.category_id == category.id, Nomination.candidate_code == candidate)
        .options(joinedload(Nomination.organisation, innerjoin=True))
    )


def _own_words(nomination: Nomination | None) -> Mapping[str, Any]:
    """What the nominee thought of its own indicators: for itself alone, beside what came out."""
    if nomination is None or not may(Act.SEE_DRAFT, nomination):
        return {}
    revision = current_revision(nomination)
    return {} if revision is None else revision.content.get(SENT_AS, {})


def _explanations(
    category: Category, rubric: RubricVersion, nomination: Nomination | None, values: Mapping[str, str | None]
) -> Mapping[str, Explanation]:
    """How each computed value of a candidate came about, by indicator, with verified figures alone.

    `values` are the published ones, of a set value the computed one that stands beside it. Only where the steps end
    there: a page never shows steps that lead elsewhere.
    """
    if nomination is None:
        return {}
    revision, verification = current_revision(nomination), find_verification(nomination)
    evidence = revision.content["evidence"] if revision is not None else {}
    data = {kind: said.get("data") or {} for kind, said in evidence.items()}
    found = computed_values(category, rubric, [nomination])
    explanations = {}
    for indicator in rubric.indicators:
        computation = found.get((nomination.id, indicator.code))
        if computation is None or computation.value != values.get(indicator.code):
            continue
        one = explained(
            indicator, rubric, computation, data, verification.findings if verification is not None else [],
            election_held=category.cycle.election_held,
        )  # fmt: skip
        explanations[indicator.code] = without_names(one)
    return explanations
