"""The message with a checkpoint, and who gets it: the panel, auditors, and offices outside."""

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import select

from paritrana.accounts.models import RoleGrant
from paritrana.audit.checkpoints import SIGNED_AT_ONCE, Checkpoint
from paritrana.audit.models import Event
from paritrana.core.lifecycle import State
from paritrana.core.policy import MARKING, Actor
from paritrana.core.words import N_
from paritrana.cycles.models import Cycle
from paritrana.cycles.queries import cycle_time, state_now
from paritrana.database import db
from paritrana.inspection import queries
from paritrana.inspection.facts import all_public
from paritrana.outbox.kinds import Address, Notice
from paritrana.outbox.service import post
from paritrana.panels.models import Seat

DAILY_KINDS = frozenset({"sheet.submitted", "sheet.late_admitted"})  # of these one a day is told


def _still(actor: Actor, abouts: Collection[str]) -> frozenset[str]:
    """Auditors of the cycle, who sits in a panel, and offices outside, which have no account."""
    cycles = {about: int(about.partition("/")[0]) for about in abouts}
    return frozenset(about for about in abouts if not actor.signed_in or actor.seats or cycles[about] in actor.audits)


NOTICE = Notice(
    "checkpoint",
    N_("Checkpoint of the record"),
    N_("Checkpoint of the record: %(size)s"),
    (
        N_("The first %(size)s events of the record %(stream)s are signed by this note. Keep it: with it you can tell "
           "later whether they were changed."),
        "%(origin)s\n%(size)s\n%(root)s\n\n%(signature)s",
    ),
    N_("You get this because you sit in the panel, audit the cycle, or your office keeps its checkpoints."),
    _still,
    fixed=True,
)  # fmt: skip


def tell(signed: Iterable[Checkpoint], *, at: datetime) -> None:
    """Mail the newest of the checkpoints of a cycle that were signed just now; the caller commits.

    What follows from a sheet or from an hour going by is told once a day, everything else at once.
    """
    newest: dict[str, Checkpoint] = {one.stream: one for one in sorted(signed, key=lambda one: one.size)}
    for stream, one in newest.items():
        code, _slash, word = stream.partition("/")
        cycle = db.session.scalars(select(Cycle).where(Cycle.code == code)).one_or_none()
        if cycle is None or not word:
            continue
        kind = db.session.scalar(select(Event.kind).where(Event.stream == stream, Event.seq == one.size))
        at_once = kind in SIGNED_AT_ONCE and kind not in DAILY_KINDS
        cause = f"checkpoint:{stream}:{one.size if at_once else at.date().isoformat()}"
        origin, size, root, _blank, signature, *_rest = one.note.split("\n")
        for to in recipients(cycle, word, at):
            post(
                NOTICE, to, cause,
                {"stream": stream, "origin": origin, "size": size, "root": root, "signature": signature},
                cycle=cycle, path=f"/audit/{code}/checkpoints", about=f"{cycle.id}/{word}", at=cycle_time(cycle, at),
            )  # fmt: skip


def recipients(cycle: Cycle, word: str, at: datetime) -> list[int | Address]:
    """Who gets a checkpoint of this record of a cycle now.

    Those of the judging go to auditors, and to the panel of categories that are judged or further; offices outside get
    them once everything is published.
    """
    wanted = select(RoleGrant.account_id).where(
        RoleGrant.role == "auditor", RoleGrant.cycle_id == cycle.id, RoleGrant.ended_at.is_(None)
    )
    found: dict[int, None] = dict.fromkeys(db.session.scalars(wanted.order_by(RoleGrant.account_id)))
    judged = [one.id for one in cycle.categories if State.INTERVIEW <= state_now(one, at) <= State.PUBLISHED]
    if word == "judging" and judged:
        seats = select(Seat.account_id).where(
            Seat.category_id.in_(judged), Seat.ended_at.is_(None), Seat.role.in_(MARKING)
        )
        found |= dict.fromkeys(db.session.scalars(seats.order_by(Seat.account_id)))
    outside = queries.witnesses_of(cycle) if word == "intake" or all_public(cycle, at) else []
    return [*found, *(Address(one.label, one.address) for one in outside)]
