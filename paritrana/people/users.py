"""The administrator's pages about accounts. No page here shows a mark, a rank or what was handed in."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from paritrana.accounts import attempts, requests, security, service
from paritrana.accounts import queries as accounts
from paritrana.accounts.models import Account, RoleGrant
from paritrana.accounts.once import once
from paritrana.core.errors import ParitranaError
from paritrana.core.policy import Act
from paritrana.cycles.models import Cycle
from paritrana.cycles.queries import get_cycle
from paritrana.database import db
from paritrana.people import acts, hints, mailing, queries
from paritrana.people.forms import ZONE, AnyOfficerForm, ReasonForm, RoleForm, SearchForm
from paritrana.people.models import Invitation
from paritrana.people.service import withdraw_invitation
from paritrana.people.words import INVITATION_SHAPES, INVITATION_WORDS, ROLE_WORDS
from paritrana.web.access import allowed, current_actor, now
from paritrana.web.forms import Form

bp = Blueprint("users", __name__, template_folder="templates")


# Lists ----------------------------------------------------------------------------------------------------------------


@bp.get("/system/users")
@allowed(Act.SEE_USERS)
def users() -> ResponseReturnValue:
    """The accounts by name, and the invitations that wait."""
    return _list_page(SearchForm(formdata=None))


@bp.post("/system/users")
@allowed(Act.SEE_USERS)
def search() -> ResponseReturnValue:
    """The same list, narrowed by a name, an address or a role. Nothing changes: names stay out of addresses."""
    form = SearchForm()
    return _list_page(form), 200 if form.validate() else 422


def _list_page(form: SearchForm) -> str:
    at = now()
    found, total = queries.find_accounts((form.text.data or "").strip(), form.role.data or "")
    ids = [account.id for account in found]
    sessions, held = hints.sessions_of(ids, at), queries.held_by(ids)
    return render_template(
        "people/users.html",
        form=form,
        problems=form.problems,
        rows=[
            (account, held[account.id], len(sessions[account.id]), hints.hints_of(sessions[account.id], at),
             _locked(account))
            for account in found
        ],
        total=total,
        invitations=queries.invitations(at),
        roles=ROLE_WORDS,
        words=INVITATION_WORDS,
        shapes=INVITATION_SHAPES,
        at=at,
        plain=Form(formdata=None),
    )  # fmt: skip


@bp.get("/system/users/<account>")
@allowed(Act.SEE_USERS, account=queries.account_named)
def user(account: Account) -> ResponseReturnValue:
    """One account: its roles, sessions, lock, and what can be done about it."""
    at = now()
    sessions = hints.sessions_of([account.id], at)[account.id]
    return render_template(
        "people/user.html",
        account=account,
        held=queries.held_by([account.id], ended=True)[account.id],
        sessions=sessions,
        hints=hints.hints_of(sessions, at),
        failures=accounts.failures_in_a_row(security.key_of_account(account.email)),
        locked=_locked(account),
        roles=ROLE_WORDS,
        at=at,
        plain=Form(formdata=None),
        problems=[],
    )


def _locked(account: Account) -> bool:
    return accounts.failures_in_a_row(security.key_of_account(account.email)) > attempts.IN_A_ROW


# Invitations and roles ------------------------------------------------------------------------------------------------


@bp.get("/system/users/invite")
@allowed(Act.MANAGE_OFFICERS)
def invite_page() -> ResponseReturnValue:
    """The form of an invitation of an officer."""
    return _invite_page(_officer_form(fresh=True))


@bp.post("/system/users/invite")
@allowed(Act.MANAGE_OFFICERS)
@once
def invite() -> ResponseReturnValue:
    """Ask a second officer for the invitation; nobody is invited before."""
    form = _officer_form()
    if not form.validate():
        return _invite_page(form), 422
    try:
        cycle = _cycle(form.cycle.data)
        wish = form.wish(cycle, ZONE if cycle is None else cycle.timezone)
        acts.ask_invitation(
            acts.INVITE_OFFICER, wish, cycle, reason=form.reason.data or "", actor=current_actor(), at=now()
        )
    except ParitranaError as refusal:
        db.session.rollback()
        form.refuse(refusal)
        return _invite_page(form), refusal.status
    db.session.commit()
    flash(_("Asked. The invitation leaves when an organiser or auditor confirms it."), "ok")
    return redirect(url_for("staff_requests.all_requests"), 303)


@bp.post("/system/invitations/<invitation>/withdraw")
@allowed(Act.MANAGE_USERS, invitation=queries.get_invitation)
@once
def withdraw(invitation: Invitation) -> ResponseReturnValue:
    """Take an invitation back."""
    withdraw_invitation(invitation, actor=current_actor(), at=now())
    db.session.commit()
    flash(_("The invitation is taken back."), "ok")
    return redirect(url_for("users.users"), 303)


@bp.get("/system/users/<account>/roles/new")
@allowed(Act.MANAGE_OFFICERS, account=queries.account_named)
def role_page(account: Account) -> ResponseReturnValue:
    """The form of one more role for an officer."""
    return _ask_page(account, _role_form(account, fresh=True), *_role_words(account))


@bp.post("/system/users/<account>/roles/new")
@allowed(Act.MANAGE_OFFICERS, account=queries.account_named)
@once
def ask_role(account: Account) -> ResponseReturnValue:
    """Ask a second officer for the role."""
    form = _role_form(account)

    def ask() -> None:
        cycle = _cycle(form.cycle.data)
        wish = form.wish(account.email, cycle, ZONE if cycle is None else cycle.timezone)
        acts.ask_role(account, wish, cycle, reason=form.reason.data or "", actor=current_actor(), at=now())

    return _asked(account, form, ask, *_role_words(account))


@bp.get("/system/users/<account>/roles/<int:no>/end")
@allowed(Act.MANAGE_USERS, account=queries.account_named)
def end_page(account: Account, no: int) -> ResponseReturnValue:
    """The form of the end of a role."""
    grant = queries.get_grant(account, no)
    return _ask_page(account, ReasonForm(formdata=None), *_end_words(account, grant))


@bp.post("/system/users/<account>/roles/<int:no>/end")
@allowed(Act.MANAGE_USERS, account=queries.account_named)
@once
def end_role(account: Account, no: int) -> ResponseReturnValue:
    """End a nominee's membership at once; ask a second officer for the end of an officer's role."""
    form, grant = ReasonForm(), queries.get_grant(account, no)
    at, me = now(), current_actor()
    if grant.role != "nominee":
        return _asked(
            account, form, lambda: acts.ask_end(account, grant, reason=form.reason.data or "", actor=me, at=at),
            *_end_words(account, grant),
        )  # fmt: skip

    def end() -> None:
        service.end_grant(grant, actor=me, at=at)
        mailing.send_role_changed(account, grant.role, f"{grant.id}", granted=False, at=at)

    return _asked(account, form, end, *_end_words(account, grant), said=_("The role has ended."))


# The account ----------------------------------------------------------------------------------------------------------


@bp.post("/system/users/<account>/sessions")
@allowed(Act.MANAGE_USERS, account=queries.account_named)
@once
def end_sessions(account: Account) -> ResponseReturnValue:
    """End every session of the account."""
    service.sign_out_everywhere(account, actor=current_actor(), at=now())
    ref = account.ref
    db.session.commit()
    flash(_("Every session of this account has ended."), "ok")
    return redirect(url_for("users.user", account=ref), 303)


@bp.get("/system/users/<account>/close")
@allowed(Act.MANAGE_USERS, account=queries.account_named)
def close_page(account: Account) -> ResponseReturnValue:
    """The form that closes an account."""
    return _ask_page(account, ReasonForm(formdata=None), *_close_words(account))


@bp.post("/system/users/<account>/close")
@allowed(Act.MANAGE_USERS, account=queries.account_named)
@once
def close(account: Account) -> ResponseReturnValue:
    """Close an account at once: one person is enough to stop somebody, two open it again."""
    form = ReasonForm()

    def end() -> None:
        if not account.active:
            raise service.AccountClosed
        service.close_account(account, actor=current_actor(), at=now(), reason=form.reason.data or "")

    return _asked(account, form, end, *_close_words(account), said=_("The account is closed, its sessions have ended."))


@bp.get("/system/users/<account>/reopen")
@allowed(Act.MANAGE_OFFICERS, account=queries.account_named)
def reopen_page(account: Account) -> ResponseReturnValue:
    """The form that asks for an account to be opened again."""
    return _ask_page(account, ReasonForm(formdata=None), *_reopen_words(account))


@bp.post("/system/users/<account>/reopen")
@allowed(Act.MANAGE_OFFICERS, account=queries.account_named)
@once
def reopen(account: Account) -> ResponseReturnValue:
    """Ask a second officer to open a closed account."""
    form = ReasonForm()

    def ask() -> None:
        if account.active:
            raise service.AccountOpen
        _ask(acts.REOPEN_ACCOUNT, account, form)

    return _asked(account, form, ask, *_reopen_words(account))


@bp.get("/system/users/<account>/reset")
@allowed(Act.MANAGE_OFFICERS, account=queries.account_named)
def reset_page(account: Account) -> ResponseReturnValue:
    """The form that asks for a new password for somebody."""
    return _ask_page(account, ReasonForm(formdata=None), *_reset_words(account))


@bp.post("/system/users/<account>/reset")
@allowed(Act.MANAGE_OFFICERS, account=queries.account_named)
@once
def reset(account: Account) -> ResponseReturnValue:
    """Ask a second officer for a link to the owner's address. Nobody here sees or picks a password."""
    form = ReasonForm()
    return _asked(account, form, lambda: _ask(acts.RESET_PASSWORD, account, form), *_reset_words(account))


@bp.get("/system/users/<account>/second-factors")
@allowed(Act.MANAGE_OFFICERS, account=queries.account_named)
def factors_page(account: Account) -> ResponseReturnValue:
    """The form that asks to take somebody's second factors away, who lost them all."""
    return _ask_page(account, ReasonForm(formdata=None), *_factors_words())


@bp.post("/system/users/<account>/second-factors")
@allowed(Act.MANAGE_OFFICERS, account=queries.account_named)
@once
def clear_factors(account: Account) -> ResponseReturnValue:
    """Ask a second officer for it; the owner sets a new one up at the next sign-in, with the password."""
    form = ReasonForm()
    return _asked(account, form, lambda: _ask(acts.CLEAR_FACTORS, account, form), *_factors_words())


def _factors_words() -> tuple[str, str, str]:
    return (
        _("Removal of the second factors of an account"),
        _(
            "For a person who lost the phone, the passkey and the recovery codes. Make sure that it is this person who "
            "asks, on a way other than this site. Another officer confirms."
        ),
        _("Ask for it"),
    )


def _ask(act: requests.StaffAct, account: Account, form: ReasonForm) -> None:
    requests.ask(act, account.ref, {}, reason=form.reason.data or "", actor=current_actor(), at=now())


# Pages ----------------------------------------------------------------------------------------------------------------


def _asked(
    account: Account, form: Any, change: Callable[[], None], title: str, lead: str, button: str, *, said: str = ""
) -> ResponseReturnValue:
    """Do what a form asks for, or show it again with the refusal."""
    ref = account.ref
    if not form.validate():
        return _ask_page(account, form, title, lead, button), 422
    try:
        change()
    except ParitranaError as refusal:
        db.session.rollback()
        form.refuse(refusal)
        return _ask_page(accounts.get_account(ref), form, title, lead, button), refusal.status
    db.session.commit()
    flash(said or _("Asked. It is done when an organiser or auditor confirms it."), "ok")
    return redirect(url_for("users.user", account=ref), 303)


def _ask_page(account: Account, form: Any, title: str, lead: str, button: str) -> str:
    return render_template(
        "people/ask.html", account=account, form=form, title=title, lead=lead, button=button, problems=form.problems
    )


def _role_words(account: Account) -> tuple[str, str, str]:
    lead = _("%(name)s gets the role when a second officer has confirmed it.", name=account.name)
    return _("One more role"), lead, _("Ask for the role")


def _end_words(account: Account, grant: RoleGrant) -> tuple[str, str, str]:
    role = _(ROLE_WORDS[grant.role])
    if grant.role == "nominee":
        lead = _("%(name)s loses the role at once, and every session ends.", name=account.name)
        return _("End of the role: %(role)s", role=role), lead, _("End the role")
    lead = _("%(name)s keeps the role until a second officer has confirmed its end.", name=account.name)
    return _("End of the role: %(role)s", role=role), lead, _("Ask for its end")


def _close_words(account: Account) -> tuple[str, str, str]:
    lead = _(
        "%(name)s is signed out at once and cannot sign in. Two people are needed to open it again.", name=account.name
    )
    return _("Close the account"), lead, _("Close it now")


def _reopen_words(account: Account) -> tuple[str, str, str]:
    lead = _("%(name)s can sign in again, with the same roles, when a second officer has confirmed it.",
             name=account.name)  # fmt: skip
    return _("Open the account again"), lead, _("Ask for it")


def _reset_words(account: Account) -> tuple[str, str, str]:
    lead = _(
        "A link goes to the address of %(name)s when a second officer has confirmed it. It is good for 30 minutes; "
        "nobody but the owner sees or picks the password, and the second factor stays.",
        name=account.name,
    )
    return _("New password for an account"), lead, _("Ask for the link")


def _officer_form(*, fresh: bool = False) -> AnyOfficerForm:
    given = {"formdata": None} if fresh else {}
    form = AnyOfficerForm([], administrators=True, **given)
    _offer_cycles(form)
    form.offer(queries.officers())
    return form


def _role_form(account: Account, *, fresh: bool = False) -> RoleForm:
    form = RoleForm(formdata=None) if fresh else RoleForm()
    _offer_cycles(form)
    form.offer([one for one in queries.officers() if one.id != account.id])
    return form


def _offer_cycles(form: Any) -> None:
    form.cycle.choices = [("", _("None (administrator)")), *((one.code, one.title_id) for one in queries.open_cycles())]


def _cycle(code: str | None) -> Cycle | None:
    return get_cycle(code) if code else None


def _invite_page(form: AnyOfficerForm) -> str:
    return render_template("people/invite_officer.html", form=form, problems=form.problems)
