"""The form of a national identity number (NIK), judged and forgotten: only counts and reasons leave a list.

A number has 16 digits: six of the region where it was issued, six of the birth date (day, month, year; 40 is added to
a woman's day), four of a serial that is not 0000. A well-formed number does not prove that a person exists.
Source: the design, section 4 (`beneficiary_list`); the security decisions, 2.5.
"""

import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

LENGTH = 16
WOMAN = 40
YOUNGEST, OLDEST = 18, 64

# 16 digits in a running text: together, or in the groups in which people write such numbers.
_WRITTEN = re.compile(
    r"(?<!\d)(?<!\d[.,])\d{16}(?![.,]?\d)"
    r"|(?<!\d)(?<!\d[ .-])(?:"
    r"\d{6}([ .-])\d{6}\1\d{4}|\d{4}([ .-])\d{4}\2\d{4}\2\d{4}|\d\d([ .-])\d\d\3\d\d\3\d{6}\3\d{4}"
    r")(?![ .-]?\d)",
    re.ASCII,
)
# Region, day (or day and 40), month, year, serial. Of 16 digits that stand together by chance one in 17 is like that.
_SHAPE = re.compile(
    r"[1-9]{2}(?:0[1-9]|[1-9]\d){2}(?:0[1-9]|[12]\d|3[01]|4[1-9]|[56]\d|7[01])(?:0[1-9]|1[0-2])\d\d(?!0000)\d{4}"
)


class Reason(StrEnum):
    """Why a record is not well-formed, in the order in which it is looked for."""

    MALFORMED = "malformed"
    ELSEWHERE = "elsewhere"
    IMPLAUSIBLE = "implausible"
    TWICE = "twice"


@dataclass(frozen=True)
class Counts:
    """What a list comes to: submitted and well-formed records, and how many have each reason (one per record)."""

    submitted: int
    valid: int
    reasons: tuple[tuple[Reason, int], ...]


def judge(nik: str, *, regions: Container[str], own: str, on: date, born: date | None = None) -> Reason | None:
    """The first reason against one number, None when it is well-formed.

    `regions`: known codes of two or four digits without a point. `own`: the digits that the region of the list begins
    with (empty: any region). `on`: the day on which the person is between 18 and 64 years old. `born`: the birth date
    that stands beside the number, where one does.
    """
    if len(nik) != LENGTH or not (nik.isascii() and nik.isdigit()) or nik.endswith("0000"):
        return Reason.MALFORMED
    if nik[:2] not in regions or nik[:4] not in regions:
        return Reason.MALFORMED
    if not nik.startswith(own):
        return Reason.ELSEWHERE
    birth = _birth_date(nik, on)
    if birth is None or (born is not None and born != birth) or not YOUNGEST <= _age(birth, on) <= OLDEST:
        return Reason.IMPLAUSIBLE
    return None


def judged(
    records: Iterable[tuple[str, date | None]], *, regions: Container[str], own: str, on: date, seen: set[str]
) -> Iterator[Reason | None]:
    """The reason against each record of a list, in its order, None for a well-formed one; see `judge` and `count`."""
    for nik, born in records:
        reason = judge(nik, regions=regions, own=own, on=on, born=born)
        if reason is None and nik in seen:
            reason = Reason.TWICE
        if reason is None:
            seen.add(nik)
        yield reason


def count(
    records: Iterable[tuple[str, date | None]], *, regions: Container[str], own: str, on: date, seen: set[str]
) -> Counts:
    """Judge a list of (number, birth date beside it). A well-formed number counts once; `seen` gathers the numbers."""
    submitted, reasons = 0, Counter[Reason]()
    for reason in judged(records, regions=regions, own=own, on=on, seen=seen):
        submitted += 1
        if reason is not None:
            reasons[reason] += 1
    return Counts(submitted, submitted - reasons.total(), tuple((reason, reasons[reason]) for reason in Reason))


def shaped(text: str) -> Iterator[str]:
    """The numbers in a running text that look like one of these, as 16 digits each.

    Whether the region exists and the month has that day is not asked: a reader is warned, and nobody is judged by it.
    """
    for found in _WRITTEN.finditer(text):
        digits = "".join(filter(str.isdigit, found[0]))
        if _SHAPE.fullmatch(digits):
            yield digits


def _birth_date(nik: str, on: date) -> date | None:
    """The date inside the number; of the two centuries it may mean, the later one that is not in the future."""
    day, month, year = int(nik[6:8]), int(nik[8:10]), int(nik[10:12])
    if day > WOMAN:
        day -= WOMAN
    for century in (2000, 1900):
        try:
            found = date(century + year, month, day)
        except ValueError:
            continue
        if found <= on:
            return found
    return None


def _age(birth: date, on: date) -> int:
    return on.year - birth.year - ((on.month, on.day) < (birth.month, birth.day))
