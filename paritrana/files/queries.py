"""Reading the table of stored files."""

from sqlalchemy import select

from paritrana.database import db
from paritrana.files.models import Blob


def find_blob(organisation_id: int, sha256: str) -> Blob | None:
    """The organisation's file with this content, if it has one (one statement)."""
    return db.session.scalars(
        select(Blob).where(Blob.organisation_id == organisation_id, Blob.sha256 == sha256)
    ).one_or_none()
