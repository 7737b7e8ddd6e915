"""Last year's cycle is copied for the next year, gone through step by step, and opened by two people."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from paritrana.core.lifecycle import State
from paritrana.cycles.queries import get_category
from paritrana.database import db
from paritrana.panels import service as panels
from tests import factories
from tests.factories import World
from tests.journeys.conftest import Site
from tests.journeys.walker import Walker

Walk = Callable[..., Walker]
MADE = "/setup/contoh-2026"


@pytest.mark.slow
def test_last_years_cycle_is_copied_and_opened_by_two_people(site: Site, walker: Walk) -> None:
    with site.app.app_context():
        here = factories.world(state=State.PLENARY, categories=("kabkota", "desa"))
        year = here.now.year
    organiser = walker("organiser-1").go("/home").follow("Set up cycles").look("setup-cycles")
    organiser.fill("Edition label", "2027").fill("Title in Indonesian", "Paritrana Contoh 2026")
    organiser.fill("Title in English", "Paritrana Example 2026").press("Make the draft")
    organiser.reads("There is no target of this instrument for %(year)s.", year=2026).look("setup-overview")
    organiser.follow("Targets and rates").fill("Year of the target", "2031").press("Save").look("setup-refused")
    organiser.fill("Year of the target", "2025").press("Save")
    organiser.follow("Year, area and name").look("setup-identity").follow("Back")
    organiser.follow("Categories").look("setup-categories")
    organiser.go(f"{MADE}/categories/desa").fill("Ranks that are awarded", "6").look("setup-category").press("Save")
    organiser.go(f"{MADE}/titles/desa")
    expect(organiser.page.locator("#rank_id-5")).to_have_value("Harapan III")
    organiser.page.locator("#honour_id-0").fill("Desa paling inovatif")
    organiser.page.locator("#honour_en-0").fill("Most innovative village")
    organiser.page.locator("#honour_kind-0").select_option("mention")
    organiser.press("Save").look("setup-titles")
    organiser.go(f"{MADE}/calendar/kabkota").page.locator("#closes_at_time").fill("24.00")
    organiser.press("Save").reads("A day ends at 23.59.59. Write midnight as 00.00 of the next day.")
    organiser.look("setup-calendar-refused").page.locator("#closes_at_time").fill("23.59.59")
    organiser.tick("Use these dates for every category that is still a draft").press("Save").look("setup-calendar")
    organiser.says(str(year + 1)).go(MADE).look("setup-no-panel")
    with site.app.app_context():
        _seat(here)
    organiser = walker("organiser-1").go(MADE).look("setup-ready")
    organiser.main.get_by_role("button", name=organiser.word("Propose the opening")).first.click()
    organiser.go(MADE).reads("Proposed. The chair must confirm the opening.")
    chair = walker("chair").go("/manage/contoh-2026").look("setup-chair").press("Open the category")
    chair.go(f"{MADE}/titles/kabkota").reads("Nothing changes here any more").look("setup-fixed")
    walker("organiser-1", "en").go(MADE).look("setup-overview")
    with site.app.app_context():
        assert get_category("contoh-2026", "kabkota").stored_state is State.OPEN
        assert get_category("contoh-2026", "desa").stored_state is State.DRAFT


def _seat(here: World) -> None:
    """Chair and deputy take their places in the panels of the new cycle."""
    from paritrana.accounts.queries import find_account
    from paritrana.core.policy import Actor

    organiser = find_account("organiser-1@contoh.test")
    assert organiser is not None
    actor = Actor(user_id=organiser.id, person_id=organiser.person_id, ref=organiser.ref, name=organiser.name)
    for slug in ("kabkota", "desa"):
        for name in ("chair", "deputy"):
            account = find_account(f"{name}@contoh.test")
            assert account is not None
            panels.seat(
                get_category("contoh-2026", slug), account, name, "Contoh", "SK 2/2027", actor=actor,
                at=here.now + timedelta(minutes=5),
            )  # fmt: skip
    db.session.commit()
