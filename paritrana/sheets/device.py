"""The client side of work without a network: the service worker, the manifest, and the pages that a device keeps.

A page becomes a copy for a device only when its answer carries `COPY` with the reference of the person it belongs to;
the worker stores no other page.
"""

import hashlib
import json
from pathlib import Path

from flask import Blueprint, Response, current_app, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import force_locale
from flask_babel import gettext as _

from paritrana.core.errors import NotFound
from paritrana.core.policy import Act
from paritrana.nominations.models import Nomination
from paritrana.sheets import queries, service
from paritrana.web.access import allowed, current_actor
from paritrana.web.language import LANGUAGES

bp = Blueprint("device", __name__, template_folder="templates")

COPY = "Paritrana-Copy"
SCRIPTS = (
    "trusted.js", "app.js", "queue.js", "store.js", "sync.js", "device.js", "sheet.js", "merge.js", "prepare.js",
)  # fmt: skip
OTHER_FILES = ("paritrana.css", "sheet.css", "icons.svg", "favicon.svg")
AWAY = "/offline"


def asks_for_copy() -> bool:
    """Whether the worker asks for the page as the device keeps it: without what others wrote."""
    return request.args.get("copy") == "device"


def copied(page: str) -> Response:
    """A page that the device of the person who reads it may keep."""
    answer = make_response(page)
    answer.headers[COPY] = current_actor().ref
    return answer


@bp.get("/sw.js")
@allowed(Act.READ_PUBLIC_PAGE)
def worker() -> ResponseReturnValue:
    """The service worker; its first line names the files of this version, so that a new version is a new worker."""
    assets = [
        url_for("bootstrap.static", filename="css/bootstrap.min.css"),
        *(url_for("static", filename=name) for name in (*OTHER_FILES, *SCRIPTS)),
    ]
    text = (Path(str(current_app.static_folder)) / "sw.js").read_text("utf-8")
    version = hashlib.sha256("\n".join([*assets, text]).encode()).hexdigest()[:12]
    release = json.dumps({"version": version, "assets": assets, "answer": AWAY})
    answer = Response(f"const RELEASE = {release};\n{text}", mimetype="text/javascript")
    answer.headers["Cache-Control"] = "no-cache"
    return answer


@bp.get("/manifest.webmanifest")
@allowed(Act.READ_PUBLIC_PAGE)
def manifest() -> ResponseReturnValue:
    """What a browser needs to install the pages of an assessor."""
    icon = {"src": url_for("static", filename="favicon.svg"), "sizes": "any", "type": "image/svg+xml"}
    told = {
        "name": "Paritrana",
        "short_name": "Paritrana",
        "description": _("Score sheets of the Paritrana Award"),
        "id": "/assessments",
        "start_url": "/assessments",
        "scope": "/",
        "display": "standalone",
        "background_color": "#12161F",
        "theme_color": "#143A6B",
        "icons": [icon],
    }
    return Response(json.dumps(told), mimetype="application/manifest+json")


@bp.get(AWAY)
@allowed(Act.READ_PUBLIC_PAGE)
def away() -> ResponseReturnValue:
    """What the worker shows in place of a page that needs the server; in every language, for nobody in particular."""
    told = []
    for language in LANGUAGES:
        with force_locale(language):
            told.append(
                {
                    "language": language,
                    "title": _("No connection"),
                    "text": _("This page needs the server. Your marks are safe on this device; go on with a sheet."),
                    "link": _("To the candidates"),
                }
            )
    return render_template("sheets/away.html", languages=told)


@bp.get("/assessments/offline")
@allowed(Act.SEE_OWN_MARKS)
def prepare() -> ResponseReturnValue:
    """Where a device is made ready to work without a network."""
    return copied(render_template("sheets/offline.html", account=current_actor().ref))


@bp.get("/assessments/<ref>/sheet/merge")
@allowed(Act.SEE_OWN_MARKS, nomination=queries.get_candidate)
def merge(nomination: Nomination) -> ResponseReturnValue:
    """Marks of the own sheet with two versions; the script of the page fills in what the device has."""
    account_id = current_actor().user_id
    found = None if account_id is None else queries.find_sheet(nomination.id, account_id, nomination.category.attempt)
    if found is None or found.withdrawn:
        raise NotFound
    return copied(
        render_template(
            "sheets/merge.html",
            nomination=nomination,
            sheet=found,
            judged=queries.judged(service.rubric_on(found)),
            account=current_actor().ref,
            simulated=nomination.category.cycle.simulated,
        )
    )
