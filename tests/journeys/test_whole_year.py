"""From the first line of a nomination to a certificate that a stranger verifies, through the pages people use."""

import io
import json
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from itertools import cycle
from pathlib import Path

import pytest
from playwright.sync_api import Playwright, expect
from pypdfium2 import PdfDocument
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from paritrana.audit.queries import first_broken_link
from paritrana.core.lifecycle import State
from paritrana.cycles.queries import get_cycle
from paritrana.files.previews.queries import waiting
from paritrana.files.previews.service import make_previews_of
from paritrana.files.store import BlobStore
from paritrana.interviews.queries import sessions_of
from paritrana.nominations import service as nominations
from paritrana.nominations.queries import get_nomination
from tests import factories
from tests.conftest import START
from tests.files.samples import EACH
from tests.journeys.conftest import Site
from tests.journeys.passage import sign_declaration, sums_agree
from tests.journeys.walker import Machine, Walker, acknowledge_warnings, fill_figures, world_again
from tests.nominations.pages import TYPED, filled, vulnerable
from tests.verification.cases import verify

Walk = Callable[..., Walker]
ROWS = ("regulation", "permit_compliance", "development_target", "non_asn_protection", "vulnerable_workers",
        "village_allocation", "csr", "budget", "coverage", "innovation")  # fmt: skip
JUDGED = ("A1", "A2", "A3", "B3", "D1", "E1", "E2")
SEATS = ("chair", "deputy", *(f"assessor-{no}" for no in range(3, 10)))
GATES = ("period", "complete")


@pytest.fixture
def papers(tmp_path: Path) -> dict[str, Path]:
    """One small file of each accepted kind, by name; the PDF has fifteen pages."""
    found = {}
    for name, content in EACH.items():
        found[name] = tmp_path / name
        found[name].write_bytes(budget() if name.endswith(".pdf") else content)
    return found


def budget() -> bytes:
    """A budget document of fifteen pages, simulated as every page says."""
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=A4, invariant=1)
    for no in range(1, 16):
        canvas.setFont("Helvetica-Bold", 14)
        canvas.drawString(72, 780, "SIMULASI - Dokumen Pelaksanaan Anggaran 2025")
        canvas.setFont("Helvetica", 11)
        canvas.drawString(72, 750, f"Halaman {no} dari 15")
        for line, words in enumerate(("Iuran JKK dan JKM pekerja rentan", "Sasaran DTSEN: 19.500 orang", "3 bulan")):
            canvas.drawString(72, 710 - 24 * line, words)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_from_nomination_to_a_verified_certificate(
    site: Site, walker: Walk, playwright: Playwright, papers: dict[str, Path], tmp_path: Path
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
    with site.app.app_context():
        draw_documents(site)
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
    refs = candidates(site)
    assert refs == [ref, other_ref]
    score(chair, ref)
    score_without_scripts(walker("assessor-3", java_script_enabled=False), ref)
    for place, name in enumerate(SEATS):
        by_hand = {ref} if name in {"chair", "assessor-3"} else set()
        missing = {other_ref} if name == "assessor-9" else set()
        score_by_machine(site, playwright, name, place, [one for one in refs if one not in by_hand | missing])
    end_interviews(organiser)
    close_scoring(chair)
    bundle = rank_and_seal(chair, organiser, site)
    in_english(walker, ref)
    walker("auditor").go("/manage/contoh-2025/ranking/kabkota", 422).look("ranking-reason")
    operate(walker("administrator"))
    publish(chair, organiser, walker(), bundle, tmp_path)
    certify(organiser, walker, tmp_path)
    with site.app.app_context():
        assert first_broken_link() is None


def hand_in(nominee: Walker, papers: dict[str, Path]) -> str:
    """A regency fills in its nomination, attaches documents, checks, sends, and has a receipt."""
    nominee.look("home-nominee").follow("Nominations", inside=nominee.page.locator("nav.p-nav"))
    nominee.look("nominations").follow(
        "Nominate %(name)s: %(category)s", name="Pemerintah Kabupaten Contoh 1", category="Kategori kabkota"
    )
    nominee.look("nomination-new").press("Open the draft")
    nominee.reads("Nomination not sent yet").look("task-list-empty")
    address = nominee.path
    ref = address.rpartition("/")[2]
    nominee.go(f"{address}/eligibility").look("eligibility")
    for radio in nominee.main.locator("input[type=radio][value=yes]").all():
        radio.check()
    nominee.press("Save")
    for row, paper in zip(ROWS, cycle(papers.values())):
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
    else:
        fill_figures(nominee, row, TYPED[row]())
        sums_agree(nominee.page)
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


def draw_documents(site: Site) -> None:
    """What a worker does when documents come: their pages are drawn."""
    store = BlobStore(site.app.extensions["settings"].blob_path)
    for blob_id in waiting(100):
        make_previews_of(blob_id, store=store, at=START)


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
    people.locator("select[name$=-document]").select_option(
        label=verifier.page.locator("#doc option:checked").inner_text()
    )
    people.locator("[name$=-page]").fill("14")
    people.locator("[name$=-note]").fill("DTSEN halaman 14 menyebut 19.500 orang.")
    turn_pages(verifier, 14)
    expect(people.locator("[name$=-found]")).to_have_value("19.500")
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


def turn_pages(verifier: Walker, no: int) -> None:
    """Open a page of the document beside the figures, without leaving the page."""
    pane = verifier.page.locator("#document")
    pane.locator("#p").fill(str(no - 1))
    pane.get_by_role("button", name=verifier.word("Open"), exact=True).click()
    expect(pane.locator("img")).to_have_attribute("src", re.compile(rf"/pages/{no - 1}$"))
    verifier.page.keyboard.press("Alt+PageDown")
    expect(pane.locator("img")).to_have_attribute("src", re.compile(rf"/pages/{no}$"))
    expect(pane.locator("img")).to_have_js_property("complete", True)


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


def candidates(site: Site) -> list[str]:
    """The nominations in the order of their slots."""
    with site.app.app_context():
        return [one.nomination.ref for one in sessions_of(get_cycle("contoh-2025").categories[0])]


def score(judge: Walker, ref: str) -> None:
    """One sheet as an assessor fills it: saved while typing, refused, abstained, two versions, left, read again."""
    judge.go("/assessments").look("assessments").go(f"/assessments/{ref}/sheet").look("sheet-declaration")
    judge.press("Open the sheet").look("sheet-empty")
    judge.chip("Not saved")
    address = judge.path
    mark(judge, "A1", "8,75").chip("Saved on the server %(time)s")
    value = judge.main.locator("#A2-value")
    value.fill("8,755")
    value.blur()
    expect(judge.main.locator("#A2-value-error")).to_contain_text(
        judge.word("Write at most 2 decimals, for example 8.75").replace("8.75", "8,75")
    )
    expect(value).to_have_value("8,755")
    judge.chip("Not saved").look("sheet-refused")
    mark(judge, "A2", "8,5", "8,50")
    judge.main.locator("#A3-abstain").check()
    judge.main.locator("#A3-abstain_note").fill("Saya ikut menyusun RPJMD ini.")
    judge.main.locator("#A3-abstain_note").blur()
    expect(judge.main.locator("#A3-echo")).to_contain_text(judge.like("Saved as an abstention at %(time)s"))
    two_versions(judge)
    judge.main.locator("#E1-value").fill("9")
    judge.main.locator("#E1-value").blur()
    expect(judge.main.locator("#E1-value-error")).to_contain_text("8,00")
    mark(judge, "E1", "7,5", "7,50")
    mark(judge, "E2", "0", "0,00")
    judge.page.reload()
    expect(judge.main.locator("#A1-value")).to_have_value("8,75")
    expect(judge.main.locator("#B3-value")).to_have_value("")
    expect(judge.main.locator("#E2-value")).to_have_value("0,00")
    expect(judge.main.locator("#A3-abstain")).to_be_checked()
    judge.page.evaluate("location.hash = 'E1'")
    judge.look("sheet-half").follow("Check and submit")
    expect(judge.page).to_have_url(re.compile("/sheet/check$"))
    judge.look("sheet-check-blank")
    judge.main.locator("input[name=statement]").check()
    judge.press("Submit and lock").look("sheet-check-refused")
    judge.go(address)
    mark(judge, "B3", "7", "7,00")
    judge.follow("Check and submit")
    expect(judge.page).to_have_url(re.compile("/sheet/check$"))
    judge.look("sheet-check")
    judge.main.locator("input[name=statement]").check()
    judge.press("Submit and lock").look("sheet-receipt")
    print_without_buttons(judge, "sheet-receipt-print")
    judge.go(address).reads("This sheet is submitted and locked").look("sheet-locked")


def mark(judge: Walker, code: str, typed: str, stored: str = "") -> Walker:
    """Type a mark, leave the field, and wait until the server says what it stored."""
    judge.main.locator(f"#{code}-value").fill(typed)
    judge.main.locator(f"#{code}-value").blur()
    expect(judge.main.locator(f"#{code}-echo")).to_contain_text(stored or judge.like("Saved as %(value)s at %(time)s"))
    return judge


def two_versions(judge: Walker) -> None:
    """The same indicator on another device: the page shows both versions and keeps the one that is chosen."""
    sheet = judge.page.locator("[data-sheet]").get_attribute("data-sheet")
    token = judge.page.locator("[data-device]").get_attribute("data-csrf") or ""
    answer = judge.page.context.request.put(
        f"{judge.site.url}/api/v1/sheets/{sheet}/marks/D1",
        data={"value": "6"},
        headers={"If-Match": '"0"', "Idempotency-Key": "from-another-device", "X-CSRFToken": token,
                 "Sec-Fetch-Site": "same-origin"},
    )  # fmt: skip
    assert answer.ok
    judge.main.locator("#D1-value").fill("6,5")
    judge.main.locator("#D1-value").blur()
    box = judge.main.locator("#D1 [data-two]")
    expect(box).to_be_visible()
    expect(box.locator("[data-mine]")).to_contain_text("6,5")
    expect(box.locator("[data-theirs]")).to_contain_text("6,00")
    judge.look("sheet-two-versions")
    box.locator("[data-keep-mine]").click()
    expect(judge.main.locator("#D1-echo")).to_contain_text("6,50")
    judge.page.reload()
    expect(judge.main.locator("#D1-value")).to_have_value("6,50")


def score_without_scripts(judge: Walker, ref: str) -> None:
    """The same sheet by plain forms, one indicator at a time."""
    judge.go(f"/assessments/{ref}/sheet")
    sign_declaration(judge)
    for row, code in enumerate(JUDGED):
        form = judge.main.locator(f"form[data-leaf={code}]")
        if row == 0:
            form.locator("[name=value]").fill("8,755")
            form.locator("[data-save]").click()
            expect(form.locator("[name=value]")).to_have_value("8,755")
        form.locator("[name=value]").fill(f"7,{row}5")
        form.locator("[data-save]").click()
        expect(form.locator("[data-echo]")).to_contain_text(f"7,{row}5")
    judge.follow("Check and submit")
    judge.main.locator("input[name=statement]").check()
    judge.press("Submit and lock")
    expect(judge.page).to_have_url(re.compile("/sheet/receipt$"))


def score_by_machine(site: Site, playwright: Playwright, name: str, place: int, refs: Sequence[str]) -> None:
    """One assessor marks these candidates through the interface for machines, and submits."""
    machine = Machine(site, playwright, name)
    for number, ref in enumerate(refs):
        machine.mark(ref, {code: mark_of(place, number, row) for row, code in enumerate(JUDGED)})
    machine.close()


def mark_of(place: int, number: int, row: int) -> str:
    """Some mark between 5 and 8, which is the limit where the deputy regent presented."""
    return f"{5 + (place + number + row) % 3}.{row}5"


def close_scoring(chair: Walker) -> None:
    """The chair says why a sheet is missing, and ends the scoring."""
    chair.go("/home").look("home-chair-scoring").go("/manage/contoh-2025").look("manage-missing-sheets")
    chair.main.get_by_text(chair.word("Close without the missing sheets")).click()
    chair.main.locator("[name^=reason-]").fill("Sakit pada hari wawancara.")
    chair.press("Close the scoring").look("manage-plenary")


def rank_and_seal(chair: Walker, organiser: Walker, site: Site) -> dict[str, str]:
    """A run, its ranking page on screen and on paper, the seal by two people; gives the totals shown by code."""
    address = "/manage/contoh-2025/ranking/kabkota"
    chair.go(address).look("ranking-empty").press("Calculate a new run").look("ranking")
    print_without_buttons(chair, "ranking-print")
    shown = totals(chair)
    acknowledge_warnings(chair).press("Propose the seal").look("ranking-proposed")
    organiser.go("/home").look("home-organiser-seal").go(address).look("ranking-organiser").press("Confirm the seal")
    organiser.reads("This result is sealed").look("ranking-sealed")
    return shown


def print_without_buttons(walker: Walker, name: str) -> None:
    """On paper neither buttons nor menus remain."""
    button = walker.main.get_by_role("button").first
    expect(button).to_be_visible()
    walker.page.emulate_media(media="print")
    expect(button).to_be_hidden()
    expect(walker.page.get_by_role("navigation")).to_have_count(0)
    walker.survey.keep_picture(walker.page, name)
    walker.page.emulate_media(media="screen")


def totals(walker: Walker) -> dict[str, str]:
    """Candidate code to the total that a ranking table shows."""
    rows = walker.main.locator("table").first.locator("tbody tr").all()
    return {row.locator("th .p-small").inner_text(): row.locator("td strong").first.inner_text() for row in rows}


def publish(chair: Walker, organiser: Walker, stranger: Walker, shown: dict[str, str], folder: Path) -> None:
    """One person requests, another confirms; a stranger reads the page and recomputes the bundle."""
    address = "/manage/contoh-2025/publication"
    stranger.go("/").look("landing-before").go("/cycles/contoh-2025").look("cycle-before")
    stranger.go("/cycles/contoh-2025/method").look("method").go("/cycles/contoh-2025/results/kabkota").look(
        "result-not-yet"
    )
    organiser.go(address).look("publication").press("Request publication").look("publication-requested")
    chair.go(address).look("publication-chair").press("Confirm and publish").look("publication-public")
    stranger.go("/").look("landing").go("/cycles/contoh-2025").look("cycle")
    stranger.go("/cycles/contoh-2025/results/kabkota").look("results")
    bundle = folder / "bundle.json"
    stranger.download("Open bundle (JSON)").save_as(bundle)
    checked = run_command("verify-ranking", bundle)
    assert checked.returncode == 0, checked.stderr
    ranked = json.loads(run_command("rank", bundle).stdout)
    assert {row["candidate"]: row["total"].replace(".", ",") for row in ranked} == shown


def run_command(*arguments: object) -> "subprocess.CompletedProcess[str]":
    """The console command, as a process of its own."""
    command = [sys.executable, "-m", "paritrana", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def certify(organiser: Walker, walker: Walk, folder: Path) -> None:
    """Certificates are issued; a stranger types the code of one as it comes, and finds whom it names."""
    organiser.go("/manage/contoh-2025/certificates").look("certificates-before")
    organiser.press("Issue all missing certificates (%(n)s)").look("certificates")
    code = organiser.main.locator("a.p-code").first.inner_text()
    recipient = organiser.main.locator("tbody th").first.inner_text()
    paper = folder / "certificate.pdf"
    organiser.download("PDF").save_as(paper)
    text = text_of(paper)
    assert recipient in text
    assert code in text
    stranger = walker(width="phone").go("/verify").look("verify")
    stranger.fill("Code on the certificate", code.lower().replace("-", "")).press("Verify")
    stranger.reads("VALID. Compare the details below with your document.").says(recipient).look("verify-valid")
    stranger.go("/verify?code=7QK4-2M9X-H3TC-8WPA", 404)
    stranger.reads("UNKNOWN. Check the letters and digits on the certificate.").look("verify-unknown")
    english = walker(language="en").go("/").look("landing").go(f"/verify/{code}").look("verify-valid")
    english.go("/cycles/contoh-2025/results/kabkota").look("results")


def in_english(walker: Walk, ref: str) -> None:
    """The pages of officers in the other language, as they stand when the result is sealed."""
    manage = "/manage/contoh-2025"
    pages = {
        "verifier-2": {"home-verifier": "/home", "queue": "/verification?status=closed"},
        "chair": {"home": "/home", "assessments": "/assessments", "sheet": f"/assessments/{ref}/sheet",
                  "receipt": f"/assessments/{ref}/sheet/receipt", "ranking": f"{manage}/ranking/kabkota"},
        "organiser-2": {"overview": f"/verification/{ref}", "item": f"/verification/{ref}/items/coverage",
                        "manage": manage, "shortlist": f"{manage}/nominations", "panel": f"{manage}/panel",
                        "schedule": f"{manage}/schedule", "slot": "/interviews/contoh-2025-1/slots/1",
                        "publication": f"{manage}/publication", "certificates": f"{manage}/certificates"},
    }  # fmt: skip
    for name, addresses in pages.items():
        officer = walker(name, "en")
        for page, address in addresses.items():
            officer.go(address)
            officer.look(f"sealed-{page}")


def operate(administrator: Walker) -> None:
    """The administrator asks for a check of the records and finds it in the list of jobs."""
    administrator.look("home-administrator").go("/system").look("system").go("/system/jobs").look("jobs-empty")
    administrator.press("Check the records and the chain").reads("Waiting for a worker").look("jobs")


def text_of(paper: Path) -> str:
    """The words of a PDF, in reading order, with single spaces."""
    document = PdfDocument(paper)
    try:
        return " ".join(" ".join(page.get_textpage().get_text_range().split()) for page in document)
    finally:
        document.close()
