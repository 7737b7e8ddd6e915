"""An assessor without a network: marks are kept on the device, survive the browser, and reach the server once."""

import json
import re
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from time import perf_counter
from typing import Any, Literal

import pytest
from playwright.sync_api import BrowserContext, Page, Playwright, expect
from sqlalchemy import select

from paritrana.accounts.models import Account
from paritrana.accounts.service import register_device
from paritrana.audit.models import Event
from paritrana.clock import SetClock
from paritrana.config import data_folder
from paritrana.cycles import service as cycles
from paritrana.database import db
from paritrana.interviews.models import InterviewDay
from paritrana.sheets.imported.models import MarkSetAside
from paritrana.sheets.models import Mark, MarkRevision, Sheet
from paritrana.signing import device_signed
from tests import factories
from tests.interviews.stages import held, planned, shortlisted
from tests.journeys.conftest import Site, Watch
from tests.journeys.walker import Walker
from tests.sheets.copies import Browser, entry
from tests.sheets.desks import opened

Walk = Callable[..., Walker]
NAME = "assessor-3"
DESK = ["A1", "A2", "A3", "B3", "D1", "E1", "E2", *(f"F{no}" for no in range(1, 9))]


@pytest.fixture
def desks(site: Site, clock: SetClock) -> list[str]:
    """The addresses of two opened sheets of `assessor-3` with fifteen judged indicators each; nothing is marked."""
    with site.app.app_context():
        here = factories.world()
        here.category.rubric_version_id = fifteen().id
        db.session.commit()
        db.session.expire_all()
        candidates = shortlisted(here, clock)
        for session in planned(here, candidates):
            held(here, session, close=False)
        clock.set(here.now + timedelta(days=22))
        for one in candidates:
            opened(here, one, NAME)
        return [f"/assessments/{one.ref}/sheet" for one in candidates]


def fifteen() -> Any:
    """The rubric of regencies with the first indicator split up, so that a panel judges fifteen."""
    form = json.loads((data_folder("seed") / "rubrics" / "kabkota-default.json").read_text(encoding="utf-8"))
    first = next(one for one in form["indicators"] if one["code"] == "A1")
    place = form["indicators"].index(first)
    form["code"] = "kabkota-fifteen"
    form["indicators"][place + 1 : place + 1] = [
        {**first, "code": f"F{no}", "title_id": f"Bagian {no}", "title_en": f"Part {no}", "weight": "1"}
        for no in range(1, 9)
    ]
    first["weight"] = "4"
    stored = cycles.store_rubric(form, actor=factories.SYSTEM, at=factories.NOW)
    factories.freeze(stored)
    return stored


class Cable:
    """The line between a browser and the site. Cut, it drops what is under way and answers nobody."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.whole = True
        self.open: set[socket.socket] = set()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._listen, daemon=True).start()

    def cut(self) -> None:
        """Drop every connection, and every new one."""
        self.whole = False
        for one in list(self.open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        """Let connections through again."""
        self.whole = True

    def close(self) -> None:
        """Hang up for good."""
        self.cut()
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def _listen(self) -> None:
        while True:
            try:
                near, _address = self.listener.accept()
                if not self.whole:
                    near.close()
                    continue
                far = socket.create_connection(("127.0.0.1", self.port))
            except OSError:
                return
            self.open |= {near, far}
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
        for end in (one, other):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
            self.open.discard(end)


@pytest.fixture
def cable(site: Site, watch: Watch) -> Iterator[Cable]:
    """The line of this test's browsers, service workers included."""
    cable = Cable(site.server.server_port)
    watch.url = cable.url
    yield cable
    cable.close()


@pytest.fixture
def device(
    cable: Cable, watch: Watch, playwright: Playwright, browser_type_launch_args: dict[str, Any], tmp_path: Path
) -> Iterator[Callable[..., Page]]:
    """A function that opens the browser of a machine, with everything it kept; the one before is closed."""
    running: dict[str, BrowserContext] = {}

    def open_again(profile: str = "desk", *, width: int = 1280, scheme: Literal["light", "dark"] = "light") -> Page:
        if profile in running:
            running.pop(profile).close()
        context = playwright.chromium.launch_persistent_context(
            tmp_path / profile, base_url=cable.url, locale="id-ID", viewport={"width": width, "height": 900},
            accept_downloads=True, color_scheme=scheme, **browser_type_launch_args,
        )  # fmt: skip
        running[profile] = context
        context.set_default_timeout(15_000)
        watch.over(context)
        return context.pages[0]

    yield open_again
    for one in running.values():
        one.close()


def enter(page: Page, name: str = NAME) -> None:
    """Sign in."""
    page.goto("/sign-in")
    page.locator("[name=email]").fill(f"{name}@contoh.test")
    page.locator("[name=password]").fill(factories.PASSWORD)
    page.locator("main form .btn-primary").first.click()
    expect(page).to_have_url(re.compile("/home$"))


def write(page: Page, code: str, value: str) -> None:
    """Type a mark and leave the field."""
    field = page.locator(f"#{code}-value")
    field.fill(value)
    field.blur()


def chip(page: Page, text: str) -> None:
    """The save chip says so."""
    expect(page.locator("[data-save-word]").first).to_have_text(re.compile(text), timeout=20_000)


def prepare(page: Page) -> None:
    """Make the device ready on its page."""
    page.goto("/assessments/offline")
    page.locator("[data-start]").click()
    expect(page.locator("[data-state]")).to_have_text("Siap luring: 2 dari 2 lembar", timeout=60_000)


def marks(site: Site) -> dict[tuple[str, str], tuple[str, int]]:
    """Every stored mark with its version, by sheet and indicator."""
    with site.app.app_context():
        rows = db.session.execute(select(Sheet.ref, Mark.indicator, Mark.value, Mark.version).join(Mark.sheet)).all()
        return {(ref, code): (f"{value:.2f}", version) for ref, code, value, version in rows}


def sign_in_here(page: Page) -> None:
    """The panel on the page asks for the password, and sends what waits."""
    page.locator("#again-email").fill(f"{NAME}@contoh.test")
    page.locator("#again-password").fill(factories.PASSWORD)
    page.locator("[data-sign-in] .btn-primary").click()
    expect(page.locator("[data-sign-in]")).to_be_hidden()


def value_of(place: int, row: int) -> str:
    """A mark of its own for each of the thirty fields."""
    return f"{5 + place},{row:02d}"


@pytest.mark.timeout(240)
def test_thirty_marks_of_a_dead_network_arrive_once(
    site: Site, cable: Cable, desks: list[str], device: Callable[..., Page]
) -> None:
    page = device()
    enter(page)
    prepare(page)
    cable.cut()
    page.context.set_offline(True)
    for place, address in enumerate(desks):
        page.goto(address)
        for row, code in enumerate(DESK):
            write(page, code, value_of(place, row))
        chip(page, "Tersimpan di perangkat ini")
    expect(page.locator("[data-queue-count]")).to_have_text("30 isian belum terkirim")
    page = device()
    page.context.set_offline(True)
    for place, address in enumerate(desks):
        page.goto(address)
        for row, code in enumerate(DESK):
            expect(page.locator(f"#{code}-value")).to_have_value(value_of(place, row))
    expect(page.locator("[data-offline-word]")).to_contain_text("Luring.")
    expect(page.locator("[data-check]")).to_be_hidden()
    assert marks(site) == {}
    cable.mend()
    page.context.set_offline(False)
    sign_in_here(page)  # the browser forgot its session when it was closed
    expect(page.locator("[data-queue-box]")).to_be_hidden(timeout=60_000)
    chip(page, r"Tersimpan di server \d\d\.\d\d\.\d\d")
    stored = marks(site)
    assert sorted(value for value, _version in stored.values()) == sorted(
        value_of(place, row).replace(",", ".") for place in range(2) for row in range(len(DESK))
    )
    assert {version for _value, version in stored.values()} == {1}
    with site.app.app_context():
        assert db.session.query(MarkRevision).count() == 30
        assert db.session.query(Event).filter_by(kind="mark.saved").count() == 30


def test_two_devices_show_both_versions_and_store_the_chosen_one(
    site: Site, desks: list[str], device: Callable[..., Page]
) -> None:
    desk, phone = device(), device("phone", width=390)
    for page in (desk, phone):
        enter(page)
        page.goto(desks[0])
        expect(page.locator("[data-sheet][data-ready]")).to_be_attached()
    phone.context.set_offline(True)
    write(phone, "A1", "8,5")
    phone.evaluate("location.hash = 'A2'")
    write(phone, "A2", "6")
    chip(phone, "Tersimpan di perangkat ini")
    write(desk, "A1", "8,75")
    write(desk, "A2", "7")
    expect(desk.locator("#A2-echo")).to_contain_text("7,00")
    expect(desk.locator("#A1-echo")).to_contain_text("8,75")
    phone.context.set_offline(False)
    chip(phone, "Dua versi: pilih")
    box = phone.locator("#A2 [data-two]")
    expect(box.locator("[data-mine]")).to_contain_text("6")
    expect(box.locator("[data-theirs]")).to_contain_text("7,00")
    box.locator("[data-keep-theirs]").click()
    expect(phone.locator("#A2-value")).to_have_value("7,00")
    phone.goto(f"{desks[0]}/merge")
    field = phone.locator("fieldset[data-leaf=A1]")
    expect(field.locator("[data-mine]")).to_contain_text("8,5")
    expect(field.locator("[data-theirs]")).to_contain_text("8,75")
    expect(field.locator("input:checked")).to_have_count(0)
    expect(phone.locator("fieldset[data-leaf=A2]")).to_be_hidden()
    field.locator("input[value=mine]").check()
    phone.locator("[data-choose]").click()
    expect(phone.locator("[data-none]")).to_be_visible()
    desk.reload()
    expect(desk.locator("#A1-value")).to_have_value("8,50")
    stored = {code: found for (_ref, code), found in marks(site).items()}
    assert stored == {"A1": ("8.50", 2), "A2": ("7.00", 1)}
    with site.app.app_context():
        history = db.session.scalars(
            select(MarkRevision.value)
            .join(Mark, Mark.id == MarkRevision.mark_id)
            .where(Mark.indicator == "A1")
            .order_by(MarkRevision.version)
        ).all()
        assert [f"{one:.2f}" for one in history] == ["8.75", "8.50"]
    expect(phone.locator("[data-queue-box]")).to_be_hidden(timeout=20_000)
    with site.app.app_context():
        aside = db.session.scalars(select(MarkSetAside).order_by(MarkSetAside.indicator)).all()
        assert [(one.indicator, f"{one.value:.2f}", one.against, one.chosen) for one in aside] == [
            ("A1", "8.50", 1, "mine"), ("A2", "6.00", 1, "theirs"),
        ]  # fmt: skip


@pytest.mark.timeout(240)
def test_a_copy_of_the_queue_is_imported_by_another_person_and_the_device_adds_nothing(
    site: Site, desks: list[str], device: Callable[..., Page], figures_of: Callable[..., None], tmp_path: Path
) -> None:
    page = device()
    enter(page)
    prepare(page)
    page.context.set_offline(True)
    page.goto(desks[0])
    write(page, "A1", "8,25")
    page.evaluate("location.hash = 'A2'")
    write(page, "A2", "6,5")
    expect(page.locator("[data-queue-count]")).to_have_text("2 isian belum terkirim")
    page = device()  # closed and opened again, still without a network
    page.context.set_offline(True)
    began = perf_counter()
    page.goto(desks[0], wait_until="commit")
    expect(page.locator("#A1-value")).to_have_value("8,25")
    expect(page.locator("[data-sheet][data-ready]")).to_be_attached()
    figures_of("offline", cold_open_s=round(perf_counter() - began, 2))
    page.locator("[data-queue-count]").click()
    with page.expect_download() as download:
        page.locator("[data-save-copy]").click()
    copy = tmp_path / "antrean.json"
    download.value.save_as(copy)
    office = device("office")
    enter(office, "organiser-1")
    with site.app.app_context():
        day = db.session.scalars(select(InterviewDay.code)).first()
    office.goto(f"/interviews/{day}")
    office.get_by_role("link", name="Impor salinan antrean").click()
    office.locator("#file").set_input_files(copy)
    office.get_by_role("button", name="Lihat berkas").click()
    expect(office.locator("tbody .p-chip")).to_have_text(["Akan diambil", "Akan diambil"])
    assert marks(site) == {}
    office.locator("#file").set_input_files(copy)
    office.get_by_role("button", name="Ambil nilai-nilai ini").click()
    expect(office.get_by_role("heading", name="Hasilnya")).to_be_visible()
    assert not re.search("8,25|6,5", office.locator("main").inner_text())
    stored = {code: found for (_ref, code), found in marks(site).items()}
    assert stored == {"A1": ("8.25", 1), "A2": ("6.50", 1)}
    other = device("tablet")
    enter(other)
    other.goto(desks[0])
    expect(other.locator("#A1-value")).to_have_value("8,25")
    page.context.set_offline(False)
    sign_in_here(page)
    expect(page.locator("[data-queue-box]")).to_be_hidden(timeout=60_000)
    expect(page.locator("#A2-value")).to_have_value("6,50")
    with site.app.app_context():
        assert db.session.query(MarkRevision).count() == 2
        assert db.session.query(Event).filter_by(kind="mark.saved").count() == 2
        assert db.session.query(MarkSetAside).count() == 0


def test_an_expired_sign_in_is_renewed_in_place_and_what_waits_is_sent(
    site: Site, clock: SetClock, desks: list[str], device: Callable[..., Page]
) -> None:
    page = device()
    enter(page)
    page.goto(desks[0])
    write(page, "A1", "8")
    chip(page, "Tersimpan di server")
    clock.advance(minutes=31)
    write(page, "A2", "7,25")
    expect(page.locator("[data-sign-in]")).to_be_visible()
    chip(page, "Tersimpan di perangkat ini")
    page.locator("#again-email").fill(f"{NAME}@contoh.test")
    page.locator("#again-password").fill("not the password of anybody")
    page.locator("[data-sign-in] .btn-primary").click()
    expect(page.locator("[data-sign-in-error]")).to_contain_text("salah")
    page.locator("#again-email").fill("assessor-4@contoh.test")
    page.locator("#again-password").fill(factories.PASSWORD)
    page.locator("[data-sign-in] .btn-primary").click()
    expect(page.locator("[data-sign-in-error]")).to_contain_text("orang lain")
    assert [code for _ref, code in marks(site)] == ["A1"]
    sign_in_here(page)
    expect(page.locator("#A2-echo")).to_contain_text("7,25")
    chip(page, "Tersimpan di server")
    assert sorted((code, *found) for (_ref, code), found in marks(site).items()) == [
        ("A1", "8.00", 1), ("A2", "7.25", 1),
    ]  # fmt: skip


@pytest.mark.timeout(180)
def test_the_lock_waits_for_the_queue_and_is_set_once(
    site: Site, cable: Cable, desks: list[str], device: Callable[..., Page]
) -> None:
    page = device()
    enter(page)
    page.goto(desks[0])
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    cable.cut()
    for code in DESK:
        write(page, code, "7,5")
    expect(page.locator("p[data-when-away]")).to_contain_text("Kunci tersedia setelah tersambung")
    expect(page.locator("[data-check]")).to_be_hidden()
    expect(page.locator("[data-points]")).to_have_text("Total dihitung setelah tersambung")
    page.locator("[data-queue-count]").click()
    cable.mend()
    # The page notices the line as well: whether it or the button is first, everything is sent once.
    page.locator("[data-send-now]").dispatch_event("click")
    expect(page.locator("[data-queue-box]")).to_be_hidden(timeout=60_000)
    page.locator("[data-check]").click()
    expect(page).to_have_url(re.compile("/sheet/check$"))
    page.locator("#statement").check()
    page.locator("[data-when-sent]").dblclick()
    expect(page).to_have_url(re.compile("/sheet/receipt$"))
    with site.app.app_context():
        assert db.session.query(Event).filter_by(kind="sheet.submitted").count() == 1
        assert db.session.query(MarkRevision).count() == len(DESK)


SEEN = """() => {
  window.seen = [];
  const look = () => {
    const field = document.getElementById("A1-value");
    if (field && getComputedStyle(field).visibility === "visible") window.seen.push(field.value);
    requestAnimationFrame(look);
  };
  look();
}"""


def test_back_and_reload_never_show_an_older_mark(cable: Cable, desks: list[str], device: Callable[..., Page]) -> None:
    page = device()
    enter(page)
    prepare(page)
    page.goto(desks[0])
    write(page, "A1", "8")
    chip(page, "Tersimpan di server")
    page.context.add_init_script(f"({SEEN})()")
    cable.cut()
    write(page, "A1", "6,5")
    chip(page, "Tersimpan di perangkat ini")
    for way in ("reload", "list and back", "typed and left at once"):
        if way == "reload":
            page.reload()
        elif way == "list and back":
            page.goto("/assessments")
            page.go_back()
        else:
            page.locator("#A1-value").fill("5,25")
            page.goto("/assessments")
            page.goto(desks[0])
        last = "5,25" if way.startswith("typed") else "6,5"
        expect(page.locator("[data-sheet][data-ready]")).to_be_attached()
        expect(page.locator("#A1-value")).to_have_value(last)
        assert set(page.evaluate("window.seen")) <= {last}
    cable.mend()
    expect(page.locator("[data-queue-box]")).to_be_hidden(timeout=60_000)
    page.reload()
    expect(page.locator("#A1-value")).to_have_value("5,25")
    assert set(page.evaluate("window.seen")) <= {"5,25"}


def test_a_new_version_takes_over_whole(
    site: Site, cable: Cable, desks: list[str], device: Callable[..., Page], tmp_path: Path
) -> None:
    files = tmp_path / "static"
    shutil.copytree(str(site.app.static_folder), files)
    site.app.static_folder = str(files)
    page = device()
    enter(page)
    prepare(page)
    page.goto(desks[0])
    before = page.evaluate("caches.keys()")
    script = page.locator("script[src*='sheet.js']").get_attribute("src")
    (files / "sheet.js").write_text((files / "sheet.js").read_text("utf-8") + "\n// Another version.\n", "utf-8")
    page.goto("/assessments")
    for _try in range(50):
        now = page.evaluate("caches.keys()")
        if len(now) == len(before) and set(now) != set(before):
            break
        page.wait_for_timeout(200)
    cable.cut()
    page.goto(desks[1])
    expect(page.locator("[data-sheet][data-ready]")).to_be_attached()
    assert page.locator("script[src*='sheet.js']").get_attribute("src") != script
    write(page, "A1", "6")
    chip(page, "Tersimpan di perangkat ini")
    cable.mend()
    expect(page.locator("[data-queue-box]")).to_be_hidden(timeout=60_000)


def test_a_private_window_says_so_before_the_first_mark_and_works_while_connected(
    site: Site, desks: list[str], device: Callable[..., Page]
) -> None:
    page = device()
    page.context.add_init_script("Object.defineProperty(window, 'indexedDB', { value: null })")
    enter(page)
    page.goto(desks[0])
    expect(page.locator("[data-no-store]")).to_contain_text("tidak menyimpan apa pun")
    write(page, "A1", "7,75")
    expect(page.locator("#A1-echo")).to_contain_text("7,75")
    chip(page, "Tersimpan di server")
    assert list(marks(site).values()) == [("7.75", 1)]
    page.goto("/assessments/offline")
    page.locator("[data-start]").click()
    expect(page.locator("[data-state]")).to_contain_text("menolak menyimpan")


def test_signing_out_waits_for_the_queue_and_clears_the_device(
    site: Site, cable: Cable, desks: list[str], device: Callable[..., Page], tmp_path: Path
) -> None:
    page = device(width=360)
    enter(page)
    prepare(page)
    page.goto(desks[0])
    expect(page.locator("[data-sheet][data-ready]")).to_be_attached()
    cable.cut()
    write(page, "A1", "9,25")
    expect(page.locator("[data-queue-count]")).to_have_text("1 isian belum terkirim")
    page.locator("[data-queue-count]").click()
    over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert over <= 0
    page.locator("[data-sign-out] button").click()
    expect(page.locator(".p-flash")).to_contain_text("1 isian belum terkirim. Kirim dulu")
    with page.expect_download() as download:
        page.locator("[data-save-copy]").click()
    copy = json.loads(download.value.path().read_text("utf-8"))
    assert copy["format"] == "paritrana-queue/1"
    assert device_signed(copy["public_key"], copy["content"].encode(), copy["signature"])
    (marked,) = json.loads(copy["content"])["sheets"].values()
    assert [(one["indicator"], one["value"], one["base"]) for one in marked] == [("A1", "9,25", 0)]
    cable.mend()
    expect(page.locator("[data-queue-box]")).to_be_hidden(timeout=60_000)
    page.locator("[data-sign-out] button").click()
    expect(page).to_have_url(re.compile("/$"))
    left = "Promise.all([indexedDB.databases(), caches.keys(), navigator.serviceWorker.getRegistrations()])"
    assert page.evaluate(f"{left}.then((all) => all.map((one) => one.length))") == [0, 0, 0]
    assert page.evaluate("Object.keys(localStorage)") == []


@pytest.mark.slow
def test_the_pages_of_a_device_can_be_read_by_everybody(desks: list[str], walker: Walk) -> None:
    judge = walker(NAME)
    page = judge.page
    prepare(page)
    judge.look("offline-prepare").go("/assessments").look("offline-list")
    judge.go("/offline").look("offline-answer")
    judge.go(desks[0])
    expect(page.locator("[data-sheet][data-ready]")).to_be_attached()
    page.context.set_offline(True)
    write(page, "A1", "8,5")
    expect(page.locator("[data-offline-word]")).to_contain_text("Luring.")
    page.evaluate("location.hash = 'A2'")
    page.locator("[data-queue-count]").click()
    judge.look("sheet-offline")
    page.context.set_offline(False)
    expect(page.locator("[data-queue-box]")).to_be_hidden(timeout=60_000)
    judge.go(f"{desks[0]}/merge").look("sheet-merge")


@pytest.mark.slow
def test_the_pages_of_an_imported_copy_can_be_read_by_everybody(
    site: Site, desks: list[str], walker: Walk, tmp_path: Path
) -> None:
    with site.app.app_context():
        sheet = db.session.scalars(select(Sheet).order_by(Sheet.id)).first()
        account = db.session.scalars(select(Account).where(Account.id == sheet.assessor_id)).one()
        browser = Browser()
        register_device(account, browser.public_key, browser_key=None, actor=factories.SYSTEM, at=factories.NOW)
        db.session.commit()
        entries = [entry("A1", "8,25", base=3, panel_note="Dari tablet."), entry("A2", "6,5"), entry("E1", "11")]
        told = {"account": account.ref, "made_at": "2026-03-02T10:00:00+07:00", "sheets": {sheet.ref: entries}}
        data, address = browser.file(json.dumps(told)), f"/assessments/{sheet.nomination.ref}/sheet"
        day = db.session.scalars(select(InterviewDay.code)).first()
    copy = tmp_path / "antrean.json"
    copy.write_bytes(data)
    office = walker("organiser-1")
    office.go(f"/interviews/{day}/import").look("import")
    office.page.locator("#file").set_input_files(copy)
    office.page.get_by_role("button", name="Lihat berkas").click()
    office.look("import-looked")
    office.page.locator("#file").set_input_files(copy)
    office.page.get_by_role("button", name="Ambil nilai-nilai ini").click()
    office.look("import-done")
    judge = walker(NAME)
    judge.go(f"{address}/files").look("import-choose")
    judge.page.get_by_role("radio", name="Yang tertulis di berkas").check()
    judge.page.get_by_role("button", name="Pakai pilihan saya").click()
    judge.go(f"{address}/reopening").look("import-history")
