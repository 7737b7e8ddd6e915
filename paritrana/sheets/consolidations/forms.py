"""What is typed around a second scoring: the discussion's reason, and for each indicator to keep or to change."""

from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from paritrana.web.forms import Form, LongTextField, MarkField, RadioChoiceField, optional, required

KEEP, CHANGE = "keep", "change"


class OpenForm(Form):
    """Why the panel scores once more."""

    reason = LongTextField(_l("What the discussion was about"), [required()], max_length=1000)


class CloseForm(Form):
    """With what the second scoring ends."""

    reason = LongTextField(_l("How the discussion ended"), [required()], max_length=1000)


class AgainForm(Form):
    """Keep the own mark, or change it with a reason."""

    choice = RadioChoiceField(_l("After the discussion"), [required()])
    value = MarkField(_l("New mark"), [optional()])
    reason = LongTextField(_l("Reason"), max_length=1000)

    def __init__(self, *args: Any, high: Decimal, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.choice.choices = [(KEEP, _("Keep")), (CHANGE, _("Change"))]
        self.value.high = high
        # The parser read the field before it knew the maximum of this rubric.
        if self.value.raw_data:
            self.value.process_errors = []
            try:
                self.value.process_formdata(list(self.value.raw_data))
            except ValueError as refusal:
                self.value.process_errors.append(str(refusal))

    @property
    def keeps(self) -> bool:
        """Whether the first mark stays."""
        return bool(self.choice.data == KEEP)

    def validate(self, extra_validators: Any = None) -> bool:
        """Also: a change needs the new mark and its reason."""
        fine = bool(super().validate(extra_validators))
        if self.choice.data == CHANGE and self.value.data is None and not self.value.errors:
            self.value.errors = [*self.value.errors, _("Write the new mark.")]
            fine = False
        if self.choice.data == CHANGE and not self.reason.data:
            self.reason.errors = [*self.reason.errors, _("Write the reason.")]
            fine = False
        return fine
