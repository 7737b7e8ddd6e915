"""Forms about personal data."""

from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from paritrana.privacy.keeping import KINDS
from paritrana.web.forms import ChoiceField, DayField, Form, LongTextField, TextField, WholeNumberField, required
from paritrana.web.moments import is_time, moment_of


class ReasonForm(Form):
    """What two people decide is asked for with its reason."""

    reason = LongTextField(_l("Reason"), [required()])


class RuleForm(ReasonForm):
    """Another time of keeping."""

    kind = ChoiceField(_l("Data"), [required()])
    days = WholeNumberField(_l("Days"), [required()])
    basis = TextField(_l("Legal basis"), [required()], max_length=300)

    def __init__(self, *args: Any, **values: Any) -> None:
        super().__init__(*args, **values)
        self.kind.choices = [("", ""), *((kind.name, _(kind.title)) for kind in KINDS)]


class EraseForm(ReasonForm):
    """One person's data goes."""

    account = TextField(_l("Reference of the account"), [required()], max_length=40)


class BreachForm(ReasonForm):
    """Which hours, and what is known of the breach."""

    since = DayField(_l("From"), [required()])
    since_time = TextField(_l("Time of the beginning"), [required()], max_length=8)
    until = DayField(_l("To"), [required()])
    until_time = TextField(_l("Time of the end"), [required()], max_length=8)
    account = TextField(_l("Account"), max_length=40)
    file = TextField(_l("File"), max_length=60)
    source = TextField(_l("Address in the network"), max_length=60)

    def __init__(self, *args: Any, zone: str, **values: Any) -> None:
        super().__init__(*args, **values)
        self.zone = zone

    def validate(self, extra_validators: Any = None) -> bool:
        """Whether both moments can be read."""
        valid: bool = super().validate(extra_validators)
        for field in (self.since_time, self.until_time):
            if not field.errors and not is_time(field.data):
                field.errors = [_("Write the time as hours and minutes, for example 13.30")]
                valid = False
        return valid

    def period(self) -> tuple[datetime, datetime]:
        """The two moments."""
        return (
            moment_of(self.since.data, self.since_time.data, self.zone),
            moment_of(self.until.data, self.until_time.data, self.zone),
        )


class IdentityForm(Form):
    """A person's own number, which is hashed and forgotten."""

    number = TextField(_l("Identity number (NIK)"), [required()], max_length=40)
