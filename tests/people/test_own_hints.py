"""The owner of an account sees on the own page that several people may use it, and ends what is not the own."""

from paritrana.people.profile import OWN_HINTS
from tests.accounts.conftest import Browser
from tests.factories import PASSWORD
from tests.people.conftest import House

QUESTION = "Is somebody else using your account?"


def signed_in(house: House, no: int) -> Browser:
    browser = Browser(house.app, REMOTE_ADDR=f"10.{no}.0.1", HTTP_USER_AGENT=f"Firefox/{no}")
    assert browser.sign_in("chair@contoh.test", PASSWORD).status_code == 303
    return browser


def own_page(browser: Browser) -> str:
    answer = browser.get("/profile/sessions", query_string={"lang": "en"})
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def test_an_owner_reads_that_the_account_is_used_far_apart_and_ends_it(house: House) -> None:
    first = signed_in(house, 0)
    assert QUESTION not in own_page(first)
    others = [signed_in(house, no) for no in range(1, 4)]
    page = own_page(first)
    assert page.count(QUESTION) == 1
    for message in OWN_HINTS.values():
        assert message % {"n": 4} in page
    assert QUESTION not in own_page(house.browser("assessor-3")), "another account's sessions are no hint"
    assert first.post("/profile/sessions/others/end", page="/profile/sessions").status_code == 303
    assert not any(browser.signed_in for browser in others)
    assert QUESTION not in own_page(first)


def test_a_title_names_an_account_by_its_reference(house: House) -> None:
    """Titles stand in tabs and histories: the administrator's page of a person has no name there."""
    admin = house.browser("administrator")
    there = admin.get("/system/users").get_data(as_text=True).partition('href="/system/users/U-')[2].partition('"')[0]
    page = admin.get(f"/system/users/U-{there}").get_data(as_text=True)
    assert page.partition("<title>")[2].startswith(f"U-{there} ·")
