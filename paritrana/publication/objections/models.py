"""Objections of nominees to what was found, with the evidence they bring and the answer they get."""

from datetime import datetime
from typing import Final, cast

from sqlalchemy import CheckConstraint, ForeignKey, Table, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from paritrana.audit.triggers import attach
from paritrana.cycles.models import Category
from paritrana.database import Base
from paritrana.files.models import Blob
from paritrana.nominations.models import Nomination
from paritrana.scopes import Tenancy

FINDING, GATE = "finding", "gate"
OPEN, GRANTED, REFUSED = "open", "granted", "refused"
ANSWERS: Final = (GRANTED, REFUSED)


class Objection(Base):
    """An objection to one finding or one condition of the own nomination. Answered once, it never changes again."""

    __tablename__ = "objection"
    __tenancy__ = Tenancy(office="nomination_id", nominee="nomination_id")
    __table_args__ = (
        CheckConstraint("subject IN ('finding', 'gate')", name="subject_known"),
        CheckConstraint("state IN ('open', 'granted', 'refused')", name="state_known"),
        CheckConstraint("reason <> ''", name="reasoned"),
        CheckConstraint(
            "(state = 'open') = (answered_at IS NULL) AND (state = 'open') = (answer = '')",
            name="answered_with_reason",
        ),
        CheckConstraint("(state = 'granted') = (becomes IS NOT NULL)", name="granted_changes"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)
    nomination_id: Mapped[int] = mapped_column(ForeignKey("nomination.id"), index=True)
    subject: Mapped[str]
    kind: Mapped[str]  # of a finding: the kind of evidence; of a condition empty
    code: Mapped[str]  # key of the figure, or code of the condition
    stood: Mapped[str]  # what was found or decided when it was filed
    reason: Mapped[str]
    filed_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    filed_by_name: Mapped[str]
    filed_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(default=OPEN)
    answer: Mapped[str] = mapped_column(default="")
    becomes: Mapped[str | None]  # of a granted one: what is found or decided from now on
    answered_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    answered_by_name: Mapped[str] = mapped_column(default="")
    answered_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)

    nomination: Mapped[Nomination] = relationship()
    files: Mapped[list["ObjectionFile"]] = relationship(back_populates="objection", order_by="ObjectionFile.no")

    @property
    def category(self) -> Category:
        """The category the nomination competes in."""
        return self.nomination.category


class ObjectionFile(Base):
    """A file that a nominee brings with an objection; its bytes lie in the folder of the own organisation."""

    __tablename__ = "objection_file"
    __tenancy__ = Tenancy(office="objection_id", nominee="objection_id")
    __table_args__ = (
        UniqueConstraint("objection_id", "no"),
        UniqueConstraint("objection_id", "blob_id"),
        CheckConstraint("no >= 1", name="no_positive"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    objection_id: Mapped[int] = mapped_column(ForeignKey("objection.id"))
    no: Mapped[int]
    blob_id: Mapped[int] = mapped_column(ForeignKey("blob.id"))
    name: Mapped[str]

    objection: Mapped[Objection] = relationship(back_populates="files")
    blob: Mapped[Blob] = relationship()


attach(cast(Table, ObjectionFile.__table__))
