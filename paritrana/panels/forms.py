"""Forms of the panel page: a new seat, the end of one, and the second person's word."""

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField

from paritrana.accounts.models import Account
from paritrana.panels.models import Seat
from paritrana.panels.service import BASES, ROLES, SECRETARY, SHARED
from paritrana.web.forms import ChoiceField, Form, LongTextField, TextField, optional, required


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
        free = [role for role in ROLES if role != SECRETARY and (role in SHARED or role not in taken)]
        self.role.choices = [("", _("Choose a place")), *((role, _(ROLES[role])) for role in free)]


class SecretaryForm(Form):
    """Which organiser is the secretary of a panel, by which decree."""

    account = ChoiceField(_l("Person"), [required()])
    role = HiddenField(default=SECRETARY)
    decree_number = TextField(_l("Number of the decree, or reason"), [required()])

    def __init__(self, *args: Any, accounts: Sequence[Account], slug: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self:
            field.id = field.label.field_id = f"secretary-{field.name}-{slug}"
        self.account.choices = [("", _("Choose a person")), *((one.ref, one.name) for one in accounts)]


def basis_choices() -> list[tuple[str, str]]:
    """The kinds of tie that a declared conflict may be."""
    return [(basis, _(words)) for basis, words in BASES.items()]


class WaiverForm(Form):
    """Why an officer may judge in spite of a declared conflict."""

    reason = LongTextField(
        _l("Reason of the waiver"), [required()], description=_l("The reason is public."), max_length=500
    )


class EndForm(Form):
    """Why a seat ends, and who comes in."""

    substitute = ChoiceField(
        _l("Substitute"),
        [optional()],
        default="",
        description=_l("The substitute becomes a member at the same moment and may mark from then on."),
    )
    reason = LongTextField(_l("Reason"), [required()], max_length=500)

    def __init__(self, *args: Any, substitutes: Sequence[Seat], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.substitute.choices = [("", _("Nobody comes in")), *((one.code, one.account.name) for one in substitutes)]
