"""A nomination, its typed evidence and documents, and every revision that was sent."""

from datetime import datetime
from decimal import Decimal
from typing import Any, cast

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Table, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from paritrana.audit.triggers import attach
from paritrana.cycles.models import Category
from paritrana.database import Base, Document, ExactDecimal
from paritrana.files.models import Blob
from paritrana.reference.models import Organisation
from paritrana.scopes import Tenancy

STATES = (
    "draft", "submitted", "returned", "resubmitted", "verified", "shortlisted", "not_shortlisted", "interviewed",
    "no_show", "withdrawn",
)  # fmt: skip


class Nomination(Base):
    """One organisation's bid in one category. What is judged is its latest sent revision."""

    __tablename__ = "nomination"
    __tenancy__ = Tenancy(office="category_id", nominee="organisation_id", published=True)
    __table_args__ = (
        UniqueConstraint("category_id", "organisation_id"),
        UniqueConstraint("category_id", "candidate_code"),
        CheckConstraint("state IN ({})".format(", ".join(f"'{s}'" for s in STATES)), name="state_known"),
        CheckConstraint("state = 'draft' OR state = 'withdrawn' OR revision_no > 0", name="sent_has_revision"),
        CheckConstraint("copied_from_id <> id", name="not_its_own_copy"),
        CheckConstraint("fed_from_id <> id", name="not_fed_by_itself"),
        Index("ix_nomination_organisation_id", "organisation_id"),
        Index("uq_nomination_fed_from_id", "fed_from_id", unique=True),  # a winner goes on to the nation once
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)
    category_id: Mapped[int] = mapped_column(ForeignKey("category.id"))
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    candidate_code: Mapped[str]  # its code in the open bundle: the region's code, or a random one
    state: Mapped[str] = mapped_column(default="draft")
    revision_no: Mapped[int] = mapped_column(default=0)  # number of the latest sent revision
    state_reason: Mapped[str | None]
    created_at: Mapped[datetime]
    created_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    copied_from_id: Mapped[int | None] = mapped_column(ForeignKey("nomination.id"))  # of an earlier cycle
    fed_from_id: Mapped[int | None] = mapped_column(ForeignKey("nomination.id"))  # the winner's in its province
    version: Mapped[int] = mapped_column(default=1)

    category: Mapped[Category] = relationship()
    organisation: Mapped[Organisation] = relationship()
    evidence: Mapped[list["EvidenceItem"]] = relationship(back_populates="nomination", order_by="EvidenceItem.kind")
    attachments: Mapped[list["Attachment"]] = relationship(back_populates="nomination", order_by="Attachment.no")
    gate_statements: Mapped[list["GateStatement"]] = relationship(
        back_populates="nomination", order_by="GateStatement.gate"
    )
    self_assessments: Mapped[list["SelfAssessment"]] = relationship(
        back_populates="nomination", order_by="SelfAssessment.indicator"
    )
    revisions: Mapped[list["NominationRevision"]] = relationship(
        back_populates="nomination", order_by="NominationRevision.no"
    )


class EvidenceItem(Base):
    """What a nomination says under one kind of evidence: typed figures where the kind has them, and a note.

    `kind` is an evidence kind of the rubric (`coverage`, …) or `indicator:A1` for a row that takes documents and a
    note only. `data` has the shape of `core.evidence`: `{"fields": {...}, "lines": [...]}`.
    """

    __tablename__ = "evidence_item"
    __tenancy__ = Tenancy(office="nomination_id", nominee="nomination_id")
    __table_args__ = (UniqueConstraint("nomination_id", "kind"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    nomination_id: Mapped[int] = mapped_column(ForeignKey("nomination.id"))
    kind: Mapped[str]
    data: Mapped[dict[str, Any]] = mapped_column(Document, default=dict)
    note: Mapped[str] = mapped_column(default="")
    explanation_reason: Mapped[str] = mapped_column(default="")  # code of the reason list, for an open difference
    explanation: Mapped[str] = mapped_column(default="")
    completed: Mapped[bool] = mapped_column(default=False)  # set by the nominee alone
    copied: Mapped[dict[str, Any] | None] = mapped_column(Document)  # {"year", "figures"}: from then, not looked at yet
    changed_at: Mapped[datetime]
    changed_by_name: Mapped[str]
    version: Mapped[int] = mapped_column(default=1)

    nomination: Mapped[Nomination] = relationship(back_populates="evidence")


class Attachment(Base):
    """A document of a nomination under one kind of evidence. Its bytes are a blob of the organisation."""

    __tablename__ = "attachment"
    __tenancy__ = Tenancy(office="nomination_id", nominee="nomination_id")
    __table_args__ = (UniqueConstraint("nomination_id", "no"), CheckConstraint("no >= 1", name="no_positive"))

    id: Mapped[int] = mapped_column(primary_key=True)
    nomination_id: Mapped[int] = mapped_column(ForeignKey("nomination.id"))
    no: Mapped[int]  # counts inside the nomination and is never used again
    kind: Mapped[str]  # kind of evidence it stands under, as in `EvidenceItem.kind`
    requirement: Mapped[str] = mapped_column(default="")  # code of the document the rubric asks for, where it is one
    blob_id: Mapped[int] = mapped_column(ForeignKey("blob.id"))
    name: Mapped[str]
    reused_year: Mapped[int | None]  # where it was taken over from the nomination of an earlier assessment year
    declared_at: Mapped[datetime | None]  # where it was announced before its bytes came
    uploaded_at: Mapped[datetime]
    uploaded_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    uploaded_by_name: Mapped[str]
    removed_at: Mapped[datetime | None]  # out of the draft; kept, because a sent revision may name it
    version: Mapped[int] = mapped_column(default=1)

    nomination: Mapped[Nomination] = relationship(back_populates="attachments")
    blob: Mapped[Blob] = relationship()

    @property
    def organisation_id(self) -> int:
        """The tenant it belongs to."""
        return self.nomination.organisation_id


class FileDeclaration(Base):
    """A file announced by its name, size and SHA-256 before its bytes: what was announced in time may still finish."""

    __tablename__ = "file_declaration"
    __tenancy__ = Tenancy(office="nomination_id", nominee="nomination_id")
    __table_args__ = (
        CheckConstraint("state IN ('open', 'done', 'ended')", name="state_known"),
        CheckConstraint("size > 0", name="size_positive"),
        CheckConstraint("length(sha256) = 64", name="sha256_length"),
        CheckConstraint("(state = 'done') = (attachment_no IS NOT NULL)", name="done_has_document"),
        Index(
            "uq_file_declaration_open", "nomination_id", "kind", "requirement", "sha256", unique=True,
            sqlite_where=text("state = 'open'"), postgresql_where=text("state = 'open'"),
        ),
        Index("ix_file_declaration_nomination_id", "nomination_id"),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # also the name of its bytes while they come in
    nomination_id: Mapped[int] = mapped_column(ForeignKey("nomination.id"))
    kind: Mapped[str]
    requirement: Mapped[str] = mapped_column(default="")
    name: Mapped[str]
    sha256: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)  # bytes
    declared_at: Mapped[datetime]  # on the clock of the cycle
    expires_at: Mapped[datetime]  # on the clock of the machine
    declared_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    declared_by_name: Mapped[str]
    state: Mapped[str] = mapped_column(default="open")
    attachment_no: Mapped[int | None]  # the document it became

    nomination: Mapped[Nomination] = relationship()


class GateStatement(Base):
    """What the nominee says of one gate of the rubric."""

    __tablename__ = "gate_statement"
    __tenancy__ = Tenancy(office="nomination_id", nominee="nomination_id")
    __table_args__ = (
        UniqueConstraint("nomination_id", "gate"),
        CheckConstraint("answer IN ('', 'yes', 'no')", name="answer_known"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    nomination_id: Mapped[int] = mapped_column(ForeignKey("nomination.id"))
    gate: Mapped[str]
    answer: Mapped[str] = mapped_column(default="")
    note: Mapped[str] = mapped_column(default="")
    version: Mapped[int] = mapped_column(default=1)

    nomination: Mapped[Nomination] = relationship(back_populates="gate_statements")


class SelfAssessment(Base):
    """What a nominee thinks one indicator is worth: a value on the scale and a sentence, both optional.

    It counts nowhere; each sent revision keeps what stood then.
    """

    __tablename__ = "self_assessment"
    __tenancy__ = Tenancy(office="nomination_id", nominee="nomination_id")
    __table_args__ = (UniqueConstraint("nomination_id", "indicator"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    nomination_id: Mapped[int] = mapped_column(ForeignKey("nomination.id"))
    indicator: Mapped[str]
    value: Mapped[Decimal | None] = mapped_column(ExactDecimal)
    note: Mapped[str] = mapped_column(default="")
    assessed_at: Mapped[datetime]
    assessed_by_name: Mapped[str]
    version: Mapped[int] = mapped_column(default=1)

    nomination: Mapped[Nomination] = relationship(back_populates="self_assessments")


class NominationRevision(Base):
    """What was sent, whole and unchangeable: evidence, statements and the digests of the documents."""

    __tablename__ = "nomination_revision"
    __tenancy__ = Tenancy(office="nomination_id", nominee="nomination_id")
    __table_args__ = (
        UniqueConstraint("nomination_id", "no"),
        UniqueConstraint("receipt_no"),
        CheckConstraint("no >= 1", name="no_positive"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    nomination_id: Mapped[int] = mapped_column(ForeignKey("nomination.id"))
    no: Mapped[int]
    receipt_no: Mapped[str]
    content: Mapped[dict[str, Any]]
    digest: Mapped[str]  # SHA-256 of the canonical content
    submitted_at: Mapped[datetime]
    submitted_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    submitted_by_name: Mapped[str]

    nomination: Mapped[Nomination] = relationship(back_populates="revisions")


attach(cast(Table, NominationRevision.__table__))
