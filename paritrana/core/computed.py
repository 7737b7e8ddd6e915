"""Computed indicators: named rules that turn found figures into a value on the scale; no assessor types it.

A rule reads found (verified) figures only, exact from first to last; one rounding at the end, half up to the step of
the scale. A mandatory figure that was not found, or was judged unverifiable or outside the period, leaves no value and
is named; a line that was judged so does not count. Weights, caps and benchmarks come from the rubric's data.
Source: the design, section 4; the table of rules in the notes on the seed data; docs/method.md, section 3.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

from paritrana.core.coverage import SEGMENTS, Coverage, Segment, by_segment, coverage_of
from paritrana.core.errors import BadInput
from paritrana.core.evidence.kinds import ELECTION_GROUPS, NON_ASN_GROUPS, SEGMENT_NAMES
from paritrana.core.evidence.specs import line_key_of
from paritrana.core.quantities import Count, Label, NotExact, People, Percent, Points, Quantity, Score, exact
from paritrana.core.rounding import decimal_string, to_step
from paritrana.core.words import N_

# Evidence kind -> figure key -> found value; None is a figure judged unverifiable or outside the period.
FoundFigures = Mapping[str, Mapping[str, int | str | None]]

# Metric of the target set -> value; `ucj_percent` is a percent, 0 to 100.
Targets = Mapping[str, str | int | None]

HUNDRED = 100


class BadParameter(BadInput):
    """The rubric's data do not serve the rule. Params: `rule`, `name`."""

    code = "bad_parameter"
    message = N_("Rule %(rule)s cannot read its parameter %(name)s.")


class UnknownComputedRule(BadInput):
    """The rubric names a rule that does not exist. Params: `rule`."""

    code = "unknown_computed_rule"
    message = N_("There is no rule called %(rule)s for computed indicators.")


class FigureRef(NamedTuple):
    """One figure: the kind of evidence (or `target` for the target set) and the figure key."""

    kind: str
    key: str


@dataclass(frozen=True)
class Step:
    """One step of a computation, explained: a message id, its typed values, and the figures it reads."""

    message: str
    params: Mapping[str, Quantity]
    figures: tuple[FigureRef, ...] = ()
    about: Quantity | None = None


@dataclass(frozen=True)
class Computation:
    """What a rule gives: the value as a decimal string on the step, or None; the steps; the figures that are missing.

    `exact` is the unrounded result. `inputs` are the figures it was computed from, with their found values.
    """

    value: str | None
    exact: Fraction | None
    steps: tuple[Step, ...]
    missing: tuple[FigureRef, ...]
    inputs: tuple[tuple[FigureRef, int | str], ...]


@dataclass
class _Work:
    """One computation under way: what it may read, and what it has read, missed and explained."""

    rule: str
    params: Mapping[str, object]
    figures: FoundFigures
    targets: Targets
    scale_max: Fraction
    election_held: bool
    steps: list[Step] = field(default_factory=list)
    missing: list[FigureRef] = field(default_factory=list)
    inputs: dict[FigureRef, int | str] = field(default_factory=dict)

    def figure(self, kind: str, key: str) -> int | None:
        """A mandatory number: found, or noted as missing."""
        value = _number(self.figures.get(kind, {}).get(key))
        if value is None:
            self.miss(kind, key)
        else:
            self.inputs[FigureRef(kind, key)] = value
        return value

    def target(self, metric: str) -> Fraction | None:
        """A target above zero, or noted as missing."""
        value = self.targets.get(metric)
        number = None if value is None else self._exact(value, metric)
        if value is None or number is None or number <= 0:
            self.miss("target", metric)
            return None
        self.inputs[FigureRef("target", metric)] = value
        return number

    def miss(self, kind: str, key: str) -> None:
        """Note that a figure is missing."""
        self.missing.append(FigureRef(kind, key))

    def explain(
        self, message: str, *figures: tuple[str, str], about: Quantity | None = None, **params: Quantity
    ) -> None:
        """Add a step for the page."""
        self.steps.append(Step(message, params, tuple(FigureRef(*figure) for figure in figures), about))

    def param(self, name: str) -> Fraction:
        """A number of the rubric's parameters. Raises `BadParameter` when it is missing or a float."""
        return self._exact(self.params.get(name), name)

    def positive(self, name: str) -> Fraction:
        """A number above zero of the rubric's parameters."""
        value = self.param(name)
        if value <= 0:
            raise BadParameter(rule=self.rule, name=name)
        return value

    def switched(self, alternative: str) -> bool:
        """Whether `switch` of the parameters chooses the rule's other reading; it may name nothing else."""
        switch = self.params.get("switch")
        if switch is not None and switch != alternative:
            raise BadParameter(rule=self.rule, name="switch")
        return switch is not None

    def names(self, name: str, known: Sequence[str]) -> list[str]:
        """A list of known codes of the rubric's parameters, at least one."""
        value = self.params.get(name)
        if not isinstance(value, list | tuple) or not value or any(code not in known for code in value):
            raise BadParameter(rule=self.rule, name=name)
        return list(value)

    def score(self, share: Fraction) -> Fraction:
        """`share` of the scale, at most the cap and at least 0."""
        return max(Fraction(0), min(self.param("cap"), self.scale_max * share))

    def _exact(self, value: object, name: str) -> Fraction:
        try:
            return exact(value)
        except NotExact:
            raise BadParameter(rule=self.rule, name=name) from None


def compute(
    rule: str,
    params: Mapping[str, object],
    figures: FoundFigures,
    targets: Targets,
    *,
    election_held: bool = True,
    scale_max: str | int = 10,
    step: str | int = "0.01",
) -> Computation:
    """Compute one indicator of one candidate.

    `params` are the rule's parameters from the rubric (decimal strings or ints; floats are refused), `switch` chooses
    the rule's other reading. `figures` are the found figures by kind, None for one judged unverifiable or outside the
    period. `targets`: the values of the cycle's target set by metric. `election_held`: without an election the group of
    election officials is left out. The value lies on `step`, half up. Raises `UnknownComputedRule` and `BadParameter`.
    """
    if rule not in RULES:
        raise UnknownComputedRule(rule=rule)
    work = _Work(rule, params, figures, targets, exact(scale_max), election_held)
    found = RULES[rule](work)
    missing, inputs = tuple(dict.fromkeys(work.missing)), tuple(work.inputs.items())
    if found is None:
        return Computation(None, None, tuple(work.steps), missing, inputs)
    grain = exact(step)
    value = to_step(found, grain)
    work.explain(N_("Value: %(value)s"), value=Score(value))
    return Computation(decimal_string(value, _decimals(grain)), found, tuple(work.steps), missing, inputs)


def ratio_capped(work: _Work) -> Fraction | None:
    """scale × min(1, covered / target), both summed over the groups that have a target.

    Figures: `<group>.covered` and `<group>.target` of `non_asn_protection`. Parameters: `groups`, `cap`, and
    `skip_group_without_target`: a found target of 0 leaves the group out, its protected people too.
    """
    kind = "non_asn_protection"
    skip = work.params.get("skip_group_without_target", False)
    groups = [g for g in work.names("groups", list(NON_ASN_GROUPS)) if work.election_held or g not in ELECTION_GROUPS]
    pairs = []
    for group in groups:
        label = Label(NON_ASN_GROUPS[group])
        target = work.figure(kind, f"{group}.target")
        if target == 0 and skip:
            work.explain(N_("No people in this group; it does not count."), (kind, f"{group}.target"), about=label)
            continue
        covered = work.figure(kind, f"{group}.covered")
        if covered is not None and target is not None:
            figures = ((kind, f"{group}.covered"), (kind, f"{group}.target"))
            work.explain(N_("Protected: %(a)s of %(b)s"), *figures, about=label, a=People(covered), b=People(target))
            pairs.append((covered, target))
    if work.missing:
        return None
    covered_sum, target_sum = sum(pair[0] for pair in pairs), sum(pair[1] for pair in pairs)
    if not target_sum:
        for group in groups:
            work.miss(kind, f"{group}.target")
        return None
    share = Fraction(covered_sum, target_sum)
    message = N_("All groups together: %(a)s of %(b)s = %(percent)s")
    work.explain(message, a=People(covered_sum), b=People(target_sum), percent=Percent(HUNDRED * share))
    return work.score(min(Fraction(1), share))


def person_months_share(work: _Work) -> Fraction | None:
    """scale × min(1, (person-months / (months × target people)) / benchmark share).

    Person-months: the sum of found people × found months over the lines of `vulnerable_workers`, whatever the source of
    the money. Figures: `target.people` and the lines. Parameters: `months` (12), `benchmark_share`, `cap`.
    """
    kind = "vulnerable_workers"
    paid = _person_months(work, kind)
    target = work.figure(kind, "target.people")
    if target == 0:
        work.miss(kind, "target.people")
    if not target:
        return None
    months, benchmark = work.positive("months"), work.positive("benchmark_share")
    share = paid / (months * target)
    work.explain(
        N_("%(paid)s person-months of %(months)s × %(people)s = %(percent)s"),
        (kind, "target.people"),
        paid=Count(paid),
        months=Count(int(months)),
        people=People(target),
        percent=Percent(HUNDRED * share),
    )
    work.explain(N_("The full value is reached at %(percent)s."), percent=Percent(HUNDRED * benchmark))
    return work.score(min(Fraction(1), share / benchmark))


def ratio_to_target(work: _Work) -> Fraction | None:
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


def pp_growth_linear(work: _Work) -> Fraction | None:
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


def lowest_segment_ratio(work: _Work) -> Fraction | None:
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


RULES: Mapping[str, Callable[[_Work], Fraction | None]] = {
    "ratio_capped": ratio_capped,
    "person_months_share": person_months_share,
    "ratio_to_target": ratio_to_target,
    "pp_growth_linear": pp_growth_linear,
    "lowest_segment_ratio": lowest_segment_ratio,
}


def _total(work: _Work, *, before: bool = False) -> Coverage | None:
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


def _segments(work: _Work, codes: Sequence[str], *, before: bool) -> dict[str, Segment] | None:
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


def _miss_targets(work: _Work, codes: Sequence[str]) -> None:
    for code in codes:
        work.miss("coverage", f"{code}.target")


def _person_months(work: _Work, kind: str) -> int:
    """The sum of people × months over the lines that count.

    A line counts when its people and its months were found and its decree was not judged unverifiable or outside the
    period.
    """
    figures = work.figures.get(kind, {})
    lines = sorted({line for line in map(line_key_of, figures) if line is not None})
    total = 0
    for line in lines:
        keys = (f"lines.{line}.people", f"lines.{line}.months")
        people, months = (_number(figures.get(key)) for key in keys)
        refs = tuple((kind, key) for key in keys)
        if people is None or months is None or figures.get(f"lines.{line}.decree_date", "") is None:
            work.explain(N_("A line that could not be verified for the period does not count."), *refs)
            continue
        work.inputs |= {FigureRef(*refs[0]): people, FigureRef(*refs[1]): months}
        total += people * months
        work.explain(
            N_("%(people)s × %(months)s months = %(paid)s person-months"),
            *refs,
            people=People(people),
            months=Count(months),
            paid=Count(people * months),
        )
    return total


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _decimals(step: Fraction) -> int:
    """How many decimals the multiples of a step need: 0.01 needs 2, 0.25 needs 2, 1 needs none."""
    decimals = 0
    while (step * 10**decimals).denominator != 1:
        decimals += 1
    return decimals
