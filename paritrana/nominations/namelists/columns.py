"""The columns of a list by name: which there are, how people head them, and what stands in the grouping ones.

Pure words; the process that reads a list imports nothing else of the house but this and `core.identity`.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Final

from paritrana.core.words import N_

NIK, BORN, NAME = "nik", "born", "name"
GROUPS: Final = ("village", "occupation", "segment", "gender", "sector")

# The head of each column in the template, and what else people write there; compared without case and punctuation.
HEADS: Final[Mapping[str, tuple[str, ...]]] = {
    NIK: ("NIK", "nomor induk kependudukan", "no nik", "nomor nik", "national identity number", "id number"),
    NAME: ("Nama", "nama lengkap", "name", "full name"),
    BORN: ("Tanggal lahir", "tgl lahir", "lahir", "birth date", "date of birth"),
    "village": ("Desa/kelurahan", "desa", "kelurahan", "village"),
    "occupation": ("Pekerjaan", "jenis pekerjaan", "occupation", "job"),
    "segment": ("Segmen", "segment"),
    "gender": ("Jenis kelamin", "kelamin", "jk", "gender", "sex"),
    "sector": ("Sektor", "sektor usaha", "lapangan usaha", "sector"),
}
TITLES: Final[Mapping[str, str]] = {
    "village": N_("Village"),
    "occupation": N_("Occupation"),
    "segment": N_("Segment"),
    "gender": N_("Gender"),
    "sector": N_("Sector"),
}

# Closed columns: what people write, and the code under which it is counted. The others hold words of their own.
CODES: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "segment": {
        "pu": ("pu", "penerima upah", "wage earner"),
        "bpu": ("bpu", "bukan penerima upah", "own account"),
        "jakon": ("jakon", "jasa konstruksi", "construction"),
        "pmi": ("pmi", "pekerja migran", "pekerja migran indonesia", "migrant worker"),
    },
    "gender": {
        "male": ("l", "lk", "laki", "laki laki", "pria", "m", "male"),
        "female": ("p", "pr", "perempuan", "wanita", "f", "female"),
    },
}
CODE_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "segment": {
        "pu": N_("Wage earners (PU)"),
        "bpu": N_("Own account (BPU)"),
        "jakon": N_("Construction (Jakon)"),
        "pmi": N_("Migrant workers (PMI)"),
    },
    "gender": {"male": N_("Men"), "female": N_("Women")},
}

SMALLEST: Final = 5  # records; a smaller group is never named, because it could name a person
LONGEST: Final = 60  # characters of the name of a group
MOST_GROUPS: Final = 300  # named groups of one column
_DIGITS: Final = re.compile(r"\d{6,}")
_SIGNS: Final = re.compile(r"[\W_]+")


def plain(text: str) -> str:
    """A text without case, punctuation and repeated blanks, for comparing."""
    return _SIGNS.sub(" ", unicodedata.normalize("NFKC", text).casefold()).strip()


_BY_HEAD: Final = {plain(word): column for column, words in HEADS.items() for word in words}
_BY_WORD: Final = {
    column: {word: code for code, words in codes.items() for word in words} for column, codes in CODES.items()
}


def column_of(head: str) -> str | None:
    """The column that a head names; None for one that is not read."""
    return _BY_HEAD.get(plain(head))


def places_of(heads: Sequence[str]) -> tuple[dict[str, int], str | None]:
    """Where each known column stands, counted from 0, and the first column that stands there twice, or None."""
    places: dict[str, int] = {}
    twice = None
    for place, head in enumerate(heads):
        column = column_of(head)
        if column is None:
            continue
        if column in places:
            twice = twice or column
        else:
            places[column] = place
    return places, twice


def group_of(column: str, text: str) -> str:
    """The name under which a record is counted; empty for what is no name of a group."""
    words = plain(text)
    if column in _BY_WORD:
        return _BY_WORD[column].get(words, "")
    shown = " ".join(unicodedata.normalize("NFC", text).split())
    if not words or len(shown) > LONGEST or _DIGITS.search(shown) or not shown.isprintable():
        return ""
    return shown
