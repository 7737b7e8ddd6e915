"""The schedule of a cycle: its days, and who has a slot."""

from collections.abc import Mapping
from typing import Any

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from paritrana.accounts.once import once
from paritrana.core.errors import NotFound, ParitranaError
from paritrana.core.policy import Act
from paritrana.cycles.models import Category, Cycle
from paritrana.cycles.queries import (
    get_category,
    get_cycle,
    state_now,
)
from paritrana.database import db
from paritrana.interviews import queries, service
from paritrana.interviews.forms import MODES, DayForm, SlotForm
from paritrana.interviews.views.frame import bp, moment_in
from paritrana.nominations.queries import CANDIDATE_STATES, nominations_of
from paritrana.web import formats
from paritrana.web.access import allowed, current_actor, may, now
from paritrana.web.forms import Form
from paritrana.web.template_filters import current_language


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
    day = service.plan_day(category.cycle, form.on.data, actor=current_actor(), at=moment_in(category))
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
                category, day, form.planned_at(day), minutes, **places, actor=current_actor(), at=moment_in(category)
            )
            said = _("Slots planned: %(n)s", n=count)
        else:
            nomination = next(one for one in _candidates(category) if one.ref == form.nomination.data)
            service.plan_session(
                nomination, day, form.planned_at(day), minutes, **places, actor=current_actor(), at=moment_in(category)
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
    service.end_interviews(category, actor=current_actor(), at=moment_in(category))
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
        may_paper=may(Act.ENTER_PAPER, cycle),
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


def _stored(category: Category, said: str) -> ResponseReturnValue:
    db.session.commit()
    flash(said, "ok")
    return redirect(f"{url_for('interviews.schedule', cycle=category.cycle.code)}#{category.slug}", 303)
