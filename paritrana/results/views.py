"""The ranking workbench: run, table and seal of one category."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import structlog
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from paritrana.accounts.once import once
from paritrana.core.errors import NotFound
from paritrana.core.lifecycle import State
from paritrana.core.policy import Act, Part, Role
from paritrana.core.ranking import State as CandidateState
from paritrana.cycles.models import Category, Proposal
from paritrana.cycles.pages import answer_proposal
from paritrana.cycles.queries import (
    cycle_time,
    get_category,
    rubric_of,
    state_now,
)
from paritrana.cycles.service import withdraw_proposal
from paritrana.database import db
from paritrana.results import comparison, queries, service, words
from paritrana.results.marks import as_csv, as_json
from paritrana.results.plenary import queries as plenary
from paritrana.results.plenary.page import beside_the_rank
from paritrana.results.reading import ask_reason, reason_to_read
from paritrana.results.table import Standing, described, open_run, shown_points
from paritrana.results.workbench import queries as workbench
from paritrana.results.workbench.forms import AcknowledgeForm
from paritrana.results.workbench.page import figures, outlooks, warning_words
from paritrana.web.access import allowed, ask, current_actor, may, now
from paritrana.web.exports import Spool
from paritrana.web.forms import Form
from paritrana.web.template_filters import decimal2, moment

bp = Blueprint("results", __name__, template_folder="templates")

PAGE_SIZE = 50
BY_CODE = frozenset({Role.PUBLIC, Role.NOMINEE})  # roles that see assessors by their codes only
log = structlog.get_logger("results")


@bp.app_template_filter("as_decimal")
def as_decimal(text: str | None) -> str:
    """A decimal of a stored document, such as "7.75", as people write it; "–" for nothing."""
    return decimal2(None if text is None else Decimal(text))


@dataclass(frozen=True)
class Section:
    """The candidates of one state on a page of the table."""

    state: CandidateState
    rows: Sequence[Standing]


@bp.get("/manage/<cycle>/ranking/<cat>")
@allowed(Act.SEE_RANKING_PREVIEW, category=get_category)
def ranking(category: Category) -> ResponseReturnValue:
    """The newest run of a category, or the sealed one. An auditor says why; the log keeps it."""
    reason, missing = reason_to_read(Act.SEE_RANKING_PREVIEW, category)
    if missing:
        return ask_reason(category)
    if reason:
        log.info(
            "read", act=Act.SEE_RANKING_PREVIEW.value, account=current_actor().ref, category=category.id, reason=reason
        )
    return _page(category, reason)


@bp.get("/manage/<cycle>/ranking/<cat>/runs/<int:no>")
@allowed(Act.SEE_RANKING_PREVIEW, category=get_category)
def run(category: Category, no: int) -> ResponseReturnValue:
    """One run as it was built, with what it was built from. An auditor says why."""
    reason, missing = reason_to_read(Act.SEE_RANKING_PREVIEW, category)
    if missing:
        return ask_reason(category)
    found = workbench.find_run(category, no)
    if found is None:
        raise NotFound
    version = rubric_of(category)
    opened = open_run(found, version)
    provenance = json.loads(found.bundle).get("provenance") or {}
    pages = max(1, -(-len(opened.rows) // PAGE_SIZE))
    page = min(max(request.args.get("page", 1, type=int) or 1, 1), pages)
    return render_template(
        "results/run.html",
        category=category,
        cycle=category.cycle,
        simulated=category.cycle.simulated,
        embargo=_embargo(category),
        run=found,
        runs=workbench.runs_of(category),
        rows=opened.standings(opened.rows[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]),
        total=len(opened.rows),
        page_no=page,
        pages=pages,
        rubric=described(version),
        provenance=sorted(provenance.items()),
        words=words,
        reason=reason or None,
        printed_at=moment(now(), category.cycle.timezone, "short"),
    )


@bp.get("/manage/<cycle>/ranking/<cat>/compare")
@allowed(Act.SEE_RANKING_PREVIEW, category=get_category)
def compare(category: Category) -> ResponseReturnValue:
    """What changed between two runs, by default the last two, and why, down to the mark. An auditor says why."""
    reason, missing = reason_to_read(Act.SEE_RANKING_PREVIEW, category)
    if missing:
        return ask_reason(category)
    last = queries.last_run_no(category)
    later = workbench.find_run(category, request.args.get("b", last, type=int))
    earlier = workbench.find_run(category, request.args.get("a", max(1, last - 1), type=int))
    if earlier is None or later is None:
        raise NotFound
    if earlier.no > later.no:
        earlier, later = later, earlier
    return render_template(
        "results/compare.html",
        category=category,
        cycle=category.cycle,
        simulated=category.cycle.simulated,
        embargo=_embargo(category),
        earlier=earlier,
        later=later,
        changes=comparison.compare(earlier.bundle, later.bundle),
        rubric=described(rubric_of(category)),
        words=words,
        two_decimals=shown_points,
        reason=reason or None,
        printed_at=moment(now(), category.cycle.timezone, "short"),
    )


@bp.get("/manage/<cycle>/ranking/<cat>/marks.csv")
@allowed(Act.SEE_OTHERS_MARKS, category=get_category)
def marks_csv(category: Category) -> ResponseReturnValue:
    """All marks of a category for a spreadsheet program."""
    return _marks_file(category, "csv", "text/csv", as_csv)


@bp.get("/manage/<cycle>/ranking/<cat>/marks.json")
@allowed(Act.SEE_OTHERS_MARKS, category=get_category)
def marks_json(category: Category) -> ResponseReturnValue:
    """All marks of a category for a program."""
    return _marks_file(category, "json", "application/json", as_json)


def _marks_file(category: Category, form: str, mimetype: str, write: Callable[..., int]) -> ResponseReturnValue:
    """The file; the public sees assessors by their codes, as in the open bundle. An auditor says why."""
    reason, missing = reason_to_read(Act.SEE_OTHERS_MARKS, category)
    if missing:
        return ask_reason(category)
    role = ask(Act.SEE_OTHERS_MARKS, category).role
    run = queries.run_in_force(category)
    spool = Spool()
    count = write(
        spool, category, run, queries.marks_of(category), names=role not in BY_CODE,
        set_values=queries.set_values_of(category),
    )  # fmt: skip
    log.info(
        "exported", act=Act.SEE_OTHERS_MARKS.value, account=current_actor().ref, category=category.id, form=form,
        rows=count, run=None if run is None else run.no, digest=spool.sha256, reason=reason or None,
    )  # fmt: skip
    about = {"X_Row_Count": str(count)} | ({} if run is None else {"X_Run": str(run.no), "X_Run_Digest": run.digest})
    return spool.answer(f"{category.cycle.code}-{category.slug}-marks.{form}", mimetype, **about)


@bp.post("/manage/<cycle>/ranking/<cat>/runs")
@allowed(Act.BUILD_RUN, category=get_category)
@once
def new_run(category: Category) -> ResponseReturnValue:
    """Calculate the ranking from what is submitted now."""
    run = service.build_run(category, actor=current_actor(), at=_at(category))
    return _stored(category, _("Run %(no)s is calculated and stored.", no=run.no))


@bp.post("/manage/<cycle>/ranking/<cat>/warnings")
@allowed(Act.SEAL_RESULTS, category=get_category)
@once
def acknowledge(category: Category) -> ResponseReturnValue:
    """The chair says why a warning does not stand in the way of the seal."""
    form = AcknowledgeForm()
    if not form.validate():
        return _page(category, "", form), 422
    run = queries.latest_run(category)
    if run is None:
        raise service.NoRun
    service.acknowledge_warning(
        run, form.digest.data or "", form.code.data or "", form.found.data or "", form.reason.data or "",
        actor=current_actor(), at=_at(category),
    )  # fmt: skip
    return _stored(category, _("The warning is acknowledged, with your reason."))


@bp.post("/manage/<cycle>/ranking/<cat>/seal")
@allowed(Act.SEAL_RESULTS, category=get_category)
@once
def propose_seal(category: Category) -> ResponseReturnValue:
    """The chair proposes to seal the run that stands on the page."""
    service.propose_seal(category, request.form.get("digest", ""), actor=current_actor(), at=_at(category))
    return _stored(category, _("Proposed. An organiser must confirm the seal."))


@bp.post("/manage/<cycle>/ranking/<cat>/seal/<proposal>")
@allowed(Act.SEAL_RESULTS, part=Part.SECOND, proposal=queries.get_seal_proposal)
@once
def confirm_seal(proposal: Proposal) -> ResponseReturnValue:
    """An organiser confirms the seal, or sends it back (`answer` = refuse)."""
    category = proposal.category
    if answer_proposal(proposal, service.confirm_seal, at=_at(category), void_moved=service.void_moved_seal):
        return _stored(category, _("The result is sealed. The titles follow from the ranks."))
    return _stored(category, _("The proposal was sent back."))


@bp.post("/manage/<cycle>/ranking/<cat>/seal/<proposal>/withdraw")
@allowed(Act.SEAL_RESULTS, proposal=queries.get_seal_proposal)
@once
def withdraw_seal(proposal: Proposal) -> ResponseReturnValue:
    """The chair takes the proposal back."""
    withdraw_proposal(proposal, actor=current_actor(), at=_at(proposal.category))
    return _stored(proposal.category, _("The proposal was taken back."))


def _page(category: Category, reason: str, asked: AcknowledgeForm | None = None) -> str:
    state = state_now(category, now())
    version = rubric_of(category)
    seal = queries.seal_of(category) if state >= State.SEALED else None
    run, proposal = queries.newest_with_proposal(category) if seal is None else (seal.run, None)
    digests = None if run is None or seal is not None else queries.digests(category)
    inputs_digest = digests.inputs if digests is not None else "" if run is None else run.inputs_digest
    decisions = plenary.decisions_of(category)
    said = None if run is None else workbench.diagnostics_of(run)  # which reads the bundle along with them
    opened = None if run is None else open_run(run, version)
    rows = [] if opened is None else opened.rows
    pages = max(1, -(-len(rows) // PAGE_SIZE))
    page = min(max(request.args.get("page", 1, type=int) or 1, 1), pages)
    shown = [] if opened is None else opened.standings(rows[(page - 1) * PAGE_SIZE : page * PAGE_SIZE])
    described_rubric = described(version)
    warned: Sequence[workbench.Warned] = []
    if run is not None and said is not None and opened is not None and state is State.PLENARY:
        moved = workbench.moved_decisions(plenary.in_force(decisions), digests.basis if digests is not None else "")
        warned = workbench.warnings(category, run, said, opened.count(CandidateState.BELOW_QUORUM), moved)
    ranked = [one for one in shown if one.rank is not None]
    return render_template(
        "results/ranking.html",
        category=category,
        cycle=category.cycle,
        simulated=category.cycle.simulated,
        embargo=state < State.PUBLISHED,
        state=state,
        run=run,
        seal=seal,
        awards={one.nomination.candidate_code: one for one in queries.awards_of(category)} if seal else {},
        moved=run is not None and run.inputs_digest != inputs_digest,
        decided={} if opened is None else beside_the_rank(rows, opened.names, decisions),
        proposal=proposal,
        proposal_stands=proposal is not None and service.stands(proposal, run, inputs_digest),
        rubric=described_rubric,
        warned=warned,
        warning_words=warning_words,
        figures=[] if opened is None or said is None else figures(opened, described_rubric, ranked, said),
        outlooks={} if said is None else outlooks(said, shown),
        uneven=bool(said and said["fitted"]),
        sections=[Section(one, found) for one in CandidateState if (found := [r for r in shown if r.state == one])],
        counts=[] if opened is None else [(one, opened.count(one)) for one in CandidateState],
        total=len(rows),
        page_no=page,
        pages=pages,
        words=words,
        can_run=may(Act.BUILD_RUN, category),
        can_seal=may(Act.SEAL_RESULTS, category),
        can_confirm=may(Act.SEAL_RESULTS, category, part=Part.SECOND),
        reason=reason or None,
        me=current_actor(),
        asked=asked,
        acknowledging={
            one.code: asked if asked is not None and asked.code.data == one.code else AcknowledgeForm.about(one)
            for one in warned
        },
        plain=Form(formdata=None),
        printed_at=moment(now(), category.cycle.timezone, "short"),
    )


def _embargo(category: Category) -> bool:
    return state_now(category, now()) < State.PUBLISHED


def _at(category: Category) -> datetime:
    return cycle_time(category.cycle, now())


def _stored(category: Category, said: str) -> ResponseReturnValue:
    db.session.commit()
    flash(said, "ok")
    return redirect(url_for("results.ranking", cycle=category.cycle.code, cat=category.slug), 303)
