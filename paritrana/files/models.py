"""The table of the stored files."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from paritrana.core.filetypes import KINDS
from paritrana.database import Base
from paritrana.scopes import Tenancy

_TYPES = ", ".join(f"'{kind.media_type}'" for kind in KINDS)


class Blob(Base):
    """The bytes of one file of one organisation. Its address is the hash of its content; the name stands elsewhere."""

    __tablename__ = "blob"
    __tenancy__ = Tenancy(office="organisation_id", nominee="organisation_id")
    __table_args__ = (
        UniqueConstraint("organisation_id", "sha256"),
        CheckConstraint("length(sha256) = 64", name="sha256_length"),
        CheckConstraint("size > 0", name="size_positive"),
        CheckConstraint("identity_numbers >= 0", name="identity_numbers_not_negative"),
        CheckConstraint(f"media_type IN ({_TYPES})", name="media_type_known"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    sha256: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)  # bytes
    media_type: Mapped[str]
    created_at: Mapped[datetime]
    damaged_at: Mapped[datetime | None]  # since when its bytes are known not to be its own; it is held back
    destroyed_at: Mapped[datetime | None]  # since when its bytes are gone under a rule of keeping; the hash stays
    identity_numbers: Mapped[int | None]  # how many its text seems to hold; None until a worker has read it
