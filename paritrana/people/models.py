"""Invitations, and the links by which a person sets a new password or a new e-mail address.

No token is stored: a link is derived from the row when its mail is sent (`tokens.py`).
"""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from paritrana.accounts.models import Account
from paritrana.cycles.models import Cycle
from paritrana.database import Base
from paritrana.reference.models import Organisation


class Invitation(Base):
    """The only way in: one e-mail address may take one role, once, until `expires_at`.

    `until`, `decree` and `stands_in_for` become those of the grant (`RoleGrant`). `account_id` is who accepted.
    """

    __tablename__ = "invitation"
    __table_args__ = (
        CheckConstraint("role IN ('nominee', 'verifier', 'organiser', 'auditor', 'administrator')", name="role_known"),
        CheckConstraint("(role = 'nominee') = (organisation_id IS NOT NULL)", name="nominee_of_organisation"),
        CheckConstraint(
            "(role IN ('verifier', 'organiser', 'auditor')) = (cycle_id IS NOT NULL)", name="officer_of_cycle"
        ),
        CheckConstraint("state IN ('open', 'used', 'withdrawn')", name="state_known"),
        CheckConstraint("(state = 'open') = (ended_at IS NULL)", name="ended_has_moment"),
        CheckConstraint("(state = 'used') = (account_id IS NOT NULL)", name="used_has_account"),
        Index("ix_invitation_email", "email"),
        Index("ix_invitation_organisation_id", "organisation_id"),
        Index("ix_invitation_cycle_id", "cycle_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)
    email: Mapped[str]
    name: Mapped[str]
    role: Mapped[str]
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    cycle_id: Mapped[int | None] = mapped_column(ForeignKey("cycle.id"))
    staff_number: Mapped[str | None]
    position: Mapped[str]
    until: Mapped[datetime | None]
    decree: Mapped[str]
    stands_in_for_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    invited_by: Mapped[str]  # reference of the account, or `console`
    invited_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(default="open")
    ended_at: Mapped[datetime | None]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))

    organisation: Mapped[Organisation | None] = relationship()
    cycle: Mapped[Cycle | None] = relationship()
    stands_in_for: Mapped[Account | None] = relationship(foreign_keys=[stands_in_for_id])
    account: Mapped[Account | None] = relationship(foreign_keys=[account_id])


class AccountLink(Base):
    """A link of thirty minutes for one account: a new password, or a new e-mail address (`email`).

    A newer one ends an older one of its kind, and a change of the password ends all.
    """

    __tablename__ = "account_link"
    __table_args__ = (
        CheckConstraint("kind IN ('password', 'email')", name="kind_known"),
        CheckConstraint("state IN ('open', 'used', 'withdrawn')", name="state_known"),
        CheckConstraint("(state = 'open') = (ended_at IS NULL)", name="ended_has_moment"),
        Index("ix_account_link_account_id", "account_id", "asked_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    email: Mapped[str]  # where it is sent
    asked_by: Mapped[str]  # reference of the account, or `system` for a wish from the page
    asked_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(default="open")
    ended_at: Mapped[datetime | None]

    account: Mapped[Account] = relationship()


class ResetWish(Base):
    """An address typed on the page for a forgotten password, until the worker looks whether somebody has it.

    The page itself never looks, so that its answer and its time tell nothing about the address.
    """

    __tablename__ = "reset_wish"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str]
    at: Mapped[datetime]
