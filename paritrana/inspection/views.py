"""The audit pages: the trail of a cycle, one object's whole story, checkpoints, runs, and what leaves as a file."""

from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any, Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

import structlog
from flask import Blueprint, Response, current_app, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from paritrana.accounts.once import once
from paritrana.audit import checkpoints
from paritrana.audit import service as audit
from paritrana.audit.checkpoints import Checkpoint, Office
from paritrana.audit.models import Event, EventBody, StreamHead
from paritrana.core.chain import moment as chain_moment
from paritrana.core.errors import NotFound, ParitranaError
from paritrana.core.policy import Act, Guard
from paritrana.core.words import N_
from paritrana.cycles.models import Category, Cycle
from paritrana.cycles.queries import cycle_time, get_category, get_cycle
from paritrana.database import db
from paritrana.inspection import bundle, events, queries, service
from paritrana.inspection.forms import PlainForm, WitnessForm
from paritrana.inspection.proofs import proof_of
from paritrana.nominations.models import Nomination
from paritrana.nominations.queries import get_nomination
from paritrana.results.models import ResultRun
from paritrana.web.access import allowed, ask, current_actor, may, now
from paritrana.web.charts import stacked_bars
from paritrana.web.exports import Spool, cell
from paritrana.web.paging import paged
from paritrana.web.template_filters import number

bp = Blueprint("inspection", __name__, template_folder="templates")
log = structlog.get_logger("security")

PAGE: Final = 50
REASON_LENGTH: Final = 500
FILTERS: Final = ("stream", "kind", "person", "object", "from", "to")
STREAM_WORDS: Final = {
    "intake": N_("Nominations, files and verification"),
    "judging": N_("Panel, marks, decisions and publication"),
    "system": N_("Accounts, roles, keys and settings"),
}


SHORT_WORDS: Final = {"intake": N_("Nominations"), "judging": N_("Assessments")}


def _office() -> Office:
    return Office.of(current_app.extensions["settings"])


def _streams(cycle: Cycle) -> dict[str, str]:
    """The streams that the person may read, by the word of their address; some show headers only."""
    found = {}
    if may(Act.VIEW_INTAKE_EVENTS, cycle):
        found["intake"] = audit.intake(cycle.code)
    if may(Act.VIEW_JUDGING_EVENTS, cycle) or may(Act.VIEW_JUDGING_HEADERS, cycle):
        found["judging"] = audit.judging(cycle.code)
    return found


def _revealed(cycle: Cycle) -> frozenset[str]:
    """The streams whose texts the person may read."""
    found = set()
    if may(Act.VIEW_INTAKE_EVENTS, cycle):
        found.add(audit.intake(cycle.code))
    if may(Act.VIEW_JUDGING_EVENTS, cycle):
        found.add(audit.judging(cycle.code))
    return frozenset(found)


# The trail ------------------------------------------------------------------------------------------------------------


@bp.get("/audit/<cycle>")
@allowed(Act.VIEW_AUDIT, cycle=get_cycle)
def overview(cycle: Cycle) -> ResponseReturnValue:
    """How each stream stands, when something happened, and the ways on."""
    streams = _streams(cycle)
    parts = list(streams.values())
    rows = events.hours(parts)
    zone = ZoneInfo(cycle.timezone)
    titles = [_(SHORT_WORDS[word]) for word in streams]
    figure = stacked_bars(
        "hours", _("Events per hour"), _("The last hours in which something happened."), titles,
        [
            (
                f"{datetime.fromisoformat(f'{hour}:00:00+00:00').astimezone(zone):%d/%m %H.00}",
                [(found.get(stream, 0), number(found.get(stream, 0))) for stream in parts],
            )
            for hour, found in rows
        ],
    )  # fmt: skip
    return render_template(
        "inspection/overview.html", **_frame(cycle), heads=_heads(streams), figure=figure if rows else None,
        hours=[(hour, [found.get(stream, 0) for stream in parts]) for hour, found in rows], titles=titles,
        may_judging=may(Act.VIEW_JUDGING_EVENTS, cycle), may_breach=may(Act.BREACH_PACK, cycle),
    )  # fmt: skip


def _heads(streams: Mapping[str, str]) -> list[dict[str, Any]]:
    rows = {
        one.stream: one for one in db.session.scalars(select(StreamHead).where(StreamHead.stream.in_(streams.values())))
    }
    return [
        {"word": word, "title": STREAM_WORDS[word], "size": rows[stream].seq if stream in rows else 0,
         "checkpoint": checkpoints.newest(stream)}
        for word, stream in streams.items()
    ]  # fmt: skip


def _frame(cycle: Cycle) -> dict[str, Any]:
    return {"cycle": cycle, "simulated": cycle.simulated, "zone": cycle.timezone, "stream_words": STREAM_WORDS}


@bp.get("/audit/<cycle>/events")
@allowed(Act.VIEW_AUDIT, cycle=get_cycle)
def event_list(cycle: Cycle) -> ResponseReturnValue:
    """Every event, newest first, by stream, kind, person, object and time."""
    return _list(_streams(cycle), _revealed(cycle), cycle.timezone, "inspection/events.html", _frame(cycle),
                 url_for("inspection.event_list", cycle=cycle.code))  # fmt: skip


def _list(
    streams: Mapping[str, str], reveal: frozenset[str], zone: str, template: str, frame: Mapping[str, Any], here: str
) -> ResponseReturnValue:
    asked = {
        name: request.args.get(name, "").strip()[:200] for name in ("stream", "kind", "person", "object", "from", "to")
    }
    chosen = streams.get(asked["stream"])
    person = asked["person"]
    wanted = events.Wanted(
        (chosen,) if chosen else tuple(streams.values()),
        kind=asked["kind"],
        object_ref=asked["object"],
        # Who may not read texts must not learn from a filter what they say.
        people=events.people_called(person) if person else None,
        begin=_day(asked["from"], zone, 0),
        end=_day(asked["to"], zone, 1),
    )
    if person and not set(wanted.streams) <= reveal:
        wanted = events.Wanted((), kind=wanted.kind)
    total = events.count(wanted)
    page = paged(total, PAGE)
    return render_template(
        template,
        **frame,
        streams=streams,
        kinds=[(kind, events.KIND_WORDS.get(kind, kind)) for kind in events.kinds_in(tuple(streams.values()))],
        asked=asked,
        rows=events.page(wanted, offset=page.start, limit=PAGE, reveal=reveal),
        total=total,
        page_no=page.no,
        pages=page.pages,
        here=here + "?" + "&".join(f"{name}={quote(value, safe='')}" for name, value in asked.items() if value),
        heads=_heads(streams),
    )


def _day(text: str, zone: str, later: int) -> str:
    """The text of the moment at which a day begins there, `later` days on; empty for what is no day."""
    try:
        day = datetime.fromisoformat(text).date()
    except ValueError:
        return ""
    begin = datetime.combine(day, time(), ZoneInfo(zone)) + timedelta(days=later)
    return chain_moment(begin)


@bp.get("/audit/<cycle>/objects/<about>/<path:thing>")
@allowed(Act.VIEW_AUDIT, cycle=get_cycle)
def object_page(cycle: Cycle, about: str, thing: str) -> ResponseReturnValue:
    """The whole story of one object, oldest first."""
    streams = tuple(_streams(cycle).values())
    wanted = events.Wanted(streams, object_ref=thing)
    rows = events.page(wanted, offset=0, limit=1000, reveal=_revealed(cycle))
    if not rows:
        raise NotFound(thing)
    return render_template(
        "inspection/object.html", **_frame(cycle), rows=rows[::-1], thing=thing, sort=about,
        total=events.count(wanted),
    )  # fmt: skip


@bp.get("/audit/<cycle>/runs")
@allowed(Act.VIEW_JUDGING_EVENTS, cycle=get_cycle)
def runs(cycle: Cycle) -> ResponseReturnValue:
    """Every computed run of the cycle, with the digest that a second program must reach."""
    rows = db.session.execute(
        select(ResultRun, Category)
        .join(Category, Category.id == ResultRun.category_id)
        .where(Category.cycle_id == cycle.id)
        .order_by(Category.position, ResultRun.no)
    ).all()
    return render_template("inspection/runs.html", **_frame(cycle), rows=[(run, category) for run, category in rows])


@bp.get("/system/events")
@allowed(Act.VIEW_SYSTEM_EVENTS)
def system_events() -> ResponseReturnValue:
    """The events of the machine: accounts, roles, keys, settings, restores."""
    return _list({"system": audit.SYSTEM}, frozenset({audit.SYSTEM}), "Asia/Jakarta", "inspection/system.html",
                 {"zone": "Asia/Jakarta", "stream_words": STREAM_WORDS, "cycle": None},
                 url_for("inspection.system_events"))  # fmt: skip


# Checkpoints ----------------------------------------------------------------------------------------------------------


@bp.get("/audit/<cycle>/checkpoints")
@allowed(Act.VIEW_CHECKPOINTS, cycle=get_cycle)
def checkpoint_list(cycle: Cycle) -> ResponseReturnValue:
    """The signed checkpoints that the person may have, newest first, and who keeps them outside."""
    return _checkpoint_list(cycle, None)


def _checkpoint_list(cycle: Cycle, form: WitnessForm | None) -> str:
    streams = _signed_streams(cycle)
    rows = db.session.scalars(
        select(Checkpoint)
        .where(Checkpoint.stream.in_(streams.values()))
        .order_by(Checkpoint.at.desc(), Checkpoint.stream, Checkpoint.size.desc())
    ).all()
    page = paged(len(rows), PAGE)
    manages = may(Act.MANAGE_WITNESSES, cycle)
    words = {stream: word for word, stream in streams.items()}
    return render_template(
        "inspection/checkpoints.html",
        **_frame(cycle),
        rows=[(one, words[one.stream]) for one in rows[page.rows]],
        total=len(rows),
        page_no=page.no,
        pages=page.pages,
        here=url_for("inspection.checkpoint_list", cycle=cycle.code),
        witnesses=queries.witnesses_of(cycle) if manages else [],
        form=(form or WitnessForm(formdata=None)) if manages else None,
        plain=PlainForm(formdata=None) if manages else None,
        problems=form.problems if form is not None else [],
        may_audit=may(Act.VIEW_AUDIT, cycle),
        may_bundle=may(Act.EXPORT_PUBLIC_BUNDLE, cycle),
    )


def _signed_streams(cycle: Cycle) -> dict[str, str]:
    streams = {"intake": audit.intake(cycle.code)}
    if may(Act.VIEW_JUDGING_CHECKPOINTS, cycle):
        streams["judging"] = audit.judging(cycle.code)
    return streams


@bp.get("/audit/<cycle>/checkpoints/<word>/<int:size>.txt")
@allowed(Act.VIEW_CHECKPOINTS, cycle=get_cycle)
def checkpoint_note(cycle: Cycle, word: str, size: int) -> ResponseReturnValue:
    """One signed note, to be kept."""
    found = db.session.get(Checkpoint, (_signed_streams(cycle).get(word, ""), size))
    if found is None:
        raise NotFound(word)
    name = f"{cycle.code}-{word}-{size}.txt"
    return Response(
        found.note, mimetype="text/plain", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


@bp.get("/checkpoint-keys.json")
@allowed(Act.READ_PUBLIC_PAGE)
def keys() -> ResponseReturnValue:
    """The public keys that sign checkpoints."""
    return jsonify(bundle.keys_document(_office()))


@bp.post("/audit/<cycle>/witnesses")
@allowed(Act.MANAGE_WITNESSES, cycle=get_cycle)
@once
def add_witness(cycle: Cycle) -> ResponseReturnValue:
    """Have the checkpoints mailed to an office outside."""
    form = WitnessForm()
    if not form.validate():
        return _checkpoint_list(cycle, form), 422
    try:
        service.add_witness(
            cycle, form.label.data or "", form.address.data or "", actor=current_actor(), at=cycle_time(cycle, now())
        )
    except ParitranaError as refusal:
        db.session.rollback()
        form.refuse(refusal)
        return _checkpoint_list(get_cycle(cycle.code), form), refusal.status
    db.session.commit()
    flash(_("The office gets the checkpoints from now on."), "ok")
    return redirect(url_for("inspection.checkpoint_list", cycle=cycle.code), 303)


@bp.post("/audit/<cycle>/witnesses/<witness>/end")
@allowed(Act.MANAGE_WITNESSES, cycle=get_cycle)
@once
def end_witness(cycle: Cycle, witness: str) -> ResponseReturnValue:
    """Send no more checkpoints there."""
    found = queries.get_witness(witness)
    if found.cycle_id != cycle.id:
        raise NotFound(witness)
    service.end_witness(found, actor=current_actor(), at=cycle_time(cycle, now()))
    db.session.commit()
    flash(_("The office gets no more checkpoints."), "ok")
    return redirect(url_for("inspection.checkpoint_list", cycle=cycle.code), 303)


# Files ----------------------------------------------------------------------------------------------------------------


@bp.get("/audit/<cycle>/exports")
@allowed(Act.VIEW_AUDIT, cycle=get_cycle)
def exports(cycle: Cycle) -> ResponseReturnValue:
    """What may leave as a file."""
    return render_template(
        "inspection/exports.html", **_frame(cycle), may_bundle=may(Act.EXPORT_BUNDLE, cycle),
        may_public=may(Act.EXPORT_PUBLIC_BUNDLE, cycle), may_judging=may(Act.VIEW_JUDGING_EVENTS, cycle),
        categories=[one for one in cycle.categories if may(Act.EXPORT_CATEGORY_BUNDLE, one)],
        marks=[one for one in cycle.categories if may(Act.SEE_OTHERS_MARKS, one)],
        may_events=may(Act.VIEW_INTAKE_EVENTS, cycle),
    )  # fmt: skip


@bp.get("/audit/<cycle>/exports/bundle.zip")
@allowed(Act.EXPORT_BUNDLE, cycle=get_cycle)
def whole_bundle(cycle: Cycle) -> ResponseReturnValue:
    """The whole history of the cycle, with every text; an auditor says why."""
    return _bundle(Act.EXPORT_BUNDLE, cycle, cycle, bundle.AUDITOR, "bundle")


@bp.get("/audit/<cycle>/exports/public.zip")
@allowed(Act.EXPORT_PUBLIC_BUNDLE, cycle=get_cycle)
def public_bundle(cycle: Cycle) -> ResponseReturnValue:
    """The history of a cycle of which everything is published, as anybody may have it."""
    return _bundle(Act.EXPORT_PUBLIC_BUNDLE, cycle, cycle, bundle.PUBLIC, "public")


@bp.get("/audit/<cycle>/exports/<cat>/bundle.zip")
@allowed(Act.EXPORT_CATEGORY_BUNDLE, category=get_category)
def category_bundle(category: Category) -> ResponseReturnValue:
    """The history of the cycle with the texts of one category that is sealed."""
    reader = bundle.reader_of(category, "category")
    return _bundle(Act.EXPORT_CATEGORY_BUNDLE, category, category.cycle, reader, f"{category.slug}-bundle")


def _bundle(act: Act, subject: Any, cycle: Cycle, reader: bundle.Reader, name: str) -> ResponseReturnValue:
    reason, missing = _reason(act, subject)
    if missing:
        return _ask_reason(cycle)
    spool = Spool()
    bundle.write(spool.file, cycle, reader, _office(), at=now())
    size = spool.file.tell()
    log.info("exported", act=act.value, account=current_actor().ref, object=cycle.code, form=name, size=size,
             reason=bool(reason), result="given")  # fmt: skip
    return _sent(spool, f"{cycle.code}-{name}.zip", "application/zip")


def _sent(spool: Spool, name: str, mimetype: str) -> ResponseReturnValue:
    whole = Spool()
    whole.copy(spool.file)
    return whole.answer(name, mimetype, X_Rows_Digest=whole.sha256)


def _reason(act: Act, subject: Any) -> tuple[str, bool]:
    """The reason given in the address, and whether one is asked for and missing."""
    grant = ask(act, subject).grant
    if grant is None or Guard.REASON not in grant.guards:
        return "", False
    reason = " ".join(request.args.get("reason", "").split())[:REASON_LENGTH]
    return reason, not reason


def _ask_reason(cycle: Cycle) -> ResponseReturnValue:
    return render_template("inspection/reason.html", **_frame(cycle)), 422


@bp.get("/audit/<cycle>/exports/events.csv")
@allowed(Act.VIEW_AUDIT, cycle=get_cycle)
def events_file(cycle: Cycle) -> ResponseReturnValue:
    """Every event that the person sees on the page, as one long table."""
    spool = Spool()
    spool.write("\ufeff".encode())
    count = spool.write_csv(_rows(_streams(cycle), _revealed(cycle)))
    log.info("exported", act=Act.VIEW_AUDIT.value, account=current_actor().ref, object=cycle.code, form="events.csv",
             rows=count - 1, result="given")  # fmt: skip
    about = {"X_Row_Count": str(count - 1), "X_Rows_Digest": spool.sha256}
    return spool.answer(f"{cycle.code}-events.csv", "text/csv", **about)


def _rows(streams: Mapping[str, str], reveal: frozenset[str]) -> Any:
    yield ["stream", "seq", "at_utc", "kind", "object", "who", "changes", "reason", "leaf"]
    for stream in streams.values():
        last = 0
        while found := _slice(stream, last):
            for one in events.shown(found, reveal):
                changes = "; ".join(f"{change.name}: {change.before} > {change.after}" for change in one.changes)
                event = one.event
                texts = [event.at_utc, event.kind, event.object_ref, one.who or "", changes, one.reason]
                yield [cell(stream), str(event.seq), *(cell(text) for text in texts), cell(event.leaf.hex())]
            last = found[-1][0].seq
            db.session.expunge_all()


def _slice(stream: str, last: int) -> Sequence[tuple[Event, EventBody | None]]:
    rows = db.session.execute(
        select(Event, EventBody)
        .join(EventBody, (EventBody.stream == Event.stream) & (EventBody.seq == Event.seq), isouter=True)
        .where(Event.stream == stream, Event.seq > last)
        .order_by(Event.seq)
        .limit(500)
    )
    return [(event, body) for event, body in rows]


@bp.get("/nominations/<ref>/proof.json")
@allowed(Act.VIEW_OWN_EVENTS, nomination=get_nomination)
def proof(nomination: Nomination) -> ResponseReturnValue:
    """The proof that the own submission stands in the record that a checkpoint signs."""
    stream = audit.intake(nomination.category.cycle.code)
    document = proof_of(stream, "nomination.submitted", nomination.ref, _office())
    answer = jsonify(document)
    answer.headers["Content-Disposition"] = f'attachment; filename="{nomination.ref}-proof.json"'
    return answer
