"""The pages on which certificates are ordered: by an organiser, or by two people before the publication, and a job."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from flask import Blueprint, current_app, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from paritrana.accounts.once import once
from paritrana.certificates import agreeing, batches, queries, service
from paritrana.certificates.models import CertificateBatch
from paritrana.certificates.ordering import OrderForm, RequestForm
from paritrana.certificates.queries import ISSUE_ACT
from paritrana.core.certificates import KIND_NAMES, Kind
from paritrana.core.errors import ParitranaError
from paritrana.core.lifecycle import State
from paritrana.core.policy import Act, Part
from paritrana.cycles.models import Category, Cycle, Proposal
from paritrana.cycles.pages import answer_proposal
from paritrana.cycles.queries import cycle_time, get_category, get_cycle, state_now, waiting_proposal
from paritrana.cycles.service import withdraw_proposal
from paritrana.database import canonical, db
from paritrana.web.access import allowed, current_actor, may, now
from paritrana.web.forms import Form
from paritrana.web.template_filters import current_language, number, translated

bp = Blueprint("certificate_office", __name__, template_folder="templates")

WHOLE: Final = ".whole"  # the part of the page for every category; no category is called so


@bp.get("/manage/<cycle>/certificates/issue")
@allowed(Act.MANAGE_CYCLE, cycle=get_cycle)
def office(cycle: Cycle) -> ResponseReturnValue:
    """What is missing in each category, what waits for the chair, and the orders so far."""
    return _office(cycle)


@bp.post("/manage/<cycle>/certificates/issue")
@allowed(Act.ISSUE_CERTIFICATE, cycle=get_cycle)
@once
def order(cycle: Cycle) -> ResponseReturnValue:
    """Order what is missing in every published category of the cycle."""
    form = OrderForm(WHOLE)
    if not form.validate():
        return _office(cycle, form), 422
    categories = [one for one in cycle.categories if may(Act.ISSUE_CERTIFICATE, one)]
    return _order(cycle, categories, form)


@bp.post("/manage/<cycle>/certificates/issue/<cat>")
@allowed(Act.ISSUE_CERTIFICATE, category=get_category)
@once
def order_category(category: Category) -> ResponseReturnValue:
    """Order what is missing in a category; before its publication the chair is asked first."""
    cycle = get_cycle(category.cycle.code)
    if state_now(category, now()) is State.PUBLISHED:
        form = OrderForm(category.slug)
        if not form.validate():
            return _office(cycle, form), 422
        return _order(cycle, [category], form)
    asked = RequestForm(category.slug)
    if not asked.validate():
        return _office(cycle, asked), 422
    try:
        agreeing.propose_issue(category, asked.chosen, asked.reason.data or "", actor=current_actor(), at=_at(cycle))
    except ParitranaError as refusal:
        db.session.rollback()
        asked.refuse(refusal)
        return _office(get_cycle(cycle.code), asked), refusal.status
    db.session.commit()
    flash(_("Requested. The chair must confirm; then the certificates are made."), "ok")
    return _back(category)


@bp.post("/manage/<cycle>/certificates/issue/<cat>/<proposal>")
@allowed(Act.ISSUE_CERTIFICATE, part=Part.SECOND, proposal=queries.get_issue_proposal)
@once
def confirm(proposal: Proposal) -> ResponseReturnValue:
    """The chair agrees to the named papers, which a job then makes, or sends the request back (`answer` = refuse)."""
    category = proposal.category
    at = _at(category.cycle)
    if not answer_proposal(proposal, agreeing.confirm_issue, at=at, void_moved=agreeing.void_moved_issue):
        db.session.commit()
        flash(_("The request was sent back."), "ok")
        return _back(category)
    asker = current_app.extensions["jobs"].actor_of(proposal.proposer_id)
    batch = batches.order_agreed(
        proposal, queue=current_app.extensions["queue"], kind=_kind(), asker=asker or current_actor(), at=at,
        machine_at=now(),
    )  # fmt: skip
    return _ordered(category.cycle.code, batch)


@bp.post("/manage/<cycle>/certificates/issue/<cat>/<proposal>/withdraw")
@allowed(Act.ISSUE_CERTIFICATE, proposal=queries.get_issue_proposal)
@once
def withdraw(proposal: Proposal) -> ResponseReturnValue:
    """An organiser takes the request back."""
    withdraw_proposal(proposal, actor=current_actor(), at=_at(proposal.category.cycle))
    db.session.commit()
    flash(_("The request was taken back."), "ok")
    return _back(proposal.category)


@bp.get("/manage/<cycle>/certificates/batches/<batch>")
@allowed(Act.MANAGE_CYCLE, cycle=get_cycle)
def batch_page(cycle: Cycle, batch: str) -> ResponseReturnValue:
    """An order with its progress, and what could not be issued."""
    return _batch_page(cycle, batch)


@bp.get("/manage/<cycle>/certificates/batches/<batch>/progress")
@allowed(Act.MANAGE_CYCLE, cycle=get_cycle)
def batch_progress(cycle: Cycle, batch: str) -> ResponseReturnValue:
    """The progress alone, for the page that looks again by itself: 304 while nothing has changed."""
    context = _shown(queries.get_batch(cycle, batch))
    answer = make_response(render_template("certificates/_batch.html", cycle=cycle, **context))
    answer.set_etag(context["etag"])
    answer.make_conditional(request)
    return answer


@bp.post("/manage/<cycle>/certificates/batches/<batch>/cancel")
@allowed(Act.ISSUE_CERTIFICATE, cycle=get_cycle)
@once
def cancel(cycle: Cycle, batch: str) -> ResponseReturnValue:
    """Stop an order after the papers at hand."""
    found = queries.get_batch(cycle, batch)
    batches.cancel(found, actor=current_actor(), at=_at(cycle), machine_at=now())
    db.session.commit()
    flash(_("The order is stopped after the papers at hand. What is issued stays."), "ok")
    return _to_batch(cycle.code, batch)


@bp.post("/manage/<cycle>/certificates/batches/<batch>/resume")
@allowed(Act.ISSUE_CERTIFICATE, cycle=get_cycle)
@once
def resume(cycle: Cycle, batch: str) -> ResponseReturnValue:
    """Go on with what is not issued."""
    found = queries.get_batch(cycle, batch)
    batches.resume(
        found, queue=current_app.extensions["queue"], kind=_kind(), actor=current_actor(), at=_at(cycle),
        machine_at=now(),
    )  # fmt: skip
    db.session.commit()
    flash(_("The order goes on."), "ok")
    return _to_batch(cycle.code, batch)


def _order(cycle: Cycle, categories: Sequence[Category], form: OrderForm) -> ResponseReturnValue:
    try:
        batch = batches.order(
            cycle, categories, form.chosen, queue=current_app.extensions["queue"], kind=_kind(),
            actor=current_actor(), at=_at(cycle), machine_at=now(),
        )  # fmt: skip
    except ParitranaError as refusal:
        db.session.rollback()
        form.refuse(refusal)
        return _office(get_cycle(cycle.code), form), refusal.status
    return _ordered(cycle.code, batch)


def _ordered(cycle: str, batch: CertificateBatch) -> ResponseReturnValue:
    ref = batch.ref
    db.session.commit()
    flash(_("Ordered. The certificates are made one after the other; this page shows how far they are."), "ok")
    return _to_batch(cycle, ref)


def _office(cycle: Cycle, form: OrderForm | None = None) -> str:
    categories = [one for one in cycle.categories if may(Act.MANAGE_CYCLE, one)]
    cases = [_case(one) for one in categories]
    return render_template(
        "certificates/office.html",
        cycle=cycle,
        simulated=cycle.simulated,
        cases=cases,
        batches=queries.batches_of(cycle),
        kind_names=KIND_NAMES,
        form=form or OrderForm(formdata=None),
        plain=Form(formdata=None),
        me=current_actor(),
        whole_place=WHOLE,
        whole=sum(1 for case in cases if case["can_order"]) > 1,
    )


def _case(category: Category) -> dict[str, Any]:
    state = state_now(category, now())
    case: dict[str, Any] = {"category": category, "state": state, "can_order": False, "missing": {}, "proposal": None}
    if state not in {State.SEALED, State.PUBLISHED}:
        return case
    missing: dict[Kind, int] = dict.fromkeys(Kind, 0)
    for target in service.missing_in(category, tuple(Kind)):
        missing[target.kind] += 1
    proposal = waiting_proposal(category, ISSUE_ACT) if state is State.SEALED else None
    return case | {
        "missing": missing,
        "proposal": proposal,
        "proposal_kinds": [] if proposal is None else agreeing.kinds_of(proposal),
        "proposal_stands": proposal is not None and agreeing.issue_stands(proposal),
        "embargo": state is State.SEALED,
        "can_order": may(Act.ISSUE_CERTIFICATE, category) and any(missing.values()),
        "can_ask": may(Act.ISSUE_CERTIFICATE, category),
        "can_confirm": may(Act.ISSUE_CERTIFICATE, category, part=Part.SECOND),
    }


def _batch_page(cycle: Cycle, ref: str) -> str:
    batch = queries.get_batch(cycle, ref)
    return render_template(
        "certificates/batch.html",
        cycle=cycle,
        simulated=cycle.simulated,
        kind_names=KIND_NAMES,
        kinds=[Kind(one) for one in batch.kinds],
        **_shown(batch),
    )


def _shown(batch: CertificateBatch) -> dict[str, Any]:
    """How far an order is, with the tag that changes when it does."""
    total, issued, troubled = queries.batch_counts(batch)
    job = queries.job_of(batch)
    state = "gone" if job is None else job.state
    problems = [
        (one, translated(one.problem["message"], one.problem["params"]))
        for one in queries.troubled(batch)
        if one.problem is not None and may(Act.MANAGE_CYCLE, one.category)
    ]
    stored = job.problem if job is not None and job.state == "failed" else None
    asked_to_end = job is not None and job.cancel_asked
    told = [
        current_language(),
        batch.ref,
        state,
        total,
        issued,
        troubled,
        asked_to_end,
        [said for _one, said in problems],
    ]
    mine = may(Act.ISSUE_CERTIFICATE, batch.cycle)
    return {
        "batch": batch,
        "state": state,
        "total": total,
        "issued": issued,
        "troubled": troubled,
        "problems": problems,
        "failed": translated(stored["message"], _numbers(stored["params"])) if stored else "",
        "asked_to_end": asked_to_end,
        "runs": state in {"queued", "running"},
        "can_cancel": mine and state in {"queued", "running"} and not asked_to_end,
        "can_resume": mine and state not in {"queued", "running"} and issued < total,
        "etag": hashlib.sha256(canonical(told)).hexdigest()[:32],
        "plain": Form(formdata=None),
        "at": now(),
    }


def _numbers(params: dict[str, Any]) -> dict[str, Any]:
    return {name: number(value) if isinstance(value, int) else value for name, value in params.items()}


def _kind() -> Any:
    return current_app.extensions["jobs"].find(batches.NAME)


def _at(cycle: Cycle) -> datetime:
    return cycle_time(cycle, now())


def _back(category: Category) -> ResponseReturnValue:
    return redirect(f"{url_for('certificate_office.office', cycle=category.cycle.code)}#{category.slug}", 303)


def _to_batch(cycle: str, ref: str) -> ResponseReturnValue:
    return redirect(url_for("certificate_office.batch_page", cycle=cycle, batch=ref), 303)
