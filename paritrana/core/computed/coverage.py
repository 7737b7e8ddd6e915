"""Rules over the coverage of the four segments, on the assessment year's target workers."""

from collections.abc import Sequence
from fractions import Fraction

from paritrana.core.computed.work import HUNDRED, Work
from paritrana.core.coverage import SEGMENTS, Coverage, Segment, by_segment, coverage_of
from paritrana.core.evidence.choices import SEGMENT_NAMES
from paritrana.core.quantities import Label, People, Percent, Points
from paritrana.core.words import N_


def ratio_to_target(work: Work) -> Fraction | None:
    """min(cap, scale × coverage / target); with the switch `percent_div_10`: scale × coverage / 100.

    Figures: the segments of `coverage`. Target: `ucj_percent`. Parameters: `cap`.
    """
    plain = work.switched("percent_div_10")
    coverage = _total(work)
    target = None if plain else work.target("ucj_percent")
    if coverage is None or (target is None and not plain):
        return None
    if target is None:
        work.explain(N_("The value is the percentage itself on the scale."))
        return work.score(coverage.percent / HUNDRED)
    work.explain(
        N_("%(percent)s of the target of %(target)s"),
        ("target", "ucj_percent"),
        percent=Percent(coverage.percent),
        target=Percent(target),
    )
    return work.score(coverage.percent / target)


def pp_growth_linear(work: Work) -> Fraction | None:
    """scale × clamp(rise of coverage / full score, 0, 1) on the frozen denominator, not below `floor`.

    The rise counts in percentage points against `full_score_at_pp`; with the switch `relative_growth` it is the growth
    of the participants in percent against `full_score_at_percent`. Parameters: `floor`, `cap`.
    """
    relative = work.switched("relative_growth")
    coverage = _total(work, before=True)
    if coverage is None:
        return None
    if not relative:
        full, rise = work.positive("full_score_at_pp"), coverage.change
        work.explain(
            N_("From %(old)s to %(new)s: %(points)s"),
            old=Percent(coverage.percent_prev),
            new=Percent(coverage.percent),
            points=Points(rise),
        )
        work.explain(N_("The full value is reached at %(points)s."), points=Points(full))
        return max(work.param("floor"), work.score(min(Fraction(1), rise / full)))
    full, growth = work.positive("full_score_at_percent"), coverage.growth
    if growth is None:
        for code in SEGMENTS:
            work.miss("coverage", f"{code}.participants_prev")
        return None
    work.explain(
        N_("From %(old)s to %(new)s: relative growth %(percent)s"),
        old=People(coverage.participants_prev),
        new=People(coverage.participants),
        percent=Percent(growth, signed=True),
    )
    work.explain(N_("The full value is reached at %(percent)s."), percent=Percent(full))
    return max(work.param("floor"), work.score(min(Fraction(1), growth / full)))


def lowest_segment_ratio(work: Work) -> Fraction | None:
    """min(cap, scale × lowest coverage of a segment / target).

    Figures: the named `segments` of `coverage`; a segment without target workers is left out. Target: `ucj_percent`.
    """
    codes = work.names("segments", SEGMENTS)
    segments = _segments(work, codes, before=False)
    target = work.target("ucj_percent")
    if segments is None or target is None:
        return None
    covered = by_segment(segments)
    if not covered:
        _miss_targets(work, codes)
        return None
    lowest = min(covered, key=lambda code: covered[code].percent)
    work.explain(
        N_("Lowest segment: %(percent)s of the target of %(target)s"),
        ("target", "ucj_percent"),
        about=Label(SEGMENT_NAMES[lowest]),
        percent=Percent(covered[lowest].percent),
        target=Percent(target),
    )
    return work.score(covered[lowest].percent / target)


def _total(work: Work, *, before: bool = False) -> Coverage | None:
    """The coverage of all four segments together, on the assessment year's target workers."""
    segments = _segments(work, SEGMENTS, before=before)
    if segments is None:
        return None
    total = coverage_of(segments.values())
    if total is None:
        _miss_targets(work, SEGMENTS)
        return None
    message = N_("All segments together: %(a)s of %(b)s = %(percent)s")
    work.explain(message, a=People(total.participants), b=People(total.target), percent=Percent(total.percent))
    return total


def _segments(work: Work, codes: Sequence[str], *, before: bool) -> dict[str, Segment] | None:
    """The found figures of these segments, or None when one that counts is missing.

    Of a segment without target workers nothing else is needed. `before` asks for the participants of the year before.
    """
    kind, found = "coverage", {}
    for code in codes:
        label = Label(SEGMENT_NAMES[code])
        target = work.figure(kind, f"{code}.target")
        if target == 0:
            work.explain(
                N_("No target workers in this segment; it is left out."), (kind, f"{code}.target"), about=label
            )
            continue
        people = work.figure(kind, f"{code}.participants")
        previous = work.figure(kind, f"{code}.participants_prev") if before else 0
        if target is not None and people is not None and previous is not None:
            found[code] = Segment(people, target, previous)
            work.explain(
                N_("Covered: %(a)s of %(b)s = %(percent)s"),
                (kind, f"{code}.participants"),
                (kind, f"{code}.target"),
                about=label,
                a=People(people),
                b=People(target),
                percent=Percent(Fraction(HUNDRED * people, target)),
            )
    return None if work.missing else found


def _miss_targets(work: Work, codes: Sequence[str]) -> None:
    for code in codes:
        work.miss("coverage", f"{code}.target")
