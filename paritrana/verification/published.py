"""Published figures of a candidate's region beside what it claims: which figure fits which claim, with its date.

Nothing here touches the database or the clock. A published figure is shown as printed; it proves nothing by itself.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from paritrana.core.coverage import SEGMENTS
from paritrana.core.quantities import Amount, Day, Label, Months, People, Percent, Quantity, Text, Year
from paritrana.core.words import N_
from paritrana.reference.models import PublishedBudget, PublishedCoverage, Source, TargetFigure
from paritrana.verification.figures import Figure

MOST = 3  # figures beside one claim, the newest
WITH_PUBLISHED = frozenset({"coverage", "vulnerable_workers", "village_allocation", "non_asn_protection"})

# Published budgets of these groups are no claim about vulnerable workers.
OTHER_GROUPS = frozenset({"non_asn", "rt_rw", "village_safety"})

TARGET_KINDS: Mapping[str, str] = {
    "target": N_("Target"),
    "baseline": N_("Baseline"),
    "actual": N_("Actual value"),
}


@dataclass(frozen=True)
class Beside:
    """One published figure as a page shows it: value, what it is about, its date and its sources."""

    value: Quantity
    about: Quantity | None
    when: Quantity
    sources: Sequence[Source]


@dataclass(frozen=True)
class Published:
    """What was published about one region, the newest first."""

    coverage: Sequence[PublishedCoverage]
    budgets: Sequence[PublishedBudget]
    targets: Sequence[TargetFigure]
    sources: Mapping[str, Source]

    def beside(self, figure: Figure) -> list[Beside] | None:
        """The published figures that fit a claim; None where no figure of its kind is ever published."""
        fitting = _fitting(self, figure)
        return None if fitting is None else list(fitting)[:MOST]

    def made(self, row: PublishedCoverage | PublishedBudget | TargetFigure, value: Quantity) -> Beside:
        """A published figure with its words, date and sources."""
        found = [self.sources[key] for key in row.source_key.split(";") if key in self.sources]
        if isinstance(row, PublishedCoverage):
            when: Quantity = Year(row.as_of.year) if row.as_of_precision == "year" else Day(row.as_of)
            about: Quantity | None = Text(row.segment_as_published) if row.segment_as_published else None
        elif isinstance(row, PublishedBudget):
            when, about = Year(row.year), Text(row.group_as_published)
        else:
            when, about = Year(row.year), Label(TARGET_KINDS[row.kind])
        return Beside(value, about, when, found)


def _fitting(known: Published, figure: Figure) -> Iterator[Beside] | None:
    """Which published figures fit a claim, by its kind and key."""
    part, _, name = figure.key.rpartition(".")
    match figure.kind:
        case "coverage" if name in {"participants", "participants_prev"}:
            return _participants(known, part)
        case "coverage" if name in {"target", "target_prev"}:
            return _denominators(known, part)
        case "vulnerable_workers" | "village_allocation" if name in {"people", "months", "amount"}:
            if figure.key == "target.people":
                return _targets(known, "vulnerable_workers")
            return _budgets(known, name, villages=figure.kind == "village_allocation")
        case "non_asn_protection" if name == "covered":
            return _protected(known, "protected_non_asn")
    return None


def _participants(known: Published, segment: str) -> Iterator[Beside]:
    if segment not in {*SEGMENTS, "total"}:
        return
    for row in known.coverage:
        if row.segment != segment or row.measure not in {"active_participants", "coverage"}:
            continue
        if row.participants is not None:
            yield known.made(row, People(row.participants))
        elif row.percent is not None:
            yield known.made(row, Percent(Fraction(row.percent)))
    if segment == "total":
        yield from _targets(known, "ucj_percent")


def _denominators(known: Published, segment: str) -> Iterator[Beside]:
    for row in known.coverage:
        if row.segment != segment:
            continue
        if row.measure == "workforce" and row.participants is not None:
            yield known.made(row, People(row.participants))
        elif row.denominator is not None and row.denominator_kind == "published":
            yield known.made(row, People(row.denominator))


def _protected(known: Published, measure: str) -> Iterator[Beside]:
    for row in known.coverage:
        if row.measure == measure and row.participants is not None:
            yield known.made(row, People(row.participants))


def _budgets(known: Published, name: str, *, villages: bool) -> Iterator[Beside]:
    for row in known.budgets:
        if row.beneficiary_group in OTHER_GROUPS or (row.funding_source == "apbdes") is not villages:
            continue
        if name == "people" and row.people is not None:
            yield known.made(row, People(row.people))
        elif name == "months" and row.months is not None:
            yield known.made(row, Months(Fraction(row.months)))
        elif name == "amount" and row.amount_idr is not None:
            yield known.made(row, Amount(row.amount_idr))
    if name == "people" and not villages:
        yield from _protected(known, "protected_vulnerable")


def _targets(known: Published, metric: str) -> Iterator[Beside]:
    for row in known.targets:
        if row.metric == metric:
            exact = Fraction(row.value)
            yield known.made(row, Percent(exact) if row.unit == "percent" else People(int(exact)))
