"""Columns that keep figures exact, references, and canonical bytes."""

import re
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, Integer, MetaData, Table, create_engine, insert, select

from paritrana.clock import SetClock, SystemClock
from paritrana.database import (
    ALPHABET,
    READ_ONLY,
    Document,
    ExactDecimal,
    UtcDateTime,
    canonical,
    engine_options,
    prepare_engine,
    random_ref,
    reading,
    set_writing,
)


@pytest.fixture(scope="module")
def table():
    metadata = MetaData()
    made = Table(
        "thing",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("value", ExactDecimal()),
        Column("at", UtcDateTime()),
        Column("data", Document()),
    )
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    yield engine, made
    engine.dispose()


def kept(table, **values):
    engine, made = table
    with engine.begin() as connection:
        key = connection.execute(insert(made).values(**values)).inserted_primary_key[0]
        return connection.execute(select(made).where(made.c.id == key)).one()


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**15), max_value=10**15))
def test_a_decimal_comes_back_as_it_went_in(table, value):
    assert kept(table, value=value).value == value


def test_a_decimal_is_stored_without_an_exponent(table):
    engine, _made = table
    kept(table, value=Decimal("1E+3"))
    with engine.connect() as connection:
        stored = connection.exec_driver_sql("SELECT value FROM thing ORDER BY id DESC LIMIT 1").scalar()
    assert stored == "1000"


def test_a_moment_comes_back_in_utc(table):
    wita = timezone(timedelta(hours=8))
    back = kept(table, at=datetime(2026, 1, 1, 8, 0, tzinfo=wita)).at
    assert back == datetime(2026, 1, 1, tzinfo=UTC)
    assert back.utcoffset() == timedelta(0)


def test_a_moment_without_a_zone_is_refused(table):
    with pytest.raises(Exception, match="without a time zone"):
        kept(table, at=datetime(2026, 1, 1))  # noqa: DTZ001 - the refusal of just this is tested


@pytest.mark.parametrize("data", [{"a": 1.5}, [1, [2.0]], {"a": {"b": [0.1]}}])
def test_a_float_does_not_enter_a_document(table, data):
    with pytest.raises(Exception, match="float"):
        kept(table, data=data)
    with pytest.raises(TypeError):
        canonical(data)


def test_canonical_bytes_do_not_depend_on_order():
    assert canonical({"b": 1, "a": ["é"]}) == canonical({"a": ["é"], "b": 1}) == '{"a":["é"],"b":1}'.encode()


def test_references_are_random_and_readable():
    drawn = {random_ref("N") for _ in range(500)}
    assert len(drawn) == 500
    assert all(re.fullmatch(rf"N-[{ALPHABET}]{{4}}-[{ALPHABET}]{{4}}", one) for one in drawn)
    assert not set("ILOU") & set(ALPHABET)


def test_both_engines_have_their_options():
    assert engine_options("sqlite:///x")["connect_args"]["timeout"] == 30
    assert engine_options("postgresql+psycopg://x")["pool_pre_ping"]


def test_the_clock_tells_utc_and_never_runs_backwards():
    clock = SystemClock()
    first = clock.now()
    assert first.utcoffset() == timedelta(0)
    clock._last = first + timedelta(hours=1)
    assert clock.now() == first + timedelta(hours=1)


def test_a_set_clock_stands_until_it_is_moved():
    clock = SetClock(datetime(2026, 1, 1, tzinfo=UTC))
    assert clock.now() == clock.now()
    assert clock.advance(hours=2) == datetime(2026, 1, 1, 2, tzinfo=UTC)
    clock.set(datetime(2026, 2, 1, tzinfo=UTC))
    assert clock.now().month == 2


def test_a_connection_that_could_only_read_gives_its_place_to_one_that_can_write(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path / 'thing.db'}")
    prepare_engine(engine)
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE thing (id INTEGER)")
        connection.commit()
        connection.info["of this test"] = True
    with engine.connect() as connection:
        assert connection.info == {"of this test": True}  # an ordinary connection is used again
        connection.info[READ_ONLY] = str(tmp_path / "thing.db")  # as it was opened on a disk that only reads
    with engine.connect() as connection:
        assert connection.info == {}
        assert connection.exec_driver_sql("SELECT count(*) FROM thing").scalar() == 0
    engine.dispose()


class Line:
    """The line to a server: what is sent is kept, and nothing is answered."""

    def __init__(self):
        self.sent = []

    def cursor(self):
        return self

    def execute(self, statement):
        self.sent.append(statement)

    def close(self):
        self.sent.append("closed")


def test_a_transaction_that_reads_on_a_server_sees_one_moment_and_one_that_writes_the_newest():
    engine = create_engine("postgresql+psycopg://nobody@localhost/nothing")
    prepare_engine(engine)
    line = Line()
    set_writing(True)
    engine.dispatch.begin(SimpleNamespace(connection=line))
    assert line.sent == []
    with reading():
        engine.dispatch.begin(SimpleNamespace(connection=line))
    assert line.sent == ["SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "closed"]
