"""The messages of interviews: a slot set, moved or cancelled, the plan of a panel, and the reminder of the day before.

Candidates' messages are about the nomination, those of the panel about its category: `concerned` and `seated` tell who
may still have them. Nobody who stepped back from a candidate gets a word about it.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import and_, not_, or_, select

from paritrana.accounts.models import RoleGrant
from paritrana.core.policy import Actor
from paritrana.core.words import N_
from paritrana.database import db
from paritrana.interviews.models import InterviewSession
from paritrana.nominations.models import Nomination
from paritrana.outbox.kinds import Notice
from paritrana.outbox.service import post, replace_held
from paritrana.panels.queries import conflict_clause


def concerned(actor: Actor, abouts: Collection[str]) -> frozenset[str]:
    """Of these nominations, those of the person's own organisation or panel, without conflict (one statement)."""
    judged = and_(Nomination.category_id.in_(actor.seats), not_(conflict_clause(actor)))
    mine = or_(Nomination.organisation_id.in_(actor.organisations), judged)
    return frozenset(db.session.scalars(select(Nomination.ref).where(Nomination.ref.in_(abouts), mine)))


def seated(actor: Actor, abouts: Collection[str]) -> frozenset[str]:
    """Of these categories, given as numbers, those in whose panel the person sits."""
    return frozenset(about for about in abouts if int(about) in actor.seats)


WHY_NOMINEE = N_("You get this message because you answer for this nomination.")
WHY_PANEL = N_("You get this message because you sit in the panel of this category.")

SLOT_SET = Notice(
    "slot_set",
    N_("Interview planned"),
    N_("Interview on %(day)s"),
    (
        N_("%(name)s (%(category)s) is invited to the interview on %(time)s. It takes %(minutes)s minutes."),
        N_("The page below tells the place or the link. Confirm the time there, or ask for another one."),
    ),
    WHY_NOMINEE,
    concerned,
    held=True,
)
SLOT_MOVED = Notice(
    "slot_moved",
    N_("Interview moved"),
    N_("Interview moved to %(day)s"),
    (
        N_("The interview of %(name)s (%(category)s) is moved: from %(before)s to %(time)s."),
        N_("Reason: %(reason)s"),
        N_("The page below tells the place or the link."),
    ),
    WHY_NOMINEE,
    concerned,
)
SLOT_MOVED_PANEL = Notice(
    "slot_moved_panel",
    N_("Interview moved, to the panel"),
    N_("Interview moved to %(day)s"),
    SLOT_MOVED.body,
    WHY_PANEL,
    concerned,
)
SLOT_CANCELLED = Notice(
    "slot_cancelled",
    N_("Interview cancelled"),
    N_("Interview cancelled"),
    (N_("The interview of %(name)s (%(category)s) on %(before)s is cancelled."), N_("Reason: %(reason)s")),
    WHY_NOMINEE,
    concerned,
)
SLOT_CANCELLED_PANEL = Notice(
    "slot_cancelled_panel",
    N_("Interview cancelled, to the panel"),
    SLOT_CANCELLED.subject,
    SLOT_CANCELLED.body,
    WHY_PANEL,
    concerned,
)
PREPARE = Notice(
    "prepare_offline",
    N_("Prepare the device"),
    N_("Prepare your device for %(day)s"),
    (
        N_("Interviews of %(category)s are held on %(day)s. Prepare the device you will score on today:"
           " then the sheets work without a network."),
    ),
    WHY_PANEL,
    seated,
)  # fmt: skip

NOTICES = (SLOT_SET, SLOT_MOVED, SLOT_MOVED_PANEL, SLOT_CANCELLED, SLOT_CANCELLED_PANEL, PREPARE)


def nominees_of(nomination: Nomination) -> list[int]:
    """The accounts that answer for a nomination (one statement)."""
    return list(
        db.session.scalars(
            select(RoleGrant.account_id)
            .where(
                RoleGrant.role == "nominee",
                RoleGrant.organisation_id == nomination.organisation_id,
                RoleGrant.ended_at.is_(None),
            )
            .order_by(RoleGrant.account_id)
            .distinct()
        )
    )


def _params(session: InterviewSession, **more: Any) -> dict[str, Any]:
    category = session.category
    return {
        "name": session.nomination.organisation.name,
        "category": {"id": category.title_id, "en": category.title_en},
        "day": session.day.on,
        "time": session.planned_at,
        "minutes": session.minutes,
        **more,
    }


def slot_path(session: InterviewSession) -> str:
    """The page of a slot."""
    return f"/interviews/{session.day.code}/slots/{session.no}"


def tell_set(session: InterviewSession, *, at: datetime) -> None:
    """Write the invitation to the candidate; it waits for its release. An earlier one that still waits is outdated."""
    nomination = session.nomination
    replace_held(SLOT_SET, nomination.ref)
    for account_id in nominees_of(nomination):
        post(
            SLOT_SET, account_id, f"slot-set:{session.ref}:{session.version}", _params(session),
            cycle=session.category.cycle, path=slot_path(session), about=nomination.ref, at=at,
        )  # fmt: skip
