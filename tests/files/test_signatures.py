import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from paritrana.core import filetypes
from paritrana.files.signatures import kind_by_content
from tests.files import samples


def kind(content):
    return kind_by_content(io.BytesIO(content))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (samples.PDF, filetypes.PDF),
        (samples.JPEG, filetypes.JPEG),
        (samples.PNG, filetypes.PNG),
        (samples.XLSX, filetypes.XLSX),
    ],
)
def test_each_kind_is_known_by_its_first_bytes(content, expected):
    assert kind(content) is expected


@pytest.mark.parametrize("content", [b"", b"%PDF", b" %PDF-1.7", b"MZ\x90\x00", b"<html>", b"\xff\xd8", b"GIF89a"])
def test_anything_else_is_of_no_kind(content):
    assert kind(content) is None


def test_a_workbook_is_known_wherever_its_list_of_parts_stands():
    assert kind(samples.archive(*reversed(samples.WORKBOOK))) is filetypes.XLSX
    assert kind(samples.archive(*samples.WORKBOOK, comment=b"made by an office program")) is filetypes.XLSX
    assert kind(samples.archive(*samples.WORKBOOK, comment=b"c" * 65_535)) is filetypes.XLSX


@pytest.mark.parametrize(
    "names",
    [
        ("[Content_Types].xml", "word/document.xml"),
        ("xl/workbook.xml",),
        ("mimetype", "content.xml"),
        ("x/[Content_Types].xml", "xl/workbook.xml"),
        (),
    ],
    ids=str,
)
def test_another_archive_is_no_workbook(names):
    assert kind(b"PK\x03\x04" + samples.archive(*names)) is None
    assert kind(samples.archive(*names)) is None


def test_an_archive_with_a_huge_or_broken_directory_is_no_workbook():
    assert kind(samples.archive(*samples.WORKBOOK, *(f"xl/{n}" for n in range(1997)))) is filetypes.XLSX
    assert kind(samples.archive(*samples.WORKBOOK, *(f"xl/{n}" for n in range(1998)))) is None
    assert kind(samples.archive(*samples.WORKBOOK, *(f"xl/{n}" + "x" * 60_000 for n in range(9)))) is None
    assert kind(samples.XLSX[:-22]) is None
    assert kind(samples.XLSX[:-1]) is None
    assert kind(samples.XLSX.replace(b"PK\x01\x02", b"PK\x01\x03")) is None
    start = samples.XLSX.index(b"PK\x01\x02")
    assert kind(samples.XLSX[:start] + samples.XLSX[-22:]) is None


@given(st.data())
@example(None)
def test_no_bytes_make_the_look_fail(data):
    content = bytearray(samples.XLSX)
    if data is not None:
        for _ in range(data.draw(st.integers(1, 6))):
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
        del content[data.draw(st.integers(4, len(content))) :]
    assert kind(bytes(content)) in {None, filetypes.XLSX}


@given(st.binary(max_size=200), st.sampled_from([b"", b"PK\x03\x04", b"PK\x03\x04PK\x05\x06"]))
def test_no_random_bytes_pass_for_a_workbook(content, beginning):
    assert kind(beginning + content) is not filetypes.XLSX
