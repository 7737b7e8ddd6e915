"""Any name either comes out of the paper exactly as it was entered, or is refused where it is entered."""

import io
import random
import re
import subprocess
import unicodedata
from collections import Counter

import pikepdf
import pypdfium2
import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from paritrana.certificates.drawing import Drawer, Proof
from paritrana.core.certificates import DESIGNS, PAPERS
from paritrana.paper import NotPrintable, TooLong, check_name
from tests.certificates.papers import BACKGROUND, LONG, PICTURES, facts, proof, template

NAMES = [1_000, pytest.param(5_000, marks=pytest.mark.slow)]
PAIR = re.compile(rb"<(\w{4})> <(\w{4})>\n")
BEFORE, AFTER = "diberikan kepada", "sebagai"
KINDS = ("Pemerintah Kabupaten", "Pemerintah Kota", "Kabupaten", "Desa", "PT", "CV", "Koperasi", "Yayasan", "Hj.")
WORDS = (
    "Contoh", "Ma'mur", "Jum’at", "Sentosa", "& Putra", "<b>", "&amp;", "(Persero)", "Tbk.", "Siau-Biaro", "No. 1",
    "Abadi–Jaya", "“Rasa”", "'Aisyiyah", "Bó'ol", "S.H.,", "M.Si.", "difficult", "office", "fluffy", "fi", "1.000",
    "Utara", "Łódź", "ffl", "Söré", "Đặng", "Ελλάδα", "Село", "½", "a-", "-b", "--", "/", "%(name)s", "{title}",
)  # fmt: skip
ODD = "\u0301\u0303\u200b\u200d\u202e\u2066\u00a0\u00ad\ufeff\ufb01\ufb03\u212b\u2126\u037e\ue000\t\n\x00王ش א😀✓ñ"


def like_names():
    """Names as they are, with what is hard about them."""
    return st.builds(
        lambda kind, words: " ".join((kind, *words)),
        st.sampled_from(KINDS),
        st.lists(st.sampled_from(WORDS), min_size=1, max_size=9),
    )


def disturbed():
    """Names with one sign in them that may not be printable."""
    return st.builds(
        lambda name, sign, place: name[: place % len(name)] + sign + name[place % len(name) :],
        like_names(),
        st.sampled_from(ODD),
        st.integers(0, 300),
    )


def of_the_font():
    """Letters of all the scripts that the font has."""
    letters = st.characters(min_codepoint=0x20, max_codepoint=0x2C7F, categories=("L", "N", "P", "S", "Zs"))
    return st.text(letters, min_size=1, max_size=40)


ANY = st.one_of(
    like_names(), like_names(), of_the_font(), disturbed(), st.text(min_size=1, max_size=60),
    st.text(st.sampled_from("abcdef -'&<.1"), min_size=1, max_size=300),
)  # fmt: skip


@pytest.fixture(scope="module")
def draw():
    """Draws a name on paper without the ornaments, which hold no text; gives the PDF."""
    drawers = [Drawer(template(paper=paper, languages=("id",), signatories=(), background=BACKGROUND), PICTURES)
               for paper in PAPERS]  # fmt: skip

    def draw_one(name, no=0):
        about = facts(name)
        return drawers[no % 2].draw(about, Proof(about.code, "HTTPS://X/V", "P", "contoh.id", "", "Panitia"))

    return draw_one


def name_on(pdf):
    """The name as a reader of the PDF finds it, between the texts above and below it."""
    document = pypdfium2.PdfDocument(pdf)
    said = document[0].get_textpage().get_text_range()
    document.close()
    return between(said)


def between(said):
    text = " ".join(said.split())
    assert text.count(f"{BEFORE} ") >= 1
    return text.split(f"{BEFORE} ", 1)[1].rsplit(f" {AFTER} ", 1)[0]


def is_refused(name):
    try:
        check_name(name)
    except (NotPrintable, TooLong):
        return True
    return False


@pytest.mark.parametrize("names", NAMES)
def test_names_come_out_exactly_or_are_refused(draw, names):
    seen = Counter()

    @settings(
        max_examples=names,
        phases=[Phase.explicit, Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @example("Desa a- b")
    @example("PT office fluffy ffi")
    @example("K" * 300)
    @example(LONG)
    @given(ANY)
    def run(name):
        seen["names"] += 1
        if is_refused(name):
            seen["refused"] += 1
            return
        assert name_on(draw(name, seen["names"])) == name
        assert unicodedata.is_normalized("NFC", name)

    run()
    assert seen["names"] >= names
    assert 0.2 * names < seen["refused"] < 0.8 * names  # both happen often


def codes_of(pdf):
    """What the glyphs of the name stand for, by the tables of the embedded fonts and not by what is written beside."""
    with pikepdf.open(io.BytesIO(pdf)) as document:
        page = document.pages[0]
        tables = {name: dict(PAIR.findall(font.ToUnicode.read_bytes())) for name, font in page.Resources.Font.items()}
        lines, name, font = [], False, ""
        for operands, operator in pikepdf.parse_content_stream(page):
            if str(operator) == "BDC":
                name = "/ActualText" in operands[1]
            elif str(operator) == "Tf":
                font = str(operands[0])
            elif name and str(operator) == "BT":
                lines.append("")
            elif name and str(operator) == "Tj":
                codes = bytes(operands[0]).hex().encode()
                lines[-1] += "".join(
                    bytes.fromhex(tables[font][codes[place : place + 4]].decode()).decode("utf-16-be")
                    for place in range(0, len(codes), 4)
                )
        return " ".join(lines)


@settings(max_examples=300, phases=[Phase.generate], database=None, suppress_health_check=list(HealthCheck))
@given(ANY)
def test_the_glyphs_themselves_lead_back_to_the_name(draw, name):
    if not is_refused(name):
        assert codes_of(draw(name, len(name))) == name


def test_another_reader_finds_the_same_names(draw, tmp_path):
    chance = random.Random(3)
    found = 0
    while found < 60:
        name = " ".join((chance.choice(KINDS), *chance.choices(WORDS, k=chance.randrange(1, 9))))
        if is_refused(name):
            continue
        found += 1
        path = tmp_path / "paper.pdf"
        path.write_bytes(draw(name, found))
        told = subprocess.run(["pdftotext", "-enc", "UTF-8", path, "-"], capture_output=True, text=True, check=True)
        assert between(told.stdout) == name


@pytest.mark.parametrize("paper", PAPERS)
@pytest.mark.parametrize("design", DESIGNS)
def test_a_name_that_is_let_in_fits_every_design_and_comes_out(design, paper):
    drawer = Drawer(template(design=design, paper=paper, languages=("id",)), PICTURES)
    chance = random.Random(5)
    names = [LONG, "W" * 22, "ab " * 50, "Kabupaten Kepulauan " * 5]
    names += [" ".join(chance.choices([*KINDS, *WORDS], k=chance.randrange(6, 26))) for _ in range(40)]
    let_in = [name.strip() for name in names if not is_refused(name.strip())]
    assert len(let_in) > 10
    for name in let_in[:14]:
        about = facts(name)
        assert name_on(drawer.draw(about, proof(about))) == name


@pytest.mark.parametrize(
    ("name", "character"),
    [
        ("Nama 王", "王"), ("a✓", "✓"), ("a\u200bb", "U+200B"), ("a\u202eb", "U+202E"), ("a\u00a0b", "U+00A0"),
        ("e\u0301", "U+0301"), ("x\u0303", "U+0303"), ("\u212bngstrom", "U+212B"), ("o\ufb03ce", "U+FB03"),
        ("a\ue000", "U+E000"), ("a\x07", "U+0007"), ("a\u00adb", "U+00AD"), ("\u05d0", "\u05d0"), ("a\nb", "U+000A"),
        ("a  b", "U+0020 U+0020"), (" a", "U+0020 U+0020"),
    ],
)  # fmt: skip
def test_what_paper_does_not_give_back_is_refused_by_its_name(name, character):
    with pytest.raises(NotPrintable) as refusal:
        check_name(name)
    assert refusal.value.params["character"] == character


@pytest.mark.parametrize("name", ["Kabupaten " * 30, "K" * 300, "m" * 90])
def test_what_is_too_long_for_three_lines_is_refused(name):
    with pytest.raises(TooLong):
        check_name(name.strip())
