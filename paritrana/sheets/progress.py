"""How far the assessors of a cycle are, in counts and never in marks, and the reminder of those who are late."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from paritrana.accounts.once import once
from paritrana.core.errors import ParitranaError
from paritrana.core.policy import Act
from paritrana.cycles.models import Category, Cycle
from paritrana.cycles.queries import cycle_time, get_category, get_cycle
from paritrana.database import db
from paritrana.sheets import reminding
from paritrana.web.access import allowed, current_actor, may, now
from paritrana.web.forms import Form, WholeNumberField, required
from paritrana.web.template_filters import number

bp = Blueprint("progress", __name__, template_folder="templates")


class RemindForm(Form):
    """How many assessors an organiser has seen and lets be reminded."""

    count = WholeNumberField(_l("Number of recipients"), [required()])


@bp.get("/manage/<cycle>/progress")
@allowed(Act.SEE_PROGRESS, cycle=get_cycle)
def progress(cycle: Cycle) -> ResponseReturnValue:
    """Load and progress of every assessor, by category."""
    return _progress(cycle)


@bp.post("/manage/<cycle>/progress/<cat>/remind")
@allowed(Act.SEND_MESSAGES, category=get_category)
@once
def remind(category: Category) -> ResponseReturnValue:
    """Remind the assessors who owe a sheet, after their number was confirmed."""
    form = RemindForm()
    cycle = category.cycle
    if not form.validate():
        return _progress(get_cycle(cycle.code), (category.id, form)), 422
    try:
        count = reminding.remind(
            category, int(form.count.data or 0), actor=current_actor(), at=cycle_time(cycle, now())
        )
    except ParitranaError as refusal:
        db.session.rollback()
        form.refuse(refusal)
        return _progress(get_cycle(cycle.code), (category.id, form)), refusal.status
    db.session.commit()
    flash(_("Reminders written: %(n)s.", n=number(count)), "ok")
    return redirect(url_for("progress.progress", cycle=cycle.code), 303)


def _progress(cycle: Cycle, given: tuple[int, RemindForm] | None = None) -> str:
    parts = []
    for category in cycle.categories:
        if not may(Act.SEE_PROGRESS, category):
            continue
        loads = reminding.loads_of(category, current_actor())
        late = sum(1 for load in loads if load.late)
        form = given[1] if given is not None and given[0] == category.id else RemindForm(formdata=None)
        form.count.id = form.count.label.field_id = f"count-{category.slug}"
        parts.append((category, loads, late, form if late and may(Act.SEND_MESSAGES, category) else None))
    return render_template(
        "sheets/progress.html",
        cycle=cycle,
        simulated=cycle.simulated,
        parts=parts,
        problems=given[1].problems if given is not None else [],
    )
