"""Checkpoints: when one is signed, what is kept outside, and what stops everything."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from sqlalchemy import select, text, update

from paritrana.audit import checkpoints, halt
from paritrana.audit import service as audit
from paritrana.audit.checkpoints import Checkpoint, Diverged, NotKept, Office
from paritrana.audit.models import StreamHead
from paritrana.cli import main
from paritrana.core.checkpoints import read_note
from paritrana.database import db
from paritrana.inspection import notices, verify_audit
from paritrana.inspection.keeping import SIGN_CHECKPOINTS, is_due
from paritrana.inspection.restoring import NothingLost, adopt, lost
from paritrana.inspection.service import add_witness
from paritrana.jobs.kinds import SYSTEM, Run
from paritrana.outbox.models import Message
from tests.factories import NOW, PASSWORD, World, world
from tests.inspection.history import sign_all

JUDGING = "contoh-2025/judging"


@pytest.fixture
def app(make_app: Callable[..., Flask], tmp_path: Path) -> Flask:
    """An application with folders of its own, where it keeps notes twice."""
    return make_app(checkpoint_copy=tmp_path / "elsewhere")


@pytest.fixture
def office(app: Flask) -> Office:
    return Office.of(app.extensions["settings"])


@pytest.fixture
def here(db_session: object) -> World:
    return world()


def happens(kind: str, *, at=NOW, stream: str = JUDGING) -> int:
    """Something of this kind happens; gives its number."""
    seq = audit.record(stream, kind, SYSTEM, at=at, object_ref="X-0000-0001").seq
    db.session.commit()
    return seq


def run_job(app: Flask, at=NOW) -> None:
    settings = app.extensions["settings"]
    SIGN_CHECKPOINTS.function(
        Run("J-0000-0000", "sign_checkpoints", {}, SYSTEM, settings, lambda: at), lambda done, total=None: None
    )


def sizes_of(stream: str) -> list[int]:
    return [one.size for one in checkpoints.checkpoints_of(stream)]


def test_every_submitted_sheet_has_a_checkpoint_of_its_own_and_the_rest_one_an_hour(here: World, app: Flask) -> None:
    run_job(app)
    first = sizes_of(JUDGING)
    happens("mark.saved")
    assert not is_due(NOW + timedelta(minutes=59))
    sheets = [happens("sheet.submitted"), happens("sheet.submitted")]
    happens("mark.saved")
    assert is_due(NOW)
    run_job(app)
    assert sizes_of(JUDGING) == [*first, *sheets]
    assert not is_due(NOW + timedelta(minutes=59))
    assert is_due(NOW + timedelta(minutes=60))
    run_job(app, NOW + timedelta(hours=1))
    assert sizes_of(JUDGING)[-1] == sheets[-1] + 1


def test_a_note_is_kept_in_both_folders_and_signed_by_the_published_key(here: World, office: Office) -> None:
    notes = sign_all(office, NOW)
    for stream in (JUDGING, "contoh-2025/intake"):
        kept = office.kept(stream)
        assert kept[0] == kept[1] == [one.note for one in checkpoints.checkpoints_of(stream)]
    for note in map(read_note, notes):
        assert checkpoints.is_signed(note, office.public())
        public = office.public()[note.name, note.key_hash]
        assert verify_audit.is_signed(public, note.signed, note.signature)
        assert not verify_audit.is_signed(public, note.signed + b"x", note.signature)


def test_a_folder_that_was_away_gets_the_earlier_notes(here: World, office: Office) -> None:
    sign_all(office, NOW)
    for path in office.folders[1].iterdir():
        path.unlink()
    happens("category.moved")
    sign_all(office, NOW)
    assert office.kept(JUDGING)[0] == office.kept(JUDGING)[1]


def test_a_folder_that_cannot_be_reached_stops_the_signing_alone(here: World, app: Flask, office: Office) -> None:
    office.folders[1].write_text("no folder")
    with pytest.raises(NotKept):
        run_job(app)
    db.session.rollback()
    assert halt.halted() is None
    assert sizes_of(JUDGING) == []


def rolled_back(office: Office) -> None:
    """The database loses its last event, as a superuser would take it out."""
    postgresql = db.engine.dialect.name == "postgresql"
    for table in ("event_body", "event", "checkpoint"):
        for what in ("update", "delete"):
            name = f"{table}_append_only_{what}"
            db.session.execute(text(f"DROP TRIGGER IF EXISTS {name}" + (f" ON {table}" if postgresql else "")))
    seq = db.session.scalar(select(StreamHead.seq).where(StreamHead.stream == JUDGING))
    for table in ("event_body", "event"):
        db.session.execute(text(f"DELETE FROM {table} WHERE stream = '{JUDGING}' AND seq = {seq}"))
    db.session.execute(text(f"DELETE FROM checkpoint WHERE stream = '{JUDGING}' AND size = {seq}"))
    leaf = checkpoints.leaves_of(JUDGING)[-1]
    db.session.execute(update(StreamHead).where(StreamHead.stream == JUDGING).values(seq=StreamHead.seq - 1, leaf=leaf))
    db.session.commit()


def test_a_stream_that_was_rolled_back_is_not_signed_and_stops_every_change(
    here: World, app: Flask, office: Office
) -> None:
    happens("category.moved")
    sign_all(office, NOW)
    rolled_back(office)
    with pytest.raises(Diverged):
        run_job(app, NOW + timedelta(hours=2))
    standing = halt.halted()
    assert standing is not None
    assert standing.reason == halt.CHAIN
    assert JUDGING in standing.detail
    db.session.rollback()


def test_what_grows_after_a_rollback_is_another_history(here: World, app: Flask, office: Office) -> None:
    happens("category.moved")
    sign_all(office, NOW)
    rolled_back(office)
    happens("category.moved", at=NOW + timedelta(seconds=1))
    with pytest.raises(Diverged):
        checkpoints.compare(office, JUDGING)


def test_notes_that_are_gone_or_changed_are_noticed(here: World, office: Office) -> None:
    sign_all(office, NOW)
    files = [next(folder.glob("contoh-2025%2Fjudging*")) for folder in office.folders]
    whole = files[0].read_text()
    files[0].write_text(whole.replace("\n\n— ", "\nx\n— ", 1))
    with pytest.raises(Diverged):
        checkpoints.compare(office, JUDGING)
    files[0].write_text(whole.replace("/judging", "/intake", 1))
    with pytest.raises(Diverged):
        checkpoints.compare(office, JUDGING)
    files[0].write_bytes(b"\xff")
    with pytest.raises(NotKept):
        checkpoints.compare(office, JUDGING)
    for file in files:
        file.unlink()
    with pytest.raises(Diverged):
        checkpoints.compare(office, JUDGING)


def free(table: str) -> None:
    """The table may be changed, as a superuser would have it."""
    there = f" ON {table}" if db.engine.dialect.name == "postgresql" else ""
    db.session.execute(text(f"DROP TRIGGER {table}_append_only_update{there}"))


def test_a_row_that_is_not_its_note_and_a_note_that_nobody_signed_are_noticed(here: World, office: Office) -> None:
    sign_all(office, NOW)
    whole = checkpoints.newest(JUDGING)
    assert whole is not None
    size, note = whole.size, whole.note
    free("checkpoint")
    db.session.execute(text("UPDATE checkpoint SET size = size - 1 WHERE stream = :stream"), {"stream": JUDGING})
    db.session.commit()
    with pytest.raises(Diverged) as row:
        checkpoints.compare(office, JUDGING)
    assert "is not its note" in row.value.params["why"]
    lines = note.split("\n")
    signature = lines[4][:-12] + ("B" if lines[4][-12] == "A" else "A") + lines[4][-11:]
    for forged in (signature, lines[4].replace("localhost", "elsewhere")):
        text_of = "\n".join([*lines[:4], forged, ""])
        db.session.execute(
            text("UPDATE checkpoint SET size = :size, note = :note WHERE stream = :stream"),
            {"stream": JUDGING, "size": size, "note": text_of},
        )
        db.session.commit()
        with pytest.raises(Diverged) as unsigned:
            checkpoints.compare(office, JUDGING)
        assert "no key of this installation" in unsigned.value.params["why"]


def test_a_leaf_or_a_commitment_that_is_no_hash_is_noticed(here: World, office: Office) -> None:
    if db.engine.dialect.name != "sqlite":  # only there a column may hold a text in place of bytes
        with pytest.raises(Exception, match="bytea"):
            db.session.execute(text("UPDATE event SET commitment = 'x'::text"))
        return
    sign_all(office, NOW)
    seq = happens("category.moved")
    free("event")
    at = {"seq": seq, "stream": JUDGING}
    db.session.execute(
        text("UPDATE event SET commitment = :x WHERE seq = :seq AND stream = :stream"), at | {"x": "x" * 32}
    )
    db.session.commit()
    with pytest.raises(Diverged):
        checkpoints.sign(office, JUDGING, [seq], at=NOW)
    db.session.execute(text("UPDATE event SET leaf = :x WHERE seq = :seq AND stream = :stream"), at | {"x": "x" * 32})
    db.session.commit()
    assert checkpoints.leaves_of(JUDGING)[seq - 1] == b""


def test_an_event_that_does_not_follow_is_not_signed(here: World, office: Office) -> None:
    sign_all(office, NOW)
    happens("category.moved")
    postgresql = db.engine.dialect.name == "postgresql"
    db.session.execute(text("DROP TRIGGER event_append_only_update" + (" ON event" if postgresql else "")))
    db.session.execute(text("UPDATE event SET kind = 'category.stayed' WHERE kind = 'category.moved'"))
    db.session.commit()
    with pytest.raises(Diverged):
        checkpoints.sign(office, JUDGING, [11], at=NOW)


# Adopting a restore ---------------------------------------------------------------------------------------------------


def test_two_people_adopt_a_restore_and_changes_go_on(here: World, app: Flask, office: Office) -> None:
    happens("category.moved")
    sign_all(office, NOW)
    with pytest.raises(NothingLost):
        adopt(office, first="U-1", second=here.actor("auditor"), reason="x", request="R-1", at=NOW)
    db.session.rollback()
    rolled_back(office)
    with pytest.raises(Diverged):
        run_job(app, NOW + timedelta(hours=2))
    (gap,) = lost(office)
    assert (gap.stream, len(gap.notes)) == (JUDGING, 1)
    adopt(office, first="U-1", second=here.actor("auditor"), reason="Cakram rusak.", request="R-1", at=NOW)
    db.session.commit()
    assert halt.halted() is None
    assert lost(office) == []
    run_job(app, NOW + timedelta(hours=4))
    happens("category.moved", at=NOW + timedelta(hours=5))
    run_job(app, NOW + timedelta(hours=5))


def adopt_command(app: Flask, monkeypatch: pytest.MonkeyPatch, typed: str, **changes: str) -> Result:
    settings = app.extensions["settings"]
    given = {"administrator": "administrator@contoh.test", "auditor": "auditor@contoh.test", "reason": "Cakram rusak."}
    words = [word for name, value in (given | changes).items() for word in (f"--{name}", value)]
    values = {"INSTANCE": settings.instance_path, "DATABASE_URL": settings.database_url,
              "SECRET_KEY": settings.secret_key, "BASE_URL": "http://localhost",
              "CHECKPOINT_COPY": settings.checkpoint_copy}  # fmt: skip
    env = {f"PARITRANA_{name}": str(value) for name, value in values.items()}
    db.session.remove()
    return CliRunner().invoke(main, ["adopt-restore", *words], input=typed, env=env)


def test_the_command_asks_two_people_for_their_passwords(
    here: World, app: Flask, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    happens("category.moved")
    sign_all(office, NOW)
    rolled_back(office)
    wrong = adopt_command(app, monkeypatch, f"{PASSWORD}\nnot this one at all\n")
    assert wrong.exit_code == 1
    assert "no account of the role auditor" in wrong.stderr
    same = adopt_command(app, monkeypatch, f"{PASSWORD}\n{PASSWORD}\n", auditor="administrator@contoh.test")
    assert same.exit_code == 1
    answer = adopt_command(app, monkeypatch, f"{PASSWORD}\n{PASSWORD}\n")
    assert answer.exit_code == 0, answer.stderr
    assert f"{JUDGING}: whole up to" in answer.stdout
    assert lost(office) == []
    again = adopt_command(app, monkeypatch, f"{PASSWORD}\n{PASSWORD}\n")
    assert again.exit_code == 1
    assert "nothing to adopt" in again.stderr


# Commands -------------------------------------------------------------------------------------------------------------


def command(app: Flask, *words: str) -> Result:
    settings = app.extensions["settings"]
    values = {"INSTANCE": settings.instance_path, "DATABASE_URL": settings.database_url,
              "SECRET_KEY": settings.secret_key, "BASE_URL": "http://localhost"}  # fmt: skip
    db.session.remove()
    return CliRunner().invoke(main, list(words), env={f"PARITRANA_{name}": str(one) for name, one in values.items()})


def test_the_database_is_held_against_notes_that_were_kept(
    here: World, app: Flask, office: Office, tmp_path: Path
) -> None:
    happens("category.moved")
    notes = [note for note in sign_all(office, NOW) if "/judging" in note]
    mine, other = tmp_path / "mine.txt", tmp_path / "other.txt"
    mine.write_text(notes[-1])
    other.write_text("no note")
    answer = command(app, "verify-audit", "--checkpoint", str(mine))
    assert (answer.exit_code, answer.stdout) == (0, "The chain is whole.\n")
    assert command(app, "verify-audit", "--checkpoint", str(other)).exit_code == 2
    assert command(app, "verify-audit", "--checkpoint", str(tmp_path / "none")).exit_code == 2
    rolled_back(office)
    answer = command(app, "verify-audit")
    assert answer.exit_code == 1
    assert answer.stdout.startswith(f"{JUDGING}: a checkpoint is over ")
    next(office.folders[0].glob("contoh-2025%2Fjudging*")).write_text("")
    assert command(app, "verify-audit").exit_code == 0
    assert command(app, "verify-audit", "--checkpoint", str(mine)).exit_code == 1


def test_two_notes_are_compared(here: World, app: Flask, office: Office, tmp_path: Path) -> None:
    notes = {note.split("\n")[1]: note for note in sign_all(office, NOW) if "/judging" in note}
    happens("category.moved")
    notes |= {note.split("\n")[1]: note for note in sign_all(office, NOW) if "/judging" in note}
    paths = []
    for size, note in notes.items():
        paths.append(str(tmp_path / f"{size}.txt"))
        Path(paths[-1]).write_text(note)
    assert command(app, "compare-checkpoints", paths[0], paths[0]).exit_code == 0
    assert command(app, "compare-checkpoints", paths[0], paths[-1]).exit_code == 2
    lines = notes[max(notes, key=int)].split("\n")
    fork = tmp_path / "fork.txt"
    fork.write_text("\n".join([*lines[:2], lines[2][::-1].lstrip("=")[:43] + "=", *lines[3:]]))
    assert command(app, "compare-checkpoints", str(fork), paths[-1]).exit_code == 1


# Witnesses ------------------------------------------------------------------------------------------------------------


def told() -> set[tuple[str, str]]:
    rows = db.session.scalars(select(Message).where(Message.kind == notices.NOTICE.name)).all()
    return {(one.about.partition("/")[2], one.to_address or one.account.name) for one in rows}


def test_the_panel_auditors_and_offices_outside_are_told_what_each_may_have(here: World, app: Flask) -> None:
    add_witness(here.cycle, "Arsip", "arsip@contoh.test", actor=here.actor("organiser-1"), at=NOW)
    db.session.commit()
    run_job(app)
    assert told() == {("intake", "Auditor"), ("intake", "arsip@contoh.test"), ("judging", "Auditor")}
    here.category.state = 5
    happens("category.moved")
    run_job(app, NOW + timedelta(minutes=1))
    assert {name for word, name in told() if word == "judging"} >= {"Auditor", "Chair", "Assessor 9"}
    assert ("judging", "arsip@contoh.test") not in told()
    here.category.state = 8
    happens("result.published", at=NOW + timedelta(minutes=1))
    run_job(app, NOW + timedelta(minutes=2))
    assert ("judging", "arsip@contoh.test") in told()
    message = db.session.scalars(select(Message).where(Message.to_address == "arsip@contoh.test")).first()
    assert message is not None
    size = message.text_id.partition("/intake\n")[2].partition("\n")[0]
    stored = db.session.scalars(select(Checkpoint).where(Checkpoint.size == int(size or 0))).first()
    assert stored is not None


def test_sheets_are_told_of_once_a_day(here: World, app: Flask) -> None:
    run_job(app)
    before = db.session.query(Message).count()
    happens("sheet.submitted")
    run_job(app, NOW + timedelta(minutes=1))
    assert db.session.query(Message).count() == before


def test_only_who_still_has_a_part_in_it_gets_what_waits(here: World) -> None:
    about = [f"{here.cycle.id}/judging"]
    still = notices.NOTICE.still
    assert still(here.actor("auditor"), about) == still(here.actor("chair"), about) == frozenset(about)
    assert still(here.actor("nominee-1"), about) == frozenset()
