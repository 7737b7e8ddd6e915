import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from threading import Barrier

import pytest
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.exc import IntegrityError

from paritrana.audit import service as audit
from paritrana.audit.models import Event, EventBody, StreamHead
from paritrana.audit.queries import events_of, first_broken_link
from paritrana.audit.triggers import append_only
from paritrana.core.chain import START, NotCanonical, commitment
from paritrana.database import db

AT = datetime(2026, 11, 21, 3, 0, 0, 123456, tzinfo=UTC)


@dataclass(frozen=True)
class Somebody:
    ref: str
    role: str | None = None


SYSTEM = Somebody("system")
ASSESSOR = Somebody("A-7QK4-2M9X", role="assessor")


def numbers(stream):
    return list(db.session.scalars(select(Event.seq).where(Event.stream == stream).order_by(Event.seq)))


def test_the_streams_of_a_cycle_carry_its_code():
    assert audit.intake("ntb-2026") == "ntb-2026/intake"
    assert audit.judging("ntb-2026") == "ntb-2026/judging"


def test_an_event_tells_who_did_what_to_which_object(db_session):
    audit.record(
        "ntb-2026/judging", "mark.saved", ASSESSOR, at=AT, object_ref="S-1", value=Decimal("8.50"), note=None,
        day=date(2026, 11, 21), role="kept apart",
    )  # fmt: skip
    db_session.commit()
    [event] = events_of("S-1")
    assert (event.stream, event.seq, event.kind) == ("ntb-2026/judging", 1, "mark.saved")
    assert event.at_utc == "2026-11-21T03:00:00.123456Z"
    assert event.content.document == {
        "actor": "A-7QK4-2M9X",
        "role": "assessor",
        "values": {"value": "8.50", "day": "2026-11-21", "role": "kept apart"},
    }
    assert event.commitment == commitment(event.content.salt, event.content.body)
    assert event.prev == START
    assert first_broken_link() is None


def test_an_actor_without_a_role_is_recorded_by_reference_alone(db_session):
    event = audit.record(audit.SYSTEM, "seed.loaded", SYSTEM, at=AT, object_ref="seed")
    assert event.content.document == {"actor": "system", "values": {}}


def test_events_of_an_object_come_in_the_order_in_which_they_happened(db_session):
    for minute, stream in ((0, "z/intake"), (1, "a/intake"), (1, "a/intake"), (2, "z/intake")):
        audit.record(stream, "nomination.saved", SYSTEM, at=AT + timedelta(minutes=minute), object_ref="N-1")
    audit.record("z/intake", "nomination.saved", SYSTEM, at=AT, object_ref="N-2")
    db_session.commit()
    assert [(e.stream, e.seq) for e in events_of("N-1")] == [
        ("z/intake", 1), ("a/intake", 1), ("a/intake", 2), ("z/intake", 2),
    ]  # fmt: skip


def test_each_event_names_the_leaf_before_it_and_the_head_the_last(db_session):
    first, second = (audit.record("system", "role.granted", SYSTEM, at=AT, object_ref="A-1") for _ in range(2))
    db_session.commit()
    assert second.prev == first.leaf
    head = db_session.get(StreamHead, "system")
    assert (head.seq, head.leaf, head.at_utc) == (2, second.leaf, second.at_utc)


def test_two_events_that_say_the_same_have_different_commitments(db_session):
    first, second = (audit.record("system", "role.granted", SYSTEM, at=AT, object_ref="A-1", n=1) for _ in range(2))
    assert first.content.body == second.content.body
    assert first.commitment != second.commitment


def test_time_never_runs_backwards_in_a_stream(db_session):
    audit.record("system", "role.granted", SYSTEM, at=AT, object_ref="A-1")
    late = audit.record("system", "role.granted", SYSTEM, at=AT - timedelta(hours=1), object_ref="A-1")
    other = audit.record("x/intake", "file.kept", SYSTEM, at=AT - timedelta(hours=1), object_ref="A-1")
    assert late.at_utc == "2026-11-21T03:00:00.123456Z"
    assert other.at_utc == "2026-11-21T02:00:00.123456Z"


def test_what_has_no_canonical_form_is_refused_and_nothing_is_recorded(db_session):
    with pytest.raises(NotCanonical):
        audit.record("system", "mark.saved", SYSTEM, at=AT, object_ref="S-1", value=8.5)
    db_session.commit()
    assert numbers("system") == []


def test_a_rollback_leaves_no_gap(db_session):
    audit.record("system", "role.granted", SYSTEM, at=AT, object_ref="A-1")
    db_session.commit()
    audit.record("system", "role.granted", SYSTEM, at=AT + timedelta(days=1), object_ref="A-2")
    db_session.rollback()
    event = audit.record("system", "role.granted", SYSTEM, at=AT, object_ref="A-3")
    db_session.commit()
    assert (event.seq, event.at_utc) == (2, "2026-11-21T03:00:00.123456Z")
    assert events_of("A-2") == []
    assert first_broken_link() is None


def test_a_rollback_of_the_very_first_event_leaves_nothing(db_session):
    audit.record("system", "role.granted", SYSTEM, at=AT, object_ref="A-1")
    db_session.rollback()
    assert db_session.get(StreamHead, "system") is None
    assert audit.record("system", "role.granted", SYSTEM, at=AT, object_ref="A-1").seq == 1


def test_a_savepoint_that_is_rolled_back_leaves_no_gap(db_session):
    audit.record("system", "role.granted", SYSTEM, at=AT, object_ref="A-1")
    with db_session.begin_nested() as savepoint:
        audit.record("system", "role.granted", SYSTEM, at=AT + timedelta(days=1), object_ref="A-2")
        savepoint.rollback()
    with db_session.begin_nested():
        audit.record("system", "role.granted", SYSTEM, at=AT, object_ref="A-3")
    audit.record("system", "role.granted", SYSTEM, at=AT, object_ref="A-4")
    db_session.commit()
    assert numbers("system") == [1, 2, 3]
    assert first_broken_link() is None


def test_recording_in_a_locked_stream_costs_three_statements(db_session, statements):
    audit.record("system", "role.granted", SYSTEM, at=AT, object_ref="A-1")
    db_session.commit()
    with statements() as sent:
        audit.lock_stream("system")
        audit.record("system", "role.granted", SYSTEM, at=AT, object_ref="A-1")
        db_session.commit()
    words = [sql.split()[0] for sql in sent if not sql.startswith("BEGIN")]
    assert (words[0], sorted(words[1:-1]), words[-1]) == ("SELECT", ["INSERT", "INSERT", "UPDATE"], "COMMIT")


def test_a_stream_that_is_only_locked_is_whole(db_session):
    assert audit.lock_stream("system").seq == 0
    audit.record("x/intake", "file.kept", SYSTEM, at=AT, object_ref="F-1")
    db_session.commit()
    assert first_broken_link() is None


@pytest.mark.parametrize("used", [False, True], ids=["new stream", "used stream"])
def test_writers_in_parallel_leave_no_gap_and_no_fork(app, used):
    writers, each = 4, 8
    start = Barrier(writers)

    def write(number):
        with app.app_context():
            start.wait()
            for index in range(each):
                audit.record("c/judging", "mark.saved", SYSTEM, at=AT, object_ref=f"S-{number}", index=index)
                db.session.commit() if index % 3 else db.session.rollback()

    with app.app_context():
        if used:
            audit.record("c/judging", "mark.saved", SYSTEM, at=AT, object_ref="S-9")
            db.session.commit()
    with ThreadPoolExecutor(writers) as pool:
        list(pool.map(write, range(writers)))
    with app.app_context():
        assert numbers("c/judging") == list(range(1, used + writers * 5 + 1))
        assert first_broken_link() is None


@pytest.fixture
def event(db_session):
    made = audit.record("system", "role.granted", SYSTEM, at=AT, object_ref="A-1")
    db_session.commit()
    return made


@pytest.mark.parametrize("column", [c.name for c in Event.__table__.columns])
def test_no_column_of_an_event_can_be_changed(event, db_session, column):
    value = {"seq": 5, "stream": "x"}.get(column, bytes(32) if column in {"commitment", "prev", "leaf"} else "x")
    with pytest.raises(IntegrityError, match="event only grows"):
        db_session.execute(update(Event).values({column: value}))


@pytest.mark.parametrize("table", [Event, EventBody])
def test_no_event_and_no_body_can_be_deleted(event, db_session, table):
    with pytest.raises(IntegrityError, match="only grows"):
        db_session.execute(delete(table))


@pytest.mark.parametrize("engine_name", ["postgresql"])
@pytest.mark.parametrize("table", ["event, event_body", "event_body"])
def test_no_table_of_the_chain_can_be_emptied(event, db_session, table):
    with pytest.raises(IntegrityError, match="only grows"):
        db_session.execute(text(f"TRUNCATE {table}"))


ERASED = {"salt": None, "body": None, "erased_at": AT, "erased_reason": "retention"}


def test_a_body_can_be_erased_once_and_the_chain_stays_whole(event, db_session):
    db_session.execute(update(EventBody).values(ERASED))
    db_session.commit()
    assert event.content.document is None
    assert first_broken_link() is None
    for changes in (ERASED, {"erased_reason": "another"}, {"erased_at": None}):
        with pytest.raises(IntegrityError, match="event_body only grows"):
            db_session.execute(update(EventBody).values(changes))
        db_session.rollback()


@pytest.mark.parametrize(
    "changes",
    [
        {"body": b"{}"},
        {"salt": bytes(32)},
        {"salt": None, "body": None},
        {"salt": None, "body": None, "erased_at": AT},
        {"erased_at": AT, "erased_reason": "retention"},
        {**ERASED, "seq": 2},
        {**ERASED, "stream": "x"},
    ],
    ids=lambda changes: " ".join(changes),
)
def test_a_body_cannot_be_changed_or_half_erased(event, db_session, changes):
    with pytest.raises(IntegrityError, match="event_body only grows"):
        db_session.execute(update(EventBody).values(changes))


@pytest.mark.parametrize(
    "wrong",
    [
        {"salt": b"short"},
        {"body": None},
        {"salt": None, "body": None},
        {"erased_at": AT, "erased_reason": "retention"},
        {"salt": None, "body": None, "erased_at": AT},
    ],
    ids=str,
)
def test_a_body_is_stored_whole_or_erased(db_session, wrong):
    header = {"kind": "x.y", "at_utc": "x", "object_ref": "x", "commitment": START, "prev": START, "leaf": START}
    db_session.add(Event(stream="system", seq=1, **header))
    db_session.flush()
    db_session.add(EventBody(**{"stream": "system", "seq": 1, "salt": bytes(32), "body": b"{}"} | wrong))
    with pytest.raises(IntegrityError):
        db_session.flush()


@pytest.mark.parametrize("short", ["commitment", "prev", "leaf"])
def test_a_hash_has_32_bytes(db_session, short):
    header = {"kind": "x.y", "at_utc": "x", "object_ref": "x", "commitment": START, "prev": START, "leaf": START}
    db_session.add(Event(**{"stream": "system", "seq": 1, **header, short: START[1:]}))
    with pytest.raises(IntegrityError):
        db_session.flush()


def test_the_same_statements_guard_any_table(db_session):
    dialect = db_session.get_bind().dialect.name
    db_session.execute(text("CREATE TABLE diary (page INTEGER, line TEXT)"))
    for statement in append_only("diary", unless="NEW.page = OLD.page AND OLD.line = 'pencil'")[dialect]:
        db_session.execute(text(statement))
    db_session.execute(text("INSERT INTO diary VALUES (1, 'pencil')"))
    db_session.execute(text("UPDATE diary SET line = 'ink'"))
    assert db_session.scalar(select(func.count()).select_from(text("diary"))) == 1
    with pytest.raises(IntegrityError, match="diary only grows"):
        db_session.execute(text("UPDATE diary SET line = 'pencil'"))


def test_the_salt_is_drawn_for_each_event(db_session):
    salts = [audit.record("system", "a.b", SYSTEM, at=AT, object_ref="A-1").content.salt for _ in range(3)]
    assert len({hashlib.sha256(salt).digest() for salt in salts}) == 3
    assert {len(salt) for salt in salts} == {32}
