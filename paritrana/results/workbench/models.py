"""What stands beside a run: the figures that help to judge it, and who acknowledged which warning. Both only grow."""

from datetime import datetime
from typing import cast

from sqlalchemy import CheckConstraint, ForeignKey, Table, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from paritrana.audit.triggers import attach
from paritrana.database import Base
from paritrana.results.models import ResultRun
from paritrana.scopes import Tenancy


class RunDiagnostics(Base):
    """The diagnostics of one run, computed from its bundle when it was made. Advice: nothing of it enters a result."""

    __tablename__ = "run_diagnostics"
    __tenancy__ = Tenancy(office="run_id")
    __table_args__ = (UniqueConstraint("run_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("result_run.id"))
    version: Mapped[str]  # of the method
    said: Mapped[str]  # JSON of `core.diagnostics.Diagnostics`; text, because it holds decimal fractions

    run: Mapped[ResultRun] = relationship()


class Acknowledgement(Base):
    """The chair read a warning about a run and says why the result may be sealed all the same."""

    __tablename__ = "acknowledgement"
    __tenancy__ = Tenancy(office="run_id")
    __table_args__ = (
        UniqueConstraint("run_id", "code", "found"),
        CheckConstraint("reason <> ''", name="reasoned"),
        CheckConstraint("found >= 1", name="found_something"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("result_run.id"))
    code: Mapped[str]
    found: Mapped[int]  # how many things the warning was about then; of more nobody has heard yet
    reason: Mapped[str]
    by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    by_name: Mapped[str]
    at: Mapped[datetime]

    run: Mapped[ResultRun] = relationship()


attach(cast(Table, RunDiagnostics.__table__))

attach(cast(Table, Acknowledgement.__table__))
