"""What the worker does about people each minute: roles end, wishes for a new password are answered."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

import structlog
from sqlalchemy import exists, or_, select

from paritrana.accounts import service as accounts
from paritrana.accounts.models import RoleGrant
from paritrana.audit import service as audit
from paritrana.audit.models import Event
from paritrana.config import Settings
from paritrana.core.words import N_
from paritrana.database import db
from paritrana.jobs.kinds import SYSTEM, Kind, Progress, Run, Said, every
from paritrana.people import mailing, service
from paritrana.people.models import ResetWish

log = structlog.get_logger("security")

PROFILE: Final = "password_profile"


def look_after(run: Run, progress: Progress) -> Said:
    """End what is due, answer the wishes, and note the profile of passwords where it was switched."""
    ended = accounts.end_due_grants(actor=SYSTEM, at=run.now())
    for grant in ended:
        log.info("role_ended", account=grant.account.ref, act="delegation", object=grant.role, result="done")
        mailing.send_role_changed(grant.account, grant.role, f"{grant.id}", granted=False, at=run.now())
    note_profile(run.settings, at=run.now())
    db.session.commit()
    answered = 0
    for wish_id in db.session.scalars(select(ResetWish.id).order_by(ResetWish.id)).all():
        wish = db.session.get(ResetWish, wish_id)
        if wish is not None:
            log.info("reset_asked", result=service.answer_wish(wish, at=run.now()))
            db.session.commit()
            answered += 1
            progress(answered, None)
    return Said(
        N_("Roles that ended: %(ended)s. Wishes for a new password: %(answered)s."),
        {"ended": len(ended), "answered": answered},
    )


def note_profile(settings: Settings, *, at: datetime) -> None:
    """Record the profile of passwords in force as an event, where it is another one than before; the caller commits."""
    audit.lock_stream(audit.SYSTEM)
    if settings.password_profile != profile_told():
        audit.record(
            audit.SYSTEM, "configuration.changed", SYSTEM, at=at, object_ref=PROFILE, value=settings.password_profile
        )
        log.warning("configuration_changed", object=PROFILE, result=settings.password_profile)


def profile_told() -> str:
    """The profile of passwords that the chain told last; before any event it is `nist`."""
    last = select(Event).where(Event.kind == "configuration.changed", Event.object_ref == PROFILE)
    found = db.session.scalars(last.order_by(Event.seq.desc()).limit(1)).one_or_none()
    return "nist" if found is None or found.content.document is None else str(found.content.document["values"]["value"])


def _wanted(settings: Settings) -> Callable[[datetime], bool]:
    def wanted(at: datetime) -> bool:
        due = exists().where(RoleGrant.ended_at.is_(None), RoleGrant.until <= at)
        waits = db.session.scalar(select(or_(due, exists(select(ResetWish.id)))))
        return bool(waits) or settings.password_profile != profile_told()

    return wanted


def look_after_people(settings: Settings) -> Kind:
    """The job of each minute in which there is something to do."""
    return Kind(
        "look_after_people", N_("End roles and send links"), look_after, slot=every(1), wanted=_wanted(settings)
    )
