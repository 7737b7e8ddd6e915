"""Forms of the outbox."""

from typing import Any

from flask_babel import lazy_gettext as _l

from paritrana.web.forms import ChoiceField, Form, WholeNumberField, required


class ReleaseForm(Form):
    """How many recipients an organiser has seen and lets a message go to."""

    kind = ChoiceField(_l("Kind of message"), [required()])
    count = WholeNumberField(_l("Number of recipients"), [required()])

    def __init__(self, *args: Any, kinds: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind.choices = kinds
