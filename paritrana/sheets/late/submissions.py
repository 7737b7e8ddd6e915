"""Keeping every version in which a sheet counted, with its content and its digest."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from paritrana.core.policy import Actor
from paritrana.database import canonical, db, random_ref
from paritrana.sheets.late.models import SheetSubmission
from paritrana.sheets.models import Sheet


def keep_submission(
    sheet: Sheet,
    content: Mapping[str, Any],
    *,
    kind: str = "submitted",
    source: str | None = None,
    actor: Actor,
    at: datetime,
) -> SheetSubmission:
    """Lock a sheet with a new receipt over its content, and keep both as the next version; the caller records it."""
    last = db.session.scalar(select(func.max(SheetSubmission.version)).where(SheetSubmission.sheet_id == sheet.id))
    sheet.submitted_at = sheet.submitted_at or at
    sheet.receipt_no = random_ref("R", 3)
    sheet.digest = hashlib.sha256(canonical(content)).hexdigest()
    sheet.version += 1
    kept = SheetSubmission(
        sheet_id=sheet.id,
        version=(last or 0) + 1,
        kind=kind,
        source=source,
        receipt_no=sheet.receipt_no,
        digest=sheet.digest,
        content=dict(content),
        submitted_at=at,
        submitted_by=actor.account_id,
    )
    db.session.add(kept)
    db.session.flush()
    return kept
