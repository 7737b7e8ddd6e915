"""What a stranger sees: the public pages on every width and in both languages, by keyboard, and as a folder."""

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import update

from paritrana.config import data_folder
from paritrana.database import db
from paritrana.publication.static_site.writer import export
from paritrana.reference.models import Region
from paritrana.seeding.cli import load
from tests.factories_results import contest, publish
from tests.journeys.conftest import Site
from tests.journeys.walker import Walker
from tests.publication.test_static_site import served

Walk = Callable[..., Walker]
RESULT = "/cycles/contoh-2025/results/kabkota"
PUBLISHED = {
    "cycles": "/cycles", "results-ntb": "/cycles/ntb-2024/results", "result-ntb": "/cycles/ntb-2024/results/kabkota",
    "method-ntb": "/cycles/ntb-2024/method", "regions": "/regions?q=lombok", "region": "/regions/35.03",
    "region-province": "/regions/35", "region-empty": "/regions/11.01", "winners": "/winners?year=2024",
    "winners-none": "/winners?year=1990", "data": "/data",
}  # fmt: skip


@pytest.fixture
def site(make_app: Callable[..., Flask]) -> Iterator[Site]:
    """The application; the contest of these tests is made in its tables, so not every rule of the house holds."""
    site = Site(make_app)
    yield site
    site.stop()


def fill(app: Flask) -> None:
    """The published data of the project."""
    with app.app_context():
        load(data_folder("seed"), app.extensions["clock"].now(), app.extensions["settings"], demo=False)
        db.session.remove()


def stage(app: Flask) -> None:
    """A published result of ours, its province at the top left of the map."""
    with app.app_context():
        publish(contest(4))
        db.session.execute(update(Region).where(Region.code == "99").values(tile_row=0, tile_col=0))
        db.session.commit()
        db.session.remove()


def test_public_pages_are_whole_on_every_width_in_both_languages(site: Site, walker: Walk) -> None:
    fill(site.app)
    for language in ("id", "en"):
        reader = walker(language=language, java_script_enabled=True)
        for name, address in PUBLISHED.items():
            reader.go(address).look(f"public-{name}")


def test_a_published_result_is_whole_with_its_pictures(site: Site, walker: Walk) -> None:
    stage(site.app)
    reader = walker()
    for name, address in {
        "landing": "/", "result": RESULT, "candidate": f"{RESULT}/99.01", "method": "/cycles/contoh-2025/method",
        "region-result": "/regions/99.01", "data-result": "/data",
    }.items():  # fmt: skip
        reader.go(address).look(f"public-{name}")


def test_the_map_is_walked_by_keyboard_and_the_filters_work_without_a_script(site: Site, walker: Walk) -> None:
    fill(site.app)
    page: Page = walker(language="en", java_script_enabled=False).go("/winners").page
    page.locator("#f-province").select_option("52")
    page.get_by_role("button", name="Show", exact=True).press("Enter")
    expect(page.get_by_role("heading", level=2).first).to_have_text("5 awards")
    tile = page.get_by_role("link", name="Nusa Tenggara Barat: 5")
    tile.focus()
    expect(tile).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Nusa Tenggara Barat")


def test_the_folder_is_read_without_the_application(
    site: Site, browser: Browser, tmp_path: Path, accessible: Callable[[Page], list[str]]
) -> None:
    stage(site.app)
    with site.app.app_context():
        export(site.app, tmp_path / "copy")
        db.session.remove()
    with served(tmp_path / "copy") as address:
        context = browser.new_context(viewport={"width": 390, "height": 900})
        asked: list[str] = []
        context.on("request", lambda request: asked.append(request.url))
        page = context.new_page()
        page.goto(f"{address}/index.html")
        page.get_by_role("navigation").get_by_role("link", name="Hasil").click()
        page.get_by_role("link", name="Lihat hasil").first.click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("Peringkat")
        assert accessible(page) == []
        page.get_by_role("link", name="English").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("Ranking")
        expect(page.locator(".p-bar")).not_to_have_css("background-color", "rgba(0, 0, 0, 0)")
        page.goto(f"file://{tmp_path}/copy/regions/99.01/index.html")
        expect(page.get_by_role("heading", level=1)).to_have_text("Kabupaten Contoh 1")
        context.close()
    assert {urlsplit(one).hostname or "" for one in asked} <= {"127.0.0.1", ""}
