"""What an organiser says when certificates are ordered or asked for."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import SelectMultipleField
from wtforms.fields import SelectChoice

from paritrana.core.certificates import KIND_NAMES, Kind
from paritrana.web.forms import Form, LongTextField, required

MAX_REASON = 1000


class OrderForm(Form):
    """The kinds of certificates that are to be issued; `place` is the part of the page that asks for them."""

    kinds = SelectMultipleField(_l("Kinds"), [required(_l("kinds"))])

    def __init__(self, place: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.place = place
        for field in self:
            field.id = f"{field.name}-{place}"
        self.kinds.choices = [SelectChoice(kind.value, _(name)) for kind, name in KIND_NAMES.items()]

    @property
    def chosen(self) -> list[Kind]:
        """The kinds in their own order."""
        return [kind for kind in Kind if kind.value in (self.kinds.data or ())]


class RequestForm(OrderForm):
    """The same before the publication, which needs a reason."""

    reason = LongTextField(_l("Reason, for the record"), [required(_l("reason"))], max_length=MAX_REASON)
