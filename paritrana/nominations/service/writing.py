"""What every change of a nomination begins with: the stream, the clock, and whether writing is open."""

from collections.abc import Collection
from datetime import datetime

from paritrana.audit import service as audit
from paritrana.core.errors import BadInput, NotFound, ParitranaError, WrongState
from paritrana.core.lifecycle import State
from paritrana.core.words import N_
from paritrana.cycles.models import Category, RubricVersion
from paritrana.cycles.queries import moves_of, rubric_of, state_at
from paritrana.cycles.service import intake_of, store_due_moves
from paritrana.database import db
from paritrana.nominations import queries
from paritrana.nominations.models import Nomination

# States in which an open change request lets the nominee add documents and amend figures.
AMENDABLE = frozenset({"returned", "shortlisted", "interviewed", "no_show"})
MAX_TEXT = 2000


class EntryClosed(ParitranaError):
    """A nominee's entry came after the deadline. Params: `time` (the deadline), `time2` (the last entry kept)."""

    code = "entry_closed"
    message = N_("Entry closed %(time)s. Last saved entry: %(time2)s.")


class NothingSavedYet(ParitranaError):
    """A nominee's entry came after the deadline, and nothing had been saved before. Params: `time`."""

    code = "entry_closed"
    message = N_("Entry closed %(time)s. No entry was saved before.")


class NominationSent(ParitranaError):
    """A sent nomination is not edited; it is taken back first, or amended on request."""

    code = "nomination_sent"
    message = N_("The nomination is already sent. Take it back to correct it.")


class UnknownKind(NotFound):
    """The rubric of this category does not ask for this kind of evidence."""

    code = "unknown_kind"


class UnfitEvidence(BadInput):
    """Evidence does not have the form of its kind. Params: `field`."""

    code = "unfit_evidence"
    message = N_("The entry %(field)s cannot be stored. Check it and save again.")


class TooManyWords(UnfitEvidence):
    """A text has more words than its entry may have. Params: `field`, `count`, `limit`."""

    code = "too_many_words"
    message = N_("%(field)s has %(count)s words. Shorten it to %(limit)s.")


def open_for_writing(nomination: Nomination, at: datetime) -> RubricVersion:
    """Lock a draft that may be written to and return the rubric it answers. See `check_open`."""
    lock(nomination, at)
    check_open(nomination, at)
    return rubric_of(nomination.category)


def check_open(nomination: Nomination, at: datetime, *, also: Collection[str] = ()) -> None:
    """Refuse a nominee's writing unless the category is open and the nomination a draft, or is in a state of `also`."""
    state = state_at(nomination.category, at)
    if also and nomination.state in also and state in {State.VERIFICATION, State.INTERVIEW}:
        return
    if state is not State.OPEN:
        raise closed(nomination)
    if nomination.state != "draft":
        raise NominationSent


def closed(nomination: Nomination) -> ParitranaError:
    """The refusal of an entry after the deadline, which names the last entry that was kept."""
    closes_at = nomination.category.closes_at
    if closes_at is None:
        return WrongState()
    last = max((item.changed_at for item in queries.evidence_of(nomination).values()), default=None)
    return EntryClosed(time=closes_at, time2=last) if last is not None else NothingSavedYet(time=closes_at)


def lock(nomination: Nomination, at: datetime) -> None:
    """Take the intake stream for this transaction, store what the clock has moved, and read the nomination afresh."""
    category = nomination.category
    if moves_of(category, at):
        db.session.refresh(category, with_for_update={"of": Category})
        store_due_moves(category, at=at)
    audit.lock_stream(intake_of(category))
    db.session.refresh(nomination, ["state", "state_reason", "revision_no", "version"])
