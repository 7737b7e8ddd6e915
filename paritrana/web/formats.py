"""Numbers, money, dates and deadlines as people write them, and the parser of what people type.

Every function is pure and takes the language explicitly; `web/template_filters` binds them to that of the request.
Amounts are `int`, `Decimal` or `Fraction`, never float. Rounding for display is half up and symmetrical around zero.
Source: the project's table of formats (numbers, money, dates) for Indonesian and English.
"""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any, Literal
from zoneinfo import ZoneInfo

from babel.dates import format_date

from paritrana.core.errors import NumberForm
from paritrana.core.words import N_

Language = Literal["id", "en"]
Number = int | Decimal | Fraction

DEFAULT_ZONE = "Asia/Jakarta"
ZONE_NAMES = {"Asia/Jakarta": "WIB", "Asia/Makassar": "WITA", "Asia/Jayapura": "WIT"}
MAX_DIGITS = 15  # a quadrillion rupiah is more than any budget; longer input is a slip of the hand

_BABEL = {"id": "id_ID", "en": "en_GB"}  # British English puts the day before the month, as Indonesian does
_MAGNITUDES = (
    (10**12, {"id": "triliun", "en": "trillion"}),
    (10**9, {"id": "miliar", "en": "billion"}),
    (10**6, {"id": "juta", "en": "million"}),
    (10**3, {"id": "ribu", "en": "thousand"}),
)


# Numbers -------------------------------------------------------------------------------------------------------------


_WIDE = 10**15  # with its decimals still within the 28 digits that `quantize` keeps
_INDONESIAN = str.maketrans(",.", ".,")


def rounded(value: Number, decimals: int) -> Decimal:
    """`value` rounded half up (away from zero) to `decimals` places, exact for fractions of any size."""
    if (
        isinstance(value, Decimal) and abs(value) < _WIDE
    ):  # a table has thousands of them, and this is ten times quicker
        shown = value.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
        return shown if shown else abs(shown)
    exact = Fraction(value)
    scaled = (2 * abs(exact) * 10**decimals + 1) // 2
    digits = Decimal(int(scaled)).scaleb(-decimals)
    return -digits if exact < 0 and digits else digits


def number(value: Number, locale: Language, decimals: int | None = None, *, signed: bool = False) -> str:
    """A number with grouped thousands: «1.234,5» / "1,234.5".

    Without `decimals` a whole number stays whole and a `Decimal` keeps its places; a `Fraction` needs `decimals`.
    `signed` writes a plus sign before positive numbers.
    """
    if decimals is None:
        if isinstance(value, Fraction) and value.denominator != 1:
            raise ValueError("A fraction is shown with a stated number of decimals.")
        shown = Decimal(int(value)) if isinstance(value, Fraction) else Decimal(value)
    else:
        shown = rounded(value, decimals)
    text = f"{shown:,f}"
    if locale == "id":
        text = text.translate(_INDONESIAN)
    return f"+{text}" if signed and shown > 0 else text


def places(value: Number) -> int:
    """How many decimals a number needs, at most two."""
    return next((decimals for decimals in (0, 1) if rounded(value, decimals) == rounded(value, 2)), 2)


def decimal2(value: Number, locale: Language) -> str:
    """A mark, a total or a weight: always two decimals, «8,75»."""
    return number(value, locale, 2)


def money(value: Number, locale: Language, *, signed: bool = False) -> str:
    """Rupiah without a space after the sign, sen only where there are any: «Rp1.234.567,50», «-Rp83.360.000»."""
    shown = rounded(value, 2)
    places = 0 if shown == shown.to_integral_value() else 2
    sign = "-" if shown < 0 else "+" if signed and shown > 0 else ""
    return f"{sign}Rp{number(abs(shown), locale, places)}"


def money_words(value: Number, locale: Language) -> str:
    """Rupiah in words of magnitude, so that a wrong unit shows: «Rp3,024 miliar» / "Rp3.024 billion".

    At most three decimals; when that drops something the text says «sekitar» / "about".
    """
    exact = Fraction(value)
    for size, words in _MAGNITUDES:
        # 999,999,999.9 must not appear as "1000 million": the rounded figure picks the word.
        if rounded(abs(exact) / size, 3) >= 1:
            shown = rounded(exact / size, 3).normalize()
            text = money_text(shown, locale) + " " + words[locale]
            if Fraction(shown) * size == exact:
                return text
            return f"{'sekitar' if locale == 'id' else 'about'} {text}"
    return money(value, locale)


def money_text(shown: Decimal, locale: Language) -> str:
    """«Rp3,024» with exactly the decimals that `shown` has."""
    plain = shown if shown.as_tuple().exponent <= 0 else shown.quantize(Decimal(1))  # type: ignore[operator]
    return f"{'-' if plain < 0 else ''}Rp{number(abs(plain), locale)}"


def percent(value: Number, locale: Language, decimals: int = 2, *, signed: bool = False) -> str:
    """A percentage from its percent figure (26.04, not 0.2604): «26,04%»."""
    return number(value, locale, decimals, signed=signed) + "%"


def points_pp(value: Number, locale: Language) -> str:
    """A difference between two percentages, never written with "%": «+3,2 poin persentase» (one or two decimals)."""
    shown = rounded(value, 2)
    places = 1 if shown == rounded(shown, 1) else 2
    unit = "poin persentase" if locale == "id" else "percentage points"
    return f"{number(shown, locale, places, signed=True)} {unit}"


# Dates and times -----------------------------------------------------------------------------------------------------


def zone_name(zone: str, at: datetime) -> str:
    """WIB, WITA or WIT; for any other zone its distance from UTC at that moment, "UTC+9"."""
    if zone in ZONE_NAMES:
        return ZONE_NAMES[zone]
    offset = at.astimezone(ZoneInfo(zone)).utcoffset() or timedelta()
    minutes = int(offset.total_seconds()) // 60
    if minutes == 0:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'-' if minutes < 0 else '+'}{hours}" + (f":{rest:02d}" if rest else "")


def month_names(locale: Language) -> list[str]:
    """The twelve months in words, January first."""
    return [format_date(date(2025, month, 1), "MMMM", locale=_BABEL[locale]) for month in range(1, 13)]


def day(value: date, locale: Language, form: Literal["short", "plain", "long", "bare"] = "plain") -> str:
    """A date in words: short «21 Nov 2026», plain «21 November 2026», long «Sabtu, 21 November 2026», bare «21 Nov»."""
    pattern = {"short": "d MMM y", "plain": "d MMMM y", "long": "EEEE, d MMMM y", "bare": "d MMM"}[form]
    if locale == "en" and form in ("short", "bare"):
        # British English abbreviates September to "Sept"; three letters keep a column even.
        return format_date(value, pattern.replace("MMM", "MMMM"), locale=_BABEL[locale]).replace(
            month_names("en")[value.month - 1], month_names("en")[value.month - 1][:3]
        )
    return format_date(value, pattern, locale=_BABEL[locale])


def local(value: datetime, zone: str) -> datetime:
    """The moment on the wall clock of `zone`; refuses a moment that does not say its own zone."""
    if value.tzinfo is None:
        raise ValueError("A moment without a time zone cannot be shown.")
    return value.astimezone(ZoneInfo(zone))


def clock_time(value: datetime, locale: Language, zone: str = DEFAULT_ZONE, *, seconds: bool = True) -> str:
    """The time of day, «14.05.31» / "14:05:31"."""
    point = "." if locale == "id" else ":"
    shown = local(value, zone)
    parts = [shown.hour, shown.minute, shown.second] if seconds else [shown.hour, shown.minute]
    return point.join(f"{part:02d}" for part in parts)


def moment(
    value: datetime,
    locale: Language,
    zone: str = DEFAULT_ZONE,
    *,
    form: Literal["short", "plain", "long"] = "long",
    seconds: bool = False,
) -> str:
    """Date, time and zone: «Sabtu, 21 November 2026 pukul 13.30 WIB» / "Saturday, 21 November 2026, 13:30 WIB"."""
    joint = " pukul " if locale == "id" else ", "
    on = day(local(value, zone).date(), locale, form)
    return f"{on}{joint}{clock_time(value, locale, zone, seconds=seconds)} {zone_name(zone, value)}"


def duration(value: timedelta, locale: Language) -> str:
    """A stretch of time in its two largest units: «6 hari 4 jam», "12 minutes"; under a minute in words."""
    minutes = int(abs(value).total_seconds()) // 60
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    if minutes == 0:
        return "kurang dari 1 menit" if locale == "id" else "less than 1 minute"
    units = (days, "hari", "day"), (hours, "jam", "hour"), (rest, "menit", "minute")
    first = next(place for place, unit in enumerate(units) if unit[0])
    parts = [
        f"{count} {indonesian}" if locale == "id" else f"{count} {english}{'' if count == 1 else 's'}"
        for count, indonesian, english in units[first : first + 2]
        if count
    ]
    return " ".join(parts)


def remaining(value: datetime, now: datetime, locale: Language) -> str:
    """How long until a moment, or how long since: «tersisa 6 hari 4 jam», «lewat 2 jam»."""
    text = duration(value - now, locale)
    if value >= now:
        return f"tersisa {text}" if locale == "id" else f"{text} left"
    return f"lewat {text}" if locale == "id" else f"{text} past"


def three_zones(value: datetime, locale: Language, zone: str = DEFAULT_ZONE, reader_zone: str | None = None) -> str:
    """A moment to the second in the cycle's zone, then the reader's, then the other Indonesian zones in brackets."""
    main = moment(value, locale, zone, form="plain", seconds=True)
    others: list[str] = []
    for other in [reader_zone, *ZONE_NAMES]:
        if other is not None and other != zone and other not in others:
            others.append(other)
    short: list[str] = []
    for other in others:
        on = day(local(value, other).date(), locale, "bare")
        short.append(f"{on} {clock_time(value, locale, other)} {zone_name(other, value)}")
    return f"{main} ({', '.join(short)})"


def deadline(
    value: datetime, now: datetime, locale: Language, zone: str = DEFAULT_ZONE, reader_zone: str | None = None
) -> str:
    """The whole deadline sentence, with three zones and the remaining time by the server's clock.

    «Ditutup 27 November 2026 pukul 23.59.59 WIB (28 Nov 00.59.59 WITA, 28 Nov 01.59.59 WIT) · tersisa 6 hari 4 jam»
    """
    verb = "Ditutup" if locale == "id" else ("Closes" if value >= now else "Closed")
    return f"{verb} {three_zones(value, locale, zone, reader_zone)} · {remaining(value, now, locale)}"


def iso(value: datetime | date) -> str:
    """The machine form for `<time datetime>` and files: ISO 8601, moments in UTC."""
    if isinstance(value, datetime):
        return local(value, "UTC").astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return value.isoformat()


# Sizes ---------------------------------------------------------------------------------------------------------------


def file_size(value: int, locale: Language) -> str:
    """Bytes as people read them: «62 kB», «3,4 MB» (1 kB = 1,024 bytes, as the limits are counted)."""
    if value < 1024:
        return f"{number(value, locale)} {'bita' if locale == 'id' else 'bytes'}"
    for unit, size in (("GB", 1024**3), ("MB", 1024**2), ("kB", 1024)):
        if value >= size:
            shown = Fraction(value, size)
            return f"{number(shown, locale, 0 if shown >= 10 or shown.denominator == 1 else 1)} {unit}"
    raise AssertionError("every size has a unit")


# What people type ----------------------------------------------------------------------------------------------------


class MarkForm(NumberForm):
    """A mark that is no plain number. Params: `value`."""

    code = "mark_form"
    message = N_("Write the mark in digits, for example 8.75. You wrote %(value)s.")


class MarkDecimals(NumberForm):
    """A mark with more than two decimals."""

    code = "mark_decimals"
    message = N_("Write at most 2 decimals, for example 8.75")


class MarkRange(NumberForm):
    """A mark below zero or above the maximum in force. Params: `max`, `value`."""

    code = "mark_range"
    message = N_("The mark must be between 0 and %(max)s. You wrote %(value)s.")


class WholeNumberForm(NumberForm):
    """A count with a separator that does not group thousands, or with other signs. Params: `field`."""

    code = "number_form"
    message = N_("Write %(field)s as 15000 or 15,000")


class NegativeNumber(NumberForm):
    """A number with a minus sign where none can be below zero. Params: `field`, `value`."""

    code = "negative_number"
    message = N_("Write %(field)s without a minus sign: it cannot be below zero. You wrote %(value)s.")


class NumberTooLong(NumberForm):
    """More digits than any figure of the award has. Params: `field`, `digits`."""

    code = "number_too_long"
    message = N_("%(field)s has more than %(digits)s digits. Check the figure.")


class MoneyForm(NumberForm):
    """An amount that cannot be read in the language of the page. Params: `field`, `example`."""

    code = "money_form"
    message = N_("Write %(field)s in rupiah, for example %(example)s")


class MonthsForm(NumberForm):
    """A number of months that is not whole or not in range. Params: `field`, `low`, `high`, `value`."""

    code = "months_form"
    message = N_("Write %(field)s as whole months from %(low)s to %(high)s. You wrote %(value)s.")


class DayForm(NumberForm):
    """Day, month and year that make no date. Params: `field`, `example`."""

    code = "day_form"
    message = N_("Write %(field)s as day, month and year, for example %(example)s")


class AmbiguousMoney(NumberForm):
    """An amount that reads two ways. `readings` are both values; params: `value`, `a`, `b` as people write them."""

    code = "ambiguous"
    message = N_("%(value)s can mean %(a)s or %(b)s. Choose one.")

    def __init__(self, text: str, readings: tuple[Decimal, Decimal], locale: Language) -> None:
        super().__init__(
            f"{text!r} reads two ways", value=text, a=money(readings[0], locale), b=money(readings[1], locale)
        )
        self.readings = readings


class DecimalForm(NumberForm):
    """A number that cannot be read, or has more than two decimals. Params: `field`, `example`."""

    code = "decimal_form"
    message = N_("Write %(field)s as a number with at most 2 decimals, for example %(example)s")


class PercentRange(NumberForm):
    """A percentage above the maximum. Params: `field`, `max`, `value`."""

    code = "percent_range"
    message = N_("Write %(field)s as a number from 0 to %(max)s. You wrote %(value)s.")


class YearForm(NumberForm):
    """A year that is not four digits. Params: `field`."""

    code = "year_form"
    message = N_("Write %(field)s as a year of four digits, for example 2025. You wrote %(value)s.")


_GROUPED = re.compile(r"[1-9][0-9]{0,2}(?P<sep>[., \u00a0\u202f])[0-9]{3}(?:(?P=sep)[0-9]{3})*", re.ASCII)
_PLAIN = re.compile(r"[0-9]+", re.ASCII)
_MARK = re.compile(r"[0-9]{1,3}(?:[.,](?P<decimals>[0-9]+))?", re.ASCII)
_NEGATIVE = re.compile(r"[-\u2212][0-9]+(?:[.,][0-9]+)?", re.ASCII)
_MINUS = re.compile(
    r"(?:Rp\.?)?\s*[-\u2212\u2013]\s*(?:Rp\.?)?\s*[0-9][0-9., \u00a0\u202f]*(?:,-)?\s*%?", re.ASCII | re.IGNORECASE
)


def typed(value: Any, limit: int = 40) -> str:
    """What somebody typed, fit for repeating in a sentence: one line, shortened."""
    text = " ".join(str(value).split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


def parse_mark(text: str, locale: Language = "id", *, high: Decimal | int = 10) -> Decimal:
    """A mark from 0 to `high`, points of the scale; comma and dot are both the decimal sign, at most two decimals.

    Raises `MarkForm`, `MarkDecimals` or `MarkRange`.
    """
    plain = text.strip()
    if _NEGATIVE.fullmatch(plain):
        raise MarkRange(max=number(Decimal(high), locale), value=typed(plain))
    found = _MARK.fullmatch(plain)
    if found is None:
        raise MarkForm(value=typed(plain))
    if len(found["decimals"] or "") > 2:
        raise MarkDecimals(value=typed(plain))
    value = Decimal(plain.replace(",", "."))
    if value > high:
        raise MarkRange(max=number(Decimal(high), locale), value=typed(plain))
    return value


def parse_whole(text: str, *, field: str = "") -> int:
    """A count of people, permits or villages: plain digits, or groups of three parted by one kind of separator.

    Raises `NegativeNumber`, `WholeNumberForm` or `NumberTooLong`.
    """
    plain = text.strip()
    _refuse_minus(plain, field)
    if not (_PLAIN.fullmatch(plain) or _GROUPED.fullmatch(plain)):
        raise WholeNumberForm(field=field, value=typed(plain))
    digits = _digits(plain)
    if len(digits) > MAX_DIGITS:
        raise NumberTooLong(field=field, digits=MAX_DIGITS)
    return int(digits)


def parse_months(text: str, *, field: str = "", low: int = 0, high: int = 12) -> int:
    """A whole number of months from `low` to `high`. Raises `NegativeNumber`, `MonthsForm`."""
    plain = text.strip()
    _refuse_minus(plain, field)
    value = int(plain) if re.fullmatch(r"[0-9]{1,3}", plain, re.ASCII) else None
    if value is None or not low <= value <= high:
        raise MonthsForm(field=field, low=low, high=high, value=typed(plain))
    return value


def parse_money(text: str, locale: Language, *, field: str = "") -> Decimal:
    """An amount in rupiah, at most two decimals (sen); the language of the page decides the decimal sign.

    Raises `AmbiguousMoney` for one separator of the other language before three digits («1.234» in English),
    `NegativeNumber`, `MoneyForm` for anything else that does not read one way, `NumberTooLong`.
    """
    _refuse_minus(text.strip(), field)
    refused = MoneyForm(field=field, example="3.024.000.000" if locale == "id" else "3,024,000,000", value=typed(text))
    plain = re.sub(r"^Rp\.?\s*", "", text.strip(), flags=re.IGNORECASE)
    plain = re.sub(r"(?<=[0-9]),-$", "", plain)  # «Rp15.000,-» is how receipts write whole rupiah
    decimal_sign, group_sign = (",", ".") if locale == "id" else (".", ",")

    if re.fullmatch(rf"[1-9][0-9]{{0,2}}{re.escape(decimal_sign)}[0-9]{{3}}", plain, re.ASCII):
        whole = Decimal(_digits(plain))
        parted = rounded(Decimal(plain.replace(decimal_sign, ".")), 2)
        raise AmbiguousMoney(typed(plain), (whole, parted), locale)
    if _PLAIN.fullmatch(plain) or _GROUPED.fullmatch(plain):
        body, sen = plain, ""
    else:
        body, sign, sen = plain.partition(decimal_sign)
        if not sign or not re.fullmatch(r"[0-9]{1,2}", sen, re.ASCII):
            raise refused
        grouped = _GROUPED.fullmatch(body)
        if not (_PLAIN.fullmatch(body) or (grouped and grouped["sep"] in (group_sign, " ", "\u00a0", "\u202f"))):
            raise refused
    digits = _digits(body)
    if len(digits) > MAX_DIGITS:
        raise NumberTooLong(field=field, digits=MAX_DIGITS)
    return Decimal(f"{digits}.{sen}") if sen else Decimal(digits)


def parse_decimals(text: str, locale: Language, *, field: str = "", high: int | None = None) -> Decimal:
    """A number of zero or more with at most two decimals, at most `high`: «1.234,5», «52,15», "52.15".

    One sign with one or two digits behind it is the decimal sign in both languages; where thousands are grouped too,
    the signs are those of the language. A percent sign at the end is left out. Raises `DecimalForm` for what does not
    read one way, `NegativeNumber`, `PercentRange` above the limit, `NumberTooLong`.
    """
    plain = re.sub(r"\s*%$", "", text.strip())
    _refuse_minus(plain, field)
    if re.fullmatch(r"[0-9]+[.,][0-9]{1,2}", plain, re.ASCII) and len(plain) <= MAX_DIGITS:
        value = Decimal(plain.replace(",", "."))
    else:
        try:
            value = parse_money(plain, locale, field=field)
        except (AmbiguousMoney, MoneyForm):
            example = number(Decimal("1234.5"), locale) if high is None else number(Decimal("52.15"), locale)
            raise DecimalForm(field=field, example=example, value=typed(text)) from None
    if high is not None and value > high:
        raise PercentRange(field=field, max=high, value=typed(plain))
    return value


def plain_decimal(value: Decimal) -> str:
    """The stored text of a number with decimals: no thousands, a point, no zeros at the end («52.15», "12", "0.5")."""
    return format(value.normalize(), "f") if value else "0"


def parse_year(text: str, *, field: str = "") -> int:
    """A year of four digits from 1900 to 2100, never grouped. Raises `YearForm`."""
    plain = text.strip()
    if not re.fullmatch(r"(19|20)[0-9]{2}|2100", plain, re.ASCII):
        raise YearForm(field=field, value=typed(plain))
    return int(plain)


def parse_day(day_text: str, month_text: str, year_text: str, locale: Language, *, field: str = "") -> date:
    """A date from its three inputs (the month is a number from the list of names). Raises `DayForm`."""
    parts = [part.strip() for part in (year_text, month_text, day_text)]
    shapes = (r"[0-9]{4}", r"[0-9]{1,2}", r"[0-9]{1,2}")
    try:
        if not all(re.fullmatch(shape, part, re.ASCII) for shape, part in zip(shapes, parts, strict=True)):
            raise ValueError("no digits")
        return date(*(int(part) for part in parts))
    except ValueError:
        raise DayForm(field=field, example=day(date(2025, 11, 21), locale), value=typed(" ".join(parts))) from None


def typed_money(value: Decimal, locale: Language) -> str:
    """An amount as it stands in a field when the form is opened again: grouped, without the currency."""
    return money(value, locale).replace("Rp", "", 1)


def joined(words: Iterable[str], locale: Language) -> str:
    """A list in a sentence: «PU, BPU, dan Jakon» / "PU, BPU and Jakon"."""
    items = list(words)
    if len(items) <= 1:
        return "".join(items)
    if locale == "id":
        return f"{', '.join(items[:-1])}{',' if len(items) > 2 else ''} dan {items[-1]}"
    return f"{', '.join(items[:-1])} and {items[-1]}"


def _refuse_minus(plain: str, field: str) -> None:
    if _MINUS.fullmatch(plain):
        raise NegativeNumber(field=field, value=typed(plain))


def _digits(text: str) -> str:
    return re.sub(r"[^0-9]", "", text)
