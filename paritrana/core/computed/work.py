"""One computation under way: the figures a rule may read, and what it read, missed and explained."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

from paritrana.core.errors import BadInput
from paritrana.core.quantities import Decimals, NotExact, Percent, Quantity, Score, exact
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


# The rubric's names of inputs -> the figure that carries them. Inputs that a rule reads as a whole (groups, segments,
# lines) have no single figure and stand in the rule itself.
INPUTS: Mapping[str, FigureRef] = {
    "registered_workers": FigureRef("compliance", "workers.registered"),
    "total_workers": FigureRef("compliance", "workers.total"),
    "workers_wage_matched": FigureRef("compliance", "workers.wage_matched"),
    "workers_with_digital_account": FigureRef("compliance", "workers.digital_account"),
    "months_on_time": FigureRef("compliance", "payments.months_on_time"),
    "max_arrears_months": FigureRef("compliance", "payments.arrears_months"),
    "vendors_verified": FigureRef("compliance", "vendors.verified"),
    "vendors_total": FigureRef("compliance", "vendors.total"),
    "has_contract_clause": FigureRef("compliance", "vendors.contract_clause"),
    "informs_staff": FigureRef("compliance", "awareness.informs_staff"),
    "since_hiring": FigureRef("compliance", "awareness.since_hiring"),
    "safety_basics": FigureRef("compliance", "awareness.safety_basics"),
    "posts_claim_flow": FigureRef("compliance", "awareness.posts_claim_flow"),
    "membership_3_years": FigureRef("compliance", "awareness.membership_3_years"),
    "units_with_regulation": FigureRef("regulation", "units.with_regulation"),
    "units_total": FigureRef("regulation", "units.total"),
    "units_at_target": FigureRef("coverage", "units.at_target"),
    "active_participants_total": FigureRef("coverage", "residents.participants"),
    "working_residents": FigureRef("coverage", "residents.working"),
    "nik_valid": FigureRef("beneficiary_list", "records.valid"),
    "nik_submitted": FigureRef("beneficiary_list", "records.submitted"),
    "has_perisai": FigureRef("beneficiary_list", "services.perisai"),
    "has_outreach": FigureRef("beneficiary_list", "services.outreach"),
    "has_registration_help": FigureRef("beneficiary_list", "services.registration_help"),
    "has_claim_help": FigureRef("beneficiary_list", "services.claim_help"),
}


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
class Work:
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
        value = whole_number(self.figures.get(kind, {}).get(key))
        if value is None:
            self.miss(kind, key)
        else:
            self.inputs[FigureRef(kind, key)] = value
        return value

    def answer(self, kind: str, key: str) -> bool | None:
        """A mandatory yes or no: found, or noted as missing."""
        value = self.figures.get(kind, {}).get(key)
        if value not in ("yes", "no"):
            self.miss(kind, key)
            return None
        self.inputs[FigureRef(kind, key)] = value
        return value == "yes"

    def inputs_named(self) -> tuple[str, ...]:
        """The rubric's names of this rule's inputs; empty where it names none."""
        names = self.params.get("inputs", ())
        return tuple(str(name) for name in names) if isinstance(names, list | tuple) else ()

    def named_inputs(self, number: int) -> tuple[FigureRef, ...]:
        """The figures behind the rubric's `inputs`, exactly `number` of them. Raises `BadParameter`."""
        names = self.params.get("inputs")
        if not isinstance(names, list | tuple) or len(names) != number or any(name not in INPUTS for name in names):
            raise BadParameter(rule=self.rule, name="inputs")
        return tuple(INPUTS[name] for name in names)

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
        """`share` of the scale, at most the cap and at least 0; the step that says so carries the same numbers."""
        cap, scaled = self.param("cap"), self.scale_max * share
        reached = max(Fraction(0), min(cap, scaled))
        numbers: dict[str, Quantity] = {
            "scale": Decimals(self.scale_max),
            "share": Percent(HUNDRED * share),
            "result": Score(scaled),
        }
        if reached == scaled:
            self.explain(N_("%(scale)s × %(share)s = %(result)s"), **numbers)
        elif scaled < 0:
            self.explain(N_("%(scale)s × %(share)s = %(result)s, which counts as 0"), **numbers)
        else:
            message = N_("%(scale)s × %(share)s = %(result)s, which counts as the most possible, %(cap)s")
            self.explain(message, **numbers, cap=Score(cap))
        return reached

    def _exact(self, value: object, name: str) -> Fraction:
        try:
            return exact(value)
        except NotExact:
            raise BadParameter(rule=self.rule, name=name) from None


def whole_number(value: object) -> int | None:
    """A whole number of zero or more, or None."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
