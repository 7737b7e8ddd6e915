"""What a nominee objects to and why, and what is answered."""

import re
from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from paritrana.core.errors import NumberForm
from paritrana.core.evidence import FieldSpec
from paritrana.publication.objections.models import GRANTED, REFUSED
from paritrana.publication.objections.service import MAX_TEXT, Answer, BecomesMissing
from paritrana.verification.figures import Value
from paritrana.verification.forms import read_figure
from paritrana.web import formats
from paritrana.web.forms import ChoiceField, Form, LongTextField, RadioChoiceField, TextField, required
from paritrana.web.template_filters import current_language, in_sentence, sentence


class ObjectionForm(Form):
    """To which finding or condition, and why; the files come beside."""

    target = ChoiceField(_l("Finding or condition"), [required()])
    reason = LongTextField(_l("Reason"), [required()], max_length=MAX_TEXT)

    def __init__(self, *args: Any, targets: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.target.choices = [("", _("Choose")), *targets]


class AnswerForm(Form):
    """Granted or refused, why, and for a granted finding the figure that holds from now on."""

    state = RadioChoiceField(_l("Answer"), [required()])
    becomes = TextField(_l("Figure that holds from now on"), max_length=40)
    reason = LongTextField(_l("Reason, as the nominee reads it"), [required(_l("reason"))], max_length=MAX_TEXT)

    def __init__(self, *args: Any, spec: FieldSpec | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.spec = spec
        self.state.choices = [(GRANTED, _("Granted")), (REFUSED, _("Refused"))]
        self.found: Value = None

    def validate(self, extra_validators: Any = None) -> bool:
        """Whether the answer is whole; a granted finding needs a figure that can be read."""
        valid: bool = super().validate(extra_validators)
        if self.state.data != GRANTED or self.spec is None:
            return valid
        try:
            self.found = _read(self.becomes.data or "", self.spec)
        except NumberForm as refusal:
            self.becomes.errors = [sentence(refusal)]
            return False
        if self.found is None:
            self.becomes.errors = [_(BecomesMissing.message)]
            return False
        return valid

    @property
    def answer(self) -> Answer:
        """What was sent."""
        return Answer(self.state.data or "", self.reason.data or "", self.found)


def _read(text: str, spec: FieldSpec) -> Value:
    """A typed figure in its stored form; a date is written as day, month and year. Raises `NumberForm`."""
    if spec.kind != "date" or not text.strip():
        return read_figure(text, spec)
    day, month, year = (*re.split(r"[-/. ]", text.strip(), maxsplit=2), "", "", "")[:3]
    label = in_sentence(_(spec.label))
    return formats.parse_day(day, month, year, current_language(), field=label).isoformat()
