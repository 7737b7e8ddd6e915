"""What must hold of certificates: the register without a gap, codes that can be checked, and the facts of the award."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import exists, func, select

from paritrana.audit.invariants import in_order, stream, told
from paritrana.certificates.models import Certificate, Register
from paritrana.core.codes import parse
from paritrana.core.invariants import Broken, Check, Found, Stored, Told, replay, replayed
from paritrana.cycles.models import Category, Cycle
from paritrana.results.corrections.models import Correction
from paritrana.results.models import Award, Seal


def _certificates() -> Iterator[Broken]:
    one = Certificate
    statement = (
        select(one.code, one.register_no, Category.slug, one.recipient, one.title_id, one.rank, one.ranking_digest,
               one.status, one.status_reason)
        .select_from(one)
        .join(Category, Category.id == one.category_id)
        .order_by(in_order(one.code))
    )  # fmt: skip
    rows = (
        Stored(
            row.code, (),
            {"register_no": row.register_no, "category": row.slug, "recipient": row.recipient, "title": row.title_id,
             "rank": row.rank, "ranking_digest": row.ranking_digest, "status": row.status,
             "reason": row.status_reason or None},
        )
        for row in stream(statement)
    )  # fmt: skip
    events = told("certificate.issued", "certificate.replaced", "certificate.revoked")
    yield from replay("certificate", "certificate", events, rows, _certificate)


def _certificate(now: Found, event: Told) -> None:
    """A certificate is valid when it is issued; what ended it says so, and why."""
    said = {"status": "valid", **event.values}
    now[()] = said if event.kind == "certificate.issued" else {**now.get((), {}), **said}


def _register() -> Iterator[Broken]:
    """The numbers of a cycle are 1, 2, 3 … and the next one follows."""
    issued: Any = (
        select(
            Certificate.cycle_id,
            func.count().label("issued"),
            func.max(Certificate.register_no).label("last"),
        )
        .group_by(Certificate.cycle_id)
        .subquery()
    )
    statement = (
        select(Cycle.code, func.coalesce(issued.c.issued, 0), func.coalesce(issued.c.last, 0), Register.next_no)
        .select_from(Cycle)
        .join(issued, issued.c.cycle_id == Cycle.id, isouter=True)
        .join(Register, Register.cycle_id == Cycle.id, isouter=True)
        .order_by(Cycle.code)
    )
    for code, count, last, following in stream(statement):
        if count != last or (following or 1) != last + 1:
            yield Broken("certificate.register", code, "The register of certificates has a gap or a wrong next number.")


def _codes() -> Iterator[Broken]:
    for code in stream(select(Certificate.code).order_by(Certificate.code)):
        if parse(code[0]) != code[0]:
            yield Broken("certificate.code", code[0], "The check sign of the code does not fit.")


def _awards() -> Iterator[Broken]:
    """A valid certificate says what its award says, and names a ranking that was sealed or put in its place."""
    one = Certificate
    corrected = exists().where(Correction.category_id == one.category_id, Correction.digest == one.ranking_digest)
    statement = (
        select(one.code)
        .select_from(one)
        .join(Award, Award.id == one.award_id)
        .join(Seal, Seal.category_id == one.category_id, isouter=True)
        .where(
            one.status == "valid",
            (one.title_id != Award.title_id)
            | (one.title_en != Award.title_en)
            | (one.rank != Award.rank)
            | (one.category_id != Award.category_id)
            | Award.ended_at.is_not(None)
            | ((one.ranking_digest != func.coalesce(Seal.digest, "")) & ~corrected),
        )
        .order_by(one.code)
    )
    for code in stream(statement):
        yield Broken("certificate.award", code[0], "The certificate says something else than its award or the seal.")


CHECKS = (
    Check(replayed("certificate", "certificate"), _certificates),
    Check({"certificate.register": "Certificates of a cycle are numbered without a gap."}, _register),
    Check({"certificate.code": "The code of every certificate has its check sign."}, _codes),
    Check({"certificate.award": "Every certificate says what its award and the seal say."}, _awards),
)
