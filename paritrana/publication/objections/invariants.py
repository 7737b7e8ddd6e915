"""What must hold of objections: as they were filed and answered, inside the window, with the files they name."""

from collections.abc import Iterator

from sqlalchemy import select

from paritrana.audit.invariants import in_order, stream, told
from paritrana.core.invariants import Broken, Check, Found, Stored, Told, replay, replayed
from paritrana.files.models import Blob
from paritrana.nominations.models import Nomination
from paritrana.publication.models import Publication
from paritrana.publication.objections.models import Objection, ObjectionFile


def _objections() -> Iterator[Broken]:
    one = Objection
    statement = (
        select(
            one.ref, Nomination.ref.label("nomination"), one.subject, one.kind, one.code, one.stood, one.reason,
            one.state, one.answer, one.becomes, one.version,
        )
        .join(Nomination, Nomination.id == one.nomination_id)
        .order_by(in_order(one.ref))
    )  # fmt: skip
    rows = (
        Stored(
            row.ref, (),
            {"nomination": row.nomination, "about": row.subject, "evidence": row.kind or None, "code": row.code,
             "stood": row.stood, "reason": row.reason, "state": row.state, "answer": row.answer or None,
             "becomes": row.becomes, "version": row.version},
        )
        for row in stream(statement)
    )  # fmt: skip
    yield from replay("objection", "objection", told("objection.filed", "objection.answered"), rows, _last)


def _last(now: Found, event: Told) -> None:
    now[()] = dict(event.values)


def _files() -> Iterator[Broken]:
    statement = (
        select(Objection.ref, ObjectionFile.no, ObjectionFile.name, Blob.sha256)
        .join(Objection, Objection.id == ObjectionFile.objection_id)
        .join(Blob, Blob.id == ObjectionFile.blob_id)
        .order_by(in_order(Objection.ref), ObjectionFile.no)
    )
    rows = (Stored(row.ref, row.no, {"name": row.name, "sha256": row.sha256}) for row in stream(statement))
    yield from replay("objection_file", "file of an objection", told("objection.filed"), rows, _filed)


def _filed(now: Found, event: Told) -> None:
    for one in event.values.get("files", []):
        now[one["no"]] = {"name": one["name"], "sha256": one["sha256"]}


def _in_time() -> Iterator[Broken]:
    """Every objection came between the publication it is about and the end of its window."""
    statement = (
        select(Objection.ref)
        .join(Nomination, Nomination.id == Objection.nomination_id)
        .where(
            ~select(Publication.id)
            .where(
                Publication.category_id == Nomination.category_id,
                Publication.published_at <= Objection.filed_at,
                Objection.filed_at <= Publication.objections_until,
            )
            .exists()
        )
        .order_by(Objection.id)
    )
    for (ref,) in stream(statement):
        yield Broken("objection.in_time", ref, "The objection was filed outside the time for objections.")


CHECKS = (
    Check(replayed("objection", "objection"), _objections),
    Check(replayed("objection_file", "file of an objection"), _files),
    Check({"objection.in_time": "Every objection was filed inside the time for objections."}, _in_time),
)
