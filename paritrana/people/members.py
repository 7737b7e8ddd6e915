"""The nominee's page about the people of the own organisation."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from paritrana.accounts import queries as accounts
from paritrana.accounts import service
from paritrana.accounts.models import RoleGrant
from paritrana.accounts.once import once
from paritrana.core.errors import NotFound, ParitranaError
from paritrana.core.policy import Act
from paritrana.core.words import N_
from paritrana.database import db
from paritrana.nominations.models import Nomination
from paritrana.nominations.queries import get_nomination
from paritrana.people import mailing, queries
from paritrana.people.forms import MemberForm
from paritrana.people.models import Invitation
from paritrana.people.service import invite, withdraw_invitation
from paritrana.people.words import INVITATION_SHAPES, INVITATION_WORDS
from paritrana.web.access import allowed, current_actor, now
from paritrana.web.forms import Form
from paritrana.web.template_filters import sentence

bp = Blueprint("members", __name__, template_folder="templates")


class OwnMembership(ParitranaError):
    """Who would end the own membership: another member or the organiser does that, so that nobody is left alone."""

    code = "own_membership"
    message = N_("You cannot end your own membership. Ask another member, or the organiser of the cycle.")


@bp.get("/nominations/<ref>/members")
@allowed(Act.MANAGE_MEMBERS, nomination=get_nomination)
def members(nomination: Nomination) -> ResponseReturnValue:
    """Who answers for the organisation, and the invitations."""
    return _page(nomination, _form(nomination, fresh=True))


@bp.post("/nominations/<ref>/members")
@allowed(Act.MANAGE_MEMBERS, nomination=get_nomination)
@once
def invite_member(nomination: Nomination) -> ResponseReturnValue:
    """Invite one more person of the own organisation."""
    form, ref = _form(nomination), nomination.ref
    if not form.validate():
        return _page(nomination, form), 422
    try:
        people = queries.members_of(nomination.organisation_id)
        wish = form.wish(nomination.organisation, people, nomination.category.cycle.timezone)
        if wish.replaces is not None and wish.replaces.account_id == current_actor().user_id:
            raise OwnMembership
        invite(wish, actor=current_actor(), at=now())
    except ParitranaError as refusal:
        db.session.rollback()
        form.refuse(refusal)
        return _page(get_nomination(ref), form), refusal.status
    db.session.commit()
    flash(_("The invitation is on its way. It is good for seven days."), "ok")
    return redirect(url_for("members.members", ref=ref), 303)


@bp.post("/nominations/<ref>/members/<member>/end")
@allowed(Act.MANAGE_MEMBERS, nomination=get_nomination)
@once
def end_member(nomination: Nomination, member: str) -> ResponseReturnValue:
    """End the membership of another member at once."""
    ref, grant = nomination.ref, _membership(nomination, member)
    try:
        if grant.account_id == current_actor().user_id:
            raise OwnMembership
        service.end_grant(grant, actor=current_actor(), at=now())
    except ParitranaError as refusal:
        db.session.rollback()
        nomination = get_nomination(ref)
        return _page(nomination, _form(nomination, fresh=True), [("", sentence(refusal))]), refusal.status
    mailing.send_role_changed(grant.account, "nominee", f"{grant.id}", granted=False, at=now())
    db.session.commit()
    flash(_("The membership has ended."), "ok")
    return redirect(url_for("members.members", ref=ref), 303)


@bp.post("/nominations/<ref>/members/invitations/<invitation>/withdraw")
@allowed(Act.MANAGE_MEMBERS, nomination=get_nomination)
@once
def withdraw(nomination: Nomination, invitation: str) -> ResponseReturnValue:
    """Take an invitation of the own organisation back."""
    found, ref = queries.get_invitation(invitation), nomination.ref
    if found.organisation_id != nomination.organisation_id:
        raise NotFound(invitation)
    withdraw_invitation(found, actor=current_actor(), at=now())
    db.session.commit()
    flash(_("The invitation is taken back."), "ok")
    return redirect(url_for("members.members", ref=ref), 303)


def _membership(nomination: Nomination, member: str) -> RoleGrant:
    account = accounts.get_account(member)
    for grant in queries.members_of(nomination.organisation_id):
        if grant.account_id == account.id:
            return grant
    raise NotFound(member)


def _form(nomination: Nomination, *, fresh: bool = False) -> MemberForm:
    form = MemberForm(formdata=None) if fresh else MemberForm()
    form.offer_members(queries.members_of(nomination.organisation_id), current_actor().user_id)
    return form


def _page(nomination: Nomination, form: MemberForm, problems: list[tuple[str, str]] | None = None) -> str:
    at = now()
    return render_template(
        "people/members.html",
        nomination=nomination,
        organisation=nomination.organisation,
        simulated=nomination.category.cycle.simulated,
        members=queries.members_of(nomination.organisation_id),
        invitations=queries.invitations(at, Invitation.organisation_id == nomination.organisation_id),
        me=current_actor().user_id,
        words=INVITATION_WORDS,
        shapes=INVITATION_SHAPES,
        form=form,
        problems=[*(problems or []), *form.problems],
        zone=nomination.category.cycle.timezone,
        at=at,
        plain=Form(formdata=None),
    )
