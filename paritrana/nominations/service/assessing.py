"""What a nominee thinks of its own indicators: optional, versioned, kept with every revision, and read by no rule."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from paritrana.audit import service as audit
from paritrana.core.errors import BadInput, NotFound, StaleVersion
from paritrana.core.policy import Actor
from paritrana.core.quantities import Label, Score, exact
from paritrana.core.words import N_
from paritrana.cycles.models import RubricVersion
from paritrana.cycles.service import intake_of
from paritrana.database import db
from paritrana.nominations import queries
from paritrana.nominations.models import Nomination, SelfAssessment
from paritrana.nominations.rows import SENT_AS, assessed_by_itself
from paritrana.nominations.service.writing import MAX_TEXT, open_for_writing


class OffTheScale(BadInput):
    """A value that is no value of the rubric's scale. Params: `code`, `low`, `high`."""

    code = "self_assessment_off_the_scale"
    message = N_("The value for %(code)s must lie between %(low)s and %(high)s, on a step of the scale.")


def assess(
    nomination: Nomination,
    said: Mapping[str, tuple[Decimal | None, str, int]],
    *,
    actor: Actor,
    at: datetime,
) -> list[SelfAssessment]:
    """Say what indicators are worth: code to (value or None, sentence, version seen, 0 for none); the caller commits.

    Unchanged ones are left alone, and what is blank and was never said stays unsaid; nothing is stored unless all may
    be. Raises `EntryClosed`, `NominationSent`, `NotFound`, `OffTheScale`, `StaleVersion`.
    """
    rubric = open_for_writing(nomination, at)
    asked = {one.code for one in assessed_by_itself(rubric)}
    if not said.keys() <= asked:
        raise NotFound
    there = queries.self_assessments_of(nomination)
    for code, (value, _note, expected) in said.items():
        _check_scale(code, value, rubric)
        if (there[code].version if code in there else 0) != expected:
            raise StaleVersion(who=Label(N_("Somebody")), time=at)
    stored = []
    for code, (value, note, _expected) in said.items():
        one, sentence = there.get(code), note.strip()[:MAX_TEXT]
        if one is None:
            if value is None and not sentence:
                continue
            one = SelfAssessment(nomination=nomination, indicator=code, version=0)
            db.session.add(one)
        elif (one.value, one.note) == (value, sentence):
            continue
        one.value, one.note = value, sentence
        one.assessed_at, one.assessed_by_name = at, actor.name
        one.version += 1
        audit.record(
            intake_of(nomination.category), "self_assessment.saved", actor, at=at, object_ref=nomination.ref,
            indicator=code, value=value, note=sentence, version=one.version,
        )  # fmt: skip
        stored.append(one)
    db.session.flush()
    return stored


def assessments_sent(nomination: Nomination) -> dict[str, Any]:
    """The part of a revision's content that keeps what the nominee thinks; empty where it said nothing."""
    said = {
        code: {"value": None if one.value is None else format(one.value, "f"), "note": one.note}
        for code, one in queries.self_assessments_of(nomination).items()
        if one.value is not None or one.note
    }
    return {SENT_AS: said} if said else {}


def _check_scale(code: str, value: Decimal | None, rubric: RubricVersion) -> None:
    low, high = rubric.scale_min, rubric.scale_max
    if value is None or (low <= value <= high and not (value - low) % rubric.scale_step):
        return
    raise OffTheScale(code=code, low=Score(exact(low)), high=Score(exact(high)))
