"""Two people publish what was sealed; before that nobody outside can tell one world from another."""

import hashlib
import json
from decimal import Decimal

import pytest
from sqlalchemy import select

from paritrana.audit import service as audit
from paritrana.audit.models import Event
from paritrana.core.bundle import compare, parse
from paritrana.core.errors import WrongState
from paritrana.core.lifecycle import State
from paritrana.cycles.models import Proposal
from paritrana.cycles.service import ProposalVoid
from paritrana.database import db
from paritrana.publication import service
from paritrana.publication.models import Publication
from paritrana.publication.tasks import tasks
from paritrana.results.queries import seal_of
from tests.factories import grant
from tests.factories_results import category_of, contest, fail_gate, lose_figure, nominations, publish, seal
from tests.nominations.pages import Forms, fields_in, send, text_of

MANAGE = "/manage/contoh-2025/publication"
RESULT = "/cycles/contoh-2025/results/kabkota"
PUBLIC = ["/", "/cycles/contoh-2025", "/cycles/contoh-2025/method", RESULT, RESULT + ".json"]


@pytest.fixture
def here(app, db_session):
    return contest(4)


def english(client, address):
    return client.get(address, query_string={"lang": "en"})


def press(client, choose, **changes):
    """Press the first button of the page whose address `choose` accepts."""
    answer = english(client, MANAGE)
    action = next(one for one in Forms(text_of(answer)).forms if choose(one))
    fields = {}
    for name, value in Forms(text_of(answer)).forms[action]:
        fields.setdefault(name, value)
    return send(client, action, fields, **changes)


def request_it(client):
    return press(client, lambda one: one == f"{MANAGE}/kabkota")


def confirm_it(client, **changes):
    return press(client, lambda one: "/P-" in one and not one.endswith("withdraw"), **changes)


def test_two_people_publish_what_was_sealed(here, door, client):
    sealed = seal(here)
    organiser, chair = door("organiser-1"), door("chair")
    assert request_it(organiser).status_code == 303
    own = text_of(english(organiser, MANAGE))
    assert "Waiting for another person" in own
    assert "Confirm and publish" not in own
    assert sealed.digest in text_of(english(chair, MANAGE))
    assert confirm_it(chair).status_code == 303
    made = db.session.scalars(select(Publication)).one()
    assert (made.digest, made.version_no) == (sealed.digest, 1)
    assert (made.proposed_by, made.confirmed_by) == (here.accounts["organiser-1"].id, here.accounts["chair"].id)
    assert category_of(here).stored_state is State.PUBLISHED
    kinds = [
        one.kind for one in db.session.query(Event).filter_by(stream=audit.judging(here.cycle.code)).order_by(Event.seq)
    ]
    assert kinds[-3:] == ["publish_results.confirmed", "category.moved", "result.published"]
    assert english(client, RESULT).status_code == 200
    assert "The result is public" in text_of(english(organiser, MANAGE))


def test_the_public_page_shows_ranks_titles_and_the_way_to_recompute(here, client):
    made = publish(here)
    text = text_of(english(client, RESULT))
    for row in json.loads(made.bundle)["result"]:
        assert row["total"] in text
    assert "SIMULATION" in text
    assert "First" in text
    assert made.digest in text
    assert "paritrana verify-ranking contoh-2025-kabkota.json" in text
    assert "SK Contoh 1/2026" in text
    indonesian = text_of(client.get(RESULT))
    assert json.loads(made.bundle)["result"][0]["total"].replace(".", ",") in indonesian
    assert text_of(client.get(RESULT, query_string={"lang": "en", "sort": "x", "utm": "y"})).count("<tr") == text.count(
        "<tr"
    )


def test_the_bundle_is_downloaded_byte_for_byte_and_recomputes(here, client):
    made = publish(here)
    answer = client.get(RESULT + ".json")
    assert answer.get_data() == made.bundle
    assert answer.mimetype == "application/json"
    assert 'filename="contoh-2025-kabkota.json"' in answer.headers["Content-Disposition"]
    assert compare(parse(answer.get_data())) == []
    assert client.get(RESULT + ".json", headers={"If-None-Match": f'"{made.digest}"'}).status_code == 304


def test_before_publication_there_is_a_date_and_nothing_else(here, client):
    seal(here)
    text = text_of(english(client, RESULT))
    assert "Not announced yet" in text
    assert "Contoh 1" not in text
    assert client.get(RESULT + ".json").status_code == 404


@pytest.mark.parametrize("sealed", [False, True])
def test_an_outsider_cannot_tell_two_worlds_apart_before_publication(make_app, sealed):
    answers = []
    for best in (Decimal("9.75"), Decimal("2.25")):
        app = make_app()
        with app.app_context():
            here = contest(3, value=lambda no, who, code, best=best: best if no == 0 else Decimal(6))
            if sealed:
                seal(here)
            else:
                fail_gate(here, nominations(here)[1])
            outsider = app.test_client()
            pages = [outsider.get(address, query_string={"lang": "en"}) for address in (*PUBLIC, "/verify")]
            answers.append([(one.status_code, one.get_data(), sorted(one.headers.items())) for one in pages])
            db.session.remove()
    assert answers[0] == answers[1]
    assert [status for status, _body, _headers in answers[0]] == [200, 200, 200, 200, 404, 200]


def test_the_proposer_cannot_confirm_even_with_both_roles(here, door):
    grant(here.accounts["chair"], "organiser", cycle=here.cycle)
    seal(here)
    chair = door("chair")
    request_it(chair)
    proposal = db.session.scalars(select(Proposal).where(Proposal.state == "waiting")).one()
    page = english(chair, MANAGE)
    assert "Confirm and publish" not in text_of(page)
    token = fields_in(page, "/sign-out")["csrf_token"]
    answer = send(
        chair,
        f"{MANAGE}/kabkota/{proposal.ref}",
        {"csrf_token": token, "idempotency_key": "one-person-alone", "digest": proposal.digest, "answer": "confirm"},
    )
    assert answer.status_code == 409
    assert "The requester cannot approve" in text_of(answer)
    assert db.session.query(Publication).count() == 0


def test_an_organiser_cannot_confirm_and_a_chair_cannot_request(here, door):
    seal(here)
    organiser, chair = door("organiser-2"), door("chair")
    assert "Request publication" not in text_of(english(chair, MANAGE))
    request_it(door("organiser-1"))
    proposal = db.session.scalars(select(Proposal).where(Proposal.state == "waiting")).one()
    token = fields_in(english(organiser, MANAGE), "/sign-out")["csrf_token"]
    body = {"csrf_token": token, "idempotency_key": "an-organiser", "digest": proposal.digest, "answer": "confirm"}
    assert send(organiser, f"{MANAGE}/kabkota/{proposal.ref}", body).status_code == 403
    assert db.session.query(Publication).count() == 0


def test_a_moved_digest_voids_the_request(here, door):
    seal(here)
    organiser, chair = door("organiser-1"), door("chair")
    request_it(organiser)
    page = english(chair, MANAGE)
    action = next(one for one in Forms(text_of(page)).forms if "/P-" in one)
    fields = {}
    for name, value in Forms(text_of(page)).forms[action]:
        fields.setdefault(name, value)
    here.cycle.decree = "SK Contoh 2/2026"
    db.session.commit()
    answer = send(chair, action, fields)
    assert answer.status_code == 409
    assert "has changed since" in text_of(answer)
    assert db.session.scalars(select(Proposal).where(Proposal.act == "publish_results")).one().state == "void"
    assert db.session.query(Publication).count() == 0
    assert category_of(here).stored_state is State.SEALED


def test_another_digest_is_refused_at_both_steps(here):
    sealed = seal(here)
    with pytest.raises(ProposalVoid):
        service.propose_publication(category_of(here), "0" * 64, actor=here.actor("organiser-1"), at=here.now)
    proposal = service.propose_publication(
        category_of(here), sealed.digest, actor=here.actor("organiser-1"), at=here.now
    )
    with pytest.raises(ProposalVoid):
        service.confirm_publication(proposal, "0" * 64, actor=here.actor("chair"), at=here.now)


def test_only_a_sealed_result_is_published_and_only_once(here):
    with pytest.raises(WrongState):
        service.propose_publication(category_of(here), "", actor=here.actor("organiser-1"), at=here.now)
    made = publish(here)
    with pytest.raises(WrongState):
        service.propose_publication(category_of(here), made.digest, actor=here.actor("organiser-1"), at=here.now)


def test_the_request_can_be_sent_back_and_taken_back(here, door):
    seal(here)
    organiser, chair = door("organiser-1"), door("chair")
    request_it(organiser)
    assert confirm_it(chair, answer="refuse").status_code == 303
    request_it(organiser)
    assert press(organiser, lambda one: one.endswith("/withdraw")).status_code == 303
    states = db.session.scalars(select(Proposal.state).where(Proposal.act == "publish_results").order_by(Proposal.id))
    assert list(states) == ["withdrawn", "withdrawn"]


def test_who_sees_the_rows_before_the_publication(here, door):
    seal(here)
    assert "The rows as the public will see them" in text_of(english(door("organiser-1"), MANAGE))
    for name in ("nominee-1", "verifier-1", "assessor-3", "administrator", "auditor"):
        assert english(door(name), MANAGE).status_code == 404


@pytest.mark.parametrize(("policy", "numbered", "named"), [("winners", 1, 3), ("ranked", 2, 2), ("all", 2, 2)])
def test_the_policy_decides_how_much_the_table_shows(app, db_session, client, policy, numbered, named):
    here = contest(4)
    here.category.public_table = policy
    here.category.ranks = 1
    first, second = nominations(here)[:2]
    fail_gate(here, first)
    lose_figure(here, second)
    made = publish(here)
    assert len(made.table["rows"]) == numbered
    assert [one["name"] for one in made.table["others"]] == sorted(one["name"] for one in made.table["others"])
    assert len(made.table["others"]) == named
    text = text_of(english(client, RESULT))
    assert ("Condition not met" in text) == (policy == "all")
    assert "Contoh 1" in text
    assert len(json.loads(made.bundle)["candidates"]) == 4


def test_the_first_page_shows_the_latest_titles(here, client):
    text = text_of(english(client, "/"))
    assert "No result is published yet" in text
    assert "Plenary" in text
    publish(here)
    text = text_of(english(client, "/"))
    assert "Pemerintah Kabupaten Contoh 3" in text
    assert "Pemerintah Kabupaten Contoh 4" not in text
    assert "SIMULATION" in text


def test_the_cycle_page_marks_the_stage_and_links_the_result(here, client):
    text = text_of(english(client, "/cycles/contoh-2025"))
    assert 'aria-current="step"' in text
    assert RESULT + '"' not in text
    publish(here)
    assert f'href="{RESULT}"' in text_of(english(client, "/cycles/contoh-2025"))


def test_the_method_page_tells_rules_before_any_result(here, client):
    text = text_of(english(client, "/cycles/contoh-2025/method"))
    for said in ("Legal basis of protection", "12.00", "at least 5 marks", "half up to 0.01", "decision of the plenary",
                 "Composition of the panel", "Contoh"):  # fmt: skip
        assert said in text
    assert "Assessor" not in text.replace("Assessors", "")
    assert "The open bundle is published together with the result." in text
    publish(here)
    assert "verify-ranking contoh-2025-kabkota.json" in text_of(english(client, "/cycles/contoh-2025/method"))


def test_a_draft_is_nowhere(here, client):
    here.category.state = 0
    db.session.commit()
    for address in PUBLIC[1:]:
        assert client.get(address).status_code == 404
    assert client.get("/cycles/nowhere").status_code == 404
    assert client.get("/cycles/contoh-2025/results/nowhere").status_code == 404


def test_public_pages_take_few_statements(here, client, statements):
    publish(here)
    client.get(RESULT)
    with statements() as sent:
        assert client.get(RESULT).status_code == 200
    assert len([one for one in sent if one.startswith("SELECT")]) <= 7  # the last asks whether nothing is stored now


def test_the_event_names_the_digests_that_were_published(here):
    made = publish(here)
    body = db.session.scalars(select(Event).where(Event.kind == "result.published")).one().content
    said = json.loads(body.body)["values"]
    assert said["digest"] == made.digest == hashlib.sha256(made.bundle).hexdigest()
    assert seal_of(category_of(here)).digest == made.digest


def test_tasks_name_who_has_to_do_what(here):
    assert list(tasks(here.actor("organiser-1"), here.now)) == []
    sealed = seal(here)
    assert [one.message for one in tasks(here.actor("organiser-1"), here.now)] == [
        "Request the publication of the result: %(category)s"
    ]
    assert list(tasks(here.actor("chair"), here.now)) == []
    assert list(tasks(here.actor("nominee-1"), here.now)) == []
    service.propose_publication(category_of(here), sealed.digest, actor=here.actor("organiser-1"), at=here.now)
    db.session.commit()
    assert [one.message for one in tasks(here.actor("chair"), here.now)] == ["Confirm the publication: %(category)s"]
    (waiting,) = tasks(here.actor("organiser-1"), here.now)
    assert waiting.waiting_for_others
