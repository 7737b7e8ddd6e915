"""Who keeps the checkpoints of a cycle outside the award office."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from paritrana.cycles.models import Cycle
from paritrana.database import Base
from paritrana.scopes import Tenancy


class Witness(Base):
    """An office outside that is mailed the checkpoints of a cycle; those of the judging from its publication on."""

    __tablename__ = "witness"
    __tenancy__ = Tenancy(office="cycle_id")

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)
    cycle_id: Mapped[int] = mapped_column(ForeignKey("cycle.id"), index=True)
    label: Mapped[str]
    address: Mapped[str]
    added_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    cycle: Mapped[Cycle] = relationship()
