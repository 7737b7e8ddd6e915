"""A certificate on paper: the same bytes for the same facts, readable by programs and people, in every design."""

import io
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pikepdf
import pypdfium2
import pytest
from PIL import Image, ImageFilter

from paritrana.certificates.drawing import Drawer, image_of
from paritrana.core.certificates import COLOURS, DESIGNS, PAPERS, Kind, Words
from paritrana.paper import MM, SMALLEST, NotPrintable, TooLong
from tests.certificates.papers import BACKGROUND, LONG, PICTURES, SHORT, TEXTS, facts, full, proof, template

ROOT = Path(__file__).resolve().parent.parent.parent
NEAR = 150  # dots per inch of a print image


def drawn(paper, about=None):
    about = about or facts()
    return Drawer(paper, PICTURES).draw(about, proof(about))


def words_of(pdf):
    document = pypdfium2.PdfDocument(pdf)
    said = document[0].get_textpage().get_text_range()
    document.close()
    return " ".join(said.split())


@pytest.fixture
def opened():
    """Opens PDFs, and closes them at the end."""
    known = []

    def open_one(pdf):
        known.append(pikepdf.open(io.BytesIO(pdf)))
        return known[-1]

    yield open_one
    for one in known:
        one.close()


# What the paper says -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("paper", PAPERS)
@pytest.mark.parametrize("design", DESIGNS)
def test_every_fact_stands_on_the_paper(design, paper):
    text = words_of(drawn(full(design=design, paper=paper)))
    for said in ("PIAGAM PENGHARGAAN", "Certificate of Award", SHORT, "Terbaik I", "First Place", "presented to",
                 "Kategori Pemerintah kabupaten/kota pada Paritrana Award Provinsi Contoh", "2 March 2026",
                 "Kota Contoh, 2 Maret 2026", "Dr. Contoh Satu, S.H., M.H.", "Ketua Panel Penilai", "Contoh Dua",
                 "7QK4-2M9X-H3TC-8WPA", "Periksa keaslian", "paritrana.contoh.go.id", "/verify", "Sidik jari kunci:",
                 proof(facts()).fingerprint[:4].upper()):  # fmt: skip
        assert said in text
    assert "SIMULASI" not in text


def test_a_paper_in_one_language_says_nothing_in_the_other():
    indonesian, english = (words_of(drawn(template(languages=(language,)))) for language in ("id", "en"))
    assert "presented to" not in indonesian
    assert "Check this document" not in indonesian
    assert "diberikan kepada" not in english
    assert "Periksa" not in english
    assert "Kota Contoh, 2 March 2026" in english


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_is_drawn(kind):
    about = facts(kind=kind, rank=None, title=Words("Notulen", "Minutes"), decree="")
    assert "Notulen" in words_of(drawn(template(kind=kind), about))


@pytest.mark.parametrize("paper", PAPERS)
def test_training_paper_says_so_across(paper):
    text = words_of(drawn(template(paper=paper), facts(simulated=True)))
    assert text.count("SIMULASI") == 2
    assert "data latihan, bukan hasil" in text


def test_a_value_is_never_read_as_a_field_or_as_markup():
    name = "PT {title} & <b>Sentosa</b> %(name)s \\n &amp; Jaya"
    assert name in words_of(drawn(template(), facts(name)))


# What does not fit ---------------------------------------------------------------------------------------------------


def test_the_look_tells_lines_and_sizes():
    places = {one.name: one for one in Drawer(template(), {}).look(facts(LONG))}
    assert " ".join(places["recipient"].lines) == LONG
    assert len(places["recipient"].lines) == 3
    assert places["heading"].text == "PIAGAM PENGHARGAAN"
    assert all(100 * SMALLEST <= one.percent <= 100 for one in places.values())
    assert {one.name: one.percent for one in Drawer(template(), {}).look(facts())}["recipient"] == 100


@pytest.mark.parametrize("paper", PAPERS)
@pytest.mark.parametrize("design", DESIGNS)
def test_nothing_is_smaller_than_four_fifths_and_nothing_leaves_its_box(design, paper, opened):
    drawer = Drawer(full(design=design, paper=paper), PICTURES)
    for name in (SHORT, LONG):
        document = pypdfium2.PdfDocument(drawer.draw(facts(name), proof(facts(name))))
        page = document[0].get_textpage()
        edges = [page.get_rect(no) for no in range(page.count_rects())]
        document.close()
        plan = drawer.plan
        assert min(one[0] for one in edges) >= plan.left - 1
        assert max(one[2] for one in edges) <= plan.right + 1
        assert min(one[1] for one in edges) >= plan.bottom - 3
        assert max(one[3] for one in edges) <= plan.top + 1
        lines = sorted(edges)
        overlaps = [
            (one, other) for no, one in enumerate(lines) for other in lines[no + 1 :]
            if min(one[2], other[2]) - max(one[0], other[0]) > 1 and min(one[3], other[3]) - max(one[1], other[1]) > 1
        ]  # fmt: skip
        assert overlaps == []


def test_a_name_too_long_is_refused_and_named():
    drawer = Drawer(template(), {})
    with pytest.raises(TooLong) as refusal:
        drawer.look(facts("Kabupaten " * 30))
    assert refusal.value.params["text"].startswith("Kabupaten Kabupaten")
    with pytest.raises(TooLong):
        drawer.draw(facts("K" * 300), proof(facts()))
    with pytest.raises(NotPrintable):
        drawer.look(facts("PT 王"))


def test_texts_that_leave_no_height_are_refused():
    wordy = " ".join(["panjang"] * 45)
    crowded = template(texts=TEXTS | {"body": Words(wordy, wordy), "closing": Words(wordy, wordy)})
    with pytest.raises(TooLong):
        Drawer(crowded, {}).look(facts(LONG))


# The bytes -----------------------------------------------------------------------------------------------------------


def test_the_same_facts_give_the_same_bytes_in_any_process():
    paper = full()
    about = facts("Désa Söré Łódź")  # with signs that the shared letters lack
    drawer = Drawer(paper, PICTURES)
    first = drawer.draw(about, proof(about))
    drawer.draw(facts(LONG), proof(facts(LONG)))
    assert drawer.draw(about, proof(about)) == first
    script = (
        "import sys\nfrom paritrana.certificates.drawing import Drawer\nfrom tests.certificates.papers import *\n"
        "about = facts('Désa Söré Łódź')\n"
        "sys.stdout.buffer.write(Drawer(full(), PICTURES).draw(about, proof(about)))\n"
    )
    for seed in ("1", "2"):
        other = subprocess.run(
            [sys.executable, "-c", script], cwd=ROOT, env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True,
            check=True,
        )  # fmt: skip
        assert other.stdout == first


def test_other_facts_give_other_bytes():
    made = {
        drawn(template(), one) for one in (facts(), facts(LONG), facts(bundle="cd" * 32), facts(rank=2, edition="2"))
    }
    assert len(made) == 4


@pytest.mark.parametrize("paper", PAPERS)
@pytest.mark.parametrize("design", DESIGNS)
def test_a_checker_of_the_format_finds_nothing(design, paper, tmp_path):
    path = tmp_path / "paper.pdf"
    path.write_bytes(drawn(full(design=design, paper=paper), facts("Désa Łódź")))
    told = subprocess.run(["qpdf", "--check", path], capture_output=True, text=True, check=False)
    assert (told.returncode, told.stderr) == (0, "")


# The archive format --------------------------------------------------------------------------------------------------


def test_the_metadata_name_the_archive_format_and_the_facts_of_the_register(opened):
    about = facts("PT <Contoh> & Söhne")
    raw = drawn(full(), about)
    pdf = opened(raw)
    metadata = pdf.open_metadata()
    said = {name: metadata[name] for name in ("dc:title", "dc:creator", "dc:language", "xmp:CreateDate")}
    own = {name: metadata[f"{{urn:paritrana:certificate:1}}{name}"] for name in ("code", "payload", "bundle")}
    assert metadata.pdfa_status == "3B"
    assert said["dc:title"] == "PT <Contoh> & Söhne: Terbaik I" == str(pdf.docinfo["/Title"])
    assert said["dc:creator"] == ["Panitia Contoh"]
    assert said["dc:language"] == {"id-ID"}
    assert own == {"code": about.code, "payload": proof(about).payload, "bundle": about.bundle}
    assert said["xmp:CreateDate"] == "2026-03-02T00:00:00Z"
    assert str(pdf.docinfo["/CreationDate"]) == "D:20260302000000Z" == str(pdf.docinfo["/ModDate"])
    assert f"<paritrana:payload>{proof(about).payload}</paritrana:payload>".encode() in raw  # not packed
    for name in ("code", "payload", "bundle"):
        assert f"<pdfaProperty:name>{name}</pdfaProperty:name>".encode() in raw
    assert "/Filter" not in pdf.Root.Metadata


def test_colours_are_told_and_nothing_is_in_the_file_that_an_archive_refuses(opened):
    pdf = opened(drawn(full(), facts("Désa Łódź")))
    (intent,) = pdf.Root.OutputIntents
    assert (intent.S, str(intent.OutputConditionIdentifier)) == (pikepdf.Name.GTS_PDFA1, "sRGB")
    assert bytes(intent.DestOutputProfile.read_bytes())[12:24] == b"mntrRGB XYZ "
    assert len(pdf.trailer.ID) == 2
    assert "/Encrypt" not in pdf.trailer
    keys = {str(key) for one in pdf.objects if isinstance(one, pikepdf.Dictionary) for key in one}
    assert not keys & {"/JavaScript", "/JS", "/OpenAction", "/AA", "/EmbeddedFiles", "/Launch", "/OPI", "/PS", "/TR"}
    filters = {str(one.get("/Filter")) for one in pdf.objects if isinstance(one, pikepdf.Stream)}
    assert filters <= {"/FlateDecode", "/DCTDecode", "None"}


def test_every_font_is_embedded_and_every_sign_leads_to_its_character(opened):
    fonts = dict(opened(drawn(full(), facts("Désa Łódź"))).pages[0].Resources.Font)
    assert {"/Lato-Bold", "/Lato-Bold-rare"} <= fonts.keys()
    for font in fonts.values():
        (cut,) = font.DescendantFonts
        assert font.Encoding == pikepdf.Name("/Identity-H")
        assert len(cut.FontDescriptor.FontFile2.read_bytes()) == cut.FontDescriptor.FontFile2.Length1
        signs = len(cut.W[1])
        assert len(cut.CIDToGIDMap.read_bytes()) == 2 * (signs + 1)
        assert font.ToUnicode.read_bytes().count(b"> <") - 1 == signs


def test_the_paper_can_be_read_aloud(opened):
    pdf = opened(drawn(full()))
    root = pdf.Root
    assert str(root.Lang) == "id-ID"
    assert root.MarkInfo.Marked
    assert root.ViewerPreferences.DisplayDocTitle
    (document,) = root.StructTreeRoot.K
    parts = list(document.K)
    kinds = [str(one.S) for one in parts]
    assert kinds.count("/H1") == 1
    assert kinds.count("/Figure") == 3 + 3 + 1  # logos, signatures, the code
    assert all("/Alt" in one for one in parts if str(one.S) == "/Figure")
    assert {str(one.Lang) for one in parts if "/Lang" in one} == {"en-GB"}
    assert [int(one.K) for one in parts] == list(range(len(parts)))
    assert [one.objgen for one in root.StructTreeRoot.ParentTree.Nums[1]] == [one.objgen for one in parts]
    page = pdf.pages[0]
    marked, depth = 0, 0
    for operands, operator in pikepdf.parse_content_stream(page):
        if str(operator) in ("BDC", "BMC"):
            depth += 1
            marked += str(operator) == "BDC"
            assert depth == 1
        elif str(operator) == "EMC":
            depth -= 1
        elif str(operator) in ("Tj", "Do", "f", "S", "h f"):
            assert depth == 1, operands
    assert marked == len(parts)


def test_a_background_takes_the_place_of_the_design():
    plain = drawn(template(background=BACKGROUND))
    image = Image.open(io.BytesIO(image_of(plain, 36))).convert("RGB")
    assert image.getpixel((image.width // 2, 20))[2] > 240
    assert image.getpixel((14, image.height // 2))[2] > 240  # where the frame of the design would be
    framed = Image.open(io.BytesIO(image_of(drawn(template()), 36))).convert("RGB")
    assert framed.getpixel((17, framed.height // 2))[2] < 200
    assert SHORT in words_of(plain)


def test_papers_have_the_size_of_their_sheet():
    for paper, size in (("landscape", (297, 210)), ("portrait", (210, 297))):
        image = Image.open(io.BytesIO(image_of(drawn(template(paper=paper)), 50.8)))
        assert image.size == pytest.approx([2 * side for side in size], abs=2)


# The code ------------------------------------------------------------------------------------------------------------


def read_by_zbar(image, folder):
    path = folder / "page.png"
    image.save(path)
    told = subprocess.run(["zbarimg", "--quiet", "--raw", path], capture_output=True, text=True, check=False)
    return told.stdout.strip()


@pytest.mark.parametrize(
    "name", [pytest.param(SHORT, id="short", marks=pytest.mark.slow), pytest.param(LONG, id="long")]
)
@pytest.mark.parametrize("paper", PAPERS)
@pytest.mark.parametrize("design", DESIGNS)
def test_the_code_is_read_from_a_print_image_and_from_a_poor_one(design, paper, name, tmp_path):
    about = facts(name)
    pdf = drawn(full(design=design, paper=paper, colours=COLOURS[DESIGNS.index(design)]), about)
    clear = Image.open(io.BytesIO(image_of(pdf, NEAR))).convert("L")
    assert read_by_zbar(clear, tmp_path) == proof(about).address
    poor = clear.resize((clear.width * 6 // 10, clear.height * 6 // 10), Image.Resampling.LANCZOS)
    poor = poor.filter(ImageFilter.GaussianBlur(0.4))
    noise = np.random.default_rng(7).normal(0, 6, (poor.height, poor.width))
    poor = Image.fromarray((np.asarray(poor) + noise).clip(0, 255).astype(np.uint8))
    assert read_by_zbar(poor, tmp_path) == proof(about).address


@pytest.mark.parametrize("name", [SHORT, LONG], ids=["short", "long"])
def test_the_code_is_large_enough(name, opened):
    about = facts(name)
    pdf = opened(drawn(template(), about))
    (code,) = [one for one in pdf.Root.StructTreeRoot.K[0].K if str(one.S) == "/Figure"]
    left, bottom, right, top = (float(edge) for edge in code.A.BBox)
    rows = [float(operands[3]) for operands, operator in pikepdf.parse_content_stream(pdf.pages[0])
            if str(operator) == "re" and float(operands[3]) == 1]  # fmt: skip
    assert rows
    matrix = next(list(map(float, operands)) for operands, operator in pikepdf.parse_content_stream(pdf.pages[0])
                  if str(operator) == "cm" and float(operands[3]) < 0)  # fmt: skip
    module = matrix[0]
    assert module >= 0.5 * MM
    assert right - left == pytest.approx(top - bottom)
    assert right - left - 8 * module >= 25 * MM
    assert matrix[4] - left == pytest.approx(4 * module, abs=0.01)  # the quiet zone
    assert (code.Alt and right <= float(pdf.pages[0].MediaBox[2])) is True


def test_memory_stays_flat_over_many_papers():
    script = (
        "import resource\nfrom paritrana.certificates.drawing import Drawer\nfrom tests.certificates.papers import *\n"
        "drawer = Drawer(template(), PICTURES)\n"
        "def some(start, count):\n"
        "    for no in range(start, start + count):\n"
        "        about = facts(f'Désa Contoh {no} Łódź')\n"
        "        drawer.draw(about, proof(about))\n"
        "some(0, 40)\nbefore = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\nsome(40, 260)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    grown = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert int(grown.stdout) < 10_000  # kB


def test_a_template_without_signatories_or_logos_is_drawn():
    bare = replace(template(languages=("id",)), signatories=(), place="", texts=TEXTS | {"above": Words("", "")})
    assert words_of(drawn(bare)).startswith("PIAGAM PENGHARGAAN Kabupaten Contoh sebagai")
