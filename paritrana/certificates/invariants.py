"""What must hold of certificates: the register without a gap, papers that are whole, codes and facts that fit."""

import hashlib
from collections.abc import Iterator
from typing import Any

from sqlalchemy import and_, exists, func, or_, select

from paritrana.audit.invariants import in_order, stream, told
from paritrana.certificates.models import (
    Certificate,
    CertificateBatch,
    CertificateBatchItem,
    CertificateImage,
    CertificatePaper,
    CertificatePrint,
    CertificateTemplate,
    CertificateTemplateVersion,
    NameConfirmation,
    PrintedName,
    Register,
)
from paritrana.certificates.queries import END_ACT
from paritrana.core.codes import parse
from paritrana.core.invariants import Broken, Check, Found, Stored, Told, latest, replay, replayed
from paritrana.cycles.models import Category, Cycle, Proposal
from paritrana.database import canonical
from paritrana.nominations.models import Nomination
from paritrana.results.corrections.models import Correction
from paritrana.results.models import Award, Seal
from paritrana.signing.compact import read
from paritrana.signing.faults import Refused


def _certificates() -> Iterator[Broken]:
    one = Certificate
    statement = (
        select(one.code, one.register_no, Category.slug, one.recipient, one.title_id, one.rank, one.ranking_digest,
               one.status, one.status_reason, CertificatePaper.sha256)
        .select_from(one)
        .join(Category, Category.id == one.category_id)
        .outerjoin(CertificatePaper, CertificatePaper.certificate_id == one.id)
        .order_by(in_order(one.code))
    )  # fmt: skip
    rows = (
        Stored(
            row.code, (),
            {"register_no": row.register_no, "category": row.slug, "recipient": row.recipient, "title": row.title_id,
             "rank": row.rank, "ranking_digest": row.ranking_digest, "status": row.status,
             "reason": row.status_reason or None, "paper": row.sha256},
        )
        for row in stream(statement)
    )  # fmt: skip
    events = told("certificate.issued", "certificate.pressed", "certificate.replaced", "certificate.revoked")
    yield from replay("certificate", "certificate", events, rows, _certificate)


def _certificate(now: Found, event: Told) -> None:
    """A certificate is valid when it is issued; what ended it says so, and why."""
    said = {"status": "valid", **event.values}
    now[()] = said if event.kind == "certificate.issued" else {**now.get((), {}), **said}


def _papers() -> Iterator[Broken]:
    """The bytes of a paper are the ones that the event names; no paper of ours is missing."""
    one = CertificatePaper
    statement = (
        select(Certificate.code, one.sha256, one.size, one.content, Certificate.payload)
        .outerjoin(one, one.certificate_id == Certificate.id)
        .where(or_(one.id.is_not(None), Certificate.template_version_id.is_not(None)))
        .order_by(Certificate.code)
    )
    for row in stream(statement):
        content = bytes(row.content or b"")
        if hashlib.sha256(content).hexdigest() != row.sha256 or len(content) != row.size:
            yield Broken("certificate.paper", row.code, "The signed paper is missing or changed.")


def _payloads() -> Iterator[Broken]:
    """The signed text says the code and the name of the register."""
    statement = (
        select(Certificate.code, Certificate.recipient, Certificate.payload)
        .where(Certificate.template_version_id.is_not(None))
        .order_by(Certificate.code)
    )
    for row in stream(statement):
        try:
            claim = read(row.payload).claim
        except Refused:
            claim = None
        if claim is None or (claim.code, claim.recipient) != (row.code, row.recipient):
            yield Broken("certificate.payload", row.code, "The signed text of the code says something else.")


def _early() -> Iterator[Broken]:
    """What was issued before the publication belongs to an order on which two people agreed."""
    one = Certificate
    agreed = exists().where(
        CertificateBatch.id == one.batch_id, Proposal.id == CertificateBatch.proposal_id, Proposal.state == "confirmed"
    )
    statement = (
        select(one.code)
        .join(Category, Category.id == one.category_id)
        .where(or_(Category.publishes_at.is_(None), one.issued_at < Category.publishes_at), ~agreed)
        .order_by(one.code)
    )
    for (code,) in stream(statement):
        yield Broken("certificate.early", code, "It was issued before the publication, and not by two people.")


def _ended() -> Iterator[Broken]:
    """What is out of force was ended by two people, or by a correction, which two people made."""
    one = Certificate
    agreed = exists().where(Proposal.act == END_ACT, Proposal.subject_ref == one.code, Proposal.state == "confirmed")
    corrected = exists().where(Correction.category_id == one.category_id, Correction.reason == one.status_reason)
    for (code,) in stream(select(one.code).where(one.status != "valid", ~agreed, ~corrected).order_by(one.code)):
        yield Broken("certificate.ended", code, "Nobody agreed on the end of this certificate with another person.")


def _templates() -> Iterator[Broken]:
    one = CertificateTemplateVersion
    statement = (
        select(CertificateTemplate.ref, CertificateTemplate.kind, CertificateTemplate.title_id, one.no, one.digest)
        .join(one, one.template_id == CertificateTemplate.id)
        .order_by(in_order(CertificateTemplate.ref), one.no)
    )
    rows = (
        Stored(
            row.ref,
            (row.no,),
            {"kind": row.kind, "title": row.title_id or None, "no": row.no, "digest": row.digest},
        )
        for row in stream(statement)
    )
    yield from replay("certificate_template", "template", told("certificate_template.stored"), rows, latest("no"))


def _template_digests() -> Iterator[Broken]:
    one = CertificateTemplateVersion
    statement = (
        select(CertificateTemplate.ref, one.no, one.document, one.digest)
        .join(one, one.template_id == CertificateTemplate.id)
        .order_by(CertificateTemplate.ref, one.no)
    )
    for row in stream(statement):
        if hashlib.sha256(canonical(row.document)).hexdigest() != row.digest:
            yield Broken("certificate_template.digest", f"{row.ref} {row.no}", "The template has another digest.")


def _images() -> Iterator[Broken]:
    one = CertificateImage
    statement = (
        select(one.sha256, one.media_type, one.width, one.height)
        .join(Cycle, Cycle.id == one.cycle_id)
        .order_by(in_order(one.sha256), one.id)
    )
    rows = (
        Stored(row.sha256, (), {"media_type": row.media_type, "width": row.width, "height": row.height})
        for row in stream(statement)
    )
    yield from replay("certificate_image", "picture", told("certificate_image.added"), rows, latest())


def _image_digests() -> Iterator[Broken]:
    one = CertificateImage
    for sha256, content in stream(select(one.sha256, one.content).order_by(one.id)):
        if hashlib.sha256(bytes(content)).hexdigest() != sha256:
            yield Broken("certificate_image.digest", sha256, "The picture is changed.")


def _spellings() -> Iterator[Broken]:
    one = PrintedName
    statement = (
        select(Nomination.ref, one.no, one.text, one.reason, one.state, one.answer)
        .join(one, one.nomination_id == Nomination.id)
        .order_by(in_order(Nomination.ref), one.no)
    )
    rows = (
        Stored(
            row.ref,
            (row.no,),
            {"text": row.text, "reason": row.reason, "state": row.state, "answer": row.answer or None},
        )
        for row in stream(statement)
    )
    events = told(*(f"printed_name.{state}" for state in ("asked", "accepted", "declined", "withdrawn")))
    yield from replay("printed_name", "spelling", events, rows, _spelling)


def _spelling(now: Found, event: Told) -> None:
    """A spelling keeps what was asked; the last event tells its state."""
    part = (event.values.get("no"),)
    state = event.kind.removeprefix("printed_name.")
    now[part] = {**now.get(part, {}), **event.values, "state": state}


def _confirmed_names() -> Iterator[Broken]:
    one = NameConfirmation
    last = select(one.nomination_id, func.max(one.id).label("last")).group_by(one.nomination_id).subquery()
    statement = (
        select(Nomination.ref, one.text)
        .join(last, last.c.nomination_id == Nomination.id)
        .join(one, one.id == last.c.last)
        .order_by(in_order(Nomination.ref))
    )
    rows = (Stored(row.ref, (), {"text": row.text}) for row in stream(statement))
    yield from replay("name_confirmation", "confirmed name", told("printed_name.confirmed"), rows, latest())


def _batches() -> Iterator[Broken]:
    items = (
        select(CertificateBatchItem.batch_id, func.count().label("number"))
        .group_by(CertificateBatchItem.batch_id)
        .subquery()
    )
    one = CertificateBatch
    statement = (
        select(one.ref, one.kinds, one.categories, one.digest, func.coalesce(items.c.number, 0).label("count"))
        .outerjoin(items, items.c.batch_id == one.id)
        .order_by(in_order(one.ref))
    )
    rows = (
        Stored(
            row.ref, (), {"kinds": row.kinds, "categories": row.categories, "digest": row.digest, "count": row.count}
        )
        for row in stream(statement)
    )
    yield from replay("certificate_batch", "order", told("certificate_batch.ordered"), rows, latest())


def _items() -> Iterator[Broken]:
    """The certificate of an item is the one of its holder, issued for this order."""
    item, one = CertificateBatchItem, Certificate
    same = and_(
        one.batch_id == item.batch_id, one.category_id == item.category_id, one.kind == item.kind,
        one.basis == item.basis,
    )  # fmt: skip
    statement = (
        select(CertificateBatch.ref, item.position)
        .join(CertificateBatch, CertificateBatch.id == item.batch_id)
        .join(one, one.id == item.certificate_id)
        .where(~same)
        .order_by(CertificateBatch.ref, item.position)
    )
    for ref, position in stream(statement):
        yield Broken("certificate_batch.item", f"{ref} {position}", "The certificate is not the one of this item.")
    counted = select(item.id).where(item.certificate_id == one.id).exists()
    for (code,) in stream(select(one.code).where(one.batch_id.is_not(None), ~counted).order_by(one.code)):
        yield Broken("certificate_batch.item", code, "No item of its order names this certificate.")


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


def _prints() -> Iterator[Broken]:
    """The prints of a certificate are numbered 1, 2, 3 …"""
    one = CertificatePrint
    statement = (
        select(Certificate.code)
        .join(one, one.certificate_id == Certificate.id)
        .group_by(Certificate.code)
        .having(func.count() != func.max(one.no))
        .order_by(Certificate.code)
    )
    for code in stream(statement):
        yield Broken("certificate.prints", code[0], "The count of prints has a gap.")


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
    Check(replayed("certificate_template", "template"), _templates),
    Check({"certificate_template.digest": "Every version of a template has its digest."}, _template_digests),
    Check(replayed("certificate_image", "picture"), _images),
    Check({"certificate_image.digest": "Every picture for certificates has its digest."}, _image_digests),
    Check(replayed("printed_name", "spelling"), _spellings),
    Check(replayed("name_confirmation", "confirmed name"), _confirmed_names),
    Check(replayed("certificate_batch", "order"), _batches),
    Check({"certificate_batch.item": "What an order issued stands in its items, each for its holder."}, _items),
    Check({"certificate.paper": "Every certificate has its signed paper, byte for byte."}, _papers),
    Check({"certificate.payload": "The signed text of a code says what the register says."}, _payloads),
    Check({"certificate.early": "Before the publication two people issue."}, _early),
    Check({"certificate.ended": "Two people revoke or replace a certificate, by itself or by a correction."}, _ended),
    Check(replayed("certificate", "certificate"), _certificates),
    Check({"certificate.register": "Certificates of a cycle are numbered without a gap."}, _register),
    Check({"certificate.prints": "Prints of a certificate are counted without a gap."}, _prints),
    Check({"certificate.code": "The code of every certificate has its check sign."}, _codes),
    Check({"certificate.award": "Every certificate says what its award and the seal say."}, _awards),
)
