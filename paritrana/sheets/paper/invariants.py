"""What must hold of the entries from paper, of what went to the chair, and of the decisions: their events tell them."""

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import aliased

from paritrana.accounts.models import Account
from paritrana.audit.invariants import in_order, stream, told
from paritrana.core.invariants import Broken, Check, Stored, latest, replay, replayed
from paritrana.files.models import Blob
from paritrana.sheets.models import Sheet
from paritrana.sheets.paper import service
from paritrana.sheets.paper.models import PaperDecision, PaperEntry, PaperLeaf
from paritrana.sheets.paper.queries import BOTH


def _entries() -> Iterator[Broken]:
    entry = PaperEntry
    statement = (
        select(
            Sheet.ref, entry.no, entry.leaves, entry.signed, entry.scan_name, Blob.sha256, Account.ref.label("actor")
        )
        .join(Sheet, Sheet.id == entry.sheet_id)
        .join(Account, Account.id == entry.entered_by)
        .outerjoin(Blob, Blob.id == entry.blob_id)
        .order_by(in_order(Sheet.ref), entry.no)
    )
    rows = (
        Stored(row.ref, (row.no,), {"actor": row.actor, **service.told(row, row.sha256)}) for row in stream(statement)
    )
    yield from replay("paper_entry", "entry from paper", told("paper.entered"), rows, latest("no"))


def _leaves() -> Iterator[Broken]:
    statement = (
        select(PaperLeaf.ref, Sheet.ref.label("sheet"), PaperLeaf.indicator, PaperLeaf.cause)
        .join(PaperLeaf.sheet)
        .order_by(in_order(PaperLeaf.ref))
    )
    rows = (
        Stored(row.ref, (), {"sheet": row.sheet, "indicator": row.indicator, "cause": row.cause})
        for row in stream(statement)
    )
    yield from replay("paper_leaf", "question from paper", told("paper.leaf_waits"), rows, latest())


def _decisions() -> Iterator[Broken]:
    statement = (
        select(PaperLeaf.ref, PaperDecision.chosen, PaperDecision.reason, Account.ref.label("actor"))
        .join(PaperDecision, PaperDecision.leaf_id == PaperLeaf.id)
        .join(Account, Account.id == PaperDecision.decided_by)
        .order_by(in_order(PaperLeaf.ref))
    )
    rows = (
        Stored(row.ref, (), {"chosen": row.chosen, "reason": row.reason, "actor": row.actor})
        for row in stream(statement)
    )
    yield from replay("paper_decision", "decision on a paper", told("paper.leaf_decided"), rows, latest())


def _two_people() -> Iterator[Broken]:
    """Nobody entered a paper twice, whatever account was used, and nothing waits of a paper that was entered once."""
    second = aliased(PaperEntry)
    entries = (
        select(Sheet.ref)
        .join(PaperEntry, PaperEntry.sheet_id == Sheet.id)
        .join(Account, Account.id == PaperEntry.entered_by)
        .where(Account.person_id != PaperEntry.person_id)
    )
    for ref in stream(entries.order_by(Sheet.id, PaperEntry.no)):
        yield Broken("paper_entry.two_people", ref[0], "The entry names another person than its account.")
    alone = (
        select(PaperLeaf.ref)
        .outerjoin(second, (second.sheet_id == PaperLeaf.sheet_id) & (second.no == BOTH))
        .where(second.id.is_(None))
    )
    for ref in stream(alone.order_by(PaperLeaf.id)):
        yield Broken("paper_entry.two_people", ref[0], "The paper of this question was not entered by two people.")


CHECKS = (
    Check(replayed("paper_entry", "entry from paper"), _entries),
    Check(replayed("paper_leaf", "question from paper"), _leaves),
    Check(replayed("paper_decision", "decision on a paper"), _decisions),
    Check({"paper_entry.two_people": "Two people entered every paper before something of it counts."}, _two_people),
)
