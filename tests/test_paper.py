"""What every printed document relies on: fonts that have the sign, text that fits or is refused, dots that scan."""

import pypdfium2
import pytest

from paritrana.paper import (
    BLACK,
    MM,
    REGULAR,
    SMALLEST,
    NotPrintable,
    TooLong,
    check_printable,
    fit,
    fonts,
    new_document,
    width,
)


def test_the_faces_are_static_cuts_with_names_of_their_own():
    names = {font.face.name for font in fonts().values()}
    assert len(names) == len(fonts())


@pytest.mark.parametrize("text", ["Kabupaten Bó'ol & <Söhne>", "Rp1.000 ≥ ½", "D’Artagnan “X” – Ł"])
def test_what_the_font_has_is_printable(text):
    check_printable(text)


@pytest.mark.parametrize(("text", "sign"), [("Nama 王", "王"), ("a✓", "✓"), ("x\u0007y", "U+0007"), ("😀", "😀")])
def test_a_sign_that_the_font_lacks_is_named(text, sign):
    with pytest.raises(NotPrintable) as refusal:
        check_printable(text, REGULAR)
    assert refusal.value.params["character"] == sign


def test_a_text_keeps_its_size_while_it_fits():
    assert fit("Pendek", BLACK, 30, 200 * MM).size == 30


def test_a_long_text_shrinks_to_four_fifths_then_takes_two_lines_then_is_refused():
    room, text = 100 * MM, "Kabupaten Kepulauan Siau Tagulandang Biaro"
    natural = width(text, BLACK, 30)
    shrunk = fit(text, BLACK, 30 * room / natural / 0.9, room)
    assert len(shrunk.lines) == 1
    assert width(text, BLACK, shrunk.size) == pytest.approx(room)
    broken = fit(text, BLACK, 30, room)
    assert len(broken.lines) == 2
    assert " ".join(broken.lines) == text
    assert broken.size >= 30 * SMALLEST
    assert max(width(line, BLACK, broken.size) for line in broken.lines) <= room + 0.01
    with pytest.raises(TooLong):
        fit("W" * 300, BLACK, 30, room)
    with pytest.raises(TooLong):
        fit(f"{text} " * 4, BLACK, 30, room)


def test_blanks_are_put_in_order():
    assert fit("  a \n b ", REGULAR, 10, 100).lines == ("a b",)


@pytest.mark.parametrize("landscape", [True, False])
def test_a_document_is_one_page_of_a4_with_title_and_language(landscape):
    document = new_document(title="Judul <&>", subject="s", author="a", language="id-ID", landscape=landscape)
    document.centred(["satu", "dua"], 100, 100, REGULAR, 10)
    raw = document.finish()
    assert b"/Lang" in raw
    pdf = pypdfium2.PdfDocument(raw)
    assert len(pdf) == 1
    assert pdf.get_metadata_dict()["Title"] == "Judul <&>"
    sides = sorted(round(side) for side in pdf[0].get_size())
    assert sides == [595, 842]
    assert (pdf[0].get_width() > pdf[0].get_height()) is landscape
    text = pdf[0].get_textpage().get_text_range()
    assert "satu" in text
    pdf.close()


def test_the_code_of_dots_is_dark_on_white_with_a_quiet_zone():
    document = new_document(title="t", subject="s", author="a", language="id-ID")
    document.canvas.setFillGray(0.5)
    document.canvas.rect(0, 0, 400, 400, stroke=0, fill=1)
    document.qr("http://localhost/verify/0000-0000-0000-0000", 50, 50, 100)
    pdf = pypdfium2.PdfDocument(document.finish())
    image = pdf[0].render(scale=4).to_pil().convert("L")
    pdf.close()
    height = image.height

    def at(x, y):
        return image.getpixel((round(x * 4), height - 1 - round(y * 4)))

    assert at(40, 100) == pytest.approx(128, abs=2)
    assert at(53, 100) == 255
    module = 100 / (33 + 8)
    assert at(50 + 4.5 * module, 150 - 4.5 * module) == 0
    assert at(50 + 5.5 * module, 150 - 5.5 * module) == 255
