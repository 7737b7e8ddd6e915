"""Values that two people set in place of computed ones: the proposal with its reason, and the word of the second."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from paritrana.accounts.once import once
from paritrana.core.computed import Computation
from paritrana.core.errors import MissingReason, ParitranaError
from paritrana.core.policy import Act, Part
from paritrana.cycles.models import Indicator
from paritrana.database import db
from paritrana.nominations.models import Nomination
from paritrana.nominations.rows import kinds_of
from paritrana.verification import counted, queries, service
from paritrana.verification.models import Override
from paritrana.verification.queries import Case
from paritrana.verification.views.frame import bp, case_here, check_reader, may_read, moment_in, show, status_of, stored
from paritrana.verification.views.review import timed
from paritrana.web.access import allowed, current_actor, may
from paritrana.web.forms import DecimalField, Form, LongTextField, required


class OverrideForm(Form):
    """A value on the scale and the reason for it; the page shows one such form for each indicator."""

    value = DecimalField(_l("Value to be set"), [required()])
    reason = LongTextField(_l("Reason"), [required()], max_length=service.MAX_TEXT)

    def __init__(self, *args: Any, code: str, back: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.code, self.back = code, back
        if back:
            del self.value
        for one in self:  # ids must not repeat
            one.id = one.label.field_id = f"{one.name}-{code}{'-back' if back else ''}"


class RefusalForm(Form):
    """Why the second person refuses."""

    note = LongTextField(_l("Reason for refusing"), max_length=service.MAX_TEXT)


@dataclass
class Line:
    """One computed indicator: its value, what is set or waits beside it, the forms, and what was before."""

    indicator: Indicator
    computation: Computation
    in_force: Override | None
    waiting: Override | None
    past: Sequence[Override]
    open: bool  # figures it is computed from have no verdict yet
    form: OverrideForm | None = None
    back: OverrideForm | None = None
    plain: Form | None = None
    refusal: RefusalForm | None = None
    may_answer: bool = False
    may_take_back: bool = False
    mine: bool = field(default=False)  # the reader is the first person of what waits


@bp.get("/verification/<ref>/overrides")
@allowed(Act.SEE_NOMINATION, nomination=queries.get_sent_nomination)
def overrides(nomination: Nomination) -> ResponseReturnValue:
    """Every computed indicator with what is set, what waits for a second person, and what was before."""
    role = check_reader(nomination)
    if not may_read(nomination, role):
        return redirect(url_for("verification.overview", ref=nomination.ref), 303)
    return _page(nomination)


@bp.post("/verification/<ref>/overrides")
@allowed(Act.OVERRIDE, nomination=queries.get_sent_nomination)
@once
def propose_override(nomination: Nomination) -> ResponseReturnValue:
    """The first person proposes a value, or the computed one again (`back`)."""
    code, back = request.form.get("indicator", ""), bool(request.form.get("back"))
    counted.computed_indicator(queries.case_of(nomination).rubric, code)
    form = OverrideForm(code=code, back=back)
    if not form.validate():
        return _page(nomination, sent=form), 422
    value = None if back else Decimal(form.value.data or "")
    try:
        service.propose_override(
            nomination, code, value, form.reason.data or "", seen=request.form.get("seen") or None,
            actor=current_actor(), at=moment_in(nomination.category),
        )  # fmt: skip
    except ParitranaError as refusal:
        db.session.rollback()
        at_field = form.reason if isinstance(refusal, MissingReason) else None
        if isinstance(refusal, service.ValueOffScale | service.NothingSet) and not back:
            at_field = form.value
        form.refuse(refusal, at_field)
        return _page(queries.get_sent_nomination(nomination.ref), sent=form), refusal.status
    return stored(_address(nomination, code), _("Proposed. Another verifier must confirm it."))


@bp.post("/verification/<ref>/overrides/<int:no>")
@allowed(Act.OVERRIDE, part=Part.SECOND, nomination=queries.get_sent_nomination)
@once
def answer_override(nomination: Nomination, no: int) -> ResponseReturnValue:
    """The second person confirms the value, or refuses it with a reason (`answer` = refuse)."""
    override = counted.get_override(nomination, no)
    form, refuse = RefusalForm(), request.form.get("answer") == "refuse"
    if not form.validate():
        return _page(nomination, answered=(no, form)), 422
    at = moment_in(nomination.category)
    try:
        if refuse:
            service.refuse_override(
                nomination, no, form.note.data or "", expected=form.expected_version, actor=current_actor(), at=at
            )
        else:
            service.confirm_override(nomination, no, expected=form.expected_version, actor=current_actor(), at=at)
    except ParitranaError as refusal:
        db.session.rollback()
        fresh = queries.get_sent_nomination(nomination.ref)
        if isinstance(refusal, MissingReason):
            form.refuse(refusal, form.note)
            return _page(fresh, answered=(no, form)), refusal.status
        return _page(fresh, refusal=timed(refusal, fresh)), refusal.status
    said = _("Refused with your reason.") if refuse else _("Confirmed. The set value counts from now on.")
    return stored(_address(nomination, override.indicator), said)


@bp.post("/verification/<ref>/overrides/<int:no>/withdraw")
@allowed(Act.OVERRIDE, nomination=queries.get_sent_nomination)
@once
def withdraw_override(nomination: Nomination, no: int) -> ResponseReturnValue:
    """The first person takes the proposal back."""
    override, form = counted.get_override(nomination, no), Form()
    try:
        service.withdraw_override(
            nomination, no, expected=form.expected_version, actor=current_actor(), at=moment_in(nomination.category)
        )
    except ParitranaError as refusal:
        db.session.rollback()
        fresh = queries.get_sent_nomination(nomination.ref)
        return _page(fresh, refusal=timed(refusal, fresh)), refusal.status
    return stored(_address(nomination, override.indicator), _("The proposal was taken back."))


def _address(nomination: Nomination, code: str) -> str:
    return f"{url_for('verification.overrides', ref=nomination.ref)}#{code}"


def _page(
    nomination: Nomination,
    *,
    sent: OverrideForm | None = None,
    answered: tuple[int, RefusalForm] | None = None,
    refusal: str = "",
) -> str:
    case = case_here(nomination)
    lines = _lines(case, sent, answered)
    forms: list[Form] = [one for one in (sent, answered[1] if answered else None) if one is not None]
    problems = [problem for one in forms for problem in one.problems]
    return show(
        "overrides.html",
        nomination,
        case=case,
        state_chip=status_of(case),
        lines=lines,
        told=counted.told,
        problems=[*([("", refusal)] if refusal else []), *problems],
    )


def _lines(case: Case, sent: OverrideForm | None, answered: tuple[int, RefusalForm] | None) -> list[Line]:
    nomination, actor = case.nomination, current_actor()
    values = counted.counted_values(nomination.category, case.rubric, [nomination])
    every = counted.overrides_of(nomination)
    working = case.state != "proposed"
    first = working and may(Act.OVERRIDE, nomination)
    second = working and may(Act.OVERRIDE, nomination, part=Part.SECOND)
    found = []
    for one in case.rubric.indicators:
        if one.source != "computed":
            continue
        value = values[nomination.id, one.code]
        mine = [each for each in every if each.indicator == one.code]
        waiting = next((each for each in mine if each.state == "proposed"), None)
        kinds = kinds_of(one)
        line = Line(
            indicator=one,
            computation=value.computation,
            in_force=value.override,
            waiting=waiting,
            past=[each for each in reversed(mine) if each is not waiting and each is not value.override],
            open=any(item.open for item in case.items if item.kind in kinds),
        )
        if waiting is None and first and not line.open:
            line.form = _form_of(sent, one.code, back=False)
            line.back = _form_of(sent, one.code, back=True) if value.override is not None else None
        if waiting is not None:
            line.mine = waiting.first_person_id == actor.person_id
            line.may_answer, line.may_take_back = second and not line.mine, first and line.mine
            line.plain = Form(formdata=None, version=waiting.version)
            given = answered[1] if answered is not None and answered[0] == waiting.no else None
            line.refusal = given or RefusalForm(formdata=None, version=waiting.version)
        found.append(line)
    return found


def _form_of(sent: OverrideForm | None, code: str, *, back: bool) -> OverrideForm:
    if sent is not None and (sent.code, sent.back) == (code, back):
        return sent
    return OverrideForm(formdata=None, code=code, back=back)
