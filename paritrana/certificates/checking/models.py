"""How often somebody asked, so that codes cannot be tried out."""

from datetime import datetime

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from paritrana.database import Base


class VerifyAttempt(Base):
    """Questions of one kind from one source since a moment. The source is a keyed hash; rows go after a day."""

    __tablename__ = "verify_attempt"
    __table_args__ = (
        UniqueConstraint("source_key", "kind"),
        CheckConstraint("kind IN ('look', 'guess', 'file')", name="kind_known"),
        CheckConstraint("count >= 1", name="count_positive"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    source_key: Mapped[str]
    kind: Mapped[str]
    began_at: Mapped[datetime] = mapped_column(index=True)
    count: Mapped[int]
