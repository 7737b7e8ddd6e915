"""Change requests: the verifier asks, the nominee answers."""

from collections.abc import Mapping, Sequence
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from paritrana.accounts.once import once
from paritrana.core.errors import ParitranaError
from paritrana.core.evidence import KINDS, FieldSpec
from paritrana.core.policy import Act, Role
from paritrana.database import db
from paritrana.nominations.models import Nomination
from paritrana.nominations.rows import kind_of_page
from paritrana.verification import forms, queries, service
from paritrana.verification.figures import from_text, line_names, quantity_of
from paritrana.verification.models import ChangeRequest
from paritrana.verification.threads import Round, threads_of
from paritrana.verification.views.frame import bp, case_here, check_reader, may_read, moment_in, show, stored
from paritrana.verification.views.overview import end_form, overview_page
from paritrana.web import formats
from paritrana.web.access import allowed, current_actor, may
from paritrana.web.template_filters import current_language, quantity, sentence


@bp.get("/verification/<ref>/requests/new")
@allowed(Act.REQUEST_CHANGE, nomination=queries.get_sent_nomination)
def new_request(nomination: Nomination) -> ResponseReturnValue:
    """Choose figures, write the question, set the due date."""
    if not may_read(nomination, Role.VERIFIER):
        return redirect(url_for("verification.overview", ref=nomination.ref), 303)
    return _request_page(nomination, forms.RequestForm(formdata=None), frozenset(request.args.getlist("figure")))


@bp.get("/verification/<ref>/requests")
@allowed(Act.SEE_NOMINATION, nomination=queries.get_sent_nomination)
def threads(nomination: Nomination) -> ResponseReturnValue:
    """Every figure that was asked about, with its questions and answers, the latest figure first."""
    if not may_read(nomination, check_reader(nomination)):
        return redirect(url_for("verification.overview", ref=nomination.ref), 303)
    found, evidence = threads_of(nomination), queries.evidence_of_revision(nomination)
    return show(
        "threads.html",
        nomination,
        threads=[
            (
                f"{kind}/{key}",
                _figure_title(kind, key, evidence.get(kind, {}).get("data") or {}),
                _spec(kind, key),
                rounds,
            )
            for (kind, key), rounds in reversed(list(found.items()))
        ],
        may_ask=may(Act.REQUEST_CHANGE, nomination),
        from_text=from_text,
    )


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
        service.ask_changes(
            nomination, pairs, form.question.data or "", due, actor=current_actor(), at=moment_in(nomination.category)
        )
    except ParitranaError as refusal:
        db.session.rollback()
        form.refuse(refusal, form.due if refusal.code == "due_too_early" else None)
        nomination = queries.get_sent_nomination(nomination.ref)
        return _request_page(nomination, form, chosen), refusal.status
    to = url_for("verification.overview", ref=nomination.ref)
    return stored(to, _("The request is sent. It is on the first page of the nominee."))


@bp.post("/verification/<ref>/requests/<int:no>/end")
@allowed(Act.REQUEST_CHANGE, change=queries.get_request)
@once
def end_request(change: ChangeRequest) -> ResponseReturnValue:
    """End a request without an answer; the figures stay as they were claimed."""
    form, ref, no = end_form(change, sent=True), change.nomination.ref, change.no
    if not form.validate():
        return overview_page(change.nomination, ending=(no, form)), 422
    try:
        service.end_request(
            change, form.reason.data or "", expected=form.expected_version, actor=current_actor(),
            at=moment_in(change.nomination.category),
        )  # fmt: skip
    except ParitranaError as refusal:
        db.session.rollback()
        form.refuse(refusal)
        return overview_page(queries.get_sent_nomination(ref), ending=(no, form)), refusal.status
    return stored(url_for("verification.overview", ref=ref), _("The request has ended without an answer."))


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
            at=moment_in(change.nomination.category),
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
    return stored(url_for("verification.answer", ref=ref, no=no), said)


def _request_page(nomination: Nomination, form: forms.RequestForm, chosen: frozenset[str]) -> str:
    case = case_here(nomination)
    wish = kind_of_page(request.args.get("item", ""))
    if not chosen:
        chosen = frozenset(
            row.figure.name
            for one in case.items
            for row in one.rows
            if not row.asked and row.finding is not None and row.finding.verdict not in {"matches", "out_of_period"}
        )
    return show("request.html", nomination, case=case, form=form, chosen=chosen, wish=wish)


def _spec(kind: str, key: str) -> FieldSpec | None:
    return KINDS[kind].field(key) if kind in KINDS else None


def _answers(change: ChangeRequest) -> list[forms.Answer]:
    evidence = queries.evidence_of_revision(change.nomination)
    found = []
    for no, one in enumerate(change.items, start=1):
        kind, key = one["kind"], one["figure"]
        spec = _spec(kind, key)
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
    spec = _spec(kind, key)
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
    late = change.state == "open" and moment_in(nomination.category) > change.due_at
    return show(
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
        earlier=_earlier(change),
        from_text=from_text,
    )


def _earlier(change: ChangeRequest) -> Mapping[str, Sequence[Round]]:
    """The rounds before this request, by the name of the figure; only figures that have some."""
    before = {
        f"{kind}/{key}": [one for one in rounds if one.request.no < change.no]
        for (kind, key), rounds in threads_of(change.nomination).items()
    }
    return {name: rounds for name, rounds in before.items() if rounds}


def _new_value(one: forms.Answer, change: ChangeRequest) -> Any:
    """The figure that was answered, with its unit."""
    answered = (change.answer or {}).get("values", {}).get(one.name)
    return quantity(quantity_of(one.spec, from_text(one.spec, answered)))
