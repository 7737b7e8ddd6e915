"""The page on which a nominee reads its name as it will be printed, and says whether every letter is right."""

from datetime import datetime
from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from paritrana.certificates.editor import queries, sample, service
from paritrana.certificates.editor.forms import ConfirmForm, SpellingForm
from paritrana.certificates.templating import document_in_use
from paritrana.core.certificates import Kind, Words, read_template
from paritrana.core.errors import ParitranaError
from paritrana.core.policy import Act
from paritrana.cycles.queries import cycle_time
from paritrana.database import db
from paritrana.nominations.models import Nomination
from paritrana.nominations.queries import get_nomination
from paritrana.web.access import allowed, current_actor, now
from paritrana.web.forms import Form
from paritrana.web.template_filters import sentence

bp = Blueprint("certificate_names", __name__, template_folder="templates")


@bp.get("/nominations/<ref>/certificate-name")
@allowed(Act.SPELL_NAME, nomination=get_nomination)
def name(nomination: Nomination) -> ResponseReturnValue:
    """The name as it would be printed, and what was said about it."""
    return _page(nomination)


@bp.post("/nominations/<ref>/certificate-name")
@allowed(Act.SPELL_NAME, nomination=get_nomination)
def ask_other(nomination: Nomination) -> ResponseReturnValue:
    """Ask that the name is spelt otherwise."""
    form, ref = SpellingForm(), nomination.ref
    if not form.validate():
        return _page(nomination, form), 422
    try:
        service.ask_spelling(
            nomination, form.text.data or "", form.reason.data or "", actor=current_actor(), at=_at(nomination)
        )
    except ParitranaError as refusal:
        db.session.rollback()
        form.refuse(refusal, form.text)
        return _page(get_nomination(ref), form), refusal.status
    db.session.commit()
    flash(_("The organiser reads your request and answers it here."), "ok")
    return redirect(url_for("certificate_names.name", ref=ref), 303)


@bp.post("/nominations/<ref>/certificate-name/right")
@allowed(Act.SPELL_NAME, nomination=get_nomination)
def confirm(nomination: Nomination) -> ResponseReturnValue:
    """Every letter is right."""
    form, ref = ConfirmForm(), nomination.ref
    if not form.validate():
        return _page(nomination, problems=form.problems), 422
    try:
        service.confirm_name(nomination, form.text.data or "", actor=current_actor(), at=_at(nomination))
    except ParitranaError as refusal:
        db.session.rollback()
        return _page(get_nomination(ref), problems=[("", sentence(refusal))]), refusal.status
    db.session.commit()
    flash(_("Thank you. The name is printed like this."), "ok")
    return redirect(url_for("certificate_names.name", ref=ref), 303)


@bp.post("/nominations/<ref>/certificate-name/withdraw")
@allowed(Act.SPELL_NAME, nomination=get_nomination)
def withdraw(nomination: Nomination) -> ResponseReturnValue:
    """Take a request back that nobody answered yet."""
    ref = nomination.ref
    try:
        service.withdraw_spelling(nomination, actor=current_actor(), at=_at(nomination))
    except ParitranaError as refusal:
        db.session.rollback()
        return _page(get_nomination(ref), problems=[("", sentence(refusal))]), refusal.status
    db.session.commit()
    flash(_("The request is taken back."), "ok")
    return redirect(url_for("certificate_names.name", ref=ref), 303)


def _page(
    nomination: Nomination, form: SpellingForm | None = None, problems: list[tuple[str, str]] | None = None
) -> str:
    cycle, said = nomination.category.cycle, queries.spellings_of(nomination)
    printed = next((one.text for one in said if one.state == "accepted"), nomination.organisation.name)
    form = form or SpellingForm(formdata=None, data={"text": printed})
    return render_template(
        "certificates/editor/spelling.html",
        nomination=nomination,
        cycle=cycle,
        simulated=cycle.simulated,
        printed=printed,
        shown=_sample(nomination, printed),
        confirmed=queries.last_confirmation(nomination),
        asked=next((one for one in said if one.state == "asked"), None),
        before=[one for one in said if one.state != "asked"],
        form=form,
        plain=Form(formdata=None),
        problems=problems or form.problems,
    )


def _sample(nomination: Nomination, printed: str) -> dict[str, Any]:
    """A participant's paper with the name, or why it cannot be printed; it is the same whatever the result will be."""
    cycle, category = nomination.category.cycle, nomination.category
    template = read_template(document_in_use(queries.templates_for(cycle), Kind.PARTICIPANT))
    settings = current_app.extensions["settings"]
    recipient = queries.Recipient(printed, Words(category.title_id, category.title_en), {})
    try:
        png, _places = sample.picture(
            template, queries.contents(cycle, template.images),
            sample.facts_of(Kind.PARTICIPANT, recipient, cycle, _at(nomination)),
            sample.Desk(settings.base_url, settings.operator_name),
        )  # fmt: skip
    except ParitranaError as refusal:
        return {"problems": [sentence(refusal)]}
    return {"picture": sample.data_url(png), "problems": []}


def _at(nomination: Nomination) -> datetime:
    return cycle_time(nomination.category.cycle, now())
