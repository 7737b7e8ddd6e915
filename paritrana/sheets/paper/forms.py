"""What is typed from a paper, in its order; and what the chair decides of a leaf."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from paritrana.cycles.models import Indicator
from paritrana.sheets.forms import LONGEST_NOTE
from paritrana.sheets.paper.service import Reading
from paritrana.web.forms import Form, LongTextField, MarkField, RadioChoiceField, TextField, optional, required
from paritrana.web.template_filters import own

ABSTAINS: Final = "TB"  # «tidak memberi nilai», as it is printed beside the box


@dataclass(frozen=True)
class Asked:
    """An indicator on the form, with the highest figure that can be taken."""

    indicator: Indicator
    high: Decimal

    @property
    def value(self) -> str:
        """The name of the field for the figure."""
        return f"value_{self.indicator.code}"

    @property
    def note(self) -> str:
        """The name of the field for the reason of an abstention."""
        return f"note_{self.indicator.code}"


class PaperMarkField(MarkField):
    """A figure, or «TB» for an abstention; `data` is a Decimal, `ABSTAINS`, or None where the paper says nothing."""

    def read(self, text: str) -> Any:
        """The value of what was typed. Raises `NumberForm`."""
        return ABSTAINS if text.strip().upper() == ABSTAINS else super().read(text)

    def written(self, value: Any) -> str:
        """A value as it stands in the field."""
        return ABSTAINS if value == ABSTAINS else super().written(value)


class EntryForm(Form):
    """What every paper has, whatever its rubric; `entry_form` adds the indicators."""

    signed = RadioChoiceField(_l("Is the paper signed by the assessor?"), [required()])
    asked: tuple[Asked, ...] = ()

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.signed.choices = [("yes", _("Yes, it is signed")), ("no", _("No signature"))]

    def validate(self, extra_validators: Any = None) -> bool:
        """Also: an abstention has its reason, and a reason its abstention."""
        fine = bool(super().validate(extra_validators))
        for one in self.asked:
            value, note = self[one.value], self[one.note]
            if value.data == ABSTAINS and not note.data:
                note.errors = [*note.errors, _("Write the reason that stands on the paper, or that there is none.")]
                fine = False
            elif value.data != ABSTAINS and not value.errors and note.data:
                note.errors = [*note.errors, _("A reason belongs to TB. Write TB as the figure, or empty this field.")]
                fine = False
        return fine

    @property
    def readings(self) -> dict[str, Reading]:
        """What was typed, by indicator."""
        found = {}
        for one in self.asked:
            value, note = self[one.value].data, self[one.note].data or ""
            abstains = value == ABSTAINS
            found[one.indicator.code] = Reading(None if abstains else value, note if abstains else "")
        return found


def entry_form(asked: Iterable[Asked], **kwargs: Any) -> EntryForm:
    """The form of a paper with these indicators."""
    listed = tuple(asked)
    fields: dict[str, Any] = {"asked": listed}
    for one in listed:
        label = f"{one.indicator.code} {own(one.indicator, 'title')}"
        fields[one.value] = PaperMarkField(label, [optional()], high=one.high)
        fields[one.note] = TextField(_("Reason of TB: %(code)s", code=one.indicator.code), max_length=LONGEST_NOTE)
    form: EntryForm = type("PaperEntryForm", (EntryForm,), fields)(**kwargs)
    return form


class DecisionForm(Form):
    """Which reading counts, and why."""

    chosen = RadioChoiceField(_l("What counts"), [required()])
    reason = LongTextField(_l("Reason, for the record"), [required()], max_length=1000)

    def __init__(self, *args: object, choices: Iterable[tuple[str, str]] = (), **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.chosen.choices = list(choices)
