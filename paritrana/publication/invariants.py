"""What must hold of publications: snapshots whole and sealed, one for every public category, by two people."""

from collections.abc import Iterator

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from paritrana.accounts.models import Account
from paritrana.audit.invariants import in_order, stream, told
from paritrana.core.invariants import Broken, Check, Stored, latest, replay, replayed
from paritrana.core.lifecycle import State
from paritrana.cycles.models import Category, Cycle
from paritrana.database import db
from paritrana.publication.models import Publication
from paritrana.publication.snapshot import digest_of
from paritrana.results import invariants as results
from paritrana.results.models import ResultRun, Seal

_REF = (Cycle.code + "/" + Category.slug).label("ref")


def _publications() -> Iterator[Broken]:
    one = Publication
    statement = (
        select(_REF, one.version_no, one.digest, one.table.label("table"), one.source_key)
        .select_from(one)
        .join(Category, Category.id == one.category_id)
        .join(Cycle, Cycle.id == Category.cycle_id)
        .order_by(in_order(_REF), one.version_no)
    )
    rows = (
        Stored(
            row.ref, (row.version_no,),
            {"digest": row.digest, "table_digest": digest_of(row.table), "source": row.source_key},
        )
        for row in stream(statement)
    )  # fmt: skip
    yield from replay(
        "publication", "publication", told("result.published", "result.imported"), rows, latest("version")
    )


def _snapshots() -> Iterator[Broken]:
    """One bundle at a time: its bytes have the digest, are the sealed ones, and its result follows from its inputs."""
    for number in db.session.scalars(select(Publication.id).order_by(Publication.id)).all():
        row = db.session.execute(
            select(_REF, Publication.version_no, Publication.bundle, Publication.digest, Publication.source_key,
                   ResultRun.bundle.label("sealed"))
            .select_from(Publication)
            .join(Category, Category.id == Publication.category_id)
            .join(Cycle, Cycle.id == Category.cycle_id)
            .join(Seal, Seal.category_id == Category.id, isouter=True)
            .join(ResultRun, ResultRun.id == Seal.run_id, isouter=True)
            .where(Publication.id == number)
        ).one_or_none()  # fmt: skip
        if row is None:
            continue  # its category is gone, which other rules name
        where = f"{row.ref} {row.version_no}"
        if results.digest_of(row.bundle) != row.digest:
            yield Broken("publication.digest", where, "The published bundle does not have its digest.")
        wrong = results.differences(row.bundle)
        if wrong:
            yield Broken("publication.result", where, wrong)
        if row.source_key is None and row.bundle != row.sealed:
            yield Broken("publication.sealed", where, "The published bundle is not the sealed one.")


def _pointers() -> Iterator[Broken]:
    """A category that is public has its versions from 1 on, another one has none."""
    statement = (
        select(_REF, Category.state, func.count(Publication.id), func.coalesce(func.max(Publication.version_no), 0))
        .select_from(Category)
        .join(Cycle, Cycle.id == Category.cycle_id)
        .join(Publication, Publication.category_id == Category.id, isouter=True)
        .group_by(Category.id, Cycle.code, Category.slug, Category.state)
        .order_by(Category.id)
    )
    for ref, state, count, last in stream(statement):
        if count != last or (count > 0) != (state >= State.PUBLISHED):
            yield Broken("publication.pointer", ref, f"In state {state} the category has {count} publications.")


def _two_persons() -> Iterator[Broken]:
    first, second = aliased(Account), aliased(Account)
    statement = (
        select(_REF, Publication.version_no, Publication.source_key, first.person_id, second.person_id.label("other"))
        .select_from(Publication)
        .join(Category, Category.id == Publication.category_id)
        .join(Cycle, Cycle.id == Category.cycle_id)
        .join(first, first.id == Publication.proposed_by, isouter=True)
        .join(second, second.id == Publication.confirmed_by, isouter=True)
        .where(Publication.source_key.is_(None))
        .order_by(Publication.id)
    )
    for row in stream(statement):
        if row.person_id is None or row.other is None or row.person_id == row.other:
            where = f"{row.ref} {row.version_no}"
            yield Broken("publication.two_persons", where, "The result was not published by two different persons.")


CHECKS = (
    Check(replayed("publication", "publication"), _publications),
    Check(
        {
            "publication.digest": "Every published bundle has its digest.",
            "publication.result": "The result of every published bundle follows from the inputs in it.",
            "publication.sealed": "Every published bundle is the sealed one, byte for byte.",
        },
        _snapshots,
    ),
    Check({"publication.pointer": "A public category has its publications, and another one has none."}, _pointers),
    Check({"publication.two_persons": "Two different persons publish a result."}, _two_persons),
)
