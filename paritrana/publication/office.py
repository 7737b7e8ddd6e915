"""The pages on which two people publish: what becomes public, when, and how it is taken back before."""

import json
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from paritrana.accounts.once import once
from paritrana.core.lifecycle import STATE_NAMES, State
from paritrana.core.policy import Act, Part
from paritrana.cycles.models import Category, Cycle, Proposal
from paritrana.cycles.pages import answer_proposal
from paritrana.cycles.queries import (
    cycle_time,
    get_category,
    get_cycle,
    objection_days_in,
    state_now,
    waiting_proposal,
)
from paritrana.cycles.service import withdraw_proposal
from paritrana.database import db
from paritrana.publication import queries, service
from paritrana.publication.corrections import service as correcting
from paritrana.publication.corrections.changes import changes
from paritrana.publication.forms import PublishForm, RecallForm
from paritrana.publication.models import Publication
from paritrana.publication.queries import CORRECT_ACT, PUBLISH_ACT, RECALL_ACT
from paritrana.results import words as ranking_words
from paritrana.results.queries import seals_of
from paritrana.web.access import allowed, current_actor, may, now
from paritrana.web.forms import Form
from paritrana.web.template_filters import moment

bp = Blueprint("publishing", __name__, template_folder="templates")


@bp.get("/manage/<cycle>/publication")
@allowed(Act.MANAGE_CYCLE, cycle=get_cycle)
def publication(cycle: Cycle) -> ResponseReturnValue:
    """What becomes public, what is public, and who has to confirm."""
    categories = [one for one in cycle.categories if may(Act.MANAGE_CYCLE, one)]
    seals = seals_of([one.id for one in categories])
    public = queries.publications_in_force(categories, now())
    return render_template(
        "publication/publication.html",
        cycle=cycle,
        simulated=cycle.simulated,
        categories=[_case(one, seals.get(one.id), public.get(one.id)) for one in categories],
        state_names=STATE_NAMES,
        ranking_words=ranking_words,
        me=current_actor(),
        plain=Form(formdata=None),
    )


@bp.get("/manage/<cycle>/publication/<cat>")
@allowed(Act.PROPOSE_PUBLICATION, category=get_category)
def request_page(category: Category) -> ResponseReturnValue:
    """The form in which an organiser sets the instant of a publication; filled with the planned one."""
    planned = category.publication_planned
    local = planned.astimezone(ZoneInfo(category.cycle.timezone)) if planned and planned > _at(category) else None
    return _request_page(
        category,
        _publish_form(
            category,
            formdata=None,
            digest=service.payload_of(category)["digest"],
            on=local and local.date(),
            time=local and local.strftime("%H.%M"),
            objection_days=objection_days_in(category.cycle),
        ),
    )


@bp.post("/manage/<cycle>/publication/<cat>")
@allowed(Act.PROPOSE_PUBLICATION, category=get_category)
@once
def propose(category: Category) -> ResponseReturnValue:
    """An organiser asks to publish the sealed result, at an instant or with the confirmation."""
    form = _publish_form(category)
    if not form.validate():
        return _request_page(category, form), 422
    try:
        service.propose_publication(
            category, form.digest.data or "", actor=current_actor(), at=_at(category), publish_at=form.moment,
            objection_days=form.days,
        )  # fmt: skip
    except service.ObjectionDaysMissing as refusal:
        form.refuse(refusal, form.objection_days)
        return _request_page(category, form), refusal.status
    return _stored(category, _("Requested. The chair must confirm the publication."))


@bp.post("/manage/<cycle>/publication/<cat>/<proposal>")
@allowed(Act.CONFIRM_PUBLICATION, proposal=queries.get_publish_proposal)
@once
def confirm(proposal: Proposal) -> ResponseReturnValue:
    """The chair publishes, or sends the request back (`answer` = refuse)."""
    category = proposal.category
    moved = service.void_moved_publication
    if answer_proposal(proposal, service.confirm_publication, at=_at(category), void_moved=moved):
        return _stored(category, _said_of(service.instant_of(proposal), category.cycle))
    return _stored(category, _("The request was sent back."))


@bp.post("/manage/<cycle>/publication/<cat>/<proposal>/withdraw")
@allowed(Act.PROPOSE_PUBLICATION, proposal=queries.get_publish_proposal)
@once
def withdraw(proposal: Proposal) -> ResponseReturnValue:
    """An organiser takes the request back."""
    withdraw_proposal(proposal, actor=current_actor(), at=_at(proposal.category))
    return _stored(proposal.category, _("The request was taken back."))


@bp.get("/manage/<cycle>/publication/<cat>/recall")
@allowed(Act.RECALL_PUBLICATION, category=get_category)
def recall_page(category: Category) -> ResponseReturnValue:
    """The form in which an organiser asks to take a publication back before its instant."""
    return _recall_page(category, RecallForm(formdata=None))


@bp.post("/manage/<cycle>/publication/<cat>/recall")
@allowed(Act.RECALL_PUBLICATION, category=get_category)
@once
def propose_recall(category: Category) -> ResponseReturnValue:
    """An organiser asks to take the confirmed publication back."""
    form = RecallForm()
    if not form.validate():
        return _recall_page(category, form), 422
    service.propose_recall(category, form.reason.data or "", actor=current_actor(), at=_at(category))
    return _stored(category, _("Requested. The chair must confirm before the time of the publication."))


@bp.post("/manage/<cycle>/publication/<cat>/recall/<proposal>")
@allowed(Act.RECALL_PUBLICATION, part=Part.SECOND, proposal=queries.get_recall_proposal)
@once
def confirm_recall(proposal: Proposal) -> ResponseReturnValue:
    """The chair takes the publication back, or sends the request back (`answer` = refuse)."""
    if answer_proposal(proposal, service.confirm_recall, at=_at(proposal.category)):
        return _stored(proposal.category, _("The publication is taken back. The result stays sealed."))
    return _stored(proposal.category, _("The request was sent back."))


@bp.post("/manage/<cycle>/publication/<cat>/recall/<proposal>/withdraw")
@allowed(Act.RECALL_PUBLICATION, proposal=queries.get_recall_proposal)
@once
def withdraw_recall(proposal: Proposal) -> ResponseReturnValue:
    """An organiser lets the publication stand."""
    withdraw_proposal(proposal, actor=current_actor(), at=_at(proposal.category))
    return _stored(proposal.category, _("The request was taken back."))


def _publish_form(category: Category, **given: Any) -> PublishForm:
    return PublishForm(zone=category.cycle.timezone, now=_at(category), **given)


def _request_page(category: Category, form: PublishForm) -> str:
    return render_template(
        "publication/request.html",
        category=category,
        cycle=category.cycle,
        simulated=category.cycle.simulated,
        form=form,
    )


def _recall_page(category: Category, form: RecallForm) -> str:
    publication = queries.scheduled(category, now())
    if publication is None:
        raise service.NothingScheduled
    return render_template(
        "publication/recall.html",
        category=category,
        cycle=category.cycle,
        simulated=category.cycle.simulated,
        publication=publication,
        form=form,
    )


def _said_of(instant: datetime | None, cycle: Cycle) -> str:
    if instant is None:
        return str(_("The result is public."))
    written = moment(instant, cycle.timezone, "plain", seconds=True)
    return str(_("Confirmed. The result becomes public on %(time)s.", time=written))


def _case(category: Category, seal: Any, public: Any) -> dict[str, Any]:
    state = state_now(category, now())
    case: dict[str, Any] = {"category": category, "state": state, "seal": seal, "public": public}
    if state is State.PUBLISHED and public is not None and seal is not None:
        return case | _correction(category, public)
    if state is not State.SEALED or seal is None:
        return case
    table = queries.table_of(category, seal)
    scheduled = queries.scheduled(category, now())
    if scheduled is not None:
        case |= {
            "scheduled": scheduled,
            "recall": waiting_proposal(category, RECALL_ACT),
            "can_recall": may(Act.RECALL_PUBLICATION, category),
            "can_confirm_recall": may(Act.RECALL_PUBLICATION, category, part=Part.SECOND),
        }
    proposal = waiting_proposal(category, PUBLISH_ACT)
    result_rows = json.loads(seal.run.bundle)["result"]
    return case | {
        "table": table,
        "proposal": proposal,
        "objection_days": None if proposal is None else service.objection_days_of(proposal),
        "instant": None if proposal is None else service.instant_of(proposal),
        "proposal_stands": proposal is not None and service.stands(proposal),
        "below_quorum": sum(1 for row in result_rows if row["state"] == "below_quorum"),
        "may_preview": may(Act.SEE_RANKING_PREVIEW, category),
        "can_propose": may(Act.PROPOSE_PUBLICATION, category),
        "can_confirm": may(Act.CONFIRM_PUBLICATION, category),
    }


def _correction(category: Category, public: Publication) -> dict[str, Any]:
    """Whether the public result can be corrected, and what waits for the chair."""
    proposal = waiting_proposal(category, CORRECT_ACT)
    draft = None if proposal is None else correcting.draft_of(category)
    return {
        "can_correct": may(Act.CORRECT_PUBLICATION, category),
        "correction": proposal,
        "correction_stands": proposal is not None and correcting.stands(proposal, draft),
        "changes": [] if draft is None else changes(public.table, draft.table),
        "can_confirm_correction": may(Act.CORRECT_PUBLICATION, category, part=Part.SECOND),
    }


def _at(category: Category) -> datetime:
    return cycle_time(category.cycle, now())


def _stored(category: Category, said: str) -> ResponseReturnValue:
    db.session.commit()
    flash(said, "ok")
    return redirect(f"{url_for('publishing.publication', cycle=category.cycle.code)}#{category.slug}", 303)
