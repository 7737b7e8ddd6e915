"""The outbox of a cycle for its organisers, and each person's own messages."""

from typing import Any, Final

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from paritrana.accounts.once import once
from paritrana.config import Settings
from paritrana.core.errors import NotFound, ParitranaError
from paritrana.core.policy import Act
from paritrana.cycles.models import Cycle
from paritrana.cycles.queries import cycle_time, get_cycle
from paritrana.database import db
from paritrana.outbox import queries, service
from paritrana.outbox.forms import ReleaseForm
from paritrana.outbox.kinds import Notice, Notices
from paritrana.outbox.models import STATES, Message
from paritrana.outbox.words import OUTCOMES, PROBLEMS, SHAPES, STATE_WORDS
from paritrana.web.access import allowed, current_actor, now
from paritrana.web.forms import Form
from paritrana.web.paging import paged
from paritrana.web.template_filters import number, sentence

bp = Blueprint("outbox", __name__, template_folder="templates")

PAGE: Final = 50


# The organiser's outbox -----------------------------------------------------------------------------------------------


@bp.get("/manage/<cycle>/outbox")
@allowed(Act.SEND_MESSAGES, cycle=get_cycle)
def outbox(cycle: Cycle) -> ResponseReturnValue:
    """Every message of a cycle, by state and kind, and what waits for its release."""
    return _outbox(cycle)


@bp.post("/manage/<cycle>/outbox/release")
@allowed(Act.SEND_MESSAGES, cycle=get_cycle)
@once
def release(cycle: Cycle) -> ResponseReturnValue:
    """Let the held messages of one kind go, after their number was confirmed."""
    form = ReleaseForm(kinds=[(one.name, _(one.title)) for one in _notices()])
    notice = _notices().find(form.kind.data or "")
    if not form.validate() or notice is None:
        return _outbox(cycle, form), 422
    try:
        count = service.release(
            cycle, notice, int(form.count.data or 0), actor=current_actor(), at=cycle_time(cycle, now())
        )
    except ParitranaError as refusal:
        db.session.rollback()
        form.refuse(refusal)
        return _outbox(get_cycle(cycle.code), form), refusal.status
    db.session.commit()
    flash(_("Released to %(n)s recipients.", n=number(count)), "ok")
    return redirect(url_for("outbox.outbox", cycle=cycle.code), 303)


@bp.get("/manage/<cycle>/outbox/<message>")
@allowed(Act.SEND_MESSAGES, cycle=get_cycle)
def message_page(cycle: Cycle, message: str) -> ResponseReturnValue:
    """One message as its recipient gets it, and what was tried with it."""
    return _message(cycle, queries.get_message(cycle, message))


@bp.post("/manage/<cycle>/outbox/<message>/again")
@allowed(Act.SEND_MESSAGES, cycle=get_cycle)
@once
def again(cycle: Cycle, message: str) -> ResponseReturnValue:
    """Send a message to its recipient once more."""
    found = queries.get_message(cycle, message)
    try:
        made = service.send_again(found, actor=current_actor(), at=cycle_time(cycle, now()))
    except ParitranaError as refusal:
        return _refused(cycle, message, refusal)
    db.session.commit()
    flash(_("The message goes to %(name)s once more.", name=found.recipient), "ok")
    return redirect(url_for("outbox.message_page", cycle=cycle.code, message=made.ref), 303)


@bp.post("/manage/<cycle>/outbox/<message>/cancel")
@allowed(Act.SEND_MESSAGES, cycle=get_cycle)
@once
def cancel(cycle: Cycle, message: str) -> ResponseReturnValue:
    """Keep a message from leaving."""
    found = queries.get_message(cycle, message)
    try:
        service.cancel(found, actor=current_actor(), at=cycle_time(cycle, now()))
    except ParitranaError as refusal:
        return _refused(cycle, message, refusal)
    db.session.commit()
    flash(_("The message will not be sent."), "ok")
    return redirect(url_for("outbox.outbox", cycle=cycle.code), 303)


def _refused(cycle: Cycle, message: str, refusal: ParitranaError) -> ResponseReturnValue:
    db.session.rollback()
    cycle = get_cycle(cycle.code)
    return _message(cycle, queries.get_message(cycle, message), [("", sentence(refusal))]), refusal.status


def _outbox(cycle: Cycle, form: ReleaseForm | None = None) -> str:
    state, kind = request.args.get("state") or None, request.args.get("kind") or None
    if (state is not None and state not in STATES) or (kind is not None and _notices().find(kind) is None):
        raise NotFound
    numbers = queries.counts(cycle)
    total = sum(n for (one, where), n in numbers.items() if kind in (None, one) and state in (None, where))
    page = paged(total, PAGE)
    return render_template(
        "outbox/outbox.html",
        cycle=cycle,
        simulated=cycle.simulated,
        rows=queries.messages_of(cycle, state, kind, offset=page.start, limit=PAGE),
        total=total,
        page_no=page.no,
        pages=page.pages,
        state=state,
        kind=kind,
        states=STATES,
        counts=queries.by_state(numbers),
        held=[
            (one, numbers[one.name, "held"], _form_for(one, form))
            for one in _notices()
            if (one.name, "held") in numbers
        ],
        kinds=[(one.name, one.title) for one in _notices() if any(name == one.name for name, _state in numbers)],
        titles={one.name: one.title for one in _notices()},
        here=url_for("outbox.outbox", cycle=cycle.code, state=state, kind=kind),
        server=_settings().mail_server != "",
        problems=form.problems if form is not None else [],
        **_words(),
    )


def _form_for(notice: Notice, given: ReleaseForm | None) -> ReleaseForm:
    kinds = [(notice.name, _(notice.title))]
    mine = given is not None and given.kind.data == notice.name
    form = given if given is not None and mine else ReleaseForm(formdata=None, kinds=kinds, data={"kind": notice.name})
    form.count.id = form.count.label.field_id = f"count-{notice.name}"
    return form


def _message(cycle: Cycle, message: Message, problems: list[tuple[str, str]] | None = None) -> str:
    notice = _notices().find(message.kind)
    return render_template(
        "outbox/message.html",
        cycle=cycle,
        simulated=cycle.simulated,
        message=message,
        title=message.kind if notice is None else notice.title,
        attempts=queries.attempts_at(message),
        outcomes=OUTCOMES,
        link=f"{_settings().base_url}{message.path}",
        plain=Form(formdata=None),
        problems=problems or [],
        **_words(),
    )


def _words() -> dict[str, Any]:
    return {"state_words": STATE_WORDS, "shapes": SHAPES, "problem_words": PROBLEMS}


# One's own messages ---------------------------------------------------------------------------------------------------


@bp.get("/home/messages")
@allowed(Act.HOME)
def own() -> ResponseReturnValue:
    """The messages to whoever is signed in, the newest first; they are here whatever happens to the mail."""
    return render_template("outbox/own.html", rows=queries.own_messages(current_actor(), _notices()))


def _notices() -> Notices:
    notices: Notices = current_app.extensions["notices"]
    return notices


def _settings() -> Settings:
    settings: Settings = current_app.extensions["settings"]
    return settings
