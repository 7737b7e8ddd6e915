"""Who gets which paper: everybody that a sealed result gives one to, with what stands on it, read in few statements."""

import csv
import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select

from paritrana.accounts.models import Account
from paritrana.certificates.editor.queries import NOT_SENT, PANEL, spelling
from paritrana.certificates.models import CertificateTemplateVersion
from paritrana.config import data_folder
from paritrana.core.certificates import Facts, Kind, Words
from paritrana.cycles.models import Category
from paritrana.database import canonical, db
from paritrana.nominations.models import Nomination
from paritrana.panels.models import JUDGING, Seat
from paritrana.reference.models import Organisation
from paritrana.results.models import Award, ResultRun
from paritrana.results.queries import run_in_force, seal_of


@cache
def titles() -> Mapping[Kind, Words]:
    """What stands on the papers of kinds that no award gives a title: `seed/certificate_titles.csv`."""
    with (data_folder("seed") / "certificate_titles.csv").open(encoding="utf-8", newline="") as file:
        return {Kind(row["kind"]): Words(row["title_id"], row["title_en"]) for row in csv.DictReader(file)}


@dataclass(frozen=True, slots=True)
class Target:
    """One paper that somebody is to get. `basis` names the holder in the category for ever.

    `award_id` is the winner's, `nomination_id` a candidate's; the rank of nobody but a winner stands on paper.
    """

    kind: Kind
    basis: str
    recipient: str
    title: Words
    rank: int | None = None
    award_id: int | None = None
    nomination_id: int | None = None

    @property
    def place(self) -> tuple[str, str]:
        """What tells it from the others of its category."""
        return (self.kind.value, self.basis)


def targets_of(
    category: Category, kinds: Collection[Kind] = tuple(Kind), bases: Collection[str] | None = None
) -> list[Target]:
    """Everybody in a category with a sealed result who is to get a paper of these kinds, in the order of the register.

    `bases` restricts them to these holders. At most five statements; none is there without a seal.
    """
    run, seal = run_in_force(category), seal_of(category)
    if run is None or seal is None:
        return []
    found: list[Target] = []
    if Kind.WINNER in kinds:
        found += _winners(category, bases)
    if {Kind.FINALIST, Kind.PARTICIPANT} & set(kinds):
        others = _others(category, ranked_in(run), bases)
        found += sorted((one for one in others if one.kind in kinds), key=lambda one: one.kind is Kind.PARTICIPANT)
    if Kind.THANKS in kinds:
        found += _assessors(category, seal.sealed_at, bases)
    if Kind.MINUTES in kinds and (bases is None or category.slug in bases):
        found.append(Target(Kind.MINUTES, category.slug, f"{PANEL} {category.title_id}", titles()[Kind.MINUTES]))
    return found


def ranked_in(run: ResultRun) -> frozenset[str]:
    """The codes of the candidates that a run ranks (one statement for each run, whose bytes never change)."""
    return _ranked(run.id, run.digest)


@lru_cache(maxsize=64)
def _ranked(run_id: int, digest: str) -> frozenset[str]:
    bundle = db.session.scalar(select(ResultRun.bundle).where(ResultRun.id == run_id, ResultRun.digest == digest))
    rows = json.loads(bundle or b'{"result": []}')["result"]
    return frozenset(str(row["candidate"]) for row in rows if row["rank"] is not None)


def _winners(category: Category, bases: Collection[str] | None) -> list[Target]:
    statement = (
        select(
            Award.id, Award.rank, Award.title_id, Award.title_en, Nomination.id.label("nomination"), Nomination.ref,
            Organisation.name, spelling().label("spelt"),
        )
        .join(Nomination, Nomination.id == Award.nomination_id)
        .join(Organisation, Organisation.id == Nomination.organisation_id)
        .where(Award.category_id == category.id, Award.ended_at.is_(None))
        .order_by(Award.rank, Nomination.candidate_code)
    )  # fmt: skip
    if bases is not None:
        statement = statement.where(Nomination.ref.in_(bases))
    return [
        Target(
            Kind.WINNER, row.ref, row.spelt or row.name, Words(row.title_id, row.title_en), row.rank, row.id,
            row.nomination,
        )
        for row in db.session.execute(statement)
    ]  # fmt: skip


def _others(category: Category, ranked: frozenset[str], bases: Collection[str] | None) -> list[Target]:
    """Who took part without a title: a finalist where the result ranks it, else a participant."""
    held = select(Award.id).where(Award.nomination_id == Nomination.id, Award.ended_at.is_(None)).exists()
    statement = (
        select(Nomination.id, Nomination.ref, Nomination.candidate_code, Organisation.name, spelling().label("spelt"))
        .join(Organisation, Organisation.id == Nomination.organisation_id)
        .where(Nomination.category_id == category.id, Nomination.state.not_in(NOT_SENT), ~held)
        .order_by(Nomination.candidate_code, Nomination.id)
    )
    if bases is not None:
        statement = statement.where(Nomination.ref.in_(bases))
    found = []
    for row in db.session.execute(statement):
        kind = Kind.FINALIST if row.candidate_code in ranked else Kind.PARTICIPANT
        found.append(Target(kind, row.ref, row.spelt or row.name, titles()[kind], nomination_id=row.id))
    return found


def _assessors(category: Category, sealed_at: datetime, bases: Collection[str] | None) -> list[Target]:
    """Who held a place that marks until the result was sealed."""
    statement = (
        select(Account.ref, Account.name)
        .join(Seat, Seat.account_id == Account.id)
        .where(Seat.category_id == category.id, Seat.role.in_(JUDGING))
        .where(or_(Seat.ended_at.is_(None), Seat.ended_at >= sealed_at))
        .order_by(Seat.id)
    )
    if bases is not None:
        statement = statement.where(Account.ref.in_(bases))
    return [Target(Kind.THANKS, row.ref, row.name, titles()[Kind.THANKS]) for row in db.session.execute(statement)]


# What stands on the paper ---------------------------------------------------------------------------------------------


def day_of(category: Category, at: datetime) -> date:
    """The day of the cycle's own zone at a moment."""
    return at.astimezone(ZoneInfo(category.cycle.timezone)).date()


def context_of(category: Category, issued_on: date) -> dict[str, Any]:
    """What stands around an award on a certificate of that day, as the register keeps it."""
    cycle = category.cycle
    return {
        "category": {"id": category.title_id, "en": category.title_en},
        "cycle": {"id": cycle.title_id, "en": cycle.title_en},
        "year": cycle.assessment_year,
        "edition": cycle.edition_label,
        "decree": cycle.decree or "",
        "issued_on": issued_on.isoformat(),
        "simulated": cycle.simulated,
    }


def facts(target: Target, context: Mapping[str, Any], *, code: str, bundle: str) -> Facts:
    """What one certificate is about, for the drawing."""
    return Facts(
        kind=target.kind,
        recipient=target.recipient,
        title=target.title,
        rank=target.rank,
        category=Words(**context["category"]),
        cycle=Words(**context["cycle"]),
        year=context["year"],
        edition=context["edition"],
        decree=context["decree"],
        issued_on=date.fromisoformat(context["issued_on"]),
        code=code,
        bundle=bundle,
        simulated=context["simulated"],
    )


def digest_of(target: Target, category: Category, bundle: str, version: CertificateTemplateVersion) -> str:
    """SHA-256 over everything that stands on a paper but its code and its day: two people agree on this."""
    context = context_of(category, date.min)
    del context["issued_on"]
    said = {
        "kind": target.kind.value,
        "basis": target.basis,
        "recipient": target.recipient,
        "title": {"id": target.title.id, "en": target.title.en},
        "rank": target.rank,
        "context": context,
        "bundle": bundle,
        "template": version.digest,
    }
    return hashlib.sha256(canonical(said)).hexdigest()


def titled(targets: Sequence[Target]) -> frozenset[tuple[Kind, str]]:
    """The kinds and Indonesian titles that templates are looked up by."""
    return frozenset((one.kind, one.title.id) for one in targets)
