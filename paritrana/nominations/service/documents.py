"""The documents of a nomination."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from paritrana.audit import service as audit
from paritrana.core.errors import ParitranaError
from paritrana.core.policy import Actor
from paritrana.core.words import N_
from paritrana.cycles.queries import rubric_of
from paritrana.cycles.service import intake_of
from paritrana.database import db
from paritrana.files.models import Blob
from paritrana.nominations import queries
from paritrana.nominations.models import Attachment, FileDeclaration, Nomination
from paritrana.nominations.rows import kinds_asked, requirements_of
from paritrana.nominations.service.writing import AMENDABLE, UnfitEvidence, UnknownKind, check_open, lock

# Limits of one nomination, decided in docs/security (files).
MAX_FILES = 60
MAX_BYTES = 750 * 1024 * 1024
MAX_OPEN = 20


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one nomination may hold: files, their bytes together, and files announced but not yet here."""

    files: int = MAX_FILES
    bytes: int = MAX_BYTES
    open: int = MAX_OPEN


LIMITS = Limits()


class TooManyFiles(ParitranaError):
    """The nomination holds as many files as it may. Params: `used`, `limit`."""

    code = "too_many_files"
    message = N_("The nomination already has %(used)s of at most %(limit)s files. Remove one first.")


class TooManyBytes(ParitranaError):
    """The files of the nomination would be larger than they may together. Params: `used`, `limit` (megabytes)."""

    code = "too_many_bytes"
    status = 413
    message = N_("The files of this nomination would take %(used)s MB of at most %(limit)s MB. Reduce or remove one.")


def attach(
    nomination: Nomination,
    kind: str,
    blob: Blob,
    name: str,
    *,
    requirement: str = "",
    reused_year: int | None = None,
    actor: Actor,
    at: datetime,
    limits: Limits = LIMITS,
) -> Attachment:
    """Put a stored blob under one kind of evidence; the caller commits.

    The same bytes in the same place are not attached twice: the first attachment comes back. `reused_year` is the
    assessment year of the nomination that a document was taken over from. Raises `EntryClosed`,
    `NominationSent`, `UnknownKind`, `TooManyFiles`, `TooManyBytes`.
    """
    lock(nomination, at)
    check_open(nomination, at, also=AMENDABLE)
    check_place(nomination, kind, requirement)
    there = queries.attachments_of(nomination)
    for one in there:
        if (one.kind, one.requirement, one.blob_id) == (kind, requirement, blob.id):
            return one
    check_room([one.blob.size for one in there], queries.open_declarations(nomination), blob.size, limits)
    return add_attachment(
        nomination, kind, blob, name, requirement=requirement, reused_year=reused_year, actor=actor, at=at
    )


def check_place(nomination: Nomination, kind: str, requirement: str) -> None:
    """Refuse a place for which the rubric asks for no document. Raises `UnknownKind`, `UnfitEvidence`."""
    rubric = rubric_of(nomination.category)
    if kind not in kinds_asked(rubric):
        raise UnknownKind
    if requirement and requirement not in {document["code"] for document in requirements_of(rubric, kind)}:
        raise UnfitEvidence(field=requirement)


def check_room(stored: Sequence[int], announced: Sequence[FileDeclaration], size: int, limits: Limits) -> None:
    """Refuse one file more of `size` bytes where it passes a limit; announced files count as if they were here.

    Raises `TooManyFiles`, `TooManyBytes`.
    """
    used = len(stored) + len(announced)
    if used >= limits.files:
        raise TooManyFiles(used=used, limit=limits.files)
    total = sum(stored) + sum(one.size for one in announced) + size
    if total > limits.bytes:
        raise TooManyBytes(used=-(-total // 1024**2), limit=limits.bytes // 1024**2)


def add_attachment(
    nomination: Nomination,
    kind: str,
    blob: Blob,
    name: str,
    *,
    requirement: str,
    actor: Actor,
    at: datetime,
    declaration: FileDeclaration | None = None,
    reused_year: int | None = None,
) -> Attachment:
    """The row of a document and its event. The caller has locked the nomination and asked all that must hold."""
    attachment = Attachment(
        nomination=nomination,
        no=queries.last_document_no(nomination) + 1,
        kind=kind,
        requirement=requirement,
        blob=blob,
        name=name,
        reused_year=reused_year,
        declared_at=declaration.declared_at if declaration is not None else None,
        uploaded_at=at,
        uploaded_by=actor.account_id,
        uploaded_by_name=actor.name,
    )
    db.session.add(attachment)
    db.session.flush()
    audit.record(
        intake_of(nomination.category), "file.received", actor, at=at, object_ref=nomination.ref,
        document=attachment.no, evidence=kind, requirement=requirement or None, name=name, sha256=blob.sha256,
        size=blob.size, declaration=declaration.ref if declaration is not None else None,
        reused_year=reused_year,
    )  # fmt: skip
    return attachment


def remove_attachment(attachment: Attachment, *, actor: Actor, at: datetime) -> None:
    """Take a document out of the draft; its row and bytes stay for revisions that name it. The caller commits.

    Raises `EntryClosed`, `NominationSent`.
    """
    nomination = attachment.nomination
    lock(nomination, at)
    check_open(nomination, at)
    db.session.refresh(attachment, ["removed_at", "version"])
    if attachment.removed_at is not None:
        return
    attachment.removed_at = at
    attachment.version += 1
    audit.record(
        intake_of(nomination.category), "file.removed", actor, at=at, object_ref=nomination.ref, document=attachment.no
    )
    db.session.flush()
