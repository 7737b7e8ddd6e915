"""What somebody with a token, a list of words or a crafted address tries, while the owner of the account works on."""

import sys
import time
from collections.abc import Callable, Iterator
from urllib.parse import urljoin, urlsplit

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from paritrana.accounts import service
from paritrana.accounts.models import Account, SignInSession
from paritrana.database import db
from tests.accounts.conftest import PASSWORD, SYSTEM, Browser

MakeAccount = Callable[..., Account]
Figures = Callable[..., None]
HERE = "http://localhost"
_calls: list[str] = []
_listening = {"on": False}


def _hear(event: str, arguments: tuple[object, ...]) -> None:
    if _listening["on"] and event in {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname"}:
        _calls.append(f"{event} {arguments[1] if event == 'socket.connect' else arguments[0]}")


sys.addaudithook(_hear)  # what this process asks of the network, whoever in it asks


@pytest.fixture
def outbound() -> Iterator[list[str]]:
    """The connections that are opened and the names that are looked up while the test runs."""
    _calls.clear()
    _listening["on"] = True
    yield _calls
    _listening["on"] = False


@pytest.fixture
def engine_name() -> str:
    """The rules are the same on both engines; the pages' own tests run on both."""
    return "sqlite"


@pytest.fixture
def sari(db_session, make_account: MakeAccount) -> Account:
    """An officer."""
    return make_account("sari", "administrator")


def opens(app: Flask, cookie: str, token: str = "") -> bool:
    """Whether a stolen or planted session token lets its holder see a page or do something."""
    thief = Browser(app)
    thief.cookie = cookie
    sees = thief.get("/sign-in/again").status_code == 200
    thief = Browser(app)
    thief.cookie = cookie
    form = {"csrf_token": token, "password": PASSWORD}
    return sees or thief.client.post("/sign-in/again", data=form, environ_overrides=thief.environ).status_code == 303


def _again(owner: Browser) -> None:
    assert owner.post("/sign-in/again", {"password": PASSWORD}, page="/sign-in/again").status_code == 303


def _signs_out(owner: Browser) -> None:
    assert owner.post("/sign-out", page="/sign-in/again").status_code == 303


# What ends a token: by the owner's browser, or about the account, or by the hour.
CHANGES: dict[str, Callable[[Browser, Account, object], None]] = {
    "signing in again": lambda owner, account, clock: (_signs_out(owner), owner.sign_in(account.email)),
    "the password entered again": lambda owner, account, clock: _again(owner),
    "signing out": lambda owner, account, clock: _signs_out(owner),
    "a new password": lambda owner, account, clock: service.set_password(
        account, "gajah biru minum teh di gunung", actor=SYSTEM, at=account.created_at
    ),
    "one role more": lambda owner, account, clock: service.grant_role(
        account, "administrator", actor=SYSTEM, at=account.created_at
    ),
    "a role ended": lambda owner, account, clock: service.end_grant(
        account.grants[0], actor=SYSTEM, at=account.created_at
    ),
    "the account closed": lambda owner, account, clock: service.close_account(
        account, actor=SYSTEM, at=account.created_at
    ),
    "lying idle": lambda owner, account, clock: clock.advance(minutes=30, seconds=1),
    "the end of the day": lambda owner, account, clock: _works_on(owner, clock),
}


def _works_on(owner: Browser, clock) -> None:
    for _ in range(17):
        clock.advance(minutes=29)
        owner.get("/sign-in/again")


@pytest.mark.parametrize("change", CHANGES)
def test_no_token_outlives_what_ends_it(
    app: Flask, db_session, clock, make_account: MakeAccount, change: str, figures_of: Figures
):
    sari = make_account("sari", None if change == "one role more" else "administrator")
    owner = Browser(app, REMOTE_ADDR="192.0.2.9")
    owner.sign_in(sari.email)
    stolen, token = owner.cookie, owner.token("/sign-in/again")
    control = opens(app, stolen)  # until then it opens what it should
    CHANGES[change](owner, sari, clock)
    db.session.commit()
    accepted = opens(app, stolen, token)
    figures_of("session, login", promises=["P20"], attacks=2, accepted=int(accepted), owner_locked_out=0, outbound=0,
               control=control)  # fmt: skip
    assert control
    assert not accepted


def test_a_token_that_was_planted_before_is_worth_nothing_after_each_step(app: Flask, make_account, sari, figures_of):
    """The attacker's own token, as a visitor and as somebody who is signed in, and words made up."""
    make_account("rival")
    attacker = Browser(app, REMOTE_ADDR="192.0.2.66")
    attacker.get("/sign-in")
    planted = [attacker.cookie]
    attacker.sign_in("rival@contoh.test")
    planted += [attacker.cookie, "A" * 43, "", "' OR 1=1 --", "../" * 14 + "A"]
    accepted = 0
    for cookie in planted:
        victim = Browser(app, REMOTE_ADDR="192.0.2.9")
        victim.cookie = cookie
        victim.sign_in(sari.email)
        # A session in which somebody is signed in sends on from the sign-in page: it never becomes another's.
        mine = victim.get("/sign-in?next=/home", headers={"Accept": "application/json"}).json["account"]
        assert mine == sari.ref or cookie == planted[1]
        accepted += victim.cookie in planted and mine == sari.ref
        thief = Browser(app)
        thief.cookie = cookie
        accepted += thief.get("/sign-in", headers={"Accept": "application/json"}).json["account"] == sari.ref
        before = victim.cookie
        if mine == sari.ref:
            _again(victim)
            accepted += opens(app, before)
            accepted += victim.cookie == before
    hashes = list(db.session.scalars(select(SignInSession.token_hash)))
    accepted += sum(opens(app, one) for one in hashes)  # what a thief of the database would send
    figures_of("session, login", promises=["P20"], attacks=4 * len(planted) + len(hashes), accepted=accepted,
               owner_locked_out=0, outbound=0, control=opens(app, victim.cookie))  # fmt: skip
    assert accepted == 0


def test_guessing_from_one_source_and_from_many_never_locks_the_owner_out(
    app: Flask, clock, make_account: MakeAccount, sari: Account, outbound: list[str], figures_of: Figures
):
    """The rival knows the address and tries a list of words; the owner signs in and out all the while."""
    began = time.monotonic()
    make_account("rival")
    owner = Browser(app, REMOTE_ADDR="192.0.2.9")
    assert owner.sign_in(sari.email).status_code == 303
    _signs_out(owner)
    guesses = accepted = read = refused = locked_out = 0

    def guess(source: str, email: str = sari.email, password: str = "kata sandi yang salah") -> int:
        nonlocal guesses, read, accepted
        status = Browser(app, REMOTE_ADDR=source).sign_in(email, password).status_code
        guesses += 1
        read += status == 422
        accepted += status == 303
        return status

    def owner_comes() -> None:
        nonlocal locked_out
        locked_out += owner.sign_in(sari.email).status_code != 303
        _signs_out(owner)

    for number in range(24):  # one source, one account; once it is closed, the right word does not help it either
        guess("198.51.100.1")
        if number % 6 == 5:
            owner_comes()
    refused += guess("198.51.100.1", password=PASSWORD) == 429
    for number in range(20):  # one source, many accounts; one network of IPv6 is one source
        guess(f"2001:db8:0:1::{number}", f"nihil-{number}@contoh.test")
    refused += guess("2001:db8:0:1::ffff") == 429
    owner_comes()
    for number in range(105):  # many sources, one account, nobody else in between
        guess(f"203.0.113.{number}")
    refused += guess("203.0.113.250", password=PASSWORD) == 429
    owner_comes()
    assert Browser(app, REMOTE_ADDR="192.0.2.44").sign_in("rival@contoh.test").status_code == 303  # others are not hit
    # A device that is known for one account is none for another, and a forged one is none at all.
    forged = Browser(app, REMOTE_ADDR="198.51.100.1")
    forged.client.set_cookie("device", "v1." + "A" * 60, domain="localhost")
    refused += forged.sign_in(sari.email).status_code == 429
    # The control: without the cookie of its device the owner would wait like anybody else at that place.
    control = Browser(app, REMOTE_ADDR="198.51.100.1").sign_in(sari.email).status_code == 429
    figures_of("session, login", promises=["P21"], attacks=guesses, accepted=accepted, owner_locked_out=locked_out,
               outbound=len(outbound), passwords_read=read, seconds=round(time.monotonic() - began, 1),
               control=control)  # fmt: skip
    assert (accepted, locked_out, outbound) == (0, 0, [])
    assert refused == 4
    assert read <= 15 + 15 + 100  # per source, per source, per account
    assert control


RIVALS = [
    "rival.example", "rival.example:80", "localhost.rival.example", "localhost@rival.example", "[::1]", "127.0.0.1",
    "localhost:80@rival.example", "rival.example#localhost", "rival.example/localhost", "", " ",
    "localhost,rival.example", "LOCALHOST.", "xn--lcalhost-9jb", "localhost\trival.example", "rival.example?localhost",
]  # fmt: skip
FORWARDED = [
    {"X-Forwarded-Host": "rival.example"}, {"X-Forwarded-Proto": "https"}, {"X-Forwarded-Port": "666"},
    {"X-Forwarded-For": "203.0.113.9"}, {"X-Forwarded-Prefix": "/rival.example"}, {"X-Real-IP": "203.0.113.9"},
    {"Forwarded": "for=203.0.113.9;host=rival.example;proto=https"}, {"X-Original-URL": "/system"},
    {"X-Rewrite-URL": "/system"}, {"X-Host": "rival.example"}, {"X-Forwarded-Server": "rival.example"},
    {"X-HTTP-Host-Override": "rival.example"}, {"X-Original-Host": "rival.example"}, {"Via": "1.1 rival.example"},
]  # fmt: skip
PAGES = ["/", "/home", "/sign-in", "/cycles", "/nowhere", "/sign-in/again", "/verify", "/data", "/healthz"]


def seen(visitor: Browser, address: str, headers: dict[str, str]) -> tuple[int, str, str]:
    """Status, place and text of an answer, without what is drawn for each."""
    answer = visitor.get(address, headers=headers)
    text = answer.get_data(as_text=True)
    for drawn in ('name="csrf_token" value="', 'name="idempotency_key" value="'):
        while drawn in text:
            before, _, rest = text.partition(drawn)
            text = before + rest.partition('"')[2]
    return answer.status_code, answer.headers.get("Location", ""), text


def test_no_name_of_a_host_and_no_word_of_a_proxy_steers_an_answer(app: Flask, sari, outbound, figures_of: Figures):
    attacks = accepted = 0
    for address in PAGES:
        for host in RIVALS:
            answer = Browser(app, HTTP_HOST=host).get(address)
            attacks += 1
            said = answer.get_data(as_text=True) + str(answer.headers)
            accepted += answer.status_code != 400 or "rival" in said or "Set-Cookie" in answer.headers
        plain = seen(Browser(app), address, {})
        plain = plain if address != "/nowhere" else plain[:2]  # a refusal carries a number of its own
        for headers in FORWARDED:
            attacks += 1
            told = seen(Browser(app), address, headers)
            accepted += told[: len(plain)] != plain
    control = Browser(app, HTTP_HOST="localhost").get("/").status_code == 200
    figures_of("session, login", promises=["P24"], attacks=attacks, accepted=accepted, owner_locked_out=0,
               outbound=len(outbound), control=control)  # fmt: skip
    assert (accepted, outbound) == (0, [])
    assert control


def test_behind_one_proxy_only_its_own_word_counts(make_app, make_account: MakeAccount, figures_of: Figures):
    """What a client writes to the left of it neither hides its source nor makes another wait."""
    app = make_app(proxy_hops=1)
    with app.app_context():
        make_account("sari")
        rivals = [Browser(app, HTTP_X_FORWARDED_FOR=f"203.0.113.{no}, 198.51.100.7") for no in range(12)]
        statuses = [rival.sign_in("sari@contoh.test", "salah sekali ini").status_code for rival in rivals]
        owner = Browser(app, HTTP_X_FORWARDED_FOR="203.0.113.1").sign_in("sari@contoh.test").status_code
        host = Browser(app, HTTP_X_FORWARDED_HOST="rival.example").get("/sign-in").status_code
    accepted = statuses[10:].count(422) + (host != 400)
    figures_of("session, login", promises=["P21", "P24"], attacks=13, accepted=accepted,
               owner_locked_out=int(owner != 303), outbound=0, control=422 in statuses)  # fmt: skip
    assert statuses == [422] * 10 + [429] * 2
    assert (owner, host) == (303, 400)


_PIECES = st.sampled_from([
    "/", "//", "\\", "/\\", "rival.example", "@", ":", "http:", "https://", "javascript:", "%2f", "%5c", "..", "\t",
    "\n", "\r", " ", "?", "#", "home", "%00", "data:", "\u3002", "\uff0f", "localhost",
])  # fmt: skip
WISHES = st.one_of(st.lists(_PIECES, min_size=1, max_size=7).map("".join), st.text(max_size=40))


def leads_away(place: str) -> bool:
    """Whether a browser at our address would leave it when it is sent to `place`."""
    cleaned = "".join(sign for sign in place if sign not in "\t\r\n").strip().replace("\\", "/")
    return urlsplit(urljoin(HERE + "/sign-in", cleaned)).netloc not in {"", "localhost"} or not urljoin(
        HERE, cleaned
    ).startswith("http")


@pytest.mark.parametrize("examples", [60, pytest.param(2_000, marks=pytest.mark.slow)])
def test_no_wish_in_an_address_leads_elsewhere(
    app: Flask, sari: Account, outbound: list[str], figures_of: Figures, examples: int
):
    browser = Browser(app)
    browser.sign_in(sari.email)
    visitor = Browser(app)
    counted = {"attacks": 0, "accepted": 0}

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    @given(WISHES)
    def wish(text: str) -> None:
        for answer in (
            browser.get("/sign-in", query_string={"next": text}),
            visitor.client.post("/language", data={"lang": "en", "next": text}, environ_overrides=visitor.environ),
        ):  # fmt: skip
            counted["attacks"] += 1
            assert answer.status_code in {303, 400, 422}
            counted["accepted"] += leads_away(answer.headers.get("Location", "/"))

    wish()
    for path in (
        "//rival.example", "//rival.example/%2e%2e", "/%5crival.example", "/home//rival.example", "///rival.example/",
        "/home/", "/cycles/", "/.//rival.example",
    ):  # fmt: skip
        answer = browser.client.get(path, environ_overrides={"PATH_INFO": path})
        counted["attacks"] += 1
        counted["accepted"] += leads_away(answer.headers.get("Location", "/"))
    control = leads_away("//rival.example") and leads_away("/\\rival.example") and not leads_away("/home")
    figures_of(
        "session, login", promises=["P24"], **counted, owner_locked_out=0, outbound=len(outbound), control=control
    )
    assert counted["accepted"] == 0
    assert outbound == []
    assert control
