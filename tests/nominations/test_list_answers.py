"""What is believed of the process that counts a list by name: an honest answer, and of any other nothing at all."""

import io
import json
from typing import Any

import pytest

from paritrana.core.filechecks import FileHeavy
from paritrana.core.filetypes import CSV
from paritrana.nominations.namelists import checking
from paritrana.nominations.namelists.checking import Counted, ListFormula

SAID: dict[str, Any] = {
    "submitted": 6,
    "valid": 5,
    "reasons": {"malformed": 1, "elsewhere": 0, "implausible": 0, "twice": 0},
    "as_figure": 0,
    "groups": {"village": {"named": [["Desa Satu", 5, 5]], "others": [1, 0]}},
}
NO_MARKS = b"marks 0\n"


def believed(answer: bytes) -> Counted:
    """What comes of an answer."""
    heard: list[int] = []
    return checking._Answer("daftar.csv", CSV, heard.append)._read(io.BytesIO(answer))


def line(said: Any) -> bytes:
    return b"is " + json.dumps(said).encode() + b"\n"


def group(*named: list[Any], others: list[Any] | None = None, column: str = "village") -> dict[str, Any]:
    """An answer whose groups of one column are these."""
    return SAID | {"groups": {column: {"named": list(named), "others": [1, 0] if others is None else others}}}


def test_an_honest_answer_is_believed_with_its_marks_in_order():
    marks = b"".join(no.to_bytes(8, "big") for no in (1, 2, 3, 2**63, 2**64 - 1))
    found = believed(b"at 20000\n" + line(SAID) + b"marks 40\n" + marks)
    assert found.counts == SAID
    assert list(found.marks) == [1, 2, 3, 2**63, 2**64 - 1]
    assert checking.stored_marks(found.marks) == marks
    assert list(believed(line(SAID) + NO_MARKS).marks) == []


def test_a_process_that_ends_before_it_answers_found_too_much_in_the_list():
    for answer in (b"", b"at 20000\n", b"at 20000\nMemoryError\n", line(SAID).replace(b"is ", b"was ") + NO_MARKS):
        with pytest.raises(FileHeavy) as found:
            believed(answer)
        assert found.value.params["name"] == "daftar.csv"


def test_a_refusal_names_a_cell_and_nothing_longer():
    with pytest.raises(ListFormula) as found:
        believed(b"no list_formula AB12\n")
    assert found.value.params["cell"] == "AB12"
    for cell in (b"9901011703850001", b"<b>", b"A 1", "Ü1".encode()):
        with pytest.raises(checking._Unbelievable):
            believed(b"no list_formula " + cell + b"\n")


def test_marks_of_another_number_or_length_are_not_believed():
    one = bytes(8)
    for marks in (
        b"signs 0\n", b"marks -8\n", b"marks 12\n" + bytes(12), b"marks 12000008\n", b"marks 40\n" + one,
        b"marks 8\n" + one,
    ):  # fmt: skip
        with pytest.raises(checking._Unbelievable):
            believed(line(SAID) + marks)
    with pytest.raises(ValueError, match="invalid literal"):
        believed(line(SAID) + b"marks many\n")


def test_counts_that_no_list_comes_to_are_not_believed():
    for said in (
        SAID | {"submitted": 7},
        SAID | {"submitted": 1_500_001},
        SAID | {"valid": -1},
        SAID | {"valid": True},
        SAID | {"valid": "5"},
        SAID | {"as_figure": 7},
        SAID | {"reasons": SAID["reasons"] | {"twice": 1}},
        group(["Desa Satu", 5, 4]),
        group(["Desa Satu", 5, 5], others=[2, 0]),
        group(["Desa Satu", 5, 5], others=[1]),
        group(["Desa Satu", 4, 4], others=[2, 1]),  # a group so small could name a person
        group(["", 5, 5]),
        group([7, 5, 5]),
        group(["x" * 61, 5, 5]),
        group(["9901011703850001", 5, 5]),
        group([" Desa  Satu", 5, 5]),
        group(*([f"Desa {no}", 5, 5] for no in range(301))),
    ):
        with pytest.raises(checking._Unbelievable):
            believed(line(said) + NO_MARKS)
    assert believed(line(group(["male", 5, 5], column="gender")) + NO_MARKS).counts["groups"]["gender"]["named"]
