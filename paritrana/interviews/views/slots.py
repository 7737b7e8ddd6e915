"""The slot of one candidate: when it is, how far it is, and its next step."""

from flask import current_app, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from paritrana.accounts.once import once
from paritrana.core.errors import MissingReason
from paritrana.core.policy import Act, Part, Role
from paritrana.cycles.models import Proposal
from paritrana.cycles.queries import (
    rubric_of,
    waiting_proposal,
)
from paritrana.database import db
from paritrana.interviews import queries, service
from paritrana.interviews.forms import MODES
from paritrana.interviews.models import InterviewSession
from paritrana.interviews.views.frame import address_of, bp, log, moment_in, sees_progress, way_back
from paritrana.web.access import allowed, ask, current_actor, may
from paritrana.web.forms import Form


@bp.get("/interviews/<day>/slots/<int:no>")
@allowed(Act.SEE_NOMINATION, slot=queries.get_session)
def slot(slot: InterviewSession) -> ResponseReturnValue:
    """The slot of a candidate: time, state, who presented; for the secretariat the next step.

    An auditor says why, as for every other thing of a nomination; the log keeps it.
    """
    if ask(Act.SEE_NOMINATION, slot).role is Role.AUDITOR:
        reason = request.args.get("reason", "").strip()
        if not reason:
            raise MissingReason
        log.info(
            "read", act=Act.SEE_NOMINATION.value, account=current_actor().ref, object=slot.ref, reason=bool(reason)
        )
    return slot_page(slot)


@bp.post("/interviews/<day>/slots/<int:no>/open")
@allowed(Act.OPEN_SESSION, slot=queries.get_session)
@once
def open_slot(slot: InterviewSession) -> ResponseReturnValue:
    """Open the session: the panel may mark the interview."""
    form = Form()
    service.open_session(slot, expected=form.expected_version, actor=current_actor(), at=moment_in(slot.category))
    db.session.commit()
    flash(_("The session is open. The panel can score the interview now."), "ok")
    return redirect(address_of(slot), 303)


@bp.post("/interviews/<day>/slots/<int:no>/close")
@allowed(Act.CLOSE_SESSION, slot=queries.get_session)
@once
def close_slot(slot: InterviewSession) -> ResponseReturnValue:
    """Close the session."""
    form = Form()
    try:
        service.close_session(slot, expected=form.expected_version, actor=current_actor(), at=moment_in(slot.category))
    except service.NoAttendance as refusal:
        db.session.rollback()
        form.refuse(refusal)
        return slot_page(queries.get_session(slot.day.code, slot.no), form), refusal.status
    db.session.commit()
    flash(_("The session is closed."), "ok")
    return redirect(address_of(slot), 303)


def slot_page(slot: InterviewSession, form: Form | None = None) -> str:
    """The page of a slot, with the form that was refused."""
    rubric = rubric_of(slot.category)
    caps = queries.caps_for(rubric, [slot.nomination])
    counts = current_app.extensions.get("sheet_counts") if sees_progress(slot) else None
    return render_template(
        "interviews/slot.html",
        slot=slot,
        cycle=slot.day.cycle,
        simulated=slot.day.cycle.simulated,
        modes=MODES,
        ladder={step["code"]: step for step in queries.ladder_of(rubric)},
        caps=[(rubric.indicator(code), cap) for (_nomination, code), cap in caps.items()],
        sheets=counts(slot.nomination) if counts else None,
        may_open=slot.state == "planned" and may(Act.OPEN_SESSION, slot),
        may_close=slot.state == "open" and may(Act.CLOSE_SESSION, slot),
        may_record=may(Act.RECORD_ATTENDANCE, slot),
        way_back=way_back(slot),
        proposal=_waiting(slot),
        may_confirm=may(Act.RECORD_ATTENDANCE, slot, part=Part.SECOND),
        me=current_actor(),
        form=form or Form(formdata=None, version=slot.version),
        plain=Form(formdata=None, version=slot.version),
        problems=form.problems if form else [],
    )


def _waiting(slot: InterviewSession) -> Proposal | None:
    return waiting_proposal(slot.category, service.ATTENDANCE_ACT, slot.ref)
