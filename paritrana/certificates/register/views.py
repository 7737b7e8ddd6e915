"""The pages of the register: looking through it, files of it, printing from it, and the end of a certificate."""

import tempfile
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final

import structlog
from flask import Blueprint, Response, current_app, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from paritrana.accounts.once import once
from paritrana.certificates import ending
from paritrana.certificates.drawing import image_of
from paritrana.certificates.models import Certificate
from paritrana.certificates.press import Press
from paritrana.certificates.queries import END_ACT, get_end_proposal, paper_of
from paritrana.certificates.register import annex as annexes
from paritrana.certificates.register import files, queries, service
from paritrana.certificates.register.archive import write_zip
from paritrana.certificates.register.forms import EndForm, PrintForm
from paritrana.certificates.register.merged import write_merged
from paritrana.certificates.register.queries import STATES, Asked, Sheet
from paritrana.certificates.register.words import STATE_SHAPES, STATE_WORDS, WAY_WORDS
from paritrana.certificates.targets import targets_of
from paritrana.config import Settings
from paritrana.core.certificates import KIND_NAMES, Kind
from paritrana.core.codes import parse, shown
from paritrana.core.errors import NotFound, ParitranaError
from paritrana.core.filetypes import XLSX
from paritrana.core.lifecycle import State
from paritrana.core.policy import Act, Part
from paritrana.cycles.models import Category, Cycle, Proposal
from paritrana.cycles.pages import answer_proposal
from paritrana.cycles.queries import cycle_time, get_cycle, state_now, waiting_proposal
from paritrana.cycles.service import withdraw_proposal
from paritrana.database import db, reading
from paritrana.paper import NotPrintable, TooLong
from paritrana.web.access import allowed, current_actor, may, now
from paritrana.web.exports import Spool
from paritrana.web.forms import Form
from paritrana.web.paging import paged
from paritrana.web.template_filters import sentence

bp = Blueprint("certificate_register", __name__, template_folder="templates")

PAGE: Final = 50
IMAGE_DPI: Final = 80
CSV: Final = "text/csv"
log = structlog.get_logger("certificates")


# Looking --------------------------------------------------------------------------------------------------------------


@bp.get("/manage/<cycle>/certificates/register")
@allowed(Act.MANAGE_CYCLE, cycle=get_cycle)
def register(cycle: Cycle) -> ResponseReturnValue:
    """The certificates of a cycle, narrowed down, fifty at a time."""
    return _register(cycle)


@bp.get("/manage/<cycle>/certificates/register.csv")
@allowed(Act.MANAGE_CYCLE, cycle=get_cycle)
def register_csv(cycle: Cycle) -> ResponseReturnValue:
    """The rows that the page shows, all of them, for a spreadsheet program."""
    spool, asked = Spool(), Asked.of(request.args)
    told = files.write_csv(spool, queries.every_entry(_ids(cycle), asked))
    return _file(cycle, spool, told, "register.csv", CSV)


@bp.get("/manage/<cycle>/certificates/register.xlsx")
@allowed(Act.MANAGE_CYCLE, cycle=get_cycle)
def register_workbook(cycle: Cycle) -> ResponseReturnValue:
    """The rows that the page shows, all of them, as a workbook."""
    spool, asked = Spool(), Asked.of(request.args)
    told = files.write_workbook(spool, cycle.code, queries.every_entry(_ids(cycle), asked))
    return _file(cycle, spool, told, "register.xlsx", XLSX.media_type)


@bp.get("/manage/<cycle>/certificates/register/<code>")
@allowed(Act.MANAGE_CYCLE, certificate=queries.get_listed)
def certificate(certificate: Certificate) -> ResponseReturnValue:
    """One certificate: what it says, its paper as a picture, and its story."""
    return _certificate(certificate)


@bp.get("/manage/<cycle>/certificates/register/<code>/paper.png")
@allowed(Act.MANAGE_CYCLE, certificate=queries.get_listed)
def picture(certificate: Certificate) -> ResponseReturnValue:
    """The first page of the stored paper as a small picture."""
    stored = paper_of(certificate)
    if stored is None:
        raise NotFound
    answer = make_response(image_of(stored.content, IMAGE_DPI))
    answer.mimetype = "image/png"
    return answer


# The annex of the decree ----------------------------------------------------------------------------------------------


@bp.get("/manage/<cycle>/certificates/annex.pdf")
@allowed(Act.MANAGE_CYCLE, cycle=get_cycle)
def annex_pdf(cycle: Cycle) -> ResponseReturnValue:
    """The annex of the decree as paper: signed once every result in it is public, else marked."""
    found = _annex(cycle)
    settings: Settings = current_app.extensions["settings"]
    content = annexes.draw_annex(found, settings.operator_name)
    if not found.embargoed:
        content = _press().signer().sign(content, at=cycle_time(cycle, now()))
    spool = Spool()
    spool.write(content)
    return spool.answer(f"{cycle.code}-annex.pdf", "application/pdf")


@bp.get("/manage/<cycle>/certificates/annex.xlsx")
@allowed(Act.MANAGE_CYCLE, cycle=get_cycle)
def annex_workbook(cycle: Cycle) -> ResponseReturnValue:
    """The annex of the decree as a workbook."""
    spool = Spool()
    told = annexes.write_workbook(spool, _annex(cycle))
    return _file(cycle, spool, told, "annex.xlsx", XLSX.media_type)


def _annex(cycle: Cycle) -> annexes.Annex:
    """Public results for whoever manages them; sealed ones for those alone who prepare the certificates."""
    public, sealed = [], []
    for one in cycle.categories:
        state = state_now(one, now())
        if state >= State.PUBLISHED and may(Act.MANAGE_CYCLE, one):
            public.append(one)
        elif state is State.SEALED and may(Act.PREPARE_CERTIFICATE, one):
            sealed.append(one)
    return annexes.annex_of(cycle, public, sealed)


# Printing -------------------------------------------------------------------------------------------------------------


@bp.post("/manage/<cycle>/certificates/register/print")
@allowed(Act.PREPARE_CERTIFICATE, cycle=get_cycle)
@once
def print_many(cycle: Cycle) -> ResponseReturnValue:
    """The signed papers that were chosen, or all that the filter shows, as one file; each counts as printed."""
    form, asked = PrintForm(), Asked.of(request.form)
    codes = [code for one in request.form.getlist("code") if (code := parse(one))]
    if not form.validate():
        return _register(cycle, form.problems, asked), 422
    mine = [one.id for one in cycle.categories if may(Act.PREPARE_CERTIFICATE, one)]
    sheets = queries.printable(mine, asked, codes)
    try:
        service.count_prints(cycle, sheets, form.how.data, actor=current_actor(), at=cycle_time(cycle, now()))
    except ParitranaError as refusal:
        db.session.rollback()
        return _register(get_cycle(cycle.code), [("", sentence(refusal))], asked), refusal.status
    name = cycle.code
    db.session.commit()
    log.info("printed", how=form.how.data, account=current_actor().ref, cycle=name, count=len(sheets))
    return _zip(name, sheets) if form.how.data == "zip" else _merged(name, sheets)


@bp.post("/manage/<cycle>/certificates/register/<code>/print")
@allowed(Act.PREPARE_CERTIFICATE, certificate=queries.get_listed)
@once
def print_one(certificate: Certificate) -> ResponseReturnValue:
    """The signed paper of one certificate, the same bytes each time; it counts as printed."""
    cycle = certificate.cycle
    sheets = queries.printable([certificate.category_id], Asked(), [certificate.code])
    service.count_prints(cycle, sheets, "file", actor=current_actor(), at=cycle_time(cycle, now()))
    db.session.commit()
    spool = Spool()
    with reading():
        for _sheet, content in queries.papers(sheets):
            spool.write(content)
        db.session.rollback()
    return spool.answer(f"piagam-{shown(sheets[0].code)}.pdf", "application/pdf")


def _zip(cycle: str, sheets: Sequence[Sheet]) -> Response:
    spool = Spool()
    with reading():  # nobody waits for the archive but who asked for it
        count = write_zip(spool, queries.papers(sheets))
        db.session.rollback()
    return spool.answer(f"{cycle}-certificates.zip", "application/zip", X_Row_Count=str(count))


def _merged(cycle: str, sheets: Sequence[Sheet]) -> Response:
    spool = Spool()
    with reading(), tempfile.TemporaryFile() as file:
        write_merged(file, queries.papers(sheets), note=_("For printing, without a signature"), title=cycle)
        db.session.rollback()
        spool.copy(file)
    return spool.answer(f"{cycle}-print.pdf", "application/pdf", X_Row_Count=str(len(sheets)))


# The end of a certificate ---------------------------------------------------------------------------------------------


@bp.get("/manage/<cycle>/certificates/register/<code>/end")
@allowed(Act.REVOKE_CERTIFICATE, certificate=queries.get_listed)
def end_page(certificate: Certificate) -> ResponseReturnValue:
    """The form in which an organiser asks to replace or to revoke a certificate."""
    named = _named_now(certificate)
    return _end_page(certificate, EndForm(formdata=None, recipient=named or certificate.recipient))


@bp.post("/manage/<cycle>/certificates/register/<code>/end")
@allowed(Act.REVOKE_CERTIFICATE, certificate=queries.get_listed)
@once
def propose_end(certificate: Certificate) -> ResponseReturnValue:
    """An organiser asks to replace or to revoke a certificate."""
    form, cycle, code = EndForm(), certificate.cycle.code, certificate.code
    if not form.validate():
        return _end_page(certificate, form), 422
    status = form.status.data
    try:
        ending.propose_end(
            certificate, status, form.reason.data or "", actor=current_actor(), at=_at(certificate),
            recipient=(form.recipient.data or "") if status == "replaced" else "",
        )  # fmt: skip
    except ParitranaError as refusal:
        db.session.rollback()
        form.refuse(refusal, form.recipient if isinstance(refusal, NotPrintable | TooLong) else None)
        return _end_page(queries.get_listed(cycle, code), form), refusal.status
    return _stored(certificate, _("Requested. The chair must confirm; until then the certificate stays in force."))


@bp.post("/manage/<cycle>/certificates/register/<code>/end/<proposal>")
@allowed(Act.REVOKE_CERTIFICATE, part=Part.SECOND, proposal=get_end_proposal)
@once
def confirm_end(proposal: Proposal) -> ResponseReturnValue:
    """The chair ends the certificate, or sends the request back (`answer` = refuse)."""
    certificate = queries.get_listed(proposal.category.cycle.code, proposal.subject_ref)
    done = answer_proposal(
        proposal, partial(ending.confirm_end, press=_press()), at=_at(certificate),
        void_moved=ending.void_moved_ends,
    )  # fmt: skip
    if not done:
        return _stored(certificate, _("The request was sent back."))
    if proposal.payload["status"] == "revoked":
        return _stored(certificate, _("Revoked. Whoever checks the code learns it from now on."))
    return _stored(certificate, _("Replaced. The new certificate is issued; the old code says so from now on."))


@bp.post("/manage/<cycle>/certificates/register/<code>/end/<proposal>/withdraw")
@allowed(Act.REVOKE_CERTIFICATE, proposal=get_end_proposal)
@once
def withdraw_end(proposal: Proposal) -> ResponseReturnValue:
    """An organiser lets the certificate stand."""
    certificate = queries.get_listed(proposal.category.cycle.code, proposal.subject_ref)
    withdraw_proposal(proposal, actor=current_actor(), at=_at(certificate))
    return _stored(certificate, _("The request was taken back."))


# Parts of the above ---------------------------------------------------------------------------------------------------


def _register(cycle: Cycle, problems: Sequence[tuple[str, str]] = (), asked: Asked | None = None) -> str:
    asked, categories = asked or Asked.of(request.args), _managed(cycle)
    ids = [one.id for one in categories]
    total = queries.count(ids, asked)
    page = paged(total, PAGE)
    here = _address(cycle, asked.filters)
    return render_template(
        "certificates/register/list.html",
        cycle=cycle,
        simulated=cycle.simulated,
        categories=categories,
        asked=asked,
        rows=queries.entries(ids, asked, start=page.start, size=PAGE),
        total=total,
        page_no=page.no,
        pages=page.pages,
        here=here,
        sorted_here=_with_sort(here, asked.sort),
        files_of={**asked.filters, "sort": asked.sort},
        batches=queries.batch_refs(cycle),
        queued=queries.queued(ids),
        can_print=any(may(Act.PREPARE_CERTIFICATE, one) for one in categories),
        embargo=any(state_now(one, now()) is State.SEALED for one in categories),
        problems=list(problems),
        form=PrintForm(formdata=None),
        **_WORDS,
    )


def _address(cycle: Cycle, filters: dict[str, Any]) -> str:
    return url_for("certificate_register.register", cycle=cycle.code, **filters)


def _with_sort(address: str, sort: str) -> str:
    return address if sort == "no" else f"{address}{'&' if '?' in address else '?'}sort={sort}"


_WORDS: Final[dict[str, Any]] = {
    "kind_names": KIND_NAMES, "states": STATES, "state_words": STATE_WORDS, "state_shapes": STATE_SHAPES,
    "way_words": WAY_WORDS,
}  # fmt: skip


def _certificate(certificate: Certificate) -> str:
    category, cycle = certificate.category, certificate.cycle
    state, ends = state_now(category, now()), queries.ends_of(certificate)
    waiting = next((one for one, _name in ends if one.state == "waiting"), None)
    valid = certificate.status == "valid"
    return render_template(
        "certificates/register/certificate.html",
        cycle=cycle,
        simulated=cycle.simulated,
        embargo=state < State.PUBLISHED,
        category=category,
        certificate=certificate,
        entry=queries.entry_of(certificate),
        versions=queries.versions_of(certificate),
        prints=queries.prints_of(certificate),
        messages=queries.messages_about(certificate),
        ends=ends,
        waiting=waiting,
        waiting_stands=waiting is not None and ending.end_stands(waiting),
        can_print=valid and may(Act.PREPARE_CERTIFICATE, category),
        can_end=valid and may(Act.REVOKE_CERTIFICATE, category),
        can_confirm=may(Act.REVOKE_CERTIFICATE, category, part=Part.SECOND),
        me=current_actor(),
        plain=Form(formdata=None),
        **_WORDS,
    )


def _end_page(certificate: Certificate, form: EndForm) -> str:
    if certificate.status != "valid":
        raise ending.NotValid
    return render_template(
        "certificates/register/end.html",
        cycle=certificate.cycle,
        simulated=certificate.cycle.simulated,
        category=certificate.category,
        certificate=certificate,
        named=_named_now(certificate),
        asked=waiting_proposal(certificate.category, END_ACT, certificate.code) is not None,
        form=form,
        **_WORDS,
    )


def _named_now(certificate: Certificate) -> str:
    """The name that a new certificate would carry by itself; empty where the holder gets none any more."""
    found = targets_of(certificate.category, [Kind(certificate.kind)], [certificate.basis])
    return found[0].recipient if found else ""


def _file(cycle: Cycle, spool: Spool, told: Any, name: str, mimetype: str) -> Response:
    log.info(
        "exported", act=Act.MANAGE_CYCLE.value, account=current_actor().ref, cycle=cycle.code, form=name,
        rows=told.count, digest=told.sha256,
    )  # fmt: skip
    return spool.answer(
        f"{cycle.code}-{name}", mimetype, X_Row_Count=str(told.count), X_Rows_Digest=told.sha256
    )  # fmt: skip


def _managed(cycle: Cycle) -> list[Category]:
    return [one for one in cycle.categories if may(Act.MANAGE_CYCLE, one)]


def _ids(cycle: Cycle) -> list[int]:
    return [one.id for one in _managed(cycle)]


def _press() -> Press:
    found: Press = current_app.extensions["press"]
    return found


def _at(certificate: Certificate) -> datetime:
    return cycle_time(certificate.cycle, now())


def _stored(certificate: Certificate, said: str) -> ResponseReturnValue:
    address = url_for(
        "certificate_register.certificate", cycle=certificate.cycle.code, code=shown(certificate.code)
    )  # fmt: skip
    db.session.commit()
    flash(said, "ok")
    return redirect(address, 303)
