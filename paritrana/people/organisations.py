"""The administrator's pages about organisations: who answers for whom, and new ones."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from paritrana.accounts.once import once
from paritrana.core.errors import ParitranaError
from paritrana.core.policy import Act
from paritrana.database import db
from paritrana.people import queries
from paritrana.people.forms import ZONE, MemberForm, OrganisationForm, OrganisationSearchForm
from paritrana.people.models import Invitation
from paritrana.people.service import invite
from paritrana.people.words import INVITATION_SHAPES, INVITATION_WORDS, KIND_WORDS
from paritrana.reference import service
from paritrana.reference.models import Organisation
from paritrana.reference.queries import get_organisation
from paritrana.web.access import allowed, current_actor, now
from paritrana.web.forms import Form

bp = Blueprint("organisations", __name__, template_folder="templates")


@bp.get("/system/organisations")
@allowed(Act.SEE_USERS)
def organisations() -> ResponseReturnValue:
    """The organisations, those with people first."""
    return _list_page(OrganisationSearchForm(_kinds(), formdata=None))


@bp.post("/system/organisations")
@allowed(Act.SEE_USERS)
def search() -> ResponseReturnValue:
    """The same list, narrowed by a name or a kind."""
    form = OrganisationSearchForm(_kinds())
    return _list_page(form), 200 if form.validate() else 422


@bp.get("/system/organisations/new")
@allowed(Act.MANAGE_USERS)
def new_page() -> ResponseReturnValue:
    """The form of a new organisation."""
    return _new_page(OrganisationForm(_kinds(), formdata=None))


@bp.post("/system/organisations/new")
@allowed(Act.MANAGE_USERS)
@once
def new() -> ResponseReturnValue:
    """Add an organisation that can be nominated."""
    form = OrganisationForm(_kinds())
    if not form.validate():
        return _new_page(form), 422
    try:
        made = service.register_organisation(
            form.name.data or "", form.kind.data or "", form.region.data or "", actor=current_actor(), at=now()
        )
    except ParitranaError as refusal:
        db.session.rollback()
        form.refuse(refusal)
        return _new_page(form), refusal.status
    ref = made.ref
    db.session.commit()
    flash(_("The organisation is there. Invite who answers for it."), "ok")
    return redirect(url_for("organisations.organisation", organisation=ref), 303)


@bp.get("/system/organisations/<organisation>")
@allowed(Act.SEE_USERS, organisation=queries.organisation_named)
def organisation(organisation: Organisation) -> ResponseReturnValue:
    """One organisation: its people, its invitations, and the form of one more."""
    return _page(organisation, _member_form(organisation, fresh=True))


@bp.post("/system/organisations/<organisation>")
@allowed(Act.MANAGE_USERS, organisation=queries.organisation_named)
@once
def invite_member(organisation: Organisation) -> ResponseReturnValue:
    """Invite somebody who answers for the organisation."""
    form, ref = _member_form(organisation), organisation.ref
    if not form.validate():
        return _page(organisation, form), 422
    try:
        wish = form.wish(organisation, queries.members_of(organisation.id), ZONE)
        invite(wish, actor=current_actor(), at=now())
    except ParitranaError as refusal:
        db.session.rollback()
        form.refuse(refusal)
        return _page(get_organisation(ref), form), refusal.status
    db.session.commit()
    flash(_("The invitation is on its way. It is good for seven days."), "ok")
    return redirect(url_for("organisations.organisation", organisation=ref), 303)


def _member_form(organisation: Organisation, *, fresh: bool = False) -> MemberForm:
    form = MemberForm(formdata=None) if fresh else MemberForm()
    form.offer_members(queries.members_of(organisation.id), current_actor().user_id)
    return form


def _page(organisation: Organisation, form: MemberForm) -> str:
    at = now()
    return render_template(
        "people/organisation.html",
        organisation=organisation,
        kind=KIND_WORDS[organisation.kind],
        members=queries.members_of(organisation.id),
        invitations=queries.invitations(at, Invitation.organisation_id == organisation.id),
        words=INVITATION_WORDS,
        shapes=INVITATION_SHAPES,
        form=form,
        problems=form.problems,
        at=at,
        plain=Form(formdata=None),
    )


def _list_page(form: OrganisationSearchForm) -> str:
    rows, total = queries.organisations((form.text.data or "").strip(), form.kind.data or "")
    return render_template(
        "people/organisations.html", rows=rows, total=total, kinds=KIND_WORDS, form=form, problems=form.problems
    )


def _new_page(form: OrganisationForm) -> str:
    return render_template("people/new_organisation.html", form=form, problems=form.problems)


def _kinds() -> list[tuple[str, str]]:
    return [(kind, _(word)) for kind, word in KIND_WORDS.items()]
