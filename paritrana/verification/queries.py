"""Reads of verifications: the queue, the figures of a nomination with their findings, and computed values."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, exists, or_, select
from sqlalchemy.orm import joinedload, selectinload

from paritrana.accounts.models import Account
from paritrana.core.computed import Computation, FigureRef, Step, compute
from paritrana.core.errors import BadInput, NotFound
from paritrana.core.evidence import KINDS, Check, CheckContext, run_checks
from paritrana.core.quantities import Text
from paritrana.cycles.models import Category, Cycle, Proposal, RubricVersion
from paritrana.database import db
from paritrana.files.previews.models import Preview, Rendering
from paritrana.nominations.models import Attachment, Nomination, NominationRevision
from paritrana.nominations.queries import check_context, context_for, current_revisions
from paritrana.nominations.rows import indicators_of, kinds_asked, kinds_of
from paritrana.reference.queries import (
    find_targets,
    published_budgets_of,
    published_coverage_of,
    sources_of,
    target_figures_of,
)
from paritrana.verification.figures import WITHOUT_VALUE, Figure, Value, figures_of, from_text
from paritrana.verification.models import ChangeRequest, Finding, GateFinding, Verification
from paritrana.verification.published import WITH_PUBLISHED, Published

SHORTLIST = "shortlist"

# States of a nomination in which its figures are judged: sent and not out, and after the shortlist when a request
# opened some of them again.
IN_VERIFICATION = ("submitted", "returned", "resubmitted")
AFTER_SHORTLIST = ("shortlisted", "interviewed", "no_show")
NOT_SENT = ("draft",)

_WHOLE = (
    joinedload(Nomination.category, innerjoin=True).joinedload(Category.cycle, innerjoin=True),
    joinedload(Nomination.organisation, innerjoin=True),
)


@dataclass(frozen=True)
class Judged:
    """A figure with what was found, if anything was."""

    figure: Figure
    finding: Finding | None
    asked: bool = False  # an open change request waits for the nominee's answer on it

    @property
    def found(self) -> Value:
        """The found figure in its stored form."""
        return None if self.finding is None else from_text(self.figure.field, self.finding.found)


@dataclass(frozen=True)
class Item:
    """One kind of evidence of a nomination under verification, with the indicators that use it."""

    kind: str
    indicators: Sequence[Any]
    rows: Sequence[Judged]
    checks: Sequence[Check]
    explained: bool
    note: str
    explanation_reason: str
    explanation: str
    documents: Sequence[Mapping[str, Any]]

    @property
    def open(self) -> int:
        """How many figures have no verdict yet."""
        return sum(1 for row in self.rows if row.finding is None)

    @property
    def differences(self) -> Sequence[Check]:
        """The checks that ask for an explanation."""
        return [check for check in self.checks if check.severity == "ask"]

    @property
    def unexplained(self) -> bool:
        """Whether the nominee left a difference without explanation."""
        return bool(self.differences) and not self.explained


@dataclass(frozen=True)
class Case:
    """One nomination with everything a verifier looks at."""

    nomination: Nomination
    rubric: RubricVersion
    revision: NominationRevision
    verification: Verification | None
    items: Sequence[Item]

    @property
    def open(self) -> int:
        """How many figures have no verdict yet."""
        return sum(item.open for item in self.items)

    @property
    def total(self) -> int:
        """How many figures there are."""
        return sum(len(item.rows) for item in self.items)

    @property
    def unexplained(self) -> int:
        """How many items carry a difference that nobody explained."""
        return sum(1 for item in self.items if item.unexplained)

    @property
    def state(self) -> str:
        """`open`, `proposed` or `closed`."""
        return self.verification.state if self.verification is not None else "open"

    @property
    def gates(self) -> Mapping[tuple[str, str], GateFinding]:
        """What was proposed and decided, by subject and code."""
        found = self.verification.gates if self.verification is not None else []
        return {(one.subject, one.gate): one for one in found}

    @property
    def requests(self) -> Sequence[ChangeRequest]:
        """The change requests, first to last."""
        return self.verification.requests if self.verification is not None else []

    @property
    def open_request(self) -> ChangeRequest | None:
        """The request that waits for the nominee, where there is one."""
        return next((one for one in self.requests if one.state == "open"), None)

    def item(self, kind: str) -> Item:
        """The item of a kind. Raises `NotFound`."""
        for item in self.items:
            if item.kind == kind:
                return item
        raise NotFound

    def next_open(self, after: str) -> str | None:
        """The kind of the next item with open figures, from the one after `after` on and round again."""
        kinds = [item.kind for item in self.items]
        start = kinds.index(after) + 1 if after in kinds else 0
        turned = [*self.items[start:], *self.items[:start]]
        return next((item.kind for item in turned if item.open), None)


@dataclass(frozen=True)
class VerificationState:
    """How far the verification of one nomination is."""

    state: str
    open: int
    total: int
    taker: str


def get_sent_nomination(ref: str) -> Nomination:
    """A nomination that was sent and not taken back, its category, cycle and organisation loaded (one statement).

    Raises `NotFound`, also for a draft: nobody but its owner knows of it.
    """
    found = db.session.scalar(
        select(Nomination)
        .where(Nomination.ref == ref, Nomination.state.not_in(NOT_SENT), Nomination.revision_no > 0)
        .options(*_WHOLE)
    )
    if found is None:
        raise NotFound
    return found


def get_verification(ref: str) -> Verification:
    """The verification of the nomination with this reference (five statements). Raises `NotFound`."""
    found = db.session.scalar(_verifications().join(Verification.nomination).where(Nomination.ref == ref))
    if found is None:
        raise NotFound
    return found


def find_verification(nomination: Nomination) -> Verification | None:
    """The verification of a nomination as it stands now, where somebody has begun it (four statements)."""
    return db.session.scalar(
        _verifications().where(Verification.nomination_id == nomination.id).execution_options(populate_existing=True)
    )


def _verifications() -> Select[Verification]:
    return select(Verification).options(
        joinedload(Verification.taker),
        selectinload(Verification.findings),
        selectinload(Verification.gates),
        selectinload(Verification.requests),
    )


def get_request(ref: str, no: int) -> ChangeRequest:
    """Change request number `no` of the nomination `ref`, the nomination loaded. Raises `NotFound`."""
    found = db.session.scalar(
        select(ChangeRequest)
        .join(ChangeRequest.verification)
        .join(Verification.nomination)
        .where(Nomination.ref == ref, ChangeRequest.no == no)
        .options(joinedload(ChangeRequest.verification).joinedload(Verification.nomination).options(*_WHOLE))
    )
    if found is None:
        raise NotFound
    return found


def open_requests(nomination: Nomination) -> Sequence[ChangeRequest]:
    """The change requests of a nomination that wait for an answer (one statement)."""
    return db.session.scalars(
        select(ChangeRequest)
        .join(ChangeRequest.verification)
        .where(Verification.nomination_id == nomination.id, ChangeRequest.state == "open")
        .order_by(ChangeRequest.no)
    ).all()


def due_dates(cycle: Cycle) -> Sequence[datetime]:
    """When the open change requests of a cycle are due, soonest first (one statement)."""
    return db.session.scalars(
        select(ChangeRequest.due_at)
        .join(ChangeRequest.verification)
        .join(Verification.nomination)
        .join(Nomination.category)
        .where(Category.cycle_id == cycle.id, ChangeRequest.state == "open")
        .order_by(ChangeRequest.due_at)
    ).all()


def requests_for_nominee(nomination: Nomination) -> list[dict[str, Any]]:
    """What the pages of a nomination say of open requests: number, due time, and the kinds they ask about."""
    return [
        {"no": one.no, "due_at": one.due_at, "kinds": list(dict.fromkeys(item["kind"] for item in one.items))}
        for one in open_requests(nomination)
    ]


def get_shortlist_proposal(cycle: str, cat: str, proposal: str) -> Proposal:
    """A proposed shortlist of a category. Raises `NotFound`."""
    found = db.session.scalar(
        select(Proposal)
        .join(Proposal.category)
        .join(Category.cycle)
        .where(Cycle.code == cycle, Category.slug == cat, Proposal.ref == proposal, Proposal.act == SHORTLIST)
        .options(joinedload(Proposal.category, innerjoin=True).joinedload(Category.cycle, innerjoin=True))
    )
    if found is None:
        raise NotFound
    return found


def queue(visible: Select[Any]) -> Select[Any]:
    """Of the nominations an actor may verify, those in work, the oldest first."""
    reopened = and_(
        Nomination.state.in_(AFTER_SHORTLIST),
        exists(
            select(Verification.id)
            .where(Verification.nomination_id == Nomination.id, Verification.state != "closed")
            .correlate(Nomination)
        ),
    )
    narrowed = visible.where(or_(Nomination.state.in_(IN_VERIFICATION), reopened))
    return (
        narrowed.join(
            NominationRevision,
            and_(NominationRevision.nomination_id == Nomination.id, NominationRevision.no == Nomination.revision_no),
        )
        .options(*_WHOLE)
        .order_by(NominationRevision.submitted_at, Nomination.id)
    )


def cases(nominations: Sequence[Nomination]) -> list[Case]:
    """Everything a verifier looks at, for several nominations (a fixed number of statements plus one per cycle)."""
    revisions = current_revisions(nominations)
    ids = [one.id for one in nominations]
    verifications = {
        one.nomination_id: one
        for one in db.session.scalars(
            _verifications().where(Verification.nomination_id.in_(ids)).execution_options(populate_existing=True)
        )
    }
    rubrics = _rubrics({one.category.rubric_version_id for one in nominations})
    contexts = {one.category.cycle.id: one.category.cycle for one in nominations}
    known = {cycle_id: check_context(cycle) for cycle_id, cycle in contexts.items()}
    found = []
    for nomination in nominations:
        rubric, revision = rubrics.get(nomination.category.rubric_version_id or 0), revisions.get(nomination.id)
        if rubric is None or revision is None:
            continue
        verification = verifications.get(nomination.id)
        evidence = {kind: said.get("data") or {} for kind, said in revision.content["evidence"].items()}
        context = context_for(known[nomination.category.cycle_id], nomination, rubric, evidence)
        found.append(
            Case(
                nomination, rubric, revision, verification, _items(nomination, rubric, revision, verification, context)
            )
        )
    return found


def case_of(nomination: Nomination) -> Case:
    """Everything a verifier looks at of one nomination. Raises `NotFound` where nothing was sent."""
    found = cases([nomination])
    if not found:
        raise NotFound
    return found[0]


def _rubrics(ids: Collection[int | None]) -> dict[int, RubricVersion]:
    found = db.session.scalars(
        select(RubricVersion).where(RubricVersion.id.in_(ids)).options(selectinload(RubricVersion.indicators))
    )
    return {one.id: one for one in found}


def _items(
    nomination: Nomination,
    rubric: RubricVersion,
    revision: NominationRevision,
    verification: Verification | None,
    context: CheckContext,
) -> list[Item]:
    findings = {(one.kind, one.figure): one for one in verification.findings} if verification is not None else {}
    asked = {
        (item["kind"], item["figure"])
        for request in (verification.requests if verification is not None else [])
        if request.state == "open"
        for item in request.items
    }
    evidence, documents = revision.content["evidence"], revision.content["attachments"]
    items = []
    for kind in kinds_asked(rubric):
        said = evidence.get(kind, {})
        data = said.get("data") or {}
        figures = figures_of(kind, data, election_held=context.election_held, candidate=context.candidate)
        items.append(
            Item(
                kind=kind,
                indicators=indicators_of(rubric, kind),
                rows=[Judged(one, findings.get((kind, one.key)), (kind, one.key) in asked) for one in figures],
                checks=run_checks(kind, data, context) if kind in KINDS and data else [],
                explained=bool(said.get("explanation_reason") and said.get("explanation", "").strip()),
                note=said.get("note", ""),
                explanation_reason=said.get("explanation_reason", ""),
                explanation=said.get("explanation", ""),
                documents=[one for one in documents if one["kind"] == kind],
            )
        )
    return items


def found_figures(nomination_ids: Collection[int]) -> Mapping[int, Mapping[str, Mapping[str, Value]]]:
    """What was found, in the shape the rules of `core.computed` read (one statement).

    Nomination to kind to figure; None for a figure judged unverifiable or outside the period.
    """
    rows = db.session.execute(
        select(Verification.nomination_id, Finding.kind, Finding.figure, Finding.found, Finding.verdict)
        .join(Finding, Finding.verification_id == Verification.id)
        .where(Verification.nomination_id.in_(nomination_ids))
        .order_by(Finding.id)
    ).all()
    found: dict[int, dict[str, dict[str, Value]]] = {one: {} for one in nomination_ids}
    for nomination_id, kind, figure, text, verdict in rows:
        if kind not in KINDS:
            continue
        value = None if verdict in WITHOUT_VALUE else from_text(KINDS[kind].field(figure), text)
        found[nomination_id].setdefault(kind, {})[figure] = value
    return found


def gates_decided(nomination_ids: Collection[int]) -> Mapping[int, tuple[str, ...]]:
    """The codes of the gates that the chair decided as failed, by nomination, in order of code (one statement)."""
    rows = db.session.execute(
        select(Verification.nomination_id, GateFinding.gate)
        .join(GateFinding, GateFinding.verification_id == Verification.id)
        .where(
            Verification.nomination_id.in_(nomination_ids),
            GateFinding.subject == "gate",
            GateFinding.decided == "fail",
        )
        .order_by(GateFinding.gate)
    ).all()
    failed: dict[int, tuple[str, ...]] = dict.fromkeys(nomination_ids, ())
    for nomination_id, gate in rows:
        failed[nomination_id] += (gate,)
    return failed


def not_applicable(nomination_ids: Collection[int]) -> Mapping[int, Mapping[str, str]]:
    """The indicators that the chair decided not to apply, with the reason, by nomination (one statement)."""
    rows = db.session.execute(
        select(Verification.nomination_id, GateFinding.gate, GateFinding.decided_reason)
        .join(GateFinding, GateFinding.verification_id == Verification.id)
        .where(
            Verification.nomination_id.in_(nomination_ids),
            GateFinding.subject == "not_applicable",
            GateFinding.decided == "not_applicable",
        )
        .order_by(GateFinding.gate)
    ).all()
    found: dict[int, dict[str, str]] = {one: {} for one in nomination_ids}
    for nomination_id, indicator, reason in rows:
        found[nomination_id][indicator] = reason
    return found


@dataclass(frozen=True)
class Leaf:
    """One document of a nomination, opened at a page. `pages` and `shown` are 0 where nothing is drawn."""

    no: int
    page: int
    pages: int = 0
    shown: int = 0
    problem: str | None = None  # of `files.previews.models.PROBLEMS`; None while it waits to be drawn
    width: int = 0  # pixels of the picture of this page
    height: int = 0


def leaf_of(nomination: Nomination, no: int, page: int) -> Leaf:
    """Document `no` opened at a page, at its last one where it has fewer (one statement)."""
    row = db.session.execute(
        select(Rendering.pages, Rendering.shown, Rendering.problem, Preview.page, Preview.width, Preview.height)
        .select_from(Attachment)
        .join(Rendering, Rendering.blob_id == Attachment.blob_id)
        .outerjoin(Preview, and_(Preview.blob_id == Rendering.blob_id, Preview.page <= page))
        .where(Attachment.nomination_id == nomination.id, Attachment.no == no)
        .order_by(Preview.page.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return Leaf(no, page)
    return Leaf(no, row.page or 1, row.pages, row.shown, row.problem, row.width or 0, row.height or 0)


def page_counts(nomination: Nomination, numbers: Collection[int]) -> Mapping[int, int]:
    """How many pages each of these documents has, where that is known (one statement, none for no document)."""
    if not numbers:
        return {}
    rows = db.session.execute(
        select(Attachment.no, Rendering.pages)
        .join(Rendering, Rendering.blob_id == Attachment.blob_id)
        .where(Attachment.nomination_id == nomination.id, Attachment.no.in_(numbers), Rendering.pages > 0)
    ).all()
    return {row.no: row.pages for row in rows}


def published_beside(nomination: Nomination, kind: str) -> Published:
    """What was published about the candidate's region, for an item (four statements, none where nothing can fit)."""
    region = nomination.organisation.region_code
    if kind not in WITH_PUBLISHED or nomination.organisation.kind != "local_government":
        return Published((), (), (), {})
    found = published_coverage_of(region), published_budgets_of(region), target_figures_of(region)
    keys = {row.source_key for rows in found for row in rows}
    return Published(*found, sources_of(keys))


def computed_values(
    category: Category, rubric: RubricVersion, nominations: Sequence[Nomination]
) -> Mapping[tuple[int, str], Computation]:
    """The value of every computed indicator of these nominations, with its explanation (four statements).

    A figure without a verdict leaves no value and is named in `missing`, so that nobody reads half a sum. So does a
    rule that cannot be computed; it is named as `rule`.
    """
    indicators = [one for one in rubric.indicators if one.source == "computed"]
    if not indicators or not nominations:
        return {}
    cycle = category.cycle
    found = found_figures([one.id for one in nominations])
    revisions = current_revisions(nominations)
    targets = find_targets(
        {one.organisation.region_code for one in nominations}, cycle.target_year, cycle.target_instrument
    )
    kinds = {one.code: [kind for kind in kinds_of(one) if kind in KINDS] for one in indicators}
    every_kind = {kind for some in kinds.values() for kind in some}
    values = {}
    for nomination in nominations:
        revision = revisions.get(nomination.id)
        evidence = revision.content["evidence"] if revision is not None else {}
        target = targets.get(nomination.organisation.region_code)
        reads = {"ucj_percent": None if target is None else str(target)}
        without_verdict = {
            kind: _without_verdict(
                kind,
                evidence,
                found[nomination.id],
                election_held=cycle.election_held,
                candidate=rubric.category_kind,
            )
            for kind in every_kind
        }
        for indicator in indicators:
            waiting = tuple(one for kind in kinds[indicator.code] for one in without_verdict[kind])
            values[nomination.id, indicator.code] = (
                Computation(None, None, (), waiting, ())
                if waiting
                else _compute(indicator, rubric, found[nomination.id], reads, election_held=cycle.election_held)
            )
    return values


def _without_verdict(
    kind: str,
    evidence: Mapping[str, Any],
    found: Mapping[str, Mapping[str, Value]],
    *,
    election_held: bool,
    candidate: str,
) -> tuple[FigureRef, ...]:
    data = evidence.get(kind, {}).get("data") or {}
    return tuple(
        FigureRef(kind, one.key)
        for one in figures_of(kind, data, election_held=election_held, candidate=candidate)
        if one.key not in found.get(kind, {})
    )


def _compute(
    indicator: Any,
    rubric: RubricVersion,
    found: Mapping[str, Mapping[str, Value]],
    targets: Mapping[str, str | None],
    *,
    election_held: bool,
) -> Computation:
    rule = indicator.rule or ""
    try:
        return compute(
            rule,
            indicator.rule_params or {},
            found,
            targets,
            election_held=election_held,
            scale_max=format(rubric.scale_max, "f"),
            step=format(rubric.scale_step, "f"),
        )
    except BadInput as refusal:  # the rubric names figures that this version of the rules cannot read
        params = {name: Text(str(value)) for name, value in refusal.params.items()}
        return Computation(None, None, (Step(refusal.message, params),), (FigureRef("rule", rule),), ())


def verification_state(nominations: Sequence[Nomination]) -> Mapping[int, VerificationState]:
    """How far the verification of each nomination is (a fixed number of statements)."""
    return {
        case.nomination.id: VerificationState(
            case.state,
            case.open,
            case.total,
            case.verification.taker.name if case.verification is not None and case.verification.taker else "",
        )
        for case in cases(nominations)
    }


def count_states(nominations: Sequence[Nomination]) -> Mapping[str, int]:
    """How many nominations are in each state."""
    return Counter(one.state for one in nominations)


def taken() -> Select[Any]:
    """The ids of the nominations somebody works on or has closed."""
    return select(Verification.nomination_id).where(
        or_(Verification.taken_by.is_not(None), Verification.state != "open")
    )


def evidence_of_revision(nomination: Nomination) -> Mapping[str, Any]:
    """The evidence of the nomination's latest revision, for naming the figures of requests (one statement)."""
    revision = current_revisions([nomination]).get(nomination.id)
    evidence: Mapping[str, Any] = revision.content["evidence"] if revision is not None else {}
    return evidence


def names_of(verification: Verification | None) -> Mapping[int, str]:
    """The names of the two persons of a close, by account (one statement)."""
    if verification is None:
        return {}
    ids = [one for one in (verification.proposed_by, verification.closed_by) if one is not None]
    if not ids:
        return {}
    people = db.session.scalars(select(Account).where(Account.id.in_(ids)))
    return {one.id: one.name for one in people}
