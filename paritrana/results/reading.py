"""What pages with unpublished results ask of those who only read: auditors say why, and the log keeps it."""

from flask import render_template, request
from flask.typing import ResponseReturnValue

from paritrana.core.policy import Act, Guard
from paritrana.cycles.models import Category
from paritrana.web.access import ask

REASON_LENGTH = 500


def reason_to_read(act: Act, category: Category) -> tuple[str, bool]:
    """The reason a person gives for reading, and whether one is asked for and missing."""
    grant = ask(act, category).grant
    if grant is None or Guard.REASON not in grant.guards:
        return "", False
    reason = " ".join(request.args.get("reason", "").split())[:REASON_LENGTH]
    return reason, not reason


def ask_reason(category: Category) -> ResponseReturnValue:
    """The page that asks for the reason."""
    return render_template("results/reason.html", category=category, cycle=category.cycle), 422
