"""What changes after the publication because an objection was granted: one figure, or one condition."""

from datetime import datetime

from paritrana.audit import service as audit
from paritrana.core.errors import BadInput, NotFound
from paritrana.core.policy import Actor
from paritrana.cycles.service import intake_of
from paritrana.database import db
from paritrana.nominations.models import Nomination
from paritrana.verification import queries
from paritrana.verification.figures import Value
from paritrana.verification.models import Finding, GateFinding, Verification
from paritrana.verification.service.findings import Entry, store_finding
from paritrana.verification.service.overrides import void_moved
from paritrana.verification.service.writing import lock


def change_finding(
    nomination: Nomination, kind: str, figure: str, found: Value, reason: str, *, actor: Actor, at: datetime
) -> Finding:
    """Find another figure than the one that stands; the caller has the right to it, and commits.

    The reason stands as the note of the finding. Raises `NotFound` where nothing was found before.
    """
    verification = _verification(nomination)
    row = next((one for one in queries.case_of(nomination).item(kind).rows if one.figure.key == figure), None)
    if row is None or row.finding is None or row.figure.field is None:
        raise NotFound
    verdict = "matches" if found == row.figure.claimed else "differs"
    entry = Entry(figure, found, verdict, row.finding.document_no, row.finding.page, reason, row.finding.version)
    finding = store_finding(verification, row, entry, actor=actor, at=at)
    verification.version += 1
    db.session.flush()
    void_moved(verification, kind, actor=actor, at=at)
    return finding


def change_gate(
    nomination: Nomination, code: str, decided: str, reason: str, *, actor: Actor, at: datetime
) -> GateFinding:
    """Decide otherwise on a condition; the caller has the right to it, and commits. Raises `NotFound`, `BadInput`."""
    verification = _verification(nomination)
    there = next((one for one in verification.gates if (one.subject, one.gate) == ("gate", code)), None)
    if there is None or there.decided is None:
        raise NotFound
    if decided not in ("pass", "fail"):
        raise BadInput(decided)
    there.decided, there.decided_reason = decided, reason.strip()
    there.decided_by, there.decided_by_name, there.decided_at = actor.account_id, actor.name, at
    there.version += 1
    verification.version += 1
    audit.record(
        intake_of(nomination.category), "gate.decided", actor, at=at, object_ref=nomination.ref, subject="gate",
        gate=code, proposed=there.proposed, proposed_reason=there.proposed_reason, decided=decided,
        reason=there.decided_reason, version=there.version,
    )  # fmt: skip
    db.session.flush()
    return there


def _verification(nomination: Nomination) -> Verification:
    found = lock(nomination)
    if found is None:
        raise NotFound
    return found
