"""What a regency claims of its villages beside what the villages sent themselves and what was found there."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select

from paritrana.core.evidence import line_figure
from paritrana.core.evidence.stored import line_key, lines_of, number
from paritrana.core.policy import Actor
from paritrana.core.villages import Claim, RollUp, Village, protected, roll_up
from paritrana.cycles.models import Category
from paritrana.database import db
from paritrana.nominations.models import Nomination, NominationRevision
from paritrana.nominations.villages import norm_for, village_norms, villages_in
from paritrana.panels.queries import declared_by
from paritrana.reference.models import Organisation
from paritrana.verification.figures import WITHOUT_VALUE
from paritrana.verification.models import Finding, Verification
from paritrana.verification.queries import CLAIMS_WAIT

WORKERS = "vulnerable_workers"  # the kind under which a village says whom it protects
NOT_SAID = ("draft", "withdrawn")


@dataclass(frozen=True)
class Compared:
    """The villages of one regency, and how many of their nominations stay shut until the officer declares."""

    roll_up: RollUp
    shut: int

    @property
    def by_line(self) -> Mapping[str, Village]:
        """The listed villages by the key of their line."""
        return {one.line: one for one in self.roll_up.villages if one.line is not None}

    @property
    def claims(self) -> int:
        """How many villages sent a nomination that may be read here."""
        return sum(1 for one in self.roll_up.villages if one.claim is not None)

    @property
    def differing(self) -> int:
        """How many villages say something else than the regency."""
        return sum(1 for one in self.roll_up.villages if one.differs)


def compared(nomination: Nomination, data: Mapping[str, Any], seen: Select[Any], actor: Actor) -> Compared:
    """The villages of a regency's `village_allocation` (a fixed number of statements).

    `seen` are the nominations whose figures the actor may read by the matrix. Of these the sent ones of villages of
    this regency in the same cycle count; without the actor's declaration on a village its figures stay shut, as on its
    own pages, except for an organiser of the cycle.
    """
    cycle, region = nomination.category.cycle, nomination.organisation.region
    ready = _declared(actor) if cycle.id not in actor.organises else None
    rows = db.session.execute(
        seen.join(Nomination.organisation)
        .join(Nomination.category)
        .where(
            Category.cycle_id == cycle.id,
            Category.kind == "village",
            Organisation.kind == "village",
            Organisation.region_code == region.code,
            Nomination.state.not_in(NOT_SAID),
            Nomination.revision_no > 0,
        )
        .with_only_columns(Nomination.id, Organisation.name, Category.slug, *([ready] if ready is not None else []))
        .order_by(Organisation.name, Nomination.id)
    ).all()
    names = {row[0]: row[1] for row in rows if ready is None or row[3]}
    waits = (cycle.settings or {}).get(CLAIMS_WAIT, ()) if ready is not None else ()
    claims = _claims(names, {row[0] for row in rows if row[2] in waits})
    norm = norm_for(village_norms(cycle), region)
    return Compared(roll_up(data, villages_in(region, cycle), claims, norm), len(rows) - len(names))


def _declared(actor: Actor) -> Any:
    """Whether the actor declared on a nomination and did not step back since, as a column."""
    return Nomination.id.in_(declared_by(actor.user_id)).label("declared")


def _claims(names: Mapping[int, str], waiting: Collection[int] = ()) -> list[Claim]:
    """What these nominations say in their latest revision, and what was found (two statements, none for none).

    Of those `waiting` for a finding the claim is left out until their figures have one.
    """
    if not names:
        return []
    rows = db.session.execute(
        select(NominationRevision.nomination_id, NominationRevision.content)
        .join(Nomination, Nomination.id == NominationRevision.nomination_id)
        .where(Nomination.id.in_(names), NominationRevision.no == Nomination.revision_no)
    )
    sent = {nomination_id: content for nomination_id, content in rows}  # noqa: C416 - rows are no pairs to the checker
    findings = _findings(names)
    claims = []
    for nomination_id, name in names.items():
        data = (sent.get(nomination_id, {}).get("evidence", {}).get(WORKERS) or {}).get("data") or {}
        found = _found(data, findings.get(nomination_id, {}))
        if found is not None or nomination_id not in waiting:
            claims.append(Claim(name, protected(data), found))
    return claims


def _findings(ids: Collection[int]) -> Mapping[int, Mapping[str, int]]:
    """The found people by nomination and figure; 0 where the verdict lets the figure not count."""
    found: dict[int, dict[str, int]] = {}
    for nomination_id, figure, value, verdict in db.session.execute(
        select(Verification.nomination_id, Finding.figure, Finding.found, Finding.verdict)
        .join(Verification, Verification.id == Finding.verification_id)
        .where(Verification.nomination_id.in_(ids), Finding.kind == WORKERS, Finding.figure.like("lines.%.people"))
    ):
        found.setdefault(nomination_id, {})[figure] = 0 if verdict in WITHOUT_VALUE else int(value or 0)
    return found


def _found(data: Mapping[str, Any], findings: Mapping[str, int]) -> int | None:
    """The found people of all lines together, None while one of them has no verdict."""
    figures = [line_figure(line_key(one), "people") for one in lines_of(data) if number(one, "people") is not None]
    if not figures or not all(figure in findings for figure in figures):
        return None
    return sum(findings[figure] for figure in figures)
