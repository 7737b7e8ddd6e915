"""Each person's choices about mail, and the administrator's look at the messages that belong to no cycle."""

import functools
from collections.abc import Callable
from typing import Any, Final

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from paritrana.accounts.once import once
from paritrana.config import Settings
from paritrana.core.errors import NotFound, ParitranaError
from paritrana.core.policy import Act
from paritrana.database import db
from paritrana.outbox import queries, service
from paritrana.outbox.forms import choices_form
from paritrana.outbox.kinds import Notice, Notices
from paritrana.outbox.models import STATES
from paritrana.outbox.words import OUTCOMES, PROBLEMS, SHAPES, STATE_WORDS
from paritrana.scopes import everybody
from paritrana.web.access import allowed, current_actor, now
from paritrana.web.forms import Form
from paritrana.web.paging import paged
from paritrana.web.template_filters import sentence

bp = Blueprint("house_outbox", __name__, template_folder="templates")

PAGE: Final = 50


def _of_the_house(view: Callable[..., ResponseReturnValue]) -> Callable[..., ResponseReturnValue]:
    """Let an administrator, who holds no office in a cycle, read what belongs to none."""

    @functools.wraps(view)
    def wide(**values: Any) -> ResponseReturnValue:
        with everybody(
            "the statements of these views read messages without a cycle only, which nobody's office covers"
        ):
            return view(**values)

    return wide


# One's own choices ----------------------------------------------------------------------------------------------------


@bp.get("/profile/notifications")
@allowed(Act.PROFILE)
def choices() -> ResponseReturnValue:
    """What comes at once, what in the summary of the morning, and what always comes at once."""
    account_id = current_actor().account_id
    chosen = {one.name: "daily" if one.daily else "at_once" for one in _free()} | dict(queries.choices_of(account_id))
    return _choices_page(choices_form(_titles(), chosen))


@bp.post("/profile/notifications")
@allowed(Act.PROFILE)
@once
def choose() -> ResponseReturnValue:
    """Keep the choices; they hold for what is written from now on."""
    form = choices_form(_titles(), None)
    if not form.validate():
        return _choices_page(form), 422
    service.choose(current_actor().account_id, {one.name: form[one.name].data == "daily" for one in _free()})
    db.session.commit()
    flash(_("Kept. It holds for messages from now on."), "ok")
    return redirect(url_for("house_outbox.choices"), 303)


def _choices_page(form: Form) -> str:
    return render_template(
        "outbox/choices.html",
        form=form,
        fields=[form[one.name] for one in _free()],
        always=sorted({str(_(one.title)) for one in _notices() if one.fixed}),
        server=_settings().mail_server != "",
    )


def _free() -> list[Notice]:
    """The kinds that a person chooses about."""
    return [one for one in _notices() if not one.fixed]


def _titles() -> list[tuple[str, str]]:
    return [(one.name, _(one.title)) for one in _free()]


# Messages of the house ------------------------------------------------------------------------------------------------


@bp.get("/system/messages")
@allowed(Act.OPERATE)
@_of_the_house
def messages() -> ResponseReturnValue:
    """The messages that belong to no cycle: invitations, links, and what is told about accounts."""
    state = request.args.get("state") or None
    if state is not None and state not in STATES:
        raise NotFound
    numbers = queries.counts(None)
    by_state = queries.by_state(numbers)
    total = sum(by_state.values()) if state is None else by_state[state]
    page = paged(total, PAGE)
    return render_template(
        "outbox/house.html",
        rows=queries.messages_of(None, state, None, offset=page.start, limit=PAGE),
        total=total,
        page_no=page.no,
        pages=page.pages,
        state=state,
        states=STATES,
        counts=by_state,
        titles={one.name: one.title for one in _notices()},
        here=url_for("house_outbox.messages", state=state),
        server=_settings().mail_server != "",
        **_words(),
    )


@bp.get("/system/messages/<message>")
@allowed(Act.OPERATE)
@_of_the_house
def message_page(message: str) -> ResponseReturnValue:
    """One message as its recipient gets it but for the secret of its link, and what was tried with it."""
    return _message(message)


@bp.post("/system/messages/<message>/again")
@allowed(Act.OPERATE)
@once
@_of_the_house
def again(message: str) -> ResponseReturnValue:
    """Send a message that ended once more."""
    found = queries.get_house_message(message)
    try:
        made = service.send_again(found, actor=current_actor(), at=now())
    except ParitranaError as refusal:
        db.session.rollback()
        return _message(message, [("", sentence(refusal))]), refusal.status
    name, ref = found.recipient, made.ref
    db.session.commit()
    flash(_("The message goes to %(name)s once more.", name=name), "ok")
    return redirect(url_for("house_outbox.message_page", message=ref), 303)


@bp.post("/system/messages/<message>/cancel")
@allowed(Act.OPERATE)
@once
@_of_the_house
def cancel(message: str) -> ResponseReturnValue:
    """Keep a message from leaving."""
    found = queries.get_house_message(message)
    try:
        service.cancel(found, actor=current_actor(), at=now())
    except ParitranaError as refusal:
        db.session.rollback()
        return _message(message, [("", sentence(refusal))]), refusal.status
    db.session.commit()
    flash(_("The message will not be sent."), "ok")
    return redirect(url_for("house_outbox.messages"), 303)


def _message(ref: str, problems: list[tuple[str, str]] | None = None) -> str:
    found = queries.get_house_message(ref)
    notice = _notices().find(found.kind)
    return render_template(
        "outbox/house_message.html",
        message=found,
        title=found.kind if notice is None else notice.title,
        secret=notice is not None and notice.link is not None,
        attempts=queries.attempts_at(found),
        outcomes=OUTCOMES,
        link=f"{_settings().base_url}{found.path}",
        plain=Form(formdata=None),
        problems=problems or [],
        **_words(),
    )


def _words() -> dict[str, Any]:
    return {"state_words": STATE_WORDS, "shapes": SHAPES, "problem_words": PROBLEMS}


def _notices() -> Notices:
    notices: Notices = current_app.extensions["notices"]
    return notices


def _settings() -> Settings:
    settings: Settings = current_app.extensions["settings"]
    return settings
