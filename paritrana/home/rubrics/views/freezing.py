"""Two people freeze a version: an organiser proposes with a fresh sign-in, the chair of a category confirms."""

from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from paritrana.accounts.once import once
from paritrana.core.errors import ParitranaError
from paritrana.core.policy import Act, Part
from paritrana.cycles.models import Category, Proposal
from paritrana.cycles.queries import get_category, get_cycle
from paritrana.cycles.rubrics import service
from paritrana.cycles.rubrics.queries import get_freeze_proposal, get_version
from paritrana.cycles.service import withdraw_proposal
from paritrana.database import db
from paritrana.home.rubrics.forms import FreezeForm, weights_form
from paritrana.home.rubrics.queries import is_marked
from paritrana.home.rubrics.views.frame import Desk, at_of, bp, desk_of, said_lack
from paritrana.home.rubrics.views.pages import show_version
from paritrana.web.access import allowed, current_actor


@bp.post("/manage/<cycle>/rubrics/<rubric>/<int:version>/freeze/<cat>")
@allowed(Act.FREEZE_RUBRIC, category=get_category)
@once
def propose(category: Category, rubric: str, version: int) -> ResponseReturnValue:
    """An organiser proposes this version for a category; an open one needs a reason."""
    form, code, slug = FreezeForm(), category.cycle.code, category.slug
    desk = desk_of(get_cycle(code), rubric, version)
    try:
        if form.validate():
            service.propose_freezing(
                category, desk.rubric, form.digest.data or "", form.reason.data or "", marked=is_marked(category),
                actor=current_actor(), at=at_of(category.cycle),
            )  # fmt: skip
    except ParitranaError as refusal:
        db.session.rollback()
        desk = desk_of(get_cycle(code), rubric, version)
        form.refuse(refusal)
        if isinstance(refusal, service.NotReadyToFreeze):
            form.form_errors += [said_lack(lack) for lack in refusal.lacks]
        return _again(desk, form, refusal.status)
    if form.problems:
        return _again(desk, form, 422)
    place = desk.place
    db.session.commit()
    flash(_("Proposed. The chair of %(category)s must confirm it.", category=slug), "ok")
    return redirect(url_for("rubrics.version", **place) + "#freeze", 303)


def _again(desk: Desk, form: FreezeForm, status: int) -> ResponseReturnValue:
    weights = weights_form(desk.form, version=desk.rubric.row_version, sent=False)
    return show_version(desk, weights, status, freeze=form)


@bp.post("/manage/<cycle>/rubrics/<rubric>/<int:version>/freeze/<cat>/<proposal>")
@allowed(Act.FREEZE_RUBRIC, part=Part.SECOND, proposal=get_freeze_proposal)
@once
def confirm(proposal: Proposal, rubric: str, version: int) -> ResponseReturnValue:
    """The chair freezes exactly what was proposed, or sends it back (`answer` = refuse)."""
    category = proposal.category
    place: dict[str, Any] = {"cycle": category.cycle.code, "rubric": rubric, "version": version}
    at, done = at_of(category.cycle), _("The proposal was sent back.")
    wish, digest = request.form.get("answer"), request.form.get("digest", "")
    if wish == "refuse":
        withdraw_proposal(proposal, actor=current_actor(), at=at)
    else:
        found = get_version(category.cycle, rubric, version)
        service.confirm_freezing(
            proposal, found, digest, marked=is_marked(category), actor=current_actor(), at=at
        )  # fmt: skip
        done = _("The version is frozen. The category is judged by it.")
    db.session.commit()
    flash(done, "ok")
    return redirect(url_for("rubrics.version", **place), 303)


@bp.post("/manage/<cycle>/rubrics/<rubric>/<int:version>/freeze/<cat>/<proposal>/withdraw")
@allowed(Act.FREEZE_RUBRIC, proposal=get_freeze_proposal)
@once
def withdraw(proposal: Proposal, rubric: str, version: int) -> ResponseReturnValue:
    """An organiser takes the proposal back."""
    place: dict[str, Any] = {"cycle": proposal.category.cycle.code, "rubric": rubric, "version": version}
    withdraw_proposal(proposal, actor=current_actor(), at=at_of(proposal.category.cycle))
    db.session.commit()
    flash(_("The proposal was taken back."), "ok")
    return redirect(url_for("rubrics.version", **place), 303)
