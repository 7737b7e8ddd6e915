"""What an organiser says when a result is to be published, taken back before its instant, or corrected."""

from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField

from paritrana.publication.service import InstantPassed
from paritrana.web.forms import DayField, Form, LongTextField, TextField, WholeNumberField, required
from paritrana.web.moments import is_time, moment_of

FARTHEST = timedelta(days=366)
MAX_REASON = 1000
MOST_OBJECTION_DAYS = 60


class PublishForm(Form):
    """The sealed result as the page showed it, and the instant on the clock of the cycle's zone, where one is set."""

    digest = HiddenField()
    on = DayField(_l("Date of the publication"))
    time = TextField(_l("Time of the publication"), max_length=8)

    objection_days = WholeNumberField(_l("Days for objections after the publication"))

    def __init__(self, *args: Any, zone: str, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone, self.now = zone, now

    def validate(self, extra_validators: Any = None) -> bool:
        """Whether nothing, or a whole moment ahead by no more than a year, was typed."""
        valid: bool = super().validate(extra_validators)
        if self.days is not None and self.days > MOST_OBJECTION_DAYS:
            valid = _refuse(self.objection_days, _("Write at most %(days)s days", days=MOST_OBJECTION_DAYS))
        if self.on.errors or self.time.errors or (self.on.data is None and not self.time.data):
            return valid
        if self.on.data is None:
            return _refuse(self.on, _("Enter %(field)s", field=_("date")))
        if not is_time(self.time.data):
            return _refuse(self.time, _("Write the time as hours and minutes, for example 13.30"))
        if self.moment is not None and self.moment <= self.now:
            return _refuse(self.on, _(InstantPassed.message))
        if self.moment is not None and self.moment > self.now + FARTHEST:
            return _refuse(self.on, _("Choose a date no more than one year ahead"))
        return valid

    @property
    def days(self) -> int | None:
        """For how many days nominees may object; None is what the cycle says."""
        typed = self.objection_days.data
        return None if typed is None else int(typed)

    @property
    def moment(self) -> datetime | None:
        """The instant; none where the result becomes public with the confirmation."""
        return None if self.on.data is None else moment_of(self.on.data, self.time.data, self.zone)


class RecallForm(Form):
    """Why a publication is taken back before its instant."""

    reason = LongTextField(_l("Reason, for the record"), [required()], max_length=MAX_REASON)


class CorrectForm(Form):
    """Which run takes the place of the published one, as the page showed it, and why, as everybody reads it."""

    digest = HiddenField()
    reason = LongTextField(_l("Reason, as everybody reads it"), [required(_l("reason"))], max_length=MAX_REASON)


def _refuse(field: Any, words: str) -> bool:
    field.errors = [*field.errors, words]
    return False
