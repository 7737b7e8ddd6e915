"""What is typed on a score sheet: a mark or an abstention, two notes, the declaration, and the last word."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField

from paritrana.panels.forms import basis_choices
from paritrana.panels.models import Seat
from paritrana.web.forms import ChoiceField, Form, LongTextField, MarkField, RadioChoiceField, optional, required

LONGEST_NOTE = 2000


class MarkForm(Form):
    """What is said about one indicator. An empty mark without an abstention leaves the indicator for later."""

    value = MarkField(_l("Mark"), [optional()])
    abstain = BooleanField(_l("Abstain on this indicator"), false_values=(False, "false", "", "0"))
    abstain_note = LongTextField(_l("Reason of the abstention"), max_length=LONGEST_NOTE)
    panel_note = LongTextField(_l("Note for the panel"), max_length=LONGEST_NOTE)
    feedback = LongTextField(_l("Feedback for the candidate"), max_length=LONGEST_NOTE)

    def __init__(self, *args: Any, high: Decimal, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.value.high = high
        # The parser read the field before it knew the maximum of this rubric.
        if self.value.raw_data:
            self._read_again()

    def _read_again(self) -> None:
        self.value.process_errors = []
        try:
            self.value.process_formdata(list(self.value.raw_data))
        except ValueError as refusal:
            self.value.process_errors.append(str(refusal))

    def validate(self, extra_validators: Any = None) -> bool:
        """Also: a ticked abstention needs its reason, and excludes a mark."""
        fine = bool(super().validate(extra_validators))
        if self.abstain.data and not self.abstain_note.data:
            self.abstain_note.errors = [*self.abstain_note.errors, _("Write the reason.")]
            fine = False
        if self.abstain.data and self.value.data is not None:
            self.value.errors = [*self.value.errors, _("Give a mark or abstain, not both.")]
            fine = False
        return fine

    @property
    def reason(self) -> str:
        """The reason of the abstention; empty where there is none."""
        return (self.abstain_note.data or "") if self.abstain.data else ""


class DeclarationForm(Form):
    """Whether anything stands between an assessor and a candidate."""

    conflict = RadioChoiceField(_l("Is there a conflict of interest?"), [required()])
    basis = ChoiceField(_l("What kind of tie, if there is one"), [optional()], default="other")
    reason = LongTextField(_l("Reason, if there is one"), max_length=1000)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.conflict.choices = [("no", _("No conflict")), ("yes", _("There is one: I step back"))]
        self.basis.choices = basis_choices()


class StepBackForm(Form):
    """Why an assessor leaves a candidate after all."""

    basis = ChoiceField(_l("What kind of tie"), [optional()], default="other")
    reason = LongTextField(_l("Reason for stepping back"), [required()], max_length=1000)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.basis.choices = basis_choices()


class RecusalForm(Form):
    """Whom the chair takes out of a candidate, and why."""

    account = ChoiceField(_l("Person"), [required()])
    basis = ChoiceField(_l("What kind of tie"), [required()], default="other")
    reason = LongTextField(_l("Reason"), [required()], max_length=1000)

    def __init__(self, *args: Any, seats: Sequence[Seat], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.account.choices = [("", _("Choose a person")), *((one.account.ref, one.account.name) for one in seats)]
        self.basis.choices = basis_choices()


class SubmitForm(Form):
    """The statement before the lock."""

    statement = BooleanField(_l("These are my own marks, given without a conflict of interest."))

    def validate(self, extra_validators: Any = None) -> bool:
        """The statement must be ticked."""
        fine = bool(super().validate(extra_validators))
        if not self.statement.data:
            self.statement.errors = [_("Tick the statement before you submit.")]
            fine = False
        return fine


def reason_name(seat: str, nomination: str) -> str:
    """The name of the field that says why the sheet of a seat for a candidate is not in."""
    return f"reason-{seat}-{nomination}"
