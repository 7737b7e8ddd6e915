"""What every change of a verification begins with: the stream, the state, and who else has written."""

from datetime import datetime

from paritrana.audit import service as audit
from paritrana.core.errors import BadInput, ParitranaError, StaleVersion, WrongState
from paritrana.core.lifecycle import State
from paritrana.core.words import N_
from paritrana.cycles.queries import state_at
from paritrana.cycles.service import intake_of
from paritrana.database import db
from paritrana.nominations.models import Nomination
from paritrana.verification import queries
from paritrana.verification.models import Verification

MAX_TEXT = 2000


class NotDeclared(ParitranaError):
    """An officer writes about a candidate before saying whether something stands between them."""

    code = "not_declared"
    message = N_("Say first whether anything stands between you and this candidate.")


class VerificationLocked(ParitranaError):
    """The close is proposed or done; findings do not change any more."""

    code = "verification_locked"
    message = N_("The close of this verification is proposed or done. It must be returned before anything changes.")


class RowRefused(BadInput):
    """One row of a page is refused; `figure` names it and `refusal` says why."""

    code = "row_refused"

    def __init__(self, figure: str, refusal: ParitranaError) -> None:
        super().__init__(**refusal.params)
        self.figure, self.refusal = figure, refusal


def begin(nomination: Nomination, at: datetime, *, reopen: bool = False) -> Verification:
    """The verification, locked and begun, while its figures may change; `reopen` opens a closed one again."""
    verification = lock(nomination)
    in_work = nomination.state in {*queries.IN_VERIFICATION, *queries.AFTER_SHORTLIST, "verified"}
    if not in_work or state_at(nomination.category, at) not in {State.VERIFICATION, State.INTERVIEW}:
        raise WrongState
    if verification is None:
        verification = Verification(nomination=nomination, revision_no=nomination.revision_no, version=0)
        db.session.add(verification)
        db.session.flush()
        return verification
    if verification.state != "open":
        if not reopen:
            raise VerificationLocked
        verification.state = "open"
        verification.proposed_by, verification.proposed_person_id, verification.proposed_at = None, None, None
        verification.closed_by, verification.closed_person_id, verification.closed_at = None, None, None
    return verification


def lock(nomination: Nomination) -> Verification | None:
    """Take the intake stream for this transaction and read nomination and verification afresh."""
    audit.lock_stream(intake_of(nomination.category))
    db.session.refresh(nomination, ["state", "revision_no", "version"])
    return queries.find_verification(nomination)


def stale(verification: Verification) -> StaleVersion:
    """The refusal of a second writer, which names the last finding."""
    latest = max(verification.findings, key=lambda one: one.found_at, default=None)
    if latest is None:
        return StaleVersion(who=N_("Somebody"), time=verification.taken_at or verification.nomination.created_at)
    return StaleVersion(who=latest.found_by_name, time=latest.found_at)
