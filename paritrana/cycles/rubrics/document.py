"""A rubric version as rows and as the form of its file: each is made of the other, and the digest covers the form."""

import hashlib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from paritrana.core.rounding import decimal_text
from paritrana.core.rubric_form import canonical_form
from paritrana.cycles.models import Indicator, RubricVersion
from paritrana.database import canonical

_SAME: Final = (
    "status", "title_id", "title_en", "quorum", "panel_size", "panel_aggregate", "stages", "aspects", "gates",
    "tie_break",
)  # fmt: skip
_SAME_OF_INDICATOR: Final = (
    "code", "title_id", "title_en", "description_id", "description_en", "stage", "aspect", "source", "levels",
    "evidence_required", "evidence_kinds", "basis", "basis_sources",
)  # fmt: skip
ADVICE: Final = ("deductions", "deductions_apply_from_score", "extra_inputs")


def digest_of(form: Mapping[str, Any]) -> str:
    """SHA-256 over the canonical bytes of a form."""
    return hashlib.sha256(canonical(form)).hexdigest()


def form_of(rubric: RubricVersion) -> dict[str, Any]:
    """The form of a stored version, made of its rows alone."""
    form: dict[str, Any] = {name: getattr(rubric, name) for name in _SAME}
    form |= {
        "code": rubric.code,
        "version": rubric.version,
        "category": rubric.category_kind,
        "total": decimal_text(rubric.total),
        "quantum": "0.01",
        "consolidation_spread": decimal_text(rubric.consolidation_spread),
        "scale": {
            "min": decimal_text(rubric.scale_min),
            "max": decimal_text(rubric.scale_max),
            "step": decimal_text(rubric.scale_step),
        },
        "indicators": [_indicator_form(one) for one in rubric.indicators],
        "counted_round": rubric.counted_round,
        "others_marks": rubric.others_marks,
        "named_marks": rubric.named_marks,
        "note_id": rubric.note_id,
        "note_en": rubric.note_en,
    }
    return canonical_form(form)


def _indicator_form(one: Indicator) -> dict[str, Any]:
    form: dict[str, Any] = {name: getattr(one, name) for name in _SAME_OF_INDICATOR}
    form |= {"weight": decimal_text(one.weight), "caps": one.caps, **(one.advice or {})}
    if one.rule is not None:
        params = dict(one.rule_params or {})
        form["formula"] = {"rule": one.rule, "inputs": params.pop("inputs", []), "params": params}
    return form


def write(rubric: RubricVersion, form: Mapping[str, Any]) -> None:
    """Let the rows of a version say what a canonical form says; code, number and freezing stay. Nothing is flushed.

    The indicators of a stored version must have been taken out and flushed before.
    """
    for name in _SAME:
        setattr(rubric, name, form[name])
    rubric.category_kind = form["category"]
    rubric.total = Decimal(form["total"])
    rubric.scale_min, rubric.scale_max = Decimal(form["scale"]["min"]), Decimal(form["scale"]["max"])
    rubric.scale_step = Decimal(form["scale"]["step"])
    rubric.consolidation_spread = Decimal(form["consolidation_spread"])
    rubric.counted_round = form.get("counted_round", 2)
    rubric.others_marks = form.get("others_marks", "all_in")
    rubric.named_marks = form.get("named_marks", False)
    rubric.note_id, rubric.note_en = form.get("note_id"), form.get("note_en")
    rubric.indicators = [_indicator(place, one) for place, one in enumerate(form["indicators"], start=1)]
    rubric.digest = digest_of(form)


def _indicator(position: int, form: Mapping[str, Any]) -> Indicator:
    formula = form.get("formula")
    return Indicator(
        **{name: form[name] for name in _SAME_OF_INDICATOR},
        position=position,
        weight=Decimal(form["weight"]),
        rule=None if formula is None else formula["rule"],
        rule_params=None if formula is None else {**formula["params"], "inputs": formula["inputs"]},
        caps=form.get("caps", []),
        advice={name: form[name] for name in ADVICE if name in form} or None,
    )
