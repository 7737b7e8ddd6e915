"""The public pages, and the page on which two people publish."""

import json
from datetime import datetime
from decimal import Decimal
from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from paritrana.accounts.once import once
from paritrana.certificates.queries import codes_by_candidate
from paritrana.core.errors import NotFound
from paritrana.core.lifecycle import STATE_NAMES, State
from paritrana.core.policy import Act
from paritrana.cycles.models import Category, Cycle, Proposal
from paritrana.cycles.pages import answer_proposal
from paritrana.cycles.queries import (
    cycle_time,
    cycles,
    extensions_of,
    get_category,
    get_cycle,
    rubric_of,
    state_now,
    waiting_proposal,
)
from paritrana.cycles.service import withdraw_proposal
from paritrana.database import db
from paritrana.publication import queries, service, words
from paritrana.publication.queries import PUBLISH_ACT
from paritrana.results import words as ranking_words
from paritrana.results.queries import seals_of
from paritrana.results.table import described
from paritrana.web.access import allowed, current_actor, may, now
from paritrana.web.forms import Form
from paritrana.web.paging import paged
from paritrana.web.template_filters import decimal2, moment

bp = Blueprint("publication", __name__, template_folder="templates")

PAGE_SIZE = 50
CARDS = 3


# What everybody sees -------------------------------------------------------------------------------------------------


@bp.get("/")
@allowed(Act.READ_PUBLIC_PAGE)
def landing() -> ResponseReturnValue:
    """Check a certificate or find a result in one step."""
    running = [
        (cycle, [(one, state_now(one, now())) for one in cycle.categories])
        for cycle in cycles()
        if cycle.kind != "historical"
    ]
    shown = [(cycle, [pair for pair in pairs if pair[1] > State.DRAFT]) for cycle, pairs in running]
    return render_template(
        "publication/landing.html",
        cards=queries.latest_published(CARDS, now()),
        calendars=[(cycle, pairs) for cycle, pairs in shown if any(state < State.PUBLISHED for _one, state in pairs)],
        state_names=STATE_NAMES,
        ranking_words=ranking_words,
    )


@bp.get("/cycles/<cycle>")
@allowed(Act.READ_PUBLIC_PAGE, cycle=get_cycle)
def cycle_page(cycle: Cycle) -> ResponseReturnValue:
    """The calendar of a cycle, its categories and where to go on."""
    categories = [(one, state) for one in cycle.categories if (state := state_now(one, now())) > State.DRAFT]
    return render_template(
        "publication/cycle.html",
        cycle=cycle,
        simulated=cycle.simulated,
        categories=categories,
        stages={one.id: words.stage_rows(one, state, _moment_in(cycle)) for one, state in categories},
        state_names=STATE_NAMES,
        published={one.id for one, state in categories if state >= State.PUBLISHED},
        extensions=extensions_of([one.id for one, _state in categories]),
        at=cycle_time(cycle, now()),
        States=State,
    )


@bp.get("/cycles/<cycle>/method")
@allowed(Act.READ_PUBLIC_PAGE, cycle=get_cycle)
def method(cycle: Cycle) -> ResponseReturnValue:
    """How each category is judged, before anybody knows a result."""
    categories = [(one, state) for one in cycle.categories if (state := state_now(one, now())) > State.DRAFT]
    panels = queries.panel_by_constituency([one.id for one, _state in categories])
    return render_template(
        "publication/method.html",
        cycle=cycle,
        simulated=cycle.simulated,
        categories=[(one, state, rubric_of(one)) for one, state in categories if one.rubric_version_id],
        described=described,
        panels=panels,
        method_sentences=lambda rubric: words.method_sentences(rubric, _plain_decimal),
        words=words,
        ranking_words=ranking_words,
        published={one.id for one, state in categories if state >= State.PUBLISHED},
        command=_command,
    )


@bp.get("/cycles/<cycle>/results/<cat>")
@allowed(Act.READ_PUBLIC_PAGE, category=get_category)
def result(category: Category) -> ResponseReturnValue:
    """The published result; before, the day on which it will be announced and nothing else."""
    publication = queries.publication_in_force(category, now())
    context: dict[str, Any] = {"category": category, "cycle": category.cycle, "simulated": category.cycle.simulated}
    if publication is None:
        return render_template("publication/not_yet.html", **context)
    table = publication.table
    page = paged(len(table["rows"]), PAGE_SIZE)
    return render_template(
        "publication/result.html",
        **context,
        publication=publication,
        table=table,
        rubric=table["rubric"],
        rows=table["rows"][page.rows],
        page_no=page.no,
        pages=page.pages,
        sealed_at=datetime.fromisoformat(table["sealed_at"]) if table.get("sealed_at") else None,
        certificates=codes_by_candidate(category) if publication.source_key is None else {},
        policy=words.POLICIES[table["policy"]],
        method_sentences=words.method_sentences(table["rubric"], _plain_decimal),
        ranking_words=ranking_words,
        command=_command(category),
        printed_at=moment(now(), category.cycle.timezone, "short"),
    )


@bp.get("/cycles/<cycle>/results/<cat>.json")
@allowed(Act.READ_PUBLIC_RESULT, category=get_category)
def bundle(category: Category) -> ResponseReturnValue:
    """The open bundle, byte for byte as it was sealed."""
    publication = queries.publication_in_force(category, now())
    if publication is None:
        raise NotFound
    answer = make_response(publication.bundle)
    answer.mimetype = "application/json"
    answer.headers["Content-Disposition"] = f'attachment; filename="{_file_name(category)}"'
    answer.set_etag(publication.digest)
    return answer.make_conditional(request)


# Where two people publish --------------------------------------------------------------------------------------------


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


@bp.post("/manage/<cycle>/publication/<cat>")
@allowed(Act.PROPOSE_PUBLICATION, category=get_category)
@once
def propose(category: Category) -> ResponseReturnValue:
    """An organiser asks to publish the sealed result."""
    service.propose_publication(category, request.form.get("digest", ""), actor=current_actor(), at=_at(category))
    return _stored(category, _("Requested. The chair must confirm the publication."))


@bp.post("/manage/<cycle>/publication/<cat>/<proposal>")
@allowed(Act.CONFIRM_PUBLICATION, proposal=queries.get_publish_proposal)
@once
def confirm(proposal: Proposal) -> ResponseReturnValue:
    """The chair publishes, or sends the request back (`answer` = refuse)."""
    category = proposal.category
    moved = service.void_moved_publication
    if answer_proposal(proposal, service.confirm_publication, at=_at(category), void_moved=moved):
        return _stored(category, _("The result is public."))
    return _stored(category, _("The request was sent back."))


@bp.post("/manage/<cycle>/publication/<cat>/<proposal>/withdraw")
@allowed(Act.PROPOSE_PUBLICATION, proposal=queries.get_publish_proposal)
@once
def withdraw(proposal: Proposal) -> ResponseReturnValue:
    """An organiser takes the request back."""
    withdraw_proposal(proposal, actor=current_actor(), at=_at(proposal.category))
    return _stored(proposal.category, _("The request was taken back."))


def _case(category: Category, seal: Any, public: Any) -> dict[str, Any]:
    state = state_now(category, now())
    case: dict[str, Any] = {"category": category, "state": state, "seal": seal, "public": public}
    if state is not State.SEALED or seal is None:
        return case
    table = queries.table_of(category, seal)
    proposal = waiting_proposal(category, PUBLISH_ACT)
    result_rows = json.loads(seal.run.bundle)["result"]
    return case | {
        "table": table,
        "proposal": proposal,
        "proposal_stands": proposal is not None and service.stands(proposal),
        "below_quorum": sum(1 for row in result_rows if row["state"] == "below_quorum"),
        "may_preview": may(Act.SEE_RANKING_PREVIEW, category),
        "can_propose": may(Act.PROPOSE_PUBLICATION, category),
        "can_confirm": may(Act.CONFIRM_PUBLICATION, category),
    }


def _plain_decimal(text: str) -> str:
    return decimal2(Decimal(text))


def _moment_in(cycle: Cycle) -> Any:
    return lambda value: moment(value, cycle.timezone, "plain")


def _file_name(category: Category) -> str:
    return f"{category.cycle.code}-{category.slug}.json"


def _command(category: Category) -> str:
    return f"paritrana verify-ranking {_file_name(category)}"


def _at(category: Category) -> datetime:
    return cycle_time(category.cycle, now())


def _stored(category: Category, said: str) -> ResponseReturnValue:
    db.session.commit()
    flash(said, "ok")
    return redirect(f"{url_for('publication.publication', cycle=category.cycle.code)}#{category.slug}", 303)
