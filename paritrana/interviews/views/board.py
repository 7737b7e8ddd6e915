"""The board of an interview day, the screen of the hall, and the signs of life of the assessors' devices."""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from flask import Response, current_app, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from itsdangerous import BadSignature, URLSafeSerializer
from wtforms import Field, ValidationError

from paritrana.accounts import attempts
from paritrana.accounts.once import once
from paritrana.config import Settings
from paritrana.core.errors import BadInput, NotFound, ParitranaError
from paritrana.core.policy import Act
from paritrana.core.words import N_
from paritrana.cycles.queries import cycle_time
from paritrana.database import ALPHABET, db
from paritrana.interviews import board, clock, queries
from paritrana.interviews.board import Kept, SeenDay, Slot
from paritrana.interviews.forms import MODES
from paritrana.interviews.models import InterviewDay
from paritrana.interviews.views.frame import bp, log, point
from paritrana.scopes import Scope, set_scope
from paritrana.web import formats
from paritrana.web.access import allowed, ask, current_actor, may, now
from paritrana.web.fields import know
from paritrana.web.forms import Form, TextField, required
from paritrana.web.template_filters import current_language, own

CODE_LENGTH: Final = 8
DISPLAY_COOKIE: Final = "display"
MOST_WAITING: Final = 100_000


class NotASign(BadInput):
    """The body of a sign of life is not one."""

    code = "not_a_sign_of_life"
    message = N_("Send an object with sheet as a text and waiting as a whole number.")


class CodeWorthless(ParitranaError):
    """The screen was opened with a code that is replaced, or on another day."""

    code = "code_worthless"
    status = 409
    message = N_("This screen is not open any more. Load it again and type the code of the day.")


class CodeForm(Form):
    """The code that opens the screen of the hall."""

    code = TextField(_l("Code of the screen"), [required()], max_length=20)

    def validate_code(self, field: Field) -> None:
        """A code has eight signs; blanks and hyphens between them do not count."""
        field.data = "".join(sign for sign in (field.data or "").upper() if sign.isalnum())
        if len(field.data) != CODE_LENGTH:
            raise ValidationError(_("The code has %(n)s letters and digits.", n=CODE_LENGTH))


# The board ------------------------------------------------------------------------------------------------------------


def day_of(day: str) -> SeenDay:
    """The day of an address, with what decides whether its board has changed."""
    return board.look(day, now())


@bp.get("/interviews/<day>")
@allowed(Act.SEE_BOARD, seen=day_of)
def day_board(seen: SeenDay) -> ResponseReturnValue:
    """The board of a day: what is on now, and every slot with the states of its sheets."""
    shown = shown_to(seen)
    return render_template(
        "interviews/board.html",
        **_context(seen, shown),
        tag=_tag(seen),
        title=day_title(seen.day),
        may_run=may(Act.PLAN_SESSION, seen.day),
        may_print=may(Act.SEE_PROGRESS, seen.day),
        may_paper=may(Act.ENTER_PAPER, seen.day),
        may_import=may(Act.IMPORT_SHEET, seen.day),
        may_plan=may(Act.MANAGE_CYCLE, seen.cycle),
        display_code=_display_code(seen.day),
        plain=Form(formdata=None, version=0),
    )


@bp.get("/api/v1/interviews/<day>/board")
@allowed(Act.SEE_BOARD, seen=day_of)
def board_now(seen: SeenDay) -> ResponseReturnValue:
    """The board as an object, or as the part of the page where HTML is asked for: 304 while nothing has changed."""
    tag = _tag(seen)
    if tag in request.if_none_match:
        return _timed(make_response("", 304), seen, tag)
    return _timed(make_response(_written(seen)), seen, tag)


def _written(seen: SeenDay) -> Response:
    """The answer, written once for everybody who may see the same of the same reading in the same language."""
    kept, hidden, open_to = _seen_by(seen)
    key = (_wants_html(), current_language(), hidden, open_to)
    if key not in kept.written:
        shown = _shown(seen, kept, hidden, open_to)
        if _wants_html():
            kept.written[key] = render_template("interviews/_board.html", **_context(seen, shown))
        else:
            kept.written[key] = current_app.json.dumps(_told(seen, shown))
    return Response(kept.written[key], mimetype="text/html" if _wants_html() else "application/json")


def _wants_html() -> bool:
    return request.accept_mimetypes.best_match(["application/json", "text/html"]) == "text/html"


def _tag(seen: SeenDay) -> str:
    """The tag of the board for the person who looks: it names what the day is and what the person may see of it."""
    actor = current_actor()
    rights = (
        actor.ref, sorted(actor.organises), sorted(actor.audits), sorted(actor.seats), actor.office_region or "",
        sorted(actor.organisations), sorted(actor.chairs),
    )  # fmt: skip
    text = repr((seen.day.code, *seen.tag, board.minute_of(now()), current_language(), _wants_html(), rights))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _timed(answer: Response, seen: SeenDay, tag: str) -> Response:
    """The answer with its tag and with the time of the cycle's clock, by which the page counts down."""
    answer.set_etag(tag)
    answer.headers["X-Cycle-Time"] = formats.iso(_at(seen.day))
    answer.vary.add("Accept")
    return answer


@dataclass(frozen=True)
class Shown:
    """What one person sees of a slot; `slot` is None for whoever must not meet the candidate."""

    planned_at: datetime
    slot: Slot | None = None
    status: str = ""
    late: int = 0


def shown_to(seen: SeenDay) -> Sequence[Shown]:
    """Every slot of the categories that the person at the door may follow; one in conflict shows its time alone."""
    return _shown(seen, *_seen_by(seen))


def _seen_by(seen: SeenDay) -> tuple[Kept, frozenset[int], frozenset[int]]:
    """The day as it was read; and of who looks, as the database says now, the hidden candidates and the categories."""
    open_to = frozenset(one.id for one in seen.cycle.categories if ask(Act.SEE_BOARD, one).allowed)
    return _kept(seen), board.hidden_on(seen.day, current_actor()), open_to


def _kept(seen: SeenDay) -> Kept:
    sheets = current_app.extensions["sheets_of_the_day"].standings
    return board.kept_state_of(seen, now(), current_app.extensions["boards"], sheets)


def _shown(seen: SeenDay, kept: Kept, hidden: frozenset[int], open_to: frozenset[int]) -> Sequence[Shown]:
    moment = _at(seen.day)
    return [
        Shown(one.planned_at) if one.nomination_id in hidden else Shown(one.planned_at, one, *one.status(moment))
        for one in kept.slots
        if one.category_id in open_to
    ]


def _context(seen: SeenDay, shown: Sequence[Shown]) -> dict[str, Any]:
    at = _at(seen.day)
    slots = [one.slot for one in shown if one.slot is not None]
    return {
        "day": seen.day,
        "cycle": seen.cycle,
        "zone": seen.cycle.timezone,
        "simulated": seen.cycle.simulated,
        "shown": shown,
        "current": board.current(slots, at),
        "at": at,
        "status_words": board.STATUS_WORDS,
        "status_shapes": board.STATUS_SHAPES,
        "sheet_words": board.SHEET_WORDS,
        "sheet_shapes": board.SHEET_SHAPES,
        "phase_names": clock.PHASE_NAMES,
        "modes": MODES,
        "clock_text": clock_text,
        "clock_mood": clock_mood,
    }


def _told(seen: SeenDay, shown: Sequence[Shown]) -> dict[str, Any]:
    return {
        "day": seen.day.code,
        "on": seen.day.on.isoformat(),
        "now": formats.iso(_at(seen.day)),
        "slots": [
            {"planned_at": formats.iso(one.planned_at), "hidden": True} if one.slot is None else _slot(one, one.slot)
            for one in shown
        ],
    }


def _slot(one: Shown, slot: Slot) -> dict[str, Any]:
    locked, due = slot.counted
    return {
        "no": slot.no,
        "planned_at": formats.iso(slot.planned_at),
        "opened_at": slot.opened_at and formats.iso(slot.opened_at),
        "closed_at": slot.closed_at and formats.iso(slot.closed_at),
        "candidate": slot.candidate,
        "room": slot.room,
        "mode": slot.mode,
        "status": one.status,
        "late_minutes": one.late or slot.late_minutes,
        "clock": {
            "phase": slot.phase,
            "running": slot.reading.running,
            "ends_at": slot.ends_at and formats.iso(slot.ends_at),
            "remaining_seconds": None if slot.phase is None else int(slot.reading.remaining.total_seconds()),
            "paused_for": slot.paused_for,
        },
        "attendance": {
            "rank": slot.rank and own(slot.rank),
            "caps": {code: format(cap, "f") for code, cap in slot.caps},
        },
        "sheets": {
            "locked": locked,
            "due": due,
            "people": [
                {"name": one.name, "state": one.state, "waiting": one.waiting, "connected": one.connected}
                for one in slot.chips
            ],
        },
    }


def clock_text(slot: Slot, at: datetime) -> str:
    """What the clock of a slot shows at a moment."""
    return board.shown_clock(_left(slot, at), point())


def clock_mood(slot: Slot, at: datetime) -> str:
    """`calm`, `soon` from two minutes on, `over` from the end on: the words and the shape beside the digits."""
    left = _left(slot, at)
    return "over" if left <= timedelta(0) else "soon" if left <= timedelta(minutes=2) else "calm"


def _left(slot: Slot, at: datetime) -> timedelta:
    return slot.reading.remaining if slot.ends_at is None else slot.ends_at - at


def day_title(day: InterviewDay) -> str:
    """The day as it is spoken of: Day 1, 21 November 2026."""
    return str(_("Day %(no)s, %(date)s", no=day.no, date=formats.day(day.on, current_language())))


def _at(day: InterviewDay) -> datetime:
    return cycle_time(day.cycle, now())


# The screen of the hall -----------------------------------------------------------------------------------------------


@bp.post("/interviews/<day>/display-code")
@allowed(Act.PLAN_SESSION, day=queries.get_day)
@once
def new_display_code(day: InterviewDay) -> ResponseReturnValue:
    """Make a code for the screen of the hall; the one before it is worth nothing from then on."""
    know(["version"])
    day.display_code = "".join(secrets.choice(ALPHABET) for _place in range(CODE_LENGTH))
    db.session.commit()
    log.info("display_code", day=day.code, account=current_actor().ref)
    flash(_("The code of the screen is new. Type it on the computer of the hall."), "ok")
    return redirect(url_for("interviews.day_board", day=day.code), 303)


def _display_code(day: InterviewDay) -> str | None:
    """The code as it is read aloud, for the organiser who made it."""
    if day.display_code is None or not may(Act.PLAN_SESSION, day):
        return None
    return f"{day.display_code[:4]}-{day.display_code[4:]}"


@bp.get("/interviews/<day>/screen")
@allowed(Act.READ_PUBLIC_PAGE)
def screen(day: str) -> ResponseReturnValue:
    """The screen of the hall: candidate, phase and clock. Without the code of the day, the question for it."""
    seen = _open_screen(day)
    if seen is None:
        return render_template("interviews/screen_code.html", day=day, form=CodeForm(formdata=None), problems=[])
    context = _screen_context(seen)
    return render_template("interviews/screen.html", **context, tag=_screen_tag(seen))


@bp.post("/interviews/<day>/screen")
@allowed(Act.READ_PUBLIC_PAGE)
def open_screen(day: str) -> ResponseReturnValue:
    """Compare a typed code with the code of the day. Wrong ones are counted like wrong passwords."""
    form = CodeForm()
    if not form.validate():
        return render_template("interviews/screen_code.html", day=day, form=form, problems=form.problems), 422
    at = now()
    secret: str = current_app.extensions["settings"].secret_key
    source = attempts.Source(
        attempts.keyed(secret, "display", day),
        attempts.keyed(secret, "source", attempts.source_text(request.remote_addr)),
        known=False,
    )
    noted = attempts.note(source, at).id
    db.session.commit()
    try:
        attempts.refuse_too_many(source, at)
    except attempts.TooManyAttempts:
        attempts.take_back(noted)
        db.session.commit()
        log.warning("display_code_refused", day=day[:40], source=request.remote_addr)
        raise
    code = str(form.code.data)
    if not _opens(day, code):
        log.warning("display_code_wrong", day=day[:40], source=request.remote_addr)
        form.code.errors = [_("This code does not open the screen of this day. Ask the secretariat for it.")]
        return render_template("interviews/screen_code.html", day=day, form=form, problems=form.problems), 422
    attempts.take_back(noted)
    db.session.commit()
    answer = redirect(url_for("interviews.screen", day=day), 303)
    settings: Settings = current_app.extensions["settings"]
    answer.set_cookie(
        DISPLAY_COOKIE, _displays().dumps([day, code]), path=f"/interviews/{day}/", httponly=True,
        samesite="Strict", secure=settings.secure, max_age=24 * 3600,
    )  # fmt: skip
    return answer


@bp.get("/interviews/<day>/screen/now")
@allowed(Act.READ_PUBLIC_PAGE)
def screen_now(day: str) -> ResponseReturnValue:
    """The part of the screen that changes: 304 while nothing has changed. 409 once the code is worth nothing."""
    seen = _open_screen(day)
    if seen is None:
        raise CodeWorthless
    tag = _screen_tag(seen)
    if tag in request.if_none_match:
        return _timed(make_response("", 304), seen, tag)
    answer = make_response(render_template("interviews/_screen.html", **_screen_context(seen)))
    return _timed(answer, seen, tag)


def _opens(day: str, code: str) -> bool:
    """Whether a code is the day's, on that day by the clock of the place; a day without a code opens to none."""
    try:
        found = queries.get_day(day)
    except NotFound:
        return False
    if found.cycle.closed_at is not None:
        return False
    today = _at(found).astimezone(ZoneInfo(found.cycle.timezone)).date()
    return today == found.on and hmac.compare_digest((found.display_code or " ").encode(), code.encode())


def _open_screen(day: str) -> SeenDay | None:
    try:
        signed = _displays().loads(request.cookies.get(DISPLAY_COOKIE, ""))
    except BadSignature:
        return None
    match signed:
        case [str(name), str(code)] if name == day and _opens(day, code):
            seen = day_of(day)
            set_scope(Scope(cycles=frozenset({seen.cycle.id})))  # who has the code of the day sees who is on
            return seen
    return None


def _displays() -> URLSafeSerializer:
    secret: str = current_app.extensions["settings"].secret_key
    return URLSafeSerializer(secret, salt="display")


def _screen_tag(seen: SeenDay) -> str:
    text = repr((seen.day.code, *seen.tag, board.minute_of(now()), current_language()))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _screen_context(seen: SeenDay) -> dict[str, Any]:
    return {**_context(seen, []), "current": board.current(_kept(seen).slots, _at(seen.day))}


# Signs of life --------------------------------------------------------------------------------------------------------


@bp.post("/api/v1/presence")
@allowed(Act.SEE_OWN_MARKS)
def presence() -> ResponseReturnValue:
    """The device of an assessor says that it is there, and how many entries wait on it: `{sheet, waiting}`."""
    body = request.get_json(silent=True)
    if not isinstance(body, dict) or set(body) != {"sheet", "waiting"}:
        raise NotASign
    ref, waiting = body["sheet"], body["waiting"]
    if not isinstance(ref, str) or type(waiting) is not int or not 0 <= waiting <= MOST_WAITING:
        raise NotASign
    actor = current_actor()
    day = current_app.extensions["sheets_of_the_day"].day_of_own_sheet(ref, actor)
    if day is None:
        raise NotFound
    board.note_presence(day, actor.account_id, waiting, now())
    db.session.commit()
    return Response(status=204)
