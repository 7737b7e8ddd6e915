"""From the first invitation to a submitted sheet, with an app of codes and with a passkey of the browser itself."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from paritrana.accounts.queries import find_account
from paritrana.audit import service as audit
from paritrana.clock import SetClock
from paritrana.database import db
from paritrana.panels import service as panels
from paritrana.panels.models import Seat
from paritrana.people import tokens
from paritrana.people.service import Wish, invite
from tests import factories
from tests.accounts.authenticators import App
from tests.factories import NOW, SYSTEM, World
from tests.interviews.stages import held, planned, shortlisted
from tests.journeys.conftest import Site, still_whole
from tests.journeys.passage import sign_declaration
from tests.journeys.test_whole_year import JUDGED
from tests.journeys.walker import Walker, world_again

if TYPE_CHECKING:
    from flask import Flask

EMAIL, PASSWORD = "juri.baru@contoh.test", "gajah biru minum teh di gunung"
Walk = Callable[..., Walker]


@pytest.fixture
def site(make_app: "Callable[..., Flask]") -> Iterator[Site]:
    """The application as it is outside a demonstration, under a name: browsers make passkeys for no bare address."""
    site = Site(make_app, "localhost", demo=False, second_factor="officers")
    yield site
    site.stop()
    still_whole(site)


def invited(site: Site, here: World, clock: SetClock) -> str:
    """The address in the message that invites a new officer."""
    wish = Wish(EMAIL, "verifier", "Juri Baru", cycle_id=here.cycle.id, staff_number="T-99")
    invitation = invite(wish, actor=here.actor("organiser-1"), at=clock.now())
    db.session.commit()
    return f"/invitations/{tokens.token_of_invitation(site.app.extensions['settings'].secret_key, invitation)}"


def seated(here: World) -> None:
    """The new officer gets a seat of the panel, as the service tells it."""
    account = find_account(EMAIL)
    assert account is not None
    seat = Seat(
        category_id=here.category.id, account_id=account.id, code="J20", decree_number="SK 2/2026", role="member",
        seated_at=NOW, constituency="Contoh", version=1,
    )  # fmt: skip
    db.session.add(seat)
    audit.record(
        audit.judging(here.cycle.code), "seat.given", SYSTEM, at=NOW, account=account.ref,
        object_ref=f"{here.cycle.code}/{here.category.slug}/{seat.code}", **panels.told(seat),
    )  # fmt: skip
    db.session.commit()


def accept(judge: Walker, link: str) -> None:
    """Open the link of the message and make the account."""
    judge.page.goto(link)
    expect(judge.page).to_have_url(re.compile("/invitations$"))  # the token has left the address bar
    judge.main.locator("#password").fill(PASSWORD)
    judge.press("Make the account")


def type_password(judge: Walker) -> None:
    """The first step of the sign-in."""
    judge.page.goto("/sign-in")
    judge.fill("E-mail address", EMAIL).fill("Password", PASSWORD)
    judge.main.get_by_role("button", name=judge.word("Sign in"), exact=True).click()
    expect(judge.page).to_have_url(re.compile("/sign-in/second-factor$"))


def score(judge: Walker, address: str) -> None:
    """Mark a candidate and submit the sheet."""
    judge.go(address)
    sign_declaration(judge)
    for code in JUDGED:
        judge.main.locator(f"#{code}-value").fill("7,5")
        judge.main.locator(f"#{code}-value").blur()
        expect(judge.main.locator(f"#{code}-echo")).to_contain_text("7,50", timeout=20_000)
    judge.follow("Check and submit")
    judge.main.locator("input[name=statement]").check()
    judge.press("Submit and lock").reads("Receipt").look("sheet-receipt-first")


@pytest.mark.parametrize("way", ["app", "passkey"])
def test_from_the_first_invitation_to_a_submitted_sheet(site: Site, clock: SetClock, walker: Walk, way: str) -> None:
    with site.app.app_context():
        here = factories.world()
        link = invited(site, here, clock)
    judge = walker()
    accept(judge, link)
    with site.app.app_context():
        here = world_again(NOW)
        seated(here)
        candidates = shortlisted(here, clock)
        for session in planned(here, candidates):
            held(here, session, close=False)
        clock.set(here.now + timedelta(days=22))
        address = f"/assessments/{candidates[0].ref}/sheet"
    type_password(judge)
    judge.go("/assessments")  # nothing opens between the two steps
    expect(judge.page).to_have_url(re.compile("/sign-in\\?next="))
    judge.go("/sign-in/second-factor").look("second-factor-set-up")
    if way == "app":
        phone = App(judge.main.locator(".p-secret").inner_text())
        judge.fill("Code that the app shows", phone.code(clock.now())).press("Set up and sign in")
    else:
        device = judge.page.context.new_cdp_session(judge.page)
        device.send("WebAuthn.enable")
        device.send("WebAuthn.addVirtualAuthenticator", {"options": {
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
            "isUserVerified": True, "automaticPresenceSimulation": True,
        }})  # fmt: skip
        judge.press("Make a passkey")
    judge.reads("Your recovery codes").look(f"recovery-codes-{way}")
    codes = judge.main.locator(".p-codes code").all_inner_texts()
    assert len(set(codes)) == 10
    judge.follow("I kept the codes: continue")
    expect(judge.page).to_have_url(re.compile("/home$"))

    judge.page.get_by_role("button", name=judge.word("Sign out")).click()
    clock.advance(minutes=1)
    type_password(judge)
    judge.look(f"second-factor-{way}")
    if way == "app":
        judge.main.locator("#code").fill(phone.code(clock.now()))
        judge.press("Sign in with the code")
    else:
        judge.press("Use a passkey")
    expect(judge.page).to_have_url(re.compile("/home$"))

    clock.advance(minutes=11)  # what signs in is changed after a fresh sign-in only
    judge.go("/profile").look(f"profile-{way}").follow("Change the password")
    expect(judge.page).to_have_url(re.compile("/sign-in/again"))
    judge.look(f"sign-in-again-{way}")
    if way == "app":
        judge.fill("Password", PASSWORD).press("Confirm and continue")
    else:
        judge.press("Use a passkey instead")
    expect(judge.page).to_have_url(re.compile("/profile/password$"))
    judge.look(f"profile-password-{way}").go("/profile/sessions").look(f"profile-sessions-{way}")
    judge.go("/profile/second-factors/app").look(f"profile-app-{way}")
    judge.go("/profile").main.get_by_role("link", name=judge.like("Rename or remove")).first.click()
    judge.look(f"profile-factor-{way}").go("/profile/second-factors/passkey").look(f"profile-passkey-{way}")
    score(judge, address)
