"""The record at its edges: erased texts, extensions, recusals, offices that are gone, a command with notes."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import text, update

from paritrana.audit import checkpoints
from paritrana.audit.checkpoints import Checkpoint, Diverged, Office
from paritrana.cli import main
from paritrana.core.checkpoints import note_body, written_note
from paritrana.core.errors import WrongState
from paritrana.cycles import service as cycles
from paritrana.cycles.queries import get_cycle
from paritrana.database import db
from paritrana.inspection import bundle, events, facts, invariants, verify_audit
from paritrana.inspection.restoring import lost
from paritrana.inspection.service import add_witness, end_witness
from paritrana.panels import service as panels
from tests.factories import NOW, World, sign_in, world
from tests.inspection.history import sign_all
from tests.nominations.pages import draft

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


def export(office: Office, folder: Path) -> str:
    """The auditor's bundle of the cycle; gives its path."""
    path = folder / "bundle.zip"
    with path.open("wb") as file:
        bundle.write(file, get_cycle("contoh-2025"), bundle.AUDITOR, office, at=NOW)
    return str(path)


def unguarded(table: str) -> None:
    """Take the guards from a table, as a superuser would."""
    on = f" ON {table}" if db.engine.dialect.name == "postgresql" else ""
    for what in ("update", "delete"):
        db.session.execute(text(f"DROP TRIGGER IF EXISTS {table}_append_only_{what}{on}"))


def test_extensions_and_recusals_are_told_by_their_events(here: World, office: Office, tmp_path: Path) -> None:
    nomination = draft(here)
    panels.recuse(nomination, "a cousin", basis="kin", actor=here.actor("assessor-3"), at=NOW)
    at = here.category.closes_at - timedelta(days=1)
    proposal = cycles.propose_extension(
        here.category, here.category.closes_at + timedelta(days=3), "Banjir", actor=here.actor("organiser-1"), at=at
    )
    cycles.confirm_extension(proposal, proposal.digest, actor=here.actor("chair"), at=at)
    db.session.commit()
    path = export(office, tmp_path)
    found = verify_audit.read_bundle(path)
    assert (len(found.tables["recusal"]), len(found.tables["extension"])) == (1, 1)
    assert found.tables["recusal"][0]["values"]["basis"] == "kin"
    assert list(verify_audit.table_faults(found)) == []


def test_a_text_that_was_erased_is_marked_in_the_bundle_and_tells_nothing_on_the_page(
    here: World, app: Flask, office: Office, tmp_path: Path
) -> None:
    db.session.execute(
        text(
            "UPDATE event_body SET body = NULL, salt = NULL, erased_at = '2026-03-01 00:00:00', erased_reason = 'x' "
            "WHERE (stream, seq) IN (SELECT stream, seq FROM event WHERE kind = 'seat.given')"
        )
    )
    db.session.commit()
    found = verify_audit.read_bundle(export(office, tmp_path))
    seats = [one for one in found.streams[JUDGING] if one.kind == "seat.given"]
    assert seats
    assert all(one.erased and one.body is None for one in seats)
    assert list(verify_audit.chain_faults(found)) == []
    client = app.test_client()
    sign_in(client, "auditor")
    page = client.get("/audit/contoh-2025/events?kind=seat.given&lang=en").get_data(as_text=True)
    assert "Seat given" in page
    assert "SK 1/2026" not in page


def test_a_record_in_which_nothing_happened_has_no_hours(here: World) -> None:
    assert events.hours(["nowhere/intake"]) == []
    assert facts.all_public(here.actor("auditor"), NOW) is False  # a thing that has no record of its own


def test_an_office_that_gets_no_checkpoints_any_more_is_not_ended_again(here: World, app: Flask) -> None:
    actor = here.actor("organiser-1")
    witness = add_witness(here.cycle, "Inspektorat", "arsip@contoh.test", actor=actor, at=NOW)
    end_witness(witness, actor=actor, at=NOW)
    db.session.commit()
    with pytest.raises(WrongState):
        end_witness(witness, actor=actor, at=NOW + timedelta(hours=1))
    assert witness.ended_at == NOW
    db.session.rollback()


def test_a_note_that_is_not_that_of_its_row_and_a_stream_that_was_rewritten_are_named(
    here: World, office: Office
) -> None:
    sign_all(office, NOW)
    kept = checkpoints.checkpoints_of(JUDGING)[-1]
    whole, size, other = kept.note, kept.size, checkpoints.checkpoints_of("contoh-2025/intake")[-1].note
    unguarded("checkpoint")

    def rules(**values: object) -> set[tuple[str, str]]:
        db.session.execute(
            update(Checkpoint).where(Checkpoint.stream == JUDGING, Checkpoint.size == size).values(**values)
        )
        found = {(one.rule, one.where) for one in invariants._checkpoints()}
        db.session.rollback()
        unguarded("checkpoint")
        return found

    where = f"{JUDGING} {size}"
    assert rules(note=whole) == set()
    assert rules(note=other) == {("checkpoint.note", where)}
    assert rules(note="no note") == {("checkpoint.note", where)}
    assert ("checkpoint.note", where) in rules(root=b"r" * 32)
    forged = written_note(note_body(f"localhost/{JUDGING}", size, b"r" * 32), "localhost", b"p" * 32, b"s" * 64)
    assert rules(root=b"r" * 32, note=forged) == {("checkpoint.root", where)}
    db.session.rollback()


def test_a_kept_note_that_nobody_signed_stops_the_look_for_what_was_lost(here: World, office: Office) -> None:
    sign_all(office, NOW)
    assert lost(office) == []
    (path,) = [one for one in office.folders[0].rglob("*") if one.is_file() and "judging" in str(one)]
    said = path.read_text(encoding="utf-8")
    lines = said.split("\n")
    lines[1] = str(int(lines[1]) + 1)
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(Diverged):
        lost(office)


def test_the_command_holds_a_bundle_against_notes_and_keys(here: World, office: Office, tmp_path: Path) -> None:
    notes = sign_all(office, NOW)
    path, given = export(office, tmp_path), []
    for no, note in enumerate(one for one in notes if "/contoh-2025/" in one):
        kept = tmp_path / f"note-{no}.txt"
        kept.write_text(note, encoding="utf-8")
        given += ["--checkpoint", str(kept)]
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps(bundle.keys_document(office)), encoding="utf-8")
    done = CliRunner().invoke(main, ["verify-audit", path, *given, "--keys", str(keys), "--strict"])
    assert (done.exit_code, "whole." in done.output) == (0, True), done.output
    keys.write_text('{"keys": []}', encoding="utf-8")  # nobody is trusted, also not the list inside the bundle
    assert CliRunner().invoke(main, ["verify-audit", path, *given, "--keys", str(keys)]).exit_code == 1
    proof = tmp_path / "proof.json"
    proof.write_text("{}", encoding="utf-8")
    assert CliRunner().invoke(main, ["verify-audit", "--proof", str(proof)]).exit_code == 2
