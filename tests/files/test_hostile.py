"""Hostile files are refused, each with its own code, and honest ones are taken; a process of its own looks at them."""

import io
import subprocess
import sys
import tempfile
from dataclasses import replace

import pikepdf
import pytest
from PIL import Image

from paritrana.core.filechecks import REFUSALS, CheckLate
from paritrana.core.filetypes import JPEG, PDF, PNG, XLSX, FileKind
from paritrana.files import looking
from paritrana.files.looking import LOOKS
from paritrana.files.sandbox import look_at
from tests.files import samples
from tests.hostile.files import (
    document,
    hostile_documents,
    hostile_pictures,
    hostile_workbooks,
    relation,
    sheet,
    workbook,
)
from tests.nominations.pages import paper


def verdict(kind: FileKind, content: bytes) -> str:
    """What the look says in this process."""
    return looking.verdict(LOOKS[kind.media_type], content)


def test_every_hostile_file_is_refused_for_what_it_is(figures_of):
    found = [(PDF, *one) for one in hostile_documents()]
    found += hostile_pictures()
    found += [(XLSX, *one) for one in hostile_workbooks()]
    wrong = [
        (place, kind.word, code, said)
        for place, (kind, code, content) in enumerate(found)
        if (said := verdict(kind, content)) != code and not (said and code in {"file_unreadable", "workbook_broken"})
    ]
    taken = [one for one in wrong if not one[3]]
    figures_of("hostile files", files=len(found), wrongly_accepted=len(taken), control=verdict(PDF, paper()) == "")
    assert len(found) >= 150
    assert wrong == []
    assert {code for _kind, code, _content in found} <= set(REFUSALS)


def test_honest_files_are_taken():
    plain = pikepdf.Dictionary(S=pikepdf.Name.GoTo, D=pikepdf.Array([0, pikepdf.Name.Fit]))
    web = pikepdf.Dictionary(S=pikepdf.Name.URI, URI=pikepdf.String("https://contoh.go.id/a"))
    good = [
        (PDF, paper()), (PDF, paper() + b"\r\n\x00"), (PDF, document()),
        (PDF, document(object_stream_mode=pikepdf.ObjectStreamMode.generate)),
        (PDF, document(lambda pdf: pdf.Root.__setitem__("/OpenAction", plain))),
        (PDF, document(lambda pdf: pdf.Root.__setitem__("/Link", web))),
        (PDF, document(lambda pdf: pdf.docinfo.__setitem__("/Title", "Bantuan /JavaScript /Launch"))),
        (PDF, document(encryption=pikepdf.Encryption(user="", owner="pemilik", R=6))),
        (JPEG, samples.JPEG), (JPEG, samples.picture("JPEG", (3000, 2000))), (PNG, samples.PNG),
        (XLSX, samples.XLSX), (XLSX, sheet(b"SUM(A1:A9)*1,5")), (XLSX, sheet(b"VLOOKUP(A1,Sheet2!A:B,2,0)")),
        (XLSX, relation("hyperlink", "https://contoh.go.id")), (XLSX, workbook(("xl/media/image1.png", samples.PNG))),
    ]  # fmt: skip
    progressive = io.BytesIO()
    Image.effect_noise((300, 200), 50).save(progressive, "JPEG", progressive=True, quality=95)
    good.append((JPEG, progressive.getvalue()))
    assert [verdict(kind, content) for kind, content in good] == [""] * len(good)


@pytest.mark.parametrize(
    ("content", "end"),
    [
        (b"\xff\xd8\xff\xff\xd9", 5),  # filled up before a marker
        (b"\xff\xd8\xff\x01\xff\xd9", 6),  # a marker without length
        (b"\xff\xd8\x00\x00\xff\xd9", 0),  # no marker where one must be
        (b"\xff\xd8\xff\xda\x00\x02pixels", 0),  # pixels without end
        (b"\xff\xd8\xff\xe0\x00\x02", 0),  # nothing behind a segment
    ],
)
def test_a_photo_ends_where_its_markers_say(content, end):
    assert looking._end_of_jpeg(content) == end


def test_a_look_that_takes_all_memory_refuses_the_file():
    def greedy(_data: bytes) -> None:
        raise MemoryError

    assert looking.verdict(greedy, b"") == "file_heavy"


def look(content: bytes, kind: FileKind, seconds: float = 30) -> None:
    """Have a process of its own look at some bytes."""
    with tempfile.TemporaryFile(buffering=0) as file:
        file.write(content)
        look_at(file, kind, name="rekap", seconds=seconds)


@pytest.mark.parametrize(
    ("kind", "good"),
    [(PDF, paper()), (JPEG, samples.JPEG), (PNG, samples.PNG), (XLSX, samples.XLSX)],
    ids=["PDF", "JPG", "PNG", "XLSX"],
)
def test_a_process_of_its_own_says_the_same(kind, good):
    look(good, kind)
    broken = REFUSALS["workbook_broken" if kind is XLSX else "file_unreadable"]
    with pytest.raises(broken) as refused:
        look(good[:40], kind)
    assert refused.value.params["name"] == "rekap"


def test_a_process_that_answers_nothing_has_not_looked():
    with pytest.raises((CheckLate, *set(REFUSALS.values()))):
        look(paper(), replace(PDF, media_type="nothing/known"))


def test_a_file_on_a_busy_machine_may_come_again():
    with pytest.raises(CheckLate):
        look(paper(), PDF, seconds=0.001)


@pytest.mark.parametrize(
    "deed",
    [
        "bytearray(600 * 1024 * 1024)",
        "open('/tmp/paritrana-hostile', 'wb').write(b'x')",
        "[open('/dev/null') for _no in range(20)]",
    ],
)
def test_the_process_may_do_next_to_nothing(deed):
    limits = "[resource.setrlimit(what, (most, most)) for what, most in looking.LIMITS]"
    program = f"import resource; from paritrana.files import looking\\n{limits}\\n{deed}"
    ended = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, check=False, env={}, cwd="/")
    assert ended.returncode != 0
