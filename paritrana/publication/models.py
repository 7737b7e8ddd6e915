"""What was published: the snapshot that the public pages read."""

from datetime import datetime
from typing import Any, cast

from sqlalchemy import CheckConstraint, ForeignKey, Table, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from paritrana.audit.triggers import attach, run_after_create
from paritrana.cycles import rehearsals
from paritrana.cycles.models import Category
from paritrana.database import Base
from paritrana.scopes import Tenancy


class Publication(Base):
    """One published version of a category's result; none is ever changed.

    From `published_at` on the public sees it, unless two people recalled it before or a later version replaces it.
    """

    __tablename__ = "publication"
    __tenancy__ = Tenancy(office="category_id", published=True)
    __table_args__ = (
        UniqueConstraint("category_id", "version_no"),
        CheckConstraint("version_no >= 1", name="version_no_positive"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    category_id: Mapped[int] = mapped_column(ForeignKey("category.id"))
    version_no: Mapped[int]
    bundle: Mapped[bytes]  # the open bundle, as downloaded
    digest: Mapped[str]  # SHA-256 of `bundle`
    table: Mapped[dict[str, Any]] = mapped_column("result_table")  # rows of the result page, ready to show
    source_key: Mapped[str | None]  # of a historical result: the published source
    published_at: Mapped[datetime]  # the instant from which it is public, which may lie ahead
    replaces_no: Mapped[int | None]  # of a correction: the version it takes the place of
    reason: Mapped[str | None]  # of a correction, as the public reads it
    objections_until: Mapped[datetime | None]  # the last second of the window for objections
    proposed_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    confirmed_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))

    category: Mapped[Category] = relationship()


class Recall(Base):
    """A publication that two people took back before its instant: it never was public, and never will be."""

    __tablename__ = "publication_recall"
    __tenancy__ = Tenancy(office="publication_id", published=True)
    __table_args__ = (CheckConstraint("reason <> ''", name="reasoned"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    publication_id: Mapped[int] = mapped_column(ForeignKey("publication.id"), unique=True)
    reason: Mapped[str]
    recalled_at: Mapped[datetime]
    proposed_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    confirmed_by: Mapped[int] = mapped_column(ForeignKey("account.id"))

    publication: Mapped[Publication] = relationship()


attach(cast(Table, Publication.__table__))
attach(cast(Table, Recall.__table__))
run_after_create(cast(Table, Publication.__table__), rehearsals.without_rehearsals("publication"))
