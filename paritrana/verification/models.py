"""What verifiers found: a finding per figure, the gates, requests for changes, and the close by a second person."""

from datetime import date, datetime
from typing import Any, cast

from sqlalchemy import CheckConstraint, ForeignKey, Index, Table, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from paritrana.accounts.models import Account
from paritrana.audit.triggers import attach
from paritrana.cycles.models import Category
from paritrana.database import Base
from paritrana.files.models import Blob
from paritrana.nominations.models import Nomination
from paritrana.scopes import Tenancy

VERDICTS = ("matches", "partly", "differs", "unverifiable", "out_of_period")


class Verification(Base):
    """The verification of one nomination: who works on it and how far it is."""

    __tablename__ = "verification"
    __tenancy__ = Tenancy(office="nomination_id", nominee="nomination_id")
    __table_args__ = (
        UniqueConstraint("nomination_id"),
        CheckConstraint("state IN ('open', 'proposed', 'closed')", name="state_known"),
        CheckConstraint("closed_person_id IS NULL OR closed_person_id <> proposed_person_id", name="two_people"),
        CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name="closed_has_time"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    nomination_id: Mapped[int] = mapped_column(ForeignKey("nomination.id"))
    revision_no: Mapped[int]
    taken_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    taken_at: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(default="open")
    proposed_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    proposed_person_id: Mapped[int | None]
    proposed_at: Mapped[datetime | None]
    return_note: Mapped[str] = mapped_column(default="")
    closed_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    closed_person_id: Mapped[int | None]
    closed_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)

    nomination: Mapped[Nomination] = relationship()
    taker: Mapped[Account | None] = relationship(foreign_keys=[taken_by])
    findings: Mapped[list["Finding"]] = relationship(back_populates="verification", order_by="Finding.id")
    gates: Mapped[list["GateFinding"]] = relationship(back_populates="verification", order_by="GateFinding.gate")
    requests: Mapped[list["ChangeRequest"]] = relationship(back_populates="verification", order_by="ChangeRequest.no")
    overrides: Mapped[list["Override"]] = relationship(back_populates="verification", order_by="Override.no")

    @property
    def category(self) -> Category:
        """The category the nomination competes in."""
        return self.nomination.category


class Finding(Base):
    """What a verifier found for one claimed figure. `found` None with a verdict means that no figure holds."""

    __tablename__ = "finding"
    __tenancy__ = Tenancy(office="verification_id", nominee="verification_id")
    __table_args__ = (
        UniqueConstraint("verification_id", "kind", "figure"),
        CheckConstraint("verdict IN ('matches', 'partly', 'differs', 'unverifiable', 'out_of_period')", name="verdict"),
        CheckConstraint("verdict = 'matches' OR note <> ''", name="note_unless_matches"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    verification_id: Mapped[int] = mapped_column(ForeignKey("verification.id"))
    revision_no: Mapped[int]  # the revision it judged
    kind: Mapped[str]
    figure: Mapped[str]  # key of the figure in `core.evidence`
    claimed: Mapped[str | None]  # as text, exactly as claimed
    found: Mapped[str | None]
    verdict: Mapped[str]
    document_no: Mapped[int | None]  # attachment number inside the nomination
    page: Mapped[str] = mapped_column(default="")
    note: Mapped[str] = mapped_column(default="")
    unseen: Mapped[str | None]  # what was found before the claim was shown, "" for no figure; None: it was open to see
    found_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    found_by_name: Mapped[str]
    found_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)

    verification: Mapped[Verification] = relationship(back_populates="findings")

    @property
    def changed_after_claim(self) -> bool:
        """Whether another figure stands here than the one that was found before the claim was shown."""
        return self.unseen is not None and self.unseen != (self.found or "")


class GateFinding(Base):
    """Whether a gate is passed, or an indicator does not apply: proposed by a verifier, decided by the chair."""

    __tablename__ = "gate_finding"
    __tenancy__ = Tenancy(office="verification_id", nominee="verification_id")
    __table_args__ = (
        UniqueConstraint("verification_id", "subject", "gate"),
        CheckConstraint("subject IN ('gate', 'not_applicable')", name="subject_known"),
        CheckConstraint("proposed IN ('pass', 'fail', 'applies', 'not_applicable')", name="proposed_known"),
        CheckConstraint("decided IS NULL OR decided_reason <> ''", name="decision_reasoned"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    verification_id: Mapped[int] = mapped_column(ForeignKey("verification.id"))
    subject: Mapped[str]
    gate: Mapped[str]  # code of the gate, or of the indicator
    proposed: Mapped[str]
    proposed_reason: Mapped[str]
    proposed_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    proposed_by_name: Mapped[str]
    proposed_at: Mapped[datetime]
    decided: Mapped[str | None]
    decided_reason: Mapped[str] = mapped_column(default="")
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    decided_by_name: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)

    verification: Mapped[Verification] = relationship(back_populates="gates")


class Override(Base):
    """A value set by two people for a computed indicator, with the reason. `value` None goes back to the computed one.

    It counts from the second person's word on, until another one replaces it or what it rests on moves.
    """

    __tablename__ = "override"
    __tenancy__ = Tenancy(office="verification_id", nominee="verification_id")
    __table_args__ = (
        UniqueConstraint("verification_id", "no"),
        CheckConstraint(
            "state IN ('proposed', 'confirmed', 'refused', 'withdrawn', 'replaced', 'void')", name="state_known"
        ),
        CheckConstraint("reason <> ''", name="reasoned"),
        CheckConstraint("second_person_id IS NULL OR second_person_id <> first_person_id", name="two_people"),
        CheckConstraint(
            "state NOT IN ('confirmed', 'refused', 'replaced') OR second_person_id IS NOT NULL", name="second_person"
        ),
        CheckConstraint("state <> 'refused' OR note <> ''", name="refusal_reasoned"),
        Index(
            "uq_override_proposed", "verification_id", "indicator", unique=True,
            sqlite_where=text("state = 'proposed'"), postgresql_where=text("state = 'proposed'"),
        ),
        Index(
            "uq_override_confirmed", "verification_id", "indicator", unique=True,
            sqlite_where=text("state = 'confirmed'"), postgresql_where=text("state = 'confirmed'"),
        ),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    verification_id: Mapped[int] = mapped_column(ForeignKey("verification.id"))
    no: Mapped[int]
    indicator: Mapped[str]
    computed: Mapped[str | None]  # what the rule gave when it was proposed; None: no value
    value: Mapped[str | None]  # on the scale and its step, as text
    reason: Mapped[str]
    state: Mapped[str] = mapped_column(default="proposed")
    first_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    first_person_id: Mapped[int | None]
    first_name: Mapped[str]
    first_at: Mapped[datetime]
    second_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))  # who confirmed or refused
    second_person_id: Mapped[int | None]
    second_name: Mapped[str | None]
    second_at: Mapped[datetime | None]
    note: Mapped[str] = mapped_column(default="")  # why it was refused
    request_no: Mapped[int | None]  # the change request that made it void
    ended_at: Mapped[datetime | None]  # when it was withdrawn, replaced or made void
    version: Mapped[int] = mapped_column(default=1)

    verification: Mapped[Verification] = relationship(back_populates="overrides")

    @property
    def counts(self) -> bool:
        """Whether its value stands in place of the computed one."""
        return self.state == "confirmed" and self.value is not None


class ChangeRequest(Base):
    """A question to the nominee about some figures, with a due date. Only these fields unlock."""

    __tablename__ = "change_request"
    __tenancy__ = Tenancy(office="verification_id", nominee="verification_id")
    __table_args__ = (
        UniqueConstraint("verification_id", "no"),
        CheckConstraint("state IN ('open', 'answered')", name="state_known"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    verification_id: Mapped[int] = mapped_column(ForeignKey("verification.id"))
    no: Mapped[int]
    question: Mapped[str]
    items: Mapped[list[Any]]  # [{kind, figure, claimed, found}]
    due_at: Mapped[datetime]
    asked_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    asked_by_name: Mapped[str]
    asked_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(default="open")
    answer: Mapped[dict[str, Any] | None]  # {text, values: {"kind/figure": value}}
    answered_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    answered_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)

    verification: Mapped[Verification] = relationship(back_populates="requests")

    @property
    def ended(self) -> bool:
        """Whether a verifier ended it without an answer of the nominee."""
        return bool((self.answer or {}).get("ended"))

    @property
    def nomination(self) -> Nomination:
        """The nomination it asks about."""
        return self.verification.nomination


class FieldVisit(Base):
    """A visit to the candidate as it was written down. Rows only grow: a correction is a row of its own."""

    __tablename__ = "field_visit"
    __tenancy__ = Tenancy(office="verification_id", nominee="verification_id")
    __table_args__ = (
        UniqueConstraint("verification_id", "no"),
        UniqueConstraint("verification_id", "corrects_no"),  # the correction is what is corrected next
        CheckConstraint("no >= 1", name="no_positive"),
        CheckConstraint("corrects_no IS NULL OR corrects_no < no", name="corrects_earlier"),
        CheckConstraint("place <> '' AND offices <> ''", name="says_where_and_whom"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    verification_id: Mapped[int] = mapped_column(ForeignKey("verification.id"))
    no: Mapped[int]  # counts inside the verification
    corrects_no: Mapped[int | None]
    place: Mapped[str]
    visited_on: Mapped[date]  # in the zone of the cycle
    offices: Mapped[str]  # offices and units that were met, never the names of persons
    seen: Mapped[dict[str, Any]]  # what was seen, by kind of evidence
    recorded_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    recorded_by_name: Mapped[str]
    recorded_at: Mapped[datetime]

    verification: Mapped[Verification] = relationship()
    photos: Mapped[list["FieldVisitPhoto"]] = relationship(back_populates="visit", order_by="FieldVisitPhoto.no")

    @property
    def nomination(self) -> Nomination:
        """The nomination whose candidate was visited."""
        return self.verification.nomination


class FieldVisitPhoto(Base):
    """A photo of a visit. Its bytes are a blob of the candidate's organisation, its page picture is what is shown."""

    __tablename__ = "field_visit_photo"
    __tenancy__ = Tenancy(office="visit_id", nominee="visit_id")
    __table_args__ = (
        UniqueConstraint("visit_id", "no"),
        UniqueConstraint("visit_id", "blob_id"),
        CheckConstraint("no >= 1", name="no_positive"),
        CheckConstraint("shows <> ''", name="says_what_it_shows"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    visit_id: Mapped[int] = mapped_column(ForeignKey("field_visit.id"))
    no: Mapped[int]  # counts inside the visit
    blob_id: Mapped[int] = mapped_column(ForeignKey("blob.id"))
    name: Mapped[str]
    shows: Mapped[str]  # what it shows, in words: also the text for whoever does not see it
    added_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    added_by_name: Mapped[str]
    added_at: Mapped[datetime]

    visit: Mapped[FieldVisit] = relationship(back_populates="photos")
    blob: Mapped[Blob] = relationship()


attach(cast(Table, FieldVisit.__table__))
attach(cast(Table, FieldVisitPhoto.__table__))
