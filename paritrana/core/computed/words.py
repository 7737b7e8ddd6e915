"""Every rule in words: one sentence of what it does, and its formula with the numbers of the rubric.

The formula is told from the same parameters that the rule reads, by the same reader, so that a page cannot show other
numbers than the ones that count. What a computation did with the figures of a candidate is told by its own steps.
"""

from collections.abc import Callable, Mapping
from fractions import Fraction

from paritrana.core.computed.lists import thresholds
from paritrana.core.computed.work import HUNDRED, INPUTS, FigureRef, Step, UnknownComputedRule, Work
from paritrana.core.evidence import KINDS
from paritrana.core.evidence.choices import PROGRAMMES
from paritrana.core.quantities import Count, Decimals, Label, Months, People, Percent, Points, Quantity, exact
from paritrana.core.words import N_

# What each rule does, in one sentence without numbers.
WORDS: Mapping[str, str] = {
    "ratio_capped": N_(
        "People protected divided by people targeted, all groups together; everybody protected gives the full value."
    ),
    "person_months_share": N_(
        "Paid person-months of vulnerable workers divided by twelve months for all of them; "
        "the full value is reached at the share that the rubric sets."
    ),
    "ratio_to_target": N_(
        "Coverage of workers divided by the target of the cycle; reaching the target gives the full value."
    ),
    "pp_growth_linear": N_(
        "Rise of coverage in percentage points from one December to the next, on the same number of target workers; "
        "the full value is reached at the rise that the rubric sets."
    ),
    "lowest_segment_ratio": N_("Coverage of the weakest segment of workers divided by the target of the cycle."),
    "share_of_units": N_("Units that fulfil the condition divided by all units; all of them give the full value."),
    "percent_div_10": N_("Active participants as a percentage of the working residents, read on the scale."),
    "person_months_vs_lower_of": N_(
        "Paid person-months of vulnerable workers divided by a whole year for the lower of two numbers: "
        "a fixed number of people and a share of the working residents."
    ),
    "on_time_months": N_(
        "Months paid on time divided by the months of the year; arrears lower the most that is given."
    ),
    "programme_completeness": N_(
        "Nothing without the required programmes, a set value with them, the full value with all that the rubric names."
    ),
    "threshold_ladder": N_(
        "The value of the highest threshold that the verified share of the vendors reaches; "
        "below the first one the clause in the contracts counts alone."
    ),
    "checklist": N_("The same number of points for every check that is met."),
    "valid_share_plus_checks": N_(
        "Points for the share of well-formed records, and points for every service that runs in the village."
    ),
}


def in_words(
    rule: str, params: Mapping[str, object], *, scale_max: str | int = 10, step: str | int = "0.01"
) -> tuple[Step, ...]:
    """A rule in words: what it does, its formula with the numbers of `params`, and how the result is rounded.

    Takes what `compute` takes. Raises `UnknownComputedRule` and `BadParameter` like it.
    """
    if rule not in WORDS:
        raise UnknownComputedRule(rule=rule)
    work = Work(rule, params, {}, {}, exact(scale_max), election_held=True)
    work.explain(WORDS[rule])
    _FORMULAS[rule](work)
    work.explain(N_("The result is rounded once, half up, to a step of %(step)s."), step=_plain(exact(step)))
    return tuple(work.steps)


def label_of(ref: FigureRef) -> Label:
    """What a figure is called in the evidence; the rubric's target by its name."""
    field = KINDS[ref.kind].field(ref.key) if ref.kind in KINDS else None
    return Label(field.label if field is not None else N_("Target coverage of the cycle"))


def _plain(value: Fraction) -> Quantity:
    return Decimals(value)


def _scaled(work: Work, message: str, **params: Quantity) -> None:
    work.explain(message, scale=_plain(work.scale_max), cap=_plain(work.param("cap")), **params)


def _part_of_whole(work: Work) -> None:
    part, whole = work.named_inputs(2)
    _scaled(
        work,
        N_("%(scale)s × (%(part)s ÷ %(whole)s), at most %(cap)s"),
        part=label_of(part),
        whole=label_of(whole),
    )


def _ratio_capped(work: Work) -> None:
    if "groups" not in work.params:
        _part_of_whole(work)
        return
    _scaled(work, N_("%(scale)s × (people protected ÷ people targeted, both summed over the groups), at most %(cap)s"))


def _person_months_share(work: Work) -> None:
    donated = "donated_person_months" in work.inputs_named()
    people = INPUTS["total_workers"] if donated else FigureRef("vulnerable_workers", "target.people")
    _scaled(
        work,
        N_("%(scale)s × (person-months paid ÷ (%(months)s × %(people)s)) ÷ %(benchmark)s, at most %(cap)s"),
        months=Months(work.positive("months")),
        people=label_of(people),
        benchmark=Percent(HUNDRED * work.positive("benchmark_share")),
    )


def _ratio_to_target(work: Work) -> None:
    if work.switched("percent_div_10"):
        _scaled(work, N_("%(scale)s × coverage ÷ %(full)s, at most %(cap)s"), full=Percent(Fraction(HUNDRED)))
    else:
        _scaled(work, N_("%(scale)s × coverage ÷ target, at most %(cap)s"))


def _pp_growth_linear(work: Work) -> None:
    floor = _plain(work.param("floor"))
    if work.switched("relative_growth"):
        _scaled(
            work,
            N_("%(scale)s × growth of the participants ÷ %(full)s, at least %(floor)s and at most %(cap)s"),
            full=Percent(work.positive("full_score_at_percent")),
            floor=floor,
        )
        return
    _scaled(
        work,
        N_("%(scale)s × rise of coverage ÷ %(full)s, at least %(floor)s and at most %(cap)s"),
        full=Points(work.positive("full_score_at_pp")),
        floor=floor,
    )


def _lowest_segment_ratio(work: Work) -> None:
    _scaled(work, N_("%(scale)s × coverage of the weakest segment ÷ target, at most %(cap)s"))


def _person_months_vs_lower_of(work: Work) -> None:
    _scaled(
        work,
        N_(
            "%(scale)s × person-months paid ÷ (%(months)s × the lower of %(fixed)s people and %(share)s of the working "
            "residents), at most %(cap)s"
        ),
        months=Months(work.positive("months")),
        fixed=People(int(work.positive("fixed_people"))),
        share=Percent(HUNDRED * work.positive("share")),
    )


def _on_time_months(work: Work) -> None:
    _scaled(
        work,
        N_("%(scale)s × months paid on time ÷ %(months)s, at most %(cap)s"),
        months=Months(work.positive("months")),
    )
    if "arrears_cap_from" in work.params:
        work.explain(
            N_("With %(months)s months of arrears or more the value is at most %(limit)s."),
            months=Months(work.param("arrears_cap_from")),
            limit=_plain(work.param("arrears_cap_score")),
        )


def _programme_completeness(work: Work) -> None:
    work.explain(
        N_("%(some)s with the required programmes, %(full)s with all that earn the full value, 0 without"),
        some=_plain(work.param("score_required")),
        full=_plain(work.param("score_full")),
    )
    for code in work.names("required", list(PROGRAMMES)):
        work.explain(N_("This programme is required."), about=Label(PROGRAMMES[code]))


def _threshold_ladder(work: Work) -> None:
    for share, points in thresholds(work):
        work.explain(
            N_("From %(share)s of the vendors verified on: %(points)s"),
            share=Percent(HUNDRED * share),
            points=_plain(points),
        )
    work.explain(
        N_("Below the first threshold: %(points)s with the clause in the contracts, 0 without it"),
        points=_plain(work.param("clause_only_score")),
    )


def _checklist(work: Work) -> None:
    work.explain(
        N_("%(points)s for each of %(n)s checks that is met, at most %(cap)s"),
        points=_plain(work.positive("points_each")),
        n=Count(len(work.inputs_named())),
        cap=_plain(work.param("cap")),
    )


def _valid_share_plus_checks(work: Work) -> None:
    valid, submitted, *services = work.named_inputs(len(work.inputs_named()))
    work.explain(
        N_("%(points)s × (%(part)s ÷ %(whole)s), plus %(each)s for each of %(n)s services that runs; at most %(cap)s"),
        points=_plain(work.positive("share_points")),
        part=label_of(valid),
        whole=label_of(submitted),
        each=_plain(work.positive("check_points")),
        n=Count(len(services)),
        cap=_plain(work.param("cap")),
    )


_FORMULAS: Mapping[str, Callable[[Work], None]] = {
    "ratio_capped": _ratio_capped,
    "person_months_share": _person_months_share,
    "ratio_to_target": _ratio_to_target,
    "pp_growth_linear": _pp_growth_linear,
    "lowest_segment_ratio": _lowest_segment_ratio,
    "share_of_units": _part_of_whole,
    "percent_div_10": _part_of_whole,
    "person_months_vs_lower_of": _person_months_vs_lower_of,
    "on_time_months": _on_time_months,
    "programme_completeness": _programme_completeness,
    "threshold_ladder": _threshold_ladder,
    "checklist": _checklist,
    "valid_share_plus_checks": _valid_share_plus_checks,
}
