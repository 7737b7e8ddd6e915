"""The switch that stops every change: one administrator stops at once, two people let changes go on."""

from datetime import timedelta

import structlog
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from paritrana.accounts import requests
from paritrana.accounts.models import StaffRequest
from paritrana.accounts.once import once
from paritrana.audit import halt
from paritrana.core.errors import BadInput, ParitranaError
from paritrana.core.policy import Act, Part
from paritrana.database import db
from paritrana.operations.forms import ReasonForm
from paritrana.operations.stopping import LIFT, get_lift, waiting_lift
from paritrana.web.access import allowed, current_actor, now
from paritrana.web.forms import Form
from paritrana.web.template_filters import sentence

bp = Blueprint("readonly", __name__, template_folder="templates")
log = structlog.get_logger("security")

SHOWN = timedelta(days=365)  # how far back earlier times are listed


@bp.get("/system/read-only")
@allowed(Act.OPERATE)
def switch() -> ResponseReturnValue:
    """Whether changes are possible, and the earlier times in which they were not."""
    return _page(ReasonForm(formdata=None))


@bp.post("/system/read-only")
@allowed(Act.SET_READ_ONLY)
@once
def stop() -> ResponseReturnValue:
    """Stop every change at once; the reason is on record."""
    form = ReasonForm()
    if not form.validate():
        return _page(form), 422
    begun = halt.halt(halt.BY_HAND, at=now(), detail=(form.reason.data or "").strip(), actor=current_actor())
    ref = begun.ref
    db.session.commit()
    _log("halt_begun", ref)
    flash(_("Nothing is stored from now on. Everything can be read."), "ok")
    return redirect(url_for("readonly.switch"), 303)


@bp.post("/system/read-only/end")
@allowed(Act.SET_READ_ONLY)
@once
def ask_to_lift() -> ResponseReturnValue:
    """Ask a second person to let changes go on."""
    form, standing = ReasonForm(), halt.halted()
    if not form.validate():
        return _page(form), 422
    try:
        if standing is None:
            raise requests.RequestMoved
        asked = requests.ask(LIFT, standing.ref, {}, reason=form.reason.data or "", actor=current_actor(), at=now())
    except ParitranaError as refusal:
        db.session.rollback()
        form.refuse(refusal)
        return _page(form), refusal.status
    ref = asked.ref
    db.session.commit()
    _log("halt_lift_asked", ref)
    flash(_("Asked. Changes go on once an auditor confirms it."), "ok")
    return redirect(url_for("readonly.switch"), 303)


@bp.get("/system/read-only/<lift>")
@allowed(Act.SET_READ_ONLY, part=Part.SECOND, lift=get_lift)
def lift_page(lift: StaffRequest) -> ResponseReturnValue:
    """What the second person decides on."""
    return _lift_page(lift)


@bp.post("/system/read-only/<lift>")
@allowed(Act.SET_READ_ONLY, part=Part.SECOND, lift=get_lift)
@once
def decide(lift: StaffRequest) -> ResponseReturnValue:
    """Let changes go on, or leave everything as it is (`answer` = confirm or decline)."""
    wish, ref = request.form.get("answer", ""), lift.ref
    if wish not in {"confirm", "decline"}:
        raise BadInput
    try:
        if wish == "confirm":
            requests.confirm(LIFT, lift, actor=current_actor(), at=now())
        else:
            requests.decline(lift, actor=current_actor(), at=now())
    except ParitranaError as refusal:
        db.session.rollback()
        return _lift_page(get_lift(ref), [("", sentence(refusal))]), refusal.status
    db.session.commit()
    _log("halt_lifted" if wish == "confirm" else "halt_lift_declined", ref)
    flash(_("Changes are possible again.") if wish == "confirm" else _("Declined. Nothing is stored until then."), "ok")
    return redirect(url_for("readonly.lift_page", lift=ref), 303)


def _log(event: str, ref: str) -> None:
    actor = current_actor()
    log.warning(
        event, account=actor.ref, person=actor.person_id, act=Act.SET_READ_ONLY.value, object=ref, result="done",
        source=request.remote_addr,
    )  # fmt: skip


def _page(form: ReasonForm) -> str:
    standing = halt.halted()
    earlier = db.session.scalars(
        select(halt.Halt)
        .where(~halt.Halt.standing, halt.Halt.begun_at > now() - SHOWN)
        .order_by(halt.Halt.begun_at.desc(), halt.Halt.id.desc())
    ).all()
    return render_template(
        "operations/read_only.html",
        standing=standing,
        earlier=earlier,
        reasons=halt.REASONS,
        waiting=None if standing is None else waiting_lift(),
        form=form,
        problems=form.problems,
        at=now(),
    )


def _lift_page(lift: StaffRequest, problems: list[tuple[str, str]] | None = None) -> str:
    found = db.session.scalars(select(halt.Halt).where(halt.Halt.ref == lift.subject_ref)).one()
    return render_template(
        "operations/read_only_end.html",
        lift=lift,
        stopped=found,
        reasons=halt.REASONS,
        waits=lift.state == "waiting" and lift.expires_at > now(),
        plain=Form(formdata=None),
        problems=problems or [],
    )
