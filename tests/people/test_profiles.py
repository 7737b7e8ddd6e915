"""Two profiles of passwords: long ones, or long ones with classes and a last day. The switch is told."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from sqlalchemy import select

from paritrana.accounts.passwords import PasswordClasses, PasswordCommon, check_password, is_over
from paritrana.audit.models import Event
from paritrana.clock import SetClock
from paritrana.people.tasks import profile_told
from tests.accounts.conftest import Browser
from tests.factories import NOW, PASSWORD
from tests.outbox.letterbox import letterbox
from tests.people.conftest import House

GOOD = "Gajah Biru minum 7 gelas teh"


@pytest.fixture
def strict(make_app: Callable[..., Flask]) -> Iterator[House]:
    """An installation under the profile `bssn`."""
    with letterbox() as (box, port):
        app = make_app(
            mail_server="127.0.0.1", mail_port=port, mail_security="none", mail_from="kantor@contoh.test",
            base_url="http://localhost", password_profile="bssn", password_days=30,
        )  # fmt: skip
        clock = SetClock(NOW)
        app.extensions["clock"] = clock
        yield House(app, box, clock)


@pytest.mark.parametrize("password", ["gajah biru minum teh di gunung", "GAJAH BIRU MINUM 7 TEH", "GajahBiruMinum7Teh"])
def test_classes_are_asked_for_by_one_profile_alone(password: str) -> None:
    check_password(password)
    with pytest.raises(PasswordClasses):
        check_password(password, (), "bssn")
    check_password(GOOD, (), "bssn")
    with pytest.raises(PasswordCommon):
        check_password("Password 1234567890!", (), "bssn")


def test_a_password_has_a_last_day_under_one_profile_alone() -> None:
    for days, over in ((30, False), (30.001, True)):
        at = SetClock(NOW).advance(days=days)
        assert is_over(NOW, days=30, profile="bssn", at=at) is over
        assert not is_over(NOW, days=30, profile="nist", at=at)
    assert is_over(None, days=30, profile="bssn", at=NOW), "nobody knows since when it is in use"


def test_whoever_signs_in_after_the_last_day_sets_another_password_first(strict: House) -> None:
    browser = Browser(strict.app)
    assert browser.sign_in("nominee-1@contoh.test", PASSWORD).status_code == 303
    for page in ("/home", "/nominations", "/profile/email"):
        assert browser.get(page).headers["Location"] == "/profile/password"
    refused = browser.post("/home/calendar", page="/profile/password")
    assert refused.status_code == 403
    form = {"password": PASSWORD, "new_password": GOOD, "again_password": GOOD}
    same = {**form, "new_password": PASSWORD, "again_password": PASSWORD}
    assert browser.post("/profile/password", same, page="/profile/password").status_code == 422
    assert browser.post("/profile/password", form, page="/profile/password").status_code == 303
    assert browser.get("/home").status_code == 200
    strict.later(days=31)
    later = Browser(strict.app)
    later.sign_in("nominee-1@contoh.test", GOOD)
    assert later.get("/home").headers["Location"] == "/profile/password"
    assert later.get("/verify").status_code == 303


def test_the_switch_of_the_profile_is_an_event_once(strict: House) -> None:
    for _again in (1, 2):
        strict.work()
    kinds = strict.read(select(Event.kind).where(Event.object_ref == "password_profile"))
    assert kinds == ["configuration.changed"]
    with strict.app.app_context():
        assert profile_told() == "bssn"
        kind = strict.app.extensions["jobs"].find("look_after_people")
        assert not kind.wanted(strict.clock.now())
