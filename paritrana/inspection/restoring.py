"""Adopting a restore: two people accept that events which were signed are gone, and an event in the stream names them.

A restored database lacks what happened after its copy was made. The office refuses to sign it, because it does not
continue the checkpoints that were kept outside. After `adopt` it signs again: what was lost stays named for good, in
the record itself and in every exported history.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from paritrana.accounts import requests
from paritrana.accounts.models import Account, StaffRequest
from paritrana.accounts.queries import find_account, load_actor
from paritrana.accounts.requests import StaffAct
from paritrana.audit import checkpoints, halt
from paritrana.audit import service as audit
from paritrana.audit.checkpoints import ADOPTED, Office
from paritrana.core.checkpoints import Note, read_note
from paritrana.core.errors import ParitranaError
from paritrana.core.policy import Act, Actor
from paritrana.core.words import N_
from paritrana.database import db

SUBJECT = "restore"


class NothingLost(ParitranaError):
    """Every stream continues what was kept of it: there is nothing to adopt."""

    code = "nothing_lost"
    message = N_("Every record continues the checkpoints that were kept. There is nothing to adopt.")


@dataclass(frozen=True, slots=True)
class Lost:
    """A stream that does not continue its checkpoints: `kept` events are still those that were signed."""

    stream: str
    kept: int
    notes: tuple[str, ...]


def lost(office: Office) -> list[Lost]:
    """What a restore has lost, stream by stream. Raises `Diverged` for a note that was never signed, `NotKept`."""
    keys = office.public()
    found = []
    for stream in sorted(office.streams() | checkpoints.signed_streams()):
        texts = dict.fromkeys(
            [text for folder in office.kept(stream) for text in folder]
            + [one.note for one in checkpoints.checkpoints_of(stream)]
        )
        notes = {text: read_note(text) for text in texts}
        given_up = {(note.size, note.root) for note in checkpoints.lost_notes(stream)}
        wrong = _wrong(stream, office, list(notes.values()), keys)
        missing = [text for text, note in notes.items() if note in wrong and (note.size, note.root) not in given_up]
        kept = max((note.size for note in notes.values() if note not in wrong), default=0)
        if missing or not any(office.kept(stream)):
            found.append(Lost(stream, kept, tuple(missing)))
    return found


def _wrong(stream: str, office: Office, notes: Sequence[Note], keys: dict[tuple[str, bytes], bytes]) -> set[Note]:
    leaves = checkpoints.leaves_of(stream)
    wrong = checkpoints.not_continued(leaves, notes, keys)
    for note, why in wrong:
        if not checkpoints.is_signed(note, keys):
            raise checkpoints.Diverged(stream=stream, why=why)
    return {note for note, _why in wrong}


def adopt(office: Office, *, first: str, second: Actor, reason: str, request: str, at: datetime) -> list[Lost]:
    """Name what was lost in the streams themselves, sign them anew and end the read-only time; the caller commits.

    `first` is the reference of the account that asked. Raises `NothingLost`, `Diverged`, `KeyMissing`, `NotKept`.
    """
    found = lost(office)
    if not found:
        raise NothingLost
    for one in found:
        event = audit.record(
            one.stream, ADOPTED, second, at=at, object_ref=one.stream.partition("/")[0], kept=one.kept,
            notes=list(one.notes), reason=reason, first=first, request=request,
        )  # fmt: skip
        office.keep(one.stream, [row.note for row in checkpoints.checkpoints_of(one.stream)])
        checkpoints.sign(office, one.stream, [event.seq], at=at)
    standing = halt.halted()
    if standing is not None and standing.reason == halt.CHAIN:
        halt.lift(standing, actor=second, at=at)
    return found


def act_of(office: Office) -> StaffAct:
    """The act of two people that adopts a restore."""

    def carry_out(request: StaffRequest, second: Actor, at: datetime) -> None:
        first = db.session.get_one(Account, request.asked_by_id).ref
        adopt(office, first=first, second=second, reason=request.reason, request=request.ref, at=at)

    return StaffAct("adopt_restore", N_("Adopt a restored database"), Act.SET_READ_ONLY, carry_out)


class NotThePerson(ParitranaError):
    """The password is wrong, or the account has not the role that this needs. Params: `role`."""

    code = "not_the_person"
    status = 403
    message = N_("The password is wrong, or this is no account of the role %(role)s.")


def who_signs_in(role: str, email: str, password: str, *, at: datetime) -> Actor:
    """The administrator or auditor with this password. Raises `NotThePerson`."""
    from flask_security.utils import verify_password

    account = find_account(email)
    actor = None if account is None else load_actor(account.id, fresh=True, at=at)
    held = actor is not None and (actor.administrator if role == "administrator" else bool(actor.audits))
    if account is None or actor is None or not held or not verify_password(password, account.password or ""):
        raise NotThePerson(role=role)
    return actor


def adopt_by(office: Office, first: Actor, second: Actor, *, reason: str, at: datetime) -> None:
    """Ask and confirm at once, by two people who are both there; the caller commits. Raises like `adopt`."""
    act = act_of(office)
    requests.confirm(act, requests.ask(act, SUBJECT, {}, reason=reason, actor=first, at=at), actor=second, at=at)
