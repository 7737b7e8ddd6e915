"""The pages that a link of a message opens: an invitation, a new password, a new address; and the wish for a password.

Opening a link changes nothing: the token moves from the address into a cookie at once, which scripts cannot read, and
only the form that is sent uses it up. Whatever is wrong with a link, the answer is one and the same.
"""

from typing import Final

from flask import Blueprint, current_app, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from paritrana.accounts import attempts, security
from paritrana.accounts import queries as accounts
from paritrana.accounts.attempts import PER_SOURCE, WINDOW, Source, TooManyAttempts
from paritrana.accounts.models import Account
from paritrana.accounts.passwords import asks_classes
from paritrana.accounts.session import this_session
from paritrana.config import Settings
from paritrana.core.errors import ParitranaError
from paritrana.core.policy import Act
from paritrana.database import db
from paritrana.people import service, tokens
from paritrana.people.forms import EmailForm, FirstSignInForm, NewPasswordForm
from paritrana.people.models import AccountLink, Invitation
from paritrana.people.service import InvitationOver, LinkOver
from paritrana.people.words import ROLE_WORDS
from paritrana.web.access import allowed, now
from paritrana.web.forms import Form
from paritrana.web.template_filters import sentence

bp = Blueprint("links", __name__, template_folder="templates")

COOKIE_FOR: Final = 1800  # seconds
LONGEST_TOKEN: Final = 100


# Invitations ----------------------------------------------------------------------------------------------------------


@bp.get("/invitations/<token>")
@allowed(Act.USE_LINK)
def invitation_link(token: str) -> ResponseReturnValue:
    """Take the token out of the address."""
    return _carried(token, "links.invitation")


@bp.get("/invitations")
@allowed(Act.USE_LINK)
def invitation() -> ResponseReturnValue:
    """What the invitation is to, and the form of the first sign-in."""
    found = _invitation()
    return _over() if found is None else _invitation_page(found, FirstSignInForm(formdata=None, name=found.name))


@bp.post("/invitations")
@allowed(Act.USE_LINK)
def accept() -> ResponseReturnValue:
    """Make the account, or give the role to who is signed in with that address."""
    found = _invitation()
    if found is None:
        return _over()
    if _known(found) is not None:
        return _accept_as_known(found)
    form = FirstSignInForm()
    if not form.validate():
        return _invitation_page(found, form), 422
    try:
        service.accept_as_new(
            found, form.name.data or "", form.password.data or "", profile=_settings().password_profile, at=now()
        )
    except ParitranaError as refusal:
        return _refused_invitation(form, refusal)
    db.session.commit()
    return _done("account")


def _accept_as_known(found: Invitation) -> ResponseReturnValue:
    form, account = Form(), _mine(found)
    if account is None or not form.validate():
        return _invitation_page(found, form), 422
    try:
        service.accept_as_known(found, account, at=now())
    except ParitranaError as refusal:
        return _refused_invitation(form, refusal)
    db.session.commit()
    return _done("role")


def _refused_invitation(form: Form, refusal: ParitranaError) -> ResponseReturnValue:
    db.session.rollback()
    found = _invitation()
    if found is None or isinstance(refusal, InvitationOver):
        return _over()
    form.refuse(refusal)
    return _invitation_page(found, form), refusal.status


def _invitation() -> Invitation | None:
    return tokens.find_invitation(_settings().secret_key, _token(), now())


def _known(found: Invitation) -> Account | None:
    return accounts.find_account(found.email)


def _mine(found: Invitation) -> Account | None:
    """The account of the invited address, where that is who is signed in."""
    account, holder = _known(found), this_session().holder
    return account if account is not None and holder is not None and holder.account_id == account.id else None


def _invitation_page(found: Invitation, form: Form) -> str:
    return render_template(
        "people/invitation.html",
        invitation=found,
        role=ROLE_WORDS[found.role],
        form=form,
        known=_known(found) is not None,
        mine=_mine(found) is not None,
        classes=asks_classes(_settings().password_profile),
        problems=form.problems,
    )


# A new password -------------------------------------------------------------------------------------------------------


@bp.get("/password/reset")
@allowed(Act.USE_LINK)
def reset_page() -> ResponseReturnValue:
    """Ask for the address of who forgot the password."""
    return render_template("people/reset.html", form=EmailForm(formdata=None), problems=[])


@bp.post("/password/reset")
@allowed(Act.USE_LINK)
def reset() -> ResponseReturnValue:
    """Note the address; the answer is the same for every one, and whether it is known is looked up elsewhere."""
    form = EmailForm()
    if not form.validate():
        return render_template("people/reset.html", form=form, problems=form.problems), 422
    email, at = form.email.data or "", now()
    source = Source(_keyed("reset", email), _keyed("reset-source", attempts.source_text(request.remote_addr)), False)
    attempts.note(source, at).forgiven = True  # counted by its source alone, and forgotten with the others
    since = at - WINDOW
    if accounts.failures_of_source(source.source_key, since) > PER_SOURCE:
        first = accounts.first_failure_of_source(source.source_key, since) or at
        db.session.rollback()
        refusal = TooManyAttempts(minutes=max(1, -(-int((first + WINDOW - at).total_seconds()) // 60)))
        form.refuse(refusal)
        page = render_template("people/reset.html", form=form, problems=form.problems)
        return page, refusal.status, attempts.retry_after(refusal)
    service.wish_reset(email, at=at)
    db.session.commit()
    return render_template("people/reset_noted.html")


@bp.get("/password/new/<token>")
@allowed(Act.USE_LINK)
def password_link(token: str) -> ResponseReturnValue:
    """Take the token out of the address."""
    return _carried(token, "links.new_password")


@bp.get("/password/new")
@allowed(Act.USE_LINK)
def new_password() -> ResponseReturnValue:
    """The form of the new password."""
    return _over() if _link("password") is None else _password_page(NewPasswordForm(formdata=None))


@bp.post("/password/new")
@allowed(Act.USE_LINK)
def set_password() -> ResponseReturnValue:
    """Set the new password; every session ends. Second factors stay as they are."""
    found, form = _link("password"), NewPasswordForm()
    if found is None:
        return _over()
    if not form.validate():
        return _password_page(form), 422
    try:
        account = service.use_password_link(
            found, form.password.data or "", profile=_settings().password_profile, at=now()
        )
        security.unlock(account.email)
    except LinkOver:
        db.session.rollback()
        return _over()
    except ParitranaError as refusal:
        db.session.rollback()
        form.refuse(refusal, form.password)
        return _password_page(form), refusal.status
    db.session.commit()
    return _done("password")


def _password_page(form: NewPasswordForm) -> str:
    classes = asks_classes(_settings().password_profile)
    return render_template("people/new_password.html", form=form, classes=classes, problems=form.problems)


# A new address --------------------------------------------------------------------------------------------------------


@bp.get("/email/confirm/<token>")
@allowed(Act.USE_LINK)
def email_link(token: str) -> ResponseReturnValue:
    """Take the token out of the address."""
    return _carried(token, "links.confirm_email")


@bp.get("/email/confirm")
@allowed(Act.USE_LINK)
def confirm_email() -> ResponseReturnValue:
    """Ask whether the account is to be signed in with this address from now on."""
    found = _link("email")
    if found is None:
        return _over()
    return render_template("people/confirm_email.html", email=found.email, form=Form(formdata=None), problems=[])


@bp.post("/email/confirm")
@allowed(Act.USE_LINK)
def change_email() -> ResponseReturnValue:
    """Change the address; every session ends."""
    found, form = _link("email"), Form()
    if found is None:
        return _over()
    email = found.email
    if not form.validate():
        return render_template("people/confirm_email.html", email=email, form=form, problems=form.problems), 422
    try:
        service.use_email_link(found, at=now())
    except LinkOver:
        db.session.rollback()
        return _over()
    except ParitranaError as refusal:
        db.session.rollback()
        problems = [("", sentence(refusal))]
        page = render_template("people/confirm_email.html", email=email, form=form, problems=problems)
        return page, refusal.status
    db.session.commit()
    return _done("email")


def _link(kind: str) -> AccountLink | None:
    return tokens.find_link(_settings().secret_key, kind, _token(), now())


def _carried(token: str, endpoint: str) -> ResponseReturnValue:
    """Lead on to the form, with the token in a cookie."""
    answer = make_response(redirect(url_for(endpoint), 303))
    answer.set_cookie(
        _cookie_name(), token[:LONGEST_TOKEN], max_age=COOKIE_FOR, path="/", secure=_settings().secure, httponly=True,
        samesite="Lax",
    )  # fmt: skip
    return answer


def _done(what: str) -> ResponseReturnValue:
    answer = make_response(render_template("people/link_done.html", done=what))
    answer.delete_cookie(_cookie_name(), path="/", secure=_settings().secure, httponly=True, samesite="Lax")
    return answer


def _token() -> str:
    return request.cookies.get(_cookie_name(), "")


def _cookie_name() -> str:
    return "__Host-link" if _settings().secure else "link"


def _over() -> ResponseReturnValue:
    return render_template("people/link_over.html", said=sentence(LinkOver())), LinkOver.status


def _keyed(purpose: str, text: str) -> str:
    return attempts.keyed(_settings().secret_key, purpose, accounts.normal_email(text))


def _settings() -> Settings:
    settings: Settings = current_app.extensions["settings"]
    return settings
