"""The nominations of a cycle with their verification, and the shortlist of every category."""

from typing import Any

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from paritrana.accounts.once import once
from paritrana.core.errors import ParitranaError
from paritrana.core.lifecycle import STATE_NAMES, State
from paritrana.core.policy import Act, Part
from paritrana.cycles.models import Category, Cycle, Proposal
from paritrana.cycles.pages import answer_proposal
from paritrana.cycles.queries import cycle_time, get_category, get_cycle, rubric_of, state_now, waiting_proposals
from paritrana.cycles.service import withdraw_proposal
from paritrana.database import db
from paritrana.nominations.queries import nominations_of
from paritrana.nominations.words import state_words
from paritrana.panels.queries import conflicts_in, hidden_from_verifiers
from paritrana.verification import forms, queries, service
from paritrana.verification.counted import counted_values
from paritrana.verification.values import gates_decided
from paritrana.verification.views.frame import bp, moment_in, score, status_of, stored
from paritrana.web.access import allowed, current_actor, may, now
from paritrana.web.fields import know
from paritrana.web.forms import Form
from paritrana.web.template_filters import moment as written_moment
from paritrana.web.template_filters import sentence


@bp.get("/manage/<cycle>/nominations")
@allowed(Act.MANAGE_CYCLE, cycle=get_cycle)
def shortlist(cycle: Cycle) -> ResponseReturnValue:
    """The nominations of every category with their verification and computed values, and the shortlist."""
    return _shortlist_page(cycle)


@bp.post("/manage/<cycle>/nominations/<cat>/shortlist")
@allowed(Act.SHORTLIST, category=get_category)
@once
def propose_shortlist(category: Category) -> ResponseReturnValue:
    """An organiser proposes who goes on, with a reason for everybody else."""
    form = forms.ReasonForm()
    # A nomination may have left the list since the page was shown; what was said of it has no use then.
    know(name for name in request.form if name.startswith(("choice-", "reason-")))
    typed = {
        one.ref: (request.form.get(f"choice-{one.ref}", ""), request.form.get(f"reason-{one.ref}", ""))
        for one in nominations_of(category, ("verified",))
    }
    problems: dict[str, str] = {}
    status = 200 if form.validate() else 422
    for ref, (choice, _reason) in typed.items():
        if choice not in {"yes", "no"}:
            problems[ref], status = _("Choose whether this nomination is on the shortlist."), 422
    if status == 200:
        chosen = [ref for ref, (choice, _reason) in typed.items() if choice == "yes"]
        left_out = {ref: reason for ref, (choice, reason) in typed.items() if choice == "no"}
        try:
            service.propose_shortlist(
                category, chosen, left_out, form.reason.data or "", actor=current_actor(), at=moment_in(category)
            )
        except service.RowRefused as refusal:
            db.session.rollback()
            problems[refusal.figure], status = sentence(refusal.refusal), refusal.refusal.status
        except ParitranaError as refusal:
            db.session.rollback()
            form.refuse(refusal)
            status = refusal.status
    if status != 200:
        cycle = get_cycle(category.cycle.code)
        return _shortlist_page(cycle, sent=(category.id, form, typed, problems)), status
    return stored(_shortlist_address(category), _("Proposed. The chair must confirm the shortlist."))


@bp.post("/manage/<cycle>/nominations/<cat>/shortlist/<proposal>")
@allowed(Act.SHORTLIST, part=Part.SECOND, proposal=queries.get_shortlist_proposal)
@once
def answer_shortlist(proposal: Proposal) -> ResponseReturnValue:
    """The chair confirms the shortlist, and the category goes on to the interviews; or sends it back."""
    category = proposal.category
    if answer_proposal(proposal, service.confirm_shortlist, at=moment_in(category)):
        return stored(_shortlist_address(category), _("The shortlist stands. The category is in its interviews."))
    return stored(_shortlist_address(category), _("The proposal was sent back."))


@bp.post("/manage/<cycle>/nominations/<cat>/shortlist/<proposal>/withdraw")
@allowed(Act.SHORTLIST, proposal=queries.get_shortlist_proposal)
@once
def withdraw_shortlist(proposal: Proposal) -> ResponseReturnValue:
    """An organiser takes a proposed shortlist back."""
    withdraw_proposal(proposal, actor=current_actor(), at=moment_in(proposal.category))
    return stored(_shortlist_address(proposal.category), _("The proposal was taken back."))


@bp.post("/manage/<cycle>/nominations/<cat>/claims")
@allowed(Act.MANAGE_CYCLE, category=get_category)
@once
def set_claims(category: Category) -> ResponseReturnValue:
    """Choose, before the verification, whether verifiers see a claim before or after they found the figure."""
    hidden = request.form.get("hidden") == "yes"
    service.set_claims_wait(category, hidden, actor=current_actor(), at=moment_in(category))
    said = _("Claims are hidden until a finding is saved.") if hidden else _("Claims are shown at once.")
    return stored(_shortlist_address(category), said)


def _shortlist_page(cycle: Cycle, sent: tuple[int, forms.ReasonForm, Any, Any] | None = None) -> str:
    categories = [one for one in cycle.categories if may(Act.MANAGE_CYCLE, one)]
    proposals = {
        one.category_id: one for one in waiting_proposals([each.id for each in categories])
        if one.act == queries.SHORTLIST
    }  # fmt: skip
    tables = [_table(one, proposals.get(one.id), sent if sent and sent[0] == one.id else None) for one in categories]
    problems = []
    if sent is not None:
        problems = [*sent[1].problems, *((f"choice-{ref}", said) for ref, said in sent[3].items())]
    return render_template(
        "verification/shortlist.html",
        cycle=cycle,
        zone=cycle.timezone,
        simulated=cycle.simulated,
        tables_=tables,
        state_names=STATE_NAMES,
        problems=problems,
        plain=Form(formdata=None),
        status_of=status_of,
        state_words=state_words,
        score=score,
        me=current_actor(),
        printed_at=written_moment(cycle_time(cycle, now()), cycle.timezone),
    )


def _table(category: Category, proposal: Proposal | None, sent: tuple[int, Any, Any, Any] | None) -> dict[str, Any]:
    state = state_now(category, now())
    listed = state >= State.CLOSED
    nominations = nominations_of(category)
    cases = queries.cases([one for one in nominations if one.state != "draft"]) if listed else []
    rubric = rubric_of(category) if category.rubric_version_id is not None else None
    values = counted_values(category, rubric, [one.nomination for one in cases]) if rubric is not None else {}
    mine = {nomination for account, nomination in conflicts_in(category) if account == current_actor().user_id}
    waiting = [one for one in cases if one.nomination.state in queries.IN_VERIFICATION]
    may_propose = state is State.VERIFICATION and may(Act.SHORTLIST, category) and proposal is None
    return {
        "category": category,
        "state": state,
        "listed": listed,
        "importing": may(Act.CREATE_NOMINATION, category),
        "counts": queries.count_states(nominations),
        "cases": cases,
        "indicators": [one for one in rubric.indicators if one.source == "computed"] if rubric is not None else [],
        "values": values,
        "hidden": mine,
        "kept_away": hidden_from_verifiers(category, queries.IN_VERIFICATION)
        if listed and category.cycle_id in current_actor().organises
        else 0,
        "failed": gates_decided([one.nomination.id for one in cases]) if cases else {},
        "waiting": waiting,
        "proposal": proposal,
        "proposing": may_propose and not waiting and any(one.nomination.state == "verified" for one in cases),
        "may_propose": may_propose,
        "claims_wait": queries.claims_wait(category),
        "choosing": state < State.VERIFICATION,
        "confirming": proposal is not None and may(Act.SHORTLIST, category, part=Part.SECOND),
        "withdrawing": proposal is not None and may(Act.SHORTLIST, category),
        "form": sent[1] if sent is not None else forms.ReasonForm(formdata=None),
        "typed": sent[2] if sent is not None else {},
        "problems": sent[3] if sent is not None else {},
    }


def _shortlist_address(category: Category) -> str:
    return f"{url_for('verification.shortlist', cycle=category.cycle.code)}#{category.slug}"
