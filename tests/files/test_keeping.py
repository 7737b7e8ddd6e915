"""What keeps the stored files in order: damaged files are held back and released, files without a row go in time."""

import hashlib
import io
import json
import os
from datetime import timedelta

import pytest
from sqlalchemy import select

from paritrana.audit.models import Event
from paritrana.audit.service import SYSTEM as STREAM
from paritrana.core.filechecks import CheckLate
from paritrana.database import db
from paritrana.files.invariants import CHECKS, SPARED, check_of
from paritrana.files.keeping import PAGE, REMOVE_ORPHANS, note_state, remove_orphans
from paritrana.files.models import Blob
from paritrana.files.previews.models import Preview
from paritrana.files.previews.service import make_previews_of
from paritrana.files.service import keep_upload, store_parts, store_upload
from paritrana.files.store import BlobStore, Disk
from paritrana.jobs.kinds import SYSTEM, Run
from paritrana.nominations import service
from paritrana.operations.kinds import FilesDamaged, check_files
from tests.factories import sign_in, world
from tests.files.samples import JPEG
from tests.nominations.pages import PDF, draft, paper


@pytest.fixture
def run(app):
    """One attempt at a job."""
    return Run("J-TEST-0001", REMOVE_ORPHANS.name, {}, SYSTEM, app.extensions["settings"], app.extensions["clock"].now)


def steps(done: int, total: int | None = None) -> None:
    """Progress that nobody watches."""


def place(store: BlobStore, organisation_id: int, sha256: str):
    return store.root / "objects" / str(organisation_id) / sha256[:2] / sha256


def told() -> list[tuple[str, str]]:
    """The events about held files, with who acted."""
    db.session.rollback()
    of_files = select(Event).where(Event.stream == STREAM, Event.kind.like("file.%")).order_by(Event.seq)
    return [(event.kind, json.loads(event.content.body)["actor"]) for event in db.session.scalars(of_files)]


# Damaged files --------------------------------------------------------------------------------------------------------


@pytest.fixture
def document(app, db_session, store):
    """A document of a draft: its address at the door, and its place in the store."""
    here = world()
    nomination = draft(here)
    blob, name = store_upload(
        io.BytesIO(PDF), filename="DPA.pdf", organisation_id=nomination.organisation_id, at=here.now, store=store,
        max_bytes=10**6,
    )  # fmt: skip
    made = service.attach(nomination, "coverage", blob, name, actor=here.actor("nominee-1"), at=here.now)
    db.session.commit()
    return f"/nominations/{nomination.ref}/documents/{made.no}/file", place(store, blob.organisation_id, blob.sha256)


def fetched(client, address: str) -> int:
    with client.get(address) as answer:
        return answer.status_code


def test_a_damaged_file_is_held_back_until_it_is_read_and_whole_again(client, document, run):
    address, path = document
    sign_in(client, "nominee-1")
    check_files(run, steps)
    assert (fetched(client, address), told()) == (200, [])
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + b"?")
    for _night in range(2):
        with pytest.raises(FilesDamaged):
            check_files(run, steps)
        assert fetched(client, address) == 503
        assert told() == [("file.held_back", "system")]
    path.write_bytes(whole)
    assert fetched(client, address) == 503  # bytes that come and go are not trusted before they are read
    check_files(run, steps)
    assert fetched(client, address) == 200
    assert told() == [("file.held_back", "system"), ("file.released", "system")]
    assert list(CHECKS[0].look()) == []


def test_a_file_that_is_gone_is_held_back_too(client, document, run):
    address, path = document
    sign_in(client, "nominee-1")
    path.unlink()
    with pytest.raises(FilesDamaged):
        check_files(run, steps)
    assert db.session.query(Blob).filter(Blob.damaged_at.is_not(None)).count() == 1
    assert fetched(client, address) == 503


def test_what_is_known_already_is_noted_once(document, run):
    blob_id = db.session.query(Blob).one().id
    said = [note_state(blob_id, damaged=damaged, actor=SYSTEM, at=run.now()) for damaged in (False, True, True, False)]
    db.session.commit()
    assert said == [False, True, False, True]
    assert [kind for kind, _actor in told()] == ["file.held_back", "file.released"]


# Files without a row --------------------------------------------------------------------------------------------------


@pytest.fixture
def keep(organisations, store, run):
    """Keep bytes for the first organisation, so many hours ago; gives their place. `row` makes the row, too."""

    def kept(data: bytes, name: str, *, hours: int, row: bool = False):
        if row:
            blob, _name = store_upload(
                io.BytesIO(data), filename=name, organisation_id=organisations[0].id, at=run.now(), store=store,
                max_bytes=10**6,
            )  # fmt: skip
            db.session.commit()
            path = place(store, blob.organisation_id, blob.sha256)
        else:
            loose = keep_upload(
                io.BytesIO(data), filename=name, organisation_id=organisations[0].id, store=store, max_bytes=10**6
            )
            path = place(store, loose.organisation_id, loose.sha256)
        age(path, run, hours)
        return path

    return kept


def age(path, run, hours: int) -> None:
    """Let a file be so many hours old."""
    seen = (run.now() - timedelta(hours=hours)).timestamp()
    os.utime(path, (seen, seen))


def test_what_no_row_names_goes_after_two_days_and_nothing_else_does(keep, run, store, organisations):
    old = keep(paper(b"1"), "1.pdf", hours=49)
    young = keep(paper(b"2"), "2.pdf", hours=47)
    named = keep(JPEG, "3.jpg", hours=490, row=True)
    blob = db.session.query(Blob).one()
    make_previews_of(blob.id, store=store, at=run.now())
    picture = place(store, organisations[0].id, db.session.query(Preview).one().sha256)
    age(picture, run, 490)
    broken = check_of(store, run.now())
    assert [one.rule for one in broken.look()] == ["blob.orphan"]
    for count in (1, 0):
        assert remove_orphans(run, steps).params == {"count": count}
        assert [path.exists() for path in (old, young, named, picture)] == [False, True, True, True]
    assert list(broken.look()) == []
    assert not list((store.root / "incoming").iterdir())


def test_the_same_bytes_of_another_organisation_protect_nothing(keep, run, organisations, store):
    named = keep(PDF, "1.pdf", hours=490, row=True)
    loose = keep_upload(
        io.BytesIO(PDF), filename="1.pdf", organisation_id=organisations[1].id, store=store, max_bytes=10**6
    )
    path = place(store, loose.organisation_id, loose.sha256)
    age(path, run, 49)
    assert remove_orphans(run, steps).params == {"count": 1}
    assert (named.exists(), path.exists()) == (True, False)


def test_more_files_than_are_asked_for_at_once_go_too(db_session, run, store):
    folder = store.root / "objects" / "1" / "ab"
    folder.mkdir(parents=True)
    for no in range(PAGE + 1):
        path = folder / f"ab{no:062x}"
        path.write_bytes(b"x")
        age(path, run, 49)
    assert remove_orphans(run, steps).params == {"count": PAGE + 1}
    assert list(folder.iterdir()) == []


def test_a_file_that_goes_while_others_are_looked_at_stops_nothing(keep, run):
    gone, left = sorted((keep(paper(b"1"), "1.pdf", hours=49), keep(paper(b"2"), "2.pdf", hours=49)))

    def watch(done: int, total: int | None = None) -> None:
        if done == 0:
            gone.unlink()

    assert remove_orphans(run, watch).params == {"count": 1}
    assert not left.exists()


class Meanwhile(Disk):
    """A disk on which the same bytes are kept anew at the moment in which the old ones are taken away."""

    def __init__(self, path) -> None:
        self.path = path

    def move(self, path, target) -> None:
        if path == self.path:
            os.utime(path)
        super().move(path, target)


def test_bytes_that_come_anew_in_that_moment_stay(keep, run, store):
    path = keep(PDF, "1.pdf", hours=49)
    again = BlobStore(store.root, Meanwhile(path))
    assert not again.drop_orphan(int(path.parts[-3]), path.name, before=run.now() - SPARED)
    assert path.read_bytes() == PDF


def test_what_is_gone_already_is_no_fault(run, store):
    assert not store.drop_orphan(1, "0" * 64, before=run.now())


def test_a_file_is_as_old_as_the_moment_in_which_it_was_kept(keep, store, organisations):
    """Parts may have come days before: a row that is about to be made must find the bytes."""
    part = "D-0000-0000-0000"
    store.add_part(part, 0, PDF, size=len(PDF))
    os.utime(store.root / "incoming" / part, (0, 0))
    received = store.join(
        part, organisation_id=organisations[0].id, sha256=hashlib.sha256(PDF).hexdigest(), size=len(PDF)
    )
    store.keep(received)
    assert place(store, organisations[0].id, received.sha256).stat().st_mtime > 0


# A look that came too late --------------------------------------------------------------------------------------------


def test_what_was_announced_waits_where_the_machine_is_too_busy_to_look(organisations, store, run):
    part, sha256 = "D-0000-0000-0000", hashlib.sha256(PDF).hexdigest()
    what = {"name": "DPA.pdf", "sha256": sha256, "size": len(PDF), "organisation_id": organisations[0].id}
    store.add_part(part, 0, PDF, size=len(PDF))
    with pytest.raises(CheckLate):
        store_parts(part, **what, at=run.now(), store=store, seconds=0.0)
    assert store.part_size(part) == len(PDF)
    assert db.session.query(Blob).count() == 0
    assert store_parts(part, **what, at=run.now(), store=store).sha256 == sha256
    assert store.part_size(part) == 0


def test_what_came_at_once_leaves_nothing_where_the_machine_is_too_busy(organisations, store):
    with pytest.raises(CheckLate):
        keep_upload(
            io.BytesIO(PDF), filename="DPA.pdf", organisation_id=organisations[0].id, store=store, max_bytes=10**6,
            seconds=0.0,
        )  # fmt: skip
    assert [path for path in store.root.rglob("*") if path.is_file()] == []
