"""How the value of one computed indicator comes about: formula, inputs with source and verdict, steps, result.

The computation itself is handed in, so that a page shows the very numbers that count; nothing is computed here.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from paritrana.core.computed import Computation, FigureRef, Step, in_words, label_of
from paritrana.core.errors import BadInput
from paritrana.core.evidence import KINDS, line_key_of
from paritrana.core.quantities import Label, Percent, Quantity, Text, exact
from paritrana.core.words import N_
from paritrana.cycles.models import Indicator, RubricVersion
from paritrana.nominations.rows import kinds_of
from paritrana.verification.figures import SHAPES, VERDICTS, WITHOUT_VALUE, Figure, figures_of, from_text, quantity_of
from paritrana.verification.models import Finding

CLAIMED, OPEN, TARGET = "claimed", "open", "target"

# What is known of an input, in words and as the shape of a chip.
STATES: Mapping[str, str] = {
    CLAIMED: N_("Claimed, not verified"),
    OPEN: N_("Without a verdict"),
    TARGET: N_("Set for the cycle"),
    **VERDICTS,
}
STATE_SHAPES: Mapping[str, str] = {CLAIMED: "neutral", OPEN: "open", TARGET: "neutral", **SHAPES}


@dataclass(frozen=True)
class Given:
    """One input: what it is called, what was claimed and found, what the verdict is, and where it stands."""

    ref: FigureRef
    label: Quantity
    heading: Quantity | None
    item: Quantity | None  # the title of the evidence; None for what no evidence carries
    claimed: Quantity | None
    found: Quantity | None
    state: str
    document_no: int | None = None
    page: str = ""
    missing: bool = False  # the rule asked for it in vain
    line: int | None = None  # the number of its line, where its name is not told


@dataclass(frozen=True)
class Explanation:
    """One computed indicator of one nomination, explained."""

    indicator: Indicator
    words: tuple[Step, ...]
    computation: Computation
    inputs: Sequence[Given]

    @property
    def formula(self) -> tuple[Step, ...]:
        """The words after the first sentence: the formula with the numbers of the rubric."""
        return self.words[1:]


def explained(
    indicator: Indicator,
    rubric: RubricVersion,
    computation: Computation,
    evidence: Mapping[str, Any],
    findings: Iterable[Finding] | None,
    *,
    election_held: bool,
) -> Explanation:
    """Explain a computation that was made from `evidence` (kind to stored data) and, where given, from `findings`.

    Without `findings` the inputs are claims. A rule that this version cannot tell has no words.
    """
    figures = {
        FigureRef(kind, one.key): one
        for kind in kinds_of(indicator)
        if kind in KINDS
        for one in figures_of(
            kind, evidence.get(kind) or {}, election_held=election_held, candidate=rubric.category_kind
        )
    }
    judged = None if findings is None else {FigureRef(one.kind, one.figure): one for one in findings}
    missing = set(computation.missing)
    read = [ref for step in computation.steps for ref in step.figures]
    read += [ref for ref, _value in computation.inputs] + list(computation.missing)
    values = dict(computation.inputs)
    inputs = [
        _given(ref, figures.get(ref), judged, values.get(ref), missing=ref in missing)
        for ref in dict.fromkeys(read)
        if ref.kind == "target" or ref.kind in KINDS
    ]
    return Explanation(indicator, words_of(indicator, rubric), computation, inputs)


def without_names(one: Explanation) -> Explanation:
    """The same for everybody: lines of an item are numbered in place of words that a nominee typed."""
    lines: dict[str, int] = {}
    for given in one.inputs:
        key = line_key_of(given.ref.key)
        if key is not None:
            lines.setdefault(key, len(lines) + 1)
    inputs = [
        replace(
            given,
            heading=given.heading if not isinstance(given.heading, Text) else None,
            line=lines.get(line_key_of(given.ref.key) or ""),
            claimed=None,
        )
        for given in one.inputs
    ]
    return replace(one, inputs=inputs)


def words_of(indicator: Indicator, rubric: RubricVersion) -> tuple[Step, ...]:
    """The rule of an indicator in words; the refusal in its place where this version of the rules cannot read it."""
    try:
        return in_words(
            indicator.rule or "",
            indicator.rule_params or {},
            scale_max=format(rubric.scale_max, "f"),
            step=format(rubric.scale_step, "f"),
        )
    except BadInput as refusal:
        return (Step(refusal.message, {name: Text(str(value)) for name, value in refusal.params.items()}),)


def _given(
    ref: FigureRef,
    figure: Figure | None,
    judged: Mapping[FigureRef, Finding] | None,
    value: int | str | None,
    *,
    missing: bool,
) -> Given:
    if ref.kind == "target":
        target = None if value is None else Percent(exact(value))
        return Given(ref, label_of(ref), None, None, None, target, TARGET, missing=missing)
    field = KINDS[ref.kind].field(ref.key)
    finding = None if judged is None else judged.get(ref)
    claimed = quantity_of(field, figure.claimed) if figure is not None else None
    found = None
    if finding is not None and finding.verdict not in WITHOUT_VALUE:
        found = quantity_of(field, from_text(field, finding.found))
    return Given(
        ref,
        label_of(ref),
        figure.heading if figure is not None else None,
        Label(KINDS[ref.kind].title),
        claimed,
        found,
        CLAIMED if judged is None else finding.verdict if finding is not None else OPEN,
        None if finding is None else finding.document_no,
        "" if finding is None else finding.page or "",
        missing,
    )
