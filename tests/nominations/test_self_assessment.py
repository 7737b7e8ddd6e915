"""What a nominee thinks of its indicators: optional, versioned, sent with a revision, kept from the panel."""

from decimal import Decimal

import pytest
from sqlalchemy import select

from paritrana.audit.models import Event
from paritrana.core.errors import NotFound, StaleVersion
from paritrana.core.lifecycle import State
from paritrana.cycles.queries import rubric_of
from paritrana.database import canonical, db
from paritrana.nominations import queries, service
from paritrana.nominations.invariants import CHECKS
from paritrana.nominations.models import NominationRevision, SelfAssessment
from paritrana.nominations.rows import assessed_by_itself
from paritrana.nominations.service import EntryClosed, OffTheScale
from paritrana.results.service import build_run
from paritrana.verification.values import computed_values
from tests.factories import sign_in, world
from tests.factories_results import category_of, contest, nominations, publish
from tests.nominations.pages import fields_of, filled, send, text_of
from tests.verification.cases import LATER, declared, judge_all

SENTENCE = "Perda kami berlaku sejak Januari."


@pytest.fixture
def here(app, db_session):
    return world(kind="real")


@pytest.fixture
def draft(here):
    nomination = filled(here, "nominee-1", "regency-1")
    db.session.commit()
    return nomination


def say(here, nomination, code="A1", value="7.50", note=SENTENCE, expected=0):
    number = None if value is None else Decimal(value)
    said = service.assess(nomination, {code: (number, note, expected)}, actor=here.actor("nominee-1"), at=here.now)
    db.session.commit()
    return said


def english(client, address, status=200):
    answer = client.get(address, query_string={"lang": "en"})
    assert answer.status_code == status
    return text_of(answer)


def page_of(nomination):
    return f"/nominations/{nomination.ref}/self-assessment"


# at the door ----------------------------------------------------------------------------------------------------------


def test_every_desk_indicator_may_be_assessed_and_none_must(here, draft, client):
    sign_in(client, "nominee-1")
    fields = fields_of(client, page_of(draft))
    codes = [one.code for one in assessed_by_itself(rubric_of(draft.category))]
    assert [name for name in fields if name.endswith("-value")] == [f"{code}-value" for code in codes]
    assert send(client, page_of(draft), fields).status_code == 303
    assert queries.self_assessments_of(draft) == {}
    assert service.what_blocks(draft) == []


def test_what_a_form_does_not_speak_of_is_left_alone(here, draft, client):
    say(here, draft)
    sign_in(client, "nominee-1")
    fields = fields_of(client, page_of(draft))
    few = {name: value for name, value in fields.items() if not name.startswith("A1-")}
    assert send(client, page_of(draft), few, **{"A2-value": "3"}).status_code == 303
    found = queries.self_assessments_of(draft)
    assert {code: one.value for code, one in found.items()} == {"A1": Decimal("7.50"), "A2": Decimal(3)}


def test_a_value_is_typed_as_people_write_it_and_stands_on_the_page_again(here, draft, client):
    sign_in(client, "nominee-1")
    fields = fields_of(client, page_of(draft))
    assert send(client, page_of(draft), fields, **{"C1-value": "8.25", "C1-note": SENTENCE}).status_code == 303
    one = queries.self_assessments_of(draft)["C1"]
    assert (one.value, one.note, one.version) == (Decimal("8.25"), SENTENCE, 1)
    again = fields_of(client, page_of(draft))
    assert (again["C1-value"], again["C1-note"], again["C1-version"]) == ("8.25", SENTENCE, "1")
    assert "1 of 10 indicators assessed" in english(client, f"/nominations/{draft.ref}")


@pytest.mark.parametrize("typed", ["11", "-1", "7.555", "seven"])
def test_what_is_no_value_of_the_scale_stays_on_the_page_and_is_not_stored(here, draft, client, typed):
    sign_in(client, "nominee-1")
    answer = send(client, page_of(draft), fields_of(client, page_of(draft)), **{"B1-value": typed})
    assert answer.status_code == 422
    assert f'value="{typed}"' in text_of(answer)
    assert queries.self_assessments_of(draft) == {}


def test_two_tabs_see_what_the_other_stored(here, draft, client):
    sign_in(client, "nominee-1")
    old = fields_of(client, page_of(draft))
    say(here, draft, "A2", "4.00", "Stored by the other tab.")
    answer = send(client, page_of(draft), old, **{"A2-value": "9"})
    assert answer.status_code == 409
    assert "Stored by the other tab." in text_of(answer)
    assert queries.self_assessments_of(draft)["A2"].value == Decimal("4.00")


def test_after_the_deadline_nothing_is_stored_and_the_typed_words_stay(here, draft, client, clock):
    clock.set(here.now + LATER)
    sign_in(client, "nominee-1")
    fields = fields_of(client, page_of(draft))
    answer = send(client, page_of(draft), fields, **{"A1-value": "6"})
    assert answer.status_code == 409
    assert queries.self_assessments_of(draft) == {}


# the service ----------------------------------------------------------------------------------------------------------


def test_every_change_raises_the_version_and_is_told(here, draft):
    say(here, draft)
    say(here, draft, value="6.00", expected=1)
    assert say(here, draft, value="6.00", expected=2) == []
    say(here, draft, value=None, note="", expected=2)
    one = queries.self_assessments_of(draft)["A1"]
    assert (one.value, one.note, one.version) == (None, "", 3)
    told = [
        event.kind for event in db.session.scalars(select(Event).where(Event.kind == "self_assessment.saved")).all()
    ]
    assert len(told) == 3
    broken = [one for check in CHECKS if any("self_assessment" in rule for rule in check.rules) for one in check.look()]
    assert broken == []


def test_what_cannot_be_said_is_refused_whole(here, draft):
    with pytest.raises(OffTheScale):
        say(here, draft, value="10.01")
    with pytest.raises(OffTheScale):
        say(here, draft, value="7.505")
    with pytest.raises(NotFound):
        say(here, draft, code="E1")
    with pytest.raises(StaleVersion):
        say(here, draft, expected=4)
    with pytest.raises(EntryClosed):
        service.assess(draft, {"A1": (Decimal(5), "", 0)}, actor=here.actor("nominee-1"), at=here.now + LATER)
    db.session.rollback()
    assert queries.self_assessments_of(draft) == {}


def test_a_revision_keeps_what_stood_when_it_was_sent(here, draft):
    nominee = here.actor("nominee-1")
    plain = service.submit(draft, actor=nominee, at=here.now)
    assert "self_assessment" not in plain.content
    service.take_back(draft, actor=nominee, at=here.now)
    say(here, draft)
    second = service.submit(draft, actor=nominee, at=here.now)
    service.take_back(draft, actor=nominee, at=here.now)
    say(here, draft, value="3.00", expected=1)
    assert second.content["self_assessment"] == {"A1": {"value": "7.50", "note": SENTENCE}}
    assert canonical(plain.content) == canonical(
        {key: value for key, value in second.content.items() if key != "self_assessment"}
    )


# who reads it ---------------------------------------------------------------------------------------------------------


def test_a_verifier_sees_it_beside_the_verified_value(here, draft, client, clock):
    say(here, draft, "C1", "9.00")
    service.submit(draft, actor=here.actor("nominee-1"), at=here.now)
    clock.set(here.now + LATER)
    db.session.commit()
    declared(here, draft, "verifier-1")
    judge_all(here, draft)
    sign_in(client, "verifier-1")
    for address in ("items/coverage", "close", "explanation/C1"):
        assert SENTENCE in english(client, f"/verification/{draft.ref}/{address}"), address
    assert SENTENCE not in english(client, f"/verification/{draft.ref}/explanation/C2")


WORDS = {"C1": {"value": "9.00", "note": SENTENCE}, "A1": {"value": "8.00", "note": SENTENCE}}


def with_words(here, said=WORDS):
    """The candidates of a contest, the first of which sent a second revision in which it says what it thinks."""
    nomination = nominations(here)[0]
    first = db.session.scalars(
        select(NominationRevision).where(NominationRevision.nomination_id == nomination.id)
    ).one()
    db.session.add(
        NominationRevision(
            nomination_id=nomination.id, no=2, receipt_no="T-own", digest=first.digest, submitted_at=here.now,
            submitted_by=first.submitted_by, submitted_by_name="T",
            content=first.content | ({"self_assessment": said} if said else {}),
        )
    )  # fmt: skip
    for code, one in said.items():
        db.session.add(
            SelfAssessment(
                nomination_id=nomination.id, indicator=code, value=Decimal(one["value"]), note=one["note"],
                assessed_at=here.now, assessed_by_name="T",
            )
        )  # fmt: skip
    nomination.revision_no = 2
    db.session.flush()
    return nominations(here)


def test_no_member_of_the_panel_sees_it_before_or_after_its_sheet_is_in(app, db_session, client):
    here = contest(2, state=State.SCORING)
    nomination = with_words(here)[0]
    db.session.commit()
    for name in ("assessor-3", "chair"):
        declared(here, nomination, name)
        one = app.test_client()
        sign_in(one, name)
        for address in (
            f"/verification/{nomination.ref}", f"/verification/{nomination.ref}/items/coverage",
            f"/verification/{nomination.ref}/items/regulation", f"/verification/{nomination.ref}/explanation/C1",
            f"/assessments/{nomination.ref}/sheet",
        ):  # fmt: skip
            answer = one.get(address, query_string={"lang": "en"}, follow_redirects=True)
            assert answer.status_code == 200, address
            assert SENTENCE not in text_of(answer), (name, address)


def test_after_the_publication_the_nominee_alone_finds_it_beside_the_values(app, db_session, client):
    here = contest(2)
    with_words(here)
    db.session.commit()
    publish(here)
    address = "/cycles/contoh-2025/results/kabkota/99.01"
    assert "Your self-assessment" not in english(client, address)
    other = app.test_client()
    sign_in(other, "nominee-2")
    assert "Your self-assessment" not in english(other, address)
    sign_in(client, "nominee-1")
    own = english(client, address)
    assert "Only you see your self-assessment here." in own
    assert "9.00" in own


# what counts ----------------------------------------------------------------------------------------------------------


def test_the_bundle_is_the_same_byte_for_byte_with_and_without(app, db_session):
    here = contest(3)
    actor = here.actor("organiser-1")
    with_words(here, {})
    without = build_run(category_of(here), actor=actor, at=here.now).bundle
    db.session.rollback()  # as if it had not been built: the numbers of run and revision stand behind the bundle
    with_words(here)
    assert db.session.scalars(select(SelfAssessment)).all()
    assert build_run(category_of(here), actor=actor, at=here.now).bundle == without


def test_a_computed_value_is_the_same_whatever_the_nominee_thinks(app, db_session):
    here = contest(1)
    rubric = rubric_of(here.category)
    before = computed_values(category_of(here), rubric, nominations(here))
    assert computed_values(category_of(here), rubric, with_words(here)) == before
