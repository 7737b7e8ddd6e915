"""Reading a rubric of `seed/rubrics/`: the form the application stores, checked before anything uses it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from paritrana.core.computed import INPUTS, RULES
from paritrana.core.errors import ParitranaError
from paritrana.core.evidence import KINDS
from paritrana.core.rounding import parse_decimal
from paritrana.core.rubric import Aspect, BadRubric, Gate, Indicator, PanelAggregate, Rubric, Scale, Stage
from paritrana.core.rubric import Source as ValueSource
from paritrana.core.words import N_
from paritrana.seeding.rows import BadSeed, SeedError

EVIDENCE_KINDS: Final = tuple(KINDS)
CATEGORY_KINDS: Final = ("regency_city", "province", "enterprise_large_medium", "small_micro", "village")
DATE_RULES: Final = ("in_assessment_period", "on_31_december_before", "none")

_TEXTS: Final = ("code", "title_id", "title_en")
_KEYS: Final[Mapping[str, type]] = {
    **dict.fromkeys(
        (*_TEXTS, "category", "status", "total", "quantum", "panel_aggregate", "consolidation_spread"), str
    ),
    **dict.fromkeys(("version", "quorum", "panel_size"), int),
    **dict.fromkeys(("stages", "aspects", "indicators", "gates", "tie_break"), list),
    "scale": dict,
}
_OPTIONAL_KEYS: Final[Mapping[str, type]] = {"note_id": str, "note_en": str}
_INDICATOR: Final[Mapping[str, type]] = {
    **dict.fromkeys((*_TEXTS, "aspect", "stage", "weight", "source", "description_id", "description_en", "basis"), str),
    **dict.fromkeys(("levels", "evidence_kinds", "evidence_required", "basis_sources"), list),
}
_OPTIONAL_INDICATOR: Final[Mapping[str, type]] = {
    "formula": dict,
    "deductions_apply_from_score": str,
    **dict.fromkeys(("caps", "deductions", "extra_inputs"), list),
}
_TITLED: Final = dict.fromkeys(_TEXTS, str)
_GATE: Final[Mapping[str, type]] = {**_TITLED, "basis": str, "basis_sources": list}
_BILINGUAL: Final[Mapping[str, type]] = {"id": str, "en": str}


class _Wrong(Exception):
    """What is wrong at one JSON pointer."""

    def __init__(self, pointer: str, message: str, **params: object) -> None:
        super().__init__(message)
        self.pointer = pointer
        self.message = message
        self.params = params


def read_rubric(path: Path) -> dict[str, Any]:
    """The rubric in `path` as the application stores it: texts in both languages, decimals as texts.

    The weights add up to its total, codes refer to something declared, anchors lie on the scale. Raises `BadSeed`,
    which names the file and the JSON pointer.
    """
    name = f"{path.parent.name}/{path.name}"
    try:
        content = json.loads(path.read_bytes().decode("utf-8"), object_pairs_hook=_unique, parse_float=_no_float)
        _check_rubric(content)
    except OSError:
        raise BadSeed([SeedError(name, 0, N_("The file cannot be opened."))]) from None
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError):
        raise BadSeed([SeedError(name, 0, N_("The file is no JSON in UTF-8."))]) from None
    except _Wrong as wrong:
        raise BadSeed([SeedError(name, 0, wrong.message, wrong.params, wrong.pointer)]) from None
    checked: dict[str, Any] = content
    return checked


def core_rubric(content: Mapping[str, Any], language: str = "id") -> Rubric:
    """The rubric the core computes with, made of a checked file; titles in `language`. Raises `BadRubric`."""

    def titled(item: Mapping[str, Any]) -> dict[str, str]:
        return {"code": item["code"], "title": item[f"title_{language}"]}

    scale = content["scale"]
    return Rubric(
        code=content["code"],
        version=content["version"],
        total=parse_decimal(content["total"]),
        quorum=content["quorum"],
        panel_aggregate=PanelAggregate(content["panel_aggregate"]),
        scale=Scale(parse_decimal(scale["min"]), parse_decimal(scale["max"]), parse_decimal(scale["step"])),
        stages=tuple(Stage(**titled(stage)) for stage in content["stages"]),
        aspects=tuple(Aspect(**titled(aspect)) for aspect in content["aspects"]),
        indicators=tuple(
            Indicator(
                **titled(indicator),
                stage=indicator["stage"],
                aspect=indicator["aspect"],
                weight=parse_decimal(indicator["weight"]),
                source=ValueSource(indicator["source"]),
            )
            for indicator in content["indicators"]
        ),
        gates=tuple(Gate(**titled(gate)) for gate in content["gates"]),
        tie_break=tuple(content["tie_break"]),
        quantum=content["quantum"],
    )


def _check_rubric(content: Any) -> None:
    """Look at every part of a rubric file; raises with the pointer of the first thing that is wrong."""
    _keys(content, "", _KEYS, _OPTIONAL_KEYS)
    _keys(content["scale"], "/scale", dict.fromkeys(("min", "max", "step"), str))
    _among(content["category"], "/category", CATEGORY_KINDS)
    _among(content["status"], "/status", ("proposal", "observed"))
    _among(content["panel_aggregate"], "/panel_aggregate", tuple(PanelAggregate))
    decimals = {
        "/total": content["total"],
        "/consolidation_spread": content["consolidation_spread"],
        **{f"/scale/{name}": content["scale"][name] for name in ("min", "max", "step")},
    }
    for pointer, text in decimals.items():
        _decimal(text, pointer)
    for name in ("stages", "aspects"):
        for pointer, item in _items(content, "", name):
            _keys(item, pointer, _TITLED)
    for pointer, item in _items(content, "", "gates"):
        _keys(item, pointer, _GATE)
    for pointer, item in _items(content, "", "tie_break"):
        _text(item, pointer)
    for pointer, item in _items(content, "", "indicators"):
        _check_indicator(item, pointer, content["scale"])
    try:
        core_rubric(content)
    except BadRubric as bad:
        raise _Wrong(bad.pointer, bad.sentence.replace("%", "%%")) from None


def _check_indicator(item: Any, at: str, scale: Mapping[str, str]) -> None:
    _keys(item, at, _INDICATOR, _OPTIONAL_INDICATOR)
    _decimal(item["weight"], f"{at}/weight")
    _among(item["source"], f"{at}/source", tuple(ValueSource))
    _among(item["basis"], f"{at}/basis", ("sourced", "topic_sourced", "proposal"))
    if (item["source"] == ValueSource.COMPUTED) != ("formula" in item):
        raise _Wrong(at, N_("A computed indicator, and only that one, has a formula."))
    if "formula" in item:
        _keys(item["formula"], f"{at}/formula", {"rule": str, "inputs": list, "params": dict})
        _no_bare_numbers(item["formula"]["params"], f"{at}/formula/params")
    for pointer, kind in _items(item, at, "evidence_kinds"):
        _among(kind, pointer, EVIDENCE_KINDS)
    if "formula" in item:
        _check_inputs(item, f"{at}/formula")
    for pointer, evidence in _items(item, at, "evidence_required"):
        _keys(evidence, pointer, {"code": str, **_BILINGUAL, "date_rule": str})
        _among(evidence["date_rule"], f"{pointer}/date_rule", DATE_RULES)
    for pointer, part in _items(item, at, "deductions"):
        _keys(part, pointer, {"code": str, "points": str, **_BILINGUAL})
        _decimal(part["points"], f"{pointer}/points")
    for pointer, part in _items(item, at, "caps"):
        _keys(part, pointer, {"code": str, "cap": str, **_BILINGUAL})
        _on_scale(part["cap"], f"{pointer}/cap", scale)
    scores = []
    for pointer, level in _items(item, at, "levels"):
        _keys(level, pointer, {"score": str, **_BILINGUAL})
        scores.append(_on_scale(level["score"], f"{pointer}/score", scale))
    ends = [Decimal(scale["min"]), Decimal(scale["max"])]
    if scores != sorted(set(scores)) or [*scores[:1], *scores[-1:]] != ends:
        raise _Wrong(f"{at}/levels", N_("The anchors rise from the lowest to the highest value of the scale."))


def _check_inputs(item: Any, at: str) -> None:
    """The rule exists, and what it reads by name comes from evidence that the indicator asks for."""
    _among(item["formula"]["rule"], f"{at}/rule", tuple(RULES))
    for pointer, name in _items(item["formula"], at, "inputs"):
        _text(name, pointer)
        if name in INPUTS:
            _among(INPUTS[name].kind, pointer, item["evidence_kinds"])


def _keys(item: Any, at: str, needed: Mapping[str, type], allowed: Mapping[str, type] | None = None) -> None:
    """Refuse anything but an object with these keys, texts that are there, and values of these types."""
    known = {**needed, **(allowed or {})}
    if not isinstance(item, dict):
        raise _Wrong(at, N_("An object belongs here."))
    for name, value in item.items():
        if name not in known:
            raise _Wrong(f"{at}/{name}", N_("This key is unknown."))
        if type(value) is not known[name]:
            raise _Wrong(f"{at}/{name}", N_("The value has the wrong type."))
        if value == "":
            raise _Wrong(f"{at}/{name}", N_("The text is empty."))
    for name in needed:
        if name not in item:
            raise _Wrong(at, N_("The key “%(key)s” is missing."), key=name)


def _items(item: Mapping[str, Any], at: str, name: str) -> Iterator[tuple[str, Any]]:
    values: Sequence[Any] = item.get(name, ())
    for place, value in enumerate(values):
        yield f"{at}/{name}/{place}", value


def _text(value: Any, at: str) -> None:
    if not isinstance(value, str):
        raise _Wrong(at, N_("The value has the wrong type."))


def _no_bare_numbers(value: Any, at: str) -> None:
    """Refuse a number that is no text: parameters of a formula are decimals, which stay exact as texts only."""
    if type(value) is int:
        raise _Wrong(at, N_("%(number)s must be written as a text, so that it stays exact."), number=value)
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in parts:
        _no_bare_numbers(part, f"{at}/{name}")


def _among(value: Any, at: str, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise _Wrong(at, N_("The value is not in the list: %(allowed)s."), allowed=", ".join(allowed))


def _decimal(text: str, at: str) -> Decimal:
    try:
        return parse_decimal(text)
    except ParitranaError:
        raise _Wrong(at, N_("A decimal number is written such as 7.75.")) from None


def _on_scale(text: str, at: str, scale: Mapping[str, str]) -> Decimal:
    value = _decimal(text, at)
    low, high = Decimal(scale["min"]), Decimal(scale["max"])
    if not low <= value <= high:
        raise _Wrong(at, N_("The value lies outside the scale."))
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        double = next(name for name in names if names.count(name) > 1)
        raise _Wrong(f"…/{double}", N_("The key “%(key)s” is there twice."), key=double)
    return found


def _no_float(text: str) -> Any:
    raise _Wrong("", N_("%(number)s must be written as a text, so that it stays exact."), number=text)
