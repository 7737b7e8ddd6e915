"""A deadline is extended in public, and a question about evidence stands on the score sheet until it is answered."""

from collections.abc import Callable
from datetime import timedelta

from playwright.sync_api import expect

from paritrana.clock import SetClock
from paritrana.database import db
from paritrana.verification import service as verification
from tests import factories
from tests.interviews.stages import shortlisted
from tests.journeys.conftest import Site
from tests.journeys.walker import Walker
from tests.nominations.pages import draft
from tests.sheets.desks import opened
from tests.verification.cases import LATER

Walk = Callable[..., Walker]
REASON = "Jaringan di tiga kabupaten terputus sejak 1 Maret."


def test_an_extension_is_proposed_confirmed_and_read_by_everybody(site: Site, walker: Walk) -> None:
    with site.app.app_context():
        ref = draft(factories.world()).ref
    organiser, address = walker("organiser-1"), "/manage/contoh-2025/deadlines"
    walker(width="phone").go("/notices").says("Belum ada pengumuman.").look("notices-empty")
    organiser.go("/manage/contoh-2025").follow("Deadline and extensions").look("deadlines")
    organiser.follow("Propose an extension").look("extension-form")
    organiser.day("Date of the new deadline", "1", "3", "2026")
    organiser.fill("Reason, as everybody reads it", REASON).press("Propose the extension")
    expect(organiser.field("Reason, as everybody reads it")).to_have_value(REASON)
    organiser.look("extension-refused").day("Date of the new deadline", "25", "3", "2026")
    organiser.press("Propose the extension").reads("Waiting for another person").look("extension-proposed")
    chair = walker("chair").go(address).look("extension-chair")
    chair.press("Extend the deadline").says(REASON)
    stranger = walker(width="phone").go("/notices").says(REASON).look("notices")
    stranger.says("25 Maret 2026")
    nominee = walker("nominee-1", width="phone").go(f"/nominations/{ref}").reads("The deadline was extended")
    nominee.says(REASON).look("task-list-extended").go("/nominations").says(REASON)


def test_a_question_about_evidence_stands_on_the_sheet_until_it_is_answered(
    site: Site, walker: Walk, clock: SetClock
) -> None:
    with site.app.app_context():
        here = factories.world()
        nomination = shortlisted(here, clock)[0]
        opened(here, nomination, "assessor-3")
        at = here.now + LATER
        verification.ask_changes(
            nomination, [("regulation", "lines.r001.enacted_on")], "Dokumen mana yang menyebut tanggal ini?",
            at + timedelta(days=3), actor=here.actor("verifier-1"), at=at,
        )  # fmt: skip
        db.session.commit()
        ref = nomination.ref
    judge = walker("assessor-3").go(f"/assessments/{ref}/sheet").look("sheet-asked")
    said = judge.word("Change request %(no)s on this evidence is open. Score this indicator once it is answered.", no=1)
    expect(judge.main.locator("#A1")).to_contain_text(said)
    expect(judge.main.locator("#A1-value")).to_have_count(0)
    judge.main.locator("#A2-value").fill("7,5")
    judge.main.locator("#A2-value").blur()
    expect(judge.main.locator("#A2-echo")).to_contain_text("7,50")
    judge.follow("Check and submit").says(said)
