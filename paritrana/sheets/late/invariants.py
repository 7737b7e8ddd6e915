"""What must hold of submitted versions and late marks: whole digests, numbers without a gap, and their events."""

import hashlib
from collections.abc import Iterator

from sqlalchemy import select

from paritrana.audit.invariants import in_order, stream, told
from paritrana.core.invariants import Broken, Check, Found, Stored, Told, latest, replay, replayed, side_by_side
from paritrana.database import canonical
from paritrana.sheets.late import service
from paritrana.sheets.late.models import LateDecision, LateMark, SheetSubmission
from paritrana.sheets.models import Sheet


def _by_version(now: Found, event: Told) -> None:
    now[event.values.get("submission", 1)] = dict(event.values)


def _submissions() -> Iterator[Broken]:
    statement = (
        select(
            Sheet.ref,
            SheetSubmission.version,
            SheetSubmission.receipt_no,
            SheetSubmission.digest,
            SheetSubmission.source,
        )
        .join(SheetSubmission, SheetSubmission.sheet_id == Sheet.id)
        .order_by(in_order(Sheet.ref), SheetSubmission.version)
    )
    rows = (
        Stored(row.ref, row.version, {"receipt": row.receipt_no, "digest": row.digest, "source": row.source})
        for row in stream(statement)
    )
    yield from replay(
        "submission", "version of a sheet", told("sheet.submitted", "sheet.late_admitted"), rows, _by_version
    )


def _versions() -> Iterator[Broken]:
    """The versions of a sheet are numbered from 1, each with its digest, and the last one is the sheet's."""
    sheets = stream(select(Sheet.ref, Sheet.digest).order_by(in_order(Sheet.ref)))
    versions = stream(
        select(Sheet.ref, SheetSubmission.version, SheetSubmission.digest, SheetSubmission.content)
        .join(SheetSubmission, SheetSubmission.sheet_id == Sheet.id)
        .order_by(in_order(Sheet.ref), SheetSubmission.version)
    )
    for ref, found, kept in side_by_side(sheets, versions, lambda one: one.ref, lambda one: one.ref):
        if not found:
            continue  # the sheet is gone, which other rules name
        for row in kept:
            if hashlib.sha256(canonical(row.content)).hexdigest() != row.digest:
                yield Broken("submission.digest", f"{ref} {row.version}", "The version does not have its digest.")
        numbers = [row.version for row in kept]
        digest = found[0].digest
        if numbers != list(range(1, len(kept) + 1)) or (digest is not None and (not kept or kept[-1].digest != digest)):
            yield Broken("submission.last", ref, "The last version of the sheet is not the sheet as it stands.")


def _late() -> Iterator[Broken]:
    statement = (
        select(
            LateMark.ref, Sheet.ref.label("sheet"), LateMark.indicator, LateMark.device_at, LateMark.received_at,
            *(getattr(LateMark, name) for name in service.SAID),
        )
        .join(LateMark.sheet)
        .order_by(in_order(LateMark.ref))
    )  # fmt: skip
    rows = (Stored(row.ref, (), service.told(row, row.sheet)) for row in stream(statement))
    yield from replay("late_mark", "late mark", told("mark.received_late"), rows, latest())


def _decisions() -> Iterator[Broken]:
    statement = (
        select(LateMark.ref, LateDecision.admitted, LateDecision.reason)
        .join(LateDecision, LateDecision.late_id == LateMark.id)
        .order_by(in_order(LateMark.ref))
    )
    rows = (Stored(row.ref, (), {"admitted": row.admitted, "reason": row.reason}) for row in stream(statement))
    yield from replay("late_decision", "decision on a late mark", told("mark.late_decided"), rows, latest())


CHECKS = (
    Check(replayed("submission", "version of a sheet"), _submissions),
    Check(
        {
            "submission.digest": "Every version of a sheet has the digest of its content.",
            "submission.last": "The last version of every submitted sheet is the sheet.",
        },
        _versions,
    ),
    Check(replayed("late_mark", "late mark"), _late),
    Check(replayed("late_decision", "decision on a late mark"), _decisions),
)
