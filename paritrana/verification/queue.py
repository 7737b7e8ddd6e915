"""The queue of verifiers: every row in a few columns, the filters with their counts, and what the checks ask for.

The rows of a queue are light and come in one statement, so that filters can be counted; only the nominations of the
page that is shown are read whole. A sent revision never changes, and neither do the rates and norms of an open cycle:
what the checks of a revision ask for is worked out once and remembered by the process.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Select, and_, exists, or_, select
from sqlalchemy.orm import joinedload

from paritrana.accounts.models import Account
from paritrana.core.evidence import KINDS, Check, CheckContext, run_checks
from paritrana.cycles.models import Category, Cycle, RubricVersion
from paritrana.cycles.queries import cycle_time
from paritrana.database import db
from paritrana.nominations.models import Nomination, NominationRevision
from paritrana.nominations.queries import check_context
from paritrana.reference.models import Organisation
from paritrana.verification.models import ChangeRequest, Verification
from paritrana.verification.queries import AFTER_SHORTLIST, IN_VERIFICATION

FREE, WORK, NOMINEE, SECOND, CLOSED = "free", "work", "nominee", "second", "closed"
STAGES: Final = (FREE, WORK, NOMINEE, SECOND, CLOSED)
NOBODY: Final = "nobody"
REMEMBERED: Final = 20_000  # revisions; a summary takes some hundred bytes


@dataclass(frozen=True, slots=True)
class Asked:
    """One check of a sent nomination that asks for an explanation, its kind of evidence, and whether there is one."""

    kind: str
    check: Check
    explained: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One nomination of the queue."""

    id: int
    category: str  # <cycle>/<slug>
    stage: str
    verifier: str  # reference of the account, or `nobody`
    name: str  # of the verifier
    unexplained: int  # items with a difference that nobody explained
    overdue: bool


@dataclass(frozen=True)
class Queue:
    """The rows, the oldest first, and the categories they are of, in the order of cycle and position."""

    rows: Sequence[Row]
    categories: Mapping[str, Category]


@dataclass(frozen=True)
class Filters:
    """What is asked of the queue; empty means everything that is not closed."""

    category: str = ""
    stage: str = ""
    verifier: str = ""
    differences: bool = False
    overdue: bool = False

    def matches(self, row: Row, *, but: str = "") -> bool:
        """Whether a row passes; `but` names a filter that is not looked at."""
        tests: Mapping[str, Callable[[], bool]] = {
            "category": lambda: self.category in {"", row.category},
            "stage": lambda: row.stage == self.stage if self.stage else row.stage != CLOSED,
            "verifier": lambda: self.verifier in {"", row.verifier},
            "differences": lambda: not self.differences or row.unexplained > 0,
            "overdue": lambda: not self.overdue or row.overdue,
        }
        return all(name == but or test() for name, test in tests.items())


@dataclass(frozen=True)
class Counts:
    """How many rows each choice of a filter would leave, with the other filters as they are."""

    categories: Mapping[str, int] = field(default_factory=dict)
    stages: Mapping[str, int] = field(default_factory=dict)
    verifiers: Mapping[str, int] = field(default_factory=dict)  # in order of their names, `nobody` first
    names: Mapping[str, str] = field(default_factory=dict)
    differences: int = 0
    overdue: int = 0


def queue_of(visible: Select[Any], at: datetime) -> Queue:
    """The queue of what an actor may verify, the oldest first, at the system's moment `at` (at most
    five statements and one for each cycle)."""
    request = exists(
        select(ChangeRequest.id)
        .where(ChangeRequest.verification_id == Verification.id, ChangeRequest.state == "open")
        .correlate(Verification)
    )
    found = db.session.execute(
        select(
            Nomination.id, Nomination.state, Nomination.category_id, NominationRevision.id.label("revision_id"),
            Verification.state.label("verification"), Account.ref, Account.name, request.label("asked"),
        )
        .join(Category, Category.id == Nomination.category_id)
        .join(
            NominationRevision,
            and_(NominationRevision.nomination_id == Nomination.id, NominationRevision.no == Nomination.revision_no),
        )
        .outerjoin(Verification, Verification.nomination_id == Nomination.id)
        .outerjoin(Account, Account.id == Verification.taken_by)
        .where(Nomination.id.in_(visible.with_only_columns(Nomination.id).order_by(None)))
        .where(Nomination.state.in_((*IN_VERIFICATION, "verified", *AFTER_SHORTLIST)))
        .order_by(NominationRevision.submitted_at, Nomination.id)
    ).all()  # fmt: skip
    categories = _categories({row.category_id for row in found})
    said = said_of([row.revision_id for row in found])
    late = {
        number: one.verification_until is not None and one.verification_until < cycle_time(one.cycle, at)
        for number, one in categories.items()
    }
    rows = []
    for row in found:
        category, stage = categories[row.category_id], _stage(row)
        rows.append(
            Row(
                id=row.id,
                category=f"{category.cycle.code}/{category.slug}",
                stage=stage,
                verifier=row.ref or NOBODY,
                name=row.name or "",
                unexplained=len({one.kind for one in said[row.revision_id].asked if not one.explained}),
                overdue=stage != CLOSED and late[row.category_id],
            )
        )
    return Queue(rows, {f"{one.cycle.code}/{one.slug}": one for one in categories.values()})


def untaken(visible: Select[Any]) -> Select[Any]:
    """Of the nominations an actor may take, those in work that nobody has, the oldest first."""
    verification = select(Verification.id).where(Verification.nomination_id == Nomination.id)
    reopened = and_(Nomination.state.in_(AFTER_SHORTLIST), exists(verification.where(Verification.state != "closed")))
    taken = exists(verification.where(or_(Verification.taken_by.is_not(None), Verification.state != "open")))
    return (
        visible.where(or_(Nomination.state.in_(IN_VERIFICATION), reopened), ~taken)
        .join(
            NominationRevision,
            and_(NominationRevision.nomination_id == Nomination.id, NominationRevision.no == Nomination.revision_no),
        )
        .options(
            joinedload(Nomination.category, innerjoin=True).joinedload(Category.cycle, innerjoin=True),
            joinedload(Nomination.organisation, innerjoin=True),
        )
        .order_by(NominationRevision.submitted_at, Nomination.id)
    )


def _stage(row: Any) -> str:
    if row.state == "verified" or row.verification == "closed":
        return CLOSED
    if row.verification == "proposed":
        return SECOND
    if row.asked:
        return NOMINEE
    return WORK if row.ref else FREE


def _categories(ids: Collection[int]) -> dict[int, Category]:
    found = db.session.scalars(
        select(Category)
        .where(Category.id.in_(ids))
        .options(joinedload(Category.cycle, innerjoin=True))
        .order_by(Category.cycle_id, Category.position)
    )
    return {one.id: one for one in found}


def nominations_in(ids: Sequence[int]) -> Sequence[Nomination]:
    """These nominations with what a page names of them, in this order (one statement)."""
    found = db.session.scalars(
        select(Nomination)
        .where(Nomination.id.in_(ids))
        .options(
            joinedload(Nomination.category, innerjoin=True).joinedload(Category.cycle, innerjoin=True),
            joinedload(Nomination.organisation, innerjoin=True),
        )
    )
    return sorted(found, key=lambda one: ids.index(one.id))


def counts_of(queue: Queue, filters: Filters) -> Counts:
    """The counts beside every filter."""
    rows = queue.rows
    names = {row.verifier: row.name for row in rows}
    order = sorted(names, key=lambda ref: (ref != NOBODY, names[ref].casefold(), ref))
    return Counts(
        categories=_count((row.category for row in rows if filters.matches(row, but="category")), queue.categories),
        stages=_count((row.stage for row in rows if filters.matches(row, but="stage")), STAGES),
        verifiers=_count((row.verifier for row in rows if filters.matches(row, but="verifier")), order),
        names=names,
        differences=sum(1 for row in rows if row.unexplained and filters.matches(row, but="differences")),
        overdue=sum(1 for row in rows if row.overdue and filters.matches(row, but="overdue")),
    )


def _count(values: Iterable[str], choices: Iterable[str]) -> dict[str, int]:
    found = dict.fromkeys(choices, 0)
    for value in values:
        found[value] += 1
    return found


# What the checks say -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Said:
    """What the checks say of a sent revision: how often each severity by kind, and what asks for an explanation."""

    counts: Mapping[tuple[str, str], int]  # (kind, severity)
    asked: tuple[Asked, ...]


_contexts: dict[CheckContext, int] = {}
_said: dict[tuple[str, int, int], Said] = {}


def said_of(revision_ids: Collection[int]) -> Mapping[int, Said]:
    """What the checks say of these sent revisions (at most three statements and two for each cycle)."""
    rows = db.session.execute(
        select(
            NominationRevision.id,
            NominationRevision.digest,
            Category.cycle_id,
            Organisation.region_code,
            RubricVersion.category_kind,
        )
        .join(Nomination, Nomination.id == NominationRevision.nomination_id)
        .join(Category, Category.id == Nomination.category_id)
        .join(Organisation, Organisation.id == Nomination.organisation_id)
        .join(RubricVersion, RubricVersion.id == Category.rubric_version_id)
        .where(NominationRevision.id.in_(revision_ids))
    ).all()
    cycles = db.session.scalars(select(Cycle).where(Cycle.id.in_({row.cycle_id for row in rows}))).all()
    contexts = {one.id: (one, check_context(one)) for one in cycles}
    places: dict[int, tuple[tuple[str, int, int], CheckContext]] = {}
    known: dict[tuple[int, int | None, str], tuple[CheckContext, int]] = {}
    for row in rows:
        cycle, general = contexts[row.cycle_id]
        villages = (cycle.settings or {}).get("village_counts", {}).get(row.region_code)
        place = (cycle.id, villages, row.category_kind)
        if place not in known:
            context = replace(general, village_count_of_region=villages, candidate=row.category_kind)
            known[place] = context, _contexts.setdefault(context, len(_contexts))
        context, token = known[place]
        places[row.id] = (row.digest, row.id, token), context
    new = [number for number, (key, _context) in places.items() if key not in _said]
    if len(_said) + len(new) > REMEMBERED:
        _said.clear()
        new = list(places)
    if new:
        contents = select(NominationRevision.id, NominationRevision.content).where(NominationRevision.id.in_(new))
        for number, content in db.session.execute(contents):
            key, context = places[number]
            _said[key] = _look(content["evidence"], context)
    return {number: _said[key] for number, (key, _context) in places.items()}


def _look(evidence: Mapping[str, Any], context: CheckContext) -> Said:
    counts: Counter[tuple[str, str]] = Counter()
    asked = []
    context = replace(context, others={kind: said.get("data") or {} for kind, said in evidence.items()})
    for kind, said in evidence.items():
        data = said.get("data") or {}
        if kind not in KINDS or not data:
            continue
        explained = is_explained(said)
        for check in run_checks(kind, data, context):
            counts[kind, check.severity] += 1
            if check.severity == "ask":
                asked.append(Asked(kind, check, explained))
    return Said(counts, tuple(asked))


def is_explained(said: Mapping[str, Any]) -> bool:
    """Whether the nominee chose a reason and wrote a sentence for the differences of an item."""
    return bool(said.get("explanation_reason") and said.get("explanation", "").strip())
