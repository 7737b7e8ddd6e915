"""What is known before anybody fills in a template: who may be nominated, and what was published about the regions."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from sqlalchemy import select

from paritrana.core.quantities import Amount, People, Percent, Quantity, Text
from paritrana.cycles.models import Category
from paritrana.database import db
from paritrana.nominations import queries
from paritrana.nominations.models import EvidenceItem, Nomination
from paritrana.nominations.service.drafting import fits
from paritrana.reference.models import Organisation, PublishedBudget, PublishedCoverage, Source


@dataclass(frozen=True)
class PublishedFact:
    """One published figure of a region: what it is about, its values, and the title of its source."""

    about: Quantity
    values: Sequence[Quantity]
    source: str


def organisations_for(category: Category) -> Sequence[Organisation]:
    """The organisations of the cycle's region that may be nominated in a category (one statement)."""
    return [one for one in queries.organisations_in(category.cycle.region_code) if fits(category, one)]


def drafts_and_sent(category: Category) -> Mapping[int, Nomination]:
    """The nominations of a category by organisation (one statement)."""
    return {one.organisation_id: one for one in queries.nominations_of(category)}


def evidence_of_all(nominations: Collection[Nomination]) -> Mapping[tuple[int, str], EvidenceItem]:
    """What these nominations say, by nomination and kind (one statement)."""
    found = db.session.scalars(
        select(EvidenceItem)
        .where(EvidenceItem.nomination_id.in_([one.id for one in nominations]))
        .execution_options(populate_existing=True)
    )
    return {(item.nomination_id, item.kind): item for item in found}


def published(region_codes: Collection[str], year: int) -> Mapping[str, Sequence[PublishedFact]]:
    """The figures of a year that were published about regions, by region (three statements)."""
    coverage = db.session.scalars(
        select(PublishedCoverage)
        .where(
            PublishedCoverage.region_code.in_(region_codes),
            PublishedCoverage.area_kind != "village",
            PublishedCoverage.as_of.between(date(year, 1, 1), date(year, 12, 31)),
        )
        .order_by(PublishedCoverage.as_of.desc(), PublishedCoverage.key)
    ).all()
    budgets = db.session.scalars(
        select(PublishedBudget)
        .where(
            PublishedBudget.region_code.in_(region_codes),
            PublishedBudget.area_kind != "village",
            PublishedBudget.year == year,
        )
        .order_by(PublishedBudget.key)
    ).all()
    told = [row.source_key for row in coverage] + [row.source_key for row in budgets]
    keys = {part for key in told for part in key.split(";")}
    titles: dict[str, str] = {
        one.key: one.title for one in db.session.scalars(select(Source).where(Source.key.in_(keys)))
    }
    found: dict[str, list[PublishedFact]] = {}
    for row in coverage:
        values: list[Quantity] = [People(row.participants)] if row.participants is not None else []
        values += [Percent(Fraction(row.percent))] if row.percent is not None else []
        about: Quantity = Text(row.segment_as_published or row.segment.upper())
        fact = PublishedFact(about, values, _titles(row.source_key, titles))
        found.setdefault(row.region_code or "", []).append(fact)
    for budget in budgets:
        amounts: list[Quantity] = [People(budget.people)] if budget.people is not None else []
        amounts += [Amount(budget.amount_idr)] if budget.amount_idr is not None else []
        found.setdefault(budget.region_code, []).append(
            PublishedFact(Text(budget.group_as_published), amounts, _titles(budget.source_key, titles))
        )
    return found


def _titles(source_key: str, titles: Mapping[str, str]) -> str:
    return ", ".join(titles.get(key, key) for key in source_key.split(";"))
