"""One nomination: how far its verification is, the declaration of the officer, and proposals on conditions."""

from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from paritrana.accounts.once import once
from paritrana.core.errors import NotFound, ParitranaError
from paritrana.core.policy import Act, Role
from paritrana.database import db
from paritrana.nominations.models import Nomination
from paritrana.panels.service import declare
from paritrana.verification import forms, queries, service
from paritrana.verification.counted import overrides_waiting, set_values
from paritrana.verification.models import ChangeRequest
from paritrana.verification.queries import Case
from paritrana.verification.signs import signs_of
from paritrana.verification.values import computed_values
from paritrana.verification.views.frame import (
    bp,
    case_here,
    check_reader,
    may_read,
    moment_in,
    show,
    status_of,
    stored,
    twins_for,
)
from paritrana.verification.views.gates import gate_forms, not_applicable_form, sent_gate_form
from paritrana.web.access import allowed, current_actor, may, require
from paritrana.web.forms import Form


@bp.get("/verification/<ref>")
@allowed(Act.SEE_NOMINATION, nomination=queries.get_sent_nomination)
def overview(nomination: Nomination) -> ResponseReturnValue:
    """How far the verification is: items, conditions, documents, computed values, requests."""
    check_reader(nomination)
    return overview_page(nomination)


@bp.post("/verification/<ref>/declaration")
@allowed(Act.SEE_NOMINATION, nomination=queries.get_sent_nomination)
@once
def sign_declaration(nomination: Nomination) -> ResponseReturnValue:
    """Say whether anything stands between the officer and the candidate; a conflict steps back at once."""
    if check_reader(nomination) is Role.ORGANISER:
        raise NotFound
    form, wish = forms.DeclarationForm(), request.form.get("then", "")
    if not form.validate():
        return overview_page(nomination, declaration=form), 422
    conflict = form.conflict.data == "yes"
    try:
        declare(
            nomination, conflict, form.reason.data or "", basis=form.basis.data or "other", actor=current_actor(),
            at=moment_in(nomination.category),
        )  # fmt: skip
    except ParitranaError as refusal:
        form.refuse(refusal, form.reason)
        return overview_page(nomination, declaration=form), refusal.status
    db.session.commit()
    if conflict:
        flash(_("You have stepped back from this candidate. You do not see it any more."), "ok")
        return redirect("/home", 303)
    to = "verification.close" if wish == "close" else "verification.overview"
    return redirect(url_for(to, ref=nomination.ref), 303)


@bp.post("/verification/<ref>/take")
@allowed(Act.TAKE_VERIFICATION, nomination=queries.get_sent_nomination)
@once
def take(nomination: Nomination) -> ResponseReturnValue:
    """Put one's own name to a nomination, also when another verifier had it."""
    require(Act.VERIFY, nomination)
    service.take(nomination, actor=current_actor(), at=moment_in(nomination.category))
    return stored(url_for("verification.overview", ref=nomination.ref), _("This nomination is yours now."))


@bp.post("/verification/<ref>/gates")
@allowed(Act.SET_FINDING, nomination=queries.get_sent_nomination)
@once
def propose_gate(nomination: Nomination) -> ResponseReturnValue:
    """A verifier proposes whether a condition is fulfilled, or whether an indicator applies."""
    require(Act.VERIFY, nomination)
    form = sent_gate_form()
    if not form.validate():
        return overview_page(nomination, gate_form=form), 422
    try:
        service.propose_gate(
            nomination, form.subject, form.code, form.answer.data, form.reason.data or "",
            expected=form.expected_version, actor=current_actor(), at=moment_in(nomination.category),
        )  # fmt: skip
    except ParitranaError as refusal:
        form.refuse(refusal)
        return overview_page(nomination, gate_form=form), refusal.status
    to = f"{url_for('verification.overview', ref=nomination.ref)}#gates"
    return stored(to, _("Proposed. The chair decides on it."))


def overview_page(
    nomination: Nomination,
    *,
    declaration: forms.DeclarationForm | None = None,
    gate_form: forms.GateForm | None = None,
    ending: tuple[int, forms.ReasonForm] | None = None,
    then: str = "",
) -> str:
    """The overview, with the form that was refused; the declaration first, where it is not signed yet."""
    role = check_reader(nomination)
    if not may_read(nomination, role):
        form = declaration or forms.DeclarationForm(formdata=None)
        return show("declaration.html", nomination, form=form, then=then or request.form.get("then", ""))
    case = case_here(nomination)
    working = may(Act.VERIFY, nomination) and case.state == "open"
    refused: list[Form] = [one for one in (gate_form, ending[1] if ending else None) if one is not None]
    return show(
        "overview.html",
        nomination,
        case=case,
        state_chip=status_of(case),
        working=working,
        may_take=working and (case.verification is None or case.verification.taken_by != current_actor().user_id),
        may_ask=may(Act.REQUEST_CHANGE, nomination),
        may_close=may(Act.SET_FINDING, nomination),
        gate_forms=gate_forms(case, gate_form, deciding=False) if working else {},
        na_form=not_applicable_form(gate_form) if working else None,
        end_forms={one.no: end_form(one) for one in case.requests if one.state == "open"}
        | dict([ending] if ending else []),
        computed=_computed(case),
        set_values=set_values(nomination),
        waiting={code for _nomination, code in overrides_waiting([nomination.id])},
        may_set=may(Act.OVERRIDE, nomination) and case.state != "proposed",
        plain=Form(formdata=None),
        problems=[problem for one in refused for problem in one.problems],
        gate_words=forms.GATE_WORDS,
        twins=twins_for(nomination, role),
        signs=signs_of(case),
        statements=case.revision.content.get("gates", {}),
    )


def end_form(change: ChangeRequest, *, sent: bool = False) -> forms.ReasonForm:
    """The form that ends a request; the page shows one for each open request, and ids must not repeat."""
    form = forms.ReasonForm() if sent else forms.ReasonForm(formdata=None, version=change.version)
    for one in form:
        one.id = one.label.field_id = f"{one.name}-{change.no}"
    return form


def _computed(case: Case) -> list[tuple[Any, Any]]:
    values = computed_values(case.nomination.category, case.rubric, [case.nomination])
    return [(one, values[case.nomination.id, one.code]) for one in case.rubric.indicators if one.source == "computed"]
