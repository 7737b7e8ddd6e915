"""Requests to open a submitted sheet again, and who agreed."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from paritrana.accounts.models import Account
from paritrana.cycles.models import Category
from paritrana.database import Base
from paritrana.nominations.models import Nomination
from paritrana.scopes import Tenancy
from paritrana.sheets.models import Sheet


class Reopening(Base):
    """An assessor asks with a reason, the chair and another assessor agree; the organiser is chair for a chair's own.

    `after_others` says that another sheet of the candidate was in, so that its marks could be read before.
    """

    __tablename__ = "reopening"
    __tenancy__ = Tenancy(office="sheet_id")
    __table_args__ = (
        CheckConstraint("reason <> ''", name="reasoned"),
        CheckConstraint("state IN ('asked', 'opened', 'refused')", name="state_known"),
        CheckConstraint("(led_by IS NULL) = (led_reason IS NULL)", name="led_with_reason"),
        CheckConstraint(
            "state <> 'opened' OR (led_by IS NOT NULL AND seconded_by IS NOT NULL AND led_by <> seconded_by"
            " AND led_by <> asked_by AND seconded_by <> asked_by)",
            name="three_people",
        ),
        CheckConstraint("(state = 'asked') = (ended_at IS NULL)", name="ended"),
        Index(
            "uq_reopening_one_asked", "sheet_id", unique=True,
            sqlite_where=text("state = 'asked'"), postgresql_where=text("state = 'asked'"),
        ),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)
    sheet_id: Mapped[int] = mapped_column(ForeignKey("sheet.id"), index=True)
    reason: Mapped[str]
    asked_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    asked_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(default="asked")
    led_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))  # the chair, or who is that for a chair's own
    led_reason: Mapped[str | None]
    seconded_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    after_others: Mapped[bool] = mapped_column(default=False)
    ended_at: Mapped[datetime | None]

    sheet: Mapped[Sheet] = relationship()
    asker: Mapped[Account] = relationship(foreign_keys=[asked_by])
    leader: Mapped[Account | None] = relationship(foreign_keys=[led_by])
    seconder: Mapped[Account | None] = relationship(foreign_keys=[seconded_by])

    @property
    def category(self) -> Category:
        """The category of its sheet."""
        return self.sheet.category

    @property
    def nomination(self) -> Nomination:
        """The candidate of its sheet."""
        return self.sheet.nomination
