"""A winner of a province goes on to the nation: a draft there with the figures that were verified in the province."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from paritrana.audit import service as audit
from paritrana.core.evidence import KINDS, line_figure
from paritrana.core.evidence.stored import entries
from paritrana.core.policy import Actor
from paritrana.cycles.models import Category
from paritrana.cycles.queries import rubric_of
from paritrana.cycles.service import intake_of
from paritrana.nominations.models import Nomination
from paritrana.nominations.queries import current_revisions
from paritrana.nominations.rows import kinds_asked
from paritrana.nominations.service.copying import NEVER_COPIED, fitting
from paritrana.nominations.service.drafting import create_nomination
from paritrana.nominations.service.evidence import Saved, store_evidence

Found = Mapping[str, Mapping[str, Any]]  # kind to figure to the value that was found; None where none was


def feed(category: Category, source: Nomination, found: Found, *, actor: Actor, at: datetime) -> Nomination:
    """Open the draft of a winner in an open national category, filled with its verified figures; the caller commits.

    Each figure says that it comes from the provincial cycle, until the nominee has looked at it. What nobody verified
    is left empty. `at` is the national cycle's time. Raises `WrongState`, `NotFitting`, `AlreadyNominated`.
    """
    nomination = create_nomination(category, source.organisation, fed_from=source, actor=actor, at=at)
    rubric, cycle = rubric_of(category), source.category.cycle
    revision = current_revisions([source]).get(source.id)
    evidence = {} if revision is None else revision.content["evidence"]
    asked: dict[str, Any] = {"election_held": category.cycle.election_held, "candidate": rubric.category_kind}
    kinds = []
    for kind in kinds_asked(rubric):
        if kind not in KINDS or kind in NEVER_COPIED:
            continue
        data = fitting(kind, _verified((evidence.get(kind) or {}).get("data") or {}, found.get(kind, {})), **asked)
        figures = [key for key, _field, value in entries(KINDS[kind], data, **asked) if value is not None]
        if figures:
            marks = {
                "year": cycle.assessment_year, "figures": figures, "from": {"id": cycle.title_id, "en": cycle.title_en},
            }  # fmt: skip
            store_evidence(nomination, kind, None, Saved(data, "", "", "", False, marks), actor=actor, at=at)
            kinds.append(kind)
    nomination.copied_from_id = source.id
    nomination.version += 1
    audit.record(
        intake_of(category), "nomination.copied", actor, at=at, object_ref=nomination.ref, source=source.ref,
        cycle=cycle.code, year=cycle.assessment_year, kinds=kinds,
    )  # fmt: skip
    return nomination


def _verified(data: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
    """The figures that were found, in the shape of stored evidence; lines keep their keys."""
    kept = {figure: value for figure, value in found.items() if value is not None}
    fields = {key: kept[key] for key in data.get("fields") or {} if key in kept}
    lines = [
        {"key": line["key"], **{key: kept[name] for key in line if (name := line_figure(line["key"], key)) in kept}}
        for line in data.get("lines") or []
    ]
    return {"fields": fields, "lines": [line for line in lines if len(line) > 1]}
