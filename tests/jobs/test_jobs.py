"""One job at a time: asked for, claimed, carried out, ended, and found again when its worker is gone."""

import json
import threading
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from paritrana.database import db
from paritrana.jobs import service
from paritrana.jobs.kinds import SYSTEM, Kind, Said, every, nightly
from paritrana.jobs.models import Job, Worker
from paritrana.jobs.service import MOST_ATTEMPTS, JobMoved
from paritrana.jobs.worker import LONGEST_TICK, Desk, keep_order, perform
from tests.factories import world
from tests.jobs.conftest import LEASE


def lapse(office) -> None:
    """Let so much time pass that every lease has run out."""
    office.app.extensions["clock"].advance(seconds=LEASE.total_seconds() + 1)


def claimed(office, ref: str, worker: str = "gone"):
    """A job in the hands of a worker that is never heard of again."""
    claim = service.claim(ref, worker, at=office.now, lease=LEASE)
    db.session.commit()
    assert claim is not None
    return claim


# Asking ---------------------------------------------------------------------------------------------------------------


def test_a_job_is_stored_with_its_transaction_and_woken_after_it(office):
    kind = office.kinds.find("count")
    ref = service.enqueue(office.queue, kind, {"year": 2025}, actor=world().actor("administrator"), at=office.now)
    assert office.queue.size() == 0
    db.session.commit()
    assert office.queue.size() == 1
    job = office.job(ref)
    assert (job.state, job.arguments, job.attempts) == ("queued", {"year": 2025}, 0)


def test_what_is_rolled_back_wakes_nobody(office):
    service.enqueue(office.queue, office.kinds.find("count"), actor=SYSTEM, at=office.now)
    db.session.rollback()
    db.session.commit()
    assert office.queue.size() == 0
    assert db.session.scalars(select(Job)).all() == []


def test_a_queue_that_is_down_stops_nobody_from_asking(office, tmp_path):
    office.queue.url = f"sqlite:///{tmp_path / 'no' / 'such' / 'folder' / 'queue.db'}"
    ref = office.ask()
    assert office.job(ref).state == "queued"
    assert not office.queue.answers()


def test_the_queue_holds_readable_json_and_no_pickle(office):
    ref = office.ask()
    huey = office.queue.huey(lambda ref: None)
    (held,) = huey.storage.enqueued_items()
    huey.storage.close()
    message = json.loads(bytes(held))
    assert message["args"] == [ref]
    assert b"\x80" not in bytes(held)


@pytest.mark.parametrize("held", [b"\x80\x04N.", b"[]", b'{"colour": 1}', b"null", b"1"])
def test_what_is_no_message_of_ours_is_refused_and_never_loaded(office, held):
    huey = office.queue.huey(lambda ref: None)
    huey.storage.enqueue(held)
    with pytest.raises(ValueError):  # noqa: PT011 - JSON's own refusal is one too
        huey.dequeue()
    huey.storage.close()


def test_only_messages_go_into_the_queue(office):
    huey = office.queue.huey(lambda ref: None)
    with pytest.raises(TypeError):
        huey.serializer.serialize({"anything": 1})
    huey.storage.close()


# Carrying out ---------------------------------------------------------------------------------------------------------


def test_a_job_runs_and_says_what_came_of_it(office):
    ref = office.ask()
    job = office.perform(ref)
    assert (job.state, job.done, job.total, job.attempts) == ("done", 3, 3, 1)
    assert job.result == {"message": "%(count)s things were counted.", "params": {"count": 3}}
    assert job.ended_at == office.now
    assert office.done == [ref]


def test_a_second_call_for_the_same_job_does_nothing(office):
    ref = office.ask()
    office.perform(ref)
    office.perform(ref)
    db.session.rollback()
    perform(office.app, "J-0000-0000", Desk("here", LEASE))
    assert office.done == [ref]


def test_a_refusal_is_told_in_its_own_words_and_a_fault_in_none(office, capsys):
    refused = office.perform(office.ask("refuse"))
    assert refused.problem["message"] == "The requester cannot approve. Ask another person."
    broken = office.perform(office.ask("break"))
    assert broken.state == "failed"
    assert "secret inside" not in json.dumps(broken.problem)
    assert broken.problem["params"] == {"ref": broken.ref}
    logged = [json.loads(line) for line in capsys.readouterr().err.splitlines() if line.startswith("{")]
    (fault,) = [line for line in logged if line["event"] == "job_fault"]
    assert fault["job"] == broken.ref
    assert "secret inside" in fault["exception"]


def test_a_job_of_an_unknown_kind_fails_in_a_sentence(office):
    service.enqueue(office.queue, Kind("older", "Older", lambda run, progress: Said("")), actor=SYSTEM, at=office.now)
    db.session.commit()
    job = office.perform(db.session.scalars(select(Job.ref)).one())
    assert job.problem["message"] == "This version of the program does not know this kind of job."


def test_a_job_must_end_its_transaction_before_it_tells_its_progress(office, capsys):
    job = office.perform(office.ask("greedy"))
    assert job.state == "failed"
    assert "ProgressInsideTransaction" in capsys.readouterr().err


def test_the_right_is_asked_again_when_the_job_runs(office):
    here = world()
    kept = office.ask(actor=here.actor("administrator"))
    lost = office.ask(actor=here.actor("organiser-1"))
    assert office.perform(kept).state == "done"
    job = office.perform(lost)
    assert job.problem["message"] == "The person who asked for this no longer has the right to it."
    closed = office.ask(actor=here.actor("administrator"))
    here.accounts["administrator"].active = False
    db.session.commit()
    assert office.perform(closed).state == "failed"
    assert office.done == [kept]


def test_progress_and_lease_are_stored_while_it_runs(office):
    seen = []
    ref = office.ask()

    def look() -> None:
        job = db.session.scalars(select(Job).where(Job.ref == ref)).one()
        seen.append((job.state, job.done, job.total, job.lease_until - office.now))
        db.session.rollback()

    office.during = look
    office.perform(ref)
    assert seen == [("running", 1, 3, LEASE)]


# One job, one worker --------------------------------------------------------------------------------------------------


def test_of_many_workers_one_carries_the_job_out(office):
    ref = office.ask()
    start = threading.Barrier(6)

    def compete(number: int) -> None:
        start.wait()
        perform(office.app, ref, Desk(f"worker-{number}", LEASE))

    rivals = [threading.Thread(target=compete, args=(number,)) for number in range(6)]
    for rival in rivals:
        rival.start()
    for rival in rivals:
        rival.join()
    assert office.done == [ref]
    assert office.job(ref).attempts == 1


def test_a_worker_that_was_thought_dead_changes_nothing(office):
    ref = office.ask()
    late = claimed(office, ref)
    lapse(office)
    assert service.sweep(at=office.now) == [ref]
    db.session.commit()
    again = claimed(office, ref, "other")
    assert not service.finish(late.lease, at=office.now, done=1, total=1, result=Said("late"))
    assert not service.fail(late.lease, at=office.now, problem=Said("late"))
    assert not service.end_cancelled(late.lease, at=office.now)
    assert not service.hand_back(late.lease, at=office.now)
    assert service.renew([late.lease, again.lease], until=office.now + LEASE) == {again.lease}
    db.session.commit()
    assert (office.job(ref).state, office.job(ref).attempts) == ("running", 2)


def test_a_job_that_lost_its_lease_stops_where_it_is(office, capsys):
    ref = office.ask()
    desk = Desk("here", LEASE)

    def lose() -> None:
        lapse(office)
        service.sweep(at=office.now)
        db.session.commit()
        keep_order(office.app, desk)

    office.during = lose
    job = office.perform(ref, desk)
    assert (job.state, office.done) == ("queued", [])
    assert "job_lease_lost" in capsys.readouterr().err
    assert desk.held == desk.lost == set()


def test_the_keeper_renews_what_runs_so_that_slow_steps_are_not_taken_for_death(office):
    ref = office.ask()
    desk = Desk("here", LEASE)

    def slow() -> None:
        for _ in range(3):
            office.app.extensions["clock"].advance(seconds=40)
            keep_order(office.app, desk)

    office.during = slow
    job = office.perform(ref, desk)
    assert (job.state, job.attempts) == ("done", 1)


# Ends -----------------------------------------------------------------------------------------------------------------


def test_a_waiting_job_is_cancelled_at_once_and_a_running_one_at_its_next_step(office, monkeypatch):
    monkeypatch.setattr("paritrana.jobs.worker.STORED_EVERY", 0.0)  # the steps of the tests are short
    waiting = office.ask()
    service.cancel(office.job(waiting), at=office.now)
    db.session.commit()
    assert office.perform(waiting).state == "cancelled"

    running = office.ask()

    def stop() -> None:
        service.cancel(office.job(running), at=office.now)
        db.session.commit()

    office.during = stop
    job = office.perform(running)
    assert (job.state, job.leased_by, job.ended_at) == ("cancelled", None, office.now)
    assert office.done == []


def test_a_worker_that_ends_hands_its_job_back_without_counting_the_attempt(office):
    ref = office.ask()
    desk = Desk("here", LEASE)
    office.during = desk.ends.set
    job = office.perform(ref, desk)
    assert (job.state, job.attempts, office.done) == ("queued", 0, [])
    office.during = lambda: None
    assert office.perform(ref).state == "done"


def test_only_what_ended_badly_is_tried_again_and_only_what_is_open_is_cancelled(office):
    ref = office.ask("refuse")
    with pytest.raises(JobMoved):
        service.retry(office.queue, office.job(ref), at=office.now)
    db.session.rollback()
    office.perform(ref)
    with pytest.raises(JobMoved):
        service.cancel(office.job(ref), at=office.now)
    db.session.rollback()
    calls = office.queue.size()
    service.retry(office.queue, office.job(ref), at=office.now)
    db.session.commit()
    job = office.job(ref)
    assert (job.state, job.attempts, job.problem, job.ended_at) == ("queued", 0, None, None)
    assert office.queue.size() == calls + 1


# What is lost is found ------------------------------------------------------------------------------------------------


def test_a_job_of_a_dead_worker_goes_back_until_it_was_tried_often_enough(office):
    ref = office.ask()
    for attempt in range(1, MOST_ATTEMPTS + 1):
        claimed(office, ref)
        assert service.sweep(at=office.now) == []
        lapse(office)
        again = service.sweep(at=office.now)
        db.session.commit()
        assert again == ([ref] if attempt < MOST_ATTEMPTS else [])
    job = office.job(ref)
    assert (job.state, job.problem["params"]) == ("failed", {"attempts": MOST_ATTEMPTS, "ref": ref})


def test_a_dead_worker_s_job_that_was_to_end_ends(office):
    ref = office.ask()
    claimed(office, ref)
    service.cancel(office.job(ref), at=office.now)
    lapse(office)
    assert service.sweep(at=office.now) == []
    db.session.commit()
    assert office.job(ref).state == "cancelled"


def test_calls_that_were_lost_are_sent_again_and_waiting_ones_are_not_doubled(office):
    refs = [office.ask() for _ in range(3)]
    office.app.extensions["clock"].advance(seconds=LONGEST_TICK.total_seconds() + 1)
    keep_order(office.app, Desk("here", LEASE))
    assert office.queue.size() == 3
    office.queue.file.unlink()
    keep_order(office.app, Desk("here", LEASE))
    assert office.queue.size() == 3
    assert {office.job(ref).state for ref in refs} == {"queued"}


def test_workers_are_seen_and_forgotten(office):
    keep_order(office.app, Desk("one", LEASE), threads=2)
    office.app.extensions["clock"].advance(hours=23)
    keep_order(office.app, Desk("two", LEASE))
    keep_order(office.app, Desk("two", LEASE))
    assert db.session.scalars(select(Worker.name).order_by(Worker.name)).all() == ["one", "two"]
    db.session.rollback()
    office.app.extensions["clock"].advance(hours=2)
    keep_order(office.app, Desk("two", LEASE))
    service.forget_worker("two")
    db.session.commit()
    assert db.session.scalars(select(Worker.name)).all() == []


# Regular jobs ---------------------------------------------------------------------------------------------------------


def test_each_turn_gets_one_job_however_many_workers_plan(office):
    office.wanted = True
    for _ in range(3):
        keep_order(office.app, Desk("one", LEASE))
    (first,) = db.session.scalars(select(Job.ref)).all()
    office.app.extensions["clock"].advance(hours=1)
    assert service.plan(office.kinds, at=office.now) == []  # the earlier one still waits
    office.perform(first)
    (second,) = service.plan(office.kinds, at=office.now)
    db.session.commit()
    assert office.job(second).asked_by_id is None


def test_a_turn_that_nobody_wants_gets_no_job(office):
    assert service.plan(office.kinds, at=office.now) == []


def test_two_jobs_of_one_turn_are_refused_by_the_database(office):
    for _ in range(2):
        office.ask()
    with pytest.raises(IntegrityError):
        db.session.execute(db.update(Job).values(slot="same"))
    db.session.rollback()


def test_a_night_begins_at_its_hour_and_lasts_a_day(office):
    turn = nightly(18)
    evening = office.now.replace(hour=18, minute=0)
    assert turn(evening - timedelta(seconds=1)) != turn(evening) == turn(evening + timedelta(hours=23))
    assert every(10)(evening.replace(minute=59)).endswith("T18:50")


def test_two_kinds_never_share_a_name(office):
    with pytest.raises(ValueError, match="count"):
        office.kinds.register(Kind("count", "Count", lambda run, progress: Said("")))


def test_old_jobs_are_forgotten_but_the_last_of_each_kind(office):
    first, second = office.ask(), office.ask()
    office.perform(first)
    office.app.extensions["clock"].advance(minutes=1)
    office.perform(second)
    waiting = office.ask()
    office.app.extensions["clock"].advance(days=91)
    assert service.forget_old(at=office.now) == 1
    db.session.commit()
    assert set(db.session.scalars(select(Job.ref))) == {second, waiting}
