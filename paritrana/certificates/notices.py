"""The message about a certificate, once its result is public: to those who answer for a candidate, or an assessor."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import joinedload

from paritrana.accounts.models import Account, RoleGrant
from paritrana.certificates.models import Certificate
from paritrana.core.certificates import Kind
from paritrana.core.codes import shown
from paritrana.core.lifecycle import State
from paritrana.core.policy import Actor
from paritrana.core.words import N_
from paritrana.cycles.models import Category
from paritrana.cycles.queries import cycle_time, public_now
from paritrana.database import db
from paritrana.interviews.notices import WHY_NOMINEE, nominees_of
from paritrana.jobs.kinds import Kind as JobKind
from paritrana.jobs.kinds import Progress, Run, Said, every
from paritrana.nominations.models import Nomination
from paritrana.outbox.kinds import Notice
from paritrana.outbox.models import Message
from paritrana.outbox.service import post

MANY = 200  # certificates that one look finds


def still_holder(actor: Actor, abouts: Collection[str]) -> frozenset[str]:
    """Of these codes, those of certificates that are the person's own and public (one statement)."""
    own = or_(
        Nomination.organisation_id.in_(actor.organisations),
        (Certificate.kind == Kind.THANKS) & (Certificate.basis == actor.ref),
    )
    public = or_(Category.state >= int(State.PUBLISHED), Category.publishes_at.is_not(None))
    return frozenset(
        db.session.scalars(
            select(Certificate.code)
            .join(Category, Category.id == Certificate.category_id)
            .outerjoin(Nomination, Nomination.id == Certificate.nomination_id)
            .where(Certificate.code.in_(abouts), own, public)
        )
    )


CERTIFICATE = Notice(
    "certificate",
    N_("Certificate issued"),
    N_("Certificate of %(name)s"),
    (
        N_("A certificate is issued for %(name)s: %(title)s, %(category)s. Its code is %(code)s."),
        N_("The page below is the one that everybody sees who checks the certificate; it has the signed file."),
    ),
    WHY_NOMINEE,
    still_holder,
    daily=True,
)
THANKS = Notice(
    "certificate_thanks",
    N_("Letter of thanks issued"),
    N_("Letter of thanks for %(name)s"),
    (
        N_("A letter of thanks is issued for %(name)s, %(category)s. Its code is %(code)s."),
        CERTIFICATE.body[1],
    ),
    N_("You get this message because you sat in the panel of this category."),
    still_holder,
    daily=True,
)
NOTICES = (CERTIFICATE, THANKS)


def tell(certificate: Certificate, *, at: datetime) -> None:
    """Write to those whom a certificate is for; the caller commits, and the result is public. Minutes go to nobody."""
    notice, accounts = CERTIFICATE, []
    if certificate.nomination is not None:
        accounts = nominees_of(certificate.nomination)
    elif certificate.kind == Kind.THANKS:
        notice = THANKS
        accounts = list(db.session.scalars(select(Account.id).where(Account.ref == certificate.basis)))
    params = {
        "name": certificate.recipient,
        "title": {"id": certificate.title_id, "en": certificate.title_en},
        "category": certificate.context["category"],
        "code": shown(certificate.code),
    }
    for account in accounts:
        post(
            notice, account, f"certificate:{certificate.code}", params, cycle=certificate.cycle,
            path=f"/verify/{shown(certificate.code)}", about=certificate.code, at=at,
        )  # fmt: skip


# What was issued before the publication -------------------------------------------------------------------------------


def untold(at: datetime) -> Sequence[Certificate]:
    """Valid certificates of public results that nobody was told of although somebody could be (two statements)."""
    one = Certificate
    told = exists().where(Message.about == one.code, Message.kind.in_([notice.name for notice in NOTICES]))
    nominees = (
        exists()
        .where(RoleGrant.organisation_id == Nomination.organisation_id)
        .where(RoleGrant.role == "nominee", RoleGrant.ended_at.is_(None))
    )
    return db.session.scalars(
        select(one)
        .join(Category, Category.id == one.category_id)
        .outerjoin(Nomination, Nomination.id == one.nomination_id)
        .where(public_now(at), Category.state < int(State.ARCHIVED), one.status == "valid", ~told)
        .where(one.issued_at < Category.publishes_at, or_(one.kind == Kind.THANKS, nominees))
        .options(joinedload(one.cycle, innerjoin=True))
        .order_by(one.id)
        .limit(MANY)
    ).all()


def tell_holders(run: Run, progress: Progress) -> Said:
    """Write about the certificates that were issued before their result was public."""
    found = untold(run.now())
    for certificate in found:
        tell(certificate, at=cycle_time(certificate.cycle, run.now()))
    count = len(found)
    db.session.commit()
    progress(count, count)
    return Said(N_("Certificates told of: %(count)s."), {"count": count})


TELL_HOLDERS = JobKind(
    "tell_certificates", N_("Tell of certificates"), tell_holders, slot=every(5), wanted=lambda at: bool(untold(at))
)
