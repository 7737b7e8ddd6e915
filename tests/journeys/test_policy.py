"""The Content-Security-Policy in a real browser: what it refuses is seen, and no page of the product needs more.

Every journey fails on a violation (`Watch`); here a page is given what the policy forbids, to show that it would.
"""

import re
import time
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, Error, Page, Route
from sqlalchemy import select, update

from paritrana.accounts.models import Account
from paritrana.cycles.models import Cycle
from paritrana.database import db
from paritrana.reference.models import Organisation, Region
from tests.factories import world
from tests.journeys.conftest import Site, Watch
from tests.journeys.walker import Walker

RUN = "window.ran = (window.ran || 0) + 1"
# What somebody would have to bring into a page, each with the directive that refuses it.
PLANTS = {
    f"<script>{RUN}</script>": "script-src-elem",
    f"<img src=/nowhere.png onerror='{RUN}'>": "script-src-attr",
    f"<svg onload='{RUN}'></svg>": "script-src-attr",
    f'<iframe srcdoc="<script>parent.{RUN}</script>"></iframe>': "frame-src script-src-elem",
    f"<a id=press href='javascript:{RUN}'>x</a>": "script-src-elem",
    "<p style='color: red'>x</p>": "style-src-attr",
    "<style>p { color: red }</style>": "style-src-elem",
    "<img src='http://127.0.0.2:9/x.png'>": "img-src",
    "<base href='http://127.0.0.2:9/'>": "base-uri",
    "<object data='/static/favicon.svg'></object>": "object-src",
    "<form id=send action='http://127.0.0.2:9/'></form>": "form-action",
}
RUNNING = 3  # of these a browser without a policy runs at least so many by itself
MARKUP = f"<img src=/nowhere.png onerror='{RUN}'><script>{RUN}</script>\"'><svg onload='{RUN}'>"
PEOPLE = ("nominee-1", "assessor-3", "chair", "verifier-1", "organiser-1", "auditor", "administrator")
PAGES = 6  # of each person
NO_PAGE = re.compile(r"\.[a-z0-9]+$|/file$|#|^/sign-out|^/static|^/language")


@pytest.fixture
def site(make_app: Callable[..., Flask]) -> Iterator[Site]:
    """The application; names are written past its services here, so not every rule of the house holds."""
    site = Site(make_app)
    yield site
    site.stop()


def planted(browser: Browser, site: Site, plant: str, *, policy: bool = True) -> tuple[Watch, int]:
    """Open a page of the product into which something was brought: what was seen, and how often a script of it ran."""

    def bring(route: Route) -> None:
        answer = route.fetch()
        headers = {name: value for name, value in answer.headers.items() if name != "content-length"}
        if not policy:
            headers.pop("content-security-policy")
        route.fulfill(response=answer, headers=headers, body=answer.text().replace("</main>", f"{plant}</main>"))

    watch, context = Watch(site.url), browser.new_context(base_url=site.url)
    watch.over(context)
    try:
        page = context.new_page()
        page.route("**/verify", bring)
        page.goto("/verify")
        for place in ("#press", "#send"):
            if page.locator(place).count():
                page.evaluate(
                    "place => { const one = document.querySelector(place); one.click(); if (one.submit) one.submit() }",
                    place,
                )
        page.wait_for_timeout(150)  # the events come after what they tell of
        return watch, ran(page)
    finally:
        context.close()


def ran(page: Page) -> int:
    """How often a script that was brought into a page ran."""
    times: int = page.evaluate("window.ran || 0")
    return times


def links(page: Page) -> list[str]:
    """The pages of the site to which a page leads."""
    found = page.locator("a[href^='/']").evaluate_all("all => all.map(one => one.getAttribute('href'))")
    return [one for one in dict.fromkeys(found) if not NO_PAGE.search(one.partition("?")[0])]


def walk(walker: Walker, start: str) -> tuple[int, int]:
    """Open the pages to which the first page leads, and those: how many, and how often what was typed ran."""
    waiting, seen, runs = [start], set[str](), 0
    while waiting and len(seen) < PAGES:
        address = waiting.pop(0)
        seen.add(address)
        try:
            walker.page.goto(address)
        except Error as fault:
            assert "Download is starting" in fault.message  # noqa: PT017 - a file, which no page asks to be run
            continue
        runs += ran(walker.page)
        waiting += [one for one in links(walker.page) if one not in seen and one not in waiting]
    return len(seen), runs


def test_no_page_runs_what_was_typed_or_needs_more_than_its_policy_and_what_is_refused_is_seen(
    site: Site, walker: Callable[..., Walker], watch: Watch, browser: Browser, figures_of: Callable[..., None]
) -> None:
    begun = time.perf_counter()
    with site.app.app_context():
        world()
        for table in (Organisation, Account, Region):
            db.session.execute(update(table).values(name=table.name + MARKUP))
        db.session.execute(update(Region).where(Region.code == "99").values(tile_row=0, tile_col=0))  # on the map
        db.session.execute(update(Cycle).values(title_id=MARKUP, title_en=MARKUP))
        db.session.commit()
        assert db.session.scalar(select(Account.name).where(Account.name.like("%<script>%")))
        db.session.remove()
    pages, runs = walk(walker(), "/")
    for name in PEOPLE:
        more, ran_there = walk(walker(name), "/home")
        pages, runs = pages + more, runs + ran_there

    reported, ran_in_spite = [], 0
    for plant, directives in PLANTS.items():
        seen, times = planted(browser, site, plant)
        ran_in_spite += times
        if any(one.split()[1] in directives.split() for one in seen.violations):
            reported.append(plant)
    unseen, _times = planted(browser, site, "<p>x</p>")
    without = [planted(browser, site, plant, policy=False)[1] for plant in list(PLANTS)[:RUNNING]]
    figures_of(
        "browser", promises=["P23"], responses=watch.responses, pages=pages, csp_reports=len(watch.violations),
        executions=runs + ran_in_spite, plants=len(PLANTS), plants_reported=len(reported),
        seconds=round(time.perf_counter() - begun, 1), control=all(without) and unseen.violations == [],
    )  # fmt: skip
    assert [plant for plant in PLANTS if plant not in reported] == []
    assert (runs, ran_in_spite) == (0, 0)
    assert all(without), without  # it is the policy that keeps them from running
    assert unseen.violations == unseen.errors == []
    assert pages > len(PEOPLE) * 3
