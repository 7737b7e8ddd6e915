"""Rules over months: person-months paid for vulnerable workers, and months paid on time."""

from fractions import Fraction

from paritrana.core.computed.work import HUNDRED, INPUTS, FigureRef, Work, whole_number
from paritrana.core.evidence.specs import line_key_of
from paritrana.core.quantities import Count, Months, People, Percent, Score
from paritrana.core.words import N_

# Which evidence carries the lines of people and months, by the rubric's name of the input.
LINES = {"vulnerable_person_months_paid": "vulnerable_workers", "donated_person_months": "csr"}
DECREE_OF = {"vulnerable_workers": "decree_date", "csr": ""}


def person_months_share(work: Work) -> Fraction | None:
    """scale × min(1, (person-months / (months × people)) / benchmark share).

    Person-months: the sum of found people × found months over the lines of `vulnerable_workers` (whatever the source of
    the money), or of `csr` where the rubric's `inputs` name `donated_person_months`; the people are then the firm's own
    workers, else the target of vulnerable workers. Parameters: `months` (12), `benchmark_share`, `cap`.
    """
    donated = "donated_person_months" in work.inputs_named()
    kind = LINES["donated_person_months" if donated else "vulnerable_person_months_paid"]
    people_at = INPUTS["total_workers"] if donated else FigureRef(kind, "target.people")
    paid = _person_months(work, kind)
    target = work.figure(*people_at)
    if target == 0:
        work.miss(*people_at)
    if not target:
        return None
    months, benchmark = work.positive("months"), work.positive("benchmark_share")
    share = paid / (months * target)
    work.explain(
        N_("%(paid)s person-months of %(months)s × %(people)s = %(percent)s"),
        people_at,
        paid=Count(paid),
        months=Count(int(months)),
        people=People(target),
        percent=Percent(HUNDRED * share),
    )
    work.explain(N_("The full value is reached at %(percent)s."), percent=Percent(HUNDRED * benchmark))
    return work.score(min(Fraction(1), share / benchmark))


def person_months_vs_lower_of(work: Work) -> Fraction | None:
    """scale × min(1, person-months / (months × the lower of `fixed_people` and `share` × working residents)).

    Figures: the lines of `vulnerable_workers`, `residents.working` of `coverage`. Parameters: `months` (12),
    `fixed_people`, `share`, `cap`.
    """
    paid = _person_months(work, LINES["vulnerable_person_months_paid"])
    at = INPUTS["working_residents"]
    residents = work.figure(*at)
    if residents == 0:
        work.miss(*at)
    if not residents:
        return None
    months, fixed, part = work.positive("months"), work.positive("fixed_people"), work.positive("share")
    people = min(fixed, part * residents)
    work.explain(
        N_("Lower of %(fixed)s and %(percent)s of %(residents)s working residents: %(people)s"),
        at,
        fixed=People(int(fixed)),
        percent=Percent(HUNDRED * part),
        residents=People(residents),
        people=Score(people),
    )
    share = paid / (months * people)
    work.explain(
        N_("%(paid)s person-months are %(percent)s of a whole year for that number."),
        paid=Count(paid),
        percent=Percent(HUNDRED * share),
    )
    return work.score(min(Fraction(1), share))


def on_time_months(work: Work) -> Fraction | None:
    """scale × months on time / months; with `arrears_cap_from` months of arrears or more at most `arrears_cap_score`.

    Figures: `payments.months_on_time` and, where the rubric sets a cap, `payments.arrears_months` of `compliance`.
    Parameters: `months` (12), `cap`, and both or neither of `arrears_cap_from`, `arrears_cap_score`.
    """
    on_time = work.figure(*INPUTS["months_on_time"])
    capped = "arrears_cap_from" in work.params
    arrears = work.figure(*INPUTS["max_arrears_months"]) if capped else 0
    if on_time is None or arrears is None:
        return None
    months = work.positive("months")
    work.explain(
        N_("%(a)s of %(b)s months paid on time"), INPUTS["months_on_time"], a=Count(on_time), b=Count(int(months))
    )
    value = work.score(min(Fraction(1), Fraction(on_time) / months))
    if capped and arrears >= work.param("arrears_cap_from"):
        limit = work.param("arrears_cap_score")
        work.explain(
            N_("%(months)s months of arrears: the value is at most %(limit)s."),
            INPUTS["max_arrears_months"],
            months=Months(Fraction(arrears)),
            limit=Score(limit),
        )
        return min(value, limit)
    return value


def _person_months(work: Work, kind: str) -> int:
    """The sum of people × months over the lines that count.

    A line counts when its people and its months were found and its decree was not judged unverifiable or outside the
    period.
    """
    figures = work.figures.get(kind, {})
    lines = sorted({line for line in map(line_key_of, figures) if line is not None})
    total = 0
    for line in lines:
        keys = (f"lines.{line}.people", f"lines.{line}.months")
        people, months = (whole_number(figures.get(key)) for key in keys)
        refs = tuple((kind, key) for key in keys)
        decree = DECREE_OF[kind]
        if people is None or months is None or (decree and figures.get(f"lines.{line}.{decree}", "") is None):
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
