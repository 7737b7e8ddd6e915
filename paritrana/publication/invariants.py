"""What must hold of publications: snapshots whole and sealed, one for every public category, by two people."""

from collections.abc import Iterator
from itertools import groupby

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from paritrana.accounts.models import Account
from paritrana.audit.invariants import in_order, stream, told
from paritrana.core.chain import plain
from paritrana.core.invariants import Broken, Check, Stored, latest, replay, replayed
from paritrana.core.lifecycle import State
from paritrana.cycles.models import Category, Cycle
from paritrana.database import db
from paritrana.publication.models import Publication, Recall
from paritrana.publication.objections import invariants as objections
from paritrana.publication.snapshot import digest_of
from paritrana.results import invariants as results
from paritrana.results.corrections.models import Correction
from paritrana.results.models import ResultRun, Seal

_corrected = aliased(ResultRun)
_REF = (Cycle.code + "/" + Category.slug).label("ref")


def _publications() -> Iterator[Broken]:
    one = Publication
    statement = (
        select(_REF, one.version_no, one.digest, one.table.label("table"), one.source_key, one.replaces_no, one.reason)
        .select_from(one)
        .join(Category, Category.id == one.category_id)
        .join(Cycle, Cycle.id == Category.cycle_id)
        .order_by(in_order(_REF), one.version_no)
    )
    rows = (
        Stored(
            row.ref, (row.version_no,),
            {"digest": row.digest, "table_digest": digest_of(row.table), "source": row.source_key,
             "replaces": row.replaces_no, "reason": row.reason},
        )
        for row in stream(statement)
    )  # fmt: skip
    yield from replay(
        "publication",
        "publication",
        told("result.published", "result.imported", "result.corrected"),
        rows,
        latest("version"),
    )


def _snapshots() -> Iterator[Broken]:
    """One bundle at a time: its bytes have the digest, are the sealed ones, and its result follows from its inputs."""
    for number in db.session.scalars(select(Publication.id).order_by(Publication.id)).all():
        row = db.session.execute(
            select(_REF, Publication.version_no, Publication.bundle, Publication.digest, Publication.source_key,
                   func.coalesce(_corrected.bundle, ResultRun.bundle).label("sealed"))
            .select_from(Publication)
            .join(Category, Category.id == Publication.category_id)
            .join(Cycle, Cycle.id == Category.cycle_id)
            .join(Seal, Seal.category_id == Category.id, isouter=True)
            .join(ResultRun, ResultRun.id == Seal.run_id, isouter=True)
            .join(
                Correction,
                (Correction.category_id == Category.id) & (Correction.digest == Publication.digest)
                & Publication.replaces_no.is_not(None),
                isouter=True,
            )
            .join(_corrected, _corrected.id == Correction.run_id, isouter=True)
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
    """A category that is public, or set down to be, has its versions from 1 on; another one has none in force."""
    statement = (
        select(
            _REF, Category.state, Category.publishes_at.is_not(None).label("set_down"),
            func.count(Publication.id).label("versions"), func.count(Recall.id).label("recalled"),
            func.coalesce(func.max(Publication.version_no), 0).label("last"),
        )
        .select_from(Category)
        .join(Cycle, Cycle.id == Category.cycle_id)
        .join(Publication, Publication.category_id == Category.id, isouter=True)
        .join(Recall, Recall.publication_id == Publication.id, isouter=True)
        .group_by(Category.id, Cycle.code, Category.slug, Category.state, Category.publishes_at)
        .order_by(Category.id)
    )  # fmt: skip
    for row in stream(statement):
        public = row.state >= State.PUBLISHED or (row.state == State.SEALED and row.set_down)
        standing = row.versions - row.recalled
        if row.versions != row.last or (standing > 0) != public:
            yield Broken(
                "publication.pointer", row.ref, f"In state {row.state} the category has {standing} publications."
            )


def _instants() -> Iterator[Broken]:
    """The instant of a category is that of its first version that was not recalled, and the event said the same."""
    statement = (
        select(_REF, Category.publishes_at, Publication.version_no, Publication.published_at)
        .select_from(Category)
        .join(Cycle, Cycle.id == Category.cycle_id)
        .join(Publication, Publication.category_id == Category.id, isouter=True)
        .join(Recall, Recall.publication_id == Publication.id, isouter=True)
        .where(Cycle.kind != "historical", Recall.id.is_(None))
        .order_by(in_order(_REF), Publication.version_no)
    )
    said = {
        (event.ref, event.values["version"]): event.values["published_at"]
        for event in told("result.published")
        if "published_at" in event.values
    }
    for where, group in groupby(stream(statement), lambda row: str(row.ref)):
        first = next(iter(group))
        wrong = first.publishes_at != first.published_at
        if not wrong and first.published_at is not None:
            wrong = said.get((where, first.version_no), plain(first.published_at)) != plain(first.published_at)
        if wrong:
            yield Broken("publication.instant", where, "The instant of the category is not that of its publication.")


def _recalls() -> Iterator[Broken]:
    statement = (
        select(_REF, Publication.version_no, Recall.reason)
        .select_from(Recall)
        .join(Publication, Publication.id == Recall.publication_id)
        .join(Category, Category.id == Publication.category_id)
        .join(Cycle, Cycle.id == Category.cycle_id)
        .order_by(in_order(_REF), Publication.version_no)
    )
    rows = (Stored(row.ref, (row.version_no,), {"reason": row.reason}) for row in stream(statement))
    yield from replay("recall", "recalled publication", told("result.recalled"), rows, latest("version"))


def _recalled_by_two() -> Iterator[Broken]:
    first, second = aliased(Account), aliased(Account)
    statement = (
        select(_REF, Publication.version_no)
        .select_from(Recall)
        .join(Publication, Publication.id == Recall.publication_id)
        .join(Category, Category.id == Publication.category_id)
        .join(Cycle, Cycle.id == Category.cycle_id)
        .join(first, first.id == Recall.proposed_by)
        .join(second, second.id == Recall.confirmed_by)
        .where((first.person_id == second.person_id) | (Recall.recalled_at >= Publication.published_at))
        .order_by(Recall.id)
    )
    for ref, version in stream(statement):
        yield Broken("recall.in_time", f"{ref} {version}", "A publication was recalled by one person, or too late.")


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
    Check({"publication.pointer": "Only a category that is public, or set down to be, has publications."}, _pointers),
    Check({"publication.instant": "The instant of a category is that of its first publication."}, _instants),
    Check(replayed("recall", "recalled publication"), _recalls),
    Check({"recall.in_time": "Two different persons recall a publication, before its instant."}, _recalled_by_two),
    *objections.CHECKS,
    Check({"publication.two_persons": "Two different persons publish a result."}, _two_persons),
)
