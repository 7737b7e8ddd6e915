"""Work without a network: the key of a prepared device, and everything it needs for the sheets of its owner.

The pack holds own sheets, anchors and counts of what was verified: no names of persons, no free texts of nominees, no
document, and no mark of anybody else.
"""

from collections.abc import Sequence
from datetime import datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, jsonify, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from paritrana.accounts.models import Account, Device
from paritrana.accounts.security import browser_key
from paritrana.accounts.service import NoDeviceKey, register_device
from paritrana.core.evidence.specs import NUMBERS
from paritrana.core.policy import Act
from paritrana.core.quantities import Label
from paritrana.cycles.models import RubricVersion
from paritrana.cycles.queries import cycle_time
from paritrana.database import canonical, db
from paritrana.sheets import pages, queries, service
from paritrana.sheets.pages import Leaf
from paritrana.sheets.queries import Desk
from paritrana.verification.figures import VERDICTS, quantity_of
from paritrana.verification.forms import figure_name
from paritrana.verification.queries import Judged
from paritrana.web import formats
from paritrana.web.access import allowed, current_actor, now
from paritrana.web.template_filters import current_language, own, quantity

bp = Blueprint("offline", __name__)

FORMAT = "paritrana-pack/1"


@bp.post("/api/v1/devices")
@allowed(Act.MARK)
def register() -> ResponseReturnValue:
    """Note the public key of this browser, `{public_key}`; the same key again is answered the same."""
    body = request.get_json(silent=True)
    if not isinstance(body, dict) or set(body) != {"public_key"} or not isinstance(body["public_key"], str):
        raise NoDeviceKey
    me = current_actor()
    account = db.session.get_one(Account, me.user_id)
    device = register_device(account, body["public_key"], browser_key=browser_key(), actor=me, at=now())
    told = _told(device)
    db.session.commit()
    return jsonify(told), 201


def _told(device: Device) -> dict[str, Any]:
    return {"device": device.ref, "account": device.account.ref, "registered_at": formats.iso(device.registered_at)}


@bp.get("/api/v1/assessments/pack")
@allowed(Act.SEE_OWN_MARKS)
def pack() -> ResponseReturnValue:
    """The own sheets that can be marked, with all that a device shows beside them."""
    me = current_actor()
    desks = [one for one in queries.my_desks(me) if one.category.stored_state in queries.MARKED_IN]
    opened = [one for one in desks if one.sheet is not None]
    sheets = [_sheet_told(one) for one in opened]
    until = _valid_until(desks)
    zone = desks[0].category.cycle.timezone if desks else formats.DEFAULT_ZONE
    return jsonify(
        format=FORMAT,
        account=me.ref,
        language=current_language(),
        made_at=formats.iso(now()),
        valid_until=formats.iso(until) if until is not None else None,
        valid_until_text=formats.moment(until, current_language(), zone) if until is not None else "",
        total=len(desks),
        ready=len(sheets),
        size=len(canonical(sheets)),
        sheets=sheets,
        # A sheet opens when its assessor has declared that nothing stands between.
        waiting=[
            {"candidate": one.nomination.organisation.name, "page": url_for("sheets.sheet", ref=one.nomination.ref)}
            for one in desks
            if one.sheet is None
        ],
    )


def _valid_until(desks: Sequence[Desk]) -> datetime | None:
    """The end of the last planned day, in the time of the cycle, or of today where none is planned later."""
    ends = []
    for one in desks:
        cycle = one.category.cycle
        at = cycle_time(cycle, now())
        last = max(at, one.session.planned_at) if one.session is not None else at
        zone = ZoneInfo(cycle.timezone)
        ends.append(datetime.combine(last.astimezone(zone).date(), time(23, 59, 59), zone))
    return max(ends, default=None)


def _sheet_told(desk: Desk) -> dict[str, Any]:
    assert desk.sheet is not None  # noqa: S101 - only opened sheets are told
    sheet, session = desk.sheet, desk.session
    cycle = desk.category.cycle
    paper = pages.paper_of(sheet)
    rubric = service.rubric_on(sheet)
    language, zone = current_language(), cycle.timezone
    return {
        "sheet": sheet.ref,
        "nomination": desk.nomination.ref,
        "candidate": desk.nomination.organisation.name,
        "category": own(desk.category, "title"),
        "cycle": cycle.code,
        "simulated": cycle.simulated,
        "zone": zone,
        "day": session.day.code if session is not None else None,
        "slot": session.no if session is not None else None,
        "planned_at": formats.iso(session.planned_at) if session is not None else None,
        "planned": formats.moment(session.planned_at, language, zone, form="short") if session is not None else "",
        "session": session.state if session is not None else None,
        "locked": paper.locked,
        "page": url_for("sheets.sheet", ref=desk.nomination.ref),
        "check": url_for("sheets.check", ref=desk.nomination.ref),
        "scale": {"min": format(rubric.scale_min, "f"), "max": format(rubric.scale_max, "f"),
                  "step": format(rubric.scale_step, "f")},
        "computed": [
            {
                "code": one.code,
                "title": own(one, "title"),
                "shown": "" if counted.value is None else formats.decimal2(Decimal(counted.value), language),
            }
            for one, counted, _weight in paper.computed
        ],
        "indicators": [_leaf_told(one, rubric, language, zone) for one in paper.leaves],
    }  # fmt: skip


def _leaf_told(leaf: Leaf, rubric: RubricVersion, language: formats.Language, zone: str) -> dict[str, Any]:
    one = leaf.indicator
    rows = counted_rows(leaf)
    typed = sum(1 for item in leaf.evidence for row in item.rows if row.figure.field is not None)
    return {
        "code": one.code,
        "title": own(one, "title"),
        "description": own(one, "description"),
        "stage": one.stage,
        "weight": _("Equal to %(points)s of %(total)s points", points=formats.decimal2(leaf.weight, language),
                    total=formats.number(rubric.total, language)),
        "opened": leaf.opened,
        "excused": leaf.excused,
        "request": leaf.request,
        "cap": None if leaf.cap is None else {"value": format(leaf.cap.value, "f"),
                                              "sentence": pages.cap_sentence(leaf.cap)},
        "anchors": [{"shown": formats.decimal2(Decimal(level["score"]), language), "text": own(level)}
                    for level in one.levels],
        "documents": len(leaf.documents),
        "figures": [_figure_told(row) for row in rows],
        "figures_left": typed - len(rows),
        "mark": pages.told(leaf, zone),
    }  # fmt: skip


def counted_rows(leaf: Leaf) -> list[Judged]:
    """The figures of an indicator that a device may keep: numbers under names of ours."""
    return [row for row in leaf.rows if is_count(row)]


def is_count(row: Judged) -> bool:
    """Whether a figure is a number under a name of ours: nothing that a nominee typed as a text."""
    field, heading = row.figure.field, row.figure.heading
    return field is not None and field.kind in NUMBERS and (heading is None or isinstance(heading, Label))


def _figure_told(row: Judged) -> dict[str, Any]:
    found = quantity_of(row.figure.field, row.found) if row.finding is not None else None
    verdict = _(VERDICTS[row.finding.verdict]) if row.finding is not None else _("Without a verdict")
    return {"name": figure_name(row), "found": "" if found is None else str(quantity(found)), "verdict": verdict}
