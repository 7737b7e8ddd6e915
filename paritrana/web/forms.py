"""Forms: what was typed is kept, read by the parser of `web/formats`, and refused in sentences that name the field.

    class CoverageForm(Form):
        participants = WholeNumberField(_l("Active participants"), [required()])
        budget = MoneyField(_l("Budget"), [optional()])

`Form` adds `version` (the row's version the page was made from) and `idempotency_key` (one per page shown).
Render fields with the macros of `templates/macros/forms.html`; put `novalidate` on the form (`form_open` does).
"""

import secrets
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.form import _Auto
from wtforms import (
    Field,
    HiddenField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.fields import SelectChoice
from wtforms.utils import unset_value
from wtforms.validators import Optional, StopValidation
from wtforms.widgets import TextInput

from paritrana.core.errors import NumberForm, ParitranaError
from paritrana.core.wordcount import count_words
from paritrana.core.words import N_
from paritrana.paper import NotPrintable, check_printable
from paritrana.web import formats
from paritrana.web.access import UNSAFE
from paritrana.web.refusals import note_refusal
from paritrana.web.template_filters import current_language, in_sentence, sentence


class VersionMissing(ParitranaError):
    """A change came without the version of the row it changes."""

    code = "version_missing"
    status = 428
    message = N_("What was sent does not say which version it changes. Load the page again.")


# Validators ----------------------------------------------------------------------------------------------------------


class Required:
    """Refuses an empty field with «Isi {kolom}» / "Enter {field}"; marks the field as needed for the macros."""

    field_flags: ClassVar[dict[str, Any]] = {"needed": True}

    def __init__(self, label: Any = None) -> None:
        self.label = label

    def __call__(self, form: Any, field: Field) -> None:
        raw = field.raw_data or []
        if isinstance(field, SelectField | StringField) and not isinstance(field, SelectMultipleField):
            raw = raw[:1]  # of a name that comes several times the first is read
        if not any(item.strip() if isinstance(item, str) else item for item in raw):
            field.errors = []
            label = self.label if self.label is not None else field.label.text
            if isinstance(field, SelectField):  # radio buttons too
                raise StopValidation(_("Choose an answer: %(field)s", field=str(label)))
            raise StopValidation(_("Enter %(field)s", field=in_sentence(label)))


def required(label: Any = None) -> Required:
    """The field must be filled; `label` replaces the field's own label in the sentence."""
    return Required(label)


def optional() -> Optional:
    """The field may stay empty; then no other rule looks at it."""
    return Optional()


class MaxLength:
    """Refuses text of more than `limit` characters and says both numbers."""

    def __init__(self, limit: int) -> None:
        self.limit = limit

    def __call__(self, form: Any, field: Field) -> None:
        length = len(field.data or "")
        if length > self.limit:
            language = current_language()
            raise ValidationError(
                _(
                    "%(field)s has %(length)s characters. Shorten it to %(limit)s.",
                    field=field.label.text,
                    length=formats.number(length, language),
                    limit=formats.number(self.limit, language),
                )
            )


class MaxWords:
    """Refuses text of more than `limit` words and says both numbers."""

    def __init__(self, limit: int) -> None:
        self.limit = limit

    def __call__(self, form: Any, field: Field) -> None:
        count = count_words(field.data or "")
        if count > self.limit:
            language = current_language()
            raise ValidationError(
                _(
                    "%(field)s has %(count)s words. Shorten it to %(limit)s.",
                    field=field.label.text,
                    count=formats.number(count, language),
                    limit=formats.number(self.limit, language),
                )
            )


class MinLength:
    """Refuses text of fewer than `limit` characters, as for reasons that must be explained."""

    def __init__(self, limit: int) -> None:
        self.limit = limit

    def __call__(self, form: Any, field: Field) -> None:
        if len((field.data or "").strip()) < self.limit:
            label = in_sentence(field.label.text)
            raise ValidationError(
                _("Write %(field)s with at least %(limit)s characters.", field=label, limit=self.limit)
            )


class Printable:
    """Refuses text with a character that paper cannot carry, and names the character: titles stand on certificates."""

    def __call__(self, form: Any, field: Field) -> None:
        try:
            check_printable(field.data or "")
        except NotPrintable as refusal:
            raise ValidationError(sentence(refusal)) from refusal


# Fields --------------------------------------------------------------------------------------------------------------


class TypedInput(TextInput):
    """A plain text input with the right keyboard; never `type=number`, no mask, no browser memory."""

    validation_attrs: ClassVar[list[str]] = ["disabled"]

    def __init__(self, inputmode: str) -> None:
        super().__init__()
        self.inputmode = inputmode

    def __call__(self, field: Field, **kwargs: Any) -> Any:
        kwargs.setdefault("inputmode", self.inputmode)
        kwargs.setdefault("autocomplete", "off")
        return super().__call__(field, **kwargs)


class TypedField(Field):
    """A field read by one of the parsers; on a refusal `data` is None and the typed text stays in the field."""

    widget = TypedInput("numeric")
    readings: Sequence[tuple[str, str]] = ()

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[-1])
        return "" if self.data is None else self.written(self.data)

    def process_formdata(self, valuelist: list[Any]) -> None:
        self.readings = ()
        if not valuelist:
            return
        # A button with one of two readings carries the field's name and stands after the input: the last counts.
        text = str(valuelist[-1])
        self.raw_data = [text]
        self.data = None
        if not text.strip():
            return
        try:
            self.data = self.read(text)
        except NumberForm as refusal:
            self.explain(refusal)
            raise ValueError(sentence(refusal)) from refusal

    def explain(self, refusal: NumberForm) -> None:
        """Keep what a refusal offers beyond its sentence."""

    def read(self, text: str) -> Any:
        """The value of what was typed. Raises `NumberForm`."""
        raise NotImplementedError

    def written(self, value: Any) -> str:
        """A stored value as it stands in the field."""
        raise NotImplementedError

    @property
    def name_in_sentence(self) -> str:
        """The label, fit for the middle of a sentence."""
        return in_sentence(self.label.text)


class WholeNumberField(TypedField):
    """A count; `data` is an int."""

    def read(self, text: str) -> int:
        return formats.parse_whole(text, field=self.name_in_sentence)

    def written(self, value: Any) -> str:
        return formats.number(int(value), current_language())


class MoneyField(TypedField):
    """Rupiah. `data` is an int, or with `sen=True` a Decimal; `readings` are (text, sentence) pairs for two buttons."""

    widget = TypedInput("decimal")

    def __init__(self, *args: Any, sen: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sen = sen

    def read(self, text: str) -> int | Decimal:
        value = formats.parse_money(text, current_language(), field=self.name_in_sentence)
        if self.sen:
            return value
        if value != value.to_integral_value():
            raise WholeRupiah(field=self.name_in_sentence)
        return int(value)

    def explain(self, refusal: NumberForm) -> None:
        if isinstance(refusal, formats.AmbiguousMoney):
            language = current_language()
            self.readings = [
                (formats.typed_money(value, language), formats.money(value, language)) for value in refusal.readings
            ]

    def written(self, value: Any) -> str:
        return formats.typed_money(Decimal(value), current_language())


class WholeRupiah(NumberForm):
    """Sen where whole rupiah are asked for. Params: `field`."""

    code = "whole_rupiah"
    message = N_("Write %(field)s in whole rupiah, without sen.")


class MarkField(TypedField):
    """A mark from 0 to `high`; `data` is a Decimal. `high` may be set after construction (a cap by attendance)."""

    widget = TypedInput("decimal")

    def __init__(self, *args: Any, high: Decimal | int = 10, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.high = high

    def read(self, text: str) -> Decimal:
        return formats.parse_mark(text, current_language(), high=self.high)

    def written(self, value: Any) -> str:
        return formats.decimal2(Decimal(value), current_language())


class DecimalField(TypedField):
    """A number with at most two decimals, at most `high`; `data` is its stored text, such as "52.15"."""

    widget = TypedInput("decimal")

    def __init__(self, *args: Any, high: int | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.high = high

    def read(self, text: str) -> str:
        value = formats.parse_decimals(text, current_language(), field=self.name_in_sentence, high=self.high)
        return formats.plain_decimal(value)

    def written(self, value: Any) -> str:
        return formats.number(Decimal(value), current_language())


class YearField(TypedField):
    """A calendar year of four digits, never grouped; `data` is an int."""

    def read(self, text: str) -> int:
        return formats.parse_year(text, field=self.name_in_sentence)

    def written(self, value: Any) -> str:
        return str(value)


class MonthsField(TypedField):
    """Whole months from `low` to `high`; `data` is an int."""

    def __init__(self, *args: Any, low: int = 0, high: int = 12, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.low, self.high = low, high

    def read(self, text: str) -> int:
        return formats.parse_months(text, field=self.name_in_sentence, low=self.low, high=self.high)

    def written(self, value: Any) -> str:
        return str(value)


class DayField(Field):
    """A date of three inputs, `<name>-day`, `<name>-month` (a list of names) and `<name>-year`; `data` is a date."""

    widget = TypedInput("numeric")
    parts: tuple[str, str, str] = ("", "", "")

    def process(self, formdata: Any, data: Any = unset_value, extra_filters: Any = None) -> None:
        """Read the three inputs; called by the form."""
        self.process_errors: list[str] = []
        given = self.default() if callable(self.default) else self.default
        self.object_data = self.data = data if data is not unset_value and data is not None else given
        if isinstance(self.data, date):
            self.parts = str(self.data.day), str(self.data.month), str(self.data.year)
        names = [f"{self.name}-{part}" for part in ("day", "month", "year")]
        if formdata is None or not any(name in formdata for name in names):
            self.raw_data: list[str] | None = None if formdata is None else []
            if formdata is not None:  # sent without this field, perhaps without any
                self.data = None
            return
        first, second, third = (str(formdata.get(name, "")) for name in names)
        self.parts = first, second, third
        self.data = None
        self.raw_data = [part for part in self.parts if part.strip()]
        if self.raw_data:
            try:
                self.data = formats.parse_day(
                    first, second, third, current_language(), field=in_sentence(self.label.text)
                )
            except NumberForm as refusal:
                self.process_errors.append(sentence(refusal))

    def _value(self) -> str:
        return " ".join(part for part in self.parts if part)

    @property
    def months(self) -> list[tuple[str, str]]:
        """Number and name of every month, for the list."""
        return [(str(place), name) for place, name in enumerate(formats.month_names(current_language()), start=1)]


class TextField(StringField):
    """One line of text, spaces at the ends removed; no longer than `max_length` characters."""

    def __init__(self, label: Any = None, validators: Iterable[Any] = (), max_length: int = 200, **kwargs: Any) -> None:
        kwargs.setdefault("filters", [_stripped])
        super().__init__(label, [*validators, MaxLength(max_length)], **kwargs)


class LongTextField(TextAreaField):
    """Several lines of text, spaces at the ends removed; no longer than `max_length` characters."""

    def __init__(
        self, label: Any = None, validators: Iterable[Any] = (), max_length: int = 2000, **kwargs: Any
    ) -> None:
        kwargs.setdefault("filters", [_stripped])
        super().__init__(label, [*validators, MaxLength(max_length)], **kwargs)
        self.max_length = max_length


class _OwnChoice:
    """Refuses a value that is not on offer in our words; an empty choice is the business of `required`."""

    def __init__(self, label: Any = None, validators: Any = None, *, choices: Any = (), **kwargs: Any) -> None:
        offered = [SelectChoice(*choice) if isinstance(choice, tuple) else choice for choice in choices]
        super().__init__(label, validators, choices=offered, **kwargs)  # type: ignore[call-arg]

    def pre_validate(self, form: Any) -> None:
        field: Any = self
        if not field.validate_choice or field.data in (None, ""):
            return
        if not any(str(choice[0]) == str(field.data) for choice in field.iter_choices()):
            raise ValidationError(_("Choose %(field)s from the list", field=in_sentence(field.label.text)))


class ChoiceField(_OwnChoice, SelectField):
    """A list of choices; give `choices` as (value, label) pairs, with ("", …) first where nothing is chosen yet."""


class RadioChoiceField(_OwnChoice, RadioField):
    """Radio buttons, nothing chosen beforehand."""


class KeyField(HiddenField):
    """The idempotency key: every page shown carries a new one, a repeated press of the same page repeats it."""

    def _value(self) -> str:
        return secrets.token_urlsafe(16)


class Form(FlaskForm):
    """The base of every form. Pass `version=row.version` (or `obj=row`) to state what the page was made from."""

    version = HiddenField()
    idempotency_key = KeyField()

    class Meta(FlaskForm.Meta):
        """WTForms has no Indonesian catalogue; our own validators speak, so its translations are not loaded."""

        def get_translations(self, form: Any) -> "OwnWords":
            return OwnWords()

        def wrap_formdata(self, form: Any, formdata: Any) -> Any:
            """What the fields are read from: texts of a form, never a file or JSON that takes the name of a field."""
            if formdata is not _Auto:
                return super().wrap_formdata(form, formdata)
            return request.form if request.method in UNSAFE and (request.form or request.files) else None

    @property
    def expected_version(self) -> int:
        """The version the sender saw. Raises `VersionMissing`."""
        text = str(self.version.data or "").strip()
        if not text.isascii() or not text.isdecimal():
            raise VersionMissing(text)
        return int(text)

    def refuse(self, refusal: ParitranaError, field: Field | None = None) -> None:
        """Show a refusal of a service in the summary, and at `field` if one is named; the log has its code."""
        note_refusal(refusal)
        if field is None:
            self.form_errors.append(sentence(refusal))
        else:
            field.errors = [*field.errors, sentence(refusal)]

    @property
    def problems(self) -> list[tuple[str, str]]:
        """Every error as (id of the input, sentence), in the order of the page; the id is "" for the whole form."""
        found: list[tuple[str, str]] = [("", str(message)) for message in self.form_errors]
        for field in self:
            if field.name != "csrf_token":
                found.extend(_problems_of(field))
        return found


class OwnWords:
    """The few sentences of WTForms that can still appear, in ours."""

    known: ClassVar[dict[str, Any]] = {
        "Not a valid choice.": _l("Choose one of the options."),
        "Invalid Choice: could not coerce.": _l("Choose one of the options."),
        "This field is required.": _l("Fill in this field."),
        "The CSRF token is missing.": _l("The page was open too long. Load it again; your entries are kept."),
        "The CSRF session token is missing.": _l("The page was open too long. Load it again; your entries are kept."),
        "The CSRF token has expired.": _l("The page was open too long. Load it again; your entries are kept."),
    }

    def gettext(self, message: str) -> str:
        """Our sentence, or one that fits everything."""
        return str(self.known.get(message, _("This entry cannot be read.")))

    def ngettext(self, singular: str, plural: str, count: int) -> str:
        """Our sentence for a counted message."""
        return self.gettext(singular)


def _problems_of(field: Any) -> list[tuple[str, str]]:
    inner = getattr(field, "entries", None)
    if inner is None and hasattr(field, "form"):
        inner = list(field.form)
    if inner is not None:
        return [problem for part in inner for problem in _problems_of(part)]
    target = f"{field.id}-day" if isinstance(field, DayField) else field.id
    if isinstance(field, RadioField):
        target = f"{field.id}-0"
    return [(target, str(message)) for message in field.errors]


def _stripped(text: str | None) -> str | None:
    return text.strip() if isinstance(text, str) else text
