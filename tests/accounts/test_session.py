"""How long a session lives, when it is written, and that writing it never waits for the request it belongs to."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask, session
from sqlalchemy import func, select

from paritrana.accounts import queries, service
from paritrana.accounts.models import Account, SignInSession
from paritrana.core.policy import Act, Actor, Seat
from paritrana.database import db
from paritrana.web.access import allowed, current_actor
from tests.accounts.conftest import SYSTEM, Browser

MakeAccount = Callable[..., Account]


def rows() -> int:
    """How many sessions are stored."""
    return db.session.scalar(select(func.count()).select_from(SignInSession)) or 0


@pytest.fixture
def sari(db_session, make_account: MakeAccount) -> Account:
    """An officer."""
    return make_account("sari", "administrator")


@pytest.fixture
def budi(db_session, make_account: MakeAccount) -> Account:
    """Somebody who is no officer."""
    return make_account("budi")


@pytest.mark.parametrize(("who", "idle", "absolute"), [("sari", 30, 8), ("budi", 60, 12)])
def test_a_session_ends_when_it_lies_idle_and_at_its_absolute_end(
    visitor: Browser, clock, sari: Account, budi: Account, who: str, idle: int, absolute: int
):
    visitor.sign_in(f"{who}@contoh.test")
    clock.advance(minutes=idle)
    assert visitor.signed_in
    clock.advance(minutes=idle, seconds=1)
    assert not visitor.signed_in

    visitor.sign_in(f"{who}@contoh.test")
    start = clock.now()
    while (clock.advance(minutes=20) - start).total_seconds() < absolute * 3600:
        assert visitor.signed_in
    assert not visitor.signed_in


def test_entering_the_password_again_does_not_move_the_absolute_end(visitor: Browser, clock, sari: Account):
    visitor.sign_in("sari@contoh.test")
    ends = set(db.session.scalars(select(SignInSession.expires_at)))
    clock.advance(minutes=5)
    visitor.post("/sign-in/again", {"password": "kuda hijau makan sate di pantai"}, page="/sign-in/again")
    db.session.rollback()
    assert set(db.session.scalars(select(SignInSession.expires_at))) == ends


def test_an_expired_session_is_told_on_the_sign_in_page(visitor: Browser, clock, sari: Account):
    visitor.sign_in("sari@contoh.test")
    clock.advance(hours=9)
    answer = visitor.get("/home?lang=en")
    assert answer.status_code == 303
    assert "Your sign-in has expired" in visitor.get(f"{answer.location}&lang=en").get_data(as_text=True)


def test_the_last_seen_time_is_written_once_a_minute(visitor: Browser, clock, sari: Account, statements):
    visitor.sign_in("sari@contoh.test")
    visitor.get("/sign-in/again")  # its form makes a token, which is stored
    for seconds, writes in ((59, 0), (1, 1), (59, 0)):
        clock.advance(seconds=seconds)
        with statements() as sent:
            visitor.get("/sign-in/again")
        assert len([one for one in sent if one.startswith("UPDATE")]) == writes


def test_a_visitor_without_a_form_leaves_no_row_and_no_cookie(visitor: Browser, db_session):
    for address in ("/not/there", "/static/favicon.svg", "/home"):
        visitor.get(address).close()
    assert rows() == 0
    assert visitor.cookie == ""


def test_old_rows_are_cleared_away_when_a_new_one_is_made(app: Flask, clock, sari: Account):
    for _ in range(3):
        Browser(app).get("/sign-in")
    Browser(app).sign_in("sari@contoh.test")
    assert rows() == 4
    clock.advance(hours=2)
    Browser(app).get("/sign-in")
    assert rows() == 2
    clock.advance(hours=12)
    Browser(app).get("/sign-in")
    assert rows() == 1


def test_the_person_at_the_door_is_known_after_three_statements(visitor: Browser, sari: Account, statements):
    visitor.sign_in("sari@contoh.test")
    with statements() as sent:
        assert visitor.get("/sign-in/again").status_code == 200
    assert len([one for one in sent if one.startswith("SELECT")]) <= 3


def test_an_actor_carries_every_right_in_force(app: Flask, sari: Account, budi: Account):
    seat = Seat(category_id=7, role="chair")
    actor = queries.load_actor(sari.id, fresh=True, seats_of=lambda account_id: {7: seat})
    assert actor == Actor(
        user_id=sari.id,
        person_id=sari.person_id,
        ref=sari.ref,
        name="Sari",
        administrator=True,
        seats={7: seat},
        fresh=True,
    )
    service.end_grant(sari.grants[0], actor=SYSTEM, at=sari.created_at)
    ended = queries.load_actor(sari.id, fresh=False)
    assert ended is not None
    assert not ended.administrator
    service.close_account(sari, actor=SYSTEM, at=sari.created_at)
    assert queries.load_actor(sari.id, fresh=False) is None
    assert queries.load_actor(10**6, fresh=False) is None


@pytest.fixture
def desk(make_app, make_account: MakeAccount, clock):
    """An application with a view that leaves its transaction open and one that only remembers something."""
    app = make_app()

    def careless() -> str:
        session["seen"] = session.get("seen", 0) + 1
        db.session.add(Account(
            ref="U-LOST", person_id=1, email="lost@contoh.test", name="Lost", fs_uniquifier="lost",
            created_at=clock.now(),
        ))  # fmt: skip
        db.session.flush()
        return current_actor().name

    def count() -> str:
        session["seen"] = session.get("seen", 0) + 1
        return str(session["seen"])

    app.add_url_rule("/careless", "careless", allowed(Act.HOME)(careless), methods=["POST"])
    app.add_url_rule("/count", "count", allowed(Act.HOME)(count))
    with app.app_context():
        make_account("sari", "administrator")
        yield app


def test_what_a_view_did_not_commit_is_dropped_before_the_session_is_written(desk: Flask):
    visitor = Browser(desk)
    visitor.sign_in("sari@contoh.test")
    assert visitor.post("/careless", page="/sign-in/again").get_data(as_text=True) == "Sari"
    assert queries.find_account("lost@contoh.test") is None
    assert visitor.get("/count").get_data(as_text=True) == "2"


def test_what_is_remembered_survives_a_page_that_only_reads(desk: Flask):
    visitor = Browser(desk)
    visitor.sign_in("sari@contoh.test")
    assert [visitor.get("/count").get_data(as_text=True) for _ in range(3)] == ["1", "2", "3"]


def test_many_browsers_sign_in_and_write_at_the_same_time(desk: Flask):
    def walk(number: int) -> list[int]:
        visitor = Browser(desk, REMOTE_ADDR=f"192.0.2.{number}")
        answers = [visitor.sign_in("sari@contoh.test")]
        for _ in range(3):
            answers.append(visitor.post("/careless", page="/sign-in/again"))
            answers.append(visitor.get("/count"))
        answers.append(visitor.post("/sign-out", page="/sign-in/again"))
        return [answer.status_code for answer in answers]

    with ThreadPoolExecutor(8) as pool:
        walks = list(pool.map(walk, range(1, 17)))
    assert walks == [[303, *[200] * 6, 303]] * 16
    assert db.session.scalar(select(func.count()).where(SignInSession.account_id.is_not(None))) == 0
