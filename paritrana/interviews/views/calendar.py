"""Interviews as calendar files: one slot, and the feed of a person under an address of its own."""

from flask import Response, current_app, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from paritrana.accounts.once import once
from paritrana.config import Settings
from paritrana.core.errors import NotFound
from paritrana.core.policy import Act
from paritrana.database import db
from paritrana.interviews import calendar, queries
from paritrana.interviews.models import InterviewSession
from paritrana.interviews.views.frame import bp
from paritrana.interviews.views.slots import say_why
from paritrana.scopes import set_scope
from paritrana.web.access import allowed, current_actor, now, scope_of
from paritrana.web.forms import Form
from paritrana.web.template_filters import current_language


@bp.get("/interviews/<day>/slots/<int:no>/calendar.ics")
@allowed(Act.SEE_NOMINATION, slot=queries.get_session)
def slot_calendar(slot: InterviewSession) -> ResponseReturnValue:
    """The slot as a calendar file; an auditor says why, as for the slot itself."""
    say_why(slot)
    return _file(
        calendar.calendar_of([slot], [], base_url=_base_url(), language=current_language(), at=now()),
        f"slot-{slot.day.code}-{slot.no}.ics",
    )


@bp.get("/home/calendar")
@allowed(Act.HOME)
def feed_page() -> ResponseReturnValue:
    """Whether the person has an address for the calendar."""
    return _page()


@bp.post("/home/calendar")
@allowed(Act.HOME)
@once
def new_feed() -> ResponseReturnValue:
    """Make an address, shown this once; an earlier one ends."""
    token = calendar.make_feed(current_actor(), at=now())
    page = _page(f"{_base_url()}{url_for('interviews.feed', token=token)}")
    db.session.commit()
    return page


@bp.post("/home/calendar/end")
@allowed(Act.HOME)
@once
def end_feed() -> ResponseReturnValue:
    """End the address."""
    calendar.end_feed(current_actor())
    db.session.commit()
    flash(_("The address has ended."), "ok")
    return redirect(url_for("interviews.feed_page"), 303)


@bp.get("/calendar/<token>.ics")
@allowed(Act.READ_PUBLIC_PAGE)
def feed(token: str) -> ResponseReturnValue:
    """The interviews of whoever the address was made for, by the rights of this moment."""
    actor = current_app.extensions["jobs"].actor_of(calendar.holder_of(token))
    if actor is None:
        raise NotFound
    set_scope(scope_of(actor))
    sessions, removed = calendar.slots_for(actor)
    return _file(
        calendar.calendar_of(sessions, removed, base_url=_base_url(), language="id", at=now()), "paritrana.ics"
    )


def _page(address: str | None = None) -> str:
    return render_template(
        "interviews/feed.html", address=address, feed=calendar.find_feed(current_actor()), plain=Form(formdata=None)
    )


def _file(content: bytes, name: str) -> Response:
    answer = Response(content, content_type="text/calendar; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "no-store, private"
    return answer


def _base_url() -> str:
    settings: Settings = current_app.extensions["settings"]
    return settings.base_url
