"""What waits for whom in a verification, on the first page and in the queue, stage by stage."""

import re
from datetime import timedelta

import pytest

from paritrana.core.policy import Role
from paritrana.database import db
from paritrana.nominations.models import NominationRevision
from paritrana.verification import queries, queue, service
from paritrana.verification.queue import REMEMBERED, Said, said_of
from paritrana.verification.tasks import tasks
from tests.factories import world
from tests.nominations.pages import text_of, vulnerable
from tests.verification.cases import ALL, LATER, declared, judge_all, propose_gates, sent
from tests.verification.test_queue import count_of, many, names


@pytest.fixture
def here(db_session):
    return world(categories=("kabkota", "desa"), kind="real")


@pytest.fixture
def nominations(here, clock):
    made = sent(here, clock, ALL[:2])
    for nomination in made:
        declared(here, nomination, "verifier-1")
        service.take(nomination, actor=here.actor("verifier-1"), at=here.now + LATER)
    db.session.commit()
    return made


def waiting(here, name, role=Role.VERIFIER):
    """The sentences of a person's tasks, each with whether it waits for somebody else."""
    found = tasks(here.actor(name), here.now + LATER)
    return {(task.message % dict.fromkeys(task.params, "X"), task.waiting_for_others)
            for task in found if task.role is role}  # fmt: skip


def test_an_own_proposal_and_an_asked_nominee_wait_for_others_in_tasks_and_queue(here, nominations, door):
    first, second = nominations
    assert waiting(here, "verifier-1") == {("Verify: X", False)}
    at = here.now + LATER
    judge_all(here, first)
    propose_gates(here, first)
    service.propose_close(
        first, expected=queries.find_verification(first).version, actor=here.actor("verifier-1"), at=at
    )
    service.ask_changes(
        second, [("coverage", "pu.participants")], "Page 4?", at + timedelta(days=3), actor=here.actor("verifier-1"),
        at=at,
    )  # fmt: skip
    assert waiting(here, "verifier-1") == {
        ("The close of the verification waits for a second person: X", True),
        ("The nominee answers a change request: X", True),
    }
    assert waiting(here, "verifier-2") == {("Close or return the verification: X", False)}
    client = door("verifier-1")
    for stage, name in (("second", first.organisation.name), ("nominee", second.organisation.name)):
        page = text_of(client.get("/verification", query_string={"lang": "en", "status": stage}))
        assert names(page) == [name]
        label = "Waits for a second person" if stage == "second" else "Waits for the nominee"
        assert count_of(page, label) == 1


def test_the_queue_names_the_categories_where_there_are_several(here, nominations, door):
    client = door("verifier-1")
    assert "All categories" not in text_of(client.get("/verification", query_string={"lang": "en"}))
    nominations[1].category_id = here.categories["desa"].id
    page = text_of(client.get("/verification", query_string={"lang": "en"}))
    assert count_of(page, "All categories") == 2
    own = re.search(r'href="([^"]*category=contoh-2025/desa[^"]*)"', page.replace("%2F", "/"))
    narrowed = text_of(client.get(own[1].replace("&amp;", "&")))
    assert nominations[1].ref in narrowed
    assert nominations[0].ref not in narrowed


def test_the_chair_confirms_a_shortlist_of_another_person(here, nominations):
    for nomination in nominations:
        nomination.state = "verified"
    service.propose_shortlist(
        here.category, [one.ref for one in nominations], {}, "By the values.", actor=here.actor("organiser-1"),
        at=here.now + LATER,
    )  # fmt: skip
    db.session.commit()
    assert waiting(here, "chair", Role.CHAIR) == {("Confirm the shortlist: X", False)}
    here.accounts["chair"].person = here.accounts["organiser-1"].person
    db.session.commit()
    assert waiting(here, "chair", Role.CHAIR) == set()


def test_what_the_checks_say_is_remembered_within_bounds_and_blank_items_say_nothing(here):
    many(here, 1, {"indicator:N1": {"data": {}}, "coverage": {}, "budget": {"data": {}}})
    many(here, 1, {"vulnerable_workers": {"data": vulnerable(amount=365600000)}})
    blank, whole = db.session.query(NominationRevision.id).order_by(NominationRevision.id)
    queue._said.update({("0" * 64, -no, 0): Said({}, ()) for no in range(REMEMBERED)})
    found = said_of([blank.id, whole.id])
    assert found[blank.id] == Said({}, ())
    assert [one.kind for one in found[whole.id].asked] == ["vulnerable_workers"]
    assert len(queue._said) == 2
    assert said_of([whole.id])[whole.id] is found[whole.id]
