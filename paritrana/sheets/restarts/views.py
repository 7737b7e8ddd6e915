"""The page on which chair and organiser score a category afresh."""

from datetime import datetime

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from paritrana.accounts.once import once
from paritrana.core.lifecycle import RESTART
from paritrana.core.policy import Act, Part
from paritrana.cycles.models import Category, Proposal
from paritrana.cycles.pages import answer_proposal
from paritrana.cycles.queries import RESTART_ACT, cycle_time, get_category, state_now, waiting_proposal
from paritrana.cycles.service import withdraw_proposal
from paritrana.database import db
from paritrana.sheets.restarts import queries, service
from paritrana.web.access import allowed, current_actor, may, now
from paritrana.web.forms import Form, LongTextField, required

bp = Blueprint("restarts", __name__, template_folder="../templates")


class RestartForm(Form):
    """Why a category is scored afresh."""

    reason = LongTextField(_l("Reason"), [required()], max_length=2000)


@bp.get("/manage/<cycle>/scoring/<cat>/restart")
@allowed(Act.MANAGE_CYCLE, category=get_category)
def restart(category: Category) -> ResponseReturnValue:
    """Every sheet that would no longer count, and the proposal."""
    return _page(category, RestartForm(formdata=None))


@bp.post("/manage/<cycle>/scoring/<cat>/restart")
@allowed(Act.RESTART_CATEGORY, category=get_category)
@once
def propose_restart(category: Category) -> ResponseReturnValue:
    """The chair proposes, with a reason."""
    form = RestartForm()
    if not form.validate():
        return _page(category, form), 422
    service.propose_restart(category, form.reason.data or "", actor=current_actor(), at=_at(category))
    return _stored(category, _("Proposed. An organiser must confirm the restart."))


@bp.post("/manage/<cycle>/scoring/<cat>/restart/<proposal>")
@allowed(Act.RESTART_CATEGORY, part=Part.SECOND, proposal=queries.get_restart_proposal)
@once
def confirm_restart(proposal: Proposal) -> ResponseReturnValue:
    """An organiser confirms the restart, or sends it back (`answer` = refuse)."""
    category = proposal.category
    done = answer_proposal(proposal, service.confirm_restart, at=_at(category), void_moved=service.void_moved_restart)
    if done:
        return _stored(category, _("The category is scored afresh. It stands in the interviews again."))
    return _stored(category, _("The proposal was sent back."))


@bp.post("/manage/<cycle>/scoring/<cat>/restart/<proposal>/withdraw")
@allowed(Act.RESTART_CATEGORY, proposal=queries.get_restart_proposal)
@once
def withdraw_restart(proposal: Proposal) -> ResponseReturnValue:
    """The chair takes the proposal back."""
    withdraw_proposal(proposal, actor=current_actor(), at=_at(proposal.category))
    return _stored(proposal.category, _("The proposal was taken back."))


def _page(category: Category, form: RestartForm) -> str:
    waiting = waiting_proposal(category, RESTART_ACT)
    return render_template(
        "sheets/restart.html",
        category=category,
        cycle=category.cycle,
        simulated=category.cycle.simulated,
        possible=state_now(category, now()) in RESTART,
        sheets=queries.affected_shown(category, current_actor()),
        proposal=waiting,
        stands=waiting is not None and service.stands(waiting),
        can_propose=may(Act.RESTART_CATEGORY, category),
        can_confirm=may(Act.RESTART_CATEGORY, category, part=Part.SECOND),
        me=current_actor(),
        form=form,
        problems=form.problems,
        plain=Form(formdata=None),
    )


def _at(category: Category) -> datetime:
    return cycle_time(category.cycle, now())


def _stored(category: Category, said: str) -> ResponseReturnValue:
    db.session.commit()
    flash(said, "ok")
    return redirect(url_for("restarts.restart", cycle=category.cycle.code, cat=category.slug), 303)
