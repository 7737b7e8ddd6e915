"""The pages of a sheet that is opened again, and the signed receipt of a submitted one."""

from datetime import datetime
from typing import Any

from flask import Blueprint, Response, current_app, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _

from paritrana import signing
from paritrana.accounts.once import once
from paritrana.core.chain import canon
from paritrana.core.chain import moment as exact_moment
from paritrana.core.errors import MissingReason, NotFound
from paritrana.core.policy import Act, Part
from paritrana.cycles.models import Cycle
from paritrana.cycles.queries import cycle_time, get_cycle
from paritrana.database import canonical, db
from paritrana.nominations.drawing import ReceiptPaper, draw
from paritrana.nominations.models import Nomination
from paritrana.sheets import queries
from paritrana.sheets.imported.queries import set_aside_on
from paritrana.sheets.late.queries import submissions_of
from paritrana.sheets.models import Sheet
from paritrana.sheets.reopening import service
from paritrana.sheets.reopening.forms import AnswerForm, AskForm
from paritrana.sheets.reopening.models import Reopening
from paritrana.sheets.reopening.queries import get_reopening, reopenings_of, reopenings_on
from paritrana.sheets.service import content_of
from paritrana.web.access import allowed, current_actor, may, now
from paritrana.web.template_filters import band_of, moment, own

bp = Blueprint("reopening", __name__)


@bp.get("/assessments/<ref>/sheet/reopening")
@allowed(Act.SEE_OWN_MARKS, nomination=queries.get_candidate)
def reopening(nomination: Nomination) -> ResponseReturnValue:
    """Every version of the own sheet that counted, the requests to open it again, and the form to ask."""
    return _own_page(nomination, AskForm(formdata=None))


@bp.post("/assessments/<ref>/sheet/reopening")
@allowed(Act.REOPEN_SHEET, nomination=queries.get_candidate)
@once
def ask(nomination: Nomination) -> ResponseReturnValue:
    """Ask to open the own sheet again."""
    form, found = AskForm(), _own_sheet(nomination)
    if not form.validate():
        return _own_page(nomination, form), 422
    service.ask(found, form.reason.data or "", actor=current_actor(), at=cycle_time(nomination.category.cycle, now()))
    db.session.commit()
    flash(_("You have asked to open your sheet again. The chair and another assessor have to agree."), "ok")
    return redirect(url_for("reopening.reopening", ref=nomination.ref), 303)


def _own_page(nomination: Nomination, form: AskForm) -> str:
    found = _own_sheet(nomination)
    cycle = nomination.category.cycle
    asked = reopenings_on(found)
    return render_template(
        "sheets/reopening.html",
        nomination=nomination,
        cycle=cycle,
        zone=cycle.timezone,
        simulated=cycle.simulated,
        sheet=found,
        versions=submissions_of(found),
        asked=asked,
        asides=set_aside_on([found.id]),
        form=form,
        may_ask=found.submitted_at is not None
        and all(one.state != "asked" for one in asked)
        and may(Act.REOPEN_SHEET, nomination),
        problems=form.problems,
    )


# The chair and the others ---------------------------------------------------------------------------------------------


@bp.get("/manage/<cycle>/reopenings")
@allowed(Act.MANAGE_CYCLE, cycle=get_cycle)
def reopenings(cycle: Cycle) -> ResponseReturnValue:
    """The requests of a cycle, for the chair and for an organiser."""
    return render_template(
        "sheets/reopenings.html",
        cycle=cycle,
        zone=cycle.timezone,
        simulated=cycle.simulated,
        asked=reopenings_of(cycle, current_actor()),
    )


@bp.get("/reopenings/<reopening>")
@allowed(Act.REOPEN_SHEET, part=Part.SECOND, asked=get_reopening)
def request_(asked: Reopening) -> ResponseReturnValue:
    """One request, for whoever may agree: the chair, another assessor, an organiser for the chair's own sheet."""
    return _request_page(asked, AnswerForm(leads=service.leads(asked, current_actor()), formdata=None))


@bp.post("/reopenings/<reopening>")
@allowed(Act.REOPEN_SHEET, part=Part.SECOND, asked=get_reopening)
@once
def answer(asked: Reopening) -> ResponseReturnValue:
    """Agree, or leave the sheet locked."""
    me, ref = current_actor(), asked.ref
    at = cycle_time(asked.category.cycle, now())
    form = AnswerForm(leads=service.leads(asked, me))
    if not form.validate():
        return _request_page(asked, form), 422
    reason = form.reason.data or ""
    opened = False
    try:
        if form.decision.data == "refuse":
            service.refuse(asked, reason, actor=me, at=at)
        else:
            opened = service.agree(asked, reason, actor=me, at=at)
    except MissingReason as refusal:
        db.session.rollback()
        form.refuse(refusal, form.reason)
        return _request_page(get_reopening(ref, me), form), refusal.status
    db.session.commit()
    flash(_("The sheet is open again. What was submitted is kept.") if opened else _("Your answer is noted."), "ok")
    return redirect(url_for("reopening.request_", reopening=ref), 303)


def _request_page(asked: Reopening, form: AnswerForm) -> str:
    me, cycle = current_actor(), asked.category.cycle
    leads = service.leads(asked, me)
    open_part = asked.led_by is None if leads else asked.seconded_by is None and service.seconds(asked, me)
    return render_template(
        "sheets/reopening_request.html",
        one=asked,
        cycle=cycle,
        zone=cycle.timezone,
        simulated=cycle.simulated,
        form=form,
        leads=leads,
        may_answer=asked.state == "asked" and open_part and asked.asker.person_id != me.person_id,
        problems=form.problems,
    )


# The signed receipt ---------------------------------------------------------------------------------------------------


@bp.get("/assessments/<ref>/sheet/receipt.json")
@allowed(Act.SEE_OWN_MARKS, nomination=queries.get_candidate)
def receipt_json(nomination: Nomination) -> ResponseReturnValue:
    """The signed receipt of the sheet as it counts, for `paritrana verify-receipt`."""
    signed = _signed(_submitted(nomination))
    return _download(canon(signed) + b"\n", "application/json", signed["number"], "json")


@bp.get("/assessments/<ref>/sheet/receipt.pdf")
@allowed(Act.SEE_OWN_MARKS, nomination=queries.get_candidate)
def receipt_pdf(nomination: Nomination) -> ResponseReturnValue:
    """The same on paper, with the signed text in its code."""
    signed = _signed(_submitted(nomination))
    settings, cycle = current_app.extensions["settings"], nomination.category.cycle
    paper = ReceiptPaper(
        title=_("Receipt of the sheet"),
        heading=own(cycle, "title"),
        rows=[
            (_("Number"), signed["number"]),
            (_("Candidate"), nomination.organisation.name),
            (_("Category"), f"{own(nomination.category, 'title')}, {cycle.assessment_year}"),
            (_("Version of the sheet"), str(signed["sequence"])),
            (_("Digest (SHA-256)"), signed["sha256"]),
            (_("Submitted"), moment(datetime.fromisoformat(signed["received_at"]), cycle.timezone, seconds=True)),
            *([(_("Given"), _("on paper, signed and entered by two people"))] if signed.get("source") else []),
            (_("Signed"), moment(datetime.fromisoformat(signed["server_time"]), cycle.timezone, seconds=True)),
            (_("Key"), signed["key"]),
        ],
        signed=canon(signed).decode(),
        notes=[
            _("This receipt proves that the sheet with this digest was submitted. It tells no mark."),
            _("The code holds the signed text. Scan it and keep the text as a file to check it without this server:"),
            "paritrana verify-receipt FILE --keys receipt-keys.json",
            _("The keys are published at %(address)s", address=f"{settings.base_url}/receipt-keys.json"),
        ],
        operator=settings.operator_name,
        language=str(get_locale()),
        band=band_of(cycle),
    )
    return _download(draw(paper), "application/pdf", signed["number"], "pdf")


def _submitted(nomination: Nomination) -> Sheet:
    """The own sheet as it counts. Raises `NotFound` while it is open."""
    found = _own_sheet(nomination)
    if found.submitted_at is None:
        raise NotFound
    return found


def _signed(found: Sheet) -> dict[str, Any]:
    assert found.submitted_at is not None  # noqa: S101 - only a submitted sheet has a receipt
    versions = submissions_of(found)
    source = next((one.source for one in versions[-1:]), None)
    document = {
        "receipt": "sheet",
        "nomination": found.nomination.ref,
        "number": found.receipt_no,
        "sequence": max(len(versions), 1),
        **({"source": source} if source else {}),
        "sha256": found.digest,
        "size": len(canonical(content_of(found))),
        "received_at": exact_moment(found.submitted_at),
        "server_time": exact_moment(now()),
    }
    folder = current_app.extensions["settings"].instance_path / "keys"
    return signing.signing_key(folder, signing.RECEIPT).sign(document)


def _download(content: bytes, media_type: str, number: str, end: str) -> Response:
    told = Response(content, content_type=media_type)
    told.headers["Content-Disposition"] = f'attachment; filename="tanda-terima-{number}.{end}"'
    return told


def _own_sheet(nomination: Nomination) -> Sheet:
    me = current_actor()
    found = queries.find_sheet(nomination.id, me.account_id, nomination.category.attempt)
    if found is None or found.withdrawn:
        raise NotFound
    return found
