"""The close of a verification by two people, and the decisions of the chair."""

from typing import Any

from flask import url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from paritrana.accounts.once import once
from paritrana.core.errors import ParitranaError
from paritrana.core.policy import Act, Role
from paritrana.database import db
from paritrana.nominations.models import Nomination
from paritrana.verification import forms, queries, service
from paritrana.verification.counted import set_values
from paritrana.verification.figures import VERDICTS, relative_size
from paritrana.verification.queries import Case
from paritrana.verification.views.frame import bp, case_here, item_title, may_read, moment_in, show, status_of, stored
from paritrana.verification.views.gates import gate_forms, sent_gate_form
from paritrana.verification.views.overview import overview_page
from paritrana.verification.visits import visits_of
from paritrana.web.access import allowed, current_actor, may
from paritrana.web.forms import Form
from paritrana.web.template_filters import quantity, sentence


@bp.get("/verification/<ref>/close")
@allowed(Act.SET_FINDING, nomination=queries.get_sent_nomination)
def close(nomination: Nomination) -> ResponseReturnValue:
    """All rows by verdict, what blocks, the chair's decisions, and the two persons of the close."""
    if not may_read(nomination, Role.VERIFIER):
        return overview_page(nomination, then="close")
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
            at=moment_in(nomination.category),
        )  # fmt: skip
    except ParitranaError as refusal:
        db.session.rollback()
        form.refuse(refusal)
        return _close_page(queries.get_sent_nomination(nomination.ref), note_form=form), refusal.status
    return stored(url_for("verification.overview", ref=nomination.ref), _("Returned with your note."))


@bp.post("/verification/<ref>/decisions")
@allowed(Act.DECIDE_FINDING, nomination=queries.get_sent_nomination)
@once
def decide_gate(nomination: Nomination) -> ResponseReturnValue:
    """The chair decides on what a verifier proposed."""
    form = sent_gate_form()
    if not form.validate():
        return _close_page(nomination, gate_form=form), 422
    try:
        service.decide_gate(
            nomination, form.subject, form.code, form.answer.data, form.reason.data or "",
            expected=form.expected_version, actor=current_actor(), at=moment_in(nomination.category),
        )  # fmt: skip
    except ParitranaError as refusal:
        db.session.rollback()
        form.refuse(refusal)
        return _close_page(queries.get_sent_nomination(nomination.ref), gate_form=form), refusal.status
    return stored(f"{url_for('verification.close', ref=nomination.ref)}#gates", _("The decision is recorded."))


def _close_page(
    nomination: Nomination,
    *,
    gate_form: forms.GateForm | None = None,
    note_form: forms.NoteForm | None = None,
    refusal: ParitranaError | None = None,
) -> str:
    case = case_here(nomination)
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
    return show(
        "close.html",
        nomination,
        case=case,
        state_chip=status_of(case),
        by_verdict=by_verdict,
        set_values=set_values(nomination),
        blockers=service.close_blockers(case, decided=True),
        ready_to_propose=not service.close_blockers(case, decided=False),
        may_propose=verifier and case.state == "open",
        may_close=verifier and case.state == "proposed" and may(Act.CLOSE_VERIFICATION, nomination),
        first_person=verification is not None and verification.proposed_person_id == current_actor().person_id,
        names=queries.names_of(verification),
        visits=visits_of(nomination),
        gate_forms=gate_forms(case, gate_form, deciding=True) if deciding else {},
        plain=Form(formdata=None, version=verification.version if verification is not None else 0),
        note_form=note_form or forms.NoteForm(formdata=None, version=verification.version if verification else 0),
        problems=problems,
        blocker_words=_blocker_words,
        gate_words=forms.GATE_WORDS,
    )


def _closing(nomination: Nomination, step: Any, said: str) -> ResponseReturnValue:
    form = Form()
    try:
        step(nomination, expected=form.expected_version, actor=current_actor(), at=moment_in(nomination.category))
    except ParitranaError as refusal:
        db.session.rollback()
        return _close_page(queries.get_sent_nomination(nomination.ref), refusal=refusal), refusal.status
    return stored(url_for("verification.close", ref=nomination.ref), said)


def _blocker_words(case: Case, blocker: service.Blocker) -> str:
    params = {name: quantity(value) for name, value in blocker.params.items()}
    if blocker.kind:
        params["title"] = item_title(case.item(blocker.kind))
    return str(_(blocker.message, **params))
