"""The written form of a rubric version, `seed/rubrics/*.json`: read strictly, written always alike, compared, summed.

A version in work may be stored with weights that do not add up and anchors that are not complete; `lacking` says what
keeps it from being frozen. Everything else is refused at once, with the JSON pointer of the place.
Source: docs/developers.md, "The form of a rubric".
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from paritrana.core.computed import INPUTS, RULES
from paritrana.core.errors import BadInput, ParitranaError
from paritrana.core.evidence import KINDS
from paritrana.core.rounding import parse_decimal
from paritrana.core.rubric import (
    CODE,
    NOT_A_CODE,
    Aspect,
    BadRubric,
    DraftRubric,
    Gate,
    Indicator,
    PanelAggregate,
    Rubric,
    Scale,
    Source,
    Stage,
)
from paritrana.core.rubric_rules import READS, BadFormula, check_formula, in_order
from paritrana.core.words import N_

Form = Mapping[str, Any]

LARGEST: Final = 512 * 1024  # bytes of a file
DEEPEST: Final = 16
LONGEST_TITLE: Final = 300  # characters
LONGEST_TEXT: Final = 4000

EVIDENCE_KINDS: Final = tuple(KINDS)
CATEGORY_KINDS: Final = ("regency_city", "province", "enterprise_large_medium", "small_micro", "village")
STATUSES: Final = ("proposal", "observed", "decided")
DATE_RULES: Final = ("in_assessment_period", "on_31_december_before", "none")
BASES: Final = ("sourced", "topic_sourced", "proposal")
OTHERS_MARKS: Final = ("own_in", "all_in", "plenary")

# How many of each there may be; the panel of a sheet and the figures are made for no more.
MOST: Final[Mapping[str, int]] = {
    "inputs": 20, "stages": 5, "aspects": 20, "indicators": 60, "gates": 20, "tie_break": 90, "levels": 12, "caps": 12,
    "evidence_required": 20, "evidence_kinds": 12, "deductions": 20, "extra_inputs": 20, "basis_sources": 20,
}  # fmt: skip

# What is in force where a file does not say it; a file that says it is written without it.
DEFAULTS: Final[Mapping[str, Any]] = {"counted_round": 2, "others_marks": "all_in", "named_marks": False}

_TEXTS: Final = ("code", "title_id", "title_en")
_KEYS: Final[Mapping[str, type]] = {
    "code": str, "version": int, "title_id": str, "title_en": str, "category": str, "status": str, "total": str,
    "quantum": str, "quorum": int, "panel_size": int, "panel_aggregate": str, "consolidation_spread": str,
    "scale": dict, "stages": list, "aspects": list, "indicators": list, "gates": list, "tie_break": list,
}  # fmt: skip
_OPTIONAL_KEYS: Final[Mapping[str, type]] = {
    "counted_round": int, "others_marks": str, "named_marks": bool, "note_id": str, "note_en": str,
}  # fmt: skip
_SCALE: Final[Mapping[str, type]] = {"min": str, "max": str, "step": str}
_INDICATOR: Final[Mapping[str, type]] = {
    "code": str, "title_id": str, "title_en": str, "aspect": str, "stage": str, "weight": str, "source": str,
    "description_id": str, "description_en": str, "levels": list, "evidence_kinds": list, "evidence_required": list,
    "basis": str, "basis_sources": list,
}  # fmt: skip
_OPTIONAL_INDICATOR: Final[Mapping[str, type]] = {
    "formula": dict, "caps": list, "deductions": list, "deductions_apply_from_score": str, "extra_inputs": list,
}  # fmt: skip
_INDICATOR_ORDER: Final = (
    *("code", "title_id", "title_en", "aspect", "stage", "weight", "source", "description_id", "description_en"),
    *("levels", "evidence_kinds", "evidence_required", "deductions", "deductions_apply_from_score", "extra_inputs"),
    *("formula", "caps", "basis", "basis_sources"),
)
_TITLED: Final[Mapping[str, type]] = dict.fromkeys(_TEXTS, str)
_GATE: Final[Mapping[str, type]] = {**_TITLED, "basis": str, "basis_sources": list}
_BILINGUAL: Final[Mapping[str, type]] = {"id": str, "en": str}
_LEVEL: Final[Mapping[str, type]] = {"score": str, **_BILINGUAL}
_CAP: Final[Mapping[str, type]] = {"code": str, "cap": str, **_BILINGUAL}
_EVIDENCE: Final[Mapping[str, type]] = {"code": str, **_BILINGUAL, "date_rule": str}
_DEDUCTION: Final[Mapping[str, type]] = {"code": str, "points": str, **_BILINGUAL}

# Texts that a person may leave empty while everything else is there.
_MAY_BE_EMPTY: Final = frozenset({"description_id", "description_en"})
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


class BadRubricForm(BadInput):
    """A rubric in a form that cannot be stored. `pointer` is a JSON pointer, the sentence says what is wrong there."""

    code = "bad_rubric_form"

    def __init__(self, pointer: str, message: str, **params: Any) -> None:
        super().__init__(f"{pointer or '(whole file)'}: {message % params}", **params)
        self.pointer = pointer
        self.message = message  # type: ignore[misc]  # this refusal has a sentence for each place, not one of its class


@dataclass(frozen=True)
class Lack:
    """One thing that keeps a version from being frozen: where, and a sentence (an English id) with its values."""

    pointer: str
    message: str
    params: Mapping[str, Any] = field(default_factory=dict)


# Reading -------------------------------------------------------------------------------------------------------------


def parse(raw: bytes) -> dict[str, Any]:
    """The form in a file, checked by `check_shape` and in its canonical order. Raises `BadRubricForm`, nothing else."""
    if len(raw) > LARGEST:
        raise BadRubricForm("", N_("The file is larger than %(most)s kB."), most=LARGEST // 1024)
    try:
        content = json.loads(
            raw.decode("utf-8"), object_pairs_hook=_unique, parse_float=_no_float, parse_constant=_no_float,
            parse_int=_whole,
        )  # fmt: skip
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError):
        raise BadRubricForm("", N_("The file is no JSON in UTF-8.")) from None
    _check_depth(content, 0)
    check_shape(content)
    return canonical_form(content)


def check_shape(content: Any) -> None:
    """Refuse with `BadRubricForm` whatever may not even be stored as a version in work."""
    _keys(content, "", _KEYS, _OPTIONAL_KEYS)
    _keys(content["scale"], "/scale", _SCALE)
    _among(content["category"], "/category", CATEGORY_KINDS)
    _among(content["status"], "/status", STATUSES)
    _among(content["panel_aggregate"], "/panel_aggregate", tuple(PanelAggregate))
    _among(content.get("others_marks", "all_in"), "/others_marks", OTHERS_MARKS)
    if content.get("counted_round", 2) not in (1, 2):
        raise BadRubricForm("/counted_round", N_("The round that counts is 1 or 2."))
    for name in ("total", "consolidation_spread"):
        _decimal(content[name], f"/{name}")
    for name in _SCALE:
        _decimal(content["scale"][name], f"/scale/{name}")
    if Decimal(content["consolidation_spread"]) < 0:
        raise BadRubricForm("/consolidation_spread", N_("The number is too small."))
    for name in ("stages", "aspects"):
        for pointer, item in _items(content, "", name):
            _keys(item, pointer, _TITLED)
    for pointer, item in _items(content, "", "gates"):
        _keys(item, pointer, _GATE)
        _check_basis(item, pointer)
    for pointer, item in _items(content, "", "tie_break"):
        _text(item, pointer)
    for pointer, item in _items(content, "", "indicators"):
        _check_indicator(item, pointer)
    try:
        core_rubric(content, draft=True)
    except BadRubric as bad:
        raise BadRubricForm(bad.pointer, bad.sentence) from None
    for pointer, item in _items(content, "", "indicators"):
        _check_scores(item, pointer, content["scale"])
    if content["quorum"] > content["panel_size"]:
        raise BadRubricForm("/quorum", N_("The quorum is no larger than the panel."))
    if content["panel_size"] > 99:
        raise BadRubricForm("/panel_size", N_("The number is too large."))


def lacking(content: Form) -> list[Lack]:
    """What keeps a stored form from being frozen, in the order of the page; empty when nothing does."""
    found = []
    sums = sums_of(content)
    if not content["indicators"]:
        found.append(Lack("/indicators", N_("There is no indicator yet.")))
    elif sums.missing:
        found.append(sums.lack())
    low, high = Decimal(content["scale"]["min"]), Decimal(content["scale"]["max"])
    for place, one in enumerate(content["indicators"]):
        scores = [Decimal(level["score"]) for level in one["levels"]]
        anchored = bool(scores) or one["source"] == Source.PANEL
        if anchored and [*scores[:1], *scores[-1:]] != [low, high]:
            message = N_("The anchors of %(code)s do not reach from the lowest to the highest value of the scale.")
            found.append(Lack(f"/indicators/{place}/levels", message, {"code": one["code"]}))
    used = {one["aspect"] for one in content["indicators"]}
    for place, aspect in enumerate(content["aspects"]):
        if aspect["code"] not in used:
            message = N_("The aspect %(code)s has no indicator.")
            found.append(Lack(f"/aspects/{place}", message, {"code": aspect["code"]}))
    if content["panel_size"] < core_rubric(content, draft=True).needed:
        found.append(Lack("/panel_size", N_("A trimmed mean needs a panel of at least three.")))
    return found


def check(content: Any) -> None:
    """Refuse with `BadRubricForm` whatever could not be frozen as it is."""
    check_shape(content)
    try:
        core_rubric(content)
    except BadRubric as bad:
        raise BadRubricForm(bad.pointer, bad.sentence) from None
    for place, one in enumerate(content["indicators"]):
        low, high = Decimal(content["scale"]["min"]), Decimal(content["scale"]["max"])
        scores = [Decimal(level["score"]) for level in one["levels"]]
        if [*scores[:1], *scores[-1:]] != [low, high]:
            raise BadRubricForm(f"/indicators/{place}/levels", RISING)


RISING: Final = N_("The anchors rise from the lowest to the highest value of the scale.")


def core_rubric(content: Form, language: str = "id", *, draft: bool = False) -> Rubric:
    """The rubric the core computes with, made of a checked form; titles in `language`. Raises `BadRubric`.

    With `draft` the weights need not add up.
    """

    def titled(item: Mapping[str, Any]) -> dict[str, str]:
        return {"code": item["code"], "title": item[f"title_{language}"]}

    scale = content["scale"]
    return (DraftRubric if draft else Rubric)(
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
                source=Source(indicator["source"]),
            )
            for indicator in content["indicators"]
        ),
        gates=tuple(Gate(**titled(gate)) for gate in content["gates"]),
        tie_break=tuple(content["tie_break"]),
        quantum=content["quantum"],
    )


def _check_indicator(item: Any, at: str) -> None:
    _keys(item, at, _INDICATOR, _OPTIONAL_INDICATOR)
    _decimal(item["weight"], f"{at}/weight")
    _among(item["source"], f"{at}/source", tuple(Source))
    _check_basis(item, at)
    if (item["source"] == Source.COMPUTED) != ("formula" in item):
        raise BadRubricForm(at, N_("A computed indicator, and only that one, has a formula."))
    for pointer, kind in _items(item, at, "evidence_kinds"):
        _among(kind, pointer, EVIDENCE_KINDS)
    if "formula" in item:
        _check_formula(item, f"{at}/formula")
    for name, keys in (("evidence_required", _EVIDENCE), ("deductions", _DEDUCTION), ("caps", _CAP)):
        codes: set[str] = set()
        for pointer, part in _items(item, at, name):
            _keys(part, pointer, keys)
            _code(part["code"], f"{pointer}/code", codes)
            if "date_rule" in keys:
                _among(part["date_rule"], f"{pointer}/date_rule", DATE_RULES)
            if "points" in keys:
                _decimal(part["points"], f"{pointer}/points")
    for pointer, name in _items(item, at, "extra_inputs"):
        _text(name, pointer)
    for pointer, part in _items(item, at, "levels"):
        _keys(part, pointer, _LEVEL)


def _check_scores(item: Any, at: str, scale: Mapping[str, str]) -> None:
    scores = [_on_scale(part["score"], f"{pointer}/score", scale) for pointer, part in _items(item, at, "levels")]
    if scores != sorted(set(scores)):
        raise BadRubricForm(f"{at}/levels", RISING)
    for pointer, part in _items(item, at, "caps"):
        _on_scale(part["cap"], f"{pointer}/cap", scale)
    if "deductions_apply_from_score" in item:
        _on_scale(item["deductions_apply_from_score"], f"{at}/deductions_apply_from_score", scale)


def _check_basis(item: Any, at: str) -> None:
    _among(item["basis"], f"{at}/basis", BASES)
    for pointer, source in _items(item, at, "basis_sources"):
        _text(source, pointer)


def _check_formula(item: Any, at: str) -> None:
    """The rule exists, can compute with its data, and what it reads comes from evidence that the indicator asks for."""
    formula = item["formula"]
    _keys(formula, at, {"rule": str, "inputs": list, "params": dict})
    _no_bare_numbers(formula["params"], f"{at}/params")
    _among(formula["rule"], f"{at}/rule", tuple(RULES))
    kinds = item["evidence_kinds"]
    for pointer, name in _items(formula, at, "inputs"):
        _text(name, pointer)
        if name in INPUTS and INPUTS[name].kind not in kinds:
            message = N_(
                "The figure %(figure)s comes from the evidence %(kind)s, which the indicator does not ask for."
            )
            raise BadRubricForm(pointer, message, figure=name, kind=INPUTS[name].kind)
    reads = READS.get(formula["rule"])
    if reads is not None and reads not in kinds:
        message = N_("The rule reads the evidence %(kind)s, which the indicator does not ask for.")
        raise BadRubricForm(f"{at}/rule", message, kind=reads)
    try:
        check_formula(formula)
    except BadFormula as bad:
        raise BadRubricForm(at + bad.pointer, bad.message, **bad.params) from None


def _keys(item: Any, at: str, needed: Mapping[str, type], allowed: Mapping[str, type] | None = None) -> None:
    """Refuse anything but an object with these keys, texts that are there, and values of these types."""
    known = {**needed, **(allowed or {})}
    if not isinstance(item, dict):
        raise BadRubricForm(at, N_("An object belongs here."))
    for name, value in item.items():
        if name not in known:
            raise BadRubricForm(f"{at}/{_escaped(name)}", N_("This key is unknown."))
        if type(value) is not known[name]:
            raise BadRubricForm(f"{at}/{name}", N_("The value has the wrong type."))
        if isinstance(value, str):
            _check_text(value, name, f"{at}/{name}")
        if isinstance(value, list) and len(value) > MOST.get(name, max(MOST.values())):
            raise BadRubricForm(f"{at}/{name}", N_("There are more than %(most)s of these."), most=MOST[name])
    for name in needed:
        if name not in item:
            raise BadRubricForm(at, N_("The key “%(key)s” is missing."), key=name)


def _check_text(value: str, name: str, at: str) -> None:
    if not value.strip() and name not in _MAY_BE_EMPTY:
        raise BadRubricForm(at, N_("The text is empty."))
    most = LONGEST_TITLE if name in ("title_id", "title_en") else LONGEST_TEXT
    if len(value) > most:
        raise BadRubricForm(at, N_("The text has more than %(most)s characters."), most=most)
    if _CONTROL.search(value):
        raise BadRubricForm(at, N_("The text has a character that cannot be shown."))


def _items(item: Mapping[str, Any], at: str, name: str) -> Iterator[tuple[str, Any]]:
    values: Sequence[Any] = item.get(name, ())
    for place, value in enumerate(values):
        yield f"{at}/{name}/{place}", value


def _text(value: Any, at: str) -> None:
    if not isinstance(value, str):
        raise BadRubricForm(at, N_("The value has the wrong type."))
    _check_text(value, "", at)


def _code(code: str, at: str, seen: set[str]) -> None:
    if not CODE.fullmatch(code):
        raise BadRubricForm(at, NOT_A_CODE)
    if code in seen:
        raise BadRubricForm(at, N_("This code is given twice."))
    seen.add(code)


def _no_bare_numbers(value: Any, at: str) -> None:
    """Refuse a number that is no text: parameters of a formula are decimals, which stay exact as texts only."""
    if type(value) is int:
        message = N_("%(number)s must be written as a text, so that it stays exact.")
        raise BadRubricForm(at, message, number=value)
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in parts:
        _no_bare_numbers(part, f"{at}/{name}")


def _among(value: Any, at: str, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise BadRubricForm(at, N_("The value is not in the list: %(allowed)s."), allowed=", ".join(allowed))


def _decimal(text: str, at: str) -> Decimal:
    try:
        return parse_decimal(text)
    except ParitranaError:
        raise BadRubricForm(at, N_("A decimal number is written such as 7.75.")) from None


def _on_scale(text: str, at: str, scale: Mapping[str, str]) -> Decimal:
    value = _decimal(text, at)
    if not Decimal(scale["min"]) <= value <= Decimal(scale["max"]):
        raise BadRubricForm(at, N_("The value lies outside the scale."))
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        double = next(name for name in names if names.count(name) > 1)
        raise BadRubricForm(f"…/{_escaped(double)}", N_("The key “%(key)s” is there twice."), key=double[:64])
    return found


def _no_float(text: str) -> Any:
    raise BadRubricForm("", N_("%(number)s must be written as a text, so that it stays exact."), number=text[:40])


def _whole(text: str) -> int:
    if len(text) > 9:  # no count of a rubric comes near
        raise BadRubricForm("", N_("%(number)s is too large."), number=text[:40])
    return int(text)


def _check_depth(value: Any, depth: int) -> None:
    if depth > DEEPEST:
        raise BadRubricForm("", N_("The file is no JSON in UTF-8."))
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _check_depth(part, depth + 1)


def _escaped(name: str) -> str:
    """A key in a JSON pointer, short and on one line."""
    shown = "".join(one if one.isprintable() else "?" for one in name[:64])
    return shown.replace("~", "~0").replace("/", "~1")


# Writing -------------------------------------------------------------------------------------------------------------


def canonical_form(content: Form) -> dict[str, Any]:
    """The same form with its keys in one order and without what says only the usual: one version, one writing."""
    found = {name: content[name] for name in _KEYS}
    found["scale"] = _pick(content["scale"], _SCALE)
    found["stages"] = [_pick(one, _TITLED) for one in content["stages"]]
    found["aspects"] = [_pick(one, _TITLED) for one in content["aspects"]]
    found["indicators"] = [_canonical_indicator(one) for one in content["indicators"]]
    found["gates"] = [_pick(one, _GATE) for one in content["gates"]]
    found["tie_break"] = list(content["tie_break"])
    for name, usual in DEFAULTS.items():
        if content.get(name, usual) != usual:
            found[name] = content[name]
    found.update({name: content[name] for name in ("note_id", "note_en") if content.get(name)})
    return found


def _canonical_indicator(one: Form) -> dict[str, Any]:
    found = {name: one[name] for name in _INDICATOR_ORDER if name in one}
    for name, keys in (
        ("levels", _LEVEL), ("evidence_required", _EVIDENCE), ("deductions", _DEDUCTION), ("caps", _CAP),
    ):  # fmt: skip
        if name in found:
            found[name] = [_pick(part, keys) for part in found[name]]
    for name in ("caps", "deductions", "extra_inputs"):
        if not found.get(name):
            found.pop(name, None)
    if "formula" in found:
        found["formula"] = in_order(found["formula"])
    return found


def _pick(item: Form, keys: Mapping[str, Any]) -> dict[str, Any]:
    return {name: item[name] for name in keys}


def dump(content: Form) -> bytes:
    """A form as the bytes of a file: the same version always gives the same bytes."""
    return (json.dumps(canonical_form(content), ensure_ascii=False, indent=1) + "\n").encode()


# Sums ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sums:
    """What the weights add up to, exact, in points: in all, by aspect, by stage, and by aspect and stage."""

    total: Fraction
    weights: Fraction
    aspects: Mapping[str, Fraction]
    stages: Mapping[str, Fraction]
    cells: Mapping[tuple[str, str], Fraction]

    @property
    def missing(self) -> Fraction:
        """What is missing to the total; below zero it is too much."""
        return self.total - self.weights

    def share(self, points: Fraction) -> Fraction:
        """Points as percent of what the weights add up to; 0 without weights."""
        return 100 * points / self.weights if self.weights else Fraction(0)

    def lack(self) -> Lack:
        """The sum in a sentence with its numbers."""
        message = (
            N_("Weights add up to %(a)s, should be %(b)s. %(c)s missing.")
            if self.missing > 0
            else N_("Weights add up to %(a)s, should be %(b)s. %(c)s too much.")
        )
        return Lack("/indicators", message, {"a": self.weights, "b": self.total, "c": abs(self.missing)})


def sums_of(content: Form) -> Sums:
    """The sums of a form whose shape was checked."""
    rubric = core_rubric(content, draft=True)

    aspects, stages = [one.code for one in rubric.aspects], [one.code for one in rubric.stages]
    cells = {(aspect, stage): Fraction(0) for aspect in aspects for stage in stages}
    for one in rubric.indicators:
        cells[one.aspect, one.stage] += Fraction(one.weight)
    return Sums(
        total=Fraction(rubric.total),
        weights=rubric.weights_sum,
        aspects={code: sum((cells[code, stage] for stage in stages), Fraction(0)) for code in aspects},
        stages={code: sum((cells[aspect, code] for aspect in aspects), Fraction(0)) for code in stages},
        cells=cells,
    )


# Comparing -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Change:
    """One key that two forms write otherwise; None where a form does not have it."""

    name: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Part:
    """An indicator, aspect, stage or gate that differs: `state` is added, removed, moved or changed."""

    group: str
    code: str
    state: str
    changes: Sequence[Change]


def differences(before: Form, after: Form) -> tuple[list[Change], list[Part]]:
    """What two forms write otherwise: the keys of the version as a whole, then its parts in the order of `after`."""
    one, two = canonical_form(before), canonical_form(after)
    whole = [name for name in (*_KEYS, *_OPTIONAL_KEYS) if name not in _GROUPS and name not in ("code", "version")]
    usual = {**DEFAULTS}
    changes = [
        Change(name, one.get(name, usual.get(name)), two.get(name, usual.get(name)))
        for name in whole
        if one.get(name, usual.get(name)) != two.get(name, usual.get(name))
    ]
    return changes, [part for group in _GROUPS for part in _parts(group, one[group], two[group])]


_GROUPS: Final = ("stages", "aspects", "indicators", "gates")


def _parts(group: str, before: Sequence[Form], after: Sequence[Form]) -> Iterator[Part]:
    old, new = {one["code"]: one for one in before}, {one["code"]: one for one in after}
    stayed_before = [code for code in old if code in new]
    stayed_after = [code for code in new if code in old]
    for code, part in new.items():
        if code not in old:
            yield Part(group, code, "added", _changes({}, part))
        elif old[code] != part:
            yield Part(group, code, "changed", _changes(old[code], part))
        elif stayed_before.index(code) != stayed_after.index(code):
            yield Part(group, code, "moved", ())
    for code, part in old.items():
        if code not in new:
            yield Part(group, code, "removed", _changes(part, {}))


def _changes(before: Form, after: Form) -> list[Change]:
    names = dict.fromkeys((*before, *after))
    return [
        Change(name, before.get(name), after.get(name))
        for name in names
        if name != "code" and before.get(name) != after.get(name)
    ]
