"""Invitations and links: for one address and one thing, once, for a time; opening one changes nothing."""

import re

import pytest
from sqlalchemy import select, update

from paritrana.accounts.models import Account, RoleGrant
from paritrana.database import db
from paritrana.people.models import AccountLink, Invitation
from tests.accounts.conftest import Browser
from tests.people.conftest import NEW_PASSWORD, House

NEW = "baru@contoh.test"
FIRST = {"name": "Nomine Baru", "password": NEW_PASSWORD}


def invited(house: House, email: str = NEW, **fields: str) -> str:
    """A nominee's invitation by the organiser, mailed; gives the path of its link."""
    organiser = house.browser("organiser-1")
    wish = {"organisation": "Pemerintah Kabupaten Contoh 5", "email": email, **fields}
    answer = house.send(organiser, "/manage/contoh-2025/people", wish)
    assert answer.status_code == 303, answer.get_data(as_text=True)
    house.work()
    return house.link_to(email)


def opened(house: House, path: str, browser: Browser | None = None) -> Browser:
    """A browser that opened a link; the token left its address at once."""
    browser = browser or house.browser()
    answer = browser.get(path)
    assert answer.status_code == 303
    token = path.rsplit("/", 1)[1]
    assert token not in answer.headers["Location"]
    return browser


def place_of(path: str) -> str:
    return path.rsplit("/", 1)[0]


# Invitations ----------------------------------------------------------------------------------------------------------


def test_an_invitation_becomes_an_account_with_its_role_once(house: House) -> None:
    path = invited(house)
    browser = opened(house, path)
    page = browser.get("/invitations").get_data(as_text=True)
    assert NEW in page
    assert "Pemerintah Kabupaten Contoh 5" in page
    assert browser.post("/invitations", FIRST, page="/invitations").status_code == 200
    assert house.browser().sign_in(NEW, NEW_PASSWORD).status_code == 303
    again = opened(house, path)
    assert again.get("/invitations").status_code == 410
    assert again.post("/invitations", FIRST, page="/sign-in").status_code == 410
    roles = select(RoleGrant.role).join(Account, Account.id == RoleGrant.account_id).where(Account.email == NEW)
    assert house.read(roles) == ["nominee"]
    assert house.events("invitation.sent", "invitation.used") == ["invitation.sent", "invitation.used"]


def test_opening_a_link_changes_nothing(house: House) -> None:
    path = invited(house)
    for _again in range(3):
        assert opened(house, path).get("/invitations").status_code == 200
    assert house.read(select(Invitation.state)) == ["open"]
    assert house.read(select(Account.id).where(Account.email == NEW)) == []


def test_the_token_stands_in_no_table_and_no_page(house: House) -> None:
    path = invited(house)
    token = path.rsplit("/", 1)[1]
    page = opened(house, path).get("/invitations").get_data(as_text=True)
    assert token not in page
    with house.app.app_context():
        dump = repr([db.session.execute(table.select()).all() for table in db.metadata.sorted_tables])
        db.session.remove()
    assert token.rsplit(".", 1)[1] not in dump


@pytest.mark.parametrize(("days", "status"), [(6.99, 200), (7, 410)])
def test_an_invitation_is_good_for_seven_days(house: House, days: float, status: int) -> None:
    path = invited(house)
    house.later(days=days)
    assert opened(house, path).get("/invitations").status_code == status


def test_a_newer_invitation_ends_the_older_one_and_taking_back_ends_both(house: House) -> None:
    first = invited(house)
    second = invited(house)
    assert opened(house, first).get("/invitations").status_code == 410
    assert opened(house, second).get("/invitations").status_code == 200
    ref = re.search(r"I-[0-9A-Z]{4}-[0-9A-Z]{4}", second)
    assert ref is not None
    organiser = house.browser("organiser-1")
    there = f"/manage/contoh-2025/people/{ref[0]}/withdraw"
    assert house.send(organiser, there, page="/manage/contoh-2025/people").status_code == 303
    assert opened(house, second).get("/invitations").status_code == 410


@pytest.mark.parametrize(
    "change",
    [{"email": "lain@contoh.test"}, {"role": "administrator", "organisation_id": None}, {"organisation_id": 1}],
    ids=["address", "role", "organisation"],
)
def test_a_link_is_bound_to_address_role_and_organisation(house: House, change: dict[str, object]) -> None:
    path = invited(house)
    with house.app.app_context():
        db.session.execute(update(Invitation).values(**change))
        db.session.commit()
        db.session.remove()
    assert opened(house, path).get("/invitations").status_code == 410


def test_every_bad_link_gets_one_and_the_same_answer(house: House) -> None:
    path = invited(house)
    ref = path.rsplit("/", 1)[1].partition(".")[0]
    answers = set()
    for token in (
        f"{ref}.{'A' * 43}",
        f"I-0000-0000.{'A' * 43}",
        "x",
        f"{ref}.short",
        path.rsplit("/", 1)[1][:-1],
        "a" * 3000,
    ):
        answer = opened(house, f"/invitations/{token}").get("/invitations")
        answers.add((answer.status_code, answer.get_data()))
    assert len(answers) == 1
    assert answers.pop()[0] == 410


def test_who_has_an_account_signs_in_and_accepts(house: House) -> None:
    path = invited(house, "nominee-2@contoh.test")
    stranger = opened(house, path)
    assert "/sign-in?next=/invitations" in stranger.get("/invitations").get_data(as_text=True)
    assert stranger.post("/invitations", page="/invitations").status_code in {400, 422}
    other = opened(house, path, house.browser("nominee-3"))
    assert other.post("/invitations", page="/invitations").status_code == 422
    owner = opened(house, path, house.browser("nominee-2"))
    assert owner.post("/invitations", page="/invitations").status_code == 200
    mine = select(RoleGrant.id).join(RoleGrant.account).where(Account.email == "nominee-2@contoh.test")
    assert len(house.read(mine)) == 2


def test_an_officer_cannot_become_a_nominee_by_invitation(house: House) -> None:
    path = invited(house, "verifier-1@contoh.test")
    owner = opened(house, path, house.browser("verifier-1"))
    answer = owner.post("/invitations", page="/invitations")
    assert (answer.status_code, house.read(select(Invitation.state))) == (409, ["open"])


def test_a_weak_password_or_no_name_is_said_and_the_invitation_stays(house: House) -> None:
    browser = opened(house, invited(house))
    for fields, said in (
        ({**FIRST, "password": "pendek"}, "15"), ({**FIRST, "password": "nomine baru 2026"}, "mudah ditebak"),
        ({**FIRST, "name": " "}, "Isi"),
    ):  # fmt: skip
        answer = browser.post("/invitations", fields, page="/invitations")
        assert answer.status_code == 422
        assert said in answer.get_data(as_text=True)
    assert browser.post("/invitations", FIRST, page="/invitations").status_code == 200


def test_an_address_gets_at_most_five_invitations_an_hour(house: House) -> None:
    organiser = house.browser("organiser-1")
    answers = [
        house.send(
            organiser, "/manage/contoh-2025/people", {"organisation": f"Pemerintah Kabupaten Contoh {no}", "email": NEW}
        ).status_code
        for no in range(1, 8)
    ]
    assert answers == [303] * 5 + [429] * 2
    house.work()
    assert len(house.letters_to(NEW)) == 5
    house.later(minutes=61)
    answer = house.send(
        house.browser("organiser-1"), "/manage/contoh-2025/people",
        {"organisation": "Pemerintah Kabupaten Contoh 9", "email": NEW},
    )  # fmt: skip
    assert answer.status_code == 303


# Forgotten passwords --------------------------------------------------------------------------------------------------


def reset(house: House, email: str) -> str:
    """A wish for a new password, answered by the worker; gives the path of the link."""
    assert house.browser().post("/password/reset", {"email": email}, page="/password/reset").status_code == 200
    house.work()
    return house.link_to(email)


def test_a_forgotten_password_is_set_by_link_once_and_ends_every_session(house: House) -> None:
    path = reset(house, "nominee-1@contoh.test")
    before = house.browser("nominee-1")
    browser = opened(house, path)
    assert browser.get("/password/new").status_code == 200
    assert before.signed_in
    assert browser.post("/password/new", {"password": NEW_PASSWORD}, page="/password/new").status_code == 200
    assert not before.signed_in
    assert house.browser().sign_in("nominee-1@contoh.test", NEW_PASSWORD).status_code == 303
    assert opened(house, path).post("/password/new", {"password": NEW_PASSWORD}, page="/sign-in").status_code == 410
    house.work()
    assert "Kata sandi akun Anda" in house.letters_to("nominee-1@contoh.test")[-1]


@pytest.mark.parametrize(("minutes", "status"), [(29.9, 200), (30, 410)])
def test_a_link_for_a_password_is_good_for_half_an_hour(house: House, minutes: float, status: int) -> None:
    path = reset(house, "nominee-1@contoh.test")
    house.later(minutes=minutes)
    assert opened(house, path).get("/password/new").status_code == status


def test_a_newer_link_kills_the_older_one_and_a_changed_password_kills_all(house: House) -> None:
    first = reset(house, "nominee-1@contoh.test")
    second = reset(house, "nominee-1@contoh.test")
    assert opened(house, first).get("/password/new").status_code == 410
    browser = opened(house, second)
    with house.app.app_context():
        db.session.execute(update(Account).where(Account.email == "nominee-1@contoh.test").values(password="another"))
        db.session.commit()
        db.session.remove()
    assert browser.get("/password/new").status_code == 410


def test_an_officer_gets_no_link_from_the_page_but_a_word_whom_to_ask(house: House) -> None:
    house.browser().post("/password/reset", {"email": "organiser-1@contoh.test"}, page="/password/reset")
    house.work()
    (letter,) = house.letters_to("organiser-1@contoh.test")
    assert "administrator" in letter
    assert "/password/new" not in letter
    assert house.read(select(AccountLink.id)) == []


def test_an_account_gets_at_most_five_links_an_hour(house: House) -> None:
    for _again in range(7):
        house.browser().post("/password/reset", {"email": "nominee-1@contoh.test"}, page="/password/reset")
        house.work()
    assert len(house.letters_to("nominee-1@contoh.test")) == 5


def test_a_source_asks_for_fifteen_addresses_an_hour_and_waits_then(house: House) -> None:
    browser = house.browser()
    answers = [
        browser.post("/password/reset", {"email": f"x{no}@contoh.test"}, page="/password/reset") for no in range(16)
    ]
    assert [answer.status_code for answer in answers] == [200] * 15 + [429]
    assert int(answers[-1].headers["Retry-After"]) > 3000
    assert house.browser().sign_in("nominee-1@contoh.test", "wrong" * 4).status_code == 422, "signing in counts apart"


def test_a_closed_account_gets_no_link(house: House) -> None:
    path = reset(house, "nominee-1@contoh.test")
    with house.app.app_context():
        db.session.execute(update(Account).where(Account.email == "nominee-1@contoh.test").values(active=False))
        db.session.commit()
        db.session.remove()
    assert opened(house, path).get("/password/new").status_code == 410
    house.browser().post("/password/reset", {"email": "nominee-1@contoh.test"}, page="/password/reset")
    house.work()
    assert len(house.letters_to("nominee-1@contoh.test")) == 1


# The own address ------------------------------------------------------------------------------------------------------


def test_a_new_address_counts_once_its_link_was_confirmed_and_both_addresses_hear_of_it(house: House) -> None:
    owner = house.browser("nominee-1")
    assert house.send(owner, "/profile/email", {"email": NEW}).status_code == 200
    house.work()
    assert len(house.letters_to("nominee-1@contoh.test")) == 1
    browser = opened(house, house.link_to(NEW))
    assert house.read(select(Account.id).where(Account.email == NEW)) == []
    assert browser.get("/email/confirm").status_code == 200
    assert browser.post("/email/confirm", page="/email/confirm").status_code == 200
    assert len(house.read(select(Account.id).where(Account.email == NEW))) == 1
    assert not owner.signed_in
    house.work()
    assert len(house.letters_to("nominee-1@contoh.test")) == 2
    assert len(house.letters_to(NEW)) == 2
    assert browser.post("/email/confirm", page="/sign-in").status_code == 410


def test_an_address_that_is_taken_is_refused_to_its_owner_alone(house: House) -> None:
    owner = house.browser("nominee-1")
    taken, free = (
        house.send(owner, "/profile/email", {"email": email}).status_code
        for email in ("nominee-2@contoh.test", "frei@contoh.test")
    )
    assert taken == free == 200
    owner = house.browser("nominee-1")
    assert house.send(owner, "/profile/email", {"email": "nominee-2@contoh.test"}).status_code == 200
    house.work()
    browser = opened(house, house.link_to("nominee-2@contoh.test"))
    assert browser.post("/email/confirm", page="/email/confirm").status_code == 409
    assert house.send(owner, "/profile/email", {"email": "no address"}).status_code == 422
    assert house.send(owner, "/profile/email", {"email": ""}).status_code == 422
