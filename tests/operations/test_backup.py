"""Copies of an installation: what is destroyed is whole again on an empty place; without the right keys nothing is."""

import hashlib
import io
import json
import shutil
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import create_engine, make_url, text

from paritrana.audit import service as audit
from paritrana.cli import main
from paritrana.database import Base, db
from paritrana.files.service import store_upload
from paritrana.files.store import BlobStore
from paritrana.jobs.kinds import SYSTEM, Run
from paritrana.nominations import service as nominations
from paritrana.operations import backup as copies
from paritrana.operations.kinds import CopyFailed, back_up_kind, make_copy
from paritrana.operations.queries import revision_now
from tests.conftest import release
from tests.factories import NOW, world
from tests.nominations.pages import draft, paper

FILES = 5


@pytest.fixture
def house(make_app: Callable[..., Flask], tmp_path: Path) -> Flask:
    """An installation with something to lose: people, a nomination, files, events, and a folder for copies."""
    app = make_app(backup_path=tmp_path / "copies")
    with app.app_context():
        here = world()
        nomination = draft(here)
        store = BlobStore(app.extensions["settings"].blob_path)
        for number in range(FILES):
            blob, name = store_upload(
                io.BytesIO(paper(b"%d" % number)), filename=f"{number}.pdf", organisation_id=nomination.organisation_id,
                at=here.now, store=store, max_bytes=10**6,
            )  # fmt: skip
            nominations.attach(nomination, "coverage", blob, name, actor=here.actor("nominee-1"), at=here.now)
        db.session.commit()
        db.session.remove()
    return app


def happen(app: Flask, number: int) -> None:
    """Events that come after one another."""
    with app.app_context():
        for _ in range(number):
            audit.record(audit.SYSTEM, "test.happened", SYSTEM, at=NOW, object_ref="T-0000-0000")
            db.session.commit()
        db.session.remove()


def copied(app: Flask, after: timedelta = timedelta(0)) -> copies.Snapshot:
    settings = app.extensions["settings"]
    with app.app_context():
        made = copies.back_up(settings, settings.backup_path, at=NOW + after, revision=revision_now())
        db.session.remove()
    return made


@pytest.fixture
def empty(house: Flask, tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of an empty place with the keys of the house: no database, no file."""
    settings = house.extensions["settings"]
    there = tmp_path / "there"
    shutil.copytree(settings.instance_path / "keys", there / "keys")
    url = make_url(settings.database_url)
    postgresql = url.get_backend_name() == "postgresql"
    target = url.set(database="restored") if postgresql else url.set(database=str(there / "paritrana.db"))
    words = {
        "PARITRANA_INSTANCE": str(there),
        "PARITRANA_DATABASE_URL": target.render_as_string(hide_password=False),
        "PARITRANA_SECRET_KEY": settings.secret_key,
    }

    def on_server(statement: str) -> None:
        if postgresql:
            server = create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT")
            with server.connect() as connection:
                connection.execute(text(statement))
            server.dispose()

    on_server("DROP DATABASE IF EXISTS restored")
    on_server("CREATE DATABASE restored TEMPLATE template0")
    yield words
    on_server("DROP DATABASE IF EXISTS restored")


def paritrana(environment: dict[str, str], *words: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, list(words), env=environment)
    return done.exit_code, done.output


def rows_of(address: str) -> dict[str, list[str]]:
    """Every row of every table of a database, as texts in one order."""
    engine = create_engine(address)
    try:
        with engine.connect() as connection:
            return {
                table.name: sorted(repr(tuple(row)) for row in connection.execute(table.select()))
                for table in Base.metadata.sorted_tables
            }
    finally:
        engine.dispose()


def files_of(blobs: Path) -> dict[str, str]:
    """The hash of every stored file, by its name."""
    found = (path for path in (blobs / "objects").rglob("*") if path.is_file())
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """The tables or files that are not what they were."""
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


def test_what_is_destroyed_is_whole_again_from_the_last_copy_and_the_wrong_key_opens_nothing(
    house, empty, figures_of, tmp_path
):
    began = time.monotonic()
    settings = house.extensions["settings"]
    copied(house)
    happen(house, 20)
    rows, files = rows_of(settings.database_url), files_of(settings.blob_path)
    assert len(files) == FILES
    assert len(rows["event"]) > 20
    made = copied(house, timedelta(minutes=5))
    assert (made.files, made.damaged) == (FILES, ())
    happen(house, 3)  # too late for the copy: what a restore loses
    release(house)
    shutil.rmtree(settings.blob_path)

    keys, away = Path(empty["PARITRANA_INSTANCE"]) / "keys", tmp_path / "away"
    folder = str(settings.backup_path)
    refused = []
    for purpose in ("backup", "receipt", "checkpoint"):  # the control: without the right keys nothing is put back
        shutil.move(keys / f"{purpose}.key", away)
        refused.append(paritrana(empty, "restore", folder))
        (keys / f"{purpose}.key").unlink(missing_ok=True)  # made anew by the try: another one
        refused.append(paritrana(empty, "restore", folder))
        (keys / f"{purpose}.key").unlink(missing_ok=True)
        shutil.move(away, keys / f"{purpose}.key")
    assert [code for code, _said in refused] == [1] * 6
    assert all("is not in" in said for _code, said in refused)
    database = next(made.folder.glob("database.*"))
    whole = database.read_bytes()
    database.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))  # one bit of the copy
    code, said = paritrana(empty, "restore", folder)
    flip_refused = (code, "missing or changed" in said) == (1, True)
    database.write_bytes(whole)

    begun = time.monotonic()
    code, said = paritrana(empty, "restore", folder)
    recovered = time.monotonic() - begun
    assert (code, "Everything that was checked is in order." in said) == (0, True), said
    code, said = paritrana(empty, "check")
    assert (code, said.strip()) == (0, "Everything that was checked is in order.")
    blobs = Path(empty["PARITRANA_INSTANCE"]) / "blobs"
    restored = rows_of(empty["PARITRANA_DATABASE_URL"])
    mismatches = differences(rows, restored) + differences(files, files_of(blobs))
    assert mismatches == []
    # The control: what came after the copy, and one bit of a file, are mismatches.
    later_seen = "event" in differences(rows, rows_of(settings.database_url))
    stored = next(path for path in (blobs / "objects").rglob("*") if path.is_file())
    content = stored.read_bytes()
    stored.chmod(0o600)
    stored.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    flip_seen = differences(files, files_of(blobs)) == [stored.name]
    stored.write_bytes(content)
    code, said = paritrana(empty, "restore", folder)
    assert (code, "is not empty" in said) == (1, True)  # never over what is there
    every = back_up_kind(settings).slot
    rpo = max(1, sum(every(NOW) == every(NOW + timedelta(seconds=second)) for second in range(600)))
    assert rpo <= 300
    figures_of(
        "restore", promises=["P15"], rpo_s=rpo, rto_s=round(recovered, 1), mismatches=len(mismatches), files=len(files),
        wrong_keys_refused=sum(code == 1 for code, _said in refused), seconds=round(time.monotonic() - began, 1),
        control=flip_refused and flip_seen and later_seen and {code for code, _said in refused} == {1},
    )  # fmt: skip
    assert (flip_refused, flip_seen, later_seen) == (True, True, True)


def test_a_copy_that_was_changed_is_not_put_back(house, empty):
    folder = house.extensions["settings"].backup_path
    place = copied(house).folder
    release(house)
    manifest = place / "manifest.json"
    whole = manifest.read_text()
    for changed in (
        whole.replace('"count": 5', '"count": 4'),
        whole.replace("paritrana-backup/1", "paritrana-backup/2"),
        "{}",
    ):
        manifest.write_text(changed)
        assert paritrana(empty, "restore", str(folder), "--snapshot", place.name)[0] in {1, 2}
    manifest.write_text(whole)
    for path in (next(place.glob("database.*")), place / "files.txt"):
        content = path.read_bytes()
        path.write_bytes(content + b"\n")
        code, said = paritrana(empty, "restore", str(folder))
        assert (code, "missing or changed" in said) == (1, True)
        path.write_bytes(content)
    assert paritrana(empty, "restore", str(folder), "--snapshot", "20000101T000000Z")[0] == 2
    one = next(path for path in (folder / "objects").rglob("*") if path.is_file())
    one.write_bytes(b"something else")
    code, said = paritrana(empty, "restore", str(folder))
    assert (code, one.name in said) == (1, True)


def test_a_record_that_does_not_reach_what_was_signed_is_told(house):
    copied(house)
    document = json.loads((copied(house, timedelta(minutes=5)).folder / "manifest.json").read_text())
    with house.app_context():
        assert copies.lost_events(document) == []
        document["heads"]["system"] = [10**6, "0" * 64]
        document["heads"]["none/intake"] = [0, "0" * 64]
        assert copies.lost_events(document) == ["system"]
        db.session.remove()


def test_the_job_copies_every_five_minutes_thins_out_and_names_what_is_damaged(house):
    settings = house.extensions["settings"]
    kind = back_up_kind(settings)
    assert (kind.wanted(NOW), kind.while_halted) == (True, True)

    def run(after: timedelta):
        with house.app_context():
            try:
                run_ = Run("J-TEST-0001", kind.name, {}, SYSTEM, settings, lambda: NOW + after)
                return make_copy(run_, lambda done, total=None: None)
            finally:
                db.session.remove()

    for minutes in range(0, 180, 5):
        run(timedelta(minutes=minutes))
    kept = [one.at - NOW for one in copies.snapshots(settings.backup_path)]
    assert len(kept) < 36
    assert len([age for age in kept if age >= timedelta(minutes=60)]) == 24  # of the last two hours every one
    run(timedelta(days=36))
    assert len(copies.snapshots(settings.backup_path)) == 1

    one = next(path for path in (settings.blob_path / "objects").rglob("*") if path.is_file())
    stray = settings.backup_path / "objects" / "stray"
    stray.write_bytes(b"of a file that was destroyed")
    one.chmod(0o600)
    one.write_bytes(b"something else")
    (settings.backup_path / "objects" / one.relative_to(settings.blob_path / "objects")).unlink()
    with pytest.raises(CopyFailed) as failed:
        run(timedelta(days=72))
    assert one.name in failed.value.params["reason"]
    assert not stray.exists()
    (settings.backup_path / "snapshots").rename(settings.backup_path / "away")
    (settings.backup_path / "snapshots").write_text("a file in its place")
    with pytest.raises(CopyFailed):
        run(timedelta(days=73))
    without = settings.model_copy(update={"backup_path": None})
    assert not back_up_kind(without).wanted(NOW)
    nothing = make_copy(Run("J-1", kind.name, {}, SYSTEM, without, lambda: NOW), lambda done, total=None: None)
    assert nothing.message == "No folder for copies is set up."


def test_the_command_copies_to_where_it_is_told(house, tmp_path):
    settings = house.extensions["settings"]
    release(house)
    words = {
        "PARITRANA_INSTANCE": str(settings.instance_path),
        "PARITRANA_DATABASE_URL": settings.database_url,
        "PARITRANA_BLOB_PATH": str(settings.blob_path),
        "PARITRANA_SECRET_KEY": settings.secret_key,
    }
    assert paritrana(words, "backup")[0] == 2
    code, said = paritrana(words, "backup", "--to", str(tmp_path / "stick"))
    assert (code, f"{FILES} files" in said) == (0, True), said
    assert paritrana(words, "restore", str(tmp_path / "stick"))[0] == 1  # there is something already
    (tmp_path / "full").write_text("no folder")
    assert paritrana(words, "backup", "--to", str(tmp_path / "full"))[0] == 1


def test_the_commands_name_what_was_left_out_and_what_is_broken_in_what_was_put_back(house, empty, tmp_path):
    settings = house.extensions["settings"]
    words = {
        "PARITRANA_INSTANCE": str(settings.instance_path),
        "PARITRANA_DATABASE_URL": settings.database_url,
        "PARITRANA_BLOB_PATH": str(settings.blob_path),
        "PARITRANA_SECRET_KEY": settings.secret_key,
    }
    one = next(path for path in (settings.blob_path / "objects").rglob("*") if path.is_file())
    one.chmod(0o600)
    one.write_bytes(b"something else")
    release(house)
    code, said = paritrana(words, "backup", "--to", str(tmp_path / "stick"))
    assert (code, f"{FILES - 1} files" in said, one.name in said.partition("damaged:")[2]) == (1, True, True)
    code, said = paritrana(empty, "restore", str(tmp_path / "stick"))
    assert (code, "blob.missing" in said) == (1, True)
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(settings.instance_path / "keys", elsewhere / "keys")
    sqlite = settings.database_url.startswith("sqlite")
    address = "postgresql+psycopg://nobody@127.0.0.1:1/none" if sqlite else f"sqlite:///{elsewhere / 'paritrana.db'}"
    other = empty | {"PARITRANA_INSTANCE": str(elsewhere), "PARITRANA_DATABASE_URL": address}
    code, said = paritrana(other, "restore", str(tmp_path / "stick"))
    assert (code, "of another kind of database" in said) == (1, True)


def test_a_copy_of_an_earlier_structure_asks_for_the_upgrade(house, empty):
    with house.app_context():
        db.session.execute(text("UPDATE alembic_version SET version_num = '0001'"))
        db.session.commit()
        db.session.remove()
    copied(house)
    folder = str(house.extensions["settings"].backup_path)
    release(house)
    code, said = paritrana(empty, "restore", folder)
    assert (code, "Run: paritrana upgrade, then: paritrana check" in said) == (1, True)
