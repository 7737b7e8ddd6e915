"""Reads of nominations, their evidence, documents and revisions."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from fractions import Fraction
from typing import Any, TypeVar

from sqlalchemy import Select, exists, func, or_, select
from sqlalchemy.orm import joinedload

from paritrana.core.errors import NotFound
from paritrana.core.evidence import CheckContext
from paritrana.cycles.models import Category, Cycle, RubricVersion
from paritrana.cycles.queries import rubric_of
from paritrana.database import db
from paritrana.nominations.models import (
    Attachment,
    EvidenceItem,
    FileDeclaration,
    GateStatement,
    Nomination,
    NominationRevision,
    SelfAssessment,
)
from paritrana.nominations.rows import Blocker, Standing, blockers, kinds_asked, standing
from paritrana.nominations.villages import norm_for, village_norms
from paritrana.reference.models import Organisation, Region
from paritrana.reference.queries import contribution_rates, national_targets

# The states of a nomination that a panel judges.
CANDIDATE_STATES = ("shortlisted", "interviewed", "no_show")

_WHOLE = (
    joinedload(Nomination.category, innerjoin=True).joinedload(Category.cycle, innerjoin=True),
    joinedload(Nomination.organisation, innerjoin=True),
)


def get_nomination(ref: str) -> Nomination:
    """The nomination with this reference, its category, cycle and organisation loaded (one statement).

    Raises `NotFound`.
    """
    found = db.session.scalar(select(Nomination).where(Nomination.ref == ref).options(*_WHOLE))
    if found is None:
        raise NotFound
    return found


def nominations_of(category: Category, states: Collection[str] | None = None) -> Sequence[Nomination]:
    """The nominations of a category, of some states where given, by name of the organisation (one statement)."""
    statement = select(Nomination).join(Nomination.organisation).where(Nomination.category_id == category.id)
    if states is not None:
        statement = statement.where(Nomination.state.in_(states))
    return db.session.scalars(statement.options(*_WHOLE).order_by(Organisation.name, Nomination.id)).all()


def nominations_for(organisation_ids: Collection[int]) -> Sequence[Nomination]:
    """The nominations of these organisations, newest assessment year first (one statement)."""
    return db.session.scalars(
        select(Nomination)
        .join(Nomination.category)
        .join(Category.cycle)
        .where(Nomination.organisation_id.in_(organisation_ids))
        .options(*_WHOLE)
        .order_by(Cycle.assessment_year.desc(), Cycle.code, Category.position, Nomination.id)
    ).all()


def nominations_seen(selection: Select[Any]) -> Sequence[Nomination]:
    """The nominations of a selection that `web/access.visible` made, in the order of `nominations_for`."""
    return db.session.scalars(
        selection.join(Nomination.category)
        .join(Category.cycle)
        .options(*_WHOLE)
        .order_by(Cycle.assessment_year.desc(), Cycle.code, Category.position, Nomination.id)
    ).all()


def evidence_of(nomination: Nomination) -> Mapping[str, EvidenceItem]:
    """The evidence of a nomination by kind, as it stands in the database now (one statement)."""
    return _now(EvidenceItem, nomination, "kind")


def statements_of(nomination: Nomination) -> Mapping[str, GateStatement]:
    """What a nomination states of each gate, by the gate's code, as it stands in the database now (one statement)."""
    return _now(GateStatement, nomination, "gate")


def self_assessments_of(nomination: Nomination) -> Mapping[str, SelfAssessment]:
    """What the nominee thinks of each indicator, by its code, as it stands in the database now (one statement)."""
    return _now(SelfAssessment, nomination, "indicator")


Own = TypeVar("Own", EvidenceItem, GateStatement, SelfAssessment)


def _now(table: type[Own], nomination: Nomination, key: str) -> Mapping[str, Own]:
    """The rows of a nomination in one of its tables, by and in the order of their key, read anew."""
    found = db.session.scalars(
        select(table)
        .where(table.nomination_id == nomination.id)
        .execution_options(populate_existing=True)
        .order_by(getattr(table, key))
    )
    return {getattr(one, key): one for one in found}


def attachments_of(nomination: Nomination) -> Sequence[Attachment]:
    """The documents of a nomination that are not removed, in the order they came, with their blobs (one statement)."""
    return db.session.scalars(
        select(Attachment)
        .where(Attachment.nomination_id == nomination.id, Attachment.removed_at.is_(None))
        .options(joinedload(Attachment.blob, innerjoin=True))
        .order_by(Attachment.no)
    ).all()


def get_attachment(ref: str, doc: int) -> Attachment:
    """Document number `doc` of the nomination `ref`, also when it was removed from the draft. Raises `NotFound`."""
    found = db.session.scalar(
        select(Attachment)
        .join(Attachment.nomination)
        .where(Nomination.ref == ref, Attachment.no == doc)
        .options(joinedload(Attachment.blob, innerjoin=True), joinedload(Attachment.nomination).options(*_WHOLE))
    )
    if found is None:
        raise NotFound
    return found


def get_declaration(ref: str, upload: str) -> FileDeclaration:
    """The announced file `upload` of the nomination `ref`, in whatever state. Raises `NotFound`."""
    found = db.session.scalar(
        select(FileDeclaration)
        .join(FileDeclaration.nomination)
        .where(Nomination.ref == ref, FileDeclaration.ref == upload)
        .options(joinedload(FileDeclaration.nomination).options(*_WHOLE))
    )
    if found is None:
        raise NotFound
    return found


def open_declarations(nomination: Nomination) -> Sequence[FileDeclaration]:
    """The announced files of a nomination whose bytes are not all here, in the order of announcing (one statement)."""
    return db.session.scalars(
        select(FileDeclaration)
        .where(FileDeclaration.nomination_id == nomination.id, FileDeclaration.state == "open")
        .order_by(FileDeclaration.id)
    ).all()


def expired_declarations(at: datetime) -> Sequence[FileDeclaration]:
    """The announced files that never came whole in their time; `at` is the machine's moment (one statement)."""
    return db.session.scalars(
        select(FileDeclaration)
        .join(FileDeclaration.nomination)
        .where(FileDeclaration.state == "open", FileDeclaration.expires_at < at)
        .options(joinedload(FileDeclaration.nomination).options(*_WHOLE))
        .order_by(FileDeclaration.id)
    ).all()


def get_revision(nomination_id: int, no: int) -> NominationRevision:
    """Revision `no` of a nomination. Raises `NotFound`."""
    found = db.session.scalar(
        select(NominationRevision).where(NominationRevision.nomination_id == nomination_id, NominationRevision.no == no)
    )
    if found is None:
        raise NotFound
    return found


def current_revision(nomination: Nomination) -> NominationRevision | None:
    """The latest sent revision, or None before the first (one statement)."""
    if not nomination.revision_no:
        return None
    return get_revision(nomination.id, nomination.revision_no)


def current_revisions(nominations: Collection[Nomination]) -> Mapping[int, NominationRevision]:
    """The latest sent revision of each nomination that has one, by the nomination's id (one statement)."""
    found = db.session.scalars(
        select(NominationRevision)
        .join(Nomination, Nomination.id == NominationRevision.nomination_id)
        .where(Nomination.id.in_([one.id for one in nominations]), NominationRevision.no == Nomination.revision_no)
    )
    return {revision.nomination_id: revision for revision in found}


def sent_documents(nomination: Nomination) -> frozenset[int]:
    """Numbers of the documents that any sent revision names: what others than the owner may know of."""
    found = db.session.scalars(
        select(NominationRevision.content).where(NominationRevision.nomination_id == nomination.id)
    )
    return frozenset(document["no"] for content in found for document in content["attachments"])


def check_context(cycle: Cycle) -> CheckContext:
    """What the checks of a cycle's evidence must know: its period, rates, norms and targets (four statements).

    `context_for` adds what depends on the nomination.

    Norms come from `cycle.settings` where the organisers set them: `jump_share` (a fraction as text; the core names
    its default) and `village_counts` (region code to number of villages). What a village should protect is said by
    `village_norms`.
    """
    known_by = cycle.rates_as_of.date()
    settings = cycle.settings or {}
    return CheckContext(
        period_start=date(cycle.assessment_year, 1, 1),
        period_end=date(cycle.assessment_year, 12, 31),
        election_held=cycle.election_held,
        rates=tuple(rate for rate in contribution_rates() if rate.valid_from is None or rate.valid_from <= known_by),
        village_norms=village_norms(cycle),
        jump_share=Fraction(settings.get("jump_share", CheckContext.jump_share)),
        targets={year: str(value) for year, value in national_targets(cycle.target_instrument).items()},
    )


def context_for(
    context: CheckContext, nomination: Nomination, rubric: RubricVersion, evidence: Mapping[str, Mapping[str, Any]]
) -> CheckContext:
    """The context of a cycle for one nomination: whose it is, and its figures by kind (no statement)."""
    counts = (nomination.category.cycle.settings or {}).get("village_counts", {})
    return replace(
        context,
        candidate=rubric.category_kind,
        others=evidence,
        norm_per_village=norm_for(context.village_norms, nomination.organisation.region),
        village_count_of_region=counts.get(nomination.organisation.region_code),
    )


def organisations_by_id(ids: Collection[int]) -> Sequence[Organisation]:
    """The organisations with these ids and their regions, by name (one statement)."""
    return db.session.scalars(
        select(Organisation).where(Organisation.id.in_(ids)).order_by(Organisation.name, Organisation.id)
    ).all()


def organisations_in(region_code: str) -> Sequence[Organisation]:
    """Every organisation of a province and its regencies, by name, without those of rehearsals (one statement)."""
    return db.session.scalars(
        select(Organisation)
        .join(Organisation.region)
        .where(or_(Region.code == region_code, Region.parent_code == region_code), Organisation.rehearsal.is_(False))
        .order_by(Organisation.name, Organisation.id)
    ).all()


def find_nomination(category: Category, organisation: Organisation) -> Nomination | None:
    """The nomination of an organisation in a category, where there is one."""
    return db.session.scalar(
        select(Nomination).where(Nomination.category_id == category.id, Nomination.organisation_id == organisation.id)
    )


def find_by_id(nomination_id: int) -> Nomination | None:
    """The nomination with this id, its category, cycle and organisation loaded (one statement)."""
    return db.session.scalar(select(Nomination).where(Nomination.id == nomination_id).options(*_WHOLE))


def find_earlier(nomination: Nomination) -> Nomination | None:
    """The newest nomination of the same organisation in a matching category of an earlier assessment year.

    A category matches by its kind, its cycle by its kind (what a simulation invents is never copied into a real
    cycle); of one year the same tier comes first. One that was withdrawn does not count. One statement.
    """
    category, cycle = nomination.category, nomination.category.cycle
    return db.session.scalar(
        select(Nomination)
        .join(Nomination.category)
        .join(Category.cycle)
        .where(
            Nomination.organisation_id == nomination.organisation_id,
            Nomination.state != "withdrawn",
            Category.kind == category.kind,
            Cycle.kind == cycle.kind,
            Cycle.assessment_year < cycle.assessment_year,
            exists().where(EvidenceItem.nomination_id == Nomination.id),
        )
        .options(*_WHOLE)
        .order_by(Cycle.assessment_year.desc(), (Cycle.tier == cycle.tier).desc(), Nomination.id.desc())
        .limit(1)
    )


def last_document_no(nomination: Nomination) -> int:
    """The highest document number of a nomination ever given, removed ones included; 0 before the first."""
    return db.session.scalar(select(func.max(Attachment.no)).where(Attachment.nomination_id == nomination.id)) or 0


@dataclass(frozen=True)
class NominationFile:
    """Everything that the pages of one nomination show, read together (`file_of`)."""

    nomination: Nomination
    rubric: RubricVersion
    items: Mapping[str, EvidenceItem]
    attachments: Sequence[Attachment]
    statements: Mapping[str, GateStatement]
    context: CheckContext
    announced: Sequence[FileDeclaration]  # files on their way

    @property
    def blockers(self) -> list[Blocker]:
        """What keeps it from being sent."""
        election_held = self.context.election_held
        announced = [one.kind for one in self.announced]
        return blockers(
            self.rubric,
            self.items,
            self.attachments,
            self.statements,
            election_held=election_held,
            announced=announced,
        )

    def standings(self) -> dict[str, Standing]:
        """How far each kind is, in rubric order."""
        return {
            kind: standing(self.rubric, kind, self.items, self.attachments, self.context)
            for kind in kinds_asked(self.rubric)
        }


def file_of(nomination: Nomination) -> NominationFile:
    """A nomination with all that its pages show (ten statements, whatever the number of lines or documents)."""
    rubric, items = rubric_of(nomination.category), evidence_of(nomination)
    data = {kind: item.data for kind, item in items.items()}
    return NominationFile(
        nomination,
        rubric,
        items,
        attachments_of(nomination),
        statements_of(nomination),
        context_for(check_context(nomination.category.cycle), nomination, rubric, data),
        open_declarations(nomination),
    )
