"""What must hold of the page pictures; that their bytes are whole is told by the rules of the files."""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import and_, func, select

from paritrana.audit.invariants import stream
from paritrana.core.invariants import Broken, Check
from paritrana.files.models import Blob
from paritrana.files.previews.models import Preview, Rendering

RULES: Final = {
    "preview.pages": "The pictures of a document are its first pages, each once, as many as were noted.",
}


def _pages() -> Iterator[Broken]:
    statement = (
        select(
            Blob.organisation_id, Blob.sha256, Rendering.shown, func.count(Preview.id).label("count"),
            func.max(Preview.page).label("last"),
        )
        .select_from(Rendering)
        .join(Blob, Blob.id == Rendering.blob_id)
        .join(Preview, and_(Preview.blob_id == Rendering.blob_id), isouter=True)
        .group_by(Blob.id, Rendering.blob_id)
        .order_by(Blob.id)
    )  # fmt: skip
    for row in stream(statement):
        if not row.shown == row.count == (row.last or 0):
            where = f"{row.organisation_id}/{row.sha256[:2]}/{row.sha256}"
            yield Broken("preview.pages", where, f"{row.shown} pages were noted and {row.count} pictures are there.")


CHECKS: Final = (Check(RULES, _pages),)
