"""The tables of the lists by name: what the check of each came to. No number and no name stands in them."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from paritrana.accounts.models import Account
from paritrana.database import Base
from paritrana.nominations.models import Nomination
from paritrana.scopes import Tenancy

STATES: Final = ("waiting", "checked", "refused")


class NameList(Base):
    """One list that a nominee sent to be counted. The newest that was checked stands beside the claimed figures.

    `counts` has the shape that `checking.Counted` describes. `marks` are keyed hashes of the well-formed numbers, for
    finding the same person in two lists of a cycle; their key stands in a file, and both go when the cycle is archived.
    """

    __tablename__ = "name_list"
    __tenancy__ = Tenancy(office="nomination_id", nominee="nomination_id")
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'checked', 'refused')", name="state_known"),
        CheckConstraint("(state = 'checked') = (counts IS NOT NULL)", name="checked_has_counts"),
        CheckConstraint("(state = 'refused') = (problem IS NOT NULL)", name="refused_has_problem"),
        CheckConstraint("(state = 'waiting') = (ended_at IS NULL)", name="ended_has_moment"),
        CheckConstraint("marks IS NULL OR (state = 'checked' AND key_id IS NOT NULL)", name="marks_have_key"),
        Index("ix_name_list_nomination_id", "nomination_id"),
        Index("ix_name_list_state", "state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # also the name of its bytes while they are there
    nomination_id: Mapped[int] = mapped_column(ForeignKey("nomination.id"))
    job: Mapped[str | None]  # reference of the job that reads it
    name: Mapped[str]  # of the file, long numbers taken out
    size: Mapped[int] = mapped_column(BigInteger)  # bytes
    state: Mapped[str] = mapped_column(default="waiting")
    arrived_at: Mapped[datetime]  # on the clock of the machine, which says when its file must be gone
    received_at: Mapped[datetime]  # on the clock of the cycle
    received_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    received_by_name: Mapped[str]
    ended_at: Mapped[datetime | None]
    problem: Mapped[dict[str, Any] | None]  # {"code", "params"} of the refusal
    counts: Mapped[dict[str, Any] | None]
    key_id: Mapped[str | None]
    marks: Mapped[bytes | None] = mapped_column(deferred=True)

    nomination: Mapped[Nomination] = relationship()
    sender: Mapped[Account] = relationship()


class ListOverlap(Base):
    """How many numbers two lists of one cycle share; for verifiers only."""

    __tablename__ = "list_overlap"
    __tenancy__ = Tenancy(office="list_id")
    __table_args__ = (
        CheckConstraint("list_id < other_id", name="each_pair_once"),
        CheckConstraint("shared > 0", name="shared_positive"),
        Index("ix_list_overlap_other_id", "other_id"),
    )

    list_id: Mapped[int] = mapped_column(ForeignKey("name_list.id"), primary_key=True)
    other_id: Mapped[int] = mapped_column(ForeignKey("name_list.id"), primary_key=True)
    shared: Mapped[int]
