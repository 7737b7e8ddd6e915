"""What two people do, on one page: what waits for the reader's word, and what the reader asked for."""

from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from paritrana.accounts import queries as accounts
from paritrana.accounts import requests
from paritrana.accounts.models import StaffRequest
from paritrana.accounts.once import once
from paritrana.accounts.requests import StaffAct, StaffActs
from paritrana.core.errors import BadInput, NotFound, ParitranaError
from paritrana.core.policy import Act, Actor, Answer, Part
from paritrana.cycles.models import Cycle
from paritrana.database import db
from paritrana.people import queries
from paritrana.people.words import REQUEST_SHAPES, REQUEST_WORDS, ROLE_WORDS
from paritrana.web import access
from paritrana.web.access import allowed, current_actor, now, require
from paritrana.web.forms import Form
from paritrana.web.template_filters import sentence

bp = Blueprint("staff_requests", __name__, template_folder="templates")


def get_seen_request(staff_request: str, actor: Actor) -> StaffRequest:
    """A request that this person asked for, may decide on, or administers. Raises `NotFound`."""
    found = requests.get_request(staff_request)
    if not _seen(found, actor):
        raise NotFound(staff_request)
    return found


@bp.get("/system/requests")
@allowed(Act.SEE_REQUESTS)
def all_requests() -> ResponseReturnValue:
    """The requests that the reader may see, those that wait first."""
    return _list_page()


@bp.get("/system/requests/<staff_request>")
@allowed(Act.SEE_REQUESTS, staff_request=get_seen_request)
def one(staff_request: StaffRequest) -> ResponseReturnValue:
    """One request with everything that would be carried out."""
    return _page(staff_request)


@bp.post("/system/requests/<staff_request>")
@allowed(Act.SEE_REQUESTS, staff_request=get_seen_request)
@once
def decide(staff_request: StaffRequest) -> ResponseReturnValue:
    """Confirm (`answer` = confirm), decline, or take the own request back (`answer` = decline)."""
    wish, ref = request.form.get("answer", ""), staff_request.ref
    if wish not in {"confirm", "decline"}:
        raise BadInput
    me, act = current_actor(), _act(staff_request)
    mine = staff_request.asked_person_id == me.person_id
    if act is None or not (mine and wish == "decline"):
        require(Act.SEE_REQUESTS if act is None else act.act, staff_request, part=Part.SECOND)
    try:
        if wish == "confirm" and act is not None:
            requests.confirm(act, staff_request, actor=me, at=now())
        else:
            requests.decline(staff_request, actor=me, at=now())
    except ParitranaError as refusal:
        db.session.rollback()
        return _page(requests.get_request(ref), [("", sentence(refusal))]), refusal.status
    db.session.commit()
    said = _("Taken back.") if mine else _("Declined.")
    flash(_("Confirmed and done.") if wish == "confirm" else said, "ok")
    return redirect(url_for("staff_requests.all_requests"), 303)


def _act(found: StaffRequest) -> StaffAct | None:
    """The act of a request; None where another version of the program knew it."""
    known: StaffActs = current_app.extensions["staff_acts"]
    try:
        return known.get(found.kind)
    except NotFound:
        return None


def _may_decide(found: StaffRequest, actor: Actor) -> bool:
    act = _act(found)
    if act is None or found.asked_person_id == actor.person_id:
        return False
    answer = access.ask(act.act, found, part=Part.SECOND, actor=actor).answer
    return answer in {Answer.ALLOW, Answer.NOT_FRESH}


def _seen(found: StaffRequest, actor: Actor) -> bool:
    return actor.administrator or found.asked_person_id == actor.person_id or _may_decide(found, actor)


def _list_page() -> str:
    me, at = current_actor(), now()
    seen = [one for one in queries.requests_seen(at) if _seen(one, me)]
    return render_template(
        "people/requests.html",
        rows=[(one, _title(one), _state(one), _about(one)) for one in seen],
        words=REQUEST_WORDS,
        shapes=REQUEST_SHAPES,
        me=me,
    )


def _page(found: StaffRequest, problems: list[tuple[str, str]] | None = None) -> str:
    me = current_actor()
    waits = _state(found) == "waiting"
    return render_template(
        "people/request.html",
        one=found,
        title=_title(found),
        state=_state(found),
        facts=_facts(found),
        deciding=waits and _may_decide(found, me),
        withdrawing=waits and found.asked_person_id == me.person_id,
        words=REQUEST_WORDS,
        shapes=REQUEST_SHAPES,
        form=Form(formdata=None),
        problems=problems or [],
    )


def _title(found: StaffRequest) -> str:
    act = _act(found)
    return found.kind if act is None else _(act.title)


def _state(found: StaffRequest) -> str:
    return "over" if found.state == "waiting" and found.expires_at <= now() else found.state


def _about(found: StaffRequest) -> str:
    """Whom or what a request is about, in a few words."""
    name = str(found.given.get("name", ""))
    if name or not found.subject_ref.startswith("U-"):
        return name or found.subject_ref
    try:
        return accounts.get_account(found.subject_ref).name
    except NotFound:
        return found.subject_ref


def _facts(found: StaffRequest) -> list[tuple[str, Any]]:
    """What would be carried out, each value under its word; what has no word of its own stands under its name."""
    words = {
        "name": _("Name"), "email": _("E-mail address"), "role": _("Role"), "cycle_id": _("Cycle"),
        "staff_number": _("Staff number"), "position": _("Position"), "until": _("Until"),
        "decree": _("Number of the decree"), "stands_in_for": _("Stands in for"),
    }  # fmt: skip
    shown = [(_("About"), _about(found))]
    for name, value in found.given.items():
        shown.append((words.get(name, name), _value(name, value)))
    return shown


def _value(name: str, value: Any) -> str:
    if name == "role":
        return str(_(ROLE_WORDS.get(value, value)))
    if name == "cycle_id":
        cycle = db.session.get(Cycle, value)
        return str(value) if cycle is None else cycle.title_id
    if name == "stands_in_for":
        return str(accounts.get_account(value).name)
    return str(value)
