"""A list by name is counted and gone: what it comes to, what is refused, what is compared, and that nothing stays.

Every number here is of the province 99, which does not exist.
"""

import io
import os
import random
import resource
import time
import zipfile
from datetime import date, timedelta
from pathlib import Path

import openpyxl
import pytest
from sqlalchemy import select
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from paritrana.audit.models import EventBody
from paritrana.core.filetypes import CSV
from paritrana.core.lifecycle import State
from paritrana.database import db
from paritrana.jobs.kinds import SYSTEM
from paritrana.jobs.models import Job
from paritrana.jobs.service import enqueue
from paritrana.jobs.worker import Desk, perform
from paritrana.nominations import queries
from paritrana.nominations.namelists import keys, work
from paritrana.nominations.namelists import queries as lists
from paritrana.nominations.namelists.checking import count_list
from paritrana.nominations.namelists.invariants import CHECKS
from paritrana.nominations.namelists.models import NameList
from paritrana.panels.service import declare
from tests.factories import sign_in
from tests.nominations.pages import draft, fields_of, filled, send, text_of
from tests.nominations.villages import with_villages

HEADS = ["NIK", "Nama", "Tanggal lahir", "Pekerjaan", "Desa/kelurahan", "Jenis kelamin"]
DESK = Desk("here", timedelta(seconds=60))


def nik(no: int, *, region: str = "990101", day: int = 17) -> str:
    """A well-formed number of a person born in March 1985."""
    return f"{region}{day:02d}0385{no:04d}"


GOOD = [[nik(no), f"Orang Contoh {no}", "17-03-1985", "Nelayan", "Desa Satu", "L"] for no in range(1, 8)]
ODD = [
    ["990101170385", "Pendek", "", "Nelayan", "Desa Satu", "L"],
    [nik(1, region="990201"), "Jauh", "", "Nelayan", "Desa Satu", "L"],
    [nik(20), "Lain", "18-03-1985", "Petani", "Desa Dua", "P"],
    [nik(1), "Ganda", "", "Petani", "Desa Dua", "P"],
]


def text(rows, *, sign: str = ";", coding: str = "utf-8") -> bytes:
    return "\r\n".join(sign.join(row) for row in rows).encode(coding)


def book(rows) -> bytes:
    made = openpyxl.Workbook()
    for row in rows:
        made.active.append(row)
    file = io.BytesIO()
    made.save(file)
    return file.getvalue()


@pytest.fixture
def here(db_session, app, tmp_path):
    yield from with_villages(app, tmp_path, categories=("desa", "kabkota"), kind="real")


@pytest.fixture
def village(here):
    return draft(here, "head-1", "village-1", "desa").ref


@pytest.fixture
def head(client, village):
    sign_in(client, "head-1")
    return client


def post(client, ref, data: bytes, name: str = "daftar.csv"):
    page = f"/nominations/{ref}/list"
    return send(client, page, fields_of(client, page), list=(io.BytesIO(data), name))


def work_off(app) -> None:
    """Do what waits, as the worker does."""
    db.session.rollback()
    for ref in db.session.scalars(select(Job.ref).where(Job.state == "queued").order_by(Job.id)).all():
        db.session.rollback()
        perform(app, ref, DESK)
    db.session.rollback()


def counted(client, app, ref, data: bytes, name: str = "daftar.csv"):
    answer = post(client, ref, data, name)
    assert answer.status_code == 303, text_of(answer)
    work_off(app)
    one = lists.newest_lists(queries.get_nomination(ref))[0]
    assert one is not None
    return one


def left_files(app) -> list[str]:
    incoming = app.extensions["settings"].blob_path / "incoming"
    return [path.name for path in incoming.iterdir()] if incoming.is_dir() else []


@pytest.mark.parametrize("form", ["semicolon", "comma", "windows", "book"])
def test_a_list_comes_to_the_same_counts_in_every_form(head, app, village, form):
    rows = [HEADS, *GOOD, *ODD]
    data, name = {
        "semicolon": (b"\xef\xbb\xbf" + text(rows), "daftar.csv"),
        "comma": (text(rows, sign=","), "daftar.csv"),
        "windows": (
            text([[cell.replace("Lain", "Lainé") for cell in row] for row in rows], coding="cp1252"),
            "DAFTAR.CSV",
        ),
        "book": (book(rows), "daftar.xlsx"),
    }[form]
    one = counted(head, app, village, data, name)
    assert one.counts is not None, one.problem
    assert (one.counts["submitted"], one.counts["valid"]) == (11, 7)
    assert one.counts["reasons"] == {"malformed": 1, "elsewhere": 1, "implausible": 1, "twice": 1}
    # A group of fewer than five is not named.
    assert one.counts["groups"]["village"] == {"named": [["Desa Satu", 9, 7]], "others": [2, 0]}
    assert one.counts["groups"]["gender"] == {"named": [["male", 9, 7]], "others": [2, 0]}
    assert left_files(app) == []


def test_the_counts_stand_beside_the_claims_and_can_be_claimed(head, app, village):
    counted(head, app, village, text([HEADS, *GOOD, *ODD]))
    page = f"/nominations/{village}/list"
    shown = text_of(head.get(page, query_string={"lang": "en"}))
    assert "Claim the counted figures" in shown
    assert "Desa Satu" in shown
    answer = send(head, f"{page}/use", fields_of(head, page, f"{page}/use"))
    assert answer.status_code == 303, text_of(answer)
    fields = queries.evidence_of(queries.get_nomination(village))["beneficiary_list"].data["fields"]
    assert (fields["records.submitted"], fields["records.valid"], fields["records.twice"]) == (11, 7, 1)
    assert "The claimed figures are those of the list." in text_of(head.get(page, query_string={"lang": "en"}))


def refused(head, app, village, data: bytes, name: str) -> tuple[str, str]:
    """The sentence in both languages, from the upload itself or from the worker."""
    page = f"/nominations/{village}/list"
    answer = post(head, village, data, name)
    if answer.status_code == 303:
        work_off(app)
        assert lists.newest_lists(queries.get_nomination(village))[0].state == "refused"
        return tuple(text_of(head.get(page, query_string={"lang": code})) for code in ("en", "id"))
    english = text_of(answer)
    indonesian = head.post(
        page, query_string={"lang": "id"}, headers={"Sec-Fetch-Site": "same-origin"},
        data=fields_of(head, page) | {"list": (io.BytesIO(data), name)},
    )  # fmt: skip
    return english, text_of(indonesian)


def bomb() -> bytes:
    """A sound workbook with a part that unpacks to far more than it is."""
    file = io.BytesIO(book([HEADS, *GOOD]))
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/theme/theme9.xml", b" " * 30_000_000)
    return file.getvalue()


def with_formula() -> bytes:
    return book([HEADS, [nik(1), "Orang", "", "Nelayan", "=1+1", "L"]])


REFUSED = {
    "columns": (text([["Nomor", "Nama"], ["1", "x"]]), "daftar.csv", "has no column NIK", "tidak punya kolom NIK"),
    "twice": (text([["NIK", "nik"], [nik(1), "x"]]), "daftar.csv", "has a column twice", "punya kolom ganda"),
    "empty": (text([HEADS]), "daftar.csv", "has no records", "tidak berisi"),
    "formula": (with_formula(), "daftar.xlsx", "cell E2 holds a formula", "sel E2 berisi rumus"),
    "formula in text": (text([["NIK"], [f'="{nik(1)}"']]), "daftar.csv", "cell A2", "sel A2"),
    "encrypted": (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le") + bytes(600),
        "daftar.xlsx", "is password-protected", "memakai kata sandi",
    ),
    "bomb": (bomb(), "daftar.xlsx", "unpacks to too much data", "terlalu banyak data"),
    "a workbook called CSV": (book([HEADS, *GOOD]), "daftar.csv", "is not CSV", "bukan CSV"),
    "a text called XLSX": (text([HEADS, *GOOD]), "daftar.xlsx", "is not XLSX", "bukan XLSX"),
    "binary": (b"NIK\x00" + os.urandom(400), "daftar.csv", "is not CSV", "bukan CSV"),
    "a document": (b"%PDF-1.7", "daftar.pdf", "choose an XLSX or CSV", "pilih XLSX atau CSV"),
    "nothing": (b"", "daftar.csv", "is empty", "kosong"),
    "a long line": (b"NIK;" + b"x" * 70_000, "daftar.csv", "line 1 is too long", "baris 1"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_list_is_refused_in_a_sentence_of_both_languages(head, app, village, case):
    data, name, english, indonesian = REFUSED[case]
    shown = refused(head, app, village, data, name)
    assert english in shown[0]
    assert indonesian in shown[1]
    assert left_files(app) == []


def test_nothing_of_names_and_numbers_stays(head, app, village, workshop, engine_name, tmp_path):
    rows = [[nik(no), f"Rahasia{no} Samaran", "", "Nelayan", f"Sendiri{no}", "L"] for no in range(1, 40)]
    counted(head, app, village, text([HEADS, *rows]), f"daftar {nik(99)} Samaran.csv")
    counted(head, app, village, book([HEADS, *rows]), "daftar.xlsx")
    post(head, village, text([["x"], *rows]))
    work_off(app)
    settings = app.extensions["settings"]
    kept = [path.read_bytes() for path in settings.instance_path.rglob("*") if path.is_file()]
    for table in db.metadata.sorted_tables:
        kept += [repr(tuple(row)).encode() for row in db.session.execute(select(table))]
    kept += [bytes(body) for body in db.session.scalars(select(EventBody.body))]
    if engine_name == "sqlite":
        db.session.execute(select(1))
        name = db.engine.url.database
        kept += [Path(name + end).read_bytes() for end in ("", "-wal") if Path(name + end).exists()]
    whole = b"\n".join(kept)
    assert len(whole) > 10_000
    for no in range(1, 40):
        for secret in (nik(no), f"Rahasia{no} ", f"Sendiri{no}"):
            assert secret.encode() not in whole, secret
    assert nik(99).encode() not in whole


def test_the_same_person_in_two_lists_is_told_to_the_verifier_alone(app, here, village):
    other = filled(here, "head-2", "village-2", "desa").ref
    heads = {}
    for name in ("head-1", "head-2"):
        heads[name] = app.test_client()
        sign_in(heads[name], name)
    counted(heads["head-2"], app, other, text([HEADS, *GOOD[3:], [nik(50), "Baru", "", "", "", ""]]))
    one = counted(heads["head-1"], app, village, text([HEADS, *GOOD]))
    assert lists.overlap_of(one) == (1, 4)
    # A nominee learns nothing of others' lists: not even whether there are any.
    for name, ref in (("head-1", village), ("head-2", other)):
        for address in (f"/nominations/{ref}/list", f"/nominations/{ref}/evidence/beneficiary_list"):
            assert "other lists of this cycle" not in text_of(heads[name].get(address, query_string={"lang": "en"}))
    page, check = f"/nominations/{other}/submit", f"/nominations/{other}/check"
    assert send(heads["head-2"], page, fields_of(heads["head-2"], check, page), statement="1").status_code == 303
    app.extensions["clock"].advance(days=21)
    later = here.now + timedelta(days=21)
    declare(queries.get_nomination(other), False, "", actor=here.actor("verifier-1"), at=later)
    db.session.commit()
    verifier = app.test_client()
    sign_in(verifier, "verifier-1")
    shown = text_of(verifier.get(f"/verification/{other}/items/beneficiary_list", query_string={"lang": "en"}))
    assert "4 numbers of this list also stand in 1 other lists of this cycle" in shown
    assert broken() == []


def broken() -> list[str]:
    with db.session.no_autoflush:
        return [one.sentence for check in CHECKS for one in check.look()]


def test_a_newer_list_takes_the_place_of_the_older_one(head, app, village):
    first = counted(head, app, village, text([HEADS, *GOOD])).ref
    second = counted(head, app, village, text([HEADS, *GOOD[:5]]))
    assert second.counts["submitted"] == 5
    assert second.marks is not None
    assert len(second.marks) == 5 * 8
    assert lists.get_list(first).marks is None
    assert broken() == []


def test_marks_and_secret_go_when_the_cycle_is_archived(head, app, here, village):
    one = counted(head, app, village, text([HEADS, *GOOD]))
    ref, settings = one.ref, app.extensions["settings"]
    secret = settings.instance_path / "keys" / f"{keys.purpose_of('contoh-2025')}.key"
    assert secret.stat().st_mode & 0o077 == 0
    assert one.key_id == keys.id_of(keys.key_of(secret.parent, "contoh-2025"))
    for category in here.categories.values():
        category.state = int(State.ARCHIVED)
    db.session.commit()
    tidied(app)
    assert lists.get_list(ref).marks is None
    assert lists.get_list(ref).counts is not None
    assert not secret.exists()
    assert broken() == []


def tidied(app) -> None:
    """One turn of the regular job."""
    kind = work.forget_kind(app.extensions["settings"])
    now = app.extensions["clock"].now()
    assert kind.wanted(now)
    db.session.rollback()
    ref = enqueue(app.extensions["queue"], kind, actor=SYSTEM, at=now)
    db.session.commit()
    perform(app, ref, DESK)
    db.session.rollback()
    assert db.session.scalars(select(Job.state).where(Job.ref == ref)).one() == "done"
    assert not kind.wanted(now)
    db.session.rollback()


def test_a_list_that_nobody_reads_is_gone_after_eight_minutes(head, app, village, clock):
    assert post(head, village, text([HEADS, *GOOD])).status_code == 303
    (name,) = left_files(app)
    now = clock.now()
    path = app.extensions["settings"].blob_path / "incoming" / name
    os.utime(path, (now.timestamp(), now.timestamp()))
    clock.advance(minutes=9)
    tidied(app)
    assert left_files(app) == []
    assert "was not counted in time" in text_of(head.get(f"/nominations/{village}/list", query_string={"lang": "en"}))
    work_off(app)  # the worker comes back, and finds nothing to read
    assert lists.newest_lists(queries.get_nomination(village))[0].problem["code"] == "list_late"
    assert broken() == []


def test_of_a_person_who_lost_the_right_nothing_is_counted_and_nothing_left(head, app, here, village, clock):
    assert post(head, village, text([HEADS, *GOOD])).status_code == 303
    (name,) = left_files(app)
    table = db.metadata.tables["role_grant"]
    mine = table.c.account_id == here.accounts["head-1"].id
    db.session.execute(table.update().where(mine).values(ended_at=here.now))
    db.session.commit()
    work_off(app)
    now = clock.now().timestamp()
    os.utime(app.extensions["settings"].blob_path / "incoming" / name, (now, now))
    clock.advance(minutes=9)
    tidied(app)
    assert left_files(app) == []
    assert db.session.scalars(select(NameList.counts)).one() is None


def test_after_the_deadline_no_list_is_taken(head, app, here, village, clock):
    page = f"/nominations/{village}/list"
    here.categories["desa"].closes_at = here.now + timedelta(minutes=1)
    db.session.commit()
    fields = fields_of(head, page)
    clock.advance(minutes=2)
    answer = send(head, page, fields, list=(io.BytesIO(text([HEADS, *GOOD])), "daftar.csv"))
    assert answer.status_code == 409
    assert left_files(app) == []
    assert db.session.scalars(select(NameList.id)).all() == []


def test_a_kind_of_candidate_without_such_a_list_has_no_page_for_it(client, here):
    ref = draft(here).ref
    sign_in(client, "nominee-1")
    answer = client.get(f"/nominations/{ref}/list", query_string={"lang": "en"})
    assert answer.status_code == 409
    assert "asks for no list by name" in text_of(answer)


def test_both_templates_are_filled_in_and_taken(head, app, village):
    page = f"/nominations/{village}/list"
    made = openpyxl.load_workbook(io.BytesIO(head.get(f"{page}/template.xlsx").data))
    made.active.append([nik(1), "Orang", "17-03-1985", "Desa Satu", "Nelayan", "BPU", "L", "perikanan"])
    assert made.active["A1"].value == "NIK"
    file = io.BytesIO()
    made.save(file)
    assert counted(head, app, village, file.getvalue(), "daftar.xlsx").counts["valid"] == 1
    filled_in = head.get(f"{page}/template.csv").data + f"{nik(2)};;;;;;;\r\n".encode()
    assert counted(head, app, village, filled_in).counts["valid"] == 1
    assert head.get(f"{page}/template.pdf").status_code == 404


@pytest.mark.slow
def test_a_million_records_pass_while_the_reader_stays_small(tmp_path, figures_of):
    """The file is read by a process of its own: what waits for it keeps 8 bytes a record and nothing else."""
    path, drawn = tmp_path / "list.csv", random.Random(7)
    with path.open("w") as file:
        file.write("NIK;Desa\n")
        for no in range(1_000_000):
            day, month, year = 1 + no % 28, 1 + no // 28 % 12, 62 + no // 336 % 40
            born, last = f"{day:02d}{month:02d}{year:02d}", drawn.randint(1, 9999)
            file.write(f"9901{no // 13440 % 90 + 10:02d}{born}{last:04d};D {no % 300}\n")
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    heard: list[int] = []
    with path.open("rb", buffering=0) as file:
        found = count_list(
            file, CSV, name="list.csv", regions=frozenset({"99", "9901"}), own="9901", on=date(2025, 12, 31),
            key=bytes(32), told=heard.append,
        )  # fmt: skip
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
    assert found.counts["submitted"] == 1_000_000
    assert found.counts["valid"] + sum(found.counts["reasons"].values()) == 1_000_000
    assert len(heard) == 50
    assert heard == sorted(heard)
    assert heard[-1] <= path.stat().st_size
    assert grown < 50
    figures_of("name list", records=1_000_000, seconds=round(time.monotonic() - began, 1), reader_grown_mb=grown)


def test_a_large_list_passes_the_door_and_a_stranger_may_send_no_more_than_elsewhere(client, app, here, village):
    body = text([["NIK", "Nama"], *([nik(no % 9999 + 1), "x" * 200] for no in range(130_000))])
    assert 27 * 2**20 < len(body) < 40 * 2**20

    def status(address: str, **fields: str) -> int:
        boundary, data = encode_multipart({**fields, "list": FileStorage(io.BytesIO(body), "daftar.csv")})
        return client.post(
            f"/nominations/{village}/{address}", data=data, headers={"Sec-Fetch-Site": "same-origin"},
            content_type=f"multipart/form-data; boundary={boundary}",
        ).status_code  # fmt: skip

    assert status("list") == 401
    sign_in(client, "head-1")
    fields = fields_of(client, f"/nominations/{village}/list")
    assert status("documents", **fields) == 413
    assert status("list", **fields) == 303
    work_off(app)
    one = lists.checked_list(queries.get_nomination(village))
    assert one is not None
    assert (one.counts["submitted"], one.counts["valid"]) == (130_000, 9999)


def test_a_list_in_a_workbook_keeps_numbers_that_are_text_and_names_those_that_are_figures(head, app, village):
    one = counted(head, app, village, book([["NIK"], [nik(1)], [9901011703850002], ["'" + nik(3)]]), "daftar.xlsx")
    assert one.counts["valid"] == 2
    assert one.counts["as_figure"] == 1
    assert "A spreadsheet program changes their last digit" in text_of(
        head.get(f"/nominations/{village}/list", query_string={"lang": "en"})
    )


def test_the_page_looks_again_by_itself_and_hears_nothing_new(head, app, village):
    post(head, village, text([HEADS, *GOOD]))
    address = f"/nominations/{village}/list/standing"
    first = head.get(address)
    assert first.status_code == 200
    assert 'data-state="running"' in text_of(first)
    assert head.get(address, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    work_off(app)
    assert 'data-state="done"' in text_of(head.get(address, headers={"If-None-Match": first.headers["ETag"]}))
