"""The verified coverage of a published candidate by segment: the figures that its computed values were made from."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from paritrana.core.coverage import SEGMENTS, Coverage, Segment, by_segment, coverage_of
from paritrana.core.quantities import People, Percent
from paritrana.publication.site.pictures import Picture, SegmentYear, verified_trend
from paritrana.verification.explanation import Explanation


@dataclass(frozen=True)
class VerifiedCoverage:
    """The rows by segment and year, the target of the cycle where there is one, and the picture of both."""

    rows: list[SegmentYear]
    target: Decimal | None
    picture: Picture | None


def verified_coverage(explanations: Iterable[Explanation], year: int) -> VerifiedCoverage | None:
    """The coverage on 31 December of `year` and of the year before, both of the target workers of `year`.

    None where no shown value was made from it.
    """
    people: dict[str, int] = {}
    target: Decimal | None = None
    for one in explanations:
        for given in one.inputs:
            if given.ref.kind == "coverage" and isinstance(given.found, People):
                people[given.ref.key] = int(given.found.value)
            elif given.ref.kind == "target" and isinstance(given.found, Percent):
                target = Decimal(given.found.value.numerator) / given.found.value.denominator
    counted = _segments(people)
    if not counted:
        return None
    found: dict[str, Coverage] = by_segment(counted)
    together = coverage_of(counted.values())
    if together is not None:
        found["total"] = together
    known_before = all(f"{segment}.participants_prev" in people for segment in counted)
    rows = []
    for segment, covered in found.items():
        if known_before:
            rows.append(SegmentYear(segment, year - 1, covered.participants_prev, covered.target, covered.percent_prev))
        rows.append(SegmentYear(segment, year, covered.participants, covered.target, covered.percent))
    return VerifiedCoverage(rows, target, verified_trend(rows, target))


def _segments(people: Mapping[str, int]) -> dict[str, Segment]:
    """The segments whose participants and target workers are known, in the order of the core."""
    return {
        segment: Segment(
            people[f"{segment}.participants"],
            people[f"{segment}.target"],
            people.get(f"{segment}.participants_prev", 0),
        )
        for segment in SEGMENTS
        if f"{segment}.participants" in people and f"{segment}.target" in people
    }
