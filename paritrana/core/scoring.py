"""From marks to points: the one place in the house where a mark becomes points.

Marks lie on the steps of the scale, so a mark is counted in whole steps above the minimum and everything between the
mark and the points stays a whole number; one fraction per indicator is made at the end.
Source: docs/method.md, section 3.
"""

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from paritrana.core.errors import BadInput
from paritrana.core.rounding import quantise
from paritrana.core.rubric import COMPUTED_SUBTOTAL, PanelAggregate, Rubric, Scale, Source
from paritrana.core.words import N_


class OffScale(BadInput):
    """A value lies outside the scale or between two of its steps. Params: `value`, `scale`."""

    code = "off_scale"
    message = N_("%(value)s is not on the scale of %(scale)s.")

    def __init__(self, value: Decimal | Fraction, scale: Scale) -> None:
        super().__init__(f"{value} is not on the scale of {scale}", value=str(value), scale=str(scale))


class NotOnSheet(BadInput):
    """A value was given for an indicator that no assessor marks. Params: `indicator`."""

    code = "not_on_sheet"
    message = N_("No assessor marks the indicator %(indicator)s.")


def steps_above(value: Decimal | Fraction, scale: Scale) -> int:
    """How many steps `value` lies above the scale's minimum. Raises `OffScale`: a wrong figure is never clipped."""
    steps = _share(value, scale) * scale.steps
    if steps.denominator != 1:
        raise OffScale(value, scale)
    return steps.numerator


def points(value: Decimal | Fraction, weight: Fraction, scale: Scale) -> Fraction:
    """What an indicator earns, exact: weight * (value - min) / (max - min), in points of the rubric's total.

    `value` is a panel score or a computed value on `scale`; `weight` is in points after any spreading.
    Raises `OffScale` when the value lies outside the scale. Source: docs/method.md, section 3.
    """
    return points_of_share(_share(value, scale), weight)


def points_of_share(share: Fraction, weight: Fraction) -> Fraction:
    """`weight * share`, where `share` is the way covered from the scale's minimum to its maximum (0 to 1)."""
    # Written out, because the product of two Fractions looks for common factors three times.
    return Fraction(weight.numerator * share.numerator, weight.denominator * share.denominator)


def _share(value: Decimal | Fraction, scale: Scale) -> Fraction:
    share = (Fraction(value) - Fraction(scale.low)) / scale.length
    if not 0 <= share <= 1:
        raise OffScale(value, scale)
    return share


def panel_share(marks: Sequence[int], scale: Scale, aggregate: PanelAggregate) -> Fraction:
    """The panel score of one indicator as a share of the scale (0 to 1), from marks in steps above the minimum.

    `mean` takes at least one mark; `trimmed_mean` at least three, of which one lowest and one highest are dropped.
    """
    if aggregate == PanelAggregate.MEAN:
        return Fraction(sum(marks), len(marks) * scale.steps)
    return Fraction(sum(marks) - min(marks) - max(marks), (len(marks) - 2) * scale.steps)


def panel_score(marks: Sequence[Decimal], scale: Scale, aggregate: PanelAggregate) -> Fraction:
    """The panel score of one indicator on the scale, exact; `marks` as for `panel_share`, but as typed."""
    share = panel_share([steps_above(mark, scale) for mark in marks], scale, aggregate)
    return Fraction(scale.low) + share * scale.length


def effective_weights(rubric: Rubric, not_applicable: Collection[str] = ()) -> dict[str, Fraction]:
    """The weight of every applicable indicator for one candidate, in points and in the rubric's order.

    The weight of an indicator that is not applicable goes to the applicable indicators of the same aspect, in
    proportion to their weights. An aspect without any applicable indicator gives its weight to nobody.
    """
    if not not_applicable:
        return dict(rubric.weights)
    factors: dict[str, Fraction] = {}
    for aspect, indicators in rubric.by_aspect.items():
        applicable = sum(rubric.weights[one.code] for one in indicators if one.code not in not_applicable)
        if applicable:
            factors[aspect] = sum(rubric.weights[one.code] for one in indicators) / Fraction(applicable)
    return {
        one.code: rubric.weights[one.code] * factors[one.aspect]
        for one in rubric.indicators
        if one.code not in not_applicable
    }


def subtotal(points_of: Mapping[str, Fraction], element: str, rubric: Rubric) -> Fraction:
    """The quantised points of the indicators that `element` of a tie-break names; those not applicable add 0.

    `element` is `source:computed`, `stage:CODE`, `aspect:CODE` or `indicator:CODE`.
    """
    kind, _, code = element.partition(":")
    return quantise(
        sum(
            (
                points_of[one.code]
                for one in rubric.indicators
                if one.code in points_of
                and (
                    one.source == Source.COMPUTED
                    if element == COMPUTED_SUBTOTAL
                    else {"stage": one.stage, "aspect": one.aspect, "indicator": one.code}[kind] == code
                )
            ),
            Fraction(0),
        )
    )


def sheet_points(
    rubric: Rubric,
    marks: Mapping[str, Decimal | None],
    *,
    caps: Mapping[str, Decimal] | None = None,
    not_applicable: Collection[str] = (),
) -> tuple[Fraction, Fraction]:
    """The points of the marked indicators of one sheet, and the most these same indicators can earn.

    `marks` gives each indicator's value, None where it is abstained or unmarked; `caps` and `not_applicable` are those
    of the candidate. Neither number is quantised and neither enters a ranking; the quorum plays no part.
    Raises `NotOnSheet` for an indicator that no assessor marks and `OffScale` for a wrong value.
    """
    weights = effective_weights(rubric, not_applicable)
    earned = most = Fraction(0)
    for code, value in marks.items():
        if code not in rubric.by_code or rubric.by_code[code].source != Source.PANEL:
            raise NotOnSheet(indicator=code)
        if value is None or code in not_applicable:
            continue
        steps = capped([steps_above(value, rubric.scale)], (caps or {}).get(code), rubric.scale)
        earned += points_of_share(panel_share(steps, rubric.scale, PanelAggregate.MEAN), weights[code])
        most += weights[code]
    return earned, most


def capped(marks: Sequence[int], cap: Decimal | None, scale: Scale) -> Sequence[int]:
    """`marks` in steps, each at most the candidate's `cap` on the indicator, where there is one."""
    if cap is None:
        return marks
    limit = steps_above(cap, scale)
    return [min(mark, limit) for mark in marks]
