"""Conditions of employers and villages: asked of the nominee, held against the figures, decided, and ranked out."""

import pytest

from paritrana.core.evidence.choices import ENTERPRISE, PROGRAMMES, SMALL
from paritrana.core.gates import against
from paritrana.cycles.models import Category
from paritrana.cycles.queries import rubric_of
from paritrana.database import db, random_ref
from paritrana.nominations import service as nominations
from paritrana.nominations.models import Nomination
from paritrana.reference.models import Organisation
from paritrana.results import service as results
from paritrana.verification import queries
from paritrana.verification import service as verification
from paritrana.verification.service import Entry
from paritrana.verification.signs import signs_of
from tests.factories import grant, person, sign_in, world
from tests.nominations.pages import compliance, fields_of, filled, send, text_of
from tests.verification.cases import LATER, declared, judge_all

EMPLOYERS = {
    "large": ("badan-usaha", {"kind": "enterprise", "size_class": "large"}),
    "medium": ("badan-usaha", {"kind": "enterprise", "size_class": "medium"}),
    "small": ("umk", {"kind": "small_micro", "size_class": "small"}),
    "micro": ("umk", {"kind": "small_micro", "size_class": "micro"}),
    "village": ("desa", {"kind": "village"}),
}
# What the figures say against a condition, and the sentence that stands beside it.
AGAINST = {
    "mandatory_programmes": ({"programmes.jp": "no"}, "not joined: JP."),
    "minimum_programmes": ({"programmes.jkm": "no"}, "not joined: JKM."),
    "no_partial_registration": ({"workers.registered": 390}, "20 workers are not registered"),
    "no_active_sanction": ({"sanction": "yes"}, "By the figures a sanction is in force."),
}
OF = {
    "badan-usaha": ["period", "mandatory_programmes", "no_partial_registration", "no_active_sanction"],
    "umk": ["period", "minimum_programmes"],
    "desa": ["period", "complete"],
}
# Every size of every category; `make test` has one size of each.
FAILING = [
    pytest.param(size, code, marks=pytest.mark.slow if size in {"medium", "micro"} else ())
    for size, (slug, _said) in EMPLOYERS.items()
    for code in OF[slug]
]


@pytest.fixture
def here(db_session):
    return world(categories=("badan-usaha", "umk", "desa"), kind="real")


def candidate(here, size):
    """A draft that may be sent, of an organisation of this size; the person in charge is `candidate`."""
    slug, described = EMPLOYERS[size]
    organisation = Organisation(
        ref=random_ref("O"), name="Contoh Mandiri", region_code="99.04", fictitious=False, **described
    )
    db.session.add(organisation)
    db.session.flush()
    here.organisations["candidate"], here.accounts["candidate"] = organisation, person("candidate")
    grant(here.accounts["candidate"], "nominee", organisation=organisation)
    db.session.flush()
    return filled(here, "candidate", "candidate", slug)


def say(here, nomination, figures):
    """Save other compliance figures."""
    item = next(one for one in nomination.evidence if one.kind == "compliance")
    data = {"fields": {**item.data["fields"], **figures}}
    nominations.save_evidence(
        nomination, "compliance", data, note="", explanation_reason="", explanation="", completed=True,
        expected=item.version, actor=here.actor("candidate"), at=here.now,
    )  # fmt: skip
    db.session.commit()


def at_door(app, name):
    client = app.test_client()
    sign_in(client, name)
    return client


@pytest.mark.parametrize(("size", "code"), FAILING)
def test_a_condition_that_is_not_met_shows_and_takes_the_candidate_out_of_the_ranking(app, here, clock, size, code):
    nomination = candidate(here, size)
    slug, ref = EMPLOYERS[size][0], nomination.ref
    assert [gate["code"] for gate in rubric_of(nomination.category).gates] == OF[slug]
    figures, sentence = AGAINST.get(code, ({}, ""))
    if figures:
        say(here, nomination, figures)
    nominee = at_door(app, "candidate")
    asked = fields_of(nominee, f"/nominations/{ref}/eligibility")
    assert {name.removesuffix("-note") for name in asked if name.endswith("-note")} == set(OF[slug])
    page = text_of(nominee.get(f"/nominations/{ref}/eligibility", query_string={"lang": "en"}))
    assert sentence in page
    nominations.submit(nomination, actor=here.actor("candidate"), at=here.now)
    db.session.commit()
    clock.set(here.now + LATER)
    declared(here, nomination, "verifier-1", "chair")
    judge_all(here, nomination)
    verifier, chair = at_door(app, "verifier-1"), at_door(app, "chair")
    overview = f"/verification/{ref}"
    assert sentence in text_of(verifier.get(overview, query_string={"lang": "en"}))
    said = {"subject": "gate", "code": code, "answer": "fail", "reason": "As the documents show.", "version": "0"}
    form = fields_of(verifier, overview, f"{overview}/gates")
    assert send(verifier, f"{overview}/gates", form, **said).status_code == 303
    form = fields_of(chair, f"{overview}/close", f"{overview}/decisions")
    decided = said | {"version": form["version"], "reason": "So it is."}
    assert send(chair, f"{overview}/decisions", form, **decided).status_code == 303
    db.session.rollback()
    category = db.session.get(Category, nomination.category_id)
    category.state, db.session.get(Nomination, nomination.id).state = 6, "interviewed"
    db.session.flush()
    run = results.build_run(category, actor=here.actor("organiser-1"), at=here.now + LATER)
    db.session.commit()
    assert '"ineligible"' in run.bundle.decode()
    ranking = text_of(
        at_door(app, "organiser-1").get(f"/manage/contoh-2025/ranking/{slug}", query_string={"lang": "en"})
    )
    title = next(gate["title_en"] for gate in rubric_of(category).gates if gate["code"] == code)
    assert "Not eligible" in ranking
    assert "Condition not met" in ranking
    assert title in ranking


@pytest.mark.parametrize("size", ["large", "micro"])
def test_whole_figures_speak_against_nothing(here, size):
    data = compliance(SMALL if size == "micro" else ENTERPRISE)
    whole = {"fields": {**data["fields"], "workers.wage_matched": 400}}
    for code in AGAINST:
        assert against(code, whole, ["jkk", "jkm", "jht", "jp"]) is None


def test_only_the_programmes_that_the_rubric_asks_for_count():
    nothing = {"fields": {f"programmes.{code}": "no" for code in PROGRAMMES}}
    assert against("mandatory_programmes", nothing, []) is None
    found = against("minimum_programmes", nothing, ["jkk", "jht"])
    assert found is not None
    assert found.figures == ("programmes.jkk", "programmes.jht")
    assert against("mandatory_programmes", {}, ["jkk"]) is None  # nothing is said yet
    assert against("period", nothing, ["jkk"]) is None


def test_a_hidden_claim_and_a_figure_that_does_not_count_speak_against_nothing(here, clock):
    category = here.categories["badan-usaha"]
    verification.set_claims_wait(category, True, actor=here.actor("organiser-1"), at=here.now)
    nomination = candidate(here, "large")
    say(here, nomination, {"sanction": "yes", "workers.wage_matched": 400})
    nominations.submit(nomination, actor=here.actor("candidate"), at=here.now)
    clock.set(here.now + LATER)
    declared(here, nomination, "verifier-1")

    def spoken():
        return set(signs_of(queries.case_of(nomination)))

    def find(verdict, found, expected):
        entry = Entry("sanction", found, verdict, 1, "1", "As the letter says.", expected)
        verification.record_finding(
            nomination, "compliance", entry, revision_no=1, actor=here.actor("verifier-1"), at=here.now + LATER
        )
        return spoken()

    assert spoken() == set()  # what nobody found yet tells nothing of the claim
    here.cycle.settings = {}
    assert spoken() == {"no_active_sanction"}
    assert find("unverifiable", None, 0) == set()
    assert find("matches", "yes", 1) == {"no_active_sanction"}
    assert find("differs", "no", 2) == set()
