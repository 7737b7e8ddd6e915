"""What must hold of score sheets: every mark with its whole history, every sheet with its digest."""

import hashlib
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, Final

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import aliased

from paritrana.accounts.models import Account
from paritrana.audit.invariants import in_order, stream, told
from paritrana.core.consolidation import FIRST, SECOND
from paritrana.core.invariants import Broken, Check, Found, Stored, Told, latest, replay, replayed, side_by_side
from paritrana.database import canonical
from paritrana.nominations.models import Nomination
from paritrana.panels.models import Seat
from paritrana.sheets import service
from paritrana.sheets.calibrations import invariants as calibrations
from paritrana.sheets.consolidations import closing
from paritrana.sheets.imported import invariants as imported
from paritrana.sheets.late import invariants as late
from paritrana.sheets.models import Consolidation, Mark, MarkRevision, MissingSheet, Sheet
from paritrana.sheets.paper import invariants as paper
from paritrana.sheets.reopening import invariants as reopening

# What an event tells of a whole sheet.
KINDS: Final = (
    "sheet.opened", "sheet.submitted", "sheet.late_admitted", "sheet.reopened", "sheet.withdrawn", "sheet.restored",
)  # fmt: skip
SAID: Final = ("value", "reason", "abstain_note", "panel_note", "feedback")
KEPT: Final = (*SAID, "source", "saved_at")


def _of_sheet(*columns: Any) -> Any:
    return (
        select(Sheet.ref, Nomination.ref.label("nomination"), *columns)
        .select_from(Sheet)
        .join(Nomination, Nomination.id == Sheet.nomination_id)
        .order_by(in_order(Sheet.ref))
    )


def _marks() -> Iterator[Broken]:
    names = ("version", "source", *SAID)
    statement = _of_sheet(Mark.indicator, Mark.round, *(getattr(Mark, name) for name in names))
    rows = (
        Stored(
            row.ref, (row.indicator, row.round),
            {"nomination": row.nomination, **{name: getattr(row, name) for name in names}},
        )
        for row in stream(statement.join(Mark, Mark.sheet_id == Sheet.id))
    )  # fmt: skip
    yield from replay("mark", "mark", told("mark.saved"), rows, latest("indicator", "round"))


def _revisions() -> Iterator[Broken]:
    """The revisions of a mark are numbered from 1 to its version, and the last one is the mark."""
    kept = [getattr(MarkRevision, name).label(f"then_{name}") for name in KEPT]
    now = [getattr(Mark, name) for name in KEPT]
    statement = (
        select(Mark.id, Sheet.ref, Mark.indicator, Mark.version, MarkRevision.version.label("then"), *now, *kept)
        .select_from(Mark)
        .join(Sheet, Sheet.id == Mark.sheet_id)
        .join(MarkRevision, MarkRevision.mark_id == Mark.id, isouter=True)
        .order_by(Mark.id, MarkRevision.version)
    )
    last = None
    for row in stream(statement):
        if last is not None and last.id != row.id:
            yield from _end_of_revisions(last)
        expected = 1 if last is None or last.id != row.id else (last.then or 0) + 1
        if row.then != expected:
            yield Broken("mark.revision_missing", f"{row.ref} {row.indicator}", f"Revision {expected} is not there.")
        last = row
    if last is not None:
        yield from _end_of_revisions(last)


def _end_of_revisions(row: Any) -> Iterator[Broken]:
    same = all(getattr(row, name) == getattr(row, f"then_{name}") for name in KEPT)
    if not same or row.version != row.then:
        yield Broken("mark.revision_differs", f"{row.ref} {row.indicator}", "The mark is not its last revision.")


def _of_its_assessor(now: Found, event: Told) -> None:
    """The last event of a sheet holds; whose it is was told by the first one, because others act on it, too.

    One that was opened from paper names its assessor.
    """
    actor = now.get((), {}).get("actor") or event.values.get("assessor") or event.actor
    now[()] = {**event.values, "actor": actor}


def _sheets() -> Iterator[Broken]:
    statement = _of_sheet(
        Account.ref.label("assessor"), Sheet.attempt, Sheet.revision_no, Sheet.opened_at, Sheet.submitted_at,
        Sheet.receipt_no, Sheet.digest, Sheet.withdrawn_at, Sheet.version,
    ).join(Account, Account.id == Sheet.assessor_id)  # fmt: skip
    rows = (
        Stored(row.ref, (), {"nomination": row.nomination, "actor": row.assessor, **service.told(row)})
        for row in stream(statement)
    )
    yield from replay("sheet", "sheet", told(*KINDS), rows, _of_its_assessor)


def _consolidations() -> Iterator[Broken]:
    rows = (
        Stored(row.Consolidation.ref, (), {"nomination": row.ref, **closing.told(row.Consolidation)})
        for row in stream(
            select(Consolidation, Nomination.ref)
            .join(Nomination, Nomination.id == Consolidation.nomination_id)
            .order_by(in_order(Consolidation.ref))
        )
    )
    kinds = told("consolidation.opened", "consolidation.closed")
    yield from replay("consolidation", "second scoring", kinds, rows, latest())


def _second_marks() -> Iterator[Broken]:
    """Every mark of a second round answers a second scoring of its candidate, and has a first one beside it."""
    first = aliased(Mark)
    statement = (
        select(Sheet.ref, Mark.indicator, Consolidation.indicators, first.id.label("first"))
        .select_from(Mark)
        .join(Sheet, Sheet.id == Mark.sheet_id)
        .outerjoin(
            Consolidation,
            and_(Consolidation.nomination_id == Sheet.nomination_id, Consolidation.attempt == Sheet.attempt),
        )
        .outerjoin(
            first,
            and_(first.sheet_id == Mark.sheet_id, first.indicator == Mark.indicator, first.round == FIRST),
        )
        .where(Mark.round == SECOND)
        .order_by(Mark.id)
    )
    for row in stream(statement):
        opened = row.indicators or []
        if row.first is None or row.indicator not in {one["code"] for one in opened}:
            yield Broken("mark.second", f"{row.ref} {row.indicator}", "No second scoring asked for this mark.")


def _digests() -> Iterator[Broken]:
    """The marks of a submitted sheet are the ones it was submitted with."""
    sheets = stream(_of_sheet(Sheet.attempt, Sheet.revision_no, Sheet.digest).where(Sheet.submitted_at.is_not(None)))
    marks = stream(
        select(Sheet.ref, Mark.indicator, Mark.round, Mark.version, *(getattr(Mark, name) for name in SAID))
        .select_from(Mark)
        .join(Sheet, Sheet.id == Mark.sheet_id)
        .where(Sheet.submitted_at.is_not(None))
        .order_by(in_order(Sheet.ref))
    )
    for ref, found, said in side_by_side(sheets, marks, lambda one: one.ref, lambda one: one.ref):
        if not found:
            continue  # its nomination is gone, which other rules name
        sheet = found[0]
        whole: Any = SimpleNamespace(
            ref=ref, nomination=SimpleNamespace(ref=sheet.nomination), attempt=sheet.attempt,
            revision_no=sheet.revision_no, marks=said,
        )  # fmt: skip
        if hashlib.sha256(canonical(service.content_of(whole))).hexdigest() != sheet.digest:
            yield Broken("sheet.digest", ref, "The marks of the sheet do not have the digest on its receipt.")


def _after_the_seat() -> Iterator[Broken]:
    """A sheet that was open when the seat of its assessor ended stays as it was then."""
    left = (
        select(Sheet.ref, Mark.indicator)
        .select_from(Sheet)
        .join(
            Seat,
            and_(
                Seat.account_id == Sheet.assessor_id, Seat.category_id == Sheet.category_id, Seat.ended_at.is_not(None)
            ),
        )
        .outerjoin(Mark, and_(Mark.sheet_id == Sheet.id, Mark.saved_at > Seat.ended_at))
    )
    marked = and_(Sheet.submitted_at.is_(None), Mark.id.is_not(None))
    for ref, indicator in stream(left.where(or_(marked, Sheet.submitted_at > Seat.ended_at)).order_by(Sheet.id)):
        yield Broken("sheet.after_seat", f"{ref} {indicator or ''}".strip(), "The seat of its assessor had ended.")


def _missing() -> Iterator[Broken]:
    rows = (
        Stored(row.ref, (row.account, row.attempt), {"reason": row.reason})
        for row in stream(
            select(Nomination.ref, Account.ref.label("account"), MissingSheet.attempt, MissingSheet.reason)
            .select_from(MissingSheet)
            .join(Nomination, Nomination.id == MissingSheet.nomination_id)
            .join(Account, Account.id == MissingSheet.assessor_id)
            .order_by(in_order(Nomination.ref))
        )
    )
    yield from replay("missing_sheet", "missing sheet", told("sheet.missing"), rows, latest("account", "attempt"))


CHECKS = (
    Check(replayed("mark", "mark"), _marks),
    Check(
        {
            "mark.revision_missing": "The revisions of every mark are numbered without a gap.",
            "mark.revision_differs": "The last revision of every mark is the mark itself.",
        },
        _revisions,
    ),
    Check(replayed("sheet", "sheet"), _sheets),
    Check(replayed("consolidation", "second scoring"), _consolidations),
    Check({"mark.second": "Every mark of a second round answers a second scoring of its candidate."}, _second_marks),
    Check({"sheet.digest": "Every submitted sheet has the digest on its receipt."}, _digests),
    Check({"sheet.after_seat": "Nobody marks or submits a sheet after the own seat has ended."}, _after_the_seat),
    Check(replayed("missing_sheet", "missing sheet"), _missing),
    *late.CHECKS,
    *paper.CHECKS,
    *imported.CHECKS,
    *reopening.CHECKS,
    *calibrations.CHECKS,
    *reopening.CHECKS,
)
