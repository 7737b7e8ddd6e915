"""Reads of the page pictures."""

from collections.abc import Sequence

from sqlalchemy import and_, exists, or_, select

from paritrana.core.errors import NotFound, ParitranaError
from paritrana.core.filetypes import PICTURES
from paritrana.core.words import N_
from paritrana.database import db
from paritrana.files.models import Blob
from paritrana.files.previews.models import Preview, Rendering
from paritrana.jobs.models import Job


class CopyWaits(ParitranaError):
    """The copy of a picture that others may have is not made yet."""

    code = "copy_waits"
    status = 503
    message = N_("The copy of this picture is being made. Try again in a moment.")


class NoCopy(ParitranaError):
    """No copy can be made of a picture, so nobody but its owner can have it."""

    code = "no_copy"
    message = N_("No copy can be made of this picture. Ask the nominee to upload it anew.")


def get_copy(blob_id: int) -> Preview:
    """The copy of a picture that is handed to everybody but its owner (one statement). Raises `CopyWaits`, `NoCopy`."""
    found = db.session.execute(
        select(Rendering, Preview)
        .outerjoin(Preview, and_(Preview.blob_id == Rendering.blob_id, Preview.page == 1))
        .where(Rendering.blob_id == blob_id)
    ).one_or_none()
    if found is None:
        raise CopyWaits
    copy: Preview | None = found.Preview
    if copy is None:
        raise NoCopy
    return copy


def get_preview(blob_id: int, page: int) -> Preview:
    """The picture of a page (one statement). Raises `NotFound`."""
    found = db.session.scalar(select(Preview).where(Preview.blob_id == blob_id, Preview.page == page))
    if found is None:
        raise NotFound
    return found


def waiting(limit: int, *, after: int = 0) -> Sequence[int]:
    """The ids of the files beyond `after` whose pages are not drawn yet, or whose text is not read for numbers; first
    come first (one statement)."""
    drawn = exists().where(Rendering.blob_id == Blob.id)
    uncounted = and_(Blob.media_type.not_in(PICTURES), Blob.identity_numbers.is_(None))
    wanted = Blob.id > after, or_(~drawn, uncounted)
    return db.session.scalars(select(Blob.id).where(*wanted).order_by(Blob.id).limit(limit)).all()


def is_asked_for(kind: str) -> bool:
    """Whether a job of this kind waits to be begun (one statement)."""
    return bool(db.session.scalar(select(exists().where(Job.kind == kind, Job.state == "queued"))))
