"""What must hold of requests to open a sheet again: each is told by its events, with everybody who agreed."""

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import aliased

from paritrana.accounts.models import Account
from paritrana.audit.invariants import in_order, stream, told
from paritrana.core.invariants import Broken, Check, Stored, latest, replay, replayed
from paritrana.sheets.models import Sheet
from paritrana.sheets.reopening import service
from paritrana.sheets.reopening.models import Reopening


def _reopenings() -> Iterator[Broken]:
    asker, leader, seconder = aliased(Account), aliased(Account), aliased(Account)
    statement = (
        select(
            Reopening, Sheet.ref.label("sheet"), asker.ref.label("asker"), leader.ref.label("leader"),
            seconder.ref.label("seconder"),
        )
        .join(Sheet, Sheet.id == Reopening.sheet_id)
        .join(asker, asker.id == Reopening.asked_by)
        .join(leader, leader.id == Reopening.led_by, isouter=True)
        .join(seconder, seconder.id == Reopening.seconded_by, isouter=True)
        .order_by(in_order(Reopening.ref))
    )  # fmt: skip
    rows = (
        Stored(row.Reopening.ref, (), service.told(row.Reopening, row.sheet, row.asker, row.leader, row.seconder))
        for row in stream(statement)
    )
    events = told("reopening.asked", "reopening.agreed", "reopening.opened", "reopening.refused")
    yield from replay("reopening", "request to open a sheet again", events, rows, latest())


CHECKS = (Check(replayed("reopening", "request to open a sheet again"), _reopenings),)
