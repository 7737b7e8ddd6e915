"""Changes of second scorings: the chair opens one after the discussion, and each assessor keeps or changes a mark."""

from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from paritrana.audit import service as audit
from paritrana.core.consolidation import SECOND
from paritrana.core.errors import MissingReason, NotFound, ParitranaError, WrongState
from paritrana.core.lifecycle import State
from paritrana.core.policy import Actor
from paritrana.core.quantities import Score
from paritrana.core.rubric import Scale
from paritrana.core.scoring import NotOnSheet, steps_above
from paritrana.core.words import N_
from paritrana.cycles.queries import rubric_of
from paritrana.database import db, random_ref
from paritrana.nominations.models import Nomination
from paritrana.sheets import queries as sheets
from paritrana.sheets.consolidations import queries
from paritrana.sheets.consolidations.closing import record
from paritrana.sheets.models import Consolidation, Mark, MarkRevision
from paritrana.sheets.notices import tell_consolidation
from paritrana.sheets.queries import SeatOver
from paritrana.sheets.service import AboveCap, MarkMoved, SheetClosed


class SheetsNotIn(ParitranaError):
    """A second scoring rests on what everybody said alone first."""

    code = "sheets_not_in"
    message = N_("A second scoring opens when every sheet of the candidate is in.")


class NothingToConsolidate(ParitranaError):
    """No indicator of the candidate lies further apart than the rubric allows."""

    code = "nothing_to_consolidate"
    message = N_("Nothing to consolidate: no indicator of this candidate exceeds the limit.")


class AlreadyOpened(ParitranaError):
    """The candidate has a second scoring in this attempt; there is no third."""

    code = "already_opened"
    message = N_("This candidate already has a second scoring.")


class ConsolidationClosed(ParitranaError):
    """The chair closed the second scoring."""

    code = "consolidation_closed"
    message = N_("The second scoring is closed. Its marks do not change any more.")


def open_consolidation(nomination: Nomination, reason: str, *, actor: Actor, at: datetime) -> Consolidation:
    """Open a second scoring of the indicators that exceed the rubric's limit; the caller commits.

    Raises `MissingReason`, `WrongState`, `AlreadyOpened`, `SheetsNotIn`, `NothingToConsolidate`.
    """
    category = nomination.category
    if not reason.strip():
        raise MissingReason
    audit.lock_stream(audit.judging(category.cycle.code))
    db.session.refresh(category)
    if category.stored_state is not State.SCORING:
        raise WrongState
    if queries.find_consolidation(nomination) is not None:
        raise AlreadyOpened
    if not sheets.all_in_for(nomination):
        raise SheetsNotIn
    rubric = rubric_of(category)
    voices = queries.voices(nomination, rubric)
    wide = queries.over_the_limit(voices, rubric)
    if not wide:
        raise NothingToConsolidate
    consolidation = Consolidation(
        ref=random_ref("K"),
        category=category,
        nomination=nomination,
        attempt=category.attempt,
        indicators=[
            {"code": one.indicator, "low": format(one.low, "f"), "high": format(one.high, "f")} for one in wide
        ],
        opened_at=at,
        opened_by=actor.account_id,
        opened_reason=reason.strip(),
    )
    db.session.add(consolidation)
    db.session.flush()
    record(consolidation, "consolidation.opened", actor, at)
    people = sorted({one.assessor.id for said in voices.values() for one in said})
    tell_consolidation(nomination, people, f"/consolidations/{consolidation.ref}", cause=consolidation.ref, at=at)
    return consolidation


def score_again(
    consolidation: Consolidation,
    indicator: str,
    value: Decimal | None,
    reason: str,
    *,
    keep: bool,
    expected: int,
    actor: Actor,
    at: datetime,
) -> Mark:
    """Keep or change the actor's own mark of one indicator in the second round; the caller commits.

    With `keep` the second mark says what the first says, whatever `value` is; else `value` needs a `reason`.
    `expected` is the version of the second mark that the sender saw, 0 for none. Raises `ConsolidationClosed`,
    `NotOnSheet`, `NotFound` without an own sheet, `SheetClosed`, `SeatOver`, `MissingReason`, `OffScale`, `AboveCap`,
    `MarkMoved`.
    """
    nomination = consolidation.nomination
    category = nomination.category
    audit.lock_stream(audit.judging(category.cycle.code))
    db.session.refresh(category)
    db.session.refresh(consolidation)
    if category.stored_state is not State.SCORING:
        raise WrongState
    if consolidation.closed_at is not None or consolidation.attempt != category.attempt:
        raise ConsolidationClosed
    if indicator not in consolidation.codes:
        raise NotOnSheet(indicator=indicator)
    found = sheets.find_sheet(nomination.id, actor.account_id, consolidation.attempt)
    if found is None:
        raise NotFound
    sheet = sheets.fresh(found)
    if sheet.withdrawn or sheet.submitted_at is None:
        raise SheetClosed
    if sheet.unseated:
        raise SeatOver
    first = sheets.mark_of(sheet, indicator)
    known = sheets.second_marks_of(sheet).get(indicator)
    if (known.version if known is not None else 0) != expected:
        raise MarkMoved(known)
    if not keep and (value is None or not reason.strip()):
        raise MissingReason
    if not keep and value is not None:
        _check(nomination, indicator, value)
    if first is None:
        raise NotFound
    said = {
        "value": first.value if keep else value,
        "reason": first.reason if keep else None,
        "abstain_note": first.abstain_note if keep else "",
        "panel_note": reason.strip(),
        "feedback": "",
    }
    mark = known
    if mark is None:
        mark = Mark(sheet=sheet, indicator=indicator, round=SECOND, version=0)
        db.session.add(mark)
    elif all(getattr(mark, name) == given for name, given in said.items()):
        return mark
    for name, given in said.items():
        setattr(mark, name, given)
    mark.saved_at = at
    mark.version += 1
    db.session.flush()
    db.session.add(MarkRevision(mark_id=mark.id, version=mark.version, saved_by=actor.account_id, saved_at=at, **said))
    audit.record(
        audit.judging(category.cycle.code), "mark.saved", actor, at=at, object_ref=sheet.ref,
        nomination=nomination.ref, indicator=indicator, round=SECOND, version=mark.version, **said,
    )  # fmt: skip
    db.session.flush()
    return mark


def _check(nomination: Nomination, indicator: str, value: Decimal) -> None:
    rubric = rubric_of(nomination.category)
    steps_above(value, Scale(rubric.scale_min, rubric.scale_max, rubric.scale_step))
    one = rubric.indicator(indicator)
    cap = sheets.circumstances(nomination).cap(one) if one is not None else None
    if cap is not None and value > cap.value:
        raise AboveCap(max=Score(Fraction(cap.value)), value=Score(Fraction(value)))
