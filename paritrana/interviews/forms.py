"""Forms of the schedule, of the clock of a slot, and of attendance."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, Field, HiddenField, SelectMultipleField, ValidationError

from paritrana.core.words import N_
from paritrana.interviews.models import InterviewDay
from paritrana.interviews.planning import Place, Wanted
from paritrana.interviews.queries import ABSENT, Ladder
from paritrana.nominations.models import Nomination
from paritrana.web.forms import (
    ChoiceField,
    DayField,
    Form,
    LongTextField,
    RadioChoiceField,
    TextField,
    WholeNumberField,
    optional,
    required,
)
from paritrana.web.template_filters import own

MODES: Mapping[str, str] = {"in_person": N_("In person"), "online": N_("Online")}
_TIME = re.compile(r"([01]?\d|2[0-3])[.:]([0-5]\d)")


class ClockField(TextField):
    """A time of day, `9.05` or `09:05`; `time_of_day` after validation."""

    time_of_day: time | None = None

    def pre_validate(self, form: Any) -> None:
        """Read what was typed."""
        if not self.data:
            return
        match = _TIME.fullmatch(self.data)
        if match is None:
            raise ValidationError(_("Write the time as hours and minutes, for example 09.30."))
        self.time_of_day = time(int(match[1]), int(match[2]))


class DayForm(Form):
    """A day on which candidates are heard."""

    on = DayField(_l("Interview day"), [required()])


class SlotForm(Form):
    """A slot for one candidate, or for all that have none, one after the other."""

    nomination = ChoiceField(_l("Candidate"), [required()])
    day = ChoiceField(_l("Day"), [required()])
    starts = ClockField(_l("Starts at"), [required()], description=_l("Local time of the cycle, for example 09.30."))
    minutes = WholeNumberField(_l("Minutes"), [required()])
    mode = ChoiceField(_l("Manner"), [required()])
    room = TextField(_l("Room, or link"), [required()], max_length=200)

    def __init__(
        self, *args: Any, candidates: Sequence[Nomination], days: Sequence[InterviewDay], slug: str, zone: str,
        labels: Mapping[str, str], **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(*args, **kwargs)
        self.zone = zone
        for field in self:  # the page shows one such form per category, and ids must not repeat
            field.id = field.label.field_id = f"{field.name}-{slug}"
        self.nomination.choices = [
            ("all", _("All without a slot, one after the other")),
            *((one.ref, one.organisation.name) for one in candidates),
        ]
        self.day.choices = [(day.code, labels[day.code]) for day in days]
        self.mode.choices = [(code, _(word)) for code, word in MODES.items()]

    def validate_minutes(self, field: Field) -> None:
        """A slot lasts between 5 minutes and 4 hours."""
        if field.data is not None and not 5 <= field.data <= 240:
            raise ValidationError(_("A slot lasts from 5 to 240 minutes."))

    def planned_at(self, day: InterviewDay) -> datetime:
        """The moment at which the slot starts, on the cycle's day."""
        assert self.starts.time_of_day is not None  # noqa: S101 - asked after validation
        return datetime.combine(day.on, self.starts.time_of_day, ZoneInfo(self.zone))


class ClockForm(Form):
    """One press on the clock; a pause says why."""

    act = TextField(_l("Step"), [required()], max_length=20)
    reason = TextField(_l("Reason of the pause"), max_length=200)


class DropoutForm(Form):
    """From when to when a connection was gone, and how much time is given back."""

    gone = ClockField(_l("Gone at"), [required()], description=_l("Local time of the cycle, for example 09.30."))
    back = ClockField(_l("Back at"), [required()])
    given = WholeNumberField(_l("Minutes given back"), [required()], description=_l("0 where no time is given back."))


class NoShowForm(Form):
    """Why it is held that nobody came."""

    reason = LongTextField(_l("Reason"), [required()], max_length=500)


class PlanForm(Form):
    """How long the phases of a slot last, and how long is waited."""

    presentation = WholeNumberField(_l("Presentation, minutes"), [required()])
    questions = WholeNumberField(_l("Questions, minutes"), [required()])
    waiting = WholeNumberField(_l("Waiting for a candidate, minutes"), [required()])


def attendance_form(
    ladders: Sequence[Ladder], others: Mapping[str, Ladder], titles: Mapping[str, str], *, absent: bool, **kwargs: Any
) -> "AttendanceForm":
    """The form of who presented: a rank per ladder of the rubric, each named after its indicator.

    `absent` says whether the rank that stands for nobody may be chosen: two people must stand behind it.
    """

    def steps(ladder: Ladder) -> list[tuple[str, str]]:
        return [(step["code"], own(step)) for step in ladder.steps if absent or step["code"] != ABSENT]

    fields: dict[str, Any] = {
        other_name(code): RadioChoiceField(
            _l("Highest rank for %(indicator)s", indicator=titles[code]), [required()], choices=steps(ladder)
        )
        for code, ladder in others.items()
    }
    if ladders:
        fields["presenter_rank"] = RadioChoiceField(
            _l("Highest rank that presented"), [required()], choices=steps(ladders[0])
        )
    made: AttendanceForm = type("AskedAttendance", (AttendanceForm,), fields)(asked=tuple(others), **kwargs)
    return made


def other_name(indicator: str) -> str:
    """The name of the field that asks for the rank on the ladder of an indicator of its own."""
    return f"rank-{indicator}"


class AttendanceForm(Form):
    """Who presented; a name is not asked for."""

    position = TextField(
        _l("Office as introduced"), [required()], description=_l("The office, not the name: Wakil Bupati.")
    )
    acting = BooleanField(_l("Acting (Pj or Plt)"))
    mode = RadioChoiceField(_l("Manner"), [required()])
    arrived = ClockField(_l("Arrived at"), [required()], description=_l("Local time of the cycle, for example 09.30."))
    identity_seen = BooleanField(_l("Identity was seen"))
    camera_seen = BooleanField(_l("Online: the camera was on"))
    mandate_letter = BooleanField(_l("A letter of mandate is on file"))
    note = LongTextField(_l("Note"), max_length=1000)
    reason = LongTextField(_l("Reason of the correction"), max_length=500)

    def __init__(self, *args: Any, asked: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.asked = asked
        self.mode.choices = [(code, _(word)) for code, word in MODES.items()]

    @property
    def ranks(self) -> list[Field]:
        """The fields that ask for a rank: of the presenter first."""
        return [self[name] for name in ("presenter_rank", *map(other_name, self.asked)) if name in self]

    @property
    def rank(self) -> str:
        """The rank of the presenter; empty where the rubric has no ladder."""
        return str(self["presenter_rank"].data or "") if "presenter_rank" in self else ""

    @property
    def other_ranks(self) -> dict[str, str]:
        """The ranks on the other ladders, by indicator."""
        return {code: str(self[other_name(code)].data or "") for code in self.asked}

    def values(self, planned_at: datetime, zone: str) -> dict[str, Any]:
        """The fields of the record; the time of arrival is taken on the day of the slot."""
        assert self.arrived.time_of_day is not None  # noqa: S101 - asked after validation
        day = planned_at.astimezone(ZoneInfo(zone)).date()
        return {
            "presenter_rank": self.rank,
            "other_ranks": self.other_ranks,
            "position": self.position.data or "",
            "acting": bool(self.acting.data),
            "mode": self.mode.data,
            "arrived_at": datetime.combine(day, self.arrived.time_of_day, ZoneInfo(zone)),
            "identity_seen": bool(self.identity_seen.data),
            "camera_seen": bool(self.camera_seen.data),
            "mandate_letter": bool(self.mandate_letter.data),
            "note": self.note.data or "",
        }


# Planning -------------------------------------------------------------------------------------------------------------

MOST_ROOMS = 20


class LayoutForm(Form):
    """Days, rooms and hours for every candidate without a slot, and how their order comes about."""

    days = SelectMultipleField(_l("Interview days"), [required()])
    rooms = LongTextField(
        _l("Rooms, or links"), [required()], max_length=2000, description=_l("One room or link on each line.")
    )
    begins = ClockField(
        _l("Interviews from"), [required()], description=_l("Local time of the cycle, for example 09.30.")
    )
    ends = ClockField(_l("Interviews until"), [required()])
    minutes = WholeNumberField(_l("Minutes of a slot"), [required()])
    buffer = WholeNumberField(_l("Minutes between two slots"), [required()])
    mode = ChoiceField(_l("Manner"), [required()])
    how = RadioChoiceField(_l("Order of the candidates"), [required()])
    seed = TextField(
        _l("Seed of the draw"),
        max_length=120,
        description=_l("Announce it before. Whoever knows it draws the same order again."),
    )
    confirm_by = DayField(_l("Candidates answer until the end of"), [optional()])

    def __init__(self, *args: Any, days: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.days.choices = days
        self.mode.choices = [(code, _(word)) for code, word in MODES.items()]
        self.how.choices = [("drawn", _("Drawn from a published seed")), ("by_hand", _("By the code of the candidate"))]

    @property
    def room_names(self) -> list[str]:
        """The lines of the field, each once."""
        lines = (" ".join(line.split()) for line in (self.rooms.data or "").splitlines())
        return list({line.casefold(): line for line in lines if line}.values())

    def validate_rooms(self, field: Field) -> None:
        """Some rooms, each with a short name."""
        if len(self.room_names) > MOST_ROOMS or any(len(name) > 200 for name in self.room_names):
            raise ValidationError(_("At most 20 rooms, each of at most 200 characters."))

    def validate_minutes(self, field: Field) -> None:
        """A slot lasts between 5 minutes and 4 hours."""
        if field.data is not None and not 5 <= field.data <= 240:
            raise ValidationError(_("A slot lasts from 5 to 240 minutes."))

    def validate_buffer(self, field: Field) -> None:
        """At most two hours lie between two slots."""
        if field.data is not None and not 0 <= field.data <= 120:
            raise ValidationError(_("Between two slots lie 0 to 120 minutes."))

    def validate_ends(self, field: Field) -> None:
        """The day ends after it begins."""
        begins, ends = self.begins.time_of_day, self.ends.time_of_day
        if begins is not None and ends is not None and ends <= begins:
            raise ValidationError(_("The day must end after it begins."))

    def validate_seed(self, field: Field) -> None:
        """A draw needs its seed."""
        if self.how.data == "drawn" and not (field.data or "").strip():
            raise ValidationError(_("Enter the seed that the order is drawn from."))

    def wanted(self, days: Sequence[InterviewDay], zone: str) -> Wanted:
        """What was asked for, after validation."""
        begins, ends = self.begins.time_of_day, self.ends.time_of_day
        assert begins is not None  # noqa: S101 - asked after validation
        assert ends is not None  # noqa: S101 - asked after validation
        until = self.confirm_by.data
        return Wanted(
            days=[day for day in days if day.code in (self.days.data or ())],
            rooms=self.room_names,
            begins=begins,
            ends=ends,
            minutes=int(self.minutes.data or 0),
            buffer=int(self.buffer.data or 0),
            mode=self.mode.data,
            seed=(self.seed.data or "").strip() if self.how.data == "drawn" else "",
            confirm_by=None if until is None else datetime.combine(until, time(23, 59, 59), ZoneInfo(zone)),
        )


class OrderForm(Form):
    """The references of the planned slots in an order, and why."""

    order = HiddenField()
    step = HiddenField()
    reason = TextField(_l("Reason"), [required()], max_length=120)


class MoveForm(Form):
    """Another time or room for a slot, and why."""

    day = ChoiceField(_l("Day"), [required()])
    starts = ClockField(_l("Starts at"), [required()], description=_l("Local time of the cycle, for example 09.30."))
    minutes = WholeNumberField(_l("Minutes"), [required()])
    mode = ChoiceField(_l("Manner"), [required()])
    room = TextField(_l("Room, or link"), [required()], max_length=200)
    reason = TextField(
        _l("Reason"), max_length=120, description=_l("The candidate and the panel read it. Needed when you save.")
    )

    def __init__(self, *args: Any, days: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.day.choices = days
        self.mode.choices = [(code, _(word)) for code, word in MODES.items()]

    def validate_minutes(self, field: Field) -> None:
        """A slot lasts between 5 minutes and 4 hours."""
        if field.data is not None and not 5 <= field.data <= 240:
            raise ValidationError(_("A slot lasts from 5 to 240 minutes."))

    def place(self, days: Sequence[InterviewDay], zone: str) -> Place:
        """The place that was chosen, after validation."""
        assert self.starts.time_of_day is not None  # noqa: S101 - asked after validation
        day = next(one for one in days if one.code == self.day.data)
        begins = datetime.combine(day.on, self.starts.time_of_day, ZoneInfo(zone))
        return Place(day, begins, int(self.minutes.data or 0), self.mode.data, self.room.data or "")


class RemoveForm(Form):
    """Why a slot is taken out of the schedule."""

    removal_reason = TextField(_l("Reason of the removal"), [required()], max_length=120)


class AnswerForm(Form):
    """What the candidate says to a slot."""

    answer = RadioChoiceField(_l("Your answer"), [required()])
    note = TextField(_l("Why, and which time would suit"), max_length=120)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.answer.choices = [("confirmed", _("We will be there")), ("move_asked", _("We ask for another time"))]


class KeepForm(Form):
    """Why the time stays although the candidate asked for another one."""

    kept_reason = TextField(_l("Reason why the time stays"), [required()], max_length=120)
