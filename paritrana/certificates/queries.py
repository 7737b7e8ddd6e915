"""Reads of certificates. A code that is not there and one that is not public yet answer alike."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import aliased, joinedload

from paritrana.certificates.editor.queries import templates_for
from paritrana.certificates.models import (
    Certificate,
    CertificateBatch,
    CertificateBatchItem,
    CertificatePaper,
    CertificateTemplate,
    CertificateTemplateVersion,
    Register,
)
from paritrana.core.certificates import Facts, Kind, Words
from paritrana.core.codes import parse
from paritrana.core.errors import NotFound
from paritrana.core.policy import Actor
from paritrana.cycles.models import Category, Cycle, Proposal
from paritrana.cycles.queries import public_now
from paritrana.database import db
from paritrana.jobs.models import Job
from paritrana.nominations.models import Nomination
from paritrana.results.models import Award
from paritrana.results.queries import get_proposal_of

ISSUE_ACT: Final = "issue_certificate"
END_ACT: Final = "revoke_certificate"

_WHOLE = (
    joinedload(Certificate.category, innerjoin=True).joinedload(Category.cycle, innerjoin=True),
    joinedload(Certificate.cycle, innerjoin=True),
)


def find_public(text: str, at: datetime) -> Certificate | None:
    """The certificate with the code that somebody typed, once its result is published; else None (two statements).

    `at` is the system's time. The database decides: one under embargo is not even loaded, so that it takes as long as
    one that never was.
    """
    code = parse(text)
    if code is None:
        return None
    wanted = select(Certificate).join(Certificate.category).where(Certificate.code == code, public_now(at))
    return db.session.scalar(wanted.options(*_WHOLE))


def get_certificate(code: str) -> Certificate:
    """The certificate with this code, whatever the state of its category. Raises `NotFound`."""
    plain = parse(code)
    found = db.session.scalar(select(Certificate).where(Certificate.code == plain).options(*_WHOLE)) if plain else None
    if found is None:
        raise NotFound
    return found


def find_successor(certificate: Certificate) -> Certificate | None:
    """The newest version of a certificate that was replaced."""
    return db.session.scalar(
        select(Certificate)
        .where(
            Certificate.category_id == certificate.category_id,
            Certificate.kind == certificate.kind,
            Certificate.basis == certificate.basis,
            Certificate.version_no > certificate.version_no,
        )
        .order_by(Certificate.version_no.desc())
        .limit(1)
    )


def certificates_of(category: Category) -> Sequence[Certificate]:
    """The certificates of a category in the order of the register (one statement)."""
    return certificates_in([category.id])


def certificates_in(category_ids: Collection[int]) -> Sequence[Certificate]:
    """The certificates of these categories in the order of the register (one statement)."""
    return db.session.scalars(
        select(Certificate).where(Certificate.category_id.in_(category_ids)).order_by(Certificate.register_no)
    ).all()


def newest_by_award(certificates: Sequence[Certificate]) -> Mapping[int, Certificate]:
    """The newest version of each award's certificate."""
    found: dict[int, Certificate] = {}
    for one in certificates:
        if one.award_id is not None and (one.award_id not in found or found[one.award_id].version_no < one.version_no):
            found[one.award_id] = one
    return found


def newest_in(category: Category, bases: Collection[str] | None = None) -> Mapping[tuple[str, str], Certificate]:
    """The newest certificate of each holder of a category, by kind and basis (one statement)."""
    statement = select(Certificate).where(Certificate.category_id == category.id).order_by(Certificate.version_no)
    if bases is not None:
        statement = statement.where(Certificate.basis.in_(bases))
    return {(one.kind, one.basis): one for one in db.session.scalars(statement)}


def valid_by_award(award_ids: Collection[int]) -> Mapping[int, Certificate]:
    """The valid certificates of these awards (one statement)."""
    found = db.session.scalars(
        select(Certificate).where(Certificate.award_id.in_(award_ids), Certificate.status == "valid").options(*_WHOLE)
    )
    return {one.award_id: one for one in found if one.award_id is not None}


def valid_in(category: Category) -> Sequence[Certificate]:
    """The valid certificates of a category, in the order of the register (one statement)."""
    return db.session.scalars(
        select(Certificate)
        .where(Certificate.category_id == category.id, Certificate.status == "valid")
        .options(*_WHOLE)
        .order_by(Certificate.register_no)
    ).all()


def codes_by_candidate(category: Category) -> Mapping[str, str]:
    """Candidate code to the code of its award's valid certificate, for links of the public table (one statement)."""
    rows = db.session.execute(
        select(Nomination.candidate_code, Certificate.code)
        .join(Award, Award.nomination_id == Nomination.id)
        .join(Certificate, Certificate.award_id == Award.id)
        .where(Certificate.category_id == category.id, Certificate.status == "valid")
    ).all()
    return dict(rows)


def code_taken(code: str) -> bool:
    """Whether a certificate has this code."""
    return db.session.scalar(select(Certificate.id).where(Certificate.code == code)) is not None


def register_for_update(cycle_id: int) -> Register | None:
    """The register of a cycle, locked until the transaction ends."""
    return db.session.get(Register, cycle_id, with_for_update=True, populate_existing=True)


def facts_of(certificate: Certificate) -> Facts:
    """What a certificate says, as it stands in the register."""
    context = certificate.context
    return Facts(
        kind=Kind(certificate.kind),
        recipient=certificate.recipient,
        title=Words(certificate.title_id, certificate.title_en),
        rank=certificate.rank,
        category=Words(**context["category"]),
        cycle=Words(**context["cycle"]),
        year=context["year"],
        edition=context["edition"],
        decree=context["decree"],
        issued_on=date.fromisoformat(context["issued_on"]),
        code=certificate.code,
        bundle=certificate.ranking_digest,
        simulated=context["simulated"],
    )


def paper_of(certificate: Certificate) -> CertificatePaper | None:
    """The signed paper of a certificate, its bytes read when they are asked for; None before it is pressed."""
    return db.session.scalar(select(CertificatePaper).where(CertificatePaper.certificate_id == certificate.id))


def unpressed(limit: int, *, after: int = 0) -> Sequence[Certificate]:
    """Certificates of before that have no signed paper yet, the oldest first (one statement)."""
    return db.session.scalars(
        select(Certificate)
        .outerjoin(CertificatePaper, CertificatePaper.certificate_id == Certificate.id)
        .where(CertificatePaper.id.is_(None), Certificate.id > after)
        .options(*_WHOLE)
        .order_by(Certificate.id)
        .limit(limit)
    ).all()


# Templates ------------------------------------------------------------------------------------------------------------


def template_for(cycle: Cycle, kind: Kind, title_id: str = "") -> CertificateTemplateVersion | None:
    """What a paper of this kind and Indonesian title is made by (one statement)."""
    return templates_for(cycle).applying(kind, title_id)


def find_template(cycle: Cycle | None, kind: Kind, title_id: str) -> CertificateTemplate | None:
    """The template of a cycle, or the delivered one, for exactly this kind and title."""
    own = CertificateTemplate.cycle_id.is_(None) if cycle is None else CertificateTemplate.cycle_id == cycle.id
    return db.session.scalar(
        select(CertificateTemplate).where(
            own, CertificateTemplate.kind == kind.value, CertificateTemplate.title_id == title_id
        )
    )


def newest_version(template: CertificateTemplate) -> CertificateTemplateVersion | None:
    """The version of a template that counts."""
    return db.session.scalar(
        select(CertificateTemplateVersion)
        .where(CertificateTemplateVersion.template_id == template.id)
        .options(joinedload(CertificateTemplateVersion.maker))
        .order_by(CertificateTemplateVersion.no.desc())
        .limit(1)
    )


# Two people -----------------------------------------------------------------------------------------------------------


def get_issue_proposal(cycle: str, cat: str, proposal: str) -> Proposal:
    """A proposal to issue certificates before the publication. Raises `NotFound`."""
    return get_proposal_of(ISSUE_ACT, cycle, cat, proposal)


def get_end_proposal(cycle: str, code: str, proposal: str) -> Proposal:
    """A proposal to revoke or replace the certificate `code` of a cycle. Raises `NotFound`."""
    found = db.session.scalar(
        select(Proposal)
        .join(Proposal.category)
        .join(Category.cycle)
        .where(Cycle.code == cycle, Proposal.ref == proposal, Proposal.act == END_ACT)
        .where(Proposal.subject_ref == (parse(code) or ""))
        .options(joinedload(Proposal.category, innerjoin=True).joinedload(Category.cycle, innerjoin=True))
    )
    if found is None:
        raise NotFound
    return found


def asked_of(actor: Actor) -> Sequence[Proposal]:
    """What waits for its second person where this person chairs or organises (at most one statement)."""
    chaired = actor.chairs
    if not chaired and not actor.organises:
        return []
    return db.session.scalars(
        select(Proposal)
        .join(Proposal.category)
        .where(Proposal.act.in_((ISSUE_ACT, END_ACT)), Proposal.state == "waiting")
        .where(Category.id.in_(chaired) | Category.cycle_id.in_(actor.organises))
        .options(joinedload(Proposal.category, innerjoin=True).joinedload(Category.cycle, innerjoin=True))
        .order_by(Proposal.proposed_at, Proposal.id)
    ).all()


# Batches --------------------------------------------------------------------------------------------------------------


def get_batch(cycle: Cycle, ref: str) -> CertificateBatch:
    """A batch of a cycle. Raises `NotFound`."""
    found = db.session.scalar(
        select(CertificateBatch).where(CertificateBatch.cycle_id == cycle.id, CertificateBatch.ref == ref)
    )
    if found is None:
        raise NotFound
    return found


def find_batch(ref: str) -> CertificateBatch:
    """A batch with its cycle and the proposal behind it. Raises `NotFound`."""
    found = db.session.scalar(
        select(CertificateBatch)
        .where(CertificateBatch.ref == ref)
        .options(joinedload(CertificateBatch.cycle, innerjoin=True), joinedload(CertificateBatch.proposal))
    )
    if found is None:
        raise NotFound
    return found


def batches_of(cycle: Cycle, *, limit: int = 20) -> Sequence[CertificateBatch]:
    """The newest batches of a cycle (one statement)."""
    return db.session.scalars(
        select(CertificateBatch)
        .where(CertificateBatch.cycle_id == cycle.id)
        .options(joinedload(CertificateBatch.asker))
        .order_by(CertificateBatch.id.desc())
        .limit(limit)
    ).all()


def batch_counts(batch: CertificateBatch) -> tuple[int, int, int]:
    """How many items a batch has, how many are issued, and how many are in trouble (one statement)."""
    one = CertificateBatchItem
    row = db.session.execute(
        select(func.count(), func.count(one.certificate_id), func.count(one.problem)).where(one.batch_id == batch.id)
    ).one()
    return row[0], row[1], row[2]


def troubled(batch: CertificateBatch) -> Sequence[CertificateBatchItem]:
    """The items of a batch with a problem, in their order (one statement)."""
    return db.session.scalars(
        select(CertificateBatchItem)
        .where(CertificateBatchItem.batch_id == batch.id, CertificateBatchItem.problem.is_not(None))
        .options(joinedload(CertificateBatchItem.category, innerjoin=True))
        .order_by(CertificateBatchItem.position)
    ).all()


def open_items(batch_id: int, *, limit: int) -> Sequence[CertificateBatchItem]:
    """The next items of a batch that nothing came of yet, all of one category (at most two statements)."""
    one, first = CertificateBatchItem, aliased(CertificateBatchItem)
    waiting = (one.batch_id == batch_id) & one.certificate_id.is_(None) & one.problem.is_(None)
    next_category = (
        select(first.category_id)
        .where(first.batch_id == batch_id, first.certificate_id.is_(None), first.problem.is_(None))
        .order_by(first.position)
        .limit(1)
        .scalar_subquery()
    )
    return db.session.scalars(
        select(one).where(waiting, one.category_id == next_category).order_by(one.position).limit(limit)
    ).all()


def job_of(batch: CertificateBatch) -> Job | None:
    """The job that carries a batch out; None once it was tidied away."""
    return db.session.scalar(select(Job).where(Job.ref == batch.job_ref))
