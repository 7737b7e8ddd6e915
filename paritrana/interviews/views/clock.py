"""The buttons of the clock of a slot, drop-outs, nobody came, and the lengths of a category. All without script."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from paritrana.accounts.once import once
from paritrana.core.errors import BadInput, NotFound, ParitranaError, StaleVersion
from paritrana.core.policy import Act, Part
from paritrana.core.timing import TimerAct
from paritrana.core.versions import content_version
from paritrana.core.words import N_
from paritrana.cycles.models import Category
from paritrana.cycles.pages import answer_proposal
from paritrana.cycles.queries import get_category, get_proposal
from paritrana.database import db
from paritrana.interviews import clock, no_show, queries
from paritrana.interviews.forms import ClockForm, DropoutForm, NoShowForm, PlanForm
from paritrana.interviews.models import InterviewSession
from paritrana.interviews.views.frame import address_of, bp, moment_in
from paritrana.interviews.views.slots import slot_page
from paritrana.web.access import allowed, current_actor
from paritrana.web.forms import Form
from paritrana.web.template_filters import moment


class UnknownTimerAct(BadInput):
    """A button that the clock does not have."""

    code = "unknown_timer_act"
    message = N_("The clock has no such button. Look at the page again.")


@bp.post("/interviews/<day>/slots/<int:no>/clock")
@allowed(Act.OPEN_SESSION, slot=queries.get_session)
@once
def work_clock(slot: InterviewSession) -> ResponseReturnValue:
    """Start, pause, resume, next phase, five minutes more, end."""
    form = ClockForm()

    def work() -> None:
        try:
            act = TimerAct(form.act.data or "")
        except ValueError:
            raise UnknownTimerAct from None
        clock.work(
            slot, act, expected=form.expected_version, reason=form.reason.data or "", actor=current_actor(),
            at=moment_in(slot.category),
        )  # fmt: skip

    return _done(slot, form, work, "", clock_form=form)


@bp.post("/interviews/<day>/slots/<int:no>/dropouts")
@allowed(Act.RECORD_ATTENDANCE, slot=queries.get_session)
@once
def note_dropout(slot: InterviewSession) -> ResponseReturnValue:
    """Note that the candidate's connection was gone, and give time back."""
    form = DropoutForm()

    def note() -> None:
        zone = ZoneInfo(slot.day.cycle.timezone)
        assert form.gone.time_of_day is not None  # noqa: S101 - asked after validation
        assert form.back.time_of_day is not None  # noqa: S101 - asked after validation
        no_show.note_dropout(
            slot,
            datetime.combine(slot.day.on, form.gone.time_of_day, zone),
            datetime.combine(slot.day.on, form.back.time_of_day, zone),
            int(form.given.data or 0),
            expected=form.expected_version,
            actor=current_actor(),
            at=moment_in(slot.category),
        )

    return _done(slot, form, note, _("The drop-out is noted."), dropout_form=form)


@bp.post("/interviews/<day>/slots/<int:no>/no-show")
@allowed(Act.CONFIRM_NO_SHOW, slot=queries.get_session)
@once
def propose_no_show(slot: InterviewSession) -> ResponseReturnValue:
    """Propose to the chair that nobody came."""
    form = NoShowForm()

    def propose() -> None:
        no_show.propose_no_show(
            slot, form.reason.data or "", expected=form.expected_version, actor=current_actor(),
            at=moment_in(slot.category),
        )  # fmt: skip

    return _done(slot, form, propose, _("Proposed. The chair must confirm it."), no_show_form=form)


@bp.post("/interviews/<day>/slots/<int:no>/no-show/<proposal>")
@allowed(Act.CONFIRM_NO_SHOW, part=Part.SECOND, slot=queries.get_session)
@once
def confirm_no_show(slot: InterviewSession, proposal: str) -> ResponseReturnValue:
    """The chair confirms that nobody came, or sends it back."""
    waiting = get_proposal(proposal)
    if waiting.act != no_show.NO_SHOW_ACT or waiting.subject_ref != slot.ref:
        raise NotFound
    confirmed = answer_proposal(waiting, no_show.confirm_no_show, at=moment_in(slot.category))
    if not confirmed:
        clock.touch_board(slot.day)
    db.session.commit()
    flash(
        _("It stands that nobody came. The interview counts 0.") if confirmed else _("The proposal was sent back."),
        "ok",
    )
    return redirect(address_of(slot), 303)


def _done(slot: InterviewSession, form: Form, act: Callable[[], None], said: str, **shown: Any) -> ResponseReturnValue:
    """Do what a form of the slot asks for, or show the slot with the form as it was sent."""
    day, no = slot.day.code, slot.no
    if not form.validate():
        return slot_page(slot, **shown), 422
    try:
        act()
    except ParitranaError as refusal:
        db.session.rollback()
        form.refuse(refusal)
        return slot_page(queries.get_session(day, no), **shown), refusal.status
    db.session.commit()
    if said:
        flash(said, "ok")
    return redirect(url_for("interviews.slot", day=day, no=no), 303)


# The lengths of a category --------------------------------------------------------------------------------------------


@bp.get("/manage/<cycle>/schedule/<cat>/clock")
@allowed(Act.PLAN_SESSION, category=get_category)
def clock_plan(category: Category) -> ResponseReturnValue:
    """How long the phases of a category last, and how long is waited for a candidate."""
    minutes = clock.minutes_of(category)
    return _plan_page(category, PlanForm(formdata=None, version=content_version(minutes), data=minutes))


@bp.post("/manage/<cycle>/schedule/<cat>/clock")
@allowed(Act.PLAN_SESSION, category=get_category)
@once
def set_clock_plan(category: Category) -> ResponseReturnValue:
    """Set these lengths; refused while a clock of the category runs."""
    form = PlanForm()
    if not form.validate():
        return _plan_page(category, form), 422
    minutes = {name: int(form[name].data) for name in clock.DEFAULT}
    cycle, slug = category.cycle.code, category.slug
    try:
        clock.set_plan(category, minutes, actor=current_actor(), at=moment_in(category), expected=form.expected_version)
    except ParitranaError as refusal:
        db.session.rollback()
        category = get_category(cycle, slug)
        if not isinstance(refusal, StaleVersion):
            form.refuse(refusal)
            return _plan_page(category, form), refusal.status
        at = moment(refusal.params["time"], category.cycle.timezone, "short")
        form.refuse(StaleVersion(who=_("Somebody"), time=at))
        return _plan_page(category, form, conflict=_both(category, form)), refusal.status
    db.session.commit()
    flash(_("The lengths are set."), "ok")
    return redirect(f"{url_for('interviews.schedule', cycle=cycle)}#{slug}", 303)


def _both(category: Category, form: PlanForm) -> list[tuple[str, str, str]]:
    """Both versions where they differ; the next press of the button stores the one that was typed."""
    stored = clock.minutes_of(category)
    form.version.data = str(content_version(stored))
    typed = {name: int(form[name].data) for name in stored}
    return [
        (str(form[name].label.text), str(typed[name]), str(minutes))
        for name, minutes in stored.items()
        if typed[name] != minutes
    ]


def _plan_page(category: Category, form: PlanForm, *, conflict: list[tuple[str, str, str]] | None = None) -> str:
    return render_template(
        "interviews/clock_plan.html",
        category=category,
        cycle=category.cycle,
        simulated=category.cycle.simulated,
        form=form,
        conflict=conflict,
        problems=form.problems,
    )
