"""Marks that come after the lock: the door for devices, and the page on which the chair decides."""

from typing import Any

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from paritrana.accounts.once import once
from paritrana.core.errors import BadInput, NotFound
from paritrana.core.policy import Act
from paritrana.core.words import N_
from paritrana.cycles.models import Cycle
from paritrana.cycles.queries import cycle_time, get_cycle
from paritrana.database import db
from paritrana.sheets import queries
from paritrana.sheets import service as sheets
from paritrana.sheets.forms import MarkForm
from paritrana.sheets.late import service
from paritrana.sheets.late.forms import LateForm
from paritrana.sheets.late.models import LateMark
from paritrana.sheets.late.queries import get_late_mark, late_marks_of
from paritrana.sheets.models import Sheet
from paritrana.web import formats
from paritrana.web.access import allowed, current_actor, now
from paritrana.web.template_filters import current_language

bp = Blueprint("late", __name__)

TYPED = ("value", "abstain_note", "panel_note", "feedback")
LONGEST_MOMENT = 40


class NotALateMark(BadInput):
    """The body of a request is no object of texts."""

    code = "not_a_late_mark"
    message = N_("Send an object with value, abstain_note, panel_note, feedback and device_at as texts.")


@bp.post("/api/v1/sheets/<ref>/late-marks/<indicator>")
@allowed(Act.DELIVER_LATE, sheet=queries.get_own_sheet)
@once
def deliver(sheet: Sheet, indicator: str) -> ResponseReturnValue:
    """Keep a mark that the lock refused: `{value, abstain_note, panel_note, feedback, device_at}` as typed."""
    rubric = sheets.rubric_on(sheet)
    if rubric.indicator(indicator) is None:
        raise NotFound
    typed = _typed()
    form = MarkForm(high=rubric.scale_max, formdata=typed)
    if not form.validate():
        errors = {field.name: [str(said) for said in field.errors] for field in form if field.errors}
        detail = " ".join(text for texts in errors.values() for text in texts)
        answer = jsonify(status=422, code="bad_input", title=_("There is a problem"), detail=detail, errors=errors)
        answer.mimetype = "application/problem+json"
        return answer, 422
    late = service.deliver(
        sheet,
        indicator,
        form.value.data,
        abstain_note=form.reason,
        panel_note=form.panel_note.data or "",
        feedback=form.feedback.data or "",
        device_at=typed["device_at"],
        actor=current_actor(),
        at=cycle_time(sheet.category.cycle, now()),
    )
    told = _told(late, indicator, sheet.category.cycle.timezone)
    db.session.commit()
    return jsonify(told), 201 if late is not None else 200


def _typed() -> MultiDict[str, str]:
    body = request.get_json(silent=True)
    if not isinstance(body, dict) or not set(body) <= {*TYPED, "device_at"}:
        raise NotALateMark
    typed = {name: "" if body.get(name) is None else body[name] for name in (*TYPED, "device_at")}
    if not all(isinstance(text, str) for text in typed.values()):
        raise NotALateMark
    typed["device_at"] = typed["device_at"].strip()[:LONGEST_MOMENT]
    return MultiDict({**typed, "abstain": "1" if typed["abstain_note"].strip() else ""})


def _told(late: LateMark | None, indicator: str, zone: str) -> dict[str, Any]:
    """What the device shows: kept and uncounted with both times, or that the sheet says so already."""
    if late is None:
        return {"indicator": indicator, "late": None, "message": _("The sheet says this already.")}
    time = formats.moment(late.received_at, current_language(), zone, form="short", seconds=True)
    message = _("Received late on %(time)s. It counts only if the chair admits it.", time=time)
    if late.device_at:
        message += " " + _("The device says %(time)s.", time=late.device_at)
    return {
        "indicator": indicator,
        "late": late.ref,
        "received_at": formats.iso(late.received_at),
        "device_at": late.device_at,
        "message": message,
    }


# The chair ------------------------------------------------------------------------------------------------------------


@bp.get("/manage/<cycle>/late-marks")
@allowed(Act.MANAGE_CYCLE, cycle=get_cycle)
def late_marks(cycle: Cycle) -> ResponseReturnValue:
    """The late marks of the categories that the actor leads; before the decision nobody reads what they say."""
    return _page(cycle)


@bp.post("/manage/<cycle>/late-marks/<late>")
@allowed(Act.ADMIT_LATE_MARK, mark=get_late_mark)
@once
def decide(mark: LateMark, cycle: str) -> ResponseReturnValue:
    """Admit a late mark, or leave it uncounted, with a reason."""
    form, here, ref = LateForm(), mark.category.cycle, mark.ref
    if here.code != cycle:
        raise NotFound
    if not form.validate():
        return _page(here, ref, form), 422
    admitted = form.decision.data == "admit"
    try:
        service.decide(mark, admitted, form.reason.data or "", actor=current_actor(), at=cycle_time(here, now()))
    except (sheets.AboveCap, sheets.IndicatorExcused, service.ClosedWithTheSeat) as refusal:
        db.session.rollback()
        form.refuse(refusal)
        return _page(get_cycle(cycle), ref, form), refusal.status
    db.session.commit()
    flash(_("The mark counts now.") if admitted else _("The mark stays on record and does not count."), "ok")
    return redirect(url_for("late.late_marks", cycle=cycle), 303)


def _page(cycle: Cycle, sent: str = "", form: LateForm | None = None) -> str:
    found = late_marks_of(cycle, current_actor())
    waiting = [one for one in found if one.decision is None]
    next_one = next((one for one in waiting if one.ref == sent), next(iter(waiting), None))
    return render_template(
        "sheets/late_marks.html",
        cycle=cycle,
        zone=cycle.timezone,
        simulated=cycle.simulated,
        waiting=waiting,
        next_one=next_one,
        mine=next_one is not None and next_one.sheet.assessor.person_id == current_actor().person_id,
        form=form or LateForm(formdata=None),
        decided=[one for one in found if one.decision is not None],
        problems=form.problems if form is not None else [],
    )
