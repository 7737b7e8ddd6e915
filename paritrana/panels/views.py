"""The panel page of a cycle, the opening of its categories, and what needs a second person there."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from paritrana.accounts.models import Account
from paritrana.accounts.once import once
from paritrana.core.errors import BadInput, NotFound, ParitranaError, WrongState
from paritrana.core.filetypes import display_name
from paritrana.core.policy import Act, Part
from paritrana.cycles.models import Category, Cycle, Proposal
from paritrana.cycles.pages import answer_proposal
from paritrana.cycles.queries import cycle_time, get_category, get_cycle, state_now
from paritrana.cycles.service import withdraw_proposal
from paritrana.database import db
from paritrana.panels import importing, queries, service, structure
from paritrana.panels.forms import EndForm, SeatForm, SecretaryForm, WaiverForm
from paritrana.panels.models import JUDGING, Recusal, Seat
from paritrana.web.access import allowed, ask, current_actor, may, now
from paritrana.web.forms import Form
from paritrana.web.template_filters import sentence

bp = Blueprint("panels", __name__, template_folder="templates")


@bp.get("/manage/<cycle>/panel")
@allowed(Act.MANAGE_CYCLE, cycle=get_cycle)
def panel(cycle: Cycle) -> ResponseReturnValue:
    """Who sits where, who is in conflict with whom, and what is missing."""
    return _page(cycle)


@bp.post("/manage/<cycle>/panel/<cat>/seats")
@allowed(Act.SEAT_PANEL, category=get_category)
@once
def give_seat(category: Category) -> ResponseReturnValue:
    """Seat a person, or from the interviews on propose it to the chair."""
    form = _seat_form(category)
    if not form.validate():
        return _page(category.cycle, seat_form=(category.id, form)), 422
    account = db.session.scalars(select(Account).where(Account.ref == form.account.data)).one()
    constituency = form.constituency.data or "" if isinstance(form, SeatForm) else ""
    values = (category, account, form.role.data, constituency, form.decree_number.data or "")
    try:
        if _needs_second(category):
            service.propose_seat(*values, actor=current_actor(), at=_at(category))
            said = _("Proposed. The chair must confirm it.")
        else:
            service.seat(*values, actor=current_actor(), at=_at(category))
            said = _("%(name)s has a seat now.", name=account.name)
    except ParitranaError as refusal:
        db.session.rollback()
        form.refuse(refusal)
        return _page(get_cycle(category.cycle.code), seat_form=(category.id, form)), refusal.status
    return _stored(category, said)


@bp.get("/manage/<cycle>/panel/<cat>/seats/<code>/end")
@allowed(Act.SEAT_PANEL, seat=queries.get_seat)
def end_seat_page(seat: Seat) -> ResponseReturnValue:
    """Ask why a seat ends."""
    return _end_page(seat, EndForm(formdata=None, version=seat.version, substitutes=_substitutes(seat)))


@bp.post("/manage/<cycle>/panel/<cat>/seats/<code>/end")
@allowed(Act.SEAT_PANEL, seat=queries.get_seat)
@once
def end_seat(seat: Seat) -> ResponseReturnValue:
    """End a seat, or from the interviews on propose it to the chair."""
    substitutes = _substitutes(seat)
    form = EndForm(substitutes=substitutes)
    if not form.validate():
        return _end_page(seat, form), 422
    category, reason = seat.category, form.reason.data or ""
    substitute = next((one for one in substitutes if one.code == form.substitute.data), None)
    try:
        if _needs_second(category):
            service.propose_unseat(seat, reason, actor=current_actor(), at=_at(category), substitute=substitute)
            said = _("Proposed. The chair must confirm it.")
        else:
            service.unseat(
                seat, reason, expected=form.expected_version, actor=current_actor(), at=_at(category),
                substitute=substitute,
            )  # fmt: skip
            said = _("The seat of %(name)s has ended.", name=seat.account.name)
    except ParitranaError as refusal:
        form.refuse(refusal)
        return _end_page(seat, form), refusal.status
    return _stored(category, said)


@bp.post("/manage/<cycle>/panel/<cat>/proposals/<proposal>")
@allowed(Act.SEAT_PANEL, part=Part.SECOND, proposal=queries.get_proposal)
@once
def answer_change(proposal: Proposal) -> ResponseReturnValue:
    """The chair confirms a change of the panel, or sends it back."""
    if proposal.act != queries.SEAT_ACT:
        raise NotFound
    category = proposal.category
    if answer_proposal(proposal, service.confirm_change, at=_at(category)):
        return _stored(category, _("The panel has changed as proposed."))
    return _stored(category, _("The proposal was sent back."))


@bp.post("/manage/<cycle>/panel/<cat>/proposals/<proposal>/withdraw")
@allowed(Act.SEAT_PANEL, proposal=queries.get_proposal)
@once
def withdraw_change(proposal: Proposal) -> ResponseReturnValue:
    """An organiser takes a waiting proposal back."""
    if proposal.act != queries.SEAT_ACT:
        raise NotFound
    withdraw_proposal(proposal, actor=current_actor(), at=_at(proposal.category))
    return _stored(proposal.category, _("The proposal was taken back."))


@bp.post("/manage/<cycle>/panel/<cat>/recusals/<candidate>/<account>/waive")
@allowed(Act.WAIVE, recusal=queries.get_recusal)
@once
def propose_waiver(recusal: Recusal) -> ResponseReturnValue:
    """The chair proposes to let an officer judge in spite of a declared conflict."""
    category, form = recusal.nomination.category, WaiverForm()
    if form.validate():
        service.propose_waiver(recusal, form.reason.data or "", actor=current_actor(), at=_at(category))
        return _stored(category, _("Proposed. An organiser must confirm it."))
    return _page(category.cycle, waiver=form), 422


@bp.post("/manage/<cycle>/panel/<cat>/waivers/<proposal>")
@allowed(Act.WAIVE, part=Part.SECOND, proposal=queries.get_proposal)
@once
def answer_waiver(proposal: Proposal) -> ResponseReturnValue:
    """An organiser confirms a waiver, or sends it back."""
    if proposal.act != queries.WAIVE_ACT:
        raise NotFound
    if answer_proposal(proposal, service.confirm_waiver, at=_at(proposal.category)):
        return _stored(proposal.category, _("The conflict is waived. The reason is public."))
    return _stored(proposal.category, _("The proposal was sent back."))


@bp.post("/manage/<cycle>/panel/<cat>/open")
@allowed(Act.MOVE_STATE, category=get_category)
@once
def propose_opening(category: Category) -> ResponseReturnValue:
    """An organiser proposes to open a category."""
    service.propose_opening(category, actor=current_actor(), at=_at(category))
    db.session.commit()
    flash(_("Proposed. The chair must confirm the opening."), "ok")
    return redirect(_overview(category), 303)


@bp.post("/manage/<cycle>/panel/<cat>/open/<proposal>")
@allowed(Act.MOVE_STATE, part=Part.SECOND, proposal=queries.get_proposal)
@once
def confirm_opening(proposal: Proposal) -> ResponseReturnValue:
    """The chair opens the category, or sends the proposal back (`answer` = refuse)."""
    if proposal.act != queries.OPEN_ACT:
        raise NotFound
    category = proposal.category
    confirmed = answer_proposal(proposal, service.confirm_opening, at=_at(category))
    said = _("The category is open.") if confirmed else _("The proposal was sent back.")
    db.session.commit()
    flash(said, "ok")
    return redirect(_overview(category), 303)


# Seats from a file ----------------------------------------------------------------------------------------------------

SHOWN = 200  # problems on the page


@bp.get("/manage/<cycle>/panel/<cat>/import")
@allowed(Act.SEAT_PANEL, category=get_category)
def import_page(category: Category) -> ResponseReturnValue:
    """Where the list of seats is taken and the filled one is chosen."""
    return _import_page(category)


@bp.get("/manage/<cycle>/panel/<cat>/import/template.csv")
@allowed(Act.SEAT_PANEL, category=get_category)
def import_template(category: Category) -> ResponseReturnValue:
    """The list of everybody who may get a seat, with the columns to fill in."""
    answer = Response(importing.write_template(category), mimetype="text/csv")
    name = f"kursi-{category.cycle.code}-{category.slug}.csv"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "no-store, private"
    return answer


@bp.post("/manage/<cycle>/panel/<cat>/import")
@allowed(Act.SEAT_PANEL, category=get_category)
def check_import(category: Category) -> ResponseReturnValue:
    """Say whom the file would seat with which conflicts, and what is refused; nothing is stored."""
    file = request.files.get("file")
    cycle, slug = category.cycle.code, category.slug
    db.session.rollback()  # nothing is locked while the file is read
    try:
        if file is None or not file.filename:
            raise importing.NoFileChosen
        name = display_name(file.filename)
        plan = importing.read_table(file.stream.read(importing.LARGEST + 1), name)
        category = get_category(cycle, slug)
        if not plan.problems:
            plan = importing.seat_all(plan.lines, category, actor=current_actor(), at=_at(category))
    except (BadInput, service.SecondPersonNeeded, WrongState) as refusal:
        db.session.rollback()
        return _import_page(get_category(cycle, slug), refusal=refusal)
    page = _import_page(category, plan)
    db.session.rollback()
    return page


@bp.post("/manage/<cycle>/panel/<cat>/import/load")
@allowed(Act.SEAT_PANEL, category=get_category)
@once
def load_import(category: Category) -> ResponseReturnValue:
    """Seat everybody of the checked list in one transaction, or nobody."""
    cycle, slug = category.cycle.code, category.slug
    try:
        lines = _checked_lines(request.form.get("lines", ""))
        plan = importing.seat_all(lines, category, actor=current_actor(), at=_at(category))
    except (BadInput, service.SecondPersonNeeded, WrongState) as refusal:
        db.session.rollback()
        return _import_page(get_category(cycle, slug), refusal=refusal)
    if plan.problems:  # somebody was seated in between
        page = _import_page(category, plan)
        db.session.rollback()
        return page
    return _stored(category, _("Seats added: %(n)s.", n=len(plan.seatings)))


def _checked_lines(text: str) -> list[importing.Line]:
    """The rows of the checked file as the page carried them. Raises `BadInput`."""
    try:
        rows = json.loads(text)
        lines = [importing.Line(int(no), {str(key): str(value) for key, value in texts.items()}) for no, texts in rows]
    except (ValueError, TypeError, AttributeError):
        raise BadInput from None
    if not 0 < len(lines) <= importing.MOST_ROWS:
        raise BadInput
    return lines


def _import_page(
    category: Category, plan: importing.Plan | None = None, refusal: ParitranaError | None = None
) -> ResponseReturnValue:
    cycle = category.cycle
    found = [] if plan is None else plan.problems
    candidates = queries.panels_of([category])[0].candidates if plan is not None else ()
    page = render_template(
        "panels/import.html",
        cycle=cycle,
        category=category,
        simulated=cycle.simulated,
        form=Form(formdata=None),
        plan=plan,
        problems=[] if refusal is None else [("", sentence(refusal))],
        rows=[_problem_row(one) for one in found[:SHOWN]],
        more=max(0, len(found) - SHOWN),
        lines="" if plan is None else json.dumps([[one.no, dict(one.texts)] for one in plan.lines]),
        alone=not _needs_second(category),
        roles=service.ROLES,
        places=[_(word) for word in service.ROLES.values()],
        kinds=structure.KINDS,
        names={one.id: one.organisation.name for one in candidates},
    )
    if refusal is not None:
        return page, refusal.status
    return page, 422 if found else 200


def _problem_row(problem: importing.Problem) -> dict[str, Any]:
    row = "" if problem.row is None else str(problem.row)
    return {"row": row, "column": problem.column, "said": sentence(problem.refusal)}


def _page(
    cycle: Cycle,
    seat_form: tuple[int, SeatForm | SecretaryForm] | None = None,
    waiver: WaiverForm | None = None,
) -> str:
    categories = [category for category in cycle.categories if may(Act.MANAGE_CYCLE, category)]
    panels = queries.panels_of(categories)
    accounts, organisers = queries.accounts_to_seat(cycle), queries.secretaries_to_seat(cycle)
    hidden = queries.hidden_from(current_actor(), cycle)
    forms: dict[int, SeatForm] = {}
    secretaries: dict[int, SecretaryForm] = {}
    for one in panels:
        if not may(Act.SEAT_PANEL, one.category):
            continue
        sent = seat_form[1] if seat_form is not None and seat_form[0] == one.category.id else None
        everybody = [*one.seats, *one.others]
        taken = frozenset(seat.role for seat in everybody)
        forms[one.category.id] = (
            sent
            if isinstance(sent, SeatForm)
            else SeatForm(formdata=None, accounts=_free(accounts, everybody), taken=taken, slug=one.category.slug)
        )
        if service.SECRETARY not in taken:
            secretaries[one.category.id] = (
                sent
                if isinstance(sent, SecretaryForm)
                else SecretaryForm(formdata=None, accounts=organisers, slug=one.category.slug)
            )
    return render_template(
        "panels/panel.html",
        cycle=cycle,
        simulated=cycle.simulated,
        panels=panels,
        forms=forms,
        secretaries=secretaries,
        plain=Form(formdata=None),
        problems=seat_form[1].problems if seat_form is not None else waiver.problems if waiver is not None else [],
        confirmable={one.category.id for one in panels if may(Act.SEAT_PANEL, one.category, part=Part.SECOND)},
        needs_second={one.category.id for one in panels if one.category.id in forms and _needs_second(one.category)},
        states={one.category.id: state_now(one.category, now()) for one in panels},
        roles=service.ROLES,
        judging=JUDGING,
        hidden=hidden,
        chaired={one.category.id for one in panels if may(Act.RECUSE_OTHERS, one.category)},
        waiving={one.category.id for one in panels if may(Act.WAIVE, one.category)},
        answering={one.category.id for one in panels if may(Act.WAIVE, one.category, part=Part.SECOND)},
        waiver=waiver or WaiverForm(formdata=None),
        waive_act=queries.WAIVE_ACT,
        bases=service.BASES,
        kinds=structure.KINDS,
        people={account.id: account.name for account in accounts},
        people_seated={seat.account_id: seat.account.name for one in panels for seat in (*one.seats, *one.others)},
        names={one.id: one.organisation.name for panel in panels for one in panel.candidates},
        codes={one.id: one.candidate_code for panel in panels for one in panel.candidates},
        hidden_refs={one.ref for panel in panels for one in panel.candidates if one.id in hidden},
        seat_act=queries.SEAT_ACT,
        me=current_actor(),
    )


def _end_page(seat: Seat, form: EndForm) -> str:
    cycle = seat.category.cycle
    return render_template(
        "panels/end.html",
        cycle=cycle,
        simulated=cycle.simulated,
        seat=seat,
        form=form,
        roles=service.ROLES,
        needs_second=_needs_second(seat.category),
        reach=queries.reach_without(seat) if seat.role in JUDGING else (),
        open_sheets=len(queries.open_sheets_of(seat)),
        substitutes=_substitutes(seat),
        judging=JUDGING,
    )


def _substitutes(seat: Seat) -> list[Seat]:
    """Who may come in for a seat: nobody for one that does not mark."""
    if seat.role not in JUDGING:
        return []
    return [one for one in queries.everybody_in(seat.category) if one.role == service.SUBSTITUTE]


def _seat_form(category: Category) -> SeatForm | SecretaryForm:
    if request.form.get("role") == service.SECRETARY:
        return SecretaryForm(accounts=queries.secretaries_to_seat(category.cycle), slug=category.slug)
    seats = queries.everybody_in(category)
    free = _free(queries.accounts_to_seat(category.cycle), seats)
    return SeatForm(accounts=free, taken=frozenset(seat.role for seat in seats), slug=category.slug)


def _free(accounts: Sequence[Account], seats: Sequence[Seat]) -> list[Account]:
    seated = {seat.account_id for seat in seats}
    return [account for account in accounts if account.id not in seated]


def _needs_second(category: Category) -> bool:
    grant = ask(Act.SEAT_PANEL, category).grant
    return grant is not None and grant.second is not None


def _at(category: Category) -> datetime:
    return cycle_time(category.cycle, now())


def _stored(category: Category, said: str) -> ResponseReturnValue:
    db.session.commit()
    flash(said, "ok")
    return redirect(f"{url_for('panels.panel', cycle=category.cycle.code)}#{category.slug}", 303)


def _overview(category: Category) -> str:
    """The page of the cycle; it belongs to the room that gathers, so it is named by its address."""
    return f"/manage/{category.cycle.code}"
