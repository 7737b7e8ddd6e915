"""Who presented."""

from zoneinfo import ZoneInfo

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from paritrana.accounts.once import once
from paritrana.core.errors import NotFound, ParitranaError
from paritrana.core.policy import Act, Part
from paritrana.cycles.pages import answer_proposal
from paritrana.cycles.queries import (
    get_proposal,
    rubric_of,
)
from paritrana.database import db
from paritrana.interviews import queries, service
from paritrana.interviews.forms import AttendanceForm
from paritrana.interviews.models import InterviewSession
from paritrana.interviews.views.frame import address_of, bp, moment_in, way_back
from paritrana.web.access import allowed, ask, current_actor


@bp.get("/interviews/<day>/slots/<int:no>/attendance")
@allowed(Act.RECORD_ATTENDANCE, slot=queries.get_session)
def attendance_page(slot: InterviewSession) -> ResponseReturnValue:
    """Ask who presented."""
    ladder = queries.ladder_of(rubric_of(slot.category))
    known = slot.attendance
    zone = ZoneInfo(slot.day.cycle.timezone)
    if known is None:
        form = AttendanceForm(formdata=None, ladder=ladder, version=0, data={"mode": slot.mode})
    else:
        form = AttendanceForm(formdata=None, ladder=ladder, version=known.version, obj=known)
        form.arrived.data = known.arrived_at.astimezone(zone).strftime("%H.%M")
    return _attendance(slot, form)


@bp.post("/interviews/<day>/slots/<int:no>/attendance")
@allowed(Act.RECORD_ATTENDANCE, slot=queries.get_session)
@once
def record_attendance(slot: InterviewSession) -> ResponseReturnValue:
    """Show the cap that follows, or store who presented; after the interviews the chair must confirm it."""
    form = AttendanceForm(ladder=queries.ladder_of(rubric_of(slot.category)))
    if request.form.get("step") == "preview" and form.presenter_rank.validate(form):
        return _attendance(slot, form, preview=True)  # the limit follows from the rank alone
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
    chosen = form.presenter_rank.data
    caps = [
        (one, step) for one in rubric.indicators for step in one.caps if preview and step["code"] == chosen
    ]  # fmt: skip
    return render_template(
        "interviews/attendance.html",
        slot=slot,
        cycle=slot.day.cycle,
        simulated=slot.day.cycle.simulated,
        ladder=queries.ladder_of(rubric),
        way_back=way_back(slot),
        form=form,
        problems=form.problems,
        caps=caps,
        known=slot.attendance,
        needs_second=_needs_second(slot),
    )


def _needs_second(slot: InterviewSession) -> bool:
    grant = ask(Act.RECORD_ATTENDANCE, slot).grant
    return grant is not None and grant.second is not None
