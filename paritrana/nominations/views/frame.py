"""What the pages of a nomination share: the blueprint, the frame around a page, and why something is locked."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from paritrana.core.errors import ParitranaError, WrongState
from paritrana.core.evidence import KINDS, FieldSpec
from paritrana.core.lifecycle import STATE_NAMES, State
from paritrana.core.policy import Act
from paritrana.core.words import N_
from paritrana.cycles.models import Category
from paritrana.cycles.queries import cycle_time, state_now
from paritrana.nominations import queries
from paritrana.nominations.models import Nomination
from paritrana.nominations.queries import NominationFile
from paritrana.nominations.rows import EvidenceRow
from paritrana.nominations.service import AMENDABLE, EntryClosed, NothingSavedYet
from paritrana.web.access import may, now
from paritrana.web.formats import places
from paritrana.web.template_filters import day, money, number, own, percent
from paritrana.web.template_filters import moment as written_moment

bp = Blueprint("nominations", __name__, template_folder="../templates")


def moment_of(nomination: Nomination) -> datetime:
    """The present moment on the clock of the nomination's cycle."""
    return cycle_time(nomination.category.cycle, now())


def show(template: str, nomination: Nomination, title: str, status: int = 200, **context: Any) -> ResponseReturnValue:
    """A page about one nomination: its path from the first page, its cycle's band and clock."""
    home = url_for("nominations.task_list", ref=nomination.ref)
    crumbs: list[tuple[str, str | None]] = [
        (_("Nominations"), url_for("nominations.list_nominations")),
        (nomination.organisation.name, home),
    ]
    if template != "nominations/task_list.html":
        crumbs.append((title, None))
    else:
        crumbs[-1] = (nomination.organisation.name, None)
    at = moment_of(nomination)
    page = render_template(
        template,
        nomination=nomination,
        category=nomination.category,
        cycle=nomination.category.cycle,
        title=title,
        crumbs=crumbs,
        simulated=nomination.category.cycle.simulated,
        public=state_of(nomination.category) is State.PUBLISHED,
        at=at,
        zone=nomination.category.cycle.timezone,
        printed_at=written_moment(at, nomination.category.cycle.timezone),
        **context,
    )
    return page, status


def state_of(category: Category) -> State:
    """The state of a category at this moment."""
    return state_now(category, now())


def editable(nomination: Nomination) -> bool:
    """Whether the actor may fill the draft now."""
    return (
        nomination.state == "draft"
        and state_of(nomination.category) is State.OPEN
        and may(Act.EDIT_NOMINATION, nomination)
    )


def uploadable(nomination: Nomination) -> bool:
    """Whether the actor may add documents now: to the draft, or while a change request is open.

    To a sent nomination only what was announced before may still come.
    """
    if nomination.state == "submitted":
        return bool(queries.open_declarations(nomination)) and may(Act.UPLOAD, nomination)
    return (nomination.state == "draft" or nomination.state in AMENDABLE) and may(Act.UPLOAD, nomination)


def lock_of(file: NominationFile) -> tuple[str, str] | None:
    """Why nothing can be filled in now, and what is still possible: title and text; None while it can."""
    nomination = file.nomination
    if editable(nomination):
        return None
    if nomination.state == "withdrawn":
        return _("The nomination is withdrawn"), _("It can be read, but not changed any more.")
    if state_of(nomination.category) is State.OPEN:
        return _("The nomination is sent"), _("You can read everything. Take it back on its first page to correct it.")
    if nomination.state == "returned":
        return (
            _("Only the requested entries can be changed"),
            _("Open the request on the first page of the nomination and answer it there. Documents can be added."),
        )
    closes_at = nomination.category.closes_at
    since = written_moment(closes_at, nomination.category.cycle.timezone) if closes_at else "–"
    last = max((item.changed_at for item in file.items.values()), default=None)
    if last is None:
        said = _("Entry closed %(time)s. No entry was saved before.", time=since)
    else:
        saved = written_moment(last, nomination.category.cycle.timezone, "short", seconds=True)
        said = _("Entry closed %(time)s. Last saved entry: %(time2)s.", time=since, time2=saved)
    if nomination.state != "draft":
        return _("Entry is closed"), said + " " + _("You can read everything.")
    return _("Entry is closed"), said + " " + _(
        "You can read everything. Ask the organiser of the cycle about an extension."
    )


class CameLate(ParitranaError):
    """Something came after the deadline. Params: `time` (the deadline), `time2` (when it came)."""

    code = "came_late"
    message = N_("Entry closed %(time)s. This came %(time2)s and was not stored. What you typed is still on this page.")


LATE = (WrongState, EntryClosed, NothingSavedYet)


def in_zone(refusal: ParitranaError, nomination: Nomination) -> ParitranaError:
    """The refusal with its moments written in the zone of the cycle instead of the general one.

    After the deadline it says both when entry closed and when this came, by the server's clock.
    """
    zone, closes_at = nomination.category.cycle.timezone, nomination.category.closes_at
    if isinstance(refusal, LATE) and closes_at is not None and moment_of(nomination) > closes_at:
        refusal = CameLate(time=closes_at, time2=moment_of(nomination))
    for name, value in refusal.params.items():
        if isinstance(value, datetime):
            refusal.params[name] = written_moment(value, zone, "short", seconds=True)
    return refusal


def stage_words(category: Category) -> str:
    """The stage of a category in words."""
    return str(_(STATE_NAMES[state_of(category)]))


def kind_title(kind: str) -> str:
    """The name of a typed kind; empty for a row of documents and a note."""
    return str(_(KINDS[kind].title)) if kind in KINDS else ""


def row_title(row: EvidenceRow) -> str:
    """The name of an evidence row: the indicator, and the kind where it has several."""
    title = f"{row.indicator.code} {own(row.indicator, 'title')}"
    return f"{title} · {kind_title(row.kind)}" if row.several else title


def written(spec: FieldSpec, value: Any) -> str:
    """A stored figure as people read it; "–" where nothing is filled in."""
    if value is None or value == "":
        return "–"
    match spec.kind:
        case "rupiah":
            return money(value)
        case "people" | "count" | "months":
            return number(value)
        case "percent":
            return percent(Decimal(value), places(Decimal(value)))
        case "decimal":
            return number(Decimal(value))
        case "year":
            return str(value)
        case "date":
            return day(datetime.fromisoformat(value).date())
        case "choice":
            return next((_(words) for code, words in spec.choices if code == value), str(value))
    return str(value)


def digest_parts(digest: str) -> Mapping[str, str]:
    """A SHA-256 for a receipt: its first and last eight digits, and the whole."""
    return {"short": f"{digest[:8]}…{digest[-8:]}", "whole": digest}
