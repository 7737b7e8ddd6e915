"""Read-only times: nothing is stored, everything is read, and two people end it."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from paritrana.accounts.models import StaffRequest
from paritrana.audit import halt
from paritrana.audit.invariants import CHECKS
from paritrana.audit.queries import events_of
from paritrana.core.errors import WrongState
from paritrana.database import db
from paritrana.jobs import service as jobs
from paritrana.jobs.kinds import SYSTEM, Run
from paritrana.jobs.models import Job
from paritrana.jobs.queue import Queue
from paritrana.jobs.worker import Desk, keep_order, perform
from paritrana.operations.kinds import FilesDamaged, check_files
from tests.factories import sign_in, world
from tests.files.conftest import store  # noqa: F401 - what the next one asks for
from tests.files.test_keeping import document, fetched  # noqa: F401 - the fixture of a stored document
from tests.home.conftest import visit  # noqa: F401

LEASE = timedelta(seconds=60)


@pytest.fixture
def queue(app, tmp_path):
    """The application's queue, on a file of the test."""
    before = app.extensions["queue"]
    app.extensions["queue"] = Queue(f"sqlite:///{tmp_path / 'queue.db'}")
    yield app.extensions["queue"]
    app.extensions["queue"] = before


def standing():
    db.session.rollback()
    return halt.halted()


def broken() -> list[str]:
    db.session.commit()
    return [one.rule for check in CHECKS for one in check.look()]


def test_one_administrator_stops_and_an_auditor_has_to_agree_before_changes_go_on(
    app,
    db_session,
    visit,  # noqa: F811
    figures_of,
):
    world()
    administrator, auditor, organiser = visit("administrator"), visit("auditor"), visit("organiser-1")
    assert administrator.send("/system/read-only", "/system/read-only").status_code == 422  # without a reason
    assert standing() is None
    stopped = administrator.send("/system/read-only", "/system/read-only", reason="A disk makes noises.")
    assert stopped.status_code == 303
    begun = standing()
    assert (begun.reason, begun.detail) == (halt.BY_HAND, "A disk makes noises.")
    assert administrator.send("/system/read-only", "/system/read-only", reason="Again.").status_code == 303
    assert standing().ref == begun.ref  # there is one time at a time

    refused = organiser.send("/manage/contoh-2025/deadlines/kabkota")
    assert refused.status_code == 503
    assert refused.headers["Retry-After"]
    assert "Nothing can be stored at the moment" in refused.get_data(as_text=True)
    assert organiser.open("/manage/contoh-2025").status_code == 200
    assert organiser.open("/healthz").status_code == 200
    told = organiser.client.put("/api/v1/sheets/S-0000-0000/marks/A1", headers={"Accept": "application/json"})
    assert told.status_code != 200
    sign_in(app.test_client(), "verifier-1")  # who is not signed in may still read

    assert "operations" not in auditor.read("/home")
    asked = administrator.send("/system/read-only/end", "/system/read-only", reason="The disk is another one.")
    assert asked.status_code == 303
    request = db.session.scalars(select(StaffRequest)).one()
    place = f"/system/read-only/{request.ref}"
    again = administrator.send("/system/read-only/end", "/home", reason="Once more.")
    assert (again.status_code, "waits for a second person" in again.get_data(as_text=True)) == (409, True)
    assert administrator.open(place).status_code == 404
    assert place in auditor.read("/home")
    assert "The disk is another one." in auditor.read(place)
    assert auditor.send(place, place).status_code == 422
    assert auditor.send(place, place, answer="decline").status_code == 303
    assert standing() is not None
    assert auditor.send(place, place, answer="confirm").status_code == 409  # it no longer waits
    administrator.send("/system/read-only/end", "/system/read-only", reason="Everything was read again.")
    db.session.rollback()
    request = db.session.scalars(select(StaffRequest).where(StaffRequest.state == "waiting")).one()
    place = f"/system/read-only/{request.ref}"
    assert auditor.send(place, place, answer="confirm").status_code == 303
    assert standing() is None
    assert "Changes are possible again." in auditor.read(place)
    assert "A disk makes noises." in administrator.read("/system/read-only")
    assert administrator.send("/system/read-only/end", "/home", reason="Nothing to end.").status_code == 409
    assert organiser.send("/manage/contoh-2025/deadlines/kabkota").status_code != 503
    assert [one.kind for one in events_of(begun.ref)] == ["halt.begun", "halt.lifted"]
    figures_of(
        "faults", promises=["P36"], fault="read-only", acts=2, false_saved=0, recovery_s=0, persons=2,
        control=organiser.send("/manage/contoh-2025/deadlines/kabkota").status_code == 422,
    )  # fmt: skip
    assert broken() == []


def test_a_time_that_ended_is_not_ended_again_and_a_forged_row_is_named(app, db_session):
    here = world()
    begun = halt.halt(halt.CHAIN, at=here.now, detail="system 3")
    halt.lift(begun, actor=here.actor("auditor"), at=here.now)
    db.session.commit()
    with pytest.raises(WrongState):
        halt.lift(begun, actor=here.actor("auditor"), at=here.now)
    db.session.rollback()
    assert broken() == []
    begun.detail = "something else"
    assert broken() == ["halt.event_differs"]


def test_jobs_wait_but_what_has_to_be_forgotten_in_time_goes_on(app, db_session, queue):
    here = world()
    kinds = app.extensions["jobs"]
    desk = Desk("here", LEASE)
    (waiting,) = [jobs.enqueue(queue, kinds.find("tidy"), actor=SYSTEM, at=here.now)]
    forget = jobs.enqueue(queue, kinds.find("forget_lists"), actor=SYSTEM, at=here.now)
    begun = halt.halt(halt.BY_HAND, at=here.now)
    db.session.commit()
    app.extensions["clock"].advance(days=1)
    keep_order(app, desk)
    db.session.rollback()
    assert {job.kind for job in db.session.scalars(select(Job))} == {"tidy", "forget_lists"}  # no nightly job is made
    db.session.rollback()
    for ref in (waiting, forget):
        perform(app, ref, desk)

    def states() -> list[str]:
        db.session.rollback()
        told = [db.session.scalars(select(Job.state).where(Job.ref == ref)).one() for ref in (waiting, forget)]
        db.session.rollback()
        return told

    assert states() == ["queued", "done"]
    halt.lift(begun, actor=here.actor("auditor"), at=here.now)
    db.session.commit()
    perform(app, waiting, desk)
    assert states() == ["done", "done"]
    keep_order(app, desk)
    db.session.rollback()
    assert len(db.session.scalars(select(Job)).all()) > 2


def test_a_file_found_damaged_stops_every_change_once(app, client, document):  # noqa: F811 - the fixture
    address, path = document
    sign_in(client, "nominee-1")
    run = Run("J-TEST-0002", "check_files", {}, SYSTEM, app.extensions["settings"], app.extensions["clock"].now)
    path.chmod(0o600)
    path.write_bytes(b"something else")
    for found in (True, False):
        with pytest.raises(FilesDamaged):
            check_files(run, lambda done, total=None: None)
        begun = standing()
        assert (begun is not None) is found  # what is known of and was looked at does not stop everything again
        if begun is not None:
            assert begun.reason == halt.FILES
            halt.lift(begun, actor=SYSTEM, at=run.now())
            db.session.commit()
    assert fetched(client, address) == 503
