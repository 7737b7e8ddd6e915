"""The pages about personal data: what they refuse, what the second person reads, and what comes of a decision."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session, scoped_session

from paritrana.accounts.models import StaffRequest
from paritrana.database import db
from paritrana.outbox.models import Message
from paritrana.people import acts
from paritrana.people.service import Wish
from paritrana.privacy import erasing, identities, service
from paritrana.privacy.models import Erasure, RetentionRule
from tests.factories import World, person, world
from tests.nominations.pages import fields_of, send, text_of
from tests.privacy.scenes import letter_to

HOUSE = "/system/privacy"
RULE = {"kind": "mail", "days": "365", "basis": "Peraturan X", "reason": "Diminta."}


@pytest.fixture
def here(app: Flask, db_session: "scoped_session[Session]") -> World:
    """A small world with a letter that is older than letters are kept."""
    made = world()
    for path in app.extensions["settings"].instance_path.glob("keys/person*.key"):
        path.unlink()
    letter_to(made.accounts["nominee-1"], made, cause="OLD", at=made.now - timedelta(days=91))
    db.session.commit()
    return made


@pytest.fixture
def administrator(here: World, door: Callable[[str], FlaskClient]) -> FlaskClient:
    return door("administrator")


@pytest.fixture
def auditor(here: World, door: Callable[[str], FlaskClient]) -> FlaskClient:
    return door("auditor")


def asked() -> list[tuple[str, str, str]]:
    """The requests of two people: kind, what each is about, state."""
    db.session.rollback()
    rows = db.session.scalars(select(StaffRequest).order_by(StaffRequest.id))
    return [(one.kind, one.subject_ref, one.state) for one in rows]


def ask(client: FlaskClient, page: str, address: str, **fields: str) -> int:
    """Send a form of one of the pages."""
    return send(client, address, fields_of(client, page, address), **fields).status_code


def test_forms_without_a_reason_or_about_nothing_ask_nobody(administrator: FlaskClient, here: World) -> None:
    wrong = [
        (HOUSE, f"{HOUSE}/destroy", {"reason": ""}),
        (f"{HOUSE}/rules", f"{HOUSE}/rules", RULE | {"reason": ""}),
        (f"{HOUSE}/rules", f"{HOUSE}/rules", RULE | {"kind": "nothing"}),
        (f"{HOUSE}/rules", f"{HOUSE}/rules", RULE | {"days": "0"}),
        (f"{HOUSE}/key", f"{HOUSE}/key", {"reason": ""}),
        (f"{HOUSE}/erasure", f"{HOUSE}/erasure", {"account": "", "reason": "Permintaan."}),
        (f"{HOUSE}/erasure", f"{HOUSE}/erasure", {"account": "U-0000-0000", "reason": "Permintaan."}),
    ]
    for page, address, fields in wrong:
        assert ask(administrator, page, address, **fields) == 422, (address, fields)
    held = here.accounts["nominee-1"].ref
    fields = {"account": f" {held.lower()} ", "reason": "Permintaan."}
    assert ask(administrator, f"{HOUSE}/erasure", f"{HOUSE}/erasure", **fields) == 409  # who still has a role
    assert asked() == []
    form = fields_of(administrator, HOUSE, f"{HOUSE}/destroy")
    for letter in db.session.scalars(select(Message)):
        letter.text_id = letter.text_en = letter.subject = letter.address = ""
    assert send(administrator, f"{HOUSE}/destroy", form, reason="Rutin.").status_code == service.NothingDue.status
    assert asked() == []


def test_the_second_person_reads_what_was_asked_for_and_declines_or_confirms(
    administrator: FlaskClient, auditor: FlaskClient, here: World
) -> None:
    leaver = person("leaver")
    db.session.commit()
    wishes = [
        (HOUSE, f"{HOUSE}/destroy", {"reason": "Rutin."}, ["1, kept for 90 days"]),
        (f"{HOUSE}/rules", f"{HOUSE}/rules", RULE, ["365", "Peraturan X"]),
        (f"{HOUSE}/key", f"{HOUSE}/key", {"reason": "Berkala."}, ["Berkala."]),
        (f"{HOUSE}/erasure", f"{HOUSE}/erasure", {"account": leaver.ref, "reason": "Permintaan."}, [leaver.ref]),
    ]
    for page, address, fields, words in wishes:
        assert ask(administrator, page, address, **fields) == 303
        db.session.rollback()
        ref = db.session.scalars(select(StaffRequest.ref).order_by(StaffRequest.id.desc())).first()
        there = f"{HOUSE}/requests/{ref}"
        shown = auditor.get(there, query_string={"lang": "en"})
        assert all(word in text_of(shown) for word in words)
        form = fields_of(auditor, there)
        assert send(auditor, there, form, answer="perhaps").status_code == 422
        assert asked()[-1][2] == "waiting"
        answer = "decline" if "key" in address else "confirm"
        assert send(auditor, there, form | {"idempotency_key": f"key-of-{ref}"}, answer=answer).status_code == 303
        again = send(auditor, there, form | {"idempotency_key": f"another-of-{ref}"}, answer="confirm")
        assert again.status_code == 409
        assert "no longer waits" in text_of(again)
    assert asked() == [
        (service.DESTROY.name, service.SUBJECT, "confirmed"), (service.SET_RULE.name, "mail", "confirmed"),
        (identities.ROTATE, identities.PURPOSE, "declined"), (erasing.ERASE.name, leaver.ref, "confirmed"),
    ]  # fmt: skip
    assert db.session.scalars(select(RetentionRule.days)).all() == [365]
    assert db.session.scalars(select(Erasure.account_ref)).all() == [leaver.ref]


def test_a_request_about_officers_is_none_of_personal_data(auditor: FlaskClient, here: World) -> None:
    wish = Wish(email="petugas@contoh.test", role="verifier", name="P", cycle_id=here.cycle.id, staff_number="T-1")
    actor = here.actor("administrator")
    other = acts.ask_invitation(acts.INVITE_OFFICER, wish, here.cycle, reason="x", actor=actor, at=here.now)
    own = service.ask_for_rule("mail", 30, "Peraturan X", reason="x", actor=actor, at=here.now)
    db.session.commit()
    assert auditor.get(f"{HOUSE}/requests/{own.ref}").status_code == 200
    assert auditor.get(f"{HOUSE}/requests/{other.ref}").status_code == 404


def test_a_form_without_an_identity_number_keeps_none(here: World, door: Callable[[str], FlaskClient]) -> None:
    chair = door("chair")
    fields = fields_of(chair, "/profile/data", "/profile/data/identity")
    answer = send(chair, "/profile/data/identity", fields, number="")
    assert answer.status_code == 422
    assert "<title>Error: " in text_of(answer)
    db.session.rollback()
    assert here.accounts["chair"].person.identity_hash is None
