"""The organiser's page about the people of a cycle: nominees are invited, officers are proposed."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from paritrana.accounts.once import once
from paritrana.core.errors import BadInput, NotFound, ParitranaError
from paritrana.core.policy import Act
from paritrana.core.words import N_
from paritrana.cycles.models import Cycle
from paritrana.cycles.queries import get_cycle
from paritrana.database import db
from paritrana.people import acts, queries
from paritrana.people.forms import CycleMemberForm, OfficerForm
from paritrana.people.models import Invitation
from paritrana.people.service import invite, withdraw_invitation
from paritrana.people.words import INVITATION_SHAPES, INVITATION_WORDS, ROLE_WORDS
from paritrana.reference.models import Organisation
from paritrana.web.access import allowed, current_actor, may, now
from paritrana.web.forms import Form

bp = Blueprint("cycle_people", __name__, template_folder="templates")


class UnclearOrganisation(BadInput):
    """The name fits no organisation of the cycle, or several. Params: `names`."""

    code = "unclear_organisation"
    message = N_("No single organisation of this cycle has this name. Similar names: %(names)s.")


@bp.get("/manage/<cycle>/people")
@allowed(Act.INVITE_NOMINEE, cycle=get_cycle)
def people(cycle: Cycle) -> ResponseReturnValue:
    """Who answers for the candidates, who the officers are, and the invitations of both."""
    return _page(cycle, _member_form(cycle, fresh=True))


@bp.post("/manage/<cycle>/people")
@allowed(Act.INVITE_NOMINEE, cycle=get_cycle)
@once
def invite_nominee(cycle: Cycle) -> ResponseReturnValue:
    """Invite somebody who answers for an organisation of the cycle."""
    form, code = _member_form(cycle), cycle.code
    if not form.validate():
        return _page(cycle, form), 422
    try:
        organisation = _organisation(cycle, (form.organisation.data or "").strip())
        wish = form.wish(organisation, queries.members_of(organisation.id), cycle.timezone)
        invite(wish, actor=current_actor(), at=now())
    except ParitranaError as refusal:
        db.session.rollback()
        form.refuse(refusal, form.organisation if isinstance(refusal, UnclearOrganisation) else None)
        return _page(get_cycle(code), form), refusal.status
    db.session.commit()
    flash(_("The invitation is on its way. It is good for seven days."), "ok")
    return redirect(url_for("cycle_people.people", cycle=code), 303)


@bp.post("/manage/<cycle>/people/<invitation>/withdraw")
@allowed(Act.INVITE_NOMINEE, cycle=get_cycle)
@once
def withdraw(cycle: Cycle, invitation: str) -> ResponseReturnValue:
    """Take an invitation of a nominee of this cycle back."""
    found, code = queries.get_invitation(invitation), cycle.code
    if found.organisation_id is None or not queries.is_in_reach(cycle, found.organisation_id):
        raise NotFound(invitation)
    withdraw_invitation(found, actor=current_actor(), at=now())
    db.session.commit()
    flash(_("The invitation is taken back."), "ok")
    return redirect(url_for("cycle_people.people", cycle=code), 303)


@bp.get("/manage/<cycle>/people/officers")
@allowed(Act.PROPOSE_OFFICER, cycle=get_cycle)
def officer_page(cycle: Cycle) -> ResponseReturnValue:
    """The form of an officer to be proposed."""
    return _officer_page(cycle, _officer_form(cycle, fresh=True))


@bp.post("/manage/<cycle>/people/officers")
@allowed(Act.PROPOSE_OFFICER, cycle=get_cycle)
@once
def propose(cycle: Cycle) -> ResponseReturnValue:
    """Propose an officer; an administrator confirms, and only then the invitation leaves."""
    form, code = _officer_form(cycle), cycle.code
    if not form.validate():
        return _officer_page(cycle, form), 422
    try:
        wish = form.wish(cycle, cycle.timezone)
        acts.ask_invitation(
            acts.PROPOSE_OFFICER, wish, cycle, reason=form.reason.data or "", actor=current_actor(), at=now()
        )
    except ParitranaError as refusal:
        db.session.rollback()
        form.refuse(refusal)
        return _officer_page(get_cycle(code), form), refusal.status
    db.session.commit()
    flash(_("Proposed. The invitation leaves when an administrator confirms it."), "ok")
    return redirect(url_for("cycle_people.people", cycle=code), 303)


def _organisation(cycle: Cycle, text: str) -> Organisation:
    found = queries.find_in_reach(cycle, text)
    if len(found) != 1:
        raise UnclearOrganisation(names="; ".join(one.name for one in found) or "–")
    return found[0]


def _member_form(cycle: Cycle, *, fresh: bool = False) -> CycleMemberForm:
    form = CycleMemberForm(formdata=None) if fresh else CycleMemberForm()
    form.offer_members(queries.memberships_in(cycle), None)
    return form


def _officer_form(cycle: Cycle, *, fresh: bool = False) -> OfficerForm:
    people = list({one.account_id: one.account for one in queries.officers_of(cycle.id)}.values())
    if fresh:
        return OfficerForm(people, formdata=None, administrators=False)
    return OfficerForm(people, administrators=False)


def _page(cycle: Cycle, form: CycleMemberForm) -> str:
    at, members = now(), queries.memberships_in(cycle)
    reach = queries.in_reach_of(cycle).with_only_columns(Organisation.id)
    return render_template(
        "people/cycle.html",
        cycle=cycle,
        simulated=cycle.simulated,
        members=members,
        organisations=queries.organisations_by_id({one.organisation_id for one in members}),
        officers=queries.officers_of(cycle.id),
        invitations=queries.invitations(at, (Invitation.cycle_id == cycle.id) | Invitation.organisation_id.in_(reach)),
        proposing=may(Act.PROPOSE_OFFICER, cycle),
        roles=ROLE_WORDS,
        words=INVITATION_WORDS,
        shapes=INVITATION_SHAPES,
        form=form,
        problems=form.problems,
        at=at,
        plain=Form(formdata=None),
    )


def _officer_page(cycle: Cycle, form: OfficerForm) -> str:
    return render_template(
        "people/propose_officer.html", cycle=cycle, simulated=cycle.simulated, form=form, problems=form.problems
    )
