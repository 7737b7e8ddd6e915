"""Field visits: what verifiers saw at the candidate's place. A visit never changes; a correction stands beside it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import select

from paritrana.audit import service as audit
from paritrana.core.errors import BadInput, NotFound, ParitranaError
from paritrana.core.filetypes import JPEG, PNG
from paritrana.core.policy import Actor
from paritrana.core.quantities import Day
from paritrana.core.words import N_
from paritrana.cycles.queries import rubric_of
from paritrana.cycles.service import intake_of
from paritrana.database import db
from paritrana.files.models import Blob
from paritrana.nominations.models import Nomination
from paritrana.nominations.rows import kinds_asked
from paritrana.panels.queries import has_declared
from paritrana.verification.models import FieldVisit, FieldVisitPhoto, Verification
from paritrana.verification.service.writing import MAX_TEXT, NotDeclared, begin

MAX_PLACE: Final = 300  # characters
MAX_PHOTOS: Final = 20  # of one visit
PHOTOS: Final = frozenset({JPEG.media_type, PNG.media_type})


class VisitInFuture(BadInput):
    """A visit that has not taken place yet. Params: `today`."""

    code = "visit_in_future"
    message = N_("The visit cannot lie in the future. Today is %(today)s.")


class VisitTooEarly(BadInput):
    """A visit before there was anything to verify. Params: `first`."""

    code = "visit_too_early"
    message = N_("The visit lies before the verification, which began on %(first)s.")


class NothingSeen(BadInput):
    """A visit that says nothing of any item."""

    code = "nothing_seen"
    message = N_("Write what was seen for at least one item.")


class AlreadyCorrected(ParitranaError):
    """The visit has a correction; that one is corrected next. Params: `no`, `by`."""

    code = "already_corrected"
    message = N_("Visit %(no)s is already corrected by visit %(by)s. Correct that one.")


class TooManyPhotos(ParitranaError):
    """The visit would have more photos than it may. Params: `limit`."""

    code = "too_many_photos"
    message = N_("A visit has at most %(limit)s photos.")


@dataclass(frozen=True)
class Photo:
    """A stored photo of a visit, with the name of its file and what it shows."""

    blob: Blob
    name: str
    shows: str


@dataclass(frozen=True)
class Visited:
    """What is written of a visit. `seen` is by kind of evidence, `corrects` the number of an earlier visit."""

    place: str
    on: date
    offices: str
    seen: Mapping[str, str]
    corrects: int | None = None
    photos: Sequence[Photo] = field(default=())


def first_day(nomination: Nomination) -> date | None:
    """The day on which the verification of the nomination's category began, in the zone of its cycle."""
    began = nomination.category.grace_ends_at or nomination.category.closes_at
    return None if began is None else began.astimezone(_zone(nomination)).date()


def record_visit(nomination: Nomination, said: Visited, *, actor: Actor, at: datetime) -> FieldVisit:
    """Write down a visit with its photos; the caller commits.

    The same words of the same person again give the visit that is there. Raises `NotDeclared`, `VerificationLocked`,
    `VisitInFuture`, `VisitTooEarly`, `NothingSeen`, `AlreadyCorrected`, `TooManyPhotos`, and `NotFound` for a
    kind of evidence or an earlier visit that is not there.
    """
    verification = begin(nomination, at)
    if not has_declared(actor.account_id, nomination.id):
        raise NotDeclared
    _check_day(nomination, said.on, at)
    seen = {kind: text.strip()[:MAX_TEXT] for kind, text in said.seen.items() if text.strip()}
    if not seen:
        raise NothingSeen
    if not set(seen) <= set(kinds_asked(rubric_of(nomination.category))):
        raise NotFound
    there = _visits(verification)
    visit = FieldVisit(
        verification=verification,
        no=len(there) + 1,
        corrects_no=said.corrects,
        place=said.place.strip()[:MAX_PLACE],
        visited_on=said.on,
        offices=said.offices.strip()[:MAX_TEXT],
        seen=seen,
        recorded_by=actor.account_id,
        recorded_by_name=actor.name,
        recorded_at=at,
    )
    same = next((one for one in there if _words(one) == _words(visit)), None)
    if same is not None:
        add_photos(same, said.photos, actor=actor, at=at)
        return same
    _check_correction(there, said.corrects)
    db.session.add(visit)
    verification.version += 1
    db.session.flush()
    audit.record(
        intake_of(nomination.category), "visit.recorded", actor, at=at, object_ref=nomination.ref, visit=visit.no,
        corrects=visit.corrects_no, place=visit.place, on=visit.visited_on, offices=visit.offices, seen=seen,
    )  # fmt: skip
    add_photos(visit, said.photos, actor=actor, at=at)
    return visit


def add_photos(visit: FieldVisit, photos: Sequence[Photo], *, actor: Actor, at: datetime) -> list[FieldVisitPhoto]:
    """Add photos to a visit; one that it has already is left as it is. The caller commits.

    Raises `NotDeclared`, `VerificationLocked`, `TooManyPhotos`, and `ValueError` for a file that is no photo of the
    candidate's folder: the page has refused it before.
    """
    nomination = visit.nomination
    begin(nomination, at)
    if not has_declared(actor.account_id, nomination.id):
        raise NotDeclared
    known = set(db.session.scalars(select(FieldVisitPhoto.blob_id).where(FieldVisitPhoto.visit_id == visit.id)))
    added = []
    for photo in photos:
        if photo.blob.organisation_id != nomination.organisation_id or photo.blob.media_type not in PHOTOS:
            raise ValueError("a photo is a picture in the folder of the candidate's organisation")
        if photo.blob.id in known:
            continue
        if len(known) >= MAX_PHOTOS:
            raise TooManyPhotos(limit=MAX_PHOTOS)
        known.add(photo.blob.id)
        row = FieldVisitPhoto(
            visit=visit,
            no=len(known),
            blob=photo.blob,
            name=photo.name,
            shows=photo.shows.strip()[:MAX_PLACE],
            added_by=actor.account_id,
            added_by_name=actor.name,
            added_at=at,
        )
        db.session.add(row)
        db.session.flush()
        audit.record(
            intake_of(nomination.category), "visit.photo_added", actor, at=at, object_ref=nomination.ref,
            visit=visit.no, photo=row.no, name=row.name, shows=row.shows, sha256=photo.blob.sha256,
            size=photo.blob.size,
        )  # fmt: skip
        added.append(row)
    return added


def _visits(verification: Verification) -> Sequence[FieldVisit]:
    return db.session.scalars(
        select(FieldVisit).where(FieldVisit.verification_id == verification.id).order_by(FieldVisit.no)
    ).all()


def _check_day(nomination: Nomination, on: date, at: datetime) -> None:
    today = at.astimezone(_zone(nomination)).date()
    if on > today:
        raise VisitInFuture(today=Day(today))
    first = first_day(nomination)
    if first is not None and on < first:
        raise VisitTooEarly(first=Day(first))


def _check_correction(there: Collection[FieldVisit], corrects: int | None) -> None:
    if corrects is None:
        return
    if corrects not in {one.no for one in there}:
        raise NotFound
    by = next((one.no for one in there if one.corrects_no == corrects), None)
    if by is not None:
        raise AlreadyCorrected(no=corrects, by=by)


def _words(visit: FieldVisit) -> tuple[object, ...]:
    return visit.place, visit.visited_on, visit.offices, visit.seen, visit.corrects_no, visit.recorded_by


def _zone(nomination: Nomination) -> ZoneInfo:
    return ZoneInfo(nomination.category.cycle.timezone)
