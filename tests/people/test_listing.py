"""Nobody learns from an answer or its time whether an address has an account."""

import re
import statistics
import time

from sqlalchemy import event, select

from paritrana.database import db
from paritrana.people.models import ResetWish
from tests.accounts.conftest import Browser
from tests.factories import PASSWORD
from tests.people.conftest import House

WRONG = "a wrong pass phrase of many words"
ROUNDS = 12  # of each kind; the release measures two thousand


def plain(page: str, email: str) -> str:
    """A page without what is its own: tokens, keys and the address that was typed."""
    page = re.sub(r'(name="(?:csrf_token|idempotency_key)" value=)"[^"]*"', r"\1", page)
    return page.replace(email, "…")


def asked(house: House, path: str, email: str, source: str, password: str = WRONG) -> tuple[int, str, float]:
    """Status, page and seconds of one try with an address, each from a network of its own."""
    browser = Browser(house.app, REMOTE_ADDR=source)
    token = browser.token(path)
    fields = {"csrf_token": token, "email": email}
    if path == "/sign-in":
        fields["password"] = password
    begun = time.perf_counter()
    answer = browser.client.post(path, data=fields, environ_overrides=browser.environ)
    return answer.status_code, plain(answer.get_data(as_text=True), email), time.perf_counter() - begun


def test_known_and_unknown_addresses_are_answered_alike(house: House, figures_of) -> None:
    begun, bytes_apart, ratios, tries = time.perf_counter(), 0, [], 0
    for path in ("/sign-in", "/password/reset"):
        times: dict[bool, list[float]] = {True: [], False: []}
        pages = set()
        for no in range(ROUNDS):
            for known in (True, False):
                email = f"{'nominee-1' if known else 'nobody-1x'}@contoh.test"
                status, page, seconds = asked(house, path, email, f"10.{no}.{int(known)}.1")
                pages.add((status, page))
                times[known].append(seconds)
                tries += 1
        bytes_apart += len(pages) - 1
        ratios.append(statistics.median(times[True]) / statistics.median(times[False]))
    right = asked(house, "/sign-in", "nominee-1@contoh.test", "10.99.0.1", PASSWORD)
    control = right[:2] not in pages | {(422, "")} and right[0] == 303  # an answer that tells is told apart
    figures_of(
        "login", promises=["P21", "P35"], pages=2, tries=tries, answers_that_differ=bytes_apart,
        slowest_ratio=f"{max(ratios):.2f}", seed=0, seconds=round(time.perf_counter() - begun, 1), control=control,
    )  # fmt: skip
    assert control
    assert bytes_apart == 0
    assert all(0.5 < ratio < 2 for ratio in ratios), ratios


def test_the_page_for_a_forgotten_password_never_looks_at_accounts(house: House) -> None:
    seen = {}
    for email in ("nominee-1@contoh.test", "nobody-1x@contoh.test"):
        browser = house.browser()
        browser.token("/password/reset")
        told: list[str] = []
        with house.app.app_context():
            engine = db.engine

        def hear(_connection, _cursor, statement, *_rest, told=told) -> None:
            told.append(" ".join(statement.split()))

        event.listen(engine, "before_cursor_execute", hear)
        assert browser.post("/password/reset", {"email": email}, page="/password/reset").status_code == 200
        event.remove(engine, "before_cursor_execute", hear)
        seen[email] = told
    one, other = seen.values()
    assert one == other
    assert any("INSERT INTO reset_wish" in statement for statement in one)
    assert not any("FROM account" in statement for statement in one if "sign_in_session" not in statement)
    assert len(house.read(select(ResetWish.id))) == 2
