"""Reads of the register: rows by filter, the story of one certificate, and the papers of many, block by block."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, case, exists, func, or_, select
from sqlalchemy.orm import joinedload

from paritrana.accounts.models import Account
from paritrana.certificates.models import (
    Certificate,
    CertificateBatch,
    CertificateBatchItem,
    CertificatePaper,
    CertificatePrint,
)
from paritrana.certificates.notices import NOTICES
from paritrana.certificates.queries import END_ACT
from paritrana.core.certificates import Kind
from paritrana.core.codes import parse
from paritrana.core.errors import NotFound
from paritrana.cycles.models import Category, Cycle, Proposal
from paritrana.database import db
from paritrana.jobs.models import OPEN, Job
from paritrana.outbox.models import Message

STATES: Final = ("made", "signed", "sent", "replaced", "revoked")
SORTS: Final = ("no", "recipient", "issued", "state", "prints")
BLOCK: Final = 20  # papers that are in memory at once

_one = Certificate
_KINDS = tuple(one.name for one in NOTICES)
_pressed = exists().where(CertificatePaper.certificate_id == _one.id).correlate(_one)
_left = exists().where(Message.about == _one.code, Message.kind.in_(_KINDS), Message.state == "sent").correlate(_one)
_state: ColumnElement[str] = case(
    (_one.status != "valid", _one.status), (_left, "sent"), (_pressed, "signed"), else_="made"
)
_prints = (
    select(func.count())
    .select_from(CertificatePrint)
    .where(CertificatePrint.certificate_id == _one.id)
    .correlate(_one)
    .scalar_subquery()
)


@dataclass(frozen=True)
class Asked:
    """Which rows of the register are wanted, and in which order; what is empty restricts nothing."""

    kind: str = ""
    category: str = ""
    state: str = ""
    batch: str = ""
    text: str = ""  # part of a recipient, or a whole code
    sort: str = "no"

    @classmethod
    def of(cls, said: Mapping[str, str]) -> "Asked":
        """What an address or a form says; a word that means nothing here restricts nothing."""
        sort = said.get("sort", "")
        return cls(
            kind=_known(said.get("kind", ""), tuple(kind.value for kind in Kind)),
            category=said.get("cat", ""),
            state=_known(said.get("status", ""), STATES),
            batch=said.get("batch", ""),
            text=said.get("q", "").strip()[:200],
            sort=sort if sort.removeprefix("-") in SORTS else "no",
        )

    @property
    def filters(self) -> dict[str, str]:
        """The fields of an address that say the same, without the order."""
        said = {"kind": self.kind, "cat": self.category, "status": self.state, "batch": self.batch, "q": self.text}
        return {name: value for name, value in said.items() if value}


def _known(text: str, words: Collection[str]) -> str:
    return text if text in words else ""


@dataclass(frozen=True)
class Entry:
    """One row of the register."""

    id: int
    category_id: int
    category: str  # its slug
    register_no: int
    code: str
    kind: Kind
    recipient: str
    title_id: str
    title_en: str
    context: Mapping[str, Any]
    rank: int | None
    state: str  # one of `STATES`
    reason: str
    ended_at: datetime | None
    issued_at: datetime
    issuer: str
    version_no: int
    batch: str
    sha256: str
    prints: int


def _rows(categories: Collection[int], asked: Asked) -> Select[Any]:
    statement = (
        select(
            _one.id, _one.category_id, Category.slug, _one.register_no, _one.code, _one.kind, _one.recipient,
            _one.title_id, _one.title_en, _one.context, _one.rank, _state.label("state"), _one.status_reason,
            _one.status_at, _one.issued_at, Account.name, _one.version_no, func.coalesce(CertificateBatch.ref, ""),
            func.coalesce(CertificatePaper.sha256, ""), _prints.label("prints"),
        )
        .select_from(_one)
        .join(Category, Category.id == _one.category_id)
        .join(Account, Account.id == _one.issued_by)
        .outerjoin(CertificateBatch, CertificateBatch.id == _one.batch_id)
        .outerjoin(CertificatePaper, CertificatePaper.certificate_id == _one.id)
    )  # fmt: skip
    return _narrowed(statement, categories, asked)


def _narrowed(statement: Any, categories: Collection[int], asked: Asked) -> Select[Any]:
    statement = statement.where(_one.category_id.in_(categories))
    if asked.kind:
        statement = statement.where(_one.kind == asked.kind)
    if asked.category:
        statement = statement.where(Category.slug == asked.category)
    if asked.state:
        statement = statement.where(_state == asked.state)
    if asked.batch:
        statement = statement.where(CertificateBatch.ref == asked.batch)
    if asked.text:
        part = func.lower(_one.recipient).contains(asked.text.lower(), autoescape=True)
        code = parse(asked.text)
        statement = statement.where(part if code is None else or_(part, _one.code == code))
    found: Select[Any] = statement
    return found


def _ordered(statement: Select[Any], sort: str) -> Select[Any]:
    keys: Mapping[str, ColumnElement[Any]] = {
        "no": _one.register_no.expression, "recipient": func.lower(_one.recipient),
        "issued": _one.issued_at.expression, "state": _state, "prints": _prints,
    }  # fmt: skip
    key = keys[sort.removeprefix("-")]
    return statement.order_by(key.desc() if sort.startswith("-") else key.asc(), _one.register_no)


def count(categories: Collection[int], asked: Asked) -> int:
    """How many rows these categories have (one statement)."""
    statement = (
        select(func.count())
        .select_from(_one)
        .join(Category, Category.id == _one.category_id)
        .outerjoin(CertificateBatch, CertificateBatch.id == _one.batch_id)
    )
    return db.session.scalar(_narrowed(statement, categories, asked)) or 0


def entries(categories: Collection[int], asked: Asked, *, start: int, size: int) -> Sequence[Entry]:
    """One page of the register (one statement)."""
    statement = _ordered(_rows(categories, asked), asked.sort).offset(start).limit(size)
    return [_entry(row) for row in db.session.execute(statement)]


def every_entry(categories: Collection[int], asked: Asked) -> Iterator[Entry]:
    """All rows, read as they are used (one statement)."""
    found = db.session.execute(_ordered(_rows(categories, asked), asked.sort).execution_options(yield_per=500))
    return (_entry(row) for row in found)


def _entry(row: Any) -> Entry:
    values = list(row)
    values[5] = Kind(values[5])
    return Entry(*values)


def batch_refs(cycle: Cycle) -> Sequence[str]:
    """The orders of a cycle that certificates came of, the newest first (one statement)."""
    issued = exists().where(_one.batch_id == CertificateBatch.id).correlate(CertificateBatch)
    return db.session.scalars(
        select(CertificateBatch.ref)
        .where(CertificateBatch.cycle_id == cycle.id, issued)
        .order_by(CertificateBatch.id.desc())
    ).all()


def queued(categories: Collection[int]) -> Mapping[str, int]:
    """How many certificates of each order still wait for the press, by its reference (one statement)."""
    item = CertificateBatchItem
    rows = db.session.execute(
        select(CertificateBatch.ref, func.count())
        .join(item, item.batch_id == CertificateBatch.id)
        .join(Job, Job.ref == CertificateBatch.job_ref)
        .where(item.certificate_id.is_(None), item.problem.is_(None), item.category_id.in_(categories))
        .where(Job.state.in_(OPEN))
        .group_by(CertificateBatch.id, CertificateBatch.ref)
        .order_by(CertificateBatch.id)
    ).all()
    return dict(rows)


# One certificate ------------------------------------------------------------------------------------------------------


def get_listed(cycle: str, code: str) -> Certificate:
    """The certificate of a cycle with this code (one statement). Raises `NotFound`."""
    found = db.session.scalar(
        select(Certificate)
        .join(Certificate.category)
        .join(Category.cycle)
        .where(Cycle.code == cycle, Certificate.code == (parse(code) or ""))
        .options(
            joinedload(Certificate.category, innerjoin=True).joinedload(Category.cycle, innerjoin=True),
            joinedload(Certificate.cycle, innerjoin=True),
            joinedload(Certificate.template_version),
        )
    )
    if found is None:
        raise NotFound
    return found


def entry_of(certificate: Certificate) -> Entry:
    """The row of one certificate (one statement)."""
    row = db.session.execute(_rows([certificate.category_id], Asked()).where(_one.id == certificate.id)).one()
    return _entry(row)


def versions_of(certificate: Certificate) -> Sequence[Certificate]:
    """Every certificate that the same holder got for the same, the first one first (one statement)."""
    return db.session.scalars(
        select(Certificate)
        .where(
            Certificate.category_id == certificate.category_id,
            Certificate.kind == certificate.kind,
            Certificate.basis == certificate.basis,
        )
        .order_by(Certificate.version_no)
    ).all()


def prints_of(certificate: Certificate) -> Sequence[CertificatePrint]:
    """When the paper was taken for printing, the first time first (one statement)."""
    return db.session.scalars(
        select(CertificatePrint)
        .where(CertificatePrint.certificate_id == certificate.id)
        .options(joinedload(CertificatePrint.printer, innerjoin=True))
        .order_by(CertificatePrint.no)
    ).all()


def messages_about(certificate: Certificate) -> Sequence[Message]:
    """The messages that tell of a certificate (one statement)."""
    return db.session.scalars(
        select(Message)
        .where(Message.about == certificate.code, Message.kind.in_(_KINDS))
        .options(joinedload(Message.account, innerjoin=True))
        .order_by(Message.id)
    ).all()


def ends_of(certificate: Certificate) -> Sequence[tuple[Proposal, str]]:
    """The requests to end a certificate, each with who confirmed it or nothing, the oldest first (one statement)."""
    rows = db.session.execute(
        select(Proposal, func.coalesce(Account.name, ""))
        .outerjoin(Account, Account.id == Proposal.confirmer_id)
        .where(Proposal.act == END_ACT, Proposal.subject_ref == certificate.code)
        .order_by(Proposal.id)
    ).all()
    return [(proposal, name) for proposal, name in rows]


# Papers of many -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sheet:
    """A certificate whose paper can be taken for printing."""

    id: int
    category_id: int
    register_no: int
    code: str
    recipient: str


def printable(categories: Collection[int], asked: Asked, codes: Collection[str] = ()) -> Sequence[Sheet]:
    """The valid certificates with a paper that a filter leaves, in the order of the register (one statement).

    `codes` (without dashes) restricts them further, unless it is empty.
    """
    statement = (
        select(_one.id, _one.category_id, _one.register_no, _one.code, _one.recipient)
        .select_from(_one)
        .join(Category, Category.id == _one.category_id)
        .join(CertificatePaper, CertificatePaper.certificate_id == _one.id)
        .outerjoin(CertificateBatch, CertificateBatch.id == _one.batch_id)
        .where(_one.status == "valid")
        .order_by(_one.register_no)
    )
    if codes:
        statement = statement.where(_one.code.in_(codes))
    found = db.session.execute(_narrowed(statement, categories, asked))
    return [Sheet(*row) for row in found]


def papers(sheets: Sequence[Sheet]) -> Iterator[tuple[Sheet, bytes]]:
    """Certificates with their signed bytes, in the given order, a few in memory at once."""
    for start in range(0, len(sheets), BLOCK):
        block = sheets[start : start + BLOCK]
        found = dict(
            db.session.execute(
                select(CertificatePaper.certificate_id, CertificatePaper.content).where(
                    CertificatePaper.certificate_id.in_([one.id for one in block])
                )
            ).all()
        )
        for one in block:
            yield one, found.pop(one.id)


def last_prints(ids: Collection[int]) -> Mapping[int, int]:
    """The number of the last print of each certificate that was printed (one statement)."""
    rows = db.session.execute(
        select(CertificatePrint.certificate_id, func.max(CertificatePrint.no))
        .where(CertificatePrint.certificate_id.in_(ids))
        .group_by(CertificatePrint.certificate_id)
    ).all()
    return dict(rows)


# The annex ------------------------------------------------------------------------------------------------------------


def numbers_of(award_ids: Collection[int]) -> Mapping[int, Certificate]:
    """The valid certificates of titles (one statement)."""
    found = db.session.scalars(
        select(Certificate).where(Certificate.award_id.in_(award_ids), Certificate.status == "valid")
    )
    return {one.award_id: one for one in found if one.award_id is not None}
