"""The administrator's pages: how the installation is, and the list of jobs with its three buttons."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from paritrana.audit.queries import events_of
from paritrana.database import db
from paritrana.jobs import service
from paritrana.jobs.kinds import SYSTEM, Said
from paritrana.jobs.models import Job
from paritrana.jobs.queue import Queue
from paritrana.jobs.worker import Desk, keep_order, perform
from tests.factories import world
from tests.home.conftest import Visitor
from tests.signing.conftest import authority, elliptic

LEASE = timedelta(seconds=60)
OTHERS = ["nominee-1", "verifier-1", "assessor-3", "chair", "organiser-1", "auditor"]


@pytest.fixture
def queue(app, tmp_path):
    """The application's queue, on a file of the test."""
    before = app.extensions["queue"]
    app.extensions["queue"] = Queue(f"sqlite:///{tmp_path / 'queue.db'}")
    yield app.extensions["queue"]
    app.extensions["queue"] = before


class Reader(Visitor):
    """A visitor whose addresses may have a query."""

    def open(self, address: str, language: str = "en", **headers: str) -> TestResponse:
        """The answer to a GET in a language."""
        return self.client.get(f"{address}{'&' if '?' in address else '?'}lang={language}", headers=headers)


@pytest.fixture
def admin(app, db_session, queue) -> Reader:
    """The administrator of the world, at a browser."""
    world()
    return Reader(app.test_client(), "administrator")


def ask(app, kind: str = "check_files", number: int = 1) -> list[str]:
    """So many jobs of a kind, asked for by the schedule."""
    found = app.extensions["jobs"].find(kind)
    at = app.extensions["clock"].now()
    refs = [service.enqueue(app.extensions["queue"], found, actor=SYSTEM, at=at) for _ in range(number)]
    db.session.commit()
    return refs


def work_off(app) -> None:
    """Carry out everything that waits."""
    refs = db.session.scalars(select(Job.ref).where(Job.state == "queued").order_by(Job.id)).all()
    db.session.rollback()
    for ref in refs:
        perform(app, ref, Desk("here", LEASE))


def state_of(ref: str) -> str:
    db.session.rollback()
    return db.session.scalars(select(Job.state).where(Job.ref == ref)).one()


def buttons(page: str) -> list[str]:
    """Where the buttons of a page lead, the frame's own aside."""
    return re.findall(r'action="(/system/[^"]+)"', page)


def test_the_administrator_starts_a_job_sees_it_end_and_the_act_is_an_event(app, admin):
    answer = admin.send("/system/jobs/start/check_files", "/system/jobs")
    assert (answer.status_code, answer.location) == (303, "/system/jobs")
    (ref,) = db.session.scalars(select(Job.ref)).all()
    waiting = admin.read("/system/jobs")
    assert "Waiting for a worker" in waiting
    assert f"/system/jobs/{ref}/cancel" in waiting
    assert "Administrator" in waiting
    assert "/system/jobs/start/check_files" not in buttons(waiting)
    (event,) = events_of(ref)
    assert (event.stream, event.kind) == ("system", "job.asked")
    work_off(app)
    done = admin.read("/system/jobs")
    assert "Files read again: 0." in done
    assert "/system/jobs/start/check_files" in buttons(done)


def test_the_key_for_certificates_is_named_as_what_it_is(app, admin, tmp_path):
    keys = app.extensions["settings"].instance_path / "keys"
    assert "Made for development." in admin.read("/system")
    mine = [keys / "pades.key", keys / "pades.pem"]
    before = [path.read_bytes() for path in mine]
    authority().issue("Panitia Paritrana", elliptic()).store(tmp_path / "files", "own")
    try:
        (keys / "pades.key").write_bytes(b"")
        assert "It cannot be used." in admin.read("/system")
        for path, new in zip(mine, ("own.key", "own.pem"), strict=True):
            path.write_bytes((tmp_path / "files" / new).read_bytes())
        assert "Panitia Paritrana, valid until 15 December 2035" in admin.read("/system")
    finally:
        for path, content in zip(mine, before, strict=True):
            path.write_bytes(content)


def test_a_second_press_starts_no_second_job(app, admin):
    for _ in range(2):
        answer = admin.send("/system/jobs/start/tidy", "/system/jobs", idempotency_key="the-same-key")
        assert answer.status_code == 303
    assert len(db.session.scalars(select(Job)).all()) == 1
    db.session.rollback()
    again = admin.send("/system/jobs/start/tidy", "/system/jobs")
    assert again.status_code == 409
    assert "A job of this kind already waits or runs." in again.get_data(as_text=True)
    assert len(db.session.scalars(select(Job)).all()) == 1


def test_a_job_that_waits_is_cancelled_and_tried_again(app, admin, queue):
    (ref,) = ask(app)
    assert admin.send(f"/system/jobs/{ref}/cancel", "/system/jobs").status_code == 303
    assert state_of(ref) == "cancelled"
    assert admin.send(f"/system/jobs/{ref}/cancel", "/system/jobs").status_code == 409
    assert admin.send(f"/system/jobs/{ref}/retry", "/system/jobs").status_code == 303
    assert state_of(ref) == "queued"
    assert admin.send(f"/system/jobs/{ref}/retry", "/system/jobs").status_code == 409
    assert [event.kind for event in events_of(ref)] == ["job.cancelled", "job.retried"]
    assert queue.size() == 2


def test_a_running_job_shows_its_progress_and_that_it_was_asked_to_end(app, admin):
    (ref,) = ask(app)
    at = app.extensions["clock"].now()
    claim = service.claim(ref, "elsewhere", at=at, lease=LEASE)
    db.session.commit()
    with db.engine.begin() as connection:
        service.note_progress(connection, claim.lease, done=40, total=1200, until=at + LEASE)
    page = admin.read("/system/jobs")
    assert '<progress max="1200" value="40"' in page
    assert "40 of 1,200" in page
    assert admin.send(f"/system/jobs/{ref}/cancel", "/system/jobs").status_code == 303
    page = admin.read("/system/jobs")
    assert "It was asked to end" in page
    assert f"/system/jobs/{ref}/cancel" not in page


def test_what_went_wrong_is_a_sentence_and_waits_on_the_first_page(app, admin):
    (ref,) = ask(app)
    claim = service.claim(ref, "elsewhere", at=app.extensions["clock"].now(), lease=LEASE)
    problem = Said("%(count)s of %(total)s files are missing or changed: %(files)s. Restore them from a backup.",
                   {"count": 1, "total": 1200, "files": "7/ab/abcd"})  # fmt: skip
    service.fail(claim.lease, at=app.extensions["clock"].now(), problem=problem)
    db.session.commit()
    assert "1 of 1,200 files are missing or changed: 7/ab/abcd." in admin.read("/system/jobs?state=failed")
    home = admin.read("/home")
    assert "Look at the failed jobs: 1" in home
    assert "/system/jobs?state=failed" in home
    system = admin.read("/system")
    assert "Read every file again: the last run failed." in system
    assert "Read every file again: the last run failed." in admin.read("/system")


def test_how_long_a_job_took_is_told_in_its_two_largest_units(app, admin):
    at = app.extensions["clock"].now()
    for seconds, told in ((42, "42 s"), (60 * 4 + 5, "4 min 5 s"), (3600 * 3 + 60 * 7 + 9, "3 h 7 min")):
        (ref,) = ask(app)
        claim = service.claim(ref, "elsewhere", at=at, lease=LEASE)
        ended = at + timedelta(seconds=seconds)
        assert service.finish(claim.lease, at=ended, done=1, total=1, result=Said("done"))
        db.session.commit()
        assert told in admin.read("/system/jobs")


def test_the_page_of_the_system_tells_whether_all_is_well(app, admin, queue, tmp_path):
    alone = admin.read("/system")
    assert "No worker was seen in the last minutes" in alone
    assert "None. Files are judged by their first bytes" in alone
    db.session.rollback()
    keep_order(app, Desk("here", LEASE))
    assert "The queue answers, a worker is there" in admin.read("/system")
    queue.url = f"sqlite:///{tmp_path / 'no' / 'folder' / 'queue.db'}"
    assert "The queue does not answer" in admin.read("/system")


def test_the_pages_speak_indonesian(app, admin):
    ask(app)
    page = admin.open("/system/jobs", "id").get_data(as_text=True)
    assert "Baca ulang semua berkas" in page
    assert "Menunggu pelaksana" in page
    assert "Muat ulang" in page


def test_the_list_is_filtered_and_paged(app, admin):
    ask(app, number=60)
    first = admin.read("/system/jobs")
    assert len(re.findall(r'data-job="', first)) == 50
    assert "Page 1 of 2" in first
    assert len(re.findall(r'data-job="', admin.read("/system/jobs?page=2"))) == 10
    assert len(re.findall(r'data-job="', admin.read("/system/jobs?state=queued&page=9"))) == 10
    assert "There is no job in this state." in admin.read("/system/jobs?state=failed")
    assert admin.open("/system/jobs?state=lost").status_code == 404


def test_the_list_costs_the_same_statements_with_ten_jobs_and_with_a_thousand(app, admin, statements):
    ask(app, number=10)
    admin.read("/system/jobs")
    with statements() as few:
        admin.read("/system/jobs")
    at = app.extensions["clock"].now()
    kind = app.extensions["jobs"].find("tidy")
    rows = [service.row(kind, f"J-{number:04d}-XXXX", {}, at) for number in range(990)]
    db.session.execute(db.insert(Job), rows)
    db.session.commit()
    with statements() as many:
        admin.read("/system/jobs")
    assert len(few) == len(many) <= 12


def test_the_list_alone_answers_304_while_nothing_has_changed(app, admin):
    ask(app)
    page = admin.read("/system/jobs")
    (tag,) = re.findall(r"data-etag='([^']+)'", page)
    (address,) = re.findall(r'data-jobs="([^"]+)"', page)
    same = admin.open(address, **{"If-None-Match": tag})
    assert (same.status_code, same.data) == (304, b"")
    other = admin.open(address, "id", **{"If-None-Match": tag})
    assert other.status_code == 200
    work_off(app)
    changed = admin.open(address, **{"If-None-Match": tag})
    assert changed.status_code == 200
    assert "Completed" in changed.get_data(as_text=True)
    assert "<html" not in changed.get_data(as_text=True)
    assert changed.headers["ETag"] != tag


@pytest.mark.parametrize("name", OTHERS)
def test_nobody_else_may_know_of_the_machine(app, db_session, queue, name):
    world()
    (ref,) = ask(app)
    visitor = Visitor(app.test_client(), name)
    for address in ("/system", "/system/jobs", "/system/jobs/list"):
        assert visitor.open(address).status_code == 404
    for address in ("/system/jobs/start/tidy", f"/system/jobs/{ref}/cancel", f"/system/jobs/{ref}/retry"):
        assert visitor.send(address).status_code == 404
    assert state_of(ref) == "queued"
    assert '"/system"' not in visitor.read("/home")


def test_a_kind_that_runs_by_itself_is_not_started_by_hand(admin):
    for kind in ("store_moves", "nonsense"):
        assert admin.send(f"/system/jobs/start/{kind}", "/system/jobs").status_code == 404
