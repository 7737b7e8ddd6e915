"""Forms of the verification: a page of findings, gates, change requests and their answers, the close, the shortlist.

The rows of a page of findings, and the answers to a request, have as many inputs as there are figures. They are read
here by the parsers of `web/formats`; what was typed stays in the row, and every problem names its figure.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict

from paritrana.core.errors import BadInput, NumberForm, ParitranaError
from paritrana.core.evidence import FieldSpec
from paritrana.core.evidence.specs import DECIMALS
from paritrana.panels.forms import basis_choices
from paritrana.verification.figures import VERDICTS, WITHOUT_VALUE, Value
from paritrana.verification.models import Finding
from paritrana.verification.queries import Judged
from paritrana.verification.service import Entry, refusal_of, refusal_unseen
from paritrana.verification.service.findings import UNSEEN_NOTE
from paritrana.web import formats
from paritrana.web.forms import (
    ChoiceField,
    DayField,
    Form,
    LongTextField,
    RadioChoiceField,
    WholeRupiah,
    optional,
    required,
)
from paritrana.web.template_filters import current_language, in_sentence, quantity, sentence

Typed = MultiDict[str, str]
MOST_PERCENT = 100


@dataclass
class Row:
    """One figure on a page of findings: what is stored, what was typed, and what is wrong with it."""

    no: int
    judged: Judged
    found: str = ""
    found_parts: tuple[str, str, str] = ("", "", "")
    verdict: str = ""
    document: str = ""
    page: str = ""
    note: str = ""
    expected: int = 0
    keep: str = ""
    theirs: Finding | None = None
    reopened: bool = False
    problems: list[tuple[str, str]] = field(default_factory=list)  # (input, sentence)
    readings: Sequence[tuple[str, str]] = ()

    @property
    def id(self) -> str:
        """The id of the row, and the beginning of the names of its inputs."""
        return f"row-{self.no}"

    @property
    def is_date(self) -> bool:
        """Whether the figure is a date, typed in three inputs."""
        spec = self.judged.figure.field
        return spec is not None and spec.kind == "date"

    @property
    def choices(self) -> list[tuple[str, str]]:
        """The answers to choose from, in words, of a figure that is a choice; else none."""
        return choices_of(self.judged.figure.field)

    @property
    def stale(self) -> bool:
        """Whether somebody else wrote in between, so that one version must be chosen."""
        return self.theirs is not None or self.reopened

    @property
    def typed(self) -> bool:
        """Whether anything was entered for the figure."""
        texts = (self.found, *self.found_parts, self.verdict, self.page, self.note)
        return any(text.strip() for text in texts)

    def errors(self, input_: str) -> list[str]:
        """The sentences at one input of the row."""
        return [said for name, said in self.problems if name == input_]


def stored_rows(rows: Iterable[Judged], start: int) -> list[Row]:
    """The rows of a page as they are stored; `start` is the number of the first one inside the item."""
    return [_stored(Row(no, judged)) for no, judged in enumerate(rows, start=start)]


def _stored(row: Row) -> Row:
    finding, spec = row.judged.finding, row.judged.figure.field
    if finding is None:
        return row
    _write_found(row, spec, row.judged.found)
    row.verdict, row.page, row.note = finding.verdict, finding.page, finding.note
    row.document = str(finding.document_no) if finding.document_no is not None else ""
    row.expected = finding.version
    return row


def _write_found(row: Row, spec: FieldSpec | None, value: Value) -> None:
    row.found, row.found_parts = "", ("", "", "")
    if value is None or spec is None:
        return
    if isinstance(value, str) and spec.kind == "date":
        on = date.fromisoformat(value)
        row.found_parts = (str(on.day), str(on.month), str(on.year))
        return
    row.found = written(spec, value)


def written(spec: FieldSpec, value: int | str) -> str:
    """A number, or the code of a choice, as it stands in its field."""
    if spec.kind in {"year", "months", "choice"}:
        return str(value)
    if spec.kind in DECIMALS:
        return formats.number(Decimal(value), current_language())
    assert isinstance(value, int)  # noqa: S101 - every other figure that is judged is a whole number
    return formats.number(value, current_language())


def read_rows(rows: Iterable[Judged], start: int, typed: Typed, *, same: str = "") -> tuple[list[Row], list[Entry]]:
    """The rows as they were sent, and the entries among them that say something new and hold.

    `same` is the number of the row that is found as claimed. A row with a problem gives no entry.
    """
    found, entries = [], []
    for no, judged in enumerate(rows, start=start):
        row = _sent(no, judged, typed)
        found.append(row)
        if str(no) == same and not judged.unseen:
            _write_found(row, judged.figure.field, judged.figure.claimed)
            row.verdict = "matches"
        entry = _entry(row, judged)
        if entry is not None:
            entries.append(entry)
    return found, entries


def _sent(no: int, judged: Judged, typed: Typed) -> Row:
    row = Row(no, judged)

    def text(name: str) -> str:
        # A button with one of two readings carries the field's name and stands after the input: the last one counts.
        return (typed.getlist(f"{row.id}-{name}") or [""])[-1]

    row.found = text("found")
    row.found_parts = (text("found-day"), text("found-month"), text("found-year"))
    row.verdict, row.document, row.page, row.note = text("verdict"), text("document"), text("page"), text("note")
    row.keep = text("keep")
    version = text("version")
    row.expected = int(version) if version.isascii() and version.isdecimal() else 0
    return row


def _entry(row: Row, judged: Judged) -> Entry | None:
    """What the row says, or None where it says nothing, nothing new, or something that cannot stand."""
    if row.keep == "stored":
        return None
    if not row.typed:
        if judged.finding is not None and row.expected:
            row.problems.append(("verdict", _about(judged, _("A finding cannot be emptied. Choose a verdict."))))
        return None
    figure, spec = judged.figure, judged.figure.field
    value: Value = None
    if spec is not None:
        try:
            value = _read(row, spec)
        except NumberForm as refusal:
            if isinstance(refusal, formats.AmbiguousMoney):
                language = current_language()
                row.readings = [
                    (formats.typed_money(one, language), formats.money(one, language)) for one in refusal.readings
                ]
            row.problems.append(("found", _about(judged, sentence(refusal))))
            return None
    if row.verdict == "matches" and value is None and not judged.unseen:
        value = figure.claimed
        _write_found(row, spec, value)
    document = int(row.document) if row.document.isascii() and row.document.isdecimal() else None
    entry = Entry(figure.key, value, row.verdict, document, row.page.strip(), row.note.strip(), row.expected)
    if _says_nothing_new(entry, judged.finding):
        return None
    if judged.unseen:
        entry = replace(entry, note=entry.note or _(UNSEEN_NOTE))
    refusal_ = refusal_unseen(entry) if judged.unseen else refusal_of(figure, entry)
    if refusal_ is not None:
        for name in inputs_of(refusal_, row):
            row.problems.append((name, _about(judged, sentence(refusal_))))
        return None
    return entry


def inputs_of(refusal: ParitranaError, row: Row) -> list[str]:
    """The inputs of a row at which a refusal stands."""
    match refusal.code:
        case "verdict_missing":
            return ["verdict"]
        case "page_missing" | "source_missing":
            return ["page"]
        case "note_missing":
            return ["note"] if row.page.strip() else ["page"]
    return ["found"]


def _says_nothing_new(entry: Entry, finding: Finding | None) -> bool:
    if finding is None or finding.version != entry.expected:
        return False
    found = None if entry.found is None else str(entry.found)
    said = (found, entry.verdict, entry.document_no, entry.page, entry.note)
    return said == (finding.found, finding.verdict, finding.document_no, finding.page, finding.note)


def _about(judged: Judged, said: str) -> str:
    """A problem with the name of its figure before it, the same words in the summary and at the row."""
    return str(_("%(figure)s: %(problem)s", figure=figure_name(judged), problem=said))


def figure_name(judged: Judged) -> str:
    """A figure in words: its line or group, then its own name."""
    figure = judged.figure
    label = str(quantity(figure.label))
    if figure.heading is None:
        return label
    return str(_("%(group)s, %(figure)s", group=str(quantity(figure.heading)), figure=in_sentence(label)))


def _read(row: Row, spec: FieldSpec) -> Value:
    """The figure that was typed, None for a blank one. Raises `NumberForm`."""
    label, language = in_sentence(_(spec.label)), current_language()
    if spec.kind == "date":
        if not any(part.strip() for part in row.found_parts):
            return None
        return formats.parse_day(*row.found_parts, language, field=label).isoformat()
    return read_figure(row.found, spec)


def choices_of(spec: FieldSpec | None) -> list[tuple[str, str]]:
    """The answers of a choice for a list, nothing chosen beforehand; none for any other figure."""
    if spec is None or spec.kind != "choice":
        return []
    return [("", _("Choose")), *((code, _(words)) for code, words in spec.choices)]


def read_figure(text: str, spec: FieldSpec) -> int | str | None:
    """A typed number or a chosen answer of a figure in its stored form, None for a blank one. Raises `NumberForm`."""
    label, language = in_sentence(_(spec.label)), current_language()
    if not text.strip():
        return None
    if spec.kind == "choice":
        return text if text in dict(spec.choices) else None
    if spec.kind in DECIMALS:
        high = MOST_PERCENT if spec.kind == "percent" else None
        return formats.plain_decimal(formats.parse_decimals(text, language, field=label, high=high))
    if spec.kind == "year":
        return formats.parse_year(text, field=label)
    if spec.kind == "rupiah":
        value = formats.parse_money(text, language, field=label)
        if value != value.to_integral_value():
            raise WholeRupiah(field=label)
        return int(value)
    if spec.kind == "months":
        return formats.parse_months(text, field=label, low=0, high=120)
    return formats.parse_whole(text, field=label)


def mark_stale(rows: Iterable[Row], figures: Iterable[str], fresh: Mapping[str, Judged]) -> None:
    """Show beside the typed text of these figures what is stored now; nothing is chosen for the verifier."""
    names = set(figures)
    for row in rows:
        key = row.judged.figure.key
        if key not in names or key not in fresh:
            continue
        row.theirs = fresh[key].finding
        row.reopened = row.theirs is None
        row.expected = row.theirs.version if row.theirs is not None else 0
        row.judged = fresh[key]


def unresolved(rows: Iterable[Row], typed: Typed) -> bool:
    """Whether a row that showed two versions came back without a choice; says so at the row."""
    waiting = False
    for row in rows:
        if typed.get(f"{row.id}-stale") and row.keep not in {"mine", "stored"}:
            row.theirs, row.reopened = row.judged.finding, row.judged.finding is None
            row.problems.append(("keep", _about(row.judged, _("Choose which version stays."))))
            waiting = True
    return waiting


class GateForm(Form):
    """A proposal or a decision on one gate or one indicator."""

    answer = RadioChoiceField(_l("Answer"), [required()])
    reason = LongTextField(_l("Reason"), [required()], max_length=2000)

    def __init__(self, *args: Any, subject: str, code: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.answer.choices = GATE_WORDS[subject]()
        self.subject, self.code = subject, code
        for one in self:  # the page shows one such form per gate, and ids must not repeat
            one.id = one.label.field_id = f"{one.name}-{subject}-{code}"


GATE_WORDS = {
    "gate": lambda: [("pass", _("Fulfilled")), ("fail", _("Not fulfilled"))],
    "not_applicable": lambda: [("not_applicable", _("Does not apply")), ("applies", _("Applies"))],
}


class DeclarationForm(Form):
    """Whether anything stands between an officer and a candidate."""

    conflict = RadioChoiceField(_l("Is there a conflict of interest?"), [required()])
    basis = ChoiceField(_l("What kind of tie, if there is one"), [optional()], default="other")
    reason = LongTextField(_l("Reason, if there is one"), max_length=1000)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.conflict.choices = [("no", _("No conflict")), ("yes", _("There is one: I step back"))]
        self.basis.choices = basis_choices()


class RequestForm(Form):
    """A question to the nominee with its due date; the figures come as checkboxes named `figure`."""

    question = LongTextField(_l("Question to the nominee"), [required()])
    due = DayField(_l("Answer due by"), [required()])


class ReasonForm(Form):
    """One reason or note."""

    reason = LongTextField(_l("Reason"), [required()])


class NoteForm(Form):
    """The note with which a proposed close goes back."""

    note = LongTextField(_l("Note for the first person"), [required()])


class AnswerForm(Form):
    """The whole of an answer; the figures are read by `read_answers`."""

    note = LongTextField(_l("Note for the verifier"))


@dataclass
class Answer:
    """One asked figure with what the nominee answers to it."""

    no: int
    name: str
    spec: FieldSpec | None
    title: str
    claimed: Value
    found: Value
    value: str = ""
    parts: tuple[str, str, str] = ("", "", "")
    reason: str = ""
    problems: list[str] = field(default_factory=list)
    readings: Sequence[tuple[str, str]] = ()

    @property
    def id(self) -> str:
        """The beginning of the names of its inputs."""
        return f"answer-{self.no}"

    @property
    def choices(self) -> list[tuple[str, str]]:
        """The answers to choose from, in words, of a figure that is a choice; else none."""
        return choices_of(self.spec)


def read_answers(answers: Iterable[Answer], typed: Typed) -> tuple[dict[str, Value], dict[str, str]]:
    """The new values and the reasons that were typed, by `kind/figure`; problems are noted at the answers."""
    values: dict[str, Value] = {}
    reasons: dict[str, str] = {}
    for one in answers:
        one.value = (typed.getlist(f"{one.id}-value") or [""])[-1]
        one.parts = (
            typed.get(f"{one.id}-value-day", ""),
            typed.get(f"{one.id}-value-month", ""),
            typed.get(f"{one.id}-value-year", ""),
        )
        one.reason = typed.get(f"{one.id}-reason", "")
        if one.reason.strip():
            reasons[one.name] = one.reason
        try:
            value = _answered(one)
        except BadInput as refusal:
            if isinstance(refusal, formats.AmbiguousMoney):
                language = current_language()
                one.readings = [
                    (formats.typed_money(each, language), formats.money(each, language)) for each in refusal.readings
                ]
            one.problems.append(_("%(figure)s: %(problem)s", figure=one.title, problem=sentence(refusal)))
            continue
        if value is not None:
            values[one.name] = value
    return values, reasons


def _answered(one: Answer) -> Value:
    if one.spec is None:
        return None
    if one.spec.kind == "date":
        if not any(part.strip() for part in one.parts):
            return None
        label = in_sentence(_(one.spec.label))
        return formats.parse_day(*one.parts, current_language(), field=label).isoformat()
    return read_figure(one.value, one.spec)


def verdict_choices() -> list[tuple[str, str]]:
    """The verdicts for a list, nothing chosen beforehand."""
    return [("", _("Choose")), *((code, _(words)) for code, words in VERDICTS.items())]


def unseen_choices() -> list[tuple[str, str]]:
    """The verdicts that a verifier may give before the claim is shown; any other follows from the two figures."""
    return [
        ("", _("Follows from the figures")),
        *((code, _(words)) for code, words in VERDICTS.items() if code in WITHOUT_VALUE),
    ]
