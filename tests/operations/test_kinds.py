"""The regular jobs: what they do, what they say, and that doing it twice changes nothing."""

import io
import json
import os
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from paritrana.accounts.models import SentOnce, SignInSession
from paritrana.audit.queries import events_of
from paritrana.core.chain import moment
from paritrana.core.lifecycle import State
from paritrana.database import db
from paritrana.files.service import store_upload
from paritrana.files.store import BlobStore
from paritrana.jobs.kinds import SYSTEM, Run, Said
from paritrana.jobs.service import plan
from paritrana.nominations.queries import get_declaration
from paritrana.nominations.service import declare
from paritrana.operations.kinds import FilesDamaged, RulesBroken, check_files, check_records, store_moves, tidy
from tests.factories import sign_in, world
from tests.nominations.pages import draft, paper

REF = "contoh-2025/kabkota"


@pytest.fixture
def run(app, db_session):
    """One attempt at a job of the test's application."""
    return Run("J-TEST-0001", "test", {}, SYSTEM, app.extensions["settings"], app.extensions["clock"].now)


class Steps(list):
    """A progress that keeps what it was told."""

    def __call__(self, done: int, total: int | None = None) -> None:
        self.append((done, total))


def real_category(state: State = State.OPEN):
    """A category of a real cycle; its deadline is twenty days from now, the grace six hours more."""
    here = world(state=state)
    here.cycle.kind, here.cycle.waits_at = "real", None
    db.session.commit()
    return here.category


def moves(category) -> list[tuple[int, str]]:
    """The moves of a category that are stored: the new state, and when."""
    db.session.rollback()
    found = [event for event in events_of(REF) if event.kind == "category.moved"]
    return [(json.loads(event.content.body)["values"]["after"], event.at_utc) for event in found]


def test_the_moves_of_a_real_cycle_are_stored_once_and_dated_at_their_deadlines(app, run):
    category = real_category()
    assert store_moves(run, Steps()).params == {"count": 0}
    clock = app.extensions["clock"]
    clock.advance(days=20, seconds=1)
    assert store_moves(run, Steps()).params == {"count": 1}
    assert moves(category) == [(int(State.CLOSED), moment(category.closes_at))]
    clock.advance(hours=7)
    for count in (1, 0):
        assert store_moves(run, Steps()).params == {"count": count}
    db.session.refresh(category)
    assert category.stored_state is State.VERIFICATION
    assert [state for state, _at in moves(category)] == [int(State.CLOSED), int(State.VERIFICATION)]


def test_two_deadlines_that_passed_together_are_two_moves(app, run):
    category = real_category()
    app.extensions["clock"].advance(days=30)
    store_moves(run, Steps())
    assert [state for state, _at in moves(category)] == [int(State.CLOSED), int(State.VERIFICATION)]


def test_a_simulated_cycle_waits_for_its_organiser(app, run):
    world(state=State.OPEN)
    app.extensions["clock"].advance(days=30)
    assert store_moves(run, Steps()).params == {"count": 0}


def test_the_moves_are_planned_when_a_deadline_of_a_real_cycle_has_passed(app, db_session):
    real_category()
    kinds, clock = app.extensions["jobs"], app.extensions["clock"]
    nightly = plan(kinds, at=clock.now())
    db.session.rollback()
    clock.advance(days=20, seconds=1)
    assert len(plan(kinds, at=clock.now())) == len(nightly) + 1
    db.session.rollback()


def test_what_has_served_is_removed_and_what_serves_stays(app, run, client):
    here = world()
    sign_in(client, "administrator")
    clock = app.extensions["clock"]
    account = here.accounts["auditor"]
    for key, age in (("old", 31), ("young", 29)):
        db.session.add(SentOnce(account_id=account.id, key=f"{key}-key", request_digest="", status=200, headers={},
                                body=b"", at=clock.now() - timedelta(days=age)))  # fmt: skip
    db.session.commit()
    incoming = run.settings.blob_path / "incoming"
    incoming.mkdir(parents=True)
    for name, hours in (("old", 49), ("young", 47)):
        (incoming / name).write_bytes(b"half")
        seen = (clock.now() - timedelta(hours=hours)).timestamp()
        os.utime(incoming / name, (seen, seen))
    # What was announced and did not come in its time is ended, and its bytes go, however young they are.
    nomination = draft(here)
    late, fresh = (
        declare(
            nomination, "coverage", name="surat.pdf", sha256=digit * 64, size=9, requirement="",
            actor=here.actor("nominee-1"), at=here.now, now=clock.now() - age, max_bytes=10**6,
        ).ref
        for digit, age in (("0", timedelta(hours=49)), ("1", timedelta(hours=47)))
    )  # fmt: skip
    db.session.commit()
    for part in (late, fresh):
        BlobStore(run.settings.blob_path).add_part(part, 0, b"half", size=9)
    said = tidy(run, Steps())
    assert get_declaration(nomination.ref, late).state == "ended"
    assert get_declaration(nomination.ref, fresh).state == "open"
    assert not (incoming / late).exists()
    (incoming / fresh).unlink()
    assert said.params == {"sessions": 0, "answers": 1, "jobs": 0, "uploads": 2}
    assert [path.name for path in incoming.iterdir()] == ["young"]
    assert db.session.scalars(select(SentOnce.key)).all() == ["young-key"]
    db.session.rollback()
    clock.advance(hours=9)
    assert tidy(run, Steps()).params["sessions"] == 1
    assert db.session.scalar(select(func.count()).select_from(SignInSession)) == 0


def stored(run: Run, number: int) -> str:
    """The hash of a file that is kept."""
    blob, _name = store_upload(
        io.BytesIO(paper(str(number).encode())),
        filename="bukti.pdf",
        organisation_id=1,
        at=run.now(),
        store=BlobStore(run.settings.blob_path),
        max_bytes=10**6,
    )
    db.session.commit()
    return blob.sha256


def test_every_file_is_read_again_and_a_changed_one_is_named(run):
    world()
    assert check_files(run, Steps()) == Said(
        "Files read again: %(count)s. Each has the hash of its receipt.", {"count": 0}
    )
    hashes = [stored(run, number) for number in range(3)]
    steps = Steps()
    assert check_files(run, steps).params == {"count": 3}
    assert steps == [(0, 3), (1, 3), (2, 3), (3, 3)]
    changed, gone = hashes[0], hashes[2]
    objects = run.settings.blob_path / "objects" / "1"
    (objects / changed[:2] / changed).write_bytes(b"%PDF-something else")
    (objects / gone[:2] / gone).unlink()
    with pytest.raises(FilesDamaged) as refused:
        check_files(run, Steps())
    assert (refused.value.params["count"], refused.value.params["total"]) == (2, 3)
    for damaged in (changed, gone):
        assert f"1/{damaged[:2]}/{damaged[:12]}…" in refused.value.params["files"]
    assert hashes[1][:12] not in refused.value.params["files"]


def test_the_records_are_checked_and_a_broken_rule_is_named(run):
    category = real_category()
    steps = Steps()
    assert check_records(run, steps).params == {}
    assert steps[0][0] == 0
    assert steps[-1][0] == steps[-1][1] > 1
    db.session.rollback()
    db.session.execute(db.update(type(category)).values(state=int(State.SCORING)))
    db.session.commit()
    with pytest.raises(RulesBroken) as refused:
        check_records(run, Steps())
    assert refused.value.params["count"] >= 1
    assert REF in refused.value.params["rules"]
