"""The slot of one candidate: when it is, how far it is, and its next step."""

from collections.abc import Mapping

from flask import current_app, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from paritrana.accounts.once import once
from paritrana.core import timing
from paritrana.core.errors import MissingReason
from paritrana.core.policy import Act, Part, Role
from paritrana.core.timing import TimerAct
from paritrana.core.words import N_
from paritrana.cycles.queries import rubric_of, waiting_proposal
from paritrana.database import db
from paritrana.interviews import clock, no_show, queries, service
from paritrana.interviews.board import late_minutes, shown_clock
from paritrana.interviews.forms import MODES, ClockForm, DropoutForm, NoShowForm
from paritrana.interviews.models import InterviewSession
from paritrana.interviews.views.frame import address_of, bp, log, moment_in, point, sees_progress, way_back
from paritrana.interviews.views.planning import answer_parts
from paritrana.web.access import allowed, ask, current_actor, may
from paritrana.web.forms import Form

ACT_NAMES: Mapping[str, str] = {
    TimerAct.START: N_("Start the presentation"),
    TimerAct.PAUSE: N_("Pause"),
    TimerAct.RESUME: N_("Resume"),
    TimerAct.NEXT: N_("Next phase"),
    TimerAct.EXTEND: N_("5 minutes more"),
    TimerAct.END: N_("End the clock"),
}


@bp.get("/interviews/<day>/slots/<int:no>")
@allowed(Act.SEE_NOMINATION, slot=queries.get_session)
def slot(slot: InterviewSession) -> ResponseReturnValue:
    """The slot of a candidate: time, state, who presented; for the secretariat the next step.

    An auditor says why, as for every other thing of a nomination; the log keeps it.
    """
    say_why(slot)
    return slot_page(slot)


def say_why(slot: InterviewSession) -> None:
    """Ask an auditor for the reason to read about a slot, and log that it was given. Raises `MissingReason`."""
    if ask(Act.SEE_NOMINATION, slot).role is Role.AUDITOR:
        reason = request.args.get("reason", "").strip()
        if not reason:
            raise MissingReason
        log.info(
            "read", act=Act.SEE_NOMINATION.value, account=current_actor().ref, object=slot.ref, reason=bool(reason)
        )


@bp.post("/interviews/<day>/slots/<int:no>/open")
@allowed(Act.OPEN_SESSION, slot=queries.get_session)
@once
def open_slot(slot: InterviewSession) -> ResponseReturnValue:
    """Open the session: the panel may mark the interview."""
    form = Form()
    try:
        service.open_session(slot, expected=form.expected_version, actor=current_actor(), at=moment_in(slot.category))
    except service.PresenterBusy as refusal:
        db.session.rollback()
        form.refuse(refusal)
        return slot_page(queries.get_session(slot.day.code, slot.no), form), refusal.status
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


def slot_page(
    slot: InterviewSession,
    form: Form | None = None,
    *,
    clock_form: ClockForm | None = None,
    dropout_form: DropoutForm | None = None,
    no_show_form: NoShowForm | None = None,
) -> str:
    """The page of a slot, with the form that was refused."""
    rubric = rubric_of(slot.category)
    caps = queries.caps_for(rubric, [slot.nomination])
    counts = current_app.extensions.get("sheet_counts") if sees_progress(slot) else None
    at, plan, done = moment_in(slot.category), clock.plan_of(slot.category), clock.entries_of(slot)
    reading = timing.read(plan.phases, clock.events(done), max([at, *(one.at for one in done)]))
    runs = may(Act.OPEN_SESSION, slot)
    may_record = may(Act.RECORD_ATTENDANCE, slot)
    dropouts = no_show.dropouts_of(slot)
    asked = next((one for one in (form, clock_form, dropout_form, no_show_form) if one is not None), None)
    return render_template(
        "interviews/slot.html",
        slot=slot,
        cycle=slot.day.cycle,
        simulated=slot.day.cycle.simulated,
        modes=MODES,
        ladder={step["code"]: step for step in queries.ladder_of(rubric)},
        other_ladders=queries.asked_of(rubric)[1],
        indicator=rubric.indicator,
        caps=[(rubric.indicator(code), cap) for (_nomination, code), cap in caps.items()],
        sheets=counts(slot.nomination) if counts else None,
        may_open=slot.state == "planned" and runs,
        may_close=slot.state == "open" and may(Act.CLOSE_SESSION, slot),
        may_record=may_record,
        way_back=way_back(slot),
        sees_board=may(Act.SEE_BOARD, slot.category),
        proposal=waiting_proposal(slot.category, service.ATTENDANCE_ACT, slot.ref),
        may_confirm=may(Act.RECORD_ATTENDANCE, slot, part=Part.SECOND),
        at=at,
        reading=reading,
        plan=plan,
        entries=done,
        phase_names=clock.PHASE_NAMES,
        act_names=ACT_NAMES,
        acts=timing.acts_possible(plan.phases, clock.events(done)) if runs and slot.state == "open" else (),
        ends_at=at + reading.remaining if reading.running else None,
        clock_text=shown_clock(reading.remaining, point()),
        clock_form=clock_form or ClockForm(formdata=None, version=len(done)),
        dropouts=dropouts,
        dropout_form=dropout_form or DropoutForm(formdata=None, version=len(dropouts), data={"given": 0}),
        may_note_dropout=may_record and slot.mode == "online" and slot.state == "open",
        no_show_proposal=waiting_proposal(slot.category, no_show.NO_SHOW_ACT, slot.ref),
        no_show_form=no_show_form or NoShowForm(formdata=None, version=slot.version),
        may_propose_no_show=slot.attendance is None and slot.state != "closed" and may(Act.CONFIRM_NO_SHOW, slot),
        may_confirm_no_show=may(Act.CONFIRM_NO_SHOW, slot, part=Part.SECOND),
        waits_until=no_show.waits_until(slot),
        waited=at >= no_show.waits_until(slot),
        late_minutes=0 if slot.attendance is None else late_minutes(slot.planned_at, slot.attendance.arrived_at),
        me=current_actor(),
        form=form or Form(formdata=None, version=slot.version),
        plain=Form(formdata=None, version=slot.version),
        problems=asked.problems if asked else [],
        **answer_parts(
            slot, moment_in(slot.category), answers=may(Act.ANSWER_SLOT, slot), plans=may(Act.PLAN_SESSION, slot)
        ),
        plans=queries.plans_of(slot.category) if may(Act.ANSWER_SLOT, slot) or may(Act.PLAN_SESSION, slot) else [],
    )
