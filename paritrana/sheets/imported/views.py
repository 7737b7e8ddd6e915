"""The pages on which a copy of a queue comes in, and on which its assessor chooses between two versions."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, Final

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict

from paritrana.accounts.once import once
from paritrana.core.errors import BadInput, NotFound, ParitranaError
from paritrana.core.policy import Act
from paritrana.core.words import N_
from paritrana.cycles.models import Cycle
from paritrana.cycles.queries import cycle_time
from paritrana.database import db
from paritrana.interviews.board import SeenDay, look
from paritrana.nominations.models import Nomination
from paritrana.sheets import queries
from paritrana.sheets import service as sheets
from paritrana.sheets.forms import MarkForm
from paritrana.sheets.imported import reading, service
from paritrana.sheets.imported.forms import ChoiceForm
from paritrana.sheets.imported.models import QueueCopyEntry
from paritrana.sheets.imported.queries import copies_of, get_waiting, waiting_on
from paritrana.sheets.imported.reading import Copy, Entry
from paritrana.sheets.imported.service import Line, Typed
from paritrana.sheets.models import Sheet
from paritrana.web import formats
from paritrana.web.access import allowed, current_actor, now
from paritrana.web.forms import Form
from paritrana.web.template_filters import own, sentence

bp = Blueprint("imported", __name__)

FILE: Final = "file"
DIGEST: Final = "sha256"
WORDS: Final = {
    "taken": (_l("Will be taken"), _l("Taken"), "ok"),
    "same": (_l("Already there"), _l("Already there"), "neutral"),
    "held": (_l("Server moved on: the assessor chooses"), _l("Waits for the assessor's choice"), "attention"),
    "late": (_l("After the lock: becomes a late mark"), _l("Kept as a late mark"), "attention"),
    "refused": (_l("Refused"), _l("Refused"), "problem"),
}


class NoCopyChosen(BadInput):
    """The form came without a file."""

    code = "no_copy"
    message = N_("Choose the file that the device saved, then press the button again.")


class AnotherCopy(BadInput):
    """The file that came to be taken is not the one that was looked at."""

    code = "another_copy"
    message = N_("This is not the file that was looked at. Look at it first, then take it.")


class NotAChoice(BadInput):
    """The body of a request is no object of this kind."""

    code = "not_a_choice"
    message = N_("Send an object with the texts of the mark, device_at, base, against and chosen (mine or theirs).")


# The file -------------------------------------------------------------------------------------------------------------


def day_of(day: str) -> SeenDay:
    """The day of an address."""
    return look(day, now())


@bp.get("/interviews/<day>/import")
@allowed(Act.IMPORT_SHEET, seen=day_of)
def import_page(seen: SeenDay) -> ResponseReturnValue:
    """Where the copy of a queue is chosen, and what came before."""
    return _page(seen)


@bp.post("/interviews/<day>/import")
@allowed(Act.IMPORT_SHEET, seen=day_of)
def look_at_copy(seen: SeenDay) -> ResponseReturnValue:
    """Say what would become of every mark of a copy, without a single value; nothing is stored."""
    try:
        copy = _received()
        _device, found = service.owner_of(copy, seen.cycle, current_actor())
        typed = _typed(copy, found)
    except BadInput as refusal:
        return _page(seen, refusal=refusal)
    return _page(seen, copy=copy, lines=service.outlook(copy, seen.cycle, found, typed, current_actor()))


@bp.post("/interviews/<day>/import/take")
@allowed(Act.IMPORT_SHEET, seen=day_of)
@once
def take_copy(seen: SeenDay) -> ResponseReturnValue:
    """Take the copy that was looked at, in one transaction; a copy that was taken before changes nothing."""
    code, at = seen.day.code, cycle_time(seen.cycle, now())
    digest = request.form.get(DIGEST)
    try:
        copy = _received()
        if copy.digest != digest:
            raise AnotherCopy
        _device, found = service.owner_of(copy, seen.cycle, current_actor())
        _kept, lines = service.take(copy, seen.cycle, _typed(copy, found), actor=current_actor(), at=at)
    except BadInput as refusal:
        db.session.rollback()
        return _page(day_of(code), refusal=refusal)
    page = _page(seen, copy=copy, lines=lines, done=True)
    db.session.commit()
    return page


def _received() -> Copy:
    """The copy that the form brings. Raises `NoCopyChosen` and what `read_copy` raises."""
    file = request.files.get(FILE)
    if file is None or not file.filename:
        raise NoCopyChosen
    return reading.read_copy(file.stream.read(reading.LARGEST + 1))


def _typed(copy: Copy, found: Mapping[str, Sheet]) -> dict[str, list[Typed]]:
    """The marks of a copy for the sheets of this cycle, read as the sheet's own form reads them."""
    return {ref: [_read(entry, sheet) for entry in copy.sheets[ref]] for ref, sheet in found.items()}


def _read(entry: Entry, sheet: Sheet) -> Typed:
    texts = {name: getattr(entry, name) for name in reading.TEXTS}
    form = MarkForm(
        high=sheets.rubric_on(sheet).scale_max,
        formdata=MultiDict({**texts, "abstain": "1" if entry.abstain_note.strip() else ""}),
    )
    if not form.validate():
        return Typed(entry, None, readable=False)
    return Typed(entry, form.value.data)


def _page(
    seen: SeenDay,
    *,
    copy: Copy | None = None,
    lines: Sequence[Line] = (),
    done: bool = False,
    refusal: ParitranaError | None = None,
) -> ResponseReturnValue:
    cycle, me = seen.cycle, current_actor()
    whole = cycle.id in me.organises
    page = render_template(
        "sheets/import.html",
        day=seen.day,
        cycle=cycle,
        zone=cycle.timezone,
        simulated=cycle.simulated,
        form=Form(formdata=None),
        copy=copy,
        done=done,
        sheets=_sheets_shown(lines, done=done),
        counts=[(WORDS[name][done], n) for name, n in _counts(lines).items() if n],
        useful=any(not one.before and one.outcome in {"taken", "held", "late"} for one in lines),
        before=[(one, [(WORDS[name][1], n) for name, n in ends.items()]) for one, ends in _kept(cycle, whole)],
        limit=reading.LARGEST // 1024,
        problems=[] if refusal is None else [(FILE, sentence(refusal))],
    )
    return page, 200 if refusal is None else refusal.status


def _kept(cycle: Cycle, whole: bool) -> Sequence[tuple[Any, Mapping[str, int]]]:
    return copies_of(cycle, None if whole else current_actor().user_id)


def _counts(lines: Sequence[Line]) -> dict[str, int]:
    return {name: sum(1 for one in lines if one.outcome == name) for name in WORDS}


def _sheets_shown(lines: Sequence[Line], *, done: bool) -> list[dict[str, Any]]:
    """Candidate, assessor and the state of each mark: no value, no note, no text of the device."""
    return [
        {
            "candidate": sheet.nomination.organisation.name,
            "category": own(sheet.category, "title"),
            "assessor": sheet.assessor.name,
            "marks": [
                {
                    "indicator": one.typed.entry.indicator if one.why != "not_on_sheet" else "–",
                    "word": WORDS[one.outcome][done or one.before],
                    "shape": WORDS[one.outcome][2],
                    "why": _(service.WHY[one.why]) if one.why else "",
                    "before": one.before,
                }
                for one in of_sheet
            ],
        }
        for sheet, of_sheet in groupby((one for one in lines if not one.hidden), key=lambda one: one.sheet)
    ]


# Two versions ---------------------------------------------------------------------------------------------------------


@bp.post("/api/v1/sheets/<ref>/set-aside/<indicator>")
@allowed(Act.DELIVER_LATE, sheet=queries.get_own_sheet)
@once
def set_aside(sheet: Sheet, indicator: str) -> ResponseReturnValue:
    """Note which of two versions the assessor chose on a device, and keep the other one on record.

    `{value, abstain_note, panel_note, feedback, device_at, base, against, chosen}`; the mark itself is saved elsewhere.
    """
    if sheets.rubric_on(sheet).indicator(indicator) is None:
        raise NotFound
    entry, against, chosen = _choice(indicator)
    typed = _read(entry, sheet)
    if not typed.readable:
        raise NotAChoice
    row = service.set_aside(
        sheet, indicator, typed, against=against, chosen=chosen, actor=current_actor(), at=_at(sheet.nomination)
    )
    told = {"set_aside": row.ref, "indicator": indicator, "chosen": chosen, "received_at": formats.iso(row.received_at)}
    db.session.commit()
    return jsonify(told), 201


def _choice(indicator: str) -> tuple[Entry, int, str]:
    body = request.get_json(silent=True)
    texts, numbers = (*reading.TEXTS, "device_at", "chosen"), ("base", "against")
    if not isinstance(body, dict) or set(body) != {*texts, *numbers}:
        raise NotAChoice
    if not all(isinstance(body[name], str) for name in texts) or body["chosen"] not in {"mine", "theirs"}:
        raise NotAChoice
    if not all(type(body[name]) is int and 0 <= body[name] <= reading.MOST_VERSIONS for name in numbers):
        raise NotAChoice
    said = {name: body[name] for name in reading.TEXTS}
    entry = Entry(indicator, body["base"], body["device_at"][: reading.LONGEST_MOMENT], **said)
    return entry, body["against"], body["chosen"]


@bp.get("/assessments/<ref>/sheet/files")
@allowed(Act.SEE_OWN_MARKS, nomination=queries.get_candidate)
def waiting(nomination: Nomination) -> ResponseReturnValue:
    """The marks of copies that met a newer version on the own sheet, each with both versions."""
    return _waiting_page(nomination)


@bp.post("/assessments/<ref>/sheet/files")
@allowed(Act.DELIVER_LATE, nomination=queries.get_candidate)
@once
def choose(nomination: Nomination) -> ResponseReturnValue:
    """Choose one of the two versions; both stay on record."""
    form = ChoiceForm()
    found, ref = _own_sheet(nomination), request.form.get("entry", "")
    if not form.validate():
        return _waiting_page(nomination, ref, form), 422
    entry, expected = get_waiting(found, ref), form.expected_version
    try:
        if entry is None:
            raise service.AlreadyChosen
        service.choose(
            found, entry, form.choice.data or "", expected=expected, actor=current_actor(), at=_at(nomination)
        )
    except ParitranaError as refusal:
        address = nomination.ref
        db.session.rollback()
        form.refuse(refusal)
        return _waiting_page(queries.get_candidate(address, current_actor()), ref, form), refusal.status
    db.session.commit()
    flash(_("Your choice is stored. Both versions stay on record."), "ok")
    return redirect(url_for("imported.waiting", ref=nomination.ref), 303)


def _waiting_page(nomination: Nomination, sent: str = "", form: ChoiceForm | None = None) -> str:
    found, cycle = _own_sheet(nomination), nomination.category.cycle
    marks = queries.marks_of(found)
    entries = waiting_on(found)

    def form_of(entry: QueueCopyEntry) -> ChoiceForm:
        if form is not None and entry.ref == sent:
            return form
        mark = marks.get(entry.indicator)
        return ChoiceForm(formdata=None, version=mark.version if mark is not None else 0)

    return render_template(
        "sheets/files.html",
        nomination=nomination,
        cycle=cycle,
        zone=cycle.timezone,
        simulated=cycle.simulated,
        rubric=sheets.rubric_on(found),
        waiting=[(one, marks.get(one.indicator), form_of(one)) for one in entries],
        problems=form.problems if form is not None else [],
    )


def _own_sheet(nomination: Nomination) -> Sheet:
    found = queries.find_sheet(nomination.id, current_actor().account_id, nomination.category.attempt)
    if found is None or found.withdrawn:
        raise NotFound
    return found


def _at(nomination: Nomination) -> datetime:
    return cycle_time(nomination.category.cycle, now())
