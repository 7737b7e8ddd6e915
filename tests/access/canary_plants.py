"""What the crawl looks for: a word of its own in every field, file and picture of a candidate, and in every name."""

import io
import json
import re
import sqlite3
from dataclasses import dataclass, field
from typing import Any

import openpyxl
from PIL import Image

from paritrana.core.filetypes import JPEG
from paritrana.database import db, set_writing
from paritrana.files.models import Blob
from paritrana.files.previews.service import make_previews_of
from paritrana.files.service import store_upload
from paritrana.files.store import BlobStore
from paritrana.nominations.models import Nomination
from paritrana.seeding.documents import simulated_document
from tests.access.stage import Stage
from tests.access.worlds import without_triggers
from tests.factories import NOW

WORD = "Kenari"  # every planted word begins with it, and nothing else in the world holds it
VERIFICATION = "verification_id IN (SELECT id FROM verification WHERE nomination_id = ?)"
SHEETS = "sheet_id IN (SELECT id FROM sheet WHERE nomination_id = ?)"
# Table, column and rows of what stands about a candidate in words; `?` is the candidate.
FIELDS = (
    ("finding", "note", VERIFICATION),
    ("change_request", "question", VERIFICATION),
    ("override", "reason", VERIFICATION),
    ("field_visit", "place", VERIFICATION),
    ("field_visit", "offices", VERIFICATION),
    ("attachment", "name", "nomination_id = ?"),
    ("attachment", "uploaded_by_name", "nomination_id = ?"),
    ("file_declaration", "name", "nomination_id = ?"),
    ("mark", "panel_note", SHEETS),
    ("mark", "feedback", SHEETS),
    ("printed_name", "reason", "nomination_id = ?"),
    ("objection", "reason", "nomination_id = ?"),
    ("reopening", "reason", SHEETS),
    ("late_mark", "panel_note", SHEETS),
    ("interview_session", "room", "nomination_id = ?"),
    ("consolidation", "opened_reason", "nomination_id = ?"),
)
# What nobody reads anywhere, whoever it is: the secrets of accounts.
NOBODYS = (
    ("account", "password", "email = 'nominee-1@contoh.test'"),
    ("account", "fs_uniquifier", "email = 'organiser-other@contoh.test'"),
)
MARK = "8.13"
MARKED = re.compile(rb"(?<![0-9.,:])8[.,]13(?![0-9])")
# Whoever types into a form that is refused, or into a search, leaves nothing of it in a log.
TYPED = {"q": f"{WORD}Cari", "text": f"{WORD}Ketik", "password": f"{WORD}Sandi9 panjang sekali"}
NUMBERS = ("9901011703850001", "9901015703850027", "9902010801900003")  # of the region 99, which does not exist
DOCUMENTS = {2: "Loket.jpg", 3: "Naskah.pdf", 4: "Rekap.xlsx"}  # files beside the one of the stage, by their numbers


@dataclass
class Secrets:
    """The planted words by where they stand."""

    fields: dict[str, bytes] = field(default_factory=dict)  # of the candidate
    pictures: dict[str, bytes] = field(default_factory=dict)  # what the camera noted in its picture
    people: dict[str, bytes] = field(default_factory=dict)  # names, by account
    tokens: dict[str, bytes] = field(default_factory=dict)  # what opens a door

    @property
    def of_candidate(self) -> dict[str, bytes]:
        """What an outsider finds nowhere."""
        return {**self.fields, **self.pictures, "the nominee": self.people["nominee-1"]}


def plant(stage: Stage, state: int) -> Secrets:
    """Write the words into a world in `state`, which `enter_again` then brings back."""
    stage.enter(state)
    secrets = Secrets()
    without_triggers(stage)
    _files(stage, secrets)
    _fields(stage, secrets)
    _evidence(stage.watch, stage.sent_id, secrets)
    for no, (name, account_id) in enumerate(sorted(stage.accounts.items())):
        secrets.people[name] = f"{WORD}Orang{no:02d}".encode()
        stage.watch.execute("UPDATE account SET name = ? WHERE id = ?", (secrets.people[name].decode(), account_id))
    stage.watch.execute(f"UPDATE mark SET value = '{MARK}' WHERE value IS NOT NULL AND {SHEETS}", (stage.sent_id,))
    # A feed is read by whoever holds its address.
    stage.watch.execute("UPDATE calendar_feed SET account_id = ?", (stage.accounts["unassigned"],))
    for table, column, rows in NOBODYS:
        (value,) = stage.watch.execute(f"SELECT {column} FROM {table} WHERE {rows}").fetchone()
        secrets.tokens[f"{table}.{column}"] = str(value).encode()
    for (name, stale), door in stage.doors.items():
        if name:
            secrets.tokens[f"session of {name}{' (stale)' * stale}"] = door.cookie.removeprefix("sid=").encode()
    keep(stage)
    return secrets


def keep(stage: Stage) -> None:
    """Let `enter_again` bring the world back to how it stands now."""
    stage.here = sqlite3.connect(":memory:")
    stage.watch.backup(stage.here)


def _fields(stage: Stage, secrets: Secrets) -> None:
    for no, (table, column, rows) in enumerate(FIELDS):
        word = f"{WORD}{no:02d}Zx{table.replace('_', '')}"
        done = stage.watch.execute(f"UPDATE {table} SET {column} = '{word}' WHERE {rows}", (stage.sent_id,))
        assert done.rowcount > 0, (table, column)
        secrets.fields[f"{table}.{column}"] = word.encode()


def _evidence(watch: sqlite3.Connection, nomination_id: int, secrets: Secrets) -> None:
    """What the nominee wrote into the sent revisions, and the documents that they name."""
    stored = watch.execute(
        "SELECT no, sha256, size, media_type FROM attachment JOIN blob ON blob.id = blob_id WHERE nomination_id = ?",
        (nomination_id,),
    )
    documents = [
        {"no": no, "kind": "coverage", "requirement": "", "name": f"{WORD}Dokumen{no}", "sha256": sha256, "size": size,
         "media_type": media_type}
        for no, sha256, size, media_type in stored.fetchall()
    ]  # fmt: skip
    rows = watch.execute("SELECT id, content FROM nomination_revision WHERE nomination_id = ?", (nomination_id,))
    for row_id, content in rows.fetchall():
        said = json.loads(content)
        for kind, key in (("coverage", "denominator.source"), ("village_allocation", "villages.source")):
            if kind in said["evidence"]:
                word = f"{WORD}Sumber{kind.replace('_', '')}"
                said["evidence"][kind]["data"]["fields"][key] = word
                secrets.fields[f"evidence.{kind}"] = word.encode()
        for line in said["evidence"].get("village_allocation", {}).get("data", {}).get("lines", []):
            line["name"] = f"{WORD}Desa"
            secrets.fields["evidence.village"] = line["name"].encode()
        said["attachments"] = documents
        watch.execute("UPDATE nomination_revision SET content = ? WHERE id = ?", (json.dumps(said), row_id))
    assert "evidence.village" in secrets.fields


# Files ----------------------------------------------------------------------------------------------------------------


def photo(words: dict[str, str]) -> bytes:
    """A picture with a word in every note that cameras and programs leave."""
    notes = Image.Exif()
    notes[0x010E], notes[0x010F], notes[0x013B] = words["described"], words["camera"], words["artist"]
    notes[0x9C9B] = words["title"].encode("utf-16-le")
    notes.get_ifd(0x8769)[0x9286] = b"ASCII\x00\x00\x00" + words["comment"].encode()
    notes.get_ifd(0x8825)[28] = b"ASCII\x00\x00\x00" + words["place"].encode()
    file = io.BytesIO()
    Image.new("RGB", (90, 60), "teal").save(file, "JPEG", exif=notes, comment=words["note"].encode())
    return file.getvalue()


def workbook(word: str) -> bytes:
    """A workbook with the word in a cell and among what it says of itself."""
    book = openpyxl.Workbook()
    book.active["A1"] = word
    book.properties.creator = word
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _files(stage: Stage, secrets: Secrets) -> None:
    """Files of the candidate: a picture, a text and a workbook as evidence; the picture wherever pictures are kept."""
    notes = {
        name: f"{WORD}Foto{name}" for name in ("described", "camera", "artist", "title", "comment", "place", "note")
    }
    secrets.pictures = {f"picture.{name}": word.encode() for name, word in notes.items()}
    texts = {3: f"{WORD}NaskahPdf", 4: f"{WORD}NaskahBuku"}
    secrets.fields |= {f"file.{DOCUMENTS[no]}": word.encode() for no, word in texts.items()}
    contents = {2: photo(notes), 3: simulated_document("Bukti", [texts[3]]).read(), 4: workbook(texts[4])}
    with stage.app.app_context():
        set_writing(True)
        kept = {no: _kept(stage, contents[no], DOCUMENTS[no]) for no in DOCUMENTS}
        db.session.commit()
        for one in kept.values():
            make_previews_of(one, store=_store(stage), at=NOW)
        db.session.remove()
    watch, picture = stage.watch, kept[2]
    assert watch.execute("SELECT media_type FROM blob WHERE id = ?", (picture,)).fetchone() == (JPEG.media_type,)
    for no, blob_id in kept.items():
        _again(watch, "attachment", "nomination_id = ? AND no = 1", stage.sent_id, no=no, blob_id=blob_id)
    objection = "objection_id = (SELECT id FROM objection WHERE nomination_id = ?) AND no = 1"
    _again(watch, "objection_file", objection, stage.sent_id, no=2, blob_id=picture)
    visit = f"visit_id IN (SELECT id FROM field_visit WHERE {VERIFICATION}) AND no = 1"
    _again(watch, "field_visit_photo", visit, stage.sent_id, no=2, blob_id=picture)
    done = watch.execute(f"UPDATE paper_entry SET blob_id = ? WHERE no = 2 AND {SHEETS}", (picture, stage.sent_id))
    assert done.rowcount > 0


def _store(stage: Stage) -> BlobStore:
    return BlobStore(stage.app.extensions["settings"].blob_path)


def _kept(stage: Stage, content: bytes, name: str) -> int:
    organisation_id = db.session.get_one(Nomination, stage.sent_id).organisation_id
    blob: Blob
    blob, _name = store_upload(
        io.BytesIO(content), filename=name, at=NOW, max_bytes=10**6, organisation_id=organisation_id,
        store=_store(stage), ours=True,
    )  # fmt: skip
    db.session.flush()
    return blob.id


def _again(watch: sqlite3.Connection, table: str, rows: str, about: int, **changed: Any) -> None:
    """Another row like the one that is there, with these values changed."""
    columns = [row[1] for row in watch.execute(f"PRAGMA table_info({table})") if row[1] != "id"]
    taken = ", ".join("?" if column in changed else column for column in columns)
    given = [changed[column] for column in columns if column in changed]
    done = watch.execute(
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {taken} FROM {table} WHERE {rows}", (*given, about)
    )
    assert done.rowcount == 1, table
