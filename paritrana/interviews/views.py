"""The schedule of a cycle, the slot of a candidate, and who presented."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from paritrana.accounts.once import once
from paritrana.core.errors import MissingReason, NotFound, ParitranaError
from paritrana.core.policy import Act, Part, Role
from paritrana.cycles.models import Category, Cycle, Proposal
from paritrana.cycles.pages import answer_proposal
from paritrana.cycles.queries import (
    cycle_time,
    get_category,
    get_cycle,
    get_proposal,
    rubric_of,
    state_now,
    waiting_proposal,
)
from paritrana.database import db
from paritrana.interviews import queries, service
from paritrana.interviews.forms import MODES, AttendanceForm, DayForm, SlotForm
from paritrana.interviews.models import InterviewSession
from paritrana.nominations.queries import CANDIDATE_STATES, nominations_of
from paritrana.web import formats
from paritrana.web.access import allowed, ask, current_actor, may, now
from paritrana.web.forms import Form
from paritrana.web.template_filters import current_language

bp = Blueprint("interviews", __name__, template_folder="templates")
log = structlog.get_logger("interviews")


# The schedule ---------------------------------------------------------------------------------------------------------


@bp.get("/manage/<cycle>/schedule")
@allowed(Act.MANAGE_CYCLE, cycle=get_cycle)
def schedule(cycle: Cycle) -> ResponseReturnValue:
    """Days and slots of a cycle, and what has no slot yet."""
    return _schedule(cycle)


@bp.post("/manage/<cycle>/schedule/<cat>/days")
@allowed(Act.PLAN_SESSION, category=get_category)
@once
def add_day(category: Category) -> ResponseReturnValue:
    """Add an interview day to the cycle."""
    form = DayForm()
    if not form.validate() or form.on.data is None:
        return _schedule(get_cycle(category.cycle.code), day_form=(category.id, form)), 422
    day = service.plan_day(category.cycle, form.on.data, actor=current_actor(), at=_at(category))
    return _stored(category, _("Day %(no)s is in the schedule.", no=day.no))


@bp.post("/manage/<cycle>/schedule/<cat>/slots")
@allowed(Act.PLAN_SESSION, category=get_category)
@once
def add_slot(category: Category) -> ResponseReturnValue:
    """Plan one candidate, or all that have no slot."""
    form = _slot_form(category)
    if not form.validate():
        return _schedule(get_cycle(category.cycle.code), slot_form=(category.id, form)), 422
    day = queries.get_day(form.day.data)
    if day.cycle_id != category.cycle_id:
        raise NotFound
    minutes = int(form.minutes.data or 0)
    places: dict[str, Any] = {"mode": form.mode.data, "room": form.room.data or ""}
    try:
        if form.nomination.data == "all":
            count = service.plan_the_rest(
                category, day, form.planned_at(day), minutes, **places, actor=current_actor(), at=_at(category)
            )
            said = _("Slots planned: %(n)s", n=count)
        else:
            nomination = next(one for one in _candidates(category) if one.ref == form.nomination.data)
            service.plan_session(
                nomination, day, form.planned_at(day), minutes, **places, actor=current_actor(), at=_at(category)
            )
            said = _("%(name)s has a slot.", name=nomination.organisation.name)
    except ParitranaError as refusal:
        db.session.rollback()
        form.refuse(refusal)
        return _schedule(get_cycle(category.cycle.code), slot_form=(category.id, form)), refusal.status
    return _stored(category, said)


@bp.post("/manage/<cycle>/schedule/<cat>/end")
@allowed(Act.MOVE_STATE, category=get_category)
@once
def end(category: Category) -> ResponseReturnValue:
    """End the interviews of a category: the panel finishes its sheets."""
    service.end_interviews(category, actor=current_actor(), at=_at(category))
    db.session.commit()
    flash(_("The interviews are over. The panel finishes its sheets now."), "ok")
    return redirect(f"/manage/{category.cycle.code}", 303)


def _schedule(
    cycle: Cycle, day_form: tuple[int, DayForm] | None = None, slot_form: tuple[int, SlotForm] | None = None
) -> str:
    sessions = queries.sessions_of_cycle(cycle)
    days = queries.days_of(cycle)
    parts = []
    for category in cycle.categories:
        if not may(Act.MANAGE_CYCLE, category):
            continue
        mine = [one for one in sessions if one.category_id == category.id and one.attempt == category.attempt]
        planned = {one.nomination_id for one in mine}
        left = [one for one in _candidates(category) if one.id not in planned]
        open_to_plan = may(Act.PLAN_SESSION, category)
        parts.append(
            {
                "category": category,
                "state": state_now(category, now()),
                "sessions": mine,
                "left": left,
                "day_form": _given(day_form, category) or (DayForm(formdata=None) if open_to_plan else None),
                "slot_form": _given(slot_form, category)
                or (_slot_form(category, fresh=True) if open_to_plan and days and left else None),
                "may_end": may(Act.MOVE_STATE, category) and mine and all(one.state == "closed" for one in mine),
            }
        )
    problems = [*(day_form[1].problems if day_form else []), *(slot_form[1].problems if slot_form else [])]
    return render_template(
        "interviews/schedule.html",
        cycle=cycle,
        simulated=cycle.simulated,
        parts=parts,
        days=days,
        modes=MODES,
        problems=problems,
        plain=Form(formdata=None),
    )


def _given(pair: tuple[int, Any] | None, category: Category) -> Any:
    return pair[1] if pair is not None and pair[0] == category.id else None


def _candidates(category: Category) -> list[Any]:
    return list(nominations_of(category, CANDIDATE_STATES))


def _slot_form(category: Category, *, fresh: bool = False) -> SlotForm:
    days = queries.days_of(category.cycle)
    planned = {one.nomination_id for one in queries.sessions_of(category)}
    labels = {
        day.code: _("Day %(no)s, %(date)s", no=day.no, date=formats.day(day.on, current_language())) for day in days
    }
    given: Mapping[str, Any] = {"formdata": None, "data": {"minutes": 20, "starts": "09.00"}} if fresh else {}
    return SlotForm(
        candidates=[one for one in _candidates(category) if one.id not in planned],
        days=days,
        slug=category.slug,
        zone=category.cycle.timezone,
        labels=labels,
        **given,
    )


# One slot -------------------------------------------------------------------------------------------------------------


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
    return _slot(slot)


@bp.post("/interviews/<day>/slots/<int:no>/open")
@allowed(Act.OPEN_SESSION, slot=queries.get_session)
@once
def open_slot(slot: InterviewSession) -> ResponseReturnValue:
    """Open the session: the panel may mark the interview."""
    form = Form()
    service.open_session(slot, expected=form.expected_version, actor=current_actor(), at=_at(slot.category))
    db.session.commit()
    flash(_("The session is open. The panel can score the interview now."), "ok")
    return redirect(_address(slot), 303)


@bp.post("/interviews/<day>/slots/<int:no>/close")
@allowed(Act.CLOSE_SESSION, slot=queries.get_session)
@once
def close_slot(slot: InterviewSession) -> ResponseReturnValue:
    """Close the session."""
    form = Form()
    try:
        service.close_session(slot, expected=form.expected_version, actor=current_actor(), at=_at(slot.category))
    except service.NoAttendance as refusal:
        db.session.rollback()
        form.refuse(refusal)
        return _slot(queries.get_session(slot.day.code, slot.no), form), refusal.status
    db.session.commit()
    flash(_("The session is closed."), "ok")
    return redirect(_address(slot), 303)


def _slot(slot: InterviewSession, form: Form | None = None) -> str:
    rubric = rubric_of(slot.category)
    caps = queries.caps_for(rubric, [slot.nomination])
    counts = current_app.extensions.get("sheet_counts") if _sees_progress(slot) else None
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
        way_back=_way_back(slot),
        proposal=_waiting(slot),
        may_confirm=may(Act.RECORD_ATTENDANCE, slot, part=Part.SECOND),
        me=current_actor(),
        form=form or Form(formdata=None, version=slot.version),
        plain=Form(formdata=None, version=slot.version),
        problems=form.problems if form else [],
    )


def _waiting(slot: InterviewSession) -> Proposal | None:
    return waiting_proposal(slot.category, service.ATTENDANCE_ACT, slot.ref)


# Attendance -----------------------------------------------------------------------------------------------------------


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
    at = _at(slot.category)
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
    return redirect(_address(slot), 303)


@bp.post("/interviews/<day>/slots/<int:no>/attendance/<proposal>")
@allowed(Act.RECORD_ATTENDANCE, part=Part.SECOND, slot=queries.get_session)
@once
def confirm_attendance(slot: InterviewSession, proposal: str) -> ResponseReturnValue:
    """The chair confirms a correction of the attendance, or sends it back."""
    waiting = get_proposal(proposal)
    if waiting.act != service.ATTENDANCE_ACT or waiting.subject_ref != slot.ref:
        raise NotFound
    confirmed = answer_proposal(waiting, service.confirm_attendance, at=_at(slot.category))
    said = _("The attendance is corrected as proposed.") if confirmed else _("The proposal was sent back.")
    db.session.commit()
    flash(said, "ok")
    return redirect(_address(slot), 303)


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
        way_back=_way_back(slot),
        form=form,
        problems=form.problems,
        caps=caps,
        known=slot.attendance,
        needs_second=_needs_second(slot),
    )


def _needs_second(slot: InterviewSession) -> bool:
    grant = ask(Act.RECORD_ATTENDANCE, slot).grant
    return grant is not None and grant.second is not None


def _at(category: Category) -> datetime:
    return cycle_time(category.cycle, now())


def _sees_progress(slot: InterviewSession) -> bool:
    """How many sheets are in is for the secretariat and the panel; the candidate itself does not learn it."""
    return may(Act.SEE_PROGRESS, slot.category) or slot.category_id in current_actor().seats


def _way_back(slot: InterviewSession) -> tuple[str, str] | None:
    """Name and address of the list that a person came from: the schedule, or the candidates of an assessor."""
    if may(Act.MANAGE_CYCLE, slot.category):
        return _("Interview schedule"), url_for("interviews.schedule", cycle=slot.day.cycle.code)
    if slot.category_id in current_actor().seats:
        return _("Assessments"), "/assessments"
    return None


def _address(slot: InterviewSession) -> str:
    return url_for("interviews.slot", day=slot.day.code, no=slot.no)


def _stored(category: Category, said: str) -> ResponseReturnValue:
    db.session.commit()
    flash(said, "ok")
    return redirect(f"{url_for('interviews.schedule', cycle=category.cycle.code)}#{category.slug}", 303)
