"""Changes around templates: the pictures they show, and how the name of a nomination is spelt on its papers."""

import hashlib
import io
from datetime import datetime
from typing import IO, Final

from paritrana.audit import service as audit
from paritrana.certificates.editor import queries
from paritrana.certificates.models import CertificateImage, NameConfirmation, PrintedName
from paritrana.core.errors import MissingReason, ParitranaError, StaleVersion
from paritrana.core.filetypes import PICTURES, FileContentRefused, FileEmpty, FileTooLarge, display_name, kind_by_name
from paritrana.core.policy import Actor
from paritrana.core.words import N_
from paritrana.cycles.models import Cycle
from paritrana.database import db
from paritrana.files.sandbox import repaint
from paritrana.files.signatures import kind_by_content
from paritrana.nominations.models import Nomination
from paritrana.paper import check_name

LARGEST_PICTURE: Final = 8 * 1024 * 1024  # bytes of an uploaded picture
LONGEST_SIDE: Final = 2480  # pixels of a stored one: the long side of A4 at 200 dots an inch, and some more
MOST_PICTURES: Final = 60  # of a cycle


class NoPicture(ParitranaError):
    """A file that is no picture. Params: `name`."""

    code = "no_picture"
    status = 415
    message = N_("%(name)s: choose a PNG or JPG picture.")


class TooManyPictures(ParitranaError):
    """The cycle holds as many pictures as it may. Params: `limit`."""

    code = "too_many_pictures"
    message = N_("This cycle has %(limit)s pictures already. Use one of them.")


class SameSpelling(ParitranaError):
    """The name is printed like that already."""

    code = "same_spelling"
    status = 422
    message = N_("The name is printed exactly like that already. Choose “The name is right”.")


class SpellingAsked(ParitranaError):
    """Another spelling waits for an answer."""

    code = "spelling_asked"
    message = N_("You asked for another spelling already. Wait for the answer, or take the request back.")


class SpellingAnswered(ParitranaError):
    """The request was answered or taken back meanwhile."""

    code = "spelling_answered"
    message = N_("This request was answered or taken back meanwhile. Load the page again.")


# Pictures -------------------------------------------------------------------------------------------------------------


def add_image(cycle: Cycle, file: IO[bytes], filename: str | None, *, actor: Actor, at: datetime) -> CertificateImage:
    """Take in a picture for the templates of a cycle, drawn anew without what was noted in it; the caller commits.

    The same picture once more is the one that is there. Raises `NoPicture`, `TooManyPictures` and the refusals of
    `core.filetypes` and `core.filechecks`.
    """
    name = display_name(filename)
    kind = kind_by_name(name) if "." in name else None
    if kind is None or kind.media_type not in PICTURES:
        raise NoPicture(name=name)
    size = file.seek(0, 2)
    if not size:
        raise FileEmpty(name=name)
    if size > LARGEST_PICTURE:
        raise FileTooLarge(name=name, size=size, limit=LARGEST_PICTURE)
    file.seek(0)
    data = file.read()
    if kind_by_content(io.BytesIO(data)) is not kind:
        raise FileContentRefused(name=name, kind=kind.word)
    made = repaint(data, kind, name=name, side=LONGEST_SIDE)
    digest = hashlib.sha256(made.data).hexdigest()
    audit.lock_stream(audit.intake(cycle.code))
    there = queries.images_of(cycle)
    found = next((one for one in there if one.sha256 == digest), None)
    if found is not None:
        return found
    if len(there) >= MOST_PICTURES:
        raise TooManyPictures(limit=MOST_PICTURES)
    image = CertificateImage(
        cycle=cycle, sha256=digest, media_type=made.media_type, content=made.data, width=made.width,
        height=made.height, name=name, added_at=at, added_by=actor.user_id,
    )  # fmt: skip
    db.session.add(image)
    db.session.flush()
    audit.record(
        audit.intake(cycle.code), "certificate_image.added", actor, at=at, object_ref=digest,
        media_type=made.media_type, width=made.width, height=made.height,
    )  # fmt: skip
    return image


# How names are spelt --------------------------------------------------------------------------------------------------


def confirm_name(nomination: Nomination, text: str, *, actor: Actor, at: datetime) -> NameConfirmation:
    """The nominee has read the name as it is printed, and it is right; the caller commits.

    Raises `StaleVersion` where another name is printed by now, `SpellingAsked`.
    """
    _lock(nomination)
    _refuse_asked(nomination)
    if text != queries.printed_name(nomination):
        raise _stale(nomination)
    said = NameConfirmation(nomination=nomination, text=text, said_at=at, said_by=actor.user_id)
    db.session.add(said)
    db.session.flush()
    _record(nomination, "printed_name.confirmed", actor, at, text=text)
    return said


def ask_spelling(nomination: Nomination, text: str, reason: str, *, actor: Actor, at: datetime) -> PrintedName:
    """The nominee asks that its name is spelt otherwise on paper; the caller commits.

    Raises `NotPrintable` and `TooLong` for a name that paper cannot carry, `MissingReason`, `SameSpelling`,
    `SpellingAsked`.
    """
    check_name(text)
    if not reason.strip():
        raise MissingReason
    _lock(nomination)
    _refuse_asked(nomination)
    if text == queries.printed_name(nomination):
        raise SameSpelling
    before = queries.spellings_of(nomination)
    asked = PrintedName(
        nomination=nomination, no=len(before) + 1, text=text, reason=reason.strip(), said_at=at, said_by=actor.user_id,
        state="asked",
    )  # fmt: skip
    db.session.add(asked)
    db.session.flush()
    _record(nomination, "printed_name.asked", actor, at, no=asked.no, text=text, reason=asked.reason)
    return asked


def withdraw_spelling(nomination: Nomination, *, actor: Actor, at: datetime) -> PrintedName:
    """Take back what was asked and not answered yet; the caller commits. Raises `SpellingAnswered`."""
    _lock(nomination)
    asked = _asked(nomination)
    if asked is None:
        raise SpellingAnswered
    asked.state = "withdrawn"
    db.session.flush()
    _record(nomination, "printed_name.withdrawn", actor, at, no=asked.no)
    return asked


def answer_spelling(
    asked: PrintedName, *, accepted: bool, answer: str, text: str, actor: Actor, at: datetime
) -> PrintedName:
    """The organiser accepts a spelling, or declines it with a reason; the caller commits.

    `text` is the spelling that the organiser saw. Raises `MissingReason`, `SpellingAnswered`, and `NotPrintable` or
    `TooLong` where paper cannot carry it any more.
    """
    nomination = asked.nomination
    _lock(nomination)
    db.session.refresh(asked)
    if asked.state != "asked" or asked.text != text:
        raise SpellingAnswered
    if accepted:
        check_name(asked.text)
    elif not answer.strip():
        raise MissingReason
    asked.state = "accepted" if accepted else "declined"
    asked.answered_at, asked.answered_by, asked.answer = at, actor.user_id, answer.strip()
    db.session.flush()
    _record(nomination, f"printed_name.{asked.state}", actor, at, no=asked.no, answer=asked.answer or None)
    return asked


def _lock(nomination: Nomination) -> None:
    audit.lock_stream(audit.intake(nomination.category.cycle.code))


def _asked(nomination: Nomination) -> PrintedName | None:
    return next((one for one in queries.spellings_of(nomination) if one.state == "asked"), None)


def _refuse_asked(nomination: Nomination) -> None:
    if _asked(nomination) is not None:
        raise SpellingAsked


def _stale(nomination: Nomination) -> StaleVersion:
    last = next((one for one in queries.spellings_of(nomination) if one.state == "accepted"), None)
    if last is None or last.answered_at is None:
        return StaleVersion(who=nomination.organisation.name, time="")
    return StaleVersion(who=last.speaker.name, time=last.answered_at)


def _record(nomination: Nomination, kind: str, actor: Actor, at: datetime, **values: object) -> None:
    audit.record(audit.intake(nomination.category.cycle.code), kind, actor, at=at, object_ref=nomination.ref, **values)
