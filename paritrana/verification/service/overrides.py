"""A value set by two people in place of a computed one: proposed with a reason, confirmed by another person."""

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from paritrana.audit import service as audit
from paritrana.core.errors import BadInput, MissingReason, ParitranaError, SamePerson, StaleVersion, WrongState
from paritrana.core.lifecycle import State
from paritrana.core.policy import Actor
from paritrana.core.quantities import Score
from paritrana.core.rounding import decimal_text
from paritrana.core.rubric import Scale
from paritrana.core.scoring import OffScale, steps_above
from paritrana.core.words import N_
from paritrana.cycles.models import Category, Indicator, RubricVersion
from paritrana.cycles.queries import rubric_of, state_at
from paritrana.cycles.service import intake_of
from paritrana.database import db
from paritrana.nominations.models import Nomination
from paritrana.nominations.rows import kinds_of
from paritrana.panels.queries import has_declared
from paritrana.verification import counted, queries
from paritrana.verification.models import Override, Verification
from paritrana.verification.service.writing import MAX_TEXT, NotDeclared, VerificationLocked, lock
from paritrana.verification.values import computed_values


class ValueOffScale(BadInput):
    """A value that the scale does not have. Params: `low`, `high`, `step`."""

    code = "value_off_scale"
    message = N_("The value must lie between %(low)s and %(high)s, in steps of %(step)s.")


class NothingSet(BadInput):
    """The value is the one that counts already."""

    code = "nothing_set"
    message = N_("This value counts already. There is nothing to set.")


class FiguresOpen(ParitranaError):
    """The figures that an indicator is computed from are not judged to the end. Params: `code`."""

    code = "figures_open"
    message = N_("Indicator %(code)s is computed from figures without a verdict. Judge them first.")


class OverrideWaits(ParitranaError):
    """One open proposal for each indicator. Params: `code`."""

    code = "override_waits"
    message = N_(
        "A value for indicator %(code)s waits for a second person. It is confirmed, refused or taken back first."
    )


class OverrideEnded(ParitranaError):
    """The proposal was answered, taken back or made void."""

    code = "override_ended"
    message = N_("This proposal does not wait any more.")


class ComputedMoved(ParitranaError):
    """The computed value is not the one that stood on the page."""

    code = "computed_moved"
    message = N_("The computed value has changed since this page was made. Look at the new one first.")


class NotFirstPerson(ParitranaError):
    """Somebody else takes back what the first person proposed."""

    code = "not_first_person"
    message = N_("Only the person who proposed this can take it back.")


def propose_override(
    nomination: Nomination,
    indicator: str,
    value: Decimal | None,
    reason: str,
    *,
    seen: str | None,
    actor: Actor,
    at: datetime,
) -> Override:
    """Propose a value for a computed indicator, None for the computed one again; the caller commits.

    `seen` is the computed value that stood on the page. Raises `NotFound` for an indicator that is not computed,
    `MissingReason`, `ValueOffScale`, `NothingSet`, `NotDeclared`, `VerificationLocked`, `FiguresOpen`,
    `OverrideWaits`, `ComputedMoved`, `WrongState`.
    """
    if not reason.strip():
        raise MissingReason
    rubric = rubric_of(nomination.category)
    one = counted.computed_indicator(rubric, indicator)
    set_value = None if value is None else on_scale(value, rubric)
    verification = _begin(nomination, at)
    if not has_declared(actor.account_id, nomination.id):
        raise NotDeclared
    if verification is None or _open_figures(nomination, one):
        raise FiguresOpen(code=indicator)
    if any(each.state == "proposed" and each.indicator == indicator for each in verification.overrides):
        raise OverrideWaits(code=indicator)
    computed = _computed(nomination, indicator)
    if computed != seen:
        raise ComputedMoved
    in_force = _in_force(verification, indicator)
    if set_value == (computed if in_force is None else in_force.value) or (set_value is None and in_force is None):
        raise NothingSet
    override = Override(
        verification=verification,
        no=len(verification.overrides) + 1,
        indicator=indicator,
        computed=computed,
        value=set_value,
        reason=reason.strip()[:MAX_TEXT],
        state="proposed",
        first_by=actor.account_id,
        first_person_id=actor.person_id,
        first_name=actor.name,
        first_at=at,
        version=1,
    )
    db.session.add(override)
    db.session.flush()
    _record("override.proposed", override, actor, at)
    return override


def confirm_override(nomination: Nomination, no: int, *, expected: int, actor: Actor, at: datetime) -> Override:
    """Confirm a proposed value as the second person: from now on it counts; the caller commits.

    Raises `NotFound`, `StaleVersion`, `OverrideEnded`, `SamePerson`, `NotDeclared`, `VerificationLocked`,
    `ComputedMoved`, `WrongState`.
    """
    override, verification = _waiting(nomination, no, expected, at)
    _check_second(override, nomination, actor)
    if _computed(nomination, override.indicator) != override.computed:
        raise ComputedMoved
    in_force = next(
        (one for one in verification.overrides if one.state == "confirmed" and one.indicator == override.indicator),
        None,
    )
    if in_force is not None:
        in_force.state, in_force.ended_at = "replaced", at
        in_force.version += 1
        db.session.flush()
        _record("override.replaced", in_force, actor, at)
    _second(override, "confirmed", actor, at)
    _record("override.confirmed", override, actor, at)
    return override


def refuse_override(
    nomination: Nomination, no: int, note: str, *, expected: int, actor: Actor, at: datetime
) -> Override:
    """Refuse a proposed value as the second person, with the reason; the caller commits.

    Raises what `confirm_override` raises but `ComputedMoved`, and `MissingReason`.
    """
    if not note.strip():
        raise MissingReason
    override, _verification = _waiting(nomination, no, expected, at)
    _check_second(override, nomination, actor)
    override.note = note.strip()[:MAX_TEXT]
    _second(override, "refused", actor, at)
    _record("override.refused", override, actor, at)
    return override


def withdraw_override(nomination: Nomination, no: int, *, expected: int, actor: Actor, at: datetime) -> Override:
    """Take back one's own proposal before it is answered; the caller commits.

    Raises `NotFound`, `StaleVersion`, `OverrideEnded`, `NotFirstPerson`, `WrongState`.
    """
    override, _verification = _waiting(nomination, no, expected, at)
    if actor.person_id is None or actor.person_id != override.first_person_id:
        raise NotFirstPerson
    override.state, override.ended_at = "withdrawn", at
    override.version += 1
    db.session.flush()
    _record("override.withdrawn", override, actor, at)
    return override


def void_asked(verification: Verification, kinds: Collection[str], no: int, *, actor: Actor, at: datetime) -> None:
    """Make void what rests on evidence that change request `no` asks about: the answer may move it."""
    _void(_resting_on(verification, kinds), no, actor=actor, at=at)


def void_moved(verification: Verification, kind: str, *, actor: Actor, at: datetime) -> None:
    """Make void what was set beside a computed value that new findings on a kind of evidence have moved."""
    resting = _resting_on(verification, [kind])
    if not resting:
        return
    db.session.flush()
    nomination = verification.nomination
    moved = [one for one in resting if _computed(nomination, one.indicator) != one.computed]
    _void(moved, None, actor=actor, at=at)


def on_scale(value: Decimal, rubric: RubricVersion) -> str:
    """A value as the rubric's computed values are written. Raises `ValueOffScale`."""
    scale = Scale(rubric.scale_min, rubric.scale_max, rubric.scale_step)
    try:
        steps_above(value, scale)
    except OffScale:
        raise ValueOffScale(low=_score(scale.low), high=_score(scale.high), step=_score(scale.step)) from None
    return decimal_text(value.quantize(scale.step))


def _score(value: Decimal) -> Score:
    return Score(Fraction(value))


def _begin(nomination: Nomination, at: datetime) -> Verification | None:
    """The verification, locked, while values may be set: open or closed, but not while its close is proposed."""
    verification = lock(nomination)
    in_work = nomination.state in {*queries.IN_VERIFICATION, *queries.AFTER_SHORTLIST, "verified"}
    db.session.refresh(nomination.category, ["state"])  # the scoring, in which nothing is set, may have begun
    if not in_work or state_at(nomination.category, at) not in {State.VERIFICATION, State.INTERVIEW}:
        raise WrongState
    if verification is not None and verification.state == "proposed":
        raise VerificationLocked
    return verification


def _waiting(nomination: Nomination, no: int, expected: int, at: datetime) -> tuple[Override, Verification]:
    verification = _begin(nomination, at)
    override = counted.get_override(nomination, no)
    if verification is None or override.version != expected:
        raise StaleVersion(
            who=override.second_name or override.first_name, time=override.ended_at or override.second_at or at
        )
    if override.state != "proposed":
        raise OverrideEnded
    return override, verification


def _check_second(override: Override, nomination: Nomination, actor: Actor) -> None:
    if actor.person_id is None or actor.person_id == override.first_person_id:
        raise SamePerson
    if not has_declared(actor.account_id, nomination.id):
        raise NotDeclared


def _second(override: Override, state: str, actor: Actor, at: datetime) -> None:
    override.state = state
    override.second_by, override.second_person_id = actor.account_id, actor.person_id
    override.second_name, override.second_at = actor.name, at
    override.version += 1
    db.session.flush()


def _open_figures(nomination: Nomination, indicator: Indicator) -> bool:
    kinds = kinds_of(indicator)
    return any(item.open for item in queries.case_of(nomination).items if item.kind in kinds)


def _computed(nomination: Nomination, indicator: str) -> str | None:
    category: Category = nomination.category
    return computed_values(category, rubric_of(category), [nomination])[nomination.id, indicator].value


def _in_force(verification: Verification, indicator: str) -> Override | None:
    return next((one for one in verification.overrides if one.counts and one.indicator == indicator), None)


def _resting_on(verification: Verification, kinds: Collection[str]) -> list[Override]:
    """What waits or counts of the indicators that are computed from these kinds of evidence."""
    live = [one for one in verification.overrides if one.state == "proposed" or one.counts]
    if not live:
        return []
    rubric = rubric_of(verification.category)
    touched = {one.code for one in rubric.indicators if set(kinds_of(one)) & set(kinds)}
    return [one for one in live if one.indicator in touched]


def _void(overrides: Collection[Override], request_no: int | None, *, actor: Actor, at: datetime) -> None:
    for one in overrides:
        one.state, one.ended_at, one.request_no = "void", at, request_no
        one.version += 1
        db.session.flush()
        _record("override.voided", one, actor, at)


def _record(kind: str, override: Override, actor: Actor, at: datetime) -> None:
    nomination = override.verification.nomination
    values: dict[str, Any] = {
        "no": override.no, "indicator": override.indicator, "computed": override.computed, "value": override.value,
        "reason": override.reason, "state": override.state, "first": override.first_person_id,
        "second": override.second_person_id, "note": override.note or None, "request": override.request_no,
        "version": override.version,
    }  # fmt: skip
    audit.record(intake_of(nomination.category), kind, actor, at=at, object_ref=nomination.ref, **values)
