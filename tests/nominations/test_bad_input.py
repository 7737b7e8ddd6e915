"""What people send by mistake: each has its sentence in both languages, and nothing that was typed is lost."""

import hashlib
import html
import io
import re

import pytest

from paritrana.nominations import queries, service
from tests.factories import sign_in, world
from tests.nominations.pages import (
    PDF,
    SAME_ORIGIN,
    as_typed,
    draft,
    fields_in,
    fields_of,
    pdf,
    text_of,
    vulnerable,
    without_rows,
)

LANGUAGES = ("id", "en")


@pytest.fixture
def here(app, db_session):
    return world()


@pytest.fixture
def nominee(client, here):
    sign_in(client, "nominee-1")
    return client


def say(client, address, fields, language, **changes):
    """Send a form as a reader of one language; the answer and its text as it is read."""
    data = {name: value for name, value in (fields | changes).items() if value is not None}
    answer = client.post(address, data=data, headers=SAME_ORIGIN, query_string={"lang": language})
    return answer, " ".join(html.unescape(re.sub("<[^>]+>", " ", text_of(answer))).split())


def refused(answer, text, sentence):
    """The answer is a refusal that says so on top of the page and at its field."""
    assert answer.status_code in {415, 422}, text
    assert sentence in text, text


@pytest.fixture
def place(nominee, here):
    """The address of a form of a new draft by its kind of evidence."""
    nomination = draft(here)
    return lambda kind: f"/nominations/{nomination.ref}/evidence/{kind}"


def stored(here, kind):
    (nomination,) = queries.nominations_of(here.category)
    item = queries.evidence_of(nomination).get(kind)
    return item.data["fields"] if item else None


def test_a_count_means_the_same_however_its_thousands_are_written(nominee, here, place):
    for no, typed in enumerate(("15000", "15.000", "15,000", "15 000", "15\u00a0000", " 15000 ")):
        address, language = place("coverage"), LANGUAGES[no % 2]
        fields = fields_of(nominee, address)
        answer, text = say(nominee, address, fields, language, **{"pu-participants": typed, "note": str(no)})
        assert answer.status_code == 303, text
        assert stored(here, "coverage") == {"pu.participants": 15000}


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("id", "Penerima Upah (PU): Tulis peserta aktif per 31 Desember sebagai 15000 atau 15.000"),
        ("en", "Wage workers (PU): Write active participants on 31 December as 15000 or 15,000"),
    ],
)
def test_a_count_that_reads_no_one_way_is_refused_by_the_name_of_its_field(nominee, here, place, language, sentence):
    address = place("coverage")
    fields = fields_of(nominee, address)
    for typed in ("15.00", "15.000,50", "1,5", "15 ribu", "1e4", "१५०००"):
        changes = {"pu-participants": typed, "bpu-participants": "9.000", "note": "Sisanya menyusul"}
        answer, text = say(nominee, address, fields, language, **changes)
        refused(answer, text, sentence)
        fields = fields_in(answer, address)
        assert {name: fields[name] for name in changes} == changes
    assert stored(here, "coverage") is None


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("id", "Penerima Upah (PU): Tulis peserta aktif per 31 Desember tanpa tanda minus"),
        ("en", "Wage workers (PU): Write active participants on 31 December without a minus sign"),
    ],
)
def test_a_minus_sign_is_named(nominee, here, place, language, sentence):
    address = place("coverage")
    for typed in ("-15000", "\u221215000", "-15.000"):
        fields = fields_of(nominee, address)
        answer, text = say(nominee, address, fields, language, **{"pu-participants": typed})
        refused(answer, text, sentence)
        assert fields_in(answer, address)["pu-participants"] == typed
    assert stored(here, "coverage") is None


def test_an_amount_is_read_as_indonesians_write_it(nominee, here, place):
    address = place("budget")
    for no, typed in enumerate(
        ("282240000", "282.240.000", "Rp282.240.000", "Rp 282.240.000,-", "Rp282.240.000,00", "282 240 000")
    ):
        fields = fields_of(nominee, address)
        answer, text = say(nominee, address, fields, "id", **{"total-realisation": typed, "note": str(no)})
        assert answer.status_code == 303, text
        assert stored(here, "budget") == {"total.realisation": 282_240_000}


@pytest.mark.parametrize(
    ("language", "two_ways", "form", "both"),
    [
        ("id", "1,234", "Tulis realisasi dalam rupiah", "1,234 bisa berarti Rp1.234 atau Rp1,23"),
        ("en", "1.234", "Write realisation in rupiah", "1.234 can mean Rp1,234 or Rp1.23"),
    ],
)
def test_an_amount_that_reads_no_one_way_is_refused(nominee, here, place, language, two_ways, form, both):
    address = place("budget")
    fields = fields_of(nominee, address)
    for typed, sentence in (("5 juta", form), ("1.5.0", form), ("Rp", form), (two_ways, both)):
        answer, text = say(nominee, address, fields, language, **{"total-realisation": typed})
        refused(answer, text, sentence)
        assert fields_in(answer, address)["total-realisation"] == typed
    assert stored(here, "budget") is None


@pytest.mark.parametrize(
    ("language", "more", "outside", "no_day"),
    [
        (
            "id",
            "Jumlah terlindungi (90.000) melebihi sasaran (80.000). Periksa keduanya.",
            "Tanggal 31 Desember 2024 di luar periode 1 Januari–31 Desember 2025",
            "Tulis tanggal SK",
        ),
        (
            "en",
            "Protected (90,000) is more than the target (80,000). Check both.",
            "31 December 2024 is outside 1 January–31 December 2025",
            "Write date",
        ),
    ],
)
def test_absurd_figures_and_days_are_asked_about_and_kept(nominee, here, place, language, more, outside, no_day):
    address = place("coverage")
    absurd = {"pu-participants": "90000", "pu-target": "80000"}
    _answer, text = say(nominee, f"{address}/arithmetic", fields_of(nominee, address), language, **absurd)
    assert more in text
    assert say(nominee, address, fields_of(nominee, address), language, **absurd)[0].status_code == 303
    assert stored(here, "coverage") == {"pu.participants": 90000, "pu.target": 80000}
    address, data = place("vulnerable_workers"), vulnerable()
    data["lines"][0]["decree_date"] = "2024-12-31"
    typed = as_typed("vulnerable_workers", data)
    _answer, text = say(nominee, f"{address}/arithmetic", without_rows(nominee, address), language, **typed)
    assert outside in text
    assert say(nominee, address, without_rows(nominee, address), language, **typed)[0].status_code == 303
    data["lines"][0]["decree_date"] = "2025-02-31"
    typed = as_typed("vulnerable_workers", data)
    answer, text = say(nominee, address, without_rows(nominee, address), language, **typed)
    refused(answer, text, no_day)
    assert fields_in(answer, address)["lines-a1b2-decree_date-day"] == "31"


@pytest.mark.parametrize(("language", "sentence"), [("id", "300 karakter"), ("en", "300 characters")])
def test_a_name_of_300_signs_in_any_script_is_refused_for_its_length_and_kept(nominee, here, place, language, sentence):
    address = place("csr")
    fields = fields_of(nominee, address)
    key = fields["line"]
    for sign in ("a", "é", "ن", "字", "ꦲ", "😀"):
        answer, text = say(nominee, address, fields, language, **{f"lines-{key}-donor": sign * 300})
        refused(answer, text, sentence)
        fields = fields_in(answer, address)
        assert fields[f"lines-{key}-donor"] == sign * 300
    assert stored(here, "csr") is None
    answer, text = say(nominee, address, fields, language, **{f"lines-{key}-donor": "ꦲ" * 200})
    assert answer.status_code == 303, text


@pytest.mark.parametrize(
    ("language", "content", "kind", "long"),
    [
        ("id", "Isi surat.pdf bukan PDF", "pilih PDF, JPG, PNG, atau XLSX", "lebih dari 200 karakter"),
        ("en", "The content of surat.pdf is not PDF", "choose a PDF, JPG, PNG or XLSX", "longer than 200 characters"),
    ],
)
def test_a_file_under_a_false_name_is_refused_and_the_figures_are_kept(
    nominee, here, place, language, content, kind, long
):
    address = place("coverage")
    files = (("surat.pdf", b"MZ no document", content), ("surat.docx", PDF, kind), ("n" * 300 + ".pdf", PDF, long))
    for no, (name, data, sentence) in enumerate(files):
        typed = {"pu-participants": str(15000 + no), "files": [(io.BytesIO(data), name)]}
        answer, text = say(nominee, address, fields_of(nominee, address), language, **typed)
        refused(answer, text, sentence)
        assert stored(here, "coverage") == {"pu.participants": 15000 + no}
    (nomination,) = queries.nominations_of(here.category)
    assert queries.attachments_of(nomination) == []


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("id", "lagi.pdf sudah ada di sini sebagai dokumen 1, DPA.pdf. Berkas itu disimpan satu kali."),
        ("en", "lagi.pdf is already here as document 1, DPA.pdf. It is kept once."),
    ],
)
def test_a_file_that_comes_twice_is_kept_once_and_that_is_said(nominee, here, place, language, sentence):
    address = place("coverage")
    for name in ("DPA.pdf", "lagi.pdf"):
        fields = fields_of(nominee, address) | {"requirement": "coverage_extract"}
        answer, text = say(nominee, address, fields, language, files=[pdf(name)])
        assert answer.status_code == 303, text
        page = html.unescape(text_of(nominee.get(answer.location, query_string={"lang": language})))
        assert (sentence in page) == (name == "lagi.pdf")
    said = {"name": "lagi.pdf", "size": len(PDF), "sha256": hashlib.sha256(PDF).hexdigest(), "kind": "coverage"}
    headers = {**SAME_ORIGIN, "X-CSRFToken": fields_of(nominee, address)["csrf_token"], "Accept": "application/json"}
    announced = [
        nominee.post(
            address.replace("evidence/coverage", "uploads"), json=said | {"requirement": requirement},
            headers=headers, query_string={"lang": language},
        ).json
        for requirement in ("coverage_extract", "coverage_extract_prev")
    ]  # fmt: skip
    assert [one["number"] for one in announced] == [1, 2]
    assert [one.get("said") for one in announced] == [sentence, None]


# Words and rows ------------------------------------------------------------------------------------------------------


def first_row(fields):
    return f"lines-{fields['line'] if isinstance(fields['line'], str) else fields['line'][0]}"


@pytest.mark.parametrize(
    ("language", "sentence", "left", "over"),
    [
        ("id", "Inovasi 1: Masalah yang diatasi terdiri atas 301 kata. Persingkat menjadi 300.",
         "300 dari 300 kata, sisa 0", "301 dari 300 kata, kelebihan 1"),
        ("en", "Innovation 1: Which problem it solves has 301 words. Shorten it to 300.",
         "300 of 300 words, 0 left", "301 of 300 words, 1 too many"),
    ],
)  # fmt: skip
def test_a_text_of_more_than_300_words_is_refused_with_its_count(nominee, here, place, language, sentence, left, over):
    """Long words, and what is no word, do not matter: words count, not signs."""
    address = place("innovation")
    fields = fields_of(nominee, address)
    row = first_row(fields)
    long = "– " + "pertanggungjawaban " * 300
    answer, text = say(nominee, address, fields, language, **{f"{row}-title": "Kartu", f"{row}-problem": long + "satu"})
    refused(answer, text, sentence)
    assert over in text
    kept = fields_in(answer, address)
    assert kept[f"{row}-problem"] == long + "satu"
    answer, text = say(nominee, address, kept, language, **{f"{row}-problem": long})
    assert answer.status_code == 303, text
    page = " ".join(text_of(nominee.get(address, query_string={"lang": language})).split())
    assert left in page
    (nomination,) = queries.nominations_of(here.category)
    assert queries.evidence_of(nomination)["innovation"].data["lines"][0]["problem"] == long.strip()


def test_the_service_counts_the_words_itself():
    line = {"key": "a1b2", "problem": "kata " * 301}
    with pytest.raises(service.TooManyWords) as caught:
        service.clean_data("innovation", {"lines": [line]})
    assert caught.value.params["count"].value == 301
    with pytest.raises(service.UnfitEvidence):
        service.clean_data("innovation", {"lines": [line | {"problem": "k" * 6001}]})
    assert service.clean_data("innovation", {"lines": [line | {"problem": "kata " * 300}]})


@pytest.mark.parametrize(
    ("language", "begins"), [("id", "Kelompok pekerja 2: Tulis"), ("en", "Group of workers 2: Write")]
)
def test_an_error_in_a_row_names_the_row(nominee, here, place, language, begins):
    address = place("vulnerable_workers")
    fields = fields_of(nominee, address)
    row = first_row(fields)
    answer, text = say(nominee, address, fields, language, **{f"{row}-people": "12", "do": "add"})
    assert answer.status_code == 303, text
    fields = fields_in(nominee.get(address, query_string={"lang": language, "add": "1"}), address)
    second = f"lines-{fields['line'][1]}"
    wrong = {f"{second}-people": "1,5", f"{second}-decree_date-day": "99"}
    answer, text = say(nominee, address, fields, language, **wrong)
    page = text_of(answer)
    assert answer.status_code == 422
    summary = html.unescape(
        page[page.index("data-error-summary") : page.index("</ul>", page.index("data-error-summary"))]
    )
    assert summary.count(begins) == summary.count("<li>") == 2
    assert fields_in(answer, address)[f"{second}-people"] == "1,5"


@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        ("id", ("Dua versi: pilih", "Nominee 1 pukul", "41.234", "40.000")),
        ("en", ("Two versions: choose", "Nominee 1 changed this at", "41,234", "40,000")),
    ],
)
def test_two_tabs_that_write_the_same_entries_are_shown_both_versions(nominee, here, place, language, sentences):
    address = place("coverage")
    late = fields_of(nominee, address)
    assert say(nominee, address, late, language, **{"pu-participants": "40000"})[0].status_code == 303
    answer, text = say(nominee, address, late, language, **{"pu-participants": "41234", "note": "dari tab kedua"})
    assert answer.status_code == 409
    assert all(said in text for said in sentences), text
    again = fields_in(answer, address)
    assert (again["pu-participants"], again["note"]) == ("41234", "dari tab kedua")
    assert stored(here, "coverage") == {"pu.participants": 40000}
    assert say(nominee, address, again, language)[0].status_code == 303
    assert stored(here, "coverage") == {"pu.participants": 41234}
