"""What must hold of corrections: two people each, and the run that the event tells of."""

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import aliased

from paritrana.accounts.models import Account
from paritrana.audit.invariants import in_order, stream, told
from paritrana.core.invariants import Broken, Check, Stored, latest, replay, replayed
from paritrana.cycles.models import Category
from paritrana.results.corrections.models import Correction
from paritrana.results.models import ResultRun


def _corrections() -> Iterator[Broken]:
    one = Correction
    statement = (
        select(ResultRun.ref, Category.slug, one.no, one.digest, one.reason)
        .select_from(one)
        .join(ResultRun, ResultRun.id == one.run_id)
        .join(Category, Category.id == one.category_id)
        .order_by(in_order(ResultRun.ref))
    )
    rows = (
        Stored(row.ref, (), {"category": row.slug, "no": row.no, "digest": row.digest, "reason": row.reason})
        for row in stream(statement)
    )
    yield from replay("correction", "correction", told("results.corrected"), rows, latest())


def _two_persons() -> Iterator[Broken]:
    first, second = aliased(Account), aliased(Account)
    statement = (
        select(ResultRun.ref)
        .select_from(Correction)
        .join(ResultRun, ResultRun.id == Correction.run_id)
        .join(first, first.id == Correction.proposed_by)
        .join(second, second.id == Correction.confirmed_by)
        .where((first.person_id == second.person_id) | (Correction.digest != ResultRun.digest))
        .order_by(Correction.id)
    )
    for (ref,) in stream(statement):
        yield Broken("correction.two_persons", ref, "One person alone corrected the result, or another run.")


CHECKS = (
    Check(replayed("correction", "correction"), _corrections),
    Check({"correction.two_persons": "Two different persons correct a result, by the run it names."}, _two_persons),
)
