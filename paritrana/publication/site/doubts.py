"""Published figures that do not fit what was published beside them, each in one sentence.

Whether they fit is decided by `paritrana.core.evidence.plausibility`; here its answer becomes words. That numbers do
not fit says nothing of anybody's doing: another rate, a fee, a second programme or a misprint are all possible.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from flask_babel import gettext

from paritrana.core.evidence.plausibility import Verdict, judge
from paritrana.core.quantities import exact
from paritrana.reference.models import PublishedBudget, PublishedCheck, PublishedCoverage
from paritrana.web.template_filters import day, joined, money, number, percent

Figure = PublishedCoverage | PublishedBudget


def _(message: str, **params: Any) -> str:
    return str(gettext(message, **params))


@dataclass(frozen=True)
class Doubt:
    """One check that failed: what is said of it, its sources, and the printed numbers that it is about."""

    key: str
    as_of: str
    sentence: str
    source_keys: Sequence[str]
    numbers: frozenset[Fraction]

    def is_about(self, figure: Figure) -> bool:
        """Whether a published figure shows one of the numbers in doubt, read in the same source."""
        if not set(self.source_keys) & set(figure.source_key.split(";")):
            return False
        shown = (
            (figure.participants, figure.denominator, figure.percent)
            if isinstance(figure, PublishedCoverage)
            else (figure.people, figure.amount_idr)
        )
        return any(exact(one) in self.numbers for one in shown if one is not None)


def doubts_of(checks: Iterable[PublishedCheck]) -> list[Doubt]:
    """The checks whose numbers do not agree, in the order given."""
    found = []
    for check in checks:
        verdict = judge(check.rule, check.inputs, check.tolerance)
        if not verdict.consistent:
            write, about = _WRITERS[check.rule]
            found.append(
                Doubt(
                    key=check.key,
                    as_of=check.as_of,
                    sentence=write(check.inputs, verdict),
                    source_keys=check.source_key.split(";"),
                    numbers=frozenset(exact(one) for one in about(check.inputs)),
                )
            )
    return found


def doubt_about(figure: Figure, doubts: Sequence[Doubt]) -> Doubt | None:
    """The first doubt that a figure meets, where there is one."""
    return next((one for one in doubts if one.is_about(figure)), None)


Inputs = Mapping[str, Any]


def _budget_product(inputs: Inputs, verdict: Verdict) -> str:
    return _(
        "%(people)s people × %(rate)s × %(months)s months = %(expected)s; %(published)s was published, a difference of "
        "%(difference)s.",
        people=_n(inputs["people"]), rate=_rp(inputs["rate_idr"]), months=_n(inputs["months"]),
        expected=_rp(verdict.expected), published=_rp(inputs["amount_idr"]),
        difference=money(exact(verdict.difference), signed=True),
    )  # fmt: skip


def _whole_months(inputs: Inputs, verdict: Verdict) -> str:
    return _(
        "%(published)s for %(people)s people at %(rate)s a month lasts %(months)s months, which is no whole number.",
        published=_rp(inputs["amount_idr"]), people=_n(inputs["people"]), rate=_rp(inputs["rate_idr"]),
        months=number(exact(verdict.expected), 2),
    )  # fmt: skip


def _sum_of_parts(inputs: Inputs, verdict: Verdict) -> str:
    return _(
        "The published parts add up to %(expected)s; %(published)s was published as their total.",
        expected=_n(verdict.expected), published=_n(inputs["total"]),
    )  # fmt: skip


def _percent_of(inputs: Inputs, verdict: Verdict) -> str:
    return _(
        "%(count)s of %(denominator)s is %(expected)s; %(published)s was published.",
        count=_n(inputs["count"]), denominator=_n(inputs["denominator"]), expected=_pc(verdict.expected),
        published=_pc(inputs["percent"]),
    )  # fmt: skip


def _growth(inputs: Inputs, verdict: Verdict) -> str:
    return _(
        "From %(old)s to %(new)s is a growth of %(expected)s; %(published)s was published.",
        old=_n(inputs["old"]), new=_n(inputs["new"]), expected=_pc(verdict.expected),
        published=_pc(inputs["percent"]),
    )  # fmt: skip


def _difference(inputs: Inputs, verdict: Verdict) -> str:
    return _(
        "%(first)s less %(second)s is %(expected)s; %(published)s was published.",
        first=_n(inputs["minuend"]), second=_n(inputs["subtrahend"]), expected=_n(verdict.expected),
        published=_n(inputs["published"]),
    )  # fmt: skip


def _from_segments(inputs: Inputs, verdict: Verdict) -> str:
    return _(
        "The published segments give %(expected)s together; %(published)s was published.",
        expected=_pc(verdict.expected), published=_pc(inputs["percent"]),
    )  # fmt: skip


def _weekday(inputs: Inputs, verdict: Verdict) -> str:
    return _(
        "%(date)s is not a “%(published)s” as the source prints.",
        date=day(date.fromisoformat(inputs["date"]), "long"), published=inputs["weekday"],
    )  # fmt: skip


def _same_value(inputs: Inputs, verdict: Verdict) -> str:
    return _(
        "Two values were published for the same thing: %(values)s.", values=joined(_n(one) for one in inputs["values"])
    )


def _period(inputs: Inputs, verdict: Verdict) -> str:
    return _(
        "The figure belongs to %(year)s, not to the assessment year %(due)s; the two years cannot be compared.",
        year=str(inputs["figure_year"]), due=str(inputs["assessment_year"]),
    )  # fmt: skip


def _per_person(inputs: Inputs, verdict: Verdict) -> str:
    return _(
        "%(published)s for %(people)s people is more than %(most)s a person and year: the unit must be wrong.",
        published=_rp(inputs["amount_idr"]), people=_n(inputs["people"]), most=_rp(verdict.expected),
    )  # fmt: skip


def _at_least(inputs: Inputs, verdict: Verdict) -> str:
    return _(
        "%(people)s people × %(rate)s × %(months)s months = %(expected)s, less than the “more than %(published)s” that "
        "was published.",
        people=_n(inputs["people"]), rate=_rp(inputs["rate_idr"]), months=_n(inputs["months"]),
        expected=_rp(verdict.expected), published=_rp(inputs["lower_bound_idr"]),
    )  # fmt: skip


def _n(value: Any) -> str:
    found = exact(value)
    return number(found, None if found.denominator == 1 else 2)


def _rp(value: Any) -> str:
    return money(exact(value))


def _pc(value: Any) -> str:
    return percent(exact(value))


_WRITERS: Mapping[str, tuple[Callable[[Inputs, Verdict], str], Callable[[Inputs], Sequence[Any]]]] = {
    "budget_product": (_budget_product, lambda inputs: [inputs["amount_idr"]]),
    "whole_months": (_whole_months, lambda inputs: [inputs["amount_idr"]]),
    "sum_of_parts": (_sum_of_parts, lambda inputs: [inputs["total"]]),
    "percent_of": (_percent_of, lambda inputs: [inputs["percent"]]),
    "growth_percent": (_growth, lambda inputs: [inputs["percent"]]),
    "difference_of": (_difference, lambda inputs: [inputs["published"]]),
    "coverage_from_segments": (_from_segments, lambda inputs: [inputs["percent"]]),
    "weekday": (_weekday, lambda inputs: []),
    "same_value": (_same_value, lambda inputs: inputs["values"]),
    "period_lock": (_period, lambda inputs: [inputs["claimed"]]),
    "amount_per_person_max": (_per_person, lambda inputs: [inputs["amount_idr"]]),
    "at_least": (_at_least, lambda inputs: [inputs["lower_bound_idr"]]),
}
