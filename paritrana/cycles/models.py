"""A cycle of the award, its categories, their rubric versions, and proposals that wait for a second person."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Final, cast

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Table, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from paritrana.audit.triggers import attach, run_after_create
from paritrana.core.lifecycle import State
from paritrana.core.scope import Scope, scope_of
from paritrana.cycles import rehearsals
from paritrana.database import Base, Document
from paritrana.scopes import Tenancy


class RubricVersion(Base):
    """One version of a rubric: how a category is judged. Frozen by two people, it never changes again."""

    __tablename__ = "rubric_version"
    __table_args__ = (
        UniqueConstraint("code", "version"),
        CheckConstraint("version >= 1", name="version_positive"),
        CheckConstraint("quorum >= 1 AND quorum <= panel_size", name="quorum_in_panel"),
        CheckConstraint("CAST(total AS NUMERIC) > 0", name="total_positive"),
        CheckConstraint("panel_aggregate IN ('mean', 'trimmed_mean')", name="aggregate_known"),
        CheckConstraint("status IN ('proposal', 'observed', 'decided')", name="status_known"),
        CheckConstraint("counted_round IN (1, 2)", name="counted_round_known"),
        CheckConstraint("others_marks IN ('own_in', 'all_in', 'plenary')", name="others_marks_known"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str]
    version: Mapped[int]
    cycle_id: Mapped[int | None] = mapped_column(ForeignKey("cycle.id"))  # whose organisers made it; none: delivered
    status: Mapped[str]
    category_kind: Mapped[str]
    title_id: Mapped[str]
    title_en: Mapped[str]
    note_id: Mapped[str | None]  # what everybody should know about this version
    note_en: Mapped[str | None]
    total: Mapped[Decimal]
    scale_min: Mapped[Decimal]
    scale_max: Mapped[Decimal]
    scale_step: Mapped[Decimal]
    quorum: Mapped[int]
    panel_size: Mapped[int]
    panel_aggregate: Mapped[str]
    consolidation_spread: Mapped[Decimal]
    counted_round: Mapped[int] = mapped_column(default=2, server_default="2")  # after a consolidation
    # From when on an assessor sees the marks of the others, inside what the matrix allows; and by letter or by name.
    others_marks: Mapped[str] = mapped_column(default="all_in", server_default="all_in")
    named_marks: Mapped[bool] = mapped_column(default=False, server_default=false())
    stages: Mapped[list[Any]]  # [{code, title_id, title_en}], as are aspects and gates
    aspects: Mapped[list[Any]]
    gates: Mapped[list[Any]]
    tie_break: Mapped[list[Any]]  # codes, in order
    digest: Mapped[str]  # SHA-256 over the canonical form of the whole version
    frozen_at: Mapped[datetime | None]
    changed_by_name: Mapped[str | None]
    changed_at: Mapped[datetime | None]
    row_version: Mapped[int] = mapped_column(default=1)

    indicators: Mapped[list["Indicator"]] = relationship(
        back_populates="rubric", order_by="Indicator.position", cascade="all, delete-orphan"
    )
    cycle: Mapped["Cycle | None"] = relationship()

    @property
    def ref(self) -> str:
        """How events and addresses name the version."""
        return f"{self.code}/{self.version}"

    @property
    def needed(self) -> int:
        """How many marks an indicator needs, as `core.rubric.Rubric.needed` says."""
        return self.quorum if self.panel_aggregate == "mean" else max(self.quorum, 3)

    def indicator(self, code: str) -> "Indicator | None":
        """The indicator with this code, where the version has one."""
        return next((one for one in self.indicators if one.code == code), None)


class Indicator(Base):
    """One thing a rubric judges, by the panel or by a named rule over verified figures."""

    __tablename__ = "indicator"
    __table_args__ = (
        UniqueConstraint("rubric_version_id", "code"),
        UniqueConstraint("rubric_version_id", "position"),
        CheckConstraint("CAST(weight AS NUMERIC) > 0", name="weight_positive"),
        CheckConstraint("source IN ('panel', 'computed')", name="source_known"),
        CheckConstraint("(source = 'computed') = (rule IS NOT NULL)", name="rule_when_computed"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    rubric_version_id: Mapped[int] = mapped_column(ForeignKey("rubric_version.id"))
    position: Mapped[int]
    code: Mapped[str]
    title_id: Mapped[str]
    title_en: Mapped[str]
    description_id: Mapped[str]
    description_en: Mapped[str]
    stage: Mapped[str]
    aspect: Mapped[str]
    weight: Mapped[Decimal]
    source: Mapped[str]
    rule: Mapped[str | None]
    rule_params: Mapped[dict[str, Any] | None]
    levels: Mapped[list[Any]]  # [{score, id, en}]
    caps: Mapped[list[Any]]  # [{code, cap, id, en}]: the ladder of presenters, empty where attendance sets no cap
    evidence_required: Mapped[list[Any]]  # [{code, id, en, date_rule}]
    evidence_kinds: Mapped[list[Any]]
    advice: Mapped[dict[str, Any] | None]  # deductions and further inputs, shown on the sheet, never arithmetic
    basis: Mapped[str] = mapped_column(default="proposal", server_default="proposal")  # or sourced, topic_sourced
    basis_sources: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")

    rubric: Mapped[RubricVersion] = relationship(back_populates="indicators")


class Cycle(Base):
    """One year's award of one province or the nation, with its calendar, its target set and its own clock."""

    __tablename__ = "cycle"
    __table_args__ = (
        CheckConstraint("kind IN ('real', 'historical', 'simulated')", name="kind_known"),
        CheckConstraint("tier IN ('province', 'national')", name="tier_known"),
        CheckConstraint("kind = 'simulated' OR offset_seconds = 0", name="only_simulated_moves_clock"),
        CheckConstraint("offset_seconds >= 0", name="offset_only_grows"),
        CheckConstraint(
            "held_seconds >= 0 AND (kind = 'simulated' OR held_seconds = 0)", name="only_simulated_is_held"
        ),
        CheckConstraint("kind = 'simulated' OR waits_at IS NULL", name="only_simulated_waits"),
        CheckConstraint("assessment_year BETWEEN 2000 AND 2100", name="year_plausible"),
        CheckConstraint("rehearses_id IS NULL OR kind = 'simulated'", name="rehearsal_is_simulated"),
        CheckConstraint("closed_at IS NULL OR rehearses_id IS NOT NULL", name="only_rehearsals_are_closed"),
        CheckConstraint("feeds_id IS NULL OR tier = 'province'", name="only_provinces_feed"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    title_id: Mapped[str]
    title_en: Mapped[str]
    assessment_year: Mapped[int]
    edition_label: Mapped[str]
    tier: Mapped[str]
    region_code: Mapped[str] = mapped_column(ForeignKey("region.code"))
    timezone: Mapped[str]
    target_instrument: Mapped[str]
    target_year: Mapped[int]
    election_held: Mapped[bool]
    decree: Mapped[str | None]
    rates_as_of: Mapped[datetime]  # rates known by then are the cycle's, fixed when it opens
    offset_seconds: Mapped[int] = mapped_column(BigInteger, default=0)  # how far the clock was moved forward in all
    held_seconds: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")  # and how long it has waited
    waits_at: Mapped[datetime | None]  # the next deadline, at which the clock stands until somebody moves it on
    settings: Mapped[dict[str, Any]] = mapped_column(Document, default=dict)  # norms and policies that are data
    rehearses_id: Mapped[int | None] = mapped_column(ForeignKey("cycle.id"))  # the cycle whose day is rehearsed
    closed_at: Mapped[datetime | None]  # a rehearsal that was thrown away: nobody holds a role in it any more
    feeds_id: Mapped[int | None] = mapped_column(ForeignKey("cycle.id"))  # the national cycle that takes its winners
    version: Mapped[int] = mapped_column(default=1)

    categories: Mapped[list["Category"]] = relationship(back_populates="cycle", order_by="Category.position")
    feeds: Mapped["Cycle | None"] = relationship(remote_side=[id], foreign_keys=[feeds_id])

    @property
    def simulated(self) -> bool:
        """Whether everything in it is training data."""
        return self.kind == "simulated"

    @property
    def rehearsal(self) -> bool:
        """Whether it rehearses the day of another cycle: it has no result, and nothing of it is public."""
        return self.rehearses_id is not None


class Category(Base):
    """A field of competitors in a cycle. The state of the award is the state of a category."""

    __tablename__ = "category"
    __table_args__ = (
        UniqueConstraint("cycle_id", "slug"),
        UniqueConstraint("cycle_id", "position"),
        CheckConstraint("state BETWEEN 0 AND 9", name="state_known"),
        CheckConstraint("ranks BETWEEN 1 AND 50", name="ranks_plausible"),
        CheckConstraint("public_table IN ('winners', 'ranked', 'all')", name="public_table_known"),
        CheckConstraint("closes_at IS NULL OR opens_at < closes_at", name="opens_before_closing"),
        CheckConstraint("grace_ends_at IS NULL OR closes_at <= grace_ends_at", name="grace_after_closing"),
        CheckConstraint("state = 0 OR rubric_version_id IS NOT NULL", name="open_with_rubric"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    cycle_id: Mapped[int] = mapped_column(ForeignKey("cycle.id"))
    position: Mapped[int]
    slug: Mapped[str]  # provinsi, kabkota, badan-usaha, umk, desa
    kind: Mapped[str]  # province, regency_city, enterprise…, as in the rubric files
    title_id: Mapped[str]
    title_en: Mapped[str]
    state: Mapped[int] = mapped_column(default=0)
    rubric_version_id: Mapped[int | None] = mapped_column(ForeignKey("rubric_version.id"))
    ranks: Mapped[int]
    public_table: Mapped[str] = mapped_column(default="ranked")
    opens_at: Mapped[datetime | None]
    closes_at: Mapped[datetime | None]  # the deadline of nominations
    grace_ends_at: Mapped[datetime | None]
    verification_until: Mapped[datetime | None]  # planned ends of the later stages; shown, moved by people
    interviews_until: Mapped[datetime | None]
    scoring_until: Mapped[datetime | None]
    plenary_until: Mapped[datetime | None]
    publication_planned: Mapped[datetime | None]
    publishes_at: Mapped[datetime | None]  # the instant from which the confirmed publication is public
    attempt: Mapped[int] = mapped_column(default=1)  # raised when a category is scored afresh
    # Whom it takes, as in core.scope: an empty list means all.
    zones: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    sectors: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    size_classes: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    version: Mapped[int] = mapped_column(default=1)

    cycle: Mapped[Cycle] = relationship(back_populates="categories")
    rubric: Mapped[RubricVersion | None] = relationship()
    titles: Mapped[list["CategoryTitle"]] = relationship(order_by="CategoryTitle.rank", cascade="all, delete-orphan")
    honours: Mapped[list["CategoryHonour"]] = relationship(
        order_by="CategoryHonour.position", cascade="all, delete-orphan"
    )

    @property
    def scope(self) -> Scope:
        """Whom it takes."""
        return scope_of(self.kind, self.zones, self.sectors, self.size_classes)

    @property
    def stored_state(self) -> State:
        """The state as last written; `cycles.queries.state_now` adds the moves of the clock."""
        return State(self.state)


run_after_create(cast(Table, Cycle.__table__), rehearsals.for_good())
run_after_create(cast(Table, Category.__table__), rehearsals.without_late_states())


# The fields of `Category` that are its calendar, in the order of the year.
CALENDAR = (
    "opens_at", "closes_at", "grace_ends_at", "verification_until", "interviews_until", "scoring_until",
    "plenary_until", "publication_planned",
)  # fmt: skip


class DeadlineExtension(Base):
    """The deadline of a category was moved to a later moment: a public event, made by two people. Only grows."""

    __tablename__ = "deadline_extension"
    __table_args__ = (
        UniqueConstraint("category_id", "no"),
        CheckConstraint("no >= 1", name="no_positive"),
        CheckConstraint("closes_before < closes_after", name="never_shorter"),
        CheckConstraint("closes_after <= grace_after", name="grace_after_closing"),
        CheckConstraint("extended_at <= closes_before", name="never_after_the_deadline"),
        CheckConstraint("reason <> ''", name="reasoned"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    category_id: Mapped[int] = mapped_column(ForeignKey("category.id"))
    no: Mapped[int]  # counts inside the category
    closes_before: Mapped[datetime]
    closes_after: Mapped[datetime]
    grace_after: Mapped[datetime]
    reason: Mapped[str]
    proposal_ref: Mapped[str] = mapped_column(unique=True)
    extended_at: Mapped[datetime]  # on the cycle's clock

    category: Mapped[Category] = relationship()


attach(cast(Table, DeadlineExtension.__table__))


class CategoryTitle(Base):
    """The title that a rank carries in a category, such as «Terbaik I»."""

    __tablename__ = "category_title"
    __table_args__ = (UniqueConstraint("category_id", "rank"), CheckConstraint("rank >= 1", name="rank_positive"))

    id: Mapped[int] = mapped_column(primary_key=True)
    category_id: Mapped[int] = mapped_column(ForeignKey("category.id"))
    rank: Mapped[int]
    title_id: Mapped[str]
    title_en: Mapped[str]


HONOUR_KINDS: Final = ("title", "mention", "appreciation")


class CategoryHonour(Base):
    """What a category awards beside its ranks: a title for one aspect, a special mention, or an appreciation.

    An appreciation stands outside the ranking and may go to somebody who is no candidate.
    """

    __tablename__ = "category_honour"
    __table_args__ = (
        UniqueConstraint("category_id", "position"),
        CheckConstraint("kind IN ('title', 'mention', 'appreciation')", name="kind_known"),
        CheckConstraint("position >= 1", name="position_positive"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    category_id: Mapped[int] = mapped_column(ForeignKey("category.id"))
    position: Mapped[int]
    kind: Mapped[str]
    title_id: Mapped[str]
    title_en: Mapped[str]


class Proposal(Base):
    """The first half of a two-person act. It names a digest of what is proposed; a moved digest voids it."""

    __tablename__ = "proposal"
    __tenancy__ = Tenancy(office="category_id")
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'confirmed', 'withdrawn', 'void')", name="state_known"),
        CheckConstraint("(state = 'confirmed') = (confirmed_at IS NOT NULL)", name="confirmed_has_time"),
        CheckConstraint("confirmer_person_id IS NULL OR confirmer_person_id <> proposer_person_id", name="two_people"),
        Index(
            "uq_proposal_waiting", "act", "category_id", "subject_ref", unique=True,
            sqlite_where=text("state = 'waiting'"), postgresql_where=text("state = 'waiting'"),
        ),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)
    act: Mapped[str]
    category_id: Mapped[int] = mapped_column(ForeignKey("category.id"), index=True)
    subject_ref: Mapped[str]
    digest: Mapped[str]
    payload: Mapped[dict[str, Any]]
    reason: Mapped[str | None]
    proposer_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    proposer_person_id: Mapped[int]
    proposer_name: Mapped[str]
    proposed_at: Mapped[datetime]
    confirmer_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    confirmer_person_id: Mapped[int | None]
    confirmed_at: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(default="waiting")

    category: Mapped[Category] = relationship()
