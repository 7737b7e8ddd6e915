"""A result becomes public at a set instant, everywhere at once; until then two people can take it back."""

import json
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from paritrana.audit.models import Event
from paritrana.core.bundle import compare, parse
from paritrana.core.chain import plain
from paritrana.core.errors import MissingReason, SamePerson, WrongState
from paritrana.core.lifecycle import State
from paritrana.cycles.models import Proposal
from paritrana.cycles.queries import state_now
from paritrana.cycles.service import ProposalVoid, store_due_moves
from paritrana.database import db
from paritrana.operations.kinds import moves_wait
from paritrana.publication import queries, service
from paritrana.publication.models import Publication, Recall
from tests.factories import grant
from tests.factories_results import category_of, contest, seal
from tests.nominations.pages import Forms, fields_in, send, text_of
from tests.test_cli_ranking import run

MANAGE = "/manage/contoh-2025/publication"
RESULT = "/cycles/contoh-2025/results/kabkota"
INSTANT = timedelta(minutes=4)
TICK = timedelta(seconds=1)


@pytest.fixture
def here(app, db_session, clock):
    made = contest(3)
    made.cycle.kind = "real"  # its clock is the system's
    db.session.commit()
    return made


def english(client, address):
    return client.get(address, query_string={"lang": "en"})


def scheduled(here, at=None):
    """A sealed result that two people set down for an instant."""
    sealed, now = seal(here), here.now
    asked = service.propose_publication(
        category_of(here), sealed.digest, actor=here.actor("organiser-1"), at=now, publish_at=at or now + INSTANT
    )
    made = service.confirm_publication(asked, asked.digest, actor=here.actor("chair"), at=now)
    db.session.commit()
    return made


def press(client, choose, **changes):
    """Press the first button of the office's page whose address `choose` accepts."""
    forms = Forms(text_of(english(client, MANAGE))).forms
    action = next(one for one in forms if choose(one))
    fields = {}
    for name, value in forms[action]:
        fields.setdefault(name, value)
    return send(client, action, fields, **changes)


def ask_for(client, when, **changes):
    """Fill in the form of a publication at a set time."""
    page = english(client, f"{MANAGE}/kabkota")
    local = when.astimezone(ZoneInfo("Asia/Makassar"))
    filled = {"on-day": str(local.day), "on-month": str(local.month), "on-year": str(local.year),
              "time": local.strftime("%H.%M")}  # fmt: skip
    return send(client, f"{MANAGE}/kabkota", fields_in(page, f"{MANAGE}/kabkota") | filled | changes)


def test_two_people_set_the_instant_and_the_clock_publishes(here, door, client, clock):
    seal(here)
    organiser, chair, instant = door("organiser-1"), door("chair"), here.now + INSTANT
    assert ask_for(organiser, instant).status_code == 303
    page = text_of(english(chair, MANAGE))
    assert "Approve and schedule" in page
    assert "WIT" in page
    assert press(chair, lambda one: "/P-" in one and not one.endswith("withdraw")).status_code == 303
    assert "The time of the publication is set" in text_of(english(organiser, MANAGE))
    assert category_of(here).stored_state is State.SEALED
    clock.set(instant - TICK)
    assert "Not announced yet" in text_of(english(client, RESULT))
    assert client.get(RESULT + ".json").status_code == 404
    clock.set(instant)
    made = db.session.scalars(select(Publication)).one()
    assert made.published_at == instant
    assert client.get(RESULT + ".json").get_data() == made.bundle
    assert "Version 1" in text_of(english(client, RESULT))
    assert category_of(here).stored_state is State.SEALED  # nothing had to be written for that


def test_all_public_readings_change_with_the_same_instant(here, clock):
    made, at = scheduled(here), here.now + INSTANT
    category = category_of(here)

    def seen(moment):
        return (
            queries.publication_in_force(category, moment),
            queries.publications_in_force([category], moment).get(category.id),
            next(iter(queries.latest_published(3, moment)), None),
            next(iter(queries.versions_of(category, moment)), None),
        )

    assert seen(at - TICK) == (None,) * 4
    assert seen(at) == (made,) * 4
    assert queries.scheduled(category, at - TICK) is made
    assert queries.scheduled(category, at) is None


def test_the_move_is_stored_dated_at_the_instant(here):
    made = scheduled(here)
    category, late = category_of(here), here.now + INSTANT + timedelta(days=1)
    assert not moves_wait(here.now)
    assert moves_wait(late)
    store_due_moves(category, at=late)
    db.session.commit()
    assert category.stored_state is State.PUBLISHED
    moved = db.session.scalars(
        select(Event).where(Event.kind == "category.moved").order_by(Event.at_utc.desc())
    ).first()
    assert moved.at_utc == plain(made.published_at)
    assert not moves_wait(late)


def test_a_confirmed_instant_is_nowhere_to_be_seen_before(make_app):
    answers = []
    for set_down in (False, True):
        app = make_app()
        with app.app_context():
            here = contest(2)
            if set_down:
                scheduled(here)
            else:
                seal(here)
            outsider = app.test_client()
            pages = [
                outsider.get(address, query_string={"lang": "en"})
                for address in ("/", "/cycles/contoh-2025", "/cycles/contoh-2025/method", RESULT, RESULT + ".json",
                                "/notices", "/verify")
            ]  # fmt: skip
            answers.append([(one.status_code, one.get_data(), sorted(one.headers.items())) for one in pages])
            db.session.remove()
    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"on-day": "1", "on-month": "1", "on-year": "2020"}, "The time for the publication has passed"),
        ({"on-year": "2031"}, "no more than one year ahead"),
        ({"time": "9"}, "Write the time as hours and minutes"),
        ({"on-day": "", "on-month": "", "on-year": ""}, "Enter date"),
        ({"on-day": "31", "on-month": "2"}, "There is a problem"),
    ],
)
def test_a_wrong_time_is_refused_beside_its_field(here, door, typed, said):
    seal(here)
    organiser = door("organiser-1")
    answer = ask_for(organiser, here.now + INSTANT, **typed)
    assert answer.status_code == 422
    assert said in text_of(answer)
    assert db.session.scalar(select(func.count()).select_from(Proposal).where(Proposal.act == "publish_results")) == 0


def test_a_cycle_that_names_no_days_for_objections_asks_for_them_and_publishes_nothing(here, door):
    seal(here)
    here.cycle.settings = {}
    db.session.commit()
    organiser = door("organiser-1")
    asked = (press(organiser, lambda one: one.endswith("/publication/kabkota")),
             ask_for(organiser, here.now + INSTANT, objection_days=""))  # fmt: skip
    for answer in asked:
        assert answer.status_code == 422
        assert "Write for how many days nominees may object" in text_of(answer)
    assert db.session.scalar(select(func.count()).select_from(Proposal).where(Proposal.act == "publish_results")) == 0
    assert ask_for(organiser, here.now + INSTANT, objection_days="5").status_code == 303
    asked_for = db.session.scalars(select(Proposal).where(Proposal.act == "publish_results")).one()
    assert service.objection_days_of(asked_for) == 5


def test_a_chair_who_confirms_after_the_instant_publishes_nothing(here, door, clock):
    seal(here)
    ask_for(door("organiser-1"), here.now + INSTANT)
    chair = door("chair")
    page = Forms(text_of(english(chair, MANAGE))).forms
    action = next(one for one in page if "/P-" in one)
    fields = dict(reversed(page[action]))
    clock.set(here.now + INSTANT)
    answer = send(chair, action, fields)
    assert answer.status_code == 409
    assert "The time for the publication has passed" in text_of(answer)
    assert db.session.scalars(select(Proposal.state).where(Proposal.act == "publish_results")).one() == "void"
    assert db.session.query(Publication).count() == 0


def test_what_is_set_down_is_not_asked_for_again(here):
    made = scheduled(here)
    with pytest.raises(WrongState):
        service.propose_publication(category_of(here), made.digest, actor=here.actor("organiser-1"), at=here.now)


def test_two_people_take_a_publication_back_before_its_instant(here, door, client, clock):
    made = scheduled(here)
    organiser, chair = door("organiser-1"), door("chair")
    page = english(organiser, f"{MANAGE}/kabkota/recall")
    fields = fields_in(page, f"{MANAGE}/kabkota/recall")
    answer = send(organiser, f"{MANAGE}/kabkota/recall", fields)
    assert answer.status_code == 422
    assert "Enter reason" in text_of(answer)
    assert send(organiser, f"{MANAGE}/kabkota/recall", fields, reason="SK belum terbit").status_code == 303
    assert "SK belum terbit" in text_of(english(chair, MANAGE))
    assert press(chair, lambda one: "/recall/P-" in one).status_code == 303
    kept = db.session.scalars(select(Recall)).one()
    assert (kept.publication_id, kept.reason) == (made.id, "SK belum terbit")
    clock.set(made.published_at + timedelta(days=2))
    assert "Not announced yet" in text_of(english(client, RESULT))
    assert category_of(here).publishes_at is None
    assert "Request publication" in text_of(english(door("organiser-2"), MANAGE))


def test_after_a_recall_the_next_publication_has_the_next_number(here, clock):
    first = scheduled(here)
    asked = service.propose_recall(category_of(here), "salah hari", actor=here.actor("organiser-1"), at=here.now)
    service.confirm_recall(asked, asked.digest, actor=here.actor("chair"), at=here.now)
    asked = service.propose_publication(
        category_of(here), first.digest, actor=here.actor("organiser-1"), at=here.now
    )  # fmt: skip
    second = service.confirm_publication(asked, asked.digest, actor=here.actor("chair"), at=here.now)
    db.session.commit()
    assert second.version_no == 2
    assert list(queries.versions_of(category_of(here), here.now)) == [second]
    assert queries.publication_in_force(category_of(here), here.now) is second


def test_nobody_recalls_alone_without_reason_or_what_is_public(here, clock):
    made = scheduled(here)
    category, organiser, chair = category_of(here), here.actor("organiser-1"), here.actor("chair")
    with pytest.raises(MissingReason):
        service.propose_recall(category, "  ", actor=organiser, at=here.now)
    asked = service.propose_recall(category, "salah", actor=organiser, at=here.now)
    with pytest.raises(SamePerson):
        service.confirm_recall(asked, asked.digest, actor=organiser, at=here.now)
    with pytest.raises(ProposalVoid):
        service.confirm_recall(asked, "0" * 64, actor=chair, at=here.now)
    db.session.commit()
    with pytest.raises(service.NothingScheduled):
        service.confirm_recall(asked, asked.digest, actor=chair, at=made.published_at)
    db.session.rollback()
    assert state_now(category, made.published_at) is State.PUBLISHED
    assert db.session.query(Recall).count() == 0


def test_at_the_door_what_is_public_cannot_be_recalled(here, door, clock):
    made = scheduled(here)
    asked = service.propose_recall(category_of(here), "salah", actor=here.actor("organiser-1"), at=here.now)
    db.session.commit()
    chair = door("chair")
    token = fields_in(english(chair, MANAGE), "/sign-out")["csrf_token"]
    clock.set(made.published_at)
    body = {"csrf_token": token, "idempotency_key": "too-late", "digest": asked.digest, "answer": "confirm"}
    answer = send(chair, f"{MANAGE}/kabkota/recall/{asked.ref}", body)
    assert answer.status_code == 409
    assert db.session.query(Recall).count() == 0


def test_the_second_account_of_the_proposer_confirms_nothing(here, door):
    """Every rule of two people compares persons, not accounts."""
    sealed = seal(here)
    chair, organiser = here.accounts["chair"], here.accounts["organiser-1"]
    chair.person_id = organiser.person_id
    db.session.commit()
    asked = service.propose_publication(
        category_of(here), sealed.digest, actor=here.actor("organiser-1"), at=here.now
    )  # fmt: skip
    db.session.commit()
    door_of_chair = door("chair")
    token = fields_in(english(door_of_chair, MANAGE), "/sign-out")["csrf_token"]
    body = {"csrf_token": token, "idempotency_key": "second-account", "digest": asked.digest, "answer": "confirm"}
    answer = send(door_of_chair, f"{MANAGE}/kabkota/{asked.ref}", body)
    assert answer.status_code == 409
    assert "The requester cannot approve" in text_of(answer)
    assert db.session.query(Publication).count() == 0
    assert category_of(here).stored_state is State.SEALED


def test_one_person_with_both_roles_recalls_nothing_alone(here, door):
    grant(here.accounts["chair"], "organiser", cycle=here.cycle)
    scheduled(here)
    chair = door("chair")
    page = english(chair, f"{MANAGE}/kabkota/recall")
    send(chair, f"{MANAGE}/kabkota/recall", fields_in(page, f"{MANAGE}/kabkota/recall"), reason="salah")
    asked = db.session.scalars(select(Proposal).where(Proposal.act == "recall_publication")).one()
    token = fields_in(english(chair, MANAGE), "/sign-out")["csrf_token"]
    body = {"csrf_token": token, "idempotency_key": "one-person-alone", "digest": asked.digest, "answer": "confirm"}
    answer = send(chair, f"{MANAGE}/kabkota/recall/{asked.ref}", body)
    assert answer.status_code == 409
    assert db.session.query(Recall).count() == 0


def test_nothing_is_published_while_sheets_are_open(app, db_session, door):
    here = contest(2, state=State.SCORING)
    organiser = door("organiser-1")
    token = fields_in(english(organiser, MANAGE), "/sign-out")["csrf_token"]
    body = {"csrf_token": token, "idempotency_key": "much-too-early", "digest": "0" * 64}
    answer = send(organiser, f"{MANAGE}/kabkota", body)
    assert answer.status_code == 409
    assert "The category is not at the stage in which this is possible." in text_of(answer)
    assert category_of(here).stored_state is State.SCORING
    assert db.session.query(Publication).count() == 0
    assert db.session.query(Proposal).filter(Proposal.act == "publish_results").count() == 0


def test_a_bundle_that_was_edited_by_hand_does_not_verify(here, client, tmp_path, clock):
    scheduled(here)
    clock.set(here.now + INSTANT)
    written = client.get(RESULT + ".json").get_data(as_text=True)
    assert compare(parse(written.encode())) == []
    forged = json.loads(written)
    forged["result"][0]["total"] = "99.99"
    assert compare(parse(json.dumps(forged).encode()))
    file = tmp_path / "forged.json"
    file.write_text(json.dumps(forged))
    said = run("verify-ranking", file)
    assert said.returncode == 1
    assert b"99.99" in said.stdout + said.stderr


def test_lists_of_the_office_take_a_fixed_number_of_statements(here, door, statements):
    scheduled(here)
    organiser = door("organiser-1")
    english(organiser, MANAGE)
    with statements() as sent:
        assert english(organiser, MANAGE).status_code == 200
    assert len([one for one in sent if one.startswith("SELECT")]) <= 20
