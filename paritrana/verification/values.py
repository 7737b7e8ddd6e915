"""What the ranking reads of verifications: found figures, computed values, and what the chair decided."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import select

from paritrana.core.computed import Computation, FigureRef, Step, compute
from paritrana.core.errors import BadInput
from paritrana.core.evidence import KINDS, claims
from paritrana.core.quantities import Text
from paritrana.cycles.models import Category, Indicator, RubricVersion
from paritrana.database import db
from paritrana.nominations.models import Nomination
from paritrana.nominations.queries import current_revisions
from paritrana.nominations.rows import kinds_of
from paritrana.reference.queries import find_targets
from paritrana.verification.figures import WITHOUT_VALUE, Value, figure_keys, from_text
from paritrana.verification.models import Finding, GateFinding, Verification


def computed_values(
    category: Category, rubric: RubricVersion, nominations: Sequence[Nomination]
) -> Mapping[tuple[int, str], Computation]:
    """The value of every computed indicator of these nominations, with its explanation (four statements).

    A figure without a verdict leaves no value and is named in `missing`, so that nobody reads half a sum. So does a
    rule that cannot be computed; it is named as `rule`.
    """
    indicators = [one for one in rubric.indicators if one.source == "computed"]
    if not indicators or not nominations:
        return {}
    cycle = category.cycle
    found = found_figures([one.id for one in nominations])
    revisions = current_revisions(nominations)
    targets = find_targets(
        {one.organisation.region_code for one in nominations}, cycle.target_year, cycle.target_instrument
    )
    kinds = {one.code: [kind for kind in kinds_of(one) if kind in KINDS] for one in indicators}
    every_kind = {kind for some in kinds.values() for kind in some}
    values = {}
    for nomination in nominations:
        revision = revisions.get(nomination.id)
        evidence = revision.content["evidence"] if revision is not None else {}
        target = targets.get(nomination.organisation.region_code)
        reads = {"ucj_percent": None if target is None else str(target)}
        without_verdict = {
            kind: _without_verdict(
                kind,
                evidence,
                found[nomination.id],
                election_held=cycle.election_held,
                candidate=rubric.category_kind,
            )
            for kind in every_kind
        }
        for indicator in indicators:
            waiting = tuple(one for kind in kinds[indicator.code] for one in without_verdict[kind])
            values[nomination.id, indicator.code] = (
                Computation(None, None, (), waiting, ())
                if waiting
                else _compute(indicator, rubric, found[nomination.id], reads, election_held=cycle.election_held)
            )
    return values


def claimed_value(
    category: Category,
    rubric: RubricVersion,
    nomination: Nomination,
    indicator: Indicator,
    evidence: Mapping[str, Mapping[str, Any]],
) -> Computation:
    """What a computed indicator would give if every claim of `evidence` (kind to stored data) held (two statements).

    It counts nowhere: a nominee reads it beside the steps. Raises nothing for a rule that cannot be computed.
    """
    cycle = category.cycle
    region = nomination.organisation.region_code
    target = find_targets({region}, cycle.target_year, cycle.target_instrument).get(region)
    claimed = {
        kind: claims(kind, data, election_held=cycle.election_held, candidate=rubric.category_kind)
        for kind, data in evidence.items()
        if kind in kinds_of(indicator) and kind in KINDS
    }
    reads = {"ucj_percent": None if target is None else str(target)}
    return _compute(indicator, rubric, claimed, reads, election_held=cycle.election_held)


def _without_verdict(
    kind: str,
    evidence: Mapping[str, Any],
    found: Mapping[str, Mapping[str, Value]],
    *,
    election_held: bool,
    candidate: str,
) -> tuple[FigureRef, ...]:
    data = evidence.get(kind, {}).get("data") or {}
    return tuple(
        FigureRef(kind, key)
        for key in figure_keys(kind, data, election_held=election_held, candidate=candidate)
        if key not in found.get(kind, {})
    )


def _compute(
    indicator: Any,
    rubric: RubricVersion,
    found: Mapping[str, Mapping[str, Value]],
    targets: Mapping[str, str | None],
    *,
    election_held: bool,
) -> Computation:
    rule = indicator.rule or ""
    try:
        return compute(
            rule,
            indicator.rule_params or {},
            found,
            targets,
            election_held=election_held,
            scale_max=format(rubric.scale_max, "f"),
            step=format(rubric.scale_step, "f"),
        )
    except BadInput as refusal:  # the rubric names figures that this version of the rules cannot read
        params = {name: Text(str(value)) for name, value in refusal.params.items()}
        return Computation(None, None, (Step(refusal.message, params),), (FigureRef("rule", rule),), ())


def found_figures(nomination_ids: Collection[int]) -> Mapping[int, Mapping[str, Mapping[str, Value]]]:
    """What was found, in the shape the rules of `core.computed` read (one statement).

    Nomination to kind to figure; None for a figure judged unverifiable or outside the period.
    """
    rows = db.session.execute(
        select(Verification.nomination_id, Finding.kind, Finding.figure, Finding.found, Finding.verdict)
        .join(Finding, Finding.verification_id == Verification.id)
        .where(Verification.nomination_id.in_(nomination_ids))
        .order_by(Finding.id)
    ).all()
    found: dict[int, dict[str, dict[str, Value]]] = {one: {} for one in nomination_ids}
    for nomination_id, kind, figure, text, verdict in rows:
        if kind not in KINDS:
            continue
        value = None if verdict in WITHOUT_VALUE else from_text(KINDS[kind].field(figure), text)
        found[nomination_id].setdefault(kind, {})[figure] = value
    return found


def gates_decided(nomination_ids: Collection[int]) -> Mapping[int, tuple[str, ...]]:
    """The codes of the gates that the chair decided as failed, by nomination, in order of code (one statement)."""
    rows = db.session.execute(
        select(Verification.nomination_id, GateFinding.gate)
        .join(GateFinding, GateFinding.verification_id == Verification.id)
        .where(
            Verification.nomination_id.in_(nomination_ids),
            GateFinding.subject == "gate",
            GateFinding.decided == "fail",
        )
        .order_by(GateFinding.gate)
    ).all()
    failed: dict[int, tuple[str, ...]] = dict.fromkeys(nomination_ids, ())
    for nomination_id, gate in rows:
        failed[nomination_id] += (gate,)
    return failed


def not_applicable(nomination_ids: Collection[int]) -> Mapping[int, Mapping[str, str]]:
    """The indicators that the chair decided not to apply, with the reason, by nomination (one statement)."""
    rows = db.session.execute(
        select(Verification.nomination_id, GateFinding.gate, GateFinding.decided_reason)
        .join(GateFinding, GateFinding.verification_id == Verification.id)
        .where(
            Verification.nomination_id.in_(nomination_ids),
            GateFinding.subject == "not_applicable",
            GateFinding.decided == "not_applicable",
        )
        .order_by(GateFinding.gate)
    ).all()
    found: dict[int, dict[str, str]] = {one: {} for one in nomination_ids}
    for nomination_id, indicator, reason in rows:
        found[nomination_id][indicator] = reason
    return found
