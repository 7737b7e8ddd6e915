import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paritrana.core.filetypes import (
    BY_MEDIA_TYPE,
    JPEG,
    MEBIBYTE,
    PDF,
    PNG,
    XLSX,
    BadFile,
    FileNameLong,
    FileNameMissing,
    FileNameUnreadable,
    FileTooLarge,
    FileTypeRefused,
    display_name,
    kind_by_name,
)
from paritrana.core.quantities import FileSize


@pytest.mark.parametrize(
    ("name", "kind"),
    [("SK.pdf", PDF), ("SK.PDF", PDF), ("foto.Jpg", JPEG), ("foto.jpeg", JPEG), ("a.b.png", PNG), ("rekap.XLSX", XLSX)],
)
def test_the_end_of_the_name_tells_the_kind_in_any_case(name, kind):
    assert kind_by_name(name) is kind


@pytest.mark.parametrize("name", ["pdf", "SK", "SK.", "SK.pdf.exe", "a.docx", "a.xlsm", "a.svg", "a.ｐｄｆ", "a.pdf "])
def test_every_other_end_is_refused_with_the_kinds_that_are_taken(name):
    with pytest.raises(FileTypeRefused) as refused:
        kind_by_name(name)
    assert refused.value.message % refused.value.params == f"{name}: choose a PDF, JPG, PNG or XLSX"


def test_each_kind_has_its_limit_and_media_type():
    assert {kind.word: kind.limit // MEBIBYTE for kind in BY_MEDIA_TYPE.values()} == {
        "PDF": 25, "JPG": 10, "PNG": 10, "XLSX": 10,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("given_name", "shown"),
    [
        ("Keputusan Bupati – 2025.pdf", "Keputusan Bupati – 2025.pdf"),
        ("Re\u0301sume\u0301.pdf", "R\u00e9sum\u00e9.pdf"),
        (" SK.pdf ", "SK.pdf"),
        ("C:\\fakepath\\SK.pdf", "SK.pdf"),
        ("../../etc/passwd", "passwd"),
        ("'; DROP TABLE blob; --.pdf", "'; DROP TABLE blob; --.pdf"),
        ("<img src=x onerror=alert(1)>.png", "<img src=x onerror=alert(1)>.png"),
        ("صورة.jpg", "صورة.jpg"),
        ("👩\u200d💼.png", "👩\u200d💼.png"),
        ("x" * 196 + ".pdf", "x" * 196 + ".pdf"),
    ],
)
def test_a_name_is_shown_composed_and_without_folders(given_name, shown):
    assert display_name(given_name) == shown


@pytest.mark.parametrize("name", [None, "", "   ", "folder/", "C:\\"])
def test_without_a_name_a_file_has_to_be_chosen(name):
    with pytest.raises(FileNameMissing):
        display_name(name)


def test_a_long_name_is_refused():
    with pytest.raises(FileNameLong) as refused:
        display_name("x" * 197 + ".pdf")
    assert refused.value.params == {"limit": 200}
    assert display_name("e\u0301" * 196 + ".pdf") == "\u00e9" * 196 + ".pdf"


@pytest.mark.parametrize(
    "sign",
    ["\x00", "\n", "\r", "\x1b", "\x7f", "\x85", "\u2028", "\u2029", "\u202e", "\u2066", "\u200f", "\u061c", "\ud800"],
    ids=ascii,
)
def test_signs_that_cannot_be_shown_are_refused_and_replaced_in_the_sentence(sign):
    with pytest.raises(FileNameUnreadable) as refused:
        display_name(f"a{sign}fdp.exe")
    assert refused.value.params == {"name": "a\ufffdfdp.exe"}


@given(st.text(st.characters()) | st.text("./\\\u202e \x00ab", max_size=20))
def test_any_name_is_refused_cleanly_or_shown_without_a_path(name):
    try:
        shown = display_name(name)
    except BadFile as refusal:
        str(refusal.message % refusal.params).encode()
        return
    assert 0 < len(shown) <= 200
    assert not set(shown) & set("/\\\x00\n\u202e")
    assert unicodedata.is_normalized("NFC", shown)
    shown.encode()


def test_a_size_is_told_with_its_unit():
    refusal = FileTooLarge(name="SK.pdf", size=30 * MEBIBYTE, limit=PDF.limit)
    assert (refusal.status, refusal.code) == (413, "file_size")
    assert refusal.params == {"name": "SK.pdf", "size": FileSize(30 * MEBIBYTE), "limit": FileSize(25 * MEBIBYTE)}
