"""Reads of certificates. A code that is not there and one that is not public yet answer alike."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from paritrana.certificates.models import Certificate, Register
from paritrana.core.codes import parse
from paritrana.core.errors import NotFound
from paritrana.core.lifecycle import State
from paritrana.cycles.models import Category
from paritrana.cycles.queries import state_now
from paritrana.database import db
from paritrana.nominations.models import Nomination
from paritrana.results.models import Award

_WHOLE = (
    joinedload(Certificate.category, innerjoin=True).joinedload(Category.cycle, innerjoin=True),
    joinedload(Certificate.cycle, innerjoin=True),
)


def find_public(text: str, at: datetime) -> Certificate | None:
    """The certificate with the code that somebody typed, once its result is published; else None (one statement).

    `at` is the system's time.
    """
    code = parse(text)
    if code is None:
        return None
    found = db.session.scalar(select(Certificate).where(Certificate.code == code).options(*_WHOLE))
    if found is None or state_now(found.category, at) < State.PUBLISHED:
        return None
    return found


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
        .where(Certificate.award_id == certificate.award_id, Certificate.version_no > certificate.version_no)
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
        if one.award_id not in found or found[one.award_id].version_no < one.version_no:
            found[one.award_id] = one
    return found


def valid_by_award(award_ids: Collection[int]) -> Mapping[int, Certificate]:
    """The valid certificates of these awards (one statement)."""
    found = db.session.scalars(
        select(Certificate).where(Certificate.award_id.in_(award_ids), Certificate.status == "valid").options(*_WHOLE)
    )
    return {one.award_id: one for one in found}


def codes_by_candidate(category: Category) -> Mapping[str, str]:
    """Candidate code to the code of its valid certificate, for links of the public table (one statement)."""
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
