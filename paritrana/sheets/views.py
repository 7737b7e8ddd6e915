"""The pages of an assessor: the list of candidates, the score sheet, its check and receipt; and the end of scoring."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from flask import Blueprint, Response, flash, jsonify, redirect, render_template, request, url_for
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf.csrf import generate_csrf
from werkzeug.datastructures import MultiDict

from paritrana.accounts.once import once
from paritrana.core.errors import BadInput, MissingReason, NotFound, ParitranaError
from paritrana.core.policy import Act
from paritrana.core.words import N_
from paritrana.cycles.models import Category
from paritrana.cycles.queries import cycle_time, get_category
from paritrana.database import db
from paritrana.interviews.models import InterviewDay
from paritrana.interviews.queries import session_of
from paritrana.nominations.models import Nomination
from paritrana.nominations.rows import page_name
from paritrana.panels.queries import has_declared
from paritrana.panels.service import declare, recuse
from paritrana.sheets import device, offline, pages, queries, service
from paritrana.sheets.consolidations.closing import ConsolidationsUnfinished
from paritrana.sheets.consolidations.queries import marks_shown, unfinished
from paritrana.sheets.forms import DeclarationForm, MarkForm, StepBackForm, SubmitForm, reason_name
from paritrana.sheets.imported.queries import waiting_on
from paritrana.sheets.late.queries import late_marks_on, submissions_of
from paritrana.sheets.models import Sheet
from paritrana.sheets.pages import Leaf, Paper
from paritrana.verification.counted import told
from paritrana.verification.figures import SHAPES, VERDICTS, quantity_of
from paritrana.verification.forms import figure_name
from paritrana.web import formats
from paritrana.web.access import allowed, current_actor, may, now
from paritrana.web.fields import know
from paritrana.web.forms import Form, VersionMissing
from paritrana.web.template_filters import current_language, sentence
from paritrana.web.template_filters import moment as written_moment

bp = Blueprint("sheets", __name__, template_folder="templates")


class NotAMarkObject(BadInput):
    """The body of a request is no object of texts."""

    code = "not_a_mark"
    message = N_("Send an object with value, abstain_note, panel_note and feedback as texts.")


@bp.record_once
def hand_over_counts(state: BlueprintSetupState) -> None:
    """Let the page of a slot, which lies in an earlier room, say how many sheets are in."""
    state.app.extensions["sheet_counts"] = queries.counts_for


# The list -------------------------------------------------------------------------------------------------------------


@bp.get("/assessments")
@allowed(Act.SEE_OWN_MARKS)
def assessments() -> ResponseReturnValue:
    """The candidates of an assessor in the order of the day; those in conflict do not appear."""
    desks = queries.my_desks(current_actor())
    groups: dict[int, list[queries.Desk]] = {}
    for desk in desks:
        groups.setdefault(desk.category.id, []).append(desk)
    return device.copied(
        render_template(
            "sheets/assessments.html",
            groups=list(groups.values()),
            simulated=any(desk.category.cycle.simulated for desk in desks),
            boards={one: _boards(of) for one, of in groups.items() if may(Act.SEE_BOARD, of[0].category)},
            marked_in=queries.MARKED_IN,
            progress=pages.progress,
            account=current_actor().ref,
        )
    )


def _boards(desks: Sequence[queries.Desk]) -> list[InterviewDay]:
    """The days on which these candidates are heard, in order."""
    days = {one.session.day.id: one.session.day for one in desks if one.session is not None}
    return sorted(days.values(), key=lambda one: one.on)


# The sheet ------------------------------------------------------------------------------------------------------------


@bp.get("/assessments/<ref>/sheet")
@allowed(Act.SEE_OWN_MARKS, nomination=queries.get_candidate)
def sheet(nomination: Nomination) -> ResponseReturnValue:
    """The own sheet of a candidate; before it is opened, the declaration. A device asks for a copy that it keeps."""
    found = _find(nomination)
    if found is None:
        return _declaration(nomination, DeclarationForm(formdata=None))
    page = _sheet_page(found)
    return device.copied(page) if device.asks_for_copy() else page


@bp.post("/assessments/<ref>/declaration")
@allowed(Act.MARK, nomination=queries.get_candidate)
@once
def sign_declaration(nomination: Nomination) -> ResponseReturnValue:
    """Declare whether anything stands between, and open the sheet; a conflict steps back at once."""
    form = DeclarationForm()
    if not form.validate():
        return _declaration(nomination, form), 422
    conflict = form.conflict.data == "yes"
    try:
        declare(
            nomination, conflict, form.reason.data or "", basis=form.basis.data or "other", actor=current_actor(),
            at=_at(nomination),
        )  # fmt: skip
        if not conflict:
            service.open_sheet(nomination, actor=current_actor(), at=_at(nomination))
    except MissingReason as refusal:
        ref = nomination.ref
        db.session.rollback()
        form.refuse(refusal, form.reason)
        return _declaration(queries.get_candidate(ref, current_actor()), form), refusal.status
    db.session.commit()
    if conflict:
        return _stepped_back()
    return redirect(url_for("sheets.sheet", ref=nomination.ref), 303)


@bp.post("/assessments/<ref>/step-back")
@allowed(Act.RECUSE, nomination=queries.get_candidate)
@once
def step_back(nomination: Nomination) -> ResponseReturnValue:
    """Leave a candidate after all: what was marked stays on record and does not count."""
    form, found = StepBackForm(), _find(nomination)
    if not form.validate():
        if found is None:
            return _declaration(nomination, DeclarationForm(formdata=None), form.problems), 422
        return _sheet_page(found, step_back=form), 422
    recuse(
        nomination, form.reason.data or "", basis=form.basis.data or "other", actor=current_actor(),
        at=_at(nomination),
    )  # fmt: skip
    service.withdraw_sheet(nomination, actor=current_actor(), at=_at(nomination))
    db.session.commit()
    return _stepped_back()


def _stepped_back() -> ResponseReturnValue:
    flash(_("You have stepped back from this candidate. You do not see it any more."), "ok")
    return redirect(url_for("sheets.assessments"), 303)


@bp.post("/assessments/<ref>/sheet/marks/<indicator>")
@allowed(Act.MARK, nomination=queries.get_candidate)
@once
def post_mark(nomination: Nomination, indicator: str) -> ResponseReturnValue:
    """Save one indicator from the page without script."""
    found = _own_sheet(nomination)
    form = _mark_form(found, indicator)
    ref = found.ref
    if not form.validate():
        return _sheet_page(found, sent=(indicator, form)), 422
    try:
        _save(found, indicator, form, form.expected_version)
    except (service.MarkMoved, BadInput, service.SheetClosed, service.MarkingNotOpen, service.EvidenceAsked) as refusal:
        db.session.rollback()
        return _sheet_page(queries.get_own_sheet(ref, current_actor()), sent=(indicator, form), refusal=refusal), (
            refusal.status
        )
    db.session.commit()
    return redirect(url_for("sheets.sheet", ref=nomination.ref, _anchor=indicator), 303)


def _declaration(nomination: Nomination, form: DeclarationForm, problems: Sequence[tuple[str, str]] = ()) -> str:
    if not may(Act.MARK, nomination):
        raise NotFound
    return render_template(
        "sheets/declaration.html",
        nomination=nomination,
        cycle=nomination.category.cycle,
        simulated=nomination.category.cycle.simulated,
        form=form,
        declared=has_declared(_me(), nomination.id),
        problems=[*form.problems, *problems],
    )


def _sheet_page(
    found: Sheet,
    *,
    sent: tuple[str, MarkForm] | None = None,
    refusal: ParitranaError | None = None,
    step_back: StepBackForm | None = None,
) -> str:
    paper = pages.paper_of(found)
    problems: list[tuple[str, str]] = list(step_back.problems) if step_back is not None else []
    if sent is not None:
        problems += _return_typed(paper.leaf(sent[0]), sent[1], refusal)
    nomination = found.nomination
    return _show(
        "sheet.html",
        paper,
        sheet=found,
        session=session_of(nomination),
        working=not paper.locked and may(Act.MARK, nomination),
        may_step_back=may(Act.RECUSE, nomination),
        step_back=step_back or StepBackForm(formdata=None),
        problems=problems,
        csrf=generate_csrf(),
        last=max((one.mark.saved_at for one in paper.leaves if one.mark is not None), default=None),
        quantity_of=quantity_of,
        figure_name=figure_name,
        verdicts=VERDICTS,
        shapes=SHAPES,
        item_page=page_name,
        cap_sentence=pages.cap_sentence,
        late_marks=late_marks_on(found) if paper.locked or not may(Act.MARK, nomination) else [],
        copy=device.asks_for_copy(),
        held=0 if device.asks_for_copy() else len(waiting_on(found)),
        counted_rows=offline.counted_rows,
    )


def _return_typed(leaf: Leaf, form: MarkForm, refusal: ParitranaError | None) -> list[tuple[str, str]]:
    """Put what was sent back into its fields, with every sentence at its place; the same for the summary."""
    names = ("value", "abstain_note", "panel_note", "feedback")
    leaf.typed = {name: str(request.form.get(name, "")) for name in names} | {
        "abstain": "1" if form.abstain.data else ""
    }
    errors: dict[str, list[str]] = {name: [str(said) for said in form[name].errors] for name in names}
    code = leaf.indicator.code
    found = [(f"{code}-{name}", said) for name in names for said in errors[name]]
    if isinstance(refusal, service.MarkMoved):
        leaf.two = True
        found.append((f"{code}-value", f"{code}: {sentence(refusal)}"))
    elif isinstance(refusal, BadInput):
        errors["value"].append(sentence(refusal))
        found.append((f"{code}-value", sentence(refusal)))
    elif refusal is not None:
        leaf.refusal = sentence(refusal)
        found.append(("", leaf.refusal))
    leaf.errors = errors
    return found


# Check, submit, receipt -----------------------------------------------------------------------------------------------


@bp.get("/assessments/<ref>/sheet/check")
@allowed(Act.SEE_OWN_MARKS, nomination=queries.get_candidate)
def check(nomination: Nomination) -> ResponseReturnValue:
    """Every indicator once more before the sheet is locked."""
    found = _own_sheet(nomination)
    if found.submitted_at is not None:
        return redirect(url_for("sheets.receipt", ref=nomination.ref), 303)
    return _check_page(found, SubmitForm(formdata=None, version=service.state_of_marks(found)))


@bp.post("/assessments/<ref>/sheet/check")
@allowed(Act.SUBMIT_SHEET, nomination=queries.get_candidate)
@once
def submit(nomination: Nomination) -> ResponseReturnValue:
    """Submit the sheet and lock it."""
    found, form = _own_sheet(nomination), SubmitForm()
    ref, address = found.ref, nomination.ref
    if not form.validate():
        return _check_page(found, form), 422
    try:
        service.submit_sheet(found, seen=form.expected_version, actor=current_actor(), at=_at(nomination))
    except service.SheetClosed:  # another device was quicker: there is one submission, and one receipt
        db.session.rollback()
        if queries.get_own_sheet(ref, current_actor()).submitted_at is None:
            raise
        return redirect(url_for("sheets.receipt", ref=address), 303)
    except (service.BlanksLeft, service.RequestsOpen, service.SheetMoved) as refusal:
        db.session.rollback()
        found = queries.get_own_sheet(ref, current_actor())
        # The page shows the marks as they stand now, so the next word is about these.
        form = SubmitForm(formdata=None, version=service.state_of_marks(found))
        form.refuse(refusal)
        return _check_page(found, form), refusal.status
    db.session.commit()
    return redirect(url_for("sheets.receipt", ref=nomination.ref), 303)


@bp.get("/assessments/<ref>/sheet/receipt")
@allowed(Act.SEE_OWN_MARKS, nomination=queries.get_candidate)
def receipt(nomination: Nomination) -> ResponseReturnValue:
    """Number, time and digest of a submitted sheet, and how many sheets of the candidate are in."""
    found = _own_sheet(nomination)
    if found.submitted_at is None:
        raise NotFound
    others = may(Act.SEE_OTHERS_MARKS, nomination) and marks_shown(nomination, service.rubric_on(found))
    return _show(
        "receipt.html",
        pages.paper_of(found, whole=False),
        sheet=found,
        counts=queries.counts_for(nomination),
        others_shown=others,
        on_paper=any(one.source for one in submissions_of(found)[-1:]),
    )


def _check_page(found: Sheet, form: SubmitForm) -> str:
    paper = pages.paper_of(found, whole=False)
    return _show(
        "check.html",
        paper,
        sheet=found,
        form=form,
        problems=form.problems,
        may_submit=may(Act.SUBMIT_SHEET, found.nomination),
    )


# For the script of the sheet, and for machines ------------------------------------------------------------------------


@bp.put("/api/v1/sheets/<ref>/marks/<indicator>")
@allowed(Act.MARK, sheet=queries.get_own_sheet)
@once
def put_mark(sheet: Sheet, indicator: str) -> ResponseReturnValue:
    """Save one indicator: `{value, abstain_note, panel_note, feedback}` as typed, `If-Match` the version seen."""
    expected = _if_match()
    form = _mark_form(sheet, indicator, _typed_json())
    if not form.validate():
        return _refused_fields(form), 422
    try:
        saved = _save(sheet, indicator, form, expected)
    except service.MarkMoved as refusal:
        db.session.rollback()
        return _two_versions(sheet.ref, indicator, form, refusal), refusal.status
    answer = _whole_answer(pages.paper_of(saved.sheet, saved.where, whole=False), saved.mark.saved_at)
    answer |= answer.pop("marks")[indicator]
    db.session.commit()
    return jsonify(answer)


@bp.get("/api/v1/sheets/<ref>")
@allowed(Act.SEE_OWN_MARKS, sheet=queries.get_own_sheet)
def get_sheet(sheet: Sheet) -> ResponseReturnValue:
    """The own sheet: every indicator with what is stored and its version."""
    paper = pages.paper_of(sheet, whole=False)
    return _not_kept(jsonify(_whole_answer(paper, _at(sheet.nomination))))


@bp.get("/api/v1/now")
@allowed(Act.READ_PUBLIC_PAGE)
def time_now() -> ResponseReturnValue:
    """The server's time: whoever gets it reaches the server."""
    return _not_kept(jsonify({"now": formats.iso(now())}))


def _typed_json() -> MultiDict[str, str]:
    body = request.get_json(silent=True)
    names = ("value", "abstain_note", "panel_note", "feedback")
    if not isinstance(body, dict) or not set(body) <= set(names):
        raise NotAMarkObject
    typed = {name: "" if body.get(name) is None else body[name] for name in names}
    if not all(isinstance(text, str) for text in typed.values()):
        raise NotAMarkObject
    return MultiDict({**typed, "abstain": "1" if typed["abstain_note"].strip() else ""})


def _if_match() -> int:
    """The version in `If-Match: "3"`; 0 before the first. Raises `VersionMissing`."""
    text = request.headers.get("If-Match", "").strip().removeprefix('"').removesuffix('"')
    if not text.isascii() or not text.isdecimal():
        raise VersionMissing(text)
    return int(text)


def _refused_fields(form: MarkForm) -> Response:
    """The sentences of a refused form, each with the field it belongs to, as one problem object."""
    errors = {field.name: [str(said) for said in field.errors] for field in form if field.errors}
    said = [text for texts in errors.values() for text in texts]
    answer = jsonify(status=422, code="bad_input", title=_("There is a problem"), detail=" ".join(said), errors=errors)
    answer.mimetype = "application/problem+json"
    return answer


def _two_versions(ref: str, indicator: str, form: MarkForm, refusal: service.MarkMoved) -> Response:
    """Both versions of one indicator: what was sent, and what is stored."""
    stored = queries.get_own_sheet(ref, current_actor())
    leaf = pages.paper_of(stored, whole=False).leaf(indicator)
    answer = jsonify(
        status=refusal.status,
        code=refusal.code,
        title=_("Two versions: choose"),
        detail=sentence(refusal),
        mine={name: form[name].data or "" for name in ("abstain_note", "panel_note", "feedback")}
        | {"value": None if form.value.data is None else format(form.value.data, "f")},
        theirs=pages.told(leaf, stored.category.cycle.timezone),
    )
    answer.mimetype = "application/problem+json"
    return answer


def _whole_answer(paper: Paper, at: datetime) -> dict[str, Any]:
    zone = paper.sheet.category.cycle.timezone
    return {
        "sheet": paper.sheet.ref,
        "locked": paper.locked,
        "points": _points(paper, at),
        "progress": pages.progress(paper.said, len(paper.asked)),
        "chip": _("Saved on the server %(time)s", time=formats.clock_time(at, current_language(), zone)),
        "marks": {one.indicator.code: pages.told(one, zone) for one in paper.leaves},
    }


def _points(paper: Paper, at: datetime) -> str:
    time = formats.clock_time(at, current_language(), paper.sheet.category.cycle.timezone)
    return pages.points_sentence(service.points_of(paper.sheet, paper.where), time)


def _not_kept(answer: Response) -> Response:
    answer.headers["Cache-Control"] = "no-store"
    return answer


# The end of scoring ---------------------------------------------------------------------------------------------------


@bp.post("/manage/<cycle>/scoring/<cat>/close")
@allowed(Act.MOVE_STATE, category=get_category)
@once
def close_scoring(category: Category) -> ResponseReturnValue:
    """The chair ends the scoring; every sheet that is not in has a reason."""
    missing = queries.missing_sheets(category)
    if queries.concerns(missing, current_actor()):
        raise service.ChairConcerned
    # A sheet may have come in since the page was shown; its reason has no use then.
    know([*(name for name in request.form if name.startswith("reason-")), "unfinished"])
    reasons = {
        (nomination.id, seat.account_id): request.form.get(reason_name(seat.code, nomination.ref), "")
        for seat, nomination in missing
    }
    cycle, slug = category.cycle.code, category.slug
    try:
        service.close_scoring(
            category,
            reasons,
            unfinished=request.form.get("unfinished", ""),
            actor=current_actor(),
            at=cycle_time(category.cycle, now()),
        )
    except (service.SheetsMissing, ConsolidationsUnfinished) as refusal:
        db.session.rollback()
        return _close_page(get_category(cycle, slug), sentence(refusal)), refusal.status
    db.session.commit()
    flash(_("The scoring is closed. The plenary begins."), "ok")
    return redirect(f"/manage/{cycle}#{slug}", 303)


def _close_page(category: Category, refusal: str) -> str:
    """The form alone, with what was typed and a sentence at every field that is still empty."""
    missing = queries.missing_sheets(category)
    still_open = unfinished(category)
    names = [reason_name(seat.code, nomination.ref) for seat, nomination in missing]
    names += ["unfinished"] if still_open else []
    return render_template(
        "sheets/close.html",
        category=category,
        cycle=category.cycle,
        simulated=category.cycle.simulated,
        missing=missing,
        unfinished=still_open,
        concerned=queries.concerns(missing, current_actor()),
        reason_name=reason_name,
        plain=Form(formdata=None),
        typed=request.form,
        problems=[(name, refusal) for name in names if not request.form.get(name, "").strip()],
    )


# Shared ---------------------------------------------------------------------------------------------------------------


def _me() -> int:
    account_id = current_actor().user_id
    if account_id is None:
        raise NotFound
    return account_id


def _at(nomination: Nomination) -> datetime:
    return cycle_time(nomination.category.cycle, now())


def _find(nomination: Nomination) -> Sheet | None:
    return queries.find_sheet(nomination.id, _me(), nomination.category.attempt)


def _own_sheet(nomination: Nomination) -> Sheet:
    found = _find(nomination)
    if found is None or found.withdrawn:
        raise NotFound
    return found


def _mark_form(sheet: Sheet, indicator: str, typed: Mapping[str, str] | None = None) -> MarkForm:
    rubric = service.rubric_on(sheet)
    if rubric.indicator(indicator) is None:
        raise NotFound
    given: dict[str, Any] = {} if typed is None else {"formdata": typed}
    return MarkForm(high=rubric.scale_max, **given)


def _save(sheet: Sheet, indicator: str, form: MarkForm, expected: int) -> service.Saved:
    return service.save(
        sheet,
        indicator,
        form.value.data,
        abstain_note=form.reason,
        panel_note=form.panel_note.data or "",
        feedback=form.feedback.data or "",
        expected=expected,
        actor=current_actor(),
        at=_at(sheet.nomination),
    )


def _show(template: str, paper: Paper, **context: Any) -> str:
    found = paper.sheet
    cycle = found.category.cycle
    at = _at(found.nomination)
    return render_template(
        f"sheets/{template}",
        paper=paper,
        nomination=found.nomination,
        category=found.category,
        cycle=cycle,
        zone=cycle.timezone,
        simulated=cycle.simulated,
        rubric=service.rubric_on(found),
        points=_points(paper, at),
        progress=pages.progress(paper.said, len(paper.asked)),
        exact=Decimal,
        told=told,
        echo=pages.echo,
        word=pages.word,
        plain=Form(formdata=None),
        me=current_actor(),
        account=current_actor().ref,
        printed_at=written_moment(at, cycle.timezone),
        **context,
    )
