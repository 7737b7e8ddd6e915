"""Changes by paper: two people type the same sheet, equal readings become marks, the chair decides about the others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from paritrana.audit import service as audit
from paritrana.core.errors import BadInput, MissingReason, ParitranaError, StaleVersion, WrongState
from paritrana.core.policy import Actor
from paritrana.core.words import N_
from paritrana.database import db, random_ref
from paritrana.files.models import Blob
from paritrana.interviews.service import touch_board
from paritrana.nominations.queries import CANDIDATE_STATES
from paritrana.sheets import queries, service
from paritrana.sheets.late.service import OwnSheet
from paritrana.sheets.models import Mark, Sheet
from paritrana.sheets.paper.models import PaperDecision, PaperEntry, PaperLeaf
from paritrana.sheets.paper.queries import BOTH, PaperSheet, entries_on, leaves_on
from paritrana.sheets.queries import Circumstances
from paritrana.sheets.service import BlanksLeft, CandidateWithdrawn, MarkMoved, RequestsOpen, SheetClosed

PAPER: Final = "paper"
CHOICES: Final = ("first", "second", "kept")


class SamePerson(ParitranaError):
    """The second entry is another person's, whatever account is used."""

    code = "same_person"
    message = N_("You entered this paper the first time. Another person enters it again.")


class PaperEntered(ParitranaError):
    """Two people have entered the paper."""

    code = "paper_entered"
    message = N_("Two people have entered this paper already.")


class NotDue(ParitranaError):
    """The assessor stepped back from the candidate, or has no seat by now."""

    code = "paper_not_due"
    message = N_(
        "This person does not score this candidate any more. What was entered stays on record and is not used."
    )


class NotDeclaredYet(ParitranaError):
    """A paper counts once its assessor has said that nothing stands between them and the candidate."""

    code = "paper_not_declared"
    message = N_(
        "This person has not yet declared whether there is a conflict of interest. They declare on their own page, "
        "from any device; then enter the paper."
    )


class EnteredMeanwhile(StaleVersion):
    """Somebody entered the paper after this page was loaded."""

    code = "paper_entered_meanwhile"
    message = N_(
        "Somebody entered this paper meanwhile. Check what you typed and send it again: it is the second entry."
    )


class LeafDecided(ParitranaError):
    """Somebody has decided about the leaf before."""

    code = "leaf_decided"
    message = N_("This was decided before. Load the page again.")


class NoSuchReading(BadInput):
    """What was chosen is not there: no mark of the assessor stands, or the answer is none of the readings."""

    code = "no_such_reading"
    message = N_("Choose one of the readings that are shown.")


class LeavesRefused(BadInput):
    """Readings that the rubric does not allow. `problems` has a refusal by indicator."""

    code = "paper_leaves_refused"
    message = N_("Some figures cannot be taken as they are. Compare them with the paper.")

    def __init__(self, problems: Mapping[str, ParitranaError]) -> None:
        super().__init__()
        self.problems = problems


@dataclass(frozen=True)
class Reading:
    """What a paper says about one indicator, as somebody read it: a figure, an abstention, or nothing."""

    value: Decimal | None = None
    abstain_note: str = ""

    @property
    def empty(self) -> bool:
        """Whether the paper says nothing."""
        return self.value is None and not self.abstain_note

    def like(self, other: "Reading") -> bool:
        """Whether both say the same. Two abstentions are the same whatever words their reasons were copied in."""
        return self.value == other.value and bool(self.abstain_note) == bool(other.abstain_note)


NOTHING: Final = Reading()


@dataclass(frozen=True)
class Outcome:
    """What an entry or a decision led to."""

    entries: int
    applied: int = 0
    waiting: int = 0
    submitted: bool = False


def enter(
    paper: PaperSheet,
    readings: Mapping[str, Reading],
    *,
    signed: bool,
    scan: tuple[Blob, str] | None,
    expected: int,
    actor: Actor,
    at: datetime,
) -> Outcome:
    """Keep what somebody typed from a paper; with the second entry, compare, apply and queue; the caller commits.

    `expected` is how many entries the page showed. A sheet that the assessor never opened is opened for them. Where
    both entries tell of a signature, a scan is there and nothing is left open, the sheet is submitted as well. Raises
    `CandidateWithdrawn`, `NotDue`, `NotDeclaredYet`, `WrongState`, `SheetClosed`, `PaperEntered`, `SamePerson`,
    `EnteredMeanwhile`, `LeavesRefused`.
    """
    stream = audit.judging(paper.category.cycle.code)
    audit.lock_stream(stream)
    sheet = _opened(paper, actor=actor, at=at)
    entries = list(entries_on(sheet))
    if len(entries) >= BOTH:
        raise PaperEntered
    if any(one.person_id == actor.person_id for one in entries):
        raise SamePerson
    if len(entries) != expected:
        raise EnteredMeanwhile
    where = queries.circumstances(sheet.nomination)
    _check(sheet, readings, where)
    assert actor.person_id is not None  # noqa: S101 - whoever enters is signed in
    made = PaperEntry(
        sheet=sheet,
        no=len(entries) + 1,
        leaves=_written(sheet, readings),
        signed=signed,
        blob=scan[0] if scan else None,
        scan_name=scan[1] if scan else "",
        entered_by=actor.account_id,
        person_id=actor.person_id,
        entered_at=at,
    )
    db.session.add(made)
    db.session.flush()
    audit.record(
        stream, "paper.entered", actor, at=at, object_ref=sheet.ref, nomination=sheet.nomination.ref,
        **told(made, scan[0].sha256 if scan else None),
    )  # fmt: skip
    if not entries:
        return Outcome(entries=1)
    applied, waiting = _apply(sheet, readings_of(entries[0]), readings_of(made), where, actor=actor, at=at)
    touch_board(sheet.category)
    submitted = not waiting and _submit_if_whole(sheet, actor=actor, at=at)
    return Outcome(entries=BOTH, applied=applied, waiting=waiting, submitted=submitted)


def decide(leaf: PaperLeaf, chosen: str, reason: str, *, expected: int, actor: Actor, at: datetime) -> Outcome:
    """Decide which reading of a leaf counts: an entry, or the mark as it stands; the caller commits.

    `expected` is the version of the mark that the chair saw, 0 for none. Raises `MissingReason`, `OwnSheet`,
    `SheetClosed`, `CandidateWithdrawn`, `NotDue`, `WrongState`, `LeafDecided`, `NoSuchReading`, `MarkMoved`, and what a
    mark may raise.
    """
    if not reason.strip():
        raise MissingReason
    if chosen not in CHOICES:
        raise NoSuchReading
    sheet = leaf.sheet
    stream = audit.judging(sheet.category.cycle.code)
    audit.lock_stream(stream)
    sheet = queries.fresh(sheet)
    if sheet.assessor.person_id == actor.person_id:
        raise OwnSheet
    if sheet.submitted_at is not None or sheet.withdrawn:
        raise SheetClosed
    if sheet.nomination.state not in CANDIDATE_STATES:
        raise CandidateWithdrawn
    if sheet.unseated:
        raise NotDue
    if sheet.category.stored_state not in queries.MARKED_IN:
        raise WrongState
    leaves = leaves_on(sheet)
    if any(one.id == leaf.id and one.decision is not None for one in leaves):
        raise LeafDecided
    first, second = map(readings_of, entries_on(sheet))
    known = queries.mark_of(sheet, leaf.indicator)
    stands = known is not None and queries.is_said(known)
    if chosen == "kept" and not stands:
        raise NoSuchReading
    applied = 0
    if chosen == "kept":
        if (known.version if known is not None else 0) != expected:
            raise MarkMoved(known)
    else:
        reading = (first if chosen == "first" else second).get(leaf.indicator, NOTHING)
        applied = _take(sheet, leaf.indicator, reading, expected=expected, actor=actor, at=at)
    decision = PaperDecision(
        leaf=leaf, chosen=chosen, reason=reason.strip(), decided_by=actor.account_id, decided_at=at
    )
    db.session.add(decision)
    db.session.flush()
    audit.record(
        stream, "paper.leaf_decided", actor, at=at, object_ref=leaf.ref, sheet=sheet.ref, chosen=chosen,
        reason=decision.reason,
    )  # fmt: skip
    touch_board(sheet.category)
    waiting = sum(1 for one in leaves if one.decision is None and one.id != leaf.id)
    submitted = not waiting and _submit_if_whole(sheet, actor=actor, at=at)
    return Outcome(entries=BOTH, applied=applied, waiting=waiting, submitted=submitted)


def readings_of(entry: PaperEntry) -> dict[str, Reading]:
    """What an entry says by indicator; an indicator that the paper leaves empty is out."""
    return {
        one["indicator"]: Reading(
            Decimal(one["value"]) if "value" in one else None, one.get("abstain_note", "")
        )
        for one in entry.leaves
    }  # fmt: skip


def told(entry: Any, scan: str | None) -> dict[str, Any]:
    """What an event says of an entry; `scan` is the SHA-256 of the file."""
    return {
        "no": entry.no,
        "leaves": entry.leaves,
        "signed": entry.signed,
        "scan": scan,
        "scan_name": entry.scan_name,
    }


def _opened(paper: PaperSheet, *, actor: Actor, at: datetime) -> Sheet:
    """The sheet behind a paper, open for marks."""
    if paper.nomination.state not in CANDIDATE_STATES:
        raise CandidateWithdrawn
    if paper.category.stored_state not in queries.MARKED_IN:
        raise WrongState
    if not paper.due:
        raise NotDue
    if not paper.declared:
        raise NotDeclaredYet
    sheet = service.open_sheet(paper.nomination, actor=actor, at=at, assessor=paper.assessor)
    db.session.flush()
    sheet = queries.fresh(sheet)
    if sheet.submitted_at is not None:
        raise SheetClosed
    return sheet


def _check(sheet: Sheet, readings: Mapping[str, Reading], where: Circumstances) -> None:
    problems: dict[str, ParitranaError] = {}
    for code, one in readings.items():
        if one.empty:
            continue
        known = queries.mark_of(sheet, code)
        try:
            service.check_mark(
                sheet, code, one.value, one.abstain_note, expected=known.version if known else 0, where=where
            )
        except ParitranaError as refusal:
            problems[code] = refusal
    if problems:
        raise LeavesRefused(problems)


def _written(sheet: Sheet, readings: Mapping[str, Reading]) -> list[dict[str, str]]:
    found = []
    for one in queries.judged(service.rubric_on(sheet)):
        reading = readings.get(one.code, NOTHING)
        if reading.value is not None:
            found.append({"indicator": one.code, "value": format(reading.value, "f")})
        elif reading.abstain_note:
            found.append({"indicator": one.code, "abstain_note": reading.abstain_note})
    return found


def _apply(
    sheet: Sheet,
    first: Mapping[str, Reading],
    second: Mapping[str, Reading],
    where: Circumstances,
    *,
    actor: Actor,
    at: datetime,
) -> tuple[int, int]:
    """Give equal readings to the sheet, and queue the others; gives how many of each."""
    applied = waiting = 0
    for one in queries.judged(service.rubric_on(sheet)):
        if one.code in where.excused:
            continue
        read, again = first.get(one.code, NOTHING), second.get(one.code, NOTHING)
        known = queries.mark_of(sheet, one.code)
        cause = None
        if not read.like(again):
            cause = "entries"
        elif not read.empty and known is not None and queries.is_said(known) and not _says(known, read):
            cause = "device"
        if cause is not None:
            _queue(sheet, one.code, cause, actor=actor, at=at)
            waiting += 1
        else:
            applied += _take(sheet, one.code, read, expected=known.version if known else 0, actor=actor, at=at)
    return applied, waiting


def _take(sheet: Sheet, code: str, reading: Reading, *, expected: int, actor: Actor, at: datetime) -> int:
    """Make a reading the next version of the mark; gives 0 where it is empty, or the mark says so already."""
    where = queries.circumstances(sheet.nomination)
    known = service.check_mark(sheet, code, reading.value, reading.abstain_note, expected=expected, where=where)
    if reading.empty or (known is not None and _says(known, reading)):
        return 0
    said = service.said_of(
        reading.value,
        reading.abstain_note,
        known.panel_note if known is not None else "",
        known.feedback if known is not None else "",
    )
    service.write_mark(sheet, code, known, said, actor=actor, at=at, source=PAPER)
    return 1


def _queue(sheet: Sheet, code: str, cause: str, *, actor: Actor, at: datetime) -> None:
    leaf = PaperLeaf(ref=random_ref("H"), sheet=sheet, indicator=code, cause=cause, at=at, decision=None)
    db.session.add(leaf)
    db.session.flush()
    audit.record(
        audit.judging(sheet.category.cycle.code), "paper.leaf_waits", actor, at=at, object_ref=leaf.ref,
        sheet=sheet.ref, indicator=code, cause=cause,
    )  # fmt: skip


def _says(mark: Mark, reading: Reading) -> bool:
    return Reading(mark.value, mark.abstain_note).like(reading)


def _submit_if_whole(sheet: Sheet, *, actor: Actor, at: datetime) -> bool:
    """Submit a sheet whose signed paper says everything that the sheet says; else its assessor submits it."""
    entries = entries_on(sheet)
    if not all(one.signed for one in entries) or not any(one.blob_id for one in entries):
        return False
    paper = _agreed(entries, leaves_on(sheet))
    marks = queries.marks_of(queries.fresh(sheet))
    if not all(_says(mark, paper.get(code, NOTHING)) for code, mark in marks.items() if queries.is_said(mark)):
        return False
    try:
        service.submit_sheet(sheet, actor=actor, at=at, source=PAPER)
    except (BlanksLeft, RequestsOpen):
        return False
    return True


def _agreed(entries: Sequence[PaperEntry], leaves: Sequence[PaperLeaf]) -> dict[str, Reading]:
    """What the paper says, as both entries or the chair read it."""
    first, second = map(readings_of, entries)
    chosen = {one.indicator: one.decision.chosen for one in leaves if one.decision is not None}
    return {
        code: (second if chosen.get(code) == "second" else first).get(code, NOTHING)
        for code in {*first, *second}
        if chosen.get(code) != "kept"
    }
