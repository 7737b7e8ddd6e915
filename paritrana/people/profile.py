"""The own account: name and language, password, second factors, and the places where one is signed in."""

from collections.abc import Mapping
from typing import Final

import structlog
from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from paritrana.accounts import alerts, attempts, factors, own, queries, security, service, setup, steps
from paritrana.accounts.attempts import TooManyAttempts
from paritrana.accounts.models import Account, SecondFactor, SignInSession
from paritrana.accounts.once import once
from paritrana.accounts.session import SECOND_KEY, this_session
from paritrana.accounts.steps import WrongPassword
from paritrana.core.errors import ParitranaError, StaleVersion
from paritrana.core.policy import Act, Actor
from paritrana.core.words import N_
from paritrana.database import db
from paritrana.people import hints
from paritrana.people.profile_forms import AppForm, NameForm, PasskeyForm, PasswordForm, ProfileForm
from paritrana.web.access import allowed, current_actor, now
from paritrana.web.forms import Form
from paritrana.web.language import remember_language

log = structlog.get_logger("security")

bp = Blueprint("profile", __name__, template_folder="templates")

# What the owner reads of a hint that the administrator sees, too.
OWN_HINTS: Final[Mapping[str, str]] = {
    hints.FAR: N_("Your account is in use at once in %(n)s networks far from each other."),
    hints.MANY: N_("Your account is in use at once on %(n)s devices."),
}


class PasswordsDiffer(ParitranaError):
    """The new password was typed in two ways."""

    code = "passwords_differ"
    status = 422
    message = N_("The two new passwords are not the same. Type both again.")


def own_factor(factor: str, actor: Actor) -> SecondFactor:
    """A second factor of the person at the door. Raises `NotFound`."""
    return factors.get_factor(actor.account_id, factor)


def own_session(sitting: str, actor: Actor) -> SignInSession:
    """A session of the person at the door. Raises `NotFound`."""
    return own.get_session(actor.account_id, sitting, now())


# Name and language ----------------------------------------------------------------------------------------------------


@bp.get("/profile")
@allowed(Act.PROFILE)
def profile() -> ResponseReturnValue:
    """Everything about the own account, and the ways to change it."""
    account = _me()
    return _profile_page(account, ProfileForm(formdata=None, obj=account))


@bp.post("/profile")
@allowed(Act.PROFILE)
@once
def change() -> ResponseReturnValue:
    """Keep the name, position and language."""
    form, account = ProfileForm(), _me()
    if not form.validate():
        return _profile_page(account, form), 422
    language = form.language.data or None
    try:
        own.change_profile(
            account, name=form.name.data or "", position=form.position.data or "", language=language,
            expected=form.expected_version, actor=current_actor(), at=now(),
        )  # fmt: skip
    except StaleVersion:
        db.session.rollback()
        account = _me()
        form.version.data = str(account.version)
        form.form_errors.append(_("This was changed meanwhile. Compare the two versions, then save yours or leave it."))
        return _profile_page(account, form, stored=account), 409
    except ParitranaError as refusal:
        db.session.rollback()
        form.refuse(refusal)
        return _profile_page(_me(), form), refusal.status
    db.session.commit()
    flash(_("Saved."), "ok")
    answer = make_response(redirect(url_for("profile.profile"), 303))
    if language is not None:
        remember_language(answer, language)
    return answer


def _profile_page(account: Account, form: ProfileForm, stored: Account | None = None) -> str:
    return render_template(
        "people/profile.html",
        form=form,
        account=account,
        stored=stored,
        languages={str(one.value): one.label for one in form.language.choices or []},
        factors=factors.factors_of(account.id),
        codes_left=factors.codes_left(account.id),
        sessions=len(queries.sessions_of(account.id, now())),
        guarded=steps.settings().asks_second_factor,
        officer=queries.is_officer(account.id, account.person_id),
        passkeys=steps.site().possible,
        plain=Form(formdata=None),
    )


# Password -------------------------------------------------------------------------------------------------------------


@bp.get("/profile/password")
@allowed(Act.CHANGE_SIGN_IN)
def password() -> ResponseReturnValue:
    """The form of a new password."""
    return _password_page(PasswordForm(formdata=None))


@bp.post("/profile/password")
@allowed(Act.CHANGE_SIGN_IN)
def change_password() -> ResponseReturnValue:
    """Set a new password; every other session of the account ends. It is typed, so no key remembers the form."""
    form = PasswordForm()
    if not form.validate():
        return _password_page(form), 422
    if form.new_password.data != form.again_password.data:
        form.refuse(PasswordsDiffer(), form.again_password)
        return _password_page(form), PasswordsDiffer.status
    try:
        right = security.authenticate(_me().email, form.password.data)
    except TooManyAttempts as refusal:
        form.refuse(refusal)
        answer = make_response(_password_page(form), refusal.status)
        answer.headers.extend(attempts.retry_after(refusal))
        return answer
    if right is None:
        form.refuse(WrongPassword(), form.password)
        return _password_page(form), WrongPassword.status
    account, second = _me(), str(this_session().get(SECOND_KEY, ""))
    try:
        service.set_password(
            account, form.new_password.data, actor=current_actor(), at=now(),
            profile=steps.settings().password_profile,
        )  # fmt: skip
    except ParitranaError as refusal:
        db.session.rollback()
        form.refuse(refusal, form.new_password)
        return _password_page(form), refusal.status
    alerts.tell(alerts.PASSWORD_CHANGED, account)
    db.session.commit()
    security.start_session(account, second)
    log.info("password_changed", account=account.ref, source=request.remote_addr)
    flash(_("Your password is changed. You are signed out everywhere else."), "ok")
    return redirect(url_for("profile.profile"), 303)


def _password_page(form: PasswordForm) -> str:
    bssn = steps.settings().password_profile == "bssn"  # noqa: S105 - the name of a profile
    return render_template("people/profile_password.html", form=form, bssn=bssn)


# Second factors -------------------------------------------------------------------------------------------------------


@bp.get("/profile/second-factors/app")
@allowed(Act.CHANGE_SIGN_IN)
def new_app() -> ResponseReturnValue:
    """The picture that an app scans."""
    _refuse_unguarded()
    return _app_page(AppForm(formdata=None))


@bp.post("/profile/second-factors/app")
@allowed(Act.CHANGE_SIGN_IN)
def add_app() -> ResponseReturnValue:
    """Keep the app that showed a code."""
    _refuse_unguarded()
    form = AppForm()
    if not form.validate():
        return _app_page(form), 422
    try:
        codes = setup.add_app(_me(), form.code.data or "", form.name.data or _("App"))
    except ParitranaError as refusal:
        db.session.rollback()
        form.refuse(refusal, form.code if isinstance(refusal, setup.CodeOfAnother) else None)
        return _app_page(form), refusal.status
    return _added("app", codes)


@bp.get("/profile/second-factors/passkey")
@allowed(Act.CHANGE_SIGN_IN)
def new_passkey() -> ResponseReturnValue:
    """The question that makes a browser offer a passkey."""
    _refuse_unguarded()
    return _passkey_page(PasskeyForm(formdata=None))


@bp.post("/profile/second-factors/passkey")
@allowed(Act.CHANGE_SIGN_IN)
def add_passkey() -> ResponseReturnValue:
    """Keep the passkey that the browser made."""
    _refuse_unguarded()
    form = PasskeyForm()
    if not form.validate():
        return _passkey_page(form), 422
    try:
        codes = setup.add_passkey(_me(), form.credential.data or "", form.name.data or _("Passkey"))
    except ParitranaError as refusal:
        db.session.rollback()
        form.refuse(refusal)
        return _passkey_page(form), refusal.status
    return _added("passkey", codes)


@bp.post("/profile/second-factors/codes")
@allowed(Act.CHANGE_SIGN_IN)
def make_codes() -> ResponseReturnValue:
    """Ten new recovery codes, shown in the answer and nowhere else; the earlier ones end."""
    _refuse_unguarded()
    return _codes_page(setup.new_codes(_me()))


@bp.get("/profile/second-factors/<factor>")
@allowed(Act.CHANGE_SIGN_IN, factor=own_factor)
def second_factor(factor: SecondFactor) -> ResponseReturnValue:
    """Rename or remove one second factor."""
    return _factor_page(factor, NameForm(formdata=None, name=factor.name))


@bp.post("/profile/second-factors/<factor>")
@allowed(Act.CHANGE_SIGN_IN, factor=own_factor)
@once
def rename(factor: SecondFactor) -> ResponseReturnValue:
    """Give it another name."""
    form = NameForm()
    if not form.validate():
        return _factor_page(factor, form), 422
    factors.rename(factor, form.name.data or "", actor=current_actor(), at=now())
    db.session.commit()
    flash(_("Saved."), "ok")
    return redirect(url_for("profile.profile"), 303)


@bp.post("/profile/second-factors/<factor>/remove")
@allowed(Act.CHANGE_SIGN_IN, factor=own_factor)
@once
def remove(factor: SecondFactor) -> ResponseReturnValue:
    """Take it away; an officer keeps one."""
    me, account = current_actor(), factor.account
    needed = steps.settings().asks_second_factor and queries.is_officer(account.id, account.person_id)
    try:
        factors.remove(factor, needed=needed, actor=me, at=now())
    except factors.LastFactor as refusal:
        db.session.rollback()
        form = NameForm(formdata=None, name=factor.name)
        form.refuse(refusal)
        return _factor_page(factor, form), refusal.status
    alerts.tell(alerts.FACTOR_REMOVED, account)
    db.session.commit()
    this_session().renew()
    log.info("second_factor_removed", account=me.ref, kind=factor.kind, source=request.remote_addr)
    flash(_("Removed. You may want to end your other sessions too."), "ok")
    return redirect(url_for("profile.sessions"), 303)


def _factor_page(factor: SecondFactor, form: NameForm) -> str:
    return render_template("people/profile_factor.html", form=form, factor=factor, plain=Form(formdata=None))


def _app_page(form: AppForm) -> str:
    return render_template("people/profile_app.html", form=form, shown=setup.shown_app(_me()))


def _passkey_page(form: PasskeyForm) -> str:
    return render_template("people/profile_passkey.html", form=form, question=steps.ask_for_new(_me()))


def _added(kind: str, codes: list[str]) -> ResponseReturnValue:
    here = this_session()
    here[SECOND_KEY] = kind
    here.renew()
    flash(_("Your second factor is set up. You may want to end your other sessions too."), "ok")
    return _codes_page(codes) if codes else redirect(url_for("profile.profile"), 303)


def _codes_page(codes: list[str]) -> str:
    return render_template("people/profile_codes.html", codes=codes)


class Unguarded(ParitranaError):
    """Second factors are switched off on this installation."""

    code = "second_factors_off"
    status = 409
    message = N_("Second factors are switched off here: this is a demonstration, or runs on one machine only.")


def _refuse_unguarded() -> None:
    if not steps.settings().asks_second_factor:
        raise Unguarded


# Sessions -------------------------------------------------------------------------------------------------------------


@bp.get("/profile/sessions")
@allowed(Act.PROFILE)
def sessions() -> ResponseReturnValue:
    """Where one is signed in now."""
    here, at = this_session(), now()
    found = queries.sessions_of(current_actor().account_id, at)
    return render_template(
        "people/profile_sessions.html",
        sessions=sorted(found, key=lambda one: one.ref != here.ref),
        hints=[(OWN_HINTS[one.message], one.n) for one in hints.hints_of(found, at)],
        here=here.ref,
        source=attempts.source_text(request.remote_addr),
        plain=Form(formdata=None),
    )


@bp.post("/profile/sessions/others/end")
@allowed(Act.CHANGE_SIGN_IN)
def end_others() -> ResponseReturnValue:
    """End every session but this one."""
    ended = own.end_others(current_actor().account_id, this_session().ref)
    db.session.commit()
    log.info("sessions_ended", account=current_actor().ref, count=ended, source=request.remote_addr)
    flash(_("You are signed out everywhere else."), "ok")
    return redirect(url_for("profile.sessions"), 303)


@bp.post("/profile/sessions/<sitting>/end")
@allowed(Act.CHANGE_SIGN_IN, sitting=own_session)
def end_one(sitting: SignInSession) -> ResponseReturnValue:
    """End one session; whoever sits at it is signed out with the next click."""
    if sitting.ref == this_session().ref:
        return redirect(url_for("profile.sessions"), 303)  # this one ends with the button to sign out
    own.end_session(sitting)
    db.session.commit()
    log.info("sessions_ended", account=current_actor().ref, count=1, source=request.remote_addr)
    flash(_("That session has ended."), "ok")
    return redirect(url_for("profile.sessions"), 303)


def _me() -> Account:
    return own.account_of(current_actor())
