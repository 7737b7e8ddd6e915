"""The tables of the page pictures."""

from datetime import datetime
from typing import Final

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from paritrana.database import Base
from paritrana.scopes import Tenancy

# Why a document has no pictures, or fewer than pages: it has no pages, it cannot be read, it asks for a password, it
# takes more time, memory or room than a document may, or it has more pages than are drawn.
PROBLEMS: Final = ("", "no_pages", "unreadable", "locked", "heavy", "long")


class Rendering(Base):
    """One look at a file for its pictures: how many pages it has, how many are drawn, and what stands in the way."""

    __tablename__ = "rendering"
    __tenancy__ = Tenancy(office="blob_id", nominee="blob_id")
    __table_args__ = (
        CheckConstraint("problem IN ({})".format(", ".join(f"'{one}'" for one in PROBLEMS)), name="problem_known"),
        CheckConstraint("pages >= 0 AND shown >= 0 AND shown <= pages", name="shown_within_pages"),
        CheckConstraint("problem <> '' OR shown = pages", name="fewer_has_problem"),
    )

    blob_id: Mapped[int] = mapped_column(ForeignKey("blob.id"), primary_key=True)
    pages: Mapped[int]  # 0 where nothing is known of them
    shown: Mapped[int]
    problem: Mapped[str]
    made_at: Mapped[datetime]


class Preview(Base):
    """The picture of one page, a JPEG in the store of the document's organisation under the hash of its content."""

    __tablename__ = "preview"
    __tenancy__ = Tenancy(office="blob_id", nominee="blob_id")
    __table_args__ = (
        UniqueConstraint("blob_id", "page"),
        CheckConstraint("page >= 1", name="page_positive"),
        CheckConstraint("width > 0 AND height > 0 AND size > 0", name="has_a_size"),
        CheckConstraint("length(sha256) = 64", name="sha256_length"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    blob_id: Mapped[int] = mapped_column(ForeignKey("rendering.blob_id"))
    page: Mapped[int]
    width: Mapped[int]  # pixels
    height: Mapped[int]
    sha256: Mapped[str]
    size: Mapped[int]  # bytes
