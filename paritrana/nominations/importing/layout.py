"""The sheets and columns of the workbook of a category: one description that the template writes and the reader reads.

Row 1 of a sheet carries the keys of its columns, row 2 their names; what people fill in begins in row 3.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from paritrana.core.evidence import KINDS, FieldSpec
from paritrana.core.words import N_

HELP: Final = "petunjuk"
CHOICES: Final = "pilihan"
NOMINATIONS: Final = "nominasi"
FIRST_ROW: Final = 3  # counted from 1, as on the sheet
LONGEST_NAME: Final = 31  # characters that a spreadsheet program takes as the name of a sheet
MOST_ROWS: Final = 5000  # on one sheet
ORGANISATION: Final = "organisasi"
NOMINATE: Final = "ajukan"
YES_NO: Final = (("yes", N_("Yes")), ("no", N_("No")))

# Columns that tell and are not read back.
KNOWN: Final = (
    ("wilayah", N_("Code of the region")),
    ("nama", N_("Name of the organisation")),
)
PUBLISHED: Final = ("terbit", N_("Published figures with their source"))


@dataclass(frozen=True)
class Column:
    """One column: its key in row 1, its name, and what may stand in it; without `spec` it is not read as a figure."""

    key: str
    label: str
    spec: FieldSpec | None = None


@dataclass(frozen=True)
class Sheet:
    """One sheet: the kind of evidence it fills, once per organisation or with as many `lines` as there are."""

    name: str
    title: str
    columns: tuple[Column, ...]
    kind: str = ""
    lines: bool = False


_NOMINATE = FieldSpec(NOMINATE, N_("Nominate this organisation?"), "choice", required=False, choices=YES_NO)
_ORGANISATION = Column(ORGANISATION, N_("Code of the organisation"))


def sheets_of(kinds: Sequence[str], *, election_held: bool, candidate: str) -> tuple[Sheet, ...]:
    """The sheets to fill in for these kinds of evidence, in their order; kinds without typed figures have none.

    `candidate` is the code of the rubric's category.
    """
    known = (_ORGANISATION, *(Column(key, label) for key, label in KNOWN))
    found = [
        Sheet(
            NOMINATIONS,
            N_("Nominations"),
            (*known, Column(NOMINATE, _NOMINATE.label, _NOMINATE), Column(*PUBLISHED)),
        )
    ]
    for kind in kinds:
        if kind not in KINDS:
            continue
        spec = KINDS[kind]
        asked = spec.asked(election_held=election_held, candidate=candidate)
        fields = tuple(Column(one.key, one.label, one) for one in asked)
        if fields:
            found.append(Sheet(kind[:LONGEST_NAME], spec.title, (*known, *fields), kind))
        if spec.lines is not None:
            ending = f".{spec.lines.key}"
            of_lines = tuple(Column(one.key, one.label, one) for one in spec.lines.fields)
            name = kind[: LONGEST_NAME - len(ending)] + ending
            found.append(Sheet(name, spec.lines.title, (*known, *of_lines), kind, lines=True))
    return tuple(found)


def letter(column: int) -> str:
    """The letters of a column counted from 1: A, B, …, AA."""
    text = ""
    while column:
        column, rest = divmod(column - 1, 26)
        text = chr(ord("A") + rest) + text
    return text
