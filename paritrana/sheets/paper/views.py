"""The pages of the sheets on paper: the list of a day, the prints, the entry, and what the chair decides."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import structlog
from flask import Blueprint, Response, current_app, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _

from paritrana.accounts.once import once
from paritrana.config import Settings
from paritrana.core.errors import NotFound, ParitranaError
from paritrana.core.filechecks import CheckLate
from paritrana.core.filetypes import JPEG, PDF, PICTURES, PNG, BadFile, FileTypeRefused, display_name, kind_by_name
from paritrana.core.policy import Act
from paritrana.core.words import N_
from paritrana.cycles.models import Cycle, Indicator, RubricVersion
from paritrana.cycles.queries import cycle_time, get_cycle, rubric_of
from paritrana.database import db
from paritrana.files.previews.web import ask_for_previews, send_copy
from paritrana.files.service import Kept, keep_upload, row_of
from paritrana.files.web import blob_store, send_blob
from paritrana.interviews.models import InterviewDay, InterviewSession
from paritrana.interviews.queries import get_day, get_session
from paritrana.nominations.queries import CANDIDATE_STATES
from paritrana.sheets import pages
from paritrana.sheets import queries as sheets
from paritrana.sheets.paper import service
from paritrana.sheets.paper.drawing import Bundle, Row, SheetPaper, Words, draw
from paritrana.sheets.paper.forms import ABSTAINS, Asked, DecisionForm, EntryForm, entry_form
from paritrana.sheets.paper.models import PaperEntry, PaperLeaf
from paritrana.sheets.paper.queries import (
    BOTH,
    PaperSheet,
    entries_of,
    get_leaf,
    get_paper,
    leaves_of,
    papers_of_day,
)
from paritrana.sheets.paper.service import NOTHING, LeavesRefused, Reading
from paritrana.sheets.queries import Circumstances, circumstances
from paritrana.sheets.service import CandidateWithdrawn, MarkMoved, SheetClosed
from paritrana.verification.values import not_applicable
from paritrana.web import formats
from paritrana.web.access import allowed, ask, current_actor, may, now, require
from paritrana.web.fields import know
from paritrana.web.template_filters import band_of, current_language, decimal2, moment, own, sentence

log = structlog.get_logger("evidence")
bp = Blueprint("paper", __name__)

SCANS: Final = (PDF, JPEG, PNG)
SCAN: Final = "scan"


class ScanRefused(FileTypeRefused):
    """A file that is neither a PDF nor a picture. Params: `name`."""

    code = "scan_type"
    message = N_("%(name)s: choose a PDF, JPG or PNG")


# The list of a day ----------------------------------------------------------------------------------------------------


@bp.get("/interviews/<day>/paper")
@allowed(Act.ENTER_PAPER, day=get_day)
def day_papers(day: InterviewDay) -> ResponseReturnValue:
    """Every paper of a day: to print, to enter, and how far it is; never what it says."""
    slots: dict[int, tuple[InterviewSession, list[PaperSheet]]] = {}
    for one in papers_of_day(day, categories=_open_to(day)):
        slots.setdefault(one.slot.no, (one.slot, []))[1].append(one)
    return render_template(
        "sheets/paper_day.html",
        day=day,
        cycle=day.cycle,
        zone=day.cycle.timezone,
        simulated=day.cycle.simulated,
        title=day_title(day),
        slots=list(slots.values()),
        both=BOTH,
        may_import=may(Act.IMPORT_SHEET, day),
    )


def _open_to(day: InterviewDay) -> list[int]:
    """The categories of a day whose papers may be entered now by the person at the door."""
    return [one.id for one in day.cycle.categories if ask(Act.ENTER_PAPER, one).allowed]


def day_title(day: InterviewDay) -> str:
    """The day as it is spoken of."""
    return str(_("Day %(no)s, %(date)s", no=day.no, date=formats.day(day.on, current_language())))


# The prints -----------------------------------------------------------------------------------------------------------


@bp.get("/interviews/<day>/paper.pdf")
@allowed(Act.ENTER_PAPER, day=get_day)
def day_pdf(day: InterviewDay) -> ResponseReturnValue:
    """The papers of a day in one file."""
    return _print(day, [one for one in papers_of_day(day, categories=_open_to(day)) if one.due], day.code)


@bp.get("/interviews/<day>/slots/<int:no>/paper.pdf")
@allowed(Act.ENTER_PAPER, slot=get_session)
def slot_pdf(slot: InterviewSession) -> ResponseReturnValue:
    """The papers of a slot in one file."""
    papers = [one for one in papers_of_day(slot.day, slot_no=slot.no) if one.due]
    return _print(slot.day, papers, f"{slot.day.code}-{slot.no}")


@bp.get("/interviews/<day>/paper/<sheet>/sheet.pdf")
@allowed(Act.ENTER_PAPER, paper=get_paper)
def sheet_pdf(paper: PaperSheet) -> ResponseReturnValue:
    """One paper. Of a pair that must not meet, nothing is printed."""
    return _print(paper.slot.day, [paper] if paper.due else [], paper.ref)


def _print(day: InterviewDay, papers: Sequence[PaperSheet], name: str) -> Response:
    if not papers:
        raise NotFound
    settings: Settings = current_app.extensions["settings"]
    categories = {one.slot.category_id: one.category for one in papers}
    rubrics = {key: rubric_of(one) for key, one in categories.items()}
    excused = not_applicable({one.nomination.id for one in papers})
    bundle = Bundle(
        title=_("Score sheets on paper: %(day)s", day=day_title(day)),
        subject=own(day.cycle, "title"),
        operator=settings.operator_name,
        language=str(get_locale()),
        words=Words(
            abstains=ABSTAINS,
            reason=_("Reason of TB:"),
            note=_("Note, which stays on the paper:"),
            signature=_("Signature of the assessor"),
            place=_("Place and date"),
            page=_("Page %(no)s of %(count)s", no="{}", count="{}"),
        ),
        papers=[_drawn(one, rubrics[one.slot.category_id], excused[one.nomination.id], settings) for one in papers],
    )
    answer = Response(draw(bundle), mimetype="application/pdf")
    answer.headers["Content-Disposition"] = f'attachment; filename="lembar-kertas-{name}.pdf"'
    return answer


def _drawn(paper: PaperSheet, rubric: RubricVersion, excused: Mapping[str, str], settings: Settings) -> SheetPaper:
    slot, cycle = paper.slot, paper.category.cycle
    low, high, step = map(decimal2, (rubric.scale_min, rubric.scale_max, rubric.scale_step))
    address = url_for("paper.paper_page", day=slot.day.code, sheet=paper.ref)
    time = moment(slot.planned_at, cycle.timezone)
    scale = _("%(low)s–%(high)s in steps of %(step)s", low=low, high=high, step=step)
    return SheetPaper(
        title=_("Score sheet on paper"),
        heading=own(cycle, "title"),
        facts=[
            (_("Candidate"), slot.nomination.organisation.name),
            (_("Category"), own(paper.category, "title")),
            (_("Slot"), f"{slot.no}, {time}"),
            (_("Assessor"), paper.assessor.name),
        ],
        how=[
            _("Write each mark into its box (%(scale)s), with a comma or a point. Zero is a mark.", scale=scale),
            _("To abstain, tick TB and write the reason. What is left empty is not scored. Sign at the end."),
        ],
        rows=[
            Row(
                one.code,
                own(one, "title"),
                scale,
                " · ".join(f"{decimal2(Decimal(level['score']))} {own(level)}" for level in one.levels),
                _("Not applicable: %(reason)s (chair's decision)", reason=excused[one.code])
                if one.code in excused
                else "",
            )
            for one in sheets.judged(rubric)
        ],
        signer=paper.assessor.name,
        ref=paper.ref,
        foot=[
            _(
                "Rubric %(code)s, version %(version)s, digest %(digest)s",
                code=rubric.code,
                version=rubric.version,
                digest=rubric.digest[:12],
            ),
            _("The secretariat enters this paper at the address in the code."),
        ],
        address=settings.base_url + address,
        band=band_of(cycle),
    )


# The entry ------------------------------------------------------------------------------------------------------------


@bp.get("/interviews/<day>/paper/<sheet>")
@allowed(Act.ENTER_PAPER, paper=get_paper)
def paper_page(paper: PaperSheet) -> ResponseReturnValue:
    """One paper: how far it is, and the form to enter it. What another person entered is not shown."""
    return _paper_page(paper, _entry_form(paper, formdata=None))


@bp.post("/interviews/<day>/paper/<sheet>")
@allowed(Act.ENTER_PAPER, paper=get_paper)
@once
def enter(paper: PaperSheet) -> ResponseReturnValue:
    """Keep what was typed; the second entry is compared with the first."""
    day, ref, form = paper.slot.day.code, paper.ref, _entry_form(paper)
    know([SCAN])
    expected = form.expected_version
    if not form.validate():
        return _paper_page(paper, form), 422
    scan_error = ""
    try:
        kept = _received(paper)
        paper = get_paper(day, ref)
        outcome = service.enter(
            paper,
            form.readings,
            signed=form.signed.data == "yes",
            scan=(row_of(kept, at=now()), kept.name) if kept else None,
            expected=expected,
            actor=current_actor(),
            at=cycle_time(paper.category.cycle, now()),
        )
        if kept:
            ask_for_previews()
    except ParitranaError as refusal:
        db.session.rollback()
        if isinstance(refusal, LeavesRefused):
            for code, problem in refusal.problems.items():
                form.refuse(problem, form[f"value_{code}"])
        elif isinstance(refusal, BadFile | CheckLate):
            scan_error = sentence(refusal)
        else:
            form.refuse(refusal)
        return _paper_page(get_paper(day, ref), form, scan_error), refusal.status
    db.session.commit()
    flash(_said(outcome), "ok")
    return redirect(url_for("paper.paper_page", day=day, sheet=ref), 303)


def _said(outcome: service.Outcome) -> str:
    if outcome.entries < BOTH:
        return str(_("The first entry is kept. Now another person enters the same paper, without seeing yours."))
    said = _("Both entries are in. Marks applied: %(n)s.", n=outcome.applied)
    if outcome.waiting:
        said += " " + _("Figures for the chair to decide: %(n)s.", n=outcome.waiting)
    elif outcome.submitted:
        said += " " + _("The paper is signed and scanned: the sheet is submitted and locked.")
    else:
        said += " " + _("The assessor submits the sheet.")
    return str(said)


def _received(paper: PaperSheet) -> Kept | None:
    """The scan, looked at and on disk before the writing transaction begins; the right is asked for again after it.

    It lies in the folder of the candidate's organisation, like all that is about it.
    """
    file = request.files.get(SCAN)
    if file is None or not file.filename:
        return None
    organisation_id, day, ref = paper.nomination.organisation_id, paper.slot.day.code, paper.ref
    db.session.rollback()
    name = display_name(file.filename)
    try:
        fine = kind_by_name(name) in SCANS
    except FileTypeRefused:
        fine = False
    if not fine:
        raise ScanRefused(name=name)
    kept = keep_upload(
        file.stream, filename=name, organisation_id=organisation_id, store=blob_store(),
        max_bytes=current_app.extensions["settings"].max_file_bytes, declared_type=file.mimetype,
    )  # fmt: skip
    g.pop("actor", None)
    require(Act.ENTER_PAPER, get_paper(day, ref))
    return kept


def _entry_form(paper: PaperSheet, **kwargs: Any) -> EntryForm:
    rubric, where = rubric_of(paper.category), circumstances(paper.nomination)
    asked = [Asked(one, _high(one, rubric, where)) for one in sheets.judged(rubric) if one.code not in where.excused]
    return entry_form(asked, version=len(paper.entries), **kwargs)


def _high(indicator: Indicator, rubric: RubricVersion, where: Circumstances) -> Any:
    cap = where.cap(indicator)
    return rubric.scale_max if cap is None else cap.value


def _paper_page(paper: PaperSheet, form: EntryForm, scan_error: str = "") -> str:
    form.version.data = len(paper.entries)
    rubric, cycle = rubric_of(paper.category), paper.category.cycle
    problems = form.problems + ([(SCAN, scan_error)] if scan_error else [])
    return render_template(
        "sheets/paper_sheet.html",
        paper=paper,
        form=form,
        cycle=cycle,
        zone=cycle.timezone,
        simulated=cycle.simulated,
        title=day_title(paper.slot.day),
        rubric=rubric,
        excused=circumstances(paper.nomination).excused,
        judged=sheets.judged(rubric),
        closed=_closed(paper),
        both=BOTH,
        accept=",".join(kind.media_type for kind in SCANS),
        scan_error=scan_error,
        problems=problems,
    )


def _closed(paper: PaperSheet) -> str:
    """Why nothing can be entered by the person at the door, empty where something can."""
    refusals: Sequence[tuple[bool, type[ParitranaError]]] = (
        (len(paper.entries) >= BOTH, service.PaperEntered),
        (paper.nomination.state not in CANDIDATE_STATES, CandidateWithdrawn),
        (not paper.due, service.NotDue),
        (paper.submitted, SheetClosed),
        (not paper.declared, service.NotDeclaredYet),
        (any(one.person_id == current_actor().person_id for one in paper.entries), service.SamePerson),
    )
    found = next((refusal for holds, refusal in refusals if holds), None)
    return "" if found is None else sentence(found())


@bp.get("/interviews/<day>/paper/<sheet>/scans/<int:no>")
@allowed(Act.ENTER_PAPER, paper=get_paper)
def scan(paper: PaperSheet, no: int) -> ResponseReturnValue:
    """The scan that came with an entry, for the secretariat, which has the paper itself."""
    return _send_scan(paper.entries, no, paper.ref, Act.ENTER_PAPER)


def _send_scan(entries: Sequence[PaperEntry], no: int, ref: str, act: Act) -> Response:
    found = next((one for one in entries if one.no == no and one.blob is not None), None)
    if found is None or found.blob is None:
        raise NotFound
    if found.blob.media_type in PICTURES and act is not Act.ENTER_PAPER:  # the secretariat made the picture
        answer = send_copy(found.blob, display_name=found.scan_name, plain_name=f"kertas-{no}")
    else:
        kind = next(one for one in SCANS if one.media_type == found.blob.media_type)
        answer = send_blob(found.blob, display_name=found.scan_name, plain_name=f"kertas-{no}.{kind.word.lower()}")
    actor = current_actor()
    log.info(
        "evidence_viewed", account=actor.ref, person=actor.person_id, act=act.value, object=f"{ref}/scans/{no}",
        result=answer.status_code, source=request.remote_addr, reason=False,
    )  # fmt: skip
    return answer


# The chair ------------------------------------------------------------------------------------------------------------


@bp.get("/manage/<cycle>/paper")
@allowed(Act.MANAGE_CYCLE, cycle=get_cycle)
def leaves(cycle: Cycle) -> ResponseReturnValue:
    """What waits for the chair: figures that two people read differently, or that differ from the assessor's mark."""
    return _leaves_page(cycle)


@bp.post("/manage/<cycle>/paper/<leaf>")
@allowed(Act.DECIDE_PAPER, leaf=get_leaf)
@once
def decide(leaf: PaperLeaf, cycle: str) -> ResponseReturnValue:
    """Decide which reading of a leaf counts."""
    here, ref = leaf.category.cycle, leaf.ref
    if here.code != cycle:
        raise NotFound
    form = _decision_form(leaf, entries_of([leaf]).get(leaf.sheet_id, ()))
    expected = form.expected_version
    if not form.validate():
        return _leaves_page(here, ref, form), 422
    try:
        outcome = service.decide(
            leaf, form.chosen.data, form.reason.data or "", expected=expected, actor=current_actor(),
            at=cycle_time(here, now()),
        )  # fmt: skip
    except ParitranaError as refusal:
        db.session.rollback()
        form.refuse(refusal)
        if isinstance(refusal, MarkMoved):
            form.version.data = refusal.mark.version if refusal.mark is not None else 0
        return _leaves_page(get_cycle(cycle), ref, form), refusal.status
    db.session.commit()
    said = _("Decided. The sheet is submitted as it was signed.") if outcome.submitted else _("Decided.")
    flash(said, "ok")
    return redirect(url_for("paper.leaves", cycle=cycle), 303)


@bp.get("/manage/<cycle>/paper/<leaf>/scans/<int:no>")
@allowed(Act.DECIDE_PAPER, leaf=get_leaf)
def leaf_scan(leaf: PaperLeaf, cycle: str, no: int) -> ResponseReturnValue:
    """The scan of the paper of a leaf, for the chair who decides."""
    if leaf.category.cycle.code != cycle:
        raise NotFound
    return _send_scan(entries_of([leaf]).get(leaf.sheet_id, ()), no, leaf.ref, Act.DECIDE_PAPER)


def _leaves_page(cycle: Cycle, sent: str = "", form: DecisionForm | None = None) -> str:
    found = leaves_of(cycle, current_actor())
    entries = entries_of(found)
    shown = [_shown(one, entries.get(one.sheet_id, ()), form if one.ref == sent else None) for one in found]
    waiting = [one for one in shown if one["open"]]
    to_decide = [one for one in waiting if not one["mine"]]
    next_one = next((one for one in to_decide if one["leaf"].ref == sent), next(iter(to_decide), None))
    return render_template(
        "sheets/paper_leaves.html",
        cycle=cycle,
        zone=cycle.timezone,
        simulated=cycle.simulated,
        waiting=waiting,
        next_one=next_one,
        decided=[one for one in shown if not one["open"]],
        problems=form.problems if form is not None else [],
    )


def _shown(leaf: PaperLeaf, entries: Sequence[PaperEntry], form: DecisionForm | None) -> dict[str, Any]:
    """A leaf as its page shows it."""
    sheet = leaf.sheet
    mark = sheets.mark_of(sheet, leaf.indicator)
    first, second = _readings(leaf, entries)
    rubric = leaf.category.rubric
    one = rubric.indicator(leaf.indicator) if rubric is not None else None
    return {
        "leaf": leaf,
        "entries": entries,
        "title": f"{leaf.indicator} {own(one, 'title')}" if one is not None else leaf.indicator,
        "first": _word(first),
        "second": _word(second),
        "mark": pages.word(mark),
        "marked": mark is not None and sheets.is_said(mark),
        "mine": sheet.assessor.person_id == current_actor().person_id,
        "open": leaf.decision is None and sheet.submitted_at is None,
        "form": form or _decision_form(leaf, entries, formdata=None),
    }


def _decision_form(leaf: PaperLeaf, entries: Sequence[PaperEntry], **kwargs: Any) -> DecisionForm:
    mark = sheets.mark_of(leaf.sheet, leaf.indicator)
    first, second = _readings(leaf, entries)
    choices = [
        ("first", _("First entry: %(value)s", value=_word(first))),
        ("second", _("Second entry: %(value)s", value=_word(second))),
    ]
    if leaf.cause == "device":
        choices = [("first", _("The paper: %(value)s", value=_word(first)))]
    if mark is not None and sheets.is_said(mark):
        choices.append(("kept", _("The mark that the assessor typed: %(value)s", value=pages.word(mark))))
    return DecisionForm(choices=choices, version=mark.version if mark is not None else 0, **kwargs)


def _readings(leaf: PaperLeaf, entries: Sequence[PaperEntry]) -> tuple[Reading, Reading]:
    first, second = ([*map(service.readings_of, entries), {}, {}])[:BOTH]
    return first.get(leaf.indicator, NOTHING), second.get(leaf.indicator, NOTHING)


def _word(reading: Reading) -> str:
    if reading.value is not None:
        return decimal2(reading.value)
    if reading.abstain_note:
        return str(_("Abstained: %(reason)s", reason=reading.abstain_note))
    return str(_("empty"))
