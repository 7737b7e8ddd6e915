"""A rubric that people built themselves carries a category through marks, a tie, the plenary and the publication.

At the end a stranger downloads the bundle and computes the same ranking from it.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Playwright

from paritrana.clock import SetClock
from paritrana.cycles.queries import get_category
from tests import factories
from tests.factories import NOW
from tests.interviews.stages import held, planned, shortlisted
from tests.journeys.conftest import Site
from tests.journeys.test_rubrics import HOME, MINE, add_indicator
from tests.journeys.test_whole_year import SEATS, run_command, totals
from tests.journeys.walker import Machine, Walker, acknowledge_warnings, world_again

Walk = Callable[..., Walker]
RANKING, PLENARY = "/manage/contoh-2025/ranking/kabkota", "/manage/contoh-2025/plenary/kabkota"
# The first two candidates receive the same marks from everybody, so that no rule can tell them apart.
MARKS = ({"A1": "8", "A2": "7.5"}, {"A1": "8", "A2": "7.5"}, {"A1": "6.25", "A2": "7"})


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_rubric_built_from_nothing_ends_in_a_bundle_that_a_stranger_verifies(
    site: Site, walker: Walk, playwright: Playwright, clock: SetClock, tmp_path: Path
) -> None:
    with site.app.app_context():
        factories.world()
    organiser, chair = walker("organiser-1"), walker("chair")
    build(organiser)
    freeze(organiser, chair)
    with site.app.app_context():
        here = world_again(NOW)
        candidates = shortlisted(here, clock, len(MARKS))
        for session in planned(here, candidates):
            held(here, session, "")  # this rubric limits no mark by the rank of who presents
        refs = [one.ref for one in candidates]
    for name in SEATS:
        score(Machine(site, playwright, name), refs)
    organiser.sign_in("organiser-1").go("/manage/contoh-2025/schedule").press("End the interviews")
    chair.sign_in("chair").go("/manage/contoh-2025").press("Close the scoring")
    decide_the_tie(chair, walker("deputy"))
    shown = seal(chair, organiser)
    assert list(shown) == ["99.02", "99.01", "99.03"]
    publish(chair, organiser)
    bundle = download(walker(), tmp_path)
    ranked = json.loads(run_command("rank", bundle).stdout)
    assert {row["candidate"]: row["total"].replace(".", ",") for row in ranked} == shown
    assert json.loads(bundle.read_text(encoding="utf-8"))["decisions"][0]["order"] == ["99.02", "99.01"]


def build(organiser: Walker) -> None:
    """Two indicators, one per stage; ties are broken by the interview, then by the plenary."""
    organiser.go(HOME).choose("Begin with", "").fill("Code", "contoh-2026").choose("Kind of category", "regency_city")
    organiser.fill("Title in Indonesian", "Rubrik Contoh 2026").fill("Title in English", "Contoh rubric 2026")
    organiser.press("Make the version")
    add_indicator(organiser, "A1", "40", "desk")
    add_indicator(organiser, "A2", "60", "interview")
    organiser.follow("Panel, scale and policies").fill("Quorum", "5").press("Save")
    organiser.follow("Order of tie-breaks").choose("Add to the order", "indicator:A2").press("Add to the end")


def freeze(organiser: Walker, chair: Walker) -> None:
    """Two people freeze the version, which is the rubric of the category from then on."""
    organiser.go(MINE).fill("Reason", "Bobot sesuai rapat panitia.")
    organiser.main.get_by_role("button", name=organiser.word("Propose to freeze it")).click()
    organiser.reads("Waiting for another person")
    chair.go(MINE).press("Freeze this version").reads("A frozen version never changes. Copy it to make a new one.")
    with organiser.site.app.app_context():
        assert get_category("contoh-2025", "kabkota").rubric.ref == "contoh-2026/1"


def score(machine: Machine, refs: list[str]) -> None:
    """One assessor marks every candidate and submits."""
    for ref, marks in zip(refs, MARKS, strict=True):
        machine.mark(ref, marks)
    machine.close()


def decide_the_tie(chair: Walker, deputy: Walker) -> None:
    """The plenary meets, decides the order of the two, and is closed with its minutes."""
    chair.go(RANKING).press("Calculate a new run").look("tie-ranking").go(PLENARY)
    for box in chair.main.locator("input[name=present]").all():
        box.check()
    chair.press("Open the plenary").look("tie-plenary").follow("Record their order")
    for place, code in enumerate(("99.02", "99.01")):
        chair.main.locator(f"#order-{place}").select_option(code)
    chair.fill("Votes for it", "6").fill("Votes against it", "3").fill("Abstained", "0")
    chair.fill("Reason", "Cakupan sektor informal lebih luas.").look("tie-decision")
    chair.press("Propose the decision").look("tie-proposed")
    deputy.go(PLENARY).press("Confirm the decision").look("tie-confirmed")
    chair.go(RANKING).press("Calculate a new run").look("tie-decided")
    chair.go(PLENARY).fill("Number of the signed minutes", "BA-01/2026").press("Close the plenary").look("tie-closed")


def seal(chair: Walker, organiser: Walker) -> dict[str, str]:
    """Two people seal the run; gives the totals shown by code, in the order of the ranks."""
    shown = totals(chair.go(RANKING))
    acknowledge_warnings(chair).press("Propose the seal")
    organiser.go(RANKING).press("Confirm the seal").reads("This result is sealed")
    return shown


def publish(chair: Walker, organiser: Walker) -> None:
    """One person requests, another confirms."""
    address = "/manage/contoh-2025/publication"
    organiser.go(address).press("Request publication")
    chair.go(address).press("Confirm and publish")


def download(stranger: Walker, folder: Path) -> Path:
    """The bundle that a stranger finds, once `verify-ranking` has computed it anew."""
    stranger.go("/cycles/contoh-2025/results/kabkota").look("tie-results")
    bundle = folder / "bundle.json"
    stranger.download("Open bundle (JSON)").save_as(bundle)
    checked = run_command("verify-ranking", bundle)
    assert checked.returncode == 0, checked.stderr
    assert re.search("99.02", stranger.main.inner_text())
    return bundle
