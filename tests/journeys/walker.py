"""A person at a browser: acts by the words on the page, and looks at every page on the way.

The tests name buttons, links and labels by their English message; the walker translates them as the application does,
so a journey reads the same in both languages and does not break when the catalogue grows.
"""

import os
import re
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask_babel import force_locale, gettext
from playwright.sync_api import APIResponse, Download, Locator, Page, Playwright, expect
from sqlalchemy import select

from paritrana.accounts.models import Account
from paritrana.core.evidence import KINDS
from paritrana.cycles.queries import get_cycle
from paritrana.database import db
from paritrana.reference.models import Organisation
from tests.factories import PASSWORD, World
from tests.journeys import guide

if TYPE_CHECKING:
    from tests.journeys.conftest import Site

WIDTHS = (320, 390, 1280)
expect.set_options(timeout=15_000)  # as for acts: a busy machine is slow, not wrong
HEIGHT = 900
SOMETHING = "\ue000"  # stands for a parameter whose value does not matter


# Numbers of receipts are drawn by lot and stand on one line: each is measured with the widest letters it may have.
WIDEST = """
for (const one of document.querySelectorAll(".p-receipt__no")) {
  one.dataset.was = one.textContent;
  one.textContent = one.textContent.replace(/(?<=-.*)[0-9A-Z]/g, "W");
}
"""
AS_BEFORE = """
for (const one of document.querySelectorAll(".p-receipt__no")) one.textContent = one.dataset.was;
"""


class Survey:
    """What is wrong with the pages seen in one test. With PICTURES=folder it also stores how they look."""

    def __init__(self, accessible: Callable[[Page], list[str]]) -> None:
        self.accessible = accessible
        self.wrong: list[str] = []
        self.seen: set[str] = set()
        folder = os.environ.get("PICTURES")
        self.folder = Path(folder) if folder else None
        if self.folder is not None:
            (self.folder / "guide").mkdir(parents=True, exist_ok=True)

    def look(self, page: Page, name: str) -> None:
        """Look at a page once per name: axe, one first-level heading, no sideways scrolling on a narrow screen."""
        if name in self.seen:
            return
        self.seen.add(name)
        size = page.viewport_size
        self.wrong += [f"{name}: {found}" for found in self.accessible(page)]
        if page.locator("h1").count() != 1:
            self.wrong.append(f"{name}: {page.locator('h1').count()} headings of the first level")
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": HEIGHT})
            page.evaluate(WIDEST)
            over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            page.evaluate(AS_BEFORE)
            if over > 0:
                self.wrong.append(f"{name}: at {width} px the page is {over} px too wide")
            if width != WIDTHS[0]:
                self.keep_picture(page, f"{name}-{width}")
        if self.folder is not None:
            guide.take(page, name, self.folder / "guide")
        if size is not None:
            page.set_viewport_size(size)

    def keep_picture(self, page: Page, name: str) -> None:
        """Store what the page looks like, where pictures are wanted."""
        if self.folder is not None:
            page.screenshot(path=self.folder / f"{name}.png", full_page=True)


class Walker:
    """One person with a browser of their own."""

    def __init__(self, site: "Site", page: Page, survey: Survey, language: str = "id", *, scripts: bool = True) -> None:
        self.site, self.page, self.survey, self.language, self.scripts = site, page, survey, language, scripts

    # Words

    def word(self, message: str, **params: object) -> str:
        """A message of the application in the language of this person."""
        with self.site.app.app_context(), force_locale(self.language):
            return str(gettext(message, **params)) if params else str(gettext(message))

    def like(self, message: str) -> re.Pattern[str]:
        """A message whose parameters may be anything."""
        names = re.findall(r"%\((\w+)\)s", message)
        return re.compile(re.escape(self.word(message, **dict.fromkeys(names, SOMETHING))).replace(SOMETHING, ".*"))

    # Ways

    def sign_in(self, name: str, password: str = PASSWORD) -> "Walker":
        """Sign in as a person of the world, or with an e-mail address of another one, through the page."""
        self.page.goto("/sign-in")
        self.fill("E-mail address", name if "@" in name else f"{name}@contoh.test")
        self.fill("Password", password)
        self.page.get_by_role("button", name=self.word("Sign in"), exact=True).click()
        expect(self.page).to_have_url(re.compile("/home$"))
        return self

    def go(self, path: str, status: int = 200) -> "Walker":
        """Open an address."""
        answer = self.page.goto(path)
        assert answer is not None
        assert answer.status == status, f"{path}: {answer.status} {self.main.inner_text()}"
        return self

    def look(self, name: str) -> "Walker":
        """Look at the page that is open."""
        self.survey.look(self.page, name if self.language == "id" else f"{name}-{self.language}")
        return self

    @property
    def main(self) -> Locator:
        """The content of the page."""
        return self.page.locator("main")

    @property
    def path(self) -> str:
        """The path that is open, without host and query."""
        return self.page.url.removeprefix(self.site.url).partition("?")[0].partition("#")[0]

    # Acts

    def follow(self, message: str, *, inside: Locator | None = None, **params: object) -> "Walker":
        """Press a link; the page that it leads to is loaded afterwards."""
        with self.page.expect_navigation():
            self.link(message, inside=inside, **params).click()
        return self

    def download(self, message: str) -> Download:
        """Press a link that hands out a file."""
        with self.page.expect_download() as coming:
            self.link(message).click()
        return coming.value

    def link(self, message: str, *, inside: Locator | None = None, **params: object) -> Locator:
        """The first link whose words begin so."""
        name = self.word(message, **params)
        return (inside or self.main).get_by_role("link", name=re.compile(f"^{re.escape(name)}")).first

    def press(self, message: str, *, inside: Locator | None = None, **params: object) -> "Walker":
        """Press a button; the page that answers is loaded afterwards."""
        scope = inside or self.main
        name = self.like(message) if "%(" in message and not params else self.word(message, **params)
        button = scope.get_by_role("button", name=name, exact=True)
        with self.page.expect_navigation():
            button.first.click()
        return self

    def fill(self, message: str, value: str, *, inside: Locator | None = None) -> "Walker":
        """Write into the field with this label."""
        self.field(message, inside=inside).fill(value)
        return self

    def choose(self, message: str, option: str, *, inside: Locator | None = None) -> "Walker":
        """Choose from the list with this label; `option` as it is shown, or its value."""
        self.field(message, inside=inside).select_option(option)
        return self

    def tick(self, message: str, *, inside: Locator | None = None) -> "Walker":
        """Tick a box or choose a radio button by its label."""
        (inside or self.main).get_by_label(self.like(message) if "%(" in message else self.word(message)).first.check()
        return self

    def day(self, message: str, day: str, month: str, year: str) -> "Walker":
        """Write a date into its three fields; `month` is a number."""
        group = self.main.get_by_role("group", name=self.word(message))
        group.get_by_label(self.word("Day"), exact=True).fill(day)
        group.get_by_label(self.word("Month"), exact=True).select_option(month)
        group.get_by_label(self.word("Year"), exact=True).fill(year)
        return self

    def field(self, message: str, *, inside: Locator | None = None) -> Locator:
        """The input with this label; «(optional)» may follow it."""
        name = re.compile(rf"^{re.escape(self.word(message))}( \({re.escape(self.word('optional'))}\))?$")
        return (inside or self.main).get_by_label(name).first

    # Looking

    def reads(self, message: str, **params: object) -> "Walker":
        """The page says so."""
        text: Any = self.like(message) if "%(" in message and not params else self.word(message, **params)
        expect(self.main).to_contain_text(text)
        return self

    def says(self, text: str | re.Pattern[str]) -> "Walker":
        """The page shows these very characters."""
        expect(self.main).to_contain_text(text)
        return self

    def chip(self, message: str, **params: object) -> "Walker":
        """The save chip says so, as soon as the script or the server has set it."""
        text: Any = self.like(message) if "%(" in message and not params else self.word(message, **params)
        expect(self.page.locator("[data-save-word]").first).to_have_text(text)
        return self


class Machine:
    """A program that speaks for one person over HTTP: signs in, marks through the interface for machines, submits."""

    def __init__(self, site: "Site", playwright: Playwright, name: str) -> None:
        self.http = playwright.request.new_context(
            base_url=site.url, extra_http_headers={"Sec-Fetch-Site": "same-origin", "Accept": "text/html"}
        )
        self.post("/sign-in", page="/sign-in", email=f"{name}@contoh.test", password=PASSWORD)

    def post(self, address: str, *, page: str = "/home", **fields: str) -> APIResponse:
        """Send a form with the token of `page` and a key of its own."""
        form = {"csrf_token": self.token(page), "idempotency_key": secrets.token_urlsafe(16), "version": "0", **fields}
        answer = self.http.post(address, form=form)
        assert answer.ok, f"{address}: {answer.status} {answer.text()}"
        return answer

    def token(self, page: str) -> str:
        """The token of the forms of a page."""
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.http.get(page).text())
        assert found is not None
        return found[1]

    def mark(self, nomination: str, marks: Mapping[str, str]) -> None:
        """Declare no conflict, mark every indicator and submit the sheet."""
        sheet = self.post(f"/assessments/{nomination}/declaration", conflict="no").text()
        found = re.search(r"/api/v1/sheets/(L-[0-9A-Z-]+)", sheet)
        assert found is not None
        token = self.token("/home")
        for code, value in marks.items():
            answer = self.http.put(
                f"/api/v1/sheets/{found[1]}/marks/{code}",
                data={"value": value},
                headers={"If-Match": '"0"', "Idempotency-Key": secrets.token_urlsafe(16), "X-CSRFToken": token},
            )
            assert answer.ok, f"{code}: {answer.status} {answer.text()}"
        check = f"/assessments/{nomination}/sheet/check"
        looked_at = re.search(r'name="version" value="([^"]+)"', self.http.get(check).text())
        assert looked_at is not None
        self.post(check, statement="y", version=looked_at[1])

    def close(self) -> None:
        """Hang up."""
        self.http.dispose()


def acknowledge_warnings(chair: Walker) -> Walker:
    """On the page of a ranking: every warning before the seal, each with a reason."""
    button = chair.main.get_by_role("button", name=chair.word("Acknowledge the warning"), exact=True)
    while button.count():
        chair.main.locator("textarea[name=reason]").first.fill("Dibahas di sidang pleno.")
        chair.press("Acknowledge the warning")
    return chair


def fill_figures(walker: Walker, kind: str, data: Mapping[str, Any]) -> None:
    """Write the figures of one kind of evidence into the form that is open; lines one after the other, one page."""
    spec = KINDS[kind]
    page = walker.page
    for key, value in data["fields"].items():
        _write(page, key.replace(".", "-"), spec.field(key).kind, value)
    for place, line in enumerate(data.get("lines", ())):
        if place:
            walker.press("Save and add a row")
        key = page.locator("input[name=line]").last.get_attribute("value")
        for name, value in line.items():
            if name != "key":
                _write(page, f"lines-{key}-{name}", spec.field(f"lines.{key}.{name}").kind, value)


def _write(page: Page, name: str, kind: str, value: Any) -> None:
    if kind == "date":
        year, month, day = (str(int(part)) for part in str(value).split("-"))
        page.locator(f"[name='{name}-day']").fill(day)
        page.locator(f"[name='{name}-month']").select_option(month)
        page.locator(f"[name='{name}-year']").fill(year)
    elif kind == "choice":
        page.locator(f"[name='{name}']").select_option(str(value))
    else:
        page.locator(f"[name='{name}']").fill(str(value))


def world_again(now: datetime) -> World:
    """The world of `tests.factories.world` read back from the database, in another application context."""
    cycle = get_cycle("contoh-2025")
    accounts = {one.email.partition("@")[0]: one for one in db.session.scalars(select(Account))}
    governments = db.session.scalars(select(Organisation).where(Organisation.kind == "local_government"))
    organisations = {f"regency-{one.region_code.removeprefix('99.0')}": one for one in governments}
    return World(cycle, {one.slug: one for one in cycle.categories}, organisations, accounts, now)
