"""Erasing one person on request: name, addresses and everything typed about them goes, and the chain still holds.

The account stays as a row without a person's data, because events and other rows refer to it by a random reference.
Its name in other rows becomes that reference. Events that name the person lose body and salt; their headers stay. What
the law has us keep, papers and decisions that were signed or published, is named in the record with its place.
"""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Table, Text, delete, func, select, update

from paritrana.accounts import requests
from paritrana.accounts.models import Account, RoleGrant, StaffRequest
from paritrana.accounts.requests import StaffAct
from paritrana.audit import service as audit
from paritrana.audit.models import Event, EventBody
from paritrana.audit.triggers import GUARDED
from paritrana.core.errors import ParitranaError
from paritrana.core.lifecycle import State
from paritrana.core.policy import Act, Actor
from paritrana.core.words import N_
from paritrana.cycles.models import Category
from paritrana.database import Base, db, random_ref, rows_changed
from paritrana.outbox.models import Message, MessageAttempt
from paritrana.panels.models import Seat
from paritrana.privacy import queries
from paritrana.privacy.keeping import erase_bodies
from paritrana.privacy.models import Erasure

BATCH: Final = 1000
# Rows that belong to nobody but the account: they go whole.
GO_WHOLE: Final = frozenset({
    "sign_in_session", "sent_once", "calendar_feed", "second_factor", "recovery_set", "recovery_code", "presence",
    "mail_choice", "invitation",
})  # fmt: skip
# Events of papers and decisions that are signed or published: the law has them kept with the names on them.
KEPT_EVENTS: Final = frozenset({
    "certificate", "printed_name", "plenary", "decision", "results", "result", "publication", "rubric",
})  # fmt: skip
ADDRESSES: Final = frozenset({"email", "address", "to_address"})
# Columns called `name` that name things and places.
OF_THINGS: Final = frozenset({
    "organisation", "region", "source", "certificate_image", "attachment", "file_declaration", "name_list",
    "security_role", "worker", "field_visit_photo", "objection_file", "second_factor",
})  # fmt: skip


class StillActive(ParitranaError):
    """A person who still has a role or a seat cannot be erased."""

    code = "still_active"
    message = N_("This person still has a role or a seat. End them first.")


class ErasedBefore(ParitranaError):
    """There is nothing left to erase."""

    code = "erased_before"
    message = N_("The data of this person was erased before.")


def ask_to_erase(account: Account, *, reason: str, actor: Actor, at: datetime) -> StaffRequest:
    """Ask that a person's data be erased; the caller commits.

    Raises `StillActive`, `ErasedBefore`, `MissingReason`, `RequestWaiting`.
    """
    _check(account)
    return requests.ask(ERASE, account.ref, {}, reason=reason, actor=actor, at=at)


def _check(account: Account) -> None:
    ids = [one.id for one in queries.accounts_of(account.person_id)]
    granted = select(RoleGrant.id).where(RoleGrant.account_id.in_(ids), RoleGrant.ended_at.is_(None))
    seated = (
        select(Seat.id)
        .join(Category, Category.id == Seat.category_id)
        .where(Seat.account_id.in_(ids), Seat.ended_at.is_(None), Category.state < int(State.PUBLISHED))
    )
    if db.session.scalar(granted.limit(1)) is not None or db.session.scalar(seated.limit(1)) is not None:
        raise StillActive
    if account.email.endswith(NOWHERE):
        raise ErasedBefore


NOWHERE: Final = "@dihapus.invalid"


def _carry_out(request: StaffRequest, actor: Actor, at: datetime) -> None:
    account = queries.get_account(request.subject_ref)
    _check(account)
    ref = random_ref("X")
    erased, kept = Counter[str](), Counter[str]()
    for one in queries.accounts_of(account.person_id):
        _erase_account(one, ref, at, erased, kept)
    person = account.person
    person.staff_number, person.identity_hash, person.identity_key = None, None, None
    record = Erasure(
        ref=ref, request_ref=request.ref, account_ref=account.ref, reason=request.reason, erased_at=at,
        erased=dict(sorted(erased.items())), kept=dict(sorted(kept.items())),
    )  # fmt: skip
    db.session.add(record)
    db.session.flush()
    audit.record(audit.SYSTEM, "person.erased", actor, at=at, object_ref=ref, **told_of_erasure(record))


ERASE: Final = StaffAct("erase_person", N_("Erase a person's data"), Act.ERASE_PERSON, _carry_out)


def told_of_erasure(row: Erasure) -> dict[str, Any]:
    """What an event says of an erasure."""
    return {
        "request": row.request_ref, "account": row.account_ref, "reason": row.reason, "erased": row.erased,
        "kept": row.kept,
    }  # fmt: skip


def _erase_account(account: Account, ref: str, at: datetime, erased: Counter[str], kept: Counter[str]) -> None:
    words = [word for word in (account.name, account.email, account.position, account.person.staff_number) if word]
    shared = db.session.scalar(select(func.count()).where(Account.name == account.name, Account.id != account.id))
    stand_in = f"({account.ref})"
    for table in Base.metadata.sorted_tables:
        if table.name in GO_WHOLE:
            _remove_rows(table, account, erased)
            continue
        for column in table.columns:
            if table.name == "account" or not (_names_people(column) or column.name in ADDRESSES):
                continue
            named = column.name not in ADDRESSES
            mine = column == (account.name if named else account.email)
            if shared and named:  # others have this name: only the rows that point at this account are surely its own
                mine = mine & _points_at(table, account)
            place = f"{table.name}.{column.name}"
            if table.name in GUARDED and table.name != "message_attempt":
                if count := db.session.scalar(select(func.count()).select_from(table).where(mine)) or 0:
                    kept[place] += count
            elif count := rows_changed(update(table).where(mine).values(_gone(table, column, stand_in))):
                erased[place] += count
    _erase_documents(account, stand_in, erased)
    places, stay = _events_naming([account.name, account.email, *(words[3:])])
    if count := erase_bodies(places, ref, at):
        erased["event_body.body"] += count
    if stay:
        kept["event_body.body"] += stay
    account.name, account.email, account.position = stand_in, f"{account.ref.lower()}{NOWHERE}", ""
    account.password, account.office_region_code, account.active = None, None, False
    account.fs_uniquifier = random_ref("F", 8)
    account.version += 1
    erased["account"] += 1
    db.session.flush()


def _erase_documents(account: Account, stand_in: str, erased: Counter[str]) -> None:
    """Texts of messages to the person, and what requests of two people say of it."""
    mine: list[ColumnElement[bool]] = [Message.account_id == account.id, Message.text_id != ""]
    if count := rows_changed(update(Message).where(*mine).values(subject="", text_id="", text_en="")):
        erased["message.text"] += count
    told = select(Message.id).where(Message.account_id == account.id)
    tried = [MessageAttempt.message_id.in_(told), MessageAttempt.address != ""]
    if count := rows_changed(update(MessageAttempt).where(*tried).values(address="", answer="")):
        erased["message_attempt.address"] += count
    words = {account.name, account.email, account.person.staff_number or account.email}
    for request in db.session.scalars(select(StaffRequest)):
        if _says(request.given, words):
            request.given = _without(request.given, words, stand_in)
            erased["staff_request.given"] += 1


def _without(value: Any, words: set[str], stand_in: str) -> Any:
    if isinstance(value, str):
        return stand_in if _says(value, words) else value
    if isinstance(value, dict):
        return {name: _without(one, words, stand_in) for name, one in value.items()}
    return [_without(one, words, stand_in) for one in value] if isinstance(value, list) else value


def _names_people(column: Any) -> bool:
    if not isinstance(column.type, Text):
        return False
    return bool(column.name.endswith("_name") and column.name not in {"scan_name", "short_name", "area_name"}) or (
        column.name == "name" and column.table.name not in OF_THINGS
    )


def _gone(table: Table, column: Any, stand_in: str) -> dict[str, Any]:
    if column.name == "to_address":
        return {column.name: table.c.ref}  # a message has one recipient, and each of these once
    if column.name not in ADDRESSES:
        return {column.name: stand_in}
    return {column.name: "", "answer": ""} if table.name == "message_attempt" else {column.name: ""}


def _points_at(table: Table, account: Account) -> ColumnElement[bool]:
    found: ColumnElement[bool] = select(func.count()).scalar_subquery() < 0  # of no row, where nothing points at people
    for key in table.foreign_keys:
        if key.column.table.name == "account":
            found = found | (key.parent == account.id)
    return found


def _remove_rows(table: Table, account: Account, erased: Counter[str]) -> None:
    for key in table.foreign_keys:
        if key.column.table.name != "account" or key.parent.name != "account_id":
            continue
        if count := rows_changed(delete(table).where(key.parent == account.id)):
            erased[str(table.name)] += count  # the record takes no names of the mapper's own kind


def _events_naming(words: list[str]) -> tuple[list[tuple[str, int]], int]:
    """The events whose bodies name a person and may be erased, and how many others have to stay."""
    found, stay = list[tuple[str, int]](), 0
    needles = [json.dumps(word, ensure_ascii=False)[1:-1].encode() for word in words if word]
    for stream, seq, kind, body in _bodies():
        if any(needle in body for needle in needles) and _says(json.loads(body), set(words)):
            if kind.partition(".")[0] in KEPT_EVENTS:
                stay += 1
            else:
                found.append((stream, seq))
    return found, stay


def _bodies() -> Iterator[tuple[str, int, str, bytes]]:
    statement = (
        select(Event.stream, Event.seq, Event.kind, EventBody.body)
        .join(EventBody, (EventBody.stream == Event.stream) & (EventBody.seq == Event.seq))
        .where(EventBody.body.is_not(None))
        .order_by(Event.stream, Event.seq)
    )
    rows = db.session.execute(statement, execution_options={"yield_per": BATCH})
    for row in rows:
        assert row.body is not None  # noqa: S101 - it was asked for
        yield row.stream, row.seq, row.kind, row.body


def _says(value: Any, words: set[str]) -> bool:
    """Whether a value is, somewhere inside, one of these words, or holds an e-mail address among them."""
    if isinstance(value, str):
        return value in words or any("@" in word and word in value for word in words)
    if isinstance(value, dict):
        return any(_says(one, words) for one in value.values())
    return isinstance(value, list) and any(_says(one, words) for one in value)
