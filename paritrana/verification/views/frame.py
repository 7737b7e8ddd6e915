"""What the pages of a verification share: the blueprint, who reads, the frame around a page, and words."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from flask import Blueprint, flash, redirect, render_template
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from markupsafe import Markup

from paritrana.core.errors import NotFound
from paritrana.core.evidence import KINDS, development_target
from paritrana.core.policy import Act, Role
from paritrana.cycles.models import Category
from paritrana.cycles.queries import cycle_time
from paritrana.database import db
from paritrana.nominations.models import Nomination, NominationRevision
from paritrana.nominations.pictures import target_path
from paritrana.nominations.rows import SENT_AS, page_name
from paritrana.panels.queries import has_declared
from paritrana.reference.queries import national_targets
from paritrana.verification import forms, queries
from paritrana.verification.figures import SHAPES, VERDICTS, WITHOUT_VALUE, difference, quantity_of
from paritrana.verification.queries import Case, Item
from paritrana.verification.twins import Twin, twins_of
from paritrana.verification.unseen import veiled
from paritrana.verification.values import computed_values
from paritrana.web import formats
from paritrana.web.access import ask, current_actor, may, now, visible
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


def claims_hidden(nomination: Nomination) -> bool:
    """Whether claims wait here for a finding of the actor, who verifies; everybody else reads them at once."""
    if not queries.claims_wait(nomination.category):
        return False
    return ask(Act.SEE_NOMINATION, nomination).role is Role.VERIFIER or may(Act.VERIFY, nomination)


def case_here(nomination: Nomination, revision: int | None = None) -> Case:
    """The case, or the one of an earlier revision, as the actor may see it: pages are made from nothing else."""
    case = queries.case_of(nomination) if revision is None else queries.case_of_revision(nomination, revision)
    return veiled(case) if claims_hidden(nomination) else case


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
        self_said=self_said,
        plan_picture=plan_picture,
        computed_of=computed_of,
        **context,
    )


def self_said(nomination: Nomination, revision: NominationRevision) -> Mapping[str, Mapping[str, Any]]:
    """What the nominee says its indicators are worth, by indicator: {value, note}. The panel never reads it.

    A member who saw the nominee's own number would mark with it in mind, so a seat in the category shows nothing.
    """
    if nomination.category_id in current_actor().seats:
        return {}
    said: Mapping[str, Mapping[str, Any]] = revision.content.get(SENT_AS, {})
    return said


def computed_of(case: Case) -> Mapping[str, str | None]:
    """The verified value of every computed indicator, None where there is none yet (four statements)."""
    found = computed_values(case.nomination.category, case.rubric, [case.nomination])
    return {code: one.value for (_nomination, code), one in found.items()}


def plan_picture(case: Case, item: Item) -> Markup | None:
    """The path in the development plan as claimed and as found (one statement, none for another kind of evidence)."""
    if item.kind != development_target.SPEC.kind:
        return None
    data = case.revision.content["evidence"].get(item.kind, {}).get("data") or {}
    found = {
        row.figure.key: row.found
        for row in item.rows
        if row.finding is not None and row.finding.verdict not in WITHOUT_VALUE
    }
    return target_path("plan", data, national_targets(case.nomination.category.cycle.target_instrument), found)


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
    """A whole number of at most nine digits as it stands in a form or an address; 0 for anything else."""
    return int(text) if text and len(text) <= 9 and text.isascii() and text.isdecimal() else 0


def moment_in(category: Category) -> datetime:
    """The present moment on the clock of the category's cycle."""
    return cycle_time(category.cycle, now())
