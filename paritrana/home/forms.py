"""The form that moves the clock of a simulated cycle."""

import re
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from paritrana.web.formats import iso
from paritrana.web.forms import ChoiceField, DayField, Form, TextField

FARTHEST = timedelta(days=5 * 366)
_TIME = re.compile(r"([01]?[0-9]|2[0-3])[.:]([0-5][0-9])(?:[.:]([0-5][0-9]))?", re.ASCII)


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
                return self._refuse(self.to, _("Choose a date"))
            return valid
        if not self.on.errors and self.on.data is None:
            valid = self._refuse(self.on, _("Enter %(field)s", field=_("date")))
        if not self.time.errors and _TIME.fullmatch(self.time.data or "") is None:
            valid = self._refuse(self.time, _("Write the time as hours and minutes, for example 13.30"))
        if valid and self.moment > self.now + FARTHEST:
            valid = self._refuse(self.on, _("Choose a date no more than 5 years ahead"))
        return valid

    def _refuse(self, field: Any, words: str) -> bool:
        field.errors = [*field.errors, words]
        return False

    @property
    def moment(self) -> datetime:
        """Where the clock is to stand, in the zone of the cycle where it was typed."""
        if self.chosen_from_list:
            return self.offered[self.to.data]
        match = _TIME.fullmatch(self.time.data or "")
        hours, minutes, seconds = (int(part or 0) for part in match.groups()) if match else (0, 0, 0)
        return datetime.combine(self.on.data, time(hours, minutes, seconds), ZoneInfo(self.zone))
