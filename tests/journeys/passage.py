"""The way of one nomination, step by step, as the people of it walk: nominee, verifier, chair, second verifier.

Every step works with scripts and without; where they run, the arithmetic shown while typing is compared with the
server's own answer.
"""

import html
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from paritrana.nominations.rows import page_name
from tests.journeys.walker import Walker, fill_figures
from tests.nominations.pages import TYPED

PANEL = re.compile(r"data-arithmetic-panel[^>]*>(.*?)<p><button[^>]*data-arithmetic-button", re.DOTALL)
MOST_ITEMS = 40


def open_draft(nominee: Walker) -> str:
    """Open the only nomination that is offered; its number."""
    nominee.go("/nominations").main.get_by_role("link", name=nominee.like("Nominate %(name)s: %(category)s")).click()
    nominee.press("Open the draft").reads("Nomination not sent yet")
    return nominee.path.rpartition("/")[2]


def state_conditions(nominee: Walker, ref: str) -> None:
    """Say yes to every condition of the award."""
    nominee.go(f"/nominations/{ref}/eligibility")
    for radio in nominee.main.locator("input[type=radio][value=yes]").all():
        radio.check()
    nominee.press("Save")


def fill_kind(nominee: Walker, ref: str, kind: str, candidate: str, papers: Sequence[Path]) -> None:
    """Fill one kind of evidence as `tests.nominations.pages` types it, with documents, and call it completed."""
    nominee.go(f"/nominations/{ref}/evidence/{page_name(kind)}")
    if kind in TYPED:
        fill_figures(nominee, kind, TYPED[kind](candidate))
        if nominee.scripts:
            sums_agree(nominee.page)
    nominee.main.locator("input[type=file]").set_input_files(list(papers))
    nominee.main.locator("input[name=completed][value=yes]").check()
    nominee.press("Save")
    expect(nominee.page).to_have_url(re.compile(f"/nominations/{ref}$"))


def sums_agree(page: Page) -> None:
    """What the panel shows while typing becomes what the button without script answers for the same entries."""
    answer = page.evaluate(
        """async () => {
            const form = document.querySelector("form[data-arithmetic-url]");
            const body = new FormData(form);
            for (const file of form.querySelectorAll("input[type=file]")) body.delete(file.name);
            body.set("do", "calculate");
            return (await fetch(form.action, { method: "POST", body })).text();
        }"""
    )
    found = PANEL.search(answer)
    assert found is not None
    said = html.unescape(re.sub("<[^>]+>", "", found[1].rpartition("</div>")[0]))
    expect(page.locator("[data-arithmetic-panel]")).to_have_text(said)


def send(nominee: Walker, ref: str) -> None:
    """Sign the statement and send; the receipt names the number."""
    nominee.go(f"/nominations/{ref}/check")
    nominee.main.locator("#statement").check()
    nominee.press("Send nomination").reads("Sent %(time)s. Number %(number)s")


def pass_deadlines(organiser: Walker, slug: str) -> None:
    """The clock of the simulated cycle passes the deadline of entry and the grace time."""
    organiser.go("/manage/contoh-2025")
    for stage in ("Closed", "Verification"):
        organiser.press("Move the clock past the next deadline")
        expect(organiser.main.locator(f"#{slug} .p-chip").first).to_contain_text(organiser.word(stage))


def sign_declaration(officer: Walker) -> None:
    """Say that nothing stands between the officer and the candidate."""
    officer.main.locator("input[name=conflict][value=no]").check()
    officer.press("Sign the declaration")


def judge_open(verifier: Walker, ref: str) -> int:
    """Find every open figure as claimed, item after item as the button leads; the number of figures."""
    verifier.go(f"/verification/{ref}")
    verifier.follow("Go to the first open item")
    judged = 0
    for _item in range(MOST_ITEMS):
        rows = verifier.page.locator("fieldset[data-row][data-open] select[name$=-verdict]").all()
        for verdict in rows:
            verdict.select_option("matches")
        judged += len(rows)
        with verifier.page.expect_navigation():
            verifier.page.locator("[data-next]").click()
        if verifier.path == f"/verification/{ref}":
            return judged
    raise AssertionError(f"{ref} still has open items after {MOST_ITEMS}")


def ask(
    verifier: Walker, ref: str, figures: Iterable[tuple[str, str]], question: str, due: tuple[str, str, str]
) -> None:
    """Ask the nominee about some figures in one request; each by its kind of evidence and the end of its name."""
    verifier.go(f"/verification/{ref}/requests/new")
    for kind, figure in figures:
        box = verifier.page.locator(f"input[name=figure][value^='{kind}/'][value$='{figure}']")
        if not box.is_visible():
            verifier.page.locator("details").filter(has=box).locator("summary").click()
        box.check()
    verifier.fill("Question to the nominee", question)
    verifier.day("Answer due by", *due)
    verifier.press("Send the request").reads("Waits for the nominee")


def propose_conditions(verifier: Walker, ref: str, gates: Iterable[str]) -> None:
    """The verifier proposes that every condition is met."""
    verifier.go(f"/verification/{ref}")
    for gate in gates:
        _gate(verifier, gate, "Sesuai dengan dokumen.", "Propose")


def decide_conditions(chair: Walker, ref: str, gates: Iterable[str]) -> None:
    """The chair decides so."""
    chair.go(f"/verification/{ref}/close")
    sign_declaration(chair)
    for gate in gates:
        _gate(chair, gate, "Saya setuju.", "Decide")


def _gate(officer: Walker, gate: str, reason: str, act: str) -> None:
    form = officer.main.locator(f"#gates form:has(input[name=code][value={gate}])")
    form.locator("input[value=pass]").check()
    form.locator("textarea").fill(reason)
    officer.press(act, inside=form)


def close_by_two(first: Walker, second: Walker, ref: str) -> None:
    """The verifier proposes the close and cannot confirm it; the second person does."""
    first.go(f"/verification/{ref}/close").press("Propose to close")
    first.reads("The requester cannot approve. Ask another person.")
    second.go(f"/verification/{ref}/close")
    sign_declaration(second)
    second.press("Close the verification").reads("The verification is closed. The nomination is verified.")


def counted(officer: Walker, ref: str, values: Mapping[str, Any]) -> None:
    """The values that follow from the verified figures stand on the page, two decimals with a comma."""
    officer.go(f"/verification/{ref}")
    for code, value in values.items():
        shown = str(value).replace(".", ",")
        expect(officer.main.locator("h3").filter(has_text=re.compile(rf"^{code} .*{shown}")).first).to_be_visible()
