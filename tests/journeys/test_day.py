"""An interview day in browsers: one candidate late, one that does not come, one whose slot is moved and is heard."""

import re
from collections.abc import Callable

from playwright.sync_api import expect

from paritrana.clock import SetClock
from tests import factories
from tests.interviews.stages import planned, shortlisted
from tests.journeys.conftest import Site
from tests.journeys.walker import Walker

Walk = Callable[..., Walker]
SECONDS = 10_000  # a board that was told of something shows it well before


def made(site: Site, clock: SetClock, number: int) -> tuple[str, list[tuple[int, str]]]:
    """A day with so many slots; the clock stands at the first one. Gives its address, and slots with their names."""
    with site.app.app_context():
        slots = planned(here := factories.world(), shortlisted(here, clock, number))
        clock.set(slots[0].planned_at)
        return f"/interviews/{slots[0].day.code}", [(one.no, one.nomination.organisation.name) for one in slots]


def attend(operator: Walker, address: str, no: int, arrived: str) -> None:
    """Record who presents in a slot, after a look at the limit that follows."""
    operator.go(f"{address}/slots/{no}/attendance")
    operator.main.locator("input[name=presenter_rank][value=wakil]").check()
    operator.main.locator("input[name=mode][value=in_person]").check()
    operator.fill("Office as introduced", "Wakil Bupati").fill("Arrived at", arrived)
    operator.press("Show the limit").press("Save")


def test_an_operator_runs_a_day_and_every_board_says_the_same(site: Site, walker: Walk, clock: SetClock) -> None:
    address, slots = made(site, clock, 3)
    operator = walker("organiser-1")
    board, phone = walker("chair").go(address), walker("assessor-4", width="phone").go(address)
    watching = (board, phone)
    board.look("board-before")

    def both_say(no: int, text: str) -> None:
        for one in watching:
            expect(one.main.locator(f"#slot-{no}")).to_contain_text(one.word(text, n=6), timeout=SECONDS)

    # The ship of the third is late.
    operator.go(f"{address}/slots/{slots[2][0]}/move").fill("Starts at", "11.50")
    operator.fill("Reason", "Kapal terlambat.").press("Move the slot")
    both_say(slots[2][0], "moved")
    for one in watching:
        expect(one.main.locator(f"#slot-{slots[2][0]}")).to_contain_text("11.50")
    board.look("board-moved")
    # The first slot begins six minutes late.
    clock.advance(minutes=6)
    operator.go(f"{address}/slots/{slots[0][0]}").press("Open the session")
    attend(operator, address, slots[0][0], "11.06")
    both_say(slots[0][0], "late %(n)s minutes")
    operator.go(f"{address}/slots/{slots[0][0]}").press("Start the presentation").look("slot-clock")
    for one in watching:
        expect(one.main.locator("[data-clock]")).to_contain_text(one.word("Presentation"), timeout=SECONDS)
        expect(one.main.locator("[data-digits]")).to_contain_text(re.compile("0[67]"))
    board.look("board-live")
    phone.look("board-live-phone")
    operator.press("Next phase").press("Close the session")
    both_say(slots[0][0], "done")
    # Nobody comes to the second one.
    clock.advance(minutes=29)
    operator.go(f"{address}/slots/{slots[1][0]}").fill("Reason", "Telepon tidak diangkat.")
    operator.press("Propose that nobody came")
    both_say(slots[1][0], "did not come: the chair must confirm it")
    chair = walker("chair").go(f"{address}/slots/{slots[1][0]}").look("no-show-proposed").press("Confirm")
    chair.look("no-show-confirmed")
    both_say(slots[1][0], "did not come")
    # The third is heard.
    clock.advance(minutes=17)
    operator.go(f"{address}/slots/{slots[2][0]}").press("Open the session")
    attend(operator, address, slots[2][0], "11.52")
    operator.go(f"{address}/slots/{slots[2][0]}").press("Close the session")
    both_say(slots[2][0], "done")
    operator.go(address).says(operator.word("nobody"))


def test_a_board_that_is_not_reached_says_how_old_it_is(site: Site, walker: Walk, clock: SetClock) -> None:
    address, _slots = made(site, clock, 1)
    board = walker("organiser-1").go(address)
    line = board.main.locator("[data-board-line]")
    fresh = board.word("Connected. The board is of %(time)s.", time="")[:11]
    stale = board.word("Not connected. The board is of %(time)s; load the page again.", time="")[:15]
    expect(line).to_contain_text(fresh, timeout=SECONDS)
    board.page.context.set_offline(True)
    expect(line).to_contain_text(stale, timeout=SECONDS)
    board.page.evaluate("scrollTo(0, document.body.scrollHeight)")
    expect(line).to_be_in_viewport()  # wherever on the page one reads
    board.page.context.set_offline(False)
    expect(line).to_contain_text(fresh, timeout=SECONDS)


def test_the_screen_of_the_hall_shows_the_clock_without_an_account(site: Site, walker: Walk, clock: SetClock) -> None:
    address, slots = made(site, clock, 1)
    operator = walker("organiser-1").go(address).press("New code for the screen of the hall")
    code = operator.main.locator(".p-code").inner_text()
    hall = (
        walker(None)
        .go(f"{address}/screen")
        .look("screen-code")
        .fill("Code of the screen", code)
        .press("Open the screen")
    )
    expect(hall.page.locator("h1")).to_have_text(slots[0][1])
    operator.go(f"{address}/slots/{slots[0][0]}").press("Open the session").press("Start the presentation")
    expect(hall.page.locator("[data-digits]")).to_contain_text(re.compile("0[67]"), timeout=SECONDS)
    high = hall.page.locator("[data-digits]").evaluate("one => parseFloat(getComputedStyle(one).fontSize)")
    assert high >= 0.19 * hall.page.evaluate("innerHeight")
    clock.advance(minutes=8)
    expect(hall.page.locator("[data-mood]")).to_have_text(hall.word("over time"), timeout=SECONDS)
