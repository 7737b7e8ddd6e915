"""Forms of the panel page: a new seat, the end of one, and the second person's word."""

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from paritrana.accounts.models import Account
from paritrana.panels.service import ROLES
from paritrana.web.forms import ChoiceField, Form, LongTextField, TextField, required


class SeatForm(Form):
    """Who is to sit in a panel, as what, for which body, by which decree."""

    account = ChoiceField(_l("Person"), [required()])
    role = ChoiceField(_l("Place"), [required()])
    constituency = TextField(_l("Seated for"), description=_l("The body or group the person comes from."))
    decree_number = TextField(_l("Number of the decree, or reason"), [required()])

    def __init__(
        self, *args: Any, accounts: Sequence[Account], taken: frozenset[str], slug: str, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        for field in self:  # the page shows one such form per category, and ids must not repeat
            field.id = field.label.field_id = f"{field.name}-{slug}"
        self.account.choices = [
            ("", _("Choose a person")),
            *((one.ref, f"{one.name}, {one.position}" if one.position else one.name) for one in accounts),
        ]
        free = [role for role in ROLES if role == "member" or role not in taken]
        self.role.choices = [("", _("Choose a place")), *((role, _(ROLES[role])) for role in free)]


class EndForm(Form):
    """Why a seat ends."""

    reason = LongTextField(_l("Reason"), [required()], max_length=500)
