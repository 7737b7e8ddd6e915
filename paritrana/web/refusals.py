"""Why a change that was asked for is refused, for the log: one line with person, act and code, never what was typed.

What the policy denies (401, 403, 404) it writes down itself.
"""

from typing import Final

import structlog
from flask import Flask, Response, current_app, g, request

from paritrana.core.errors import ParitranaError
from paritrana.core.policy import Act
from paritrana.web.access import UNSAFE, current_actor

log = structlog.get_logger("paritrana.refusals")

DENIED: Final = frozenset({401, 403, 404})
OWN_LINES: Final = frozenset({Act.SIGN_IN})  # a failed sign-in has a line of its own
OF_THE_FORM: Final = "form"  # a field says why; no rule was asked


def note_refusal(refusal: ParitranaError) -> None:
    """Remember the code of a refusal that the answer in hand shows; the first one counts."""
    g.setdefault("refused", refusal.code)


def init_app(app: Flask) -> None:
    """Write a line for every answer that refuses a change."""
    app.after_request(_tell)


def _tell(response: Response) -> Response:
    refused = 400 <= response.status_code < 500 and response.status_code not in DENIED
    if request.method in UNSAFE and request.endpoint and refused:
        declared = vars(current_app.view_functions[request.endpoint])["__allowed__"]  # every view says its act
        if declared.act not in OWN_LINES:
            log.info(
                "refused", act=declared.act.value, account=current_actor().ref, status=response.status_code,
                code=g.get("refused", OF_THE_FORM),
            )  # fmt: skip
    return response
