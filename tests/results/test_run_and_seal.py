"""A run is stored whole; two people seal exactly what stands on the page, or nothing."""

import json
from decimal import Decimal

import pytest
from sqlalchemy import select

from paritrana.accounts.models import RoleGrant
from paritrana.audit import service as audit
from paritrana.audit.models import Event
from paritrana.core.errors import WrongState
from paritrana.core.lifecycle import State
from paritrana.cycles.models import Proposal
from paritrana.cycles.service import ProposalVoid, set_state
from paritrana.database import db
from paritrana.results import service
from paritrana.results.models import Award, ResultRun, Seal
from paritrana.results.tasks import tasks
from tests.factories import grant, sign_in, world
from tests.factories_results import category_of, contest, fail_gate, lose_figure, nominations, recuse, run, seal
from tests.nominations.pages import Forms, fields_in, send, text_of

PAGE = "/manage/contoh-2025/ranking/kabkota"


@pytest.fixture
def here(app, db_session):
    return contest(4)


@pytest.fixture
def visitor(app):
    """A signed-in browser for each name."""

    def make(name):
        client = app.test_client()
        sign_in(client, name)
        return client

    return make


def page(client, address=PAGE):
    return client.get(address, query_string={"lang": "en"})


def press(client, part, address=PAGE, **changes):
    """Send the form of the page whose address ends with `part`."""
    answer = page(client, address)
    action = next(one for one in Forms(text_of(answer)).forms if one.endswith(part))
    return send(client, action, fields_in(answer, action), **changes)


def press_seal(client, address=PAGE, **changes):
    """Press the first button under the proposal to seal."""
    answer = page(client, address)
    action = next(one for one in Forms(text_of(answer)).forms if "/seal/P-" in one and not one.endswith("withdraw"))
    fields = dict(list(zip_first(answer, action)))
    return send(client, action, fields, **changes)


def zip_first(answer, action):
    """The fields of the first form of a page that is sent to `action`."""
    seen = set()
    for name, value in Forms(text_of(answer)).forms[action]:
        if name in seen:
            break
        seen.add(name)
        yield name, value


def kinds(here):
    stream = audit.judging(here.cycle.code)
    return [event.kind for event in db.session.query(Event).filter_by(stream=stream).order_by(Event.seq)]


def test_before_the_first_run_the_page_says_what_a_run_does(here, visitor):
    text = text_of(page(visitor("organiser-1")))
    assert "There is no run yet" in text
    assert "Calculate a new run" in text


def test_a_run_shows_totals_ranks_and_points(here, visitor):
    client = visitor("organiser-1")
    answer = press(client, "/runs")
    assert answer.status_code == 303
    stored = db.session.scalars(select(ResultRun)).one()
    text = text_of(page(client))
    assert stored.digest in text
    assert "36 of 36" in text
    for row in json.loads(stored.bundle)["result"]:
        assert row["total"] in text
    assert text.index("Kabupaten Contoh 1") < text.index("Kabupaten Contoh 2") < text.index("Kabupaten Contoh 3")
    assert "run.built" in kinds(here)


def test_pressing_twice_makes_one_run(here, visitor):
    client = visitor("chair")
    answer = page(client)
    action = PAGE + "/runs"
    fields = fields_in(answer, action)
    first, second = send(client, action, fields), send(client, action, fields)
    assert (first.status_code, second.status_code) == (303, 303)
    assert db.session.query(ResultRun).count() == 1


def test_shared_totals_are_told_in_words_and_share_the_title(app, db_session, visitor):
    here = contest(4, value=lambda candidate, assessor, indicator: Decimal(8 if candidate < 3 else 7))
    seal(here)
    text = text_of(page(visitor("organiser-1")))
    assert text.count('class="p-rank">=1<') == 3
    assert "Tied, not separated by the rules" in text
    awards = db.session.scalars(select(Award).order_by(Award.rank, Award.id)).all()
    assert [(one.rank, one.tied, one.title_id) for one in awards] == [(1, True, "Terbaik I")] * 3


def test_a_tie_that_the_chain_breaks_names_the_rule(app, db_session, visitor):
    # E1 weighs 10 and B3 weighs 6, so 0.60 more of the one and 1.00 less of the other leave the total as it is.
    moved = {"E1": Decimal("8.60"), "B3": Decimal("7.00")}
    here = contest(2, value=lambda no, assessor, code: moved.get(code, Decimal(8)) if no == 1 else Decimal(8))
    run(here)
    text = text_of(page(visitor("organiser-1")))
    assert ">=1<" not in text
    assert "Separated by: points of the stage Interview" in text
    assert text.index("Kabupaten Contoh 2") < text.index("Kabupaten Contoh 1")


def test_candidates_without_a_rank_have_reasons_and_no_number(here, visitor):
    first, second, third, _fourth = nominations(here)
    fail_gate(here, first)
    lose_figure(here, second)
    for who in ("chair", "deputy", "assessor-3", "assessor-4", "assessor-5"):
        recuse(here, who, third)
    stored = run(here)
    text = text_of(page(visitor("organiser-1")))
    assert "Condition not met" in text
    assert "No value can be computed for" in text
    assert "has 4 of 5 marks" in text
    assert text.index("Ranked") < text.index("Below quorum") < text.index("Incomplete") < text.index("Not eligible")
    assert [row["state"] for row in json.loads(stored.bundle)["result"]] == [
        "ranked", "below_quorum", "incomplete", "ineligible",
    ]  # fmt: skip


def test_a_newer_input_is_told_and_nothing_is_recalculated_by_itself(here, visitor):
    stored = run(here)
    lose_figure(here, nominations(here)[0])
    client = visitor("chair")
    text = text_of(page(client))
    assert "The run is older than its inputs" in text
    assert stored.digest in text
    assert "Propose the seal" not in text
    assert db.session.query(ResultRun).count() == 1


def test_the_chair_proposes_and_an_organiser_seals(here, visitor):
    stored = run(here)
    chair, organiser = visitor("chair"), visitor("organiser-1")
    assert press(chair, "/seal").status_code == 303
    own = text_of(page(chair))
    assert "Waiting for another person" in own
    assert "Confirm the seal" not in own
    assert press_seal(organiser).status_code == 303
    sealed = db.session.scalars(select(Seal)).one()
    assert (sealed.digest, sealed.run_id) == (stored.digest, stored.id)
    assert (sealed.sealed_by, sealed.second_by) == (here.accounts["chair"].id, here.accounts["organiser-1"].id)
    assert category_of(here).stored_state is State.SEALED
    awards = db.session.scalars(select(Award).order_by(Award.rank)).all()
    assert [(one.rank, one.title_id) for one in awards] == [(1, "Terbaik I"), (2, "Terbaik II"), (3, "Terbaik III")]
    assert kinds(here)[-3:] == ["seal_results.confirmed", "category.moved", "results.sealed"]
    text = text_of(page(organiser))
    assert "This result is sealed" in text
    assert "Calculate a new run" not in text


def test_the_chair_cannot_confirm_and_an_organiser_cannot_propose(here, visitor):
    run(here)
    chair, organiser = visitor("chair"), visitor("organiser-1")
    assert "Propose the seal" not in text_of(page(organiser))
    press(chair, "/seal")
    proposal = db.session.scalars(select(Proposal)).one()
    fields = fields_in(page(organiser), f"{PAGE}/seal/{proposal.ref}") | {"answer": "confirm"}
    token = fields_in(page(chair), "/sign-out")["csrf_token"]
    answer = send(chair, f"{PAGE}/seal/{proposal.ref}", fields | {"csrf_token": token, "digest": proposal.digest})
    assert answer.status_code == 403
    assert db.session.query(Seal).count() == 0


def test_one_person_with_both_roles_cannot_seal_alone(here, visitor):
    grant(here.accounts["chair"], "organiser", cycle=here.cycle)
    run(here)
    db.session.commit()
    chair = visitor("chair")
    press(chair, "/seal")
    proposal = db.session.scalars(select(Proposal)).one()
    assert "Confirm the seal" not in text_of(page(chair))
    token = fields_in(page(chair), "/sign-out")["csrf_token"]
    answer = send(
        chair,
        f"{PAGE}/seal/{proposal.ref}",
        {"csrf_token": token, "idempotency_key": "one-person-alone", "digest": proposal.digest, "answer": "confirm"},
    )
    assert answer.status_code == 409
    assert "The requester cannot approve" in text_of(answer)
    assert db.session.query(Seal).count() == 0
    assert db.session.query(RoleGrant).filter_by(role="organiser").count() == 3


def test_moved_inputs_void_the_proposal(here, visitor):
    run(here)
    chair, organiser = visitor("chair"), visitor("organiser-1")
    press(chair, "/seal")
    fields_page = page(organiser)
    action = next(one for one in Forms(text_of(fields_page)).forms if "/seal/P-" in one)
    fields = dict(zip_first(fields_page, action))
    recuse(here, "assessor-3", nominations(here)[0])
    answer = send(organiser, action, fields)
    assert answer.status_code == 409
    assert "has changed since" in text_of(answer)
    assert db.session.scalars(select(Proposal)).one().state == "void"
    assert db.session.query(Seal).count() == 0
    assert category_of(here).stored_state is State.PLENARY


def test_a_newer_run_voids_the_proposal(here):
    first = run(here)
    proposal = service.propose_seal(category_of(here), first.digest, actor=here.actor("chair"), at=here.now)
    db.session.commit()
    second = run(here)
    assert proposal.state == "void"
    with pytest.raises(ProposalVoid):
        service.confirm_seal(proposal, proposal.digest, actor=here.actor("organiser-1"), at=here.now)
    db.session.rollback()
    assert second.no == 2
    with pytest.raises(service.RunMoved):
        service.propose_seal(category_of(here), first.digest, actor=here.actor("chair"), at=here.now)


def test_a_mark_changed_behind_the_digest_of_its_sheet_is_found_at_the_seal(here):
    stored = run(here)
    proposal = service.propose_seal(category_of(here), stored.digest, actor=here.actor("chair"), at=here.now)
    mark = db.session.query(service.queries.SheetMark).order_by(service.queries.SheetMark.id).first()
    mark.value = Decimal("0.00")
    db.session.commit()
    with pytest.raises(ProposalVoid):
        service.confirm_seal(proposal, proposal.digest, actor=here.actor("organiser-1"), at=here.now)
    db.session.rollback()
    assert db.session.query(Seal).count() == 0


def test_another_digest_than_the_proposed_one_is_refused(here):
    stored = run(here)
    proposal = service.propose_seal(category_of(here), stored.digest, actor=here.actor("chair"), at=here.now)
    with pytest.raises(ProposalVoid):
        service.confirm_seal(proposal, "0" * 64, actor=here.actor("organiser-1"), at=here.now)


def test_nothing_is_calculated_or_sealed_at_another_stage(app, db_session):
    here = world(state=State.SCORING)
    with pytest.raises(WrongState):
        service.build_run(category_of(here), actor=here.actor("organiser-1"), at=here.now)
    with pytest.raises(WrongState):
        service.propose_seal(category_of(here), "", actor=here.actor("chair"), at=here.now)
    set_state(category_of(here), State.PLENARY, expected=State.SCORING, actor=here.actor("chair"), at=here.now)
    with pytest.raises(service.NoRun):
        service.propose_seal(category_of(here), "", actor=here.actor("chair"), at=here.now)


def test_a_sealed_result_takes_no_further_run(here):
    sealed = seal(here)
    with pytest.raises(WrongState):
        run(here)
    with pytest.raises(service.AlreadySealed):
        service.propose_seal(category_of(here), sealed.digest, actor=here.actor("chair"), at=here.now)


def test_the_proposal_can_be_sent_back_and_taken_back(here, visitor):
    run(here)
    chair, organiser = visitor("chair"), visitor("organiser-1")
    press(chair, "/seal")
    assert press_seal(organiser, answer="refuse").status_code == 303
    press(chair, "/seal")
    assert press(chair, "/withdraw").status_code == 303
    assert [one.state for one in db.session.query(Proposal).order_by(Proposal.id)] == ["withdrawn", "withdrawn"]


@pytest.mark.parametrize(
    ("name", "status"),
    [("nominee-1", 404), ("verifier-1", 404), ("administrator", 404), ("assessor-3", 200), ("chair", 200),
     ("organiser-2", 200), ("auditor", 422)],
)  # fmt: skip
def test_who_sees_the_ranking(here, visitor, name, status):
    run(here)
    assert page(visitor(name)).status_code == status


def test_whoever_is_in_conflict_in_the_category_sees_no_ranking_of_it(here, visitor):
    run(here)
    recuse(here, "assessor-3", nominations(here)[3])
    assert page(visitor("assessor-3")).status_code == 404


def test_an_auditor_says_why_and_then_reads(here, visitor):
    run(here)
    client = visitor("auditor")
    asked = page(client)
    assert asked.status_code == 422
    assert "Your reason is kept" in text_of(asked)
    assert "Contoh 1" not in text_of(asked)
    answer = client.get(PAGE, query_string={"lang": "en", "reason": "review"})
    assert answer.status_code == 200
    assert "Calculate a new run" not in text_of(answer)


def test_the_public_is_asked_to_sign_in(here, client):
    assert client.get(PAGE).status_code in {302, 303, 401}


@pytest.mark.parametrize("count", [10, 200])
def test_the_page_takes_twelve_statements_whatever_the_number_of_candidates(
    app, db_session, statements, visitor, count
):
    here = contest(count)
    stored = run(here)
    service.propose_seal(category_of(here), stored.digest, actor=here.actor("chair"), at=here.now)
    client = visitor("chair")
    page(client)
    with statements() as sent:
        answer = page(client)
    assert answer.status_code == 200
    selects = [one for one in sent if one.lstrip("( ").upper().startswith("SELECT")]
    assert len(selects) <= 12, "\n".join(selects)
    assert "Contoh 1" in text_of(answer)


def test_a_long_ranking_comes_in_pages_of_fifty(app, db_session, visitor):
    run(contest(60))
    client = visitor("organiser-1")
    first, second = text_of(page(client)), text_of(client.get(PAGE, query_string={"lang": "en", "page": "2"}))
    assert "Page 1 of 2" in first
    assert [text.count('<td data-label="Rank">') for text in (first, second)] == [50, 10]
    assert client.get(PAGE, query_string={"page": "x"}).status_code == 200
    assert client.get(PAGE, query_string={"page": "99"}).status_code == 200


def test_tasks_name_who_has_to_do_what(here):
    assert [one.message for one in tasks(here.actor("chair"), here.now)] == [
        "Calculate the ranking and propose its seal: %(category)s"
    ]
    assert list(tasks(here.actor("organiser-1"), here.now)) == []
    assert list(tasks(here.actor("nominee-1"), here.now)) == []
    stored = run(here)
    service.propose_seal(category_of(here), stored.digest, actor=here.actor("chair"), at=here.now)
    db.session.commit()
    (waiting,) = tasks(here.actor("chair"), here.now)
    assert waiting.waiting_for_others
    assert [one.message for one in tasks(here.actor("organiser-1"), here.now)] == [
        "Confirm the seal of the result: %(category)s"
    ]
    assert list(tasks(here.actor("assessor-3"), here.now)) == []
