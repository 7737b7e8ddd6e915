"""From the first line of a nomination to a certificate that a stranger verifies, through the pages people use."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from paritrana.clock import SetClock
from paritrana.core.lifecycle import State
from paritrana.nominations import service as nominations
from paritrana.nominations.queries import get_nomination
from tests import factories
from tests.conftest import START
from tests.files.samples import EACH
from tests.journeys.conftest import Site
from tests.journeys.walker import Survey, Walker, fill_figures, world_again
from tests.nominations.pages import TYPED, filled, vulnerable
from tests.verification.cases import verify

Walk = Callable[..., Walker]
ROWS = ("indicator-A1", "permit_compliance", "indicator-A3", "non_asn_protection", "vulnerable_workers",
        "village_allocation", "coverage", "indicator-D1")  # fmt: skip
GATES = ("period", "complete")


@pytest.fixture
def papers(tmp_path: Path) -> dict[str, Path]:
    """One small file of each accepted kind, by name."""
    found = {}
    for name, content in EACH.items():
        found[name] = tmp_path / name
        found[name].write_bytes(content)
    return found


@pytest.mark.timeout(280)
def test_from_nomination_to_a_verified_certificate(
    site: Site, walker: Walk, survey: Survey, clock: SetClock, papers: dict[str, Path]
) -> None:
    with site.app.app_context():
        here = factories.world()
        other = filled(here, "nominee-2", "regency-2")
        nominations.submit(other, actor=here.actor("nominee-2"), at=here.now)
        other_ref = other.ref
        factories.db.session.commit()
        assert here.category.state == State.OPEN
    nominee = walker("nominee-1")
    ref = hand_in(nominee, papers)
    organiser = walker("organiser-1")
    pass_deadlines(organiser)
    first = walker("verifier-1")
    check(first, nominee, ref)
    chair = walker("chair")
    second = walker("verifier-2")
    close(first, chair, second, ref)
    with site.app.app_context():
        there = get_nomination(other_ref)
        verify(world_again(START), there)
    shortlist(organiser, chair)
    interviews(organiser)
    end_interviews(organiser)


def hand_in(nominee: Walker, papers: dict[str, Path]) -> str:
    """A regency fills in its nomination, attaches documents, checks, sends, and has a receipt."""
    nominee.look("home-nominee").follow("Nominations", inside=nominee.page.locator("nav.p-nav"))
    nominee.look("nominations").follow("Nominate %(name)s", name="Pemerintah Kabupaten Contoh 1")
    nominee.look("nomination-new").press("Open the draft")
    nominee.reads("Nomination not sent yet").look("task-list-empty")
    address = nominee.path
    ref = address.rpartition("/")[2]
    nominee.go(f"{address}/eligibility").look("eligibility")
    for radio in nominee.main.locator("input[type=radio][value=yes]").all():
        radio.check()
    nominee.press("Save")
    for row, paper in zip(ROWS, list(papers.values()) * 2, strict=True):
        fill_row(nominee, address, row, paper)
    expect(nominee.page).to_have_url(re.compile(f"{address}$"))
    nominee.look("task-list").go(f"{address}/evidence/coverage").look("evidence-filled")
    nominee.follow("Receipt").look("document-receipt")
    nominee.go(f"{address}/check").look("check")
    nominee.press("Send nomination").reads("Tick the statement, then send the nomination.").look("check-refused")
    expect(nominee.page.locator("[data-error-summary]")).to_be_focused()
    nominee.main.locator("#statement").check()
    nominee.press("Send nomination")
    expect(nominee.page).to_have_url(re.compile(f"{address}/receipt$"))
    nominee.reads("Sent %(time)s. Number %(number)s").look("receipt")
    nominee.follow("Back to the task list").look("task-list-sent")
    return ref


def fill_row(nominee: Walker, address: str, row: str, paper: Path) -> None:
    """Fill one row of the task list, with a document; the budget of the vulnerable workers differs and is explained."""
    nominee.go(f"{address}/evidence/{row}")
    if row == "coverage":
        nominee.look("evidence-coverage-empty")
    if row == "vulnerable_workers":
        fill_figures(nominee, row, vulnerable(amount=365_600_000))
        panel = nominee.page.locator("[data-arithmetic-panel]")
        expect(panel).to_contain_text("Rp83.360.000")
        expect(panel).to_contain_text("29,54%")
        nominee.main.get_by_text(nominee.word("Explain a difference"), exact=True).click()
        nominee.field("Reason for the difference").select_option(index=1)
        nominee.fill("Explanation", "Anggaran memuat JHT untuk sebagian peserta.")
        nominee.look("evidence-difference")
    elif row in TYPED:
        fill_figures(nominee, row, TYPED[row]())
    nominee.main.locator("input[type=file]").set_input_files(paper)
    nominee.main.locator("input[name=completed][value=yes]").check()
    nominee.press("Save")


def pass_deadlines(organiser: Walker) -> None:
    """The clock of the simulated cycle passes the deadline of entry and the grace time."""
    organiser.look("home-organiser").go("/manage/contoh-2025").look("manage")
    for stage in ("Closed", "Verification"):
        organiser.press("Move the clock past the next deadline")
        expect(organiser.main.locator("#kabkota .p-chip").first).to_contain_text(organiser.word(stage))
    organiser.look("manage-verification")


def check(verifier: Walker, nominee: Walker, ref: str) -> None:
    """A verifier compares every claim, finds one figure different, asks for one change and gets an answer."""
    verifier.look("home-verifier").go("/verification").look("queue").press("Take the next one")
    verifier.look("declaration")
    verifier.main.locator("input[name=conflict][value=no]").check()
    verifier.press("Sign the declaration")
    if ref not in verifier.path:
        verifier.go(f"/verification/{ref}")
        sign_declaration(verifier)
    verifier.look("overview-empty").follow("Go to the first open item")
    verifier.look("item-empty")
    for row in ROWS:
        verifier.go(f"/verification/{ref}/items/{row}")
        find_as_claimed(verifier)
    verifier.go(f"/verification/{ref}/items/vulnerable_workers")
    people = verifier.page.locator("fieldset[data-row]").first
    people.locator("[name$=-found]").fill("19.500")
    people.locator("select[name$=-verdict]").select_option("differs")
    verifier.press("Save", inside=verifier.page.locator(".p-actions").last)
    verifier.look("item-refused")
    expect(verifier.page.locator("[data-error-summary]")).to_be_focused()
    expect(people.locator("[name$=-found]")).to_have_value("19.500")
    people.locator("select[name$=-document]").select_option(index=1)
    people.locator("[name$=-page]").fill("14")
    people.locator("[name$=-note]").fill("DTSEN halaman 14 menyebut 19.500 orang.")
    verifier.press("Save", inside=verifier.page.locator(".p-actions").last)
    verifier.look("item-differs")
    verifier.go(f"/verification/{ref}").look("overview").follow("Request changes")
    verifier.fill("Question to the nominee", "Mohon periksa sasaran pekerja rentan.")
    verifier.day("Answer due by", "30", "3", "2026")
    verifier.look("request-new").press("Send the request")
    nominee.go("/home").look("home-request")
    nominee.go(f"/nominations/{ref}").look("task-list-returned").follow("Answer change request %(no)s", no=1)
    nominee.look("request")
    nominee.fill("New figure", "19.500")
    nominee.press("Send the answer").reads("The answer is sent as revision %(no)s. Number %(number)s.")
    nominee.look("request-answered")
    verifier.go(f"/verification/{ref}/items/vulnerable_workers")
    find_as_claimed(verifier)
    verifier.go(f"/verification/{ref}")
    for gate in GATES:
        form = verifier.main.locator(f"#gates form:has(input[name=code][value={gate}])")
        form.locator("input[value=pass]").check()
        form.locator("textarea").fill("Sesuai dengan dokumen.")
        verifier.press("Propose", inside=form)
    verifier.look("overview-done")


def find_as_claimed(verifier: Walker) -> None:
    """The first open figure by its own button, the others by their verdicts, then all saved together."""
    same = verifier.main.locator("[data-same]")
    if same.count():
        with verifier.page.expect_navigation():
            same.first.click()
    for row in verifier.page.locator("fieldset[data-row][data-open]").all():
        row.locator("select[name$=-verdict]").select_option("matches")
    verifier.page.locator("[data-next]").click()
    verifier.page.wait_for_load_state()


def sign_declaration(officer: Walker) -> None:
    """Say that nothing stands between the officer and the candidate."""
    officer.main.locator("input[name=conflict][value=no]").check()
    officer.press("Sign the declaration")


def close(first: Walker, chair: Walker, second: Walker, ref: str) -> None:
    """The chair decides the conditions, the verifier proposes the close, another verifier closes."""
    chair.look("home-chair").go(f"/verification/{ref}/close")
    sign_declaration(chair)
    chair.look("close-chair")
    for gate in GATES:
        form = chair.main.locator(f"#gates form:has(input[name=code][value={gate}])")
        form.locator("input[value=pass]").check()
        form.locator("textarea").fill("Saya setuju.")
        chair.press("Decide", inside=form)
    first.go(f"/verification/{ref}/close").look("close-first").press("Propose to close").look("close-proposed")
    first.reads("The requester cannot approve. Ask another person.")
    second.go(f"/verification/{ref}/close")
    sign_declaration(second)
    second.look("close-second").press("Close the verification").look("closed")


def shortlist(organiser: Walker, chair: Walker) -> None:
    """The organiser proposes who is interviewed, the chair confirms."""
    organiser.go("/manage/contoh-2025/nominations").look("shortlist")
    for choice in organiser.main.locator("input[type=radio][value=yes]").all():
        choice.check()
    organiser.fill("Reason", "Semua nominasi lengkap dan terverifikasi.")
    organiser.press("Propose the shortlist").look("shortlist-proposed")
    chair.go("/home").look("home-chair-shortlist").go("/manage/contoh-2025/nominations")
    chair.look("shortlist-chair").press("Confirm the shortlist").look("shortlist-confirmed")


def interviews(organiser: Walker) -> None:
    """A day with two slots; the deputy regent presents the first candidate, which caps one mark."""
    organiser.go("/manage/contoh-2025/panel").look("panel").go("/manage/contoh-2025/schedule").look("schedule-empty")
    organiser.day("Interview day", "25", "3", "2026")
    organiser.press("Add the day").look("schedule-day")
    organiser.choose("Candidate", "all")
    organiser.fill("Room, or link", "Ruang Rapat Utama")
    organiser.press("Plan").look("schedule")
    for no, rank in ((1, "wakil"), (2, "bupati_wali_kota")):
        slot = f"/interviews/contoh-2025-1/slots/{no}"
        organiser.go(slot).look("slot-planned").press("Open the session").look("slot-open")
        organiser.follow("Record who presents").look("attendance")
        organiser.main.locator(f"input[name=presenter_rank][value={rank}]").check()
        organiser.press("Show the limit").look(f"attendance-{rank}")
        organiser.fill("Office as introduced", "Wakil Bupati" if no == 1 else "Bupati")
        organiser.fill("Arrived at", "09.05")
        organiser.press("Save").look(f"slot-recorded-{no}")
    organiser.go("/interviews/contoh-2025-1/slots/1").says("8,00")


def end_interviews(organiser: Walker) -> None:
    """Both sessions are closed, then the interviews."""
    for no in (1, 2):
        organiser.go(f"/interviews/contoh-2025-1/slots/{no}").press("Close the session")
    organiser.look("slot-closed").go("/manage/contoh-2025/schedule").look("schedule-closed")
    organiser.press("End the interviews").look("manage-scoring")
