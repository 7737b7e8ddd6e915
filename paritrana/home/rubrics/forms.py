"""The forms of the rubric builder; what they read becomes the form of the version, which the core checks."""

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, SelectMultipleField
from wtforms.fields import SelectChoice

from paritrana.core.computed import INPUTS
from paritrana.core.rubric import Source
from paritrana.core.rubric_form import (
    CATEGORY_KINDS,
    DATE_RULES,
    EVIDENCE_KINDS,
    LONGEST_TEXT,
    LONGEST_TITLE,
    MOST,
    OTHERS_MARKS,
    STATUSES,
)
from paritrana.core.rubric_rules import READS, RULE_DATA, Param, ParamKind, fresh_formula
from paritrana.home.rubrics import words
from paritrana.web import formats
from paritrana.web.forms import (
    ChoiceField,
    Form,
    LongTextField,
    TextField,
    TypedField,
    TypedInput,
    WholeNumberField,
    optional,
    required,
)
from paritrana.web.template_filters import current_language, own

_PRECISE: Final = re.compile(r"-?[0-9]{1,9}(?:[.,][0-9]{1,6})?", re.ASCII)
_THOUSANDS: Final = re.compile(r"[1-9][0-9]{0,2}[.,][0-9]{3}", re.ASCII)


class PreciseField(TypedField):
    """A decimal number, comma and dot both the decimal sign, at most six decimals; `data` is its plain text."""

    widget = TypedInput("decimal")

    def read(self, text: str) -> str:
        plain = text.strip()
        if not _PRECISE.fullmatch(plain) or _THOUSANDS.fullmatch(plain):
            example = formats.number(Decimal("12.5"), current_language())
            raise formats.DecimalForm(field=self.name_in_sentence, example=example, value=formats.typed(text))
        return formats.plain_decimal(Decimal(plain.replace(",", ".")))

    def written(self, value: Any) -> str:
        return str(value).replace(".", ",") if current_language() == "id" else str(value)


class CodesField(SelectMultipleField):
    """Several of the codes on offer, as boxes to tick; `choices` are (code, label) pairs."""

    def __init__(self, label: Any = None, *, choices: Iterable[tuple[str, str]] = (), **kwargs: Any) -> None:
        super().__init__(label, choices=[SelectChoice(*choice) for choice in choices], **kwargs)


def _named(names: Mapping[str, str], codes: Iterable[str]) -> list[tuple[str, str]]:
    return [(code, _(names[code])) for code in codes]


class NewRubricForm(Form):
    """A rubric from nothing, or as a copy of a version."""

    source = ChoiceField(_l("Begin with"))
    code = TextField(_l("Code"), [required()], max_length=64)
    category = ChoiceField(_l("Kind of category"), [optional()])
    title_id = TextField(_l("Title in Indonesian"), [optional()], max_length=LONGEST_TITLE)
    title_en = TextField(_l("Title in English"), [optional()], max_length=LONGEST_TITLE)

    def __init__(self, *args: Any, sources: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.source.choices = [("", _("Nothing: an empty rubric")), *sources]
        self.category.choices = [
            ("", _("As in the version that is copied")),
            *_named(words.CATEGORY_NAMES, CATEGORY_KINDS),
        ]

    def validate(self, extra_validators: Any = None) -> bool:
        """A rubric from nothing needs its kind and its titles; a copy has them."""
        valid: bool = super().validate(extra_validators)
        if not self.source.data:
            for field in (self.category, self.title_id, self.title_en):
                if not field.data and not field.errors:
                    field.errors = [_("Enter %(field)s", field=str(field.label.text).lower())]
                    valid = False
        return valid


class ImportForm(Form):
    """A file with a rubric, and the code under which it is stored where the file's own is taken."""

    code = TextField(_l("Another code for it"), [optional()], max_length=64)


class ChooseForm(Form):
    """Which version a category in draft is judged by."""

    rubric = ChoiceField(_l("Rubric version"), [required()])


class SettingsForm(Form):
    """Everything that a version says as a whole."""

    title_id = TextField(_l("Title in Indonesian"), [required()], max_length=LONGEST_TITLE)
    title_en = TextField(_l("Title in English"), [required()], max_length=LONGEST_TITLE)
    note_id = LongTextField(_l("Note in Indonesian"), [optional()], max_length=LONGEST_TEXT)
    note_en = LongTextField(_l("Note in English"), [optional()], max_length=LONGEST_TEXT)
    category = ChoiceField(_l("Kind of category"), [required()])
    status = ChoiceField(_l("Origin"), [required()])
    total = PreciseField(_l("Total of the weights"), [required()])
    scale_min = PreciseField(_l("Lowest mark"), [required()])
    scale_max = PreciseField(_l("Highest mark"), [required()])
    scale_step = PreciseField(_l("Step between marks"), [required()])
    panel_size = WholeNumberField(_l("Size of the panel"), [required()])
    quorum = WholeNumberField(_l("Quorum"), [required()])
    panel_aggregate = ChoiceField(_l("Panel score"), [required()])
    consolidation_spread = PreciseField(_l("Spread for a second scoring"), [required()])
    counted_round = ChoiceField(_l("Round that counts"), [required()])
    others_marks = ChoiceField(_l("Assessors see the marks of the others"), [required()])
    named_marks = ChoiceField(_l("How the marks of the others are shown"), [required()])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.category.choices = _named(words.CATEGORY_NAMES, CATEGORY_KINDS)
        self.status.choices = _named(words.STATUS_NAMES, STATUSES)
        self.panel_aggregate.choices = _named(words.AGGREGATES, words.AGGREGATES)
        self.counted_round.choices = _named(words.ROUNDS, ("2", "1"))
        self.others_marks.choices = _named(words.OTHERS, OTHERS_MARKS)
        self.named_marks.choices = _named(words.NAMED, ("no", "yes"))

    @staticmethod
    def of(form: Mapping[str, Any]) -> dict[str, Any]:
        """The values of the page for a version."""
        same = ("title_id", "title_en", "category", "status", "total", "panel_size", "quorum", "panel_aggregate",
                "consolidation_spread")  # fmt: skip
        values = {name: form[name] for name in same} | {f"scale_{name}": form["scale"][name] for name in form["scale"]}
        return values | {
            "note_id": form.get("note_id", ""), "note_en": form.get("note_en", ""),
            "counted_round": str(form.get("counted_round", 2)), "others_marks": form.get("others_marks", "all_in"),
            "named_marks": "yes" if form.get("named_marks") else "no",
        }  # fmt: skip

    def applied(self, form: Mapping[str, Any]) -> dict[str, Any]:
        """The form of the version with what was typed."""
        same = ("title_id", "title_en", "note_id", "note_en", "category", "status", "total", "panel_size", "quorum",
                "panel_aggregate", "consolidation_spread", "others_marks")  # fmt: skip
        found = {**form, **{name: self[name].data for name in same if self[name].data not in (None, "")}}
        for name in ("note_id", "note_en"):
            if not self[name].data:
                found.pop(name, None)
        return found | {
            "scale": {name: self[f"scale_{name}"].data for name in ("min", "max", "step")},
            "counted_round": int(self.counted_round.data),
            "named_marks": self.named_marks.data == "yes",
        }


class PartsForm(Form):
    """Stages, aspects or conditions, one row each and an empty one; the fields are added by `parts_form`."""

    rows = 0

    def applied(self, form: Mapping[str, Any], group: str, *, without: int | None = None) -> dict[str, Any]:
        """The form of the version with the rows as typed; rows without any entry are left out."""
        before = form[group]
        found = []
        for place in range(self.rows):
            typed = {name: self[f"{name}-{place}"].data or "" for name in ("code", "title_id", "title_en")}
            if place == without or not any(typed.values()):
                continue
            kept = next((one for one in before if one["code"] == typed["code"]), None)
            kept = kept or (before[place] if place < len(before) else {})
            more = {"basis": "proposal", "basis_sources": []} if group == "gates" else {}
            found.append({**more, **kept, **typed})
        return renamed({**form, group: found}, group, self._renames(before))

    def _renames(self, before: Sequence[Mapping[str, Any]]) -> dict[str, str]:
        """Codes that were typed over, by the old one."""
        typed = {place: self[f"code-{place}"].data or "" for place in range(self.rows)}
        return {
            one["code"]: typed[place]
            for place, one in enumerate(before)
            if place in typed and typed[place] and typed[place] != one["code"] and one["code"] not in typed.values()
        }


def renamed(form: Mapping[str, Any], group: str, names: Mapping[str, str]) -> dict[str, Any]:
    """The same form with everything that refers to a renamed part following it."""
    kind = {"stages": "stage", "aspects": "aspect", "indicators": "indicator"}.get(group)
    if kind is None or not names:
        return dict(form)
    ties = [
        f"{kind}:{names[element.partition(':')[2]]}"
        if element.partition(":")[0] == kind and element.partition(":")[2] in names
        else element
        for element in form["tie_break"]
    ]
    found = {**form, "tie_break": ties}
    if kind != "indicator":
        found["indicators"] = [{**one, kind: names.get(one[kind], one[kind])} for one in form["indicators"]]
    return found


def parts_form(parts: Sequence[Mapping[str, Any]], *, version: int, sent: bool) -> PartsForm:
    """The form of the rows of one group."""
    rows = _rows_sent("code", MOST["aspects"] + 1) if sent else len(parts) + 1
    fields: dict[str, Any] = {"rows": rows}
    for place in range(rows):
        fields[f"code-{place}"] = TextField(_l("Code"), [optional()], max_length=64)
        fields[f"title_id-{place}"] = TextField(_l("Title in Indonesian"), [optional()], max_length=LONGEST_TITLE)
        fields[f"title_en-{place}"] = TextField(_l("Title in English"), [optional()], max_length=LONGEST_TITLE)
    kind: Any = type("PartsForm", (PartsForm,), fields)
    data = {
        f"{name}-{place}": one[name] for place, one in enumerate(parts) for name in ("code", "title_id", "title_en")
    }
    made: PartsForm = kind() if sent else kind(formdata=None, data={**data, "version": version})
    return made


def _rows_sent(name: str, most: int) -> int:
    count = 0
    while count < most and f"{name}-{count}" in request.form:
        count += 1
    return count


class WeightsForm(Form):
    """The weight of every indicator; the fields are added by `weights_form`."""

    def applied(self, form: Mapping[str, Any]) -> dict[str, Any]:
        """The form of the version with the typed weights; an unreadable one stays as it was."""
        return {**form, "indicators": [{**one, "weight": self._weight(one)} for one in form["indicators"]]}

    def _weight(self, one: Mapping[str, Any]) -> str:
        typed = self[f"weight-{one['code']}"].data
        return str(one["weight"] if typed is None else typed)


def weights_form(form: Mapping[str, Any], *, version: int, sent: bool) -> WeightsForm:
    """The weights of a version."""
    fields = {
        f"weight-{one['code']}": PreciseField(_("Weight of %(code)s", code=one["code"]), [required()])
        for one in form["indicators"]
    }
    kind: Any = type("WeightsForm", (WeightsForm,), fields)
    data = {f"weight-{one['code']}": one["weight"] for one in form["indicators"]}
    made: WeightsForm = kind() if sent else kind(formdata=None, data={**data, "version": version})
    return made


class TiesForm(Form):
    """One more element of the chain."""

    element = ChoiceField(_l("Add to the order"), [optional()])


class FreezeForm(Form):
    """Why an open category gets a new version."""

    reason = LongTextField(_l("Reason"), [optional()], max_length=2000)
    digest = HiddenField()


class TryForm(Form):
    """One candidate's values, typed to see the total; the fields are added by `try_form`."""


def try_form(form: Mapping[str, Any]) -> TryForm:
    """The values of the address, one for each indicator; nothing of it is stored."""
    fields = {
        f"value-{one['code']}": PreciseField(f"{one['code']} {own(one, 'title')}", [optional()])
        for one in form["indicators"]
    }
    kind: Any = type("TryForm", (TryForm,), fields)
    sent = any(name in request.args for name in fields)
    made: TryForm = kind(formdata=request.args, meta={"csrf": False}) if sent else kind(formdata=None)
    return made


# The indicator -------------------------------------------------------------------------------------------------------

LISTS: Final[Mapping[str, tuple[str, ...]]] = {
    "levels": ("score", "id", "en"),
    "caps": ("code", "cap", "id", "en"),
    "evidence_required": ("code", "id", "en", "date_rule"),
}
BLANK: Final = 2  # empty rows at the end of a list


class IndicatorForm(Form):
    """One indicator; lists and the parameters of the rule are added by `indicator_form`."""

    code = TextField(_l("Code"), [required()], max_length=64)
    title_id = TextField(_l("Title in Indonesian"), [required()], max_length=LONGEST_TITLE)
    title_en = TextField(_l("Title in English"), [required()], max_length=LONGEST_TITLE)
    description_id = LongTextField(_l("Description in Indonesian"), [optional()], max_length=LONGEST_TEXT)
    description_en = LongTextField(_l("Description in English"), [optional()], max_length=LONGEST_TEXT)
    aspect = ChoiceField(_l("Aspect"), [required()])
    stage = ChoiceField(_l("Stage"), [required()])
    weight = PreciseField(_l("Weight"), [required()])
    source = ChoiceField(_l("Source of the value"), [required()])
    rule = ChoiceField(_l("Rule"), [optional()])
    rule_shown = HiddenField()
    evidence_kinds = CodesField(_l("Evidence"))

    rows: Mapping[str, int] = {}
    params: Sequence[Param] = ()

    def validate(self, extra_validators: Any = None) -> bool:
        """A computed indicator names its rule."""
        valid: bool = super().validate(extra_validators)
        if self.source.data == Source.COMPUTED and not self.rule.data:
            self.rule.errors = [_("Choose the rule that computes it")]
            valid = False
        return valid

    def applied(self, before: Mapping[str, Any]) -> dict[str, Any]:
        """The indicator with what was typed; what the page does not show stays as it was."""
        same = ("code", "title_id", "title_en", "aspect", "stage", "weight", "source")
        found: dict[str, Any] = {"basis": "proposal", "basis_sources": [], **before}
        found |= {name: self[name].data for name in same}
        found |= {name: self[name].data or "" for name in ("description_id", "description_en")}
        found |= {name: self._list(name) for name in LISTS}
        kinds = list(self.evidence_kinds.data or ())
        found.pop("formula", None)
        if self.source.data == Source.COMPUTED:
            found["formula"] = self._formula()
            kinds += [kind for kind in _kinds_read(found["formula"]) if kind not in kinds]
        found["evidence_kinds"] = [kind for kind in EVIDENCE_KINDS if kind in kinds]
        if "evidence_kinds" in before and set(before["evidence_kinds"]) == set(kinds):
            found["evidence_kinds"] = before["evidence_kinds"]
        return found

    def _list(self, name: str) -> list[dict[str, str]]:
        rows = []
        for place in range(self.rows[name]):
            typed = {part: self[f"{name}-{part}-{place}"].data or "" for part in LISTS[name]}
            if any(value for part, value in typed.items() if part != "date_rule"):
                rows.append(typed)
        return sorted(rows, key=lambda row: Decimal(row["score"] or 0)) if name == "levels" else rows

    def _formula(self) -> dict[str, Any]:
        rule = self.rule.data
        if rule != self.rule_shown.data:
            return fresh_formula(rule)
        params = {param.name: self._param(param) for param in self.params}
        inputs = [line.strip() for line in (self["inputs"].data or "").splitlines() if line.strip()]
        return {
            "rule": rule,
            "inputs": inputs,
            "params": {name: one for name, one in params.items() if one is not None},
        }

    def _param(self, param: Param) -> Any:
        typed = self[f"param-{param.name}"].data
        if param.kind is ParamKind.FLAG:
            return True if typed else None
        if param.kind is ParamKind.LADDER:
            lines = (typed or "").replace(",", ".").splitlines()
            return [line.split() for line in lines if line.strip()] or None
        return typed or None


def _kinds_read(formula: Mapping[str, Any]) -> list[str]:
    kinds = [INPUTS[name].kind for name in formula["inputs"] if name in INPUTS]
    return list(dict.fromkeys([*kinds, *filter(None, [READS.get(formula["rule"])])]))


def indicator_form(
    form: Mapping[str, Any], one: Mapping[str, Any] | None, *, version: int, sent: bool
) -> IndicatorForm:
    """The form of an indicator, stored or new."""
    stored: Mapping[str, Any] = one or {}
    formula = stored.get("formula")
    rule = request.form.get("rule_shown", "") if sent else (formula or {}).get("rule", "")
    data = RULE_DATA.get(rule)
    rows = {
        name: _rows_sent(f"{name}-{parts[0]}", MOST[name] + BLANK) if sent else len(stored.get(name, ())) + BLANK
        for name, parts in LISTS.items()
    }
    fields: dict[str, Any] = {"rows": rows, "params": () if data is None else data.params}
    for name, parts in LISTS.items():
        for place in range(rows[name]):
            fields |= {f"{name}-{part}-{place}": _field(part) for part in parts}
    if data is not None:
        fields |= {f"param-{param.name}": _param_field(param) for param in data.params}
        fields["inputs"] = LongTextField(_l("Figures that the rule reads, one name in each line"), [optional()])
    kind: Any = type("IndicatorForm", (IndicatorForm,), fields)
    made: IndicatorForm = kind() if sent else kind(formdata=None, data=_values(stored, formula) | {"version": version})
    made.aspect.choices = [(part["code"], f"{part['code']} {own(part, 'title')}") for part in form["aspects"]]
    made.stage.choices = [(part["code"], own(part, "title")) for part in form["stages"]]
    made.source.choices = _named(words.SOURCES, words.SOURCES)
    made.rule.choices = [("", _("None")), *((name, _(data.label)) for name, data in RULE_DATA.items())]
    made.evidence_kinds.choices = [SelectChoice(kind, words.kind_name(kind)) for kind in EVIDENCE_KINDS]
    return made


def _field(part: str) -> Any:
    if part == "date_rule":
        return ChoiceField(_l("Date of the facts"), [optional()], choices=_named(words.DATE_RULE_NAMES, DATE_RULES))
    if part in ("score", "cap"):
        return PreciseField(_l("Mark"), [optional()])
    if part == "code":
        return TextField(_l("Code"), [optional()], max_length=64)
    label = _l("In Indonesian") if part == "id" else _l("In English")
    return TextField(label, [optional()], max_length=1000)


def _param_field(param: Param) -> Any:
    label = _(param.label)
    if param.kind is ParamKind.CODES:
        return CodesField(label, choices=_named(param.known or {}, param.known or {}))
    if param.kind is ParamKind.FLAG:
        return CodesField(label, choices=[("yes", label)])
    if param.kind is ParamKind.WORD:
        return ChoiceField(
            label, [optional()], choices=[("", _("None")), *_named(param.known or {}, param.known or {})]
        )
    if param.kind is ParamKind.LADDER:
        return LongTextField(label, [required()], max_length=500)
    return PreciseField(label, [required() if param.needed else optional()])


def _values(stored: Mapping[str, Any], formula: Mapping[str, Any] | None) -> dict[str, Any]:
    values = {name: value for name, value in stored.items() if name not in (*LISTS, "formula")}
    for name, parts in LISTS.items():
        for place, row in enumerate(stored.get(name, ())):
            values |= {f"{name}-{part}-{place}": row[part] for part in parts}
    if formula is None:
        return values
    values |= {"rule": formula["rule"], "rule_shown": formula["rule"], "inputs": "\n".join(formula["inputs"])}
    for name, value in formula["params"].items():
        flag = ["yes"] if value is True else []
        values[f"param-{name}"] = flag if isinstance(value, bool) else value
        if name == "thresholds":
            values[f"param-{name}"] = "\n".join(" ".join(step) for step in value)
    return values
