"""The deadline of every category of a cycle: proposing and confirming an extension, and the notices everybody reads."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from paritrana.accounts.once import once
from paritrana.core.errors import NotFound, ParitranaError, WrongState
from paritrana.core.lifecycle import STATE_NAMES, NotLater, State
from paritrana.core.policy import Act, Part
from paritrana.cycles import queries, service
from paritrana.cycles.models import Category, Cycle, DeadlineExtension, Proposal
from paritrana.cycles.queries import EXTEND_ACT, cycle_time, get_category, get_cycle, state_now
from paritrana.database import db
from paritrana.home import stages
from paritrana.home.forms import ExtensionForm
from paritrana.publication.queries import latest_corrections
from paritrana.verification.queries import due_dates
from paritrana.web.access import allowed, current_actor, may, now
from paritrana.web.forms import Form
from paritrana.web.paging import paged
from paritrana.web.template_filters import moment

bp = Blueprint("extensions", __name__, template_folder="templates")

PAGE = 50


@bp.get("/notices")
@allowed(Act.READ_PUBLIC_PAGE)
def notices() -> ResponseReturnValue:
    """What was announced about deadlines and corrected after a publication, in all cycles, newest first."""
    total = queries.extension_count()
    page = paged(total, PAGE)
    rows = queries.extensions(offset=page.start, limit=PAGE)
    corrections = latest_corrections(PAGE) if page.no == 1 else []
    cycles = [one.category.cycle for one in rows] + [one.category.cycle for one in corrections]
    return render_template(
        "home/notices.html",
        corrections=corrections,
        extensions=rows,
        total=total,
        page_no=page.no,
        pages=page.pages,
        simulated=any(one.simulated for one in cycles),
    )


@bp.get("/manage/<cycle>/deadlines")
@allowed(Act.MANAGE_CYCLE, cycle=get_cycle)
def deadlines(cycle: Cycle) -> ResponseReturnValue:
    """The deadlines of a cycle, their extensions, and what waits for the chair."""
    categories = [category for category in cycle.categories if may(Act.MANAGE_CYCLE, category)]
    if not categories:
        raise NotFound
    ids = [category.id for category in categories]
    waiting = {one.category_id: one for one in queries.waiting_proposals(ids) if one.act == EXTEND_ACT}
    extensions = queries.extensions_of(ids)
    return render_template(
        "home/deadlines.html",
        cycle=cycle,
        simulated=cycle.simulated,
        at=_at(cycle),
        rows=[_row(one, waiting.get(one.id), extensions[one.id]) for one in categories],
        state_names=STATE_NAMES,
        dates=stages.DATES,
        plain=Form(formdata=None),
    )


@bp.get("/manage/<cycle>/deadlines/<cat>")
@allowed(Act.EXTEND_DEADLINE, category=get_category)
def extension(category: Category) -> ResponseReturnValue:
    """The form of an extension, with the deadline in force."""
    return _form_page(category, _form(category, fresh=True))


@bp.post("/manage/<cycle>/deadlines/<cat>")
@allowed(Act.EXTEND_DEADLINE, category=get_category)
@once
def propose(category: Category) -> ResponseReturnValue:
    """An organiser proposes a later deadline with the reason that everybody will read."""
    form, code, slug = _form(category), category.cycle.code, category.slug
    if not form.validate():
        return _form_page(category, form), 422
    try:
        service.propose_extension(
            category, form.moment, form.reason.data or "", actor=current_actor(), at=_at(category.cycle)
        )
    except ParitranaError as refusal:
        db.session.rollback()
        category = get_category(code, slug)
        if isinstance(refusal, NotLater):
            refusal.params["time"] = moment(refusal.params["time"], category.cycle.timezone, "plain", seconds=True)
        form.refuse(refusal)
        return _form_page(category, form), refusal.status
    db.session.commit()
    flash(_("Proposed. The chair must confirm the extension before the present deadline passes."), "ok")
    return redirect(_address(code, slug), 303)


@bp.post("/manage/<cycle>/deadlines/<cat>/<proposal>")
@allowed(Act.EXTEND_DEADLINE, part=Part.SECOND, proposal=queries.get_extension_proposal)
@once
def confirm(proposal: Proposal) -> ResponseReturnValue:
    """The chair moves the deadline, or sends the proposal back (`answer` = refuse)."""
    category = proposal.category
    code, slug = category.cycle.code, category.slug
    said = _("The proposal was sent back.")
    wish, digest = request.form.get("answer"), request.form.get("digest", "")  # its own clock asks for its own way
    if wish == "refuse":
        service.withdraw_proposal(proposal, actor=current_actor(), at=_at(category.cycle))
    else:
        found = service.confirm_extension(
            proposal, digest, actor=current_actor(), at=now(), deadlines=due_dates(category.cycle)
        )
        until = moment(found.closes_after, category.cycle.timezone, "plain", seconds=True)
        said = _("The deadline is %(time)s now. Everybody can read it.", time=until)
    db.session.commit()
    flash(said, "ok")
    return redirect(_address(code, slug), 303)


@bp.post("/manage/<cycle>/deadlines/<cat>/<proposal>/withdraw")
@allowed(Act.EXTEND_DEADLINE, proposal=queries.get_extension_proposal)
@once
def withdraw(proposal: Proposal) -> ResponseReturnValue:
    """An organiser takes the proposal back."""
    code, slug = proposal.category.cycle.code, proposal.category.slug
    service.withdraw_proposal(proposal, actor=current_actor(), at=_at(proposal.category.cycle))
    db.session.commit()
    flash(_("The proposal was taken back."), "ok")
    return redirect(_address(code, slug), 303)


def _form_page(category: Category, form: ExtensionForm) -> str:
    return render_template(
        "home/extension.html",
        category=category,
        cycle=category.cycle,
        simulated=category.cycle.simulated,
        at=_at(category.cycle),
        form=form,
    )


def _row(category: Category, proposal: Proposal | None, extensions: Sequence[DeadlineExtension]) -> dict[str, Any]:
    state, me = state_now(category, now()), current_actor()
    extendable = state is State.OPEN and category.closes_at is not None
    organising = extendable and may(Act.EXTEND_DEADLINE, category)
    return {
        "category": category,
        "state": state,
        "extendable": extendable,
        "extensions": extensions,
        "proposal": proposal if extendable else None,
        "becomes": _becomes(proposal),
        "proposing": organising and proposal is None,
        "withdrawing": organising and proposal is not None,
        "confirming": proposal is not None
        and proposal.proposer_person_id != me.person_id
        and may(Act.EXTEND_DEADLINE, category, part=Part.SECOND),
    }


def _becomes(proposal: Proposal | None) -> dict[str, datetime]:
    """The dates after a proposed extension, by their field, without those that it leaves alone or that are not set."""
    if proposal is None:
        return {}
    dates = proposal.payload["calendar"]
    return {name: datetime.fromisoformat(dates[name]) for name in stages.DATES if dates[name] and name != "opens_at"}


def _form(category: Category, *, fresh: bool = False) -> ExtensionForm:
    zone, closes_at = category.cycle.timezone, category.closes_at
    if closes_at is None:
        raise WrongState
    if not fresh:
        return ExtensionForm(closes_at=closes_at, zone=zone)
    local = closes_at.astimezone(ZoneInfo(zone))
    return ExtensionForm(
        formdata=None, closes_at=closes_at, zone=zone, on=local.date(), time=local.strftime("%H.%M.%S")
    )  # fmt: skip


def _at(cycle: Cycle) -> datetime:
    return cycle_time(cycle, now())


def _address(code: str, slug: str) -> str:
    return f"{url_for('extensions.deadlines', cycle=code)}#{slug}"
