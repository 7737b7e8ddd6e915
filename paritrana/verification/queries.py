"""Reads of verifications: a nomination, its requests, and its figures with what was found."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import joinedload, selectinload

from paritrana.accounts.models import Account
from paritrana.core.errors import NotFound
from paritrana.core.evidence import KINDS, Check, CheckContext, run_checks
from paritrana.cycles.models import Category, Cycle, Proposal, RubricVersion
from paritrana.database import db
from paritrana.nominations.models import Nomination, NominationRevision
from paritrana.nominations.queries import check_context, context_for, current_revisions, get_revision
from paritrana.nominations.rows import indicators_of, kinds_asked
from paritrana.verification.figures import Figure, Value, figures_of, from_text
from paritrana.verification.models import ChangeRequest, Finding, GateFinding, Verification

SHORTLIST = "shortlist"
CLAIMS_WAIT = "claims_wait"  # of `cycle.settings`: the slugs of the categories whose claims wait for the finding

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
    unseen: bool = False  # the category hides claims until somebody saved a found value, and nobody did yet

    @property
    def found(self) -> Value:
        """The found figure in its stored form."""
        return None if self.finding is None else from_text(self.figure.field, self.finding.found)

    @property
    def before(self) -> Value:
        """What was found before the claim was shown, in its stored form; None for nothing."""
        return None if self.finding is None else from_text(self.figure.field, self.finding.unseen or None)


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
    def unseen(self) -> bool:
        """Whether the claim of one of its figures is hidden from verifiers."""
        return any(row.unseen for row in self.rows)

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


def claims_wait(category: Category) -> bool:
    """Whether verifiers of this category see a claim only when a found value of that figure is saved."""
    return category.slug in (category.cycle.settings or {}).get(CLAIMS_WAIT, ())


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


def cases(nominations: Sequence[Nomination], revisions: Mapping[int, NominationRevision] | None = None) -> list[Case]:
    """Everything a verifier looks at, for several nominations (a fixed number of statements plus one per cycle).

    `revisions` are the ones to look at, by nomination id, where they are not those sent last.
    """
    revisions = current_revisions(nominations) if revisions is None else revisions
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


def case_of_revision(nomination: Nomination, no: int) -> Case:
    """The same of an earlier revision: its claims and documents, beside the findings as they stand now.

    Raises `NotFound` for a revision that was never sent.
    """
    if no > nomination.revision_no:
        raise NotFound
    found = cases([nomination], {nomination.id: get_revision(nomination.id, no)})
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
    known = {  # whoever was asked about a figure, or found one, has its claim before him
        (item["kind"], item["figure"])
        for request in (verification.requests if verification is not None else [])
        for item in request.items
    } | findings.keys()
    waits = claims_wait(nomination.category)
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
                rows=[
                    Judged(
                        one,
                        findings.get((kind, one.key)),
                        (kind, one.key) in asked,
                        waits and one.field is not None and (kind, one.key) not in known,
                    )
                    for one in figures
                ],
                checks=run_checks(kind, data, context) if kind in KINDS and data else [],
                explained=bool(said.get("explanation_reason") and said.get("explanation", "").strip()),
                note=said.get("note", ""),
                explanation_reason=said.get("explanation_reason", ""),
                explanation=said.get("explanation", ""),
                documents=[one for one in documents if one["kind"] == kind],
            )
        )
    return items


def count_states(nominations: Sequence[Nomination]) -> Mapping[str, int]:
    """How many nominations are in each state."""
    return Counter(one.state for one in nominations)


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
