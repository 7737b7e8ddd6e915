"""The pages on which anybody checks a certificate: by code, by the square of dots, or by the file."""

import hashlib
import tempfile
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from flask import Blueprint, Response, current_app, jsonify, make_response, redirect, render_template, request, url_for
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from paritrana.accounts.attempts import keyed, source_text
from paritrana.certificates import queries
from paritrana.certificates.checking import files, limits, service
from paritrana.certificates.checking.limits import Asked, TooManyChecks
from paritrana.certificates.checking.queries import last_change, paper_of, signatories
from paritrana.certificates.checking.service import Checked
from paritrana.config import Settings
from paritrana.core.certificates import Verdict
from paritrana.core.codes import parse, shown
from paritrana.core.errors import NotFound, ParitranaError
from paritrana.core.policy import Act
from paritrana.signing import KeyMissing, compact, public_keys
from paritrana.signing.signers import published_keys
from paritrana.web.access import allowed, current_actor, now
from paritrana.web.errors import answer_refusal
from paritrana.web.standalone import standalone
from paritrana.web.template_filters import sentence

KEYS_KEPT: Final = "public, max-age=300"  # seconds for which a reader may keep the list of keys
BLOCK: Final = 64 * 1024  # bytes
PDF_BEGINS: Final = b"%PDF-"

bp = Blueprint("checking", __name__, template_folder="templates")
bp.add_app_template_filter(shown, "certificate_code")


@bp.record
def _exempt(state: BlueprintSetupState) -> None:
    """The upload changes nothing and asks for no session, so it has no token; the origin is looked at all the same."""
    state.app.extensions["csrf"].exempt(f"{__name__}.check_file")


@bp.get("/verify")
@allowed(Act.VERIFY_CERTIFICATE)
def verify() -> ResponseReturnValue:
    """The form; with `?code=` it leads to the page of that code."""
    text = request.args.get("code", "").strip()
    if not text:
        return _form()
    code = parse(text)
    if code is None:
        return _answer(service.UNKNOWN)
    return redirect(url_for("checking.certificate", code=shown(code)), 303)


@bp.get("/verify/file")
@allowed(Act.VERIFY_CERTIFICATE)
def file_form() -> ResponseReturnValue:
    """Where somebody lands who loads the answer about a file again."""
    return redirect(f"{url_for('checking.verify')}#file", 303)


@bp.post("/verify/file")
@allowed(Act.VERIFY_CERTIFICATE)
def check_file() -> ResponseReturnValue:
    """Look at an uploaded PDF; nothing of it is kept."""
    sent = request.files.get("paper")
    if sent is None or not sent.filename:
        return _form([("paper", _("Choose the file of a certificate."))]), 422
    try:
        limits.enter(_source(), Asked.FILE, now())
    except TooManyChecks as refusal:
        return _wait(refusal)
    with tempfile.TemporaryFile() as file:
        digest, first = hashlib.sha256(), b""
        while block := sent.stream.read(BLOCK):
            first = first or block
            digest.update(block)
            file.write(block)
        if PDF_BEGINS not in first[:1024]:
            return _form([("paper", _("This is no PDF. Choose the file as it was downloaded or sent."))]), 422
        known = service.check_file(digest.hexdigest(), now())
        if known is not None:
            return _answer(known, file=True)
        try:
            seen = files.look_at(file, _published_keys())
        except ParitranaError as refusal:
            return _form([("paper", sentence(refusal))]), refusal.status
    return _answer(service.check_named(seen.codes, seen.what, now()), file=True)


@bp.get("/VERIFY/<code>", endpoint="certificate_in_capitals")
@bp.get("/verify/<code>")
@allowed(Act.VERIFY_CERTIFICATE)
def certificate(code: str) -> ResponseReturnValue:
    """What the register says about a code."""
    return _looked_up(code)


@bp.get("/VERIFY/<code>/<payload>", endpoint="scanned_in_capitals")
@bp.get("/verify/<code>/<payload>")
@allowed(Act.VERIFY_CERTIFICATE)
def scanned(code: str, payload: str) -> ResponseReturnValue:
    """What the register says about a square of dots: its code, and its signed text.

    Capitals let a code be drawn with fewer dots. Whoever brings a text that was signed here is not counted.
    """
    keys = _payload_keys()
    if not service.genuine(code, payload, keys):
        return _looked_up(code, payload)
    return _answer(service.check_payload(code, payload, keys, now()))


@bp.get("/verify/<code>/certificate.pdf")
@allowed(Act.VERIFY_CERTIFICATE)
def paper(code: str) -> ResponseReturnValue:
    """The signed certificate as it was issued, while it is in force."""
    found = queries.find_public(code, now())
    stored = None if found is None else paper_of(found)
    if found is None or stored is None or found.status != Verdict.VALID or code != shown(found.code):
        raise NotFound
    answer = make_response(stored.content)
    answer.mimetype = "application/pdf"
    answer.headers["Content-Disposition"] = f'attachment; filename="piagam-{shown(found.code)}.pdf"'
    answer.set_etag(stored.sha256)
    return _unlisted(answer)


@bp.get("/certificate-keys.json")
@allowed(Act.VERIFY_CERTIFICATE)
def keys() -> ResponseReturnValue:
    """The public keys that check a certificate without this site. Raises `KeyMissing`."""
    answer = jsonify(_published_keys())
    answer.headers["Cache-Control"] = KEYS_KEPT
    return answer


def _looked_up(code: str, payload: str | None = None) -> ResponseReturnValue:
    """The answer about a code that may be a guess; one that cannot be a code is not looked up, nor counted."""
    plain, counted = parse(code), not standalone()
    if plain is None:
        return _answer(service.UNKNOWN)
    at = now()
    if counted:
        try:
            limits.enter(_source(), Asked.LOOK, at)
        except TooManyChecks as refusal:
            return _wait(refusal)
    if payload is None:
        checked = service.check_code(plain, at)
    else:
        checked = service.check_payload(plain, payload, _payload_keys(), at)
    if checked.certificate is None:
        if counted:
            limits.note_guess(_source(), at)
    elif payload is None and code != shown(plain):
        return redirect(url_for("checking.certificate", code=shown(plain)), 303)
    return _answer(checked)


def _form(problems: list[tuple[str, str]] | None = None) -> Response:
    page = render_template("checking/verify.html", problems=problems or [], host=_host(), known_until=_known_until())
    return _unlisted(make_response(page))


def _answer(checked: Checked, *, file: bool = False) -> Response:
    """The page of a verdict; 404 for a code that is not known, so that no reader takes it for a certificate."""
    found = checked.certificate
    if found is None:
        page = render_template("checking/unknown.html", checked=checked, file=file, known_until=_known_until())
        return _unlisted(make_response(page, 200 if file else 404))
    settings: Settings = current_app.extensions["settings"]
    stored = paper_of(found)
    page = render_template(
        "checking/verdict.html",
        known_until=_known_until(),
        issued_on=date.fromisoformat(found.context["issued_on"]),
        checked=checked,
        file=file,
        certificate=found,
        context=found.context,
        simulated=found.context["simulated"],
        timezone=found.cycle.timezone,
        category=found.category,
        cycle=found.cycle,
        successor=queries.find_successor(found) if found.status == Verdict.REPLACED else None,
        signatories=signatories(found),
        fingerprint=None if stored is None else stored.fingerprint,
        address=f"{settings.base_url}{url_for('checking.certificate', code=shown(found.code))}",
        site=f"{settings.base_url}/",
        exact=request.path == url_for("checking.certificate", code=shown(found.code)),
        host=_host(),
    )
    return _unlisted(make_response(page))


def _wait(refusal: TooManyChecks) -> Response:
    answer = _unlisted(make_response(answer_refusal(refusal)))
    answer.headers["Retry-After"] = str(60 * int(refusal.params["minutes"]))
    return answer


def _unlisted(answer: Response) -> Response:
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    return answer


def _known_until() -> datetime | None:
    """For a copy of the pages: the last change that it knows of, which does not depend on when the copy is made."""
    return last_change(now()) if standalone() else None


def _host() -> str:
    settings: Settings = current_app.extensions["settings"]
    return settings.base_url.split("://", 1)[1]


def _source() -> str:
    """Who asks, as a keyed hash: the person who is signed in, else the network."""
    settings: Settings = current_app.extensions["settings"]
    actor = current_actor()
    name = f"account {actor.ref}" if actor.signed_in else source_text(request.remote_addr)
    return keyed(settings.secret_key, "verify", name)


def _payload_keys() -> Mapping[str, bytes]:
    """The public keys of signed texts; none where they cannot be read, so that no text is taken for genuine."""
    settings: Settings = current_app.extensions["settings"]
    try:
        return public_keys(settings.instance_path / "keys", compact.PURPOSE)
    except KeyMissing:
        return {}


def _published_keys() -> dict[str, Any]:
    settings: Settings = current_app.extensions["settings"]
    return published_keys(settings)
