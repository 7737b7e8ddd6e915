"""The pages of the verification: queue, overview, items, change requests, close, and the shortlist of a category."""

from collections.abc import Mapping, Sequence
from datetime import datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import func, select

from paritrana.accounts.once import once
from paritrana.core.errors import NotFound, ParitranaError
from paritrana.core.evidence import KINDS
from paritrana.core.lifecycle import STATE_NAMES, State
from paritrana.core.policy import Act, Part, Role
from paritrana.cycles.models import Category, Cycle, Proposal
from paritrana.cycles.queries import cycle_time, get_category, get_cycle, rubric_of, state_now, waiting_proposals
from paritrana.cycles.service import withdraw_proposal
from paritrana.database import db
from paritrana.nominations.models import Nomination
from paritrana.nominations.queries import nominations_of
from paritrana.nominations.rows import kind_of_page, page_name, reasons_of
from paritrana.panels.queries import conflicts_in, has_declared
from paritrana.panels.service import declare
from paritrana.verification import forms, queries, service
from paritrana.verification.figures import (
    DOCUMENTS,
    SHAPES,
    VERDICTS,
    difference,
    from_text,
    line_names,
    quantity_of,
    relative_size,
)
from paritrana.verification.models import ChangeRequest
from paritrana.verification.queries import Case, Item
from paritrana.web import formats
from paritrana.web.access import allowed, ask, current_actor, may, now, require, visible
from paritrana.web.forms import Form
from paritrana.web.template_filters import current_language, own, quantity, sentence
from paritrana.web.template_filters import moment as written_moment

bp = Blueprint("verification", __name__, template_folder="templates")

PAGE = 50
LINES_PER_PAGE = 12
# Who may read a verification, besides working on it. The nominee reads its own nomination, not the verifier's notes.
READERS = frozenset({Role.VERIFIER, Role.ASSESSOR, Role.CHAIR, Role.ORGANISER})


@bp.record_once
def hand_over_requests(state: BlueprintSetupState) -> None:
    """Let the pages of a nomination, which lie in an earlier room, show the requests that are open."""
    state.app.extensions["nomination_requests"] = queries.requests_for_nominee


# Queue ----------------------------------------------------------------------------------------------------------------


@bp.get("/verification")
@allowed(Act.VERIFY)
def queue() -> ResponseReturnValue:
    """What waits for a verifier, the oldest first; candidates in conflict never appear."""
    closed = request.args.get("status") == "closed"
    mine = queries.queue(visible(current_actor(), Act.VERIFY, Nomination), closed=closed)
    total = db.session.scalar(select(func.count()).select_from(mine.order_by(None).subquery())) or 0
    pages = max(1, -(-total // PAGE))
    page = min(max(request.args.get("page", 1, type=int), 1), pages)
    nominations = db.session.scalars(mine.limit(PAGE).offset((page - 1) * PAGE)).all()
    return render_template(
        "verification/queue.html",
        cases=queries.cases(nominations),
        total=total,
        page_no=page,
        pages=pages,
        closed=closed,
        form=Form(formdata=None),
        status_of=_status_of,
        at=now(),
        simulated=any(one.category.cycle.simulated for one in nominations),
    )


@bp.post("/verification/next")
@allowed(Act.VERIFY)
@once
def take_next() -> ResponseReturnValue:
    """Take the oldest nomination that nobody works on and that is not in conflict."""
    actor = current_actor()
    mine = queries.queue(visible(actor, Act.TAKE_VERIFICATION, Nomination))
    mine = mine.where(Nomination.id.not_in(queries.taken()))
    nomination = db.session.scalars(mine.limit(1)).first()
    if nomination is None:
        flash(_("Nobody waits: every nomination in the queue has a verifier."), "ok")
        return redirect(url_for("verification.queue"), 303)
    service.take(nomination, actor=actor, at=_at(nomination))
    db.session.commit()
    return redirect(url_for("verification.overview", ref=nomination.ref), 303)


# One nomination -------------------------------------------------------------------------------------------------------


@bp.get("/verification/<ref>")
@allowed(Act.SEE_NOMINATION, nomination=queries.get_sent_nomination)
def overview(nomination: Nomination) -> ResponseReturnValue:
    """How far the verification is: items, conditions, documents, computed values, requests."""
    _check_reader(nomination)
    return _overview(nomination)


@bp.post("/verification/<ref>/declaration")
@allowed(Act.SEE_NOMINATION, nomination=queries.get_sent_nomination)
@once
def sign_declaration(nomination: Nomination) -> ResponseReturnValue:
    """Say whether anything stands between the officer and the candidate; a conflict steps back at once."""
    if _check_reader(nomination) is Role.ORGANISER:
        raise NotFound
    form = forms.DeclarationForm()
    if not form.validate():
        return _overview(nomination, declaration=form), 422
    conflict = form.conflict.data == "yes"
    try:
        declare(nomination, conflict, form.reason.data or "", actor=current_actor(), at=_at(nomination))
    except ParitranaError as refusal:
        form.refuse(refusal, form.reason)
        return _overview(nomination, declaration=form), refusal.status
    db.session.commit()
    if conflict:
        flash(_("You have stepped back from this candidate. You do not see it any more."), "ok")
        return redirect("/home", 303)
    wish = request.form.get("then", "")
    to = "verification.close" if wish == "close" else "verification.overview"
    return redirect(url_for(to, ref=nomination.ref), 303)


@bp.post("/verification/<ref>/take")
@allowed(Act.TAKE_VERIFICATION, nomination=queries.get_sent_nomination)
@once
def take(nomination: Nomination) -> ResponseReturnValue:
    """Put one's own name to a nomination, also when another verifier had it."""
    require(Act.VERIFY, nomination)
    service.take(nomination, actor=current_actor(), at=_at(nomination))
    return _stored(url_for("verification.overview", ref=nomination.ref), _("This nomination is yours now."))


@bp.post("/verification/<ref>/gates")
@allowed(Act.SET_FINDING, nomination=queries.get_sent_nomination)
@once
def propose_gate(nomination: Nomination) -> ResponseReturnValue:
    """A verifier proposes whether a condition is fulfilled, or whether an indicator applies."""
    require(Act.VERIFY, nomination)
    form = _gate_form()
    if not form.validate():
        return _overview(nomination, gate_form=form), 422
    try:
        service.propose_gate(
            nomination, form.subject, form.code, form.answer.data, form.reason.data or "",
            expected=form.expected_version, actor=current_actor(), at=_at(nomination),
        )  # fmt: skip
    except ParitranaError as refusal:
        form.refuse(refusal)
        return _overview(nomination, gate_form=form), refusal.status
    to = f"{url_for('verification.overview', ref=nomination.ref)}#gates"
    return _stored(to, _("Proposed. The chair decides on it."))


@bp.get("/verification/<ref>/items/<item>")
@allowed(Act.SEE_NOMINATION, nomination=queries.get_sent_nomination)
def item(nomination: Nomination, item: str) -> ResponseReturnValue:
    """One item beside its documents: claimed, found, difference, source, verdict."""
    role = _check_reader(nomination)
    if not _may_read(nomination, role):
        return redirect(url_for("verification.overview", ref=nomination.ref), 303)
    return _item_page(queries.case_of(nomination), kind_of_page(item))


@bp.post("/verification/<ref>/items/<item>")
@allowed(Act.VERIFY, nomination=queries.get_sent_nomination)
@once
def save_item(nomination: Nomination, item: str) -> ResponseReturnValue:
    """Store one page of findings, whole or not at all."""
    case, kind = queries.case_of(nomination), kind_of_page(item)
    one = case.item(kind)
    page, start, judged = _page_of(one)
    typed, same = request.form, request.form.get("same", "")
    rows, entries = forms.read_rows(judged, start, typed, same=same)
    waiting = forms.unresolved(rows, typed)
    problems = [(f"{row.id}-{name}", said) for row in rows for name, said in row.problems]
    if waiting or problems:
        return _item_page(case, kind, rows=rows, problems=problems), 422
    try:
        service.record_findings(
            nomination, kind, entries, revision_no=_whole(typed.get("revision")), actor=current_actor(),
            at=_at(nomination),
        )  # fmt: skip
    except service.RowsStale as refusal:
        db.session.rollback()
        fresh = queries.case_of(queries.get_sent_nomination(nomination.ref))
        forms.mark_stale(rows, refusal.figures, {row.figure.key: row for row in fresh.item(kind).rows})
        return _item_page(fresh, kind, rows=rows, refusal=_timed(refusal, nomination)), refusal.status
    except service.RowRefused as refusal:
        db.session.rollback()
        for row in rows:
            if row.judged.figure.key == refusal.figure:
                row.problems.append(("found", f"{forms.figure_name(row.judged)}: {sentence(refusal.refusal)}"))
                problems.append((f"{row.id}-found", row.problems[-1][1]))
        fresh = queries.case_of(queries.get_sent_nomination(nomination.ref))
        return _item_page(fresh, kind, rows=rows, problems=problems), refusal.refusal.status
    except ParitranaError as refusal:
        db.session.rollback()
        fresh = queries.case_of(queries.get_sent_nomination(nomination.ref))
        return _item_page(fresh, kind, rows=rows, refusal=sentence(refusal)), refusal.status
    db.session.commit()
    saved = formats.clock_time(now(), current_language(), nomination.category.cycle.timezone)
    flash(_("Saved on the server %(time)s", time=saved), "ok")
    return redirect(_after_saving(queries.case_of(nomination), kind, page, same), 303)


# Change requests ------------------------------------------------------------------------------------------------------


@bp.get("/verification/<ref>/requests/new")
@allowed(Act.REQUEST_CHANGE, nomination=queries.get_sent_nomination)
def new_request(nomination: Nomination) -> ResponseReturnValue:
    """Choose figures, write the question, set the due date."""
    if not _may_read(nomination, Role.VERIFIER):
        return redirect(url_for("verification.overview", ref=nomination.ref), 303)
    return _request_page(nomination, forms.RequestForm(formdata=None), frozenset())


@bp.post("/verification/<ref>/requests/new")
@allowed(Act.REQUEST_CHANGE, nomination=queries.get_sent_nomination)
@once
def ask_changes(nomination: Nomination) -> ResponseReturnValue:
    """Send a change request: before the shortlist the nomination goes back to the nominee."""
    form = forms.RequestForm()
    chosen = frozenset(request.form.getlist("figure"))
    if not form.validate():
        return _request_page(nomination, form, chosen), 422
    pairs = [(kind, figure) for kind, _slash, figure in (name.partition("/") for name in chosen)]
    due = datetime.combine(form.due.data, time(23, 59, 59), ZoneInfo(nomination.category.cycle.timezone))
    try:
        service.ask_changes(nomination, pairs, form.question.data or "", due, actor=current_actor(), at=_at(nomination))
    except ParitranaError as refusal:
        db.session.rollback()
        form.refuse(refusal, form.due if refusal.code == "due_too_early" else None)
        nomination = queries.get_sent_nomination(nomination.ref)
        return _request_page(nomination, form, chosen), refusal.status
    to = url_for("verification.overview", ref=nomination.ref)
    return _stored(to, _("The request is sent. It is on the first page of the nominee."))


@bp.post("/verification/<ref>/requests/<int:no>/end")
@allowed(Act.REQUEST_CHANGE, change=queries.get_request)
@once
def end_request(change: ChangeRequest) -> ResponseReturnValue:
    """End a request without an answer; the figures stay as they were claimed."""
    form, ref = forms.ReasonForm(), change.nomination.ref
    if not form.validate():
        return _overview(change.nomination, end_form=form), 422
    try:
        service.end_request(
            change, form.reason.data or "", expected=form.expected_version, actor=current_actor(),
            at=_at(change.nomination),
        )  # fmt: skip
    except ParitranaError as refusal:
        db.session.rollback()
        form.refuse(refusal)
        return _overview(queries.get_sent_nomination(ref), end_form=form), refusal.status
    return _stored(url_for("verification.overview", ref=ref), _("The request has ended without an answer."))


@bp.get("/nominations/<ref>/requests/<int:no>")
@allowed(Act.SEE_DRAFT, change=queries.get_request)
def answer(change: ChangeRequest) -> ResponseReturnValue:
    """What the verifier asks of the nominee, figure by figure, and the answer once it is sent."""
    return _answer_page(change, forms.AnswerForm(formdata=None, version=change.version), _answers(change))


@bp.post("/nominations/<ref>/requests/<int:no>")
@allowed(Act.ANSWER_REQUEST, change=queries.get_request)
@once
def send_answer(change: ChangeRequest) -> ResponseReturnValue:
    """Send the answer: it becomes the next revision of the nomination."""
    form, answers = forms.AnswerForm(), _answers(change)
    values, reasons = forms.read_answers(answers, request.form)
    if not form.validate() or any(one.problems for one in answers):
        return _answer_page(change, form, answers), 422
    ref, no = change.nomination.ref, change.no
    try:
        revision = service.answer_request(
            change, values, reasons, form.note.data or "", expected=form.expected_version, actor=current_actor(),
            at=_at(change.nomination),
        )  # fmt: skip
    except ParitranaError as refusal:
        db.session.rollback()
        if isinstance(refusal, service.RowRefused):
            for one in answers:
                if one.name == refusal.figure:
                    one.problems.append(f"{one.title}: {sentence(refusal.refusal)}")
        else:
            form.refuse(refusal)
        return _answer_page(queries.get_request(ref, no), form, answers), refusal.status
    said = _("The answer is sent as revision %(no)s. Number %(number)s.", no=revision.no, number=revision.receipt_no)
    return _stored(url_for("verification.answer", ref=ref, no=no), said)


# Close ----------------------------------------------------------------------------------------------------------------


@bp.get("/verification/<ref>/close")
@allowed(Act.SET_FINDING, nomination=queries.get_sent_nomination)
def close(nomination: Nomination) -> ResponseReturnValue:
    """All rows by verdict, what blocks, the chair's decisions, and the two persons of the close."""
    if not _may_read(nomination, Role.VERIFIER):
        return _overview(nomination, then="close")
    return _close_page(nomination)


@bp.post("/verification/<ref>/close")
@allowed(Act.VERIFY, nomination=queries.get_sent_nomination)
@once
def propose_close(nomination: Nomination) -> ResponseReturnValue:
    """The first person proposes to close."""
    return _closing(nomination, service.propose_close, _("Proposed. Another verifier must close it."))


@bp.post("/verification/<ref>/close/confirm")
@allowed(Act.CLOSE_VERIFICATION, nomination=queries.get_sent_nomination)
@once
def confirm_close(nomination: Nomination) -> ResponseReturnValue:
    """The second person closes: the nomination is verified."""
    return _closing(nomination, service.close, _("The verification is closed. The nomination is verified."))


@bp.post("/verification/<ref>/close/return")
@allowed(Act.CLOSE_VERIFICATION, nomination=queries.get_sent_nomination)
@once
def return_close(nomination: Nomination) -> ResponseReturnValue:
    """The second person sends it back with a note."""
    form = forms.NoteForm()
    if not form.validate():
        return _close_page(nomination, note_form=form), 422
    try:
        service.return_close(
            nomination, form.note.data or "", expected=form.expected_version, actor=current_actor(),
            at=_at(nomination),
        )  # fmt: skip
    except ParitranaError as refusal:
        db.session.rollback()
        form.refuse(refusal)
        return _close_page(queries.get_sent_nomination(nomination.ref), note_form=form), refusal.status
    return _stored(url_for("verification.overview", ref=nomination.ref), _("Returned with your note."))


@bp.post("/verification/<ref>/decisions")
@allowed(Act.DECIDE_FINDING, nomination=queries.get_sent_nomination)
@once
def decide_gate(nomination: Nomination) -> ResponseReturnValue:
    """The chair decides on what a verifier proposed."""
    form = _gate_form()
    if not form.validate():
        return _close_page(nomination, gate_form=form), 422
    try:
        service.decide_gate(
            nomination, form.subject, form.code, form.answer.data, form.reason.data or "",
            expected=form.expected_version, actor=current_actor(), at=_at(nomination),
        )  # fmt: skip
    except ParitranaError as refusal:
        db.session.rollback()
        form.refuse(refusal)
        return _close_page(queries.get_sent_nomination(nomination.ref), gate_form=form), refusal.status
    return _stored(f"{url_for('verification.close', ref=nomination.ref)}#gates", _("The decision is recorded."))


# Shortlist ------------------------------------------------------------------------------------------------------------


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
                category, chosen, left_out, form.reason.data or "", actor=current_actor(), at=_category_time(category)
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
    return _stored(_shortlist_address(category), _("Proposed. The chair must confirm the shortlist."))


@bp.post("/manage/<cycle>/nominations/<cat>/shortlist/<proposal>")
@allowed(Act.SHORTLIST, part=Part.SECOND, proposal=queries.get_shortlist_proposal)
@once
def answer_shortlist(proposal: Proposal) -> ResponseReturnValue:
    """The chair confirms the shortlist, and the category goes on to the interviews; or sends it back."""
    category = proposal.category
    if request.form.get("answer") == "refuse":
        withdraw_proposal(proposal, actor=current_actor(), at=_category_time(category))
        return _stored(_shortlist_address(category), _("The proposal was sent back."))
    service.confirm_shortlist(
        proposal, request.form.get("digest", ""), actor=current_actor(), at=_category_time(category)
    )
    return _stored(_shortlist_address(category), _("The shortlist stands. The category is in its interviews."))


@bp.post("/manage/<cycle>/nominations/<cat>/shortlist/<proposal>/withdraw")
@allowed(Act.SHORTLIST, proposal=queries.get_shortlist_proposal)
@once
def withdraw_shortlist(proposal: Proposal) -> ResponseReturnValue:
    """An organiser takes a proposed shortlist back."""
    withdraw_proposal(proposal, actor=current_actor(), at=_category_time(proposal.category))
    return _stored(_shortlist_address(proposal.category), _("The proposal was taken back."))


# What the pages share -------------------------------------------------------------------------------------------------


def _check_reader(nomination: Nomination) -> Role:
    """The role in which the actor reads this verification. Raises `NotFound` for everybody else."""
    role = ask(Act.SEE_NOMINATION, nomination).role
    if role not in READERS:
        raise NotFound
    return role


def _may_read(nomination: Nomination, role: Role) -> bool:
    """Whether documents and findings may be opened: officers who judge declare first."""
    account_id = current_actor().user_id
    return role is Role.ORGANISER or (account_id is not None and has_declared(account_id, nomination.id))


def _show(template: str, nomination: Nomination, **context: Any) -> str:
    cycle = nomination.category.cycle
    at = _at(nomination)
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
        score=_score,
        **context,
    )


def _overview(
    nomination: Nomination,
    *,
    declaration: forms.DeclarationForm | None = None,
    gate_form: forms.GateForm | None = None,
    end_form: forms.ReasonForm | None = None,
    then: str = "",
) -> str:
    role = _check_reader(nomination)
    if not _may_read(nomination, role):
        form = declaration or forms.DeclarationForm(formdata=None)
        return _show("declaration.html", nomination, form=form, then=then or request.form.get("then", ""))
    case = queries.case_of(nomination)
    working = may(Act.VERIFY, nomination) and case.state == "open"
    refused: list[Form] = [one for one in (gate_form, end_form) if one is not None]
    change = case.open_request
    return _show(
        "overview.html",
        nomination,
        case=case,
        state_chip=_status_of(case),
        working=working,
        may_take=working and (case.verification is None or case.verification.taken_by != current_actor().user_id),
        may_ask=may(Act.REQUEST_CHANGE, nomination) and change is None,
        may_close=may(Act.SET_FINDING, nomination),
        gate_forms=_gate_forms(case, gate_form, deciding=False) if working else {},
        na_form=_na_form(case, gate_form) if working else None,
        end_form=end_form or forms.ReasonForm(formdata=None, version=change.version if change is not None else None),
        computed=_computed(case),
        plain=Form(formdata=None),
        problems=[problem for one in refused for problem in one.problems],
        gate_words=forms.GATE_WORDS,
        statements=case.revision.content.get("gates", {}),
    )


def _item_page(
    case: Case,
    kind: str,
    *,
    rows: Sequence[forms.Row] | None = None,
    problems: Sequence[tuple[str, str]] = (),
    refusal: str = "",
) -> str:
    one = case.item(kind)
    page, start, judged = _page_of(one)
    nomination = case.nomination
    documents = sorted(case.revision.content["attachments"], key=lambda each: (each["kind"] != kind, each["no"]))
    others = sum(1 for each in case.items if each.open and each.kind != kind)
    return _show(
        "item.html",
        nomination,
        case=case,
        item=one,
        rows=rows if rows is not None else forms.stored_rows(judged, start),
        page_no=page,
        pages=len(_pages(one)),
        documents=documents,
        others=others,
        working=may(Act.VERIFY, nomination) and case.state == "open",
        may_ask=may(Act.REQUEST_CHANGE, nomination) and case.open_request is None,
        form=Form(formdata=None),
        problems=[*([("", refusal)] if refusal else []), *problems],
        verdict_choices=forms.verdict_choices(),
        months=[(str(no), name) for no, name in enumerate(formats.month_names(current_language()), start=1)],
        reason_words=dict(reasons_of(kind)).get(one.explanation_reason, ""),
        documents_only=DOCUMENTS,
    )


def _pages(one: Item) -> list[list[queries.Judged]]:
    """The rows of an item by page: single figures with the first lines, twelve lines a page."""
    single = [row for row in one.rows if row.figure.line is None]
    lines: dict[str, list[queries.Judged]] = {}
    for row in one.rows:
        if row.figure.line is not None:
            lines.setdefault(row.figure.line, []).append(row)
    grouped = list(lines.values())
    pages = [
        [row for line in grouped[first : first + LINES_PER_PAGE] for row in line]
        for first in range(0, len(grouped), LINES_PER_PAGE)
    ] or [[]]
    pages[0] = [*single, *pages[0]]
    return pages


def _page_of(one: Item) -> tuple[int, int, list[queries.Judged]]:
    """Number of the page asked for, number of its first row inside the item, and its rows."""
    pages = _pages(one)
    page = min(max(request.args.get("page", 1, type=int), 1), len(pages))
    return page, 1 + sum(len(rows) for rows in pages[: page - 1]), pages[page - 1]


def _after_saving(case: Case, kind: str, page: int, same: str) -> str:
    """Where a saved page leads: the next row after «same as claimed», the next open item, or the page again."""
    here: dict[str, Any] = {"ref": case.nomination.ref, "item": page_name(kind)}
    if page > 1:
        here["page"] = str(page)
    one = case.item(kind)
    if same:
        after = [no for no, row in enumerate(one.rows, start=1) if row.finding is None and no > _whole(same)]
        return f"{url_for('verification.item', **here)}#row-{after[0] if after else same}"
    if request.form.get("then") != "next":
        return url_for("verification.item", **here)
    for number, rows in enumerate(_pages(one), start=1):
        if number != page and any(row.finding is None for row in rows):
            return url_for("verification.item", **{**here, "page": str(number)})
    following = case.next_open(kind)
    if following is None:
        flash(_("Every figure has a verdict."), "ok")
        return url_for("verification.overview", ref=case.nomination.ref)
    return url_for("verification.item", ref=case.nomination.ref, item=page_name(following))


def _request_page(nomination: Nomination, form: forms.RequestForm, chosen: frozenset[str]) -> str:
    case = queries.case_of(nomination)
    wish = kind_of_page(request.args.get("item", ""))
    if not chosen:
        chosen = frozenset(
            row.figure.name
            for one in case.items
            for row in one.rows
            if row.finding is not None and row.finding.verdict not in {"matches", "out_of_period"}
        )
    return _show("request.html", nomination, case=case, form=form, chosen=chosen, wish=wish)


def _answers(change: ChangeRequest) -> list[forms.Answer]:
    evidence = queries.evidence_of_revision(change)
    found = []
    for no, one in enumerate(change.items, start=1):
        kind, key = one["kind"], one["figure"]
        spec = KINDS[kind].field(key) if kind in KINDS else None
        found.append(
            forms.Answer(
                no=no,
                name=f"{kind}/{key}",
                spec=spec,
                title=_figure_title(kind, key, evidence.get(kind, {}).get("data") or {}),
                claimed=from_text(spec, one["claimed"]),
                found=from_text(spec, one["found"]),
            )
        )
    return found


def _figure_title(kind: str, key: str, data: Mapping[str, Any]) -> str:
    spec = KINDS[kind].field(key) if kind in KINDS else None
    if spec is None:
        return str(_("Documents of row %(code)s", code=kind.rpartition(":")[2]))
    parts = key.split(".")
    group = line_names(kind, data).get(parts[1]) if parts[0] == "lines" and len(parts) == 3 else None
    heading = str(quantity(group)) if group is not None else (str(_(spec.group)) if spec.group else "")
    label = str(_(spec.label))
    return f"{heading}: {label}" if heading else label


def _answer_page(change: ChangeRequest, form: forms.AnswerForm, answers: Sequence[forms.Answer]) -> str:
    nomination = change.nomination
    problems = [(f"{one.id}-value", said) for one in answers for said in one.problems]
    late = change.state == "open" and _at(nomination) > change.due_at
    return _show(
        "answer.html",
        nomination,
        change=change,
        form=form,
        answers=answers,
        late=late,
        answering=change.state == "open" and not late and may(Act.ANSWER_REQUEST, change),
        problems=[*form.problems, *problems],
        months=[(str(no), name) for no, name in enumerate(formats.month_names(current_language()), start=1)],
        new_value=_new_value,
    )


def _new_value(one: forms.Answer, change: ChangeRequest) -> Any:
    """The figure that was answered, with its unit."""
    answered = (change.answer or {}).get("values", {}).get(one.name)
    return quantity(quantity_of(one.spec, from_text(one.spec, answered)))


def _close_page(
    nomination: Nomination,
    *,
    gate_form: forms.GateForm | None = None,
    note_form: forms.NoteForm | None = None,
    refusal: ParitranaError | None = None,
) -> str:
    case = queries.case_of(nomination)
    verification = case.verification
    verifier = may(Act.VERIFY, nomination)
    refused: list[Form] = [one for one in (gate_form, note_form) if one is not None]
    problems = [problem for one in refused for problem in one.problems]
    if refusal is not None:
        problems.insert(0, ("", sentence(refusal)))
    rows = [(one, row) for one in case.items for row in one.rows]
    by_verdict = {
        verdict: sorted(
            ((one, row) for one, row in rows if row.finding is not None and row.finding.verdict == verdict),
            key=lambda pair: -relative_size(pair[1].figure.claimed, pair[1].found),
        )
        for verdict in (*(one for one in VERDICTS if one != "matches"), "matches")
    }
    deciding = may(Act.DECIDE_FINDING, nomination) and case.state != "closed"
    return _show(
        "close.html",
        nomination,
        case=case,
        state_chip=_status_of(case),
        by_verdict=by_verdict,
        blockers=service.close_blockers(case, decided=True),
        ready_to_propose=not service.close_blockers(case, decided=False),
        may_propose=verifier and case.state == "open",
        may_close=verifier and case.state == "proposed" and may(Act.CLOSE_VERIFICATION, nomination),
        first_person=verification is not None and verification.proposed_person_id == current_actor().person_id,
        names=queries.names_of(verification),
        gate_forms=_gate_forms(case, gate_form, deciding=True) if deciding else {},
        plain=Form(formdata=None, version=verification.version if verification is not None else 0),
        note_form=note_form or forms.NoteForm(formdata=None, version=verification.version if verification else 0),
        problems=problems,
        blocker_words=_blocker_words,
        gate_words=forms.GATE_WORDS,
    )


def _closing(nomination: Nomination, step: Any, said: str) -> ResponseReturnValue:
    form = Form()
    try:
        step(nomination, expected=form.expected_version, actor=current_actor(), at=_at(nomination))
    except ParitranaError as refusal:
        db.session.rollback()
        return _close_page(queries.get_sent_nomination(nomination.ref), refusal=refusal), refusal.status
    return _stored(url_for("verification.close", ref=nomination.ref), said)


def _gate_form() -> forms.GateForm:
    subject, code = request.form.get("subject", ""), request.form.get("code", "")
    if subject not in forms.GATE_WORDS:
        raise NotFound
    return forms.GateForm(subject=subject, code=code)


def _gate_forms(case: Case, sent: forms.GateForm | None, *, deciding: bool) -> Mapping[tuple[str, str], forms.GateForm]:
    """A form per gate; when deciding, one for everything that is proposed and not decided yet."""
    found, gates = {}, case.gates
    keys = [("gate", gate["code"]) for gate in case.rubric.gates]
    if deciding:
        keys = [(one.subject, one.gate) for one in gates.values() if one.decided is None]
    for subject, code in keys:
        there = gates.get((subject, code))
        if sent is not None and (sent.subject, sent.code) == (subject, code):
            found[subject, code] = sent
            continue
        found[subject, code] = forms.GateForm(
            formdata=None, subject=subject, code=code, version=there.version if there is not None else 0
        )
    return found


def _na_form(case: Case, sent: forms.GateForm | None) -> forms.GateForm:
    if sent is not None and sent.subject == "not_applicable":
        return sent
    return forms.GateForm(formdata=None, subject="not_applicable", code="", version=0)


def _computed(case: Case) -> list[tuple[Any, Any]]:
    values = queries.computed_values(case.nomination.category, case.rubric, [case.nomination])
    return [(one, values[case.nomination.id, one.code]) for one in case.rubric.indicators if one.source == "computed"]


def item_title(one: Item) -> str:
    """An item in words: the codes of its indicators, and its kind or its one indicator."""
    codes = ", ".join(indicator.code for indicator in one.indicators)
    name = _(KINDS[one.kind].title) if one.kind in KINDS else own(one.indicators[0], "title")
    return f"{codes} {name}"


def _status_of(case: Case) -> tuple[str, str]:
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
    return "doing", _("In progress")


def _blocker_words(case: Case, blocker: service.Blocker) -> str:
    params = {name: quantity(value) for name, value in blocker.params.items()}
    if blocker.kind:
        params["title"] = item_title(case.item(blocker.kind))
    return str(_(blocker.message, **params))


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
        status_of=_status_of,
        state_words=nomination_words,
        score=_score,
        me=current_actor(),
        printed_at=written_moment(cycle_time(cycle, now()), cycle.timezone),
    )


def _table(category: Category, proposal: Proposal | None, sent: tuple[int, Any, Any, Any] | None) -> dict[str, Any]:
    state = state_now(category, now())
    listed = state >= State.CLOSED
    nominations = nominations_of(category)
    cases = queries.cases([one for one in nominations if one.state != "draft"]) if listed else []
    rubric = rubric_of(category) if category.rubric_version_id is not None else None
    values = queries.computed_values(category, rubric, [one.nomination for one in cases]) if rubric is not None else {}
    mine = {nomination for account, nomination in conflicts_in(category) if account == current_actor().user_id}
    waiting = [one for one in cases if one.nomination.state in queries.IN_VERIFICATION]
    may_propose = state is State.VERIFICATION and may(Act.SHORTLIST, category) and proposal is None
    return {
        "category": category,
        "state": state,
        "listed": listed,
        "counts": queries.count_states(nominations),
        "cases": cases,
        "indicators": [one for one in rubric.indicators if one.source == "computed"] if rubric is not None else [],
        "values": values,
        "hidden": mine,
        "failed": queries.gates_decided([one.nomination.id for one in cases]) if cases else {},
        "waiting": waiting,
        "proposal": proposal,
        "proposing": may_propose and not waiting and any(one.nomination.state == "verified" for one in cases),
        "may_propose": may_propose,
        "confirming": proposal is not None and may(Act.SHORTLIST, category, part=Part.SECOND),
        "withdrawing": proposal is not None and may(Act.SHORTLIST, category),
        "form": sent[1] if sent is not None else forms.ReasonForm(formdata=None),
        "typed": sent[2] if sent is not None else {},
        "problems": sent[3] if sent is not None else {},
    }


def nomination_words(state: str) -> tuple[str, str]:
    """The state of a nomination as a chip: its shape and its words."""
    words = {
        "draft": ("open", _("Nomination not sent yet")),
        "submitted": ("ok", _("Sent")),
        "returned": ("attention", _("Changes requested")),
        "resubmitted": ("ok", _("Sent again")),
        "verified": ("ok", _("Verified")),
        "shortlisted": ("ok", _("On the shortlist")),
        "not_shortlisted": ("neutral", _("Not on the shortlist")),
        "interviewed": ("ok", _("Interviewed")),
        "no_show": ("problem", _("Did not appear")),
        "withdrawn": ("neutral", _("Withdrawn")),
    }
    return words[state]


def _score(value: str) -> str:
    """A computed value with two decimals."""
    return formats.decimal2(Decimal(value), current_language())


def _shortlist_address(category: Category) -> str:
    return f"{url_for('verification.shortlist', cycle=category.cycle.code)}#{category.slug}"


def _timed(refusal: ParitranaError, nomination: Nomination) -> str:
    """A refusal whose moment is written in the zone of the cycle."""
    at = refusal.params.get("time")
    if isinstance(at, datetime):
        zone = nomination.category.cycle.timezone
        refusal.params["time"] = formats.clock_time(at, current_language(), zone, seconds=False)
    if refusal.params.get("who"):
        refusal.params["who"] = _(refusal.params["who"])
    return sentence(refusal)


def _stored(address: str, said: str) -> ResponseReturnValue:
    db.session.commit()
    flash(said, "ok")
    return redirect(address, 303)


def _whole(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdecimal() else 0


def _at(nomination: Nomination) -> datetime:
    return cycle_time(nomination.category.cycle, now())


def _category_time(category: Category) -> datetime:
    return cycle_time(category.cycle, now())
