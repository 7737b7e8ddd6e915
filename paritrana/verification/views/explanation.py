"""How a computed value comes about, for the nominee (claims) and for those who read the verification (findings)."""

from collections.abc import Mapping
from typing import Any

import structlog
from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from markupsafe import Markup

from paritrana.core.errors import NotFound
from paritrana.core.evidence import development_target
from paritrana.core.lifecycle import State
from paritrana.core.policy import Act, Guard, Role
from paritrana.cycles.models import Indicator, RubricVersion
from paritrana.cycles.queries import rubric_of, state_now
from paritrana.nominations.models import Nomination
from paritrana.nominations.pictures import target_path
from paritrana.nominations.queries import current_revision, evidence_of, get_nomination, self_assessments_of
from paritrana.nominations.rows import kinds_of
from paritrana.reference.queries import national_targets
from paritrana.verification import queries
from paritrana.verification.counted import set_values
from paritrana.verification.explanation import STATE_SHAPES, STATES, Explanation, explained
from paritrana.verification.unseen import veiled_explanation
from paritrana.verification.values import claimed_value, computed_values, found_figures, not_applicable
from paritrana.verification.views.frame import READERS, bp, claims_hidden, may_read, self_said, show
from paritrana.web.access import allowed, ask, current_actor, now

REASON_LENGTH = 500
PATH = development_target.SPEC.kind
log = structlog.get_logger("verification")

Evidence = Mapping[str, Mapping[str, Any]]  # kind to stored data


@bp.get("/nominations/<ref>/explanation/<computed>")
@allowed(Act.SEE_DRAFT, nomination=get_nomination)
def claimed_explanation(nomination: Nomination, computed: str) -> ResponseReturnValue:
    """What the nominee's own figures would give; after the publication also what the verified ones gave."""
    rubric = rubric_of(nomination.category)
    indicator, evidence = _computed(rubric, computed), _evidence(nomination)
    value = claimed_value(nomination.category, rubric, nomination, indicator, evidence)
    held = nomination.category.cycle.election_held
    public = state_now(nomination.category, now()) >= State.PUBLISHED and nomination.revision_no > 0
    return _page(
        nomination,
        rubric,
        indicator,
        claimed=explained(indicator, rubric, value, evidence, None, election_held=held),
        verified=_verified(nomination, rubric, indicator, evidence) if public else None,
        said=_said(nomination, indicator),
        picture=_path(nomination, indicator, evidence, found=public),
        with_claims=True,
        role=Role.NOMINEE,
    )


@bp.get("/verification/<ref>/explanation/<computed>")
@allowed(Act.SEE_NOMINATION, nomination=queries.get_sent_nomination)
def explanation(nomination: Nomination, computed: str) -> ResponseReturnValue:
    """What the verified figures give. Members of the panel see no claims here; an auditor says why it is opened."""
    decision = ask(Act.SEE_NOMINATION, nomination)
    role, reason = decision.role, ""
    if role is None or role not in READERS | {Role.AUDITOR}:
        raise NotFound
    rubric = rubric_of(nomination.category)
    indicator = _computed(rubric, computed)
    if decision.grant is not None and Guard.REASON in decision.grant.guards:
        reason = " ".join(request.args.get("reason", "").split())[:REASON_LENGTH]
        if not reason:
            return show("explanation_reason.html", nomination, indicator=indicator), 422
        log.info(
            "read", act=Act.SEE_NOMINATION.value, account=current_actor().ref, nomination=nomination.ref,
            indicator=indicator.code, reason=bool(reason),
        )  # fmt: skip
    elif not may_read(nomination, role):
        return redirect(url_for("verification.overview", ref=nomination.ref), 303)
    evidence, revision = _evidence(nomination), current_revision(nomination)
    seated = nomination.category_id in current_actor().seats
    verified = _verified(nomination, rubric, indicator, evidence)
    picture = None if seated else _path(nomination, indicator, evidence, found=True)
    said = {} if revision is None else self_said(nomination, revision).get(indicator.code, {})
    if claims_hidden(nomination):
        case = queries.case_of(nomination)
        verified = veiled_explanation(verified, case)
        if any(one.unseen and indicator in one.indicators for one in case.items):
            picture, said = None, {}
    return _page(
        nomination,
        rubric,
        indicator,
        claimed=None,
        verified=verified,
        said=said,
        picture=picture,
        with_claims=not seated,
        role=role,
        reason=reason,
    )


def _page(
    nomination: Nomination,
    rubric: RubricVersion,
    indicator: Indicator,
    *,
    claimed: Explanation | None,
    verified: Explanation | None,
    said: Mapping[str, Any],
    picture: Markup | None,
    with_claims: bool,
    role: Role,
    reason: str = "",
) -> str:
    excused = not_applicable([nomination.id])[nomination.id].get(indicator.code) if verified is not None else None
    endpoint = "verification.claimed_explanation" if role is Role.NOMINEE else "verification.explanation"
    return show(
        "explanation.html",
        nomination,
        rubric=rubric,
        indicator=indicator,
        claimed=claimed,
        verified=verified,
        said=said,
        picture=picture,
        with_claims=with_claims,
        excused=excused,
        set_here=set_values(nomination).get(indicator.code) if verified is not None else None,
        crumbs=_crumbs(nomination, role),
        others=[
            (one, url_for(endpoint, ref=nomination.ref, computed=one.code, reason=reason or None))
            for one in rubric.indicators
            if one.source == "computed"
        ],
        item_endpoint={Role.NOMINEE: "nominations.evidence", Role.AUDITOR: None}.get(role, "verification.item"),
        states=STATES,
        state_shapes=STATE_SHAPES,
    )


def _crumbs(nomination: Nomination, role: Role) -> list[tuple[str, str | None]]:
    name, ref = nomination.organisation.name, nomination.ref
    match role:
        case Role.NOMINEE:
            return [
                (_("Nominations"), url_for("nominations.list_nominations")),
                (name, url_for("nominations.task_list", ref=ref)),
            ]
        case Role.ASSESSOR:
            return [(_("Assessments"), url_for("sheets.assessments")), (name, url_for("sheets.sheet", ref=ref))]
        case Role.AUDITOR:
            return [(name, None)]
    return [(_("Verification"), url_for("verification.queue")), (name, url_for("verification.overview", ref=ref))]


def _computed(rubric: RubricVersion, code: str) -> Indicator:
    """The computed indicator with this code. Raises `NotFound`."""
    found = next((one for one in rubric.indicators if one.code == code and one.source == "computed"), None)
    if found is None:
        raise NotFound
    return found


def _evidence(nomination: Nomination) -> Evidence:
    """What the nominee says: its draft, or else the revision that was sent last."""
    revision = None if nomination.state == "draft" else current_revision(nomination)
    if revision is None:
        return {kind: item.data for kind, item in evidence_of(nomination).items()}
    return {kind: said.get("data") or {} for kind, said in revision.content["evidence"].items()}


def _said(nomination: Nomination, indicator: Indicator) -> Mapping[str, Any]:
    """What the nominee itself thinks of an indicator, as it stands now."""
    one = self_assessments_of(nomination).get(indicator.code)
    if one is None or (one.value is None and not one.note):
        return {}
    return {"value": None if one.value is None else format(one.value, "f"), "note": one.note}


def _verified(nomination: Nomination, rubric: RubricVersion, indicator: Indicator, evidence: Evidence) -> Explanation:
    verification = queries.find_verification(nomination)
    return explained(
        indicator,
        rubric,
        computed_values(nomination.category, rubric, [nomination])[nomination.id, indicator.code],
        evidence,
        verification.findings if verification is not None else [],
        election_held=nomination.category.cycle.election_held,
    )


def _path(nomination: Nomination, indicator: Indicator, evidence: Evidence, *, found: bool) -> Markup | None:
    """The picture of the path in the plan, for an indicator that rests on it."""
    if PATH not in kinds_of(indicator):
        return None
    figures = found_figures([nomination.id])[nomination.id].get(PATH, {}) if found else {}
    national = national_targets(nomination.category.cycle.target_instrument)
    return target_path("path", evidence.get(PATH) or {}, national, figures)
