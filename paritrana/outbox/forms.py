"""Forms of the outbox."""

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l

from paritrana.web.forms import ChoiceField, Form, RadioChoiceField, WholeNumberField, required


class ReleaseForm(Form):
    """How many recipients an organiser has seen and lets a message go to."""

    kind = ChoiceField(_l("Kind of message"), [required()])
    count = WholeNumberField(_l("Number of recipients"), [required()])

    def __init__(self, *args: Any, kinds: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind.choices = kinds


WAYS = [("at_once", _l("At once")), ("daily", _l("In the summary at 07.00"))]


def choices_form(kinds: list[tuple[str, str]], chosen: Mapping[str, str] | None) -> Form:
    """The form with one choice per kind of message, given by name and title; `chosen` fills it when it is shown."""
    parts: dict[str, Any] = {name: RadioChoiceField(title, [required()], choices=WAYS) for name, title in kinds}
    form_class = type("ChoicesForm", (Form,), parts)
    form: Form = form_class() if chosen is None else form_class(formdata=None, data=dict(chosen))
    return form
