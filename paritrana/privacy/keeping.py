"""What is kept for how long: the kinds of data, what of each is due, and how it is destroyed.

A kind lists what is due at a moment as items, which name a thing by its reference and never by a name, and destroys the
items it is given: first in the database, in the caller's transaction, then on the disk, after that was committed.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import delete, func, or_, select, update

from paritrana import securitylog
from paritrana.accounts.models import Account
from paritrana.audit.models import Event, EventBody
from paritrana.config import Settings
from paritrana.core.chain import moment
from paritrana.core.lifecycle import State
from paritrana.core.words import N_
from paritrana.cycles.models import Category, Cycle
from paritrana.cycles.queries import cycle_time
from paritrana.database import Base, db
from paritrana.files.models import Blob
from paritrana.files.previews.models import Preview, Rendering
from paritrana.files.store import BlobStore
from paritrana.nominations.models import Attachment, EvidenceItem, GateStatement, Nomination, SelfAssessment
from paritrana.outbox.models import Message, MessageAttempt
from paritrana.publication.models import Publication, Recall
from paritrana.results.models import Award
from paritrana.sheets.models import Mark, Sheet

BATCH: Final = 500
FOR_GOOD: Final = N_("Headers of events, checkpoints and published bundles are kept for good.")


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that is due: its reference, and of a file its size in bytes and SHA-256."""

    ref: str
    bytes: int = 0
    sha256: str = ""

    def stored(self) -> dict[str, Any]:
        """The item as the record of its destruction names it."""
        said: dict[str, Any] = {"ref": self.ref}
        if self.sha256:
            said |= {"bytes": self.bytes, "sha256": self.sha256}
        return said


After = Callable[[], None]


@dataclass(frozen=True)
class Kept:
    """One kind of data: how long it is kept unless two people decide otherwise, and on what legal basis."""

    name: str
    title: str
    days: int
    basis: str
    due: Callable[[Settings, datetime, timedelta], list[Item]]
    destroy: Callable[[Settings, Sequence[Item], str, datetime], After]


# Files ----------------------------------------------------------------------------------------------------------------

_DRAFTS: Final = ("draft", "withdrawn")


@dataclass(frozen=True, slots=True)
class _Holder:
    """A nomination that holds a file: the kind it stands under, and when the time of keeping began."""

    kind: str
    began: datetime | None
    cycle: Cycle


def _due_files(kind: str) -> Callable[[Settings, datetime, timedelta], list[Item]]:
    def due(_settings: Settings, at: datetime, kept: timedelta) -> list[Item]:
        """The files that every nomination holding them may lose by now, under the kind that keeps them longest."""
        held: dict[int, list[_Holder]] = {}
        for blob_id, holder in _holders():
            held.setdefault(blob_id, []).append(holder)
        used = _used_elsewhere()
        found = [
            blob_id
            for blob_id, holders in held.items()
            if blob_id not in used and _last(holders).kind == kind and all(_over(one, at, kept) for one in holders)
        ]
        return list(_items_of(found))

    return due


def _last(holders: Sequence[_Holder]) -> _Holder:
    """The holder that keeps a file longest."""
    order = {"drafts": 0, "evidence_others": 1, "evidence_winners": 2}
    return max(holders, key=lambda one: order[one.kind])


def _over(holder: _Holder, at: datetime, kept: timedelta) -> bool:
    return holder.began is not None and holder.began + kept <= cycle_time(holder.cycle, at)


def _holders() -> Iterator[tuple[int, _Holder]]:
    winners = select(Award.nomination_id).where(Award.ended_at.is_(None))
    won = frozenset(db.session.scalars(winners))
    firsts = db.session.execute(
        select(Publication.category_id, func.min(Publication.published_at).label("first"))
        .where(~select(Recall.id).where(Recall.publication_id == Publication.id).exists())
        .group_by(Publication.category_id)
    )
    published: dict[int, datetime] = {row.category_id: row.first for row in firsts}
    categories = {one.id: one for one in db.session.scalars(select(Category))}
    cycles = {one.id: one for one in db.session.scalars(select(Cycle))}
    rows = db.session.execute(
        select(Attachment.blob_id, Nomination.id, Nomination.state, Nomination.category_id)
        .join(Nomination, Nomination.id == Attachment.nomination_id)
        .join(Blob, Blob.id == Attachment.blob_id)
        .where(Blob.destroyed_at.is_(None))
    )
    for blob_id, nomination_id, state, category_id in rows:
        category = categories[category_id]
        cycle = cycles[category.cycle_id]
        if state in _DRAFTS:
            yield blob_id, _Holder("drafts", category.closes_at, cycle)
        else:
            kind = "evidence_winners" if nomination_id in won else "evidence_others"
            yield blob_id, _Holder(kind, published.get(category_id), cycle)


def _used_elsewhere() -> frozenset[int]:
    """The files that something else than a nomination's documents refers to: photos, scans, decrees, objections."""
    found: set[int] = set()
    own = {"attachment", "rendering", "preview"}
    for table in Base.metadata.sorted_tables:
        if table.name in own:
            continue
        for key in table.foreign_keys:
            if key.column.table.name == "blob":
                found.update(one for one in db.session.scalars(select(key.parent).distinct()) if one is not None)
    return frozenset(found)


def _items_of(blob_ids: Sequence[int]) -> Iterator[Item]:
    for begin in range(0, len(blob_ids), BATCH):
        rows = db.session.execute(
            select(Blob.organisation_id, Blob.sha256, Blob.size)
            .where(Blob.id.in_(blob_ids[begin : begin + BATCH]))
            .order_by(Blob.id)
        )
        for organisation_id, sha256, size in rows:
            yield Item(f"{organisation_id}/{sha256[:12]}", size, sha256)


def _destroy_files(settings: Settings, items: Sequence[Item], _ref: str, at: datetime) -> After:
    store, gone = BlobStore(settings.blob_path), list[tuple[int, str]]()
    for item in items:
        organisation_id = int(item.ref.partition("/")[0])
        blob = db.session.scalars(
            select(Blob).where(Blob.organisation_id == organisation_id, Blob.sha256 == item.sha256).with_for_update()
        ).one()
        blob.destroyed_at = at
        drawn = select(Preview.sha256).where(Preview.blob_id == blob.id)
        shared = select(Preview.sha256).join(Blob, Blob.id == Preview.blob_id)
        others = shared.where(Blob.organisation_id == organisation_id, Preview.blob_id != blob.id)
        gone += [(organisation_id, one) for one in db.session.scalars(drawn.where(Preview.sha256.not_in(others)))]
        db.session.execute(delete(Preview).where(Preview.blob_id == blob.id))
        nothing = {"pages": 0, "shown": 0, "problem": "no_pages"}
        db.session.execute(update(Rendering).where(Rendering.blob_id == blob.id).values(**nothing))
        gone.append((organisation_id, item.sha256))
    db.session.flush()

    def after() -> None:
        for one in gone:
            store.destroy(*one)

    return after


def _due_refused(settings: Settings, at: datetime, kept: timedelta) -> list[Item]:
    """What is left of uploads that were refused or never looked at; nothing, where the regular jobs run."""
    folder, before = settings.blob_path / "incoming", (at - kept).timestamp()
    found = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        with suppress(FileNotFoundError):  # put in its place or discarded just now
            if path.stat().st_mtime < before:
                found.append(Item(path.name, path.stat().st_size))
    return found


def _destroy_refused(settings: Settings, items: Sequence[Item], _ref: str, _at: datetime) -> After:
    return _removing(settings.blob_path / "incoming", items)


def _removing(folder: Path, items: Sequence[Item]) -> After:
    def after() -> None:
        for one in items:
            (folder / one.ref).unlink(missing_ok=True)

    return after


# Events and notes -----------------------------------------------------------------------------------------------------


def _archived() -> Sequence[tuple[int, str]]:
    """Id and code of the cycles all of whose categories are archived."""
    rows = db.session.execute(
        select(Cycle.id, Cycle.code)
        .join(Category, Category.cycle_id == Cycle.id)
        .group_by(Cycle.id, Cycle.code)
        .having(func.min(Category.state) == int(State.ARCHIVED))
        .order_by(Cycle.code)
    )
    return [(cycle_id, code) for cycle_id, code in rows]


def _due_bodies(_settings: Settings, at: datetime, kept: timedelta) -> list[Item]:
    """The bodies of events of archived cycles, and of accounts that are closed."""
    streams = [f"{code}/{part}" for _id, code in _archived() for part in ("intake", "judging")]
    closed = select(Account.ref).where(Account.active.is_(False))
    rows = db.session.execute(
        select(Event.stream, Event.seq)
        .join(EventBody, (EventBody.stream == Event.stream) & (EventBody.seq == Event.seq))
        .where(
            EventBody.body.is_not(None),
            Event.at_utc < moment(at - kept),
            or_(Event.stream.in_(streams), (Event.stream == "system") & Event.object_ref.in_(closed)),
        )
        .order_by(Event.stream, Event.seq)
    )
    return [Item(f"{stream}#{seq}") for stream, seq in rows]


def erase_bodies(places: Collection[tuple[str, int]], reason: str, at: datetime) -> int:
    """Erase body and salt of these events; their headers and commitments stay. Gives how many were erased."""
    count = 0
    for stream, seq in places:
        body = db.session.get(EventBody, (stream, seq))
        if body is not None and body.body is not None:
            body.salt, body.body, body.erased_at, body.erased_reason = None, None, at, reason
            count += 1
    db.session.flush()
    return count


def _destroy_bodies(_settings: Settings, items: Sequence[Item], ref: str, at: datetime) -> After:
    places = [(stream, int(seq)) for stream, _, seq in (one.ref.rpartition("#") for one in items)]
    erase_bodies(places, ref, at)
    cycles = {code for code in (stream.partition("/")[0] for stream, _seq in places) if code != "system"}
    _blank_notes(cycles)
    return _nothing


def _blank_notes(cycles: Collection[str]) -> None:
    """Take the free words out of the rows whose events were erased; figures and marks stay."""
    nominations = (
        select(Nomination.id)
        .join(Category, Category.id == Nomination.category_id)
        .join(Cycle, Cycle.id == Category.cycle_id)
        .where(Cycle.code.in_(cycles))
    )
    for model, columns in (
        (EvidenceItem, ("note", "explanation")),
        (GateStatement, ("note",)),
        (SelfAssessment, ("note",)),
    ):
        mine = model.nomination_id.in_(nominations)
        db.session.execute(update(model).where(mine).values(**dict.fromkeys(columns, "")))
    sheets = select(Sheet.id).where(Sheet.nomination_id.in_(nominations))
    blank = {"panel_note": "", "feedback": ""}
    db.session.execute(update(Mark).where(Mark.sheet_id.in_(sheets)).values(**blank))


def _nothing() -> None:
    """Nothing lies outside the database."""


# Log and mail ---------------------------------------------------------------------------------------------------------


def _due_days(settings: Settings, at: datetime, kept: timedelta) -> list[Item]:
    last = (at - kept).astimezone(UTC).date()
    days = securitylog.days(settings.security_log)
    return [Item(path.name, path.stat().st_size) for day, path in days if day < last]


def _destroy_days(settings: Settings, items: Sequence[Item], _ref: str, _at: datetime) -> After:
    return _removing(settings.security_log, items)


_ENDED: Final = ("sent", "failed", "cancelled")


def _due_mail(_settings: Settings, at: datetime, kept: timedelta) -> list[Item]:
    rows = db.session.scalars(
        select(Message.ref)
        .where(Message.state.in_(_ENDED), Message.written_at < at - kept, Message.text_id != "")
        .order_by(Message.id)
    )
    return [Item(ref) for ref in rows]


def _destroy_mail(_settings: Settings, items: Sequence[Item], _ref: str, _at: datetime) -> After:
    for begin in range(0, len(items), BATCH):
        refs = [one.ref for one in items[begin : begin + BATCH]]
        ids = db.session.scalars(select(Message.id).where(Message.ref.in_(refs))).all()
        blank: dict[str, Any] = {"subject": "", "text_id": "", "text_en": ""}
        db.session.execute(update(Message).where(Message.id.in_(ids)).values(**blank))
        without_account = (Message.id.in_(ids), Message.to_address.is_not(None))
        db.session.execute(update(Message).where(*without_account).values(to_address=Message.ref, to_name=""))
        with_address = Message.address.is_not(None)
        db.session.execute(update(Message).where(Message.id.in_(ids), with_address).values(address=""))
        tried = (MessageAttempt.message_id.in_(ids), MessageAttempt.address != "")
        db.session.execute(update(MessageAttempt).where(*tried).values(address="", answer=""))
    return _nothing


# The kinds ------------------------------------------------------------------------------------------------------------

_LAW: Final = "UU 27/2022"
KINDS: Final = (
    Kept("drafts", N_("Files of entries that were never sent"), 90, f"{_LAW} Pasal 16 ayat (2) huruf g",
         _due_files("drafts"), _destroy_files),
    Kept("refused", N_("What is left of files that were refused"), 30, f"{_LAW} Pasal 16 ayat (2) huruf g",
         _due_refused, _destroy_refused),
    Kept("evidence_others", N_("Evidence of candidates without a title"), 730, "UU 43/2009; PP 28/2012",
         _due_files("evidence_others"), _destroy_files),
    Kept("evidence_winners", N_("Evidence of winners"), 1826, "UU 43/2009; PP 28/2012",
         _due_files("evidence_winners"), _destroy_files),
    Kept("event_bodies", N_("What events say, and notes, of archived cycles"), 1826, f"{_LAW} Pasal 43 dan 44",
         _due_bodies, _destroy_bodies),
    Kept("security_log", N_("Security log"), 730, "PP 71/2019 Pasal 22", _due_days, _destroy_days),
    Kept("mail", N_("Texts and addresses of messages"), 90, f"{_LAW} Pasal 16 ayat (2) huruf g",
         _due_mail, _destroy_mail),
)  # fmt: skip
BY_NAME: Final = {kind.name: kind for kind in KINDS}
