"""The pages on which interviews are planned, moved, put into order and answered."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from paritrana.accounts.once import once
from paritrana.core.errors import ParitranaError
from paritrana.core.planning import Clash
from paritrana.core.policy import Act
from paritrana.cycles.models import Category
from paritrana.cycles.queries import get_category
from paritrana.database import db
from paritrana.interviews import planning, queries
from paritrana.interviews.forms import (
    MODES,
    AnswerForm,
    KeepForm,
    LayoutForm,
    MoveForm,
    OrderForm,
    RemoveForm,
)
from paritrana.interviews.models import InterviewSession
from paritrana.interviews.planning import Drawn, PlanClashes
from paritrana.interviews.views.frame import address_of, bp, moment_in
from paritrana.panels.queries import seats_in
from paritrana.web import formats
from paritrana.web.access import allowed, current_actor
from paritrana.web.template_filters import current_language, sentence

# Laying out -----------------------------------------------------------------------------------------------------------


@bp.get("/manage/<cycle>/schedule/<cat>/plan")
@allowed(Act.PLAN_SESSION, category=get_category)
def plan_page(category: Category) -> ResponseReturnValue:
    """Ask for days, rooms, hours and the order."""
    given = {"minutes": 20, "buffer": 5, "begins": "09.00", "ends": "16.00", "how": "drawn", "mode": "in_person"}
    return _plan(category, _plan_form(category, formdata=None, data=given))


@bp.post("/manage/<cycle>/schedule/<cat>/plan")
@allowed(Act.PLAN_SESSION, category=get_category)
@once
def make_plan(category: Category) -> ResponseReturnValue:
    """Show the slots that would be made, or make them."""
    form = _plan_form(category)
    if not form.validate():
        return _plan(category, form), 422
    wanted = form.wanted(queries.days_of(category.cycle), category.cycle.timezone)
    try:
        if request.form.get("step") != "save":
            return _plan(category, form, planning.preview_plan(category, wanted))
        plan = planning.save_plan(category, wanted, actor=current_actor(), at=moment_in(category))
    except ParitranaError as refusal:
        db.session.rollback()
        form.refuse(refusal)
        return _plan(category, form), refusal.status
    count = len(plan.order)
    db.session.commit()
    flash(_("Slots planned: %(n)s. The invitations wait in the outbox for their release.", n=count), "ok")
    return redirect(_schedule_of(category), 303)


def _plan_form(category: Category, **given: Any) -> LayoutForm:
    language = current_language()
    return LayoutForm(
        days=[
            (day.code, _("Day %(no)s, %(date)s", no=day.no, date=formats.day(day.on, language)))
            for day in queries.days_of(category.cycle)
        ],
        **given,
    )


def _plan(category: Category, form: LayoutForm, drawn: Drawn | None = None) -> str:
    return render_template(
        "interviews/plan.html",
        category=category,
        cycle=category.cycle,
        simulated=category.cycle.simulated,
        form=form,
        drawn=drawn,
        modes=MODES,
        plans=queries.plans_of(category),
        problems=form.problems,
    )


# The order ------------------------------------------------------------------------------------------------------------


@bp.get("/manage/<cycle>/schedule/<cat>/order")
@allowed(Act.PLAN_SESSION, category=get_category)
def order_page(category: Category) -> ResponseReturnValue:
    """The planned slots in their order, to be put into another one."""
    sessions = planning.planned_in_order(category)
    return _order(category, OrderForm(formdata=None), [one.ref for one in sessions], sessions)


@bp.post("/manage/<cycle>/schedule/<cat>/order")
@allowed(Act.PLAN_SESSION, category=get_category)
@once
def put_in_order(category: Category) -> ResponseReturnValue:
    """Show the order with one candidate a place up or down, or store the order that is shown."""
    form = OrderForm()
    sessions = planning.planned_in_order(category)
    known = {one.ref for one in sessions}
    refs = [ref for ref in (form.order.data or "").split() if ref in known]
    if form.step.data and form.step.data != "save":
        return _order(category, form, _stepped(refs, form.step.data), sessions)
    if not form.validate():
        return _order(category, form, refs, sessions), 422
    try:
        count = planning.reorder(category, refs, form.reason.data or "", actor=current_actor(), at=moment_in(category))
    except ParitranaError as refusal:
        db.session.rollback()
        form.refuse(refusal)
        return _order(category, form, refs, planning.planned_in_order(category)), refusal.status
    db.session.commit()
    flash(_("Slots moved: %(n)s.", n=count), "ok")
    return redirect(_schedule_of(category), 303)


def _stepped(refs: list[str], step: str) -> list[str]:
    """The order with one slot a place up or down, as `up S-…` or `down S-…` says."""
    way, _blank, ref = step.partition(" ")
    if ref in refs and way in {"up", "down"}:
        place = refs.index(ref)
        other = place + (-1 if way == "up" else 1)
        if 0 <= other < len(refs):
            refs[place], refs[other] = refs[other], refs[place]
    return refs


def _order(category: Category, form: OrderForm, refs: Sequence[str], sessions: Sequence[InterviewSession]) -> str:
    by_ref = {one.ref: one for one in sessions}
    shown = [by_ref[ref] for ref in dict.fromkeys(refs)] if set(refs) == set(by_ref) else list(sessions)
    return render_template(
        "interviews/order.html",
        category=category,
        cycle=category.cycle,
        simulated=category.cycle.simulated,
        form=form,
        rows=list(zip(sessions, shown, strict=True)),
        problems=form.problems,
    )


# One slot -------------------------------------------------------------------------------------------------------------


@bp.get("/interviews/<day>/slots/<int:no>/move")
@allowed(Act.PLAN_SESSION, slot=queries.get_session)
def move_page(slot: InterviewSession) -> ResponseReturnValue:
    """Ask for another time or room."""
    return _move(slot, _move_form(slot, fresh=True))


@bp.post("/interviews/<day>/slots/<int:no>/move")
@allowed(Act.PLAN_SESSION, slot=queries.get_session)
@once
def move_slot(slot: InterviewSession) -> ResponseReturnValue:
    """Show what clashes at another time or room, or move the slot there."""
    form = _move_form(slot)
    if not form.validate():
        return _move(slot, form), 422
    place = form.place(queries.days_of(slot.day.cycle), slot.day.cycle.timezone)
    if request.form.get("step") != "save":
        return _move(slot, form, planning.clashes_with(slot.day.cycle, {slot.ref: place}))
    try:
        planning.move(
            slot, place, form.reason.data or "", expected=form.expected_version, actor=current_actor(),
            at=moment_in(slot.category),
        )  # fmt: skip
    except PlanClashes as refusal:
        db.session.rollback()
        form.refuse(refusal)
        return _move(queries.get_session(slot.day.code, slot.no), form, refusal.found), refusal.status
    except ParitranaError as refusal:
        db.session.rollback()
        form.refuse(refusal)
        return _move(queries.get_session(slot.day.code, slot.no), form), refusal.status
    db.session.commit()
    flash(_("The slot is moved."), "ok")
    return redirect(address_of(slot), 303)


def _move_form(slot: InterviewSession, *, fresh: bool = False) -> MoveForm:
    language = current_language()
    given: Mapping[str, Any] = {}
    if fresh:
        local = slot.planned_at.astimezone(ZoneInfo(slot.day.cycle.timezone))
        given = {
            "formdata": None,
            "version": slot.version,
            "data": {
                "day": slot.day.code, "starts": f"{local:%H.%M}", "minutes": slot.minutes, "mode": slot.mode,
                "room": slot.room,
            },
        }  # fmt: skip
    return MoveForm(
        days=[
            (day.code, _("Day %(no)s, %(date)s", no=day.no, date=formats.day(day.on, language)))
            for day in queries.days_of(slot.day.cycle)
        ],
        **given,
    )


def _move(slot: InterviewSession, form: MoveForm, found: Sequence[Clash] | None = None) -> str:
    return render_template(
        "interviews/move.html",
        slot=slot,
        cycle=slot.day.cycle,
        simulated=slot.day.cycle.simulated,
        form=form,
        clashes=None if found is None else _clash_rows(slot, found),
        remove=RemoveForm(formdata=None, version=slot.version),
        problems=form.problems,
    )


def _clash_rows(slot: InterviewSession, found: Sequence[Clash]) -> list[tuple[str, InterviewSession, str]]:
    """What the page says of each clash: the kind, the other slot, what both need."""
    sessions = {one.ref: one for one in queries.sessions_of_cycle(slot.day.cycle)}
    names = {
        seat.account.ref: seat.account.name for category in slot.day.cycle.categories for seat in seats_in(category)
    }
    words = {"room": _("Room"), "panel": _("Assessors"), "presenter": _("Candidate")}
    rows = []
    for clash in found:
        other = sessions[clash.second if clash.first == slot.ref else clash.first]
        if clash.kind == "presenter":
            shared = other.nomination.organisation.name
        else:
            shared = ", ".join(names.get(one, one) for one in clash.shared)
        rows.append((words[clash.kind], other, shared))
    return rows


@bp.post("/interviews/<day>/slots/<int:no>/remove")
@allowed(Act.PLAN_SESSION, slot=queries.get_session)
@once
def remove_slot(slot: InterviewSession) -> ResponseReturnValue:
    """Take a slot out of the schedule."""
    form = RemoveForm()
    category, name = slot.category, slot.nomination.organisation.name
    try:
        planning.remove(
            slot, form.removal_reason.data or "", expected=form.expected_version, actor=current_actor(),
            at=moment_in(category),
        )  # fmt: skip
    except ParitranaError as refusal:
        return _refused_move(slot, refusal)
    db.session.commit()
    flash(_("The slot of %(name)s is taken out of the schedule.", name=name), "ok")
    return redirect(_schedule_of(get_category(category.cycle.code, category.slug)), 303)


def _refused_move(slot: InterviewSession, refusal: ParitranaError) -> ResponseReturnValue:
    day, no = slot.day.code, slot.no
    db.session.rollback()
    there = queries.get_session(day, no)
    form = _move_form(there, fresh=True)
    form.refuse(refusal)
    return _move(there, form), refusal.status


@bp.post("/interviews/<day>/slots/<int:no>/answer")
@allowed(Act.ANSWER_SLOT, slot=queries.get_session)
@once
def answer(slot: InterviewSession) -> ResponseReturnValue:
    """The candidate confirms the slot or asks for another time."""
    form = AnswerForm()
    if not form.validate():
        flash(form.problems[0][1], "problem")
        return redirect(address_of(slot), 303)
    try:
        given = planning.answer_slot(
            slot, form.answer.data, form.note.data or "", expected=form.expected_version, actor=current_actor(),
            at=moment_in(slot.category),
        )  # fmt: skip
    except ParitranaError as refusal:
        db.session.rollback()
        flash(sentence(refusal), "problem")
        return redirect(address_of(slot), 303)
    confirmed = given.answer == "confirmed"
    db.session.commit()
    flash(_("Thank you. The slot is confirmed.") if confirmed else _("The organiser was asked for another time."), "ok")
    return redirect(address_of(slot), 303)


@bp.post("/interviews/<day>/slots/<int:no>/keep")
@allowed(Act.PLAN_SESSION, slot=queries.get_session)
@once
def keep(slot: InterviewSession) -> ResponseReturnValue:
    """An organiser keeps the time although another one was asked for."""
    form = KeepForm()
    try:
        planning.keep_slot(
            slot, form.kept_reason.data or "", expected=form.expected_version, actor=current_actor(),
            at=moment_in(slot.category),
        )  # fmt: skip
    except ParitranaError as refusal:
        db.session.rollback()
        flash(sentence(refusal), "problem")
        return redirect(address_of(slot), 303)
    db.session.commit()
    flash(_("The candidate is told that the time stays."), "ok")
    return redirect(address_of(slot), 303)


def answer_parts(slot: InterviewSession, at: datetime, *, answers: bool, plans: bool) -> dict[str, Any]:
    """What the page of a slot shows of the candidate's answer: who may answer, and who may decide about a wish."""
    open_now = planning.open_to_answer(slot, at)
    wish = slot.answer is not None and slot.answer.answer == "move_asked" and not slot.answer.kept_reason
    return {
        "answer": slot.answer,
        "answer_until": slot.confirm_by or slot.planned_at,
        "answer_form": AnswerForm(formdata=None, version=slot.version) if answers and open_now else None,
        "keep_form": KeepForm(formdata=None, version=slot.version) if plans and wish else None,
        "may_move": plans and slot.state == "planned",
    }


def _schedule_of(category: Category) -> str:
    return f"{url_for('interviews.schedule', cycle=category.cycle.code)}#{category.slug}"
