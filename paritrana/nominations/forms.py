"""Forms of a nomination: the evidence form is built from the specification of its kind in `core.evidence`."""

import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, cast

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import Field
from wtforms.validators import Optional

from paritrana.core.evidence import FieldSpec, KindSpec, line_figure, line_key_of
from paritrana.cycles.models import RubricVersion
from paritrana.nominations import service
from paritrana.nominations.models import EvidenceItem
from paritrana.nominations.rows import assessed_by_itself
from paritrana.web.forms import (
    ChoiceField,
    DayField,
    DecimalField,
    Form,
    LongTextField,
    MarkField,
    MaxWords,
    MoneyField,
    MonthsField,
    RadioChoiceField,
    TextField,
    WholeNumberField,
    YearField,
    optional,
    required,
)

MOST_PERCENT = 100
MOST_MONTHS = 120  # the checks ask about more than 12; beyond ten years it is a slip of the hand
LINE_KEY = re.compile(r"[a-z0-9]{4,16}", re.ASCII)


class MayWait(Optional):
    """The entry is needed for sending and is shown so, yet a draft may be saved without it."""

    def __init__(self) -> None:
        super().__init__()
        self.field_flags = {"needed": True}


class NewNominationForm(Form):
    """Which organisation, in which category; both as references."""

    category = ChoiceField(_l("Category"), [required()])
    organisation = ChoiceField(_l("Organisation"), [required()])


class SendForm(Form):
    """The statement of the person in charge."""


class EligibilityForm(Form):
    """One statement and one note for each gate; `gates` of the rubric are added by `eligibility_form`."""


class EvidenceForm(Form):
    """What every kind of evidence has beside its own figures."""

    note = LongTextField(_l("Note for the verifier"), [optional()], max_length=2000)
    explanation_reason = ChoiceField(_l("Reason for the difference"), [optional()])
    explanation = LongTextField(_l("Explanation"), [optional()], max_length=2000)
    completed = RadioChoiceField(
        _l("Is this row completed?"), [MayWait()], choices=[("yes", _l("Yes")), ("later", _l("Later"))]
    )

    names: ClassVar[Mapping[str, FieldSpec]] = {}  # figure key -> what it asks for, for the fields of this page
    line_keys: ClassVar[Sequence[str]] = ()
    line_title: ClassVar[str] = ""  # message id of one row
    first_line: ClassVar[int] = 1  # the number of the first row of this page

    def figure(self, key: str) -> Field:
        """The input of a figure."""
        return cast(Field, self[input_name(key)])

    @property
    def entries(self) -> list[tuple[str, FieldSpec, Field]]:
        """Figure key, specification and input of every figure of this page, in the order of the form."""
        return [(key, spec, self.figure(key)) for key, spec in self.names.items()]

    def values(self) -> dict[str, Any]:
        """Figure key to value in the stored form; what is blank or cannot be read is None."""
        return {key: _stored(spec, field.data) for key, spec, field in self.entries}

    @property
    def unreadable(self) -> list[str]:
        """The sentences about entries that cannot be read, after `validate`."""
        return [
            _under(self._heading(key), str(message)) for key, _spec, field in self.entries for message in field.errors
        ]

    @property
    def problems(self) -> list[tuple[str, str]]:
        """As in every form, each under the heading of its group or with the number of its row.

        One label stands in several groups and in every row.
        """
        return [
            (target, _under(self._heading(self._figures[target]), said) if target in self._figures else said)
            for target, said in super().problems
        ]

    @property
    def _figures(self) -> dict[str, str]:
        """The figure keys by the id at which their errors stand."""
        return {
            f"{input_name(key)}-day" if spec.kind == "date" else input_name(key): key
            for key, spec in self.names.items()
        }

    def _heading(self, figure: str) -> str:
        """Under which words the entry stands: its row with the number that the page shows, else its group."""
        line = line_key_of(figure)
        if line is None:
            group = self.names[figure].group
            return str(_(group)) if group else ""
        return f"{_(self.line_title)} {self.first_line + self.line_keys.index(line)}"


@dataclass(frozen=True)
class Page:
    """Which lines of an item a page shows: their keys in order, and its number among the pages."""

    number: int
    count: int
    keys: tuple[str, ...]


def _under(heading: str, said: str) -> str:
    """A sentence about an entry with the heading under which the entry stands."""
    return str(_("%(group)s: %(sentence)s", group=heading, sentence=said)) if heading else said


def input_name(figure: str) -> str:
    """A figure key as the name and id of an input."""
    return figure.replace(".", "-")


def new_line_key() -> str:
    """A key for a new line, random so that two people never give the same one."""
    return secrets.token_hex(4)


def lines_of(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The stored lines of an item."""
    return [dict(line) for line in data.get("lines") or []]


def page_of(spec: KindSpec, data: Mapping[str, Any], number: int, *, blank: bool) -> Page | None:
    """Page `number` of the lines, from 1; the last page gets a blank line when it has none yet or `blank` asks for it.

    None where there is no such page.
    """
    if spec.lines is None:
        return Page(1, 1, ()) if number == 1 else None
    keys = [line["key"] for line in lines_of(data)]
    if blank or not keys:
        keys.append(new_line_key())
    size = spec.lines.max_per_page
    count = -(-len(keys) // size)
    if not 1 <= number <= count:
        return None
    return Page(number, count, tuple(keys[(number - 1) * size : number * size]))


def sent_line_keys(spec: KindSpec) -> list[str]:
    """The keys of the lines that the sent page held, in order, without repeats and without foreign forms."""
    if spec.lines is None:
        return []
    keys = dict.fromkeys(key for key in request.form.getlist("line") if LINE_KEY.fullmatch(key))
    return list(keys)[: spec.lines.max_per_page]


def merged(
    spec: KindSpec, stored: Mapping[str, Any], form: EvidenceForm, *, without: str | None = None
) -> dict[str, Any]:
    """The whole data of an item: the sent page in place of the same lines, every other line as it is stored.

    Lines that are blank throughout are left out, and the one whose key is `without`.
    """
    values = form.values()
    fields = {key: value for key, value in values.items() if not key.startswith("lines.") and value is not None}
    if spec.lines is None:
        return {"fields": fields}
    sent = {key: {"key": key, **_line_values(spec, key, values)} for key in form.line_keys}
    lines = [sent.pop(line["key"], line) for line in lines_of(stored)] + list(sent.values())
    return {"fields": fields, "lines": [line for line in lines if len(line) > 1 and line["key"] != without]}


def _line_values(spec: KindSpec, key: str, values: Mapping[str, Any]) -> dict[str, Any]:
    assert spec.lines is not None  # noqa: S101 - the caller has looked
    found = {field.key: values.get(line_figure(key, field.key)) for field in spec.lines.fields}
    filled = {name: value for name, value in found.items() if value is not None}
    defaults = {field.key: field.default for field in spec.lines.fields if field.default}
    # A list that stands at its default does not make an empty line a filled one.
    return {} if filled.items() <= defaults.items() else filled


def evidence_form(
    spec: KindSpec | None,
    item: EvidenceItem | None,
    line_keys: Iterable[str],
    *,
    reasons: Sequence[tuple[str, str]],
    election_held: bool,
    candidate: str,
    sent: bool,
    page: int = 1,
) -> EvidenceForm:
    """The form of one kind for one page of its lines, filled from the request when `sent`, else from `item`.

    `candidate` is the code of the rubric's category, `page` the number of the page of lines.
    """
    keys = list(line_keys)
    names: dict[str, FieldSpec] = {}
    if spec is not None:
        names = {field.key: field for field in spec.asked(election_held=election_held, candidate=candidate)}
        if spec.lines is not None:
            for key in keys:
                names |= {line_figure(key, field.key): field for field in spec.lines.fields}
    parts: dict[str, Any] = {input_name(key): _field(field) for key, field in names.items()}
    rows: dict[str, Any] = {"names": names, "line_keys": keys}
    if spec is not None and spec.lines is not None:
        rows |= {"line_title": spec.lines.title, "first_line": (page - 1) * spec.lines.max_per_page + 1}
    form_class = type("OneEvidenceForm", (EvidenceForm,), parts | rows)
    data: dict[str, Any] = {"version": str(item.version if item is not None else 0)}
    if item is not None:
        data |= {
            "note": item.note,
            "explanation_reason": item.explanation_reason,
            "explanation": item.explanation,
            "completed": "yes" if item.completed else None,
        }
    data |= {input_name(key): value for key, value in _shown(names, item).items()}
    form = cast(EvidenceForm, form_class() if sent else form_class(formdata=None, data=data))
    form.explanation_reason.choices = [("", _("Choose a reason")), *((code, _(words)) for code, words in reasons)]
    return form


def _shown(names: Mapping[str, FieldSpec], item: EvidenceItem | None) -> dict[str, Any]:
    """Stored values as the inputs want them."""
    data = item.data if item is not None else {}
    fields = data.get("fields") or {}
    lines = {line["key"]: line for line in lines_of(data)}
    shown: dict[str, Any] = {}
    for key, spec in names.items():
        parts = key.split(".")
        inside = lines.get(parts[1], {}).get(parts[2]) if parts[0] == "lines" else fields.get(key)
        if inside is None and spec.default:
            inside = spec.default
        shown[key] = date.fromisoformat(inside) if spec.kind == "date" and inside else inside
    return shown


def _field(spec: FieldSpec) -> Any:
    label, hint = _l(spec.label), _l(spec.hint) if spec.hint else ""
    rules = [MayWait()] if spec.required else [optional()]
    match spec.kind:
        case "people" | "count":
            return WholeNumberField(label, rules, description=hint)
        case "rupiah":
            return MoneyField(label, rules, description=hint)
        case "months":
            return MonthsField(label, rules, high=MOST_MONTHS, description=hint)
        case "year":
            return YearField(label, rules, description=hint)
        case "percent":
            return DecimalField(label, rules, high=MOST_PERCENT, description=hint)
        case "decimal":
            return DecimalField(label, rules, description=hint)
        case "date":
            return DayField(label, rules, description=hint)
        case "choice":
            choices = [("", _l("Choose")), *((code, _l(words)) for code, words in spec.choices)]
            return ChoiceField(label, rules, choices=choices, description=hint)
        case "text":
            return TextField(label, rules, description=hint)
        case "words":
            if spec.most_words is not None:
                rules = [*rules, MaxWords(spec.most_words)]
            return LongTextField(label, rules, max_length=service.most_signs(spec), description=hint)


def _stored(spec: FieldSpec, value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return value.strip() or None
    return value


def eligibility_form(
    gates: Sequence[Mapping[str, Any]], language: str, stored: Mapping[str, Any], *, sent: bool
) -> Any:
    """The form of all gates: `<code>-answer`, `<code>-note` and `<code>-version` for each."""
    parts: dict[str, Any] = {}
    data: dict[str, Any] = {}
    for gate in gates:
        code = gate["code"]
        parts[f"{code}-answer"] = RadioChoiceField(
            gate[f"title_{language}"], [MayWait()], choices=[("yes", _l("Yes")), ("no", _l("No"))]
        )
        parts[f"{code}-note"] = LongTextField(_l("Note"), [optional()], max_length=1000)
        parts[f"{code}-version"] = VersionField()
        there = stored.get(code)
        data |= {
            f"{code}-answer": (there.answer or None) if there is not None else None,
            f"{code}-note": there.note if there is not None else "",
            f"{code}-version": str(there.version if there is not None else 0),
        }
    form_class = type("AllGatesForm", (EligibilityForm,), parts)
    return form_class() if sent else form_class(formdata=None, data=data)


def self_assessment_form(rubric: RubricVersion, stored: Mapping[str, Any], *, sent: bool) -> Any:
    """The form of all desk indicators: `<code>-value`, `<code>-note` and `<code>-version` for each."""
    parts: dict[str, Any] = {}
    data: dict[str, Any] = {}
    for indicator in assessed_by_itself(rubric):
        code, there = indicator.code, stored.get(indicator.code)
        parts[f"{code}-value"] = MarkField(_l("Value for %(code)s", code=code), [optional()], high=rubric.scale_max)
        parts[f"{code}-note"] = LongTextField(_l("Reason for %(code)s", code=code), [optional()], max_length=500)
        parts[f"{code}-version"] = VersionField()
        data |= {
            f"{code}-value": there.value if there is not None else None,
            f"{code}-note": there.note if there is not None else "",
            f"{code}-version": str(there.version if there is not None else 0),
        }
    form_class = type("SelfAssessmentForm", (Form,), parts)
    return form_class() if sent else form_class(formdata=None, data=data)


class VersionField(TextField):
    """The version of one of several rows that a form edits."""

    @property
    def number(self) -> int:
        """The version the sender saw; -1 for anything that is no version."""
        text = str(self.data or "")
        return int(text) if text.isascii() and text.isdecimal() else -1
