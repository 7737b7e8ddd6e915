"""A conflict that came up late: the chair takes an officer out of a candidate, and the sheet out of the result.

It lies in this room because the sheet does; the panel page leads here.
"""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from paritrana.accounts.once import once
from paritrana.core.policy import Act
from paritrana.cycles.queries import cycle_time
from paritrana.database import db
from paritrana.nominations.models import Nomination
from paritrana.panels import queries as panels
from paritrana.panels.service import recuse
from paritrana.sheets import service
from paritrana.sheets.forms import RecusalForm
from paritrana.web.access import allowed, current_actor, now

bp = Blueprint("recusals", __name__, template_folder="templates")


@bp.get("/manage/<cycle>/panel/<cat>/recusals/<candidate>")
@allowed(Act.RECUSE_OTHERS, nomination=panels.get_candidate)
def recusal(nomination: Nomination) -> ResponseReturnValue:
    """Ask who is to leave this candidate, and why."""
    return _page(nomination, RecusalForm(formdata=None, seats=panels.ever_seated(nomination.category)))


@bp.post("/manage/<cycle>/panel/<cat>/recusals/<candidate>")
@allowed(Act.RECUSE_OTHERS, nomination=panels.get_candidate)
@once
def take_out(nomination: Nomination) -> ResponseReturnValue:
    """Take an officer out of a candidate: the sheet stays on record, sealed, and counts no more."""
    seats = panels.ever_seated(nomination.category)
    form = RecusalForm(seats=seats)
    if not form.validate():
        return _page(nomination, form), 422
    account = next(one.account for one in seats if one.account.ref == form.account.data)
    cycle = nomination.category.cycle
    actor, at = current_actor(), cycle_time(cycle, now())
    recuse(nomination, form.reason.data or "", basis=form.basis.data, actor=actor, at=at, account_id=account.id)
    service.withdraw_sheet(nomination, actor=actor, at=at, account_id=account.id)
    db.session.commit()
    flash(
        _("%(name)s has left this candidate. A result calculated before is outdated: calculate a new run.",
          name=account.name),
        "ok",
    )  # fmt: skip
    return redirect(f"{url_for('panels.panel', cycle=cycle.code)}#{nomination.category.slug}", 303)


def _page(nomination: Nomination, form: RecusalForm) -> str:
    cycle = nomination.category.cycle
    return render_template(
        "sheets/recusal.html", nomination=nomination, cycle=cycle, simulated=cycle.simulated, form=form
    )
