"""Forms keep what was typed: without scripts, in two tabs, after the sign-in ran out; sign-in and language."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from paritrana.clock import SetClock
from tests import factories
from tests.files.samples import PDF
from tests.journeys.conftest import Site
from tests.journeys.passage import sums_agree
from tests.journeys.walker import Walker, fill_figures
from tests.nominations.pages import coverage, draft, vulnerable

Walk = Callable[..., Walker]


@pytest.fixture
def address(site: Site) -> str:
    """The task list of an empty draft of Kabupaten Contoh 1."""
    with site.app.app_context():
        return f"/nominations/{draft(factories.world()).ref}"


def test_evidence_is_filled_without_scripts(walker: Walk, address: str, tmp_path: Path) -> None:
    paper = tmp_path / "DPA 2025.pdf"
    paper.write_bytes(PDF)
    nominee = walker("nominee-1", java_script_enabled=False)
    nominee.go(f"{address}/evidence/vulnerable_workers")
    fill_figures(nominee, "vulnerable_workers", vulnerable(amount=365_600_000))
    nominee.press("Calculate").says("+Rp83.360.000").says("29,54%").says("3,89")
    expect(nominee.main.locator("[name$=-people]").last).to_have_value(re.compile(r"5\.?600"))
    nominee.field("Reason for the difference").select_option(index=1)
    nominee.fill("Explanation", "Anggaran memuat JHT.")
    nominee.main.locator("input[type=file]").set_input_files(paper)
    nominee.main.locator("input[name=completed][value=yes]").check()
    nominee.press("Save")
    expect(nominee.page).to_have_url(re.compile(f"{address}$"))
    nominee.go(f"{address}/evidence/vulnerable_workers").says("DPA 2025.pdf").reads("Needs attention")


@pytest.mark.parametrize("scripts", [True, False])
def test_the_sums_while_typing_are_those_of_the_saved_page(walker: Walk, address: str, scripts: bool) -> None:
    nominee = walker("nominee-1", java_script_enabled=scripts)
    nominee.go(f"{address}/evidence/vulnerable_workers")
    fill_figures(nominee, "vulnerable_workers", vulnerable(amount=365_600_000))
    if not scripts:
        nominee.press("Calculate")
    panel = nominee.page.locator("[data-arithmetic-panel]")
    for said in ("5.600", "16.800", "+Rp83.360.000", "29,54%", "3,89"):
        expect(panel).to_contain_text(said)
    if scripts:
        sums_agree(nominee.page)  # the panel has caught up with the last entry
    typed = words(panel)
    nominee.press("Save")
    nominee.go(f"{address}/evidence/vulnerable_workers")
    assert words(nominee.page.locator("[data-arithmetic-panel]")) == typed


def words(panel: Locator) -> str:
    """The text of a panel, however it is broken into lines."""
    return " ".join(panel.inner_text().split())


def test_the_index_of_a_long_form_stays_at_hand_on_a_telephone(walker: Walk, address: str) -> None:
    nominee = walker("nominee-1", width="phone")
    nominee.go(f"{address}/evidence/coverage")
    index = nominee.page.locator("details[data-parts]")
    nominee.page.locator("#documents").scroll_into_view_if_needed()
    expect(index.locator("summary")).to_be_in_viewport()
    index.locator("summary").click()
    part = index.locator("a").nth(2)
    part.focus()
    nominee.page.keyboard.press("Enter")
    expect(index).not_to_have_attribute("open", "")
    field = nominee.page.locator("#part-3 input").first
    expect(field).to_be_in_viewport()
    field.focus()
    # A page may scroll smoothly: what counts is where the field comes to rest.
    nominee.page.wait_for_function(
        "([field, index]) => field.getBoundingClientRect().top >= index.getBoundingClientRect().bottom",
        arg=[field.element_handle(), index.element_handle()],
        timeout=5_000,
    )


def test_two_tabs_on_one_form_keep_both_versions(walker: Walk, address: str) -> None:
    nominee = walker("nominee-1")
    first, second = nominee.page, nominee.page.context.new_page()
    for tab in (first, second):
        tab.goto(f"{address}/evidence/coverage")
    first.locator("[name=pu-participants]").fill("40000")
    save(nominee, first)
    second.locator("[name=pu-participants]").fill("41000")
    save(nominee, second)
    other = Walker(nominee.site, second, nominee.survey)
    other.reads("Two versions: choose").says("40.000").says("41.000").look("evidence-conflict")
    expect(second.locator("[name=pu-participants]")).to_have_value(re.compile(r"41\.?000"))
    save(nominee, second)
    first.reload()
    expect(first.locator("[name=pu-participants]")).to_have_value(re.compile(r"41\.?000"))


def save(nominee: Walker, tab: Page) -> None:
    """Press «save» in one tab and wait for the page that answers."""
    with tab.expect_navigation():
        tab.get_by_role("button", name=nominee.word("Save"), exact=True).click()


def test_a_half_filled_form_comes_back_after_the_sign_in_ran_out(walker: Walk, address: str, clock: SetClock) -> None:
    nominee = walker("nominee-1")
    nominee.go(f"{address}/evidence/coverage")
    data = coverage()
    fill_figures(nominee, "coverage", data)
    clock.advance(hours=13)
    nominee.press("Save").reads("Your sign-in has expired. Sign in again; your entries are kept.")
    nominee.look("sign-in-expired")
    nominee.fill("E-mail address", "nominee-1@contoh.test").fill("Password", factories.PASSWORD)
    nominee.press("Sign in").reads("Your entries are kept").look("entries-kept")
    nominee.press("Continue and save what you typed")
    expect(nominee.page).to_have_url(re.compile("/evidence/coverage$"))
    for key, value in data["fields"].items():
        shown = nominee.page.locator(f"[name='{key.replace('.', '-')}']").input_value()
        assert shown.replace(".", "") == str(value), key


def test_a_refused_form_names_each_field_and_keeps_what_was_typed(walker: Walk, address: str) -> None:
    nominee = walker("nominee-1")
    nominee.go(f"{address}/evidence/coverage")
    field = nominee.page.locator("[name=pu-participants]")
    field.fill("15.00")
    nominee.press("Save").look("evidence-refused")
    expect(nominee.page).to_have_title(re.compile("^Galat:"))
    expect(field).to_have_value("15.00")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(nominee.page.locator("[data-error-summary]")).to_be_focused()
    nominee.page.locator("[data-error-summary] a").first.click()
    expect(field).to_be_focused()


def test_a_wrong_password_is_refused_in_one_sentence(walker: Walk, address: str) -> None:
    nominee = walker()
    nominee.go("/home").look("sign-in")
    nominee.fill("E-mail address", "nominee-1@contoh.test").fill("Password", "not the right pass phrase")
    nominee.press("Sign in").look("sign-in-refused")
    expect(nominee.page).to_have_title(re.compile("^Galat:"))
    expect(nominee.field("E-mail address")).to_have_value("nominee-1@contoh.test")
    expect(nominee.field("Password")).to_have_value("")
    nominee.fill("Password", factories.PASSWORD).press("Sign in")
    expect(nominee.page).to_have_url(re.compile("/home$"))
    nominee.press("Sign out", inside=nominee.page.locator("header"))
    nominee.go("/home").reads("Sign in")


def test_the_language_switch_stays_on_the_page(walker: Walk, address: str) -> None:
    nominee = walker("nominee-1").go(address)
    expect(nominee.page.locator("html")).to_have_attribute("lang", "id")
    nominee.page.get_by_role("button", name="English").click()
    expect(nominee.page.locator("html")).to_have_attribute("lang", "en")
    nominee.language = "en"
    assert nominee.path == address
    nominee.reads("Nomination not sent yet").look("task-list")
    for place in ("/home", "/nominations", f"{address}/eligibility", f"{address}/evidence/coverage",
                  f"{address}/check"):  # fmt: skip
        nominee.go(place).look(place.removeprefix(address).strip("/").replace("/", "-"))


def test_pages_that_lead_nowhere_say_so(walker: Walk, address: str) -> None:
    stranger = walker()
    stranger.go("/nominations/N-0000-0000/no-such-page", 404).look("not-found")
    expect(stranger.page.get_by_role("contentinfo")).to_be_visible()
    nominee = walker("nominee-2")
    nominee.go(address, 404).look("not-found-signed-in")
    nominee.go("/manage/contoh-2025", 404)
