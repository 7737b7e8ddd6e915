"""Numbers, money and dates are written and read exactly as the table of formats says, in both languages."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paritrana.web import formats
from paritrana.web.formats import (
    AmbiguousMoney,
    DayForm,
    MarkDecimals,
    MarkForm,
    MarkRange,
    MoneyForm,
    MonthsForm,
    NumberTooLong,
    WholeNumberForm,
)

AT = datetime(2026, 11, 21, 6, 30, 5, tzinfo=UTC)
CLOSES = datetime(2026, 11, 27, 16, 59, 59, tzinfo=UTC)


# Writing ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "indonesian", "english"),
    [
        (lambda to: formats.number(1234567, to), "1.234.567", "1,234,567"),
        (lambda to: formats.number(Decimal("1234.5"), to), "1.234,5", "1,234.5"),
        (lambda to: formats.number(Fraction(7), to), "7", "7"),
        (lambda to: formats.number(5, to, signed=True), "+5", "+5"),
        (lambda to: formats.decimal2(Decimal("8.75"), to), "8,75", "8.75"),
        (lambda to: formats.decimal2(Fraction(10301, 200), to), "51,51", "51.51"),
        (lambda to: formats.decimal2(0, to), "0,00", "0.00"),
        (lambda to: formats.money(Decimal("1234567.50"), to), "Rp1.234.567,50", "Rp1,234,567.50"),
        (lambda to: formats.money(3024000000, to), "Rp3.024.000.000", "Rp3,024,000,000"),
        (lambda to: formats.money(-83360000, to), "-Rp83.360.000", "-Rp83,360,000"),
        (lambda to: formats.money(83360000, to, signed=True), "+Rp83.360.000", "+Rp83,360,000"),
        (lambda to: formats.money_words(3024000000, to), "Rp3,024 miliar", "Rp3.024 billion"),
        (lambda to: formats.money_words(282240000, to), "Rp282,24 juta", "Rp282.24 million"),
        (lambda to: formats.money_words(10**10, to), "Rp10 miliar", "Rp10 billion"),
        (lambda to: formats.money_words(16800, to), "Rp16,8 ribu", "Rp16.8 thousand"),
        (lambda to: formats.money_words(750, to), "Rp750", "Rp750"),
        (lambda to: formats.money_words(365600123, to), "sekitar Rp365,6 juta", "about Rp365.6 million"),
        (lambda to: formats.money_words(999999999, to), "sekitar Rp1 miliar", "about Rp1 billion"),
        (lambda to: formats.percent(Decimal("26.04"), to), "26,04%", "26.04%"),
        (lambda to: formats.percent(Fraction(8336, 282), to, signed=True), "+29,56%", "+29.56%"),
        (
            lambda to: formats.points_pp(Decimal("3.2"), to),
            "+3,2 poin persentase",
            "+3.2 percentage points",
        ),
        (
            lambda to: formats.points_pp(Fraction(-1, 3), to),
            "-0,33 poin persentase",
            "-0.33 percentage points",
        ),
        (lambda to: formats.day(date(2026, 11, 21), to, "short"), "21 Nov 2026", "21 Nov 2026"),
        (lambda to: formats.day(date(2026, 9, 1), to, "short"), "1 Sep 2026", "1 Sep 2026"),
        (lambda to: formats.day(date(2026, 8, 1), to, "short"), "1 Agu 2026", "1 Aug 2026"),
        (
            lambda to: formats.day(date(2026, 11, 21), to, "long"),
            "Sabtu, 21 November 2026",
            "Saturday, 21 November 2026",
        ),
        (
            lambda to: formats.moment(AT, to),
            "Sabtu, 21 November 2026 pukul 13.30 WIB",
            "Saturday, 21 November 2026, 13:30 WIB",
        ),
        (
            lambda to: formats.moment(AT, to, "Asia/Jayapura", form="short"),
            "21 Nov 2026 pukul 15.30 WIT",
            "21 Nov 2026, 15:30 WIT",
        ),
        (lambda to: formats.clock_time(AT, to, "Asia/Makassar"), "14.30.05", "14:30:05"),
        (lambda to: formats.file_size(25 * 1024 * 1024, to), "25 MB", "25 MB"),
        (lambda to: formats.file_size(3565158, to), "3,4 MB", "3.4 MB"),
        (lambda to: formats.file_size(12, to), "12 bita", "12 bytes"),
        (lambda to: formats.joined(["PU", "BPU", "Jakon"], to), "PU, BPU, dan Jakon", "PU, BPU and Jakon"),
        (
            lambda to: formats.deadline(CLOSES, CLOSES - timedelta(days=6, hours=4), to),
            "Ditutup 27 November 2026 pukul 23.59.59 WIB (28 Nov 00.59.59 WITA, 28 Nov 01.59.59 WIT) "
            "· tersisa 6 hari 4 jam",
            "Closes 27 November 2026, 23:59:59 WIB (28 Nov 00:59:59 WITA, 28 Nov 01:59:59 WIT) · 6 days 4 hours left",
        ),
        (
            lambda to: formats.deadline(CLOSES, CLOSES + timedelta(minutes=61), to, "Asia/Makassar"),
            "Ditutup 28 November 2026 pukul 00.59.59 WITA (27 Nov 23.59.59 WIB, 28 Nov 01.59.59 WIT) "
            "· lewat 1 jam 1 menit",
            "Closed 28 November 2026, 00:59:59 WITA (27 Nov 23:59:59 WIB, 28 Nov 01:59:59 WIT) · 1 hour 1 minute past",
        ),
        (
            lambda to: formats.remaining(CLOSES, CLOSES - timedelta(seconds=5), to),
            "tersisa kurang dari 1 menit",
            "less than 1 minute left",
        ),
    ],
)
def test_values_are_written_as_the_table_says(call, indonesian, english):
    assert call("id") == indonesian
    assert call("en") == english


def test_the_reader_s_zone_comes_right_after_the_zone_of_the_cycle():
    text = formats.three_zones(CLOSES, "id", "Asia/Jakarta", "Asia/Jayapura")
    assert re.search(r"WIB \(28 Nov 01\.59\.59 WIT, 28 Nov 00\.59\.59 WITA\)$", text)


def test_another_zone_is_named_by_its_distance_from_utc():
    assert formats.moment(AT, "en", "Asia/Tokyo").endswith("15:30 UTC+9")
    assert formats.moment(AT, "en", "Asia/Kolkata").endswith("12:00 UTC+5:30")
    assert formats.moment(AT, "en", "UTC").endswith("06:30 UTC")


def test_the_machine_form_is_iso_8601_in_utc():
    assert formats.iso(AT) == "2026-11-21T06:30:05Z"
    assert formats.iso(date(2026, 11, 21)) == "2026-11-21"


def test_a_moment_without_zone_and_a_fraction_without_decimals_are_refused():
    with pytest.raises(ValueError, match="time zone"):
        formats.moment(datetime(2026, 1, 1), "id")  # noqa: DTZ001
    with pytest.raises(ValueError, match="decimals"):
        formats.number(Fraction(1, 3), "id")


@pytest.mark.parametrize(
    ("value", "shown"), [("0.005", "0.01"), ("-0.005", "-0.01"), ("2.345", "2.35"), ("-0.004", "0.00")]
)
def test_rounding_is_half_up_in_both_directions(value, shown):
    assert formats.decimal2(Decimal(value), "en") == shown


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=2))
def test_no_written_number_has_an_ambiguous_shape(value):
    assert re.fullmatch(r"-?[0-9]{1,3}(\.[0-9]{3})*,[0-9]{2}", formats.decimal2(value, "id"))
    assert re.fullmatch(r"-?[0-9]{1,3}(,[0-9]{3})*\.[0-9]{2}", formats.decimal2(value, "en"))
    assert re.fullmatch(r"-?Rp[0-9]{1,3}(\.[0-9]{3})*(,[0-9]{2})?", formats.money(value, "id"))


# Reading ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["id", "en"])
@pytest.mark.parametrize(
    ("text", "value"),
    [("8", "8"), ("8,7", "8.7"), ("8.75", "8.75"), ("10,00", "10"), (" 7,5 ", "7.5"), ("0", "0"), ("0,00", "0")],
)
def test_marks_are_read_with_comma_or_dot(text, value, language):
    assert formats.parse_mark(text, language) == Decimal(value)


@pytest.mark.parametrize("language", ["id", "en"])
@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("8,755", MarkDecimals), ("1.000", MarkDecimals), ("8,7.5", MarkForm), ("-1", MarkRange), ("1e1", MarkForm),
        ("१", MarkForm), ("", MarkForm), ("8,", MarkForm), (",5", MarkForm), ("+8", MarkForm), ("10,01", MarkRange),
        ("11", MarkRange), ("8 5", MarkForm), ("NaN", MarkForm), ("８", MarkForm), ("1" * 5000, MarkForm),
    ],
)  # fmt: skip
def test_other_marks_are_refused_with_the_reason(text, refusal, language):
    with pytest.raises(refusal) as caught:
        formats.parse_mark(text, language)
    assert caught.value.message % caught.value.params


def test_a_mark_above_the_cap_in_force_names_the_cap():
    with pytest.raises(MarkRange) as caught:
        formats.parse_mark("8,5", "id", high=Decimal(8))
    assert caught.value.params == {"max": "8", "value": "8,5"}
    assert formats.parse_mark("8", "id", high=Decimal(8)) == 8


@pytest.mark.parametrize("text", ["15000", "15.000", "15,000", "15 000", "15\u00a0000", " 15000 "])
def test_counts_may_be_grouped_with_dot_comma_or_space(text):
    assert formats.parse_whole(text) == 15000


@pytest.mark.parametrize(
    "text",
    [
        "15.00",
        "1.5",
        "15,0000",
        "1.234,567",
        "1 234.567",
        "+5",
        "1e3",
        "१५",
        "",
        "0.500",
        "15.000.",
        ".500",
        "15  000",
    ],
)
def test_other_counts_are_refused_by_the_name_of_the_field(text):
    with pytest.raises(WholeNumberForm) as caught:
        formats.parse_whole(text, field="people")
    assert caught.value.message % caught.value.params == "Write people as 15000 or 15,000"


@pytest.mark.parametrize(
    "text",
    ["-5", "\u22125", "\u20135", "- 5", "-15.000", "-15,000", "-1.234,50", "Rp-5", "-Rp5.000", "-Rp 5.000,-", "-5%"],
)
@pytest.mark.parametrize(
    "parse",
    [
        formats.parse_whole,
        formats.parse_months,
        lambda text, field: formats.parse_money(text, "id", field=field),
        lambda text, field: formats.parse_decimals(text, "en", field=field),
        lambda text, field: formats.parse_decimals(text, "id", field=field, high=100),
    ],
)
def test_a_minus_sign_is_refused_in_a_sentence_that_speaks_of_it(parse, text):
    with pytest.raises(formats.NegativeNumber) as caught:
        parse(text, field="people")
    assert (caught.value.message % caught.value.params).startswith("Write people without a minus sign")


@pytest.mark.parametrize("text", ["5-6", "-", "--5", "-x", "- -"])
def test_a_hyphen_that_is_no_minus_sign_is_not_called_one(text):
    with pytest.raises(WholeNumberForm):
        formats.parse_whole(text, field="people")


def test_a_figure_with_too_many_digits_is_refused_before_it_reaches_a_table():
    with pytest.raises(NumberTooLong):
        formats.parse_whole("9" * 16)
    with pytest.raises(NumberTooLong):
        formats.parse_money("9" * 16, "id")
    assert formats.parse_whole("9" * 15) == 10**15 - 1


@pytest.mark.parametrize(
    ("text", "language", "value"),
    [
        ("1.234", "id", "1234"), ("1.234.567,50", "id", "1234567.50"), ("1234567,5", "id", "1234567.5"),
        ("Rp1.234.567", "id", "1234567"), ("Rp 15 000", "id", "15000"), ("Rp.15.000,-", "id", "15000"),
        ("3024000000", "id", "3024000000"), ("1,234,567", "id", "1234567"), ("12,3", "id", "12.3"),
        ("1,234", "en", "1234"), ("1,234,567.50", "en", "1234567.50"), ("1234567.5", "en", "1234567.5"),
        ("rp1,234,567", "en", "1234567"), ("15 000", "en", "15000"), ("1.234.567", "en", "1234567"),
        ("12.30", "en", "12.30"),
    ],
)  # fmt: skip
def test_money_is_read_by_the_language_of_the_page(text, language, value):
    assert formats.parse_money(text, language) == Decimal(value)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("1,234,567.50", "id"), ("15.5", "id"), ("1234.567", "id"), ("1e6", "id"), ("0.500", "id"),
        ("1,2345", "id"), ("3 miliar", "id"), ("", "id"), ("१", "id"), ("Rp", "id"), ("0,500", "id"),
        ("1.234.567,50", "en"), ("15,5", "en"), ("1234,567", "en"), ("12.345.6", "en"), ("1,234.567", "en"),
        ("1.2,50", "id"), ("x,50", "id"), ("1,2.50", "en"),
    ],
)  # fmt: skip
def test_money_that_does_not_read_one_way_is_refused(text, language):
    with pytest.raises(MoneyForm) as caught:
        formats.parse_money(text, language, field="the budget")
    assert "the budget" in caught.value.message % caught.value.params


@pytest.mark.parametrize(
    ("text", "language", "readings", "shown"),
    [
        ("1.234", "en", ("1234", "1.23"), "1.234 can mean Rp1,234 or Rp1.23. Choose one."),
        ("1,234", "id", ("1234", "1.23"), "1,234 can mean Rp1.234 or Rp1,23. Choose one."),
        ("15.000", "en", ("15000", "15"), "15.000 can mean Rp15,000 or Rp15. Choose one."),
    ],
)
def test_an_amount_that_reads_two_ways_carries_both_readings(text, language, readings, shown):
    with pytest.raises(AmbiguousMoney) as caught:
        formats.parse_money(text, language)
    assert caught.value.readings == tuple(Decimal(reading) for reading in readings)
    assert caught.value.message % caught.value.params == shown


@pytest.mark.parametrize(("text", "value"), [("0", 0), ("3", 3), (" 12 ", 12)])
def test_months_are_whole(text, value):
    assert formats.parse_months(text) == value


@pytest.mark.parametrize("text", ["13", "3,5", "3.89", "", "three", "१"])
def test_other_months_are_refused(text):
    with pytest.raises(MonthsForm):
        formats.parse_months(text)


def test_a_date_is_read_from_its_three_inputs():
    assert formats.parse_day("29", "2", "2024", "id") == date(2024, 2, 29)
    for parts in (("29", "2", "2025"), ("1", "13", "2025"), ("", "1", "2025"), ("1", "1", "25"), ("१", "1", "2025")):
        with pytest.raises(DayForm):
            formats.parse_day(*parts, "id")


@given(st.integers(min_value=0, max_value=10**15 - 1), st.sampled_from(["id", "en"]))
def test_what_a_field_shows_is_read_back_as_the_same_value(value, language):
    assert formats.parse_whole(formats.number(value, language)) == value
    assert formats.parse_money(formats.typed_money(Decimal(value), language), language) == value


@given(st.integers(min_value=0, max_value=1000), st.sampled_from(["id", "en"]))
def test_every_mark_is_read_back_from_how_it_is_shown(hundredths, language):
    value = Decimal(hundredths).scaleb(-2)
    assert formats.parse_mark(formats.decimal2(value, language), language) == value


@given(st.text(max_size=30), st.sampled_from(["id", "en"]))
def test_no_typed_text_leads_to_anything_but_a_value_or_a_refusal(text, language):
    for parse in (formats.parse_mark, formats.parse_money):
        try:
            assert parse(text, language) >= 0
        except formats.NumberForm as refusal:
            _ = refusal.message % refusal.params  # every parameter of the sentence is there


@pytest.mark.parametrize(
    ("text", "language", "value"),
    [
        ("52,15", "id", "52.15"), ("52.15", "id", "52.15"), ("52,15", "en", "52.15"), ("52.15 %", "en", "52.15"),
        ("1.234,5", "id", "1234.5"), ("1,234.5", "en", "1234.5"), ("1.234", "id", "1234"), ("12.500", "id", "12500"),
        (" 7 ", "id", "7"), ("0", "en", "0"), ("0,50", "id", "0.5"), ("100,00", "id", "100"),
        ("1 234,5", "id", "1234.5"),
    ],
)  # fmt: skip
def test_a_number_with_decimals_is_read_in_both_writings(text, language, value):
    assert formats.plain_decimal(formats.parse_decimals(text, language)) == value


@pytest.mark.parametrize(
    ("text", "language"),
    [("1,234", "id"), ("1.234", "en"), ("1,234.5", "id"), ("12,345", "id"), ("1e5", "id"), ("٣", "id"),
     ("1.2.3", "id"), ("52,,1", "id"), ("", "id"), ("dua", "id")],
)  # fmt: skip
def test_a_number_that_does_not_read_one_way_is_refused(text, language):
    with pytest.raises(formats.DecimalForm):
        formats.parse_decimals(text, language)


@pytest.mark.parametrize("text", ["100,01", "101"])
def test_a_percentage_lies_between_0_and_its_limit(text):
    with pytest.raises(formats.PercentRange):
        formats.parse_decimals(text, "id", high=100)
    assert formats.parse_decimals("100", "id", high=100) == 100


def test_more_digits_than_any_figure_has_are_refused():
    with pytest.raises(formats.NumberTooLong):
        formats.parse_decimals("1" * 16, "id")


@pytest.mark.parametrize(("text", "year"), [("2025", 2025), (" 1900 ", 1900), ("2100", 2100)])
def test_a_year_has_four_digits(text, year):
    assert formats.parse_year(text) == year


@pytest.mark.parametrize("text", ["2.025", "25", "1899", "2101", "20255", "٢٠٢٥", ""])
def test_what_is_no_year_is_refused(text):
    with pytest.raises(formats.YearForm):
        formats.parse_year(text)


@pytest.mark.parametrize(("value", "decimals"), [("5", 0), ("5.50", 1), ("5.25", 2), ("5.001", 0), ("5.119", 2)])
def test_a_number_shows_the_decimals_it_needs_two_at_most(value, decimals):
    assert formats.places(Decimal(value)) == decimals
