"""The messages of interviews: a slot set, moved or cancelled, the plan of a panel, and the reminder of the day before.

Candidates' messages are about the nomination, those of the panel about its category: `concerned` and `seated` tell who
may still have them. Nobody who stepped back from a candidate gets a word about it.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import and_, not_, or_, select

from paritrana.accounts.models import RoleGrant
from paritrana.core.policy import Actor
from paritrana.core.words import N_
from paritrana.cycles.models import Category
from paritrana.database import db
from paritrana.interviews.models import InterviewDay, InterviewSession
from paritrana.nominations.models import Nomination
from paritrana.outbox.kinds import Notice
from paritrana.outbox.service import post, replace_held
from paritrana.panels.queries import conflict_clause, conflicts_in, seats_in


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
SLOT_KEPT = Notice(
    "slot_kept",
    N_("Time of the interview stays"),
    N_("The interview stays on %(day)s"),
    (
        N_("You asked for another time. The interview of %(name)s (%(category)s) stays on %(time)s."),
        N_("Reason: %(reason)s"),
    ),
    WHY_NOMINEE,
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

NOTICES = (SLOT_SET, SLOT_KEPT, SLOT_MOVED, SLOT_MOVED_PANEL, SLOT_CANCELLED, SLOT_CANCELLED_PANEL, PREPARE)


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


def tell_moved(session: InterviewSession, before: datetime, reason: str, *, at: datetime) -> None:
    """Tell the candidate and the panel that a slot has moved; the caller commits.

    Where the invitation was not released yet, a new one takes its place instead and the panel hears nothing.
    """
    nomination = session.nomination
    if replace_held(SLOT_SET, nomination.ref):
        tell_set(session, at=at)
        return
    params = _params(session, before=before, reason=reason)
    _tell_both(session, SLOT_MOVED, SLOT_MOVED_PANEL, params, f"slot-moved:{session.ref}:{session.version}", at)


def tell_cancelled(session: InterviewSession, reason: str, *, at: datetime) -> None:
    """Tell the candidate and the panel that a slot is taken out; the caller commits.

    Where the invitation was not released yet, nobody knew of the slot, and nobody hears of it now.
    """
    if replace_held(SLOT_SET, session.nomination.ref):
        return
    params = _params(session, before=session.planned_at, reason=reason)
    _tell_both(session, SLOT_CANCELLED, SLOT_CANCELLED_PANEL, params, f"slot-cancelled:{session.ref}", at)


def _tell_both(
    session: InterviewSession, to_nominees: Notice, to_panel: Notice, params: dict[str, Any], cause: str, at: datetime
) -> None:
    nomination, cycle = session.nomination, session.category.cycle
    wakes = at.astimezone(ZoneInfo(cycle.timezone)).date() >= session.day.on  # on the day itself everybody has to hear
    path = "/nominations" if to_nominees is SLOT_CANCELLED else slot_path(session)
    for account_id in nominees_of(nomination):
        post(to_nominees, account_id, cause, params, cycle=cycle, path=path, about=nomination.ref, at=at, wakes=wakes)
    path = "/assessments" if to_panel is SLOT_CANCELLED_PANEL else slot_path(session)
    conflicts = conflicts_in(session.category)
    for seat in seats_in(session.category):
        if (seat.account_id, nomination.id) not in conflicts:
            post(
                to_panel, seat.account_id, cause, params, cycle=cycle, path=path, about=nomination.ref, at=at,
                wakes=wakes,
            )  # fmt: skip


def tell_prepare(category: Category, day: InterviewDay, account_id: int, *, at: datetime) -> None:
    """Remind an assessor to prepare the device for a day of interviews; the caller commits."""
    params = {"category": {"id": category.title_id, "en": category.title_en}, "day": day.on}
    post(
        PREPARE, account_id, f"prepare:{category.id}:{day.code}:{day.on}", params, cycle=category.cycle,
        path="/assessments/offline", about=str(category.id), at=at,
    )  # fmt: skip


def tell_kept(session: InterviewSession, reason: str, *, at: datetime) -> None:
    """Tell the candidate that the time it wanted changed stays, and why; the caller commits."""
    for account_id in nominees_of(session.nomination):
        post(
            SLOT_KEPT, account_id, f"slot-kept:{session.ref}:{at.isoformat()}", _params(session, reason=reason),
            cycle=session.category.cycle, path=slot_path(session), about=session.nomination.ref, at=at,
        )  # fmt: skip
