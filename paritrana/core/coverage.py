"""Coverage: active participants as a share of target workers, per segment and in total.

Total = PU + BPU + Jakon + PMI. The percents of both years use the assessment year's target workers (the frozen
denominator), because a denominator that moves between two reports makes growth out of nothing. A segment without target
workers is left out, its participants too; without any target workers there is no coverage.
Source: the design, section 4; domain research, 4.3.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

SEGMENTS = ("pu", "bpu", "jakon", "pmi")


@dataclass(frozen=True)
class Segment:
    """People of one segment: active participants and target workers of the year, participants of the year before."""

    participants: int
    target: int
    participants_prev: int


@dataclass(frozen=True)
class Coverage:
    """The three sums and the two percents (0 to 100, exact)."""

    participants: int
    target: int
    participants_prev: int
    percent: Fraction
    percent_prev: Fraction

    @property
    def change(self) -> Fraction:
        """The rise in percentage points."""
        return self.percent - self.percent_prev

    @property
    def growth(self) -> Fraction | None:
        """The relative growth in percent, None where there was nothing before."""
        return growth_percent(self.participants_prev, self.participants)


def percent(count: int | Fraction, denominator: int | Fraction) -> Fraction | None:
    """100 × count / denominator, exact; None without a denominator."""
    return Fraction(100 * count) / denominator if denominator else None


def growth_percent(old: int | Fraction, new: int | Fraction) -> Fraction | None:
    """100 × (new − old) / old, exact; None where the old value is zero."""
    return percent(new - old, old)


def coverage_of(segments: Iterable[Segment]) -> Coverage | None:
    """The coverage of one or more segments together; None when none of them has target workers."""
    counted = [segment for segment in segments if segment.target > 0]
    target = sum(segment.target for segment in counted)
    now, before = sum(s.participants for s in counted), sum(s.participants_prev for s in counted)
    if not target:
        return None
    return Coverage(now, target, before, Fraction(100 * now, target), Fraction(100 * before, target))


def by_segment(segments: Mapping[str, Segment]) -> dict[str, Coverage]:
    """The coverage of each segment that has target workers, in the order given."""
    found = {code: coverage_of([segment]) for code, segment in segments.items()}
    return {code: coverage for code, coverage in found.items() if coverage is not None}
