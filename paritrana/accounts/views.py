"""The pages to sign in in one step or two, to sign in afresh and to sign out, and how a form waits for that."""

from urllib.parse import urlencode

from flask import Blueprint, Response, current_app, flash, jsonify, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError, generate_csrf
from wtforms import Field

from paritrana.accounts import attempts, factors, keeping, security, service, setup, steps
from paritrana.accounts.attempts import TooManyAttempts
from paritrana.accounts.cast import read_cast
from paritrana.accounts.forms import (
    CodeForm,
    GoingOnForm,
    NewPasskeyForm,
    PasskeyForm,
    PasswordAgainForm,
    SetUpForm,
    SignInForm,
)
from paritrana.accounts.models import Account
from paritrana.accounts.one_time import SecondFactorKeyMissing
from paritrana.accounts.session import this_session
from paritrana.accounts.steps import WrongCode, WrongPasskey, WrongPassword
from paritrana.core.errors import ParitranaError
from paritrana.core.policy import Act
from paritrana.database import db
from paritrana.web import formats
from paritrana.web.access import FreshSignInNeeded, SignInNeeded, allowed, current_actor, now
from paritrana.web.errors import answer_http, answer_refusal, wants_json
from paritrana.web.fields import know
from paritrana.web.forms import Form
from paritrana.web.language import own_path, remember_language
from paritrana.web.template_filters import sentence

bp = Blueprint("accounts", __name__, template_folder="templates")

HOME = "/home"
SIGN_IN = "/sign-in"
AGAIN = "/sign-in/again"
SECOND = "/sign-in/second-factor"
# What a browser keeps for a person's work without a network goes with the session.
WIPED = '"storage"'


@bp.get(SIGN_IN)
@allowed(Act.SIGN_IN)
def sign_in_page() -> ResponseReturnValue:
    """The sign-in page; who is signed in goes on at once. A script is told who that is, and gets a token."""
    if wants_json():
        return _session_told()
    wish = request.args.get("next", "")
    if this_session().holder is not None:
        return redirect(next_page(wish), 303)
    form = SignInForm(formdata=None, next=wish)
    expired = this_session().lost and bool(wish)
    return _sign_in_form(form, lead=sentence(SignInNeeded()) if expired else "")


@bp.post(SIGN_IN)
@allowed(Act.SIGN_IN)
def sign_in() -> ResponseReturnValue:
    """Check e-mail address and password; a wrong address and a wrong password get the same answer."""
    form = SignInForm()
    if not form.validate():
        return _sign_in_form(form, 422)
    try:
        account = security.authenticate(form.email.data, form.password.data)
    except TooManyAttempts as refusal:
        return _too_many(form, refusal, _sign_in_form)
    if account is None:
        form.form_errors.append(_("The e-mail address or the password is wrong. Check both and try again."))
        return _sign_in_form(form, 422)
    if steps.step_of(account) is steps.Step.NOTHING:
        return _signed_in(account, form)
    steps.wait_for(account)
    if wants_json():
        return _session_told()
    if form.kept.data:  # it is too long for an address, so the next page is the answer
        return _step_page(account, form)
    return redirect(f"{SECOND}?{urlencode({'next': form.next.data})}" if form.next.data else SECOND, 303)


@bp.get(SECOND)
@allowed(Act.SIGN_IN)
def second_factor_page() -> ResponseReturnValue:
    """Ask for the second factor after the password; an officer who has none yet sets one up here."""
    wish = request.args.get("next", "")
    account = steps.pending_account()
    if account is None:
        return _not_waiting(wish)
    return _step_page(account, GoingOnForm(formdata=None, next=wish))


@bp.post(SECOND)
@allowed(Act.SIGN_IN)
def second_factor() -> ResponseReturnValue:
    """Check a code of an app, a recovery code or the answer of a passkey."""
    by_passkey = "credential" in request.form
    form: PasskeyForm | CodeForm = PasskeyForm() if by_passkey else CodeForm()
    account = steps.pending_account()
    if account is None or steps.step_of(account) is not steps.Step.CHECK:
        know(("code", "credential", "next", "kept"))
        return _session_told() if wants_json() else _not_waiting(form.next.data or "")
    if not form.validate():
        return _step_page(account, form, 422)
    try:
        if isinstance(form, PasskeyForm):
            kind = steps.check_passkey(account, form.credential.data or "")
        else:
            kind = steps.check_code(account, form.code.data or "")
    except TooManyAttempts as refusal:
        return _too_many(form, refusal, lambda form, status: _step_page(account, form, status))
    except SecondFactorKeyMissing as refusal:
        db.session.rollback()
        form.refuse(refusal)
        return _step_page(account, form, refusal.status)
    if kind is None:
        form.refuse(WrongPasskey() if by_passkey else WrongCode(), None if by_passkey else form.code)
        return _step_page(account, form, 422)
    answer = _signed_in(account, form, kind)
    if kind == "recovery":
        left = factors.codes_left(account.id)
        flash(_("You used a recovery code; %(n)s are left. Make new ones in your profile.", n=left), "attention")
    return answer


@bp.post(f"{SECOND}/app")
@allowed(Act.SIGN_IN)
def set_up_app() -> ResponseReturnValue:
    """An officer without a second factor sets up an app, and is signed in with it."""
    form = SetUpForm()
    account = steps.pending_account()
    if account is None or steps.step_of(account) is not steps.Step.SET_UP:
        return _not_waiting(form.next.data or "")
    if not form.validate():
        return _step_page(account, form, 422)
    try:
        shown = setup.add_app(account, form.code.data or "", form.name.data or _("App"))
    except ParitranaError as refusal:
        return _refused_set_up(account, form, refusal, form.code)
    return _codes_shown(account, form, shown, "app")


@bp.post(f"{SECOND}/passkey")
@allowed(Act.SIGN_IN)
def set_up_passkey() -> ResponseReturnValue:
    """The same with a passkey."""
    form = NewPasskeyForm()
    account = steps.pending_account()
    if account is None or steps.step_of(account) is not steps.Step.SET_UP:
        return _not_waiting(form.next.data or "")
    if not form.validate():
        return _step_page(account, form, 422)
    try:
        shown = setup.add_passkey(account, form.credential.data or "", form.name.data or _("Passkey"))
    except ParitranaError as refusal:
        return _refused_set_up(account, form, refusal, None)
    return _codes_shown(account, form, shown, "passkey")


@bp.get(AGAIN)
@allowed(Act.REAUTHENTICATE)
def sign_in_again_page() -> ResponseReturnValue:
    """Ask who is signed in for the password or a passkey once more."""
    return _again_form(PasswordAgainForm(formdata=None, next=request.args.get("next", "")))


@bp.post(AGAIN)
@allowed(Act.REAUTHENTICATE)
def sign_in_again() -> ResponseReturnValue:
    """Check the password or a passkey once more; the next ten minutes count as fresh."""
    by_passkey = "credential" in request.form
    form: PasskeyForm | PasswordAgainForm = PasskeyForm() if by_passkey else PasswordAgainForm()
    if not form.validate():
        return _again_form(form, 422)
    account = db.session.get_one(Account, current_actor().user_id)
    email = account.email
    try:
        if isinstance(form, PasskeyForm):
            right = steps.check_passkey(account, form.credential.data or "", verified=True) is not None
        else:
            right = security.authenticate(email, form.password.data) is not None
    except TooManyAttempts as refusal:
        return _too_many(form, refusal, _again_form)
    if not right:
        form.refuse(WrongPasskey() if by_passkey else WrongPassword(), None if by_passkey else form.password)
        return _again_form(form, 422)
    security.freshen_session(email)
    return _session_told() if wants_json() else _go_on(form)


@bp.post("/sign-out")
@allowed(Act.SIGN_OUT)
def sign_out() -> ResponseReturnValue:
    """End the session of this browser, and what it was trusted with to work without a network."""
    browser, me = security.browser_key(), current_actor()
    if browser is not None:
        account = db.session.get_one(Account, me.user_id)
        if service.revoke_devices(account, actor=me, at=now(), browser_key=browser):
            db.session.commit()
    security.end_session()
    return _wiped()


def _wiped() -> Response:
    answer = make_response(redirect("/", 303))
    answer.headers["Clear-Site-Data"] = WIPED
    return answer


@bp.app_errorhandler(SignInNeeded)
def ask_to_sign_in(refusal: SignInNeeded) -> ResponseReturnValue:
    """Nobody is signed in: a page leads to the sign-in page and back, a form is carried through it."""
    if request.endpoint == "accounts.sign_out":
        return _wiped()
    if request.method in {"GET", "HEAD"} and not wants_json():
        return redirect(f"{SIGN_IN}?{urlencode({'next': _this_address()})}", 303)
    if request.method != "POST" or wants_json() or request.is_json:
        return answer_refusal(refusal)
    form = SignInForm(formdata=None, next=_origin_page(), kept=_kept())
    return _sign_in_form(form, refusal.status, lead=sentence(refusal))


@bp.app_errorhandler(FreshSignInNeeded)
def ask_for_password(refusal: FreshSignInNeeded) -> ResponseReturnValue:
    """The last sign-in is too old for this act: the same, with the password alone."""
    if request.method in {"GET", "HEAD"} and not wants_json():
        return redirect(f"{AGAIN}?{urlencode({'next': _this_address()})}", 303)
    if request.method != "POST" or wants_json() or request.is_json:
        return answer_refusal(refusal)
    form = PasswordAgainForm(formdata=None, next=_origin_page(), kept=_kept())
    return _again_form(form, refusal.status)


@bp.app_errorhandler(CSRFError)
def answer_old_page(error: CSRFError) -> ResponseReturnValue:
    """A form of an earlier session of this browser: its entries are shown a way on, with a token that is good.

    That the request came from a page of ours was checked before the token, so the way on is offered to nobody else.
    """
    if request.endpoint == "accounts.sign_in" and not wants_json():
        form = SignInForm(
            formdata=None,
            email=request.form.get("email", "")[:254],
            next=request.form.get("next", ""),
            kept=request.form.get("kept", ""),
        )
        form.form_errors.append(_("The page was open too long. Enter your password again."))
        return _sign_in_form(form, 400)
    kept = None if wants_json() or request.is_json else keeping.read_kept(keeping.keep())
    if kept is None or this_session().holder is None:
        return answer_http(error)
    return _continue_page(kept), 400


def next_page(wish: str) -> str:
    """Where to go after signing in: a page of ours that was asked for, otherwise the first page of who is signed in."""
    path = own_path(wish) if wish else HOME
    return HOME if path == "/" or path.partition("?")[0] in {SIGN_IN, AGAIN, SECOND} else path


def _signed_in(account: Account, form: GoingOnForm, second: str = "") -> Response:
    """The session begins; the browser is known from now on, and speaks the language of its owner."""
    language = account.language
    security.begin_session(account, second)
    return _known(account, make_response(_session_told() if wants_json() else _go_on(form)), language)


def _known(account: Account, answer: Response, language: str | None) -> Response:
    name, value = security.device_cookie(account.email)
    answer.set_cookie(
        name, value, max_age=security.DEVICE_AGE, path="/", secure=request.is_secure, httponly=True, samesite="Lax"
    )
    if language is not None:
        remember_language(answer, language)
    return answer


def _not_waiting(wish: str) -> ResponseReturnValue:
    """Nobody is between the two steps here: signed in already, or the time for the second one is over."""
    know(("code", "credential", "name", "next", "kept"))
    if this_session().holder is not None:
        return redirect(next_page(wish), 303)
    return redirect(f"{SIGN_IN}?{urlencode({'next': wish})}" if wish else SIGN_IN, 303)


def _step_page(account: Account, form: Form, status: int = 200) -> ResponseReturnValue:
    """The page of the second step, after a refusal with what was typed."""
    if wants_json():
        return _refused_json(form, status)
    if steps.step_of(account) is steps.Step.CHECK:
        return render_template(
            "accounts/second_factor.html",
            form=form,
            code=form if isinstance(form, CodeForm) else CodeForm(formdata=None),
            question=steps.ask_for_known(account),
            name=account.name,
        ), status
    return render_template(
        "accounts/set_up.html",
        form=form,
        app=form if isinstance(form, SetUpForm) else SetUpForm(formdata=None),
        setup=setup.shown_app(account),
        question=steps.ask_for_new(account),
        name=account.name,
    ), status


def _refused_set_up(account: Account, form: Form, refusal: ParitranaError, field: Field | None) -> ResponseReturnValue:
    db.session.rollback()
    form.refuse(refusal, field)
    return _step_page(account, form, refusal.status)


def _codes_shown(account: Account, form: GoingOnForm, codes: list[str], kind: str) -> ResponseReturnValue:
    """The recovery codes, this once; the person is signed in by then."""
    language = account.language
    security.begin_session(account, kind)
    kept = keeping.read_kept(form.kept.data or "")
    page = render_template(
        "accounts/recovery_codes.html", codes=codes, kept=kept, onward=next_page(form.next.data or "")
    )
    return _known(account, make_response(page), language)


def _go_on(form: GoingOnForm) -> ResponseReturnValue:
    kept = keeping.read_kept(form.kept.data or "")
    if kept is not None:
        return _continue_page(kept)
    return redirect(next_page(form.next.data or ""), 303)


def _continue_page(kept: keeping.Kept) -> str:
    return render_template("accounts/continue.html", kept=kept)


def _session_told() -> ResponseReturnValue:
    """Who is signed in, until when at the latest, and the token that changes of this session carry."""
    holder, ends = this_session().holder, this_session().expires_at
    return jsonify(
        signed_in=holder is not None,
        account=holder.ref if holder else None,
        name=holder.name if holder else "",
        ends_at=formats.iso(ends) if holder and ends else None,
        second_factor=this_session().pending is not None,
        csrf_token=generate_csrf(),
    )


def _refused_json(form: Form, status: int) -> ResponseReturnValue:
    """A refused sign-in for the script that asked in place of the page."""
    errors = {field.name: [str(said) for said in field.errors] for field in form if field.errors}
    said = [*map(str, form.form_errors), *(text for texts in errors.values() for text in texts)]
    code = "too_many_attempts" if status == TooManyAttempts.status else "bad_input"
    answer = jsonify(status=status, code=code, title=_("There is a problem"), detail=" ".join(said), errors=errors)
    answer.mimetype = "application/problem+json"
    return answer, status


def _sign_in_form(form: SignInForm, status: int = 200, *, lead: str = "") -> ResponseReturnValue:
    if wants_json():
        return _refused_json(form, status)
    settings = current_app.extensions["settings"]
    cast = read_cast(settings.instance_path) if settings.demo else []
    return render_template("accounts/sign_in.html", form=form, cast=cast, lead=lead), status


def _again_form(form: GoingOnForm, status: int = 200) -> ResponseReturnValue:
    if wants_json() and request.method == "POST":
        return _refused_json(form, status)
    holder = this_session().holder
    asked = steps.settings().asks_second_factor
    account = db.session.get(Account, holder.account_id) if holder is not None and asked else None
    return render_template(
        "accounts/sign_in_again.html",
        form=form,
        again=form if isinstance(form, PasswordAgainForm) else PasswordAgainForm(formdata=None),
        question=None if account is None else steps.ask_for_known(account),
        name="" if holder is None else holder.name,
    ), status


def _too_many(form: Form, refusal: TooManyAttempts, page: object) -> ResponseReturnValue:
    form.refuse(refusal)
    answer = make_response(page(form, refusal.status))  # type: ignore[operator]
    answer.headers.extend(attempts.retry_after(refusal))
    return answer


def _kept() -> str:
    """What is to be sent after the sign-in; a second sign-in in between hands on what the first one carried."""
    if request.blueprint == "accounts":
        return request.form.get("kept", "")
    return keeping.keep()


def _origin_page() -> str:
    """The page to return to where there is nothing to send."""
    return request.form.get("next", "") if request.blueprint == "accounts" else ""


def _this_address() -> str:
    query = request.query_string.decode("ascii", "replace")
    return request.path + (f"?{query}" if query else "")
