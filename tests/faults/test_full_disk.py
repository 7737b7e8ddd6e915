"""A disk that runs full while people work: nothing is half saved, nothing is called saved, and it heals by itself."""

from collections.abc import Callable

import pytest

from paritrana.files.store import BLOCK
from tests.faults.ground import Ground
from tests.faults.scene import ASSESSOR, NOMINEE, Scene
from tests.faults.server import Answer, Server, Visitor
from tests.nominations.pages import PDF, paper

pytestmark = pytest.mark.timeout(180)
LONG = "Catatan yang panjang. " * 80
NOTE = "Yang sudah diketik tetap ada di halaman ini."


@pytest.fixture
def server(serve: Callable[..., Server]) -> Server:
    return serve()


@pytest.fixture
def assessor(server: Server) -> Visitor:
    return Visitor(server.port).sign_in(ASSESSOR)


@pytest.fixture
def nominee(server: Server) -> Visitor:
    return Visitor(server.port, language="id").sign_in(NOMINEE)


def stored(server: Server, sheet: str) -> list[list[str | int]]:
    """Indicator, version and value of every mark of a sheet."""
    return server.rows(
        "SELECT m.indicator, m.version, m.value FROM mark m JOIN sheet s ON s.id = m.sheet_id WHERE s.ref = ?"
        " ORDER BY m.indicator",
        sheet,
    )


def documents(server: Server) -> list[list[str]]:
    """Name and hash of every document of the draft that has bytes."""
    return server.rows(
        "SELECT a.name, b.sha256 FROM attachment a JOIN blob b ON b.id = a.blob_id JOIN nomination n"
        " ON n.id = a.nomination_id JOIN organisation o ON o.id = n.organisation_id WHERE o.kind <> 'local_government'"
    )


def bytes_of(server: Server) -> list[str]:
    """The files that stand in the store, by name: their hashes; and what is left on the way in."""
    root = server.ground.seen("blobs")
    return sorted(path.name for path in root.rglob("*") if path.is_file() and path.name != "filler")


def save_until_refused(visitor: Visitor, sheet: str, indicator: str, *, version: int) -> tuple[int, Answer]:
    """Save long notes until one is refused: a full disk may still have room in the files of the database."""
    for version_ in range(version, version + 200):
        answer = visitor.save(sheet, indicator, str(version_ % 9), version=version_, panel_note=f"{version_} {LONG}")
        if answer.status != 200:
            return version_, answer
    raise AssertionError("the disk is not full")


def told_not_saved(answer: Answer, language: str = "en") -> None:
    """The page says that nothing is saved, when to come again, and nothing of the inside."""
    assert answer.status in {503, 507}
    assert int(answer.headers["Retry-After"]) > 0
    page = answer.text
    assert f'<html lang="{language}"' in page
    assert ("Not saved" if language == "en" else "Belum disimpan") in page
    assert (
        "Your entries are not sent and still on this page" if language == "en" else "masih ada di halaman ini"
    ) in page
    assert ("was not stored" if language == "en" else "belum tersimpan") in page
    for inside in ("Traceback", "sqlite", "OperationalError", "Errno", "/instance"):
        assert inside not in page
    assert "Saved on the server" not in page
    assert "Tersimpan di server" not in page


def upload(visitor: Visitor, scene: Scene, name: str, content: bytes) -> Answer:
    return visitor.post(f"/nominations/{scene.draft}/documents", {"kind": scene.kind}, [("files", name, content)])


def evidence(visitor: Visitor, scene: Scene, note: str, version: int = 0) -> Answer:
    fields = {"version": str(version), "note": note, "completed": "later"}
    return visitor.post(f"/nominations/{scene.draft}/evidence/{scene.kind}", fields)


def age_sessions(server: Server) -> None:
    """Let every session be older than a minute, so that the next page writes when it was seen."""
    server.change("UPDATE sign_in_session SET last_seen_at = datetime(last_seen_at, '-2 minutes')")


def test_a_full_disk_refuses_what_it_cannot_keep_and_goes_on_showing_what_it_has(
    ground: Ground, server: Server, scene: Scene, assessor: Visitor, nominee: Visitor
):
    sheet = scene.sheets[ASSESSOR]
    assert assessor.save(sheet, "A1", "7,5", version=0).status == 200
    age_sessions(server)
    ground.fill("instance")

    # A mark by JSON: the sentence, a reference, and the stored value stays the last one that was acknowledged.
    version, refused = save_until_refused(assessor, sheet, "A1", version=1)
    assert refused.status in {503, 507}
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert int(refused.headers["Retry-After"]) > 0
    assert set(refused.json) == {"status", "code", "title", "detail", "reference"}
    assert ["A1", version] in [row[:2] for row in stored(server, sheet)]

    # A mark by the form without script, and an evidence form: what was typed stands in the page, in its language.
    by_form = assessor.post(
        f"/assessments/{scene.candidate}/sheet/marks/A2",
        {"version": "0", "value": "8,25", "panel_note": NOTE + LONG, "abstain_note": "", "feedback": ""},
    )
    told_not_saved(by_form)
    assert NOTE in by_form.text
    assert 'value="8,25"' in by_form.text
    evidence_refused = evidence(nominee, scene, NOTE + LONG)
    told_not_saved(evidence_refused, "id")
    assert NOTE in evidence_refused.text
    assert server.rows("SELECT count(*) FROM evidence_item WHERE note LIKE ?", f"{NOTE}%") == [[0]]

    # Reads go on, although the session would like to write when it was seen.
    for visitor, page in ((assessor, f"/assessments/{scene.candidate}/sheet"), (assessor, "/assessments"),
                          (nominee, f"/nominations/{scene.draft}"), (Visitor(server.port), "/")):  # fmt: skip
        assert visitor.get(page).status == 200
    assert assessor.get(f"/api/v1/sheets/{sheet}", Accept="application/json").json["marks"]["A1"]["version"] == version
    # One line of log for each refusal, none of them a trace.
    assert [line["endpoint"] for line in server.logged("fault")] == [
        "sheets.put_mark", "sheets.post_mark", "nominations.save_evidence",
    ]  # fmt: skip
    assert "Traceback" not in "".join(server.lines)

    # The room comes back: the same page is sent again and arrives, with nothing done by hand.
    ground.free("instance")
    assert assessor.save(sheet, "A1", "6", version=version).status == 200
    again = assessor.post(
        f"/assessments/{scene.candidate}/sheet/marks/A2",
        {"version": "0", "value": "8,25", "panel_note": NOTE, "abstain_note": "", "feedback": ""},
    )
    assert again.status == 303
    assert evidence(nominee, scene, NOTE).status == 303
    assert stored(server, sheet) == [["A1", version + 1, "6"], ["A2", 1, "8.25"]]
    assert server.rows("SELECT count(*) FROM evidence_item WHERE note = ?", NOTE) == [[1]]
    assert whole(server)


def test_a_full_store_keeps_no_part_of_a_file_and_the_database_goes_on(
    ground: Ground, server: Server, scene: Scene, assessor: Visitor, nominee: Visitor
):
    first = paper(b"1" * 3 * BLOCK)
    assert upload(nominee, scene, "SK pertama.pdf", first).status == 303
    before = bytes_of(server)
    assert len(before) == 1

    ground.fill("blobs")
    refused = upload(nominee, scene, "SK kedua.pdf", paper(b"2" * 3 * BLOCK))
    told_not_saved(refused, "id")
    assert "Pilih berkasnya sekali lagi" in refused.text
    if ground.separate:
        assert refused.status == 507
        assert "SK kedua.pdf belum tersimpan: penyimpanan berkas penuh." in refused.text
        assert assessor.save(scene.sheets[ASSESSOR], "A1", "7", version=0).status == 200
    assert bytes_of(server) == before
    assert len(documents(server)) == 1
    served = nominee.get(f"/nominations/{scene.draft}/documents/1/file")
    assert (served.status, served.body) == (200, first)

    ground.free("blobs")
    assert upload(nominee, scene, "SK kedua.pdf", paper(b"2" * 3 * BLOCK)).status == 303
    assert sorted(digest for _, digest in documents(server)) == bytes_of(server)
    assert len(bytes_of(server)) == 2


@pytest.mark.slow
def test_a_full_folder_for_temporary_files_costs_neither_the_texts_nor_the_log(
    ground: Ground, serve: Callable[..., Server], scene: Scene
):
    # The log goes to the same full disk.
    server = serve(log_to=ground.seen("temp") / "server.log")
    nominee = Visitor(server.port, language="id").sign_in(NOMINEE)
    large = paper(b"3" * (1024 * 1024))  # too large to be kept in memory while it comes in
    ground.fill("temp")
    fields = {"version": "0", "note": NOTE, "completed": "later"}
    refused = nominee.post(f"/nominations/{scene.draft}/evidence/{scene.kind}", fields, [("files", "SK.pdf", large)])
    told_not_saved(refused, "id")
    if ground.separate:
        assert refused.status == 507
        assert evidence(nominee, scene, "tanpa berkas").status == 303  # small forms need no temporary file
        fields["version"] = "1"
    assert NOTE in refused.text
    assert documents(server) == []
    assert bytes_of(server) == []
    assert nominee.get(f"/nominations/{scene.draft}").status == 200
    ground.free("temp")
    done = nominee.post(f"/nominations/{scene.draft}/evidence/{scene.kind}", fields, [("files", "SK.pdf", large)])
    assert done.status == 303
    assert len(documents(server)) == 1


def test_a_disk_that_may_only_be_read_is_read_and_says_so(ground: Ground, serve: Callable[..., Server], scene: Scene):
    server = serve()
    assessor, nominee = Visitor(server.port).sign_in(ASSESSOR), Visitor(server.port, language="id").sign_in(NOMINEE)
    sheet = scene.sheets[ASSESSOR]
    assert assessor.save(sheet, "A1", "7", version=0).status == 200
    assert upload(nominee, scene, "SK.pdf", PDF).status == 303
    if ground.separate:  # no file may be open for writing when a disk becomes read-only
        server.kill()
    for place in ("instance", "blobs"):
        ground.forbid_writing(place)
    if ground.separate:
        server.start()

    refused = assessor.save(sheet, "A1", "8", version=1)
    assert refused.status == 503
    by_form = evidence(nominee, scene, NOTE)
    told_not_saved(by_form, "id")
    assert NOTE in by_form.text
    if ground.separate:
        assert refused.json["detail"] == "The store can only be read at the moment."
        assert "Saat ini tidak ada yang dapat disimpan" in by_form.text
    assert assessor.get(f"/assessments/{scene.candidate}/sheet").status == 200
    assert nominee.get(f"/nominations/{scene.draft}/documents/1/file").body == PDF

    for place in ("instance", "blobs"):
        ground.allow_writing(place)
    assert assessor.save(sheet, "A1", "8", version=1).status == 200
    assert upload(nominee, scene, "SK kedua.pdf", paper(b"2")).status == 303
    assert stored(server, sheet) == [["A1", 2, "8"]]
    assert whole(server)


@pytest.mark.slow
def test_a_store_that_may_only_be_read_takes_no_file_and_hands_out_those_it_has(
    ground: Ground, server: Server, scene: Scene, assessor: Visitor, nominee: Visitor
):
    assert upload(nominee, scene, "SK.pdf", PDF).status == 303
    ground.forbid_writing("blobs")
    refused = upload(nominee, scene, "SK kedua.pdf", paper(b"2" * BLOCK))
    told_not_saved(refused, "id")
    if ground.separate:
        assert refused.status == 503
        assert "SK kedua.pdf belum tersimpan" in refused.text
        assert "hanya dapat dibaca" in refused.text
        assert assessor.save(scene.sheets[ASSESSOR], "A1", "7", version=0).status == 200
    assert nominee.get(f"/nominations/{scene.draft}/documents/1/file").body == PDF
    ground.allow_writing("blobs")
    assert upload(nominee, scene, "SK kedua.pdf", paper(b"2" * BLOCK)).status == 303
    assert len(documents(server)) == 2


def whole(server: Server) -> bool:
    """Whether the file is sound, and every mark has its revisions and its events."""
    assert server.rows("PRAGMA integrity_check") == [["ok"]]
    assert server.rows("PRAGMA foreign_key_check") == []
    ((revisions,),) = server.rows("SELECT count(*) FROM mark_revision")
    ((events,),) = server.rows(
        "SELECT count(*) FROM event e JOIN event_body b ON b.stream = e.stream AND b.seq = e.seq AND b.body IS NOT NULL"
        " WHERE e.kind = 'mark.saved'"
    )
    return revisions == events
