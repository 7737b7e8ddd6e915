"""Files that are announced before their bytes: declare, complete, end. What was announced in time may finish late."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final, Literal

from paritrana.audit import service as audit
from paritrana.core import filetypes
from paritrana.core.errors import BadInput, ParitranaError
from paritrana.core.filetypes import FileContentRefused, FileEmpty, FileTooLarge
from paritrana.core.lifecycle import State
from paritrana.core.policy import Actor
from paritrana.core.words import N_
from paritrana.cycles.queries import cycle_time, state_at
from paritrana.cycles.service import intake_of
from paritrana.database import db, random_ref
from paritrana.files.models import Blob
from paritrana.nominations import queries
from paritrana.nominations.models import Attachment, FileDeclaration, Nomination
from paritrana.nominations.service.documents import LIMITS, Limits, add_attachment, attach, check_place, check_room
from paritrana.nominations.service.sending import send_arrived
from paritrana.nominations.service.writing import AMENDABLE, check_open, lock

KEPT: Final = timedelta(hours=48)  # so long an announced file may take, and longer while the grace time lasts
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


class UnreadableDeclaration(BadInput):
    """An announcement does not name a file by size and SHA-256."""

    code = "unreadable_declaration"
    message = N_("The file could not be announced. Load the page again and choose the file once more.")


class TooManyDeclarations(ParitranaError):
    """Too many files are announced and not here yet. Params: `used`, `limit`."""

    code = "too_many_declarations"
    message = N_("%(used)s of at most %(limit)s files are still on their way. Finish or cancel one first.")


class DeclarationEnded(ParitranaError):
    """The announcement was cancelled, has expired, or its file was refused. Params: `name`."""

    code = "declaration_ended"
    message = N_("The upload of %(name)s has ended. Choose the file again to begin anew.")


def declare(
    nomination: Nomination,
    kind: str,
    *,
    name: str,
    sha256: str,
    size: int,
    requirement: str,
    actor: Actor,
    at: datetime,
    now: datetime,
    max_bytes: int,
    limits: Limits = LIMITS,
) -> FileDeclaration | Attachment:
    """Announce a file of `size` bytes; the caller commits. `at` is the cycle's time, `now` the machine's.

    The same file in the same place gives the announcement that is there already, also in the grace time; a file whose
    bytes this nomination has gives the document, and no bytes are needed. Raises a subclass of `BadFile`,
    `UnreadableDeclaration`, `EntryClosed`, `NominationSent`, `UnknownKind`, `UnfitEvidence`, `TooManyFiles`,
    `TooManyBytes`, `TooManyDeclarations`.
    """
    name = filetypes.display_name(name)
    file_kind = filetypes.kind_by_name(name)
    if not _SHA256.fullmatch(sha256):
        raise UnreadableDeclaration
    if size < 1:
        raise FileEmpty(name=name)
    if size > min(file_kind.limit, max_bytes):
        raise FileTooLarge(name=name, size=size, limit=min(file_kind.limit, max_bytes))
    lock(nomination, at)
    announced = queries.open_declarations(nomination)
    for one in announced:
        if (one.kind, one.requirement, one.sha256, one.size) == (kind, requirement, sha256, size):
            check_may_finish(one, at)
            one.expires_at = now + KEPT
            db.session.flush()
            return one
    check_open(nomination, at, also=AMENDABLE)
    check_place(nomination, kind, requirement)
    there = queries.attachments_of(nomination)
    same = next((one for one in there if one.blob.sha256 == sha256), None)
    if same is not None:
        if same.blob.media_type != file_kind.media_type:
            raise FileContentRefused(name=name, kind=file_kind.word)
        return attach(nomination, kind, same.blob, name, requirement=requirement, actor=actor, at=at, limits=limits)
    if len(announced) >= limits.open:
        raise TooManyDeclarations(used=len(announced), limit=limits.open)
    check_room([one.blob.size for one in there], announced, size, limits)
    declaration = FileDeclaration(
        ref=random_ref("D", 3),
        nomination=nomination,
        kind=kind,
        requirement=requirement,
        name=name,
        sha256=sha256,
        size=size,
        declared_at=at,
        expires_at=now + KEPT,
        declared_by=actor.account_id,
        declared_by_name=actor.name,
    )
    db.session.add(declaration)
    db.session.flush()
    audit.record(
        intake_of(nomination.category), "file.declared", actor, at=at, object_ref=nomination.ref,
        declaration=declaration.ref, evidence=kind, requirement=requirement or None, name=name, sha256=sha256,
        size=size,
    )  # fmt: skip
    return declaration


def check_may_finish(declaration: FileDeclaration, at: datetime) -> None:
    """Refuse the bytes of an announced file that may not finish any more.

    Until the end of the grace time it may, whether the nomination is sent by then or not; later only while a change
    request is open. Raises `DeclarationEnded`, `EntryClosed`, `NominationSent`.
    """
    if declaration.state == "ended":
        raise DeclarationEnded(name=declaration.name)
    nomination = declaration.nomination
    in_time = state_at(nomination.category, at) in {State.OPEN, State.CLOSED}
    if not (in_time and nomination.state in {"draft", "submitted"}):
        check_open(nomination, at, also=AMENDABLE)


def complete(declaration: FileDeclaration, blob: Blob, *, actor: Actor, at: datetime) -> Attachment:
    """Make the announced file a document, now that its bytes are stored; the caller commits.

    A nomination that was sent meanwhile sends its next revision with it. A repeat gives the same document. Raises like
    `check_may_finish`.
    """
    nomination = declaration.nomination
    lock(nomination, at)
    db.session.refresh(declaration, ["state", "attachment_no"])
    if declaration.attachment_no is not None:
        return queries.get_attachment(nomination.ref, declaration.attachment_no)
    check_may_finish(declaration, at)
    attachment = add_attachment(
        nomination, declaration.kind, blob, declaration.name, requirement=declaration.requirement, actor=actor, at=at,
        declaration=declaration,
    )  # fmt: skip
    declaration.state, declaration.attachment_no = "done", attachment.no
    if nomination.state == "submitted":
        send_arrived(nomination, attachment.no, actor=actor, at=at)
    db.session.flush()
    return attachment


def end_declaration(
    declaration: FileDeclaration, reason: Literal["cancelled", "expired", "refused"], *, actor: Actor, at: datetime
) -> bool:
    """End an announcement whose file does not come; the caller commits and removes the bytes. False: it has ended."""
    nomination = declaration.nomination
    lock(nomination, at)
    db.session.refresh(declaration, ["state", "expires_at"])
    if declaration.state != "open":
        return False
    declaration.state = "ended"
    audit.record(
        intake_of(nomination.category), "file.declaration_ended", actor, at=at, object_ref=nomination.ref,
        declaration=declaration.ref, reason=reason,
    )  # fmt: skip
    db.session.flush()
    return True


def end_expired(*, actor: Actor, now: datetime) -> Iterator[str]:
    """End what was announced and has expired, one after the other; gives each reference, the caller commits each.

    In the grace time nothing expires. `now` is the machine's moment.
    """
    for declaration in queries.expired_declarations(now):
        at = cycle_time(declaration.nomination.category.cycle, now)
        if state_at(declaration.nomination.category, at) is State.CLOSED:
            continue
        if end_declaration(declaration, "expired", actor=actor, at=at):
            yield declaration.ref
