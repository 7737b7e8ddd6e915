"""Reads of what stands beside a claim: the pages of a document, and the published figures of the region."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import and_, select

from paritrana.core.filetypes import PICTURES
from paritrana.database import db
from paritrana.files.models import Blob
from paritrana.files.previews.models import Preview, Rendering
from paritrana.nominations.models import Attachment, Nomination
from paritrana.reference.queries import published_budgets_of, published_coverage_of, sources_of, target_figures_of
from paritrana.verification.published import WITH_PUBLISHED, Published


@dataclass(frozen=True)
class Leaf:
    """One document of a nomination, opened at a page. `pages` and `shown` are 0 where nothing is drawn."""

    no: int
    page: int
    pages: int = 0
    shown: int = 0
    problem: str | None = None  # of `files.previews.models.PROBLEMS`; None while it waits to be drawn
    width: int = 0  # pixels of the picture of this page
    height: int = 0
    sha256: str = ""  # of the original
    copy: str = ""  # SHA-256 of the picture of this page
    is_picture: bool = False  # of which only its owner has the original
    numbers: int = 0  # that look like national identity numbers


def leaf_of(nomination: Nomination, no: int, page: int) -> Leaf:
    """Document `no` opened at a page, at its last one where it has fewer (one statement)."""
    row = db.session.execute(
        select(
            Blob.sha256, Blob.media_type, Blob.identity_numbers, Rendering.pages, Rendering.shown, Rendering.problem,
            Preview.page, Preview.width, Preview.height, Preview.sha256.label("copy"),
        )
        .select_from(Attachment)
        .join(Blob, Blob.id == Attachment.blob_id)
        .outerjoin(Rendering, Rendering.blob_id == Attachment.blob_id)
        .outerjoin(Preview, and_(Preview.blob_id == Rendering.blob_id, Preview.page <= page))
        .where(Attachment.nomination_id == nomination.id, Attachment.no == no)
        .order_by(Preview.page.desc())
        .limit(1)
    ).one_or_none()  # fmt: skip
    if row is None:
        return Leaf(no, page)
    return Leaf(
        no, row.page or (page if row.problem is None else 1), row.pages or 0, row.shown or 0, row.problem,
        row.width or 0, row.height or 0, row.sha256, row.copy or "", row.media_type in PICTURES,
        row.identity_numbers or 0,
    )  # fmt: skip


def page_counts(nomination: Nomination, numbers: Collection[int]) -> Mapping[int, int]:
    """How many pages each of these documents has, where that is known (one statement, none for no document)."""
    if not numbers:
        return {}
    rows = db.session.execute(
        select(Attachment.no, Rendering.pages)
        .join(Rendering, Rendering.blob_id == Attachment.blob_id)
        .where(Attachment.nomination_id == nomination.id, Attachment.no.in_(numbers), Rendering.pages > 0)
    ).all()
    return {row.no: row.pages for row in rows}


def published_beside(nomination: Nomination, kind: str) -> Published:
    """What was published about the candidate's region, for an item (four statements, none where nothing can fit)."""
    region = nomination.organisation.region_code
    if kind not in WITH_PUBLISHED or nomination.organisation.kind != "local_government":
        return Published((), (), (), {})
    found = published_coverage_of(region), published_budgets_of(region), target_figures_of(region)
    keys = {row.source_key for rows in found for row in rows}
    return Published(*found, sources_of(keys))
