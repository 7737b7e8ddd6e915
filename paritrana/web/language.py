"""The language of a page: `?lang=` on this address, else the cookie, else Indonesian. Never the browser's list."""

from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import Blueprint, Flask, Response, abort, current_app, has_request_context, make_response, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import Babel
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from paritrana.core.policy import Act
from paritrana.web.access import allowed, current_actor
from paritrana.web.formats import Language
from paritrana.web.template_filters import current_language

COOKIE = "lang"
COOKIE_AGE = 365 * 24 * 3600
LANGUAGES: tuple[Language, ...] = ("id", "en")
NAMES = {"id": "Bahasa Indonesia", "en": "English"}
TRANSLATIONS = Path(__file__).resolve().parent.parent / "translations"

bp = Blueprint("language", __name__)


def init_app(app: Flask) -> None:
    """Set up translations, the switch and what the templates need for it."""
    Babel().init_app(
        app,
        default_locale="id",
        default_domain="messages",
        default_translation_directories=str(TRANSLATIONS),
        default_timezone="Asia/Jakarta",
        locale_selector=chosen_language,
    )
    app.register_blueprint(bp)
    # A visitor without a session has no token, and choosing a language must not start a session: the origin check of
    # every unsafe request guards the switch. Whoever is signed in sends the token, and it is checked in the view.
    csrf = app.extensions.get("csrf")
    if csrf is not None:
        csrf.exempt(bp)
    app.jinja_env.globals.update(
        language=current_language, other_language=other_language, this_page=this_page, in_language=in_language
    )


def chosen_language() -> Language:
    """The language asked for in the address, else the one of the cookie, else Indonesian; unknown words are ignored."""
    if not has_request_context():
        return "id"
    for wish in (request.args.get("lang"), request.cookies.get(COOKIE)):
        for known in LANGUAGES:
            if wish == known:
                return known
    return "id"


def other_language() -> Language:
    """The language the switch offers."""
    return "id" if current_language() == "en" else "en"


def this_page() -> str:
    """Path and query of this page without `lang`, for the switch to return to."""
    query = [(name, value) for name, value in request.args.items(multi=True) if name != "lang"]
    return request.path + (f"?{urlencode(query)}" if query else "")


def in_language(language: Language) -> str:
    """The address of this page in a given language, for `hreflang`."""
    path, _, query = this_page().partition("?")
    return f"{path}?{urlencode([*parse_qsl(query), ('lang', language)])}"


def own_path(wish: str) -> str:
    """A path of this site that a GET answers, with its query; anything else becomes the first page."""
    plain = wish.isprintable() and "\\" not in wish and wish.startswith("/") and not wish.startswith("//")
    if not plain:
        return "/"
    parts = urlsplit(wish)  # has neither scheme nor host, and so no host that cannot be read
    try:
        current_app.create_url_adapter(request).match(parts.path, method="GET")  # type: ignore[union-attr]
    except (HTTPException, RequestRedirect):
        return "/"
    query = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name != "lang"]
    return parts.path + (f"?{urlencode(query)}" if query else "")


@bp.post("/language")
@allowed(Act.SET_LANGUAGE)
def set_language() -> ResponseReturnValue:
    """Remember the language in a cookie and return to the page the switch stood on."""
    csrf = current_app.extensions.get("csrf")
    if csrf is not None and current_actor().signed_in:
        csrf.protect()
    wish = request.form.get("lang")
    if wish not in LANGUAGES:
        abort(400)
    answer = make_response(redirect(own_path(request.form.get("next", "/")), 303))
    remember_language(answer, wish)
    return answer


def remember_language(answer: Response, wish: str) -> None:
    """Let the browser that gets this answer keep a language."""
    answer.set_cookie(
        COOKIE, wish, max_age=COOKIE_AGE, path="/", secure=request.is_secure, httponly=True, samesite="Lax"
    )
