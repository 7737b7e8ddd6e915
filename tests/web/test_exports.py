"""A cell is never a formula and always gives its text back; a file is whole before its first byte leaves."""

import csv
import io
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paritrana.web.exports import Spool, cell, number_cell, text_of

STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "＝", "＋", "－", "＠")
HOSTILE = st.sampled_from([*STARTS, " ", "'", '"', ";", "1", "0", ".", ",", "E", ":", "/", "a", "é"])
TEXTS = st.text() | st.lists(HOSTILE, max_size=12).map("".join)


@given(TEXTS)
def test_a_cell_gives_its_text_back(text):
    assert text_of(cell(text)) == text


@given(TEXTS)
def test_no_cell_begins_like_a_formula(text):
    assert not cell(text).lstrip().startswith(STARTS)


@pytest.mark.parametrize("text", ["99.01", "00123", "1E5", "2026-03-02", "10:30", "12,5%", "1/2", "3 000", " 7"])
def test_a_text_that_reads_like_a_number_a_date_or_a_time_stays_text(text):
    assert cell(text) == "'" + text


@pytest.mark.parametrize("text", ["", "K0001", "Kabupaten Contoh 1", "A1.2", "L-7QK4-2M9X", "é"])
def test_a_plain_text_is_written_as_it_is(text):
    assert cell(text) == text


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2) | st.integers())
def test_a_number_stays_a_number_with_a_decimal_comma(value):
    assert Decimal(number_cell(value).replace(",", ".")) == value


def test_nothing_is_an_empty_cell():
    assert number_cell(None) == ""


@given(st.lists(st.lists(TEXTS.filter(lambda text: "\0" not in text), min_size=2, max_size=4), max_size=5))
def test_rows_come_back_as_they_were_written(rows):
    spool = Spool()
    try:
        assert spool.write_csv([[cell(text) for text in row] for row in rows]) == len(rows)
        spool.file.seek(0)
        raw = spool.file.read()
    finally:
        spool.close()
    assert len(raw) == spool.size
    read = csv.reader(io.StringIO(raw.decode(), newline=""), delimiter=";")
    assert [[text_of(written) for written in row] for row in read] == rows
