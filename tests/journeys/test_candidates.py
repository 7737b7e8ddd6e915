"""A regency, an employer and a village: each walks from an empty page to a verified nomination whose values count.

The employer writes at a desk, the village at a telephone, and the regency with all who deal with it works without
scripts.
"""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from paritrana.cycles.queries import rubric_of
from paritrana.database import db, random_ref
from paritrana.nominations.rows import kinds_asked
from paritrana.reference.models import Organisation
from tests import factories
from tests.journeys import passage
from tests.journeys.conftest import Site
from tests.journeys.walker import Walker
from tests.nominations.pages import paper
from tests.nominations.test_every_candidate import CANDIDATES

Walk = Callable[..., Walker]
ASKED = (("vulnerable_workers", "target.people"), ("vulnerable_workers", ".months"))


class Contest:
    """A cycle with one category: the kinds of evidence and the conditions of its rubric, and a paper for each kind."""

    def __init__(self, site: Site, folder: Path, slug: str) -> None:
        with site.app.app_context():
            here = factories.world(categories=(slug,))
            if slug == "desa":
                village = Organisation(
                    ref=random_ref("O"), name="Desa Contoh Sentosa", kind="village", region_code="99.04",
                    fictitious=True,
                )  # fmt: skip
                db.session.add(village)
                db.session.flush()
                factories.grant(factories.person("village"), "nominee", organisation=village)
                db.session.commit()
            rubric = rubric_of(here.categories[slug])
            self.slug, self.candidate = slug, rubric.category_kind
            self.kinds, self.gates = kinds_asked(rubric), [gate["code"] for gate in rubric.gates]
        self.papers = {kind: folder / f"Bukti {kind}.pdf" for kind in self.kinds}
        for kind, file in self.papers.items():
            file.write_bytes(paper(kind.encode()))

    def hand_in(self, nominee: Walker) -> str:
        """From the list of nominations to the receipt; the number of the nomination."""
        ref = passage.open_draft(nominee)
        passage.state_conditions(nominee, ref)
        for kind in self.kinds:
            passage.fill_kind(nominee, ref, kind, self.candidate, [self.papers[kind]])
        for file in self.papers.values():
            nominee.go(f"/nominations/{ref}/check").says(file.name)
        passage.send(nominee, ref)
        return ref

    def close(self, first: Walker, chair: Walker, second: Walker, ref: str) -> None:
        """The conditions are proposed and decided, the close is proposed and done, by four pairs of eyes."""
        passage.propose_conditions(first, ref, self.gates)
        passage.decide_conditions(chair, ref, self.gates)
        passage.close_by_two(first, second, ref)


@pytest.mark.slow
@pytest.mark.parametrize(("slug", "who", "width"), [("badan-usaha", "employer", "desk"), ("desa", "village", "phone")])
def test_an_employer_and_a_village_get_from_an_empty_page_to_values_that_count(
    site: Site, walker: Walk, tmp_path: Path, slug: str, who: str, width: str
) -> None:
    contest = Contest(site, tmp_path, slug)
    nominee = walker(who, width=width)
    ref = contest.hand_in(nominee)
    passage.pass_deadlines(walker("organiser-1"), slug)
    first = walker("verifier-1", width=width)
    first.go(f"/verification/{ref}")
    passage.sign_declaration(first)
    assert passage.judge_open(first, ref) > 0
    first.reads("Being verified").look(f"overview-{slug}")
    contest.close(first, walker("chair"), walker("verifier-2"), ref)
    passage.counted(first, ref, CANDIDATES[slug][1])
    nominee.go(f"/nominations/{ref}").reads("Verified").look(f"task-list-verified-{slug}")
    expect(nominee.main).not_to_contain_text("perpanjangan")


@pytest.mark.slow
@pytest.mark.timeout(420)
def test_a_regency_gets_from_an_empty_page_to_verified_without_scripts(
    site: Site, walker: Walk, tmp_path: Path
) -> None:
    contest = Contest(site, tmp_path, "kabkota")
    nominee = walker("nominee-1", java_script_enabled=False)
    ref = contest.hand_in(nominee)
    passage.pass_deadlines(walker("organiser-1", java_script_enabled=False), "kabkota")
    first = walker("verifier-1", java_script_enabled=False)
    first.go("/verification").press("Take the next one")
    passage.sign_declaration(first)
    passage.judge_open(first, ref)
    passage.ask(first, ref, ASKED, "Mohon periksa jumlah pekerja dan bulan.", ("30", "3", "2026"))
    answer(nominee, ref)
    assert passage.judge_open(first, ref) == 1  # what the nominee left as it was keeps its verdict
    first.go(f"/verification/{ref}").follow("Questions and answers")
    first.says("19.500").says("Dibayar bulanan sesuai SK.")
    contest.close(
        first, walker("chair", java_script_enabled=False), walker("verifier-2", java_script_enabled=False), ref
    )
    expect(first.go(f"/verification/{ref}").main).not_to_contain_text(first.word("not calculated yet"))


def answer(nominee: Walker, ref: str) -> None:
    """One figure is answered with a new figure, the other with a reason; both fields of their own."""
    nominee.go(f"/nominations/{ref}").follow("Answer change request %(no)s", no=1)
    people = nominee.main.locator("fieldset.p-card").filter(has_text=re.compile("20[.]000"))
    other = nominee.main.locator("fieldset.p-card").filter(has_not_text=re.compile("20[.]000"))
    nominee.press("Send the answer")
    expect(nominee.page).to_have_title(re.compile("^Galat:"))
    people.locator("input[name$=-value]").fill("19.500")
    other.locator("textarea").fill("Dibayar bulanan sesuai SK.")
    nominee.press("Send the answer").reads("The answer is sent as revision %(no)s. Number %(number)s.")
