"""The rehearsals of a cycle: making one, going to it, throwing it away."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, ValidationError

from paritrana.accounts.once import once
from paritrana.core.errors import ParitranaError
from paritrana.core.policy import Act
from paritrana.cycles.models import Cycle
from paritrana.cycles.queries import get_cycle, rehearsals_of
from paritrana.database import db
from paritrana.home.rehearsing import MOST, DayIsOver, make_rehearsal, throw_away
from paritrana.scopes import everybody
from paritrana.web.access import allowed, current_actor, now
from paritrana.web.forms import DayField, Form, WholeNumberField, required

bp = Blueprint("rehearsals", __name__, template_folder="templates")


class RehearsalForm(Form):
    """The first day of a rehearsal, and how many candidates are invented for every category."""

    on = DayField(_l("First day of the rehearsal"), [required()])
    candidates = WholeNumberField(_l("Invented candidates of every category"), [required()])

    def validate_candidates(self, field: WholeNumberField) -> None:
        """One at least, and no more than a day can hold."""
        if not 1 <= (field.data or 0) <= MOST:
            raise ValidationError(_("Choose a number from 1 to %(most)s.", most=MOST))


class ThrowAwayForm(Form):
    """A rehearsal ends for everybody at once, so somebody says that it is meant."""

    sure = BooleanField(_l("Yes, throw it away for everybody"))

    def validate_sure(self, field: BooleanField) -> None:
        """The box must be ticked."""
        if not field.data:
            raise ValidationError(_("Tick the box to throw the rehearsal away."))


@bp.get("/manage/<cycle>/rehearsals")
@allowed(Act.REHEARSE, cycle=get_cycle)
def rehearsals(cycle: Cycle) -> ResponseReturnValue:
    """The rehearsals of a cycle, and the form of a new one; of a rehearsal, how it is thrown away."""
    return _page(cycle)


@bp.post("/manage/<cycle>/rehearsals")
@allowed(Act.REHEARSE, cycle=get_cycle)
@once
def make(cycle: Cycle) -> ResponseReturnValue:
    """Copy the cycle as a rehearsal that stands in the interviews at once."""
    form, code = RehearsalForm(), cycle.code
    if not form.validate():
        return _page(cycle, form), 422
    try:
        with everybody("who makes a rehearsal has no role in it before it stands"):
            made = make_rehearsal(cycle, form.on.data, form.candidates.data or 0, actor=current_actor(), at=now())
    except ParitranaError as refusal:
        db.session.rollback()
        form.refuse(refusal, form.on if isinstance(refusal, DayIsOver) else None)
        return _page(get_cycle(code), form), refusal.status
    code = made.code
    db.session.commit()
    flash(_("The rehearsal is ready: its candidates are invented, and it stands in the interviews."), "ok")
    return redirect(url_for("home.manage", cycle=code), 303)


@bp.post("/manage/<cycle>/rehearsals/end")
@allowed(Act.REHEARSE, cycle=get_cycle)
@once
def end(cycle: Cycle) -> ResponseReturnValue:
    """Throw a rehearsal away: nobody finds it any more."""
    form = ThrowAwayForm()
    if not form.validate():
        return _page(cycle, ending=form), 422
    throw_away(cycle, actor=current_actor(), at=now())
    db.session.commit()
    flash(_("The rehearsal is thrown away. Nobody finds it any more."), "ok")
    return redirect(url_for("home.home"), 303)


def _page(cycle: Cycle, form: RehearsalForm | None = None, *, ending: ThrowAwayForm | None = None) -> str:
    form, ending = form or _blank(cycle, now()), ending or ThrowAwayForm(formdata=None)
    context: dict[str, Any] = {
        "cycle": cycle,
        "simulated": cycle.simulated,
        "ending": ending,
        "form": form,
        "problems": [*form.problems, *ending.problems],
    }
    if cycle.rehearsal:
        return render_template("home/rehearsal.html", **context)
    return render_template("home/rehearsals.html", rehearsals=rehearsals_of(cycle), most=MOST, **context)


def _blank(cycle: Cycle, at: datetime) -> RehearsalForm:
    return RehearsalForm(formdata=None, on=at.astimezone(ZoneInfo(cycle.timezone)).date(), candidates=3)
