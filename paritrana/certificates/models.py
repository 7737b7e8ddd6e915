"""Certificates and the register they stand in: templates, papers, batches, and how names are spelt."""

from datetime import datetime
from typing import Any, cast

from sqlalchemy import CheckConstraint, ForeignKey, Index, Table, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from paritrana.accounts.models import Account
from paritrana.audit.triggers import attach, run_after_create
from paritrana.core.certificates import Kind
from paritrana.cycles import rehearsals
from paritrana.cycles.models import Category, Cycle, Proposal
from paritrana.database import Base
from paritrana.nominations.models import Nomination
from paritrana.results.models import Award
from paritrana.scopes import Tenancy

KIND_KNOWN = f"kind IN ({', '.join(repr(one.value) for one in Kind)})"


class CertificateTemplate(Base):
    """What the papers of a kind look like in a cycle; one without a cycle is delivered with the program."""

    __tablename__ = "certificate_template"
    __table_args__ = (
        UniqueConstraint("cycle_id", "kind", "title_id"),
        Index(
            "uq_certificate_template_delivered", "kind", "title_id", unique=True,
            sqlite_where=text("cycle_id IS NULL"), postgresql_where=text("cycle_id IS NULL"),
        ),
        CheckConstraint(KIND_KNOWN, name="kind_known"),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)
    cycle_id: Mapped[int | None] = mapped_column(ForeignKey("cycle.id"))
    kind: Mapped[str]
    title_id: Mapped[str] = mapped_column(default="")  # the Indonesian title it is for; empty: for all of the kind
    version: Mapped[int] = mapped_column(default=1)

    cycle: Mapped[Cycle | None] = relationship()
    versions: Mapped[list["CertificateTemplateVersion"]] = relationship(
        back_populates="template", order_by="CertificateTemplateVersion.no"
    )


class CertificateTemplateVersion(Base):
    """One version of a template; the newest counts. The table only grows: papers name the version they were made by."""

    __tablename__ = "certificate_template_version"
    __table_args__ = (UniqueConstraint("template_id", "no"), CheckConstraint("no >= 1", name="no_positive"))

    id: Mapped[int] = mapped_column(primary_key=True)
    template_id: Mapped[int] = mapped_column(
        ForeignKey("certificate_template.id", name="fk_certificate_template_version_template")
    )
    no: Mapped[int]
    document: Mapped[dict[str, Any]]  # as `core.certificates.read_template` reads it
    digest: Mapped[str]  # SHA-256 of the canonical document
    made_at: Mapped[datetime]
    made_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))  # nobody: delivered

    template: Mapped[CertificateTemplate] = relationship(back_populates="versions")
    maker: Mapped[Account | None] = relationship()


attach(cast(Table, CertificateTemplateVersion.__table__))


class CertificateImage(Base):
    """A picture for templates of a cycle, as this program wrote it anew. The table only grows."""

    __tablename__ = "certificate_image"
    __tenancy__ = Tenancy(office="cycle_id")
    __table_args__ = (
        UniqueConstraint("cycle_id", "sha256"),
        CheckConstraint("media_type IN ('image/png', 'image/jpeg')", name="media_type_known"),
        CheckConstraint("width >= 1 AND height >= 1", name="size_positive"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    cycle_id: Mapped[int] = mapped_column(ForeignKey("cycle.id"))
    sha256: Mapped[str]
    media_type: Mapped[str]
    content: Mapped[bytes] = mapped_column(deferred=True)
    width: Mapped[int]  # in points of the picture
    height: Mapped[int]
    name: Mapped[str]
    added_at: Mapped[datetime]
    added_by: Mapped[int] = mapped_column(ForeignKey("account.id"))

    cycle: Mapped[Cycle] = relationship()


attach(cast(Table, CertificateImage.__table__))


class PrintedName(Base):
    """How a nominee wants its name spelt on paper, and what the office answered."""

    __tablename__ = "printed_name"
    __tenancy__ = Tenancy(office="nomination_id", nominee="nomination_id")
    __table_args__ = (
        UniqueConstraint("nomination_id", "no"),
        Index(
            "uq_printed_name_asked", "nomination_id", unique=True,
            sqlite_where=text("state = 'asked'"), postgresql_where=text("state = 'asked'"),
        ),
        CheckConstraint("no >= 1", name="no_positive"),
        CheckConstraint("text <> ''", name="text_there"),
        CheckConstraint("state IN ('asked', 'accepted', 'declined', 'withdrawn')", name="state_known"),
        CheckConstraint("(state IN ('accepted', 'declined')) = (answered_at IS NOT NULL)", name="answered_has_time"),
        CheckConstraint("(answered_at IS NULL) = (answered_by IS NULL)", name="answered_by_somebody"),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    nomination_id: Mapped[int] = mapped_column(ForeignKey("nomination.id"))
    no: Mapped[int]
    text: Mapped[str]
    reason: Mapped[str] = mapped_column(default="")
    said_at: Mapped[datetime]
    said_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    state: Mapped[str]
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    answer: Mapped[str] = mapped_column(default="")

    nomination: Mapped[Nomination] = relationship()
    speaker: Mapped[Account] = relationship(foreign_keys=[said_by])


class NameConfirmation(Base):
    """A nominee has read the spelling and let it stand. The table only grows."""

    __tablename__ = "name_confirmation"
    __tenancy__ = Tenancy(office="nomination_id", nominee="nomination_id")

    id: Mapped[int] = mapped_column(primary_key=True)
    nomination_id: Mapped[int] = mapped_column(ForeignKey("nomination.id"), index=True)
    text: Mapped[str]
    said_at: Mapped[datetime]
    said_by: Mapped[int] = mapped_column(ForeignKey("account.id"))

    nomination: Mapped[Nomination] = relationship()
    speaker: Mapped[Account] = relationship()


attach(cast(Table, NameConfirmation.__table__))


class CertificateBatch(Base):
    """An order to issue many certificates, which a job carries out item by item."""

    __tablename__ = "certificate_batch"
    __tenancy__ = Tenancy(office="cycle_id")

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)
    cycle_id: Mapped[int] = mapped_column(ForeignKey("cycle.id"), index=True)
    kinds: Mapped[list[Any]]
    categories: Mapped[list[Any]]  # slugs
    digest: Mapped[str]  # of the list of what is to be issued
    proposal_id: Mapped[int | None] = mapped_column(ForeignKey("proposal.id"))  # what two people agreed on, in state 7
    asked_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    asked_at: Mapped[datetime]
    job_ref: Mapped[str]  # the job that carries it out; a resumed batch has another one
    ended_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)

    cycle: Mapped[Cycle] = relationship()
    proposal: Mapped[Proposal | None] = relationship()
    asker: Mapped[Account] = relationship()


class Certificate(Base):
    """A certificate as printed. Its facts are copied in, so that the paper and the page can be compared for ever."""

    __tablename__ = "certificate"
    __tenancy__ = Tenancy(office="category_id", nominee="nomination_id", published=True)
    __table_args__ = (
        UniqueConstraint("cycle_id", "register_no"),
        UniqueConstraint("award_id", "version_no"),
        UniqueConstraint("category_id", "kind", "basis", "version_no"),
        CheckConstraint("status IN ('valid', 'replaced', 'revoked')", name="status_known"),
        CheckConstraint("register_no >= 1", name="register_no_positive"),
        CheckConstraint(KIND_KNOWN, name="kind_known"),
        CheckConstraint("(kind = 'winner') = (award_id IS NOT NULL)", name="winner_has_award"),
        CheckConstraint("(kind = 'winner') = (rank IS NOT NULL)", name="winner_has_rank"),
        CheckConstraint(
            "(kind IN ('winner', 'finalist', 'participant')) = (nomination_id IS NOT NULL)", name="candidate_named"
        ),
        CheckConstraint("(status = 'valid') = (status_at IS NULL)", name="ended_has_time"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)  # 16 Crockford characters without dashes, the last one a check
    cycle_id: Mapped[int] = mapped_column(ForeignKey("cycle.id"))
    category_id: Mapped[int] = mapped_column(ForeignKey("category.id"))
    register_no: Mapped[int]  # gapless in the cycle; never in an address
    kind: Mapped[str]
    basis: Mapped[str]  # names the holder in the category for ever: a nomination, an account, or the category itself
    award_id: Mapped[int | None] = mapped_column(ForeignKey("award.id"))
    nomination_id: Mapped[int | None] = mapped_column(ForeignKey("nomination.id"), index=True)
    version_no: Mapped[int] = mapped_column(default=1)
    recipient: Mapped[str]
    title_id: Mapped[str]
    title_en: Mapped[str]
    rank: Mapped[int | None]  # of a winner; the rank of nobody else stands on paper
    context: Mapped[dict[str, Any]]  # what was around the award: names of category and cycle, year, decree, day
    template_version_id: Mapped[int | None] = mapped_column(ForeignKey("certificate_template_version.id"))
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("certificate_batch.id"))
    payload: Mapped[str] = mapped_column(default="")  # the compact signed text of the code on the paper
    status: Mapped[str] = mapped_column(default="valid")
    status_reason: Mapped[str] = mapped_column(default="")
    status_at: Mapped[datetime | None]
    ranking_digest: Mapped[str]  # of the sealed bundle
    issued_at: Mapped[datetime]
    issued_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    version: Mapped[int] = mapped_column(default=1)

    cycle: Mapped[Cycle] = relationship()
    category: Mapped[Category] = relationship()
    award: Mapped[Award | None] = relationship()
    nomination: Mapped[Nomination | None] = relationship()
    template_version: Mapped[CertificateTemplateVersion | None] = relationship()


run_after_create(cast(Table, Certificate.__table__), rehearsals.without_rehearsals("certificate"))


class CertificatePaper(Base):
    """The signed bytes of a certificate, stored once and never drawn again. The table only grows."""

    __tablename__ = "certificate_paper"
    __tenancy__ = Tenancy(office="certificate_id", nominee="certificate_id", published=True)
    __table_args__ = (CheckConstraint("size >= 1", name="size_positive"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    certificate_id: Mapped[int] = mapped_column(ForeignKey("certificate.id"), unique=True)
    sha256: Mapped[str] = mapped_column(unique=True)
    size: Mapped[int]  # bytes
    content: Mapped[bytes] = mapped_column(deferred=True)
    fingerprint: Mapped[str]  # SHA-256 of the signer's certificate, hexadecimal
    signed_at: Mapped[datetime]

    certificate: Mapped[Certificate] = relationship()


attach(cast(Table, CertificatePaper.__table__))


class CertificatePrint(Base):
    """The office took the paper of a certificate for printing. The table only grows."""

    __tablename__ = "certificate_print"
    __tenancy__ = Tenancy(office="certificate_id")
    __table_args__ = (
        UniqueConstraint("certificate_id", "no"),
        CheckConstraint("no >= 1", name="no_positive"),
        CheckConstraint("how IN ('file', 'zip', 'merged')", name="how_known"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    certificate_id: Mapped[int] = mapped_column(ForeignKey("certificate.id"))
    no: Mapped[int]
    how: Mapped[str]
    printed_at: Mapped[datetime]
    printed_by: Mapped[int] = mapped_column(ForeignKey("account.id"))

    certificate: Mapped[Certificate] = relationship()
    printer: Mapped[Account] = relationship()


attach(cast(Table, CertificatePrint.__table__))


class CertificateBatchItem(Base):
    """One certificate that a batch is to issue: done when it names one, in trouble when it names a problem."""

    __tablename__ = "certificate_batch_item"
    __tenancy__ = Tenancy(office="category_id")
    __table_args__ = (
        UniqueConstraint("batch_id", "position"),
        UniqueConstraint("batch_id", "category_id", "kind", "basis"),
        CheckConstraint("position >= 1", name="position_positive"),
        CheckConstraint(KIND_KNOWN, name="kind_known"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    batch_id: Mapped[int] = mapped_column(ForeignKey("certificate_batch.id"))
    position: Mapped[int]
    category_id: Mapped[int] = mapped_column(ForeignKey("category.id"), index=True)
    kind: Mapped[str]
    basis: Mapped[str]
    certificate_id: Mapped[int | None] = mapped_column(ForeignKey("certificate.id"), unique=True)
    problem: Mapped[dict[str, Any] | None]  # {"message", "params"}

    batch: Mapped[CertificateBatch] = relationship()
    category: Mapped[Category] = relationship()
    certificate: Mapped[Certificate | None] = relationship()


run_after_create(cast(Table, CertificateBatchItem.__table__), rehearsals.without_rehearsals("certificate_batch_item"))


class Register(Base):
    """The next free register number of a cycle; its row is locked while certificates are issued."""

    __tablename__ = "register"
    __tenancy__ = Tenancy(office="cycle_id")
    __table_args__ = (CheckConstraint("next_no >= 1", name="next_no_positive"),)

    cycle_id: Mapped[int] = mapped_column(ForeignKey("cycle.id"), primary_key=True)
    next_no: Mapped[int]
