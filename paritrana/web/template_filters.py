"""The formats of `web/formats` in the language of the request, as functions and as template filters.

Filters: number, decimal2, money, money_words, percent, points_pp, day, moment, clock_time, deadline, three_zones,
remaining, iso, file_size, quantity, sentence, joined, in_sentence, own, unbroken,
word_count. Globals: `static_url(name)`, `icon_url(name)`, `standalone()`.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Literal

from flask import Flask, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from markupsafe import Markup

from paritrana.core import quantities
from paritrana.core.errors import ParitranaError
from paritrana.core.wordcount import count_words
from paritrana.web import formats
from paritrana.web.formats import DEFAULT_ZONE, Language, Number
from paritrana.web.standalone import standalone


def current_language() -> Language:
    """The language of the page being answered; Indonesian outside a request."""
    locale = get_locale()
    return "en" if locale is not None and locale.language == "en" else "id"


def number(value: Number | None, decimals: int | None = None, *, signed: bool = False) -> str:
    """A grouped number, "–" for nothing."""
    return "–" if value is None else formats.number(value, current_language(), decimals, signed=signed)


def decimal2(value: Number | None) -> str:
    """A mark, total or weight with two decimals, "–" for nothing."""
    return "–" if value is None else formats.decimal2(value, current_language())


def money(value: Number | None, *, signed: bool = False) -> str:
    """Rupiah, "–" for nothing."""
    return "–" if value is None else formats.money(value, current_language(), signed=signed)


def money_words(value: Number) -> str:
    """Rupiah in words of magnitude."""
    return formats.money_words(value, current_language())


def percent(value: Number | None, decimals: int = 2, *, signed: bool = False) -> str:
    """A percentage from its percent figure, "–" for nothing."""
    return "–" if value is None else formats.percent(value, current_language(), decimals, signed=signed)


def points_pp(value: Number) -> str:
    """A difference of percentages in percentage points."""
    return formats.points_pp(value, current_language())


def day(value: date | None, form: Literal["short", "plain", "long", "bare"] = "plain") -> str:
    """A date in words, "–" for nothing."""
    return "–" if value is None else formats.day(value, current_language(), form)


def moment(
    value: datetime | None,
    zone: str = DEFAULT_ZONE,
    form: Literal["short", "plain", "long"] = "long",
    seconds: bool = False,
) -> str:
    """Date, time and zone, "–" for nothing."""
    return "–" if value is None else formats.moment(value, current_language(), zone, form=form, seconds=seconds)


def clock_time(value: datetime, zone: str = DEFAULT_ZONE, seconds: bool = True) -> str:
    """The time of day."""
    return formats.clock_time(value, current_language(), zone, seconds=seconds)


def deadline(value: datetime, zone: str = DEFAULT_ZONE, *, now: datetime, reader_zone: str | None = None) -> str:
    """The deadline sentence with three zones and the remaining time."""
    return formats.deadline(value, now, current_language(), zone, reader_zone)


def three_zones(value: datetime, zone: str = DEFAULT_ZONE, reader_zone: str | None = None) -> str:
    """A moment to the second in the three Indonesian zones, the given one first."""
    return formats.three_zones(value, current_language(), zone, reader_zone)


def remaining(value: datetime, now: datetime) -> str:
    """How long until a moment, or since."""
    return formats.remaining(value, now, current_language())


def file_size(value: int) -> str:
    """Bytes in kB or MB."""
    return formats.file_size(value, current_language())


def joined(words: Any) -> str:
    """A list of words in a sentence."""
    return formats.joined((str(word) for word in words), current_language())


def quantity(value: Any) -> Any:
    """A value of the core written with its unit; anything that is no typed quantity comes back as it is."""
    language = current_language()
    match value:
        case quantities.Amount(value=amount, signed=signed):
            return formats.money(amount, language, signed=signed)
        case quantities.People(value=count, signed=signed) | quantities.Count(value=count, signed=signed):
            return formats.number(count, language, signed=signed)
        case quantities.Percent(value=share, signed=signed):
            return formats.percent(share, language, signed=signed)
        case quantities.Decimals(value=value_, signed=signed):
            return formats.number(value_, language, formats.places(value_), signed=signed)
        case quantities.Points(value=points):
            return formats.points_pp(points, language)
        case quantities.Months(value=months):
            # Whole months read as "3"; implied ones as "3,89".
            return formats.number(months, language, None if months.denominator == 1 else 2)
        case quantities.Score(value=score):
            return formats.decimal2(score, language)
        case quantities.Year(value=year):
            return str(year)
        case quantities.FileSize(value=size):
            return file_size(size)
        case quantities.Day(value=on):
            return formats.day(on, language)
        case quantities.Text(value=text):
            return text
        case quantities.Label(value=label):
            return _(label)
        case datetime():
            return formats.moment(value, language)
        case date():
            return formats.day(value, language)
    if hasattr(value, "title_id") or (isinstance(value, Mapping) and "title_id" in value):
        return own(value, "title")  # a category, an indicator, a gate
    return value


def translated(message: str, params: Mapping[str, Any]) -> str:
    """A message id of the core or a service in the reader's language, its values written with their units."""
    return str(_(message, **{name: quantity(value) for name, value in params.items()}))


def sentence(said: Any) -> str:
    """Whatever carries a `message` (an English id) and `params`, as one sentence: a check, a refusal, a reason."""
    if isinstance(said, str):
        return str(_(said))
    if isinstance(said, ParitranaError):
        return translated(said.message, said.params)
    return translated(said.message, said.params)


def in_sentence(label: Any) -> str:
    """A field's label inside a sentence: first letter small, unless it begins an abbreviation («NIK», «SOP»)."""
    text = str(label)
    return text[:1].lower() + text[1:] if len(text) > 1 and text[1].islower() else text


def own(thing: Any, name: str = "") -> str:
    """A bilingual text in the reader's language: `own(category, "title")` of a row, `own(anchor)` of `{id, en}`."""
    key = f"{name}_{current_language()}" if name else current_language()
    return str(thing[key] if isinstance(thing, Mapping) else getattr(thing, key))


def band_of(cycle: Any) -> str:
    """What stands over every printed page of a cycle that is a rehearsal or simulated; nothing over any other."""
    if cycle.rehearsal:
        return str(_("REHEARSAL: nothing of it counts, and nothing is published"))
    return str(_("SIMULATION: training data, not a result")) if cycle.simulated else ""


def static_url(filename: str) -> str:
    """The address of an own static file; `web/headers` adds the version."""
    return url_for("static", filename=filename)


def icon_url(name: str) -> str:
    """The address of one symbol of the icon sprite."""
    return f"{static_url('icons.svg')}#{name}"


def unbroken(value: str) -> Markup:
    """A number of letters and digits that no line end parts at its hyphens."""
    return Markup('<span class="p-nowrap">{}</span>').format(value)


def word_count(value: str | None) -> int:
    """How many words a text has, 0 for none."""
    return count_words(value or "")


FILTERS = (
    number, decimal2, money, money_words, percent, points_pp, day, moment, clock_time, deadline, three_zones, remaining,
    file_size, joined, quantity, sentence, in_sentence, own, unbroken,
    word_count,
)  # fmt: skip


def init_app(app: Flask) -> None:
    """Give the templates their filters and globals."""
    for function in FILTERS:
        app.add_template_filter(function)
    app.add_template_filter(formats.iso, "iso")
    app.jinja_env.globals.update(
        static_url=static_url, icon_url=icon_url, language=current_language, own=own, standalone=standalone
    )
