"""Under the profile `bssn` a password has a last day: whoever signs in after it sets another one before all else."""

from typing import Final

from flask import Flask, current_app, redirect, request, url_for
from werkzeug.wrappers import Response

from paritrana.accounts.passwords import Profile, asks_classes
from paritrana.accounts.security import PASSWORD_DUE
from paritrana.accounts.session import session_is_open, this_session
from paritrana.core.errors import ParitranaError
from paritrana.core.words import N_
from paritrana.web.access import UNSAFE

STILL: Final = frozenset({
    "profile.password", "profile.change_password", "accounts.sign_out", "accounts.sign_in_again",
    "accounts.sign_in_again_page", "paritrana.web.language.set_language", "static", "bootstrap.static",
})  # fmt: skip


class PasswordOver(ParitranaError):
    """The password was in use for as long as the rules allow."""

    code = "password_over"
    status = 403
    message = N_("Your password has reached its last day. Set a new one first; your entries are still in the page.")


def init_app(app: Flask) -> None:
    """Look at every request of who is signed in."""
    app.before_request(lead_to_password)


def _profile() -> Profile:
    profile: Profile = current_app.extensions["settings"].password_profile
    return profile


def lead_to_password() -> Response | None:
    """Lead to the form of a new password. Raises `PasswordOver` for whatever would change something else."""
    if request.endpoint is None or request.endpoint in STILL or not session_is_open():
        return None
    if PASSWORD_DUE not in this_session() or not asks_classes(_profile()):
        return None
    if request.method in UNSAFE:
        raise PasswordOver
    return redirect(url_for("profile.password"), 303)
