"""The open bundle `paritrana-ranking/1`: one JSON file with all that a stranger needs to recompute a ranking.

Reading refuses whatever the format does not name, with a JSON pointer to the place and one sentence; it never raises
anything but `BadBundle`. Writing gives the same bytes for the same contest, whatever the order of its rows.
Source: docs/method.md, section 6.
"""

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, TypeVar

from paritrana.core.errors import BadInput
from paritrana.core.ranking import (
    METHOD,
    AspectNotApplicable,
    BadContest,
    Candidate,
    Cap,
    Category,
    Computed,
    Contest,
    Cycle,
    Decision,
    GateFailed,
    Mark,
    MissingComputed,
    NotApplicable,
    Reason,
    Result,
    Row,
    rank,
)
from paritrana.core.rounding import BadDecimal, decimal_string, decimal_text, fraction_string, parse_decimal
from paritrana.core.rubric import Aspect, BadRubric, Gate, Indicator, PanelAggregate, Rubric, Scale, Source, Stage
from paritrana.core.words import N_

FORMAT: Final = "paritrana-ranking/1"
DEEPEST: Final = 32
LONGEST_INTEGER: Final = 32
WHOLE_FILE: Final = "(whole file)"

Json = Any
"""What `json` reads: objects, lists, texts, numbers, true, false, null."""

_T = TypeVar("_T")
_Kind = TypeVar("_Kind", Source, PanelAggregate)

_HIGH_OR_LOW_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_RESULT_KEYS = ("candidate", "state", "rank", "tied", "tie_broken_by", "total", "total_exact", "reasons", "points")
_REASON_KEYS: Mapping[str, tuple[str, ...]] = {
    "gate": ("gate",),
    "missing_computed": ("indicator",),
    "aspect_not_applicable": ("aspect",),
    "below_quorum": ("indicator", "found", "needed"),
}
_ALL_REASON_KEYS = {key for keys in _REASON_KEYS.values() for key in keys}


class BadBundle(BadInput):
    """A file that is no open bundle. `pointer` is a JSON pointer (empty for the whole file), `sentence` says why."""

    code = "bad_bundle"
    message = N_("This file is not a ranking bundle that can be computed. %(pointer)s: %(sentence)s")

    def __init__(self, pointer: str, sentence: str) -> None:
        self.pointer = pointer
        self.sentence = sentence
        super().__init__(str(self), pointer=_printable(pointer) or WHOLE_FILE, sentence=sentence)

    def __str__(self) -> str:
        """`POINTER: sentence`, always one line."""
        return f"{_printable(self.pointer) or WHOLE_FILE}: {self.sentence}"


@dataclass(frozen=True)
class Bundle:
    """A bundle as read: the inputs, the result rows as the file gives them, and where they come from."""

    contest: Contest
    result: list[dict[str, Json]] = field(default_factory=list)
    provenance: dict[str, str] | None = None


# --- reading ---------------------------------------------------------------------------------------------------------


def parse(raw: bytes) -> Bundle:
    """Read and check a bundle. Raises `BadBundle` and nothing else, whatever the bytes are."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise BadBundle("", "The file is not written in UTF-8.") from None
    if text.startswith("\ufeff"):
        raise BadBundle("", "The file begins with a byte-order mark.")
    doubled: list[_Doubled] = []

    def pairs_to_object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
        found = dict(pairs)
        if len(found) < len(pairs):
            doubled.append(_Doubled(found, _first_repeat(key for key, _ in pairs)))
            return doubled[-1]
        return found

    try:
        data = json.loads(
            text, object_pairs_hook=pairs_to_object, parse_constant=_refuse_constant, parse_int=_parse_integer
        )
    except json.JSONDecodeError as fault:
        raise BadBundle("", f"The file is not JSON: {fault.msg}, line {fault.lineno}.") from None
    except RecursionError:
        raise _too_deep() from None
    if doubled or _HIGH_OR_LOW_SURROGATE.search(text):
        _check_form(data)
    try:
        return _bundle(data)
    except BadBundle:
        _check_form(data)  # Nesting beyond any need makes the whole file bad, wherever the first wrong value stands.
        raise
    except BadRubric as fault:
        raise BadBundle("/rubric" + fault.pointer, fault.sentence) from None
    except BadContest as fault:
        raise BadBundle(fault.pointer, fault.sentence) from None


class _Doubled(dict[str, Json]):
    """An object in which a key stands twice."""

    def __init__(self, found: dict[str, Json], key: str) -> None:
        super().__init__(found)
        self.key = key


def _first_repeat(keys: Iterable[str]) -> str:
    seen: set[str] = set()
    return next(key for key in keys if key in seen or seen.add(key))  # type: ignore[func-returns-value]


def _refuse_constant(name: str) -> Json:
    raise BadBundle("", f"The file is not JSON: it contains {name}.")


def _parse_integer(digits: str) -> int:
    """A whole number; of one beyond any use only the length matters, so that a long one costs no time."""
    return int(digits[: LONGEST_INTEGER + 8])


def _too_deep() -> BadBundle:
    return BadBundle("", "The file is not JSON of any use: it nests too deeply.")


def _check_form(data: Json) -> None:
    """Refuse nesting beyond any need, or else the first doubled key or lone surrogate."""
    todo: list[tuple[Json, _Path | None, int]] = [(data, None, 0)]
    refusal: BadBundle | None = None
    while todo:
        value, path, depth = todo.pop()
        if depth > DEEPEST:
            raise _too_deep()
        refusal = refusal or _form_refusal(value, path)
        inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        todo.extend(reversed([(one, (path, key), depth + 1) for key, one in inside]))
    if refusal is not None:
        raise refusal


def _form_refusal(value: Json, path: "_Path | None") -> BadBundle | None:
    if path is not None and isinstance(path[1], str) and not _is_unicode(path[1]):
        return BadBundle(_pointer(path), "The key holds half of a character (a lone surrogate).")
    if isinstance(value, str) and not _is_unicode(value):
        return BadBundle(_pointer(path), "The text holds half of a character (a lone surrogate).")
    if isinstance(value, _Doubled):
        return BadBundle(_pointer((path, value.key)), "This key stands twice in its object.")
    return None


_Path = tuple[Any, str | int]
"""The path to the container, None at the top, and the key or place in it."""


def _pointer(path: _Path | None) -> str:
    parts: list[str] = []
    while path is not None:
        path, part = path
        parts.append(_escaped(str(part)))
    return "".join(f"/{part}" for part in reversed(parts))


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _printable(text: str) -> str:
    """`text` on one line, what cannot be seen written as in JSON."""
    return "".join(one if one.isprintable() else json.dumps(one)[1:-1] for one in text)


def _bundle(data: Json) -> Bundle:
    top = _object(
        data,
        "",
        ("format", "method", "cycle", "category", "rubric", "assessors", "candidates", "marks"),
        ("computed", "caps", "not_applicable", "decisions", "result", "provenance"),
    )
    _constant(top["format"], "/format", FORMAT)
    _constant(top["method"], "/method", METHOD)
    numbers = _Numbers()
    return Bundle(
        contest=Contest(
            cycle=_cycle(top["cycle"]),
            category=_category(top["category"]),
            rubric=_rubric(top["rubric"], numbers),
            assessors=_texts(top["assessors"], "/assessors"),
            candidates=_rows(top["candidates"], "/candidates", _candidate),
            marks=_marks(top["marks"], numbers),
            computed=_rows(top.get("computed", []), "/computed", lambda row, at: _computed(row, at, numbers)),
            caps=_rows(top.get("caps", []), "/caps", lambda row, at: _cap(row, at, numbers)),
            not_applicable=_rows(top.get("not_applicable", []), "/not_applicable", _not_applicable),
            decisions=_rows(top.get("decisions", []), "/decisions", _decision),
        ),
        result=list(_rows(top.get("result", []), "/result", _result_row)),
        provenance=_provenance(top["provenance"]) if "provenance" in top else None,
    )


class _Numbers(dict[str, Decimal]):
    """Decimal texts already read: a panel uses the same few marks again and again."""

    def read(self, value: Json, at: str) -> Decimal:
        text = _text(value, at)
        if text not in self:
            try:
                self[text] = parse_decimal(text)
            except BadDecimal:
                raise BadBundle(
                    at, 'A number is a text such as "7.75": digits and a point, at most 32 characters.'
                ) from None
        return self[text]


def _object(value: Json, at: str, required: Collection[str], optional: Collection[str] = ()) -> dict[str, Json]:
    if not isinstance(value, dict):
        raise BadBundle(at, "Here stands an object.")
    for key in value:
        if key not in required and key not in optional:
            raise BadBundle(f"{at}/{_escaped(key)}", "The format knows no such key here.")
    for key in required:
        if key not in value:
            raise BadBundle(at, f'The key "{key}" is missing.')
    return value


def _list(value: Json, at: str) -> list[Json]:
    if not isinstance(value, list):
        raise BadBundle(at, "Here stands a list.")
    return value


def _rows(value: Json, at: str, read: Callable[[Json, str], _T]) -> tuple[_T, ...]:
    return tuple(read(row, f"{at}/{place}") for place, row in enumerate(_list(value, at)))


def _text(value: Json, at: str) -> str:
    if not isinstance(value, str):
        raise BadBundle(at, "Here stands a text.")
    return value


def _texts(value: Json, at: str) -> tuple[str, ...]:
    return _rows(value, at, _text)


def _integer(value: Json, at: str) -> int:
    if type(value) is not int:  # JSON's true and false are whole numbers to Python.
        raise BadBundle(at, "Here stands a whole number.")
    return value


def _count(value: Json, at: str) -> int:
    number = _integer(value, at)
    if not 1 <= number < 10**LONGEST_INTEGER:
        raise BadBundle(at, f"Here stands a whole number from 1 up, of at most {LONGEST_INTEGER} digits.")
    return number


def _constant(value: Json, at: str, constant: str) -> None:
    if value != constant:
        raise BadBundle(at, f'Here stands "{constant}".')


def _one_of(value: Json, at: str, kind: type[_Kind]) -> _Kind:
    try:
        return kind(_text(value, at))
    except ValueError:
        raise BadBundle(at, "Here stands " + " or ".join(f'"{one}"' for one in kind) + ".") from None


def _cycle(value: Json) -> Cycle:
    row = _object(value, "/cycle", ("code", "assessment_year", "edition_label", "tier", "region"))
    return Cycle(
        code=_text(row["code"], "/cycle/code"),
        assessment_year=_count(row["assessment_year"], "/cycle/assessment_year"),
        edition_label=_text(row["edition_label"], "/cycle/edition_label"),
        tier=_text(row["tier"], "/cycle/tier"),
        region=_text(row["region"], "/cycle/region"),
    )


def _category(value: Json) -> Category:
    row = _object(value, "/category", ("code", "title"))
    return Category(_text(row["code"], "/category/code"), _text(row["title"], "/category/title"))


def _rubric(value: Json, numbers: _Numbers) -> Rubric:
    at = "/rubric"
    keys = ("code", "version", "total", "quantum", "quorum", "panel_aggregate", "scale", "stages", "aspects")
    row = _object(value, at, (*keys, "indicators", "tie_break"), ("gates",))
    scale = _object(row["scale"], f"{at}/scale", ("min", "max", "step"))

    def indicator(value: Json, at: str) -> Indicator:
        one = _object(value, at, ("code", "title", "stage", "aspect", "weight", "source"))
        return Indicator(
            code=_text(one["code"], f"{at}/code"),
            title=_text(one["title"], f"{at}/title"),
            stage=_text(one["stage"], f"{at}/stage"),
            aspect=_text(one["aspect"], f"{at}/aspect"),
            weight=numbers.read(one["weight"], f"{at}/weight"),
            source=_one_of(one["source"], f"{at}/source", Source),
        )

    return Rubric(
        code=_text(row["code"], f"{at}/code"),
        version=_count(row["version"], f"{at}/version"),
        total=numbers.read(row["total"], f"{at}/total"),
        quantum=_text(row["quantum"], f"{at}/quantum"),
        quorum=_count(row["quorum"], f"{at}/quorum"),
        panel_aggregate=_one_of(row["panel_aggregate"], f"{at}/panel_aggregate", PanelAggregate),
        scale=Scale(
            low=numbers.read(scale["min"], f"{at}/scale/min"),
            high=numbers.read(scale["max"], f"{at}/scale/max"),
            step=numbers.read(scale["step"], f"{at}/scale/step"),
        ),
        stages=_rows(row["stages"], f"{at}/stages", lambda value, at: Stage(*_code_and_title(value, at))),
        aspects=_rows(row["aspects"], f"{at}/aspects", lambda value, at: Aspect(*_code_and_title(value, at))),
        indicators=_rows(row["indicators"], f"{at}/indicators", indicator),
        gates=_rows(row.get("gates", []), f"{at}/gates", lambda value, at: Gate(*_code_and_title(value, at))),
        tie_break=_texts(row["tie_break"], f"{at}/tie_break"),
    )


def _code_and_title(value: Json, at: str) -> tuple[str, str]:
    row = _object(value, at, ("code", "title"))
    return _text(row["code"], f"{at}/code"), _text(row["title"], f"{at}/title")


def _candidate(value: Json, at: str) -> Candidate:
    row = _object(value, at, ("code", "name", "failed_gates"))
    return Candidate(
        code=_text(row["code"], f"{at}/code"),
        name=_text(row["name"], f"{at}/name"),
        failed_gates=_texts(row["failed_gates"], f"{at}/failed_gates"),
    )


def _marks(value: Json, numbers: _Numbers) -> tuple[Mark, ...]:
    """The marks, by a short way for a row whose number was read before; any other row takes the careful way."""
    marks: list[Mark] = []
    for place, row in enumerate(_list(value, "/marks")):
        try:
            candidate, indicator, assessor = (row["candidate"], row["indicator"], row["assessor"])
            number = numbers[row["value"]]
            plain = len(row) == 4 and type(candidate) is type(indicator) is type(assessor) is str
        except (KeyError, TypeError):
            plain = False
        marks.append(Mark(candidate, indicator, assessor, number) if plain else _mark(row, f"/marks/{place}", numbers))
    return tuple(marks)


def _mark(value: Json, at: str, numbers: _Numbers) -> Mark:
    row = _object(value, at, ("candidate", "indicator", "assessor", "value"), ("reason",))
    empty = row["value"] is None
    number = None if empty else numbers.read(row["value"], f"{at}/value")
    if empty and "reason" not in row:
        raise BadBundle(at, 'The key "reason" is missing: a mark without a value has one.')
    if not empty and "reason" in row:
        raise BadBundle(f"{at}/reason", "A mark that has a value has no reason.")
    return Mark(
        candidate=_text(row["candidate"], f"{at}/candidate"),
        indicator=_text(row["indicator"], f"{at}/indicator"),
        assessor=_text(row["assessor"], f"{at}/assessor"),
        value=number,
        reason=_text(row["reason"], f"{at}/reason") if empty else None,
    )


def _computed(value: Json, at: str, numbers: _Numbers) -> Computed:
    row = _object(value, at, ("candidate", "indicator", "value"))
    return Computed(*_cell(row, at), numbers.read(row["value"], f"{at}/value"))


def _cap(value: Json, at: str, numbers: _Numbers) -> Cap:
    row = _object(value, at, ("candidate", "indicator", "value", "reason"))
    number = numbers.read(row["value"], f"{at}/value")
    return Cap(*_cell(row, at), number, _text(row["reason"], f"{at}/reason"))


def _not_applicable(value: Json, at: str) -> NotApplicable:
    row = _object(value, at, ("candidate", "indicator", "reason"))
    return NotApplicable(*_cell(row, at), _text(row["reason"], f"{at}/reason"))


def _cell(row: dict[str, Json], at: str) -> tuple[str, str]:
    return _text(row["candidate"], f"{at}/candidate"), _text(row["indicator"], f"{at}/indicator")


def _decision(value: Json, at: str) -> Decision:
    row = _object(value, at, ("order", "reason"))
    return Decision(_texts(row["order"], f"{at}/order"), _text(row["reason"], f"{at}/reason"))


def _provenance(value: Json) -> dict[str, str]:
    if not isinstance(value, dict):
        raise BadBundle("/provenance", "Here stands an object.")
    return {key: _text(one, f"/provenance/{_escaped(key)}") for key, one in value.items()}


def _result_row(value: Json, at: str) -> dict[str, Json]:
    """Check keys and JSON types; whether the row is true is for `compare` to say."""
    row = _object(value, at, _RESULT_KEYS)
    _text(row["candidate"], f"{at}/candidate")
    _text(row["state"], f"{at}/state")
    if row["rank"] is not None:
        _integer(row["rank"], f"{at}/rank")
    if not isinstance(row["tied"], bool):
        raise BadBundle(f"{at}/tied", "Here stands true or false.")
    for key in ("tie_broken_by", "total", "total_exact"):
        if row[key] is not None:
            _text(row[key], f"{at}/{key}")
    _rows(row["reasons"], f"{at}/reasons", _result_reason)
    if not isinstance(row["points"], dict):
        raise BadBundle(f"{at}/points", "Here stands an object.")
    for key, fraction in row["points"].items():
        if type(fraction) is not str:
            raise BadBundle(f"{at}/points/{_escaped(key)}", "Here stands a text.")
    return row


def _result_reason(value: Json, at: str) -> None:
    row = _object(value, at, ("kind",), _ALL_REASON_KEYS)
    kind = _text(row["kind"], f"{at}/kind")
    if kind in _REASON_KEYS:  # One that nobody knows is a deviation like any wrong text.
        _object(row, at, ("kind", *_REASON_KEYS[kind]))
    for key, one in row.items():
        (_integer if key in ("found", "needed") else _text)(one, f"{at}/{key}")


# --- writing ---------------------------------------------------------------------------------------------------------


def build(contest: Contest, result: Result, provenance: Mapping[str, str] | None = None) -> dict[str, Json]:
    """The bundle of a contest and its result as JSON values, every list of rows in the order of its codes.

    `provenance` says where the file comes from (time of publication, digests); it takes no part in the arithmetic.
    """
    one = contest.in_order()
    rubric = one.rubric
    data: dict[str, Json] = {
        "format": FORMAT,
        "method": METHOD,
        "cycle": {
            "code": one.cycle.code,
            "assessment_year": one.cycle.assessment_year,
            "edition_label": one.cycle.edition_label,
            "tier": one.cycle.tier,
            "region": one.cycle.region,
        },
        "category": {"code": one.category.code, "title": one.category.title},
        "rubric": {
            "code": rubric.code,
            "version": rubric.version,
            "total": decimal_text(rubric.total),
            "quantum": rubric.quantum,
            "quorum": rubric.quorum,
            "panel_aggregate": str(rubric.panel_aggregate),
            "scale": {
                "min": decimal_text(rubric.scale.low),
                "max": decimal_text(rubric.scale.high),
                "step": decimal_text(rubric.scale.step),
            },
            "stages": [{"code": stage.code, "title": stage.title} for stage in rubric.stages],
            "aspects": [{"code": aspect.code, "title": aspect.title} for aspect in rubric.aspects],
            "indicators": [
                {
                    "code": indicator.code,
                    "title": indicator.title,
                    "stage": indicator.stage,
                    "aspect": indicator.aspect,
                    "weight": decimal_text(indicator.weight),
                    "source": str(indicator.source),
                }
                for indicator in rubric.indicators
            ],
            "gates": [{"code": gate.code, "title": gate.title} for gate in rubric.gates],
            "tie_break": list(rubric.tie_break),
        },
        "assessors": list(one.assessors),
        "candidates": [
            {"code": candidate.code, "name": candidate.name, "failed_gates": list(candidate.failed_gates)}
            for candidate in one.candidates
        ],
        "marks": [_mark_row(mark) for mark in one.marks],
        "computed": [
            {"candidate": row.candidate, "indicator": row.indicator, "value": decimal_text(row.value)}
            for row in one.computed
        ],
        "caps": [
            {
                "candidate": row.candidate,
                "indicator": row.indicator,
                "value": decimal_text(row.value),
                "reason": row.reason,
            }
            for row in one.caps
        ],
        "not_applicable": [row._asdict() for row in one.not_applicable],
        "decisions": [{"order": list(row.order), "reason": row.reason} for row in one.decisions],
        "result": result_rows(result),
    }
    if provenance is not None:
        data["provenance"] = dict(sorted(provenance.items()))
    return data


def _mark_row(mark: Mark) -> dict[str, Json]:
    row: dict[str, Json] = {"candidate": mark.candidate, "indicator": mark.indicator, "assessor": mark.assessor}
    if mark.value is None:
        return {**row, "value": None, "reason": mark.reason}
    return {**row, "value": decimal_text(mark.value)}


def result_rows(result: Result) -> list[dict[str, Json]]:
    """The `result` array of the bundle: totals with two decimals, exact numbers as `p/q`."""
    return [_row(row) for row in result]


def _row(row: Row) -> dict[str, Json]:
    return {
        "candidate": row.candidate,
        "state": str(row.state),
        "rank": row.rank,
        "tied": row.tied,
        "tie_broken_by": row.tie_broken_by,
        "total": None if row.total is None else decimal_string(row.total, 2),
        "total_exact": None if row.total_exact is None else fraction_string(row.total_exact),
        "reasons": [_reason(reason) for reason in row.reasons],
        "points": {code: fraction_string(earned) for code, earned in row.points.items()},
    }


def _reason(reason: Reason) -> dict[str, Json]:
    match reason:
        case GateFailed(gate):
            return {"kind": "gate", "gate": gate}
        case MissingComputed(indicator):
            return {"kind": "missing_computed", "indicator": indicator}
        case AspectNotApplicable(aspect):
            return {"kind": "aspect_not_applicable", "aspect": aspect}
    return {
        "kind": "below_quorum",
        "indicator": reason.indicator,
        "found": reason.found,
        "needed": reason.needed,
    }


def dump(data: Mapping[str, Json]) -> bytes:
    """A bundle as UTF-8 JSON: one line for each key and each row, so that two bundles can be compared line by line."""
    members = (f"  {_line(key)}: {_block(value)}" for key, value in data.items())
    return ("{\n" + ",\n".join(members) + "\n}\n").encode()


def dump_rows(rows: Sequence[Json]) -> bytes:
    """A list as UTF-8 JSON, one line for each row."""
    return (_block(rows, "") + "\n").encode()


def _block(value: Json, indent: str = "  ") -> str:
    if not isinstance(value, Sequence) or isinstance(value, str) or not value:
        return _line(value)
    return "[\n" + ",\n".join(f"{indent}  {_line(row)}" for row in value) + f"\n{indent}]"


_line = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


# --- comparing -------------------------------------------------------------------------------------------------------


def compare(bundle: Bundle) -> list[str]:
    """What the bundle's result says and the computation does not, one sentence each; empty when they agree."""
    true = result_rows(rank(bundle.contest))
    given = bundle.result
    if given == true:
        return []
    found: list[str] = []
    rows: dict[str, dict[str, Json]] = {}
    codes = {row["candidate"] for row in true}
    for row in given:
        code = row["candidate"]
        if code in rows:
            found.append(f"{_shown(code)} stands in the result more than once.")
        elif code not in codes:
            found.append(f"{_shown(code)} stands in the result and is no candidate.")
        rows.setdefault(code, row)
    for row in true:
        code = row["candidate"]
        if code in rows:
            found.extend(f"{_shown(code)}, {what}" for what in _row_differences(rows[code], row))
        else:
            found.append(f"{_shown(code)} is missing from the result.")
    # With the same rows in another order nothing was found so far.
    return found or [
        f"Row {place} of the result is {_shown(mine['candidate'])}, and by the computation {_shown(row['candidate'])}."
        for place, (mine, row) in enumerate(zip(given, true, strict=True), 1)
        if mine != row
    ]


def _row_differences(given: Mapping[str, Json], true: Mapping[str, Json]) -> Iterable[str]:
    for key, value in true.items():
        if given[key] == value:
            continue
        if key != "points":
            yield f"{key}: the bundle says {_shown(given[key])}, the computation gives {_shown(value)}."
            continue
        for code in [*value, *(code for code in given[key] if code not in value)]:
            mine, computed = given[key].get(code), value.get(code)
            if mine != computed:
                says = "nothing" if mine is None else _shown(mine)
                gives = "nothing" if computed is None else _shown(computed)
                yield f"points of {_shown(code)}: the bundle says {says}, the computation gives {gives}."


def _shown(value: Json) -> str:
    text = _printable(_line(value))
    return text if len(text) <= 80 else f"{text[:79]}…"
