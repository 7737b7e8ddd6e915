"""What must hold beside runs: the figures follow from the bundle, and every acknowledgement has its event."""

import json
from collections.abc import Iterator
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from paritrana.audit.invariants import in_order, stream, told
from paritrana.core.bundle import BadBundle
from paritrana.core.invariants import Broken, Check, Stored, latest, replay, replayed
from paritrana.cycles.models import Category
from paritrana.database import db
from paritrana.results.models import ResultRun
from paritrana.results.workbench import queries
from paritrana.results.workbench.models import Acknowledgement, RunDiagnostics

# What is counted rather than measured: it is the same on every machine. Other rubrics may be gone by now.
COUNTED: Final = ("version", "seed", "candidates", "ranks", "without", "decisive", "uneven", "wide", "chances")


def _acknowledgements() -> Iterator[Broken]:
    statement = (
        select(ResultRun.ref, Acknowledgement.code, Acknowledgement.found, Acknowledgement.reason)
        .join(Acknowledgement, Acknowledgement.run_id == ResultRun.id)
        .order_by(in_order(ResultRun.ref))
    )
    rows = (
        Stored(ref, (code, found), {"code": code, "found": found, "reason": reason})
        for ref, code, found, reason in stream(statement)
    )
    yield from replay("acknowledgement", "acknowledgement", told("warning.acknowledged"), rows, latest("code", "found"))


def _diagnostics() -> Iterator[Broken]:
    """One run at a time, since its bundle may hold the marks of a thousand candidates."""
    for number in db.session.scalars(select(RunDiagnostics.id).order_by(RunDiagnostics.id)).all():
        kept = db.session.scalars(
            select(RunDiagnostics)
            .where(RunDiagnostics.id == number)
            .options(joinedload(RunDiagnostics.run).joinedload(ResultRun.category).joinedload(Category.cycle))
        ).one()
        try:
            said, now = json.loads(kept.said), queries.computed(kept.run)
        except (ValueError, BadBundle):
            said, now = {}, None
        if now is None or any(said.get(name) != now[name] for name in COUNTED):
            yield Broken("diagnostics.computed", kept.run.ref, "The figures beside the run do not follow from it.")
        db.session.expunge_all()


CHECKS = (
    Check(replayed("acknowledgement", "acknowledgement"), _acknowledgements),
    Check({"diagnostics.computed": "The figures beside every run follow from its bundle."}, _diagnostics),
)
