"""What a person may ask for: all data as a package, its erasure, and an identity number that is kept nowhere."""

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Text, func, select

from paritrana import securitylog
from paritrana.accounts import requests
from paritrana.accounts.models import Account, Person, RoleGrant
from paritrana.audit import service as audit
from paritrana.audit.queries import first_broken_link
from paritrana.audit.triggers import GUARDED
from paritrana.config import Settings
from paritrana.database import Base, db
from paritrana.nominations.models import EvidenceItem
from paritrana.operations.invariants import broken_rules
from paritrana.panels.models import Seat
from paritrana.privacy import erasing, identities
from paritrana.privacy.models import Erasure
from paritrana.securitylog import append
from tests.factories import World, person, sign_in
from tests.factories_results import contest, nominations, publish
from tests.nominations.pages import fields_of, send
from tests.privacy.scenes import confirm, file_of, letter_to

Scoped = "scoped_session[Session]"
NUMBERS = ("9999010101900001", "9999010101900002")


@pytest.fixture
def here(app: Flask, db_session: Scoped) -> World:
    made = contest()
    publish(made)
    for path in app.extensions["settings"].instance_path.glob("keys/person*.key"):
        path.unlink()
    db_session.commit()
    return made


def everywhere(words: list[str]) -> dict[str, int]:
    """Where in the whole database one of these words stands, column by column."""
    found: dict[str, int] = {}
    for table in Base.metadata.sorted_tables:
        for row in db.session.execute(table.select()):
            for column, value in zip(table.columns, row, strict=True):
                text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
                if any(word in text for word in words):
                    place = f"{table.name}.{column.name}"
                    found[place] = found.get(place, 0) + 1
    return found


@pytest.fixture
def leaver(here: World, db_session: Scoped) -> Account:
    """Somebody with a name of its own who did things here and whose roles have ended."""
    account = person("zzq-endang-wulandari")
    account.position = "Zzq Kepala Bidang"
    db_session.add(account)
    db_session.flush()
    db_session.add(RoleGrant(account_id=account.id, role="nominee", granted_at=here.now, ended_at=here.now,
                             organisation_id=nominations(here)[0].organisation_id))  # fmt: skip
    at = here.now
    entry = nominations(here)[0]
    file_of(entry, 1, account, at)
    db_session.add(EvidenceItem(nomination=entry, kind="coverage", changed_at=at, changed_by_name=account.name))
    letter_to(account, here, cause="HELLO", at=at)
    stream = audit.intake(here.cycle.code)
    audit.record(audit.SYSTEM, "account.created", account, at=at, object_ref=account.ref, name=account.name)
    audit.record(stream, "evidence.saved", account, at=at, object_ref=entry.ref, by=account.name, mail=account.email)
    audit.record(stream, "certificate.issued", account, at=at, object_ref=entry.ref, recipient=account.name)
    db_session.commit()
    return account


def test_erasure_leaves_nothing_but_what_the_law_keeps_and_the_chain_holds(
    app: Flask, here: World, leaver: Account, db_session: Scoped, figures_of: Callable[..., None]
) -> None:
    words = [leaver.name, leaver.email, leaver.position, str(leaver.person.staff_number)]
    before = everywhere(words)
    assert {"account.name", "message.text_id", "message_attempt.address", "event_body.body"} <= before.keys()
    request = erasing.ask_to_erase(leaver, reason="Permintaan 3/2026", actor=here.actor("administrator"), at=here.now)
    db_session.commit()
    confirm(request, here, here.now)
    db_session.expire_all()
    after = everywhere(words)
    record = db_session.scalars(select(Erasure)).one()
    assert after == {"event_body.body": 1}  # the paper that was issued
    assert record.kept == {"event_body.body": 1}
    assert record.erased["evidence_item.changed_by_name"] == record.erased["attachment.uploaded_by_name"] == 1
    assert first_broken_link() is None
    assert leaver.name == f"({leaver.ref})"
    assert not leaver.active
    assert leaver.password is None
    asker, at = here.actor("administrator"), here.now
    with pytest.raises(erasing.ErasedBefore):
        erasing.ask_to_erase(leaver, reason="Lagi", actor=asker, at=at)
    rules = {one.rule for one in broken_rules(app.extensions["settings"], at=at)}
    assert not {rule for rule in rules if rule.startswith(("chain", "erasure", "trigger", "staff_request"))}
    figures_of("erase", promises=["P31", "P19"], places=sum(before.values()), leftovers=0, kept_by_law=1,
               chain_broken=0, control=bool(before))  # fmt: skip


def test_who_has_a_role_or_a_seat_is_not_erased(here: World, db_session: Scoped) -> None:
    asker = here.actor("administrator")
    with pytest.raises(erasing.StillActive):
        erasing.ask_to_erase(here.accounts["nominee-1"], reason="x", actor=asker, at=here.now)
    seated = db_session.scalars(select(Seat).limit(1)).one()
    here.category.state = 5
    db_session.flush()
    account = db_session.get_one(Account, seated.account_id)
    for grant in db_session.scalars(select(RoleGrant).where(RoleGrant.account_id == account.id)):
        grant.ended_at = here.now
    with pytest.raises(erasing.StillActive):
        erasing.ask_to_erase(account, reason="x", actor=asker, at=here.now)


def test_a_namesake_keeps_the_name(here: World, leaver: Account, db_session: Scoped) -> None:
    other = person("other")
    other.name = leaver.name
    db_session.add(other)
    db_session.flush()
    entry = nominations(here)[1]
    theirs = file_of(entry, 2, other, here.now)
    db_session.commit()
    request = erasing.ask_to_erase(leaver, reason="Permintaan", actor=here.actor("administrator"), at=here.now)
    confirm(request, here, here.now)
    db_session.expire_all()
    assert other.name != leaver.name
    names = {one.blob_id: one.uploaded_by_name for one in entry.attachments}
    assert names[theirs.id] == other.name


def test_every_column_that_may_name_a_person_is_known() -> None:
    """A new column of a name is erased, kept by law, or named here as one of things."""
    tables = {table.name: table for table in Base.metadata.sorted_tables}
    assert tables.keys() >= erasing.OF_THINGS
    named = [
        f"{table.name}.{column.name}"
        for table in tables.values()
        for column in table.columns
        if isinstance(column.type, Text) and erasing._names_people(column) and table.name not in GUARDED
    ]
    assert "evidence_item.changed_by_name" in named
    assert "account.name" in named
    assert not [one for one in named if one.startswith(("organisation.", "region."))]


def test_the_package_holds_what_is_stored_and_no_secret(
    app: Flask, client: FlaskClient, here: World, db_session: Scoped, figures_of: Callable[..., None]
) -> None:
    account, other = here.accounts["nominee-1"], here.accounts["nominee-2"]
    file_of(nominations(here)[0], 1, account, here.now)
    letter_to(account, here, cause="HELLO", at=here.now)
    audit.record(audit.SYSTEM, "language.chosen", account, at=here.now, object_ref=account.ref, name="x")
    settings = app.extensions["settings"]
    for ref in (account.ref, other.ref):
        line = {"time": "2026-03-02T02:00:00.000000Z", "event": "viewed", "account": ref, "object": "N-1"}
        append(settings.security_log, json.dumps(line), "2026-03-02")
    assert account.password
    secrets = [account.password, account.fs_uniquifier]
    db_session.commit()
    sign_in(client, "nominee-1")
    page = client.get("/profile/data")
    assert page.status_code == 200
    answer = client.get("/profile/data.json")
    text = answer.get_data(as_text=True)
    document = json.loads(text)
    assert [one["email"] for one in document["accounts"]] == ["nominee-1@contoh.test"]
    assert [one["document"] for one in document["files"]] == [1]
    assert [one["kind"] for one in document["acts"]] == ["language.chosen"]
    assert {one["object"] for one in document["security_log"] if one["event"] == "viewed"} >= {"N-1"}
    assert document["roles"][0]["role"] == "nominee"
    assert "no-store" in answer.headers["Cache-Control"]

    def of_others_and_secret(package: str) -> tuple[int, int]:
        return sum(map(package.count, (other.ref, "nominee-2"))), sum(map(package.count, secrets))

    foreign, secret = of_others_and_secret(text)
    assert (foreign, secret) == (0, 0)
    # The control: what is not this person's to see is planted into rows that the package copies, and seen there.
    account.name, account.position = secrets
    line = {"time": "2026-03-02T02:00:00.000000Z", "event": "viewed", "account": account.ref, "object": other.ref}
    append(settings.security_log, json.dumps(line), "2026-03-02")
    db_session.commit()
    planted = of_others_and_secret(client.get("/profile/data.json").get_data(as_text=True))
    figures_of("subject access", promises=["P31"], parts=len(document), foreign=foreign, secrets=secret,
               control=planted == (1, 2))  # fmt: skip
    assert planted == (1, 2)


def test_an_identity_number_is_hashed_with_a_key_and_stands_nowhere(
    app: Flask, client: FlaskClient, here: World, db_session: Scoped
) -> None:
    settings = app.extensions["settings"]
    sign_in(client, "chair")
    fields = fields_of(client, "/profile/data", "/profile/data/identity")
    for typed, status in (("12", 422), ("99990101019000O1", 422), (" 99990101 01900001 ", 303)):
        answer = send(client, "/profile/data/identity", fields, number=typed)
        assert answer.status_code == status, answer.get_data(as_text=True)
        assert NUMBERS[0] not in answer.get_data(as_text=True)
    db_session.expire_all()
    holder = here.accounts["chair"].person
    assert holder.identity_key == identities.current_id(settings)
    assert everywhere([NUMBERS[0]]) == {}
    assert not any(NUMBERS[0] in path.read_text() for _day, path in securitylog.days(settings.security_log))
    with pytest.raises(identities.IdentityTaken):
        identities.bind(here.accounts["organiser-1"].person, NUMBERS[0], settings)
    identities.bind(holder, NUMBERS[0], settings)  # the same person may type it again
    identities.bind(here.accounts["organiser-1"].person, NUMBERS[1], settings)


def taken(holder: Person, number: str, settings: Settings) -> bool:
    """Whether a number was taken for a person; whoever has it already is not disturbed."""
    try:
        identities.bind(holder, number, settings)
    except identities.IdentityTaken:
        return False
    return True


def test_a_new_key_takes_over_person_by_person_and_the_old_one_is_destroyed(
    app: Flask, here: World, db_session: Scoped, figures_of: Callable[..., None], tmp_path: Path
) -> None:
    settings, another = app.extensions["settings"], here.accounts["deputy"].person
    twice: list[bool] = []  # whether another person was let in with a number that somebody has
    people = [here.accounts[name].person for name in ("chair", "organiser-1")]
    for one, number in zip(people, NUMBERS, strict=True):
        identities.bind(one, number, settings)
    db_session.commit()
    twice += [taken(another, number, settings) for number in NUMBERS]
    act = app.extensions["staff_acts"].get(identities.ROTATE)
    request = requests.ask(act, identities.PURPOSE, {}, reason="Berkala", actor=here.actor("administrator"),
                           at=here.now)  # fmt: skip
    db_session.commit()
    confirm(request, here, here.now + timedelta(minutes=1))
    assert identities.behind(settings) == 2
    assert identities.forget_older(settings) == 0
    assert all(identities.stale(one, settings) for one in people)
    twice += [taken(another, number, settings) for number in NUMBERS]  # the older hash is still compared with
    identities.bind(people[0], NUMBERS[0], settings)
    assert identities.forget_older(settings) == 0
    identities.bind(people[1], NUMBERS[1], settings)
    db_session.commit()
    assert identities.behind(settings) == 0
    assert identities.forget_older(settings) == 1
    assert len(identities.keys(settings)) == 1
    count = db_session.scalar(select(func.count()).where(Person.identity_key.is_not(None)))
    twice += [taken(another, number, settings) for number in NUMBERS]
    # Whoever has the database tries every number, and the hash of every number that needs no key.
    tried = [*NUMBERS, *(hashlib.sha256(number.encode()).hexdigest() for number in NUMBERS)]
    logged = "".join(path.read_text() for _day, path in securitylog.days(settings.security_log))
    at_rest = sum(everywhere(tried).values()) + sum(map(logged.count, tried))
    # The controls: an unkeyed hash is found, and without the keys of this installation a number is taken twice.
    people[0].identity_hash = tried[len(NUMBERS)]
    db_session.flush()
    found = everywhere(tried)
    db_session.rollback()
    elsewhere = settings.model_copy(update={"instance_path": tmp_path / "elsewhere"})
    unseen = taken(another, NUMBERS[0], elsewhere)
    db_session.rollback()
    control = unseen and found == {"person.identity_hash": 1}
    figures_of("person key", promises=["P19", "P31"], rehashed=count, asked=len(twice), taken_twice=sum(twice),
               numbers_at_rest=at_rest, control=control)  # fmt: skip
    assert (sum(twice), at_rest, control) == (0, 0, True)
