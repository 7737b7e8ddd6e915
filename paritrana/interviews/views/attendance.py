"""Who presented."""

from typing import Any
from zoneinfo import ZoneInfo

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from paritrana.accounts.once import once
from paritrana.core.errors import NotFound, ParitranaError
from paritrana.core.policy import Act, Part
from paritrana.cycles.pages import answer_proposal
from paritrana.cycles.queries import get_proposal, rubric_of
from paritrana.database import db
from paritrana.interviews import queries, service
from paritrana.interviews.forms import AttendanceForm, attendance_form, other_name
from paritrana.interviews.models import InterviewSession
from paritrana.interviews.views.frame import address_of, bp, moment_in, way_back
from paritrana.web.access import allowed, ask, current_actor
from paritrana.web.template_filters import own


@bp.get("/interviews/<day>/slots/<int:no>/attendance")
@allowed(Act.RECORD_ATTENDANCE, slot=queries.get_session)
def attendance_page(slot: InterviewSession) -> ResponseReturnValue:
    """Ask who presented."""
    known = slot.attendance
    zone = ZoneInfo(slot.day.cycle.timezone)
    if known is None:
        form = _form(slot, formdata=None, version=0, data={"mode": slot.mode})
    else:
        ranks = {other_name(code): rank for code, rank in known.other_ranks.items()}
        form = _form(slot, formdata=None, version=known.version, obj=known, data=ranks)
        form.arrived.data = known.arrived_at.astimezone(zone).strftime("%H.%M")
    return _attendance(slot, form)


@bp.post("/interviews/<day>/slots/<int:no>/attendance")
@allowed(Act.RECORD_ATTENDANCE, slot=queries.get_session)
@once
def record_attendance(slot: InterviewSession) -> ResponseReturnValue:
    """Show the cap that follows, or store who presented; after the interviews the chair must confirm it."""
    form = _form(slot)
    if request.form.get("step") == "preview" and all(field.validate(form) for field in form.ranks):
        return _attendance(slot, form, preview=True)  # the limit follows from the ranks alone
    if not form.validate():
        return _attendance(slot, form), 422
    values = form.values(slot.planned_at, slot.day.cycle.timezone)
    at = moment_in(slot.category)
    try:
        if _needs_second(slot):
            service.propose_attendance(
                slot, values, form.reason.data or "", expected=form.expected_version, actor=current_actor(), at=at
            )
            said = _("Proposed. The chair must confirm it.")
        else:
            service.record_attendance(slot, values, expected=form.expected_version, actor=current_actor(), at=at)
            said = _("Attendance is recorded.")
    except ParitranaError as refusal:
        db.session.rollback()
        form.refuse(refusal)
        return _attendance(queries.get_session(slot.day.code, slot.no), form), refusal.status
    db.session.commit()
    flash(said, "ok")
    return redirect(address_of(slot), 303)


@bp.post("/interviews/<day>/slots/<int:no>/attendance/<proposal>")
@allowed(Act.RECORD_ATTENDANCE, part=Part.SECOND, slot=queries.get_session)
@once
def confirm_attendance(slot: InterviewSession, proposal: str) -> ResponseReturnValue:
    """The chair confirms a correction of the attendance, or sends it back."""
    waiting = get_proposal(proposal)
    if waiting.act != service.ATTENDANCE_ACT or waiting.subject_ref != slot.ref:
        raise NotFound
    confirmed = answer_proposal(waiting, service.confirm_attendance, at=moment_in(slot.category))
    said = _("The attendance is corrected as proposed.") if confirmed else _("The proposal was sent back.")
    db.session.commit()
    flash(said, "ok")
    return redirect(address_of(slot), 303)


def _attendance(slot: InterviewSession, form: AttendanceForm, *, preview: bool = False) -> str:
    rubric = rubric_of(slot.category)
    limits = {
        one: queries.cap_on(one, form.rank, form.other_ranks, no_show=False) for one in rubric.indicators if preview
    }
    return render_template(
        "interviews/attendance.html",
        slot=slot,
        cycle=slot.day.cycle,
        simulated=slot.day.cycle.simulated,
        ladders=queries.ladders_of(rubric),
        indicator=rubric.indicator,
        way_back=way_back(slot),
        form=form,
        problems=form.problems,
        caps=[(one, cap) for one, cap in limits.items() if cap is not None],
        known=slot.attendance,
        needs_second=_needs_second(slot),
    )


def _form(slot: InterviewSession, **kwargs: Any) -> AttendanceForm:
    rubric = rubric_of(slot.category)
    _first, others = queries.asked_of(rubric)
    titles = {one.code: f"{one.code} {own(one, 'title')}" for one in rubric.indicators}
    return attendance_form(queries.ladders_of(rubric), others, titles, absent=_needs_second(slot), **kwargs)


def _needs_second(slot: InterviewSession) -> bool:
    grant = ask(Act.RECORD_ATTENDANCE, slot).grant
    return grant is not None and grant.second is not None
