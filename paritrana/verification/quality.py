"""How good the data of a cycle are: verdicts and checks by type, the biggest differences, and how long things wait."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from statistics import median

from sqlalchemy import and_, func, select

from paritrana.core.evidence import KINDS, Check
from paritrana.core.quantities import Percent, Quantity
from paritrana.cycles.models import Category
from paritrana.database import db
from paritrana.nominations.models import Nomination, NominationRevision
from paritrana.reference.models import Organisation
from paritrana.verification.figures import difference, from_text, quantity_of, relative_size
from paritrana.verification.models import Finding, Verification
from paritrana.verification.queries import AFTER_SHORTLIST, IN_VERIFICATION
from paritrana.verification.queue import said_of

SENT = (*IN_VERIFICATION, "verified", *AFTER_SHORTLIST, "not_shortlisted")
BIGGEST = 10


@dataclass(frozen=True)
class Wait:
    """How long nominations wait for something: how many have waited or wait, the median and the longest."""

    count: int
    median: timedelta | None
    longest: timedelta | None


@dataclass(frozen=True)
class FoundDifference:
    """A figure that was found otherwise than it was claimed."""

    nomination_id: int
    name: str  # of the organisation
    kind: str
    figure: str
    claimed: Quantity | None
    found: Quantity | None
    difference: Quantity | None
    share: Fraction  # of the claim


@dataclass(frozen=True)
class OwnDifference:
    """A sum of the nominee that does not agree with the amount stated beside it."""

    nomination_id: int
    name: str
    kind: str
    check: Check
    explained: bool
    share: Fraction  # of the sum


@dataclass(frozen=True)
class Quality:
    """The figures of the page, for some categories of a cycle together."""

    sent: int
    closed: int
    verdicts: Mapping[str, Mapping[str, int]]  # kind of evidence to verdict to number of figures
    checks: Mapping[str, Mapping[str, int]]  # kind to severity to number of checks; `open`: asked and not explained
    found: Sequence[FoundDifference]
    own: Sequence[OwnDifference]
    until_taken: Wait
    until_closed: Wait

    @property
    def judged(self) -> int:
        """How many figures have a verdict."""
        return sum(sum(one.values()) for one in self.verdicts.values())

    @property
    def matching(self) -> int:
        """How many of them match their claim."""
        return sum(one.get("matches", 0) for one in self.verdicts.values())


def quality_of(categories: Collection[Category], visible: Collection[int], now: datetime) -> Quality:
    """The quality of the data sent in these categories at `now` on the cycle's clock.

    Only nominations of `visible` are named; all are counted. At most seven statements and one for the cycle.
    """
    rows = db.session.execute(
        select(
            Nomination.id, Organisation.name, NominationRevision.id.label("revision_id"),
            NominationRevision.submitted_at, Category.grace_ends_at, Category.closes_at, Verification.taken_at,
            Verification.closed_at,
        )
        .join(Category, Category.id == Nomination.category_id)
        .join(Organisation, Organisation.id == Nomination.organisation_id)
        .join(
            NominationRevision,
            and_(NominationRevision.nomination_id == Nomination.id, NominationRevision.no == Nomination.revision_no),
        )
        .outerjoin(Verification, Verification.nomination_id == Nomination.id)
        .where(Category.id.in_([one.id for one in categories]), Nomination.state.in_(SENT))
        .order_by(Nomination.id)
    ).all()  # fmt: skip
    names = {row.id: row.name for row in rows}
    said = said_of([row.revision_id for row in rows])
    checks: dict[str, Counter[str]] = {}
    own = []
    for row in rows:
        for (kind, severity), count in said[row.revision_id].counts.items():
            checks.setdefault(kind, Counter())[severity] += count
        for one in said[row.revision_id].asked:
            if not one.explained:
                checks[one.kind]["open"] += 1
            share = one.check.params.get("percent")
            if "diff" in one.check.params and isinstance(share, Percent) and row.id in visible:
                own.append(
                    OwnDifference(row.id, row.name, one.kind, one.check, one.explained, abs(Fraction(share.value)))
                )
    starts = {row.id: max(row.submitted_at, row.grace_ends_at or row.closes_at or row.submitted_at) for row in rows}
    begun = [row for row in rows if starts[row.id] <= now]
    return Quality(
        sent=len(rows),
        closed=sum(1 for row in rows if row.closed_at is not None),
        verdicts=_verdicts(names),
        checks={kind: checks[kind] for kind in KINDS if kind in checks},
        found=_found(names, visible),
        own=sorted(own, key=lambda one: (-one.share, one.name, one.check.ref))[:BIGGEST],
        until_taken=_wait([(row.taken_at or now) - starts[row.id] for row in begun]),
        until_closed=_wait([(row.closed_at or now) - starts[row.id] for row in begun]),
    )


def _verdicts(ids: Collection[int]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for kind, verdict, count in db.session.execute(
        select(Finding.kind, Finding.verdict, func.count())
        .join(Verification, Verification.id == Finding.verification_id)
        .where(Verification.nomination_id.in_(ids))
        .group_by(Finding.kind, Finding.verdict)
        .order_by(Finding.kind, Finding.verdict)
    ):
        name = kind if kind in KINDS else ""  # rows of documents and a note stand together
        found.setdefault(name, {})
        found[name][verdict] = found[name].get(verdict, 0) + count
    return {kind: found[kind] for kind in (*KINDS, "") if kind in found}


def _found(names: Mapping[int, str], visible: Collection[int]) -> list[FoundDifference]:
    found = []
    for number, kind, figure, claimed_text, found_text in db.session.execute(
        select(Verification.nomination_id, Finding.kind, Finding.figure, Finding.claimed, Finding.found)
        .join(Verification, Verification.id == Finding.verification_id)
        .where(Verification.nomination_id.in_([one for one in names if one in visible]))
        .where(Finding.found.is_not(None), Finding.claimed.is_not(None), Finding.found != Finding.claimed)
        .order_by(Finding.id)
    ):
        field = KINDS[kind].field(figure) if kind in KINDS else None
        claimed, value = from_text(field, claimed_text), from_text(field, found_text)
        if field is None or not relative_size(claimed, value):
            continue
        found.append(
            FoundDifference(
                number, names[number], kind, field.label, quantity_of(field, claimed), quantity_of(field, value),
                difference(field, claimed, value), relative_size(claimed, value) * 100,
            )
        )  # fmt: skip
    return sorted(found, key=lambda one: (-one.share, one.name, one.kind, one.figure))[:BIGGEST]


def _wait(spans: Sequence[timedelta]) -> Wait:
    waited = [max(one, timedelta(0)) for one in spans]
    middle = timedelta(seconds=median(one.total_seconds() for one in waited)) if waited else None
    return Wait(len(waited), middle, max(waited, default=None))
