"""A page of findings at the door: who sees it, what it refuses, what it keeps, and how it resolves two writers."""

import pytest

from paritrana.core.policy import Act
from paritrana.cycles.queries import get_category, rubric_of
from paritrana.database import db
from paritrana.nominations.models import Nomination
from paritrana.nominations.queries import nominations_of
from paritrana.panels.service import recuse
from paritrana.verification.models import Finding
from paritrana.verification.values import computed_values
from paritrana.web.access import ask, visible
from tests.factories import sign_in, world
from tests.nominations.pages import alike, fields_in, fields_of, send, text_of
from tests.verification.cases import ALL, LATER, declared, judge_all, sent


@pytest.fixture
def here(app, db_session):
    return world(kind="real")


@pytest.fixture
def nomination(here, clock):
    return sent(here, clock)[0]


@pytest.fixture
def verifier(client, here, nomination):
    sign_in(client, "verifier-1")
    return client


def item(nomination, kind="non_asn_protection"):
    return f"/verification/{nomination.ref}/items/{kind}"


PAGES = (
    "", "/items/coverage", "/items/regulation", "/requests/new", "/close",
)  # fmt: skip


def test_a_verifier_of_the_candidates_region_finds_nothing_anywhere(client, here, nomination):
    here.accounts["verifier-1"].office_region_code = nomination.organisation.region_code
    sign_in(client, "verifier-1")
    for tail in PAGES:
        assert client.get(f"/verification/{nomination.ref}{tail}").status_code == 404
    assert nomination.organisation.name not in text_of(client.get("/verification"))
    unknown = client.get("/verification/N-0000-0000")
    hidden = client.get(f"/verification/{nomination.ref}")
    assert alike(hidden, nomination.ref) == alike(unknown, nomination.ref)


def test_who_stepped_back_finds_nothing_any_more(client, here, nomination):
    recuse(nomination, "a relative", actor=here.actor("verifier-1"), at=here.now + LATER)
    sign_in(client, "verifier-1")
    for tail in PAGES:
        assert client.get(f"/verification/{nomination.ref}{tail}").status_code == 404
    assert nomination.organisation.name not in text_of(client.get("/verification"))


def test_another_tenant_does_not_learn_that_it_exists(client, here, nomination):
    sign_in(client, "nominee-2")
    for tail in PAGES:
        assert client.get(f"/verification/{nomination.ref}{tail}").status_code == 404
    assert client.get(f"/nominations/{nomination.ref}/requests/1").status_code == 404
    assert client.get("/verification").status_code == 403


def test_the_nominee_does_not_read_the_verifiers_notes(client, here, nomination):
    sign_in(client, "nominee-1")
    for tail in PAGES:
        assert client.get(f"/verification/{nomination.ref}{tail}").status_code in {403, 404}


def test_a_list_holds_exactly_what_the_policy_allows_one_by_one(app, here, clock, client):
    made = sent(here, clock, ALL)
    here.accounts["verifier-1"].office_region_code = "99.02"
    recuse(made[2], "a relative", actor=here.actor("verifier-2"), at=here.now + LATER)
    db.session.commit()
    with app.test_request_context():
        for name in ("verifier-1", "verifier-2", "chair", "assessor-3", "organiser-1", "nominee-1", "auditor"):
            actor = here.actor(name)
            for act in (Act.VERIFY, Act.SEE_NOMINATION, Act.CLOSE_VERIFICATION, Act.SET_FINDING, Act.ANSWER_REQUEST):
                listed = {one.id for one in db.session.scalars(visible(actor, act, Nomination))}
                alone = {one.id for one in db.session.query(Nomination) if ask(act, one, actor=actor).allowed}
                assert listed == alone, (name, act)


def test_nothing_is_shown_before_the_declaration(verifier, nomination):
    page = text_of(verifier.get(f"/verification/{nomination.ref}", query_string={"lang": "en"}))
    assert "Is there a conflict of interest?" in page
    assert "Data and evidence" not in page
    assert verifier.get(item(nomination)).status_code == 303
    address = f"/verification/{nomination.ref}/declaration"
    fields = fields_of(verifier, f"/verification/{nomination.ref}", address)
    assert send(verifier, address, fields).status_code == 422
    assert send(verifier, address, fields, conflict="no").status_code == 303
    assert "Data and evidence" in text_of(verifier.get(f"/verification/{nomination.ref}", query_string={"lang": "en"}))


def test_a_declared_conflict_closes_the_door_at_once(verifier, nomination):
    address = f"/verification/{nomination.ref}/declaration"
    fields = fields_of(verifier, f"/verification/{nomination.ref}", address)
    refused = send(verifier, address, fields, conflict="yes")
    assert refused.status_code == 422
    assert "Write the reason." in text_of(refused)
    assert send(verifier, address, fields, conflict="yes", reason="My brother works there.").status_code == 303
    assert verifier.get(f"/verification/{nomination.ref}").status_code == 404


def test_the_next_one_is_the_oldest_that_nobody_has(client, here, clock):
    made = sent(here, clock, ALL)
    sign_in(client, "verifier-1")
    for expected in made:
        fields = fields_of(client, "/verification", "/verification/next")
        answer = send(client, "/verification/next", fields)
        assert answer.location == f"/verification/{expected.ref}"
    answer = send(client, "/verification/next", fields_of(client, "/verification", "/verification/next"))
    assert answer.location == "/verification"


def test_same_as_claimed_fills_one_row_only(verifier, here, nomination):
    declared(here, nomination, "verifier-1")
    fields = fields_of(verifier, item(nomination))
    answer = send(verifier, item(nomination), fields, same="2")
    assert answer.status_code == 303
    assert answer.location.endswith("#row-3")
    found = db.session.query(Finding).one()
    assert (found.figure, found.found, found.verdict) == ("contract_staff.covered", "900", "matches")
    assert found.found_by_name == "Verifier 1"


def test_a_verdict_without_note_is_refused_and_the_text_stays(verifier, here, nomination):
    declared(here, nomination, "verifier-1")
    typed = {"row-1-found": "950", "row-1-verdict": "differs", "row-1-page": "14"}
    answer = send(verifier, item(nomination), fields_of(verifier, item(nomination)), **typed)
    assert answer.status_code == 422
    page = text_of(answer)
    assert "Enter the page and a note" in page
    assert 'value="950"' in page
    kept = fields_in(answer, item(nomination))
    assert {name: kept[name] for name in typed} == typed
    assert db.session.query(Finding).count() == 0


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"row-1-found": "9,5"}, "Write people in this group as 15000 or 15,000"),
        ({"row-1-found": "950"}, "Choose a verdict."),
        ({"row-1-found": "950", "row-1-verdict": "matches"}, "The figure you found differs from the claim."),
        ({"row-1-verdict": "differs", "row-1-page": "1", "row-1-note": "x"}, "Enter the figure you found."),
        ({"row-1-verdict": "splendid"}, "Choose a verdict."),
        ({"row-1-verdict": "unverifiable", "row-1-note": "no page"}, "Enter the page and a note"),
    ],
)
def test_a_row_that_cannot_stand_is_refused_whole(verifier, here, nomination, typed, said):
    declared(here, nomination, "verifier-1")
    good = {"row-2-verdict": "matches"}
    answer = send(verifier, item(nomination), fields_of(verifier, item(nomination)), **typed, **good)
    assert answer.status_code == 422
    assert said in text_of(answer)
    assert db.session.query(Finding).count() == 0


def test_a_difference_is_calculated_by_the_server_with_its_sign(verifier, here, nomination):
    declared(here, nomination, "verifier-1")
    typed = {"row-2-found": "850", "row-2-verdict": "differs", "row-2-page": "14", "row-2-note": "50 counted twice."}
    answer = send(verifier, item(nomination), fields_of(verifier, item(nomination)), **typed, then="next")
    assert answer.status_code == 303
    page = text_of(verifier.get(item(nomination), query_string={"lang": "en"}))
    assert "50" in page
    assert "−50" in page or "-50" in page


def test_save_and_next_leads_to_the_next_open_item(verifier, here, nomination):
    declared(here, nomination, "verifier-1")
    first = f"/verification/{nomination.ref}/items/regulation"
    answer = send(verifier, first, fields_of(verifier, first), then="next", **{"row-1-verdict": "matches"})
    assert answer.location == f"/verification/{nomination.ref}/items/permit_compliance"


def test_two_writers_see_both_versions_and_choose(client, app, here, nomination):
    declared(here, nomination, "verifier-1", "verifier-2")
    sign_in(client, "verifier-1")
    mine = fields_of(client, item(nomination))
    other = app.test_client()
    sign_in(other, "verifier-2")
    theirs = {"row-1-found": "980", "row-1-verdict": "differs", "row-1-page": "2", "row-1-note": "Page two says 980."}
    assert send(other, item(nomination), fields_of(other, item(nomination)), **theirs).status_code == 303

    typed = {"row-1-found": "950", "row-1-verdict": "differs", "row-1-page": "9", "row-1-note": "Page nine says 950."}
    stale = send(client, item(nomination), mine, **typed)
    assert stale.status_code == 409
    page = text_of(stale)
    assert "Page two says 980." in page
    assert "Page nine says 950." in page
    assert "Verifier 2" in page
    again = fields_in(stale, item(nomination))
    undecided = send(client, item(nomination), again)
    assert undecided.status_code == 422
    assert "Choose which version stays." in text_of(undecided)
    assert db.session.query(Finding).one().found == "980"
    chosen = fields_in(undecided, item(nomination))
    assert send(client, item(nomination), chosen, **{"row-1-keep": "mine"}).status_code == 303
    db.session.expire_all()
    assert db.session.query(Finding).one().found == "950"


def test_what_is_stored_can_be_chosen_as_well(client, app, here, nomination):
    declared(here, nomination, "verifier-1", "verifier-2")
    sign_in(client, "verifier-1")
    mine = fields_of(client, item(nomination))
    other = app.test_client()
    sign_in(other, "verifier-2")
    send(other, item(nomination), fields_of(other, item(nomination)), **{"row-1-verdict": "matches"})
    typed = {"row-1-found": "950", "row-1-verdict": "differs", "row-1-page": "9", "row-1-note": "Page nine."}
    stale = send(client, item(nomination), mine, **typed)
    assert (
        send(client, item(nomination), fields_in(stale, item(nomination)), **{"row-1-keep": "stored"}).status_code
        == 303
    )
    assert db.session.query(Finding).one().verdict == "matches"


def test_who_sits_in_the_panel_does_not_verify_there(app, client, here, nomination):
    from tests.factories import grant

    grant(here.accounts["assessor-3"], "verifier", cycle=here.cycle)
    db.session.commit()
    sign_in(client, "assessor-3")
    assert nomination.organisation.name not in text_of(client.get("/verification"))
    with app.test_request_context():
        assert not ask(Act.VERIFY, nomination, actor=here.actor("assessor-3")).allowed


def test_computed_values_follow_from_found_figures_only(here, clock, nomination):
    declared(here, nomination, "verifier-1")
    rubric = nomination.category.rubric
    before = computed_values(nomination.category, rubric, [nomination])
    assert {value.value for value in before.values()} == {None}
    assert all(value.missing for value in before.values())
    judge_all(here, nomination)
    after = computed_values(nomination.category, rubric, [nomination])
    # B1: 2700 of 3000; B2: 5600 × 3 of 12 × 20000 = 7 % of 30 %; C1: 52500 of 150000 = 35 % against 32.15 %.
    assert after[nomination.id, "B1"].value == "9.00"
    assert after[nomination.id, "B2"].value == "2.33"
    assert after[nomination.id, "C1"].value == "10.00"
    assert after[nomination.id, "B1"].steps


def test_the_statements_of_queue_and_values_do_not_grow_with_the_candidates(app, here, clock, statements):
    counts = []
    for more in (ALL[:1], ALL[1:]):
        clock.set(here.now)
        sent(here, clock, more)
        client = app.test_client()
        sign_in(client, "verifier-1")
        client.get("/verification")
        with statements() as page:
            assert client.get("/verification").status_code == 200
        category = get_category("contoh-2025", "kabkota")
        rubric, made = rubric_of(category), nominations_of(category)
        with statements() as computed:
            assert computed_values(category, rubric, made)
        counts.append((len(page), len(computed)))
    assert counts[0] == counts[1]
    assert counts[0][1] <= 5
