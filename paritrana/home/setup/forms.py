"""The forms of the set-up. Each reads one step; the service of the cycles checks what several steps say together."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any, Final
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, ValidationError

from paritrana.core.rubric_form import CATEGORY_KINDS
from paritrana.core.scope import SIZES
from paritrana.cycles.models import CALENDAR, HONOUR_KINDS, Category, Cycle
from paritrana.cycles.setup.service import DRAFT, MOST_RANKS, SAME
from paritrana.home.rubrics.forms import CodesField
from paritrana.home.rubrics.words import CATEGORY_NAMES, TABLES
from paritrana.home.setup import words
from paritrana.home.stages import DATES
from paritrana.reference.models import AWARD_ZONES, INSTRUMENTS, TIMEZONES
from paritrana.reference.queries import find_target, provinces
from paritrana.web.forms import (
    ChoiceField,
    DayField,
    Form,
    LongTextField,
    Printable,
    RadioChoiceField,
    TextField,
    WholeNumberField,
    YearField,
    optional,
    required,
)
from paritrana.web.template_filters import own

FIRST_YEAR, LAST_YEAR = 2000, 2100
LONGEST_TITLE, LONGEST_SLUG, MOST_SECTORS = 120, 40, 20
_SLUG: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*", re.ASCII)
_TIME: Final = re.compile(r"([01]?[0-9]|2[0-3])[.:]([0-5][0-9])(?:[.:]([0-5][0-9]))?", re.ASCII)
_MIDNIGHT: Final = re.compile(r"24[.:]00(?:[.:]00)?", re.ASCII)


def _named(names: Mapping[str, str], codes: Iterable[str]) -> list[tuple[str, str]]:
    return [(code, _(names[code])) for code in codes]


def refuse(field: Any, said: str) -> bool:
    """Put a sentence at a field; the answer is False."""
    field.errors = [*field.errors, said]
    return False


def plausible(field: DayField) -> bool:
    """Whether a date lies in the years of the award; where it does not, its field says so."""
    if field.data is None or FIRST_YEAR <= field.data.year <= LAST_YEAR:
        return True
    return refuse(field, _("Choose a year from %(a)s to %(b)s.", a=FIRST_YEAR, b=LAST_YEAR))


class IdentityForm(Form):
    """Year, area and names of a cycle."""

    assessment_year = YearField(_l("Assessment year"), [required()])
    edition_label = TextField(_l("Edition label"), [required(), Printable()], max_length=40)
    tier = ChoiceField(_l("Tier"), [required()])
    region_code = ChoiceField(_l("Province"), [required()])
    timezone = ChoiceField(_l("Time zone of the calendar"), [required()])
    kind = ChoiceField(_l("Kind of cycle"), [required()])
    title_id = TextField(_l("Title in Indonesian"), [required(), Printable()], max_length=LONGEST_TITLE)
    title_en = TextField(_l("Title in English"), [required(), Printable()], max_length=LONGEST_TITLE)
    decree = TextField(_l("Number of the decree"), [optional(), Printable()], max_length=LONGEST_TITLE)
    election_held = BooleanField(_l("An election was held in the assessment year"))

    NAMES: Final = (
        "assessment_year", "edition_label", "tier", "region_code", "timezone", "kind", "title_id", "title_en",
        "election_held",
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.tier.choices = _named(words.TIERS, words.TIERS)
        self.region_code.choices = [("", _("Choose"))] + [(one.code, one.name) for one in provinces()]
        self.timezone.choices = _named(words.TIMEZONES, TIMEZONES)
        self.kind.choices = _named(words.KINDS, words.KINDS)

    def validate_assessment_year(self, field: YearField) -> None:
        """A year of which an award can be given."""
        if field.data is not None and not FIRST_YEAR <= field.data <= LAST_YEAR:
            raise ValidationError(_("Choose a year from %(a)s to %(b)s.", a=FIRST_YEAR, b=LAST_YEAR))

    @property
    def identity(self) -> dict[str, Any]:
        """What was typed, as the service takes it."""
        return {**{name: self[name].data for name in self.NAMES}, "decree": self.decree.data or None}

    @classmethod
    def of(cls, cycle: Cycle) -> "IdentityForm":
        """The form with what is stored."""
        stored = {name: getattr(cycle, name) for name in (*cls.NAMES, "decree")}
        return cls(formdata=None, data={**stored, "version": cycle.version})


class NewCycleForm(IdentityForm):
    """A cycle from nothing, or with the rules of one that the person organises."""

    source = ChoiceField(_l("Begin with"))
    rubric = RadioChoiceField(
        _l("Rubrics of the copy"),
        choices=[
            (SAME, _l("The same versions, as they were frozen")),
            (DRAFT, _l("New versions in work, to be frozen anew")),
        ],
    )

    def __init__(self, *args: Any, sources: Sequence[Cycle], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.source.choices = [("", _("Nothing: an empty cycle"))] + [
            (one.code, f"{own(one, 'title')} ({one.assessment_year})") for one in sources
        ]
        self.rubric.flags.needed = True
        if not self.rubric.data:
            self.rubric.data = SAME


class CategoryForm(Form):
    """Whom a category takes, how many ranks it has, and how much of its table is public."""

    slug = TextField(_l("Short name in addresses"), [required()], max_length=LONGEST_SLUG)
    kind = ChoiceField(_l("Kind of category"), [required()])
    title_id = TextField(_l("Title in Indonesian"), [required(), Printable()], max_length=LONGEST_TITLE)
    title_en = TextField(_l("Title in English"), [required(), Printable()], max_length=LONGEST_TITLE)
    ranks = WholeNumberField(_l("Ranks that are awarded"), [required()])
    public_table = ChoiceField(_l("The public table shows"), [required()])
    zones = CodesField(_l("Award zones"))
    size_classes = CodesField(_l("Size classes"))
    sectors = LongTextField(_l("Sectors, one in each line"), [optional()], max_length=1000)

    NAMES: Final = ("slug", "kind", "title_id", "title_en", "ranks", "public_table", "zones", "size_classes")

    def __init__(self, *args: Any, tier: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.tier = tier
        self.kind.choices = [("", _("Choose")), *_named(CATEGORY_NAMES, CATEGORY_KINDS)]
        self.public_table.choices = _named(TABLES, TABLES)
        self.zones.choices = _named(words.ZONES, AWARD_ZONES)
        self.size_classes.choices = _named(words.SIZES, words.SIZES)

    def validate(self, extra_validators: Any = None) -> bool:
        """Whether every field can be read, and what narrows the category suits its kind and tier."""
        valid: bool = super().validate(extra_validators)
        if self.slug.data and not _SLUG.fullmatch(self.slug.data):
            valid = refuse(self.slug, _("Write small letters, digits and hyphens, for example badan-usaha"))
        if self.ranks.data is not None and not 1 <= self.ranks.data <= MOST_RANKS:
            valid = refuse(self.ranks, _("Choose a number from 1 to %(most)s.", most=MOST_RANKS))
        if self.zones.data and self.tier != "national":
            valid = refuse(self.zones, _("A province lies in one zone. Only national categories are split by zone."))
        sizes = SIZES.get(self.kind.data or "", ())
        if set(self.size_classes.data or ()) - set(sizes):
            valid = refuse(self.size_classes, _("Competitors of this kind are not of these sizes."))
        if self.lines and not sizes:
            valid = refuse(self.sectors, _("Only enterprises have sectors."))
        if len(self.lines) > MOST_SECTORS:
            valid = refuse(self.sectors, _("Write no more than %(most)s sectors.", most=MOST_SECTORS))
        return valid

    @property
    def lines(self) -> list[str]:
        """The typed sectors, each once."""
        typed = [" ".join(line.split()) for line in (self.sectors.data or "").splitlines()]
        return list({line.casefold(): line for line in typed if line}.values())

    @property
    def rules(self) -> dict[str, Any]:
        """What was typed, as the service takes it."""
        return {**{name: self[name].data for name in self.NAMES}, "sectors": self.lines}

    @classmethod
    def of(cls, category: Category) -> "CategoryForm":
        """The form with what is stored."""
        stored = {name: getattr(category, name) for name in cls.NAMES}
        return cls(
            formdata=None,
            tier=category.cycle.tier,
            data={**stored, "sectors": "\n".join(category.sectors), "version": category.version},
        )


class TitlesForm(Form):
    """The titles of the ranks and what is awarded beside them; made by `titles_form`."""

    ranks: int = 0
    honours: int = 0

    def titles(self) -> list[tuple[str, str]]:
        """The titles of the ranks, first one first."""
        return [(self[f"rank_id-{no}"].data, self[f"rank_en-{no}"].data) for no in range(self.ranks)]

    def rows(self) -> list[tuple[str, str, str]]:
        """What is awarded beside them: kind and both titles; a row without titles is none."""
        found = [tuple(self[f"honour_{part}-{no}"].data or "" for part in ("kind", "id", "en")) for no in self.filled()]
        return [(kind, own_, english) for kind, own_, english in found]

    def filled(self) -> list[int]:
        """The rows of honours in which something is typed."""
        return [no for no in range(self.honours) if self[f"honour_id-{no}"].data or self[f"honour_en-{no}"].data]

    def title_field(self, place: int) -> Any:
        """The field of the title at a place that counts the ranks first, then the filled rows."""
        return (
            self[f"rank_id-{place}"] if place < self.ranks else self[f"honour_id-{self.filled()[place - self.ranks]}"]
        )

    def validate(self, extra_validators: Any = None) -> bool:
        """Whether every rank has both titles, and every filled row too."""
        valid: bool = super().validate(extra_validators)
        for no in self.filled():
            for part in ("kind", "id", "en"):
                field = self[f"honour_{part}-{no}"]
                if not field.data and not field.errors:
                    valid = refuse(field, _("Enter %(field)s", field=str(field.label.text).lower()))
        return valid


MOST_HONOURS: Final = 24


def titles_form(category: Category, *, sent: bool) -> TitlesForm:
    """The form of a category's titles: a row for each rank, each honour, and empty ones for new honours."""
    honours = min(MOST_HONOURS, len(category.honours) + 3)
    fields: dict[str, Any] = {"ranks": category.ranks, "honours": honours}
    data: dict[str, Any] = {"version": category.version}
    titles = {one.rank: one for one in category.titles}
    for no in range(category.ranks):
        printed = [required(), Printable()]
        fields[f"rank_id-{no}"] = TextField(_l("Title in Indonesian"), printed, max_length=LONGEST_TITLE)
        fields[f"rank_en-{no}"] = TextField(_l("Title in English"), printed, max_length=LONGEST_TITLE)
        one = titles.get(no + 1)
        if one is not None:
            data |= {f"rank_id-{no}": one.title_id, f"rank_en-{no}": one.title_en}
    kinds = [("", _("Choose")), *_named(words.HONOURS, HONOUR_KINDS)]
    for no in range(honours):
        fields[f"honour_kind-{no}"] = ChoiceField(_l("Kind of honour"), choices=kinds)
        fields[f"honour_id-{no}"] = TextField(_l("Title in Indonesian"), [optional()], max_length=LONGEST_TITLE)
        fields[f"honour_en-{no}"] = TextField(_l("Title in English"), [optional()], max_length=LONGEST_TITLE)
    for no, honour in enumerate(category.honours[:honours]):
        data |= {f"honour_{name}-{no}": value for name, value in (
            ("kind", honour.kind), ("id", honour.title_id), ("en", honour.title_en),
        )}  # fmt: skip
    made: type[TitlesForm] = type("TitlesFormOfCategory", (TitlesForm,), fields)
    return made() if sent else made(formdata=None, data=data)


class CalendarForm(Form):
    """The dates of a category on the clock of the cycle's zone; made by `calendar_form`."""

    everywhere = BooleanField(_l("Use these dates for every category that is still a draft"))
    zone: str = ""

    def validate(self, extra_validators: Any = None) -> bool:
        """Whether each date is whole, with a time of day that there is."""
        valid: bool = super().validate(extra_validators)
        for name in CALENDAR:
            on, clock = self[f"{name}_on"], self[f"{name}_time"]
            valid = plausible(on) and valid
            if _MIDNIGHT.fullmatch(clock.data or ""):
                valid = refuse(clock, _("A day ends at 23.59.59. Write midnight as 00.00 of the next day."))
            elif clock.data and not _TIME.fullmatch(clock.data):
                valid = refuse(clock, _("Write the time as hours and minutes, for example 13.30"))
            elif on.data is not None and not clock.data:
                valid = refuse(clock, _("Enter %(field)s", field=_("time")))
            elif clock.data and on.data is None and not on.errors:
                valid = refuse(on, _("Enter %(field)s", field=_("date")))
        return valid

    def calendar(self) -> dict[str, datetime | None]:
        """The dates by the names of the fields of a category."""
        return {name: self._moment(self[f"{name}_on"].data, self[f"{name}_time"].data) for name in CALENDAR}

    def _moment(self, on: date | None, written: str | None) -> datetime | None:
        match = _TIME.fullmatch(written or "")
        if on is None or match is None:
            return None
        hours, minutes, seconds = (int(part or 0) for part in match.groups())
        return datetime.combine(on, time(hours, minutes, seconds), ZoneInfo(self.zone))


def calendar_form(category: Category, *, sent: bool) -> CalendarForm:
    """The form of a category's calendar."""
    zone = category.cycle.timezone
    fields: dict[str, Any] = {"zone": zone}
    data: dict[str, Any] = {"version": category.version}
    for name in CALENDAR:
        fields[f"{name}_on"] = DayField(_(DATES[name]))
        fields[f"{name}_time"] = TextField(_l("Time"), [optional()], max_length=8)
        stored = getattr(category, name)
        if stored is not None:
            local = stored.astimezone(ZoneInfo(zone))
            written = local.strftime("%H.%M.%S" if local.second else "%H.%M")
            data |= {f"{name}_on": local.date(), f"{name}_time": written}
    made: type[CalendarForm] = type("CalendarFormOfCategory", (CalendarForm,), fields)
    return made() if sent else made(formdata=None, data=data)


class FiguresForm(Form):
    """The targets that coverage is compared with, the day of the rates, and the national cycle that is fed."""

    target_instrument = ChoiceField(_l("Plan or monitoring that names the target"), [required()])
    target_year = YearField(_l("Year of the target"), [required()])
    rates_as_of = DayField(_l("Rates as known on"), [required()])
    feeds = ChoiceField(_l("The winners go on to"))

    def __init__(self, *args: Any, cycle: Cycle, national: Sequence[Cycle], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.cycle = cycle
        self.target_instrument.choices = _named(words.INSTRUMENTS, INSTRUMENTS)
        self.feeds.choices = [("", _("No national cycle"))] + [(one.code, own(one, "title")) for one in national]

    def validate(self, extra_validators: Any = None) -> bool:
        """Whether there is such a target for the area."""
        valid = super().validate(extra_validators) and plausible(self.rates_as_of)
        year, instrument = self.target_year.data, self.target_instrument.data
        if not valid or year is None:
            return False
        region = None if self.cycle.tier == "national" else self.cycle.region_code
        if find_target(region, year, instrument) is None:
            said = _(
                "The reference data has no target of %(instrument)s for %(year)s. Choose another year or plan.",
                instrument=_(words.INSTRUMENTS[instrument]), year=year,
            )  # fmt: skip
            return refuse(self.target_year, said)
        return True

    @property
    def figures(self) -> dict[str, Any]:
        """What was typed, as the service takes it; the rates of the whole day count."""
        end = datetime.combine(self.rates_as_of.data, time(23, 59, 59), ZoneInfo(self.cycle.timezone))
        return {
            "target_instrument": self.target_instrument.data,
            "target_year": self.target_year.data,
            "rates_as_of": end,
        }
