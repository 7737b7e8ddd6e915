"""A real browser against a real server: Chromium and the application on a loopback port, on SQLite."""

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page
from werkzeug.serving import WSGIRequestHandler, make_server

from paritrana.core.invariants import Broken
from paritrana.operations.invariants import broken_rules
from tests.journeys.walker import Survey, Walker

if TYPE_CHECKING:
    from flask import Flask

WIDTHS = {"phone": 390, "desk": 1280}


@pytest.fixture
def engine_name() -> str:
    """Journeys look at pages, not at the engine; the other tests run on both."""
    return "sqlite"


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """The machine's own Chromium, which asks nobody on the network for anything."""
    names = [os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser"]
    program = next((path for name in names if name and (path := shutil.which(name))), None)
    if program is None:
        pytest.fail("Chromium is missing: run `tools/system-packages chromium`, or name it in CHROMIUM.", pytrace=False)
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic"]
    camera = "--use-fake-device-for-media-stream"  # a picture that moves, for whoever is allowed to see it
    return {"executable_path": program, "args": ["--no-sandbox", "--disable-gpu", "--no-first-run", camera, *quiet]}


class Site:
    """The application at `url`, served from threads of this process."""

    def __init__(self, make_app: "Callable[..., Flask]", host: str = "127.0.0.1", **settings: Any) -> None:
        # The port must be known before the application, whose settings name its own address.
        self.server = make_server("127.0.0.1", 0, self._answer, threaded=True, request_handler=_Quiet)
        self.server.daemon_threads = True
        self.url = f"http://{host}:{self.server.server_port}"
        self.app = make_app(base_url=self.url, **({"demo": True} | settings))
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def stop(self) -> None:
        """Close the port and wait for the thread."""
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def _answer(self, environ: Any, start_response: Any) -> Any:
        return self.app(environ, start_response)


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        """Say nothing: a journey asks for hundreds of pages."""


@pytest.fixture
def site(make_app: "Callable[..., Flask]") -> Iterator[Site]:
    """The application on an empty, migrated database; fill it within `with site.app.app_context():`."""
    site = Site(make_app)
    yield site
    site.stop()
    still_whole(site)


def still_whole(site: Site) -> None:
    """Fail where a rule of the house is broken after what people did."""
    # Whatever people did in their browsers, every rule of the house still holds.
    with site.app.app_context():
        found = broken_rules(site.app.extensions["settings"], at=site.app.extensions["clock"].now())
        assert [one for one in found if not _made_without_bytes(one)] == []


def _made_without_bytes(broken: Broken) -> bool:
    """A document that `tests.nominations.pages.blob_of` attached: a row whose hash is a small number."""
    return broken.rule == "blob.missing" and "/" + "0" * 60 in broken.where


# Every page of a journey tells its console of what its policy refused: the browser's own words for it change.
VIOLATION = "securitypolicyviolation"
TELL_VIOLATIONS = f"""
document.addEventListener("{VIOLATION}", (one) =>
  console.error("{VIOLATION}", one.effectiveDirective, one.blockedURI, one.documentURI, one.sample));
"""


class Watch:
    """What the browsers of one test asked for and complained about."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.responses = 0
        self.foreign: list[str] = []
        self.errors: list[str] = []
        self.violations: list[str] = []  # what a page tried to load or run against its Content-Security-Policy

    def over(self, context: BrowserContext) -> None:
        """Watch every page of `context`."""
        context.add_init_script(TELL_VIOLATIONS)
        context.on("request", lambda request: self._look(request.url))
        context.on("response", lambda _response: self._count())
        context.on("weberror", lambda error: self.errors.append(str(error.error)))
        context.on("console", lambda message: self._listen(message.type, message.text))

    def _look(self, url: str) -> None:
        if not url.startswith((f"{self.url}/", "data:", "blob:", "about:")):
            self.foreign.append(url)

    def _count(self) -> None:
        self.responses += 1

    def _listen(self, kind: str, text: str) -> None:
        if kind == "error" and text.startswith(VIOLATION):
            self.violations.append(text)
            return
        # The browser itself writes down every answer of 400 and more; a refused form is no fault of the page.
        if kind == "error" and not text.startswith("Failed to load resource"):
            self.errors.append(text)


@pytest.fixture
def watch(site: Site) -> Iterator[Watch]:
    """Fails the test when a page asked another host for something, broke its policy, raised, or complained."""
    watch = Watch(site.url)
    yield watch
    assert watch.violations == []
    assert watch.foreign == []
    assert watch.errors == []


@pytest.fixture
def visitor(browser: Browser, site: Site, watch: Watch) -> Iterator[Callable[..., Page]]:
    """A function that opens a browser of its own, with no cookies, for one more person; `width="phone"` is narrow."""
    contexts: list[BrowserContext] = []

    def open_browser(*, width: str = "desk", language: str = "id-ID", **options: Any) -> Page:
        options.setdefault("viewport", {"width": WIDTHS[width], "height": 900})
        context = browser.new_context(
            base_url=site.url, locale=language, timezone_id="Asia/Makassar", accept_downloads=True, **options
        )
        context.set_default_timeout(15_000)
        watch.over(context)
        contexts.append(context)
        return context.new_page()

    yield open_browser
    for context in contexts:
        context.close()


@pytest.fixture
def survey(accessible: Callable[[Page], list[str]]) -> Iterator[Survey]:
    """Gathers what is wrong with the pages of one test, and fails it at the end with the whole list."""
    survey = Survey(accessible)
    yield survey
    assert not survey.wrong, "\n".join(["", *survey.wrong])


@pytest.fixture
def walker(site: Site, visitor: Callable[..., Page], survey: Survey) -> Callable[..., Walker]:
    """A function that gives one more person a browser; with a name it is signed in, `language="en"` reads English."""

    def walk(name: str | None = None, language: str = "id", **options: Any) -> Walker:
        page = visitor(**options)
        if language != "id":
            page.context.add_cookies([{"name": "lang", "value": language, "url": site.url}])
        walker = Walker(site, page, survey, language, scripts=options.get("java_script_enabled", True))
        return walker.sign_in(name) if name else walker

    return walk


@pytest.fixture
def page(visitor: Callable[..., Page]) -> Page:
    """One person's browser."""
    return visitor()


@pytest.fixture
def accessible() -> Callable[[Page], list[str]]:
    """A function that lists what axe finds wrong on a page, one line per rule with the elements concerned."""
    from axe_playwright_python.sync_playwright import Axe

    axe = Axe()

    def look(page: Page) -> list[str]:
        page.wait_for_load_state("load")  # the words of a page can be there before its colours are
        page.evaluate(axe.axe_script)
        # Only what is wrong is brought over from the browser: the list of what is right takes as long as the looking.
        found = page.evaluate("axe.run({resultTypes: ['violations']}).then((all) => all.violations)")
        return [f"{rule['id']}: {', '.join(str(node['target']) for node in rule['nodes'])}" for rule in found]

    return look
