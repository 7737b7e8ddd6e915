"""The order of interviews in a browser: dragged by mouse, moved by keyboard, saved, and refused where slots clash."""

from collections.abc import Callable

from playwright.sync_api import expect

from paritrana.clock import SetClock
from tests import factories
from tests.interviews.stages import planned, shortlisted
from tests.journeys.conftest import Site
from tests.journeys.walker import Walker

Walk = Callable[..., Walker]
SCHEDULE = "/manage/contoh-2025/schedule"
ORDER = f"{SCHEDULE}/kabkota/order"


def made(site: Site, clock: SetClock) -> tuple[list[str], str]:
    """Three slots of twenty minutes; gives the candidates by time, and the page that moves the last of them."""
    with site.app.app_context():
        here = factories.world()
        slots = planned(here, shortlisted(here, clock, 3))
        last = f"/interviews/{slots[2].day.code}/slots/{slots[2].no}/move"
        return [one.nomination.organisation.name for one in slots], last


def shows(organiser: Walker, names: list[str]) -> None:
    """The page of the order has these candidates, one below the other."""
    expect(organiser.main.locator("[data-candidate]")).to_have_text(names)


def stored(organiser: Walker, names: list[str]) -> None:
    """The schedule lists these candidates by time."""
    organiser.go(SCHEDULE)
    expect(organiser.main.locator("tbody th")).to_have_text(names)
    organiser.go(ORDER)
    shows(organiser, names)


def drag(organiser: Walker, source: int, target: int) -> None:
    """Drag the row at one place to another."""
    rows = organiser.main.locator("tr[data-place]")
    rows.nth(source).locator("[data-candidate]").drag_to(rows.nth(target).locator("[data-candidate]"))


def test_a_row_is_dragged_and_the_order_is_stored(site: Site, walker: Walk, clock: SetClock) -> None:
    (first, second, third), _last = made(site, clock)
    organiser = walker("organiser-1").go(ORDER).look("order")
    shows(organiser, [first, second, third])
    drag(organiser, 2, 0)
    shows(organiser, [third, first, second])
    drag(organiser, 1, 2)
    shows(organiser, [third, second, first])
    organiser.go(ORDER)  # nothing was saved
    shows(organiser, [first, second, third])
    drag(organiser, 0, 2)
    organiser.fill("Reason", "Undian ulang.").press("Save the order")
    stored(organiser, [second, third, first])


def test_the_keyboard_moves_a_candidate_on_and_enter_saves(site: Site, walker: Walk, clock: SetClock) -> None:
    (first, second, third), _last = made(site, clock)
    organiser = walker("organiser-1").go(ORDER)
    keys, focused = organiser.page.keyboard, organiser.page.locator("button:focus")
    organiser.main.locator("tr[data-place]").first.get_by_role("button").focus()
    keys.press("Enter")
    shows(organiser, [second, first, third])
    expect(focused).to_contain_text(first)
    expect(organiser.main.locator("[data-order-said]")).to_contain_text(first)
    keys.press("Enter")
    shows(organiser, [second, third, first])
    expect(focused).to_contain_text(first)  # at the end it can only go back
    keys.press("Space")
    shows(organiser, [second, first, third])
    organiser.field("Reason").focus()
    keys.type("Undian ulang.")
    with organiser.page.expect_navigation():
        keys.press("Enter")
    stored(organiser, [second, first, third])


def test_without_a_script_the_buttons_do_the_same_with_a_page_each(site: Site, walker: Walk, clock: SetClock) -> None:
    (first, second, third), _last = made(site, clock)
    organiser = walker("organiser-1", java_script_enabled=False).go(ORDER)
    with organiser.page.expect_navigation():
        organiser.main.locator("tr[data-place]").last.get_by_role("button").click()
    shows(organiser, [first, third, second])
    organiser.fill("Reason", "Undian ulang.")
    with organiser.page.expect_navigation():
        organiser.page.keyboard.press("Enter")
    stored(organiser, [first, third, second])


def test_an_order_in_which_slots_clash_is_refused_and_the_stored_one_stands(
    site: Site, walker: Walk, clock: SetClock
) -> None:
    (first, second, third), last = made(site, clock)
    organiser = walker("organiser-1").go(last).fill("Minutes", "40").fill("Reason", "Dua penyaji.")
    organiser.press("Move the slot").go(ORDER)
    drag(organiser, 2, 0)  # forty minutes do not fit before the next slot in the same room
    organiser.fill("Reason", "Undian ulang.").press("Save the order")
    expect(organiser.main.locator("[data-error-summary]")).to_contain_text(first)
    organiser.look("order-refused")
    shows(organiser, [third, first, second])  # what was arranged is still there to be changed
    expect(organiser.field("Reason")).to_have_value("Undian ulang.")
    stored(organiser, [first, second, third])
