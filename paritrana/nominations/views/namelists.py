"""The list by name of a nomination: sent here, counted by a worker, gone; its counts stand beside the claims."""

import hashlib
from dataclasses import dataclass

from flask import Response, current_app, flash, g, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from paritrana.accounts.once import once
from paritrana.core.errors import BadInput, NotFound, ParitranaError, StaleVersion
from paritrana.core.filetypes import CSV, XLSX, FileEmpty, FileTooLarge, display_name
from paritrana.core.policy import Act
from paritrana.core.words import N_
from paritrana.cycles.queries import rubric_of
from paritrana.database import canonical, db, random_ref
from paritrana.files.store import CHUNK, StoreFault
from paritrana.files.web import blob_store
from paritrana.jobs.models import Job
from paritrana.nominations import queries, service
from paritrana.nominations.models import EvidenceItem, Nomination
from paritrana.nominations.namelists import queries as lists
from paritrana.nominations.namelists import template, work
from paritrana.nominations.namelists.checking import EVERY_REFUSAL, kind_of
from paritrana.nominations.namelists.models import NameList
from paritrana.nominations.namelists.service import KIND, receive_list
from paritrana.nominations.namelists.shown import FIGURES, Group, Line, counts_of, groups_of, lines_beside
from paritrana.nominations.rows import kinds_asked
from paritrana.nominations.views import frame
from paritrana.nominations.views.documents import NoFileChosen, require_nominee
from paritrana.nominations.views.frame import bp
from paritrana.web.access import allowed, current_actor, now
from paritrana.web.forms import Form
from paritrana.web.intake import takes
from paritrana.web.template_filters import current_language, sentence

FIELD = "list"
ROOM = 1024 * 1024  # bytes of the request around the file


class ListNotAsked(ParitranaError):
    """The rubric of this category has no use for a list by name."""

    code = "list_not_asked"
    message = N_("This category asks for no list by name. Go back to the task list.")


@dataclass(frozen=True)
class Standing:
    """What is known of the lists of a nomination."""

    newest: NameList | None
    checked: NameList | None
    job: Job | None
    refusal: str
    lines: list[Line]
    groups: list[Group]

    @property
    def busy(self) -> bool:
        """Whether the newest list still waits to be counted."""
        return self.newest is not None and self.newest.state == "waiting"

    @property
    def agrees(self) -> bool:
        """Whether every claimed figure is the counted one."""
        return all(line.claimed == line.counted or (line.claimed is None and not line.counted) for line in self.lines)

    @property
    def tag(self) -> str:
        """Changes when what is shown changes."""
        job = self.job
        said = [
            current_language(), self.newest.ref if self.newest else "", self.newest.state if self.newest else "",
            [job.state, job.done, job.total] if job else [], [[one.label, one.claimed] for one in self.lines],
        ]  # fmt: skip
        return hashlib.sha256(canonical(said)).hexdigest()[:32]


def standing_of(nomination: Nomination, item: EvidenceItem | None) -> Standing:
    """What is known of the lists of a nomination, beside what `item` claims; at most three statements."""
    newest, checked = lists.newest_lists(nomination)
    waits = newest is not None and newest.state == "waiting"
    return Standing(
        newest,
        checked,
        lists.job_of(newest) if newest is not None and waits else None,
        refusal_words(newest) if newest is not None else "",
        lines_beside(checked, (item.data.get("fields") or {}) if item is not None else {}),
        groups_of(checked),
    )


def refusal_words(one: NameList) -> str:
    """Why a list was refused, in a sentence; empty where it was not."""
    if one.problem is None:
        return ""
    kind = EVERY_REFUSAL.get(one.problem["code"], BadInput)
    return sentence(kind(name=one.name, **one.problem["params"]))


@bp.get("/nominations/<ref>/list")
@allowed(Act.SEE_DRAFT, nomination=queries.get_nomination)
def name_list(nomination: Nomination) -> ResponseReturnValue:
    """Where a list is sent, how far its count is, and what it came to."""
    return _page(_asked(nomination))


@bp.get("/nominations/<ref>/list/standing")
@allowed(Act.SEE_DRAFT, nomination=queries.get_nomination)
def name_list_standing(nomination: Nomination) -> ResponseReturnValue:
    """The standing alone, for the page that looks again by itself: 304 while nothing has changed."""
    found = _standing(_asked(nomination))
    context = {"nomination": nomination, "standing": found, "zone": nomination.category.cycle.timezone}
    answer = make_response(
        render_template(
            "nominations/_name_list.html", can_use=frame.editable(nomination), form=_form(nomination), **context
        )
    )
    answer.set_etag(found.tag)
    answer.headers["Cache-Control"] = "no-store, private"
    answer.make_conditional(request)
    return answer


@bp.get("/nominations/<ref>/list/template.<end>")
@allowed(Act.SEE_DRAFT, nomination=queries.get_nomination)
def name_list_template(nomination: Nomination, end: str) -> ResponseReturnValue:
    """The template to fill in, as a workbook or a text file."""
    _asked(nomination)
    if end == "xlsx":
        answer = Response(template.workbook_template(), mimetype=XLSX.media_type)
    elif end == "csv":
        answer = Response(template.csv_template(), content_type="text/csv; charset=utf-8")
    else:
        raise NotFound
    answer.headers["Content-Disposition"] = f'attachment; filename="daftar-penerima.{end}"'
    return answer


@bp.post("/nominations/<ref>/list")
@takes(CSV.limit + ROOM)
@allowed(Act.UPLOAD, nomination=queries.get_nomination)
@once
def send_list(nomination: Nomination) -> ResponseReturnValue:
    """Take a list in and have a worker count it; what is plainly no list is refused at once."""
    require_nominee(nomination)
    ref, part = _asked(nomination).ref, random_ref(work.PREFIX, 3)
    try:
        name, size = _take_in(part)
        g.pop("actor", None)
        here = queries.get_nomination(ref)
        require_nominee(here)
        one = receive_list(here, part, name=name, size=size, actor=current_actor(), at=frame.moment_of(here), now=now())
        work.ask_for_count(current_app.extensions["queue"], one, actor=current_actor(), at=now())
        db.session.commit()
    except BaseException as fault:
        db.session.rollback()
        blob_store().drop_part(part)
        if not isinstance(fault, (BadInput, service.EntryClosed, service.NothingSavedYet, service.NominationSent)):
            raise
        here = queries.get_nomination(ref)
        return _page(here, frame.in_zone(fault, here))
    return redirect(url_for("nominations.name_list", ref=ref), 303)


@bp.post("/nominations/<ref>/list/use")
@allowed(Act.EDIT_NOMINATION, nomination=queries.get_nomination)
@once
def use_counts(nomination: Nomination) -> ResponseReturnValue:
    """Put the counts into the figures of the evidence; whatever else it says stays."""
    form, ref = _form(nomination), _asked(nomination).ref
    item, checked = queries.evidence_of(nomination).get(KIND), lists.checked_list(nomination)
    if checked is None or checked.counts is None or request.form.get(FIELD) != checked.ref:
        raise StaleVersion(who=_("Somebody"), time=frame.moment_of(nomination))
    counts = counts_of(checked.counts)
    stored = dict(item.data.get("fields") or {}) if item is not None else {}
    service.save_evidence(
        nomination,
        KIND,
        {"fields": stored | {key: counts[name] for key, name in FIGURES.items()}},
        note=item.note if item is not None else "",
        explanation_reason=item.explanation_reason if item is not None else "",
        explanation=item.explanation if item is not None else "",
        completed=item.completed if item is not None else False,
        expected=form.expected_version,
        actor=current_actor(),
        at=frame.moment_of(nomination),
    )
    db.session.commit()
    flash(_("The counted figures are saved as claimed."), "ok")
    return redirect(url_for("nominations.evidence", ref=ref, kind=KIND), 303)


def _take_in(part: str) -> tuple[str, int]:
    """Put the bytes of the request beside the database under a reference; gives the name to show and their number.

    Raises `NoFileChosen`, a subclass of `BadFile`, `StoreFault`.
    """
    file = request.files.get(FIELD)
    if file is None or not file.filename:
        raise NoFileChosen
    name = display_name(file.filename)
    kind = kind_of(name)
    size = file.stream.seek(0, 2)
    file.stream.seek(0)
    if size > kind.limit:
        raise FileTooLarge(name=name, size=size, limit=kind.limit)
    db.session.rollback()  # nobody waits for the database while the bytes are written
    store, written = blob_store(), 0
    try:
        while block := file.stream.read(CHUNK):
            written = store.add_part(part, written, block, size=max(size, written + len(block)), name=name)
    except OSError as fault:
        raise StoreFault(name=name) from fault
    if not written:
        raise FileEmpty(name=name)
    return name, written


def _asked(nomination: Nomination) -> Nomination:
    """The nomination, where its rubric asks for the check of a list. Raises `ListNotAsked`."""
    if KIND not in kinds_asked(rubric_of(nomination.category)):
        raise ListNotAsked
    return nomination


def _form(nomination: Nomination) -> Form:
    if request.method == "POST":
        return Form()
    item = queries.evidence_of(nomination).get(KIND)
    return Form(formdata=None, data={"version": str(item.version if item is not None else 0)})


def _standing(nomination: Nomination) -> Standing:
    return standing_of(nomination, queries.evidence_of(nomination).get(KIND))


def _page(nomination: Nomination, refusal: ParitranaError | None = None) -> ResponseReturnValue:
    file = queries.file_of(nomination)
    found = standing_of(nomination, file.items.get(KIND))
    item = file.items.get(KIND)
    return frame.show(
        "nominations/name_list.html",
        nomination,
        _("Count of a list by name"),
        200 if refusal is None else refusal.status,
        standing=found,
        form=Form(formdata=None, data={"version": str(item.version if item is not None else 0)}),
        problems=[] if refusal is None else [(FIELD, sentence(refusal))],
        can_send=frame.uploadable(nomination) and nomination.state != "submitted",
        can_use=frame.editable(nomination),
        looked_at=now(),
        csv_limit=CSV.limit,
        xlsx_limit=XLSX.limit,
    )
