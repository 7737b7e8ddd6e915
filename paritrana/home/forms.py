"""The forms that move the clock of a simulated cycle, and that propose a later deadline."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from paritrana.core.lifecycle import NotLater
from paritrana.web import formats
from paritrana.web.formats import iso
from paritrana.web.forms import ChoiceField, DayField, Form, LongTextField, TextField, required
from paritrana.web.moments import is_time, moment_of
from paritrana.web.template_filters import current_language

FARTHEST = timedelta(days=5 * 366)
LONGEST = timedelta(days=366)


class ClockForm(Form):
    """To one of the dates ahead (`to`), or to a date and time that is typed."""

    to = ChoiceField(_l("Date ahead"))
    on = DayField(_l("Date"))
    time = TextField(_l("Time"), description=_l("For example 13.30"), max_length=8)

    def __init__(
        self, *args: Any, dates: Sequence[tuple[datetime, str]], zone: str, now: datetime, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.zone, self.now = zone, now
        self.offered = {iso(moment): moment for moment, _label in dates}
        self.to.choices = [("", _("Choose a date")), *((iso(moment), label) for moment, label in dates)]
        for field in (self.to, self.on, self.time):
            field.flags.needed = True

    @property
    def chosen_from_list(self) -> bool:
        """Whether what was sent comes from the list of dates."""
        return self.to.raw_data is not None and len(self.to.raw_data) > 0

    def validate(self, extra_validators: Any = None) -> bool:
        """Check the way that was used: the list, or the typed date and time."""
        valid: bool = super().validate(extra_validators)
        if self.chosen_from_list:
            if not self.to.data:
                return _refuse(self.to, _("Choose a date"))
            return valid
        if not self.on.errors and self.on.data is None:
            valid = _refuse(self.on, _("Enter %(field)s", field=_("date")))
        if not self.time.errors and not is_time(self.time.data):
            valid = _refuse(self.time, _("Write the time as hours and minutes, for example 13.30"))
        if valid and self.moment > self.now + FARTHEST:
            valid = _refuse(self.on, _("Choose a date no more than 5 years ahead"))
        return valid

    @property
    def moment(self) -> datetime:
        """Where the clock is to stand, in the zone of the cycle where it was typed."""
        if self.chosen_from_list:
            return self.offered[self.to.data]
        return moment_of(self.on.data, self.time.data, self.zone)


class ExtensionForm(Form):
    """The new deadline on the clock of the cycle's zone, and why."""

    on = DayField(_l("Date of the new deadline"))
    time = TextField(_l("Time of the new deadline"), max_length=8)
    reason = LongTextField(_l("Reason, as everybody reads it"), [required(_l("reason"))], max_length=1000)

    def __init__(self, *args: Any, closes_at: datetime, zone: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone, self.closes_at = zone, closes_at
        for field in (self.on, self.time):
            field.flags.needed = True

    def validate(self, extra_validators: Any = None) -> bool:
        """Whether a whole moment was typed that is later than the deadline in force, by no more than a year."""
        valid: bool = super().validate(extra_validators)
        if not self.on.errors and self.on.data is None:
            valid = _refuse(self.on, _("Enter %(field)s", field=_("date")))
        if not self.time.errors and not is_time(self.time.data):
            valid = _refuse(self.time, _("Write the time as hours and minutes, for example 13.30"))
        if valid and self.moment <= self.closes_at:
            written = formats.moment(self.closes_at, current_language(), self.zone, form="plain", seconds=True)
            valid = _refuse(self.on, _(NotLater.message, time=written))
        if valid and self.moment > self.closes_at + LONGEST:
            valid = _refuse(self.on, _("Choose a date no more than one year after the deadline in force"))
        return valid

    @property
    def moment(self) -> datetime:
        """The new deadline."""
        return moment_of(self.on.data, self.time.data, self.zone)


def _refuse(field: Any, words: str) -> bool:
    field.errors = [*field.errors, words]
    return False
