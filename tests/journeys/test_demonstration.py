"""The five-minute tour of the README, walked in the demonstration as `make demo` fills it."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from playwright.sync_api import expect

from paritrana.accounts.cast import read_cast
from paritrana.clock import SetClock
from paritrana.config import data_folder
from paritrana.core.bundle import compare, parse
from paritrana.seeding.cli import load
from tests.journeys.conftest import Site
from tests.journeys.walker import Walker, acknowledge_warnings

Person = Callable[[str], Walker]


@pytest.fixture
def person(site: Site, walker: Callable[..., Walker], clock: SetClock) -> Person:
    """A function that signs one of the cast in, on a demonstration that was just filled."""
    settings = site.app.extensions["settings"]

    def fill() -> None:
        with site.app.app_context():
            load(data_folder("seed"), clock.now(), settings, demo=True)

    # In a thread of its own: the browser's loop runs in this one, and what signs papers starts another.
    with ThreadPoolExecutor(1) as apart:
        apart.submit(fill).result()
    passwords = {one["email"]: one["password"] for one in read_cast(settings.instance_path)}

    def enter(name: str) -> Walker:
        email = f"{name}@demo.test"
        return walker().sign_in(email, passwords[email])

    return enter


@pytest.mark.slow
@pytest.mark.timeout(420)
def test_the_tour_of_the_readme_can_be_walked(person: Person, walker: Callable[..., Walker]) -> None:
    nominee = person("pengusul-1").follow("Nominate %(name)s", name="Kabupaten Trenggalek").press("Open the draft")
    nominee.main.get_by_role("link", name="C1 Cakupan (UCJ) terhadap target").click()
    nominee.page.locator("[name=pu-participants]").fill("40000")
    nominee.page.locator("[name=pu-target]").fill("90000")
    expect(nominee.page.locator("[data-arithmetic-panel]")).to_contain_text("44,44%")
    organiser = person("panitia-1")
    organiser.main.locator("#cycles").get_by_role("link", name=re.compile("Jawa Timur")).click()
    for _ in range(2):
        organiser.press("Move the clock past the next deadline")
    expect(organiser.main.locator("#kabkota .p-chip").first).to_contain_text(organiser.word("Verification"))
    verifier = person("verifikator-1")
    verifier.main.locator(".p-task a").first.click()
    verifier.press("Take the next one")
    verifier.main.locator("input[name=conflict][value=no]").check()
    verifier.press("Sign the declaration").follow("Go to the first open item").look("demo-item")
    assessor = person("asesor-9").follow("Score %(name)s", name="Kota Denpasar")
    for leaf in assessor.main.locator("form[data-leaf]").all():
        value = leaf.locator("[name=value]")
        if not value.input_value() and not leaf.locator("[name=abstain]").is_checked():
            value.fill("7,5")
            value.blur()
            expect(leaf.locator("[data-echo]")).to_contain_text("7,50")
    assessor.look("demo-sheet").follow("Check and submit").main.locator("input[name=statement]").check()
    assessor.press("Submit and lock").reads("The sheet is submitted and locked")
    publish(person("ketua"), organiser)
    stranger = walker().go("/cycles/simulasi-bali/results/kabkota").look("demo-result")
    assert compare(parse(stranger.download("Open bundle (JSON)").path().read_bytes())) == []
    stranger.go("/cycles/ntb-2024/results/kabkota").says("51,51").look("demo-published-sheet")
    stranger.go("/cycles/simulasi-kaltim/results/kabkota").follow("Verify", inside=stranger.main.locator("tbody"))
    stranger.reads("VALID. Compare the details below with your document.").look("demo-certificate")


def publish(chair: Walker, organiser: Walker) -> None:
    """Every step from the tasks of the first page: close, calculate, seal, request, confirm."""
    task(chair, "Close the scoring: %(category)s").press("Close the scoring")
    task(chair, "Calculate the ranking and propose its seal: %(category)s").press("Calculate a new run")
    acknowledge_warnings(chair).press("Propose the seal")
    task(organiser, "Confirm the seal of the result: %(category)s").press("Confirm the seal")
    task(organiser, "Request the publication of the result: %(category)s").press("Request publication")
    task(chair, "Confirm the publication: %(category)s").press("Confirm and publish").reads("The result is public")


def task(officer: Walker, message: str) -> Walker:
    """Open one task of the first page."""
    officer.go("/home").main.get_by_role("link", name=officer.like(message)).first.click()
    return officer
