"""A rubric is built from nothing by its pages, corrected, tried out, and frozen by two people."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from paritrana.core.lifecycle import State
from paritrana.cycles.queries import get_category, rubric_of
from tests import factories
from tests.journeys.conftest import Site
from tests.journeys.walker import Walker

Walk = Callable[..., Walker]
HOME, MINE = "/manage/contoh-2025/rubrics", "/manage/contoh-2025/rubrics/contoh-2026/1"


@pytest.mark.slow
def test_a_rubric_is_built_from_nothing_and_frozen_by_two_people(site: Site, walker: Walk) -> None:
    with site.app.app_context():
        factories.world(state=State.DRAFT)
    organiser = walker("organiser-1").go("/manage/contoh-2025").follow("Rubrics").look("rubrics")
    organiser.choose("Begin with", "").fill("Code", "contoh-2026").choose("Kind of category", "regency_city")
    organiser.fill("Title in Indonesian", "Rubrik Contoh 2026").fill("Title in English", "Contoh rubric 2026")
    organiser.press("Make the version").reads("There is no indicator yet.").look("rubric-empty")
    add_indicator(organiser, "A1", "60", "desk")
    add_indicator(organiser, "A2", "38", "interview")
    low = "Jumlah bobot 98,00, seharusnya 100,00. Kurang 2,00."
    organiser.says(low).look("rubric-low")
    assert organiser.main.get_by_role("button", name=organiser.word("Propose to freeze it")).count() == 0
    organiser.page.locator("#weight-A2").fill("41,5")
    panel = organiser.main.locator("[data-arithmetic-panel]")
    expect(panel).to_contain_text("Jumlah bobot 101,50, seharusnya 100,00. Lebih 1,50.")
    organiser.page.locator("#weight-A2").fill("x")
    organiser.press("Save the weights").look("rubric-refused")
    organiser.page.locator("#weight-A2").fill("40")
    organiser.press("Save the weights").says("Jumlah bobot 100,00, sesuai.").look("rubric-whole")
    organiser.follow("Panel, scale and policies").look("rubric-settings").fill("Quorum", "3").press("Save")
    organiser.follow("Order of tie-breaks").choose("Add to the order", "indicator:A1").press("Add to the end")
    organiser.look("rubric-ties").follow("Back")
    organiser.follow("Conditions").look("rubric-parts").follow("Back")
    organiser.follow("Try it out").look("rubric-try")
    organiser.page.locator("#value-A1").fill("8,75")
    organiser.page.locator("#value-A2").fill("5")
    organiser.press("Show the total").says("Jumlah 72,50 dari 100,00").look("rubric-tried")
    organiser.go(f"{MINE}/trial").press("Rank on trial").reads("Trial run, not a result").look("rubric-trial")
    organiser.go(f"{HOME}/contoh-2026/compare?a=kabkota-default/1&b=1").look("rubric-compare")
    organiser.go(MINE).page.get_by_role("button", name=organiser.word("Propose to freeze it")).click()
    organiser.reads("Waiting for another person").look("rubric-proposed")
    chair = walker("chair").go("/home").look("home-freeze").go(MINE).look("rubric-chair")
    chair.press("Freeze this version").reads("A frozen version never changes. Copy it to make a new one.")
    chair.look("rubric-frozen")
    walker("organiser-1", "en").go(MINE).look("rubric-frozen")
    with site.app.app_context():
        assert rubric_of(get_category("contoh-2025", "kabkota")).ref == "contoh-2026/1"


def test_the_builder_works_without_a_script(site: Site, walker: Walk) -> None:
    with site.app.app_context():
        factories.world(state=State.DRAFT)
    organiser = walker("organiser-1", java_script_enabled=False).go(HOME)
    organiser.choose("Begin with", "kabkota-default/1").fill("Code", "contoh-2026").press("Make the version")
    organiser.page.locator("#weight-A1").fill("10")
    organiser.press("Save the weights").says("Jumlah bobot 98,00, seharusnya 100,00. Kurang 2,00.")
    organiser.main.get_by_role("button", name=f"{organiser.word('Move down')} A1", exact=False).first.click()
    expect(organiser.main.locator("#i-A2 + #i-A1")).to_have_count(1)
    organiser.go(f"{MINE}/indicators/A1").press("Save and add rows")
    expect(organiser.main.locator("#levels-score-8")).to_have_count(0)


def add_indicator(organiser: Walker, code: str, weight: str, stage: str) -> None:
    organiser.follow("Add an indicator").look("rubric-indicator")
    organiser.fill("Code", code).fill("Title in Indonesian", f"Indikator {code}").fill(
        "Title in English", f"Indicator {code}"
    )
    organiser.fill("Weight", weight).choose("Aspect", "A").choose("Stage", stage).choose("Source of the value", "panel")
    for place, (score, own, english) in enumerate((("0", "Belum ada", "Nothing yet"), ("10", "Lengkap", "Complete"))):
        organiser.page.locator(f"#levels-score-{place}").fill(score)
        organiser.page.locator(f"#levels-id-{place}").fill(own)
        organiser.page.locator(f"#levels-en-{place}").fill(english)
    organiser.press("Save")
