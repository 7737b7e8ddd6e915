"""What was published: the snapshot that the public pages read."""

from datetime import datetime
from typing import Any, cast

from sqlalchemy import CheckConstraint, ForeignKey, Table, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from paritrana.audit.triggers import attach, run_after_create
from paritrana.cycles import rehearsals
from paritrana.cycles.models import Category
from paritrana.database import Base


class Publication(Base):
    """One published version of a category's result. The newest one is what the public sees; none is ever changed."""

    __tablename__ = "publication"
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
    published_at: Mapped[datetime]
    proposed_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    confirmed_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))

    category: Mapped[Category] = relationship()


attach(cast(Table, Publication.__table__))
run_after_create(cast(Table, Publication.__table__), rehearsals.without_rehearsals("publication"))
