"""Events as the audit pages show them: who did what to what, when, and what it changed."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, func, or_, select

from paritrana.accounts.models import Account
from paritrana.audit.models import Event, EventBody
from paritrana.core.words import N_
from paritrana.database import db

# What tells the parts of one object apart, so that an event is compared with the one about the same part.
PARTS: Final = ("indicator", "round", "figure", "kind", "gate", "account", "seat", "no")
LONGEST: Final = 200  # characters of a value that a row shows

KIND_WORDS: Final[Mapping[str, str]] = {
    "mark.saved": N_("Mark saved"),
    "sheet.opened": N_("Sheet opened"),
    "sheet.submitted": N_("Sheet submitted"),
    "sheet.reopened": N_("Sheet reopened"),
    "sheet.withdrawn": N_("Sheet withdrawn"),
    "sheet.restored": N_("Sheet restored"),
    "sheet.late_admitted": N_("Late mark admitted"),
    "sheet.missing": N_("Sheet missing, with a reason"),
    "seat.given": N_("Seat given"),
    "seat.ended": N_("Seat ended"),
    "officer.recused": N_("Recusal"),
    "recusal.waived": N_("Conflict waived"),
    "declaration.signed": N_("Declaration signed"),
    "category.added": N_("Category added"),
    "category.set_up": N_("Category set up"),
    "category.moved": N_("Stage moved"),
    "category.restarted": N_("Category restarted"),
    "deadline.extended": N_("Deadline extended"),
    "nomination.created": N_("Nomination begun"),
    "nomination.submitted": N_("Nomination sent"),
    "nomination.taken_back": N_("Nomination taken back"),
    "nomination.moved": N_("Nomination moved on"),
    "evidence.saved": N_("Evidence saved"),
    "file.declared": N_("File declared"),
    "file.received": N_("File received"),
    "finding.recorded": N_("Finding recorded"),
    "override.proposed": N_("Set value proposed"),
    "override.confirmed": N_("Set value confirmed"),
    "consolidation.opened": N_("Second scoring opened"),
    "consolidation.closed": N_("Second scoring closed"),
    "reopening.asked": N_("Reopening asked for"),
    "reopening.opened": N_("Reopening agreed"),
    "run.built": N_("Run computed"),
    "decision.recorded": N_("Plenary decision"),
    "results.sealed": N_("Results sealed"),
    "results.corrected": N_("Result corrected"),
    "result.published": N_("Result published"),
    "result.corrected": N_("Published result corrected"),
    "result.recalled": N_("Publication recalled"),
    "result.imported": N_("Result taken over"),
    "certificate.issued": N_("Certificate issued"),
    "certificate.revoked": N_("Certificate revoked"),
    "restore.adopted": N_("Restore adopted"),
    "role.granted": N_("Role given"),
    "role.ended": N_("Role ended"),
    "account.created": N_("Account made"),
    "account.closed": N_("Account closed"),
    "account.password_set": N_("Password set"),
    "halt.begun": N_("Changes stopped"),
    "halt.lifted": N_("Changes let go on"),
}


@dataclass(frozen=True)
class Wanted:
    """Which events a page asks for: their streams, and what narrows them down."""

    streams: tuple[str, ...]
    kind: str = ""
    object_ref: str = ""
    people: tuple[str, ...] | None = None  # references of accounts; none: anybody
    begin: str = ""  # the text of a moment
    end: str = ""

    def where(self) -> list[ColumnElement[bool]]:
        """The conditions of the statement."""
        found: list[ColumnElement[bool]] = [Event.stream.in_(self.streams)]
        if self.kind:
            found.append(Event.kind == self.kind)
        if self.object_ref:
            found.append(Event.object_ref == self.object_ref)
        if self.begin:
            found.append(Event.at_utc >= self.begin)
        if self.end:
            found.append(Event.at_utc < self.end)
        if self.people is not None:
            found.append(or_(False, *(_said_by(ref) for ref in self.people)))
        return found


def _said_by(ref: str) -> ColumnElement[bool]:
    """Whether the body of an event names this actor: the canonical bytes hold it in one spelling only."""
    needle = json.dumps({"actor": ref}, separators=(",", ":")).strip("{}").encode()
    if db.session.get_bind().dialect.name == "postgresql":
        return func.pg_catalog.position(EventBody.body, needle) > 0
    return func.instr(EventBody.body, needle) > 0


@dataclass(frozen=True)
class Change:
    """One value before and after."""

    name: str
    before: str
    after: str


@dataclass(frozen=True)
class Shown:
    """One event as a row of the page. `who` is none where the text was erased or is not shown."""

    event: Event
    who: str | None
    what: str
    reason: str
    changes: tuple[Change, ...]
    erased: bool

    @property
    def at(self) -> datetime:
        """When it happened, by the clock of its stream."""
        return datetime.fromisoformat(self.event.at_utc)

    @property
    def about(self) -> str:
        """What kind of thing it is about, for its address."""
        return self.event.kind.partition(".")[0]


def count(wanted: Wanted) -> int:
    """How many events there are."""
    return db.session.scalar(_joined(select(func.count())).where(*wanted.where())) or 0


def _joined(statement: Any) -> Any:
    return statement.select_from(Event).join(
        EventBody, and_(EventBody.stream == Event.stream, EventBody.seq == Event.seq), isouter=True
    )


def page(wanted: Wanted, *, offset: int, limit: int, reveal: Collection[str]) -> list[Shown]:
    """Events, newest first (four statements). Texts of streams that are not in `reveal` stay closed."""
    rows = db.session.execute(
        _joined(select(Event, EventBody))
        .where(*wanted.where())
        .order_by(Event.at_utc.desc(), Event.stream.desc(), Event.seq.desc())
        .offset(offset)
        .limit(limit)
    ).all()
    return shown([(event, body) for event, body in rows], reveal)


def shown(rows: Sequence[tuple[Event, EventBody | None]], reveal: Collection[str]) -> list[Shown]:
    """Rows of a page from events and their bodies (two statements)."""
    said = {(event.stream, event.seq): _said(body) for event, body in rows if event.stream in reveal}
    before = _earlier([event for event, _body in rows if event.stream in reveal])
    names = names_of({str(one["actor"]) for one in said.values() if one is not None})
    found = []
    for event, body in rows:
        document = said.get((event.stream, event.seq))
        values = {} if document is None else document["values"]
        actor = None if document is None else str(document["actor"])
        found.append(
            Shown(
                event,
                None if actor is None else names.get(actor, actor),
                KIND_WORDS.get(event.kind, event.kind),
                str(values.get("reason", "")),
                _changes(before(event, values), values),
                erased=body is not None and body.erased_at is not None,
            )
        )
    return found


def _said(body: EventBody | None) -> dict[str, Any] | None:
    if body is None or body.body is None:
        return None
    try:
        document = json.loads(body.body)
    except ValueError:
        return None
    whole = isinstance(document, dict) and isinstance(document.get("values"), dict) and "actor" in document
    return document if whole else None


def _earlier(events: Sequence[Event]) -> Any:
    """A function that gives the values of the event before one, about the same part of the same object."""
    refs, kinds = {one.object_ref for one in events}, {one.kind for one in events}
    rows = db.session.execute(
        _joined(select(Event.stream, Event.seq, Event.kind, Event.object_ref, EventBody.body))
        .where(Event.object_ref.in_(refs), Event.kind.in_(kinds))
        .order_by(Event.stream, Event.seq)
    ).all()
    last: dict[Any, dict[str, Any]] = {}
    found: dict[tuple[str, int], dict[str, Any]] = {}
    for row in rows:
        try:
            values = json.loads(row.body)["values"] if row.body is not None else {}
        except (ValueError, KeyError, TypeError):
            values = {}
        key = row.stream, row.kind, row.object_ref, *(str(values.get(name)) for name in PARTS)
        found[row.stream, row.seq] = last.get(key, {})
        last[key] = values
    return lambda event, values: found.get((event.stream, event.seq), {})


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Change, ...]:
    names = [name for name in sorted({*before, *after}) if before.get(name) != after.get(name) and name != "reason"]
    return tuple(Change(name, _text(before.get(name)), _text(after.get(name))) for name in names)


def _text(value: Any) -> str:
    text = "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def names_of(refs: Collection[str]) -> dict[str, str]:
    """The names of accounts by their references."""
    rows = db.session.execute(select(Account.ref, Account.name).where(Account.ref.in_(refs)))
    return {row.ref: row.name for row in rows}


def people_called(text: str) -> tuple[str, ...]:
    """The references of accounts of this reference, or with this text in their name; at most twenty."""
    like = f"%{text.replace('%', '').replace('_', '')}%"
    wanted = select(Account.ref).where(or_(Account.ref == text, Account.name.ilike(like)))
    return tuple(db.session.scalars(wanted.order_by(Account.ref).limit(20)))


def kinds_in(streams: Collection[str]) -> Sequence[str]:
    """The kinds of events that these streams hold, in order."""
    return db.session.scalars(
        select(Event.kind).where(Event.stream.in_(streams)).distinct().order_by(Event.kind)
    ).all()  # fmt: skip


def hours(streams: Collection[str], limit: int = 24) -> list[tuple[str, dict[str, int]]]:
    """The last hours in which something happened, oldest first: the hour in UTC, and the number in each stream."""
    hour = func.substr(Event.at_utc, 1, 13)
    last = db.session.scalars(
        select(hour).where(Event.stream.in_(streams)).distinct().order_by(hour.desc()).limit(limit)
    ).all()
    if not last:
        return []
    rows = db.session.execute(
        select(hour, Event.stream, func.count())
        .where(Event.stream.in_(streams), Event.at_utc >= min(last))
        .group_by(hour, Event.stream)
    )
    found: dict[str, dict[str, int]] = {}
    for name, stream, number in rows:
        found.setdefault(name, {})[stream] = number
    return sorted(found.items())
