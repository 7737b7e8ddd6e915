"""Reads of field visits: what was seen at the candidate's place, with the pictures that are shown of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.orm import joinedload, selectinload

from paritrana.core.errors import NotFound
from paritrana.database import db
from paritrana.files.previews.models import Preview, Rendering
from paritrana.nominations.models import Nomination
from paritrana.verification.models import FieldVisit, FieldVisitPhoto, Verification


@dataclass(frozen=True)
class Shot:
    """A photo with the picture that is shown of it; `drawn` is None until a worker has made one."""

    photo: FieldVisitPhoto
    drawn: Preview | None
    refused: bool  # no picture can be made of it


@dataclass(frozen=True)
class Visit:
    """A visit with its photos, and the number of the visit that corrects it, where one does."""

    row: FieldVisit
    shots: Sequence[Shot]
    corrected_by: int | None

    @property
    def seen(self) -> Mapping[str, str]:
        """What was seen, by kind of evidence."""
        found: Mapping[str, str] = self.row.seen
        return found


def visits_of(nomination: Nomination) -> list[Visit]:
    """The visits of a nomination, first to last (three statements, whatever their number)."""
    rows = db.session.scalars(
        select(FieldVisit)
        .join(FieldVisit.verification)
        .where(Verification.nomination_id == nomination.id)
        .options(selectinload(FieldVisit.photos).joinedload(FieldVisitPhoto.blob))
        .order_by(FieldVisit.no)
    ).all()
    if not rows:
        return []
    drawn: dict[int, Any] = {
        row.blob_id: row
        for row in db.session.execute(
            select(Rendering.blob_id, Preview)
            .outerjoin(Preview, and_(Preview.blob_id == Rendering.blob_id, Preview.page == 1))
            .join(FieldVisitPhoto, FieldVisitPhoto.blob_id == Rendering.blob_id)
            .where(FieldVisitPhoto.visit_id.in_([row.id for row in rows]))
        )
    }
    corrected = {row.corrects_no: row.no for row in rows if row.corrects_no is not None}
    return [Visit(row, [_shot(photo, drawn) for photo in row.photos], corrected.get(row.no)) for row in rows]


def _shot(photo: FieldVisitPhoto, drawn: Mapping[int, Any]) -> Shot:
    found = drawn.get(photo.blob_id)
    return Shot(photo, found.Preview if found is not None else None, found is not None and found.Preview is None)


def seen_of(nomination: Nomination, kind: str) -> list[FieldVisit]:
    """The visits in force that say something of one kind of evidence, first to last (one statement)."""
    rows = db.session.scalars(
        select(FieldVisit)
        .join(FieldVisit.verification)
        .where(Verification.nomination_id == nomination.id)
        .order_by(FieldVisit.no)
    ).all()
    corrected = {row.corrects_no for row in rows}
    return [row for row in rows if kind in row.seen and row.no not in corrected]


def get_visit(ref: str, no: int) -> FieldVisit:
    """Visit number `no` of the nomination `ref`, with what hangs on it. Raises `NotFound`."""
    found = db.session.scalar(
        select(FieldVisit)
        .join(FieldVisit.verification)
        .join(Verification.nomination)
        .where(Nomination.ref == ref, FieldVisit.no == no)
        .options(joinedload(FieldVisit.verification).joinedload(Verification.nomination))
    )
    if found is None:
        raise NotFound
    return found
