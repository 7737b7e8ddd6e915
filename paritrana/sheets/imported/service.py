"""Changes by copies of queues: what a file would do, taking it, and noting which of two versions was set aside."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from paritrana.accounts.models import Device
from paritrana.accounts.queries import find_device
from paritrana.audit import service as audit
from paritrana.core.errors import BadInput, ParitranaError
from paritrana.core.lifecycle import State
from paritrana.core.policy import Actor
from paritrana.core.scoring import NotOnSheet, steps_above
from paritrana.core.words import N_
from paritrana.cycles.models import Category, Cycle
from paritrana.database import db, random_ref
from paritrana.nominations.queries import CANDIDATE_STATES
from paritrana.panels.queries import conflicts_in, seats_in
from paritrana.sheets import queries, service
from paritrana.sheets.imported.models import MarkSetAside, QueueCopy, QueueCopyEntry
from paritrana.sheets.imported.queries import (
    concerned,
    find_copy,
    held_on,
    said_in,
    set_aside_on,
    settled_of,
    sheets_called,
    waiting_on,
)
from paritrana.sheets.imported.reading import Copy, Entry
from paritrana.sheets.late import service as late
from paritrana.sheets.models import Sheet
from paritrana.sheets.queries import Circumstances

TAKEN, SAME, HELD, LATE, REFUSED = "taken", "same", "held", "late", "refused"
# While a category stands in one of these, what its devices say is kept.
HEARD_IN = (State.INTERVIEW, State.SCORING, State.PLENARY, State.SEALED)


class DeviceUnknown(BadInput):
    """No device with this key was ever prepared here."""

    code = "device_unknown"
    message = N_(
        "The device that saved this file was never prepared here, so nobody can say whose it is. Nothing is taken."
    )


class DeviceEnded(BadInput):
    """The device was taken out of use from elsewhere; its key says nothing any more."""

    code = "device_ended"
    message = N_(
        "The device that saved this file was taken out of use since, and its key is not valid any more. "
        "Nothing is taken."
    )


class CopyOfAnother(BadInput):
    """The file names another person, or another person's sheets, than the owner of the device."""

    code = "copy_of_another"
    message = N_("This file names sheets of another person than the owner of the device. Nothing is taken.")


class CopyNotYours(BadInput):
    """An assessor brings the copy of somebody else."""

    code = "copy_not_yours"
    message = N_("This is the copy of another person. You can import your own; the secretariat imports all of them.")


class CopyOfAnotherCycle(BadInput):
    """No sheet of the file belongs to the cycle of the day."""

    code = "copy_of_another_cycle"
    message = N_("The sheets of this file belong to another cycle. Import it on an interview day of that cycle.")


class VersionUnknown(BadInput):
    """A mark was set aside against a version that the sheet never had."""

    code = "version_unknown"
    message = N_("The sheet never had this version. Load the page again.")


class AlreadyChosen(ParitranaError):
    """The mark of a copy does not wait any more."""

    code = "already_chosen"
    message = N_("You have chosen between these versions before. Load the page again.")


# Why one mark of a copy is not taken; never with what was typed, because the secretariat reads no marks.
WHY: Mapping[str, str] = {
    "not_a_mark": N_("What was typed is no mark that this indicator takes"),
    "not_on_sheet": N_("The sheet has no such indicator"),
    "indicator_excused": N_("The indicator does not apply to this candidate"),
    "marking_not_open": N_("The interview of this candidate has not begun"),
    "evidence_asked": N_("A change request on the evidence waits for its answer"),
    "not_judging": N_("The assessor does not score this candidate any more"),
    "candidate_withdrawn": N_("The candidate has withdrawn"),
    "earlier_attempt": N_("The scoring of the category was begun anew after this"),
    "wrong_state": N_("The category takes no marks at its stage"),
    "concerned": N_("You are in conflict with this candidate: another person imports the file"),
}
# Refusals of single marks that mean no more to whoever imports than that the mark cannot be taken.
_NO_MARK = frozenset({"off_scale", "above_cap", "mark_and_abstention", "bad_input"})


@dataclass(frozen=True)
class Typed:
    """One mark of a copy with its value as a number; not `readable`: what was typed is no mark."""

    entry: Entry
    value: Decimal | None
    readable: bool = True

    @property
    def said(self) -> dict[str, Any]:
        """What the mark would keep."""
        entry = self.entry
        return service.said_of(self.value, entry.abstain_note, entry.panel_note, entry.feedback)


@dataclass(frozen=True)
class Line:
    """What would become, or became, of one mark."""

    sheet: Sheet
    typed: Typed
    outcome: str
    why: str = ""
    before: bool = False  # settled when the file was taken before
    hidden: bool = False  # whoever looks must not meet the candidate


def owner_of(copy: Copy, cycle: Cycle, actor: Actor) -> tuple[Device, Mapping[str, Sheet]]:
    """The device that signed a copy, and its sheets in the cycle, by reference (three statements).

    Raises `DeviceUnknown`, `DeviceEnded`, `CopyOfAnother`, `CopyNotYours`, `CopyOfAnotherCycle`.
    """
    device = find_device(copy.public_key)
    if device is None:
        raise DeviceUnknown
    if device.revoked_at is not None and not device.signed_out:
        raise DeviceEnded
    sheets = sheets_called(copy.sheets)
    if device.account.ref != copy.account or set(sheets) != set(copy.sheets):
        raise CopyOfAnother
    if any(one.assessor_id != device.account_id for one in sheets.values()):
        raise CopyOfAnother
    if cycle.id not in actor.organises and device.account_id != actor.user_id:
        raise CopyNotYours
    here = {ref: one for ref, one in sheets.items() if one.category.cycle_id == cycle.id}
    if not here:
        raise CopyOfAnotherCycle
    return device, here


def outlook(
    copy: Copy, cycle: Cycle, sheets: Mapping[str, Sheet], typed: Mapping[str, Sequence[Typed]], actor: Actor
) -> list[Line]:
    """What would become of every mark of a copy as things stand now; nothing changes."""
    known = find_copy(cycle, copy.digest)
    settled = settled_of(known) if known is not None else {}
    hidden = concerned(sheets.values(), actor)
    around = {one.category_id: _around(one.category) for one in sheets.values()}
    lines = []
    for ref, sheet in sheets.items():
        unseen = sheet.nomination_id in hidden
        hindrance = _hindrance(sheet, *around[sheet.category_id]) or ("concerned" if unseen else "")
        where, weighed = queries.circumstances(sheet.nomination), _weighed(sheet)
        for one in typed[ref]:
            done = settled.get((ref, one.entry.indicator))
            if done is not None and done.outcome != REFUSED:
                lines.append(Line(sheet, one, done.outcome, before=True, hidden=unseen))
                continue
            outcome, why = (REFUSED, hindrance) if hindrance else _outcome(sheet, one, where, weighed)
            repeated = done is not None and outcome == REFUSED
            lines.append(Line(sheet, one, outcome, why, before=repeated, hidden=unseen))
    return lines


def _around(category: Category) -> tuple[set[int], Collection[tuple[int, int]]]:
    """Who judges in a category now, and whom nobody there may meet."""
    return {seat.account_id for seat in seats_in(category)}, conflicts_in(category)


def _hindrance(sheet: Sheet, judging: Collection[int], conflicts: Collection[tuple[int, int]]) -> str:
    """Why no mark of a sheet can be taken at all; empty where some can."""
    if sheet.withdrawn or sheet.assessor_id not in judging or (sheet.assessor_id, sheet.nomination_id) in conflicts:
        return "not_judging"
    if sheet.nomination.state not in CANDIDATE_STATES:
        return "candidate_withdrawn"
    if sheet.attempt != sheet.category.attempt:
        return "earlier_attempt"
    return "" if sheet.category.stored_state in HEARD_IN else "wrong_state"


def _weighed(sheet: Sheet) -> list[tuple[str, int, Any]]:
    """What the assessor weighs, or has weighed, against the sheet: it is not asked a second time."""
    held = [(one.indicator, one.base, said_in(one)) for one in held_on(sheet)]
    aside = [(one.indicator, one.base, _said_aside(one)) for one, _revision, _account in set_aside_on([sheet.id])]
    return [*held, *aside]


def _outcome(sheet: Sheet, typed: Typed, where: Circumstances, weighed: Collection[Any]) -> tuple[str, str]:
    entry, said = typed.entry, typed.said
    one = service.rubric_on(sheet).indicator(entry.indicator)
    if one is None or one.source != "panel":
        return REFUSED, "not_on_sheet"
    if not typed.readable or (typed.value is not None and said["abstain_note"]):
        return REFUSED, "not_a_mark"
    known = queries.mark_of(sheet, entry.indicator)
    if (known is not None and service.says(known, said)) or (entry.indicator, entry.base, said) in weighed:
        return SAME, ""
    try:
        if typed.value is not None:
            steps_above(typed.value, service.scale_of(service.rubric_on(sheet)))
        if late.locked(sheet):
            return LATE, ""
        service.check_mark(sheet, entry.indicator, typed.value, entry.abstain_note, expected=entry.base, where=where)
    except service.MarkMoved:
        return HELD, ""
    except ParitranaError as refusal:
        return REFUSED, "not_a_mark" if refusal.code in _NO_MARK else refusal.code
    return TAKEN, ""


def take(
    copy: Copy, cycle: Cycle, typed: Mapping[str, Sequence[Typed]], *, actor: Actor, at: datetime
) -> tuple[QueueCopy, list[Line]]:
    """Keep a copy and do with each of its marks what can be done; the caller commits.

    Nothing is overwritten: a mark whose sheet moved on waits for its assessor. A copy that was taken before changes
    nothing, but for marks that were refused then and can be taken by now. Raises what `owner_of` raises.
    """
    stream = audit.judging(cycle.code)
    audit.lock_stream(stream)
    device, sheets = owner_of(copy, cycle, actor)
    sheets = {ref: queries.fresh(one) for ref, one in sheets.items()}
    lines = outlook(copy, cycle, sheets, typed, actor)
    kept = find_copy(cycle, copy.digest)
    if kept is None:
        kept = QueueCopy(
            ref=random_ref("Q", 3), cycle=cycle, device=device, digest=copy.digest, size=len(copy.data),
            content=copy.data, made_at=copy.made_at, received_at=at, received_by=actor.account_id,
        )  # fmt: skip
        db.session.add(kept)
        db.session.flush()
        audit.record(stream, "queue_copy.received", actor, at=at, object_ref=kept.ref, **told_of_copy(kept))
    for line in lines:
        if not line.before:
            _settle(kept, line, stream, actor=actor, at=at)
    return kept, lines


def _settle(kept: QueueCopy, line: Line, stream: str, *, actor: Actor, at: datetime) -> None:
    sheet, entry = line.sheet, line.typed.entry
    row = QueueCopyEntry(
        ref=random_ref("E", 3), copy=kept, sheet=sheet, indicator=entry.indicator, base=entry.base,
        device_at=entry.device_at, typed=entry.value, value=line.typed.value, abstain_note=entry.abstain_note,
        panel_note=entry.panel_note, feedback=entry.feedback, outcome=line.outcome, why=line.why, settled_at=at,
        settled_by=actor.account_id,
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    audit.record(
        stream, "queue_copy.settled", actor, at=at, object_ref=row.ref, **told_of_entry(row, kept.ref, sheet.ref)
    )
    said: dict[str, Any] = {name: getattr(entry, name) for name in ("abstain_note", "panel_note", "feedback")}
    said |= {"actor": actor, "at": at}
    if line.outcome == TAKEN:
        service.save(sheet, entry.indicator, line.typed.value, expected=entry.base, **said)
    elif line.outcome == LATE:
        late.deliver(sheet, entry.indicator, line.typed.value, device_at=entry.device_at, **said)


def told_of_copy(copy: Any) -> dict[str, Any]:
    """What an event says of a copy: whose device, which bytes; the bytes themselves stand in the row."""
    return {
        "device": copy.device.ref,
        "digest": copy.digest,
        "size": copy.size,
        "made_at": copy.made_at,
        "received_at": copy.received_at,
    }


def told_of_entry(row: Any, copy: str, sheet: str) -> dict[str, Any]:
    """What an event says of one mark of a copy: everything."""
    names = (
        "indicator",
        "base",
        "device_at",
        "typed",
        "value",
        "abstain_note",
        "panel_note",
        "feedback",
        "outcome",
        "why",
    )
    return {"copy": copy, "sheet": sheet, **{name: getattr(row, name) for name in names}}


# Two versions ---------------------------------------------------------------------------------------------------------


def set_aside(
    sheet: Sheet,
    indicator: str,
    typed: Typed,
    *,
    against: int,
    chosen: str,
    actor: Actor,
    at: datetime,
    entry: QueueCopyEntry | None = None,
) -> MarkSetAside:
    """Note what an assessor weighed against version `against` of the server, and which one was chosen.

    The caller commits; the marks themselves change elsewhere. What is noted already is not noted again, and what waits
    from a copy with the same words is settled with it. Raises `NotOnSheet`, `VersionUnknown`.
    """
    stream = audit.judging(sheet.category.cycle.code)
    audit.lock_stream(stream)
    sheet = queries.fresh(sheet)
    one = service.rubric_on(sheet).indicator(indicator)
    if one is None or one.source != "panel":
        raise NotOnSheet(indicator=indicator)
    mark = queries.mark_of(sheet, indicator)
    if against > (mark.version if mark is not None else 0):
        raise VersionUnknown
    said, base = typed.said, typed.entry.base
    if entry is None:
        for known, _revision, _account in set_aside_on([sheet.id]):
            same = (known.indicator, known.base, known.against, known.chosen) == (indicator, base, against, chosen)
            if same and _said_aside(known) == said:
                return known
        entry = next(
            (one for one in waiting_on(sheet) if (one.indicator, one.base, said_in(one)) == (indicator, base, said)),
            None,
        )
    row = MarkSetAside(
        ref=random_ref("V", 3), sheet=sheet, indicator=indicator, **said, base=base, against=against, chosen=chosen,
        device_at=typed.entry.device_at, received_at=at, received_by=actor.account_id,
        entry_id=entry.id if entry is not None else None,
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    audit.record(
        stream, "mark.set_aside", actor, at=at, object_ref=row.ref,
        **told_of_choice(row, sheet.ref, entry.ref if entry is not None else None),
    )  # fmt: skip
    return row


def choose(
    sheet: Sheet, entry: QueueCopyEntry, chosen: str, *, expected: int, actor: Actor, at: datetime
) -> MarkSetAside:
    """Settle a mark of a copy that met a newer version; the caller commits.

    `mine` makes what the copy says the next version, or a late mark where the sheet is locked by now; `theirs` leaves
    the sheet as it is. `expected` is the version that was shown. Raises `AlreadyChosen`, `MarkMoved` and what
    `service.save` and `late.service.deliver` raise.
    """
    audit.lock_stream(audit.judging(sheet.category.cycle.code))
    sheet = queries.fresh(sheet)
    if entry.id not in {one.id for one in waiting_on(sheet)}:
        raise AlreadyChosen
    mark = queries.mark_of(sheet, entry.indicator)
    if (mark.version if mark is not None else 0) != expected:
        raise service.MarkMoved(mark)
    said: dict[str, Any] = {name: getattr(entry, name) for name in ("abstain_note", "panel_note", "feedback")}
    row = set_aside(
        sheet, entry.indicator,
        Typed(Entry(entry.indicator, entry.base, entry.device_at, entry.typed, **said), entry.value),
        against=expected, chosen=chosen, actor=actor, at=at, entry=entry,
    )  # fmt: skip
    if chosen == "mine":
        if late.locked(sheet):
            late.deliver(sheet, entry.indicator, entry.value, **said, device_at=entry.device_at, actor=actor, at=at)
        else:
            service.save(sheet, entry.indicator, entry.value, **said, expected=expected, actor=actor, at=at)
    return row


def _said_aside(row: MarkSetAside) -> dict[str, Any]:
    return service.said_of(row.value, row.abstain_note, row.panel_note, row.feedback)


def told_of_choice(row: Any, sheet: str, entry: str | None) -> dict[str, Any]:
    """What an event says of a version that was weighed."""
    names = (
        "indicator", "value", "reason", "abstain_note", "panel_note", "feedback", "base", "against", "chosen",
        "device_at", "received_at",
    )  # fmt: skip
    return {"sheet": sheet, "entry": entry, **{name: getattr(row, name) for name in names}}
