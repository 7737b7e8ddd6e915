"""The page on which two people correct a published result, and the public pages of its versions."""

from datetime import datetime
from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from paritrana.accounts.once import once
from paritrana.core.errors import NotFound
from paritrana.core.policy import Act, Part
from paritrana.cycles.models import Category, Proposal
from paritrana.cycles.pages import answer_proposal
from paritrana.cycles.queries import cycle_time, get_category, waiting_proposal
from paritrana.cycles.service import withdraw_proposal
from paritrana.database import db
from paritrana.publication import queries
from paritrana.publication.corrections import service
from paritrana.publication.corrections.changes import changes
from paritrana.publication.forms import CorrectForm
from paritrana.publication.models import Publication
from paritrana.publication.queries import CORRECT_ACT
from paritrana.results import words as ranking_words
from paritrana.web.access import allowed, current_actor, may, now
from paritrana.web.forms import Form

bp = Blueprint("corrections", __name__, template_folder="../templates")


# What everybody sees -------------------------------------------------------------------------------------------------


@bp.get("/cycles/<cycle>/results/<cat>/versions")
@allowed(Act.READ_PUBLIC_RESULT, category=get_category)
def versions(category: Category) -> ResponseReturnValue:
    """Every version that was ever public, the one in force first, with the reason of each correction."""
    found = queries.versions_of(category, now())
    if not found:
        raise NotFound
    return render_template("publication/versions.html", **_frame(category), versions=found)


@bp.get("/cycles/<cycle>/results/<cat>/versions/<int:no>")
@allowed(Act.READ_PUBLIC_RESULT, category=get_category)
def version(category: Category, no: int) -> ResponseReturnValue:
    """One version as it was published, and which one replaces it."""
    publication, successor = _version(category, no)
    return render_template(
        "publication/version.html",
        **_frame(category),
        publication=publication,
        successor=successor,
        table=publication.table,
        ranking_words=ranking_words,
    )


@bp.get("/cycles/<cycle>/results/<cat>/versions/<int:no>/bundle.json")
@allowed(Act.READ_PUBLIC_RESULT, category=get_category)
def version_bundle(category: Category, no: int) -> ResponseReturnValue:
    """The open bundle of one version, byte for byte."""
    publication, _successor = _version(category, no)
    answer = make_response(publication.bundle)
    answer.mimetype = "application/json"
    name = f"{category.cycle.code}-{category.slug}-{publication.version_no}.json"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.set_etag(publication.digest)
    return answer.make_conditional(request)


def _version(category: Category, no: int) -> tuple[Publication, Publication | None]:
    """A version and the one that replaces it. Raises `NotFound`."""
    found = {one.version_no: one for one in queries.versions_of(category, now())}
    if no not in found:
        raise NotFound
    return found[no], next((one for one in found.values() if one.replaces_no == no), None)


# Where two people correct --------------------------------------------------------------------------------------------


@bp.get("/manage/<cycle>/publication/<cat>/correction")
@allowed(Act.CORRECT_PUBLICATION, category=get_category)
def correction(category: Category) -> ResponseReturnValue:
    """What is public, what would take its place, and the request of an organiser."""
    return _page(category, CorrectForm(formdata=None))


@bp.post("/manage/<cycle>/publication/<cat>/correction/run")
@allowed(Act.CORRECT_PUBLICATION, category=get_category)
@once
def build(category: Category) -> ResponseReturnValue:
    """Compute the ranking from what is found now; nothing public changes."""
    run = service.build_correcting_run(category, actor=current_actor(), at=_at(category))
    return _stored(category, _("Run %(no)s is calculated. Nothing public has changed.", no=run.no))


@bp.post("/manage/<cycle>/publication/<cat>/correction")
@allowed(Act.CORRECT_PUBLICATION, category=get_category)
@once
def propose(category: Category) -> ResponseReturnValue:
    """An organiser asks to publish the new run in place of what is public."""
    form = CorrectForm()
    if not form.validate():
        return _page(category, form), 422
    service.propose_correction(
        category, form.digest.data or "", form.reason.data or "", actor=current_actor(), at=_at(category)
    )
    return _stored(category, _("Requested. The chair must confirm the correction."))


@bp.post("/manage/<cycle>/publication/<cat>/correction/<proposal>")
@allowed(Act.CORRECT_PUBLICATION, part=Part.SECOND, proposal=queries.get_correct_proposal)
@once
def confirm(proposal: Proposal) -> ResponseReturnValue:
    """The chair corrects what is public, or sends the request back (`answer` = refuse)."""
    category, moved = proposal.category, service.void_moved_correction
    if answer_proposal(proposal, service.confirm_correction, at=_at(category), void_moved=moved):
        return _done(category, _("The correction is public. What it replaces stays readable."))
    return _done(category, _("The request was sent back."))


@bp.post("/manage/<cycle>/publication/<cat>/correction/<proposal>/withdraw")
@allowed(Act.CORRECT_PUBLICATION, proposal=queries.get_correct_proposal)
@once
def withdraw(proposal: Proposal) -> ResponseReturnValue:
    """An organiser takes the request back."""
    withdraw_proposal(proposal, actor=current_actor(), at=_at(proposal.category))
    return _stored(proposal.category, _("The request was taken back."))


def _page(category: Category, form: CorrectForm) -> str:
    publication, draft = queries.publication_in_force(category, now()), service.draft_of(category)
    proposal = waiting_proposal(category, CORRECT_ACT)
    if draft is not None and not form.digest.data:
        form.digest.data = draft.run.digest
    return render_template(
        "publication/correction.html",
        **_frame(category),
        publication=publication,
        draft=draft,
        changes=[] if publication is None or draft is None else changes(publication.table, draft.table),
        proposal=proposal,
        proposal_stands=proposal is not None and service.stands(proposal, draft),
        may_confirm=may(Act.CORRECT_PUBLICATION, category, part=Part.SECOND),
        form=form,
        me=current_actor(),
        ranking_words=ranking_words,
        plain=Form(formdata=None),
    )


def _frame(category: Category) -> dict[str, Any]:
    return {"category": category, "cycle": category.cycle, "simulated": category.cycle.simulated}


def _at(category: Category) -> datetime:
    return cycle_time(category.cycle, now())


def _stored(category: Category, said: str) -> ResponseReturnValue:
    db.session.commit()
    flash(said, "ok")
    return redirect(url_for("corrections.correction", cycle=category.cycle.code, cat=category.slug), 303)


def _done(category: Category, said: str) -> ResponseReturnValue:
    db.session.commit()
    flash(said, "ok")
    return redirect(f"{url_for('publishing.publication', cycle=category.cycle.code)}#{category.slug}", 303)
