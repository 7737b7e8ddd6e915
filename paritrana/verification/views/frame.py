"""What the pages of a verification share: the blueprint, who reads, the frame around a page, and words."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from flask import Blueprint, flash, redirect, render_template
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from paritrana.core.errors import NotFound
from paritrana.core.evidence import KINDS
from paritrana.core.policy import Act, Role
from paritrana.cycles.models import Category
from paritrana.cycles.queries import cycle_time
from paritrana.database import db
from paritrana.nominations.models import Nomination
from paritrana.nominations.rows import page_name
from paritrana.panels.queries import has_declared
from paritrana.verification import forms, queries
from paritrana.verification.figures import SHAPES, VERDICTS, difference, quantity_of
from paritrana.verification.queries import Case, Item
from paritrana.verification.twins import Twin, twins_of
from paritrana.web import formats
from paritrana.web.access import ask, current_actor, now, visible
from paritrana.web.template_filters import current_language, own
from paritrana.web.template_filters import moment as written_moment

bp = Blueprint("verification", __name__, template_folder="../templates")
# Who may read a verification, besides working on it. The nominee reads its own nomination, not the verifier's notes.
READERS = frozenset({Role.VERIFIER, Role.ASSESSOR, Role.CHAIR, Role.ORGANISER})


@bp.record_once
def hand_over_requests(state: BlueprintSetupState) -> None:
    """Let the pages of a nomination, which lie in an earlier room, show the requests that are open."""
    state.app.extensions["nomination_requests"] = queries.requests_for_nominee


def check_reader(nomination: Nomination) -> Role:
    """The role in which the actor reads this verification. Raises `NotFound` for everybody else."""
    role = ask(Act.SEE_NOMINATION, nomination).role
    if role not in READERS:
        raise NotFound
    return role


def may_read(nomination: Nomination, role: Role) -> bool:
    """Whether documents and findings may be opened: officers who judge declare first."""
    account_id = current_actor().user_id
    return role is Role.ORGANISER or (account_id is not None and has_declared(account_id, nomination.id))


def twins_for(nomination: Nomination, role: Role | None) -> Mapping[int, Sequence[Twin]]:
    """Where the files of a nomination stand a second time, for a verifier; for nobody else."""
    if role is not Role.VERIFIER:
        return {}
    seen = visible(current_actor(), Act.SEE_NOMINATION, Nomination).with_only_columns(Nomination.id).correlate(None)
    return twins_of(nomination, seen)


def show(template: str, nomination: Nomination, **context: Any) -> str:
    """A page about one nomination, with the words and figures that all of them use."""
    cycle = nomination.category.cycle
    at = moment_in(nomination.category)
    return render_template(
        f"verification/{template}",
        nomination=nomination,
        cycle=cycle,
        zone=cycle.timezone,
        at=at,
        printed_at=written_moment(at, cycle.timezone),
        simulated=cycle.simulated,
        item_title=item_title,
        item_page=page_name,
        figure_name=forms.figure_name,
        verdicts=VERDICTS,
        shapes=SHAPES,
        quantity_of=quantity_of,
        difference=difference,
        me=current_actor(),
        score=score,
        **context,
    )


def item_title(one: Item) -> str:
    """An item in words: the codes of its indicators, and its kind or its one indicator."""
    codes = ", ".join(indicator.code for indicator in one.indicators)
    name = _(KINDS[one.kind].title) if one.kind in KINDS else own(one.indicators[0], "title")
    return f"{codes} {name}"


def status_of(case: Case) -> tuple[str, str]:
    """The state of a verification as a chip: its shape and its words."""
    if case.nomination.state == "withdrawn":
        return "neutral", _("Withdrawn")
    if case.state == "closed":
        return "done", _("Closed")
    if case.state == "proposed":
        return "doing", _("Waits for a second person")
    if case.open_request is not None:
        return "attention", _("Waits for the nominee")
    if case.verification is None or case.open == case.total:
        return "open", _("Not started")
    return "doing", _("Being verified")


def score(value: str) -> str:
    """A computed value with two decimals."""
    return formats.decimal2(Decimal(value), current_language())


def stored(address: str, said: str) -> ResponseReturnValue:
    """Commit, say what was done, and lead on."""
    db.session.commit()
    flash(said, "ok")
    return redirect(address, 303)


def whole_number(text: str | None) -> int:
    """A whole number as it stands in a form or an address; 0 for anything else."""
    return int(text) if text and text.isascii() and text.isdecimal() else 0


def moment_in(category: Category) -> datetime:
    """The present moment on the clock of the category's cycle."""
    return cycle_time(category.cycle, now())
