"""Reads for whoever checks a certificate."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select

from paritrana.certificates.models import Certificate, CertificatePaper
from paritrana.core.certificates import Signatory, read_template
from paritrana.cycles.models import Category
from paritrana.cycles.queries import public_now
from paritrana.database import db


def certificate_of_paper(sha256: str) -> Certificate | None:
    """The certificate whose signed paper has this digest, whatever the state of its category (one statement)."""
    return db.session.scalar(
        select(Certificate)
        .join(CertificatePaper, CertificatePaper.certificate_id == Certificate.id)
        .where(CertificatePaper.sha256 == sha256)
    )


def paper_of(certificate: Certificate) -> CertificatePaper | None:
    """The signed paper of a certificate, its bytes not loaded yet; None while it is not pressed (one statement)."""
    return db.session.scalar(select(CertificatePaper).where(CertificatePaper.certificate_id == certificate.id))


def public_certificates(at: datetime) -> Sequence[Certificate]:
    """Every certificate whose result is public at the system's moment `at`, by code (two statements).

    For a copy of the public pages alone: no page lists certificates.
    """
    return db.session.scalars(select(Certificate).join(Category).where(public_now(at)).order_by(Certificate.code)).all()


def pressed(certificates: Sequence[Certificate]) -> frozenset[int]:
    """The ids of those whose signed paper is there (one statement)."""
    ids = [one.id for one in certificates]
    return frozenset(
        db.session.scalars(select(CertificatePaper.certificate_id).where(CertificatePaper.certificate_id.in_(ids)))
    )


def last_change(at: datetime) -> datetime | None:
    """When a published certificate was last issued or ended (two statements)."""
    issued, ended = db.session.execute(
        select(func.max(Certificate.issued_at), func.max(Certificate.status_at)).join(Category).where(public_now(at))
    ).one()
    return max((one for one in (issued, ended) if one is not None), default=None)


def signatories(certificate: Certificate) -> Sequence[Signatory]:
    """Who signed the paper, as its template says; nobody where it names no template (one statement)."""
    version = certificate.template_version
    return () if version is None else read_template(version.document).signatories
