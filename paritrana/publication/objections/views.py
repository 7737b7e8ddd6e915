"""Objections: the page of the nominee, the list of the officers, and the answer."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import Blueprint, current_app, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from paritrana.accounts.once import once
from paritrana.core.errors import ParitranaError
from paritrana.core.filetypes import PICTURES, display_name
from paritrana.core.policy import Act, Part
from paritrana.cycles.models import Cycle, Proposal
from paritrana.cycles.pages import answer_proposal
from paritrana.cycles.queries import cycle_time, get_cycle, rubric_of
from paritrana.database import db
from paritrana.files.previews.web import ask_for_previews, send_copy
from paritrana.files.service import Kept, keep_upload, row_of
from paritrana.files.web import blob_store, send_blob
from paritrana.nominations.models import Nomination
from paritrana.nominations.queries import get_nomination
from paritrana.publication.objections import queries, service, words
from paritrana.publication.objections.forms import AnswerForm, ObjectionForm
from paritrana.publication.objections.models import FINDING, Objection
from paritrana.publication.objections.queries import Target
from paritrana.verification.queries import get_sent_nomination
from paritrana.web.access import allowed, ask, current_actor, may, now, require
from paritrana.web.forms import Form
from paritrana.web.template_filters import moment

bp = Blueprint("objections", __name__, template_folder="../templates")


# The nominee ---------------------------------------------------------------------------------------------------------


@bp.get("/nominations/<ref>/objections")
@allowed(Act.OBJECT, nomination=get_sent_nomination)
def own_objections(nomination: Nomination) -> ResponseReturnValue:
    """What the nominee objected to, the answers, and the form while the window is open."""
    targets = queries.targets_of(nomination)
    return _own_page(nomination, targets, _objection_form(nomination, targets, formdata=None))


@bp.post("/nominations/<ref>/objections")
@allowed(Act.OBJECT, nomination=get_nomination)
@once
def file_objection(nomination: Nomination) -> ResponseReturnValue:
    """File an objection with its files, whole or not at all; a refusal gives everything typed back."""
    nomination = get_sent_nomination(nomination.ref)
    ref, targets = nomination.ref, queries.targets_of(nomination)
    form = _objection_form(nomination, targets)
    if not form.validate():
        return _own_page(nomination, targets, form), 422
    try:
        kept = _received(nomination)
        nomination = get_sent_nomination(ref)
        files = [(row_of(one, at=now()), one.name) for one in kept]
        target = service.find_target(nomination, form.target.data or "")
        service.file_objection(
            nomination, target, form.reason.data or "", files, actor=current_actor(), at=now()
        )  # fmt: skip
        if files:
            ask_for_previews()
    except ParitranaError as refusal:
        db.session.rollback()
        nomination = get_sent_nomination(ref)
        form.refuse(_in_zone(refusal, nomination))
        return _own_page(nomination, queries.targets_of(nomination), form), refusal.status
    db.session.commit()
    flash(_("Your objection is filed. You read the answer here."), "ok")
    return redirect(url_for("objections.own_objections", ref=ref), 303)


@bp.get("/nominations/<ref>/objections/<objection>/files/<int:no>")
@allowed(Act.OBJECT, objection=queries.get_own_objection)
def own_file(objection: Objection, no: int) -> ResponseReturnValue:
    """A file that the nominee brought."""
    return _file(objection, no)


# The officers --------------------------------------------------------------------------------------------------------


@bp.get("/manage/<cycle>/objections")
@allowed(Act.MANAGE_CYCLE, cycle=get_cycle)
def objections(cycle: Cycle) -> ResponseReturnValue:
    """The objections of a cycle: those that wait first."""
    categories = [one for one in cycle.categories if may(Act.MANAGE_CYCLE, one)]
    rows = queries.objections_in([one.id for one in categories])
    return render_template(
        "objections/list.html",
        cycle=cycle,
        simulated=cycle.simulated,
        rows=rows,
        windows=[(one, until) for one in categories if (until := queries.window_of(one, now())) is not None],
        words=words,
    )


@bp.get("/manage/<cycle>/objections/<objection>")
@allowed(Act.ANSWER_OBJECTION, objection=queries.get_objection)
def objection(objection: Objection) -> ResponseReturnValue:
    """One objection with its files, and its answer or the form for it."""
    return _answer_page(objection, _answer_form(objection, formdata=None))


@bp.post("/manage/<cycle>/objections/<objection>")
@allowed(Act.ANSWER_OBJECTION, objection=queries.get_objection)
@once
def answer(objection: Objection) -> ResponseReturnValue:
    """The chair answers; an organiser proposes the answer to the chair."""
    form = _answer_form(objection)
    if not form.validate():
        return _answer_page(objection, form), 422
    grant, at = ask(Act.ANSWER_OBJECTION, objection).grant, _at(objection)
    if grant is not None and grant.second is not None:
        service.propose_answer(objection, form.answer, actor=current_actor(), at=at)
        return _stored(objection, _("Proposed. The chair must confirm the answer."))
    service.answer_objection(objection, form.answer, actor=current_actor(), at=at)
    return _stored(objection, _("The objection is answered."))


@bp.post("/manage/<cycle>/objections/<objection>/<proposal>")
@allowed(Act.ANSWER_OBJECTION, part=Part.SECOND, objection=queries.get_objection, proposal=queries.get_answer_proposal)
@once
def confirm(objection: Objection, proposal: Proposal) -> ResponseReturnValue:
    """The chair confirms the answer of an organiser, or sends it back (`answer` = refuse)."""
    if answer_proposal(proposal, service.confirm_answer, at=_at(objection)):
        return _stored(objection, _("The objection is answered."))
    return _stored(objection, _("The proposal was sent back."))


@bp.get("/manage/<cycle>/objections/<objection>/files/<int:no>")
@allowed(Act.ANSWER_OBJECTION, objection=queries.get_objection)
def file(objection: Objection, no: int) -> ResponseReturnValue:
    """A file that a nominee brought, for whoever answers."""
    return _file(objection, no)


def _file(objection: Objection, no: int) -> ResponseReturnValue:
    """The file; of a picture whoever does not own it has the copy without what the camera noted."""
    found, plain_name = queries.file_of(objection, no), f"keberatan-{objection.ref}-{no}"
    own = objection.nomination.organisation_id in current_actor().organisations
    if found.blob.media_type in PICTURES and not own:
        return send_copy(found.blob, display_name=found.name, plain_name=plain_name)
    return send_blob(found.blob, display_name=found.name, plain_name=plain_name)


def _objection_form(nomination: Nomination, targets: Sequence[Target], **given: Any) -> ObjectionForm:
    rubric = rubric_of(nomination.category)
    return ObjectionForm(targets=[(one.key, words.target_words(one, rubric)) for one in targets], **given)


def _own_page(nomination: Nomination, targets: Sequence[Target], form: ObjectionForm) -> str:
    until = queries.window_of(nomination.category, now())
    return render_template(
        "objections/own.html",
        nomination=nomination,
        category=nomination.category,
        cycle=nomination.category.cycle,
        simulated=nomination.category.cycle.simulated,
        at=cycle_time(nomination.category.cycle, now()),
        until=until,
        is_open=queries.window_open(nomination.category, now()),
        targets=targets,
        rows=queries.objections_of(nomination),
        rubric=rubric_of(nomination.category),
        words=words,
        form=form,
        limit=service.MAX_FILES,
    )


def _received(nomination: Nomination) -> list[Kept]:
    """The files, looked at and on disk before the writing transaction begins; the right is asked for again then."""
    organisation_id, ref = nomination.organisation_id, nomination.ref
    files = [one for one in request.files.getlist("files") if one.filename]
    if len(files) > service.MAX_FILES:
        raise service.TooManyFiles(limit=service.MAX_FILES)
    db.session.rollback()
    kept = [
        keep_upload(
            one.stream, filename=display_name(one.filename), organisation_id=organisation_id, store=blob_store(),
            max_bytes=current_app.extensions["settings"].max_file_bytes, declared_type=one.mimetype,
        )
        for one in files
    ]  # fmt: skip
    g.pop("actor", None)
    require(Act.OBJECT, get_sent_nomination(ref))
    return kept


def _in_zone(refusal: ParitranaError, nomination: Nomination) -> ParitranaError:
    """A refusal whose moment is written on the clock of the cycle."""
    if isinstance(refusal.params.get("time"), datetime):
        refusal.params["time"] = moment(
            refusal.params["time"], nomination.category.cycle.timezone, "plain", seconds=True
        )  # fmt: skip
    return refusal


def _answer_form(objection: Objection, **given: Any) -> AnswerForm:
    judged = words.judged_of(objection)
    return AnswerForm(spec=None if judged is None else judged.figure.field, **given)


def _answer_page(objection: Objection, form: AnswerForm) -> str:
    category = objection.category
    proposal = queries.waiting_answer(objection)
    return render_template(
        "objections/answer.html",
        objection=objection,
        nomination=objection.nomination,
        category=category,
        cycle=category.cycle,
        simulated=category.cycle.simulated,
        rubric=rubric_of(category),
        judged=words.judged_of(objection),
        is_finding=objection.subject == FINDING,
        words=words,
        form=form,
        proposal=proposal,
        may_confirm=may(Act.ANSWER_OBJECTION, objection, part=Part.SECOND),
        me=current_actor(),
        plain=Form(formdata=None),
    )


def _at(objection: Objection) -> datetime:
    return cycle_time(objection.category.cycle, now())


def _stored(objection: Objection, said: str) -> ResponseReturnValue:
    code, ref = objection.category.cycle.code, objection.ref
    db.session.commit()
    flash(said, "ok")
    return redirect(url_for("objections.objection", cycle=code, objection=ref), 303)
