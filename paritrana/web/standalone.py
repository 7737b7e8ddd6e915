"""Pages that are written into a folder, to be served by anything: without forms, sign-in, scripts and the time of day.

Only the program itself asks for such a page: the sign is in the request's environment, where no visitor can put it.
"""

from flask import has_request_context, request

SIGN = "paritrana.standalone"


def standalone() -> bool:
    """Whether the page that is being made goes into a folder."""
    return has_request_context() and bool(request.environ.get(SIGN))
