"""Keeping and erasing where something was gone, taken or done already, and what the checks see of a changed list."""

import json
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session, scoped_session

from paritrana.accounts.models import StaffRequest
from paritrana.audit import service as audit
from paritrana.core.errors import NotFound
from paritrana.database import db
from paritrana.jobs.kinds import SYSTEM
from paritrana.nominations.models import NominationRevision
from paritrana.outbox.models import Message, MessageAttempt
from paritrana.people import acts
from paritrana.people.service import Wish
from paritrana.privacy import erasing, keeping, queries, service
from paritrana.privacy.invariants import CHECKS
from paritrana.privacy.models import Destruction, Erasure
from tests.accounts.failing import meanwhile
from tests.factories import World, person, sign_in, world
from tests.home.builders import nominate
from tests.privacy.scenes import confirm, letter_to


@pytest.fixture
def here(app: Flask, db_session: "scoped_session[Session]") -> World:
    return world()


def broken() -> list[tuple[str, str]]:
    """The rules of this room that do not hold, with what they name."""
    return [(one.rule, one.where) for check in CHECKS for one in check.look()]


def agreed(app: Flask, here: World) -> StaffRequest:
    """A confirmed request that the one old letter be destroyed."""
    letter_to(here.accounts["nominee-1"], here, cause="OLD", at=here.now - timedelta(days=91))
    asker = here.actor("administrator")
    request = service.ask_to_destroy(["mail"], app.extensions["settings"], reason="Rutin", actor=asker, at=here.now)
    confirm(request, here, here.now)
    return request


def test_a_person_is_erased_from_whatever_names_them_and_what_the_law_keeps_is_named(here: World, app: Flask) -> None:
    leaver, at = person("zzq-endang"), here.now
    leaver.name = "Zzq Endang"
    entry = nominate(here, 1, "submitted")
    revision = {"content": {}, "digest": "0" * 64, "submitted_at": at, "submitted_by": leaver.id}
    db.session.add_all([
        NominationRevision(nomination_id=entry.id, no=1, receipt_no="T-1", submitted_by_name=leaver.name, **revision),
    ])  # fmt: skip
    letter = letter_to(leaver, here, cause="HELLO", at=at)
    db.session.add(MessageAttempt(message_id=letter.id, no=2, at=at, address="zzq.lama@contoh.test",
                                  outcome="refused", answer="550 zzq.lama@contoh.test OK"))  # fmt: skip
    wish = Wish(email=leaver.email, role="verifier", name=leaver.name, cycle_id=here.cycle.id, staff_number="T-9")
    asker = here.actor("administrator")
    other = acts.ask_invitation(acts.INVITE_OFFICER, wish, here.cycle, reason="x", actor=asker, at=at)
    other.given = {**other.given, "others": [leaver.name, "Sari", 7], "deep": {"name": leaver.name, "n": 1}}
    kept = {**other.given}
    db.session.commit()
    client = app.test_client()
    sign_in(client, "zzq-endang")
    assert client.get("/home").status_code == 200
    request = erasing.ask_to_erase(leaver, reason="Permintaan 3/2026", actor=asker, at=at)
    confirm(request, here, at)
    stand_in = f"({leaver.ref})"
    assert other.given == kept | {
        "email": stand_in, "name": stand_in, "others": [stand_in, "Sari", 7], "deep": {"name": stand_in, "n": 1},
    }  # fmt: skip
    record = db.session.scalars(select(Erasure)).one()
    assert record.kept == {"nomination_revision.submitted_by_name": 1}
    assert record.erased["staff_request.given"] == 1
    assert record.erased["message_attempt.address"] == 2
    assert record.erased["sign_in_session"] == 1
    assert client.get("/home").status_code == 303
    assert db.session.scalars(select(MessageAttempt.address)).all() == ["", ""]
    assert "zzq" not in json.dumps([one.answer for one in db.session.scalars(select(MessageAttempt))])


def test_a_person_of_whom_no_event_tells_is_erased_without_erasing_an_event(here: World) -> None:
    leaver = person("zzq-endang")
    request = erasing.ask_to_erase(leaver, reason="Permintaan", actor=here.actor("administrator"), at=here.now)
    confirm(request, here, here.now)
    record = db.session.scalars(select(Erasure)).one()
    assert "event_body.body" not in record.erased
    assert record.erased["account"] == 1
    with pytest.raises(NotFound):
        queries.get_account("U-0000-0000")


def test_the_body_of_an_event_is_erased_once(here: World) -> None:
    audit.record(audit.SYSTEM, "account.created", SYSTEM, at=here.now, object_ref="U-1", name="x")
    db.session.flush()
    places = [("system", seq) for seq in (1, 10**6)]
    assert [keeping.erase_bodies(places, "X-1", here.now) for _ in range(2)] == [1, 0]


def test_an_upload_that_came_in_just_now_is_not_due(app: Flask, here: World) -> None:
    settings = app.extensions["settings"]
    young = settings.blob_path / "incoming" / "0123456789"
    young.parent.mkdir(parents=True, exist_ok=True)
    young.write_bytes(b"half")
    refused = keeping.BY_NAME["refused"]
    written = young.stat().st_mtime
    moment = here.now.fromtimestamp(written, here.now.tzinfo)
    assert refused.due(settings, moment + timedelta(days=1), timedelta(days=2)) == []
    assert [one.ref for one in refused.due(settings, moment + timedelta(days=3), timedelta(days=2))] == ["0123456789"]


def test_what_another_process_destroyed_just_before_the_lock_is_not_destroyed_again(app: Flask, here: World) -> None:
    request = agreed(app, here)
    db.session.commit()
    quicker = (
        "INSERT INTO destruction (ref, request_ref, kind, rule_version, days, basis, destroyed_at, count, bytes, items,"
        f" digest) VALUES ('X-0000-0009', '{request.ref}', 'mail', 0, 90, 'x', '2026-03-02 03:00:00.000000', 1, 0,"
        f" '[]', '{'0' * 64}')"
    )
    with meanwhile(quicker):
        assert service.destroy(request, app.extensions["settings"], actor=SYSTEM, at=here.now) == []
    assert db.session.scalars(select(Message.text_id)).all() == ["Yth. Nominee 1"]


def test_what_is_gone_by_now_leaves_no_record_and_a_changed_list_is_named(app: Flask, here: World) -> None:
    request, settings = agreed(app, here), app.extensions["settings"]
    letter = db.session.scalars(select(Message)).one()
    texts = letter.text_id, letter.text_en, letter.subject, letter.address
    letter.text_id = letter.text_en = letter.subject = ""
    letter.address = ""
    db.session.commit()
    assert service.destroy(request, settings, actor=SYSTEM, at=here.now) == []
    assert db.session.scalars(select(Destruction)).all() == []
    letter.text_id, letter.text_en, letter.subject, letter.address = texts
    db.session.commit()
    (record,) = service.destroy(request, settings, actor=SYSTEM, at=here.now)
    assert (record.count, broken()) == (1, [])
    assert service.destroy(request, settings, actor=SYSTEM, at=here.now) == []
    wrong = {"request_ref": request.ref, "rule_version": 0, "days": 90, "basis": "x", "destroyed_at": here.now,
             "bytes": 0, "items": [{"ref": "a"}], "digest": service.digest_of([keeping.Item("a")])}  # fmt: skip
    db.session.add_all([
        Destruction(ref="X-0000-0001", kind="refused", count=2, **wrong),
        Destruction(ref="X-0000-0002", kind="drafts", count=1, **wrong | {"digest": "0" * 64}),
    ])  # fmt: skip
    db.session.commit()
    found = [where for rule, where in broken() if rule == "destruction.list"]
    assert found == ["X-0000-0001", "X-0000-0002"]
