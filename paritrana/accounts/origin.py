"""A change comes from our own pages only: the browser's word about where a request started, beside the form's token."""

import structlog
from flask import Flask, request

from paritrana.core.errors import ParitranaError
from paritrana.core.words import N_
from paritrana.web.access import UNSAFE

log = structlog.get_logger("security")


class ForeignRequest(ParitranaError):
    """A request that would change something was not made by a page of this site."""

    code = "foreign_request"
    status = 403
    message = N_("This request did not come from a page of this site. Open the page here and repeat the step.")


def init_app(app: Flask) -> None:
    """Look at every unsafe request before anything else does."""
    app.before_request_funcs.setdefault(None, []).insert(0, refuse_foreign)


def refuse_foreign() -> None:
    """Raise `ForeignRequest` for an unsafe request that does not come from this origin.

    Browsers send `Sec-Fetch-Site`; older ones send `Origin`. A request with neither is refused, too.
    """
    if request.method not in UNSAFE:
        return
    site = request.headers.get("Sec-Fetch-Site")
    same_host = request.headers.get("Origin") == request.host_url.rstrip("/")
    if not (site == "same-origin" if site else same_host):
        log.warning("foreign_request", endpoint=request.endpoint, source=request.remote_addr)
        raise ForeignRequest
