"""The page of the plenary: attendance, the run on the table, titles and decisions, and the draft of the minutes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from paritrana.accounts.once import once
from paritrana.core.errors import NotFound
from paritrana.core.lifecycle import State
from paritrana.core.policy import Act, Part
from paritrana.cycles.models import Category, Proposal
from paritrana.cycles.pages import answer_proposal
from paritrana.cycles.queries import cycle_time, get_category, rubric_of, state_now
from paritrana.cycles.service import withdraw_proposal
from paritrana.database import db
from paritrana.results import queries as results
from paritrana.results import words as result_words
from paritrana.results.plenary import minutes, queries, service
from paritrana.results.plenary.forms import FORMS, AttendanceForm, CloseForm, DecisionForm
from paritrana.results.plenary.minutes import holder_words, quorum_words
from paritrana.results.plenary.models import ORDER, OTHER_WINNER, WITHDRAWAL, WITHHOLD
from paritrana.results.plenary.page import Shown, shown
from paritrana.results.plenary.queries import DECIDE_ACT, Attendance
from paritrana.results.plenary.words import KIND_NAMES, DecisionWords, votes_words
from paritrana.results.reading import ask_reason, reason_to_read
from paritrana.results.service import NoRun
from paritrana.web.access import allowed, current_actor, may, now
from paritrana.web.forms import Form
from paritrana.web.template_filters import moment

bp = Blueprint("plenary", __name__)


@bp.app_template_filter("decision_words")
def decision_words(decision: Mapping[str, Any], table: Mapping[str, Any]) -> str:
    """A published decision as one sentence; `table` is the snapshot that it belongs to."""
    names = {one["candidate"]: one["name"] for one in [*table["rows"], *table["others"]]}
    return DecisionWords(names, ()).proposed(decision)


@bp.app_template_filter("vote_words")
def vote_words(decision: Mapping[str, Any]) -> str:
    """How the plenary voted about a published decision."""
    return votes_words(decision["votes_for"], decision["votes_against"], decision["votes_abstained"])


# The refusals that belong to one field of the form.
AT_FIELD = {
    service.VotesOfOthers: "votes_for",
    service.NotCarried: "votes_for",
    service.ReasonTooShort: "reason",
    service.CalculatedHolder: "candidate",
    service.WithoutRank: "candidate",
    service.HoldsTitle: "candidate",
    service.CandidateGone: "candidate",
}


@bp.get("/manage/<cycle>/plenary/<cat>")
@allowed(Act.SEE_RANKING_PREVIEW, category=get_category)
def plenary(category: Category) -> ResponseReturnValue:
    """The plenary of a category. An auditor says why; the log keeps it."""
    reason, missing = reason_to_read(Act.SEE_RANKING_PREVIEW, category)
    return ask_reason(category) if missing else _page(category, reason)


@bp.get("/manage/<cycle>/plenary/<cat>/minutes.pdf")
@allowed(Act.SEE_RANKING_PREVIEW, category=get_category)
def minutes_pdf(category: Category) -> ResponseReturnValue:
    """The minutes as far as they are recorded, to print and to sign. An auditor says why."""
    _reason, missing = reason_to_read(Act.SEE_RANKING_PREVIEW, category)
    if missing:
        return ask_reason(category)
    answer = Response(minutes.paper_of(shown(category)), mimetype="application/pdf")
    name = f"berita-acara-pleno-{category.cycle.code}-{category.slug}.pdf"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@bp.post("/manage/<cycle>/plenary/<cat>")
@allowed(Act.HOLD_PLENARY, category=get_category)
@once
def open_(category: Category) -> ResponseReturnValue:
    """Open a session, with those who are there."""
    form = _attendance_form(category)
    if not form.validate():
        return _page(category, attending=form), 422
    service.open_plenary(category, form.present.data or (), actor=current_actor(), at=_at(category))
    return _stored(category, _("The plenary is in session."))


@bp.post("/manage/<cycle>/plenary/<cat>/attendance")
@allowed(Act.HOLD_PLENARY, category=get_category)
@once
def attendance(category: Category) -> ResponseReturnValue:
    """Record who is there from now on."""
    form = _attendance_form(category)
    if not form.validate():
        return _page(category, attending=form), 422
    service.set_attendance(category, form.present.data or (), actor=current_actor(), at=_at(category))
    return _stored(category, _("The attendance is recorded."))


@bp.post("/manage/<cycle>/plenary/<cat>/close")
@allowed(Act.HOLD_PLENARY, category=get_category)
@once
def close(category: Category) -> ResponseReturnValue:
    """Close the session with the number of its signed minutes."""
    form = CloseForm()
    if not form.validate():
        return _page(category, closing=form), 422
    service.close_plenary(category, form.minutes_number.data or "", actor=current_actor(), at=_at(category))
    return _stored(category, _("The plenary is closed. Nothing of this session changes any more."))


# Decisions ------------------------------------------------------------------------------------------------------------


@bp.get("/manage/<cycle>/plenary/<cat>/decisions/<wish>")
@allowed(Act.RECORD_DECISION, category=get_category)
def decide(category: Category, wish: str) -> ResponseReturnValue:
    """The form of one kind of decision."""
    return _decision_page(category, wish, None)


@bp.post("/manage/<cycle>/plenary/<cat>/decisions/<wish>")
@allowed(Act.RECORD_DECISION, category=get_category)
@once
def propose(category: Category, wish: str) -> ResponseReturnValue:
    """The chair proposes what the plenary decided."""
    if wish not in FORMS:
        raise NotFound
    table, about = shown(category), _about()
    form = FORMS[wish](choices=_choices(table, wish, about), honours=category.honours)
    if not form.validate():
        return _decision_page(category, wish, form), 422
    try:
        service.propose_decision(category, form.wish(wish, about), actor=current_actor(), at=_at(category))
    except tuple(AT_FIELD) as refusal:
        db.session.rollback()
        form.refuse(refusal, getattr(form, AT_FIELD[type(refusal)], None))
        return _decision_page(get_category(category.cycle.code, category.slug), wish, form), refusal.status
    return _stored(category, _("Proposed. Another member of the panel must confirm the decision."))


def get_decision_proposal(cycle: str, cat: str, proposal: str) -> Proposal:
    """A proposed decision of a category. Raises `NotFound`."""
    return results.get_proposal_of(DECIDE_ACT, cycle, cat, proposal)


@bp.post("/manage/<cycle>/plenary/<cat>/waiting/<proposal>")
@allowed(Act.RECORD_DECISION, part=Part.SECOND, proposal=get_decision_proposal)
@once
def confirm(proposal: Proposal) -> ResponseReturnValue:
    """Another member confirms the decision, or sends it back (`answer` = refuse)."""
    category = proposal.category
    void = service.void_moved_decisions
    if answer_proposal(proposal, service.confirm_decision, at=_at(category), void_moved=void):
        return _stored(category, _("The decision is recorded."))
    return _stored(category, _("The proposal was sent back."))


@bp.post("/manage/<cycle>/plenary/<cat>/waiting/<proposal>/withdraw")
@allowed(Act.RECORD_DECISION, proposal=get_decision_proposal)
@once
def take_back(proposal: Proposal) -> ResponseReturnValue:
    """The chair takes a proposed decision back."""
    withdraw_proposal(proposal, actor=current_actor(), at=_at(proposal.category))
    return _stored(proposal.category, _("The proposal was taken back."))


def _about() -> int | None:
    """The rank, or the number of the decision, that a decision is about."""
    return (request.form if request.method == "POST" else request.args).get("about", type=int)


def _choices(table: Shown, kind: str, about: int | None) -> list[tuple[str, str]]:
    """The candidates that a decision of a kind can name, best rank first.

    Raises `NotTied` where nobody shares the rank, `NotFound` for an address of nothing.
    """
    rows = [] if table.opened is None else table.opened.rows
    if kind == ORDER:
        rows = [row for row in rows if row["tied"] and row["rank"] == about]
        if not rows:
            raise service.NotTied
    elif kind in (OTHER_WINNER, WITHHOLD):
        if table.titles is not None and not any(one.rank == about for one in table.titles.places):
            raise NotFound
    elif kind == WITHDRAWAL and not any(one.no == about for one in table.decisions):
        raise NotFound
    return [
        (str(row["candidate"]), f"{result_words.rank_text(row)} · {table.say.name(row['candidate'])}")
        for row in rows
        if row["rank"] is not None
    ]


def _decision_page(category: Category, kind: str, form: DecisionForm | None) -> str:
    if kind not in FORMS:
        raise NotFound
    table, about = shown(category), _about()
    session = table.session
    if session is None:
        raise service.NoPlenary
    if table.run is None:
        raise NoRun
    if form is None:
        form = FORMS[kind](choices=_choices(table, kind, about), honours=category.honours, formdata=None)
        form.digest.data = table.run.digest
    place = next((one for one in table.titles.places if one.rank == about), None) if table.titles else None
    return render_template(
        "results/decision.html",
        category=category,
        cycle=category.cycle,
        simulated=category.cycle.simulated,
        kind=kind,
        kind_names=KIND_NAMES,
        number_of=about,
        table=table,
        attendance=table.attendance[session.no],
        place=place,
        calculated=", ".join(table.say.name(code) for code in place.calculated) or "–" if place is not None else "",
        quorum_words=quorum_words,
        withdrawn=next((one for one in table.decisions if one.no == about), None) if kind == WITHDRAWAL else None,
        votes_words=votes_words,
        form=form,
        problems=form.problems,
        embargo=True,
        printed_at=moment(now(), category.cycle.timezone, "short"),
    )


def _attendance_form(category: Category) -> AttendanceForm:
    members = queries.invited(category, 0).members
    return AttendanceForm(seats=[(one.seat.code, one.seat.code) for one in members if not one.recused])


def _page(
    category: Category,
    reason: str = "",
    *,
    attending: AttendanceForm | None = None,
    closing: CloseForm | None = None,
) -> str:
    table, state = shown(category), state_now(category, now())
    waiting = queries.waiting_decisions(category) if state is State.PLENARY else []
    return render_template(
        "results/plenary.html",
        category=category,
        cycle=category.cycle,
        simulated=category.cycle.simulated,
        embargo=state < State.PUBLISHED,
        state=state,
        table=table,
        candidates=_members(table, category),
        waiting=[(one, service.stands(one, table.run, table.inputs_digest)) for one in waiting],
        kind_names=KIND_NAMES,
        votes_words=votes_words,
        words=result_words,
        quorum_words=quorum_words,
        holder_words=holder_words,
        attending=attending,
        closing=closing or CloseForm(formdata=None),
        problems=[*(attending.problems if attending else []), *(closing.problems if closing else [])],
        can_hold=state is State.PLENARY and may(Act.HOLD_PLENARY, category),
        can_decide=state is State.PLENARY and may(Act.RECORD_DECISION, category),
        can_confirm=state is State.PLENARY and may(Act.RECORD_DECISION, category, part=Part.SECOND),
        reason=reason or None,
        me=current_actor(),
        plain=Form(formdata=None),
        printed_at=moment(now(), category.cycle.timezone, "short"),
    )


def _members(table: Shown, category: Category) -> Attendance:
    """Who is in the session that goes on; before one, everybody who could be."""
    session = table.session
    if session is not None:
        return table.attendance[session.no]
    return queries.invited(category, rubric_of(category).quorum)


def _at(category: Category) -> datetime:
    return cycle_time(category.cycle, now())


def _stored(category: Category, said: str) -> ResponseReturnValue:
    db.session.commit()
    flash(said, "ok")
    return redirect(url_for("plenary.plenary", cycle=category.cycle.code, cat=category.slug), 303)
