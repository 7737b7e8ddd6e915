"""Reads of the page pictures."""

from collections.abc import Sequence

from sqlalchemy import exists, select

from paritrana.core.errors import NotFound
from paritrana.database import db
from paritrana.files.models import Blob
from paritrana.files.previews.models import Preview, Rendering
from paritrana.jobs.models import Job


def get_preview(blob_id: int, page: int) -> Preview:
    """The picture of a page (one statement). Raises `NotFound`."""
    found = db.session.scalar(select(Preview).where(Preview.blob_id == blob_id, Preview.page == page))
    if found is None:
        raise NotFound
    return found


def waiting(limit: int, *, after: int = 0) -> Sequence[int]:
    """The ids of the files beyond `after` whose pictures are still to be made, first come first (one statement)."""
    drawn = exists().where(Rendering.blob_id == Blob.id)
    return db.session.scalars(select(Blob.id).where(Blob.id > after, ~drawn).order_by(Blob.id).limit(limit)).all()


def is_asked_for(kind: str) -> bool:
    """Whether a job of this kind waits to be begun (one statement)."""
    return bool(db.session.scalar(select(exists().where(Job.kind == kind, Job.state == "queued"))))
