"""The tables of a cycle as an exported bundle carries them: what `verify_audit.py` holds against the events.

Each function gives the rows of one table in an order that never changes: the object that events name, the part of it,
and the values under the names of the event. A value that is none stands for one that the event leaves out.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from sqlalchemy import exists, select
from sqlalchemy.orm import aliased

from paritrana.accounts.models import Account
from paritrana.audit.invariants import in_order, stream
from paritrana.core.invariants import Stored
from paritrana.cycles.models import CALENDAR, Category, Cycle, DeadlineExtension
from paritrana.database import db
from paritrana.nominations.models import Nomination
from paritrana.panels import service as panels
from paritrana.panels.models import Recusal, Seat
from paritrana.publication.models import Publication, Recall
from paritrana.publication.snapshot import digest_of
from paritrana.results.models import ResultRun
from paritrana.results.plenary import service as plenary
from paritrana.results.plenary.models import Decision, Plenary
from paritrana.sheets import service as sheets
from paritrana.sheets.models import Mark, Sheet

_MARK: Final = ("version", "source", "value", "reason", "abstain_note", "panel_note", "feedback")
_EXTENSION: Final = ("no", "closes_before", "closes_after", "reason", "proposal_ref")
_REF = (Cycle.code + "/" + Category.slug).label("ref")


def _of(statement: Any, cycle: Cycle, slug: str | None) -> Any:
    """The statement kept to a cycle, or to one of its categories."""
    statement = statement.where(Category.cycle_id == cycle.id)
    return statement if slug is None else statement.where(Category.slug == slug)


def marks(cycle: Cycle, slug: str | None = None) -> Iterator[Stored]:
    """Every mark, as it stands now."""
    statement = (
        select(Sheet.ref, Nomination.ref.label("nomination"), Mark.indicator, Mark.round,
               *(getattr(Mark, name) for name in _MARK))
        .select_from(Mark)
        .join(Sheet, Sheet.id == Mark.sheet_id)
        .join(Nomination, Nomination.id == Sheet.nomination_id)
        .join(Category, Category.id == Nomination.category_id)
        .order_by(in_order(Sheet.ref), Mark.indicator, Mark.round)
    )  # fmt: skip
    for row in stream(_of(statement, cycle, slug)):
        values = {"nomination": row.nomination, **{name: getattr(row, name) for name in _MARK}}
        yield Stored(row.ref, (row.indicator, row.round), values)


def sheets_held(cycle: Cycle, slug: str | None = None) -> Iterator[Stored]:
    """Every sheet."""
    statement = (
        select(Sheet.ref, Nomination.ref.label("nomination"), Account.ref.label("assessor"), Sheet.attempt,
               Sheet.revision_no, Sheet.opened_at, Sheet.submitted_at, Sheet.receipt_no, Sheet.digest,
               Sheet.withdrawn_at, Sheet.version)
        .select_from(Sheet)
        .join(Nomination, Nomination.id == Sheet.nomination_id)
        .join(Category, Category.id == Nomination.category_id)
        .join(Account, Account.id == Sheet.assessor_id)
        .order_by(in_order(Sheet.ref))
    )  # fmt: skip
    for row in stream(_of(statement, cycle, slug)):
        yield Stored(row.ref, (), {"nomination": row.nomination, "actor": row.assessor, **sheets.told(row)})


def seats(cycle: Cycle, slug: str | None = None) -> Iterator[Stored]:
    """Every seat, also those that ended."""
    ref = (Cycle.code + "/" + Category.slug + "/" + Seat.code).label("ref")
    statement = (
        select(ref, Account.ref.label("account"), Seat.role, Seat.constituency, Seat.decree_number, Seat.seated_at,
               Seat.ended_at, Seat.ended_reason, Seat.version)
        .select_from(Seat)
        .join(Category, Category.id == Seat.category_id)
        .join(Cycle, Cycle.id == Category.cycle_id)
        .join(Account, Account.id == Seat.account_id)
        .order_by(in_order(ref))
    )  # fmt: skip
    for row in stream(_of(statement, cycle, slug)):
        yield Stored(row.ref, (), {"account": row.account, **panels.told(row)})


def recusals(cycle: Cycle, slug: str | None = None) -> Iterator[Stored]:
    """Every recusal."""
    statement = (
        select(Nomination.ref, Account.ref.label("account"), Recusal.no, Recusal.kind, Recusal.basis, Recusal.reason)
        .select_from(Recusal)
        .join(Nomination, Nomination.id == Recusal.nomination_id)
        .join(Category, Category.id == Nomination.category_id)
        .join(Account, Account.id == Recusal.account_id)
        .order_by(in_order(Nomination.ref), in_order(Account.ref), Recusal.no)
    )
    for row in stream(_of(statement, cycle, slug)):
        values = {"conflict": row.kind, "basis": row.basis, "reason": row.reason}
        yield Stored(row.ref, (row.account, row.no), values)


def _categories(*columns: Any) -> Any:
    return (
        select(_REF, *columns)
        .select_from(Category)
        .join(Cycle, Cycle.id == Category.cycle_id)
        .order_by(in_order(_REF))
    )  # fmt: skip


def deadlines(cycle: Cycle, slug: str | None = None) -> Iterator[Stored]:
    """The calendar of every category."""
    for row in stream(_of(_categories(*(getattr(Category, name) for name in CALENDAR)), cycle, slug)):
        yield Stored(row.ref, (), {name: getattr(row, name) for name in CALENDAR})


def extensions(cycle: Cycle, slug: str | None = None) -> Iterator[Stored]:
    """Every extension of a deadline."""
    statement = (
        _categories(*(getattr(DeadlineExtension, name) for name in _EXTENSION))
        .join(DeadlineExtension, DeadlineExtension.category_id == Category.id)
        .order_by(DeadlineExtension.no)
    )
    for row in stream(_of(statement, cycle, slug)):
        yield Stored(row.ref, (row.no,), {name: getattr(row, name) for name in _EXTENSION})


def stages(cycle: Cycle, slug: str | None = None) -> Iterator[Stored]:
    """The stage of every category, as it is stored."""
    for row in stream(_of(_categories(Category.state), cycle, slug)):
        yield Stored(row.ref, (), {"state": row.state})


def decisions(cycle: Cycle, slug: str | None = None) -> Iterator[Stored]:
    """Every decision of a plenary."""
    second, withdrawn = aliased(Account), aliased(Decision)
    statement = (
        select(Decision, ResultRun.no, Plenary.ref, withdrawn.ref, second.ref, Category.slug)
        .join(ResultRun, ResultRun.id == Decision.run_id)
        .join(Plenary, Plenary.id == Decision.plenary_id)
        .join(Category, Category.id == Decision.category_id)
        .join(second, second.id == Decision.confirmed_by)
        .outerjoin(withdrawn, withdrawn.id == Decision.withdraws_id)
        .order_by(in_order(Decision.ref))
    )
    for one, run, session, gone, actor, category in stream(_of(statement, cycle, slug)):
        values = {**plenary.told(one, run, session, gone), "actor": actor, "category": category}
        yield Stored(one.ref, (), values)


def publications(cycle: Cycle, slug: str | None = None) -> Iterator[Stored]:
    """Every published version."""
    statement = _categories(
        Publication.version_no, Publication.digest, Publication.table.label("table"), Publication.source_key,
        Publication.replaces_no, Publication.reason,
    ).join(Publication, Publication.category_id == Category.id).order_by(Publication.version_no)  # fmt: skip
    for row in stream(_of(statement, cycle, slug)):
        values = {
            "digest": row.digest, "table_digest": digest_of(row.table), "source": row.source_key,
            "replaces": row.replaces_no, "reason": row.reason,
        }  # fmt: skip
        yield Stored(row.ref, (row.version_no,), values)


def published(cycle: Cycle) -> Iterator[tuple[str, bytes]]:
    """The open bundle of every published version by the name of its file, one at a time; recalled ones never were."""
    numbers = (
        _of(_categories(Publication.id), cycle, None)
        .join(Publication, Publication.category_id == Category.id)
        .where(~exists().where(Recall.publication_id == Publication.id))
    )
    for number in [row.id for row in db.session.execute(numbers.order_by(Publication.version_no))]:
        row = db.session.execute(
            select(Category.slug, Publication.version_no, Publication.bundle)
            .join(Category, Category.id == Publication.category_id)
            .where(Publication.id == number)
        ).one()
        yield f"{row.slug}-{row.version_no}.json", row.bundle


Table = Callable[[Cycle, str | None], Iterator[Stored]]

TABLES: Final[Mapping[str, Table]] = {
    "mark": marks,
    "sheet": sheets_held,
    "seat": seats,
    "recusal": recusals,
    "deadline": deadlines,
    "extension": extensions,
    "stage": stages,
    "decision": decisions,
    "publication": publications,
}
"""The tables by the names that `verify_audit.py` knows them by."""

OPEN_TABLES: Final = ("deadline", "extension", "stage", "publication")
"""The tables whose events anybody may read once everything is published."""
