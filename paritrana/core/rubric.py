"""What is judged and how much each part weighs. A `Rubric` that exists is consistent: a wrong one cannot be made.

Source: docs/method.md, section 2.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from typing import Final

from paritrana.core.errors import BadInput
from paritrana.core.rounding import BadDecimal, decimal_text, parse_decimal
from paritrana.core.words import N_

CODE: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
QUANTUM_TEXT: Final = "0.01"
DECISION: Final = "decision"
COMPUTED_SUBTOTAL: Final = "source:computed"

NOT_A_CODE: Final = N_("A code has 1 to 64 characters out of A-Z, a-z, 0-9, point, underscore and hyphen.")


class Source(StrEnum):
    """Where the value of an indicator comes from: assessors mark it, or a named rule derives it."""

    PANEL = "panel"
    COMPUTED = "computed"


class PanelAggregate(StrEnum):
    """How the marks of a panel become one value."""

    MEAN = "mean"
    TRIMMED_MEAN = "trimmed_mean"


class BadRubric(BadInput):
    """A rubric that contradicts itself. `pointer` is a JSON pointer inside it, `sentence` says what is wrong."""

    code = "bad_rubric"
    message = N_("The rubric cannot be used. %(sentence)s")

    def __init__(self, pointer: str, sentence: str) -> None:
        super().__init__(f"{pointer}: {sentence}", pointer=pointer, sentence=sentence)
        self.pointer = pointer
        self.sentence = sentence


@dataclass(frozen=True)
class Scale:
    """The values a mark may take: from `low` to `high` in steps that count from `low`."""

    low: Decimal
    high: Decimal
    step: Decimal

    @cached_property
    def length(self) -> Fraction:
        """`high - low`, exact."""
        return Fraction(self.high) - Fraction(self.low)

    @cached_property
    def steps(self) -> int:
        """How many steps lead from `low` to `high`; a consistent scale has no rest."""
        return int(self.length / Fraction(self.step))

    def __str__(self) -> str:
        return f"{decimal_text(self.low)} to {decimal_text(self.high)} in steps of {decimal_text(self.step)}"


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of the award's year in which indicators are judged: documents, interview."""

    code: str
    title: str


@dataclass(frozen=True, slots=True)
class Aspect:
    """A group of indicators; the weight of one that is not applicable stays inside its aspect."""

    code: str
    title: str


@dataclass(frozen=True, slots=True)
class Indicator:
    """One thing that is judged. `weight` is in points of the rubric's total."""

    code: str
    title: str
    stage: str
    aspect: str
    weight: Decimal
    source: Source


@dataclass(frozen=True, slots=True)
class Gate:
    """A condition that a candidate meets or fails; a failed one excludes it from the ranking."""

    code: str
    title: str


@dataclass(frozen=True)
class Rubric:
    """A version of a rubric. `total` and weights are points, `quorum` is a number of values per indicator.

    Raises `BadRubric` when codes repeat or refer to nothing, the scale does not divide into its steps, a weight is not
    above zero, or the weights do not add up to `total` exactly.
    """

    code: str
    version: int
    total: Decimal
    quorum: int
    panel_aggregate: PanelAggregate
    scale: Scale
    stages: tuple[Stage, ...]
    aspects: tuple[Aspect, ...]
    indicators: tuple[Indicator, ...]
    gates: tuple[Gate, ...] = ()
    tie_break: tuple[str, ...] = ()
    quantum: str = QUANTUM_TEXT

    def __post_init__(self) -> None:
        _check_code(self.code, "/code")
        if self.version < 1:
            raise BadRubric("/version", N_("The version is a whole number from 1 up."))
        if self.quantum != QUANTUM_TEXT:
            raise BadRubric("/quantum", f'The quantum is "{QUANTUM_TEXT}".')
        if self.quorum < 1:
            raise BadRubric("/quorum", N_("The quorum is a whole number from 1 up."))
        if self.panel_aggregate not in tuple(PanelAggregate):
            raise BadRubric("/panel_aggregate", N_('The panel aggregate is "mean" or "trimmed_mean".'))
        _check_positive(self.total, "/total", N_("The total is above zero."))
        self._check_scale()
        for name, parts in (("stages", self.stages), ("aspects", self.aspects), ("gates", self.gates)):
            _check_codes((part.code for part in parts), f"/{name}")
        self._check_indicators()
        self._check_sum()
        self._check_tie_break()

    def _check_scale(self) -> None:
        scale = self.scale
        for name, number in (("min", scale.low), ("max", scale.high), ("step", scale.step)):
            _check_decimal(number, f"/scale/{name}")
        if scale.low >= scale.high:
            raise BadRubric("/scale", N_("The minimum of the scale lies below its maximum."))
        _check_positive(scale.step, "/scale/step", N_("The step is above zero."))
        if (scale.length / Fraction(scale.step)).denominator != 1:
            raise BadRubric(
                "/scale/step", N_("The step does not divide the way from minimum to maximum without a rest.")
            )

    def _check_indicators(self) -> None:
        _check_codes((indicator.code for indicator in self.indicators), "/indicators")
        stages = {stage.code for stage in self.stages}
        aspects = {aspect.code for aspect in self.aspects}
        for place, indicator in enumerate(self.indicators):
            at = f"/indicators/{place}"
            if indicator.stage not in stages:
                raise BadRubric(f"{at}/stage", N_("The rubric has no stage with this code."))
            if indicator.aspect not in aspects:
                raise BadRubric(f"{at}/aspect", N_("The rubric has no aspect with this code."))
            if indicator.source not in tuple(Source):
                raise BadRubric(f"{at}/source", N_('The source of an indicator is "panel" or "computed".'))
            _check_positive(indicator.weight, f"{at}/weight", N_("A weight is above zero."))

    def _check_sum(self) -> None:
        if self.weights_sum != Fraction(self.total):
            raise BadRubric("/indicators", f"The weights do not add up to the total of {decimal_text(self.total)}.")

    def _check_tie_break(self) -> None:
        known = {DECISION, COMPUTED_SUBTOTAL}
        known.update(f"stage:{stage.code}" for stage in self.stages)
        known.update(f"aspect:{aspect.code}" for aspect in self.aspects)
        known.update(f"indicator:{indicator.code}" for indicator in self.indicators)
        for place, element in enumerate(self.tie_break):
            if element not in known:
                raise BadRubric(
                    f"/tie_break/{place}",
                    N_("A tie is broken by source:computed, decision, or a declared stage, aspect or indicator."),
                )
            if element in self.tie_break[:place]:
                raise BadRubric(f"/tie_break/{place}", N_("The tie-break names this element twice."))

    @cached_property
    def by_code(self) -> Mapping[str, Indicator]:
        """The indicators by their codes, in the rubric's order."""
        return {indicator.code: indicator for indicator in self.indicators}

    @cached_property
    def by_aspect(self) -> Mapping[str, tuple[Indicator, ...]]:
        """The indicators of each aspect, both in the rubric's order; an aspect may have none."""
        return {
            aspect.code: tuple(indicator for indicator in self.indicators if indicator.aspect == aspect.code)
            for aspect in self.aspects
        }

    @cached_property
    def weights(self) -> Mapping[str, Fraction]:
        """The typed weight of each indicator in points, exact."""
        return {indicator.code: Fraction(indicator.weight) for indicator in self.indicators}

    @property
    def weights_sum(self) -> Fraction:
        """What the weights add up to, exact: sums of `Decimal` would round to the precision of their context."""
        return sum(self.weights.values(), Fraction(0))

    @property
    def needed(self) -> int:
        """How many values a panel indicator needs: the quorum, and at least three where two are dropped."""
        return self.quorum if self.panel_aggregate == PanelAggregate.MEAN else max(self.quorum, 3)


class DraftRubric(Rubric):
    """A version in work: everything of a rubric holds but the sum of its weights, which may still be wrong."""

    def _check_sum(self) -> None:
        """Any sum will do."""


def _check_code(code: str, at: str) -> None:
    if not CODE.fullmatch(code):
        raise BadRubric(at, NOT_A_CODE)


def _check_codes(codes: Iterable[str], at: str) -> None:
    seen: set[str] = set()
    for place, code in enumerate(codes):
        _check_code(code, f"{at}/{place}/code")
        if code in seen:
            raise BadRubric(f"{at}/{place}/code", N_("This code is given twice."))
        seen.add(code)


def _check_decimal(number: Decimal, at: str) -> None:
    try:
        parse_decimal(decimal_text(number))
    except BadDecimal:
        raise BadRubric(at, N_("A decimal number has at most 32 characters.")) from None


def _check_positive(number: Decimal, at: str, sentence: str) -> None:
    _check_decimal(number, at)
    if number <= 0:
        raise BadRubric(at, sentence)
